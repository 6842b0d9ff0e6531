import type { Price, Timestamp } from '../base/units.ts'
import { bandwidth } from './bandwidth.ts'
import { Bollinger } from './bollinger.ts'
import { HigherBands } from './higher-bands.ts'
import { Rsi } from './rsi.ts'
import { Squeeze } from './squeeze.ts'
import { Streak } from './streak.ts'

/**
 * All that strategies and score read of daily candles, a row for each; `NaN` where a figure is absent. Bands are in
 * price units, `width`, `squeeze` and `rsi` in percent, `downDays` and `upDays` whole numbers. Only the first
 * `length` rows are data; the arrays may be longer.
 */
export interface DailyColumns {
  readonly length: number
  readonly lower: Float64Array
  readonly middle: Float64Array
  readonly upper: Float64Array
  readonly width: Float64Array
  readonly squeeze: Float64Array
  readonly rsi: Float64Array
  readonly downDays: Float64Array
  readonly upDays: Float64Array
  readonly weekLower: Float64Array
  readonly weekUpper: Float64Array
  readonly monthLower: Float64Array
  readonly monthUpper: Float64Array
}

/** The columns, one candle at a time, equal to the last bit to all at once. They are replaced by longer ones when full. */
export class DailyIndicators implements DailyColumns {
  length = 0
  lower: Float64Array
  middle: Float64Array
  upper: Float64Array
  width: Float64Array
  squeeze: Float64Array
  rsi: Float64Array
  downDays: Float64Array
  upDays: Float64Array
  weekLower: Float64Array
  weekUpper: Float64Array
  monthLower: Float64Array
  monthUpper: Float64Array
  readonly #bands = new Bollinger()
  readonly #squeeze = new Squeeze()
  readonly #rsi = new Rsi()
  readonly #streak = new Streak()
  readonly #week = new HigherBands('week')
  readonly #month = new HigherBands('month')

  constructor(capacity = 256) {
    this.lower = new Float64Array(capacity)
    this.middle = new Float64Array(capacity)
    this.upper = new Float64Array(capacity)
    this.width = new Float64Array(capacity)
    this.squeeze = new Float64Array(capacity)
    this.rsi = new Float64Array(capacity)
    this.downDays = new Float64Array(capacity)
    this.upDays = new Float64Array(capacity)
    this.weekLower = new Float64Array(capacity)
    this.weekUpper = new Float64Array(capacity)
    this.monthLower = new Float64Array(capacity)
    this.monthUpper = new Float64Array(capacity)
  }

  /** Adds the row of the next closed daily candle. Throws when it is not later than the one before or not on a day. */
  push(start: Timestamp, open: Price, high: Price, low: Price, close: Price): void {
    // First of all, as they refuse a candle out of order: nothing has changed then.
    this.#week.push(start, open, high, low, close)
    this.#month.push(start, open, high, low, close)
    const i = this.length
    if (i === this.lower.length) this.#grow()
    this.#week.write(this.weekLower, this.weekUpper, i)
    this.#month.write(this.monthLower, this.monthUpper, i)
    this.#bands.push(close)
    this.#bands.write(this, i)
    this.width[i] = bandwidth(this.lower[i], this.middle[i], this.upper[i])
    this.#squeeze.push(this.width[i])
    this.#squeeze.write(this.squeeze, i)
    this.#rsi.push(close)
    this.#rsi.write(this.rsi, i)
    this.#streak.push(close)
    this.#streak.write(this.downDays, this.upDays, i)
    this.length = i + 1
  }

  #grow(): void {
    const capacity = Math.max(256, 2 * this.lower.length)
    const longer = (column: Float64Array): Float64Array => {
      const grown = new Float64Array(capacity)
      grown.set(column)
      return grown
    }
    this.lower = longer(this.lower)
    this.middle = longer(this.middle)
    this.upper = longer(this.upper)
    this.width = longer(this.width)
    this.squeeze = longer(this.squeeze)
    this.rsi = longer(this.rsi)
    this.downDays = longer(this.downDays)
    this.upDays = longer(this.upDays)
    this.weekLower = longer(this.weekLower)
    this.weekUpper = longer(this.weekUpper)
    this.monthLower = longer(this.monthLower)
    this.monthUpper = longer(this.monthUpper)
  }
}
