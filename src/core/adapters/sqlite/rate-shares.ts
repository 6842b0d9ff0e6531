/**
 * How the processes of one data folder share the exchange's limits: each notes itself beside the state, with the host that
 * it asks and the account that it asks about, and takes its part of what is there for all. Public limits are the
 * address's, so everybody counts; private ones the key's. The reserve of what protects positions is that of whoever
 * trades. Nobody waits for a request of another process: a part is looked up once a second, by requests that protect
 * nothing or by whoever looks after the clock, and one that is new waits until the others have noticed and what they have
 * sent before counts no more. A loop does not wait: it may find a position to protect, and for the moment together they
 * take less than the exchange's limit still. Whoever is not heard of for some seconds is gone, and his part is the others';
 * of two that trade the former one is gone at once, for there is one at a time. A host that has blocked the address is left
 * alone by all. The file goes by the wall's clock, which all of them share; what is asked and told is time of the exchange.
 */
import { DatabaseSync } from 'node:sqlite'
import type { Milliseconds, Timestamp } from '../../base/units.ts'
import { ADDRESS_SPAN, ALONE, COOL_OFF, type Shares, type Sharing } from '../bybit/limits.ts'
import { ensureOwnFile } from './files.ts'
import { refuseUnsound } from './version.ts'

/** A part is looked up so often at most. */
const EVERY: Milliseconds = 1_000
/** Whoever is not heard of for so long is gone. */
const LEASE: Milliseconds = 5_000
/** The lock is waited for no longer: the part of a moment ago will do. */
const GLANCE: Milliseconds = 10

export interface SharesOptions {
  /** Names this process. */
  readonly id: string
  /** Names the key, without telling it; `null`: nothing is asked with one. */
  readonly account: string | null
  /** It trades: the reserve is for it. */
  readonly trades: boolean
  /** It goes on, and waits for nobody. */
  readonly isLoop: boolean
  /** Seconds of the exchange's clock in a second of the wall's. */
  readonly speed: number
  readonly clock: {
    now(): Timestamp
    monotonic(): Milliseconds
  }
}

interface Known {
  readonly shares: Shares
  /** When it was looked up, and when that was last tried. */
  readonly at: Milliseconds
  readonly triedAt: Milliseconds
  /** Others are to notice it by then. */
  readonly readyAt: Milliseconds
}

export class RateShares implements Sharing {
  readonly #db: DatabaseSync
  readonly #options: SharesOptions
  readonly #known = new Map<string, Known>()

  /** Opens the file, or makes it. Throws what SQLite throws. */
  constructor(path: string, options: SharesOptions) {
    this.#options = options
    ensureOwnFile(path)
    this.#db = new DatabaseSync(path, { timeout: GLANCE })
    try {
      refuseUnsound(String(this.#db.prepare('SELECT sqlite_version() AS version').get()?.version))
      // What is lost with the machine was worth seconds.
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
      this.#db.exec(
        'CREATE TABLE IF NOT EXISTS members (id TEXT, host TEXT, account TEXT, trades INTEGER, seen INTEGER, PRIMARY KEY (id, host)); CREATE TABLE IF NOT EXISTS blocks (host TEXT PRIMARY KEY, until INTEGER)',
      )
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  of(host: string): Shares {
    const mono = this.#options.clock.monotonic()
    const before = this.#known.get(host)
    const known = before !== undefined && mono < before.triedAt + EVERY ? before : this.#renewed(host, mono)
    this.#known.set(host, known)
    const waits = Math.max(0, known.readyAt - mono) * this.#options.speed
    return waits === known.shares.waits ? known.shares : { ...known.shares, waits }
  }

  silenced(host: string, span: Milliseconds): void {
    this.#tries(() => {
      const { clock, speed } = this.#options
      const until = Math.floor(clock.now() + span / speed)
      this.#db.prepare('INSERT OR REPLACE INTO blocks VALUES (?, ?)').run(host, until)
    })
  }

  /** Is to be called about once a second by a process that goes on: whoever is silent is taken for gone. */
  keep(): void {
    for (const host of this.#known.keys()) this.of(host)
  }

  close(): void {
    this.#tries(() => this.#db.prepare('DELETE FROM members WHERE id = ?').run(this.#options.id))
    this.#db.close()
  }

  #renewed(host: string, mono: Milliseconds): Known {
    const before = this.#known.get(host)
    const looked = this.#tries(() => this.#look(host))
    if (looked !== null) {
      const { shares, isNew, others } = looked
      const hasToWait = isNew && others > 0 && !this.#options.isLoop
      const readyAt = hasToWait ? mono + EVERY + ADDRESS_SPAN : (before?.readyAt ?? mono)
      return { shares, at: mono, triedAt: mono, readyAt }
    }
    if (before === undefined) return { shares: UNKNOWN, at: mono, triedAt: mono, readyAt: mono }
    // The others take it for gone by now, and its part for theirs.
    const shares = mono > before.at + LEASE ? UNKNOWN : before.shares
    return { ...before, shares, triedAt: mono }
  }

  #look(host: string): { readonly shares: Shares; readonly isNew: boolean; readonly others: number } {
    const { id, account, trades, speed, clock } = this.#options
    const now = Math.floor(clock.now())
    const db = this.#db
    db.exec('BEGIN IMMEDIATE')
    try {
      db.prepare('DELETE FROM members WHERE abs(seen - ?) > ?').run(now, LEASE)
      if (trades) db.prepare('DELETE FROM members WHERE trades = 1 AND id <> ?').run(id)
      const known = db.prepare('SELECT 1 FROM members WHERE id = ? AND host = ?').get(id, host)
      db.prepare('INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?, ?)').run(
        id,
        host,
        account,
        trades ? 1 : 0,
        now,
      )
      const row = db
        .prepare('SELECT count(*) AS members, sum(account IS ?) AS same FROM members WHERE host = ?')
        .get(account, host)
      const until = Number(db.prepare('SELECT until FROM blocks WHERE host = ?').get(host)?.until ?? 0)
      db.exec('COMMIT')
      const [members, same] = [row?.members, row?.same].map(value => Math.max(1, Number(value ?? 1)))
      const shares = {
        address: 1 / members,
        key: account === null ? 1 / members : 1 / same,
        reserve: trades ? 1 : 0,
        silentFor: silenceOf(until - now, speed),
        waits: 0,
      }
      return { shares, isNew: known === undefined, others: members - 1 }
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }

  /** What cannot be had at once is not waited for. */
  #tries<T>(work: () => T): T | null {
    try {
      return work()
    } catch {
      return null
    }
  }
}

/** One that is longer than any was noted before the machine's clock was set back: whoever was told of it knows it still. */
function silenceOf(left: Milliseconds, speed: number): Milliseconds {
  return left > COOL_OFF / speed + EVERY ? 0 : Math.max(0, left * speed)
}

/** Of whoever cannot see the others: little, so that they have their parts all the same. */
const UNKNOWN: Shares = { ...ALONE, address: 0.25, key: 0.25 }
