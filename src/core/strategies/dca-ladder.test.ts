import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keepsLadderContract } from '../decision/contract.fixture.ts'
import type { Signal } from '../decision/signal.ts'
import type { SizeProposal } from '../decision/strategy.ts'
import { instrumentOf, positionOf, positionViewOf, signalOf, steps, ticks } from '../decision/view.fixture.ts'
import { priceOf, qtyOf } from '../market/quantise.ts'
import type { Ladder } from '../portfolio/ladder.ts'
import type { Position } from '../portfolio/position.ts'
import { dcaLadder } from './dca-ladder.ts'

const test = suite('dca-ladder')
const SEED = 20_260_103
const { params } = dcaLadder

/** A grid entry at 100 under the ladder's stop at 85, of 2 coins unless said otherwise, on equity of 1,000. */
function proposalOf(over: Partial<SizeProposal> = {}, signal: Partial<Signal> = {}): SizeProposal {
  const order = { type: 'limit' as const, price: ticks(1_000) }
  return {
    signal: signalOf({ order, stop: ticks(850), ...signal }),
    entry: 100,
    steps: steps(2_000),
    equity: 1_000,
    takerFee: 0,
    ...over,
  }
}

function planned(shown: SizeProposal): { readonly ladder: Ladder; readonly steps: number } {
  const plan = dcaLadder.plan(shown, params)
  if ('refused' in plan) throw new Error(plan.refused)
  return plan
}

const kept = ({ rungs }: Ladder): readonly boolean[] => rungs.map(rung => !rung.isDropped)

/** Margin and loss at the stop of a whole plan, worked out anew. */
function totals(shown: SizeProposal): { readonly margin: number; readonly loss: number } {
  const { ladder, steps: size } = planned(shown)
  const { instrument, leverage, stop } = shown.signal
  let [margin, loss] = [0, 0]
  const entry = { price: ladder.firstEntry, steps: steps(size), isDropped: false }
  for (const { price, steps: own, isDropped } of [entry, ...ladder.rungs]) {
    if (isDropped) continue
    const [at, end, qty] = [priceOf(instrument, price), priceOf(instrument, stop), qtyOf(instrument, own)]
    margin += (qty * at) / leverage
    loss += qty * (at - end + shown.takerFee * (at + end))
  }
  return { margin, loss }
}

test('it turns longs of the grid into ladders, and nothing else', () => {
  assert.ok(dcaLadder.applies(signalOf()))
  assert.not(dcaLadder.applies(signalOf({ side: 'short' })))
  assert.not(dcaLadder.applies(signalOf({ strategy: 'mean-reversion' })))
  assert.not(dcaLadder.applies(signalOf({ strategy: 'bollinger-grid-short', side: 'short' })))
})

test('its stop is 15 % under the entry, on the tighter tick', () => {
  assert.is(dcaLadder.stop(signalOf(), 100, params), 850)
  assert.is(dcaLadder.stop(signalOf(), 100.1, params), 851)
})

test('there is no stop where ticks are too coarse to part it from the entry, or it is below the least price', () => {
  const coarse = instrumentOf({ tick: '1', minPrice: ticks(1) })
  assert.is(dcaLadder.stop(signalOf({ instrument: coarse }), 3, params), undefined)
  assert.is(dcaLadder.stop(signalOf({ instrument: coarse }), 7, params), 6)
  const least = instrumentOf({ minPrice: ticks(851) })
  assert.is(dcaLadder.stop(signalOf({ instrument: least }), 100, params), undefined)
})

test('the adds lie 5 and 10 % under the first entry, with margins of 10 and 20 USDT rounded down to a step', () => {
  const { ladder } = planned(proposalOf({ equity: 100_000 }))
  assert.is(ladder.firstEntry, 1_000)
  assert.equal(
    ladder.rungs.map(({ price, steps: own }) => [price, own]),
    [
      [950, 315],
      [900, 666],
    ],
  )
  assert.ok(ladder.rungs[0].margin <= 10 && ladder.rungs[0].margin > 9.96)
  assert.ok(ladder.rungs[1].margin <= 20 && ladder.rungs[1].margin > 19.96)
})

test('the whole plan loses no more than 1 % of equity: the entry shrinks first', () => {
  // The adds lose 0.315 x 10 + 0.666 x 5 = 6.48 of 10 USDT; the rest is 3.52 / 15 = 0.234 coins.
  const shown = proposalOf()
  assert.is(planned(shown).steps, 234)
  assert.equal(kept(planned(shown).ladder), [true, true])
  assert.ok(totals(shown).loss <= 10)
  // Both fees count, as taker: the adds lose 0.095 more, a coin of the entry 0.102: 3.425 / 15.102 = 0.2268.
  assert.is(planned(proposalOf({ takerFee: 0.00055 })).steps, 226)
})

test('an entry that fits is left as it was sized', () => {
  assert.is(planned(proposalOf({ steps: steps(234) })).steps, 234)
  assert.is(planned(proposalOf({ steps: steps(200) })).steps, 200)
})

test('below 5 USDT the entry does not shrink: adds are dropped, the last first, and it stays at 5', () => {
  // 5 USDT are 0.15 coins, which lose 2.25: with both adds 8.73, with one 5.40.
  const at = (equity: number) => planned(proposalOf({ equity }))
  assert.equal([kept(at(873).ladder), at(873).steps], [[true, true], 150])
  assert.equal([kept(at(872).ladder), at(872).steps], [[true, false], 150])
  assert.equal([kept(at(540).ladder), at(540).steps], [[true, false], 150])
  assert.equal([kept(at(539).ladder), at(539).steps], [[false, false], 150])
  assert.equal([kept(at(225).ladder), at(225).steps], [[false, false], 150])
})

test('where 5 USDT alone lose too much there is no entry, with its figures', () => {
  const plan = dcaLadder.plan(proposalOf({ equity: 224 }), params)
  assert.ok('refused' in plan)
  if ('refused' in plan) {
    assert.match(plan.refused, '2.25 USDT')
    assert.equal(plan.figures, { budget: 2.24, loss: 2.25, leastMargin: 5, equity: 224 })
  }
  assert.ok('refused' in dcaLadder.plan(proposalOf({ equity: 0 }), params))
  assert.ok('refused' in dcaLadder.plan(proposalOf({ equity: -50 }), params))
})

test('an entry that was sized below 5 USDT is none: it is never raised', () => {
  assert.ok('refused' in dcaLadder.plan(proposalOf({ steps: steps(149) }), params))
  assert.is(planned(proposalOf({ steps: steps(150) })).steps, 150)
})

test('all of it binds 80 USDT at most', () => {
  const shown = proposalOf({ equity: 1e6, steps: steps(100_000) })
  const { steps: size } = planned(shown)
  const { margin } = totals(shown)
  assert.ok(margin <= 80, `${margin}`)
  assert.ok(margin + 0.001 * 100 > 80)
  assert.ok(size >= 1_500)
})

test('an add that the exchange would not take is dropped, with all below it', () => {
  const least = instrumentOf({ minQty: steps(400) })
  const { ladder } = planned(proposalOf({ equity: 1e5 }, { instrument: least }))
  // The first is 315 steps: too small; the second alone would be a ladder that begins with its second step.
  assert.equal(kept(ladder), [false, false])
})

test('levels that ticks bring together, or to the stop, are dropped', () => {
  const coarse = instrumentOf({ tick: '10', minPrice: ticks(1) })
  const shown = proposalOf({ equity: 1e5 }, { instrument: coarse, stop: ticks(9) })
  assert.equal(kept(planned(shown).ladder), [false, false])
})

test(`whatever comes, margin and loss stay within the plan, and nothing is raised (seed ${SEED})`, () => {
  let made = 0
  const property = fc.property(
    fc.record({
      tick: fc.constantFrom('0.0001', '0.01', '0.1', '1'),
      step: fc.constantFrom('0.001', '0.1', '1', '10'),
      minQty: fc.integer({ min: 1, max: 20 }),
      minNotional: fc.constantFrom(0, 5, 20),
      price: fc.integer({ min: 20, max: 2_000_000 }),
      equity: fc.integer({ min: 0, max: 100_000 }),
      size: fc.integer({ min: 1, max: 1_000_000 }),
      leverage: fc.constantFrom(1, 3, 10),
      takerFee: fc.constantFrom(0, 0.00055, 0.01),
    }),
    ({ tick, step, minQty, minNotional, price, equity, size, leverage, takerFee }) => {
      const instrument = instrumentOf({ tick, step, minQty: steps(minQty), minNotional })
      const entry = priceOf(instrument, ticks(price))
      const stop = dcaLadder.stop(signalOf({ instrument }), entry, params)
      if (stop === undefined) return
      const signal = signalOf({ instrument, stop, leverage })
      const shown = { signal, entry, steps: steps(size), equity, takerFee }
      const plan = dcaLadder.plan(shown, params)
      if ('refused' in plan) return
      made++
      const { margin, loss } = totals(shown)
      assert.ok(loss <= (equity / 100) * (1 + 1e-9), `loss ${loss} of ${equity / 100}`)
      assert.ok(margin <= 80 * (1 + 1e-9), `margin ${margin}`)
      assert.ok(plan.steps <= size)
      assert.ok(plan.steps >= minQty)
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 4_000 })
  assert.ok(made > 400, `only ${made} plans`)
})

// --- adds -------------------------------------------------------------------------------------------------------

/** A laddered position of 0.234 coins from 100, with levels 95 and 90 and the stop at 85. */
function ladderedOf(over: Partial<Position> = {}): Position {
  const { ladder } = planned(proposalOf())
  return positionOf({ steps: steps(234), stop: ticks(850), ladder, ...over })
}

const adds = (position: Position, lower: number, upper: number) =>
  dcaLadder.decide(
    positionViewOf(position, { lower, middle: (lower + upper) / 2, upper, price: 100 }),
    params,
  )

test('an add is wanted while BB% of its level is at most 25 within the present bands', () => {
  // 95 is at 25 of 90..110.
  assert.equal(
    adds(ladderedOf(), 90, 110).map(
      intent => intent.kind === 'add' && [intent.rung, intent.price, intent.steps],
    ),
    [[0, 950, 315]],
  )
  assert.equal(adds(ladderedOf(), 89.99, 110), [])
})

test('the second is wanted once the first has filled, at its own level', () => {
  const { ladder } = planned(proposalOf())
  const [first, second] = ladder.rungs
  const half = { ...ladder, rungs: [{ ...first, filled: steps(100) }, second] }
  const one = { ...ladder, rungs: [{ ...first, filled: first.steps }, second] }
  const both = { ...ladder, rungs: one.rungs.map(rung => ({ ...rung, filled: rung.steps })) }
  const wanted = (of: Ladder) =>
    adds(ladderedOf({ ladder: of }), 90, 110).map(
      intent => intent.kind === 'add' && [intent.rung, intent.price, intent.steps],
    )
  assert.equal(wanted(half), [[0, 950, 215]])
  assert.equal(wanted(one), [[1, 900, 666]])
  assert.equal(wanted(both), [])
})

test('none once a part has been closed, whatever closed it', () => {
  for (const reason of ['partial-target-1', 'closed-outside'] as const) {
    const exits = [{ time: 0, price: 110, qty: 0.05, reason }]
    assert.equal(adds(ladderedOf({ exits }), 90, 110), [])
  }
})

test('none without a plan, and none before the bands are known', () => {
  const { ladder: _, ...plain } = ladderedOf()
  assert.equal(adds(plain, 90, 110), [])
  const view = positionViewOf(ladderedOf(), { lower: undefined, middle: undefined, upper: undefined })
  assert.equal(dcaLadder.decide(view, params), [])
})

keepsLadderContract(test, dcaLadder)

test.run()
