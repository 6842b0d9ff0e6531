/**
 * Brings the market's past into the cache. The work is cut at fixed times into pieces, each of them some answers and one
 * transaction, so that whatever ends it loses at most the pieces at work, and the next one goes on there: a piece whose
 * rows are all in the cache, or that was asked for whole before, is not asked for again. Candles that the exchange must
 * have and does not send are told: one that trades has one in each interval. An answer can be cut short, so they are asked
 * for again, until the exchange leaves out the same ones once more.
 */
import { createHash } from 'node:crypto'
import { DataError, ExchangeError } from '../../base/errors.ts'
import { DAY, HOUR, MINUTE, type Milliseconds, type Timestamp } from '../../base/units.ts'
import { CandleSeries } from '../../market/candles.ts'
import type { InstrumentRow } from '../../market/instruments.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import type { ImportedFile, ImportResult, MarketCache } from '../sqlite/market-cache.ts'
import { instrumentRow, isTraded } from './listing.ts'
import type { ListedInstrument, MarkCandle } from './mapper-market.ts'
import { type BybitMarket, CANDLES_PER_PAGE, SETTLEMENTS_PER_PAGE } from './market.ts'
import { missingIn, type Range, wholeSlots, windowsOf } from './windows.ts'

export const KINDS = ['candles', 'mark', 'funding', 'instruments', 'tiers'] as const
export type Kind = (typeof KINDS)[number]

/** What is wanted. */
export interface Wish {
  readonly kinds: readonly Kind[]
  /** `null`: all that are traded. */
  readonly symbols: readonly string[] | null
  readonly timeframes: readonly Interval[]
  /** `null`: so many newest candles of each timeframe as one answer has. */
  readonly from: Timestamp | null
  /** `null`: up to now. */
  readonly to: Timestamp | null
}

/** What is told meanwhile. */
export interface Hearer {
  progress(done: number, total: number, name: string): void
  /** Something that could not be had, or not be stored; the rest goes on. */
  problem(words: string): void
}

export interface Downloaded {
  readonly rows: number
  /** Answers that were asked for, and pieces that needed none. */
  readonly pieces: number
  readonly skipped: number
  /** Pieces that failed because of the exchange, and because of what is in the cache. */
  readonly failed: number
  readonly refused: number
  readonly symbols: number
  /** Series of which candles were asked for and not had. */
  readonly lacks: readonly Lack[]
}

/** Candles of a series that the exchange must have and has not sent. */
export interface Lack {
  /** Such as `candles ETHUSDT 15m`. */
  readonly name: string
  readonly missing: number
  /** So many were asked for that the exchange must have. */
  readonly asked: number
  /** Start of the first and the last one that is missing. */
  readonly from: Timestamp
  readonly to: Timestamp
}

/** What is to be known of a symbol to ask for its past. */
type Dated = Pick<ListedInstrument, 'symbol' | 'launchTime' | 'fundingInterval'>

/** A piece of work: what it asks for, and where its rows go. */
interface Piece {
  readonly name: string
  readonly fetch: () => Promise<Rows>
  readonly file: Pick<ImportedFile, 'source' | 'target'>
}

interface Rows {
  readonly rows: readonly object[]
  readonly store: (file: ImportedFile) => ImportResult
  /** Starts of candles, in ascending order: all that were asked for, and those that are missing. */
  readonly slots?: { readonly asked: number; readonly missing: readonly Timestamp[] }
}

/** Answers that are waited for at once. */
const AT_ONCE = 8
/** Candles of so long after its launch may be missing: a market can begin with an auction. */
const BEGINNING: Milliseconds = DAY
/** The newest candle may come so late. */
const FRESH: Milliseconds = MINUTE
/** So many failures one after another say that the exchange is not there. */
const MOST_FAILURES = 3
/** Settlements are usually so far apart: a window of them fits into one answer. */
const USUAL_INTERVAL: Milliseconds = 8 * HOUR
const FUNDING_WINDOW: Milliseconds = SETTLEMENTS_PER_PAGE * USUAL_INTERVAL

export class Download {
  readonly #market: BybitMarket
  readonly #cache: MarketCache
  /** Names the exchange in the records of the cache. */
  readonly #origin: string
  /** The exchange's time at the beginning. */
  #now: Timestamp = 0

  constructor(market: BybitMarket, cache: MarketCache, origin: string) {
    this.#market = market
    this.#cache = cache
    this.#origin = origin
  }

  /**
   * Fetches what is wanted and not there.
   *
   * @throws ExchangeError when the exchange is away; DataError for a symbol that is not traded, or a range of the future; the reason of `signal`
   */
  async run(wish: Wish, hearer: Hearer, signal: AbortSignal): Promise<Downloaded> {
    const listed = await this.#market.instruments()
    this.#now = listed.at
    if (wish.from !== null && wish.from >= listed.at) {
      const day = (time: Timestamp): string => new Date(time).toISOString().slice(0, 10)
      throw new DataError(
        `the range begins on ${day(wish.from)}, and the exchange has ${day(listed.at)}: nothing is to be had yet`,
        undefined,
        'begin it earlier',
      )
    }
    const traded = listed.items.filter(isTraded)
    const wanted =
      wish.symbols === null ? traded : traded.filter(({ symbol }) => wish.symbols?.includes(symbol))
    // What cannot be read is left out, unless it is asked for: its past can be had all the same.
    const spoilt = new Set(listed.spoilt.map(({ symbol }) => symbol))
    const unread = wish.symbols?.filter(symbol => spoilt.has(symbol)) ?? []
    const unknown =
      wish.symbols?.filter(
        symbol => !unread.includes(symbol) && !traded.some(one => one.symbol === symbol),
      ) ?? []
    for (const { symbol, reason } of listed.spoilt) {
      if (wish.symbols === null || symbol === null || unread.includes(symbol))
        hearer.problem(`filters: ${reason}`)
    }
    if (unknown.length > 0) {
      throw new DataError(
        `Bybit does not trade ${unknown.join(', ')} as a perpetual in USDT`,
        undefined,
        'leave it out',
      )
    }
    const tally = new Tally(wanted.length)
    if (wish.kinds.includes('instruments')) this.#storeInstruments(wanted, tally, hearer)
    const past = unread.map(symbol => ({ symbol, launchTime: null, fundingInterval: USUAL_INTERVAL }))
    const pieces = this.#piecesOf(wish, [...wanted, ...past], tally, hearer)
    await this.#work(pieces, tally, hearer, signal)
    return tally
  }

  /**
   * Fetches what has closed of some series since the newest candle that is stored; of a series without any, or one that
   * ended long ago, as many as one answer has. Where nothing has closed nothing is asked.
   *
   * @param at the exchange's time
   * @throws ExchangeError when the exchange is away; the reason of `signal`
   */
  async topUp(
    symbols: readonly string[],
    interval: Interval,
    at: Timestamp,
    hearer: Hearer,
    signal: AbortSignal,
  ): Promise<Downloaded> {
    this.#now = at
    const span = INTERVAL_MS[interval]
    const to = Math.floor(at / span) * span
    const newest = new Map(
      this.#cache
        .list()
        .filter(one => one.kind === 'candles' && one.interval === interval)
        .map(({ symbol, last }) => [symbol, last + span]),
    )
    const tally = new Tally(symbols.length)
    const pieces = symbols.flatMap(symbol => {
      const from = Math.max(newest.get(symbol) ?? 0, to - span * CANDLES_PER_PAGE)
      if (from >= to) {
        tally.skipped++
        return []
      }
      const target = `candles ${symbol} ${interval}`
      const fetch = async (): Promise<Rows> => {
        const rows = await this.#market.candles(symbol, interval, { from, to })
        return { rows, store: file => this.#cache.importCandles(seriesOf(symbol, interval, rows), file) }
      }
      return [{ name: target, file: { source: `${this.#origin} ${NEWEST}`, target }, fetch }]
    })
    await this.#work(pieces, tally, hearer, signal)
    return tally
  }

  /**
   * The filters of all that is traded, of the day of `at`: as they are stored, or else fetched.
   *
   * @throws ExchangeError
   */
  async filters(at: Timestamp): Promise<readonly InstrumentRow[]> {
    const date = dayOf(at)
    const file = { source: this.#origin, target: `all instruments ${date}` }
    const stored = (): readonly InstrumentRow[] => this.#cache.instruments().filter(row => row.date === date)
    if (this.#cache.file(file.source, file.target) !== null) return stored()
    this.#now = at
    const { items } = await this.#market.instruments()
    const known = new Set(stored().map(({ symbol }) => symbol))
    const rows = items
      .filter(one => isTraded(one) && !known.has(one.symbol))
      .map(one => instrumentRow(one, date))
    this.#cache.importInstruments(rows, this.#file(file, rows))
    return stored()
  }

  /** Filters of a day are those with which it was first looked at: what changes within it is told and left out. */
  #storeInstruments(wanted: readonly ListedInstrument[], tally: Tally, hearer: Hearer): void {
    const date = dayOf(this.#now)
    const known = new Map(
      this.#cache
        .instruments()
        .filter(row => row.date === date)
        .map(row => [row.symbol, row]),
    )
    const rows = wanted.map(one => instrumentRow(one, date))
    const changed = rows.filter(row => {
      const before = known.get(row.symbol)
      return before !== undefined && JSON.stringify(before) !== JSON.stringify(row)
    })
    if (changed.length > 0) {
      const names = changed.slice(0, 3).map(({ symbol }) => symbol)
      hearer.problem(
        `filters of ${changed.length} symbols have changed since this morning: ${names.join(', ')}`,
      )
    }
    const fresh = rows.filter(({ symbol }) => !known.has(symbol))
    const target = `instruments ${date}`
    tally.rows += this.#cache.importInstruments(
      fresh,
      this.#file({ source: this.#origin, target }, fresh),
    ).added
  }

  #piecesOf(
    { kinds, timeframes, from, to }: Wish,
    wanted: readonly Dated[],
    tally: Tally,
    hearer: Hearer,
  ): readonly Piece[] {
    const end = Math.min(to ?? this.#now, this.#now)
    const pieces: Piece[] = []
    if (kinds.includes('tiers')) pieces.push(this.#tiersPiece(wanted, hearer))
    for (const { symbol, launchTime, fundingInterval } of wanted) {
      const begin = (span: Milliseconds): Timestamp =>
        Math.max(
          from ?? (Math.floor(end / span) - CANDLES_PER_PAGE) * span,
          Math.floor((launchTime ?? 0) / span) * span,
        )
      for (const interval of timeframes) {
        const range = { from: begin(INTERVAL_MS[interval]), to: end }
        for (const kind of ['candles', 'mark'] as const) {
          if (kinds.includes(kind))
            pieces.push(...this.#candlePieces(kind, symbol, interval, range, launchTime, tally))
        }
      }
      if (kinds.includes('funding')) {
        const longest = Math.max(...timeframes.map(interval => INTERVAL_MS[interval]))
        const range = { from: begin(longest), to: end }
        pieces.push(...this.#fundingPieces(symbol, range, fundingInterval, tally))
      }
    }
    return pieces
  }

  #tiersPiece(wanted: readonly Dated[], hearer: Hearer): Piece {
    const date = dayOf(this.#now)
    const symbols = new Set(wanted.map(({ symbol }) => symbol))
    return {
      name: 'risk tiers',
      file: { source: this.#origin, target: `tiers ${date}` },
      fetch: async () => {
        const { items, spoilt } = await this.#market.riskTiers()
        for (const { symbol, reason } of spoilt) {
          if (symbol === null || symbols.has(symbol)) hearer.problem(`risk tiers: ${reason}`)
        }
        const rows = items
          .filter(({ symbol }) => symbols.has(symbol))
          .map(({ isLowest: _, ...tier }) => ({ ...tier, date }))
        return { rows, store: file => this.#cache.importTiers(rows, file) }
      },
    }
  }

  #candlePieces(
    kind: 'candles' | 'mark',
    symbol: string,
    interval: Interval,
    range: Range,
    launchTime: Timestamp | null,
    tally: Tally,
  ): readonly Piece[] {
    const span = INTERVAL_MS[interval]
    const target = `${kind} ${symbol} ${interval}`
    const stored = this.#starts(kind, symbol, interval, range)
    const gaps: Gap[] = []
    let row = 0
    for (const window of windowsOf(wholeSlots(range, span), span * CANDLES_PER_PAGE)) {
      const first = row
      while (row < stored.length && stored[row] < window.to) row++
      const missing = missingIn(stored.slice(first, row), window, span)
      const source = this.#sourceOf(window, span * CANDLES_PER_PAGE, range.to)
      if (missing === null || this.#isDone(source, target)) tally.skipped++
      else add(gaps, { ...missing, source }, span * CANDLES_PER_PAGE)
    }
    return gaps.map(({ source, ...missing }) => {
      const fetch = async (): Promise<Rows> => {
        const lacking = (rows: readonly MarkCandle[]): Rows['slots'] => {
          const there = new Set([...stored, ...rows.map(({ start }) => start)])
          return this.#lacking(missing, span, there, launchTime)
        }
        if (kind === 'mark') {
          const rows = await this.#market.mark(symbol, interval, missing)
          const store: Rows['store'] = file => this.#cache.importMark(seriesOf(symbol, interval, rows), file)
          return { rows, slots: lacking(rows), store }
        }
        const rows = await this.#market.candles(symbol, interval, missing)
        const store: Rows['store'] = file => this.#cache.importCandles(seriesOf(symbol, interval, rows), file)
        return { rows, slots: lacking(rows), store }
      }
      return { name: target, file: { source, target }, fetch }
    })
  }

  /** What the exchange must have of a range and is not there; of one whose launch is not known, after the first that is. */
  #lacking(
    { from, to }: Range,
    span: Milliseconds,
    there: ReadonlySet<Timestamp>,
    launchTime: Timestamp | null,
  ): Rows['slots'] {
    let isBegun = launchTime !== null || there.size === 0
    const missing: Timestamp[] = []
    let had = 0
    for (let start = from; start < to; start += span) {
      if (there.has(start)) {
        isBegun = true
        had++
      } else if (isBegun && start >= (launchTime ?? 0) + BEGINNING && start + span <= this.#now - FRESH)
        missing.push(start)
    }
    return { asked: had + missing.length, missing }
  }

  /** The record of a piece: what the exchange has left out is asked for again, unless it was left out before. */
  #recordOf({ file }: Piece, { rows, slots }: Rows): ImportedFile {
    const missing = slots?.missing ?? []
    if (missing.length === 0 || file.source.endsWith(NEWEST)) return this.#file(file, rows)
    const short = this.#file(
      { ...file, source: `${file.source} ${SHORT}` },
      missing.map(start => ({ start })),
    )
    const before = this.#cache.file(short.source, short.target)
    return before?.sha256 === short.sha256 ? this.#file(file, rows) : short
  }

  #fundingPieces(symbol: string, range: Range, interval: Milliseconds, tally: Tally): readonly Piece[] {
    const target = `funding ${symbol}`
    const { time: times } = this.#cache.funding(symbol)
    // From the beginning of a window: one that began elsewhere each time would be another one each time.
    const from = Math.floor(range.from / FUNDING_WINDOW) * FUNDING_WINDOW
    return windowsOf({ ...range, from }, FUNDING_WINDOW).flatMap(window => {
      const source = this.#sourceOf(window, FUNDING_WINDOW, range.to)
      // In the last window, which is not over, what is newer than the newest is asked for, once there can be something.
      const newest = times.findLast(time => time >= window.from && time < window.to)
      const isOpen = source.endsWith(NEWEST)
      const missing = isOpen && newest !== undefined ? { from: newest + 1, to: window.to } : window
      if ((missing !== window && missing.to - missing.from < interval) || this.#isDone(source, target)) {
        tally.skipped++
        return []
      }
      const fetch = async (): Promise<Rows> => {
        const rows = await this.#market.settlements(symbol, missing)
        const funding = {
          time: Float64Array.from(rows, row => row.time),
          rate: Float64Array.from(rows, row => row.rate),
        }
        return { rows, store: file => this.#cache.importFunding(symbol, funding, file) }
      }
      return [{ name: target, file: { source, target }, fetch }]
    })
  }

  /** Names a window in the records: one that is over by its times, the last one as the newest. */
  #sourceOf({ from, to }: Range, size: Milliseconds, end: Timestamp): string {
    const isOver = to % size === 0 && to <= end
    return `${this.#origin} ${isOver ? `${from}-${to}` : NEWEST}`
  }

  #isDone(source: string, target: string): boolean {
    return !source.endsWith(NEWEST) && this.#cache.file(source, target) !== null
  }

  #starts(
    kind: 'candles' | 'mark',
    symbol: string,
    interval: Interval,
    { from, to }: Range,
  ): readonly number[] {
    const series =
      kind === 'mark'
        ? this.#cache.mark(symbol, interval, from, to)
        : this.#cache.candles(symbol, interval, from, to)
    return series === null ? [] : [...series.start.subarray(0, series.length)]
  }

  #file(file: Pick<ImportedFile, 'source' | 'target'>, rows: readonly object[]): ImportedFile {
    const sha256 = createHash('sha256').update(JSON.stringify(rows)).digest('hex')
    return { ...file, sha256, badRows: 0, importedAt: this.#now }
  }

  async #work(pieces: readonly Piece[], tally: Tally, hearer: Hearer, signal: AbortSignal): Promise<void> {
    let next = 0
    let done = 0
    let failures = 0
    let fatal: ExchangeError | null = null
    const worker = async (): Promise<void> => {
      while (next < pieces.length && fatal === null) {
        const piece = pieces[next++]
        try {
          const found = await piece.fetch()
          // What comes after the end belongs to nobody: the cache may be closed.
          if (signal.aborted) return
          tally.rows += found.store(this.#recordOf(piece, found)).added
          tally.pieces++
          if (found.slots !== undefined) tally.lack(piece.name, found.slots)
          failures = 0
        } catch (error) {
          if (signal.aborted) return
          if (error instanceof ExchangeError) {
            tally.failed++
            failures++
            if (error.why === 'banned' || failures >= MOST_FAILURES) fatal ??= error
            else hearer.problem(`${piece.name}: ${error.message}`)
          } else if (error instanceof DataError) {
            tally.refused++
            hearer.problem(`${piece.name}: ${error.message}`)
          } else throw error
        }
        hearer.progress(++done, pieces.length, piece.name)
      }
    }
    await Promise.race([Promise.all(Array.from({ length: AT_ONCE }, worker)), aborted(signal)])
    signal.throwIfAborted()
    if (fatal !== null) throw fatal
  }
}

/** Resolves when the signal comes. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** What is missing in a window, under the name of the window. */
interface Gap extends Range {
  readonly source: string
}

/** Adds what is missing in a window to what is missing before it; both together are one piece where one answer has room. */
function add(gaps: Gap[], gap: Gap, most: Milliseconds): void {
  const before = gaps.at(-1)
  if (before !== undefined && gap.to - before.from <= most)
    gaps[gaps.length - 1] = { ...gap, from: before.from }
  else gaps.push(gap)
}

/** The last window of a series, in the records. */
const NEWEST = 'newest'
/** A window of which candles were missing. */
const SHORT = 'short'

class Tally implements Downloaded {
  rows = 0
  pieces = 0
  skipped = 0
  failed = 0
  refused = 0
  readonly symbols: number
  readonly #lacks = new Map<string, Lack>()

  constructor(symbols: number) {
    this.symbols = symbols
  }

  get lacks(): readonly Lack[] {
    return [...this.#lacks.values()].filter(({ missing }) => missing > 0)
  }

  lack(name: string, { asked, missing }: NonNullable<Rows['slots']>): void {
    const known = this.#lacks.get(name)
    const from = Math.min(known?.from ?? Number.POSITIVE_INFINITY, missing[0] ?? Number.POSITIVE_INFINITY)
    const to = Math.max(known?.to ?? 0, missing.at(-1) ?? 0)
    this.#lacks.set(name, {
      name,
      missing: (known?.missing ?? 0) + missing.length,
      asked: (known?.asked ?? 0) + asked,
      from,
      to,
    })
  }
}

/** The day of a moment, YYYY-MM-DD. */
export function dayOf(at: Timestamp): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** Rows as columns; those of the mark price have no volumes. */
function seriesOf(
  symbol: string,
  interval: Interval,
  rows: readonly (MarkCandle & { readonly volume?: number; readonly turnover?: number })[],
): CandleSeries {
  const series = new CandleSeries(symbol, interval, Math.max(1, rows.length))
  for (const { start, open, high, low, close, volume = 0, turnover = 0 } of rows) {
    series.push(start, open, high, low, close, volume, turnover)
  }
  return series
}
