import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import { DAY, MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { atr } from '../indicators/atr.ts'
import { bandColumns, bollinger } from '../indicators/bollinger.ts'
import { rsi } from '../indicators/rsi.ts'
import type { Candle } from '../market/candles.ts'
import { Minutes5, Minutes15 } from './minutes.ts'

const test = suite('minutes')

/** A walk of closed candles; `hole` of them are missing in the middle. */
function walk(count: number, span: Milliseconds, hole = 0): readonly Candle[] {
  const source = random(17)
  let close = 100
  return Array.from({ length: count }, (_, i) => {
    close *= 1 + 0.002 * source.normal()
    const start: Timestamp = MIDNIGHT + (i + (i >= count / 2 ? hole : 0)) * span
    return {
      start,
      open: close,
      high: close * 1.001,
      low: close * 0.999,
      close,
      volume: 10 + 5 * source.next(),
      turnover: Number.NaN,
    }
  })
}

const column = (candles: readonly Candle[], of: (candle: Candle) => number): Float64Array =>
  Float64Array.from(candles, of)

test('the figures of 5-minute candles are those of the indicators over all of them, saved and loaded after each', () => {
  const candles = walk(700, 5 * MINUTE, 3)
  const closes = column(candles, one => one.close)
  const bands = bollinger(closes, 700, bandColumns(700))
  const index = rsi(closes, 700)
  let minutes = new Minutes5()
  for (const [i, candle] of candles.entries()) {
    minutes.push(candle)
    minutes = Minutes5.load(JSON.parse(JSON.stringify(minutes.save())))
    const { lower, middle, upper, rsi: at } = minutes
    assert.equal(
      [lower, middle, upper, at].map(value => value ?? Number.NaN),
      [bands.lower[i], bands.middle[i], bands.upper[i], index[i]],
    )
    assert.equal([minutes.candleStart, minutes.price], [candle.start, candle.close])
    assert.is(minutes.missingCandles(), i >= 350 && i < 369 ? 3 : 0)
  }
})

test('the ATR of 15-minute candles is that of the indicator over all of them, saved and loaded after each', () => {
  const candles = walk(300, 15 * MINUTE)
  const expected = atr(
    column(candles, one => one.high),
    column(candles, one => one.low),
    column(candles, one => one.close),
    300,
  )
  let minutes = new Minutes15()
  for (const [i, candle] of candles.entries()) {
    minutes.push(candle)
    minutes = Minutes15.load(JSON.parse(JSON.stringify(minutes.save())))
    assert.equal([minutes.atr(candle.start + 15 * MINUTE) ?? Number.NaN], [expected[i]])
  }
})

test('what alerts see of 15-minute candles comes back the same from a save, before and after the window is full', () => {
  const candles = walk(200, 15 * MINUTE)
  const straight = new Minutes15()
  let cut = new Minutes15()
  assert.is(straight.quarter(), undefined)
  for (const candle of candles) {
    straight.push(candle)
    cut.push(candle)
    cut = Minutes15.load(JSON.parse(JSON.stringify(cut.save())))
    assert.equal(cut.quarter(), straight.quarter())
    assert.is(cut.newest, candle.start)
  }
  assert.type(straight.quarter()?.squeeze, 'number')
})

test('without candles there is nothing, also after a save', () => {
  const five = Minutes5.load(JSON.parse(JSON.stringify(new Minutes5().save())))
  assert.is(five.isEmpty, true)
  assert.is(five.missingCandles(), 0)
  const fifteen = Minutes15.load(JSON.parse(JSON.stringify(new Minutes15().save())))
  assert.is(fifteen.atr(MIDNIGHT + DAY), null)
  assert.is(fifteen.newest, Number.NEGATIVE_INFINITY)
})

test('a 5-minute candle that does not come after the one before breaks an invariant', () => {
  const minutes = new Minutes5()
  const [first] = walk(1, 5 * MINUTE)
  minutes.push(first)
  assert.throws(() => minutes.push(first), /broken invariant/)
})

test.run()
