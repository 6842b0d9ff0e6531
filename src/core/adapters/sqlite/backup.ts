/** Copies of a database that is in use, and the proof that they can be restored. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { StoreError } from '../../base/errors.ts'
import { DAY, HOUR, type Timestamp } from '../../base/units.ts'
import { readBooks } from './books-rows.ts'
import { Connection } from './connection.ts'
import { copyInto } from './copy.ts'
import { brokenChain } from './events.ts'
import { ensureFolder, freePath, removeDatabase, stamp, stampedFiles } from './files.ts'
import { refuseForeign, schemaVersion } from './migrations.ts'
import { STATE_ID, TABLE_NAMES, type Table } from './schema.ts'
import { numberOf, type Reader } from './sql.ts'
import { troubled } from './store-error.ts'

/** How many daily backups are kept unless something else is said. */
export const KEEP = 14

/** Daily backups by their names; those before an upgrade or a restore are never removed. */
const DAILY = /^state-\d{8}T\d{6}Z(?:-\d+)?\.db$/
const ANY = /^state-(?:v\d+-)?\d{8}T\d{6}Z(?:-\d+)?\.db$/

/** Tables whose rows only become more while others write. */
const GROWING: readonly Table[] = ['signals', 'trades']

export type Counts = { readonly [K in Table]: number }

export interface Verified {
  readonly schema: number
  readonly counts: Counts
}

export interface Backup extends Verified {
  readonly path: string
  /** Older backups that were removed. */
  readonly removed: readonly string[]
}

/** Rows of each table. */
export function countRows(reader: Reader): Counts {
  const counts = TABLE_NAMES.map(table => [table, numberOf(reader, `SELECT count(*) FROM ${table}`)])
  return Object.fromEntries(counts)
}

/** What SQLite finds wrong with the file; empty when it is sound. `thorough` compares indexes, too. */
export function unsoundness(reader: Reader, thorough: boolean): readonly string[] {
  const pragma = thorough ? 'integrity_check' : 'quick_check'
  const found = reader.all(`PRAGMA ${pragma}(20)`).map(row => String(Object.values(row)[0]))
  return found.length === 1 && found[0] === 'ok' ? [] : found
}

/**
 * Opens the file through a connection of its own and reads everything that a start would read. Throws a StoreError
 * that says what is wrong.
 */
export function verify(path: string): Verified {
  if (!existsSync(path)) throw troubled(`${path}: there is no such file`, 'io', 'name a backup that is there')
  const connection = new Connection(path, { readOnly: true, random: () => 0 })
  try {
    refuseForeign(connection, STATE_ID)
    const wrong = [...unsoundness(connection, true), ...brokenChain(connection)]
    if (wrong.length > 0) throw troubled(`${path}: ${wrong.join('; ')}`, 'damaged')
    readBooks(connection)
    return { schema: schemaVersion(connection), counts: countRows(connection) }
  } finally {
    connection.close()
  }
}

/**
 * Throws a StoreError unless the copy has the rows that its source had while it was made.
 *
 * @param isStill nobody else has written meanwhile
 */
export function demandSameRows(
  path: string,
  counts: { readonly before: Counts; readonly copy: Counts; readonly after: Counts },
  isStill: boolean,
): void {
  const { before, copy, after } = counts
  for (const table of isStill ? TABLE_NAMES : GROWING) {
    if (copy[table] >= before[table] && copy[table] <= after[table]) continue
    const rows = `${copy[table]} rows instead of ${before[table]}`
    throw troubled(`${path}: the copy of the table ${table} has ${rows}`, 'damaged', 'make the backup again')
  }
}

function dataVersion(reader: Reader): number {
  return numberOf(reader, 'PRAGMA data_version')
}

/**
 * Backs the database up while it is in use, and proves the copy: it is opened anew, checked throughout, its books are
 * read, and its rows counted against the source. A copy that fails is removed. Throws a StoreError.
 *
 * @param target where to; without it a dated name in `folder`, of which the newest `keep` remain
 */
export function backup(
  path: string,
  options: {
    readonly now: Timestamp
    readonly folder: string
    readonly target?: string
    readonly keep?: number
  },
): Backup {
  const { now, folder, keep = KEEP } = options
  if (!existsSync(path)) throw troubled(`${path}: there is no state yet`, 'io', 'bbw run makes it')
  const target = options.target ?? freePath(folder, `state-${stamp(now)}`)
  ensureFolder(dirname(target))
  const connection = new Connection(path, { readOnly: true, random: () => 0 })
  let verified: Verified
  try {
    refuseForeign(connection, STATE_ID)
    const version = dataVersion(connection)
    const before = countRows(connection)
    copyInto(connection, target)
    const after = countRows(connection)
    const isStill = dataVersion(connection) === version
    try {
      verified = verify(target)
      demandSameRows(target, { before, copy: verified.counts, after }, isStill)
    } catch (error) {
      removeDatabase(target)
      throw error
    }
  } finally {
    connection.close()
  }
  const removed = options.target === undefined ? stampedFiles(folder, DAILY).slice(keep) : []
  for (const old of removed) removeDatabase(old)
  return { ...verified, path: target, removed }
}

/**
 * The backup that a running loop makes once a day: nothing, and `null`, while the newest one is younger than that.
 * Throws a StoreError, after which it is due still.
 */
export function dailyBackup(
  path: string,
  options: { readonly now: Timestamp; readonly folder: string; readonly keep?: number },
): Backup | null {
  const [newest] = stampedFiles(options.folder, DAILY)
  if (newest !== undefined) {
    const [, y, mo, d, h, mi, s] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(newest)?.map(Number) ?? []
    const age = options.now - Date.UTC(y, mo - 1, d, h, mi, s)
    // A quarter of an hour of leeway, so that the hour of the day does not wander.
    if (age >= 0 && age < DAY - HOUR / 4) return null
  }
  return backup(path, options)
}

/** The newest backup of a folder that proves sound, and those that did not with what is wrong with them. */
export function newestSound(folder: string): {
  readonly path: string | null
  readonly refused: readonly { readonly path: string; readonly reason: string }[]
} {
  const refused: { readonly path: string; readonly reason: string }[] = []
  for (const path of stampedFiles(folder, ANY)) {
    try {
      verify(path)
      return { path, refused }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      refused.push({ path, reason: error.message })
    }
  }
  return { path: null, refused }
}

/** The folder of the backups of the database at `path`. */
export function backupFolder(path: string): string {
  return join(dirname(path), 'backups')
}
