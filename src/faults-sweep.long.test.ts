import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { GRID, kill, loss, OPERATIONS, REVERSION, slip, sweep } from './faults-sweep.fixture.ts'

const test = suite('sweep of all faults')
const folder = new StoreFolder()
test.after(() => folder.remove())

const BOTH = [GRID, REVERSION]

test('wherever bbw ends, it comes back to one trade, a stop and books that agree', async () => {
  const mishaps = (['commit', ...OPERATIONS] as const).flatMap(at => [
    kill({ at, phase: 'before' }),
    kill({ at, phase: 'after' }),
  ])
  const points = await sweep(folder, BOTH, mishaps)
  assert.ok(points > 50, `${points} points`)
})

test('whichever request or answer goes astray, comes late or twice, there is one trade and books that agree', async () => {
  for (const kind of ['lose-request', 'lose-reply', 'hold-request', 'double-request'] as const) {
    const mishaps = OPERATIONS.map(operation => loss(operation, kind))
    const points = await sweep(folder, BOTH, mishaps)
    assert.ok(points >= 5, `${kind}: ${points} points`)
  }
})

test('whatever is told goes astray, comes twice or out of order, there is one trade and books that agree', async () => {
  for (const kind of ['lose-input', 'double-input', 'reverse-inputs'] as const) {
    const points = await sweep(folder, BOTH, [slip(kind)])
    assert.ok(points >= 10, `${kind}: ${points} points`)
  }
})

test.run()
