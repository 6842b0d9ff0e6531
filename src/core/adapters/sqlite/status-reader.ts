/**
 * What other processes see of the state: read in one short view, without a lock that anybody waits for. The same reader
 * looks at a live file and at the bytes of a copy.
 */
import { existsSync } from 'node:fs'
import { DAY, type Milliseconds, type Timestamp, type Usdt } from '../../base/units.ts'
import type { BookedOrder, BookedPosition, Ledger } from '../../engine/books.ts'
import type { EngineEvent } from '../../engine/protocol.ts'
import type { Snapshot } from '../../engine/snapshot.ts'
import { type Counts, countRows } from './backup.ts'
import { readCooldowns, readLedger, readOrders, readPositions } from './books-rows.ts'
import { Connection } from './connection.ts'
import { eventOf } from './events.ts'
import { fieldOf } from './json.ts'
import { KV, readKey } from './kv.ts'
import { type Lease, readLease } from './lease.ts'
import { refuseForeign, schemaVersion } from './migrations.ts'
import { STATE_ID } from './schema.ts'
import { first, numberOf, type Reader } from './sql.ts'
import { MemoryDatabase } from './sql-js.ts'
import { troubled } from './store-error.ts'

/** A reader gives up sooner than a writer: `status` has to answer at once. */
const READER_MS: Milliseconds = 200

/** Closed trades of some time. */
export interface TradeSums {
  readonly count: number
  readonly won: number
  readonly net: Usdt
  readonly fees: Usdt
  readonly funding: Usdt
}

export interface StatusView {
  readonly schema: number
  /** `null` before the first step of an engine. */
  readonly ledger: Ledger | null
  readonly positions: readonly BookedPosition[]
  readonly orders: readonly BookedOrder[]
  readonly cooldowns: readonly (readonly [string, Timestamp])[]
  /** What the running engine last said of itself; `null` where it never did. */
  readonly snapshot: Snapshot | null
  readonly lease: Lease | null
  readonly today: TradeSums
  readonly total: TradeSums
  /** Newest first; refusals, of which there are many, apart. */
  readonly events: readonly EngineEvent[]
  readonly refusals: readonly EngineEvent[]
  readonly counts: Counts
  /** Commands of other processes that nobody has taken. */
  readonly queued: number
}

/** A state opened to be looked at. */
export interface StatusSource {
  /**
   * Reads everything that a status shows. Throws a StoreError.
   *
   * @param now decides which UTC day is today
   * @param most events and refusals, each
   */
  status(now: Timestamp, most: number): StatusView
  /** Asks something else in SQL, on one view. */
  query(sql: string, ...params: readonly (string | number | null)[]): ReturnType<Reader['all']>
  /** The newest changes may be missing: a log file was not copied with the database. */
  readonly isWithoutLog: boolean
  close(): void
}

/** Opens the live file for reading alone; `null` where there is no state yet. Throws a StoreError. */
export function openStatus(path: string): StatusSource | null {
  if (!existsSync(path)) return null
  const connection = new Connection(path, { readOnly: true, busyMs: READER_MS, random: () => 0 })
  try {
    // Another process is just making it.
    const isEmpty = numberOf(connection, 'SELECT count(*) FROM sqlite_schema') === 0
    if (isEmpty) {
      connection.close()
      return null
    }
    refuseForeign(connection, STATE_ID)
  } catch (error) {
    connection.close()
    throw error
  }
  return {
    status: (now, most) => connection.view(() => readStatus(connection, now, most)),
    query: (sql, ...params) => connection.all(sql, ...params),
    isWithoutLog: false,
    close: () => connection.close(),
  }
}

/** Opens the bytes of a backup, a copy or a damaged file; nobody's locks are touched. Throws a DataError or StoreError. */
export async function openCopy(bytes: Uint8Array, name: string): Promise<StatusSource> {
  const database = await MemoryDatabase.open(bytes, name)
  try {
    refuseForeign(database, STATE_ID)
  } catch (error) {
    database.close()
    throw error
  }
  return {
    status: (now, most) => readStatus(database, now, most),
    query: (sql, ...params) => database.all(sql, ...params),
    isWithoutLog: database.isWithoutLog,
    close: () => database.close(),
  }
}

function sums(reader: Reader, since: Timestamp): TradeSums {
  const row = first(
    reader,
    `SELECT count(*) AS count, count(CASE WHEN net > 0 THEN 1 END) AS won, total(net) AS net,
       total(fees) AS fees, total(funding) AS funding
     FROM trades WHERE closed_at >= ?`,
    since,
  )
  const of = (name: string): number => Number(row?.[name])
  return { count: of('count'), won: of('won'), net: of('net'), fees: of('fees'), funding: of('funding') }
}

function snapshotOf(value: unknown): Snapshot | null {
  if (value === undefined) return null
  if (typeof fieldOf(value, 'at') === 'number' && Array.isArray(fieldOf(value, 'positions')))
    return value as Snapshot
  throw troubled(`table kv, row ${KV.snapshot}: it is no snapshot`, 'damaged')
}

function readStatus(reader: Reader, now: Timestamp, most: number): StatusView {
  const queued = first(
    reader,
    "SELECT count(*) AS count FROM intents WHERE kind = 'command' AND state = 'queued'",
  )
  return {
    schema: schemaVersion(reader),
    ledger: readLedger(reader),
    positions: readPositions(reader),
    orders: readOrders(reader),
    cooldowns: readCooldowns(reader),
    snapshot: snapshotOf(readKey(reader, KV.snapshot)),
    lease: readLease(reader),
    today: sums(reader, Math.floor(now / DAY) * DAY),
    total: sums(reader, Number.MIN_SAFE_INTEGER),
    events: reader
      .all("SELECT seq, record FROM events WHERE kind <> 'refused' ORDER BY seq DESC LIMIT ?", most)
      .map(eventOf),
    refusals: reader
      .all("SELECT seq, record FROM events WHERE kind = 'refused' ORDER BY ts DESC, seq DESC LIMIT ?", most)
      .map(eventOf),
    counts: countRows(reader),
    queued: Number(queued?.count),
  }
}
