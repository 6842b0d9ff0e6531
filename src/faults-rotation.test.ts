import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { SECOND } from './core/base/units.ts'
import type { OrderRequest } from './core/engine/protocol.ts'
import { type KillPoint, OTHER, SYMBOL } from './faults-rig.fixture.ts'
import { check, held, life, live, sweepRotations } from './faults-rotation.fixture.ts'
import { kill, type Mishap } from './faults-sweep.fixture.ts'

const test = suite('faults of rotations')
const folder = new StoreFolder()
test.after(() => folder.remove())

// The long tests go through every mishap.

/** The process ends at an order of a symbol and a purpose. */
function killedAt(phase: KillPoint['phase'], symbol: string, purpose: OrderRequest['purpose']): Mishap {
  const isIt = ([order]: readonly unknown[]): boolean => {
    const { type, ...one } = order as OrderRequest
    return one.symbol === symbol && one.purpose === purpose && type === 'market'
  }
  return {
    what: `killed ${phase} ${purpose} of ${symbol}`,
    arm: rig => rig.killAt({ at: 'place', phase, when: isIt }),
    fired: rig => rig.fired.kill > 0,
  }
}

test('without a mishap a position that pays is exchanged for one that receives', async () => {
  const rig = await life(folder, null, 0, 0)
  check(rig, 'no mishap')
  assert.equal(held(rig), [OTHER])
  assert.equal([rig.count('I512'), rig.count('I214'), rig.count('W213')], [1, 1, 0])
  const [trade] = rig.store.trades()
  const ada = rig.account().positions[0]
  assert.ok(Math.abs(ada.entry * ada.steps * 0.001 - trade.notional) < 1, 'of equal value')
  rig.close()
})

test('B13: an exchange that is cut off half way is gone on with or given up, and that is told', async () => {
  for (const [mishap, left, code] of [
    [killedAt('before', OTHER, 'entry'), SYMBOL, 'W213'],
    [killedAt('after', OTHER, 'entry'), OTHER, 'I214'],
    [killedAt('before', SYMBOL, 'exit'), OTHER, 'I214'],
    [killedAt('after', SYMBOL, 'exit'), OTHER, 'I214'],
  ] as const) {
    for (const away of [3 * SECOND, 90 * SECOND]) {
      const rig = await life(folder, mishap, 1, away)
      check(rig, mishap.what)
      assert.ok(mishap.fired(rig), mishap.what)
      assert.equal(held(rig), [left], mishap.what)
      assert.is(rig.count(code), 1, mishap.what)
      rig.close()
    }
  }
})

test('B13: a close that is refused leaves both with their stops, and that is told', async () => {
  let isRefused = false
  const rig = await life(folder, null, 0, 0, {
    mistake: broker => ({
      ...broker,
      place: async order => {
        if (order.symbol !== SYMBOL || order.purpose !== 'exit' || order.type !== 'market' || isRefused) {
          await broker.place(order)
          return
        }
        isRefused = true
        // The exchange refuses an order without a size.
        await broker.place({ ...order, steps: 0 as OrderRequest['steps'] })
      },
    }),
  })
  check(rig, 'a refused close')
  assert.equal(held(rig), [OTHER, SYMBOL])
  assert.is(rig.count('W213'), 1)
  await live(rig, 240 * SECOND, 0)
  assert.equal(held(rig), [OTHER, SYMBOL], 'nothing is sent again')
  rig.close()
})

test('wherever bbw ends around an order, the exchange is carried through or undone, and never is one without a stop', async () => {
  const { points, both } = await sweepRotations(folder, [
    kill({ at: 'place', phase: 'before' }),
    kill({ at: 'place', phase: 'after' }),
  ])
  assert.ok(points >= 4, `${points} points`)
  assert.is(both, 0)
})

test.run()
