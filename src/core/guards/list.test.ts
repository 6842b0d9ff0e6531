import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { positionOf } from '../decision/view.fixture.ts'
import type { Guard } from './guard.ts'
import { admitEntry, GUARDS } from './list.ts'
import { booksOf, houseOf, proposalOf, scoreOf } from './proposal.fixture.ts'

const test = suite('list of guards')

const bound = GUARDS.map(guard => ({ guard, params: guard.params }))

test('a good entry passes every guard and comes out with its size', () => {
  const verdict = admitEntry(bound, proposalOf(), houseOf())
  assert.ok('admitted' in verdict)
  if (!('admitted' in verdict)) return
  // 60 USDT of margin x 3 / 97 = 1.8556 coins.
  assert.is(verdict.admitted.steps, 1855)
  assert.is(verdict.admitted.margin, (1.855 * 97) / 3)
})

test('the first guard that refuses ends the fold', () => {
  const house = houseOf({ portfolio: booksOf([positionOf()]), halted: true })
  const gate = (...args: Parameters<typeof admitEntry>): string => {
    const verdict = admitEntry(...args)
    return 'refused' in verdict ? verdict.refused.gate : 'admitted'
  }
  assert.is(gate(bound, proposalOf({ score: scoreOf(10), neverTrade: true }), house), 'universe')
  assert.is(gate(bound, proposalOf({ score: scoreOf(10) }), house), 'score-threshold')
  assert.is(gate(bound, proposalOf(), house), 'one-position')
  assert.is(gate(bound, proposalOf(), houseOf({ halted: true })), 'drawdown')
  let asked = 0
  const counting: Guard = {
    id: 'counting',
    scope: 'signal',
    params: {},
    check: proposal => {
      asked++
      return { admitted: proposal }
    },
  }
  gate([...bound, { guard: counting, params: {} }], proposalOf({ neverTrade: true }), house)
  assert.is(asked, 0)
})

test('each guard sees what the one before it made of the proposal', () => {
  const widen: Guard = {
    id: 'widen',
    scope: 'signal',
    params: {},
    check: proposal => ({ admitted: { ...proposal, margin: proposal.margin + 1 } }),
  }
  const one = { guard: widen, params: {} }
  const verdict = admitEntry([one, one, one], proposalOf(), houseOf())
  assert.is('admitted' in verdict && verdict.admitted.margin, 3)
})

test('the limit on total margin comes after the size it needs, and no id comes twice', () => {
  const ids = GUARDS.map(guard => guard.id)
  assert.ok(ids.indexOf('sizing') < ids.indexOf('total-margin'))
  assert.is(new Set(ids).size, ids.length)
  const verdict = admitEntry(bound, proposalOf(), houseOf({ equity: 1000, portfolio: booksOf([], []) }))
  assert.ok('admitted' in verdict)
})

test('a refusal bears the id of the guard that made it', () => {
  let refused = 0
  for (const guard of GUARDS) {
    for (const proposal of [
      proposalOf({ neverTrade: true, score: scoreOf(0, 'tier') }),
      proposalOf({ entry: 90 }),
    ]) {
      const house = houseOf({ now: 1, equity: 0, halted: true, portfolio: booksOf([positionOf()]) })
      const verdict = guard.check(proposal, house, guard.params)
      if (!('refused' in verdict)) continue
      assert.is(verdict.refused.gate, guard.id)
      refused++
    }
  }
  assert.ok(refused > GUARDS.length / 2, `only ${refused} refusals`)
})

test.run()
