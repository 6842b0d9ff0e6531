import { assert } from '../base/assert.ts'
import type { Price, Timestamp } from '../base/units.ts'
import { INTERVAL_MS, type Interval } from './interval.ts'

/** The newest candles as plain data, oldest first. */
export interface SavedRecentCandles {
  readonly newest: Timestamp
  readonly closes: readonly number[]
  readonly volumes: readonly number[]
}

/** Closes and volumes of the newest candles of one interval without a hole; memory does not grow. */
export class RecentCandles {
  readonly #span: number
  readonly #closes: Float64Array
  readonly #volumes: Float64Array
  /** Slot of the next candle. */
  #slot = 0
  #length = 0
  #newest: Timestamp = Number.NEGATIVE_INFINITY

  /** @param capacity how many candles are kept, 1 or more */
  constructor(interval: Interval, capacity: number) {
    assert(Number.isInteger(capacity) && capacity > 0, `${capacity} recent candles were asked for`)
    this.#span = INTERVAL_MS[interval]
    this.#closes = new Float64Array(capacity)
    this.#volumes = new Float64Array(capacity)
  }

  /** Takes the next closed candle. What came before a hole is forgotten. Throws when it is not later than the last. */
  push(start: Timestamp, close: Price, volume: number): void {
    assert(start > this.#newest, `candle ${start} comes after ${this.#newest}`)
    if (start !== this.#newest + this.#span) this.#length = 0
    const capacity = this.#closes.length
    this.#closes[this.#slot] = close
    this.#volumes[this.#slot] = volume
    this.#slot = (this.#slot + 1) % capacity
    this.#length = Math.min(this.#length + 1, capacity)
    this.#newest = start
  }

  /** How many candles are there. */
  get length(): number {
    return this.#length
  }

  /** Start of the newest candle; long ago when there is none. */
  get newest(): Timestamp {
    return this.#newest
  }

  /** Close of the candle `ago` before the newest (0 is the newest); `undefined` when there is none. */
  close(ago: number): Price | undefined {
    return ago < this.#length ? this.#closes[this.#at(ago)] : undefined
  }

  /** Volume of the candle `ago` before the newest, base coin; `undefined` when there is none. */
  volume(ago: number): number | undefined {
    return ago < this.#length ? this.#volumes[this.#at(ago)] : undefined
  }

  /** The newest `count` closes, oldest first; `undefined` when there are fewer. */
  closes(count: number): Float64Array | undefined {
    if (count > this.#length) return undefined
    const closes = new Float64Array(count)
    for (let i = 0; i < count; i++) closes[i] = this.#closes[this.#at(count - 1 - i)]
    return closes
  }

  save(): SavedRecentCandles {
    const of = (column: Float64Array): number[] =>
      Array.from({ length: this.#length }, (_, i) => column[this.#at(this.#length - 1 - i)])
    return {
      newest: this.#length === 0 ? 0 : this.#newest,
      closes: of(this.#closes),
      volumes: of(this.#volumes),
    }
  }

  load({ newest, closes, volumes }: SavedRecentCandles): void {
    const first = newest - (closes.length - 1) * this.#span
    closes.forEach((close, i) => {
      this.push(first + i * this.#span, close, volumes[i])
    })
  }

  #at(ago: number): number {
    const capacity = this.#closes.length
    return (this.#slot - 1 - ago + 2 * capacity) % capacity
  }
}
