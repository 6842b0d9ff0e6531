import type { Percent, Price, Qty, Timestamp, Usdt } from '../base/units.ts'
import type { Side } from '../market/side.ts'

/** Why a part of a position was closed. */
export type ExitReason =
  | 'stop'
  | 'breakeven-stop'
  | 'trailing-stop'
  | 'target'
  | 'partial-target-1'
  | 'partial-target-2'
  | 'time-exit'
  /** The rate that the position was entered for has changed its sign. */
  | 'funding-sign'
  /** Exchanged for a position that is paid for being held. */
  | 'rotated'
  /** The stop could not be set or had been crossed: closed at the market. */
  | 'emergency'
  /** A drawdown has paused or halted entries, and the configuration closes everything then. */
  | 'drawdown'
  /** Its liquidation had come too near to its stop, and the configuration closes it then. */
  | 'cascade'
  /** Its trading ends soon. */
  | 'delisting'
  /** A person wanted it closed. */
  | 'force-exit'
  | 'liquidation'
  | 'closed-outside'
  | 'end-of-data'

/** One closing fill of a trade. */
export interface TradeExit {
  readonly time: Timestamp
  readonly price: Price
  readonly qty: Qty
  readonly reason: ExitReason
}

/**
 * A closed position, from its first fill to flat. Money is USDT. `net = gross - fees + funding`.
 */
export interface Trade {
  /** The signal's id: one signal makes at most one trade. */
  readonly id: string
  readonly strategy: string
  readonly symbol: string
  readonly side: Side
  readonly openedAt: Timestamp
  readonly closedAt: Timestamp
  /** Volume-weighted entry price. */
  readonly entry: Price
  /** Volume-weighted exit price. */
  readonly exit: Price
  readonly qty: Qty
  /** Value at entry: `qty * entry`. */
  readonly notional: Usdt
  readonly leverage: number
  readonly score: number
  /** Profit from prices alone. */
  readonly gross: Usdt
  /** Fees paid, 0 or more. */
  readonly fees: Usdt
  /** Funding received (paid when negative). */
  readonly funding: Usdt
  readonly net: Usdt
  /** `100 * net / notional`: on the value, not on margin. */
  readonly netPercent: Percent
  /** Worst and best excursion of the price against the entry while open, in percent of the entry (mae <= 0 <= mfe). */
  readonly mae: Percent
  readonly mfe: Percent
  readonly entryReason: string
  /** Reason of the last exit. */
  readonly exitReason: ExitReason
  readonly exits: readonly TradeExit[]
}
