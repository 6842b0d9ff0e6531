/** The commands by which a person orders bbw itself about. */
import type { CommandSpec } from './command.ts'
import { CONFIG_FLAG } from './config.ts'
import { RECORDS_FLAG } from './flags.ts'

const DATA_DIR_FLAG = {
  flags: '--data-dir <folder>',
  description: 'folder of the state (BBW_DATA_DIR; default: $XDG_STATE_HOME/bbw)',
}

function orderCommand(name: 'pause' | 'resume' | 'halt', summary: string, description: string): CommandSpec {
  return {
    name,
    summary,
    description: `${description} A running loop carries it out; where none runs it is written into the state, and the next run finds it there.`,
    examples: [`bbw trade ${name}`, `bbw trade ${name} --reason "exchange maintenance"`],
    flags: [
      { flags: '--reason <words>', description: 'why, for the journal' },
      DATA_DIR_FLAG,
      CONFIG_FLAG,
      RECORDS_FLAG,
    ],
    run: async (world, parsed) => (await import('./trade-control.ts')).order(world, parsed, name),
  }
}

export const CONTROL_COMMANDS: readonly CommandSpec[] = [
  orderCommand(
    'pause',
    'admit no entry until a person resumes; positions are managed on',
    'Pauses entries, over restarts too.',
  ),
  orderCommand(
    'resume',
    'lift pause and halt',
    'Lifts what a person, a limit on losses or bbw itself has closed; the equity peak restarts at the present equity.',
  ),
  orderCommand(
    'halt',
    'the kill switch: no entry until a person resumes; stops and exits go on',
    'Halts entries, over restarts too. Stops stay at the exchange and positions are managed on.',
  ),
]
