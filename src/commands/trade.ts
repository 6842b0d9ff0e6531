import type { EngineEvent, Scored } from '../core/engine/protocol.ts'
import { decodeScored } from '../core/wire/decode.ts'
import { eventRecord } from '../core/wire/encode.ts'
import type { CommandSpec } from './command.ts'
import { CONFIG_FLAG, loadConfig } from './config.ts'
import { RECORDS_FLAG, textFlag, wantsRecords } from './flags.ts'
import { openRecords } from './input.ts'
import { eventLine } from './lines.ts'
import { MARKET_FLAGS } from './market.ts'
import { eachRecord, ndjson } from './ndjson.ts'
import { readPortfolio } from './portfolio-file.ts'
import { AT_FLAG, engineAt, marketAt } from './scan.ts'

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
    RECORDS_FLAG,
  ],
  async run(world, parsed) {
    const source = openRecords(world, parsed)
    const config = await loadConfig(world, parsed)
    const market = await marketAt(world, parsed)
    const file = textFlag(parsed, 'portfolio')
    const portfolio = file === undefined ? undefined : readPortfolio(world, file, config, market)
    const scored: Scored[] = []
    const bad = await eachRecord(world, source, record => void scored.push(decodeScored(record)))
    const events = engineAt(market, config, portfolio)
      .step({ type: 'propose', at: market.at, scored })
      .flatMap((effect): EngineEvent[] => (effect.type === 'event' ? [effect.event] : []))
    const asRecords = wantsRecords(world, parsed)
    for (const event of events) {
      await world.stdout.write(asRecords ? ndjson(eventRecord(event, true)) : `${eventLine(event)} (dry)\n`)
    }
    if (bad > 0) return 2
    const refused = events.filter(event => event.kind === 'refused').length
    return scored.length > 0 && refused === scored.length ? 6 : 0
  },
}
