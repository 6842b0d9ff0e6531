/** The commands by which a position changes hands: from a person to bbw, and back. */
import type { CommandSpec, FlagSpec } from './command.ts'
import { CONFIG_FLAG } from './config.ts'
import { RECORDS_FLAG } from './flags.ts'
import { MARKET_FLAGS } from './market.ts'
import { VENUE_FLAGS } from './simulate.ts'
import { MOMENT_FLAGS } from './trading-place.ts'

const SIDE_FLAG: FlagSpec = {
  flags: '--side <side>',
  description: 'which of the two, where both sides of the symbol are held',
  choices: ['long', 'short'],
}

const COMMON_FLAGS: readonly FlagSpec[] = [
  ...MOMENT_FLAGS,
  ...MARKET_FLAGS,
  ...VENUE_FLAGS,
  CONFIG_FLAG,
  RECORDS_FLAG,
]

const WHERE =
  'Dry unless --execute is given: it then says what would happen, by what the last state shows. A running loop carries it out; where none runs the exchange of the data folder is opened for the moment. Exits 3 where there is no such position, 6 where it is refused.'

const ARGUMENTS = [{ name: '<symbol>', description: 'as the exchange writes it: BTCUSDT' }]

export const HANDOVER_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'adopt',
    summary: 'hand a position that was opened by hand over to bbw',
    description: `From then on bbw keeps its stop in force, places its target, trails its stop as its leverage has it, and counts it in every gate. It is sold in no parts, and not for its age. Its stop has to be said unless the position has one at the exchange; a looser one than that is refused. ${WHERE}`,
    examples: [
      'bbw trade adopt SOLUSDT --stop 91.5',
      'bbw trade adopt SOLUSDT --stop 91.5 --target 120 --execute',
      'bbw trade adopt ETHUSDT --side short --execute',
    ],
    arguments: ARGUMENTS,
    flags: [
      SIDE_FLAG,
      { flags: '--stop <price>', description: 'its stop; left out: the one it has at the exchange' },
      { flags: '--target <price>', description: 'where all of it is sold; left out: nowhere' },
      { flags: '--execute', description: 'hand it over, instead of saying what would happen' },
      ...COMMON_FLAGS,
    ],
    run: async (world, parsed) => (await import('./handover.ts')).handOver(world, parsed, 'adopt'),
  },
  {
    name: 'release',
    summary: 'take a position back from bbw',
    description: `bbw takes its targets back, leaves the stop at the exchange, and forgets the position: it is shown as opened by hand, no entry is made on its symbol, and nobody but you looks after it. One that bbw opened itself needs --own. ${WHERE}`,
    examples: ['bbw trade release SOLUSDT --execute', 'bbw trade release SOLUSDT --own --execute'],
    arguments: ARGUMENTS,
    flags: [
      SIDE_FLAG,
      { flags: '--own', description: 'also a position that a strategy of bbw opened' },
      { flags: '--execute', description: 'take it back, instead of saying what would happen' },
      ...COMMON_FLAGS,
    ],
    run: async (world, parsed) => (await import('./handover.ts')).handOver(world, parsed, 'release'),
  },
]
