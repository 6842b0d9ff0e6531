/**
 * The market of one symbol at every moment: where its prices are, on the way that `path.ts` makes of its candles, and
 * the candles, closed and open, that the way has made up to then. What lies after the moment asked about is not used,
 * but for the candle that is under way, whose corners decide where the price is inside of it.
 */
import type { Milliseconds, Price, Timestamp } from '../../../base/units.ts'
import { DAY, HOUR } from '../../../base/units.ts'
import { type Candles, turnoverAt } from '../../../market/candles.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { INTERVAL_MS, type Interval } from '../../../market/interval.ts'
import type { MarkCandles } from '../../../market/mark.ts'
import type { SymbolMarket } from '../../../market/symbol-market.ts'
import type { Bar } from '../exchange.ts'
import { barAt, FundingTape, type Stretch, stretches } from '../tape.ts'
import { seriesOf } from '../venue.ts'
import { type PathPoint, pieces, pointAt } from './path.ts'

/** Which price: the last one, the mark price, or by how much the last one is above it as a share. */
export type PriceKind = 'last' | 'mark' | 'premium'

export interface FeedCandle {
  readonly start: Timestamp
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly turnover: number
}

/** The 24 hours before a moment. */
export interface DayStatistics {
  readonly previous: Price
  readonly high: Price
  readonly low: Price
  readonly volume: number
  readonly turnover: number
}

interface Row {
  readonly bar: Bar
  readonly volume: number
  readonly turnover: number
}

export class SymbolFeed {
  readonly instrument: Instrument
  readonly funding: FundingTape
  /** When the first candle opens and the last one closes. */
  readonly firstAt: Timestamp
  readonly endAt: Timestamp
  readonly #market: SymbolMarket
  readonly #mark: MarkCandles | null
  readonly #parts: readonly Stretch[]
  readonly #series = new Map<Interval, Candles | null>()
  /** The sums over the whole bars of the last day, as of the bar that is under way. */
  #day: { readonly index: number; readonly statistics: DayStatistics } | null = null

  /** @param assumedFunding rate per 8 h where no settlement is recorded */
  constructor(market: SymbolMarket, assumedFunding: number) {
    this.#market = market
    this.instrument = market.instrument
    this.funding = new FundingTape(market.funding, assumedFunding)
    this.#parts = stretches([...market.candles.values()], 0, Number.POSITIVE_INFINITY)
    const last = this.#parts.at(-1)
    this.firstAt = this.#parts.length > 0 ? this.#parts[0].candles.start[this.#parts[0].from] : 0
    this.endAt = last === undefined ? 0 : last.candles.start[last.to - 1] + INTERVAL_MS[last.candles.interval]
    let mark: MarkCandles | null = null
    for (const one of market.mark.values()) {
      if (mark === null || INTERVAL_MS[one.interval] < INTERVAL_MS[mark.interval]) mark = one
    }
    this.#mark = mark
  }

  /** Whether it has a price at a time. */
  isPriced(at: Timestamp): boolean {
    return at >= this.firstAt && this.#parts.length > 0
  }

  /** The prices at a time; where no candle tells of it, those of the close before. */
  at(time: Timestamp): PathPoint {
    const place = this.#placeOf(time)
    return place === null
      ? { time, last: Number.NaN, mark: Number.NaN }
      : { ...pointAt(this.#row(place).bar, time), time }
  }

  /**
   * The way of the prices in `[from, to]` as straight pieces between neighbours. Where a bar opens elsewhere than the
   * one before has closed, two points have the same time.
   */
  way(from: Timestamp, to: Timestamp): readonly PathPoint[] {
    const points: PathPoint[] = [this.at(from)]
    for (let place = this.#placeOf(from); place !== null; place = this.#after(place)) {
      const { bar } = this.#row(place)
      if (bar.start >= to) break
      if (bar.end <= from) continue
      for (const point of pieces(bar, Math.max(from, bar.start), Math.min(to, bar.end))) {
        const before = points[points.length - 1]
        const isSame = before.time === point.time && before.last === point.last && before.mark === point.mark
        if (!isSame) points.push(point)
      }
    }
    const last = points[points.length - 1]
    if (last.time < to) points.push({ ...last, time: to })
    return points
  }

  /** The candle of `[from, to)` of one kind of price, `null` where nothing tells of it. `to` is not after now. */
  between(kind: PriceKind, from: Timestamp, to: Timestamp): FeedCandle | null {
    let made: { -readonly [K in keyof FeedCandle]: FeedCandle[K] } | null = null
    for (let place = this.#placeOf(from) ?? this.#first(); place !== null; place = this.#after(place)) {
      const { bar, volume, turnover } = this.#row(place)
      if (bar.start >= to) break
      if (bar.end <= from) continue
      const [start, end] = [Math.max(from, bar.start), Math.min(to, bar.end)]
      const share = (end - start) / (bar.end - bar.start)
      const { open, high, low, close } = share === 1 ? wholeOf(kind, bar) : partOf(kind, bar, start, end)
      if (made === null) made = { start: from, open, high, low, close, volume: 0, turnover: 0 }
      made.high = Math.max(made.high, high)
      made.low = Math.min(made.low, low)
      made.close = close
      made.volume += volume * share
      made.turnover += turnover * share
    }
    return made
  }

  /**
   * The candle that begins at `start`, as far as it has come by `now`; as recorded where it has closed and its interval
   * is. `null` where nothing tells of it.
   *
   * @param end when it closes
   */
  candle(kind: PriceKind, start: Timestamp, end: Timestamp, now: Timestamp): FeedCandle | null {
    if (start >= now || start >= this.endAt) return null
    const interval = kind === 'last' && end <= now ? intervalOf(end - start) : null
    const recorded = interval === null ? null : this.#recorded(interval)
    if (recorded !== null) {
      const row = rowAt(recorded.start, 0, recorded.length, start)
      if (row >= 0 && recorded.start[row] === start) {
        return {
          start,
          open: recorded.open[row],
          high: recorded.high[row],
          low: recorded.low[row],
          close: recorded.close[row],
          volume: recorded.volume[row],
          turnover: turnoverAt(recorded, row),
        }
      }
    }
    return this.between(kind, start, Math.min(end, now))
  }

  /** The last 24 hours. */
  day(now: Timestamp): DayStatistics {
    const place = this.#placeOf(now)
    const index = place === null ? -1 : place.part * 1e7 + place.row
    if (this.#day === null || this.#day.index !== index) {
      const whole = this.between('last', now - DAY, now)
      const at = this.at(now).last
      const statistics = {
        previous: this.at(Math.max(now - DAY, this.firstAt)).last,
        high: whole?.high ?? at,
        low: whole?.low ?? at,
        volume: whole?.volume ?? 0,
        turnover: whole?.turnover ?? 0,
      }
      this.#day = { index, statistics }
    }
    const { statistics } = this.#day
    const { last } = this.at(now)
    return {
      ...statistics,
      high: Math.max(statistics.high, last),
      low: Math.min(statistics.low, last),
    }
  }

  /** What is traded in a minute, on the average of the day before. */
  volumeOfMinute(now: Timestamp): number {
    return this.day(now).volume / (DAY / MINUTE_OF_DAY)
  }

  /** The price an hour ago. */
  hourAgo(now: Timestamp): Price {
    return this.at(Math.max(now - HOUR, this.firstAt)).last
  }

  #recorded(interval: Interval): Candles | null {
    const known = this.#series.get(interval)
    if (known !== undefined) return known
    const made = seriesOf(this.#market, interval)
    this.#series.set(interval, made)
    return made
  }

  #first(): { readonly part: number; readonly row: number } | null {
    return this.#parts.length === 0 ? null : { part: 0, row: this.#parts[0].from }
  }

  /** The last bar that begins at or before a time. */
  #placeOf(time: Timestamp): { readonly part: number; readonly row: number } | null {
    let low = 0
    let high = this.#parts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const { candles, from } = this.#parts[middle]
      if (candles.start[from] <= time) low = middle + 1
      else high = middle
    }
    if (low === 0) return null
    const { candles, from, to } = this.#parts[low - 1]
    return { part: low - 1, row: rowAt(candles.start, from, to, time) }
  }

  #after({ part, row }: { readonly part: number; readonly row: number }): {
    readonly part: number
    readonly row: number
  } | null {
    if (row + 1 < this.#parts[part].to) return { part, row: row + 1 }
    return part + 1 < this.#parts.length ? { part: part + 1, row: this.#parts[part + 1].from } : null
  }

  #row({ part, row }: { readonly part: number; readonly row: number }): Row {
    const { candles } = this.#parts[part]
    return {
      bar: barAt(candles, row, this.#mark),
      volume: candles.volume[row],
      turnover: turnoverAt(candles, row),
    }
  }
}

const MINUTE_OF_DAY: Milliseconds = 60_000

function readingOf(kind: PriceKind, { last, mark }: PathPoint): number {
  if (kind === 'last') return last
  return kind === 'mark' ? mark : last / mark - 1
}

type Prices = Pick<FeedCandle, 'open' | 'high' | 'low' | 'close'>

/** What the way through all of a bar comes to. The prices of a bar are its corners; a premium is none of them. */
function wholeOf(kind: PriceKind, bar: Bar): Prices {
  if (kind === 'last') return bar
  if (kind === 'premium') return partOf(kind, bar, bar.start, bar.end)
  return { open: bar.markOpen, high: bar.markHigh, low: bar.markLow, close: bar.markClose }
}

function partOf(kind: PriceKind, bar: Bar, start: Timestamp, end: Timestamp): Prices {
  const values = pieces(bar, start, end).map(point => readingOf(kind, point))
  return {
    open: values[0],
    high: Math.max(...values),
    low: Math.min(...values),
    close: values[values.length - 1],
  }
}

/** The last row in `[from, to)` that begins at or before a time; `from - 1` where none does. */
function rowAt(column: Float64Array, from: number, to: number, time: Timestamp): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (column[middle] <= time) low = middle + 1
    else high = middle
  }
  return low - 1
}

function intervalOf(span: Milliseconds): Interval | null {
  for (const [interval, ms] of Object.entries(INTERVAL_MS)) if (ms === span) return interval as Interval
  return null
}

/** The same market as if it had happened later by a span. */
export function shifted(market: SymbolMarket, by: Milliseconds): SymbolMarket {
  if (by === 0) return market
  const later = (column: Float64Array): Float64Array => column.map(time => time + by)
  return {
    ...market,
    candles: new Map(
      [...market.candles].map(([interval, candles]) => [interval, withStart(candles, later(candles.start))]),
    ),
    mark: new Map(
      [...market.mark].map(([interval, mark]) => [interval, { ...mark, start: later(mark.start) }]),
    ),
    funding: market.funding === null ? null : { ...market.funding, time: later(market.funding.time) },
  }
}

function withStart(candles: Candles, start: Float64Array): Candles {
  const { symbol, interval, length, open, high, low, close, volume, turnover } = candles
  return { symbol, interval, length, start, open, high, low, close, volume, turnover }
}
