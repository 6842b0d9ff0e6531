import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import {
  both,
  GRID,
  IN_PARTS,
  kill,
  loss,
  OPERATIONS,
  REVERSION,
  slip,
  sweep,
} from './faults-sweep.fixture.ts'

const test = suite('sweep of all faults')
const folder = new StoreFolder()
test.after(() => folder.remove())

const ALL = [GRID, REVERSION, IN_PARTS]

test('wherever bbw ends, it comes back to one trade, a stop and books that agree', async () => {
  const mishaps = (['commit', ...OPERATIONS] as const).flatMap(at => [
    kill({ at, phase: 'before' }),
    kill({ at, phase: 'after' }),
  ])
  const points = await sweep(folder, ALL, mishaps)
  assert.ok(points > 50, `${points} points`)
})

test('whichever request or answer goes astray, comes late or twice, there is one trade and books that agree', async () => {
  for (const kind of ['lose-request', 'lose-reply', 'hold-request', 'double-request'] as const) {
    const mishaps = OPERATIONS.map(operation => loss(operation, kind))
    const points = await sweep(folder, ALL, mishaps)
    assert.ok(points >= 5, `${kind}: ${points} points`)
  }
})

test('whatever is told goes astray, comes twice or out of order, there is one trade and books that agree', async () => {
  for (const kind of ['lose-input', 'double-input', 'reverse-inputs'] as const) {
    const points = await sweep(folder, ALL, [slip(kind)])
    assert.ok(points >= 10, `${kind}: ${points} points`)
  }
})

test('bbw that ends while something goes astray comes back to one trade and books that agree', async () => {
  const ends = [kill({ at: 'place', phase: 'after' }), kill({ at: 'amend', phase: 'after' })]
  const pairs = ends.flatMap(end =>
    [1, 2].flatMap(at => [both(end, at, slip('lose-input')), both(end, at, loss('place', 'hold-request'))]),
  )
  const points = await sweep(folder, [IN_PARTS, REVERSION], pairs)
  assert.ok(points > 50, `${points} points`)
})

test.run()
