/** Prices that set something off: which side they wait on, and when the way of the price reaches them. */
import type { Ticks } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { priceOf } from '../../../market/quantise.ts'
import type { Side } from '../../../market/side.ts'
import { Refusal, type Trigger, type TriggerBy } from './order.ts'
import type { PathPoint } from './path.ts'
import { priceText } from './text.ts'

/** The trigger of a leg that protects a position. */
export function protection(
  type: 'TakeProfit' | 'StopLoss',
  side: Side,
  price: Ticks,
  by: TriggerBy,
): Trigger {
  const rises = (type === 'TakeProfit') === (side === 'long')
  return { price, direction: rises ? 'rise' : 'fall', by }
}

/** The share of the way from `a` to `b` at which a trigger's price is reached, `null` where it is not. */
export function reached(
  instrument: Instrument,
  { price, direction, by }: Trigger,
  a: PathPoint,
  b: PathPoint,
): number | null {
  const from = by === 'LastPrice' ? a.last : a.mark
  const to = by === 'LastPrice' ? b.last : b.mark
  const level = priceOf(instrument, price)
  const up = direction === 'rise' ? 1 : -1
  // A way that has been cut at the level may miss it by a bit.
  const near = level * 1e-12
  if ((from - level) * up >= -near) return 0
  if ((to - level) * up < -near) return null
  return Math.min(1, (level - from) / (to - from))
}

/** Throws a Refusal where the market is beyond a trigger already. */
export function checkTrigger(instrument: Instrument, trigger: Trigger | null, point: PathPoint): void {
  if (trigger === null || reached(instrument, trigger, point, point) === null) return
  const [code, word, compared] =
    trigger.direction === 'rise' ? [110092, 'Rising', '<='] : [110093, 'Falling', '>=']
  const current = trigger.by === 'LastPrice' ? point.last : point.mark
  throw new Refusal(
    code,
    `expect ${word}, but trigger_price[${priceText(instrument, trigger.price)}] ${compared} current[${current}]??${trigger.by}`,
  )
}
