/** What a market is told by again: a hash of each of its series, so that only appended candles count as the same. */
import { createHash } from 'node:crypto'
import { hashText } from '../../base/hash.ts'
import type { Timestamp } from '../../base/units.ts'
import { INTERVAL_MS } from '../../market/interval.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'

interface SeriesPrint {
  readonly rows: number
  readonly hash: string
}

interface SymbolPrint {
  readonly instrument: string
  /** When the last bar that is matched ends; `null` where there is none. */
  readonly end: Timestamp | null
  readonly series: { readonly [name: string]: SeriesPrint }
}

export interface MarketPrint {
  readonly [symbol: string]: SymbolPrint
}

type Columns = readonly Float64Array[]

/**
 * The print of a market.
 *
 * @param known where given, no more rows of a series are hashed than it has
 */
export function printOf(
  markets: readonly SymbolMarket[],
  ends: ReadonlyMap<string, Timestamp>,
  known: MarketPrint | null,
): MarketPrint {
  const prints: [string, SymbolPrint][] = markets.map(market => {
    const { symbol } = market.instrument
    const before = known?.[symbol]
    const series: [string, SeriesPrint][] = columnsOf(market).map(([name, length, columns]) => {
      const rows = Math.min(length, before?.series[name]?.rows ?? length)
      return [name, { rows, hash: hashOf(columns, rows) }]
    })
    const instrument = hashText(JSON.stringify(market.instrument))
    return [symbol, { instrument, end: ends.get(symbol) ?? null, series: Object.fromEntries(series) }]
  })
  return Object.fromEntries(prints)
}

/** Whether a print is of all rows of a market, which may have grown since. */
export function isWhole(print: MarketPrint, markets: readonly SymbolMarket[]): boolean {
  return markets.every(market =>
    columnsOf(market).every(
      ([name, length]) => print[market.instrument.symbol]?.series[name]?.rows === length,
    ),
  )
}

/**
 * What makes a market another one than it was, in words; `null` where at most something was added at its end. What
 * had ended by `now` must not go on: its positions were settled.
 */
export function differenceOf(was: MarketPrint, is: MarketPrint, now: Timestamp): string | null {
  for (const symbol of Object.keys(was)) if (is[symbol] === undefined) return `${symbol} is missing`
  for (const [symbol, print] of Object.entries(is)) {
    const before = was[symbol]
    if (before === undefined) return `${symbol} is new`
    if (before.instrument !== print.instrument) return `the filters of ${symbol} are others`
    for (const name of new Set([...Object.keys(before.series), ...Object.keys(print.series)])) {
      const old = before.series[name]
      const series = print.series[name]
      if (series === undefined) return `the ${name} of ${symbol} are missing`
      if (old === undefined) return `the ${name} of ${symbol} are new`
      if (series.rows < old.rows)
        return `${symbol} has only ${series.rows} rows of ${name}, and had ${old.rows}`
      if (series.hash !== old.hash) return `the ${name} of ${symbol} are others`
    }
    if (before.end === print.end) continue
    const first = Math.min(before.end ?? 0, print.end ?? 0)
    if (first <= now)
      return `trading of ${symbol} ended at ${timeText(before.end)}, now at ${timeText(print.end)}`
  }
  return null
}

function timeText(time: Timestamp | null): string {
  return time === null ? 'no time' : `${new Date(time).toISOString().slice(0, 16)}Z`
}

function columnsOf({ candles, mark, funding }: SymbolMarket): [string, number, Columns][] {
  const found: [string, number, Columns][] = []
  const byLength = (a: { readonly interval: keyof typeof INTERVAL_MS }, b: typeof a): number =>
    INTERVAL_MS[a.interval] - INTERVAL_MS[b.interval]
  for (const one of [...candles.values()].sort(byLength)) {
    const { start, open, high, low, close, volume, turnover } = one
    found.push([`candles of ${one.interval}`, one.length, [start, open, high, low, close, volume, turnover]])
  }
  for (const one of [...mark.values()].sort(byLength)) {
    const { start, open, high, low, close } = one
    found.push([`mark candles of ${one.interval}`, one.length, [start, open, high, low, close]])
  }
  if (funding !== null) {
    found.push(['funding settlements', funding.time.length, [funding.time, funding.rate]])
  }
  return found
}

function hashOf(columns: Columns, rows: number): string {
  const digest = createHash('sha256')
  for (const column of columns) digest.update(new Uint8Array(column.buffer, column.byteOffset, rows * 8))
  return digest.digest('hex').slice(0, 32)
}
