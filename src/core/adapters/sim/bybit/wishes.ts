/** What is asked of the exchange, its numbers on the symbols' grids. */
import type { Steps, Ticks } from '../../../base/units.ts'
import type { Attached, BuySell, PositionIdx, TimeInForce, TpslMode, Trigger, TriggerBy } from './order.ts'

/** An order as it was asked for, its numbers on the symbol's grids. */
export interface OrderWish {
  readonly symbol: string
  readonly side: BuySell
  readonly type: 'Market' | 'Limit'
  readonly steps: Steps
  readonly price: Ticks | null
  readonly timeInForce: TimeInForce
  readonly orderLinkId: string
  readonly positionIdx: PositionIdx
  readonly reduceOnly: boolean
  readonly closeOnTrigger: boolean
  readonly trigger: Trigger | null
  readonly attached: Attached | null
}

/** A change of a resting order; what is `null` stays. */
export interface Amendment {
  readonly price: Ticks | null
  readonly steps: Steps | null
  readonly trigger: Ticks | null
  /** What it brings along: 0 takes away. */
  readonly takeProfit: Ticks | 0 | null
  readonly stopLoss: Ticks | 0 | null
}

export interface OrderKey {
  readonly symbol: string
  readonly orderId: string
  readonly orderLinkId: string
}

/** A change of what protects a position: 0 takes away, `null` leaves. */
export interface StopWish {
  readonly symbol: string
  readonly positionIdx: PositionIdx
  readonly mode: TpslMode
  readonly takeProfit: Ticks | 0 | null
  readonly stopLoss: Ticks | 0 | null
  readonly trailing: Ticks | 0 | null
  readonly activePrice: Ticks | null
  readonly tpTriggerBy: TriggerBy
  readonly slTriggerBy: TriggerBy
  readonly size: Steps | null
  readonly tpLimit: Ticks | null
  readonly slLimit: Ticks | null
}

/** What an order in the app has where nothing is said. */
export const BY_HAND = {
  type: 'Market',
  price: null,
  timeInForce: 'IOC',
  orderLinkId: '',
  reduceOnly: false,
  closeOnTrigger: false,
  trigger: null,
  attached: null,
} as const

/** Nothing about what protects a position. */
export const NO_STOPS = {
  mode: 'Full',
  takeProfit: null,
  trailing: null,
  activePrice: null,
  tpTriggerBy: 'LastPrice',
  slTriggerBy: 'LastPrice',
  size: null,
  tpLimit: null,
  slLimit: null,
} as const

/** What an order brings along, with other prices: 0 takes one away, `null` leaves it. */
export function changed(
  before: Attached | null,
  takeProfit: Ticks | 0 | null,
  stopLoss: Ticks | 0 | null,
): Attached | null {
  const [target, stop] = [takeProfit ?? before?.takeProfit ?? 0, stopLoss ?? before?.stopLoss ?? 0]
  if (target === 0 && stop === 0) return null
  const plain = {
    mode: 'Full',
    tpTriggerBy: 'LastPrice',
    slTriggerBy: 'LastPrice',
    tpLimit: null,
    slLimit: null,
  } as const
  return {
    ...(before ?? plain),
    takeProfit: target === 0 ? null : target,
    stopLoss: stop === 0 ? null : stop,
  }
}

/** Whether an order takes from the side of hedge mode that it names. */
export function isAgainst({ side, positionIdx }: OrderWish): boolean {
  return (positionIdx === 1 && side === 'Sell') || (positionIdx === 2 && side === 'Buy')
}
