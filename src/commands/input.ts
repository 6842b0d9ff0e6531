import { resolve } from 'node:path'
import { type ByteSource, openFile } from '../core/adapters/csv/source.ts'
import { UsageError } from '../core/base/errors.ts'
import type { World } from './command.ts'

/** The named file, or standard input for `-` or nothing. A terminal without anything piped in is refused. */
export function openInput(world: World, file: string | undefined): ByteSource {
  if (file !== undefined && file !== '-') return openFile(resolve(world.cwd, file))
  if (file === undefined && world.stdin.isTTY) {
    throw new UsageError('nothing is piped in', 'pipe records in, name a file, or give - to type them')
  }
  return { name: 'standard input', bytes: world.stdin }
}
