/** Results as one database: trades, journal, signals and summary in the tables of the state, for any SQLite to read. */
import type { EngineEvent, Scored } from '../../engine/protocol.ts'
import type { Trade } from '../../portfolio/trade.ts'
import { writeTrade, writeVerdict } from './batch.ts'
import { appendEvents } from './events.ts'
import { writeKey } from './kv.ts'
import { PORTABLE_TABLES, RESULTS_ID, TABLES } from './schema.ts'
import { MemoryDatabase } from './sql-js.ts'

/** The key of the summary in `kv`. */
export const SUMMARY_KEY = 'summary'

export interface Results {
  readonly trades: readonly Trade[]
  /** Figures of the whole, as plain data. */
  readonly summary: unknown
  readonly events: readonly EngineEvent[]
  readonly verdicts?: readonly {
    readonly scored: Scored
    readonly verdict: string
    readonly reason: string
  }[]
  /** Where the trades were made: their column `origin`. */
  readonly origin: string
}

/**
 * The bytes of a database with the results, equal for equal results. The events are chained as in the state; their
 * order is that of the list.
 */
export async function portableDatabase(results: Results): Promise<Uint8Array> {
  const { trades, summary, events, verdicts = [], origin } = results
  const database = await MemoryDatabase.empty()
  for (const table of PORTABLE_TABLES) database.exec(TABLES[table])
  database.exec(`PRAGMA application_id = ${RESULTS_ID}; PRAGMA user_version = 1`)
  database.exec('BEGIN IMMEDIATE')
  for (const verdict of verdicts) writeVerdict(database, verdict, Math.round(verdict.scored.signal.candleEnd))
  for (const trade of trades) writeTrade(database, trade, origin)
  appendEvents(database, events)
  writeKey(database, SUMMARY_KEY, summary)
  database.exec('COMMIT')
  return database.bytes()
}
