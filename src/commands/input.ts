import { resolve } from 'node:path'
import { type ByteSource, openFile } from '../core/adapters/csv/source.ts'
import { UsageError } from '../core/base/errors.ts'
import type { ParsedArguments, World } from './command.ts'
import { listFlag } from './flags.ts'

/**
 * The records a command reads: the file named as its argument, or standard input for `-` or nothing. Throws a
 * UsageError where nothing is piped in, and where standard input is wanted for something else, too.
 */
export function openRecords(world: World, parsed: ParsedArguments): ByteSource {
  const [file] = parsed.args
  if (file !== undefined && file !== '-') return openFile(resolve(world.cwd, file))
  refuseSharedInput(parsed, 'the records')
  if (file === undefined && world.stdin.isTTY) {
    throw new UsageError('nothing is piped in', 'pipe records in, name a file, or give - to type them')
  }
  return { name: 'standard input', bytes: world.stdin }
}

/** Throws a UsageError when more than one thing is to be read from standard input. */
export function refuseSharedInput(parsed: ParsedArguments, ...others: readonly string[]): void {
  const readers = [
    ...others,
    ...['config', 'csv'].flatMap(name =>
      listFlag(parsed, name).flatMap(file => (file === '-' ? [`--${name} -`] : [])),
    ),
  ]
  if (readers.length < 2) return
  throw new UsageError(
    `standard input cannot be read twice: for ${readers.join(' and for ')}`,
    'give all but one as a file',
  )
}
