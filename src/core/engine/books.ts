/**
 * What has to survive the process, as rows. The market is not among it: candles and prices come again from the
 * exchange. A row is compared by its JSON text, so that a step writes only what it has changed.
 */

import type { Steps, Timestamp, Usdt } from '../base/units.ts'
import type { StopOut } from '../decision/view.ts'
import type { Loss } from '../guards/guard.ts'
import { type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import type { Gates } from './gates.ts'
import type { SecondLook } from './second-look.ts'
import type { Standing } from './standing.ts'
import type {
  Cancelling,
  Doubt,
  EngineState,
  Gone,
  LeftoverState,
  Obstacle,
  RefusedLeg,
  RotationState,
  StopState,
  WaitingClosure,
  WorkingOrder,
} from './state.ts'

export type RowTable = 'positions' | 'orders' | 'cooldowns' | 'kv'

/** One row of a table of the state; a value of `null` removes it. */
export interface Row {
  readonly table: RowTable
  readonly key: string
  readonly value: unknown
}

/** An order as the books keep it: an entry on its way, or a reduce-only order of a position. */
export type BookedOrder =
  | {
      readonly kind: 'entry'
      readonly entry: PendingEntry
      readonly cancelling: Cancelling | null
      readonly doubt: Doubt | null
      /** It waits for its leverage and was never sent; left out: it was. */
      readonly isHeld?: true
    }
  | { readonly kind: 'exit'; readonly order: WorkingOrder; readonly doubt: Doubt | null }

/** What the exchange has said of itself. */
export type SavedFacts = Pick<EngineState, 'listings' | 'listingsTold' | 'terms' | 'termsNow' | 'maintenance'>

export interface BookedPosition {
  readonly position: Position
  readonly stop: StopState | null
}

/** The one row `books` of `kv`: what is neither an order nor a position nor a cooldown. */
export interface Ledger {
  readonly version: 1
  readonly wallet: Usdt
  readonly day: number
  readonly dayRealised: Usdt
  readonly gates: Gates
  readonly standing: Standing
  /** Told of how near positions are to their liquidation; left out by a bbw that did not look. */
  readonly warned?: readonly string[]
  /** Trades that lost, and pauses after them that were told as begun; left out by a bbw that did not pause for them. */
  readonly losses?: readonly Loss[]
  readonly lossPauses?: readonly (readonly [gate: string, until: Timestamp])[]
  /** Time of the newest execution booked. */
  readonly executedAt: Timestamp
  readonly attempts: readonly (readonly [string, number])[]
  readonly fills: readonly (readonly [string, Timestamp])[]
  /** Left out by a bbw that did not keep them. */
  readonly gone?: readonly (readonly [string, Gone])[]
  /** What the exchange has refused; left out by a bbw that did not tell kinds of refusals apart. */
  readonly obstacles?: readonly Obstacle[]
  readonly facts?: SavedFacts
  readonly toldAt?: readonly (readonly [string, Timestamp])[]
  readonly refusedLegs?: readonly (readonly [string, RefusedLeg])[]
  readonly used: readonly (readonly [string, Timestamp])[]
  /** Signals that something passing has refused; left out by a bbw that spent them. */
  readonly secondLooks?: readonly SecondLook[]
  /** Until when alerts have nothing new to say; left out by a bbw that had none. */
  readonly alerted?: readonly (readonly [string, Timestamp])[]
  /** Start of the daily candle decided on last, by symbol. */
  readonly decided: readonly (readonly [string, Timestamp])[]
  /** The same of 5-minute candles. Left out by a bbw that did not decide on them. */
  readonly decided5?: readonly (readonly [string, Timestamp])[]
  /** Positions of somebody else by their keys; an earlier bbw kept their symbols alone. */
  readonly foreign: readonly string[]
  /** What orders of this bbw have opened and its books have lost, by position; left out by a bbw that left it alone. */
  readonly lost?: readonly (readonly [key: string, steps: Steps])[]
  /** Left out by a bbw that did not look for orders that wait where nothing is held. */
  readonly leftovers?: LeftoverState
  /** Positions that were told to risk too much; left out by a bbw that did not watch them. */
  readonly risky?: readonly string[]
  /** What a person has asked to be closed and is not yet; left out by a bbw that could not be asked. */
  readonly closures?: readonly WaitingClosure[]
  /** Left out by a bbw that exchanged no positions. */
  readonly rotation?: RotationState
  /** Of strategies that come back after a stop; left out by a bbw that had none. */
  readonly stopOuts?: readonly StopOut[]
  readonly stopOutsNoted?: readonly StopOut[]
  readonly accepted?: readonly (readonly [string, readonly Timestamp[]])[]
}

/** How often what happened, for reports; written along with what matters more. */
export type Counts = { readonly [name: string]: number }

/** Everything that survives. */
export interface Books {
  readonly ledger: Ledger
  readonly positions: readonly BookedPosition[]
  readonly orders: readonly BookedOrder[]
  readonly cooldowns: readonly (readonly [string, Timestamp])[]
  readonly counts: Counts
}

/** The keys in `kv` of the ledger and the counts. */
export const LEDGER_KEY = 'books'
export const COUNTS_KEY = 'counts'

/** The rows that hold the books. */
export function rowsOf(books: Books): Row[] {
  return [
    ...books.positions.map(value => ({
      table: 'positions' as const,
      key: positionKey(value.position.symbol, value.position.side),
      value,
    })),
    ...books.orders.map(value => ({
      table: 'orders' as const,
      key: value.kind === 'entry' ? value.entry.clientOrderId : value.order.clientOrderId,
      value,
    })),
    ...books.cooldowns.map(([key, value]) => ({ table: 'cooldowns' as const, key, value })),
    { table: 'kv', key: LEDGER_KEY, value: books.ledger },
    { table: 'kv', key: COUNTS_KEY, value: books.counts },
  ]
}

/** Remembers what was written last, and tells what has changed since. */
export class RowChanges {
  #written = new Map<string, string>()
  #next: Map<string, string> | null = null

  /**
   * The rows to be written so that `books` are there. They count as written only once `keep` is called: after a write
   * that failed they are told again.
   */
  of(books: Books): readonly Row[] {
    const changed: Row[] = []
    const next = new Map<string, string>()
    for (const row of rowsOf(books)) {
      const id = `${row.table}/${row.key}`
      const text = JSON.stringify(row.value)
      next.set(id, text)
      if (this.#written.get(id) !== text) changed.push(row)
    }
    for (const id of this.#written.keys()) {
      if (next.has(id)) continue
      const slash = id.indexOf('/')
      changed.push({ table: id.slice(0, slash) as RowTable, key: id.slice(slash + 1), value: null })
    }
    this.#next = next
    return changed
  }

  /** What `of` told last has been written. */
  keep(): void {
    if (this.#next !== null) this.#written = this.#next
    this.#next = null
  }
}

/** Whether rows have to be written by themselves; counts alone can wait for the next ones. */
export function isWorthWriting(rows: readonly Row[]): boolean {
  return rows.some(row => row.key !== COUNTS_KEY)
}
