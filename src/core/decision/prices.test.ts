import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { priceOf } from '../market/quantise.ts'
import {
  breakeven,
  entryTicks,
  ordered,
  protectedAt,
  sendable,
  stopTicks,
  targetTicks,
  tighterStop,
} from './prices.ts'
import { below, FEES, instrumentOf, positionOf, ticks } from './view.fixture.ts'

const test = suite('prices')
const SEED = 20_260_102

test('entries and targets round to the passive side, stops to the tighter one', () => {
  const instrument = instrumentOf()
  // 100.04 lies between 1000 and 1001 ticks of 0.1.
  assert.is(entryTicks(instrument, 'long', 100.04), 1000)
  assert.is(entryTicks(instrument, 'short', 100.04), 1001)
  assert.is(targetTicks(instrument, 'long', 100.04), 1001)
  assert.is(targetTicks(instrument, 'short', 100.04), 1000)
  assert.is(stopTicks(instrument, 'long', 100.04), 1001)
  assert.is(stopTicks(instrument, 'short', 100.04), 1000)
})

test('a price on a tick stays there, whatever the arithmetic before it left in the last digits', () => {
  const instrument = instrumentOf()
  for (const side of ['long', 'short'] as const) {
    for (const round of [entryTicks, targetTicks, stopTicks]) {
      assert.is(round(instrument, side, 0.3), 3)
      // 0.1 + 0.2 is 0.30000000000000004, 100 x 0.93 is 93 and 1.1 x 1.1 is 1.2100000000000002.
      assert.is(round(instrument, side, 0.1 + 0.2), 3)
      assert.is(round(instrument, side, 100 * (1 - 7 / 100)), 930)
      assert.is(round(instrumentOf({ tick: '0.01' }), side, 1.1 * 1.1), 121)
    }
  }
})

test(`rounding moves a price by less than a tick, and never to the wrong side (seed ${SEED})`, () => {
  const property = fc.property(
    fc.constantFrom('0.0000001', '0.05', '0.1', '25', '1000'),
    fc.double({ min: 1, max: 1e8, noNaN: true }),
    (tick, count) => {
      const instrument = instrumentOf({ tick })
      const price = count * instrument.tickSize
      const noise = 1e-9 * price
      const down = priceOf(instrument, entryTicks(instrument, 'long', price))
      const up = priceOf(instrument, stopTicks(instrument, 'long', price))
      assert.ok(down <= price + noise && price - down < instrument.tickSize + noise)
      assert.ok(up >= price - noise && up - price < instrument.tickSize + noise)
      assert.is(targetTicks(instrument, 'long', price), stopTicks(instrument, 'long', price))
      assert.is(stopTicks(instrument, 'short', price), entryTicks(instrument, 'long', price))
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 2_000 })
})

test('breakeven pays the maker fee in and the taker fee out', () => {
  // 0.02 % + 0.055 % = 0.075 % of 20,000 is 15.
  assert.ok(Math.abs(breakeven('long', 20_000, FEES) - 20_015) < 1e-9)
  assert.ok(Math.abs(breakeven('short', 20_000, FEES) - 19_985) < 1e-9)
})

test('only prices from the least price up to what can be counted are sendable', () => {
  const instrument = instrumentOf({ minPrice: ticks(3) })
  assert.ok(sendable(instrument, 0.3))
  assert.not(sendable(instrument, below(0.3)))
  assert.ok(sendable(instrument, 1e9))
  for (const price of [0, -0.1, -1e9, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 2 ** 52]) {
    assert.not(sendable(instrument, price), String(price))
  }
  assert.ok(sendable(instrumentOf(), 0.1))
  assert.not(sendable(instrumentOf(), 0.0999))
})

test('a stop and a target that meet the entry are out of order on either side', () => {
  const cases: readonly (readonly [number, number, number | null, boolean])[] = [
    [100, 99, 101, true],
    [100, 99, null, true],
    [100, 100, 101, false],
    [100, 101, null, false],
    [100, 99, 100, false],
    [100, 99, 99, false],
  ]
  for (const [entry, stop, target, expected] of cases) {
    const mirrored = target === null ? null : ticks(200 - target)
    assert.is(ordered('long', ticks(entry), ticks(stop), target === null ? null : ticks(target)), expected)
    assert.is(ordered('short', ticks(entry), ticks(200 - stop), mirrored), expected)
  }
})

test('a stop is moved only to a tighter tick that the mark has not reached', () => {
  const long = positionOf({ stop: ticks(950) })
  assert.is(tighterStop(long, 95, 100), undefined)
  assert.is(tighterStop(long, 94, 100), undefined)
  assert.is(tighterStop(long, 95.01, 100), 951)
  assert.is(tighterStop(long, 99.9, 100), 999)
  assert.is(tighterStop(long, 99.91, 100), undefined)
  assert.is(tighterStop(long, 101, 100), undefined)
  const short = positionOf({ side: 'short', stop: ticks(1050) })
  assert.is(tighterStop(short, 105, 100), undefined)
  assert.is(tighterStop(short, 106, 100), undefined)
  assert.is(tighterStop(short, 104.99, 100), 1049)
  assert.is(tighterStop(short, 100.1, 100), 1001)
  assert.is(tighterStop(short, 100.09, 100), undefined)
  assert.is(tighterStop(short, 0.01, 100), undefined)
  for (const position of [long, short]) {
    assert.is(tighterStop(position, Number.NaN, 100), undefined)
    assert.is(tighterStop(position, 100, Number.NaN), undefined)
  }
})

test('a position taken at the market has its stop and target on their sides, rounded to the tighter and the passive side', () => {
  const instrument = instrumentOf({ tick: '0.1' })
  assert.equal(protectedAt(instrument, 'long', 100, 94.96, 105.01), { stop: 950, target: 1_051 })
  assert.equal(protectedAt(instrument, 'short', 100, 105.04, 94.99), { stop: 1_050, target: 949 })
  assert.equal(protectedAt(instrument, 'long', 100, 94.96, null), { stop: 950, target: null })
  assert.is(protectedAt(instrument, 'long', 100, 100, null), undefined)
  assert.is(protectedAt(instrument, 'long', 100, 95, 100), undefined)
  assert.is(protectedAt(instrument, 'short', 100, 99, null), undefined)
  assert.is(protectedAt(instrument, 'long', 100, -5, null), undefined)
  assert.is(protectedAt(instrument, 'long', Number.NaN, 95, null), undefined)
})

test.run()
