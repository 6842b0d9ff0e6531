/** What an order has to keep to, and what is made of one that asks for too much. */
import type { Steps, Ticks } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { priceOf, qtyOf } from '../../../market/quantise.ts'
import { type Side, sign } from '../../../market/side.ts'
import type { BybitAccount } from './account.ts'
import { usdtOf } from './amount.ts'
import { MOST_ACTIVE, MOST_CONDITIONAL } from './limits.ts'
import { type BuySell, type BybitPosition, closingSide, Refusal, sideOf } from './order.ts'
import type { PathPoint } from './path.ts'
import { mostLeverage, type RiskTier } from './risk.ts'
import type { OrderWish } from './wishes.ts'

/** What the rules look at. */
export interface House {
  readonly account: BybitAccount
  /** Prices that go beyond their limit are refused rather than brought to it. */
  readonly refusesPrices: boolean
  instrument(symbol: string): Instrument
  leverage(symbol: string, side: Side): number
  grain(symbol: string): { readonly ticks: number; readonly steps: number }
  tiers(symbol: string): readonly RiskTier[]
}

/** What is really asked for: a reducing order is cut to the position. */
export function quantityOf(house: House, wish: OrderWish, position: BybitPosition, point: PathPoint): Steps {
  const instrument = house.instrument(wish.symbol)
  const isClose = wish.steps === 0 && wish.reduceOnly && wish.closeOnTrigger
  if (wish.reduceOnly || wish.closeOnTrigger) {
    const isOpposite = position.side !== null && closingSide(position.side) === wish.side
    if (!isOpposite && wish.trigger === null)
      throw new Refusal(110017, 'current position is zero, cannot fix reduce-only order qty')
    const most = mostOf(instrument, wish.type) ?? position.steps
    if (isClose && isOpposite) return Math.min(position.steps, most) as Steps
    if (wish.steps === 0) throw new Refusal(10001, 'Qty invalid')
    checkMost(instrument, wish)
    return isOpposite && wish.trigger === null ? (Math.min(wish.steps, position.steps) as Steps) : wish.steps
  }
  if (wish.steps < instrument.minQty || wish.steps % house.grain(wish.symbol).steps !== 0)
    throw new Refusal(10001, 'Qty invalid')
  checkMost(instrument, wish)
  const price = wish.price === null ? point.last : priceOf(instrument, wish.price)
  if (price * qtyOf(instrument, wish.steps) < instrument.minNotional)
    throw new Refusal(110094, `Order does not meet minimum order value ${instrument.minNotional}USDT`)
  const leverage = house.leverage(wish.symbol, sideOf(wish.side))
  const held = position.side === sideOf(wish.side) ? usdtOf(position.entryValue) : 0
  const value = held + price * qtyOf(instrument, wish.steps)
  if (leverage > mostLeverage(house.tiers(wish.symbol), value))
    throw new Refusal(110090, 'the position would be beyond the risk limit of its leverage')
  return wish.steps
}

/** The price, brought to its limit where it is beyond. */
export function priceWithin(
  house: House,
  wish: { readonly side: BuySell; readonly price: Ticks | null; readonly symbol: string },
  limits: { readonly buy: Ticks; readonly sell: Ticks },
): Ticks {
  const { price } = wish
  if (price === null || price < house.instrument(wish.symbol).minPrice)
    throw new Refusal(10001, 'price invalid')
  const bounded = (wish.side === 'Buy' ? Math.min(price, limits.buy) : Math.max(price, limits.sell)) as Ticks
  if (bounded !== price && house.refusesPrices)
    throw new Refusal(110003, 'Order price exceeds the allowable range.')
  return bounded
}

/** Throws a Refusal where a symbol has as many orders as it may. */
export function checkCounts({ account }: House, wish: OrderWish): void {
  const own = account.openOrders.filter(({ symbol }) => symbol === wish.symbol)
  const active = own.filter(({ status }) => status !== 'Untriggered').length
  if (wish.trigger === null && active >= MOST_ACTIVE)
    throw new Refusal(110020, `Not allowed to have more than ${MOST_ACTIVE} active orders`)
  const conditional = own.filter(({ stopOrderType }) => stopOrderType === 'Stop').length
  if (wish.trigger !== null && conditional >= MOST_CONDITIONAL) {
    throw new Refusal(110009, 'The number of stop orders exceeds the maximum allowable limit.')
  }
}

/** Throws a Refusal where what an order brings along lies on the wrong side of it. */
export function checkAttached({ attached, side }: Pick<OrderWish, 'attached' | 'side'>, base: Ticks): void {
  if (attached === null) return
  const direction = sign(sideOf(side))
  const { takeProfit, stopLoss } = attached
  if (stopLoss !== null && (base - stopLoss) * direction <= 0)
    throw new Refusal(
      10001,
      `StopLoss:${stopLoss} set for ${side} position should be on the losing side of base_price:${base}`,
    )
  if (takeProfit !== null && (takeProfit - base) * direction <= 0)
    throw new Refusal(
      10001,
      `TakeProfit:${takeProfit} set for ${side} position should be on the winning side of base_price:${base}`,
    )
}

/** The least quantity of an order at the market that adds exposure. */
export function leastOf(house: House, symbol: string, { last }: PathPoint): Steps {
  const { minQty, minNotional, stepSize } = house.instrument(symbol)
  const grain = house.grain(symbol).steps
  const least = Math.max(minQty, minNotional / (last * stepSize))
  return (Math.ceil(least / grain) * grain) as Steps
}

/** Throws a Refusal where an order is of more than one may be, whether it opens or closes. */
function checkMost(instrument: Instrument, { type, steps }: OrderWish): void {
  const most = mostOf(instrument, type)
  if (most !== null && steps > most) {
    throw new Refusal(
      10001,
      `The number of contracts exceeds maximum limit allowed: too large, order_qty:${steps} max_qty:${most}`,
    )
  }
}

/** The greatest quantity of an order; at the market a part of it. */
export function mostOf({ maxQty }: Instrument, type: 'Market' | 'Limit'): Steps | null {
  if (maxQty === null) return null
  return type === 'Limit' ? maxQty : (Math.max(1, Math.floor(maxQty / MARKET_SHARE)) as Steps)
}

const MARKET_SHARE = 5
