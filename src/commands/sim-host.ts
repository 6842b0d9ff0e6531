import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { beganAt, SimHost, type SimJournal } from '../core/adapters/sim/host.ts'
import type { Venue } from '../core/adapters/sim/venue.ts'
import { HeldError, type Holder, StoreError } from '../core/base/errors.ts'
import { DAY, type Timestamp } from '../core/base/units.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import { ensureDirectory } from './data-dir.ts'
import { firstOpen, lastClose } from './market-builder.ts'

/** History the indicators get before trading begins, where the market has it. */
const WARM_UP = 200 * DAY

/** The embedded exchange's state, beside the trader's own, and who has it open, for words alone. */
const FILE = 'sim.db'
const HOLDER_FILE = 'sim-holder.json'

/**
 * Opens the embedded exchange of a data folder where it stood, or makes it. Its `close` gives the folder back.
 *
 * @param folder `null`: nothing is kept
 * @param venueFrom makes the venue; it is told when trading began in the journal, `null` in a new one
 * @throws HeldError when another process holds the folder, StoreError when the market is another one
 */
export async function openSimHost(
  folder: string | null,
  venueFrom: (began: Timestamp | null) => Venue,
  options: { readonly isEager?: boolean } = {},
): Promise<SimHost> {
  if (folder === null) return new SimHost(venueFrom(null), null)
  const { SqliteSimJournal } = await import('../core/adapters/sqlite/sim-journal.ts')
  let journal: SimJournal
  try {
    journal = SqliteSimJournal.open(join(ensureDirectory(folder), FILE))
  } catch (error) {
    if (!(error instanceof StoreError) || error.trouble !== 'lease-lost') throw error
    const holder = holderOf(folder)
    if (holder === null) throw error
    throw new HeldError(
      `the exchange of ${folder} runs in process ${holder.pid} on ${holder.host} already`,
      holder,
      error.remedy,
    )
  }
  try {
    writeFileSync(join(folder, HOLDER_FILE), `${JSON.stringify({ pid: process.pid, host: hostname() })}\n`, {
      mode: 0o600,
    })
    return new SimHost(venueFrom(beganAt(journal)), journal, options)
  } catch (error) {
    journal.close()
    throw error
  }
}

/** Who has written that it holds the folder; its lock says that it lives. `null` where that cannot be read. */
function holderOf(folder: string): Holder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, HOLDER_FILE), 'utf8'))
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('host' in value)) return null
    const { pid, host } = value
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host, ageMs: 0 } : null
  } catch {
    return null
  }
}

/** Where trading begins when nothing is said: after some history, but not later than half way. `null`: no candles. */
export function tradingStart(markets: readonly SymbolMarket[]): Timestamp | null {
  const first = Math.ceil(firstOpen(markets) / DAY) * DAY
  const days = (lastClose(markets) - first) / DAY
  return days > 0 ? first + Math.min(WARM_UP, Math.floor(days / 2) * DAY) : null
}
