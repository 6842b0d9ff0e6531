/**
 * The journal: each event carries the hash of the one before it, so that a line that was changed, taken out or put in
 * is noticed. `kv` remembers the end of the chain, and how much of its old part was trimmed.
 */
import { createHash } from 'node:crypto'
import type { Timestamp } from '../../base/units.ts'
import type { EngineEvent, EventKind } from '../../engine/protocol.ts'
import { fieldOf, parsedRow } from './json.ts'
import { KV, readKey, writeKey } from './kv.ts'
import { first, numberOf, type Reader, type SqlRow, type Writer } from './sql.ts'
import { troubled } from './store-error.ts'

interface Chain {
  /** The newest event. */
  readonly seq: number
  readonly hash: string
  /** The newest event that was trimmed, and how many were; 0 where none was. */
  readonly trimmed: number
  readonly trimmedHash: string
  readonly removed: number
}

const EMPTY: Chain = { seq: 0, hash: '', trimmed: 0, trimmedHash: '', removed: 0 }

/** What is told often and decides nothing: it may go when it is old. */
const SOFT: readonly EventKind[] = [
  'refused',
  'alert',
  'digest',
  'looked-up',
  'drift',
  'reconciled',
  'store',
  'step-failed',
]

function readChain(reader: Reader): Chain {
  const value = readKey(reader, KV.chain)
  if (value === undefined) return EMPTY
  const [seq, trimmed, removed] = ['seq', 'trimmed', 'removed'].map(name => fieldOf(value, name))
  const [hash, trimmedHash] = ['hash', 'trimmedHash'].map(name => fieldOf(value, name))
  const whole =
    typeof seq === 'number' &&
    typeof trimmed === 'number' &&
    typeof removed === 'number' &&
    typeof hash === 'string' &&
    typeof trimmedHash === 'string'
  if (!whole) throw troubled(`table kv, row ${KV.chain}: it is not the end of a chain`, 'damaged')
  return { seq, hash, trimmed, trimmedHash, removed }
}

function hashOf(previous: string, seq: number, ts: number, record: string): string {
  return createHash('sha256').update(`${previous}\n${seq}\n${ts}\n${record}`).digest('hex')
}

/** Adds events to the journal. To be called inside of a transaction. */
export function appendEvents(writer: Writer, events: readonly EngineEvent[]): void {
  if (events.length === 0) return
  const chain = readChain(writer)
  let { seq, hash } = chain
  for (const event of events) {
    const record = JSON.stringify(event)
    const previous = hash
    const ts = Math.round(event.ts)
    seq += 1
    hash = hashOf(previous, seq, ts, record)
    writer.run(
      'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      seq,
      ts,
      event.kind,
      event.code,
      event.symbol,
      record,
      previous,
      hash,
    )
  }
  writeKey(writer, KV.chain, { ...chain, seq, hash })
}

const IS_OLD = `kind IN (${SOFT.map(() => '?').join(', ')}) AND ts < ?`

/** Whether there is something to trim. */
export function hasOldEvents(reader: Reader, olderThan: Timestamp): boolean {
  return first(reader, `SELECT seq FROM events WHERE ${IS_OLD} LIMIT 1`, ...SOFT, olderThan) !== undefined
}

/**
 * Removes the events of soft kinds that are older than a time, and returns how many. What happened to orders,
 * positions and money stays. To be called inside of a transaction.
 */
export function trimEvents(writer: Writer, olderThan: Timestamp): number {
  const old = [...SOFT, olderThan]
  const last = first(writer, `SELECT seq, hash FROM events WHERE ${IS_OLD} ORDER BY seq DESC LIMIT 1`, ...old)
  if (last === undefined) return 0
  const removed = writer.run(`DELETE FROM events WHERE ${IS_OLD}`, ...old)
  const chain = readChain(writer)
  const isNewer = Number(last.seq) > chain.trimmed
  const [trimmed, trimmedHash] = isNewer
    ? [Number(last.seq), String(last.hash)]
    : [chain.trimmed, chain.trimmedHash]
  writeKey(writer, KV.chain, { ...chain, trimmed, trimmedHash, removed: chain.removed + removed })
  return removed
}

/** The event of a row. Throws a StoreError when the row holds none. */
export function eventOf(row: SqlRow): EngineEvent {
  const event = parsedRow('events', String(row.seq), row.record)
  if (typeof fieldOf(event, 'kind') === 'string' && typeof fieldOf(event, 'reason') === 'string')
    return event as EngineEvent
  throw troubled(`table events, row ${row.seq}: the record is no event`, 'damaged')
}

/** How many rows are read at a time: a journal can be longer than memory. */
const BLOCK = 5_000

/**
 * What is wrong with the journal, in words; empty when the chain is whole. The first break is told and ends the
 * search, because everything after it hangs on it.
 */
export function brokenChain(reader: Reader): readonly string[] {
  const chain = readChain(reader)
  const rows = numberOf(reader, 'SELECT count(*) FROM events')
  if (rows + chain.removed !== chain.seq) {
    return [`events: ${rows} rows and ${chain.removed} trimmed, but ${chain.seq} were written`]
  }
  let before = { seq: 0, hash: '' }
  for (;;) {
    const block = reader.all(`SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ${BLOCK}`, before.seq)
    if (block.length === 0) break
    for (const row of block) {
      const seq = Number(row.seq)
      const previous = String(row.previous)
      // The row before it is there, or is the last one that was trimmed, or lies in the part that was.
      const link = seq === before.seq + 1 ? before.hash : seq === chain.trimmed + 1 ? chain.trimmedHash : null
      if (link === null && seq > chain.trimmed) return [`events, row ${before.seq + 1}: it is missing`]
      if (link !== null && previous !== link)
        return [`events, row ${seq}: it does not follow the row before it`]
      const event = eventOf(row)
      const isSame = event.kind === row.kind && event.code === row.code && event.symbol === row.symbol
      if (!isSame || hashOf(previous, seq, Number(row.ts), String(row.record)) !== row.hash)
        return [`events, row ${seq}: it was changed`]
      before = { seq, hash: String(row.hash) }
    }
  }
  const end = chain.trimmed > before.seq ? { seq: chain.trimmed, hash: chain.trimmedHash } : before
  if (end.seq !== chain.seq || end.hash !== chain.hash) return [`events: the newest rows are missing`]
  return []
}
