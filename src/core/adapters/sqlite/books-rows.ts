/** The books as rows of `positions`, `orders`, `cooldowns` and `kv`: written one by one, read together. */
import { formatCount, gridOf } from '../../base/decimal.ts'
import {
  type BookedOrder,
  type BookedPosition,
  type Books,
  COUNTS_KEY,
  type Counts,
  LEDGER_KEY,
  type Ledger,
  type Row,
} from '../../engine/books.ts'
import { fieldOf, parsedRow } from './json.ts'
import { isCounts, wrongLedger, wrongOrder, wrongPosition } from './shapes.ts'
import { first, type Reader, type SqlValue, type Writer } from './sql.ts'
import { troubled } from './store-error.ts'

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** A count of ticks or steps as a decimal text, for people; `null` where it cannot be told. */
function decimal(unit: unknown, count: unknown): string | null {
  if (typeof unit !== 'string' || typeof count !== 'number' || !Number.isSafeInteger(count)) return null
  return count < 0 ? null : formatCount(gridOf(unit), count)
}

/** The columns of a row beside its key. What is for people only may be missing; the record is always whole. */
function columnsOf({ table, value }: Row): readonly SqlValue[] {
  const record = JSON.stringify(value)
  if (table === 'kv') return [record]
  if (table === 'cooldowns') return [Number(value)]
  if (table === 'positions') {
    const of = (...path: readonly string[]): unknown => fieldOf(value, 'position', ...path)
    return [
      textOf(of('symbol')),
      textOf(of('side')),
      textOf(of('strategy')),
      decimal(of('instrument', 'step'), of('steps')),
      numberOrNull(of('entry')),
      decimal(of('instrument', 'tick'), of('stop')),
      numberOrNull(of('openedAt')),
      record,
    ]
  }
  const kind = textOf(fieldOf(value, 'kind'))
  const of = (name: string): unknown => fieldOf(value, kind === 'exit' ? 'order' : 'entry', name)
  const state = kind === 'exit' ? of('state') : (fieldOf(value, 'cancelling') ?? 'entry')
  return [
    kind,
    textOf(of('symbol')),
    textOf(of('side')),
    kind === 'exit' ? textOf(of('leg')) : legOf(of('rung')),
    numberOrNull(of('steps')),
    textOf(state),
    record,
  ]
}

/** What an order that adds is called, as in its id: the entry, or an add by its rung. */
function legOf(rung: unknown): string {
  return typeof rung === 'number' ? `add-${rung + 1}` : 'entry'
}

const WRITE = {
  positions: 'INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  orders: 'INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  cooldowns: 'INSERT OR REPLACE INTO cooldowns VALUES (?, ?)',
  kv: 'INSERT OR REPLACE INTO kv VALUES (?, ?)',
} as const

const REMOVE = {
  positions: 'DELETE FROM positions WHERE key = ?',
  orders: 'DELETE FROM orders WHERE key = ?',
  cooldowns: 'DELETE FROM cooldowns WHERE key = ?',
  kv: 'DELETE FROM kv WHERE key = ?',
} as const

/** Writes one row, or removes it. */
export function writeRow(writer: Writer, row: Row): void {
  if (row.value === null) writer.run(REMOVE[row.table], row.key)
  else writer.run(WRITE[row.table], row.key, ...columnsOf(row))
}

function checked<T>(
  table: string,
  key: string,
  value: unknown,
  wrong: (value: unknown, at: string) => string | null,
): T {
  const field = wrong(value, '')
  if (field === null) return value as T
  const where = field === '' ? 'the record' : field
  throw troubled(`table ${table}, row ${key}: ${where} is missing or not what it must be`, 'damaged')
}

/** The ledger; `null` where none was ever written. */
export function readLedger(reader: Reader): Ledger | null {
  const row = first(reader, 'SELECT value FROM kv WHERE key = ?', LEDGER_KEY)
  if (row === undefined) return null
  return checked('kv', LEDGER_KEY, parsedRow('kv', LEDGER_KEY, row.value), wrongLedger)
}

function readRecords<T>(
  reader: Reader,
  table: 'positions' | 'orders',
  wrong: (value: unknown, at: string) => string | null,
): readonly T[] {
  return reader.all(`SELECT key, record FROM ${table} ORDER BY rowid`).map(({ key, record }) => {
    return checked<T>(table, String(key), parsedRow(table, String(key), record), wrong)
  })
}

export function readPositions(reader: Reader): readonly BookedPosition[] {
  return readRecords(reader, 'positions', wrongPosition)
}

export function readOrders(reader: Reader): readonly BookedOrder[] {
  return readRecords(reader, 'orders', wrongOrder)
}

export function readCooldowns(reader: Reader): Books['cooldowns'] {
  return reader.all('SELECT key, until FROM cooldowns ORDER BY rowid').map(({ key, until }) => {
    if (typeof until !== 'number') throw troubled(`table cooldowns, row ${key}: until is no time`, 'damaged')
    return [String(key), until]
  })
}

/** How often what happened; of no consequence, so what cannot be read counts as nothing. */
function readCounts(reader: Reader): Counts {
  const row = first(reader, 'SELECT value FROM kv WHERE key = ?', COUNTS_KEY)
  if (row === undefined) return {}
  const counts = parsedRow('kv', COUNTS_KEY, row.value)
  return isCounts(counts) ? counts : {}
}

/**
 * Everything that survived; `null` for a store that nothing was ever booked in. Throws a StoreError (`damaged`) that
 * names table, row and field where something is not what it must be: books are right as a whole or not at all.
 */
export function readBooks(reader: Reader): Books | null {
  const ledger = readLedger(reader)
  const positions = readPositions(reader)
  const orders = readOrders(reader)
  const cooldowns = readCooldowns(reader)
  if (ledger !== null) return { ledger, positions, orders, cooldowns, counts: readCounts(reader) }
  if (positions.length + orders.length + cooldowns.length === 0) return null
  throw troubled(`table kv, row ${LEDGER_KEY}: it is missing, and there are positions or orders`, 'damaged')
}
