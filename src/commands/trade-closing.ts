/** The commands by which a person gets out: of one symbol, or of everything. */
import type { CommandSpec, FlagSpec } from './command.ts'
import { CONFIG_FLAG } from './config.ts'
import { RECORDS_FLAG } from './flags.ts'
import { MARKET_FLAGS } from './market.ts'
import { VENUE_FLAGS } from './simulate.ts'
import { MOMENT_FLAGS } from './trading-place.ts'

const WITHOUT_STATE: FlagSpec = {
  flags: '--without-state',
  description:
    'straight at the exchange: the state is left aside, damaged or not, and whoever opened it is not asked',
}

const COMMON_FLAGS: readonly FlagSpec[] = [
  WITHOUT_STATE,
  { flags: '--reason <words>', description: 'why, for the journal' },
  { flags: '--execute', description: 'do it, instead of saying what would happen' },
  ...MOMENT_FLAGS,
  ...MARKET_FLAGS,
  ...VENUE_FLAGS,
  CONFIG_FLAG,
  RECORDS_FLAG,
]

const HOW =
  'What bbw has waiting there is taken back, then the position is closed at the market by reduce-only orders until the account shows that it is gone; its stop stays at the exchange until then. Dry unless --execute is given. A running loop does it and is waited for; where none runs the exchange of the state is opened for the moment, and none that is not named where there is no state; --without-state closes where the state cannot be used, and the next run compares its books with what it finds. Nothing is entered before the answer. Exits 0 when it is flat, 6 when something stands in the way, which is said.'

export const CLOSING_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'close',
    summary: 'close a position at the market',
    description: `${HOW} A position that bbw did not open needs --foreign. Exits 3 where there is none.`,
    examples: [
      'bbw trade close SOLUSDT',
      'bbw trade close SOLUSDT --execute',
      'bbw trade close ETHUSDT --side short --foreign --execute',
    ],
    arguments: [{ name: '<symbol>', description: 'as the exchange writes it: BTCUSDT' }],
    flags: [
      {
        flags: '--side <side>',
        description: 'only this one, where both sides of the symbol are held',
        choices: ['long', 'short'],
      },
      { flags: '--foreign', description: 'also a position that bbw did not open' },
      ...COMMON_FLAGS,
    ],
    run: async (world, parsed) => (await import('./closing.ts')).close(world, parsed),
  },
  {
    name: 'flatten',
    summary: 'close everything at the market and halt',
    description: `${HOW} Entries are halted with it, until bbw trade resume. Positions that bbw did not open are left unless --all is given; orders that others have resting are left in any case.`,
    examples: [
      'bbw trade flatten',
      'bbw trade flatten --execute',
      'bbw trade flatten --without-state --exchange demo --all --execute',
    ],
    flags: [
      { flags: '--all', description: 'also positions that bbw did not open' },
      { flags: '--no-halt', description: 'go on trading once everything is flat' },
      ...COMMON_FLAGS,
    ],
    run: async (world, parsed) => (await import('./closing.ts')).flatten(world, parsed),
  },
]
