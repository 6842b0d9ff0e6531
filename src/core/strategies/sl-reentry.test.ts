import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR } from '../base/units.ts'
import { entryBreaches } from '../decision/contract.ts'
import { above, below, instrumentOf, MIDNIGHT, type Sketch, ticks, viewOf } from '../decision/view.fixture.ts'
import type { StopOut } from '../decision/view.ts'
import type { Trade } from '../portfolio/trade.ts'
import { slReentry } from './sl-reentry.ts'

const test = suite('sl-reentry')
const { params } = slReentry
const SEED = 20_261_127

/** A long stopped at 94, a short stopped at 206; bands 100, 150, 200 and the candle that ends at midnight. */
const LONG: StopOut = {
  symbol: 'SOLUSDT',
  side: 'long',
  strategy: 'bollinger-grid-long',
  at: MIDNIGHT - 4 * HOUR,
  stop: 94,
  margin: 50,
  score: 7,
}
const SHORT: StopOut = { ...LONG, side: 'short', strategy: 'bollinger-grid-short', stop: 206 }
const decide = (out: StopOut, sketch: Sketch = {}) =>
  slReentry.decide(viewOf({ stopOuts: [out], since: { low: 93, high: 207 }, ...sketch }), params)
const kinds = (...words: Parameters<typeof decide>): readonly string[] =>
  decide(...words).map(one => one.kind)

test('after a stop it buys at the lower band with half the margin, under the stop of the grid', () => {
  assert.equal(decide(LONG), [
    {
      kind: 'enter',
      side: 'long',
      order: { type: 'limit', price: 1000 },
      stop: 930,
      target: null,
      leverage: 3,
      margin: 25,
      reason: 'stopped out at 94, the price has not run away: limit at the lower band',
    },
  ])
})

test('incident 72: a short comes back as a short, at the upper band', () => {
  assert.equal(decide(SHORT), [
    {
      kind: 'enter',
      side: 'short',
      order: { type: 'limit', price: 2000 },
      stop: 2100,
      target: null,
      leverage: 3,
      margin: 25,
      reason: 'stopped out at 206, the price has not run away: limit at the upper band',
    },
  ])
  const both = slReentry.decide(viewOf({ stopOuts: [LONG, SHORT], since: { low: 93, high: 207 } }), params)
  assert.equal(
    both.map(one => (one.kind === 'enter' ? one.side : one.kind)),
    ['long', 'short'],
  )
})

test('the decision is due 4 h after the stop, not a moment before', () => {
  for (const out of [LONG, SHORT]) {
    assert.equal(kinds(out), ['enter'])
    const [hold] = decide({ ...out, at: out.at + 1 }, { wantsReasons: true })
    assert.match(hold.reason, /^hours since the stop 4, has to be at least 4$/)
  }
})

test('it is dropped when the price has run 2 % past the stop against the position, by the range since then', () => {
  // 94 x 0.98 = 92.12; 206 x 1.02 = 210.12.
  const low = 94 * (1 - 0.02)
  const high = 206 * (1 + 0.02)
  assert.equal(kinds(LONG, { since: { low, high: 1_000 } }), ['enter'])
  assert.equal(kinds(LONG, { since: { low: below(low), high: 150 }, wantsReasons: true }), ['hold'])
  assert.equal(kinds(SHORT, { since: { low: 1, high } }), ['enter'])
  assert.equal(kinds(SHORT, { since: { low: 150, high: above(high) }, wantsReasons: true }), ['hold'])
})

test('without a stop there is nothing to come back from, and what is never sold short is not', () => {
  assert.equal(slReentry.decide(viewOf({ price: 90 }), params), [])
  assert.equal(kinds(SHORT, { neverShort: true }), [])
  assert.equal(kinds(LONG, { neverShort: true }), ['enter'])
})

test('without bands, or where ticks are too coarse, it wants nothing', () => {
  assert.equal(kinds(LONG, { lower: undefined, middle: undefined, upper: undefined }), [])
  assert.equal(kinds(LONG, { instrument: instrumentOf({ tick: '100' }) }), [])
  assert.equal(kinds(LONG, { lower: -3 }), [])
})

const TRADE = { strategy: 'bollinger-grid-long', score: 6, net: -1 } as Trade

test('it comes back for losing trades of the grid with a score of 6 or more, and for nothing else', () => {
  const wants = (over: Partial<Trade>): boolean | undefined =>
    slReentry.comesBack?.({ ...TRADE, ...over }, params)
  assert.is(wants({}), true)
  assert.is(wants({ strategy: 'bollinger-grid-short' }), true)
  assert.is(wants({ score: 5.9 }), false)
  assert.is(wants({ net: 0 }), false)
  // No loop of stops and re-entries.
  for (const strategy of ['sl-reentry', 'mean-reversion', 'junk-short']) assert.is(wants({ strategy }), false)
  assert.is(slReentry.waitsAfterStop?.(params), 4 * HOUR)
})

test('its terms: the slots of the grid on each side, twice a coin in a day', () => {
  const { sharedSlots, mostPerDay, partialTargets, leverage, risk } = slReentry.terms(params)
  assert.equal([mostPerDay, partialTargets, leverage, risk], [2, true, 3, 0.2])
  assert.equal(sharedSlots, [
    { side: 'long', of: ['bollinger-grid-long', 'sl-reentry'], most: 12 },
    { side: 'short', of: ['bollinger-grid-short', 'junk-short', 'sl-reentry'], most: 3 },
  ])
})

test(`it keeps the contract of entry strategies on generated markets (seed ${SEED})`, () => {
  let entered = 0
  const property = fc.property(
    fc.constantFrom('long' as const, 'short' as const),
    fc.double({ min: 0.01, max: 1e6, noNaN: true }),
    fc.double({ min: 0, max: 1.2, noNaN: true }),
    fc.double({ min: 0.5, max: 1.5, noNaN: true }),
    fc.constantFrom('0.0001', '0.01', '0.5', '10'),
    fc.boolean(),
    fc.integer({ min: 0, max: 48 }),
    (side, middle, half, share, tick, neverShort, hours) => {
      const view = viewOf({
        instrument: instrumentOf({ tick }),
        lower: middle * (1 - half),
        middle,
        upper: middle * (1 + half),
        price: middle * share,
        neverShort,
        stopOuts: [{ ...LONG, side, at: MIDNIGHT - hours * HOUR, stop: middle, margin: 10 }],
      })
      assert.equal(entryBreaches(slReentry, view), [])
      entered += slReentry.decide(view, params).filter(one => one.kind === 'enter').length
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 4_000 })
  assert.ok(entered > 200, `only ${entered} entries`)
})

test('a market and its mirror image give mirrored entries', () => {
  const one = decide(LONG, { candleStart: MIDNIGHT - DAY })
  const other = decide(SHORT, { candleStart: MIDNIGHT - DAY })
  const prices = (of: typeof one): readonly number[] =>
    of.flatMap(intent =>
      intent.kind === 'enter' && intent.order.type === 'limit' ? [intent.order.price] : [],
    )
  assert.equal(prices(one), [1000])
  assert.equal(prices(other), [2000])
})

test('in exchange for another position it takes one with the stop of its parent, on the coins of its parent', () => {
  const { exchange, params } = slReentry
  assert.equal(exchange?.('long', viewOf({ price: 110, lower: 100 }), params), {
    stop: ticks(930),
    target: null,
  })
  assert.is(exchange?.('long', viewOf({ lower: undefined }), params), undefined)
  assert.equal(exchange?.('short', viewOf({ price: 100 }), params), { stop: ticks(1_050), target: null })
  assert.is(exchange?.('short', viewOf({ price: 100, tier: 'C' }), params), undefined)
  assert.is(exchange?.('short', viewOf({ price: 100, neverShort: true }), params), undefined)
})

test.run()
