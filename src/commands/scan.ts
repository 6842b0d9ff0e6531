import type { Timestamp } from '../core/base/units.ts'
import type { Signal } from '../core/decision/signal.ts'
import { Engine } from '../core/engine/engine.ts'
import { formatTicks } from '../core/market/quantise.ts'
import type { Portfolio } from '../core/portfolio/portfolio.ts'
import { signalRecord } from '../core/wire/encode.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, type Config, loadConfig } from './config.ts'
import { RECORDS_FLAG, timeFlag, wantsRecords } from './flags.ts'
import { minute, say } from './lines.ts'
import { loadMarket, MARKET_FLAGS } from './market.ts'
import { type LoadedMarket, lastClose } from './market-builder.ts'
import { ndjson } from './ndjson.ts'
import { SIMULATION_FLAGS, venueOf, withFlags } from './simulate.ts'
import { textTable } from './table.ts'

const SHARED = SIMULATION_FLAGS.filter(({ flags }) => flags.startsWith('--strategy') || flags === '--all')

export const AT_FLAG = {
  flags: '--at <time>',
  description: 'look at the market as it was then, 2025-10-15 (default: at its last daily close)',
}

export const scanCommand: CommandSpec = {
  name: 'scan',
  summary: 'look at the market once and print the signals of all entry strategies',
  description:
    'Looks at the newest closed daily candles and prints a signal record for every entry a strategy wants. On a terminal a table; in a pipe one JSON object a line.',
  examples: [
    'bbw scan',
    'bbw scan | bbw score | bbw trade',
    'bbw scan --csv BTCUSDT.csv --json',
    'bbw scan --all --at 2025-10-15',
  ],
  flags: [...MARKET_FLAGS, AT_FLAG, ...SHARED, CONFIG_FLAG, RECORDS_FLAG],
  async run(world, parsed) {
    const config = withFlags(await loadConfig(world, parsed), parsed)
    const { scanTurn } = await import('./scan-turn.ts')
    const endTurn = await scanTurn(world, parsed)
    let signals: readonly Signal[]
    try {
      const market = await marketAt(world, parsed)
      say(world, `${market.name}: ${market.markets.length} symbols at ${minute(market.at)} UTC`)
      signals = engineAt(market, config).look()
    } finally {
      endTurn()
    }
    if (wantsRecords(world, parsed)) {
      for (const signal of signals) await world.stdout.write(ndjson(signalRecord(signal)))
    } else if (signals.length > 0) {
      await world.stdout.write(signalTable(signals))
    }
    if (signals.length === 0) say(world, 'no signals')
    return 0
  },
}

/** A market for a decision, and the moment it is looked at. */
export interface MarketAt extends LoadedMarket {
  readonly at: Timestamp
}

/** Reads the market of the flags for a decision at the moment of `--at`, or at its last daily close. */
export async function marketAt(world: World, parsed: ParsedArguments): Promise<MarketAt> {
  const asked = timeFlag(parsed, 'at', '--at') ?? null
  const market = await loadMarket(world, parsed, 'decide', asked)
  for (const warning of market.warnings) say(world, warning)
  return { ...market, at: asked ?? lastClose(market.markets) }
}

/** An engine that knows the market up to its moment and stands there, with nothing held or with `portfolio`. */
export function engineAt({ markets, at }: MarketAt, config: Config, portfolio?: Portfolio): Engine {
  const options = { wallet: config.startingBalance }
  const engine = new Engine(config, portfolio === undefined ? options : { ...options, portfolio })
  for (const input of venueOf(markets, config, { from: at, to: null }, false).history()) engine.step(input)
  return engine
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
