/** The command that says why nothing is entered on a symbol. */
import type { CommandSpec } from './command.ts'
import { CONFIG_FLAG } from './config.ts'
import { RECORDS_FLAG } from './flags.ts'
import { MARKET_FLAGS } from './market.ts'
import { AT_FLAG } from './scan.ts'

export const WHY_COMMAND: CommandSpec = {
  name: 'why',
  summary: 'say for a symbol what every gate sees, its limit, and whether it lets an entry pass',
  description:
    'For each signal that a decision now would give it prints what all gates say, also those after the first that is closed, with the figures they go by. Without a signal: which strategies want nothing, what they see of the market, and what the gates say that look at no order. Then the latest refusals of the symbol. A running loop is asked itself; where none runs, the books of the data folder, or nothing held, are put beside the market of the flags. It changes nothing. Exits 3 for a symbol that is not followed.',
  examples: [
    'bbw trade why BTCUSDT',
    'bbw trade why SOLUSDT --side short --json',
    'bbw trade why BTCUSDT --at 2025-10-15',
  ],
  arguments: [{ name: '<symbol>', description: 'as the exchange writes it: BTCUSDT' }],
  flags: [
    { flags: '--side <side>', description: 'only this side', choices: ['long', 'short'] },
    ...MARKET_FLAGS,
    AT_FLAG,
    CONFIG_FLAG,
    RECORDS_FLAG,
  ],
  run: async (world, parsed) => (await import('./why.ts')).why(world, parsed),
}
