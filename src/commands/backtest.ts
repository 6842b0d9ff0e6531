import { tradeRecord } from '../core/wire/encode.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, type Config, loadConfig } from './config.ts'
import { EXIT } from './exit-codes.ts'
import { Exports } from './exports.ts'
import { RECORDS_FLAG, type TimeRange, textFlag, timerangeFlag, wantsRecords } from './flags.ts'
import { say } from './lines.ts'
import { loadMarket, MARKET_FLAGS } from './market.ts'
import { firstOpen, type LoadedMarket, lastClose } from './market-builder.ts'
import { marketWarnings } from './market-warnings.ts'
import { ndjson } from './ndjson.ts'
import { progressBar } from './progress.ts'
import { reportOf, reportText, summaryRecord } from './report.ts'
import { SIMULATION_FLAGS, type Simulation, simulateInParts, withFlags } from './simulate.ts'
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
    {
      flags: '--export <file>',
      description: 'write trades and summary, too: FILE.db as a database, else as records; - as a database',
    },
    CONFIG_FLAG,
    RECORDS_FLAG,
  ],
  async run(world, parsed) {
    const config = withFlags(await loadConfig(world, parsed), parsed)
    const range = timerangeFlag(parsed)
    const exports = new Exports(world, textFlag(parsed, 'export'))
    try {
      const market = await loadMarket(world, parsed, 'replay', range.to ?? range.from)
      for (const warning of marketWarnings(market, config.universe)) say(world, warning)
      const simulation = await simulated(world, parsed, market, config, range)
      if (simulation === null) return world.signal.reason === 'SIGTERM' ? EXIT.ok : EXIT.interrupted
      const report = reportOf(simulation, market, config, ownVersion())
      await exports.keep(simulation.trades, report)
      if (exports.isOut) return EXIT.ok
      if (wantsRecords(world, parsed)) {
        const records = [...simulation.trades.map(tradeRecord), summaryRecord(report)]
        for (const record of records) await world.stdout.write(ndjson(record))
      } else await world.stdout.write(reportText(report))
      return EXIT.ok
    } finally {
      exports.drop()
    }
  },
}

/** How long the replay may keep the user waiting for an answer to Ctrl-C. */
const PATIENCE_MS = 100

/** Instants between two looks at the clock. */
const INSTANTS_A_LOOK = 64

/** The replay, with a progress bar; `null` when the user has ended it. */
async function simulated(
  world: World,
  parsed: ParsedArguments,
  { markets }: LoadedMarket,
  config: Config,
  range: TimeRange,
): Promise<Simulation | null> {
  const { clock, signal } = world
  const first = range.from ?? firstOpen(markets)
  const last = Math.min(range.to ?? Number.POSITIVE_INFINITY, lastClose(markets))
  const progress = progressBar(world)
  let instants = 0
  let breath = clock.monotonic()
  const parts = simulateInParts(
    markets,
    config,
    range,
    parsed.flags.detail !== false,
    () => ++instants % INSTANTS_A_LOOK === 0 && clock.monotonic() - breath >= PATIENCE_MS,
  )
  try {
    for (let part = parts.next(); ; part = parts.next()) {
      if (part.done === true) return part.value
      progress.update(part.value - first, last - first, new Date(part.value).toISOString().slice(0, 10))
      await clock.sleep(0)
      if (signal.aborted) return null
      breath = clock.monotonic()
    }
  } finally {
    progress.clear()
  }
}
