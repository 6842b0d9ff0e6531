import { DAY, type Price, type Timestamp } from '../base/units.ts'
import type { Candles } from '../market/candles.ts'

/** A week begins on Monday 00:00 UTC, a month on its first day 00:00 UTC. */
export type Calendar = 'week' | 'month'

/**
 * Closed weekly or monthly candles as columns, oldest first. `start` is when the week or month begins, also of a
 * first one that is only partly there. `gap` is 1 when days are missing since the candle before it closed (in the
 * first row: since the first daily candle), so that the row does not follow on the one before or is not whole.
 */
export interface LongCandles {
  readonly length: number
  readonly start: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly gap: Uint8Array
}

/** The start of the week or month that `time` lies in. */
export function periodStart(calendar: Calendar, time: Timestamp): Timestamp {
  const day = Math.floor(time / DAY)
  // 1970-01-01 was a Thursday.
  const since = calendar === 'week' ? mod(day + 3, 7) : dayOfMonth(day) - 1
  return (day - since) * DAY
}

/** The start of the week or month after the one that `time` lies in. */
export function periodEnd(calendar: Calendar, time: Timestamp): Timestamp {
  const start = periodStart(calendar, time)
  // 31 days after the first of a month is always in the next one.
  return calendar === 'week' ? start + 7 * DAY : periodStart(calendar, start + 31 * DAY)
}

/** Makes weekly or monthly candles of daily ones, one at a time. */
export class Resampler {
  readonly #calendar: Calendar
  /** Where the next daily candle starts, and where the period of the newest one ends. */
  #next = Number.NaN
  #end = Number.NEGATIVE_INFINITY
  #start = Number.NaN
  #open = Number.NaN
  #high = Number.NaN
  #low = Number.NaN
  #close = Number.NaN
  #gap = false
  #lost = false

  constructor(calendar: Calendar) {
    this.#calendar = calendar
  }

  /**
   * Takes the next daily candle. Returns true when its close is also the close of the week or month: the figures are
   * then those of a closed candle. Throws when the candle is not later than the one before it or not on a day.
   */
  push(start: Timestamp, open: Price, high: Price, low: Price, close: Price): boolean {
    const expected = this.#next
    if (start !== expected && (start < expected || start % DAY !== 0)) refuse(start, expected)
    // False for the first candle, after which nothing was expected.
    const missing = start > expected
    this.#next = start + DAY
    this.#lost = false
    if (start >= this.#end) {
      const begin = periodStart(this.#calendar, start)
      this.#lost = missing && expected < begin
      this.#gap = missing && start > begin
      this.#start = begin
      this.#end = periodEnd(this.#calendar, start)
      this.#open = open
      this.#high = high
      this.#low = low
    } else {
      if (missing) this.#gap = true
      if (high > this.#high) this.#high = high
      if (low < this.#low) this.#low = low
    }
    this.#close = close
    return this.#next === this.#end
  }

  /** The week or month of the newest daily candle, as far as it is known. */
  get start(): Timestamp {
    return this.#start
  }
  get open(): Price {
    return this.#open
  }
  get high(): Price {
    return this.#high
  }
  get low(): Price {
    return this.#low
  }
  get close(): Price {
    return this.#close
  }
  /** Days are missing inside the week or month. */
  get gap(): boolean {
    return this.#gap
  }
  /** Before the newest daily candle an earlier week or month ended without its last day, or was missed whole. */
  get lost(): boolean {
    return this.#lost
  }
}

/** The closed weekly or monthly candles of daily ones; one whose last day is missing has no row. */
export function resample(daily: Candles, calendar: Calendar): LongCandles {
  const most = Math.ceil(daily.length / (calendar === 'week' ? 7 : 28)) + 1
  const start = new Float64Array(most)
  const open = new Float64Array(most)
  const high = new Float64Array(most)
  const low = new Float64Array(most)
  const close = new Float64Array(most)
  const gap = new Uint8Array(most)
  const resampler = new Resampler(calendar)
  let lost = false
  let length = 0
  for (let i = 0; i < daily.length; i++) {
    const closed = resampler.push(daily.start[i], daily.open[i], daily.high[i], daily.low[i], daily.close[i])
    lost ||= resampler.lost
    if (!closed) continue
    start[length] = resampler.start
    open[length] = resampler.open
    high[length] = resampler.high
    low[length] = resampler.low
    close[length] = resampler.close
    gap[length] = lost || resampler.gap ? 1 : 0
    lost = false
    length++
  }
  return { length, start, open, high, low, close, gap }
}

function refuse(start: Timestamp, expected: Timestamp): never {
  throw new Error(
    `broken invariant: a daily candle starts at ${start}, the earliest possible was ${expected}`,
  )
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by
}

/** Day of the month, from 1, in the Gregorian calendar: days are counted in eras of 400 years that begin in March. */
function dayOfMonth(day: number): number {
  const sinceMarch0 = day + 719_468
  const dayOfEra = mod(sinceMarch0, 146_097)
  const leaps = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * dayOfYear + 2) / 153)
  return dayOfYear - Math.floor((153 * month + 2) / 5) + 1
}
