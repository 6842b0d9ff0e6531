import { assert } from '../base/assert.ts'
import type { Percent } from '../base/units.ts'

/** Widths that the current one is ranked among, itself included. */
export const SQUEEZE_WINDOW = 120

/**
 * The squeeze percentile, one width at a time: the share, in percent, of the last `window` widths that are at most
 * the current one, itself included; so above 0 and up to 100. An absent width starts the window anew.
 */
export class Squeeze {
  readonly #window: number
  /**
   * The widths in a list sorted upwards, threaded through the slots of the window. A new width is looked for from the
   * one before it on, which is seldom far, and the steps between them keep the rank. The slot after the last one is
   * both ends of the list; its `NaN` is neither below nor above anything, so every walk stops there.
   */
  readonly #widths: Float64Array
  readonly #after: Int32Array
  readonly #before: Int32Array
  /** Slot of the newest width, and how many widths are at most that one. */
  #newest: number
  #rank = 0
  #count = 0
  #slot = 0

  constructor(window = SQUEEZE_WINDOW) {
    assert(Number.isInteger(window) && window >= 2, `a squeeze among ${window} widths was asked for`)
    this.#window = window
    this.#widths = new Float64Array(window + 1).fill(Number.NaN)
    this.#after = new Int32Array(window + 1).fill(window)
    this.#before = new Int32Array(window + 1).fill(window)
    this.#newest = window
  }

  /** Takes the next width; `undefined` or `NaN` for an absent one. */
  push(width: number | undefined): void {
    if (width === undefined || Number.isNaN(width)) {
      this.#clear()
      return
    }
    const window = this.#window
    const slot = this.#slot
    if (this.#count === window) this.#take(slot)
    else this.#count++
    this.#put(slot, width)
    this.#slot = slot + 1 === window ? 0 : slot + 1
  }

  /** Writes the percentile of the newest width to a row of a column: `NaN` before the window is full. */
  write(out: Float64Array, row: number): void {
    out[row] = this.#count === this.#window ? (100 * this.#rank) / this.#window : Number.NaN
  }

  /** The percentile of the newest width, `undefined` before the window is full. */
  get value(): Percent | undefined {
    return this.#count === this.#window ? (100 * this.#rank) / this.#window : undefined
  }

  #take(slot: number): void {
    const before = this.#before[slot]
    const after = this.#after[slot]
    this.#after[before] = after
    this.#before[after] = before
    // The newest stands last among its equals: whatever is not above it, it counts.
    if (this.#widths[slot] <= this.#widths[this.#newest]) this.#rank--
  }

  #put(slot: number, width: number): void {
    const widths = this.#widths
    let at = this.#newest
    let rank = this.#rank
    if (widths[at] > width) {
      do {
        at = this.#before[at]
        rank--
      } while (widths[at] > width)
    } else {
      for (let next = this.#after[at]; widths[next] <= width; next = this.#after[at]) {
        at = next
        rank++
      }
    }
    const after = this.#after[at]
    widths[slot] = width
    this.#before[slot] = at
    this.#after[slot] = after
    this.#after[at] = slot
    this.#before[after] = slot
    this.#newest = slot
    this.#rank = rank + 1
  }

  #clear(): void {
    const window = this.#window
    this.#after[window] = window
    this.#before[window] = window
    this.#newest = window
    this.#rank = 0
    this.#count = 0
    this.#slot = 0
  }
}

/** The squeeze percentile of the first `length` widths, written to `out` and returned; `NaN` where it is absent. */
export function squeeze(
  widths: Float64Array,
  length: number,
  out: Float64Array = new Float64Array(length),
  window = SQUEEZE_WINDOW,
): Float64Array {
  const squeezed = new Squeeze(window)
  for (let i = 0; i < length; i++) {
    squeezed.push(widths[i])
    squeezed.write(out, i)
  }
  return out
}
