/** When a symbol settles and at which rate, its interval being one that the exchange may change. */
import { HOUR, type Milliseconds, type Timestamp } from '../../../base/units.ts'
import type { Settlement } from '../exchange.ts'
import type { FundingTape } from '../tape.ts'

const FIRST: Milliseconds = 8 * HOUR

export class FundingSchedule {
  readonly #tape: FundingTape
  readonly #assumed: number
  /** The interval that the exchange has ordered, and since when. */
  #ordered: { readonly since: Timestamp; readonly interval: Milliseconds; readonly per8h: number } | null =
    null

  constructor(tape: FundingTape, assumed: number) {
    this.#tape = tape
    this.#assumed = assumed
  }

  /**
   * From now on the symbol settles every so often.
   *
   * @param rate of each settlement; left out: the present one by the hour
   */
  order(now: Timestamp, interval: Milliseconds, rate?: number): void {
    const per8h = rate === undefined ? this.announced(now).per8h : (rate * FIRST) / interval
    this.#ordered = { since: now, interval, per8h }
  }

  /** Settlements in `(from, to]`. */
  within(from: Timestamp, to: Timestamp): readonly Settlement[] {
    const ordered = this.#ordered
    if (ordered === null || to <= ordered.since) return this.#tape.within(from, to)
    const found = from < ordered.since ? this.#tape.within(from, ordered.since) : []
    const { interval } = ordered
    const rate = (ordered.per8h * interval) / FIRST
    const first = Math.floor(Math.max(from, ordered.since) / interval + 1) * interval
    for (let time = first; time <= to; time += interval) found.push({ time, rate, isAssumed: true })
    return found
  }

  /** The rate that is announced for the next settlement (the last one settled), when that is, and the interval. */
  announced(now: Timestamp): {
    readonly rate: number
    readonly per8h: number
    readonly next: Timestamp
    readonly interval: Milliseconds
  } {
    if (this.#ordered === null || now < this.#ordered.since) {
      const { next, interval } = this.#tape.announced(now)
      const per8h = this.#per8h(now)
      return { rate: (per8h * interval) / FIRST, per8h, next, interval }
    }
    const { interval, per8h } = this.#ordered
    const next = Math.floor(now / interval + 1) * interval
    return { rate: (per8h * interval) / FIRST, per8h, next, interval }
  }

  #per8h(now: Timestamp): number {
    return this.#tape.settledPer8h(now) ?? this.#assumed
  }
}
