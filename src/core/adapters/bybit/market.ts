/**
 * Bybit's public market: what there is to trade, what it costs, and its past. Lists come whole or not at all, each with
 * its rows that cannot be read; an answer to another question than the one that was asked is none.
 */
import { DataError } from '../../base/errors.ts'
import { HOUR, type Milliseconds, type Timestamp } from '../../base/units.ts'
import type { Candle } from '../../market/candles.ts'
import { instrumentFrom } from '../../market/instruments.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import type { BybitClient } from './client.ts'
import { incomplete, troubleIn } from './errors.ts'
import type { Fields } from './fields.ts'
import { instrumentRow, isTraded } from './listing.ts'
import { type LoosePage, type LooseRows, loosePageOf, type SpoiltRow } from './loose-rows.ts'
import {
  candleRows,
  type ListedInstrument,
  listedInstrument,
  type MarkCandle,
  markRows,
  type Page,
  pageOf,
  type RiskTier,
  riskTier,
  type Series,
  type Settlement,
  settlement,
  type Ticker,
  ticker,
} from './mapper-market.ts'
import { closedRows, missingIn, type Range } from './windows.ts'

const CATEGORY = 'linear'
/** Candles, and settlements, that one answer has at most. */
export const CANDLES_PER_PAGE = 1_000
export const SETTLEMENTS_PER_PAGE = 200
/** The pages of a list end long before. */
const MOST_PAGES = 200
/** Lists without a status have only what is traded. */
const OTHER_STATUSES = ['PreLaunch', 'Settling', 'Delivering', 'Closed'] as const
/** What a question is refused for that names nothing the exchange has. */
export const NOT_THERE: readonly (string | null)[] = ['parameters', 'symbol', 'other']
/** Funding is settled every hour at the most. */
const LEAST_INTERVAL: Milliseconds = HOUR

/** The exchange's names of intervals. */
export const INTERVAL_NAMES = {
  '1m': '1',
  '3m': '3',
  '5m': '5',
  '15m': '15',
  '30m': '30',
  '1h': '60',
  '2h': '120',
  '4h': '240',
  '6h': '360',
  '12h': '720',
  '1d': 'D',
} as const satisfies { readonly [interval in Interval]: string }

/** Rows that cannot be read are told apart: they hide no others. */
export interface MarketAnswer<T> extends LooseRows<T> {
  /** The exchange's time of the (last) reply. */
  readonly at: Timestamp
}

export class BybitMarket {
  readonly #client: BybitClient

  constructor(client: BybitClient) {
    this.#client = client
  }

  /** All perpetuals and futures of the linear market that are traded now. */
  instruments(): Promise<MarketAnswer<ListedInstrument>> {
    return this.#pages(
      cursor => rest =>
        rest.getInstrumentsInfo({ category: CATEGORY, limit: 1_000, ...(cursor === null ? {} : { cursor }) }),
      usableInstrument,
    )
  }

  /**
   * One instrument, whether it is traded or not: before its market opens, or after its end. `null`: the exchange has none
   * of that name.
   */
  async named(symbol: string): Promise<ListedInstrument | null> {
    for (const status of [null, ...OTHER_STATUSES]) {
      try {
        const found = await this.#client.read(
          rest =>
            rest.getInstrumentsInfo({ category: CATEGORY, symbol, ...(status === null ? {} : { status }) }),
          result => pageOf(result, usableInstrument).items.find(one => one.symbol === symbol),
        )
        if (found !== undefined) return found
      } catch (error) {
        if (!NOT_THERE.includes(troubleIn(error))) throw error
      }
    }
    return null
  }

  /** The present state of all of them, in one answer. */
  async tickers(): Promise<MarketAnswer<Ticker>> {
    return this.#client.read(
      rest => rest.getTickers({ category: CATEGORY }),
      (result, at) => {
        const { items, spoilt } = linear(loosePageOf(result, ticker))
        return { items, spoilt, at: timed(at) }
      },
    )
  }

  /** The risk tiers of all of them. */
  riskTiers(): Promise<MarketAnswer<RiskTier>> {
    return this.#pages(
      cursor => rest => rest.getRiskLimit({ category: CATEGORY, ...(cursor === null ? {} : { cursor }) }),
      riskTier,
    )
  }

  /**
   * The closed candles of a range of at most 1,000, oldest first. Slots that are missing between others are asked for
   * once more; what is missing then the exchange does not have.
   */
  candles(symbol: string, interval: Interval, range: Range): Promise<readonly Candle[]> {
    return this.#whole(interval, range, ({ from, to }) =>
      this.#client.read(
        rest =>
          rest.getKline({
            category: CATEGORY,
            symbol,
            interval: INTERVAL_NAMES[interval],
            start: from,
            end: to - 1,
            limit: CANDLES_PER_PAGE,
          }),
        (result, at) => closedOf(candleRows(result), symbol, { from, to }, interval, at),
      ),
    )
  }

  /** The same of the mark price. */
  mark(symbol: string, interval: Interval, range: Range): Promise<readonly MarkCandle[]> {
    return this.#whole(interval, range, ({ from, to }) =>
      this.#client.read(
        rest =>
          rest.getMarkPriceKline({
            category: CATEGORY,
            symbol,
            interval: INTERVAL_NAMES[interval],
            start: from,
            end: to - 1,
            limit: CANDLES_PER_PAGE,
          }),
        (result, at) => closedOf(markRows(result), symbol, { from, to }, interval, at),
      ),
    )
  }

  /**
   * The settlements of a range, oldest first. The exchange has no cursor for them: the end of what is asked for walks
   * back until nothing older is left.
   */
  async settlements(symbol: string, { from, to }: Range): Promise<readonly Settlement[]> {
    const found = new Map<Timestamp, Settlement>()
    for (let end = to; end > from; ) {
      const page = await this.#client.read(
        rest =>
          rest.getFundingRateHistory({
            category: CATEGORY,
            symbol,
            startTime: from,
            endTime: end - 1,
            limit: SETTLEMENTS_PER_PAGE,
          }),
        result => {
          const { items } = linear(pageOf(result, settlement))
          for (const one of items) refuseOther(one.symbol, symbol)
          return items.filter(({ time }) => time >= from && time < end)
        },
      )
      for (const one of page) found.set(one.time, one)
      if (page.length === 0) break
      const oldest = Math.min(...page.map(({ time }) => time))
      // Where the page was not full, or nothing fits before its oldest, there is no older one.
      if (page.length < SETTLEMENTS_PER_PAGE || oldest - from < LEAST_INTERVAL) break
      end = oldest
    }
    return [...found.values()].sort((one, other) => one.time - other.time)
  }

  /** The exchange's time. */
  now(): Promise<Timestamp> {
    return this.#client.serverNow()
  }

  async #whole<T extends { readonly start: Timestamp }>(
    interval: Interval,
    range: Range,
    ask: (range: Range) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const span = INTERVAL_MS[interval]
    const rows = await ask(range)
    if (rows.length === 0) return rows
    // Before its first candle a symbol was not traded; between two of them there should be no hole.
    const starts = rows.map(({ start }) => start)
    const hole = missingIn(starts, { from: starts[0], to: starts[starts.length - 1] + span }, span)
    if (hole === null) return rows
    const found = (await ask(hole)).filter(({ start }) => !starts.includes(start))
    return [...rows, ...found].sort((one, other) => one.start - other.start)
  }

  /** All pages of a list. Never part of it: a cursor that does not lead to an end is an error. */
  async #pages<T>(
    ask: (cursor: string | null) => Parameters<BybitClient['read']>[0],
    read: (row: Fields) => T,
  ): Promise<MarketAnswer<T>> {
    const items: T[] = []
    const spoilt: SpoiltRow[] = []
    const seen = new Set<string>()
    let cursor: string | null = null
    for (;;) {
      const page: LoosePage<T> & { readonly at: Timestamp } = await this.#client.read(
        ask(cursor),
        (result, at) => ({
          ...linear(loosePageOf(result, read)),
          at: timed(at),
        }),
      )
      items.push(...page.items)
      spoilt.push(...page.spoilt)
      if (page.next === null) return { items, spoilt, at: page.at }
      if (seen.has(page.next) || seen.size >= MOST_PAGES)
        throw incomplete('a list of the market does not end')
      seen.add(page.next)
      cursor = page.next
    }
  }
}

/** A listed instrument; of what bbw trades one whose filters can be counted in. */
function usableInstrument(row: Fields): ListedInstrument {
  row.symbol('symbol')
  const listed = listedInstrument(row)
  if (isTraded(listed)) instrumentFrom(instrumentRow(listed, ''))
  return listed
}

/** The closed candles of an answer to a question about a symbol and a range. */
function closedOf<T extends { readonly start: Timestamp }>(
  series: Series<T>,
  symbol: string,
  range: Range,
  interval: Interval,
  at: Timestamp | null,
): readonly T[] {
  refuseOther(series.symbol, symbol)
  if (series.category !== CATEGORY) throw new DataError(`the answer is about the ${series.category} market`)
  return closedRows(series.rows, range, INTERVAL_MS[interval], timed(at))
}

function linear<P extends Page<unknown>>(page: P): P {
  if (page.category === CATEGORY) return page
  throw new DataError(`result.category has to be ${CATEGORY} and is ${page.category ?? 'missing'}`)
}

function refuseOther(symbol: string, wanted: string): void {
  if (symbol !== wanted) throw new DataError(`the answer is about ${symbol.slice(0, 40)}, not ${wanted}`)
}

function timed(at: Timestamp | null): Timestamp {
  if (at === null) throw new DataError('the reply does not say when it was made')
  return at
}
