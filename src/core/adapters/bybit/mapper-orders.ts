/**
 * Orders, executions and positions of an account, from Bybit v5's replies and streams; pure. Prices and quantities stay
 * the decimal texts that the exchange wrote: whoever has the instrument counts them in ticks and steps.
 */
import type { Timestamp } from '../../base/units.ts'
import { type Decimal, Fields } from './fields.ts'

export const ORDER_SIDES = ['Buy', 'Sell'] as const
export type OrderSide = (typeof ORDER_SIDES)[number]

/** 0: of a one-way account; 1 and 2: the long and the short side of a hedged one. */
export type PositionIndex = 0 | 1 | 2

/** `Triggered` passes within moments. A cancelled order may have been filled in part. */
export const ORDER_STATUSES = [
  'New',
  'PartiallyFilled',
  'Untriggered',
  'Triggered',
  'Filled',
  'Cancelled',
  'PartiallyFilledCanceled',
  'Rejected',
  'Deactivated',
] as const
export type OrderStatus = (typeof ORDER_STATUSES)[number]

/** GET order/realtime, order/history, and the data of the stream `order`. */
export interface OrderRow {
  readonly orderId: string
  /** The client's own id. */
  readonly linkId: string | null
  readonly symbol: string
  readonly side: OrderSide
  readonly type: 'Limit' | 'Market'
  readonly status: OrderStatus
  readonly timeInForce: string
  /** Of one at the market: the bound that the exchange has put on it. */
  readonly price: Decimal | null
  readonly qty: Decimal
  /** Left to fill; `null` where the exchange does not say, as of some that are closed. */
  readonly leaves: Decimal | null
  readonly filled: Decimal
  readonly filledValue: Decimal | null
  readonly averagePrice: Decimal | null
  /** Fees paid so far by coin. */
  readonly fees: { readonly [coin: string]: Decimal }
  readonly positionIndex: PositionIndex
  readonly reduceOnly: boolean
  readonly closeOnTrigger: boolean
  /** What a conditional order is to a position, such as StopLoss; `null` for one that was placed as it is. */
  readonly stopOrderType: string | null
  readonly triggerPrice: Decimal | null
  readonly triggerBy: string | null
  /** 1: when the price rises to it, 2: when it falls. */
  readonly triggerDirection: number
  readonly takeProfit: Decimal | null
  readonly stopLoss: Decimal | null
  readonly stopTriggerBy: string | null
  readonly tpslMode: string | null
  readonly createType: string | null
  readonly cancelType: string | null
  readonly rejectReason: string | null
  readonly created: Timestamp
  readonly updated: Timestamp
}

export function orderRow(row: Fields): OrderRow {
  const reason = row.textOrNull('rejectReason')
  return {
    orderId: row.text('orderId'),
    linkId: row.textOrNull('orderLinkId'),
    symbol: row.text('symbol'),
    side: row.choice('side', ORDER_SIDES),
    type: row.choice('orderType', ['Limit', 'Market']),
    status: row.choice('orderStatus', ORDER_STATUSES),
    timeInForce: row.text('timeInForce'),
    price: row.positiveOrNull('price'),
    qty: row.decimal('qty'),
    leaves: row.decimalOrNull('leavesQty'),
    filled: row.decimalOrNull('cumExecQty') ?? '0',
    filledValue: row.decimalOrNull('cumExecValue'),
    averagePrice: row.positiveOrNull('avgPrice'),
    fees: feesOf(row),
    positionIndex: positionIndex(row),
    reduceOnly: row.truth('reduceOnly'),
    closeOnTrigger: row.truth('closeOnTrigger'),
    stopOrderType: row.textOrNull('stopOrderType'),
    triggerPrice: row.positiveOrNull('triggerPrice'),
    triggerBy: row.textOrNull('triggerBy'),
    triggerDirection: row.count('triggerDirection'),
    takeProfit: row.positiveOrNull('takeProfit'),
    stopLoss: row.positiveOrNull('stopLoss'),
    stopTriggerBy: row.textOrNull('slTriggerBy'),
    tpslMode: row.textOrNull('tpslMode'),
    createType: row.textOrNull('createType'),
    cancelType: row.textOrNull('cancelType'),
    rejectReason: reason === 'EC_NoError' ? null : reason,
    created: row.time('createdTime'),
    updated: row.time('updatedTime'),
  }
}

/** Reasons of an end that somebody asked for, or that the order had come to anyway. */
const NO_REFUSALS: readonly string[] = ['EC_PerCancelRequest', 'EC_OrigClOrdIDDoesNotExist']

/**
 * Whether an order that is over was turned down rather than taken back. One that the exchange takes and then finds that
 * it cannot have (it would take where it may not, nobody is there to fill it) ends as cancelled, with the reason.
 */
export function wasRefused({ status, rejectReason, filled }: OrderRow): boolean {
  if (status === 'Rejected') return true
  return rejectReason !== null && !NO_REFUSALS.includes(rejectReason) && Number(filled) === 0
}

/** `cumExecFee` is on its way out for linear perpetuals: `cumFeeDetail` says the same by coin. */
function feesOf(row: Fields): OrderRow['fees'] {
  if (!row.has('cumFeeDetail')) return {}
  const detail = row.inner('cumFeeDetail')
  return Object.fromEntries(detail.names.map(coin => [coin, detail.decimal(coin)]))
}

function positionIndex(row: Fields): PositionIndex {
  const index = row.count('positionIdx')
  if (index === 0 || index === 1 || index === 2) return index
  return Number(row.choice('positionIdx', ['0', '1', '2'])) as PositionIndex
}

/** GET execution/list, and the data of the stream `execution`. */
export interface ExecutionRow {
  readonly execId: string
  readonly orderId: string | null
  readonly linkId: string | null
  readonly symbol: string
  /** Of the order. */
  readonly side: OrderSide
  /** `Trade` fills an order; `Funding`, `AdlTrade`, `BustTrade`, `Delivery`, `Settle` and others come without one. */
  readonly type: string
  readonly price: Decimal
  readonly qty: Decimal
  readonly value: Decimal | null
  /** Paid; received when negative. */
  readonly fee: Decimal
  readonly feeRate: Decimal | null
  /** `null`: the settlement coin. */
  readonly feeCoin: string | null
  /** Taxes and the like, paid beside the fee. */
  readonly extraFees: readonly { readonly coin: string; readonly fee: Decimal }[]
  readonly isMaker: boolean
  /** How much of it closed a position; `null` where the exchange does not say. */
  readonly closed: Decimal | null
  readonly orderQty: Decimal | null
  readonly leaves: Decimal | null
  readonly stopOrderType: string | null
  readonly createType: string | null
  readonly markPrice: Decimal | null
  readonly time: Timestamp
  readonly sequence: number
}

export function executionRow(row: Fields): ExecutionRow {
  return {
    execId: row.text('execId'),
    orderId: row.textOrNull('orderId'),
    linkId: row.textOrNull('orderLinkId'),
    symbol: row.text('symbol'),
    side: row.choice('side', ORDER_SIDES),
    type: row.text('execType'),
    price: row.decimal('execPrice'),
    qty: row.decimal('execQty'),
    value: row.decimalOrNull('execValue'),
    fee: row.decimal('execFee'),
    feeRate: row.decimalOrNull('feeRate'),
    feeCoin: row.textOrNull('feeCurrency'),
    extraFees: row.has('extraFees')
      ? row.list('extraFees').map(extra => ({ coin: extra.text('feeCoin'), fee: extra.decimal('fee') }))
      : [],
    isMaker: row.truth('isMaker'),
    closed: row.decimalOrNull('closedSize'),
    orderQty: row.decimalOrNull('orderQty'),
    leaves: row.decimalOrNull('leavesQty'),
    stopOrderType: row.textOrNull('stopOrderType'),
    createType: row.textOrNull('createType'),
    markPrice: row.positiveOrNull('markPrice'),
    time: row.time('execTime'),
    sequence: row.count('seq'),
  }
}

/** GET position/list, and the data of the stream `position`. */
export interface PositionRow {
  readonly symbol: string
  readonly positionIndex: PositionIndex
  /** `null`: there is none. */
  readonly side: OrderSide | null
  readonly size: Decimal
  readonly averagePrice: Decimal | null
  /** `null` in portfolio margin mode. */
  readonly leverage: Decimal | null
  readonly markPrice: Decimal | null
  /** An estimate; `null` where no price liquidates it. */
  readonly liquidationPrice: Decimal | null
  readonly stopLoss: Decimal | null
  readonly takeProfit: Decimal | null
  /** A distance of prices. */
  readonly trailingStop: Decimal | null
  readonly unrealised: Decimal | null
  readonly realised: Decimal | null
  readonly realisedNow: Decimal | null
  readonly initialMargin: Decimal | null
  readonly maintenanceMargin: Decimal | null
  readonly riskId: number
  readonly riskLimit: Decimal | null
  /** `Normal`, or being liquidated or reduced: `Liq`, `Adl`. */
  readonly status: string
  readonly isReduceOnly: boolean
  readonly autoAddMargin: boolean
  readonly created: Timestamp | null
  readonly updated: Timestamp | null
}

export function positionRow(row: Fields): PositionRow {
  const size = row.decimal('size')
  // A side without a size, and no side with one, would be a position that nobody knows.
  const side = Number(size) === 0 ? null : row.choice('side', ORDER_SIDES)
  return {
    symbol: row.text('symbol'),
    positionIndex: positionIndex(row),
    side,
    size,
    // The stream's name for it is another one.
    averagePrice: row.positiveOrNull('avgPrice') ?? row.positiveOrNull('entryPrice'),
    leverage: row.positiveOrNull('leverage'),
    markPrice: row.positiveOrNull('markPrice'),
    liquidationPrice: row.positiveOrNull('liqPrice'),
    stopLoss: row.positiveOrNull('stopLoss'),
    takeProfit: row.positiveOrNull('takeProfit'),
    trailingStop: row.positiveOrNull('trailingStop'),
    unrealised: row.decimalOrNull('unrealisedPnl'),
    realised: row.decimalOrNull('cumRealisedPnl'),
    realisedNow: row.decimalOrNull('curRealisedPnl'),
    initialMargin: row.decimalOrNull('positionIM'),
    maintenanceMargin: row.decimalOrNull('positionMM'),
    riskId: row.count('riskId'),
    riskLimit: row.positiveOrNull('riskLimitValue'),
    status: row.text('positionStatus'),
    isReduceOnly: row.has('isReduceOnly') && row.truth('isReduceOnly'),
    autoAddMargin: row.count('autoAddMargin') === 1,
    created: row.timeOrNull('createdTime'),
    updated: row.timeOrNull('updatedTime'),
  }
}

/** What a position's row says of the mode of its account, whatever else is in it. */
export interface PositionMark extends Pick<PositionRow, 'symbol' | 'positionIndex'> {
  readonly isHeld: boolean
}

export function positionMark(row: Fields): PositionMark {
  const side = row.textOrNull('side')
  return {
    symbol: row.symbol('symbol'),
    positionIndex: positionIndex(row),
    isHeld: side !== null && side !== 'None',
  }
}

/** GET position/closed-pnl: entry and exit are prices by cost, not those of fills. */
export interface ClosedPnl {
  readonly orderId: string
  readonly symbol: string
  /** Of the order that closed. */
  readonly side: OrderSide
  readonly type: string
  readonly execType: string
  readonly qty: Decimal
  readonly closed: Decimal
  readonly leverage: Decimal | null
  readonly orderPrice: Decimal | null
  readonly entry: Decimal
  readonly exit: Decimal
  readonly entryValue: Decimal
  readonly exitValue: Decimal
  readonly pnl: Decimal
  readonly fills: number
  readonly updated: Timestamp
}

export function closedPnl(row: Fields): ClosedPnl {
  return {
    orderId: row.text('orderId'),
    symbol: row.text('symbol'),
    side: row.choice('side', ORDER_SIDES),
    type: row.text('orderType'),
    execType: row.text('execType'),
    qty: row.positive('qty'),
    closed: row.positive('closedSize'),
    leverage: row.positiveOrNull('leverage'),
    orderPrice: row.positiveOrNull('orderPrice'),
    entry: row.positive('avgEntryPrice'),
    exit: row.positive('avgExitPrice'),
    entryValue: row.decimal('cumEntryValue'),
    exitValue: row.decimal('cumExitValue'),
    pnl: row.decimal('closedPnl'),
    fills: row.count('fillCount'),
    updated: row.time('updatedTime'),
  }
}

/** The answer to creating, amending or cancelling an order: it was received, not done. */
export interface OrderAck {
  readonly orderId: string
  readonly linkId: string | null
}

export function orderAck(result: unknown): OrderAck {
  const fields = new Fields(result, 'result')
  return ackOf(fields)
}

export function ackOf(fields: Fields): OrderAck {
  return { orderId: fields.text('orderId'), linkId: fields.textOrNull('orderLinkId') }
}
