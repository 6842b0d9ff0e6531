import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Signal } from '../decision/signal.ts'
import { instrumentOf, positionOf, signalOf, steps, ticks } from '../decision/view.fixture.ts'
import { atrRiskSizing } from '../strategies/atr-risk-sizing.ts'
import { dcaLadder } from '../strategies/dca-ladder.ts'
import type { House, Proposal } from './guard.ts'
import { houseOf, outcome, proposalOf, scoreOf } from './proposal.fixture.ts'
import { sizing } from './sizing.ts'

const test = suite('sizing')
const SEED = 20_260_107

interface Case {
  readonly signal?: Partial<Signal>
  readonly proposal?: Partial<Proposal>
  readonly house?: Partial<House>
  readonly params?: Partial<typeof sizing.params>
}

/** Sized at an entry of 100, so that a coin is 33.33 USDT of margin at leverage 3. */
function sized({ signal = {}, proposal = {}, house = {}, params = {} }: Case = {}) {
  const shown = proposalOf({ signal: signalOf(signal), entry: 100, ...proposal })
  return sizing.check(shown, houseOf(house), { ...sizing.params, ...params })
}

/** Margin in USDT, or the gate. */
function margin(of: Case): number | string {
  const verdict = sized(of)
  return 'admitted' in verdict ? verdict.admitted.margin : verdict.refused.gate
}

const NONE = { bbPercent: 60, weekBb: 60, monthBb: 60 }
const TWO = { bbPercent: 10, weekBb: 40, monthBb: 60 }
const THREE = { bbPercent: 10, weekBb: 40, monthBb: 40 }

/** A grid fine enough that rounding down to the step cannot be seen in the cents. */
const FINE = { instrument: instrumentOf({ step: '0.000001' }) }

test('the margin is equity x r/5 x m(score) x agreement, at most 0.4 x equity x r', () => {
  // Of 1,000 USDT, r of 20 %: 40 USDT x m x agreement, at most 80.
  for (const [tenths, agreeing, expected] of [
    [55, NONE, 30],
    [55, TWO, 34.5],
    [55, THREE, 45],
    [64, THREE, 45],
    [65, NONE, 40],
    [65, TWO, 46],
    [65, THREE, 60],
    [74, THREE, 60],
    [75, NONE, 46],
    [75, TWO, 52.9],
    [75, THREE, 69],
    [84, THREE, 69],
    [85, NONE, 56],
    [85, TWO, 64.4],
    // 84 is capped.
    [85, THREE, 80],
    [100, THREE, 80],
  ] as const) {
    const found = margin({ signal: { ...FINE, ...agreeing }, proposal: { score: scoreOf(tenths) } })
    assert.is(Number(found).toFixed(2), expected.toFixed(2), `score ${tenths}, ${JSON.stringify(agreeing)}`)
  }
})

test('what a signal wants less is not raised, what it wants more is what the house gives', () => {
  const of = (wanted: number): number | string =>
    margin({ signal: { ...FINE, ...THREE, margin: wanted }, proposal: { score: scoreOf(65) } })
  assert.is(Number(of(25)).toFixed(2), '25.00')
  assert.is(Number(of(3)).toFixed(2), '3.00')
  assert.is(Number(of(61)).toFixed(2), '60.00')
  assert.is(of(1), 'sizing')
})

test('one of three bands earns nothing more', () => {
  assert.is(Number(margin({ signal: { ...FINE, ...NONE, bbPercent: 10 } })).toFixed(2), '40.00')
})

test('x10 strategies start from 5 %, the margin is what is sized, not the value', () => {
  // 1,000 x 5 % / 5 x 1 x 1.5 = 15 USDT of margin, a value of 150.
  const terms = { ...proposalOf().terms, leverage: 10, risk: 0.05 }
  const verdict = sized({ signal: { ...FINE, leverage: 10 }, proposal: { terms } })
  assert.is('admitted' in verdict && verdict.admitted.margin.toFixed(2), '15.00')
  assert.is('admitted' in verdict && verdict.admitted.steps, 1_500_000)
})

test('the margin is at least 5 USDT, above the cap too', () => {
  // 30 x 20 % / 5 x 0.75 = 0.9, the cap 2.4.
  const found = margin({
    signal: { ...FINE, ...NONE },
    proposal: { score: scoreOf(55) },
    house: { equity: 30 },
  })
  assert.is(Number(found).toFixed(2), '5.00')
})

test('equity below 30 USDT, or unknown, is no entry', () => {
  assert.is(margin({ house: { equity: 29.99 } }), 'sizing')
  assert.is(margin({ house: { equity: -5 } }), 'sizing')
  assert.is(margin({ house: { equity: Number.NaN } }), 'sizing')
  assert.is.not(margin({ house: { equity: 30 } }), 'sizing')
})

test('the quantity is rounded down to the step, and the margin is that of the rounded one', () => {
  // 60 x 3 / 100 = 1.8 coins.
  const verdict = sized({ signal: { instrument: instrumentOf({ step: '1' }) } })
  assert.is('admitted' in verdict && verdict.admitted.steps, 1)
  assert.is('admitted' in verdict && verdict.admitted.margin, 100 / 3)
  // 1.8 coins are 18 steps of 0.1, whatever 1.8 / 0.1 comes to.
  const tenths = sized({ signal: { instrument: instrumentOf({ step: '0.1' }) } })
  assert.is('admitted' in tenths && tenths.admitted.steps, 18)
})

test('below the least quantity or value it is refused, never raised', () => {
  // 1.8 coins are 1800 steps of 0.001, a value of 180.
  const of = (over: Parameters<typeof instrumentOf>[0]): string =>
    outcome(sized({ signal: { instrument: instrumentOf(over) } }))
  assert.is(of({ minQty: steps(1800) }), 'admitted')
  assert.is(of({ minQty: steps(1801) }), 'sizing')
  assert.is(of({ minNotional: 180 }), 'admitted')
  assert.is(of({ minNotional: 180.01 }), 'sizing')
  assert.is(of({ step: '10' }), 'sizing')
})

test('the greatest quantity of the instrument caps the size', () => {
  const verdict = sized({ signal: { instrument: instrumentOf({ maxQty: steps(1000) }) } })
  assert.is('admitted' in verdict && verdict.admitted.steps, 1000)
  assert.is('admitted' in verdict && verdict.admitted.margin, 100 / 3)
})

test('a leverage the instrument does not offer is refused', () => {
  assert.is(outcome(sized({ signal: { instrument: instrumentOf({ maxLeverage: 3 }) } })), 'admitted')
  assert.is(outcome(sized({ signal: { instrument: instrumentOf({ maxLeverage: 2.5 }) } })), 'sizing')
})

const ATR = { strategy: atrRiskSizing, params: atrRiskSizing.params }

test('the ATR layer caps the size by the loss at the stop', () => {
  // Wanted: 1.8 coins. At a stop of 50 a coin loses 50 + 0.00055 x 150 = 50.0825: 10 / 50.0825 = 0.19967 coins.
  const house = { sizingLayers: [ATR] }
  const far = sized({ signal: { stop: ticks(500) }, house })
  assert.is('admitted' in far && far.admitted.steps, 199)
  assert.is('admitted' in far && far.admitted.margin.toFixed(4), (19.9 / 3).toFixed(4))
  assert.match(
    'admitted' in far ? far.admitted.sizing : '',
    /margin 60\.00 USDT, cut to a loss of 10\.00 USDT over 50\.00 %/,
  )
  // At a stop of 95 the budget buys 1.958 coins: the margin stays the smaller one.
  const near = sized({ signal: { stop: ticks(950) }, house })
  assert.is('admitted' in near && near.admitted.steps, 1800)
})

test('what the ATR layer cuts below the least order is refused', () => {
  const instrument = instrumentOf({ minQty: steps(200) })
  assert.is(
    outcome(sized({ signal: { stop: ticks(500), instrument }, house: { sizingLayers: [ATR] } })),
    'sizing',
  )
})

test('a layer can only cut: one that asks for more is not followed', () => {
  const greedy = {
    strategy: {
      id: 'greedy',
      role: 'sizing' as const,
      params: {},
      decide: () => [{ kind: 'resize' as const, steps: steps(1e6), reason: 'more' }],
    },
    params: {},
  }
  const verdict = sized({ house: { sizingLayers: [greedy] } })
  assert.is('admitted' in verdict && verdict.admitted.steps, 1800)
})

test('a fixed value stands instead of equity, score, agreement and layers', () => {
  for (const equity of [1, 1000, Number.NaN]) {
    const verdict = sized({
      signal: { stop: ticks(500), ...NONE },
      proposal: { score: scoreOf(55) },
      house: { equity, sizingLayers: [ATR] },
      params: { fixedNotional: 100 },
    })
    assert.is('admitted' in verdict && verdict.admitted.steps, 1000)
    assert.is('admitted' in verdict && verdict.admitted.margin, 100 / 3)
    assert.is('admitted' in verdict && verdict.admitted.sizing, 'fixed value 100 USDT')
  }
  // The instrument's own limits hold all the same.
  assert.is(outcome(sized({ params: { fixedNotional: 4.99 } })), 'sizing')
})

test(`no size is ever beyond the cap, the greatest order or the risk budget (seed ${SEED})`, () => {
  const property = fc.property(
    fc.integer({ min: 3_000, max: 10_000_000 }).map(cents => cents / 100),
    fc.integer({ min: 55, max: 100 }),
    fc.integer({ min: 1, max: 99 }),
    fc.constantFrom(3, 10),
    (equity, tenths, stopPercent, leverage) => {
      const terms = { ...proposalOf().terms, leverage, risk: leverage === 3 ? 0.2 : 0.05 }
      const signal = { ...FINE, leverage, stop: ticks(1000 - 10 * stopPercent) }
      const house = { equity, sizingLayers: [ATR] }
      const verdict = sized({ signal, proposal: { terms, score: scoreOf(tenths) }, house })
      if ('refused' in verdict) return
      const { margin: tied, steps: size } = verdict.admitted
      const cap = Math.max(0.4 * equity * terms.risk, 5)
      assert.ok(tied <= cap * (1 + 1e-9), `margin ${tied} above ${cap}`)
      const qty = size / 1e6
      const loss = qty * (stopPercent + 0.00055 * (200 - stopPercent))
      const budget = (leverage === 10 ? 0.015 : 0.01) * equity
      assert.ok(loss <= budget * (1 + 1e-9), `loss ${loss} above ${budget}`)
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 2_000 })
})

const LADDER = { strategy: dcaLadder, params: dcaLadder.params }

test('an entry that is to become a ladder is planned, its adds beside it, and cut to the plan', () => {
  const stop = ticks(850)
  const verdict = sized({ signal: { stop }, house: { ladder: LADDER, sizingLayers: [ATR] } })
  assert.ok('admitted' in verdict)
  if (!('admitted' in verdict)) return
  const { steps: size, ladder, margin, sizing: how } = verdict.admitted
  assert.is(size, 226)
  assert.is(margin.toFixed(4), (22.6 / 3).toFixed(4))
  assert.equal(
    ladder?.rungs.map(rung => rung.price),
    [950, 900],
  )
  assert.match(how, /cut to margin 7\.53 USDT for a ladder of 2 adds under one stop 15 % below$/)
})

test('adds that the plan has dropped are named in the words of the sizing', () => {
  const verdict = sized({ signal: { stop: ticks(850) }, house: { ladder: LADDER, equity: 600 } })
  assert.match('admitted' in verdict ? verdict.admitted.sizing : '', /1 adds .*, 1 of 2 adds dropped$/)
})

test('an entry whose plan is too large is refused, and one of another strategy is sized as ever', () => {
  const house = { ladder: LADDER, equity: 200 }
  assert.is(outcome(sized({ signal: { stop: ticks(850) }, house })), 'dca-ladder')
  const other = sized({ signal: { strategy: 'mean-reversion', stop: ticks(850) }, house })
  assert.is('admitted' in other && other.admitted.ladder, null)
})

test('an add has the size that was planned, within what the instrument and the house take', () => {
  const addsTo = positionOf({})
  const of = (over: Parameters<typeof sized>[0]): string =>
    outcome(sized({ ...over, proposal: { addsTo, steps: steps(300), entry: 95 } }))
  const verdict = sized({ proposal: { addsTo, steps: steps(300), entry: 95 } })
  assert.is('admitted' in verdict && verdict.admitted.steps, 300)
  assert.is('admitted' in verdict && verdict.admitted.margin, 9.5)
  assert.is(of({ signal: { instrument: instrumentOf({ minQty: steps(301) }) } }), 'sizing')
  assert.is(of({ house: { equity: 29.99 } }), 'sizing')
  assert.is(of({ house: { equity: 30 } }), 'admitted')
})

test('what takes the place of another position has its value, or there is none', () => {
  const replaces = positionOf({})
  const of = (given: Case): string =>
    outcome(sized({ ...given, proposal: { replaces, steps: steps(300), entry: 100, ...given.proposal } }))
  const verdict = sized({ proposal: { replaces, steps: steps(300), entry: 100 }, house: { ladder: LADDER } })
  assert.equal('admitted' in verdict && [verdict.admitted.steps, verdict.admitted.margin], [300, 10])
  assert.is('admitted' in verdict && verdict.admitted.ladder, null)
  assert.is(of({ signal: { instrument: instrumentOf({ maxQty: steps(300) }) } }), 'admitted')
  assert.is(of({ signal: { instrument: instrumentOf({ maxQty: steps(299) }) } }), 'sizing')
  assert.is(of({ signal: { instrument: instrumentOf({ minQty: steps(301) }) } }), 'sizing')
  // At a stop of 50 a coin loses 50.0825 of the 10 USDT that may be lost.
  const far = { signal: { stop: ticks(500) }, house: { sizingLayers: [ATR] } }
  assert.is(of({ ...far, proposal: { steps: steps(199) } }), 'admitted')
  assert.is(of({ ...far, proposal: { steps: steps(200) } }), 'sizing')
  assert.is(of({ ...far, params: { fixedNotional: 30 } }), 'admitted')
})

test.run()
