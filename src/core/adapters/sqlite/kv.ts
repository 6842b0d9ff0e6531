/** The table `kv`: one JSON value a key. */
import { parsedRow } from './json.ts'
import { first, type Reader, type Writer } from './sql.ts'

/** Keys that the store itself keeps, beside the ledger (`LEDGER_KEY`). */
export const KV = {
  lease: 'lease',
  instance: 'instance',
  starts: 'starts',
  chain: 'events',
  snapshot: 'snapshot',
} as const

/** The value of a key; `undefined` where there is none. Throws a StoreError (`damaged`) when it is not JSON. */
export function readKey(reader: Reader, key: string): unknown {
  const row = first(reader, 'SELECT value FROM kv WHERE key = ?', key)
  return row === undefined ? undefined : parsedRow('kv', key, row.value)
}

/** Sets a key, or removes it where the value is `null`. */
export function writeKey(writer: Writer, key: string, value: unknown): void {
  if (value === null) writer.run('DELETE FROM kv WHERE key = ?', key)
  else writer.run('INSERT OR REPLACE INTO kv VALUES (?, ?)', key, JSON.stringify(value))
}
