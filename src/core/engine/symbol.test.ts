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

test('before its first candle a symbol knows neither prices nor bands', () => {
  const symbol = new SymbolState(instrumentOf(), UNIVERSE)
  const view = new Cursor(FEES).pointAt(symbol, MIDNIGHT)
  assert.is(view.lower, undefined)
  assert.is(view.bbPercent(100), undefined)
  assert.is(view.change, undefined)
  assert.is(view.turnover, 0)
  assert.is(view.downDays, 0)
  assert.ok(Number.isNaN(symbol.mark))
  assert.is(symbol.newestDaily, Number.NEGATIVE_INFINITY)
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
  assert.is(symbol.missingCandles(), 0)
  symbol.closeDaily(daily(MIDNIGHT + 3 * DAY, 100))
  for (let day = 4; day < 23; day++) {
    assert.is(symbol.missingCandles(), 3)
    symbol.closeDaily(daily(MIDNIGHT + day * DAY, 100))
  }
  assert.is(symbol.missingCandles(), 0)
})

test('the 15-minute ATR needs 15 candles and is used for half an hour after the last closed', () => {
  const symbol = symbolWith(1)
  const quarter = (i: number): void =>
    symbol.close15({ ...daily(MIDNIGHT + i * 15 * MINUTE, 100 + (i % 2)), high: 102, low: 99 })
  for (let i = 0; i < 14; i++) quarter(i)
  const end = MIDNIGHT + 15 * 15 * MINUTE
  assert.is(symbol.atr15m(end), null)
  quarter(14)
  assert.is(symbol.atr15m(end), 3)
  assert.is(symbol.atr15m(end + 30 * MINUTE), 3)
  assert.is(symbol.atr15m(end + 30 * MINUTE + 1), null)
})

test('a saved symbol comes back the same to the last bit', () => {
  const symbol = symbolWith(200, 9)
  for (let i = 0; i < 40; i++) symbol.close15(daily(MIDNIGHT + i * 15 * MINUTE, 100 + Math.sin(i)))
  symbol.price(MIDNIGHT + DAY, 103.25, 103.5)
  symbol.funding = -0.0003
  symbol.decided = MIDNIGHT - DAY
  const loaded = SymbolState.load(JSON.parse(JSON.stringify(symbol.save())), UNIVERSE)
  assert.equal(loaded.save(), symbol.save())
  const read = (of: SymbolState): unknown[] => {
    const view = new Cursor(FEES).pointAt(of, MIDNIGHT + DAY)
    const { lower, middle, upper, width, squeeze, rsi, downDays, upDays, turnover, change, candleStart } =
      view
    const bands = [view.bbPercent(100), view.weekBb(100), view.monthBb(100), view.agreement('long', 100)]
    return [
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
    loaded.atr15m(MIDNIGHT + 10 * HOUR + 15 * MINUTE),
    symbol.atr15m(MIDNIGHT + 10 * HOUR + 15 * MINUTE),
  )
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
