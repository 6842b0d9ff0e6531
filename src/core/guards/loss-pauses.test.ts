import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../base/units.ts'
import { MIDNIGHT, signalOf } from '../decision/view.fixture.ts'
import type { Loss } from './guard.ts'
import { losingStreak, lossPause, lossRules, x10Losses } from './loss-pauses.ts'
import { houseOf, outcome, proposalOf } from './proposal.fixture.ts'

const test = suite('loss pauses')

/** Losses so long before midnight, all at one leverage. */
const losses = (leverage: number, ...ago: readonly number[]): readonly Loss[] =>
  [...ago].sort((a, b) => b - a).map(one => ({ at: MIDNIGHT - one, spread: 0, leverage }))

const streak = (of: readonly Loss[], now = MIDNIGHT): string =>
  outcome(losingStreak.check(proposalOf(), houseOf({ now, losses: of }), losingStreak.params))

const x10 = (of: readonly Loss[], now = MIDNIGHT, leverage = 10): string =>
  outcome(
    x10Losses.check(
      proposalOf({ signal: signalOf({ leverage }) }),
      houseOf({ now, losses: of }),
      x10Losses.params,
    ),
  )

test('three losses within an hour pause entries, two do not, and neither do three over an hour', () => {
  assert.is(streak([]), 'admitted')
  assert.is(streak(losses(3, 0, MINUTE)), 'admitted')
  assert.is(streak(losses(3, 0, MINUTE, HOUR - 1)), 'losing-streak')
  assert.is(streak(losses(3, 0, MINUTE, HOUR)), 'admitted', 'one of exactly an hour ago is not within it')
})

test('a streak pauses for 30 minutes from its last loss on, and not at their end', () => {
  const three = losses(3, 0, MINUTE, 2 * MINUTE)
  assert.is(streak(three, MIDNIGHT), 'losing-streak')
  assert.is(streak(three, MIDNIGHT + 30 * MINUTE - 1), 'losing-streak')
  assert.is(streak(three, MIDNIGHT + 30 * MINUTE), 'admitted')
})

test('one more loss within the hour of a streak pauses anew from there', () => {
  const rule = lossRules({})[0][1]
  const three = losses(3, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE)
  assert.equal(lossPause(three, rule, true), { until: MIDNIGHT + 20 * MINUTE, losses: 3 })
  const four = losses(3, 0, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE)
  assert.equal(lossPause(four, rule, true), { until: MIDNIGHT + 30 * MINUTE, losses: 4 })
})

test('a later loss by itself does not lengthen the pause', () => {
  const rule = lossRules({})[0][1]
  const late = losses(3, 0, HOUR, HOUR + MINUTE, HOUR + 2 * MINUTE)
  assert.is(lossPause(late, rule, true).until, MIDNIGHT - HOUR + 30 * MINUTE)
})

test('three losses at leverage 10 within 24 h pause entries at leverage 10 for 24 h, and no others', () => {
  const three = losses(10, 0, HOUR, DAY - 1)
  assert.is(x10(losses(10, 0, HOUR)), 'admitted')
  assert.is(x10(three), 'x10-losses')
  assert.is(x10(losses(10, 0, HOUR, DAY)), 'admitted', 'one of exactly a day ago is not within it')
  assert.is(x10(three, MIDNIGHT + DAY - 1), 'x10-losses')
  assert.is(x10(three, MIDNIGHT + DAY), 'admitted')
  assert.is(x10(three, MIDNIGHT, 9), 'admitted')
  assert.is(x10(three, MIDNIGHT, 20), 'x10-losses')
})

test('only losses at leverage 10 and more count towards the pause of x10 entries', () => {
  assert.is(x10([...losses(3, 2 * HOUR), ...losses(10, 0, HOUR)]), 'admitted')
  assert.is(x10([...losses(12, 2 * HOUR), ...losses(10, 0, HOUR)]), 'x10-losses')
})

test('losses of one long candle are no streak where that is not known, are named, and count where it is to be known', () => {
  const ofOneDay = losses(3, 0, 0, 0).map(loss => ({ ...loss, spread: DAY }))
  const check = (lacking: 'skip' | 'refuse', now = MIDNIGHT): ReturnType<typeof losingStreak.check> =>
    losingStreak.check(proposalOf(), houseOf({ now, losses: ofOneDay, lacking }), losingStreak.params)
  assert.is(outcome(check('refuse')), 'losing-streak')
  const skipped = check('skip')
  assert.equal('admitted' in skipped && skipped.admitted.skipped, ['losing-streak'])
  // Once it would be over there is nothing to be named.
  const after = check('skip', MIDNIGHT + 30 * MINUTE)
  assert.equal('admitted' in after && after.admitted.skipped, [])
  // An hour's candle is no longer than the window, and neither is a day's than that of x10 losses.
  assert.is(streak(losses(3, 0, 0, 0).map(loss => ({ ...loss, spread: HOUR }))), 'losing-streak')
  const days = losses(10, 0, HOUR, 2 * HOUR).map(loss => ({ ...loss, spread: DAY }))
  const house = houseOf({ losses: days, lacking: 'skip' })
  const of10 = proposalOf({ signal: signalOf({ leverage: 10 }) })
  assert.is(outcome(x10Losses.check(of10, house, x10Losses.params)), 'x10-losses')
})

test('incident 45: whatever was lost, both pauses have an end', () => {
  for (let count = 3; count < 60; count++) {
    const many = losses(10, ...Array.from({ length: count }, (_, i) => i * MINUTE))
    assert.is(streak(many), 'losing-streak')
    assert.is(x10(many), 'x10-losses')
    assert.is(streak(many, MIDNIGHT + 30 * MINUTE), 'admitted')
    assert.is(x10(many, MIDNIGHT + DAY), 'admitted')
  }
})

test.run()
