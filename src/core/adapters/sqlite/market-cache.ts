import { createHash } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { DataError, StoreError } from '../../base/errors.ts'
import { HOUR, type Timestamp } from '../../base/units.ts'
import type { Candles } from '../../market/candles.ts'
import type { FundingRates } from '../../market/funding.ts'
import type { InstrumentRow } from '../../market/instruments.ts'
import { INTERVAL_MS, INTERVALS, type Interval, isInterval } from '../../market/interval.ts'
import type { MarkCandles } from '../../market/mark.ts'
import type { TierRow } from '../../market/risk-tier.ts'
import { Connection } from './connection.ts'
import { ensureOwnFile } from './files.ts'
import { numberOf } from './sql.ts'
import { refuseUnsound } from './version.ts'

/**
 * `market.db`: candles, mark candles, funding and instruments, a cache that may be deleted at any time.
 *
 * A series is cut into chunks at fixed times (`CHUNK_SLOTS` intervals long), so that the layout does not depend on the
 * order in which files came. A chunk is one BLOB: its columns one after the other, each as little-endian Float64.
 * A gap has no rows. All that one file brings, and the record of the file, is one transaction.
 */

export type SeriesKind = 'candles' | 'mark' | 'funding'

/** What the cache has of one series; `interval` is `null` for funding. */
export interface SeriesSummary {
  readonly kind: SeriesKind
  readonly symbol: string
  readonly interval: Interval | null
  readonly rows: number
  readonly first: Timestamp
  readonly last: Timestamp
}

/** The file that rows come from. */
export interface ImportedFile {
  /** A name that tells files apart: the absolute path. */
  readonly source: string
  /** What its rows were taken for, such as `candles BTCUSDT 1d`: a file may be read again as another symbol. */
  readonly target: string
  /** Of the file's bytes as they lie on the disk, in hexadecimal. */
  readonly sha256: string
  /** Rows left out as bad. */
  readonly badRows: number
  readonly importedAt: Timestamp
}

/** What an import changed. */
export interface ImportResult {
  readonly added: number
  /** Rows that were there already, equal. */
  readonly equal: number
}

/** A part of the cache to be hashed; `from` inclusive, `to` exclusive, both by the bar's start. */
export type Selection =
  | {
      readonly kind: 'candles' | 'mark'
      readonly symbol: string
      readonly interval: Interval
      readonly from?: Timestamp
      readonly to?: Timestamp
    }
  | { readonly kind: 'funding'; readonly symbol: string; readonly from?: Timestamp; readonly to?: Timestamp }

/** The second has risk tiers besides. */
const SCHEMA_VERSION = 2
const CHUNK_SLOTS = 2048
const FLOAT_BYTES = 8
/** An import of another process may take long. */
const BUSY_TIMEOUT_MS = 5_000
const ANEW = 'it is a cache: delete it and import again'

const COLUMNS: { readonly [K in SeriesKind]: readonly string[] } = {
  candles: ['start', 'open', 'high', 'low', 'close', 'volume', 'turnover'],
  mark: ['start', 'open', 'high', 'low', 'close'],
  funding: ['time', 'rate'],
}
/** Index of the one column that may be blank (`NaN`), and be filled in later. */
const TURNOVER = 6
/** Funding's chunks are cut at the spacing that is usual; where it is hourly they are longer. */
const FUNDING_SLOT = 8 * HOUR

const TIERS = `
  CREATE TABLE tiers (
    date TEXT NOT NULL, symbol TEXT NOT NULL, id INTEGER NOT NULL, value_limit TEXT NOT NULL,
    maintenance REAL NOT NULL, initial REAL NOT NULL, max_leverage TEXT NOT NULL, deduction TEXT,
    PRIMARY KEY (date, symbol, id)
  ) STRICT;
`
const SCHEMA = `
  CREATE TABLE chunks (
    kind TEXT NOT NULL, symbol TEXT NOT NULL, interval TEXT NOT NULL, chunk INTEGER NOT NULL,
    rows INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (kind, symbol, interval, chunk)
  ) STRICT;
  CREATE TABLE instruments (
    date TEXT NOT NULL, symbol TEXT NOT NULL, base_coin TEXT, quote_coin TEXT NOT NULL,
    tick TEXT NOT NULL, step TEXT, min_qty TEXT NOT NULL, max_qty TEXT, min_price TEXT, max_leverage TEXT,
    PRIMARY KEY (date, symbol)
  ) STRICT;
  CREATE TABLE files (
    source TEXT NOT NULL, target TEXT NOT NULL, sha256 TEXT NOT NULL, rows INTEGER NOT NULL,
    bad_rows INTEGER NOT NULL, imported_at INTEGER NOT NULL,
    PRIMARY KEY (source, target)
  ) STRICT;
  ${TIERS}
`

/** A series as columns; only the first `length` rows are data. */
interface Block {
  readonly length: number
  readonly columns: readonly Float64Array[]
}

function slotOf(kind: SeriesKind, interval: string): number {
  if (kind === 'funding') return FUNDING_SLOT
  assert(isInterval(interval), `interval ${interval} of ${kind}`)
  return INTERVAL_MS[interval]
}

function packed(block: Block, from: number, to: number): Uint8Array {
  const rows = to - from
  const data = new Float64Array(rows * block.columns.length)
  for (const [k, column] of block.columns.entries()) data.set(column.subarray(from, to), k * rows)
  return new Uint8Array(data.buffer)
}

/** A row of a block in words, for an error. */
function valueText(value: number): string {
  return Number.isNaN(value) ? 'blank' : String(value)
}

export class MarketCache {
  readonly #connection: Connection

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * Opens the cache at `path`, and makes it where it is not there and `readonly` is false. Throws a StoreError for a
   * version of SQLite that can damage it, a file that is no cache and one of a later bbw.
   */
  static open(path: string, options: { readonly readonly: boolean }): MarketCache {
    // What is in it is no secret; whoever could change it would decide what is traded.
    if (!options.readonly) ensureOwnFile(path)
    const connection = new Connection(path, {
      readOnly: options.readonly,
      busyMs: BUSY_TIMEOUT_MS,
      random: Math.random, // world-ok: it only keeps processes that wait for the lock apart
      renewal: ANEW,
    })
    try {
      const cache = new MarketCache(connection)
      refuseUnsound(String(connection.get('SELECT sqlite_version() AS version')?.version))
      if (!options.readonly) cache.#prepare()
      cache.#refuseOtherSchema()
      return cache
    } catch (error) {
      connection.close()
      throw error
    }
  }

  close(): void {
    this.#connection.close()
  }

  /** From now on a lock is waited for a fraction of a second at most: whoever trades must not stand still. */
  bePrompt(): void {
    this.#connection.bePrompt(true)
  }

  /**
   * Adds candles. Rows that are there already must be equal (a blank turnover gives way to a recorded one); throws a
   * DataError naming time, field and both values where they differ, and then nothing is changed.
   */
  importCandles(candles: Candles, file: ImportedFile): ImportResult {
    const { start, open, high, low, close, volume, turnover, length } = candles
    const columns = [start, open, high, low, close, volume, turnover]
    return this.#import('candles', candles.symbol, candles.interval, { length, columns }, file)
  }

  /** Adds candles of the mark price; as `importCandles`. */
  importMark(mark: MarkCandles, file: ImportedFile): ImportResult {
    const { start, open, high, low, close, length } = mark
    return this.#import(
      'mark',
      mark.symbol,
      mark.interval,
      { length, columns: [start, open, high, low, close] },
      file,
    )
  }

  /** Adds funding settlements; as `importCandles`. */
  importFunding(symbol: string, funding: FundingRates, file: ImportedFile): ImportResult {
    const { time, rate } = funding
    return this.#import('funding', symbol, '', { length: time.length, columns: [time, rate] }, file)
  }

  /** Adds a dated list of instruments; a row of the same date and symbol must be equal, or a DataError is thrown. */
  importInstruments(rows: readonly InstrumentRow[], file: ImportedFile): ImportResult {
    return this.#connection.tx(() => {
      const known = new Map(this.instruments().map(row => [`${row.date} ${row.symbol}`, row]))
      const insert = 'INSERT INTO instruments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'
      let added = 0
      for (const row of rows) {
        const { date, symbol, baseCoin, quoteCoin, tick, step, minQty, maxQty, minPrice, maxLeverage } = row
        const before = known.get(`${date} ${symbol}`)
        if (before === undefined) {
          this.#connection.run(
            insert,
            date,
            symbol,
            baseCoin,
            quoteCoin,
            tick,
            step,
            minQty,
            maxQty,
            minPrice,
            maxLeverage,
          )
          added += 1
          continue
        }
        const fields = [
          'baseCoin',
          'quoteCoin',
          'tick',
          'step',
          'minQty',
          'maxQty',
          'minPrice',
          'maxLeverage',
        ] as const
        const field = fields.find(name => before[name] !== row[name])
        if (field === undefined) continue
        const reason = `${symbol} of ${date}: ${field} is ${row[field]} here and ${before[field]} in the cache`
        throw this.#differs(file.source, field, reason)
      }
      this.#record(file, rows.length)
      return { added, equal: rows.length - added }
    })
  }

  /** Puts a dated set of risk tiers in the place of the one of that date; rows of all symbols at once. */
  importTiers(rows: readonly TierRow[], file: ImportedFile): ImportResult {
    return this.#connection.tx(() => {
      for (const date of new Set(rows.map(row => row.date))) {
        this.#connection.run('DELETE FROM tiers WHERE date = ?', date)
      }
      const insert = 'INSERT INTO tiers VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
      for (const row of rows) {
        const { date, symbol, id, limit, maintenanceMargin, initialMargin, maxLeverage, deduction } = row
        this.#connection.run(
          insert,
          date,
          symbol,
          id,
          limit,
          maintenanceMargin,
          initialMargin,
          maxLeverage,
          deduction,
        )
      }
      this.#record(file, rows.length)
      return { added: rows.length, equal: 0 }
    })
  }

  /** The newest set of risk tiers, by symbol and limit; empty where there is none. */
  tiers(): readonly TierRow[] {
    // A cache of the first schema that is only read has no such table.
    if (this.#userVersion() < SCHEMA_VERSION) return []
    const sql = 'SELECT * FROM tiers WHERE date = (SELECT max(date) FROM tiers) ORDER BY symbol, id'
    return this.#connection.all(sql).map(row => ({
      date: String(row.date),
      symbol: String(row.symbol),
      id: Number(row.id),
      limit: String(row.value_limit),
      maintenanceMargin: Number(row.maintenance),
      initialMargin: Number(row.initial),
      maxLeverage: String(row.max_leverage),
      deduction: row.deduction === null ? null : String(row.deduction),
    }))
  }

  /** What is known of a file that was imported for `target`; `null` where it was not. */
  file(source: string, target: string): ImportedFile | null {
    const row = this.#connection.get(
      'SELECT sha256, bad_rows, imported_at FROM files WHERE source = ? AND target = ?',
      source,
      target,
    )
    if (row === undefined) return null
    const { sha256, bad_rows, imported_at } = row
    return {
      source,
      target,
      sha256: String(sha256),
      badRows: Number(bad_rows),
      importedAt: Number(imported_at),
    }
  }

  /** Every series, by kind, symbol and length of interval. */
  list(): readonly SeriesSummary[] {
    const rows = this.#connection.all(
      `SELECT kind, symbol, interval, sum(rows) AS rows, min(first) AS first, max(last) AS last
       FROM chunks GROUP BY kind, symbol, interval`,
    )
    const kinds: readonly SeriesKind[] = ['candles', 'mark', 'funding']
    const intervals: readonly string[] = INTERVALS
    return rows
      .map(row => {
        const kind = kinds.find(name => name === row.kind)
        if (kind === undefined) throw this.#damaged(`a series of the kind ${row.kind}`)
        const interval = INTERVALS.find(name => name === row.interval)
        if (interval === undefined && kind !== 'funding') throw this.#damaged(`an interval ${row.interval}`)
        return {
          kind,
          symbol: String(row.symbol),
          interval: interval ?? null,
          rows: Number(row.rows),
          first: Number(row.first),
          last: Number(row.last),
        }
      })
      .sort(
        (a, b) =>
          kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
          (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0) ||
          intervals.indexOf(a.interval ?? '') - intervals.indexOf(b.interval ?? ''),
      )
  }

  /** The symbols with candles of this interval, sorted. */
  symbols(interval: Interval): readonly string[] {
    const sql = "SELECT DISTINCT symbol FROM chunks WHERE kind = 'candles' AND interval = ? ORDER BY symbol"
    return this.#connection.all(sql, interval).map(row => String(row.symbol))
  }

  /** Candles that start in [`from`, `to`); `null` where the cache has none of this symbol and interval there. */
  candles(symbol: string, interval: Interval, from?: Timestamp, to?: Timestamp): Candles | null {
    const block = this.#read('candles', symbol, interval, from, to)
    if (block === null) return null
    const [start, open, high, low, close, volume, turnover] = block.columns
    return { symbol, interval, length: block.length, start, open, high, low, close, volume, turnover }
  }

  /** Candles of the mark price that start in [`from`, `to`); `null` where there are none. */
  mark(symbol: string, interval: Interval, from?: Timestamp, to?: Timestamp): MarkCandles | null {
    const block = this.#read('mark', symbol, interval, from, to)
    if (block === null) return null
    const [start, open, high, low, close] = block.columns
    return { symbol, interval, length: block.length, start, open, high, low, close }
  }

  /** Funding settlements; empty columns where there are none. */
  funding(symbol: string): FundingRates {
    const block = this.#read('funding', symbol, '', undefined, undefined)
    const [time, rate] = block === null ? [new Float64Array(0), new Float64Array(0)] : block.columns
    return { time, rate }
  }

  /** The instruments of all dated lists, by date and symbol. */
  instruments(): readonly InstrumentRow[] {
    const text = (value: unknown): string | null => (value === null ? null : String(value))
    return this.#connection.all('SELECT * FROM instruments ORDER BY date, symbol').map(row => ({
      symbol: String(row.symbol),
      baseCoin: text(row.base_coin),
      quoteCoin: String(row.quote_coin),
      tick: String(row.tick),
      step: text(row.step),
      minQty: String(row.min_qty),
      maxQty: text(row.max_qty),
      minPrice: text(row.min_price),
      maxLeverage: text(row.max_leverage),
      date: String(row.date),
    }))
  }

  /**
   * The SHA-256 of the selected rows in hexadecimal: the same for the same rows, whatever the order of the imports and
   * of the selection. A selection without rows counts as such.
   */
  hash(selections: readonly Selection[]): string {
    const parts = selections.map(selection => {
      const interval = selection.kind === 'funding' ? '' : selection.interval
      const { kind, symbol, from, to } = selection
      const block = this.#read(kind, symbol, interval, from, to)
      const digest = createHash('sha256')
      digest.update(`${kind}\n${symbol}\n${interval}\n${block?.length ?? 0}\n`)
      if (block !== null) digest.update(packed(block, 0, block.length))
      return digest.digest('hex')
    })
    const whole = createHash('sha256')
    for (const part of parts.sort()) whole.update(`${part}\n`)
    return whole.digest('hex')
  }

  #userVersion(): number {
    return numberOf(this.#connection, 'PRAGMA user_version')
  }

  #prepare(): void {
    // Larger pages make long BLOBs cheaper to read; it takes effect only before the first table.
    this.#connection.exec('PRAGMA page_size = 16384')
    this.#connection.walMode()
    this.#connection.exec('PRAGMA synchronous = NORMAL')
    if (this.#userVersion() >= SCHEMA_VERSION) return
    this.#connection.tx(() => {
      // Another process may have made the tables while this one waited for the lock.
      const version = this.#userVersion()
      if (version === 1) this.#connection.exec(`${TIERS}; PRAGMA user_version = ${SCHEMA_VERSION}`)
      if (version !== 0) return
      if (numberOf(this.#connection, 'SELECT count(*) FROM sqlite_schema') !== 0)
        throw this.#damaged('tables that are not its own')
      this.#connection.exec(`${SCHEMA}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    })
  }

  #refuseOtherSchema(): void {
    const version = this.#userVersion()
    if (version >= 1 && version <= SCHEMA_VERSION) {
      this.#connection.exec('PRAGMA mmap_size = 1073741824')
      return
    }
    const reason =
      version > SCHEMA_VERSION
        ? `it is of a later bbw (schema ${version}, this bbw knows ${SCHEMA_VERSION}); update bbw`
        : 'it is not a market cache'
    throw new StoreError(`${this.#connection.path}: ${reason}`, { retryable: false })
  }

  #damaged(what: string): StoreError {
    const message = `${this.#connection.path}: the cache holds ${what}; ${ANEW}`
    return new StoreError(message, { retryable: false })
  }

  #differs(source: string, field: string, reason: string): DataError {
    const remedy = `if the file is right, delete the cache (${this.#connection.path}) and import again`
    return new DataError(reason, { file: source, field }, remedy)
  }

  #record(file: ImportedFile, rows: number): void {
    this.#connection.run(
      'INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)',
      file.source,
      file.target,
      file.sha256,
      rows,
      file.badRows,
      file.importedAt,
    )
  }

  #import(
    kind: SeriesKind,
    symbol: string,
    interval: string,
    block: Block,
    file: ImportedFile,
  ): ImportResult {
    const slot = slotOf(kind, interval)
    const span = slot * CHUNK_SLOTS
    const { length, columns } = block
    const time = columns[0]
    return this.#connection.tx(() => {
      const write = 'INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
      let added = 0
      let from = 0
      while (from < length) {
        const chunk = Math.floor(time[from] / span)
        let to = from + 1
        while (to < length && time[to] < (chunk + 1) * span) {
          assert(time[to] > time[to - 1], `rows of ${file.source} ascend`)
          to += 1
        }
        const part: Block = { length: to - from, columns: columns.map(column => column.subarray(from, to)) }
        const before = this.#chunk(kind, symbol, interval, chunk)
        const merged = before === null ? part : this.#merge(kind, before, part, file.source)
        const rows = merged.length
        added += rows - (before?.length ?? 0)
        const times = merged.columns[0]
        // Adding 0 makes -0 the 0 it is equal to, so that equal rows are equal bytes.
        const clean: Block = {
          length: rows,
          columns: merged.columns.map(column => column.map(value => value + 0)),
        }
        const data = packed(clean, 0, rows)
        this.#connection.run(write, kind, symbol, interval, chunk, rows, times[0], times[rows - 1], data)
        from = to
      }
      if (kind !== 'funding') this.#refuseOverlap(kind, symbol, interval, time, length, file.source)
      this.#record(file, length)
      return { added, equal: length - added }
    })
  }

  /** Refuses two candles less than an interval apart, which two files can bring together. */
  #refuseOverlap(
    kind: 'candles' | 'mark',
    symbol: string,
    interval: string,
    time: Float64Array,
    length: number,
    source: string,
  ): void {
    if (length === 0) return
    const slot = slotOf(kind, interval)
    const near = this.#read(kind, symbol, interval, time[0] - slot, time[length - 1] + slot)
    assert(near !== null, `rows just written to ${symbol} ${interval} can be read`)
    const starts = near.columns[0]
    for (let i = 1; i < near.length; i += 1) {
      if (starts[i] - starts[i - 1] >= slot) continue
      const [one, other] = [starts[i - 1], starts[i]].map(start => new Date(start).toISOString())
      throw this.#differs(
        source,
        'start',
        `with the cache's candles ${one} and ${other} overlap at ${interval}`,
      )
    }
  }

  #merge(kind: SeriesKind, before: Block, part: Block, source: string): Block {
    const width = before.columns.length
    const columns = before.columns.map(() => new Float64Array(before.length + part.length))
    const [old, fresh] = [before.columns[0], part.columns[0]]
    let i = 0
    let j = 0
    let length = 0
    while (i < before.length || j < part.length) {
      const a = i < before.length ? old[i] : Number.POSITIVE_INFINITY
      const b = j < part.length ? fresh[j] : Number.POSITIVE_INFINITY
      for (let k = 0; k < width; k += 1) {
        const was = before.columns[k][i]
        const is = part.columns[k][j]
        if (a < b) columns[k][length] = was
        else if (b < a) columns[k][length] = is
        else if (was === is || (k === TURNOVER && Number.isNaN(is))) columns[k][length] = was
        else if (k === TURNOVER && Number.isNaN(was)) columns[k][length] = is
        else {
          const field = COLUMNS[kind][k]
          const when = new Date(a).toISOString()
          const reason = `${when}: ${field} is ${valueText(is)} here and ${valueText(was)} in the cache`
          throw this.#differs(source, field, reason)
        }
      }
      if (a <= b) i += 1
      if (b <= a) j += 1
      length += 1
    }
    return { length, columns: columns.map(column => column.subarray(0, length)) }
  }

  #chunk(kind: SeriesKind, symbol: string, interval: string, chunk: number): Block | null {
    const sql = 'SELECT rows, data FROM chunks WHERE kind = ? AND symbol = ? AND interval = ? AND chunk = ?'
    const row = this.#connection.get(sql, kind, symbol, interval, chunk)
    return row === undefined ? null : this.#unpacked(kind, Number(row.rows), row.data)
  }

  #unpacked(kind: SeriesKind, rows: number, data: unknown): Block {
    const width = COLUMNS[kind].length
    if (!(data instanceof Uint8Array) || data.byteLength !== rows * width * FLOAT_BYTES) {
      throw this.#damaged('a chunk that is not as long as it should be')
    }
    // node:sqlite gives each BLOB a buffer of its own; one that starts off an 8-byte boundary has to be copied.
    const bytes = data.byteOffset % FLOAT_BYTES === 0 ? data : data.slice()
    const values = new Float64Array(bytes.buffer, bytes.byteOffset, rows * width)
    const columns = COLUMNS[kind].map((_, k) => values.subarray(k * rows, (k + 1) * rows))
    return { length: rows, columns }
  }

  #read(
    kind: SeriesKind,
    symbol: string,
    interval: string,
    from: Timestamp = Number.MIN_SAFE_INTEGER,
    to: Timestamp = Number.MAX_SAFE_INTEGER,
  ): Block | null {
    const where = 'kind = ? AND symbol = ? AND interval = ? AND last >= ? AND first < ?'
    const key = [kind, symbol, interval, from, to]
    const capacity = numberOf(this.#connection, `SELECT sum(rows) FROM chunks WHERE ${where}`, ...key)
    if (capacity === 0) return null
    const columns = COLUMNS[kind].map(() => new Float64Array(capacity))
    let length = 0
    const chunks = `SELECT rows, data FROM chunks WHERE ${where} ORDER BY chunk`
    for (const row of this.#connection.iterate(chunks, ...key)) {
      const chunk = this.#unpacked(kind, Number(row.rows), row.data)
      for (const [k, column] of chunk.columns.entries()) columns[k].set(column, length)
      length += chunk.length
    }
    const times = columns[0].subarray(0, length)
    const first = lowerBound(times, from)
    const end = lowerBound(times, to)
    if (first >= end) return null
    return { length: end - first, columns: columns.map(column => column.subarray(first, end)) }
  }
}

/** The index of the first value of an ascending column that is not below `limit`; its length where there is none. */
function lowerBound(column: Float64Array, limit: number): number {
  let low = 0
  let high = column.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (column[middle] < limit) low = middle + 1
    else high = middle
  }
  return low
}
