/**
 * The versions of the schema. They only go forward: each step is one transaction, and before the first one the database
 * is backed up beside the daily backups.
 */
import type { Code } from '../../base/codes.ts'
import type { Timestamp } from '../../base/units.ts'
import type { Connection } from './connection.ts'
import { copyInto } from './copy.ts'
import { freePath, stamp } from './files.ts'
import { BASE_SCHEMA, STATE_ID } from './schema.ts'
import { numberOf, type Reader, type Writer } from './sql.ts'
import { troubled } from './store-error.ts'

/** A step from the version before to `version`: its changes, without a transaction of its own. */
export interface Migration {
  readonly version: number
  up(writer: Writer & { exec(sql: string): void }): void
}

/** All steps; the first one makes the tables. Further ones are added at the end and never changed. */
export const MIGRATIONS: readonly Migration[] = [{ version: 1, up: writer => writer.exec(BASE_SCHEMA) }]

/** What was done to a database that was of an earlier version. */
export interface Upgrade {
  readonly code: Code
  readonly from: number
  readonly to: number
  readonly backup: string
}

/** The version of the schema; 0 for a file without tables. */
export function schemaVersion(reader: Reader): number {
  return numberOf(reader, 'PRAGMA user_version')
}

/** The newest version that this bbw knows. */
export function latestVersion(migrations: readonly Migration[] = MIGRATIONS): number {
  return migrations.at(-1)?.version ?? 0
}

/** Throws a StoreError unless the file is bbw's own of this kind, and not of a later version. */
export function refuseForeign(
  reader: Reader & { readonly path: string },
  id: number,
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  const version = schemaVersion(reader)
  if (numberOf(reader, 'PRAGMA application_id') !== id) {
    throw troubled(`${reader.path}: it is not a state of bbw`, 'other', 'name another file or folder')
  }
  const latest = latestVersion(migrations)
  if (version <= latest) return
  throw troubled(
    `${reader.path}: it is of a later bbw (schema ${version}, this bbw knows ${latest})`,
    'other',
    'update bbw, or put back the backup that the update has made: bbw db restore FILE',
  )
}

/**
 * Brings a database to the newest version; `null` where there was nothing to upgrade. A step that fails leaves the file
 * as it was. Throws a StoreError: for a file that is not bbw's, one of a later version, or one that a process still
 * uses which knows the old schema.
 *
 * @param inUse who uses the database now, in words; `null` for nobody
 */
export function migrate(
  connection: Connection,
  options: {
    readonly now: Timestamp
    readonly backups: string
    readonly inUse: () => string | null
    readonly migrations?: readonly Migration[]
  },
): Upgrade | null {
  const { now, backups, inUse, migrations = MIGRATIONS } = options
  const latest = latestVersion(migrations)
  if (schemaVersion(connection) === 0) make(connection, migrations)
  refuseForeign(connection, STATE_ID, migrations)
  const from = schemaVersion(connection)
  if (from === latest) return null
  const user = inUse()
  if (user !== null) {
    throw troubled(`${connection.path}: it has to be upgraded, but ${user} uses it`, 'busy', 'stop it first')
  }
  const backup = freePath(backups, `state-v${from}-${stamp(now)}`)
  copyInto(connection, backup)
  connection.tx(() => {
    // Another process may have upgraded it while this one waited for the lock.
    const reached = schemaVersion(connection)
    for (const { version, up } of migrations.filter(({ version }) => version > reached)) {
      up(connection)
      connection.exec(`PRAGMA user_version = ${version}`)
    }
  })
  return { code: 'I709', from, to: latest, backup }
}

function make(connection: Connection, migrations: readonly Migration[]): void {
  connection.tx(() => {
    if (schemaVersion(connection) !== 0) return
    if (numberOf(connection, 'SELECT count(*) FROM sqlite_schema') > 0) {
      throw troubled(`${connection.path}: it holds tables that are not bbw's`, 'other', 'name another folder')
    }
    for (const { version, up } of migrations) {
      up(connection)
      connection.exec(`PRAGMA user_version = ${version}`)
    }
  })
}
