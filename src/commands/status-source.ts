import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DataError } from '../core/base/errors.ts'
import type { ParsedArguments, World } from './command.ts'
import { dataDirectory } from './data-dir.ts'
import { textFlag } from './flags.ts'
import type { StatusSource } from './status-report.ts'

/** A source, or the words why there is none yet. */
export type OpenedSource = StatusSource | { readonly none: string }

/** Opens what a command line names; `none` where no loop has left a state. */
export type StatusOpener = (world: World, parsed: ParsedArguments) => Promise<OpenedSource>

/**
 * Opens the file of `--db`, which may be a copy of a state, or the state in the data folder. Throws a DataError for
 * a file that was named and is not there.
 */
export function statusOpener(open: (path: string, isCopy: boolean) => Promise<StatusSource>): StatusOpener {
  return async (world, parsed) => {
    const named = textFlag(parsed, 'db')
    if (named !== undefined) {
      const path = resolve(world.cwd, named)
      if (!existsSync(path)) throw new DataError('there is no such file', { file: path }, 'check --db')
      if (!statSync(path).isFile()) throw new DataError('it is no file', { file: path }, 'check --db')
      return open(path, true)
    }
    const path = join(dataDirectory(world, textFlag(parsed, 'dataDir')), 'state.db')
    if (existsSync(path)) return open(path, false)
    return { none: `there is no state yet (${path}): bbw run makes one` }
  }
}
