import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, SECOND } from './core/base/units.ts'
import { sweepRotations } from './faults-rotation.fixture.ts'
import { kill, loss, OPERATIONS, slip } from './faults-sweep.fixture.ts'

const test = suite('all faults of rotations')
const folder = new StoreFolder()
test.after(() => folder.remove())

test('wherever bbw ends, and however long it is away, an exchange is carried through or undone, and the books right', async () => {
  const mishaps = (['commit', ...OPERATIONS] as const).flatMap(at => [
    kill({ at, phase: 'before' }),
    kill({ at, phase: 'after' }),
  ])
  for (const away of [3 * SECOND, 3 * MINUTE]) {
    const { points, whole, both } = await sweepRotations(folder, mishaps, away)
    assert.ok(points > 20, `${points} points`)
    assert.ok(whole > points / 2, `${whole} of ${points} carried through`)
    assert.is(both, 0)
  }
})

test('whichever request or report goes astray, no exchange is done twice or by half', async () => {
  for (const kind of ['lose-request', 'lose-reply', 'hold-request', 'double-request'] as const) {
    const { points, both } = await sweepRotations(
      folder,
      OPERATIONS.map(operation => loss(operation, kind)),
    )
    assert.ok(points >= 2, `${kind}: ${points} points`)
    assert.is(both, 0, kind)
  }
  for (const kind of ['lose-input', 'double-input', 'reverse-inputs'] as const) {
    const { points, both } = await sweepRotations(folder, [slip(kind)])
    assert.ok(points > 2, `${kind}: ${points} points`)
    assert.is(both, 0, kind)
  }
})

test.run()
