/** Jobs of which one runs at a time on a data folder, such as a scan: a row of `kv` each. */
import type { Holder } from '../../base/errors.ts'
import type { Milliseconds } from '../../base/units.ts'
import { fieldOf } from './json.ts'
import { readKey, writeKey } from './kv.ts'
import type { Claim } from './lease.ts'
import type { Writer } from './sql.ts'

/** A job of another machine, or one that hangs, counts as gone after so long. */
export const JOB_MS: Milliseconds = 600_000

/** Begins a job where none of its name runs; returns who runs it, `null` when it is this process now. */
export function beginJob(writer: Writer, name: string, claim: Claim): Holder | null {
  const key = `job:${name}`
  const value = readKey(writer, key)
  const { pid, host, processStart, now, isAlive } = claim
  const at = fieldOf(value, 'at')
  const other = fieldOf(value, 'pid')
  if (typeof at === 'number' && typeof other === 'number' && Math.abs(now - at) <= JOB_MS) {
    const otherHost = String(fieldOf(value, 'host'))
    const isThere = otherHost !== host || isAlive(other, String(fieldOf(value, 'processStart')))
    if (isThere) return { pid: other, host: otherHost, ageMs: now - at }
  }
  writeKey(writer, key, { pid, host, processStart, at: now })
  return null
}

/** Ends a job that this process has begun; nothing where another has taken it over. */
export function finishJob(writer: Writer, name: string, self: Pick<Claim, 'pid' | 'host'>): void {
  const key = `job:${name}`
  const value = readKey(writer, key)
  if (fieldOf(value, 'pid') === self.pid && fieldOf(value, 'host') === self.host) writeKey(writer, key, null)
}
