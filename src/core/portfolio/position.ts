import type { Price, Qty, Steps, Ticks, Timestamp, Usdt } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Interval } from '../market/interval.ts'
import { qtyOf } from '../market/quantise.ts'
import type { Side } from '../market/side.ts'
import type { Ladder } from './ladder.ts'
import type { ExitReason, TradeExit } from './trade.ts'

/** Which rule the present stop is from; an exit at the stop is named after it. */
export type StopKind = 'initial' | 'breakeven' | 'trailing'

/**
 * An entry on its way: admitted, perhaps resting at the exchange, not filled or not wholly. It occupies its slot, and
 * margin for what is left to fill.
 */
export interface PendingEntry {
  readonly clientOrderId: string
  readonly signalId: string
  readonly strategy: string
  readonly timeframe: Interval
  readonly symbol: string
  readonly side: Side
  readonly instrument: Instrument
  readonly score: number
  /** Left to fill. */
  readonly steps: Steps
  /** Price the margin was reckoned at: the limit, or the last price for a market entry. */
  readonly price: Price
  readonly stop: Ticks
  readonly target: Ticks | null
  readonly leverage: number
  /** For what is left to fill. */
  readonly margin: Usdt
  /** Start of the candle decided on, and when the order was sent. */
  readonly candleStart: Timestamp
  readonly sentAt: Timestamp
  /** Weekly BB% at the decision, for rules that act on its crossing. */
  readonly weekBb: number | null
  readonly reason: string
  /** Of an entry that is to become a ladder. */
  readonly ladder?: Ladder
  /** Of an add to the position of the same signal: which rung of its ladder this is, from 0. */
  readonly rung?: number
  /** Of an entry that takes the place of another position, which is closed after it: the key of that one. */
  readonly replaces?: string
  /** Of an add whose position has closed: what its close took beyond the quantity that was booked, so of the add. */
  readonly closedAhead?: ClosedAhead
}

/** A part of a close that was told before the fill of what it closed. */
export interface ClosedAhead {
  readonly time: Timestamp
  readonly price: Ticks
  readonly steps: Steps
  readonly fee: Usdt
  readonly reason: ExitReason
}

/** An open position, keyed by symbol and side. */
export interface Position {
  readonly symbol: string
  readonly side: Side
  readonly instrument: Instrument
  readonly strategy: string
  readonly timeframe: Interval
  readonly signalId: string
  readonly clientOrderId: string
  readonly score: number
  readonly leverage: number
  /** Volume-weighted entry price of the open quantity. */
  readonly entry: Price
  /** Open quantity, and all that was ever entered. */
  readonly steps: Steps
  readonly enteredSteps: Steps
  readonly openedAt: Timestamp
  /** The stop as the exchange has confirmed it. */
  readonly stop: Ticks
  readonly stopKind: StopKind
  readonly initialStop: Ticks
  /** The signal's own target for the whole position, or `null`. */
  readonly target: Ticks | null
  /** Partial targets filled so far. */
  readonly targetsFilled: 0 | 1 | 2
  /** What is left to fill of a first target that has begun to; left out before, and once there is nothing. */
  readonly firstTargetLeft?: Steps
  readonly weekBbAtEntry: number | null
  /** The one halving of the stop's distance on the weekly band has been sent. */
  readonly halved: boolean
  readonly gross: Usdt
  readonly fees: Usdt
  readonly funding: Usdt
  readonly exits: readonly TradeExit[]
  /** Lowest and highest price seen while open. */
  readonly lowest: Price
  readonly highest: Price
  readonly reason: string
  /** The adds that were planned at its entry. */
  readonly ladder?: Ladder
  /**
   * How much more than its whole steps is held and was entered, in coins, where the exchange has made its steps coarser;
   * below 0 where it is less than the one step that it counts as. It is closed with the last of them.
   */
  readonly beyond?: { readonly held: Qty; readonly entered: Qty }
}

/** The strategy of a position that a person opened and handed over: no rule of entry stands behind it. */
export const MANUAL = 'manual'

/** What is held of it, in coins. */
export function heldQty({
  instrument,
  steps,
  beyond,
}: Pick<Position, 'instrument' | 'steps' | 'beyond'>): Qty {
  return qtyOf(instrument, steps) + (beyond?.held ?? 0)
}

/** What was ever entered of it, in coins. */
export function enteredQty({ instrument, enteredSteps, beyond }: Position): Qty {
  return qtyOf(instrument, enteredSteps) + (beyond?.entered ?? 0)
}

/** The key of a position: one per symbol and side over all strategies. */
export function positionKey(symbol: string, side: Side): string {
  return `${symbol}:${side}`
}

/** Margin tied up by an open position: its share of the entry value. */
export function positionMargin(position: Position): Usdt {
  return (heldQty(position) * position.entry) / position.leverage
}

/** Profit or loss of the open quantity at a mark price, fees not counted. */
export function unrealised(position: Position, mark: Price): Usdt {
  const move = position.side === 'long' ? mark - position.entry : position.entry - mark
  return move * heldQty(position)
}
