import type { Price, Timestamp } from '../base/units.ts'
import type { Candles } from '../market/candles.ts'
import { Bollinger } from './bollinger.ts'
import { type Calendar, Resampler } from './resample.ts'

/** Outer bands of closed weeks or months, a row for each daily candle; `NaN` where they are absent. */
export interface OuterBands {
  readonly lower: Float64Array
  readonly upper: Float64Array
}

/**
 * Bollinger Bands of the last 20 closed weeks or months, as known at the close of each daily candle: one whose last
 * day is that candle is closed. A partial first week or month counts. Days missing inside one of the 20 make the
 * bands absent.
 */
export class HigherBands {
  readonly #resampler: Resampler
  readonly #bands = new Bollinger()

  constructor(calendar: Calendar) {
    this.#resampler = new Resampler(calendar)
  }

  /** Takes the next daily candle. Throws when it is not later than the one before it or not on a day. */
  push(start: Timestamp, open: Price, high: Price, low: Price, close: Price): void {
    const closed = this.#resampler.push(start, open, high, low, close)
    // A new start suffices: no window of 20 without a gap reaches back over one.
    if (this.#resampler.lost) this.#bands.clear()
    if (!closed) return
    if (this.#resampler.gap) this.#bands.clear()
    else this.#bands.push(this.#resampler.close)
  }

  /** Writes the outer bands after the newest candle to a row of columns: `NaN` where they are absent. */
  write(lower: Float64Array, upper: Float64Array, row: number): void {
    this.#bands.writeOuter(lower, upper, row)
  }

  get lower(): Price | undefined {
    return this.#bands.lower
  }
  get upper(): Price | undefined {
    return this.#bands.upper
  }
}

/** The same bands for all daily candles, written to `out` and returned. */
export function higherBands(
  daily: Candles,
  calendar: Calendar,
  out: OuterBands = { lower: new Float64Array(daily.length), upper: new Float64Array(daily.length) },
): OuterBands {
  const bands = new HigherBands(calendar)
  for (let i = 0; i < daily.length; i++) {
    bands.push(daily.start[i], daily.open[i], daily.high[i], daily.low[i], daily.close[i])
    bands.write(out.lower, out.upper, i)
  }
  return out
}
