import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { GRID, IN_PARTS, kill, loss, OPERATIONS, REVERSION, slip, sweep } from './faults-sweep.fixture.ts'

const test = suite('sweep of faults')
const folder = new StoreFolder()
test.after(() => folder.remove())

// The long tests go through every mishap of both signals, and every write.

test('wherever bbw ends around a request, it comes back to one trade and books that agree', async () => {
  const mishaps = OPERATIONS.flatMap(at => [kill({ at, phase: 'before' }), kill({ at, phase: 'after' })])
  const points = await sweep(folder, [GRID], mishaps)
  assert.ok(points >= 8, `${points} points`)
})

test('whichever answer goes astray, there is one trade and books that agree', async () => {
  const mishaps = OPERATIONS.map(operation => loss(operation, 'lose-reply'))
  const points = await sweep(folder, [REVERSION, IN_PARTS], mishaps)
  assert.ok(points >= 8, `${points} points`)
})

test('whichever report goes astray, there is one trade and books that agree', async () => {
  const points = await sweep(folder, [REVERSION, IN_PARTS], [slip('lose-input')])
  assert.ok(points >= 12, `${points} points`)
})

test.run()
