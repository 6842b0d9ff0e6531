import { DataError } from '../core/base/errors.ts'
import { Engine } from '../core/engine/engine.ts'
import type { EngineEvent, Scored } from '../core/engine/protocol.ts'
import { decodeScored, parseRecord } from '../core/wire/decode.ts'
import { eventRecord } from '../core/wire/encode.ts'
import type { CommandSpec } from './command.ts'
import { CONFIG_FLAG, loadConfig } from './config.ts'
import { failureOf } from './failures.ts'
import { openInput } from './input.ts'
import { eventLine } from './lines.ts'
import { lastClose, listFlag, loadMarket, MARKET_FLAGS, textFlag, timeFlag } from './market.ts'
import { linesOf, ndjson } from './ndjson.ts'
import { readPortfolio } from './portfolio-file.ts'
import { AT_FLAG } from './scan.ts'
import { at } from './score.ts'
import { venueOf } from './simulate.ts'

export const tradeCommand: CommandSpec = {
  name: 'trade',
  summary: 'put scored signals through the guards and say what would be done',
  description:
    'Reads scored records, ranks them, puts each through all guards and prints an event for every entry and every refusal, with its figures. It is dry: no order is sent. It starts from an empty portfolio or from --portfolio. Signals are as old as the clock of the market says, which stands at its last daily close. Exits 6 when every signal was refused.',
  examples: [
    'bbw scan | bbw score | bbw trade',
    'bbw trade scored.ndjson --portfolio held.json',
    'bbw scan --at 2025-10-15 | bbw score | bbw trade --at 2025-10-15',
  ],
  arguments: [{ name: '[file]', description: 'scored records; standard input when left out or -' }],
  flags: [
    { flags: '--portfolio <file>', description: 'JSON with the wallet and what is held' },
    ...MARKET_FLAGS,
    AT_FLAG,
    CONFIG_FLAG,
    { flags: '--json, --ndjson', description: 'records, also on a terminal' },
  ],
  async run(world, parsed) {
    const config = await loadConfig(world, listFlag(parsed, 'config'))
    const asked = timeFlag(parsed, 'at', '--at')
    const market = await loadMarket(world, parsed, 'decide', asked ?? world.clock.now())
    const now = asked ?? lastClose(market.markets)
    const scored: Scored[] = []
    let bad = 0
    const { name, bytes } = openInput(world, parsed.args[0])
    for await (const { line, text } of linesOf(bytes, name)) {
      try {
        scored.push(decodeScored(parseRecord(text)))
      } catch (error) {
        if (!(error instanceof DataError)) throw error
        bad++
        for (const word of failureOf(at(error, name, line), false).lines) world.stderr.write(`${word}\n`)
      }
    }
    const instruments = new Map(market.markets.map(one => [one.instrument.symbol, one.instrument]))
    const file = textFlag(parsed, 'portfolio')
    const portfolio = file === undefined ? undefined : readPortfolio(world, file, config, instruments, now)
    const engine = new Engine(config, {
      wallet: config.startingBalance,
      ...(portfolio === undefined ? {} : { portfolio }),
    })
    for (const input of venueOf(market.markets, config, { from: now, to: null }, false).history())
      engine.step(input)
    const events = engine
      .step({ type: 'propose', at: now, scored })
      .flatMap((effect): EngineEvent[] => (effect.type === 'event' ? [effect.event] : []))
    const asRecords = parsed.flags.ndjson === true || !world.stdout.isTTY
    for (const event of events) {
      await world.stdout.write(asRecords ? ndjson(eventRecord(event, true)) : `${eventLine(event)} (dry)\n`)
    }
    if (bad > 0) return 2
    const refused = events.filter(event => event.kind === 'refused').length
    return scored.length > 0 && refused === scored.length ? 6 : 0
  },
}
