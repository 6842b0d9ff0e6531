import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fieldOf } from '../core/adapters/sqlite/json.ts'
import { KV } from '../core/adapters/sqlite/kv.ts'
import type { Lease } from '../core/adapters/sqlite/lease.ts'
import {
  openCopy,
  openStatus,
  type StatusSource as StateReader,
} from '../core/adapters/sqlite/status-reader.ts'
import { isAlive, thisProcess } from '../core/adapters/system/processes.ts'
import { foundOrder } from '../core/adapters/system/standing-order.ts'
import { foundStandstill, foundWords } from '../core/adapters/system/standstill.ts'
import { StoreError } from '../core/base/errors.ts'
import { OPEN } from '../core/engine/standing.ts'
import { RUN_KEY } from './run-facts.ts'
import type { StatusParts, StatusSource } from './status-report.ts'
import { statusOpener } from './status-source.ts'

/** Events and refusals that a report shows, each. */
const MOST_LINES = 20

/** Opens the state of a data folder, or the bytes of a copy, for `bbw status`. */
export const openStatusSource = statusOpener(async (path, isCopy): Promise<StatusSource> => {
  if (isCopy) return sourceOver(await openCopy(readFileSync(path), basename(path)), null)
  const reader = openedState(path)
  if (reader === null) {
    throw new StoreError(`${path} holds no state yet`, {
      retryable: true,
      remedy: 'start bbw run, or try again',
    })
  }
  return sourceOver(reader, dirname(path))
})

/** A reader has to write, too: the log's index beside the state. */
function openedState(path: string): StateReader | null {
  try {
    return openStatus(path)
  } catch (error) {
    if (!(error instanceof StoreError) || error.trouble !== 'io') throw error
    const remedy = `where only reading is allowed, bbw status --db ${path} reads it as a copy`
    throw new StoreError(error.message, { retryable: error.retryable, trouble: 'io', remedy })
  }
}

/** @param folder where the state lies; `null` for a copy, of which nobody trades */
function sourceOver(reader: StateReader, folder: string | null): StatusSource {
  const isCopy = folder === null
  const value = (key: string): unknown => {
    const [row] = reader.query('SELECT value FROM kv WHERE key = ?', key)
    return row === undefined ? undefined : JSON.parse(String(row.value))
  }
  return {
    read(): StatusParts | null {
      const at = Number(fieldOf(value(KV.snapshot), 'at'))
      const view = reader.status(Number.isFinite(at) ? at : 0, MOST_LINES)
      const facts = value(RUN_KEY)
      if (view.ledger === null && view.snapshot === null && facts === undefined) return null
      const [size] = reader.query(
        'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
      )
      const notes: string[] = []
      if (reader.isWithoutLog)
        notes.push('the newest changes may be missing: the log was not copied with the file')
      if (!isCopy && isLeftBehind(view.lease)) {
        notes.push(`process ${view.lease?.holder?.pid} has ended without a word: bbw run recovers`)
      }
      const trouble = fieldOf(facts, 'trouble')
      if (typeof trouble === 'string') notes.push(trouble)
      const order = folder === null ? null : foundOrder(folder)
      if (order !== null)
        notes.push(`a ${order.command} lies beside the state: ${order.reason}; the next start obeys it`)
      const standstill = folder === null ? null : foundStandstill(folder)
      if (standstill !== null) notes.push(`C707 ${foundWords(standstill)}`)
      if (view.queued > 0) notes.push(`${view.queued} commands of other processes wait`)
      return {
        holder: isCopy ? null : holderOf(view.lease),
        exchange: String(fieldOf(facts, 'exchange') ?? ''),
        isDry: fieldOf(facts, 'dry') === true,
        snapshot: view.snapshot,
        standing: view.ledger?.standing ?? OPEN,
        trades: {
          today: view.today.net,
          total: view.total.net,
          count: view.total.count,
          wins: view.total.won,
        },
        events: view.events,
        refusals: view.refusals,
        schemaVersion: view.schema,
        databaseBytes: Number(size?.bytes ?? 0),
        notes,
      }
    },
    close: () => reader.close(),
  }
}

/** Whether the holder of the lease is a process of this machine that has ended without giving it back. */
function isLeftBehind(lease: Lease | null): boolean {
  const holder = lease?.holder ?? null
  return holder !== null && holder.host === thisProcess().host && !isAlive(holder.pid, holder.processStart)
}

/** Who holds the lease; a process of this machine that has ended holds nothing. */
function holderOf(lease: Lease | null): StatusParts['holder'] {
  const holder = lease?.holder ?? null
  if (holder === null) return null
  const { pid, host, startedAt, renewedAt } = holder
  if (isLeftBehind(lease)) return null
  return { pid, host, since: startedAt, renewedAt }
}
