/**
 * BB Scalping: a return from the edge of the 5-minute bands to their middle, on both sides.
 *
 * LONG  5-minute BB% at most 5 and RSI below 35: at the market, stop 3 % under the price.
 * SHORT 5-minute BB% at least 95 and RSI above 65, not on the never-short list: at the market, stop 3 % above it.
 * The whole position has one target, the 5-minute middle band at the decision; leverage 10. It is refused when that
 * target is nearer than three times what the round trip costs: both fees as taker, and slippage. The distance counts
 * from the candle's close or from the live price, whichever leaves less to earn. Nothing before the daily bands are
 * known, which the score is made of.
 */
import { HOUR } from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import { ordered, sendable, stopTicks, targetTicks } from '../decision/prices.ts'
import {
  silence,
  unknown,
  unlessAbove,
  unlessAtLeast,
  unlessAtMost,
  unlessBelow,
  unlessShortable,
  unpriced,
} from '../decision/reasons.ts'
import type { EntryStrategy } from '../decision/strategy.ts'
import type { View } from '../decision/view.ts'
import { toTicks } from '../market/quantise.ts'
import { type Side, sign } from '../market/side.ts'

const params = {
  leverage: 10,
  /** Share of equity the sizing starts from. */
  risk: 0.05,
  maxPositions: 3,
  cooldownHours: 1,
  /** LONG at or below, SHORT at or above. */
  longBbPercentTo: 5,
  shortBbPercentFrom: 95,
  /** LONG below, SHORT above. */
  longRsiBelow: 35,
  shortRsiAbove: 65,
  /** Stop beyond the price decided on. */
  stopPercent: 3,
  /** The target earns at least so many times the costs of the round trip. */
  costMultiple: 3,
  /** What slippage costs beside the two taker fees, of the price, in basis points. */
  slippageBasisPoints: 4,
}

export const bbScalping: EntryStrategy<typeof params> = {
  id: 'bb-scalping',
  role: 'entry',
  timeframe: '5m',
  precedence: 3,
  params,
  terms: p => ({
    leverage: p.leverage,
    risk: p.risk,
    maxPositions: p.maxPositions,
    cooldown: p.cooldownHours * HOUR,
    cooldownAfterStop: 0,
    cooldownAfterTarget: 0,
    maxHold: null,
    partialTargets: false,
  }),
  decide(view: View, p): readonly Intent[] {
    const { minutes5 } = view
    if (minutes5 === undefined) return silence(view, unknown(view, null, '5m BB%'))
    const { price, middle, rsi } = minutes5
    const bb = minutes5.bbPercent(price)
    if (bb === undefined || middle === undefined || rsi === undefined) {
      return silence(view, unknown(view, null, '5m BB% and RSI'))
    }
    const noLong =
      unlessAtMost(view, 'long', '5m BB%', bb, p.longBbPercentTo) ??
      unlessBelow(view, 'long', '5m RSI', rsi, p.longRsiBelow)
    const isLong = noLong === null
    if (!isLong) {
      const noShort =
        unlessAtLeast(view, 'short', '5m BB%', bb, p.shortBbPercentFrom) ??
        unlessAbove(view, 'short', '5m RSI', rsi, p.shortRsiAbove) ??
        unlessShortable(view)
      if (noShort !== null) return silence(view, noLong, noShort)
    }
    if (view.lower === undefined || view.middle === undefined || view.upper === undefined) {
      return silence(view, unknown(view, isLong ? 'long' : 'short', 'daily bands'))
    }
    const limit = isLong ? `<= ${p.longBbPercentTo}` : `>= ${p.shortBbPercentFrom}`
    const why = `5m BB% ${bb.toFixed(1)} ${limit}, RSI ${rsi.toFixed(1)}`
    return scalp(view, p, isLong ? 'long' : 'short', price, middle, why)
  },
}

function scalp(
  view: View,
  p: typeof params,
  side: Side,
  price: number,
  middle: number,
  why: string,
): readonly Intent[] {
  const { instrument, last, fees } = view
  const direction = sign(side)
  const stopPrice = price * (1 - (direction * p.stopPercent) / 100)
  if (![price, last, stopPrice, middle].every(one => sendable(instrument, one))) {
    return silence(view, unpriced(view, side))
  }
  const worse = direction > 0 ? Math.max(price, last) : Math.min(price, last)
  const distance = (direction * (middle - worse)) / worse
  const least = p.costMultiple * (2 * fees.taker + p.slippageBasisPoints / 10_000)
  const target = targetTicks(instrument, side, middle)
  const stop = stopTicks(instrument, side, stopPrice)
  if (!ordered(side, toTicks(instrument, last, 'nearest'), stop, target)) {
    return silence(view, unpriced(view, side))
  }
  const near = unlessAtLeast(view, side, '% to the middle', 100 * distance, 100 * least)
  if (near !== null) return silence(view, near)
  return [
    {
      kind: 'enter',
      side,
      order: { type: 'market' },
      stop,
      target,
      leverage: p.leverage,
      reason: `${why}: at the market, target the middle`,
    },
  ]
}
