import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import { DAY, HOUR, MINUTE } from '../base/units.ts'
import { FEES, instrumentOf, MIDNIGHT, positionOf } from '../decision/view.fixture.ts'
import type { Candle } from '../market/candles.ts'
import { UNIVERSE } from '../market/tiers.ts'
import { Cursor, SymbolState } from './symbol.ts'

const test = suite('symbol')

const daily = (start: number, close: number): Candle => ({
  start,
  open: close,
  high: close * 1.01,
  low: close * 0.99,
  close,
  volume: 1_000,
  turnover: Number.NaN,
})

function symbolWith(days: number, seed = 1): SymbolState {
  const symbol = new SymbolState(instrumentOf(), UNIVERSE)
  const source = random(seed)
  let close = 100
  for (let day = days; day > 0; day--) {
    close *= 1 + 0.03 * source.normal()
    symbol.closeDaily(daily(MIDNIGHT - day * DAY, close))
  }
  return symbol
}

test('settlements go on at the announced interval until another one is told', () => {
  const symbol = new SymbolState(instrumentOf(), UNIVERSE)
  assert.is(symbol.nextFunding(MIDNIGHT), null)
  symbol.rate(0.0001, 8 * HOUR, MIDNIGHT + 8 * HOUR)
  const after = (hours: number): number =>
    (Number(symbol.nextFunding(MIDNIGHT + hours * HOUR)) - MIDNIGHT) / HOUR
  assert.equal([0, 7.99, 8, 15.99, 16, 50].map(after), [8, 8, 16, 16, 24, 56])
  const view = new Cursor(FEES).pointAt(symbol, MIDNIGHT + 9 * HOUR)
  assert.equal(
    [view.funding, view.fundingInterval, view.nextFunding],
    [0.0001, 8 * HOUR, MIDNIGHT + 16 * HOUR],
  )
  symbol.rate(0.0001, HOUR, MIDNIGHT + 10 * HOUR)
  assert.equal([9, 10, 10.5].map(after), [10, 11, 11])
  const loaded = SymbolState.load(JSON.parse(JSON.stringify(symbol.save())), UNIVERSE)
  assert.is(loaded.nextFunding(MIDNIGHT + 10 * HOUR), MIDNIGHT + 11 * HOUR)
  // An announcement that is past says nothing where the interval is not known.
  symbol.rate(0.0001, null, MIDNIGHT + 10 * HOUR)
  assert.is(symbol.nextFunding(MIDNIGHT + 9 * HOUR), MIDNIGHT + 10 * HOUR)
  assert.is(symbol.nextFunding(MIDNIGHT + 10 * HOUR), null)
})

test('before its first candle a symbol knows neither prices nor bands', () => {
  const symbol = new SymbolState(instrumentOf(), UNIVERSE)
  const view = new Cursor(FEES).pointAt(symbol, MIDNIGHT)
  assert.is(view.lower, undefined)
  assert.is(view.bbPercent(100), undefined)
  assert.is(view.change, undefined)
  assert.is(view.turnover, 0)
  assert.is(view.downDays, 0)
  assert.ok(Number.isNaN(symbol.mark))
  assert.is(symbol.newest('1d'), Number.NEGATIVE_INFINITY)
})

test('bands come with the 20th daily candle, the squeeze with the 139th', () => {
  const cursor = new Cursor(FEES)
  assert.is(cursor.pointAt(symbolWith(19), MIDNIGHT).lower, undefined)
  const view = cursor.pointAt(symbolWith(20), MIDNIGHT)
  assert.ok(view.lower !== undefined && view.middle !== undefined && view.upper !== undefined)
  assert.is(cursor.pointAt(symbolWith(138), MIDNIGHT).squeeze, undefined)
  assert.type(cursor.pointAt(symbolWith(139), MIDNIGHT).squeeze, 'number')
})

test('the close of a daily candle is a price, unless a later one is known', () => {
  const symbol = symbolWith(1)
  const close = symbol.last
  assert.is(symbol.lastAt, MIDNIGHT)
  symbol.price(MIDNIGHT + HOUR, 90, 91)
  symbol.price(MIDNIGHT + HOUR - 1, 80, 81)
  assert.equal([symbol.last, symbol.mark, symbol.lastAt], [90, 91, MIDNIGHT + HOUR])
  symbol.price(MIDNIGHT + 2 * DAY, 95, 95)
  symbol.closeDaily(daily(MIDNIGHT, 50))
  assert.is(symbol.last, 95)
  assert.ok(close > 0)
})

test('candles that come twice, or go back, break an invariant', () => {
  const symbol = symbolWith(3)
  assert.throws(() => symbol.closeDaily(daily(MIDNIGHT - DAY, 100)), /broken invariant/)
  assert.throws(() => symbol.closeDaily(daily(MIDNIGHT - 2 * DAY, 100)), /broken invariant/)
})

test('missing daily candles count for as long as the window of the bands reaches over the hole', () => {
  const symbol = symbolWith(30)
  assert.is(symbol.missingCandles('1d'), 0)
  symbol.closeDaily(daily(MIDNIGHT + 3 * DAY, 100))
  for (let day = 4; day < 23; day++) {
    assert.is(symbol.missingCandles('1d'), 3)
    symbol.closeDaily(daily(MIDNIGHT + day * DAY, 100))
  }
  assert.is(symbol.missingCandles('1d'), 0)
})

test('the 15-minute ATR needs 15 candles and is used for half an hour after the last closed', () => {
  const symbol = symbolWith(1)
  const quarter = (i: number): void =>
    symbol.close15({ ...daily(MIDNIGHT + i * 15 * MINUTE, 100 + (i % 2)), high: 102, low: 99 })
  for (let i = 0; i < 14; i++) quarter(i)
  const end = MIDNIGHT + 15 * 15 * MINUTE
  assert.is(symbol.minutes15.atr(end), null)
  quarter(14)
  assert.is(symbol.minutes15.atr(end), 3)
  assert.is(symbol.minutes15.atr(end + 30 * MINUTE), 3)
  assert.is(symbol.minutes15.atr(end + 30 * MINUTE + 1), null)
})

/** 5-minute candles from midnight on, with the closes given. */
function five(symbol: SymbolState, closes: readonly number[], first = 0): void {
  for (const [i, close] of closes.entries()) symbol.close5(daily(MIDNIGHT + (first + i) * 5 * MINUTE, close))
}

test('without 5-minute candles a symbol shows none; the first is one without bands and RSI', () => {
  const symbol = symbolWith(1)
  const view = new Cursor(FEES).pointAt(symbol, MIDNIGHT)
  assert.is(view.minutes5, undefined)
  assert.is(symbol.newest('5m'), Number.NEGATIVE_INFINITY)
  assert.is(symbol.isCurrent('5m', MIDNIGHT), false)
  five(symbol, [101])
  const { minutes5 } = view
  assert.equal(
    [minutes5?.candleStart, minutes5?.price, minutes5?.middle, minutes5?.rsi, minutes5?.bbPercent(100)],
    [MIDNIGHT, 101, undefined, undefined, undefined],
  )
})

test('the 5-minute bands come with 20 candles, the RSI with 15', () => {
  const symbol = symbolWith(1)
  const view = new Cursor(FEES).pointAt(symbol, MIDNIGHT)
  five(
    symbol,
    Array.from({ length: 15 }, (_, i) => (i % 2 === 0 ? 98 : 102)),
  )
  assert.is(view.minutes5?.rsi, 50)
  assert.is(view.minutes5?.middle, undefined)
  five(symbol, [102, 98, 102, 98, 102], 15)
  // Half of them at 98, half at 102: a deviation of 2 about 100.
  const { lower, middle, upper, bbPercent } = view.minutes5 ?? {}
  assert.equal([lower, middle, upper], [96, 100, 104])
  assert.is(bbPercent?.call(view.minutes5, 98), 25)
})

test('a 5-minute candle is current up to the moment at which the next one has closed', () => {
  const symbol = symbolWith(1)
  five(symbol, [101])
  assert.is(symbol.isCurrent('5m', MIDNIGHT + 10 * MINUTE - 1), true)
  assert.is(symbol.isCurrent('5m', MIDNIGHT + 10 * MINUTE), false)
})

test('the close of a 5-minute candle is a price, unless a later one is known', () => {
  const symbol = symbolWith(1)
  symbol.price(MIDNIGHT + 5 * MINUTE, 90, 91)
  five(symbol, [101])
  assert.equal([symbol.last, symbol.mark], [90, 91])
  five(symbol, [102], 1)
  assert.equal([symbol.last, symbol.mark, symbol.lastAt], [102, 102, MIDNIGHT + 10 * MINUTE])
})

test('a 5-minute candle that comes twice, or goes back, breaks an invariant', () => {
  const symbol = symbolWith(1)
  five(symbol, [101, 102])
  for (const first of [1, 0, -7]) assert.throws(() => five(symbol, [101], first), /broken invariant/)
})

test('missing 5-minute candles count within the day alone, for as long as the bands reach over the hole, and daily ones with them', () => {
  const symbol = symbolWith(30)
  five(
    symbol,
    Array.from({ length: 20 }, () => 100),
  )
  assert.is(symbol.missingCandles('5m'), 0)
  five(symbol, [100], 22)
  for (let i = 23; i < 42; i++) {
    assert.equal([symbol.missingCandles('5m'), symbol.missingCandles('1d')], [2, 0])
    five(symbol, [100], i)
  }
  assert.is(symbol.missingCandles('5m'), 0)
  symbol.closeDaily(daily(MIDNIGHT + 3 * DAY, 100))
  assert.equal([symbol.missingCandles('5m'), symbol.missingCandles('1d')], [3, 3])
})

test('what is saved of a symbol does not grow with its candles within the day', () => {
  const sizeAfter = (candles: number): number => {
    const symbol = symbolWith(30)
    for (let i = 0; i < candles; i++) {
      five(symbol, [100 + (i % 7)], i)
      symbol.close15(daily(MIDNIGHT + i * 15 * MINUTE, 100 + (i % 5)))
    }
    return JSON.stringify(symbol.save()).length
  }
  assert.ok(sizeAfter(3_000) < sizeAfter(200) + 500)
})

test('a saved symbol comes back the same to the last bit', () => {
  const symbol = symbolWith(200, 9)
  for (let i = 0; i < 40; i++) symbol.close15(daily(MIDNIGHT + i * 15 * MINUTE, 100 + Math.sin(i)))
  five(
    symbol,
    Array.from({ length: 300 }, (_, i) => 100 + 2 * Math.sin(i / 7)),
  )
  symbol.decided['5m'] = MIDNIGHT
  symbol.price(MIDNIGHT + DAY, 103.25, 103.5)
  symbol.funding = -0.0003
  symbol.decided['1d'] = MIDNIGHT - DAY
  const loaded = SymbolState.load(JSON.parse(JSON.stringify(symbol.save())), UNIVERSE)
  assert.equal(loaded.save(), symbol.save())
  const read = (of: SymbolState): unknown[] => {
    const view = new Cursor(FEES).pointAt(of, MIDNIGHT + DAY)
    const { lower, middle, upper, width, squeeze, rsi, downDays, upDays, turnover, change, candleStart } =
      view
    const bands = [view.bbPercent(100), view.weekBb(100), view.monthBb(100), view.agreement('long', 100)]
    const { minutes5 } = view
    const within = [minutes5?.lower, minutes5?.middle, minutes5?.upper, minutes5?.rsi, minutes5?.candleStart]
    return [
      ...within,
      lower,
      middle,
      upper,
      width,
      squeeze,
      rsi,
      downDays,
      upDays,
      turnover,
      change,
      candleStart,
      ...bands,
    ]
  }
  assert.equal(read(loaded), read(symbol))
  assert.is(
    loaded.minutes15.atr(MIDNIGHT + 10 * HOUR + 15 * MINUTE),
    symbol.minutes15.atr(MIDNIGHT + 10 * HOUR + 15 * MINUTE),
  )
  for (const one of [symbol, loaded]) {
    five(one, [97, 99, 101], 300)
    one.close15(daily(MIDNIGHT + 40 * 15 * MINUTE, 98))
  }
  assert.equal(loaded.save(), symbol.save())
  assert.equal(read(loaded), read(symbol))
})

test('a symbol without a price is saved without one', () => {
  const symbol = new SymbolState(instrumentOf(), UNIVERSE)
  const loaded = SymbolState.load(JSON.parse(JSON.stringify(symbol.save())), UNIVERSE)
  assert.ok(Number.isNaN(loaded.last) && Number.isNaN(loaded.mark))
})

test('a blank turnover is volume times the typical price', () => {
  const symbol = symbolWith(1)
  const view = new Cursor(FEES).pointAt(symbol, MIDNIGHT)
  assert.ok(Math.abs(view.turnover - 1_000 * view.price) < 1e-6)
})

test('tier and never-short are of the coin behind the name', () => {
  const of = (symbol: string): SymbolState => new SymbolState(instrumentOf({ symbol }), UNIVERSE)
  assert.is(of('1000PEPEUSDT').tier, 'D')
  assert.is(of('BTCUSDT').tier, 'S')
  assert.is(of('XRPUSDT').neverShort, true)
  assert.is(of('SOLUSDT').neverShort, false)
})

test('the cursor shows the position it was pointed at, and none otherwise', () => {
  const cursor = new Cursor(FEES)
  const position = positionOf()
  const symbol = symbolWith(1)
  assert.is(cursor.pointAt(symbol, MIDNIGHT, position).position, position)
  assert.throws(() => cursor.pointAt(symbol, MIDNIGHT).position, /broken invariant/)
  assert.throws(() => new Cursor(FEES).symbol, /broken invariant/)
})

test.run()
