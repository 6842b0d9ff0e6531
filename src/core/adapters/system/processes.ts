/** Which process is which: what a lease needs to tell a dead holder from a living one, and from a reused number. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'

/** A process by its number, its machine and its beginning. */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Differs between two processes of one number; empty where the system does not say. */
  readonly processStart: string
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), processStart: processStart(process.pid) ?? '' }
}

/**
 * Whether the process still runs. Its number alone is no proof: it may have been given away since. A process that has
 * ended and whose parent has not noticed (a zombie) counts as ended.
 */
export function isAlive(pid: number, start: string): boolean {
  const now = processStart(pid)
  if (now !== null) return now !== '' && (start === '' || now === start)
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // No permission to signal it: it is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Boot and clock tick at which a process began; empty when it has ended, `null` where there is no /proc. */
function processStart(pid: number): string | null {
  const boot = contentOf('/proc/sys/kernel/random/boot_id')
  if (boot === null) return null
  const stat = contentOf(`/proc/${pid}/stat`)
  if (stat === null) return ''
  // The name in parentheses may hold anything; state is the first field after it, starttime the twentieth.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : `${boot.trim()}:${fields[19]}`
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
