import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../base/units.ts'
import { keepsEntryContract } from '../decision/contract.fixture.ts'
import { above, below, instrumentOf, type Sketch, ticks, viewOf } from '../decision/view.fixture.ts'
import { meanReversion } from './mean-reversion.ts'

const test = suite('mean-reversion')
const { params } = meanReversion
const SEED = 20_260_103

/** Bands of 100, 150, 200: a price of 105 is BB% 5, one of 195 BB% 95. */
const decide = (sketch: Sketch) => meanReversion.decide(viewOf(sketch), params)

test('BB% below 5 buys at the lower band, stop 5 % under it, target the middle', () => {
  assert.equal(decide({ price: 104 }), [
    {
      kind: 'enter',
      side: 'long',
      order: { type: 'limit', price: 1000 },
      stop: 950,
      target: 1500,
      leverage: 10,
      reason: 'BB% 4.0 < 5: limit at the lower band, target the middle',
    },
  ])
})

test('BB% above 95 sells at the upper band, stop 5 % above it, target the middle', () => {
  assert.equal(decide({ price: 196 }), [
    {
      kind: 'enter',
      side: 'short',
      order: { type: 'limit', price: 2000 },
      stop: 2100,
      target: 1500,
      leverage: 10,
      reason: 'BB% 96.0 > 95: limit at the upper band, target the middle',
    },
  ])
})

test('BB% of exactly 5 or 95 is nothing, the next number beyond is an entry', () => {
  for (const price of [105, above(105), 150, below(195), 195]) assert.equal(decide({ price }), [])
  for (const price of [below(105), above(195)]) assert.is(decide({ price }).length, 1)
})

test('prices outside the bands enter as well', () => {
  for (const price of [1, 99, 201, 1000]) assert.is(decide({ price }).length, 1)
})

test('the never-short list keeps it from selling, not from buying', () => {
  assert.equal(decide({ price: 196, neverShort: true }), [])
  assert.is(decide({ price: 104, neverShort: true }).length, 1)
})

test('entry and target round to the passive side, the stop to the tighter one', () => {
  const bands = { lower: 100.03, middle: 149.97, upper: 200.03 }
  const prices = (price: number): unknown => {
    const [intent] = decide({ ...bands, price })
    return intent?.kind === 'enter' ? [intent.order, intent.stop, intent.target] : intent
  }
  // 0.95 x 100.03 = 95.0285; 1.05 x 200.03 = 210.0315.
  assert.equal(prices(90), [{ type: 'limit', price: 1000 }, 951, 1500])
  assert.equal(prices(210), [{ type: 'limit', price: 2001 }, 2100, 1499])
})

test('a lower band at or below zero is no entry for a long, and no obstacle to a short', () => {
  for (const lower of [-40, 0, 0.1]) {
    assert.equal(decide({ lower, middle: 50, upper: 140, price: 0.5 - 50 * (lower < 0 ? 1 : 0) }), [])
  }
  const [intent] = decide({ lower: -40, middle: 50, upper: 140, price: 139 })
  assert.is(intent?.kind, 'enter')
})

test('bands of no width, or ticks that bring entry, stop and target together, are no entry', () => {
  assert.equal(decide({ lower: 100, middle: 100, upper: 100, price: 50 }), [])
  // In ticks of 100 the stops, 95 and 210, meet entries of 100 and 200.
  const instrument = instrumentOf({ tick: '100' })
  for (const price of [90, 210]) assert.equal(decide({ instrument, price }), [])
  // A target less than a tick away from the entry is none.
  assert.equal(decide({ lower: 100 - 1e-9, middle: 100, upper: 100 + 1e-9, price: 99 }), [])
})

test('its terms are those of the table: 5 positions, 2 h a coin, 5 % risk at leverage 10', () => {
  assert.equal(meanReversion.terms(params), {
    leverage: 10,
    risk: 0.05,
    maxPositions: 5,
    cooldown: 2 * HOUR,
    cooldownAfterStop: 0,
    cooldownAfterTarget: 0,
    maxHold: null,
    partialTargets: false,
  })
})

test(`a market and its mirror image give mirrored entries (seed ${SEED})`, () => {
  // Mirrored at 1000: what is 900 becomes 1100. The stop keeps its distance of 5 % of its own band. Whole numbers, so
  // that BB% is the same to the last bit on both sides.
  const mirror = (price: number): number => 2000 - price
  const instrument = instrumentOf({ tick: '1' })
  const property = fc.property(
    fc.integer({ min: 800, max: 1200 }),
    fc.integer({ min: 1, max: 12 }).map(times => 50 * times),
    fc.integer({ min: -30, max: 130 }),
    (middle, half, bb) => {
      const market = { instrument, lower: middle - half, middle, upper: middle + half }
      const price = market.lower + (2 * half * bb) / 100
      const [one] = decide({ ...market, price })
      const [other] = decide({
        instrument,
        lower: mirror(market.upper),
        middle: mirror(middle),
        upper: mirror(market.lower),
        price: mirror(price),
      })
      assert.is(one?.kind, other?.kind)
      if (one?.kind !== 'enter' || other?.kind !== 'enter') return
      assert.is.not(one.side, other.side)
      assert.is(one.target, mirror(other.target ?? Number.NaN))
      if (one.order.type !== 'limit' || other.order.type !== 'limit') assert.unreachable('both are limits')
      else {
        assert.is(one.order.price, mirror(other.order.price))
        for (const { stop, order } of [one, other]) {
          if (order.type !== 'limit') continue
          const away = Math.abs(stop - order.price)
          assert.ok(
            away <= order.price * 0.05 && away > order.price * 0.05 - 1,
            `${away} from ${order.price}`,
          )
        }
      }
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 2_000 })
})

keepsEntryContract(test, meanReversion)

test('in exchange for another position it takes one at the market, with its stop beyond the band and the middle as target', () => {
  const { exchange, params } = meanReversion
  const at = (price: number) => viewOf({ price, lower: 100, middle: 150, upper: 200 })
  assert.equal(exchange?.('long', at(110), params), { stop: ticks(950), target: ticks(1_500) })
  assert.equal(exchange?.('short', at(190), params), { stop: ticks(2_100), target: ticks(1_500) })
  assert.is(exchange?.('long', at(150), params), undefined)
  assert.is(exchange?.('short', at(150), params), undefined)
  assert.is(exchange?.('short', viewOf({ price: 190, neverShort: true }), params), undefined)
  assert.is(exchange?.('long', viewOf({ price: 110, lower: undefined }), params), undefined)
})

test.run()
