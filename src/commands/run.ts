import { EmbeddedExchange } from '../core/adapters/sim/embedded.ts'
import { UsageError } from '../core/base/errors.ts'
import { DAY, MINUTE, type Timestamp } from '../core/base/units.ts'
import { LiveDriver } from '../core/engine/drivers/live.ts'
import { Engine } from '../core/engine/engine.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import { eventRecord, tradeRecord } from '../core/wire/encode.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, loadConfig } from './config.ts'
import { EXIT } from './exit-codes.ts'
import { ExportFile } from './export.ts'
import { RECORDS_FLAG, textFlag, timeFlag, timerangeFlag } from './flags.ts'
import { eventLine, minute, say, tradeLine } from './lines.ts'
import { loadMarket, MARKET_FLAGS } from './market.ts'
import { firstOpen, lastClose } from './market-builder.ts'
import { ndjson } from './ndjson.ts'
import { reportOf, reportText, summaryRecord } from './report.ts'
import { Recorder, SIMULATION_FLAGS, venueOf, withFlags } from './simulate.ts'
import { ownVersion } from './version.ts'

/** Market time passes this many times as fast: a day a second. */
const DEFAULT_SPEED = 86_400

/** History the indicators get before the loop begins to trade, where the market has it. */
const WARM_UP = 200 * DAY

/** A timer takes no more than 2^31 ms; what is longer is slept in pieces. */
const LONGEST_SLEEP_MS = DAY

/** At full speed the loop looks up for signals and writes its lines every so many instants. */
const INSTANTS_A_BREATH = 64

export const runCommand: CommandSpec = {
  name: 'run',
  summary: 'the live loop of three cycles on the embedded exchange',
  description:
    'Runs the loop (light every 30 s, heavy every 120 s, x10 every 480 s, daily at 00:05 UTC) on the exchange embedded in bbw, whose market is the synthetic fixtures or any recorded candles. Every entry, fill, target, stop move, exit and refusal is a line. It needs no key and no network. It ends with a summary when the candles end, at --until, by Ctrl-C (130) or SIGTERM (0).',
  examples: [
    'bbw run',
    'bbw run --market cache --symbol BTCUSDT,ETHUSDT --speed 3600',
    'bbw run --speed max --ndjson --until 2025-10-01',
  ],
  flags: [
    ...MARKET_FLAGS,
    ...SIMULATION_FLAGS,
    { flags: '--speed <n>', description: `market seconds a second, or max`, default: String(DEFAULT_SPEED) },
    { flags: '--until <time>', description: 'end there, 2025-10-15' },
    { flags: '--export <file>', description: 'write the trade and summary records to a file' },
    CONFIG_FLAG,
    { ...RECORDS_FLAG, description: 'a record for every event and trade instead of a line' },
  ],
  async run(world, parsed) {
    const config = withFlags(await loadConfig(world, parsed), parsed)
    const speed = speedFlag(parsed)
    const until = timeFlag(parsed, 'until', '--until') ?? null
    const range = timerangeFlag(parsed)
    const name = textFlag(parsed, 'export')
    const file = name === undefined ? null : new ExportFile(world, name)
    try {
      const market = await loadMarket(world, parsed, 'replay', range.to ?? until)
      for (const warning of market.warnings) say(world, warning)
      const from = range.from ?? warmedUp(market.markets)
      const venue = venueOf(market.markets, config, { from, to: range.to }, parsed.flags.detail !== false)
      if (until !== null && until <= venue.from) {
        throw new UsageError(
          `--until ${minute(until)} is not after the beginning, ${minute(venue.from)} UTC`,
          '--timerange says when trading begins',
        )
      }
      const engine = new Engine(config, { wallet: config.startingBalance })
      const exchange = new EmbeddedExchange(venue)
      const recorder = new Recorder(venue.from, config.startingBalance)
      const asRecords = parsed.flags.ndjson === true
      const output = new Output(world)
      const driver = new LiveDriver(engine, {
        clock: exchange.clock,
        broker: exchange,
        feed: exchange,
        store: null,
        journal: {
          event(event) {
            recorder.event(event)
            output.add(asRecords ? ndjson(eventRecord(event, false)) : `${eventLine(event)}\n`)
          },
          trade(trade) {
            recorder.trade(trade)
            output.add(asRecords ? ndjson(tradeRecord(trade)) : `${tradeLine(trade)}\n`)
          },
        },
      })
      say(
        world,
        `${market.name}: ${market.markets.length} symbols from ${minute(venue.from)} UTC, ${speedText(speed)}`,
      )
      driver.start(venue.history())
      const how = await exchange.run(() => driver.idle(), pacer(world, speed, venue.from, output), until)
      await output.flush()
      const report = reportOf(
        recorder.finish(engine, venue, exchange.clock.now()),
        market,
        config,
        ownVersion(),
      )
      if (file !== null) {
        for (const record of [...recorder.trades.map(tradeRecord), summaryRecord(report)])
          file.write(ndjson(record))
        file.keep()
      }
      await world.stdout.write(asRecords ? ndjson(summaryRecord(report)) : `\n${reportText(report)}`)
      if (how === 'stopped') {
        const { positions } = engine.portfolio
        world.stderr.write(
          `stopped at ${minute(exchange.clock.now())} UTC with ${positions.size} open positions, each with its stop\n`,
        )
        return world.signal.reason === 'SIGTERM' ? EXIT.ok : EXIT.interrupted
      }
      return EXIT.ok
    } finally {
      file?.drop()
    }
  },
}

/** Lines on their way out, written together: the loop never waits for each one. */
class Output {
  readonly #world: World
  #lines: string[] = []

  constructor(world: World) {
    this.#world = world
  }

  add(line: string): void {
    this.#lines.push(line)
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return
    const text = this.#lines.join('')
    this.#lines = []
    await this.#world.stdout.write(text)
  }
}

/** Lets market time pass at a speed; false once the user has asked for the end. */
function pacer(
  world: World,
  speed: number,
  from: Timestamp,
  output: Output,
): (at: Timestamp) => Promise<boolean> {
  const begun = world.clock.monotonic()
  let instants = 0
  return async at => {
    if (speed === Number.POSITIVE_INFINITY) {
      if (++instants % INSTANTS_A_BREATH !== 0) return !world.signal.aborted
      await output.flush()
      await world.clock.sleep(0)
      return !world.signal.aborted
    }
    await output.flush()
    const left = (): number => begun + (at - from) / speed - world.clock.monotonic()
    for (let wait = left(); wait > 0 && !world.signal.aborted; wait = left()) {
      await interruptedSleep(world, Math.min(wait, LONGEST_SLEEP_MS))
    }
    return !world.signal.aborted
  }
}

/** Sleeps no longer than until the user asks for the end. */
async function interruptedSleep({ clock, signal }: World, ms: number): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function speedFlag(parsed: ParsedArguments): number {
  const text = textFlag(parsed, 'speed')
  if (text === undefined) return DEFAULT_SPEED
  if (text === 'max') return Number.POSITIVE_INFINITY
  const speed = Number(text)
  if (text.trim() !== '' && Number.isFinite(speed) && speed > 0) return speed
  throw new UsageError(`--speed ${text} is neither a number above 0 nor max`, 'for example: --speed 3600')
}

function speedText(speed: number): string {
  if (speed === Number.POSITIVE_INFINITY) return 'at full speed'
  const day = DAY / speed
  return `at speed ${speed}: a day of the market passes in ${day >= MINUTE ? `${(day / MINUTE).toFixed(1)} min` : `${(day / 1_000).toFixed(2)} s`}`
}

/** Where trading begins when nothing is said: after some history, but not later than half way. `null`: no candles. */
function warmedUp(markets: readonly SymbolMarket[]): Timestamp | null {
  const first = Math.ceil(firstOpen(markets) / DAY) * DAY
  const days = (lastClose(markets) - first) / DAY
  return days > 0 ? first + Math.min(WARM_UP, Math.floor(days / 2) * DAY) : null
}
