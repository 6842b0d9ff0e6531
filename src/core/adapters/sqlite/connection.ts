import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { pause } from '../system/pause.ts'
import type { SqlRow, SqlValue, Writer } from './sql.ts'
import { isBusy, storeError } from './store-error.ts'

/** How long a lock is waited for, how often that is tried, and the pauses between two looks, shortest and longest. */
export const BUSY_MS = 1_000
export const TRIES = 3
const PAUSE_MS = [1, 4] as const
/**
 * How long each try of whoever has something to protect takes: what it does not get to write it writes later, and what
 * the exchange tells meanwhile must not wait for seconds.
 */
const PROMPT_MS = 80
/** A lock that was waited for in vain is waited for no longer than this, until it can be had again. */
const GLANCE_MS = 5

/** What a function hands back at once: anything but a promise. */
type Immediate<T> = [Extract<T, PromiseLike<unknown>>] extends [never] ? unknown : never

export interface ConnectionOptions {
  readonly readOnly?: boolean
  readonly busyMs?: number
  /** Uniform in [0, 1): keeps processes that wait for one lock from coming back at the same moment. */
  readonly random: () => number
  /** How the file is made anew, where it may be deleted at any time. */
  readonly renewal?: string
}

/**
 * One connection to a database file: statements prepared once, errors as StoreErrors, and write transactions, all of
 * which are short, synchronous and take the write lock when they begin. One that reads first and writes later can be
 * refused in the middle, whatever the time-out (SQLITE_BUSY_SNAPSHOT).
 */
export class Connection implements Writer {
  readonly path: string
  readonly #db: DatabaseSync
  readonly #random: () => number
  readonly #patience: number
  #busyMs: number
  readonly #renewal: string | undefined
  readonly #statements = new Map<string, StatementSync>()
  #busy = 0
  /** The last wait for the lock was in vain. */
  #isHeld = false

  /** Opens the file, or makes it. Throws a StoreError. */
  constructor(path: string, options: ConnectionOptions) {
    const { readOnly = false, busyMs = BUSY_MS, random, renewal } = options
    this.path = path
    this.#random = random
    this.#patience = busyMs
    this.#busyMs = busyMs
    this.#renewal = renewal
    try {
      this.#db = new DatabaseSync(path, { readOnly, timeout: busyMs })
    } catch (error) {
      throw storeError(path, error, renewal)
    }
  }

  close(): void {
    this.#db.close()
  }

  /** How often the write lock could not be had in the time of one try. */
  get busy(): number {
    return this.#busy
  }

  /** From now on a lock is waited for a fraction of a second at most; or as long as before, where that is over. */
  bePrompt(isPrompt: boolean): void {
    this.#busyMs = isPrompt ? Math.min(PROMPT_MS, this.#patience) : this.#patience
    this.exec(`PRAGMA busy_timeout = ${this.#busyMs}`)
  }

  all(sql: string, ...params: readonly SqlValue[]): readonly SqlRow[] {
    return this.#guarded(() => this.#statement(sql).all(...params))
  }

  /** The rows one after another, for answers too long to hold at once. */
  *iterate(sql: string, ...params: readonly SqlValue[]): Generator<SqlRow> {
    try {
      yield* this.#statement(sql).iterate(...params)
    } catch (error) {
      throw storeError(this.path, error, this.#renewal)
    }
  }

  get(sql: string, ...params: readonly SqlValue[]): SqlRow | undefined {
    return this.#guarded(() => this.#statement(sql).get(...params))
  }

  run(sql: string, ...params: readonly SqlValue[]): number {
    return this.#guarded(() => Number(this.#statement(sql).run(...params).changes))
  }

  /** Carries out statements that are not worth keeping, such as pragmas and those that make tables. */
  exec(sql: string): void {
    this.#guarded(() => this.#db.exec(sql))
  }

  /**
   * Does the work in one write transaction: all of it or, when it throws, nothing. The work must not wait: a function
   * that returns a promise does not compile. A lock that is not to be had is tried for three times, then the
   * StoreError says `busy`.
   */
  tx<T>(work: (() => T) & Immediate<T>): T {
    return this.#guarded(() => {
      this.#begin()
      try {
        const result = work()
        this.#statement('COMMIT').run()
        return result
      } catch (error) {
        this.#rollBack()
        throw error
      }
    })
  }

  /** Does the reading on one view of the database. For connections that only read: it takes no lock to write. */
  view<T>(work: (() => T) & Immediate<T>): T {
    return this.#guarded(() => {
      this.#statement('BEGIN').run() // a reader's own: it is rolled back in any case
      try {
        return work()
      } finally {
        this.#rollBack()
      }
    })
  }

  /** Turns the write-ahead log on. Two that do it at once do not wait for each other by themselves. */
  walMode(): void {
    this.#guarded(() => this.#patiently(() => this.#db.exec('PRAGMA journal_mode = WAL')))
  }

  #begin(): void {
    this.#patiently(() => this.#statement('BEGIN IMMEDIATE').run())
  }

  /**
   * SQLite's own waiting sleeps for up to 100 ms between two looks, in which writers that come and go can keep one out
   * for seconds. Short pauses that chance decides give every one its turn. The process stands still meanwhile, so one
   * that has waited in vain does so once: exits must not come seconds late at every step.
   */
  #patiently(work: () => unknown): void {
    const [least, most] = PAUSE_MS
    const [longest, mostTries] = this.#isHeld ? [Math.min(GLANCE_MS, this.#busyMs), 1] : [this.#busyMs, TRIES]
    this.#db.exec('PRAGMA busy_timeout = 0')
    try {
      let waited = 0
      for (let tries = 0; ; ) {
        try {
          work()
          this.#isHeld = false
          return
        } catch (error) {
          if (!isBusy(error)) throw error
          if (waited >= longest) {
            waited = 0
            tries += 1
            this.#busy += 1
          }
          if (tries === mostTries) {
            this.#isHeld = true
            throw error
          }
          const ms = least + (most - least) * this.#random()
          pause(ms)
          waited += ms
        }
      }
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${this.#busyMs}`)
    }
  }

  #rollBack(): void {
    // A full disk may have rolled it back already; one that fails altogether must not hide the first error.
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    } catch {}
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw storeError(this.path, error, this.#renewal)
    }
  }
}
