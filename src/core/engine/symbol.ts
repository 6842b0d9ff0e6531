import type { AlertView, QuarterView } from '../alerts/alert.ts'
import { assert, broken } from '../base/assert.ts'
import { DAY, MINUTE, type Percent, type Price, type Timestamp, type Usdt } from '../base/units.ts'
import { agreement } from '../decision/agreement.ts'
import type { Fees, PositionView } from '../decision/view.ts'
import { Atr } from '../indicators/atr.ts'
import { bandwidthColumn } from '../indicators/bandwidth.ts'
import { bollinger } from '../indicators/bollinger.ts'
import { DailyIndicators } from '../indicators/daily.ts'
import { percentB } from '../indicators/percent-b.ts'
import { SQUEEZE_WINDOW, squeeze } from '../indicators/squeeze.ts'
import { type Candle, CandleSeries, turnoverAt } from '../market/candles.ts'
import type { Instrument } from '../market/instrument.ts'
import { RecentCandles } from '../market/recent-candles.ts'
import type { Side } from '../market/side.ts'
import { isNeverShort, type Tier, tierOf, type UniverseParams } from '../market/tiers.ts'
import type { Position } from '../portfolio/position.ts'
import type { SavedCandles, SavedSymbol } from './state.ts'

/** The 15-minute ATR is used for this long after its candle closed. */
const ATR_FRESH = 30 * MINUTE
/** Closes the daily bands are made of. */
const BAND_CANDLES = 20
/** 15-minute candles that alerts look back on: as many widths as a squeeze is ranked among. */
const QUARTERS = SQUEEZE_WINDOW + BAND_CANDLES - 1
const QUARTERS_A_DAY = DAY / (15 * MINUTE)
/** Candles before the newest whose mean volume it is compared with. */
const VOLUME_CANDLES = 15

/** What the engine knows of one symbol's market. */
export class SymbolState {
  instrument: Instrument
  readonly tier: Tier
  readonly neverShort: boolean
  readonly daily: CandleSeries
  readonly indicators = new DailyIndicators()
  readonly minutes15: CandleSeries
  readonly #atr = new Atr(14)
  #atrNow: number | undefined
  readonly #quarters = new RecentCandles('15m', QUARTERS)
  /** Daily candles since the last gap, and how many that gap swallowed. */
  #sinceGap = 0
  #gap = 0
  last: Price = Number.NaN
  lastAt: Timestamp = 0
  mark: Price = Number.NaN
  /** Per 8 h, positive when longs pay. */
  funding: number | null = null
  /** Start of the daily candle decided on last. */
  decided: Timestamp = -1

  constructor(instrument: Instrument, universe: UniverseParams) {
    this.instrument = instrument
    this.tier = tierOf(universe, instrument.symbol)
    this.neverShort = isNeverShort(universe, instrument.symbol)
    this.daily = new CandleSeries(instrument.symbol, '1d', 64)
    this.minutes15 = new CandleSeries(instrument.symbol, '15m', 0)
  }

  /** Start of the newest closed daily candle; long ago when there is none. */
  get newestDaily(): Timestamp {
    const { daily } = this
    return daily.length === 0 ? Number.NEGATIVE_INFINITY : daily.start[daily.length - 1]
  }

  /** Takes a closed daily candle. Its close is also a price, unless a later one is known. */
  closeDaily(candle: Candle): void {
    const { daily } = this
    const previous = daily.length === 0 ? candle.start - DAY : daily.start[daily.length - 1]
    if (!(candle.start > previous))
      broken(`${daily.symbol}: daily candle ${candle.start} comes after ${previous}`)
    const missing = (candle.start - previous) / DAY - 1
    if (missing > 0) {
      this.#gap = missing
      this.#sinceGap = 0
    }
    this.#sinceGap++
    daily.push(
      candle.start,
      candle.open,
      candle.high,
      candle.low,
      candle.close,
      candle.volume,
      candle.turnover,
    )
    this.indicators.push(candle.start, candle.open, candle.high, candle.low, candle.close)
    const end = candle.start + DAY
    if (end > this.lastAt) this.price(end, candle.close, candle.close)
  }

  /** Takes a closed 15-minute candle. */
  close15(candle: Candle): void {
    const { start, open, high, low, close, volume, turnover } = candle
    this.minutes15.push(start, open, high, low, close, volume, turnover)
    this.#atrNow = this.#atr.push(high, low, close)
    this.#quarters.push(start, close, volume)
  }

  /** Start of the newest closed 15-minute candle; long ago when there is none. */
  get newestQuarter(): Timestamp {
    return this.#quarters.newest
  }

  /** What alerts see of the 15-minute candles, reckoned anew; `undefined` without any. */
  quarter(): QuarterView | undefined {
    const quarters = this.#quarters
    const close = quarters.close(0)
    if (close === undefined) return undefined
    const since = (ago: number): Percent | undefined => {
      const before = quarters.close(ago)
      return before === undefined ? undefined : (100 * (close - before)) / before
    }
    return {
      change: since(1),
      change24h: since(QUARTERS_A_DAY),
      squeeze: squeezeOf(quarters.closes(QUARTERS)),
      volumeRatio: volumeRatioOf(quarters),
    }
  }

  save(): SavedSymbol {
    const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)
    return {
      instrument: this.instrument,
      daily: saveCandles(this.daily),
      minutes15: saveCandles(this.minutes15),
      last: orNull(this.last),
      lastAt: this.lastAt,
      mark: orNull(this.mark),
      funding: this.funding,
      decided: this.decided,
    }
  }

  static load(saved: SavedSymbol, universe: UniverseParams): SymbolState {
    const symbol = new SymbolState(saved.instrument, universe)
    forEachCandle(saved.daily, candle => symbol.closeDaily(candle))
    forEachCandle(saved.minutes15, candle => symbol.close15(candle))
    symbol.last = saved.last ?? Number.NaN
    symbol.lastAt = saved.lastAt
    symbol.mark = saved.mark ?? Number.NaN
    symbol.funding = saved.funding
    symbol.decided = saved.decided
    return symbol
  }

  price(at: Timestamp, last: Price, mark: Price): void {
    if (at < this.lastAt) return
    this.lastAt = at
    this.last = last
    this.mark = mark
  }

  /** ATR 14 on 15-minute candles, `null` without enough of them or when the newest is older than half an hour. */
  atr15m(now: Timestamp): Price | null {
    const { minutes15 } = this
    if (this.#atrNow === undefined) return null
    const closed = minutes15.start[minutes15.length - 1] + 15 * MINUTE
    return now - closed <= ATR_FRESH ? this.#atrNow : null
  }

  /** Daily candles missing inside the window of the daily bands. */
  missingCandles(): number {
    return this.#sinceGap < BAND_CANDLES ? this.#gap : 0
  }
}

function squeezeOf(closes: Float64Array | undefined): Percent | undefined {
  if (closes === undefined) return undefined
  const { length } = closes
  return squeeze(bandwidthColumn(bollinger(closes, length), length), length)[length - 1]
}

function volumeRatioOf(quarters: RecentCandles): number | undefined {
  const newest = quarters.volume(0)
  let before = 0
  for (let ago = 1; ago <= VOLUME_CANDLES; ago++) before += quarters.volume(ago) ?? Number.NaN
  const ratio = newest === undefined ? Number.NaN : (newest * VOLUME_CANDLES) / before
  return Number.isFinite(ratio) ? ratio : undefined
}

function saveCandles(candles: CandleSeries): SavedCandles {
  const list = (column: Float64Array): number[] => Array.from(column.subarray(0, candles.length))
  return {
    start: list(candles.start),
    open: list(candles.open),
    high: list(candles.high),
    low: list(candles.low),
    close: list(candles.close),
    volume: list(candles.volume),
    turnover: list(candles.turnover).map(value => (Number.isNaN(value) ? null : value)),
  }
}

function forEachCandle(saved: SavedCandles, take: (candle: Candle) => void): void {
  saved.start.forEach((start, i) => {
    take({
      start,
      open: saved.open[i],
      high: saved.high[i],
      low: saved.low[i],
      close: saved.close[i],
      volume: saved.volume[i],
      turnover: saved.turnover[i] ?? Number.NaN,
    })
  })
}

/**
 * The view strategies are shown: one cursor that the engine points at a symbol, and at a position where there is one.
 */
export class Cursor implements PositionView, AlertView {
  now: Timestamp = 0
  readonly fees: Fees
  #symbol: SymbolState | undefined
  #position: Position | undefined
  isHeld = false
  #row = -1

  constructor(fees: Fees) {
    this.fees = fees
  }

  /** Points at a symbol (with at least one closed daily candle, or none: then nothing is known of the bands). */
  pointAt(symbol: SymbolState, now: Timestamp, position?: Position, isHeld = position !== undefined): this {
    this.#symbol = symbol
    this.#position = position
    this.isHeld = isHeld
    this.now = now
    this.#row = symbol.daily.length - 1
    return this
  }

  get #s(): SymbolState {
    assert(this.#symbol !== undefined, 'the cursor points at a symbol')
    return this.#symbol
  }

  #at(column: Float64Array): number | undefined {
    if (this.#row < 0) return undefined
    const value = column[this.#row]
    return Number.isNaN(value) ? undefined : value
  }

  get symbol(): string {
    return this.#s.instrument.symbol
  }
  get instrument(): Instrument {
    return this.#s.instrument
  }
  get tier(): Tier {
    return this.#s.tier
  }
  get neverShort(): boolean {
    return this.#s.neverShort
  }
  get candleStart(): Timestamp {
    return this.#s.daily.start[this.#row]
  }
  get price(): Price {
    return this.#s.daily.close[this.#row]
  }
  get last(): Price {
    return this.#s.last
  }
  get mark(): Price {
    return this.#s.mark
  }
  get lower(): Price | undefined {
    return this.#at(this.#s.indicators.lower)
  }
  get middle(): Price | undefined {
    return this.#at(this.#s.indicators.middle)
  }
  get upper(): Price | undefined {
    return this.#at(this.#s.indicators.upper)
  }
  get width(): Percent | undefined {
    return this.#at(this.#s.indicators.width)
  }
  get squeeze(): Percent | undefined {
    return this.#at(this.#s.indicators.squeeze)
  }
  get rsi(): Percent | undefined {
    return this.#at(this.#s.indicators.rsi)
  }
  get downDays(): number {
    return this.#at(this.#s.indicators.downDays) ?? 0
  }
  get upDays(): number {
    return this.#at(this.#s.indicators.upDays) ?? 0
  }
  get turnover(): Usdt {
    return this.#row < 0 ? 0 : turnoverAt(this.#s.daily, this.#row)
  }
  /** Change of the close over the last daily candle, in percent. */
  get change(): Percent | undefined {
    if (this.#row < 1) return undefined
    const before = this.#s.daily.close[this.#row - 1]
    return (100 * (this.price - before)) / before
  }
  get quarter(): QuarterView | undefined {
    return this.#s.quarter()
  }
  highAt(ago: number): Price | undefined {
    const row = this.#row - ago
    return row < 0 ? undefined : this.#s.daily.high[row]
  }
  rsiAt(ago: number): Percent | undefined {
    const row = this.#row - ago
    const value = row < 0 ? Number.NaN : this.#s.indicators.rsi[row]
    return Number.isNaN(value) ? undefined : value
  }
  get position(): Position {
    assert(this.#position !== undefined, 'the cursor points at a position')
    return this.#position
  }

  bbPercent(price: Price): Percent | undefined {
    const { lower, upper } = this
    return lower === undefined || upper === undefined ? undefined : percentB(price, lower, upper)
  }
  weekBb(price: Price): Percent | undefined {
    const lower = this.#at(this.#s.indicators.weekLower)
    const upper = this.#at(this.#s.indicators.weekUpper)
    return lower === undefined || upper === undefined ? undefined : percentB(price, lower, upper)
  }
  monthBb(price: Price): Percent | undefined {
    const lower = this.#at(this.#s.indicators.monthLower)
    const upper = this.#at(this.#s.indicators.monthUpper)
    return lower === undefined || upper === undefined ? undefined : percentB(price, lower, upper)
  }
  agreement(side: Side, price: Price): 0 | 1 | 2 | 3 {
    return agreement(side, this.bbPercent(price), this.weekBb(price), this.monthBb(price))
  }
}
