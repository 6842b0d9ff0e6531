import { UsageError } from '../core/base/errors.ts'
import { MINUTE, SECOND } from '../core/base/units.ts'
import type { EngineEvent, Scored } from '../core/engine/protocol.ts'
import { decodeScored } from '../core/wire/decode.ts'
import { eventRecord, isAlert } from '../core/wire/encode.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, loadConfig } from './config.ts'
import { EXIT } from './exit-codes.ts'
import { RECORDS_FLAG, textFlag, wantsRecords } from './flags.ts'
import { openRecords } from './input.ts'
import { eventLine, minute, say } from './lines.ts'
import { MARKET_FLAGS } from './market.ts'
import { eachRecord, ndjson } from './ndjson.ts'
import { readPortfolio } from './portfolio-file.ts'
import { AT_FLAG, engineAt, type MarketAt, marketAt } from './scan.ts'
import { VENUE_FLAGS, withFlags } from './simulate.ts'
import { CLOSING_COMMANDS } from './trade-closing.ts'
import { HANDOVER_COMMANDS } from './trade-handover.ts'
import { CONTROL_COMMANDS } from './trade-orders.ts'
import { WHY_COMMAND } from './trade-why.ts'
import { MOMENT_FLAGS } from './trading-place.ts'

/** Beyond it there is no date (ECMA-262, time values), rounded down to a second. */
const LAST_DATE = 8.64e15 - SECOND

export const tradeCommand: CommandSpec = {
  name: 'trade',
  summary:
    'put scored signals through the guards, say why, close or hand over positions, pause, resume or halt',
  description:
    'Reads scored records, ranks them, puts each through all guards and prints an event for every entry and every refusal, with its figures. It is dry: no order is sent. It starts from an empty portfolio or from --portfolio. Signals are as old as the clock of the market says, which stands at its last daily close, or, for signals of after it, such as those of the real market, at the newest of them. Exits 6 when every signal was refused. With --execute it trades: beside a running loop the signals are queued there and the outcome is waited for; where none runs the exchange and the books of the data folder are opened for the moment.',
  examples: [
    'bbw scan | bbw score | bbw trade',
    'bbw trade scored.ndjson --portfolio held.json',
    'bbw scan --at 2025-10-15 | bbw score | bbw trade --at 2025-10-15',
  ],
  arguments: [{ name: '[file]', description: 'scored records; standard input when left out or -' }],
  commands: [WHY_COMMAND, ...CLOSING_COMMANDS, ...HANDOVER_COMMANDS, ...CONTROL_COMMANDS],
  flags: [
    {
      flags: '--execute',
      description: 'hand the signals to the running loop, or trade on the exchange of the data folder',
    },
    ...MOMENT_FLAGS,
    { flags: '--portfolio <file>', description: 'JSON with the wallet and what is held' },
    ...MARKET_FLAGS,
    ...VENUE_FLAGS,
    AT_FLAG,
    CONFIG_FLAG,
    RECORDS_FLAG,
  ],
  async run(world, parsed) {
    const source = openRecords(world, parsed)
    const config = withFlags(await loadConfig(world, parsed), parsed)
    const file = textFlag(parsed, 'portfolio')
    if (parsed.flags.execute === true) {
      refuseTrial(parsed)
      const scored: Scored[] = []
      const bad = await eachRecord(world, source, record => {
        if (!isAlert(record)) scored.push(decodeScored(record))
      })
      const { execute } = await import('./trade-execute.ts')
      const code = await execute(world, parsed, config, scored)
      return bad > 0 ? EXIT.usage : code
    }
    refuseVenue(parsed)
    const scored: Scored[] = []
    const bad = await eachRecord(world, source, record => {
      if (!isAlert(record)) scored.push(decodeScored(record))
    })
    // Not before: a scan that is still at work upstream stores candles of the same market.
    const market = asOfSignals(world, parsed, scored, await marketAt(world, parsed, config))
    const portfolio = file === undefined ? undefined : readPortfolio(world, file, config, market)
    const events = engineAt(market, config, portfolio)
      .step({ type: 'propose', at: market.at, scored })
      .flatMap((effect): EngineEvent[] => (effect.type === 'event' ? [effect.event] : []))
    const asRecords = wantsRecords(world, parsed)
    for (const event of events) {
      await world.stdout.write(asRecords ? ndjson(eventRecord(event, true)) : `${eventLine(event)} (dry)\n`)
    }
    if (bad > 0) return EXIT.usage
    const refused = events.filter(event => event.kind === 'refused').length
    return scored.length > 0 && refused === scored.length ? EXIT.refused : EXIT.ok
  },
}

/**
 * The market at the moment of the newest signal where that is past its last daily close, as the real market's are: nothing
 * is sent by it, and what is older than that one is old. Where `--at` says another moment, or the signals are dated ahead of
 * the present, they are refused, and where the clock has to stand for them is said.
 */
function asOfSignals(
  world: World,
  parsed: ParsedArguments,
  scored: readonly Scored[],
  market: MarketAt,
): MarketAt {
  const newest = Math.max(...scored.map(({ signal }) => signal.lastAt))
  if (!(newest > market.at + MINUTE && newest <= LAST_DATE)) return market
  const words = `the signals are of ${minute(newest)} UTC, and the market stands at ${minute(market.at)} UTC`
  if (textFlag(parsed, 'at') === undefined && newest <= world.clock.now() + MINUTE) {
    say(world, `${words}: they are judged as of then`)
    return { ...market, at: newest }
  }
  const then = new Date(Math.ceil(newest / SECOND) * SECOND).toISOString().replace('.000Z', 'Z')
  say(world, `${words}: --at ${then} judges them as of then`)
  return market
}

/** With `--execute` the books say what is held, and the exchange what time it is. */
function refuseTrial(parsed: ParsedArguments): void {
  for (const [name, flag] of [
    ['portfolio', '--portfolio'],
    ['at', '--at'],
  ]) {
    if (textFlag(parsed, name) !== undefined) {
      throw new UsageError(`${flag} is for trying out and does not go with --execute`, 'leave it out')
    }
  }
}

/** What shapes the exchange says nothing where none is opened. */
function refuseVenue({ flags }: ParsedArguments): void {
  const given =
    flags.timerange !== undefined
      ? '--timerange'
      : flags.detail === false
        ? '--no-detail'
        : flags.exchange !== undefined && flags.exchange !== 'sim'
          ? `--exchange ${flags.exchange}`
          : null
  if (given !== null) throw new UsageError(`${given} goes with --execute alone`, 'leave it out')
}
