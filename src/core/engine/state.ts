import type { Steps, Ticks, Timestamp, Usdt } from '../base/units.ts'
import type { StopMove } from '../decision/intent.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Side } from '../market/side.ts'
import type { PendingEntry, Position } from '../portfolio/position.ts'
import type { CycleId } from './cycles.ts'
import type { Gates } from './gates.ts'
import type { OrderLeg } from './order-id.ts'
import type { SavedSchedule } from './schedule.ts'

/** A reduce-only order at the exchange, as far as the engine knows. */
export interface WorkingOrder {
  readonly clientOrderId: string
  readonly symbol: string
  readonly side: Side
  readonly leg: OrderLeg
  /** `null`: at the market. */
  price: Ticks | null
  steps: Steps
  /** `doubted`: it may rest or not, a request was refused; `asked`: the account has been asked about it since. */
  state: 'sent' | 'working' | 'amending' | 'cancelling' | 'doubted' | 'asked'
  /** What an amendment on its way will make of it. */
  wanted: { readonly price: Ticks; readonly steps: Steps } | null
}

/** How far the cancellation of an entry has come; `refused` and `asked` as with a doubted order. */
export type Cancelling = 'sent' | 'refused' | 'asked'

/** A stop that is wanted or on its way. */
export interface StopRequest {
  readonly requestId: string
  readonly stop: Ticks
  readonly why: StopMove
  readonly reason: string
}

/** What is wanted of a position's stop: one request is in flight at most, the tightest wish waits behind it. */
export interface StopState {
  readonly wish: StopRequest | null
  readonly inFlight: StopRequest | null
}

/** A cycle on its way through its steps. */
export interface RunningCycle {
  readonly cycle: CycleId
  step: number
  /** Ids of the replies and orders the step waits for, and until when. */
  waiting: { for: string[]; readonly deadline: Timestamp } | null
}

/** Columns of candles as plain lists; a blank turnover is `null`. */
export interface SavedCandles {
  readonly start: readonly number[]
  readonly open: readonly number[]
  readonly high: readonly number[]
  readonly low: readonly number[]
  readonly close: readonly number[]
  readonly volume: readonly number[]
  readonly turnover: readonly (number | null)[]
}

/** One symbol's market. Prices are `null` before the first one. */
export interface SavedSymbol {
  readonly instrument: Instrument
  readonly daily: SavedCandles
  readonly minutes15: SavedCandles
  readonly last: number | null
  readonly lastAt: Timestamp
  readonly mark: number | null
  readonly funding: number | null
  readonly decided: Timestamp
}

/**
 * Everything the engine knows, as plain data that survives JSON. Settings are not part of it: a run continues under
 * the settings it is loaded with.
 */
export interface EngineState {
  readonly version: 1
  readonly now: Timestamp
  readonly portfolio: {
    readonly wallet: Usdt
    readonly positions: readonly Position[]
    readonly pending: readonly PendingEntry[]
    readonly day: number
    readonly dayRealised: Usdt
  }
  readonly symbols: readonly SavedSymbol[]
  readonly cancelling: readonly (readonly [string, Cancelling])[]
  readonly orders: readonly WorkingOrder[]
  readonly stops: readonly (readonly [string, StopState])[]
  readonly attempts: readonly (readonly [string, number])[]
  readonly cooldowns: readonly (readonly [string, Timestamp])[]
  readonly fills: readonly (readonly [string, Timestamp])[]
  readonly used: readonly (readonly [string, Timestamp])[]
  readonly schedule: SavedSchedule
  readonly running: RunningCycle | null
  readonly sequence: number
  readonly gates: Gates
  readonly drift: string
  readonly counts: { readonly [name: string]: number }
}
