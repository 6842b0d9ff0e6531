import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { BACK, check, DOWN, life, sweepLadders } from './faults-ladder.fixture.ts'
import { kill } from './faults-sweep.fixture.ts'

const test = suite('faults of ladders')
const folder = new StoreFolder()
test.after(() => folder.remove())

// The long tests go through every mishap.

test('without a mishap a ladder is one entry and two adds, and one trade', async () => {
  for (const path of [BACK, DOWN]) {
    const rig = await life(folder, path, null, 0, 0)
    check(rig, 'no mishap', Number.POSITIVE_INFINITY)
    assert.is(rig.entriesAccepted(), 3)
    assert.is(rig.store.trades()[0].exitReason, path === BACK ? 'breakeven-stop' : 'stop')
    rig.close()
  }
})

test('wherever bbw ends around an order, the ladder goes on within its plan', async () => {
  const { points, whole } = await sweepLadders(folder, [
    kill({ at: 'place', phase: 'before' }),
    kill({ at: 'place', phase: 'after' }),
  ])
  assert.ok(points >= 20, `${points} points`)
  assert.ok(whole >= points - 2, `${whole} of ${points} came to their whole size`)
})

test.run()
