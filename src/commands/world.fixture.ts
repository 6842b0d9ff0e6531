/** A command line run in this process: the real parsing and failures, everything outside made up. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Redactor } from '../core/adapters/system/redactor.ts'
import type { Watchdog } from '../core/adapters/system/watchdog.ts'
import type { World } from './command.ts'
import { readCommandLine } from './command-line.ts'
import { failureOf } from './failures.ts'
import { REGISTRY, type RegistryEntry } from './registry.ts'

export const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures', 'market')

/** What the wall clock says where nothing else is told. */
const WALL = Date.UTC(2026, 0, 1)

/** A watchdog that takes everything down and does nothing. */
export const UNWATCHED: Watchdog = { note: () => {}, allow: () => {}, close: () => {} }

/** What the outside is like; a pipe with nothing in it, unless something else is said. */
export interface Setting {
  readonly cwd?: string
  /** The commands that there are, instead of all. */
  readonly registry?: readonly RegistryEntry[]
  readonly env?: World['env']
  /** What is piped in, whole or in blocks. */
  readonly stdin?: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>
  /** The streams that are terminals. */
  readonly terminals?: readonly ('stdin' | 'stdout' | 'stderr')[]
  readonly signal?: AbortSignal
  /** What hands SIGHUP on; none comes, unless something else is said. */
  readonly hangup?: World['hangup']
  /** What watches that a loop comes on; nobody, unless something else is said. */
  readonly watchdog?: World['watchdog']
  /** By how much time goes on whenever the clock is asked. */
  readonly tickMs?: number
  /** What the wall clock says at the beginning. */
  readonly wall?: number
  /** Told the virtual time of every sleep. */
  readonly onSleep?: (now: number) => void
  /** Takes the bytes that are no text, which are text of the outcome otherwise. */
  readonly onBytes?: (bytes: Uint8Array) => void
}

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `bbw` with the words. The wall clock is not there: no result may depend on it. */
export async function bbw(words: readonly string[], setting: Setting = {}): Promise<Outcome> {
  let out = ''
  let err = ''
  let time = 0
  const { signal = new AbortController().signal, terminals = [], tickMs = 0 } = setting
  // What keeps a state, or a log, tells the time; of everything else no result may depend on it.
  const wall = setting.wall ?? (words[0] === 'run' ? WALL : null)
  const line = await readCommandLine(words, setting.registry ?? REGISTRY, '0.0.0', 100)
  if (line.kind === 'answer') return { code: 0, out: line.text, err }
  if (line.kind === 'refusal') return { code: 2, out, err: line.text }
  const world: World = {
    env: setting.env ?? { BBW_DATA_DIR: '/nowhere' },
    cwd: setting.cwd ?? '/',
    stdin: Object.assign(blocks(setting.stdin ?? ''), { isTTY: terminals.includes('stdin') }),
    stdout: {
      isTTY: terminals.includes('stdout'),
      columns: 100,
      write: async text => {
        if (typeof text === 'string') out += text
        else if (setting.onBytes === undefined) out += Buffer.from(text).toString()
        else setting.onBytes(text)
      },
    },
    stderr: {
      isTTY: terminals.includes('stderr'),
      columns: 100,
      write: text => {
        err += text
      },
    },
    clock: {
      now: () => {
        if (wall === null) throw new Error('the wall clock was asked')
        return wall + time
      },
      monotonic: () => (time += tickMs),
      sleep: async (ms, stop) => {
        time += ms
        setting.onSleep?.(time)
        // Whoever sleeps lets another command line in this process come on, as a process of its own would.
        await new Promise<void>(resolve => setImmediate(resolve))
        stop?.throwIfAborted()
      },
    },
    signal,
    hangup: setting.hangup ?? { listen: () => () => {} },
    watchdog: setting.watchdog ?? (async () => UNWATCHED),
    redactor: new Redactor([]),
    color: false,
    quiet: line.globals.quiet,
    verbose: line.globals.verbose,
  }
  try {
    return { code: await line.run(world, line.parsed), out, err }
  } catch (error) {
    const { code, lines } = failureOf(error, true)
    return { code, out, err: `${err}${lines.join('\n')}\n` }
  }
}

async function* blocks(stdin: NonNullable<Setting['stdin']>): AsyncGenerator<Uint8Array> {
  if (typeof stdin === 'string') yield Buffer.from(stdin)
  else if (stdin instanceof Uint8Array) yield stdin
  else yield* stdin
}

/** The records that a text of lines holds. */
export function records(text: string): { readonly [field: string]: unknown }[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as { readonly [field: string]: unknown })
}

/** A temporary folder with files; `remove` takes it away. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'bbw-test-'))

  /** Writes a file, with its folders, and returns its path. */
  file(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  remove(): void {
    rmSync(this.path, { recursive: true })
  }
}

/** The fixture market without its finer candles, which take longest to read; returns its folder. */
export function dailyFixtures(folder: Folder): string {
  const market = join(folder.path, 'daily')
  for (const part of ['klines/1d', 'funding', 'instruments']) {
    cpSync(join(FIXTURES, part), join(market, part), { recursive: true })
  }
  return market
}

/** The trade lines that a command exports over a market. Throws when it ends with anything but 0. */
export async function exportedTrades(folder: Folder, words: readonly string[]): Promise<readonly string[]> {
  const path = join(folder.path, `${words[0]}.ndjson`)
  const { code, err } = await bbw([...words, '--export', path])
  if (code !== 0) throw new Error(`${words.join(' ')} ends with ${code}: ${err}`)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  // The summary is the last.
  return lines.slice(0, -1)
}
