import type { Signal } from '../core/decision/signal.ts'
import { Engine } from '../core/engine/engine.ts'
import { formatTicks } from '../core/market/quantise.ts'
import { signalRecord } from '../core/wire/encode.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, type Config, loadConfig } from './config.ts'
import { lastClose, listFlag, loadMarket, MARKET_FLAGS, timeFlag } from './market.ts'
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
  flags: [
    ...MARKET_FLAGS,
    AT_FLAG,
    ...SHARED,
    CONFIG_FLAG,
    { flags: '--json, --ndjson', description: 'records, also on a terminal' },
  ],
  async run(world, parsed) {
    const config = withFlags(await loadConfig(world, listFlag(parsed, 'config')), parsed)
    const { engine } = await engineAt(world, parsed, config)
    const signals = engine.look()
    if (parsed.flags.ndjson === true || !world.stdout.isTTY) {
      for (const signal of signals) await world.stdout.write(ndjson(signalRecord(signal)))
    } else if (signals.length > 0) {
      await world.stdout.write(signalTable(signals))
    }
    if (signals.length === 0 && !world.quiet) world.stderr.write('no signals\n')
    return 0
  },
}

/** An engine that knows the market up to a moment, standing there. */
export async function engineAt(
  world: World,
  parsed: ParsedArguments,
  config: Config,
): Promise<{ readonly engine: Engine; readonly at: number }> {
  const asked = timeFlag(parsed, 'at', '--at')
  const market = await loadMarket(world, parsed, 'decide', asked ?? world.clock.now())
  if (!world.quiet) for (const warning of market.warnings) world.stderr.write(`${warning}\n`)
  const at = asked ?? lastClose(market.markets)
  const engine = new Engine(config, { wallet: config.startingBalance })
  if (market.markets.length === 0) return { engine, at }
  for (const input of venueOf(market.markets, config, { from: at, to: null }, false).history())
    engine.step(input)
  if (!world.quiet) {
    world.stderr.write(`${market.name}: ${market.markets.length} symbols at ${new Date(at).toISOString()}\n`)
  }
  return { engine, at }
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
