import { assert } from '../base/assert.ts'
import { numberOrNull } from '../base/json-number.ts'
import type { Percent } from '../base/units.ts'

/** Changes in the seed, and the length of the smoothing. */
export const RSI_PERIOD = 14

/**
 * Wilder's relative strength index of the first `length` closes, 0 to 100, written to `out` and returned: 100 without
 * losses, 50 without any change. Row `period` is the first defined one, from the mean of the first `period` changes;
 * rows before it are `NaN`. Source: Wilder, New Concepts in Technical Trading Systems (1978).
 */
export function rsi(
  closes: Float64Array,
  length: number,
  out: Float64Array = new Float64Array(length),
  period = RSI_PERIOD,
): Float64Array {
  checkPeriod(period)
  out.fill(Number.NaN, 0, Math.min(period, length))
  if (length <= period) return out
  let gain = 0
  let move = 0
  for (let i = 1; i <= period; i++) {
    const change = closes[i] - closes[i - 1]
    const size = Math.abs(change)
    gain += 0.5 * (change + size)
    move += size
  }
  gain /= period
  move /= period
  out[period] = move === 0 ? 50 : 100 * (gain / move)

  const kept = (period - 1) / period
  const added = 1 / period
  let previous = closes[period]
  for (let i = period + 1; i < length; i++) {
    const close = closes[i]
    const change = close - previous
    previous = close
    const size = Math.abs(change)
    // (change + size) / 2 is the gain, exactly and without a branch that a random walk would mispredict.
    gain = gain * kept + 0.5 * (change + size) * added
    move = move * kept + size * added
    out[i] = move === 0 ? 50 : 100 * (gain / move)
  }
  return out
}

/** An index on its way, as plain data that survives JSON; `null` is a number that is not there yet. */
export interface SavedRsi {
  readonly rows: number
  readonly previous: number | null
  readonly gain: number | null
  readonly move: number | null
}

/** The same index, one close at a time, equal to the last bit. */
export class Rsi {
  readonly #period: number
  readonly #kept: number
  readonly #added: number
  #rows = 0
  #previous = Number.NaN
  /** Mean gain, and mean size of a change: sums until the seed is complete. */
  #gain = 0
  #move = 0
  #index = Number.NaN

  constructor(period = RSI_PERIOD) {
    checkPeriod(period)
    this.#period = period
    this.#kept = (period - 1) / period
    this.#added = 1 / period
  }

  /** Takes the next close. */
  push(close: number): void {
    const row = this.#rows
    const change = close - this.#previous
    const size = Math.abs(change)
    const up = 0.5 * (change + size)
    this.#previous = close
    this.#rows = row + 1
    if (row === 0) return
    if (row <= this.#period) {
      this.#gain += up
      this.#move += size
      if (row < this.#period) return
      this.#gain /= this.#period
      this.#move /= this.#period
    } else {
      this.#gain = this.#gain * this.#kept + up * this.#added
      this.#move = this.#move * this.#kept + size * this.#added
    }
    this.#setIndex()
  }

  #setIndex(): void {
    this.#index = this.#move === 0 ? 50 : 100 * (this.#gain / this.#move)
  }

  /** Writes the index after the newest close to a row of a column: `NaN` where it is absent. */
  write(out: Float64Array, row: number): void {
    out[row] = this.#index
  }

  /** `undefined` before close `period + 1`. */
  get value(): Percent | undefined {
    return Number.isNaN(this.#index) ? undefined : this.#index
  }

  save(): SavedRsi {
    return {
      rows: this.#rows,
      previous: numberOrNull(this.#previous),
      gain: numberOrNull(this.#gain),
      move: numberOrNull(this.#move),
    }
  }

  /** An index that goes on where `save` was called, to the last bit. */
  static load(saved: SavedRsi, period = RSI_PERIOD): Rsi {
    const rsi = new Rsi(period)
    rsi.#rows = saved.rows
    rsi.#previous = saved.previous ?? Number.NaN
    rsi.#gain = saved.gain ?? Number.NaN
    rsi.#move = saved.move ?? Number.NaN
    if (saved.rows > period) rsi.#setIndex()
    return rsi
  }
}

function checkPeriod(period: number): void {
  assert(Number.isInteger(period) && period >= 1, `an RSI of ${period} changes was asked for`)
}
