import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { StoreError } from '../../base/errors.ts'
import { bookError } from '../sim/book-error.ts'
import type { SimJournal } from '../sim/host.ts'
import { ensureOwnFile } from './files.ts'
import { isBusy, storeError } from './store-error.ts'
import { refuseUnsound } from './version.ts'

/**
 * `sim.db`: what was asked of the embedded exchange, a row an operation. One process holds the file at a time: SQLite
 * keeps it locked for as long as it is open, and the system takes the lock away with the process, however that ends.
 */

const SCHEMA_VERSION = 1
/** A predecessor that is just ending is waited for. */
const BUSY_TIMEOUT_MS = 500
const SCHEMA = `
  CREATE TABLE journal (seq INTEGER PRIMARY KEY, op TEXT NOT NULL) STRICT;
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`

const ANOTHER_FOLDER = 'choose another folder with --data-dir'

function opening(path: string, error: unknown): unknown {
  if (!isBusy(error)) return ofBook(path, error)
  const message = `${path} is held by another process: an exchange runs on this folder already`
  return bookError(message, 'lease-lost', `stop the other one, or ${ANOTHER_FOLDER}`)
}

/** An error of SQLite as one of the exchange's book; any other error as it is. */
function ofBook(path: string, error: unknown): unknown {
  const known = storeError(path, error)
  if (!(known instanceof StoreError) || known.isOfExchange) return known
  return bookError(known.message, known.trouble, known.trouble === 'damaged' ? undefined : known.remedy)
}

export class SqliteSimJournal implements SimJournal {
  readonly name: string
  readonly #db: DatabaseSync
  readonly #insert: StatementSync

  private constructor(db: DatabaseSync, path: string) {
    this.#db = db
    this.name = path
    this.#insert = db.prepare('INSERT OR REPLACE INTO journal VALUES (?, ?)')
  }

  /**
   * Opens the journal at `path` for this process alone, and makes it where it is not there. Throws a StoreError:
   * `lease-lost` when another process has it open, else for a file that is none and for an unsound SQLite.
   */
  static open(path: string): SqliteSimJournal {
    let db: DatabaseSync | null = null
    ensureOwnFile(path)
    try {
      db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
      refuseUnsound(String(db.prepare('SELECT sqlite_version() AS version').get()?.version))
      // The locking mode has to be set before the log is touched for the first time.
      db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      prepare(db, path)
      return new SqliteSimJournal(db, path)
    } catch (error) {
      db?.close()
      throw opening(path, error)
    }
  }

  get head(): string | null {
    const row = this.#guarded(() => this.#db.prepare("SELECT value FROM meta WHERE key = 'head'").get())
    return row === undefined ? null : String(row.value)
  }

  keepHead(head: string): void {
    this.#guarded(() => this.#db.prepare("INSERT OR REPLACE INTO meta VALUES ('head', ?)").run(head))
  }

  last(): string | null {
    const row = this.#guarded(() =>
      this.#db.prepare('SELECT op FROM journal ORDER BY seq DESC LIMIT 1').get(),
    )
    return row === undefined ? null : String(row.op)
  }

  *rows(): Iterable<string> {
    const rows = this.#guarded(() => this.#db.prepare('SELECT op FROM journal ORDER BY seq').iterate())
    for (const row of rows) yield String(row.op)
  }

  write(number: number, row: string): void {
    this.#guarded(() => this.#insert.run(number, row))
  }

  close(): void {
    this.#db.close()
  }

  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw ofBook(this.name, error)
    }
  }
}

function prepare(db: DatabaseSync, path: string): void {
  // Takes the lock at once, whether or not there is something to be made.
  db.exec('BEGIN IMMEDIATE')
  try {
    const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
    if (version === 0) {
      const tables = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables
      if (tables !== 0) throw bookError(`${path} is not the journal of an exchange`, 'other', ANOTHER_FOLDER)
      db.exec(`${SCHEMA}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    } else if (version > SCHEMA_VERSION) {
      const what = `of a later bbw (schema ${version}, this bbw knows ${SCHEMA_VERSION})`
      throw bookError(`${path} is ${what}`, 'other', ANOTHER_FOLDER)
    }
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
