import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import type { World } from './command.ts'
import type { ConfigProblem } from './config-problem.ts'
import type { ConfigText } from './config-yaml.ts'

/** No configuration is longer; what is has been named by mistake. */
const MOST_BYTES = 1_000_000
const BLOCK_BYTES = 65_536

/**
 * The bytes of a file of settings. Only a file that was named has to be there (`kind` is `file`); of the two usual ones
 * it is `null` without a word where there is none. What cannot be read goes to `report`.
 */
export function readConfigFile(
  path: string,
  name: string,
  kind: 'file' | 'project file' | 'user file',
  report: (problem: ConfigProblem) => void,
): ConfigText | null {
  const refuse = (reason: string): null => {
    const remedy = kind === 'file' ? 'check the path given with --config' : `look at ${path}`
    report({ code: 'E971', place: name, message: `cannot be read: ${reason}`, remedy })
    return null
  }
  try {
    const found = statSync(path)
    if (found.isDirectory()) return refuse('it is a folder')
    // A pipe in place of a usual file would be waited for without end; one that is named has somebody behind it.
    if (kind !== 'file' && !found.isFile()) return refuse('it is no plain file')
    const descriptor = openSync(path, 'r')
    try {
      const stat = fstatSync(descriptor)
      const bytes = readBytes(descriptor)
      if (bytes === null) return refuse(`it is longer than ${MOST_BYTES} bytes`)
      return { name, kind, bytes, mode: stat.isFile() ? stat.mode : null }
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (kind !== 'file' && (code === 'ENOENT' || code === 'ENOTDIR')) return null
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function readBytes(descriptor: number): Uint8Array | null {
  const blocks: Uint8Array[] = []
  for (let length = 0; length <= MOST_BYTES; ) {
    const block = new Uint8Array(BLOCK_BYTES)
    const count = readSync(descriptor, block)
    if (count === 0) return Buffer.concat(blocks)
    blocks.push(block.subarray(0, count))
    length += count
  }
  return null
}

/** The settings on standard input. */
export async function readConfigStream(
  stdin: World['stdin'],
  report: (problem: ConfigProblem) => void,
): Promise<ConfigText | null> {
  const name = 'standard input'
  const blocks: Uint8Array[] = []
  let length = 0
  for await (const block of stdin) {
    blocks.push(block)
    length += block.length
    if (length <= MOST_BYTES) continue
    const message = `cannot be read: it is longer than ${MOST_BYTES} bytes`
    report({ code: 'E971', place: name, message, remedy: undefined })
    return null
  }
  return { name, kind: '', bytes: Buffer.concat(blocks), mode: null }
}
