import type { Timestamp } from '../core/base/units.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import { tradeRecord } from '../core/wire/encode.ts'
import type { CommandSpec } from './command.ts'
import { CONFIG_FLAG, loadConfig } from './config.ts'
import { ExportFile } from './export.ts'
import { lastClose, listFlag, loadMarket, MARKET_FLAGS, textFlag, timerangeFlag } from './market.ts'
import { ndjson } from './ndjson.ts'
import { progressBar } from './progress.ts'
import { reportOf, reportText, summaryRecord } from './report.ts'
import { SIMULATION_FLAGS, simulate, withFlags } from './simulate.ts'
import { ownVersion } from './version.ts'

export const backtestCommand: CommandSpec = {
  name: 'backtest',
  summary: 'replay candles through the engine and report its trades',
  description:
    'Replays candles through the same engine that trades live, on the embedded exchange: fees, slippage, funding, liquidation, stops and partial profits included. On a terminal tables; in a pipe a trade record a line and a summary record at the end. The same market and settings give the same bytes.',
  examples: [
    'bbw backtest --csv BTCUSDT.csv',
    'cat BTCUSDT.csv | bbw backtest --csv - --symbol BTCUSDT',
    'bbw backtest --all --timerange 20210101-20251112',
    'bbw backtest --market candles/ --strategy mean-reversion --export trades.ndjson',
    'bbw backtest --all --fixed-notional 100 --no-portfolio-gates --strategy bollinger-grid-long',
  ],
  flags: [
    ...MARKET_FLAGS,
    ...SIMULATION_FLAGS,
    { flags: '--export <file>', description: 'write the trade and summary records to a file, too' },
    CONFIG_FLAG,
    { flags: '--json, --ndjson', description: 'records, also on a terminal' },
  ],
  async run(world, parsed) {
    const config = withFlags(await loadConfig(world, listFlag(parsed, 'config')), parsed)
    const range = timerangeFlag(parsed)
    const name = textFlag(parsed, 'export')
    const file = name === undefined ? null : new ExportFile(world, name)
    const progress = progressBar(world)
    try {
      const market = await loadMarket(world, parsed, 'replay', range.to ?? range.from ?? world.clock.now())
      if (!world.quiet) for (const warning of market.warnings) world.stderr.write(`${warning}\n`)
      const first = range.from ?? firstOpen(market.markets)
      const last = Math.min(range.to ?? Number.POSITIVE_INFINITY, lastClose(market.markets))
      const simulation = simulate(market.markets, config, range, parsed.flags.detail !== false, at => {
        progress.update(at - first, last - first, new Date(at).toISOString().slice(0, 10))
        return !world.signal.aborted
      })
      progress.clear()
      if (world.signal.aborted) return world.signal.reason === 'SIGTERM' ? 0 : 130
      const report = reportOf(simulation, market, config, ownVersion())
      const asRecords = parsed.flags.ndjson === true || !world.stdout.isTTY
      const records = [...report.simulation.trades.map(tradeRecord), summaryRecord(report)].map(ndjson)
      if (file !== null) {
        for (const record of records) file.write(record)
        file.keep()
      }
      if (asRecords) for (const record of records) await world.stdout.write(record)
      else await world.stdout.write(reportText(report))
      return 0
    } finally {
      progress.clear()
      file?.drop()
    }
  },
}

function firstOpen(markets: readonly SymbolMarket[]): Timestamp {
  let first = Number.POSITIVE_INFINITY
  for (const { candles } of markets) {
    for (const one of candles.values()) if (one.length > 0) first = Math.min(first, one.start[0])
  }
  return first
}
