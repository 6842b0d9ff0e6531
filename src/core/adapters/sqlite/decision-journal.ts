/**
 * `decisions.db`: every decision that was taken down, beside the state and apart from it. It may be deleted at any time,
 * is part of no backup, and nothing that trades waits for it: a journal that cannot be written loses decisions and says
 * so. Each row carries the hash of the one before it, so that one that was changed, taken out or put in is noticed.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { StoreError } from '../../base/errors.ts'
import { DAY, type Milliseconds, type Timestamp } from '../../base/units.ts'
import {
  DECISION_KINDS,
  type Decision,
  type DecisionBatch,
  type DecisionContext,
  type InputHashes,
  shortHash,
} from '../../engine/decision-record.ts'
import { type CandlePrint, PRINTED, type ToldPrint, type ToldSeries } from '../../engine/told-candles.ts'
import { INTERVAL_MS, INTERVALS, type Interval } from '../../market/interval.ts'
import { unsoundness } from './backup.ts'
import { Connection } from './connection.ts'
import { ensureOwnFile } from './files.ts'
import { first, numberOf, type Reader, type SqlRow } from './sql.ts'
import { damageIn, troubled } from './store-error.ts'

/** The journal's file in a data folder. */
export const DECISIONS_FILE = 'decisions.db'

/** Marks a file as a journal of decisions. */
const JOURNAL_ID = 0x62627764
const SCHEMA_VERSION = 1
const SCHEMA = `
  CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, cycle TEXT, step TEXT, kind TEXT NOT NULL, strategy TEXT, symbol TEXT,
    side TEXT, context TEXT NOT NULL, inputs TEXT NOT NULL, told TEXT NOT NULL, seen ANY NOT NULL, answer TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX decisions_ts ON decisions (ts);
  CREATE TABLE contexts (hash TEXT PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT;
  CREATE TABLE prints (
    symbol TEXT NOT NULL, interval TEXT NOT NULL, block INTEGER NOT NULL, prints BLOB NOT NULL,
    PRIMARY KEY (symbol, interval, block)
  ) STRICT;
  CREATE TABLE gaps (after INTEGER NOT NULL, ts INTEGER NOT NULL, lost INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
  CREATE TABLE chain (
    id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, trimmed INTEGER NOT NULL,
    trimmed_hash TEXT NOT NULL
  ) STRICT;
  INSERT INTO chain VALUES (1, 0, '', 0, '');
  PRAGMA application_id = ${JOURNAL_ID};
  PRAGMA user_version = ${SCHEMA_VERSION}
`

/** Between `seq` and `hash`, as `columnsOf` gives them. */
const COLUMNS = [
  'ts',
  'cycle',
  'step',
  'kind',
  'strategy',
  'symbol',
  'side',
  'context',
  'inputs',
  'told',
  'seen',
  'answer',
] as const

const RENEWAL = 'put it aside: nothing is traded by it, and the next run begins a new one'
/** Whoever trades does not wait for a reader of the journal. */
const BUSY_MS = 20

/** Inputs of a decision, as their hashes are stored. */
const INPUTS = [
  'candles',
  'parameters',
  'fees',
  'instrument',
  'state',
  'price',
] as const satisfies readonly (keyof InputHashes)[]

const LONG_TEXT = 1_000

/** Candles of one row of prints. */
const BLOCK = 64
const PRINT_BYTES = 2 * PRINTED.length
/** Rows that are read at a time: a journal can be longer than memory. */
const READ_ROWS = 2_000
/** Candles shorter than a day are looked back on for so long at most. */
const INTRADAY_BACK: Milliseconds = 60 * DAY

/** A decision with its place in the journal. */
export interface DecisionRow extends Decision {
  readonly row: number
}

/** Decisions that could not be written. */
export interface DecisionGap {
  /** The last row before them. */
  readonly after: number
  readonly at: Timestamp
  readonly lost: number
  readonly reason: string
}

/** What a look through a whole journal has found. */
export interface DecisionCheck {
  /** How many decisions there are; `null` where they cannot be counted. */
  readonly rows: number | null
  /** What is wrong, a sentence each; empty for a sound journal. */
  readonly wrong: readonly string[]
}

function hashOf(previous: string, seq: number, columns: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([previous, seq, ...columns]))
    .digest('hex')
}

/** The columns between `seq` and `hash`, in their order. */
function columnsOf(decision: Decision): readonly (string | number | null)[] {
  const { at, cycle, step, kind, strategy, symbol, side, context, inputs, told, seen, answer } = decision
  return [
    Math.round(at),
    cycle,
    step,
    kind,
    strategy,
    symbol,
    side,
    context,
    JSON.stringify(INPUTS.map(name => inputs[name])),
    JSON.stringify(
      told.map(({ interval, first, newest, count, hash }) => [interval, first, newest, count, ...hash]),
    ),
    seen,
    answer,
  ]
}

/** How many prints wait while the disk fails; without its print a candle that was changed cannot be named. */
const MOST_WAITING = 200_000

/** Where decisions are written. */
export class DecisionJournal {
  readonly #connection: Connection
  /** What came with decisions that were lost: later ones need it. */
  #contexts: readonly DecisionContext[] = []
  #prints: readonly ToldPrint[] = []
  #lost = 0
  #reason = ''

  /** Opens the journal at `path`, or makes it. Throws a StoreError: for a file that is none, or of a later bbw. */
  static open(path: string, random: () => number): DecisionJournal {
    ensureOwnFile(path)
    const connection = new Connection(path, { random, busyMs: BUSY_MS, renewal: RENEWAL })
    try {
      connection.walMode()
      connection.exec('PRAGMA synchronous = NORMAL')
      connection.tx(() => {
        if (numberOf(connection, 'SELECT count(*) FROM sqlite_schema') === 0) connection.exec(SCHEMA)
      })
      refuseOther(connection, path)
      return new DecisionJournal(connection)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * Writes what was decided in one step. What cannot be written is lost, and counted in the journal once it can be
   * written again.
   *
   * @returns why it could not be written; `null` where it was
   */
  keep(batch: DecisionBatch): string | null {
    const connection = this.#connection
    const contexts = [...this.#contexts, ...batch.contexts]
    const prints = this.#prints.length === 0 ? batch.prints : [...this.#prints, ...batch.prints]
    try {
      connection.tx(() => {
        const chain = readChain(connection)
        if (this.#lost > 0) {
          const at = Math.round(batch.decisions[0]?.at ?? 0)
          connection.run('INSERT INTO gaps VALUES (?, ?, ?, ?)', chain.seq, at, this.#lost, this.#reason)
        }
        for (const { hash, kind, text } of contexts) {
          connection.run('INSERT OR IGNORE INTO contexts VALUES (?, ?, ?)', hash, kind, text)
        }
        keepPrints(connection, prints)
        append(connection, chain, batch.decisions)
      })
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.#contexts = contexts
      this.#prints = prints.slice(-MOST_WAITING)
      this.#lost += batch.decisions.length
      this.#reason = error.message
      return error.message
    }
    this.#contexts = []
    this.#prints = []
    this.#lost = 0
    return null
  }

  /** Removes the decisions before a time, and prints that no later one needs. Throws a StoreError. */
  trim(before: Timestamp): void {
    const connection = this.#connection
    const old = numberOf(connection, 'SELECT max(seq) FROM decisions WHERE ts < ?', before)
    // Asked for often: as long as nothing is old, nothing is locked.
    if (old === 0) return
    connection.tx(() => {
      const hash = String(first(connection, 'SELECT hash FROM decisions WHERE seq = ?', old)?.hash)
      connection.run('UPDATE chain SET trimmed = ?, trimmed_hash = ?', old, hash)
      connection.run('DELETE FROM decisions WHERE seq <= ?', old)
      connection.run('DELETE FROM gaps WHERE after <= ?', old)
      for (const interval of INTERVALS.filter(interval => INTERVAL_MS[interval] < DAY)) {
        const block = blockOf(interval, before - INTRADAY_BACK)
        connection.run('DELETE FROM prints WHERE interval = ? AND block < ?', interval, block)
      }
    })
  }

  close(): void {
    this.#connection.close()
  }
}

interface Chain {
  readonly seq: number
  readonly hash: string
  /** The newest row that was trimmed; 0 where none was. */
  readonly trimmed: number
  readonly trimmedHash: string
}

function readChain(reader: Reader): Chain {
  const row = first(reader, 'SELECT * FROM chain')
  if (row === undefined) throw troubled('decisions: the end of the chain is missing', 'damaged', RENEWAL)
  return {
    seq: Number(row.seq),
    hash: String(row.hash),
    trimmed: Number(row.trimmed),
    trimmedHash: String(row.trimmed_hash),
  }
}

function append(connection: Connection, chain: Chain, decisions: readonly Decision[]): void {
  let { seq, hash } = chain
  for (const decision of decisions) {
    const previous = hash
    const columns = columnsOf(decision)
    seq += 1
    hash = hashOf(previous, seq, columns)
    connection.run(
      'INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      seq,
      ...columns.map((value, k) => (COLUMNS[k] === 'seen' ? packed(String(value)) : value)),
      hash,
    )
  }
  connection.run('UPDATE chain SET seq = ?, hash = ?', seq, hash)
}

function blockOf(interval: Interval, start: Timestamp): number {
  return Math.floor(start / INTERVAL_MS[interval] / BLOCK)
}

function keepPrints(connection: Connection, prints: readonly ToldPrint[]): void {
  const blocks = new Map<string, { readonly key: readonly [string, string, number]; bytes: Uint8Array }>()
  for (const { symbol, interval, start, print } of prints) {
    const key = [symbol, interval, blockOf(interval, start)] as const
    const name = key.join(' ')
    const block = blocks.get(name) ?? { key, bytes: storedBlock(connection, key) }
    blocks.set(name, block)
    const view = new DataView(block.bytes.buffer, block.bytes.byteOffset)
    const place = (Math.floor(start / INTERVAL_MS[interval]) % BLOCK) * PRINT_BYTES
    // What was told first stays: whoever was told something else later has its own rolling hash.
    if (view.getUint16(place) !== 0) continue
    for (const [k, part] of print.entries()) view.setUint16(place + 2 * k, part)
  }
  for (const { key, bytes } of blocks.values()) {
    connection.run('INSERT OR REPLACE INTO prints VALUES (?, ?, ?, ?)', ...key, bytes)
  }
}

function storedBlock(reader: Reader, key: readonly [string, string, number]): Uint8Array {
  const sql = 'SELECT prints FROM prints WHERE symbol = ? AND interval = ? AND block = ?'
  const stored = first(reader, sql, ...key)?.prints
  return stored instanceof Uint8Array ? Uint8Array.from(stored) : new Uint8Array(BLOCK * PRINT_BYTES)
}

function refuseOther(connection: Connection, path: string): void {
  const version = numberOf(connection, 'PRAGMA user_version')
  if (numberOf(connection, 'PRAGMA application_id') !== JOURNAL_ID) {
    throw troubled(`${path}: it is no journal of decisions`, 'other', 'name another folder')
  }
  if (version > SCHEMA_VERSION) {
    throw troubled(`${path}: it is of a later bbw (schema ${version})`, 'other', 'update bbw')
  }
}

/** Reads a journal, while it may be written. */
export class DecisionReader {
  readonly #connection: Connection

  /** Opens the journal at `path`; `null` where there is none. Throws a StoreError. */
  static open(path: string): DecisionReader | null {
    if (!existsSync(path)) return null
    const connection = new Connection(path, { readOnly: true, random: () => 0, renewal: RENEWAL })
    try {
      refuseOther(connection, path)
    } catch (error) {
      connection.close()
      throw error
    }
    return new DecisionReader(connection)
  }

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The times of the first and the last decision in `[from, to]`; `null` where there is none. */
  span(from: Timestamp, to: Timestamp): { readonly first: Timestamp; readonly last: Timestamp } | null {
    const sql = 'SELECT min(ts) AS first, max(ts) AS last FROM decisions WHERE ts BETWEEN ? AND ?'
    const row = first(this.#connection, sql, from, to)
    return row === undefined || row.first === null
      ? null
      : { first: Number(row.first), last: Number(row.last) }
  }

  /**
   * The decisions in `[from, to]`, in the order in which they were made.
   *
   * @throws StoreError, `damaged` naming the first row of the journal at which its chain is broken
   */
  *decisions(from: Timestamp, to: Timestamp): Generator<DecisionRow> {
    const chain = readChain(this.#connection)
    let before = { seq: chain.trimmed, hash: chain.trimmedHash }
    for (;;) {
      const sql = `SELECT * FROM decisions WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ${READ_ROWS}`
      const rows = this.#connection.all(sql, before.seq, chain.seq)
      if (rows.length === 0) break
      for (const row of rows) {
        const seq = Number(row.seq)
        if (seq !== before.seq + 1) throw damaged(before.seq + 1, 'it is missing')
        const columns = COLUMNS.map(name => (name === 'seen' ? unpacked(row) : row[name]))
        // The hash is that of the row before it as well: one that was put in or moved does not fit.
        if (hashOf(before.hash, seq, columns) !== row.hash) throw damaged(seq, 'it was changed')
        before = { seq, hash: String(row.hash) }
        const ts = Number(row.ts)
        if (ts >= from && ts <= to) yield decisionOf(row)
      }
    }
    if (before.seq !== chain.seq || before.hash !== chain.hash) throw damaged(before.seq + 1, 'it is missing')
  }

  /**
   * Looks the whole journal through, while it may be written: the file and its indexes, the chain, and whether what each
   * decision was made under is there. Throws a StoreError for a disk that cannot be read.
   */
  check(): DecisionCheck {
    let rows: number | null = null
    const wrong = damageIn(() =>
      // One view: rows that are written meanwhile would look like breaks of the chain.
      this.#connection.view(() => {
        const file = damageIn(() => unsoundness(this.#connection, true))
        const chain = damageIn(() => {
          rows = numberOf(this.#connection, 'SELECT count(*) FROM decisions')
          const contexts = new Set<string>()
          for (const { context } of this.decisions(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
            contexts.add(context)
          }
          return [...contexts].flatMap(hash =>
            damageIn(() => {
              this.context(hash)
              return []
            }),
          )
        })
        return [...new Set([...file, ...chain])]
      }),
    )
    return { rows, wrong }
  }

  /** Decisions in `[from, to]` that could not be written. */
  gaps(from: Timestamp, to: Timestamp): readonly DecisionGap[] {
    return this.#connection
      .all('SELECT * FROM gaps WHERE ts BETWEEN ? AND ? ORDER BY after', from, to)
      .map(row => ({
        after: Number(row.after),
        at: Number(row.ts),
        lost: Number(row.lost),
        reason: String(row.reason),
      }))
  }

  /** The text kept under a hash. Throws a StoreError (`damaged`) where it is missing or another one. */
  context(hash: string): string {
    const text = first(this.#connection, 'SELECT text FROM contexts WHERE hash = ?', hash)?.text
    if (typeof text === 'string' && shortHash(text) === hash) return text
    const what = text === undefined ? 'it is missing' : 'it was changed'
    throw troubled(`${this.#connection.path}: contexts, row ${hash}: ${what}`, 'damaged', RENEWAL)
  }

  /** The prints of a series, by the start of their candles. */
  prints(symbol: string, interval: Interval): ReadonlyMap<Timestamp, CandlePrint> {
    const found = new Map<Timestamp, CandlePrint>()
    const sql = 'SELECT block, prints FROM prints WHERE symbol = ? AND interval = ? ORDER BY block'
    for (const { block, prints } of this.#connection.all(sql, symbol, interval)) {
      if (!(prints instanceof Uint8Array) || prints.length !== BLOCK * PRINT_BYTES) continue
      const view = new DataView(prints.buffer, prints.byteOffset)
      for (let place = 0; place < BLOCK; place++) {
        const print = PRINTED.map((_, k) => view.getUint16(place * PRINT_BYTES + 2 * k))
        if (print[0] !== 0) found.set((Number(block) * BLOCK + place) * INTERVAL_MS[interval], print)
      }
    }
    return found
  }

  /** The series that there are prints of. */
  series(): readonly (readonly [symbol: string, interval: Interval])[] {
    return this.#connection
      .all('SELECT DISTINCT symbol, interval FROM prints')
      .map(({ symbol, interval }) => [String(symbol), String(interval) as Interval])
  }

  close(): void {
    this.#connection.close()
  }
}

/** A text as it is stored: one that is long, as what the guards saw of a full house, in a fourth of its length. */
function packed(text: string): string | Uint8Array {
  return text.length < LONG_TEXT ? text : deflateRawSync(text, { level: 1 })
}

function unpacked({ seq, seen }: SqlRow): string {
  if (!(seen instanceof Uint8Array)) return String(seen)
  try {
    return inflateRawSync(seen).toString()
  } catch {
    throw damaged(Number(seq), 'it was changed')
  }
}

function inputsOf(text: string): InputHashes {
  const hashes = JSON.parse(text) as readonly (string | null)[]
  return Object.fromEntries(INPUTS.map((name, k) => [name, hashes[k]])) as unknown as InputHashes
}

function toldOf(text: string): readonly ToldSeries[] {
  type Told = readonly [Interval, Timestamp, Timestamp, number, number, number]
  return (JSON.parse(text) as readonly Told[]).map(([interval, first, newest, count, a, b]) => ({
    interval,
    first,
    newest,
    count,
    hash: [a, b] as const,
  }))
}

function damaged(row: number, what: string): StoreError {
  return troubled(`decisions, row ${row}: ${what}`, 'damaged', RENEWAL)
}

function decisionOf(row: SqlRow): DecisionRow {
  const text = (name: string): string => String(row[name])
  const orNull = <T>(name: string): T | null => (row[name] ?? null) as T | null
  const kind = DECISION_KINDS.find(one => one === row.kind)
  if (kind === undefined) throw damaged(Number(row.seq), `it is of a kind ${row.kind}`)
  return {
    row: Number(row.seq),
    at: Number(row.ts),
    cycle: orNull('cycle'),
    step: orNull('step'),
    kind,
    strategy: orNull('strategy'),
    symbol: orNull('symbol'),
    side: orNull('side'),
    context: text('context'),
    inputs: inputsOf(text('inputs')),
    told: toldOf(text('told')),
    seen: unpacked(row),
    answer: text('answer'),
  }
}
