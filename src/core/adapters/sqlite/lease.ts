/**
 * Who may trade: one row of `kv`. Each holder gets a greater token than all before it, and every write checks that the
 * token is still its own, so that a holder that was frozen and wakes up can do no harm.
 */
import type { Code } from '../../base/codes.ts'
import { HeldError, type Holder } from '../../base/errors.ts'
import type { Milliseconds, Timestamp } from '../../base/units.ts'
import type { ProcessIdentity } from '../system/processes.ts'
import { fieldOf } from './json.ts'
import { KV, readKey, writeKey } from './kv.ts'
import type { Reader, Writer } from './sql.ts'
import { troubled } from './store-error.ts'

/** A holder that has not renewed for so long counts as gone, whatever its process does. */
export const LEASE_MS: Milliseconds = 60_000

/** The lease as it stands; `holder` is `null` after a release. */
export interface Lease {
  readonly token: number
  readonly holder: (ProcessIdentity & { readonly startedAt: Timestamp; readonly renewedAt: Timestamp }) | null
}

/** Whether a process of this machine still runs (`system/processes.ts`). */
export type IsAlive = (pid: number, processStart: string) => boolean

/** A process that asks for something of which there is one. */
export interface Claim extends ProcessIdentity {
  /** Wall-clock time. */
  readonly now: Timestamp
  readonly isAlive: IsAlive
}

export type Acquired =
  | { readonly ok: true; readonly token: number }
  | { readonly ok: false; readonly holder: Holder; readonly code: Code }

/** The error of a command that may not go on because a process holds the lease: exit 79 (message E801). */
export function heldError(holder: Holder): HeldError {
  const age = Math.round(holder.ageMs / 1_000)
  return new HeldError(
    `process ${holder.pid} on ${holder.host} trades on this state (seen ${age} s ago)`,
    holder,
    'stop it first, or choose another --data-dir',
  )
}

/** The lease of a store; `null` where it was never taken. Throws a StoreError (`damaged`) where the row is wrong. */
export function readLease(reader: Reader): Lease | null {
  const value = readKey(reader, KV.lease)
  if (value === undefined) return null
  const token = fieldOf(value, 'token')
  const pid = fieldOf(value, 'pid')
  if (typeof token !== 'number') throw troubled(`table kv, row ${KV.lease}: it has no token`, 'damaged')
  if (typeof pid !== 'number') return { token, holder: null }
  return {
    token,
    holder: {
      pid,
      host: String(fieldOf(value, 'host')),
      processStart: String(fieldOf(value, 'processStart')),
      startedAt: Number(fieldOf(value, 'startedAt')),
      renewedAt: Number(fieldOf(value, 'renewedAt')),
    },
  }
}

/** Who holds the lease now; `null` where it is free. */
export function liveHolder(
  lease: Lease | null,
  claim: Pick<Claim, 'host' | 'now' | 'isAlive'>,
): Holder | null {
  const holder = lease?.holder
  if (holder === undefined || holder === null) return null
  const { pid, host, processStart, renewedAt } = holder
  // A clock that was set back must not make a holder immortal: one that lives renews by the new time.
  if (!(Math.abs(claim.now - renewedAt) <= LEASE_MS)) return null
  if (host === claim.host && !claim.isAlive(pid, processStart)) return null
  return { pid, host, ageMs: claim.now - renewedAt }
}

/** Takes the lease where it is free. To be called inside of a transaction. */
export function acquireLease(writer: Writer, claim: Claim): Acquired {
  const lease = readLease(writer)
  const holder = liveHolder(lease, claim)
  if (holder !== null) return { ok: false, holder, code: 'E801' }
  const token = (lease?.token ?? 0) + 1
  const { pid, host, processStart, now } = claim
  writeKey(writer, KV.lease, { token, pid, host, processStart, startedAt: now, renewedAt: now })
  return { ok: true, token }
}

/** Throws a StoreError (`lease-lost`) unless the lease is held under this token. */
export function demandLease(reader: Reader, token: number | null): Lease {
  const lease = token === null ? null : readLease(reader)
  if (lease?.holder != null && lease.token === token) return lease
  const by = lease?.holder == null ? '' : ` by process ${lease.holder.pid} on ${lease.holder.host}`
  throw troubled(
    token === null ? 'this process does not hold the lease of the state' : `the lease was taken over${by}`,
    'lease-lost',
  )
}

/** Says that the holder lives. To be called inside of a transaction; throws as `demandLease`. */
export function renewLease(writer: Writer, token: number | null, now: Timestamp): void {
  const { holder } = demandLease(writer, token)
  writeKey(writer, KV.lease, { token, ...holder, renewedAt: now })
}

/** Gives the lease back; nothing where it is another's by now. To be called inside of a transaction. */
export function releaseLease(writer: Writer, token: number): void {
  // The token stays, so that the next one is greater.
  if (readLease(writer)?.token === token) writeKey(writer, KV.lease, { token })
}
