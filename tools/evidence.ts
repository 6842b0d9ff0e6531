/**
 * Rewrites the README's result tables from a folder of candles: `make evidence DATA=folder`. The tables say what came
 * out, good or bad, with the hashes of data and configuration and the version they were made with.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { loadMarket } from '../src/commands/market.ts'
import { type LoadedMarket, MarketBuilder } from '../src/commands/market-builder.ts'
import { reportOf } from '../src/commands/report.ts'
import { simulate } from '../src/commands/simulate.ts'
import { ownVersion } from '../src/commands/version.ts'
import { readCandles } from '../src/core/adapters/csv/candles.ts'
import { readFunding } from '../src/core/adapters/csv/funding.ts'
import { openFile } from '../src/core/adapters/csv/source.ts'
import { symbolOfFile } from '../src/core/adapters/csv/symbol.ts'
import {
  EVIDENCE_RUNS,
  type EvidenceReport,
  evidenceConfig,
  evidenceTables,
  replaceTables,
} from './evidence-tables.ts'

const folder = process.argv[2]
if (folder === undefined) {
  process.stderr.write('say which folder has the candles: make evidence DATA=folder\n')
  process.exit(2)
}
const world = { env: process.env, cwd: process.cwd(), stdin: process.stdin }
const flags = { market: folder, skipBad: true }

/** Binance's daily candles and funding; ticks and steps are read off the prices. */
async function binanceMarket(): Promise<LoadedMarket> {
  const builder = new MarketBuilder()
  const candles = join(folder, 'klines-binance', '1d')
  for (const file of readdirSync(candles).sort()) {
    const symbol = symbolOfFile(file)
    if (symbol === null) continue
    const options = { symbol, interval: '1d' as const, skipBad: true }
    builder.candles((await readCandles(openFile(join(candles, file)), options)).candles)
    const funding = join(folder, 'funding-binance', file)
    if (!existsSync(funding)) continue
    builder.funding(symbol, (await readFunding(openFile(funding), { skipBad: true })).funding)
  }
  return builder.build('Binance', null)
}

const reports: EvidenceReport[] = []
// The filters of instruments are those nearest to the end: each range has a market of its own.
for (const whose of ['bybit', 'binance'] as const) {
  for (const range of new Set(EVIDENCE_RUNS.map(run => run.range))) {
    const runs = EVIDENCE_RUNS.filter(run => run.range === range && run.market === whose)
    if (runs.length === 0) continue
    const market =
      whose === 'binance'
        ? await binanceMarket()
        : await loadMarket(world, { flags, args: [] }, 'replay', range.to)
    process.stderr.write(`${whose}: ${market.markets.length} symbols, data ${market.hash}\n`)
    for (const warning of market.warnings.filter(text => text.includes('bad rows')))
      process.stderr.write(`${warning}\n`)
    for (const run of runs) {
      const config = evidenceConfig(run)
      const report = reportOf(simulate(market.markets, config, range, true), market, config, ownVersion())
      process.stderr.write(`${run.id}: ${report.summary.trades} trades\n`)
      reports.push({ run, report })
    }
  }
}
const path = new URL('../README.md', import.meta.url)
writeFileSync(path, replaceTables(readFileSync(path, 'utf8'), evidenceTables(reports)))
