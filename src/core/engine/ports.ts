/** The doors of the live driver to the outside. Adapters implement them; the engine itself never sees them. */
import type { Steps, Ticks, Timestamp } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import type { PositionMode, Side } from '../market/side.ts'
import type { Trade } from '../portfolio/trade.ts'
import type { Row } from './books.ts'
import type { DecisionBatch } from './decision-record.ts'
import type { BookedPosition } from './first-stops.ts'
import type {
  Account,
  EngineEvent,
  Execution,
  Input,
  IntentState,
  OrderReport,
  OrderRequest,
  Scored,
  Unread,
} from './protocol.ts'

export interface ClockPort {
  now(): Timestamp
  /** Calls back once the clock has reached `at`; a later call replaces an earlier one, `null` cancels it. */
  wakeAt(at: Timestamp | null, wake: () => void): void
}

/**
 * Orders and account at an exchange. A promise that resolves means "received"; what became of the request is told by
 * the feed. One that rejects carries an `ExchangeError`.
 */
export interface BrokerPort {
  place(order: OrderRequest): Promise<void>
  amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): Promise<void>
  cancel(symbol: string, clientOrderId: string): Promise<void>
  setStop(requestId: string, symbol: string, side: Side, stop: Ticks): Promise<void>
  /**
   * Sets the leverage of a symbol that has neither a position nor an order, and reads it back: the feed tells which one
   * is in force then. In hedge mode that of one side, which has neither; the other one's stays.
   */
  setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): Promise<void>
  /** The leverage that a symbol has, in hedge mode on one side. */
  leverage(symbol: string, side?: Side): Promise<number>
  account(): Promise<Account>
  /** What became of an order, from all records of the exchange together. */
  lookUp(symbol: string, clientOrderId: string): Promise<OrderReport>
  /** All executions at or after a time, oldest first. Rejects rather than leave one out; one that cannot be read is told as that. */
  executions(since: Timestamp): Promise<readonly (Execution | Unread)[]>
}

/** What the exchange tells without being asked: prices, candles, fills, reports on orders. */
export interface FeedPort {
  listen(hear: (input: Input) => void): void
}

/** The position mode of an account as a whole. */
export interface PositionModePort {
  positionMode(): Promise<PositionMode>
  /**
   * Switches the mode of an account that has neither a position nor an order; one that is in that mode already is left
   * alone. Resolves with the reason why it cannot be switched, or `null`.
   */
  setPositionMode(mode: PositionMode): Promise<string | null>
}

/** An exchange whose market a driver lets pass: in this process, or in another one. */
export interface PacedExchange extends BrokerPort, FeedPort, PositionModePort {
  readonly clock: ClockPort
  /**
   * Instruments, candles closed by now, funding rates and last prices, as of the exchange's present moment.
   *
   * @param booked filters of what the books hold and wait for: the exchange need not list them any more
   * @param held positions of the books: what of them stands there without its stop gets it before the past is fetched,
   *   where that takes time
   */
  history(booked?: readonly Instrument[], held?: readonly BookedPosition[]): Promise<readonly Input[]>
  /**
   * Moves the market to its end, or past `until`.
   *
   * @param idle resolves when the trader has nothing on its way
   * @param pace waits until the moment may come; resolves to false to stop before it
   * @returns why it ended
   */
  run(
    idle: () => Promise<void>,
    pace: (at: Timestamp) => Promise<boolean>,
    until: Timestamp | null,
  ): Promise<'ended' | 'until' | 'stopped'>
}

/** What one step of the engine has to leave behind, written in one transaction. */
export interface Batch {
  /** By the exchange's clock. */
  readonly at: Timestamp
  /** Orders to be sent, written ahead. */
  readonly intents: readonly {
    readonly key: string
    readonly order: OrderRequest
    readonly signalId: string
  }[]
  readonly outcomes: readonly {
    readonly key: string
    readonly state: IntentState
    readonly reason: string
  }[]
  /** Rows of the books that have changed; a value of `null` removes the row. */
  readonly rows: readonly Row[]
  readonly verdicts: readonly {
    readonly scored: Scored
    readonly verdict: string
    readonly reason: string
  }[]
  readonly events: readonly EngineEvent[]
  readonly trades: readonly Trade[]
  readonly answers: readonly { readonly id: string; readonly ok: boolean; readonly reason: string }[]
  /** Something leaves the house after it: it has to be on the disk before. */
  readonly isAhead: boolean
}

/** Where the state is kept. */
export interface StorePort {
  /**
   * Writes a batch, whole or not at all, and only while this process holds the lease.
   *
   * @returns the keys of intents that were refused because their row, or one that excludes it, is there already
   * @throws StoreError: nothing was written. A `trouble` of `lease-lost` means that nothing may be sent any more.
   */
  commit(batch: Batch): readonly string[]
}

/** Where events, trades and decisions go. Never waits, and never fails. */
export interface JournalPort {
  event(event: EngineEvent): void
  trade(trade: Trade): void
  /** Left out where nobody takes decisions down. */
  decisions?(batch: DecisionBatch): void
}
