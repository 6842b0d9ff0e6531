import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, SECOND } from './core/base/units.ts'
import { sweepLadders } from './faults-ladder.fixture.ts'
import { kill, loss, OPERATIONS, slip } from './faults-sweep.fixture.ts'

const test = suite('all faults of ladders')
const folder = new StoreFolder()
test.after(() => folder.remove())

test('wherever bbw ends, and however long it is away, a ladder stays within its plan, and the books right', async () => {
  const mishaps = (['commit', ...OPERATIONS] as const).flatMap(at => [
    kill({ at, phase: 'before' }),
    kill({ at, phase: 'after' }),
  ])
  for (const away of [3 * SECOND, 3 * MINUTE]) {
    const { points } = await sweepLadders(folder, mishaps, away)
    assert.ok(points > 100, `${points} points`)
  }
})

test('whichever request or report goes astray, there is one trade within the plan', async () => {
  for (const kind of ['lose-request', 'lose-reply', 'hold-request', 'double-request'] as const) {
    const { points, whole } = await sweepLadders(
      folder,
      OPERATIONS.map(at => loss(at, kind)),
    )
    assert.ok(points >= 5, `${kind}: ${points} points`)
    assert.ok(whole > points / 2, `${kind}: ${whole} of ${points} came to their whole size`)
  }
  for (const kind of ['lose-input', 'double-input', 'reverse-inputs'] as const) {
    const { points } = await sweepLadders(folder, [slip(kind)])
    assert.ok(points > 5, `${kind}: ${points} points`)
  }
})

test.run()
