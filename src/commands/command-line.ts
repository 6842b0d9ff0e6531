import { Command, type CommanderError, InvalidArgumentError, Option } from 'commander'
import { assert } from '../core/base/assert.ts'
import type { CommandSpec, FlagSpec, ParsedArguments } from './command.ts'
import type { RegistryEntry } from './registry.ts'

/** The flags that every command understands. */
export interface GlobalFlags {
  readonly color: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}

/** A command line understood: a command to run, words to answer with, or why it is refused. */
export type CommandLine =
  | {
      readonly kind: 'run'
      /** The whole name, such as `bbw data list`. */
      readonly title: string
      readonly run: NonNullable<CommandSpec['run']>
      readonly parsed: ParsedArguments
      readonly globals: GlobalFlags
    }
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'refusal'; readonly text: string }

/** The flags of a command, and of the groups above it. */
function flagsOf(command: Command, program: Command): ParsedArguments['flags'] {
  const above = command.parent === null || command.parent === program ? {} : flagsOf(command.parent, program)
  return { ...above, ...command.opts() }
}

/**
 * A group that runs by itself takes its flags wherever they stand, also after the name of one of its commands: they
 * are that command's where it has them too, and wrong otherwise.
 */
function refuseFlagsOfGroups(command: Command, program: Command): void {
  const own = new Set(command.options.map(one => one.attributeName()))
  for (let group = command.parent; group !== null && group !== program; group = group.parent) {
    for (const one of group.options) {
      const isGiven = group.getOptionValueSource(one.attributeName()) === 'cli'
      if (isGiven && !own.has(one.attributeName())) command.error(`error: unknown option '${one.long}'`)
    }
  }
}

/** The named command, loaded, among the others, of which the overview needs no more than this. */
type Listed = CommandSpec | Pick<CommandSpec, 'name' | 'summary'>

const EXAMPLES = [
  'bbw run',
  'bbw scan | bbw score | bbw trade',
  'bbw data import candles/',
  'bbw help backtest',
]

/** Carries commander's refusal, or its help, out of the parsing together with the command that it is about. */
class Ended extends Error {
  readonly title: string
  readonly command: Command
  readonly reason: CommanderError
  constructor(title: string, command: Command, reason: CommanderError) {
    super(reason.message)
    this.title = title
    this.command = command
    this.reason = reason
  }
}

function option(spec: FlagSpec): Option {
  const hint = spec.default === undefined ? '' : ` (default: ${spec.default})`
  const made = new Option(spec.flags, spec.description + hint)
  const { choices } = spec
  if (choices !== undefined) made.choices(choices)
  if (spec.repeatable !== true) return made
  return made.argParser((value: string, before: readonly string[] | undefined) => {
    if (choices?.includes(value) === false) {
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`)
    }
    return [...(before ?? []), value]
  })
}

/**
 * Understands `argv` (without Node and the script). Only the command that it names is loaded. A wrong flag or command
 * is a refusal that names the nearest one and never runs it. `columns` is the width of the help.
 */
export async function readCommandLine(
  argv: readonly string[],
  registry: readonly RegistryEntry[],
  version: string,
  columns: number,
): Promise<CommandLine> {
  const [first, ...others] = argv.filter(word => !word.startsWith('-'))
  // "bbw help data import" is "bbw data import --help".
  const words = first === 'help' ? [...others, '--help'] : argv
  const name = first === 'help' ? others[0] : first
  const listed = await Promise.all(registry.map(entry => (entry.name === name ? entry.load() : entry)))
  return parse(words, listed, version, columns, true)
}

/** With `groupsRun` false, a command that has commands of its own does not run by itself. */
function parse(
  argv: readonly string[],
  listed: readonly Listed[],
  version: string,
  columns: number,
  groupsRun: boolean,
): CommandLine {
  let written = ''
  let chosen: CommandLine | undefined
  const write = (text: string): void => {
    written += text
  }
  const width = (): number => columns

  const frame = (command: Command, title: string, examples: readonly string[]): Command =>
    command
      .configureOutput({ writeOut: write, writeErr: write, getOutHelpWidth: width, getErrHelpWidth: width })
      .configureHelp({
        showGlobalOptions: true,
        // The flags of a group that runs by itself are its own: its commands refuse them.
        visibleGlobalOptions: of => (of === program ? [] : [...program.options]),
      })
      .helpOption('-h, --help', 'show this help')
      .addHelpText('before', `Examples:\n${examples.map(line => `  ${line}\n`).join('')}`)
      .exitOverride(reason => {
        throw new Ended(title, command, reason)
      })

  const program = frame(new Command('bbw'), 'bbw', EXAMPLES)
    .description('Trades Bybit USDT perpetuals with Bollinger Bands.')
    .version(version, '-V, --version', 'show the version')
    .option('--no-color', 'no colours (also NO_COLOR, TERM=dumb)')
    .option('--quiet', 'only data and errors')
    .option('--verbose', 'say more, and show the stack of a fault')
    .helpCommand('help [command]', 'show the help of a command')

  const add = (parent: Command, spec: CommandSpec, prefix: string): void => {
    const title = `${prefix} ${spec.name}`
    const sentence = `${spec.summary[0].toUpperCase()}${spec.summary.slice(1)}.`
    const command = frame(parent.command(spec.name), title, spec.examples)
      .summary(spec.summary)
      .description(spec.description ?? sentence)
      .helpCommand(false)
    for (const { name, description } of spec.arguments ?? []) command.argument(name, description)
    for (const flag of spec.flags ?? []) command.addOption(option(flag))
    for (const child of spec.commands ?? []) add(command, child, title)
    const { run } = spec
    assert(run !== undefined || command.commands.length > 0, `${title} neither runs nor has commands`)
    if (run === undefined || (command.commands.length > 0 && !groupsRun)) return
    command.action(() => {
      refuseFlagsOfGroups(command, program)
      const { color, quiet, verbose } = program.opts<{ color: boolean; quiet?: true; verbose?: true }>()
      const globals = { color, quiet: quiet === true, verbose: verbose === true }
      chosen = {
        kind: 'run',
        title,
        run,
        parsed: { flags: flagsOf(command, program), args: command.args },
        globals,
      }
    })
  }

  for (const spec of listed) {
    if ('examples' in spec) add(program, spec, 'bbw')
    else program.command(spec.name).summary(spec.summary)
  }

  try {
    program.parse(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof Ended)) throw error
    const { title, command, reason } = error
    // A word that a group does not know may stand beside --help, or look like an argument too many of a group that
    // runs by itself. Without the two commander says what it is: a mistyped command.
    const strayWord = command.args.some(word => !word.startsWith('-'))
    const isGroup = command.commands.length > 0 && command.registeredArguments.length === 0
    const plain = argv.filter(word => word !== '-h' && word !== '--help')
    if (isGroup && strayWord && (groupsRun || plain.length < argv.length)) {
      return parse(plain, listed, version, columns, false)
    }
    if (reason.code === 'commander.help' || reason.exitCode === 0) return { kind: 'answer', text: written }
    const message = reason.message.replace(/^error: /, '')
    return { kind: 'refusal', text: `${title}: ${message}\ntry: ${title} --help\n` }
  }
  assert(chosen !== undefined, 'commander neither refused nor ran the command')
  return chosen
}
