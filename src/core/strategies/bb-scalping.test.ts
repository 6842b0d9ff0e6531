import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../base/units.ts'
import { keepsEntryContract } from '../decision/contract.fixture.ts'
import {
  above,
  below,
  instrumentOf,
  minutes5Of,
  type Sketch,
  ticks,
  viewOf,
} from '../decision/view.fixture.ts'
import type { IntradayView } from '../decision/view.ts'
import { bbScalping } from './bb-scalping.ts'

const test = suite('bb-scalping')
const { params } = bbScalping
const SEED = 20_260_106

/** 5-minute bands of 90, 100, 110: a price of 91 is BB% 5, one of 109 BB% 95. */
function decide(minutes: Partial<Omit<IntradayView, 'bbPercent'>>, sketch: Sketch = {}) {
  const minutes5 = minutes5Of({ lower: 90, middle: 100, upper: 110, rsi: 50, ...minutes })
  return bbScalping.decide(viewOf({ price: 150, last: minutes5.price, minutes5, ...sketch }), params)
}

const kinds = (intents: ReturnType<typeof decide>): string[] => intents.map(({ kind }) => kind)

test('BB% of at most 5 and an RSI below 35 buy at the market, stop 3 % under the close, target the middle', () => {
  assert.equal(decide({ price: 91, rsi: 34.9 }), [
    {
      kind: 'enter',
      side: 'long',
      order: { type: 'market' },
      // 0.97 x 91 = 88.27.
      stop: 883,
      target: 1000,
      leverage: 10,
      reason: '5m BB% 5.0 <= 5, RSI 34.9: at the market, target the middle',
    },
  ])
})

test('BB% of at least 95 and an RSI above 65 sell at the market, stop 3 % over the close, target the middle', () => {
  assert.equal(decide({ price: 109, rsi: 65.1 }), [
    {
      kind: 'enter',
      side: 'short',
      order: { type: 'market' },
      // 1.03 x 109 = 112.27.
      stop: 1122,
      target: 1000,
      leverage: 10,
      reason: '5m BB% 95.0 >= 95, RSI 65.1: at the market, target the middle',
    },
  ])
})

test('BB% of exactly 5 or 95 enters, the next number inside is nothing', () => {
  for (const [price, rsi] of [
    [91, 30],
    [below(91), 30],
    [109, 70],
    [above(109), 70],
  ]) {
    assert.equal(kinds(decide({ price, rsi })), ['enter'])
  }
  for (const [price, rsi] of [
    [91.0001, 30],
    [108.9999, 70],
    [100, 30],
    [100, 70],
  ]) {
    assert.equal(decide({ price, rsi }), [])
  }
})

test('an RSI of exactly 35 or 65 is nothing, the next number beyond enters', () => {
  for (const [price, rsi, kind] of [
    [90, 35, []],
    [90, below(35), ['enter']],
    [110, 65, []],
    [110, above(65), ['enter']],
    // The RSI of the other side is none of this one.
    [90, 80, []],
    [110, 20, []],
  ] as const) {
    assert.equal(kinds(decide({ price, rsi })), kind)
  }
})

test('the 5-minute close decides, not the daily one', () => {
  assert.equal(kinds(decide({ price: 91, rsi: 30 }, { price: 199, rsi: 80 })), ['enter'])
  assert.equal(decide({ price: 100, rsi: 30 }, { price: 100, rsi: 20 }), [])
})

test('the never-short list keeps it from selling, not from buying', () => {
  assert.equal(decide({ price: 109, rsi: 70 }, { neverShort: true }), [])
  assert.equal(kinds(decide({ price: 91, rsi: 30 }, { neverShort: true })), ['enter'])
})

test('a target nearer than three times both taker fees and 4 basis points is refused, on both sides', () => {
  // 3 x (2 x 0.055 % + 0.04 %) = 0.45 %.
  for (const [side, rsi] of [
    [1, 30],
    [-1, 70],
  ] as const) {
    const at = (percent: number) => {
      const middle = 1000 * (1 + (side * percent) / 100)
      const bands = { lower: middle - 1000 * 0.004, middle, upper: middle + 1000 * 0.004 }
      return decide({ ...bands, price: 1000, rsi }, { wantsReasons: true })
    }
    assert.equal(kinds(at(0.4501)), ['enter'])
    assert.equal(kinds(at(0.4499)), ['hold'])
    assert.match(at(0.44)[0].reason, /^% to the middle 0.44, has to be at least 0.45/)
  }
})

test('costs of exactly the distance let it pass: it is refused when nearer', () => {
  const fees = { maker: 0, taker: 0 }
  const minutes5 = minutes5Of({ lower: 124, middle: 128.5, upper: 133, price: 128, rsi: 20 })
  const ask = (costMultiple: number, slippageBasisPoints: number) =>
    bbScalping.decide(viewOf({ last: 128, fees, minutes5, wantsReasons: true }), {
      ...params,
      longBbPercentTo: 50,
      costMultiple,
      slippageBasisPoints,
    })
  // 0.5 / 128 is 2^-8, as is 39.0625 basis points.
  assert.equal(kinds(ask(1, 39.0625)), ['enter'])
  assert.equal(kinds(ask(1, 39.07)), ['hold'])
})

test('a live price that has run towards the target leaves less to earn, one that has run past it nothing', () => {
  assert.equal(kinds(decide({ price: 91, rsi: 30 }, { last: 99 })), ['enter'])
  assert.equal(kinds(decide({ price: 91, rsi: 30 }, { last: 99.6, wantsReasons: true })), ['hold'])
  assert.equal(decide({ price: 91, rsi: 30 }, { last: 101 }), [])
  assert.equal(kinds(decide({ price: 109, rsi: 70 }, { last: 100.5 })), ['enter'])
  assert.equal(kinds(decide({ price: 109, rsi: 70 }, { last: 100.4, wantsReasons: true })), ['hold'])
  assert.equal(decide({ price: 109, rsi: 70 }, { last: 99 }), [])
})

test('a live price beyond the stop is no entry', () => {
  assert.equal(decide({ price: 91, rsi: 30 }, { last: 88 }), [])
  assert.equal(decide({ price: 109, rsi: 70 }, { last: 113 }), [])
})

test('without 5-minute candles, their bands or RSI, or the daily bands there is nothing', () => {
  const price = { price: 91, rsi: 30 }
  assert.equal(kinds(decide(price)), ['enter'])
  assert.equal(bbScalping.decide(viewOf({ price: 91, rsi: 30 }), params), [])
  assert.equal(decide({ ...price, lower: undefined, middle: undefined, upper: undefined }), [])
  assert.equal(decide({ ...price, rsi: undefined }), [])
  assert.equal(decide(price, { lower: undefined, middle: undefined, upper: undefined }), [])
})

test('the stop rounds to the tighter side, the target to the passive one', () => {
  const prices = (minutes: Parameters<typeof decide>[0]): unknown => {
    const [intent] = decide(minutes)
    return intent?.kind === 'enter' ? [intent.stop, intent.target] : intent
  }
  // 0.97 x 90.03 = 87.3291; 1.03 x 109.97 = 113.2691.
  assert.equal(prices({ price: 90.03, middle: 99.97, rsi: 20 }), [ticks(874), ticks(1000)])
  assert.equal(prices({ price: 109.97, middle: 99.97, rsi: 80 }), [ticks(1132), ticks(999)])
})

test('ticks that bring price, stop and target together are no entry', () => {
  const instrument = instrumentOf({ tick: '100' })
  for (const [price, rsi] of [
    [91, 30],
    [109, 70],
  ]) {
    assert.equal(decide({ price, rsi }, { instrument }), [])
  }
})

test('its terms are those of the table: 3 positions, 1 h a coin, 5 % risk at leverage 10', () => {
  assert.equal(bbScalping.terms(params), {
    leverage: 10,
    risk: 0.05,
    maxPositions: 3,
    cooldown: HOUR,
    cooldownAfterStop: 0,
    cooldownAfterTarget: 0,
    maxHold: null,
    partialTargets: false,
  })
  assert.is(bbScalping.timeframe, '5m')
})

test(`a market and its mirror image want mirrored entries (seed ${SEED})`, () => {
  // Mirrored at 1000. Whole numbers, so that BB% is the same to the last bit on both sides.
  const mirror = (price: number): number => 2000 - price
  const instrument = instrumentOf({ tick: '1' })
  let entered = 0
  const property = fc.property(
    fc.integer({ min: 900, max: 1100 }),
    fc.integer({ min: 1, max: 5 }).map(times => 50 * times),
    fc.integer({ min: -20, max: 120 }),
    fc.integer({ min: 0, max: 100 }),
    (middle, half, bb, rsi) => {
      const price = middle - half + (2 * half * bb) / 100
      const [one] = decide({ lower: middle - half, middle, upper: middle + half, price, rsi }, { instrument })
      const [other] = decide(
        {
          lower: mirror(middle + half),
          middle: mirror(middle),
          upper: mirror(middle - half),
          price: mirror(price),
          rsi: 100 - rsi,
        },
        { instrument },
      )
      assert.is(one?.kind, other?.kind)
      if (one?.kind !== 'enter' || other?.kind !== 'enter') return
      entered++
      assert.is.not(one.side, other.side)
      assert.is(one.target, mirror(other.target ?? Number.NaN))
      for (const [{ stop }, from] of [
        [one, price],
        [other, mirror(price)],
      ] as const) {
        const away = Math.abs(stop - from)
        assert.ok(away <= 0.03 * from && away > 0.03 * from - 1, `${away} from ${from}`)
      }
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 2_000 })
  assert.ok(entered > 100, `only ${entered} entries`)
})

keepsEntryContract(test, bbScalping)

test.run()
