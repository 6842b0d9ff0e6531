import type { AlertView, QuarterView } from '../alerts/alert.ts'
import { assert, broken } from '../base/assert.ts'
import { numberOrNull } from '../base/json-number.ts'
import { DAY, type Milliseconds, type Percent, type Price, type Timestamp, type Usdt } from '../base/units.ts'
import { agreement } from '../decision/agreement.ts'
import type { Timeframe } from '../decision/strategy.ts'
import type { Fees, IntradayView, PositionView, StopOut } from '../decision/view.ts'
import { CORRELATED_HOURS } from '../guards/correlation.ts'
import type { HourlyCloses } from '../guards/guard.ts'
import { BAND_PERIOD } from '../indicators/bollinger.ts'
import { DailyIndicators } from '../indicators/daily.ts'
import { percentB } from '../indicators/percent-b.ts'
import { type Candle, CandleSeries, turnoverAt } from '../market/candles.ts'
import type { Instrument } from '../market/instrument.ts'
import { INTERVAL_MS, type Interval } from '../market/interval.ts'
import { RecentCandles } from '../market/recent-candles.ts'
import type { Side } from '../market/side.ts'
import { isNeverShort, type Tier, tierOf, type UniverseParams } from '../market/tiers.ts'
import type { Position } from '../portfolio/position.ts'
import { Minutes5, Minutes15 } from './minutes.ts'
import type { SavedCandles, SavedSymbol } from './state.ts'

/** What the engine knows of a symbol that does not follow from its instrument and its candles. */
export type SeenSymbol = Omit<SavedSymbol, 'instrument' | 'daily' | 'hours' | 'minutes15' | 'minutes5'>

/** What the engine knows of one symbol's market. */
export class SymbolState {
  instrument: Instrument
  readonly tier: Tier
  readonly neverShort: boolean
  readonly daily: CandleSeries
  readonly indicators = new DailyIndicators()
  readonly #hours = new RecentCandles('1h', CORRELATED_HOURS)
  minutes15 = new Minutes15()
  minutes5 = new Minutes5()
  /** Daily candles since the last gap, and how many that gap swallowed. */
  #sinceGap = 0
  #gap = 0
  last: Price = Number.NaN
  lastAt: Timestamp = 0
  mark: Price = Number.NaN
  /** Per 8 h, positive when longs pay. */
  funding: number | null = null
  /** How far its settlements lie apart at present; `null` where that is not known. */
  fundingInterval: Milliseconds | null = null
  /** The settlement that was announced last. */
  #announced: Timestamp | null = null
  /** Start of the candle decided on last, by timeframe; before all candles at first. */
  readonly decided: { [K in Timeframe]: Timestamp } = { '1d': -1, '5m': -1 }

  constructor(instrument: Instrument, universe: UniverseParams) {
    this.instrument = instrument
    this.tier = tierOf(universe, instrument.symbol)
    this.neverShort = isNeverShort(universe, instrument.symbol)
    this.daily = new CandleSeries(instrument.symbol, '1d', 64)
  }

  /** Start of the newest closed candle that decisions of a timeframe are about; long ago when there is none. */
  newest(timeframe: Timeframe): Timestamp {
    if (timeframe === '5m') {
      return this.minutes5.isEmpty ? Number.NEGATIVE_INFINITY : this.minutes5.candleStart
    }
    const { daily } = this
    return daily.length === 0 ? Number.NEGATIVE_INFINITY : daily.start[daily.length - 1]
  }

  /** Whether the newest closed candle of a timeframe is the newest there can be. */
  isCurrent(timeframe: Timeframe, now: Timestamp): boolean {
    return now < this.newest(timeframe) + 2 * INTERVAL_MS[timeframe]
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
    this.#closedAt(candle.start + DAY, candle.close)
  }

  /** Takes a closed 5-minute candle. Its close is also a price, unless a later one is known. */
  close5(candle: Candle): void {
    this.minutes5.push(candle)
    this.#closedAt(candle.start + INTERVAL_MS['5m'], candle.close)
  }

  #closedAt(end: Timestamp, close: Price): void {
    if (end > this.lastAt) this.price(end, close, close)
  }

  /** Takes a closed candle; false when no view shows those of its interval. */
  close(interval: Interval, candle: Candle): boolean {
    switch (interval) {
      case '1d':
        this.closeDaily(candle)
        return true
      case '15m':
        this.close15(candle)
        return true
      case '5m':
        this.close5(candle)
        return true
      default:
        return false
    }
  }

  /** Takes a closed hourly candle. */
  closeHour({ start, close, volume }: Candle): void {
    this.#hours.push(start, close, volume)
  }

  /** The newest hourly closes, as many as are correlated; `undefined` when there are fewer without a hole. */
  hourlyCloses(): HourlyCloses | undefined {
    const closes = this.#hours.closes(CORRELATED_HOURS)
    if (closes === undefined) return undefined
    return { end: this.#hours.newest + INTERVAL_MS['1h'], closes: [...closes] }
  }

  /** Takes a closed 15-minute candle. */
  close15(candle: Candle): void {
    this.minutes15.push(candle)
  }

  /** What is known of it beside its instrument and its candles. */
  seen(): SeenSymbol {
    return {
      last: numberOrNull(this.last),
      lastAt: this.lastAt,
      mark: numberOrNull(this.mark),
      funding: this.funding,
      fundingInterval: this.fundingInterval,
      nextFunding: this.#announced,
      decided: { ...this.decided },
    }
  }

  /** Puts back what `seen` has told. */
  see(seen: SeenSymbol): void {
    this.last = seen.last ?? Number.NaN
    this.lastAt = seen.lastAt
    this.mark = seen.mark ?? Number.NaN
    this.funding = seen.funding
    this.fundingInterval = seen.fundingInterval ?? null
    this.#announced = seen.nextFunding ?? null
    Object.assign(this.decided, seen.decided)
  }

  save(): SavedSymbol {
    return {
      instrument: this.instrument,
      daily: saveCandles(this.daily),
      hours: this.#hours.save(),
      minutes15: this.minutes15.save(),
      minutes5: this.minutes5.save(),
      ...this.seen(),
    }
  }

  static load(saved: SavedSymbol, universe: UniverseParams): SymbolState {
    const symbol = new SymbolState(saved.instrument, universe)
    forEachCandle(saved.daily, candle => symbol.closeDaily(candle))
    symbol.#hours.load(saved.hours)
    symbol.minutes15 = Minutes15.load(saved.minutes15)
    symbol.minutes5 = Minutes5.load(saved.minutes5)
    symbol.see(saved)
    return symbol
  }

  price(at: Timestamp, last: Price, mark: Price): void {
    if (at < this.lastAt) return
    this.lastAt = at
    this.last = last
    this.mark = mark
  }

  /** Takes what is told of funding: the rate per 8 h, the symbol's own interval, and the next settlement. */
  rate(per8h: number | null, interval: Milliseconds | null, next: Timestamp | null): void {
    this.funding = per8h
    this.fundingInterval = interval
    this.#announced = next
  }

  /**
   * When funding is settled next after `now`: as announced, and once that is past at the same interval from there;
   * `null` when it is not known.
   */
  nextFunding(now: Timestamp): Timestamp | null {
    const announced = this.#announced
    const interval = this.fundingInterval
    if (announced === null || announced > now) return announced
    if (interval === null) return null
    return announced + (Math.floor((now - announced) / interval) + 1) * interval
  }

  /**
   * Candles missing inside the windows of the bands that a decision of a timeframe reads: the daily ones, and within
   * the day its own as well.
   */
  missingCandles(timeframe: Timeframe): number {
    const daily = this.#sinceGap < BAND_PERIOD ? this.#gap : 0
    return timeframe === '5m' ? daily + this.minutes5.missingCandles() : daily
  }
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

const NO_STOP_OUTS = { of: () => undefined }

/**
 * The view strategies are shown: one cursor that the engine points at a symbol, and at a position where there is one.
 */
export class Cursor implements PositionView, AlertView {
  now: Timestamp = 0
  wantsReasons = false
  readonly fees: Fees
  #symbol: SymbolState | undefined
  #position: Position | undefined
  isHeld = false
  #row = -1

  readonly #stopOuts: { of(symbol: string, side: Side): StopOut | undefined }

  /** @param stopOuts what waits for a decision, by symbol and side */
  constructor(fees: Fees, stopOuts: { of(symbol: string, side: Side): StopOut | undefined } = NO_STOP_OUTS) {
    this.fees = fees
    this.#stopOuts = stopOuts
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

  /** What it points at; no position where none is open. */
  get pointing(): { readonly symbol: SymbolState; readonly position: Position | undefined } {
    return { symbol: this.#s, position: this.#position }
  }

  get #s(): SymbolState {
    assert(this.#symbol !== undefined, 'the cursor points at a symbol')
    return this.#symbol
  }

  #at(column: Float64Array): number | undefined {
    if (this.#row < 0) return undefined
    const value = column[this.#row]
    return Number.isFinite(value) ? value : undefined
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
  get lastAt(): Timestamp {
    return this.#s.lastAt
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
  get minutes5(): IntradayView | undefined {
    const { minutes5 } = this.#s
    return minutes5.isEmpty ? undefined : minutes5
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
  get funding(): number | null {
    return this.#s.funding
  }
  get fundingInterval(): Milliseconds | null {
    return this.#s.fundingInterval
  }
  get nextFunding(): Timestamp | null {
    return this.#s.nextFunding(this.now)
  }
  rangeSince(time: Timestamp): { readonly low: Price; readonly high: Price } | undefined {
    const { daily } = this.#s
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (let row = this.#row; row >= 0 && daily.start[row] + DAY > time; row--) {
      low = Math.min(low, daily.low[row])
      high = Math.max(high, daily.high[row])
    }
    return low > high ? undefined : { low, high }
  }
  stopOut(side: Side): StopOut | undefined {
    return this.#stopOuts.of(this.symbol, side)
  }
  closeAgo(ago: number): Price | undefined {
    const row = this.#row - ago
    return row < 0 ? undefined : this.#s.daily.close[row]
  }
  get quarter(): QuarterView | undefined {
    return this.#s.minutes15.quarter()
  }
  highAt(ago: number): Price | undefined {
    const row = this.#row - ago
    return row < 0 ? undefined : this.#s.daily.high[row]
  }
  rsiAt(ago: number): Percent | undefined {
    const row = this.#row - ago
    const value = row < 0 ? Number.NaN : this.#s.indicators.rsi[row]
    return Number.isFinite(value) ? value : undefined
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
