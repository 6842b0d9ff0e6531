import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { instrumentOf, positionOf, signalOf, steps, ticks } from '../decision/view.fixture.ts'
import type { Side } from '../market/side.ts'
import { cascade, isLiquidationNear } from './cascade.ts'
import type { House, Verdict } from './guard.ts'
import { houseOf, outcome, proposalOf } from './proposal.fixture.ts'

const test = suite('cascade')

/** An entry at 100 with leverage 10: taken over at 91, or 108.91. */
function check(stop: number, side: Side = 'long', leverage = 10): string {
  const signal = signalOf({ side, leverage, stop: ticks(stop) })
  return outcome(cascade.check(proposalOf({ signal, entry: 100 }), houseOf(), cascade.params))
}

test('the liquidation may not be nearer than 1.5 x the stop, on both sides', () => {
  assert.is(check(940), 'admitted', '9 % away, 1.5 x 6 %')
  assert.is(check(939), 'cascade')
  assert.is(check(960), 'admitted')
  assert.is(check(1_059, 'short'), 'admitted', '8.91 % away, 1.5 x 5.9 %')
  assert.is(check(1_060, 'short'), 'cascade')
})

test('lower leverage leaves more room', () => {
  assert.is(check(800, 'long', 3), 'admitted')
  assert.is(check(780, 'long', 3), 'cascade')
})

test('an add counts with the position that it adds to', () => {
  const signal = signalOf({ leverage: 10, stop: ticks(940) })
  // One coin at 110 and one at 100 make an average of 105: taken over at 95.55, 9.45 away; the stop is 11 away.
  const addsTo = positionOf({ entry: 110, steps: steps(1_000), leverage: 10 })
  const proposal = proposalOf({ signal, entry: 100, steps: steps(1_000), addsTo })
  assert.is(outcome(cascade.check(proposal, houseOf(), cascade.params)), 'cascade')
  const level = { ...proposal, addsTo: { ...addsTo, entry: 100 } }
  assert.is(outcome(cascade.check(level, houseOf(), cascade.params)), 'admitted')
})

test('without recorded filters it refuses, or is skipped and named where there are no others', () => {
  const inferred = instrumentOf({ source: 'inferred', maintenanceMarginRate: 0.04 })
  const signal = signalOf({ leverage: 10, stop: ticks(950), instrument: inferred })
  const of = (lacking: House['lacking']): Verdict =>
    cascade.check(proposalOf({ signal, entry: 100 }), houseOf({ lacking }), cascade.params)
  assert.is(outcome(of('refuse')), 'cascade')
  const skipped = of('skip')
  assert.equal('admitted' in skipped && skipped.admitted.skipped, ['cascade'])
})

test('exactly as far is far enough, whatever a double makes of it; what is not known is not', () => {
  assert.is(isLiquidationNear(9, 6, 1.5), false)
  assert.is(isLiquidationNear(0.3, 0.1 + 0.1, 1.5), false)
  assert.is(isLiquidationNear(8.9999, 6, 1.5), true)
  assert.is(isLiquidationNear(Number.NaN, 6, 1.5), true)
  assert.is(isLiquidationNear(9, -1, 1.5), false, 'a stop in profit is passed long before')
})

test.run()
