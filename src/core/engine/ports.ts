/** The doors of the live driver to the outside. Adapters implement them; the engine itself never sees them. */
import type { Steps, Ticks, Timestamp } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import type { Trade } from '../portfolio/trade.ts'
import type { Account, EngineEvent, Input, OrderRequest } from './protocol.ts'

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
  account(): Promise<Account>
}

/** What the exchange tells without being asked: prices, candles, fills, reports on orders. */
export interface FeedPort {
  listen(hear: (input: Input) => void): void
}

/** Where intents are made durable before they are sent. Rejects with a `StoreError`. */
export interface StorePort {
  persist(key: string, order: OrderRequest, signalId: string): Promise<void>
}

/** Where events and trades go. Never waits. */
export interface JournalPort {
  event(event: EngineEvent): void
  trade(trade: Trade): void
}
