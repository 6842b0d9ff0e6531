/** What of the machine decides whether bbw can work on it. Everything is asked once, and nothing of it is changed. */
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism, freemem, loadavg } from 'node:os'
import process from 'node:process'

export interface Machine {
  /** `24.2.0`. */
  readonly node: string
  /** Of the SQLite that Node brings. */
  readonly sqlite: string
  /** `null` where the system has no users. */
  readonly uid: number | null
  /** As the system names it: Europe/Berlin. */
  readonly timeZone: string
  /** Files that this process may have open at a time; `null` where the system does not say. */
  readonly openFiles: number | null
  readonly freeMemory: number
  /** Processes that want to run, of the last minute, by processor; 0 where the system does not say. */
  readonly load: number
  /** Whether the system says that its clock follows a time server; `null` where it does not say. */
  readonly isClockSynchronised: boolean | null
  /** Files that can still be made below a folder; `null` where the file system has no such limit. */
  freeFiles(folder: string): number | null
  /** Whether a server can listen on this machine alone; else why not. */
  listen(): Promise<string | null>
}

/** Kept by systemd while its time service follows a server. */
const CLOCK_SIGN = '/run/systemd/timesync/synchronized'
const CLOCK_SERVICE = '/run/systemd/timesync'

/** This machine. */
export function thisMachine(): Machine {
  return {
    node: process.versions.node,
    sqlite: process.versions.sqlite ?? '',
    uid: process.getuid?.() ?? null,
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    openFiles: openFilesIn(contentOf('/proc/self/limits')),
    freeMemory: freeMemoryIn(contentOf('/proc/meminfo')) ?? freemem(),
    load: (loadavg()[0] ?? 0) / availableParallelism(),
    isClockSynchronised: existsSync(CLOCK_SERVICE) ? existsSync(CLOCK_SIGN) : null,
    freeFiles: folder => {
      const { files, ffree } = statfsSync(folder)
      return files === 0 ? null : ffree
    },
    listen,
  }
}

/** The limit on open files in the text of /proc/self/limits; `null` where it does not say. */
export function openFilesIn(limits: string | null): number | null {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? '')
  if (match === null) return null
  return match[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match[1])
}

/** Bytes that can be had without swapping, in the text of /proc/meminfo; `null` where it does not say. */
export function freeMemoryIn(meminfo: string | null): number | null {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo ?? '')
  return match === null ? null : Number(match[1]) * 1_024
}

function listen(): Promise<string | null> {
  const server = createServer()
  return new Promise(resolve => {
    server.once('error', error => resolve(error.message))
    server.listen({ host: '127.0.0.1', port: 0 }, () => server.close(() => resolve(null)))
  })
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
