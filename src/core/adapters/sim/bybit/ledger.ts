/** The wallet and the log of everything that has changed it: the one is the sum of the other. */
import type { Price, Timestamp } from '../../../base/units.ts'
import type { Amount } from './amount.ts'
import type { BuySell } from './order.ts'

export type EntryType =
  | 'TRADE'
  | 'SETTLEMENT'
  | 'LIQUIDATION'
  | 'ADL'
  | 'DELIVERY'
  | 'TRANSFER_IN'
  | 'TRANSFER_OUT'

export interface LedgerEntry {
  readonly id: string
  readonly time: Timestamp
  readonly type: EntryType
  readonly symbol: string
  readonly side: BuySell | 'None'
  readonly orderId: string
  readonly orderLinkId: string
  readonly tradeId: string
  readonly price: Price
  readonly qty: string
  /** What is held afterwards, with its sign. */
  readonly size: string
  /** Result of what was closed, or what was paid in or out. */
  readonly cashFlow: Amount
  /** Received; paid when negative. */
  readonly funding: Amount
  /** Paid. */
  readonly fee: Amount
  readonly feeRate: number
  readonly change: Amount
  readonly balance: Amount
}

export class Ledger {
  readonly start: Amount
  #balance: Amount
  readonly #entries: LedgerEntry[] = []

  constructor(start: Amount) {
    this.start = start
    this.#balance = start
  }

  get balance(): Amount {
    return this.#balance
  }

  /** Oldest first. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries
  }

  add(entry: Omit<LedgerEntry, 'id' | 'change' | 'balance'>): void {
    const change = entry.cashFlow + entry.funding - entry.fee
    this.#balance += change
    const id = `${entry.symbol === '' ? 'USDT' : entry.symbol}_${this.#entries.length + 1}`
    this.#entries.push({ ...entry, id, change, balance: this.#balance })
  }
}
