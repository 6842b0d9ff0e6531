import { createHash } from 'node:crypto'
import type { ReadReport } from '../core/adapters/csv/candles.ts'
import { DataError } from '../core/base/errors.ts'
import { DAY, type Timestamp } from '../core/base/units.ts'
import type { Candles } from '../core/market/candles.ts'
import type { FundingRates } from '../core/market/funding.ts'
import type { Instrument } from '../core/market/instrument.ts'
import { chooseInstrument, type InstrumentRow, inferInstrument } from '../core/market/instruments.ts'
import { INTERVAL_MS, INTERVALS, type Interval } from '../core/market/interval.ts'
import type { MarkCandles } from '../core/market/mark.ts'
import { lowestMargins, type TierRow } from '../core/market/risk-tier.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'

/** A market ready to be traded on. */
export interface LoadedMarket {
  /** By symbol; those without a single candle are left out. */
  readonly markets: readonly SymbolMarket[]
  /** Where it is from, for words. */
  readonly name: string
  /** Of everything in it but risk tiers beyond the first, which only a simulated Bybit reads; the order of files changes nothing. */
  readonly hash: string
  readonly warnings: readonly string[]
  /** All symbols that are known of: those with candles, and those that filters are there for. */
  readonly listed: readonly string[]
}

/** What is known of one symbol, each series as the stretches it came in. */
interface Gathered {
  readonly candles: Map<Interval, Candles[]>
  readonly mark: Map<Interval, MarkCandles[]>
  readonly funding: FundingRates[]
}

/** Gathers series and filters, in any order, into a market. */
export class MarketBuilder {
  readonly #symbols = new Map<string, Gathered>()
  readonly #sets = new Map<string, Map<string, InstrumentRow>>()
  readonly #warnings: string[] = []
  #margins: ReadonlyMap<string, number> = new Map()
  #tiers: readonly TierRow[] = []

  /** Whether candles of the symbol came, if only an empty file of them. */
  has(symbol: string): boolean {
    return (this.#symbols.get(symbol)?.candles.size ?? 0) > 0
  }

  get isEmpty(): boolean {
    return ![...this.#symbols.keys()].some(symbol => this.has(symbol))
  }

  candles(candles: Candles): void {
    const { symbol, interval, start, length } = candles
    if (length > 0 && start[0] % INTERVAL_MS[interval] !== 0) {
      const first = new Date(start[0]).toISOString()
      throw new DataError(
        `candles ${symbol} ${interval} begin at ${first}, not at a whole ${interval} of UTC`,
        undefined,
        'shift the times to UTC, or give candles that begin where the exchange begins them',
      )
    }
    add(this.#of(candles.symbol).candles, candles)
  }

  mark(mark: MarkCandles): void {
    add(this.#of(mark.symbol).mark, mark)
  }

  funding(symbol: string, funding: FundingRates): void {
    this.#of(symbol).funding.push(funding)
  }

  instruments(rows: readonly InstrumentRow[]): void {
    for (const row of rows) {
      const set = this.#sets.get(row.date) ?? new Map<string, InstrumentRow>()
      set.set(row.symbol, row)
      this.#sets.set(row.date, set)
    }
  }

  /** Recorded risk tiers: the maintenance margin of the lowest counts instead of the one that follows from the leverage. */
  tiers(rows: readonly TierRow[]): void {
    this.#margins = lowestMargins(rows)
    this.#tiers = rows
  }

  /** Notes what the reader of a file has found to be said. */
  report(file: string, { rows, bad, badCount, gaps, assumedUtc }: ReadReport): void {
    if (rows === 0) this.#warnings.push(`${file}: there are no rows in it`)
    if (assumedUtc) this.#warnings.push(`${file}: times without a zone were taken for UTC`)
    if (badCount > 0) {
      const lines = bad.slice(0, 3).map(row => `line ${row.line}: ${row.reason}`)
      this.#warnings.push(`${file}: ${badCount} bad rows left out (${lines.join('; ')})`)
    }
    if (gaps.length > 0) {
      const { line, missing } = gaps[0]
      const more = gaps.length > 1 ? `, and ${gaps.length - 1} further gaps` : ''
      this.#warnings.push(`${file}, line ${line}: gap of ${missing} candles${more}`)
    }
  }

  /**
   * @param around the moment whose filters are wanted, the nearest dated set being used; `null`: the last close
   * @throws DataError when two stretches of a series overlap
   */
  build(name: string, around: Timestamp | null): LoadedMarket {
    const series = [...this.#symbols]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([symbol, { candles, mark, funding }]) => ({
        symbol,
        candles: byInterval(candles, parts => joinedCandles(parts)),
        mark: byInterval(mark, parts => joinedMark(parts)),
        funding: joinedFunding(symbol, funding),
      }))
      .filter(one => one.candles.size > 0)
    const when = around ?? lastClose(series)
    const sets = [...this.#sets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, set]) => set)
    const markets = series.map(({ symbol, ...one }) => ({
      ...one,
      ...this.#tiersOf(symbol),
      instrument: this.#withMargin(
        chooseInstrument(sets, symbol, when) ?? inferInstrument(symbol, longestOf(one.candles)),
      ),
    }))
    const listed = new Set([...this.#symbols.keys(), ...sets.flatMap(set => [...set.keys()])])
    return { markets, name, hash: hashOf(markets), warnings: this.#warnings, listed: [...listed] }
  }

  #withMargin(instrument: Instrument): Instrument {
    const maintenanceMarginRate = this.#margins.get(instrument.symbol)
    return maintenanceMarginRate === undefined ? instrument : { ...instrument, maintenanceMarginRate }
  }

  #tiersOf(symbol: string): Pick<SymbolMarket, 'tiers'> {
    const tiers = this.#tiers.filter(row => row.symbol === symbol)
    return tiers.length === 0 ? {} : { tiers }
  }

  #of(symbol: string): Gathered {
    const known = this.#symbols.get(symbol)
    if (known !== undefined) return known
    const made: Gathered = { candles: new Map(), mark: new Map(), funding: [] }
    this.#symbols.set(symbol, made)
    return made
  }
}

function add<T extends { readonly interval: Interval }>(map: Map<Interval, T[]>, one: T): void {
  const parts = map.get(one.interval)
  if (parts === undefined) map.set(one.interval, [one])
  else parts.push(one)
}

/** Each series from its stretches; empty ones are left out, and so are series that are nothing else. */
function byInterval<T extends { readonly length: number }>(
  map: ReadonlyMap<Interval, readonly T[]>,
  join: (parts: readonly T[]) => T,
): Map<Interval, T> {
  const series = new Map<Interval, T>()
  for (const [interval, all] of map) {
    const parts = all.filter(one => one.length > 0)
    if (parts.length > 0) series.set(interval, parts.length === 1 ? parts[0] : join(parts))
  }
  return series
}

function joinedCandles(parts: readonly Candles[]): Candles {
  const [{ symbol, interval }] = parts
  const columns = parts.map(one =>
    [one.start, one.open, one.high, one.low, one.close, one.volume, one.turnover].map(column =>
      column.subarray(0, one.length),
    ),
  )
  const [start, open, high, low, close, volume, turnover] = joined(`candles ${symbol} ${interval}`, columns)
  return { symbol, interval, length: start.length, start, open, high, low, close, volume, turnover }
}

function joinedMark(parts: readonly MarkCandles[]): MarkCandles {
  const [{ symbol, interval }] = parts
  const columns = parts.map(one =>
    [one.start, one.open, one.high, one.low, one.close].map(column => column.subarray(0, one.length)),
  )
  const [start, open, high, low, close] = joined(`mark prices ${symbol} ${interval}`, columns)
  return { symbol, interval, length: start.length, start, open, high, low, close }
}

function joinedFunding(symbol: string, all: readonly FundingRates[]): FundingRates | null {
  const parts = all.filter(one => one.time.length > 0)
  if (parts.length < 2) return parts.length === 0 ? null : parts[0]
  const [time, rate] = joined(
    `funding ${symbol}`,
    parts.map(one => [one.time, one.rate]),
  )
  return { time, rate }
}

/** Stretches of one series, none empty, as one; the first column is the time. Which of two rows would be true? */
function joined(what: string, parts: readonly (readonly Float64Array[])[]): readonly Float64Array[] {
  const sorted = [...parts].sort(([a], [b]) => a[0] - b[0])
  for (let i = 1; i < sorted.length; i++) {
    const [before] = sorted[i - 1]
    if (sorted[i][0][0] > before[before.length - 1]) continue
    throw new DataError(
      `two files have ${what} of the same time`,
      undefined,
      'import them with bbw data import, which compares the rows, and use --market cache',
    )
  }
  return sorted[0].map((_, column) => {
    const whole = new Float64Array(sorted.reduce((sum, part) => sum + part[column].length, 0))
    let at = 0
    for (const part of sorted) {
      whole.set(part[column], at)
      at += part[column].length
    }
    return whole
  })
}

/** The candles that reach over most time, of which there are some. */
function longestOf(candles: ReadonlyMap<Interval, Candles>): Candles {
  const reach = (one: Candles): number => one.length * INTERVAL_MS[one.interval]
  return [...candles.values()].reduce((longest, one) => (reach(one) > reach(longest) ? one : longest))
}

type Series = Pick<SymbolMarket, 'candles'>

/** The close of the newest daily candle: where the embedded exchange's clock stands. 0 without candles. */
export function lastClose(markets: readonly Series[]): Timestamp {
  let last = 0
  for (const { candles } of markets) {
    for (const one of candles.values()) {
      if (one.length > 0) last = Math.max(last, one.start[one.length - 1] + INTERVAL_MS[one.interval])
    }
  }
  return Math.floor(last / DAY) * DAY
}

/** The opening of the oldest candle. Infinity without candles. */
export function firstOpen(markets: readonly Series[]): Timestamp {
  let first = Number.POSITIVE_INFINITY
  for (const { candles } of markets) {
    for (const one of candles.values()) if (one.length > 0) first = Math.min(first, one.start[0])
  }
  return first
}

function hashOf(markets: readonly SymbolMarket[]): string {
  const hash = createHash('sha256')
  const column = (values: Float64Array, length: number): void => {
    hash.update(new Uint8Array(values.buffer, values.byteOffset, length * 8))
  }
  for (const { instrument, candles, mark, funding } of markets) {
    hash.update(JSON.stringify(instrument))
    for (const interval of INTERVALS) {
      const one = candles.get(interval)
      if (one !== undefined) {
        hash.update(`candles ${interval} ${one.length}`)
        for (const values of [one.start, one.open, one.high, one.low, one.close, one.volume, one.turnover]) {
          column(values, one.length)
        }
      }
      const marked = mark.get(interval)
      if (marked !== undefined) {
        hash.update(`mark ${interval} ${marked.length}`)
        for (const values of [marked.start, marked.open, marked.high, marked.low, marked.close]) {
          column(values, marked.length)
        }
      }
    }
    if (funding !== null) {
      hash.update(`funding ${funding.time.length}`)
      column(funding.time, funding.time.length)
      column(funding.rate, funding.rate.length)
    }
  }
  return hash.digest('hex').slice(0, 16)
}
