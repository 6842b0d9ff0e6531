/**
 * A look at the real market without a key: one question for all prices and funding rates, and questions for candles only
 * where some have closed since those that are stored.
 */
import { join } from 'node:path'
import { Download, type Hearer } from '../core/adapters/bybit/download.ts'
import type { Ticker } from '../core/adapters/bybit/mapper-market.ts'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import { UsageError } from '../core/base/errors.ts'
import { HOUR, type Timestamp } from '../core/base/units.ts'
import { Engine } from '../core/engine/engine.ts'
import { intradayTimeframes } from '../core/engine/pipeline.ts'
import { instrumentFrom } from '../core/market/instruments.ts'
import { INTERVAL_MS, type Interval } from '../core/market/interval.ts'
import { lowestMargins } from '../core/market/risk-tier.ts'
import type { ParsedArguments, World } from './command.ts'
import type { Config } from './config.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { publicMarket } from './exchange-client.ts'
import { symbolFlag, textFlag } from './flags.ts'
import { say } from './lines.ts'
import { progressBar } from './progress.ts'

/** The flags that name a market which is not the real one. */
const OTHER_MARKETS = ['market', 'csv', 'timeframe', 'at', 'skipBad'] as const
/** The engine counts funding per 8 h. */
const EIGHT_HOURS = 8 * HOUR
/** More problems than this are counted, not listed. */
const MOST_TOLD = 5

/** An engine that knows the real market as it stands now, and the moment. */
export interface PaperLook {
  readonly engine: Engine
  readonly at: Timestamp
  readonly name: string
  readonly symbols: number
}

/** Throws a UsageError for flags that contradict it, an ExchangeError where the market cannot be had. */
export async function paperLook(world: World, parsed: ParsedArguments, config: Config): Promise<PaperLook> {
  const other = OTHER_MARKETS.find(name => {
    const value = parsed.flags[name]
    return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0)
  })
  if (other !== undefined) {
    const flag = `--${other === 'skipBad' ? 'skip-bad' : other}`
    throw new UsageError(
      `--exchange paper looks at the real market as it is now: ${flag} is for others`,
      'leave it out',
    )
  }
  const { market, url, close } = publicMarket(world, parsed)
  const path = join(ensureDirectory(dataDirectory(world, textFlag(parsed, 'dataDir'))), 'market.db')
  const cache = MarketCache.open(path, { readonly: false })
  const progress = progressBar(world)
  let problems = 0
  const hearer: Hearer = {
    progress: progress.update,
    problem: words => {
      if (++problems <= MOST_TOLD) say(world, `left out: ${words}`)
    },
  }
  try {
    const { items, at } = await market.tickers()
    const download = new Download(market, cache, url)
    const rows = new Map((await download.filters(at)).map(row => [row.symbol, row]))
    const wanted = symbolFlag(parsed)
    const unknown = wanted?.filter(symbol => !rows.has(symbol)) ?? []
    if (unknown.length > 0) throw new UsageError(`Bybit does not trade ${unknown.join(', ')}`, 'leave it out')
    const tickers = items.filter(({ symbol }) => rows.has(symbol) && (wanted?.includes(symbol) ?? true))
    const margins = lowestMargins(cache.tiers())
    const engine = new Engine(config, { wallet: config.startingBalance, lacking: 'skip' })
    for (const ticker of tickers) {
      const row = rows.get(ticker.symbol)
      if (row === undefined) continue
      const filters = instrumentFrom(row)
      const maintenanceMarginRate = margins.get(row.symbol) ?? filters.maintenanceMarginRate
      engine.step({ type: 'instrument', at, instrument: { ...filters, maintenanceMarginRate } })
    }
    const tell = async (symbols: readonly string[], interval: Interval): Promise<void> => {
      await download.topUp(symbols, interval, at, hearer, world.signal)
      for (const symbol of symbols) tellCandles(engine, cache, symbol, interval, at)
    }
    await tell(
      tickers.map(({ symbol }) => symbol),
      '1d',
    )
    for (const ticker of tickers) tellTicker(engine, ticker, at)
    // Candles within the day are needed only of what a decision looks at.
    const within: readonly Interval[] = ['15m', ...intradayTimeframes(config)]
    for (const interval of new Set(within)) await tell(engine.watched(), interval)
    if (problems > MOST_TOLD) say(world, `left out: ${problems - MOST_TOLD} more`)
    return { engine, at, name: new URL(url).host, symbols: tickers.length }
  } finally {
    progress.clear()
    close()
    cache.close()
  }
}

function tellCandles(
  engine: Engine,
  cache: MarketCache,
  symbol: string,
  interval: Interval,
  at: Timestamp,
): void {
  // A cache that was filled elsewhere may know more than has happened here.
  const candles = cache.candles(symbol, interval, undefined, at - INTERVAL_MS[interval] + 1)
  if (candles === null) return
  const { start, open, high, low, close, volume, turnover } = candles
  for (let i = 0; i < candles.length; i++) {
    engine.step({
      type: 'candle',
      at,
      symbol,
      interval,
      start: start[i],
      open: open[i],
      high: high[i],
      low: low[i],
      close: close[i],
      volume: volume[i],
      turnover: turnover[i],
    })
  }
}

function tellTicker(engine: Engine, ticker: Ticker, at: Timestamp): void {
  const { symbol, last, mark, fundingRate, fundingInterval: interval, nextFunding: next } = ticker
  const per8h = fundingRate === null || interval === null ? null : (fundingRate * EIGHT_HOURS) / interval
  engine.step({ type: 'funding-rate', at, symbol, per8h, interval, next })
  engine.step({ type: 'price', at, symbol, time: at, last, mark })
}
