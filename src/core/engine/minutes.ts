/**
 * What the engine keeps of candles within the day: the figures that rules read, and no more of the candles than
 * rules look back on, so that a symbol's memory does not grow with the time it is watched.
 */
import type { QuarterView } from '../alerts/alert.ts'
import { broken } from '../base/assert.ts'
import { DAY, MINUTE, type Milliseconds, type Percent, type Price, type Timestamp } from '../base/units.ts'
import type { IntradayView } from '../decision/view.ts'
import { Atr } from '../indicators/atr.ts'
import { bandwidthColumn } from '../indicators/bandwidth.ts'
import { BAND_PERIOD, Bollinger, bollinger } from '../indicators/bollinger.ts'
import { percentB } from '../indicators/percent-b.ts'
import { Rsi } from '../indicators/rsi.ts'
import { SQUEEZE_WINDOW, squeeze } from '../indicators/squeeze.ts'
import type { Candle } from '../market/candles.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { RecentCandles } from '../market/recent-candles.ts'
import type { SavedMinutes5, SavedMinutes15 } from './state.ts'

/** The 15-minute ATR is used for this long after its candle closed. */
const ATR_FRESH: Milliseconds = 30 * MINUTE

/** 15-minute candles that alerts look back on: as many widths as a squeeze is ranked among. */
const QUARTERS = SQUEEZE_WINDOW + BAND_PERIOD - 1
const QUARTERS_A_DAY = DAY / INTERVAL_MS['15m']
/** Candles before the newest whose mean volume it is compared with. */
const VOLUME_CANDLES = 15

/** A symbol's closed 15-minute candles: their ATR, for sizing, and what alerts look at. */
export class Minutes15 {
  #atr = new Atr()
  readonly #recent = new RecentCandles('15m', QUARTERS)
  /** What alerts see of the newest candle, once one has looked: several look at the same. */
  #quarter: QuarterView | undefined

  push({ start, high, low, close, volume }: Candle): void {
    this.#quarter = undefined
    this.#recent.push(start, close, volume)
    this.#atr.push(high, low, close)
  }

  /** Start of the newest closed candle; long ago when there is none. */
  get newest(): Timestamp {
    return this.#recent.newest
  }

  /** What alerts see; `undefined` without any candle. */
  quarter(): QuarterView | undefined {
    this.#quarter ??= this.#reckon()
    return this.#quarter
  }

  #reckon(): QuarterView | undefined {
    const recent = this.#recent
    const close = recent.close(0)
    if (close === undefined) return undefined
    const since = (ago: number): Percent | undefined => {
      const before = recent.close(ago)
      return before === undefined ? undefined : (100 * (close - before)) / before
    }
    return {
      change: since(1),
      change24h: since(QUARTERS_A_DAY),
      squeeze: squeezeOf(recent.closes(QUARTERS)),
      volumeRatio: volumeRatioOf(recent),
    }
  }

  /** ATR 14 in price units; `null` without enough candles or when the newest closed more than half an hour ago. */
  atr(now: Timestamp): Price | null {
    const value = this.#atr.value
    if (value === undefined) return null
    return now - (this.newest + INTERVAL_MS['15m']) <= ATR_FRESH ? value : null
  }

  save(): SavedMinutes15 {
    return { atr: this.#atr.save(), recent: this.#recent.save() }
  }

  static load({ atr, recent }: SavedMinutes15): Minutes15 {
    const minutes = new Minutes15()
    minutes.#atr = Atr.load(atr)
    minutes.#recent.load(recent)
    return minutes
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

/** A symbol's closed 5-minute candles, as decisions on them see them. */
export class Minutes5 implements IntradayView {
  /** Start and close of the newest closed candle; `NaN` before the first. */
  candleStart: Timestamp = Number.NaN
  price: Price = Number.NaN
  #bands = new Bollinger()
  #rsi = new Rsi()
  /** Candles since the last gap, and how many that gap swallowed. */
  #sinceGap = 0
  #gap = 0

  get isEmpty(): boolean {
    return Number.isNaN(this.candleStart)
  }

  get lower(): Price | undefined {
    return this.#bands.lower
  }
  get middle(): Price | undefined {
    return this.#bands.middle
  }
  get upper(): Price | undefined {
    return this.#bands.upper
  }
  get rsi(): Percent | undefined {
    return this.#rsi.value
  }

  bbPercent(price: Price): Percent | undefined {
    const { lower, upper } = this
    return lower === undefined || upper === undefined ? undefined : percentB(price, lower, upper)
  }

  push({ start, close }: Candle): void {
    const previous = this.isEmpty ? start - INTERVAL_MS['5m'] : this.candleStart
    if (!(start > previous)) broken(`5-minute candle ${start} comes after ${previous}`)
    const missing = (start - previous) / INTERVAL_MS['5m'] - 1
    if (missing > 0) {
      this.#gap = missing
      this.#sinceGap = 0
    }
    this.#sinceGap++
    this.candleStart = start
    this.price = close
    this.#bands.push(close)
    this.#rsi.push(close)
  }

  /** Candles missing inside the window of the bands. */
  missingCandles(): number {
    return this.#sinceGap < BAND_PERIOD ? this.#gap : 0
  }

  /** `null` before the first candle. */
  save(): SavedMinutes5 | null {
    if (this.isEmpty) return null
    return {
      newest: this.candleStart,
      close: this.price,
      bands: this.#bands.save(),
      rsi: this.#rsi.save(),
      sinceGap: this.#sinceGap,
      gap: this.#gap,
    }
  }

  static load(saved: SavedMinutes5 | null): Minutes5 {
    const minutes = new Minutes5()
    if (saved === null) return minutes
    minutes.candleStart = saved.newest
    minutes.price = saved.close
    minutes.#bands = Bollinger.load(saved.bands)
    minutes.#rsi = Rsi.load(saved.rsi)
    minutes.#sinceGap = saved.sinceGap
    minutes.#gap = saved.gap
    return minutes
  }
}
