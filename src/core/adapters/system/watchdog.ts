/**
 * Watches from beside the event loop that a loop comes on, and ends the process where it does not. A watchdog within the
 * loop would stand still with it, so this one is a thread that shares a few counters with the loop and nothing else.
 */
import inspector from 'node:inspector'
import { getCompileCacheDir } from 'node:module'
import { Worker } from 'node:worker_threads'
import { type Milliseconds, SECOND } from '../../base/units.ts'
import { CELL, type Watched } from './overdue.ts'

/** The thread looks so often. */
const LOOK_MS: Milliseconds = SECOND

/** What it may need of memory, in MB: V8's own least is more than it uses. */
const MEMORY = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 } as const

export interface WatchdogOptions {
  readonly watched: readonly Watched[]
  /** Where a trace is left for the next start; `null`: nowhere. */
  readonly folder: string | null
  /** The log file that its last words are added to; `null`: there is none. */
  readonly logFile: string | null
  /** Standard error is a terminal: it gets words, and else, without a log file, a line of the log. */
  readonly isTerminal: boolean
  /** Written to the terminal first, to have it as it was before. */
  readonly restores: string
  /** Hears that nobody watches any more. */
  readonly onTrouble: (words: string) => void
  /** How often it looks; every second, unless something else is said. */
  readonly lookMs?: Milliseconds
}

/** What the thread is given. */
export interface ThreadData
  extends Pick<WatchdogOptions, 'watched' | 'folder' | 'logFile' | 'isTerminal' | 'restores'> {
  readonly cells: SharedArrayBuffer
  readonly lookMs: Milliseconds
}

/** As the loop sees it. */
export interface Watchdog {
  /** How often the watched of that place in the list has ended. Only a figure that changes counts. */
  note(place: number, count: number): void
  /** Something is being done that may take so long, and nothing else is expected meanwhile; 0: it is over. */
  allow(most: Milliseconds): void
  close(): void
}

/** Begins to watch. The thread does not keep the process from ending. */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { watched, folder, logFile, isTerminal, restores, onTrouble, lookMs = LOOK_MS } = options
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (CELL.counts + watched.length))
  const cells = new Int32Array(shared)
  const data: ThreadData = { watched, folder, logFile, isTerminal, restores, cells: shared, lookMs }
  let isOver = false
  const trouble = (reason: string): void => {
    if (isOver) return
    isOver = true
    onTrouble(`nobody watches whether the loop stands still: ${reason}`)
  }
  const cache = getCompileCacheDir()
  let thread: Worker | null = null
  try {
    thread = new Worker(threadFile(), {
      workerData: data,
      // It needs no flag and no variable of the process, least of all a secret.
      execArgv: [],
      env: cache === undefined ? {} : { NODE_COMPILE_CACHE: cache },
      resourceLimits: MEMORY,
    })
    thread.on('error', error => trouble(error instanceof Error ? error.message : String(error)))
    thread.on('exit', code => trouble(`its thread has ended with ${code}`))
    thread.unref()
  } catch (error) {
    trouble(error instanceof Error ? error.message : String(error))
  }
  return {
    note(place, count) {
      Atomics.store(cells, CELL.isDebugged, inspector.url() === undefined ? 0 : 1)
      Atomics.store(cells, CELL.counts + place, count | 0)
    },
    allow(most) {
      Atomics.store(cells, CELL.allowedSeconds, Math.ceil(most / SECOND))
    },
    close() {
      isOver = true
      void thread?.terminate()
    },
  }
}

/** The thread's own file: its source in a checkout, what it was compiled to in a package. */
function threadFile(): URL {
  const { url } = import.meta
  return new URL(url.endsWith('.ts') ? './watchdog-thread.ts' : './watchdog-thread.js', url)
}
