import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { positionOf, signalOf, steps, ticks } from '../decision/view.fixture.ts'
import type { Ladder } from '../portfolio/ladder.ts'
import type { Position } from '../portfolio/position.ts'
import { ADD_GUARDS, GUARDS } from './list.ts'
import { plannedSize } from './planned-size.ts'
import { booksOf, houseOf, outcome, pendingOf, proposalOf } from './proposal.fixture.ts'

const test = suite('planned size')

const LADDER: Ladder = {
  firstEntry: ticks(1_000),
  budget: 10,
  takerFee: 0,
  maxMargin: 80,
  rungs: [{ price: ticks(950), steps: steps(300), filled: steps(0), margin: 9.5, isDropped: false }],
  decided: null,
}

/** An add of 0.3 coins at 95 to a position from 100 under a stop at 85. */
function check(over: Partial<Position>, pending = 0): string {
  const addsTo = positionOf({ stop: ticks(850), steps: steps(400), ladder: LADDER, ...over })
  const portfolio = booksOf([addsTo], pending === 0 ? [] : [pendingOf({ margin: pending })])
  const signal = signalOf({ stop: addsTo.stop })
  const proposal = proposalOf({ signal, entry: 95, steps: steps(300), margin: 9.5, addsTo })
  return outcome(plannedSize.check(proposal, houseOf({ portfolio }), {}))
}

test('an add that keeps margin and loss within the plan is admitted', () => {
  assert.is(check({}), 'admitted')
})

test('the loss at the present stop with the add is that of the plan at most', () => {
  // The add loses 0.3 x 10 = 3; of 0.466 coins 15 each are 6.99, of 0.467 they are 7.005.
  assert.is(check({ steps: steps(466) }), 'admitted')
  assert.is(check({ steps: steps(467) }), 'planned-size')
  // A tighter stop leaves room, a fee takes it.
  assert.is(check({ steps: steps(467), stop: ticks(851) }), 'admitted')
  assert.is(check({ steps: steps(466), ladder: { ...LADDER, takerFee: 0.00055 } }), 'planned-size')
})

test('incident 37: no add takes the margin of a symbol beyond its cap, what is pending there counted', () => {
  const rich = { ...LADDER, budget: 1_000 }
  // 70.5 USDT of margin are 2.115 coins of 100 at leverage 3.
  assert.is(check({ steps: steps(2_115), ladder: rich }), 'admitted')
  assert.is(check({ steps: steps(2_116), ladder: rich }), 'planned-size')
  assert.is(check({ steps: steps(2_000), ladder: rich }, 3), 'admitted')
  assert.is(check({ steps: steps(2_000), ladder: rich }, 4), 'planned-size')
})

test('in hedge mode the margin of the other side counts: the cap is one of the symbol', () => {
  const addsTo = positionOf({ stop: ticks(850), steps: steps(400), ladder: { ...LADDER, budget: 1_000 } })
  // 60 USDT of margin of its own, and 9.5 of the add; each coin of the short binds 33.3.
  const long = { ...addsTo, steps: steps(1_800) }
  const against = (coins: number): string => {
    const portfolio = booksOf([long, positionOf({ side: 'short', steps: steps(coins * 1_000) })])
    const signal = signalOf({ stop: long.stop })
    const proposal = proposalOf({ signal, entry: 95, steps: steps(300), margin: 9.5, addsTo: long })
    return outcome(plannedSize.check(proposal, houseOf({ portfolio, positionMode: 'hedge' }), {}))
  }
  assert.is(against(0.315), 'admitted')
  assert.is(against(0.316), 'planned-size')
})

test('nothing is added without a plan, or to nothing', () => {
  const { ladder: _, ...plain } = positionOf({ ladder: LADDER })
  assert.is(outcome(plannedSize.check(proposalOf({ addsTo: plain }), houseOf(), {})), 'planned-size')
  assert.is(outcome(plannedSize.check(proposalOf(), houseOf(), {})), 'planned-size')
})

test('an add passes every gate but those of an entry, and its plan last', () => {
  const entries = GUARDS.map(guard => guard.id).filter(id => !ADD_GUARDS.some(guard => guard.id === id))
  assert.equal(entries, ['confluence', 'one-position', 'cooldown', 'position-limits'])
  assert.is(ADD_GUARDS.at(-1), plannedSize)
})

test.run()
