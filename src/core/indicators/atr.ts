import { assert } from '../base/assert.ts'
import { numberOrNull } from '../base/json-number.ts'
import type { Price } from '../base/units.ts'

/** True ranges in the seed, and the length of the smoothing. */
export const ATR_PERIOD = 14

/**
 * Wilder's average true range of the first `length` candles, in price units, written to `out` and returned. A true
 * range needs the close of the earlier candle, so the first one is at row 1, and row `period` is the first defined
 * one, the mean of the first `period` true ranges; rows before it are `NaN`. Source: Wilder (1978).
 */
export function atr(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  length: number,
  out: Float64Array = new Float64Array(length),
  period = ATR_PERIOD,
): Float64Array {
  checkPeriod(period)
  out.fill(Number.NaN, 0, Math.min(period, length))
  if (length <= period) return out
  let mean = 0
  for (let i = 1; i <= period; i++) mean += trueRange(high[i], low[i], close[i - 1])
  mean /= period
  out[period] = mean

  const kept = (period - 1) / period
  const added = 1 / period
  let previous = close[period]
  for (let i = period + 1; i < length; i++) {
    mean = mean * kept + trueRange(high[i], low[i], previous) * added
    previous = close[i]
    out[i] = mean
  }
  return out
}

/** An average on its way, as plain data that survives JSON; `null` is a number that is not there yet. */
export interface SavedAtr {
  readonly rows: number
  readonly previous: number | null
  readonly mean: number | null
}

/** The same average, one candle at a time, equal to the last bit. */
export class Atr {
  readonly #period: number
  readonly #kept: number
  readonly #added: number
  #rows = 0
  #previous = Number.NaN
  /** The average: the sum of true ranges until the seed is complete. */
  #mean = 0

  constructor(period = ATR_PERIOD) {
    checkPeriod(period)
    this.#period = period
    this.#kept = (period - 1) / period
    this.#added = 1 / period
  }

  /** Takes the next candle and returns the average, `undefined` before candle `period + 1`. */
  push(high: number, low: number, close: number): Price | undefined {
    const row = this.#rows
    const range = trueRange(high, low, this.#previous)
    this.#previous = close
    this.#rows = row + 1
    if (row === 0) return undefined
    if (row <= this.#period) {
      this.#mean += range
      if (row < this.#period) return undefined
      this.#mean /= this.#period
    } else {
      this.#mean = this.#mean * this.#kept + range * this.#added
    }
    return this.value
  }

  /** The average after the newest candle, in price units; `undefined` before candle `period + 1`. */
  get value(): Price | undefined {
    return this.#rows <= this.#period || Number.isNaN(this.#mean) ? undefined : this.#mean
  }

  save(): SavedAtr {
    return { rows: this.#rows, previous: numberOrNull(this.#previous), mean: numberOrNull(this.#mean) }
  }

  /** An average that goes on where `save` was called, to the last bit. */
  static load(saved: SavedAtr, period = ATR_PERIOD): Atr {
    const atr = new Atr(period)
    atr.#rows = saved.rows
    atr.#previous = saved.previous ?? Number.NaN
    atr.#mean = saved.mean ?? Number.NaN
    return atr
  }
}

/** The greatest of high - low, |high - previous close| and |low - previous close|, as high is at least low. */
function trueRange(high: number, low: number, previous: number): number {
  return Math.max(high, previous) - Math.min(low, previous)
}

function checkPeriod(period: number): void {
  assert(Number.isInteger(period) && period >= 1, `an ATR of ${period} true ranges was asked for`)
}
