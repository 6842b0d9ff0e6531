/**
 * Which closed candles are still to be told, of every series that is followed; pure. A stream confirms a candle once,
 * and not at all where it was away or nothing was traded: what it leaves out is asked for, and each series is told in
 * order, each candle once. A candle that even the exchange's list does not have is a gap.
 */
import { MINUTE, type Milliseconds, SECOND, type Timestamp } from '../../base/units.ts'
import type { Candle } from '../../market/candles.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'

/** So long after its close a candle is waited for from the stream. */
const GRACE: Milliseconds = 3 * SECOND
/** Waits between questions for the same candles. */
const FIRST_PAUSE: Milliseconds = 5 * SECOND
const LONGEST_PAUSE: Milliseconds = 2 * MINUTE
/** Candles that wait behind a gap; more come from the list. */
const MOST_WAITING = 500

/** Closed candles to be asked for: those that begin from `from` on and before `to`. */
export interface Wanted {
  readonly symbol: string
  readonly interval: Interval
  readonly from: Timestamp
  readonly to: Timestamp
}

/** What can be told of a series now, in order, and how many candles there are not. */
export interface Tellable {
  readonly candles: readonly Candle[]
  readonly missing: number
}

interface Series {
  readonly symbol: string
  readonly interval: Interval
  readonly span: Milliseconds
  /** When the next candle to be told begins. */
  next: Timestamp
  /** Confirmed, but behind one that is missing, by their beginning. */
  readonly waiting: Map<Timestamp, Candle>
  isAsked: boolean
  /** Not asked for again before. */
  askAt: Timestamp
  pause: Milliseconds
}

const NOTHING: Tellable = { candles: [], missing: 0 }

export class CandleKeeper {
  readonly #series = new Map<string, Series>()

  /** Follows a series; `next` is the beginning of the first candle that is to be told. */
  follow(symbol: string, interval: Interval, next: Timestamp): void {
    this.#series.set(keyOf(symbol, interval), {
      symbol,
      interval,
      span: INTERVAL_MS[interval],
      next,
      waiting: new Map(),
      isAsked: false,
      askAt: 0,
      pause: FIRST_PAUSE,
    })
  }

  /** Follows nothing of a symbol any more. */
  drop(symbol: string): void {
    for (const [key, one] of this.#series) if (one.symbol === symbol) this.#series.delete(key)
  }

  /** Takes a candle that the stream has confirmed. */
  confirmed(symbol: string, interval: Interval, candle: Candle): Tellable {
    const series = this.#series.get(keyOf(symbol, interval))
    if (series === undefined || candle.start < series.next || candle.start % series.span !== 0) return NOTHING
    if (series.waiting.size < MOST_WAITING) series.waiting.set(candle.start, candle)
    return { candles: inOrder(series), missing: 0 }
  }

  /** The series of which a candle has closed and not come, or waits behind one that has not; each is asked for once at a time. */
  due(now: Timestamp): readonly Wanted[] {
    const wanted: Wanted[] = []
    for (const series of this.#series.values()) {
      const { symbol, interval, span, next, isAsked, askAt, waiting } = series
      const isLate = next + span + GRACE <= now || waiting.size > 0
      if (!isLate || isAsked || now < askAt) continue
      series.isAsked = true
      wanted.push({ symbol, interval, from: next, to: Math.floor(now / span) * span })
    }
    return wanted
  }

  /**
   * Takes the list of closed candles that was asked for, ascending. What is missing before the last of them is a gap;
   * what is missing after it may still come.
   */
  listed({ symbol, interval, to }: Wanted, candles: readonly Candle[], now: Timestamp): Tellable {
    const series = this.#series.get(keyOf(symbol, interval))
    if (series === undefined) return NOTHING
    series.isAsked = false
    for (const candle of candles) {
      if (candle.start >= series.next && candle.start < to) series.waiting.set(candle.start, candle)
    }
    const told: Candle[] = []
    let missing = 0
    for (;;) {
      told.push(...inOrder(series))
      const { waiting, span } = series
      if (waiting.size === 0) break
      const first = Math.min(...waiting.keys())
      missing += (first - series.next) / span
      series.next = first
    }
    const isWhole = series.next >= to
    series.pause = isWhole ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, 2 * series.pause)
    series.askAt = isWhole ? 0 : now + series.pause
    return { candles: told, missing }
  }

  /** The list could not be had. */
  failed({ symbol, interval }: Wanted, now: Timestamp): void {
    const series = this.#series.get(keyOf(symbol, interval))
    if (series === undefined) return
    series.isAsked = false
    series.askAt = now + series.pause
    series.pause = Math.min(LONGEST_PAUSE, 2 * series.pause)
  }
}

/** Takes what follows the last told candle without a gap. */
function inOrder(series: Series): Candle[] {
  const { waiting, span } = series
  const told: Candle[] = []
  for (let candle = waiting.get(series.next); candle !== undefined; candle = waiting.get(series.next)) {
    waiting.delete(series.next)
    told.push(candle)
    series.next += span
  }
  return told
}

function keyOf(symbol: string, interval: Interval): string {
  return `${symbol} ${interval}`
}
