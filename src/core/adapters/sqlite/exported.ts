/** The trades of a database, whoever made it: results that were exported, or a state. */
import { DataError } from '../../base/errors.ts'
import { LEDGER_KEY } from '../../engine/books.ts'
import { eventOf } from './events.ts'
import { fieldOf, parsedRow } from './json.ts'
import { KV, readKey } from './kv.ts'
import { SUMMARY_KEY } from './portable.ts'
import { RESULTS_ID, STATE_ID } from './schema.ts'
import { numberOf } from './sql.ts'
import { MemoryDatabase } from './sql-js.ts'

/** What a database says of the trades that were made. */
export interface Exported {
  /** As plain data, still to be looked at. */
  readonly trades: readonly unknown[]
  /** Figures of the whole; of a state what it knows of them. `null`: none. */
  readonly summary: { readonly [field: string]: unknown } | null
  /** Why a signal has made no trade, in words, by its id: the latest word on it. */
  readonly refusals: ReadonlyMap<string, string>
  /** The newest changes may be missing. */
  readonly isWithoutLog: boolean
}

/** Reads the bytes of a database. Throws a DataError, or a StoreError where it is damaged. */
export async function readExported(bytes: Uint8Array, name: string): Promise<Exported> {
  const database = await MemoryDatabase.open(bytes, name)
  try {
    const id = numberOf(database, 'PRAGMA application_id')
    if (id !== RESULTS_ID && id !== STATE_ID) {
      throw new DataError(
        'it holds no trades of bbw',
        { file: name },
        'name what --export FILE.db has written',
      )
    }
    const trades = database
      .all('SELECT id, record FROM trades ORDER BY closed_at, rowid')
      .map(row => parsedRow('trades', String(row.id), row.record))
    const refusals = new Map<string, string>()
    const events = database.all(
      "SELECT seq, record FROM events WHERE kind IN ('refused', 'rejected', 'expired') ORDER BY seq",
    )
    for (const row of events) {
      const { signalId, kind, reason } = eventOf(row)
      if (signalId !== null) refusals.set(signalId, `${kind} there: ${reason}`)
    }
    const summary = id === RESULTS_ID ? readKey(database, SUMMARY_KEY) : stateSummary(database)
    const isRecord = typeof summary === 'object' && summary !== null
    return {
      trades,
      summary: isRecord ? (summary as Exported['summary']) : null,
      refusals,
      isWithoutLog: database.isWithoutLog,
    }
  } finally {
    database.close()
  }
}

function stateSummary(database: MemoryDatabase): Exported['summary'] {
  const began = readKey(database, 'began')
  return {
    market: readKey(database, 'market'),
    startingBalance: fieldOf(began, 'wallet'),
    from: fieldOf(began, 'at'),
    to: fieldOf(readKey(database, KV.snapshot), 'at'),
    finalWallet: fieldOf(readKey(database, LEDGER_KEY), 'wallet'),
  }
}
