/** Streaks as columns of whole numbers; `NaN` at row 0, which has no earlier close. */
export interface Streaks {
  readonly down: Float64Array
  readonly up: Float64Array
}

/**
 * How many consecutive closes, counted back from each row, are below (`down`) or above (`up`) the close before them,
 * written to `out` and returned; an equal close ends both.
 */
export function streaks(
  closes: Float64Array,
  length: number,
  out: Streaks = { down: new Float64Array(length), up: new Float64Array(length) },
): Streaks {
  const { down, up } = out
  if (length === 0) return out
  down[0] = Number.NaN
  up[0] = Number.NaN
  let falls = 0
  let rises = 0
  let previous = closes[0]
  for (let i = 1; i < length; i++) {
    const close = closes[i]
    falls = close < previous ? falls + 1 : 0
    rises = close > previous ? rises + 1 : 0
    previous = close
    down[i] = falls
    up[i] = rises
  }
  return out
}

/** The same streaks, one close at a time. */
export class Streak {
  /** `NaN` at first: no close is below or above that. */
  #previous = Number.NaN
  #closes = 0
  #falls = 0
  #rises = 0

  /** Takes the next close. */
  push(close: number): void {
    const previous = this.#previous
    this.#previous = close
    this.#closes++
    this.#falls = close < previous ? this.#falls + 1 : 0
    this.#rises = close > previous ? this.#rises + 1 : 0
  }

  /** Writes the streaks after the newest close to a row of columns: `NaN` at the first one. */
  write(down: Float64Array, up: Float64Array, row: number): void {
    const known = this.#closes > 1
    down[row] = known ? this.#falls : Number.NaN
    up[row] = known ? this.#rises : Number.NaN
  }

  get down(): number | undefined {
    return this.#closes > 1 ? this.#falls : undefined
  }
  get up(): number | undefined {
    return this.#closes > 1 ? this.#rises : undefined
  }
}
