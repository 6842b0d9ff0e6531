/** Putting a sound database in the place of another one. The files that were there are kept under another name. */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Code } from '../../base/codes.ts'
import { StoreError } from '../../base/errors.ts'
import { backupFolder, newestSound, type Verified, verify } from './backup.ts'
import { Connection } from './connection.ts'
import { copyInto } from './copy.ts'
import { freePath, moveDatabase, stamp } from './files.ts'
import { acquireLease, type Claim, heldError, liveHolder, readLease } from './lease.ts'

/** What was done about a damaged database (message C807). */
export interface Recovery {
  readonly code: Code
  /** Where the damaged files lie now. */
  readonly aside: readonly string[]
  /** The backup that stands in its place; `null` where there was none: the next start makes an empty one. */
  readonly restored: string | null
  /** Backups that are damaged themselves. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[]
}

/** Throws a HeldError where a process holds the lease; a file that cannot be read has no holder that is known. */
export function refuseHeld(path: string, claim: Claim): void {
  if (!existsSync(path)) return
  try {
    const connection = new Connection(path, { readOnly: true, random: () => 0 })
    try {
      const lease = readLease(connection)
      const holder = liveHolder(lease, claim)
      // A process that finds its own state damaged may hold it still, and be unable to give it back.
      const isOwn = holder?.pid === claim.pid && lease?.holder?.processStart === claim.processStart
      if (holder !== null && !isOwn) throw heldError(holder)
    } finally {
      connection.close()
    }
  } catch (error) {
    if (!(error instanceof StoreError) || error.trouble === 'busy') throw error
  }
}

/** Takes the lease of the database that is to be put aside, so that nobody begins to trade on it meanwhile. */
function occupy(path: string, claim: Claim): void {
  refuseHeld(path, claim)
  if (!existsSync(path)) return
  let connection: Connection | null = null
  try {
    connection = new Connection(path, { random: () => 0 })
    const sound = connection
    const acquired = sound.tx(() => acquireLease(sound, claim))
    if (!acquired.ok) throw heldError(acquired.holder)
  } catch (error) {
    if (!(error instanceof StoreError) || error.trouble === 'busy') throw error
  } finally {
    connection?.close()
  }
}

function copyFrom(source: string, target: string): void {
  const connection = new Connection(source, { readOnly: true, random: () => 0 })
  try {
    copyInto(connection, target)
  } finally {
    connection.close()
  }
}

/**
 * Puts a damaged database aside under a dated name and the newest backup that proves sound in its place. Nobody may
 * have it open in this process. Throws a HeldError while a process holds it, else a StoreError when the disk fails.
 */
export function recoverDamaged(path: string, claim: Claim): Recovery {
  refuseHeld(path, claim)
  const { path: sound, refused } = newestSound(backupFolder(path))
  const aside = moveDatabase(path, freePath(dirname(path), `state-damaged-${stamp(claim.now)}`))
  if (sound !== null) copyFrom(sound, path)
  return { code: 'C807', aside, restored: sound, refused }
}

/** What a restore did. */
export interface Restored extends Verified {
  /** Where the files lie that were there before. */
  readonly aside: readonly string[]
}

/**
 * Puts a backup in the place of the database, which is kept under another name. The backup is proved before anything is
 * touched, and what stands in the end once more. Throws a HeldError while a process holds the database, a StoreError
 * when the backup is no good; then nothing has changed.
 */
export function restore(path: string, source: string, claim: Claim): Restored {
  verify(source)
  occupy(path, claim)
  const part = freePath(dirname(path), `state-restoring-${stamp(claim.now)}`)
  copyFrom(source, part)
  const verified = verify(part)
  const aside = moveDatabase(path, freePath(dirname(path), `state-replaced-${stamp(claim.now)}`))
  moveDatabase(part, path)
  verify(path)
  return { ...verified, aside }
}
