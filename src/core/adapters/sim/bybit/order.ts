/** Orders, positions and refusals in the words of Bybit's v5 API. */
import type { Price, Steps, Ticks, Timestamp } from '../../../base/units.ts'
import type { Side } from '../../../market/side.ts'
import type { Amount } from './amount.ts'

export type BuySell = 'Buy' | 'Sell'
export type TriggerBy = 'LastPrice' | 'MarkPrice' | 'IndexPrice'
export type TpslMode = 'Full' | 'Partial'
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'PostOnly'
/** 0 in one-way mode; in hedge mode 1 for the long position and 2 for the short one. */
export type PositionIdx = 0 | 1 | 2

export type OrderStatus =
  | 'New'
  | 'PartiallyFilled'
  | 'Untriggered'
  | 'Triggered'
  | 'Filled'
  | 'Cancelled'
  | 'Rejected'
  | 'Deactivated'

export type StopOrderType =
  | ''
  | 'Stop'
  | 'TakeProfit'
  | 'StopLoss'
  | 'TrailingStop'
  | 'PartialTakeProfit'
  | 'PartialStopLoss'

export interface Trigger {
  readonly price: Ticks
  /** The market has to rise to it, or to fall. */
  readonly direction: 'rise' | 'fall'
  readonly by: TriggerBy
}

/** What an order brings along for the position that it opens. */
export interface Attached {
  readonly mode: TpslMode
  readonly takeProfit: Ticks | null
  readonly stopLoss: Ticks | null
  readonly tpTriggerBy: TriggerBy
  readonly slTriggerBy: TriggerBy
  /** Limit prices of a pair; `null`: at the market. */
  readonly tpLimit: Ticks | null
  readonly slLimit: Ticks | null
}

export interface BybitOrder {
  readonly orderId: string
  readonly orderLinkId: string
  readonly symbol: string
  readonly side: BuySell
  readonly type: 'Market' | 'Limit'
  readonly positionIdx: PositionIdx
  readonly timeInForce: TimeInForce
  readonly reduceOnly: boolean
  readonly closeOnTrigger: boolean
  readonly stopOrderType: StopOrderType
  readonly createType: string
  readonly createdAt: Timestamp
  readonly lastAtCreation: Price
  /** Of a market order the worst price it may have; `null` before it is at the market. */
  price: Ticks | null
  steps: Steps
  filled: Steps
  value: Amount
  fee: Amount
  closedPnl: Amount
  status: OrderStatus
  cancelType: string
  rejectReason: string
  trigger: Trigger | null
  attached: Attached | null
  /** The other leg of a pair of take profit and stop loss. */
  partner: string | null
  updatedAt: Timestamp
}

export interface BybitPosition {
  readonly symbol: string
  readonly idx: PositionIdx
  /** `null` where there is none. */
  side: Side | null
  steps: Steps
  /** What the steps held have cost, and the fees of opening them. */
  entryValue: Amount
  openFees: Amount
  /** Results, fees and funding of the position that is held; and of all there were. */
  realised: Amount
  everRealised: Amount
  tpslMode: TpslMode
  trailing: Trailing | null
  /** The client's id of the order that has opened it; empty where that has none. */
  openedBy: string
  createdAt: Timestamp
  updatedAt: Timestamp
}

/** A stop that follows the last price at a distance. */
export interface Trailing {
  readonly distance: Ticks
  /** The price that arms it; `null`: it is armed at once. */
  readonly active: Ticks | null
  /** The best price since it is armed; `null` until then. */
  best: Price | null
}

/** A request that is refused: the envelope's `retCode` and `retMsg`. */
export class Refusal extends Error {
  readonly code: number
  readonly result: object
  constructor(code: number, message: string, result: object = {}) {
    super(message)
    this.code = code
    this.result = result
  }
}

export function isOpen({ status }: BybitOrder): boolean {
  return status === 'New' || status === 'PartiallyFilled' || status === 'Untriggered'
}

/** Whether it is one of the orders that protect a position rather than one that somebody has sent. */
export function isTpsl({ stopOrderType }: BybitOrder): boolean {
  return stopOrderType !== '' && stopOrderType !== 'Stop'
}

export function sideOf(side: BuySell): Side {
  return side === 'Buy' ? 'long' : 'short'
}

/** The order side that opens a position of a side, or closes it. */
export function openingSide(side: Side): BuySell {
  return side === 'long' ? 'Buy' : 'Sell'
}

export function closingSide(side: Side): BuySell {
  return side === 'long' ? 'Sell' : 'Buy'
}
