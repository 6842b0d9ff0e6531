/**
 * The tape of one symbol: which candles its orders are matched against, and when. Each UTC day is told by the finest
 * candles among those that cover most of it, so that a day with minutes is matched by minutes and a day without by
 * its daily candle.
 */
import { DAY, HOUR, type Milliseconds, type Timestamp } from '../../base/units.ts'
import type { Candles } from '../../market/candles.ts'
import type { FundingRates } from '../../market/funding.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import type { MarkCandles } from '../../market/mark.ts'
import type { Bar, Settlement } from './exchange.ts'

/** A stretch of one candle series: rows `from` (included) to `to` (excluded). */
export interface Stretch {
  readonly candles: Candles
  readonly from: number
  readonly to: number
}

/**
 * The stretches that tell a symbol's days in `[from, to)`, in order of time.
 *
 * @param series candles by interval, each in order of time
 */
export function stretches(series: readonly Candles[], from: Timestamp, to: Timestamp): Stretch[] {
  const finestFirst = [...series].sort((a, b) => INTERVAL_MS[a.interval] - INTERVAL_MS[b.interval])
  const rows = finestFirst.map(candles => firstAtOrAfter(candles.start, candles.length, from))
  const found: { candles: Candles; from: number; to: number }[] = []
  for (;;) {
    let day = Number.POSITIVE_INFINITY
    finestFirst.forEach((candles, k) => {
      if (rows[k] < candles.length) day = Math.min(day, Math.floor(candles.start[rows[k]] / DAY) * DAY)
    })
    if (day >= to) return found
    let best = -1
    let covered = 0
    const ends = finestFirst.map((candles, k) => {
      const span = INTERVAL_MS[candles.interval]
      const last = Math.min(day + DAY, to)
      let end = rows[k]
      while (end < candles.length && candles.start[end] + span <= last) end++
      const share = (end - rows[k]) * span
      if (share > covered) {
        covered = share
        best = k
      }
      return end
    })
    if (best >= 0) {
      const candles = finestFirst[best]
      const previous = found[found.length - 1]
      if (previous !== undefined && previous.candles === candles && previous.to === rows[best]) {
        previous.to = ends[best]
      } else {
        found.push({ candles, from: rows[best], to: ends[best] })
      }
    }
    finestFirst.forEach((candles, k) => {
      let next = ends[k]
      while (next < candles.length && candles.start[next] < day + DAY) next++
      rows[k] = next
    })
  }
}

/** Row of the first time at or after `time` in a sorted column. */
export function firstAtOrAfter(column: Float64Array, length: number, time: Timestamp): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (column[middle] < time) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The range of the mark price over `[start, end)`, or `null` when the recorded mark candles do not cover it whole.
 */
export function markRange(
  mark: MarkCandles,
  start: Timestamp,
  end: Timestamp,
): { readonly open: number; readonly high: number; readonly low: number; readonly close: number } | null {
  const span = INTERVAL_MS[mark.interval]
  if ((end - start) % span !== 0) return null
  const count = (end - start) / span
  const from = firstAtOrAfter(mark.start, mark.length, start)
  const last = from + count - 1
  // Candles do not overlap: only without a hole does the last of so many begin just then.
  if (count === 0 || last >= mark.length || mark.start[last] !== end - span) return null
  let high = mark.high[from]
  let low = mark.low[from]
  for (let i = from + 1; i <= last; i++) {
    high = Math.max(high, mark.high[i])
    low = Math.min(low, mark.low[i])
  }
  return { open: mark.open[from], high, low, close: mark.close[last] }
}

/** A row of candles as a bar; the mark price is the last price where none is recorded. */
export function barAt(candles: Candles, row: number, mark: MarkCandles | null): Bar {
  const start = candles.start[row]
  const end = start + INTERVAL_MS[candles.interval]
  const range = mark === null ? null : markRange(mark, start, end)
  return {
    start,
    end,
    open: candles.open[row],
    high: candles.high[row],
    low: candles.low[row],
    close: candles.close[row],
    markOpen: range?.open ?? candles.open[row],
    markHigh: range?.high ?? candles.high[row],
    markLow: range?.low ?? candles.low[row],
    markClose: range?.close ?? candles.close[row],
  }
}

/** The assumed settlements are every 8 h from 00:00 UTC. */
const ASSUMED_SPACING = 8 * HOUR

/** A recorded history is taken to be whole between settlements that lie at most this far apart. */
const LONGEST_SPACING = 8 * HOUR

/** What a settlement history says, and what is assumed where it says nothing. */
export class FundingTape {
  readonly #history: FundingRates | null
  readonly #assumed: number

  /** @param assumed rate per 8 h that longs pay where nothing is recorded */
  constructor(history: FundingRates | null, assumed: number) {
    this.#history = history
    this.#assumed = assumed
  }

  /** Whether there is a history: without one an exchange has announced nothing. */
  get isRecorded(): boolean {
    return this.#history !== null && this.#history.time.length > 0
  }

  /** Whether there may be a settlement in `(from, to]`, recorded or assumed: no `false` is wrong. Cheap. */
  settles(from: Timestamp, to: Timestamp): boolean {
    const assumed = Math.floor(to / ASSUMED_SPACING) > Math.floor(from / ASSUMED_SPACING)
    const time = this.#history?.time
    if (time === undefined || assumed) return assumed
    const row = firstAtOrAfter(time, time.length, from + 1)
    return row < time.length && time[row] <= to
  }

  /** Settlements in `(from, to]`: as recorded, else at 00:00, 08:00 and 16:00 UTC at the assumed rate. */
  within(from: Timestamp, to: Timestamp): Settlement[] {
    const found: Settlement[] = []
    const time = this.#history?.time ?? new Float64Array(0)
    const rate = this.#history?.rate ?? new Float64Array(0)
    let row = firstAtOrAfter(time, time.length, from + 1)
    for (; row < time.length && time[row] <= to; row++) {
      found.push({ time: time[row], rate: rate[row], isAssumed: false })
    }
    for (let at = Math.floor(from / ASSUMED_SPACING + 1) * ASSUMED_SPACING; at <= to; at += ASSUMED_SPACING) {
      if (this.#covers(at)) continue
      found.push({ time: at, rate: this.#assumed, isAssumed: true })
    }
    return found.sort((a, b) => a.time - b.time)
  }

  /** Whether the history says something about this moment: it lies at or between settlements near one another. */
  #covers(at: Timestamp): boolean {
    const time = this.#history?.time
    if (time === undefined || time.length === 0) return false
    const next = firstAtOrAfter(time, time.length, at)
    if (next < time.length && time[next] === at) return true
    return next > 0 && next < time.length && time[next] - time[next - 1] <= LONGEST_SPACING
  }

  /** The last settled rate at `at`, per 8 h; `null` when the history has none in the 8 h before. */
  settledPer8h(at: Timestamp): number | null {
    const time = this.#history?.time
    const rate = this.#history?.rate
    if (time === undefined || rate === undefined) return null
    const row = firstAtOrAfter(time, time.length, at + 1) - 1
    if (row < 0 || at - time[row] >= LONGEST_SPACING) return null
    const before = row > 0 ? time[row] - time[row - 1] : LONGEST_SPACING
    return (rate[row] * LONGEST_SPACING) / Math.min(before, LONGEST_SPACING)
  }

  /**
   * What the exchange has announced at `at`: when it settles next, and how long the interval is that ends then. That
   * one settlement to come is all that is taken from the time after `at`; what its rate will be, and whether the
   * interval is another one after it, is not known.
   */
  announced(at: Timestamp): { readonly next: Timestamp; readonly interval: Milliseconds } {
    const time = this.#history?.time ?? new Float64Array(0)
    const row = firstAtOrAfter(time, time.length, at + 1)
    const recorded = row < time.length ? time[row] : Number.POSITIVE_INFINITY
    const assumed = Math.floor(at / ASSUMED_SPACING + 1) * ASSUMED_SPACING
    if (recorded > assumed && !this.#covers(assumed)) return { next: assumed, interval: ASSUMED_SPACING }
    const before = row > 0 ? recorded - time[row - 1] : ASSUMED_SPACING
    return { next: recorded, interval: before <= LONGEST_SPACING ? before : ASSUMED_SPACING }
  }
}

/** The intervals a set of stretches is told by, with their number of bars. */
export function told(parts: readonly Stretch[]): ReadonlyMap<Interval, number> {
  const counts = new Map<Interval, number>()
  for (const { candles, from, to } of parts) {
    counts.set(candles.interval, (counts.get(candles.interval) ?? 0) + to - from)
  }
  return counts
}
