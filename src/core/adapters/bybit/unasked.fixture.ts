/** What tests read of Bybit, recorded or simulated, and bbw itself does not ask for. */
import type { Timestamp } from '../../base/units.ts'
import { type Decimal, Fields } from './fields.ts'
import { ackOf, type OrderAck } from './mapper-orders.ts'

/** GET market/price-limit: the bounds of the prices of limit orders. */
export interface PriceLimit {
  readonly symbol: string
  readonly highestBuy: Decimal
  readonly lowestSell: Decimal
  readonly time: Timestamp
}

export function priceLimit(result: unknown): PriceLimit {
  const fields = new Fields(result, 'result')
  return {
    symbol: fields.text('symbol'),
    highestBuy: fields.positive('buyLmt'),
    lowestSell: fields.positive('sellLmt'),
    time: fields.time('ts'),
  }
}

/** An answer of the order-entry channel (`/v5/trade`): the request was received, not done. */
export interface TradeAnswer {
  readonly requestId: string | null
  readonly operation: string
  readonly retCode: number
  readonly retMsg: string
  /** `null` where it was refused. */
  readonly ack: OrderAck | null
}

export function tradeAnswer(message: unknown): TradeAnswer {
  const fields = new Fields(message, '')
  const retCode = fields.count('retCode')
  return {
    requestId: fields.textOrNull('reqId'),
    operation: fields.text('op'),
    retCode,
    retMsg: fields.words('retMsg'),
    ack: retCode === 0 && fields.text('op').startsWith('order.') ? ackOf(fields.inner('data')) : null,
  }
}
