import { UsageError } from '../core/base/errors.ts'
import type { Timestamp } from '../core/base/units.ts'
import type { Signal } from '../core/decision/signal.ts'
import type { Alert } from '../core/engine/alerts.ts'
import { Engine } from '../core/engine/engine.ts'
import { intradayTimeframes } from '../core/engine/pipeline.ts'
import { formatTicks } from '../core/market/quantise.ts'
import type { Portfolio } from '../core/portfolio/portfolio.ts'
import { alertRecord, signalRecord } from '../core/wire/encode.ts'
import type { CommandSpec, FlagSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, type Config, loadConfig } from './config.ts'
import { RECORDS_FLAG, timeFlag, wantsRecords } from './flags.ts'
import { minute, say } from './lines.ts'
import { loadMarket, MARKET_FLAGS } from './market.ts'
import { type LoadedMarket, lastClose } from './market-builder.ts'
import { marketWarnings } from './market-warnings.ts'
import { ndjson } from './ndjson.ts'
import { SIMULATION_FLAGS, venueOf, withFlags } from './simulate.ts'
import { textTable } from './table.ts'
import { URL_FLAG } from './url-flag.ts'

const SHARED = SIMULATION_FLAGS.filter(({ flags }) => flags.startsWith('--strategy') || flags === '--all')

const EXCHANGE_FLAG: FlagSpec = {
  flags: '--exchange <name>',
  description: 'sim: the market of the other flags; paper: the real one as it is now, no key',
  default: 'sim',
  choices: ['sim', 'paper'],
}

const ALERTS_FLAG = { flags: '--no-alerts', description: 'signals alone' }

export const AT_FLAG = {
  flags: '--at <time>',
  description:
    'look at the market as it was then, 2025-10-15 or 2025-10-15T08:30Z (default: at its last daily close)',
}

export const scanCommand: CommandSpec = {
  name: 'scan',
  summary: 'look at the market once and print the signals of all entry strategies',
  description:
    'Looks at the newest closed candles, daily ones and where there are some those of 5 minutes, and prints a signal record for every entry a strategy wants, and an alert record for what is worth a look and is not entered (pump, squeeze, bearish RSI divergence, overbought). On a terminal a table; in a pipe one JSON object a line. With --exchange paper it looks at the real market: one question for all prices, and candles only where some have closed since the last look.',
  examples: [
    'bbw scan',
    'bbw scan --exchange paper',
    'bbw scan | bbw score | bbw trade',
    'bbw scan --csv BTCUSDT.csv --json',
    'bbw scan --all --at 2025-10-15',
    'bbw scan --at 2025-09-29T20:35Z --strategy bb-scalping',
  ],
  flags: [
    EXCHANGE_FLAG,
    URL_FLAG,
    ...MARKET_FLAGS,
    AT_FLAG,
    ...SHARED,
    ALERTS_FLAG,
    CONFIG_FLAG,
    RECORDS_FLAG,
  ],
  async run(world, parsed) {
    const config = withFlags(await loadConfig(world, parsed), parsed)
    const { scanTurn } = await import('./scan-turn.ts')
    const endTurn = await scanTurn(world, parsed)
    let signals: readonly Signal[]
    let alerts: readonly Alert[]
    try {
      const { engine, at, name, symbols } = await lookOf(world, parsed, config)
      say(world, `${name}: ${symbols} symbols at ${minute(at)} UTC`)
      signals = engine.look()
      alerts = parsed.flags.alerts === false ? [] : engine.lookForAlerts()
    } finally {
      endTurn()
    }
    if (wantsRecords(world, parsed)) {
      for (const signal of signals) await world.stdout.write(ndjson(signalRecord(signal)))
      for (const alert of alerts) await world.stdout.write(ndjson(alertRecord(alert)))
    } else {
      const tables = [signals.length > 0 && signalTable(signals), alerts.length > 0 && alertTable(alerts)]
      const text = tables.filter(table => table !== false).join('\n')
      if (text !== '') await world.stdout.write(text)
    }
    if (signals.length === 0) say(world, 'no signals')
    return 0
  },
}

/** An engine that knows the market that the flags name, and the moment at which it is looked at. */
async function lookOf(
  world: World,
  parsed: ParsedArguments,
  config: Config,
): Promise<{
  readonly engine: Engine
  readonly at: Timestamp
  readonly name: string
  readonly symbols: number
}> {
  if (parsed.flags.exchange === 'paper') {
    const { paperLook } = await import('./scan-paper.ts')
    return paperLook(world, parsed, config)
  }
  if (parsed.flags.url !== undefined) {
    throw new UsageError(
      '--url says where the real market is',
      'give --exchange paper with it, or leave it out',
    )
  }
  const market = await marketAt(world, parsed, config)
  return {
    engine: engineAt(market, config),
    at: market.at,
    name: market.name,
    symbols: market.markets.length,
  }
}

/** A market for a decision, and the moment it is looked at. */
export interface MarketAt extends LoadedMarket {
  readonly at: Timestamp
}

/** Reads the market of the flags for a decision at the moment of `--at`, or at its last daily close. */
export async function marketAt(world: World, parsed: ParsedArguments, config: Config): Promise<MarketAt> {
  const asked = timeFlag(parsed, 'at', '--at') ?? null
  const use = intradayTimeframes(config).length > 0 ? 'decide-intraday' : 'decide'
  const market = await loadMarket(world, parsed, use, asked)
  for (const warning of marketWarnings(market, config.universe)) say(world, warning)
  return { ...market, at: asked ?? lastClose(market.markets) }
}

/** An engine that knows the market up to its moment and stands there, with nothing held or with `portfolio`. */
export function engineAt({ markets, at }: MarketAt, config: Config, portfolio?: Portfolio): Engine {
  const options = { wallet: config.startingBalance, lacking: 'skip' as const }
  const engine = new Engine(config, portfolio === undefined ? options : { ...options, portfolio })
  for (const input of venueOf(markets, config, { from: at, to: null }, false).history()) engine.step(input)
  return engine
}

function alertTable(alerts: readonly Alert[]): string {
  return textTable(
    ['alert', 'symbol', 'candle closed', 'reason'],
    alerts.map(({ alert, symbol, candleEnd, reason }) => [alert, symbol, minute(candleEnd), reason]),
  )
}

function signalTable(signals: readonly Signal[]): string {
  return textTable(
    ['symbol', 'side', 'strategy', 'price', 'BB%', 'RSI', 'order', 'stop', 'target', 'reason'],
    signals.map(signal => [
      signal.symbol,
      signal.side,
      signal.strategy,
      String(signal.price),
      signal.bbPercent.toFixed(1),
      signal.rsi.toFixed(1),
      signal.order.type === 'market' ? 'market' : formatTicks(signal.instrument, signal.order.price),
      formatTicks(signal.instrument, signal.stop),
      signal.target === null ? 'bands' : formatTicks(signal.instrument, signal.target),
      signal.reason,
    ]),
  )
}
