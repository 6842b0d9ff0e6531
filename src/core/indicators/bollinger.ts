import { assert } from '../base/assert.ts'
import { numberOrNull } from '../base/json-number.ts'

/** Bollinger Bands as columns; `NaN` where there are not enough closes yet. */
export interface Bands {
  readonly lower: Float64Array
  readonly middle: Float64Array
  readonly upper: Float64Array
}

/** Closes in a window, and how many standard deviations the bands are from the middle (Bollinger 2001). */
export const BAND_PERIOD = 20
export const BAND_DEVIATIONS = 2

/**
 * Mean and sum of squares are rolled from close to close and made anew from the whole window at every row that is a
 * multiple of this. The rows are absolute, so that a longer series has the same beginning.
 */
const RENEWED_EVERY = 256
/**
 * They are also made anew when the sum of squares is below this share of all such sums since the last renewal added
 * up: what is left of a large sum after it has shrunk so far is rounding. A flat window thus comes out exactly flat.
 */
const SHRUNK = 2 ** -14

/** Columns for `length` rows of bands. */
export function bandColumns(length: number): Bands {
  return {
    lower: new Float64Array(length),
    middle: new Float64Array(length),
    upper: new Float64Array(length),
  }
}

/**
 * Bollinger Bands of the first `length` closes, in price units, written to `out` and returned: the simple mean of the
 * last `period` closes, and `deviations` population standard deviations under and over it. Row `period - 1` is the
 * first defined one; on a window of equal closes all three are exactly that close. A close that is not finite makes
 * the rows absent whose window holds it, and up to 256 after them. Source: Bollinger, Bollinger on Bollinger Bands
 * (2001); rolling sum of squares after Welford (1962).
 */
export function bollinger(
  closes: Float64Array,
  length: number,
  out: Bands = bandColumns(length),
  period = BAND_PERIOD,
  deviations = BAND_DEVIATIONS,
): Bands {
  checkPeriod(period)
  const { lower, middle, upper } = out
  const first = period - 1
  const warm = Math.min(first, length)
  lower.fill(Number.NaN, 0, warm)
  middle.fill(Number.NaN, 0, warm)
  upper.fill(Number.NaN, 0, warm)

  const share = 1 / period
  const reach = deviations * Math.sqrt(share)
  let i = first
  while (i < length) {
    // Prices count from the newest close at renewal: means are then small numbers, and equal closes exact zeros.
    const anchor = closes[i]
    let mean = windowMean(closes, i - first, period, anchor)
    let squares = windowSquares(closes, i - first, period, anchor, mean)
    let half = reach * Math.sqrt(squares)
    let centre = anchor + mean
    lower[i] = centre - half
    middle[i] = centre
    upper[i] = centre + half
    let total = squares
    const renewal = Math.min(length, (i | (RENEWED_EVERY - 1)) + 1)
    for (i++; i < renewal; i++) {
      const entering = closes[i] - anchor
      const leaving = closes[i - period] - anchor
      const change = entering - leaving
      const before = mean
      mean += change * share
      squares += change * (entering + leaving - (mean + before))
      if (squares < total * SHRUNK) break
      total += squares
      half = reach * Math.sqrt(squares)
      centre = anchor + mean
      lower[i] = centre - half
      middle[i] = centre
      upper[i] = centre + half
    }
  }
  return out
}

/** Bands on their way, as plain data that survives JSON; `null` is a number that is not there yet. */
export interface SavedBollinger {
  readonly rows: number
  /** The window slot by slot, not in order of time. */
  readonly closes: readonly (number | null)[]
  readonly anchor: number | null
  readonly mean: number | null
  readonly squares: number | null
  readonly total: number | null
}

/** The same bands, one close at a time, equal to the last bit. */
export class Bollinger {
  readonly #period: number
  readonly #share: number
  readonly #reach: number
  /** The window twice over, so that it always also lies in one piece, oldest close first. */
  readonly #closes: Float64Array
  #slot = 0
  #rows = 0
  #anchor = Number.NaN
  #mean = Number.NaN
  #squares = Number.NaN
  /** All sums of squares since the last renewal. */
  #total = Number.NaN
  #half = Number.NaN

  constructor(period = BAND_PERIOD, deviations = BAND_DEVIATIONS) {
    checkPeriod(period)
    this.#period = period
    this.#share = 1 / period
    this.#reach = deviations * Math.sqrt(this.#share)
    this.#closes = new Float64Array(2 * period)
  }

  /** Takes the next close. */
  push(close: number): void {
    const period = this.#period
    const closes = this.#closes
    const slot = this.#slot
    const oldest = closes[slot]
    closes[slot] = close
    closes[slot + period] = close
    const row = this.#rows
    this.#rows = row + 1
    this.#slot = slot + 1 === period ? 0 : slot + 1
    if (row < period - 1) return

    let renew = row === period - 1 || (row & (RENEWED_EVERY - 1)) === 0
    if (!renew) {
      const entering = close - this.#anchor
      const leaving = oldest - this.#anchor
      const change = entering - leaving
      const before = this.#mean
      const mean = before + change * this.#share
      this.#mean = mean
      this.#squares += change * (entering + leaving - (mean + before))
      renew = this.#squares < this.#total * SHRUNK
    }
    if (renew) {
      this.#anchor = close
      this.#mean = windowMean(closes, slot + 1, period, close)
      this.#squares = windowSquares(closes, slot + 1, period, close, this.#mean)
      this.#total = this.#squares
    } else {
      this.#total += this.#squares
    }
    this.#half = this.#reach * Math.sqrt(this.#squares)
  }

  save(): SavedBollinger {
    return {
      rows: this.#rows,
      closes: Array.from(this.#closes.subarray(0, this.#period), numberOrNull),
      anchor: numberOrNull(this.#anchor),
      mean: numberOrNull(this.#mean),
      squares: numberOrNull(this.#squares),
      total: numberOrNull(this.#total),
    }
  }

  /** Bands that go on where `save` was called, to the last bit. */
  static load(saved: SavedBollinger, period = BAND_PERIOD, deviations = BAND_DEVIATIONS): Bollinger {
    const bands = new Bollinger(period, deviations)
    saved.closes.forEach((close, slot) => {
      bands.#closes[slot] = close ?? Number.NaN
      bands.#closes[slot + period] = close ?? Number.NaN
    })
    bands.#rows = saved.rows
    bands.#slot = saved.rows % period
    bands.#anchor = saved.anchor ?? Number.NaN
    bands.#mean = saved.mean ?? Number.NaN
    bands.#squares = saved.squares ?? Number.NaN
    bands.#total = saved.total ?? Number.NaN
    if (saved.rows >= period) bands.#half = bands.#reach * Math.sqrt(bands.#squares)
    return bands
  }

  /** Forgets all closes. */
  clear(): void {
    this.#rows = 0
    this.#slot = 0
    this.#mean = Number.NaN
    this.#half = Number.NaN
  }

  /** Writes the bands after the newest close to a row of columns: `NaN` where they are absent. */
  write(out: Bands, row: number): void {
    const centre = this.#anchor + this.#mean
    out.lower[row] = centre - this.#half
    out.middle[row] = centre
    out.upper[row] = centre + this.#half
  }

  /** The same of the outer bands alone. */
  writeOuter(lower: Float64Array, upper: Float64Array, row: number): void {
    const centre = this.#anchor + this.#mean
    lower[row] = centre - this.#half
    upper[row] = centre + this.#half
  }

  get lower(): number | undefined {
    return present(this.#anchor + this.#mean - this.#half)
  }
  get middle(): number | undefined {
    return present(this.#anchor + this.#mean)
  }
  get upper(): number | undefined {
    return present(this.#anchor + this.#mean + this.#half)
  }
}

/** The standard deviation that bands are made of, in price units. */
export function deviation(lower: number, upper: number, deviations = BAND_DEVIATIONS): number {
  return (upper - lower) / (2 * deviations)
}

function present(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value
}

function checkPeriod(period: number): void {
  assert(Number.isInteger(period) && period >= 2, `bands of ${period} closes were asked for`)
}

function windowMean(closes: Float64Array, from: number, period: number, anchor: number): number {
  let sum = 0
  for (let i = from; i < from + period; i++) sum += closes[i] - anchor
  return sum / period
}

function windowSquares(
  closes: Float64Array,
  from: number,
  period: number,
  anchor: number,
  mean: number,
): number {
  let sum = 0
  for (let i = from; i < from + period; i++) {
    const distance = closes[i] - anchor - mean
    sum += distance * distance
  }
  return sum
}
