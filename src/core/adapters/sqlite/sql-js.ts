/** Databases that are bytes: SQLite compiled to WebAssembly, loaded when it is first needed. */
import type { Database, SqlJsStatic, Statement } from 'sql.js'
import { DataError } from '../../base/errors.ts'
import type { SqlRow, SqlValue, Writer } from './sql.ts'
import { troubled } from './store-error.ts'

let engine: Promise<SqlJsStatic> | undefined

/** The package finds its .wasm file beside its own code, wherever that is installed and whatever the present folder. */
function loaded(): Promise<SqlJsStatic> {
  engine ??= import('sql.js').then(module => module.default())
  return engine
}

const MAGIC = 'SQLite format 3\0'
/** Offsets in the header (sqlite.org/fileformat.html): which format writes and reads the file, 2 being a log. */
const FORMATS = [18, 19] as const
const WITH_LOG = 2

/** A database in memory. `close` gives its memory back. */
export class MemoryDatabase implements Writer {
  readonly path: string
  /**
   * The bytes are those of a database that keeps its newest changes in a file beside it, which was not copied with
   * them: they may be older than they should be.
   */
  readonly isWithoutLog: boolean
  readonly #database: Database
  readonly #statements = new Map<string, Statement>()

  private constructor(database: Database, path: string, isWithoutLog: boolean) {
    this.#database = database
    this.path = path
    this.isWithoutLog = isWithoutLog
  }

  /** An empty database. */
  static async empty(): Promise<MemoryDatabase> {
    const { Database } = await loaded()
    return new MemoryDatabase(new Database(), 'memory', false)
  }

  /** Opens the bytes of a file. Throws a DataError when they are no database; `name` says whose they are. */
  static async open(bytes: Uint8Array, name: string): Promise<MemoryDatabase> {
    if (Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC) {
      throw new DataError('it is not a database', { file: name })
    }
    const isWithoutLog = bytes[FORMATS[0]] === WITH_LOG
    // In memory there is no log to look into, and the engine opens no file that demands one.
    const copy = Uint8Array.from(bytes)
    if (isWithoutLog) for (const at of FORMATS) copy[at] = 1
    const { Database } = await loaded()
    const database = new MemoryDatabase(new Database(copy), name, isWithoutLog)
    try {
      database.all('SELECT count(*) FROM sqlite_schema')
    } catch (error) {
      database.close()
      throw new DataError(`it is a damaged database (${String(error)})`, { file: name })
    }
    return database
  }

  all(sql: string, ...params: readonly SqlValue[]): readonly SqlRow[] {
    return this.#guarded(sql, statement => {
      statement.bind([...params])
      const rows: SqlRow[] = []
      while (statement.step()) rows.push(statement.getAsObject())
      return rows
    })
  }

  run(sql: string, ...params: readonly SqlValue[]): number {
    return this.#guarded(sql, statement => {
      statement.run([...params])
      return this.#database.getRowsModified()
    })
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  /** The bytes of the file that this database is. Ends its use. */
  bytes(): Uint8Array {
    const bytes = this.#database.export()
    this.close()
    return bytes
  }

  close(): void {
    this.#database.close()
  }

  #guarded<T>(sql: string, work: (statement: Statement) => T): T {
    try {
      let statement = this.#statements.get(sql)
      if (statement === undefined) {
        statement = this.#database.prepare(sql)
        this.#statements.set(sql, statement)
      }
      const result = work(statement)
      statement.reset()
      return result
    } catch (error) {
      // It says no code, only words.
      const words = error instanceof Error ? error.message : String(error)
      throw troubled(`${this.path}: ${words}`, /malformed|not a database/.test(words) ? 'damaged' : 'other')
    }
  }
}
