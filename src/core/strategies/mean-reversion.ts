/**
 * Mean Reversion: a return from outside the daily bands to their middle, on both sides.
 *
 * LONG  BB% below 5: limit at the lower band, stop 5 % under it.
 * SHORT BB% above 95, not on the never-short list: limit at the upper band, stop 5 % above it.
 * The whole position has one target, the middle band at the signal. Leverage 10. Nothing where a price lies too near
 * to zero to be sent, or the ticks are too coarse to part stop, entry and target.
 */
import { HOUR } from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import { entryTicks, ordered, protectedAt, sendable, stopTicks, targetTicks } from '../decision/prices.ts'
import { silence, unknown, unlessAbove, unlessBelow, unlessShortable, unpriced } from '../decision/reasons.ts'
import type { EntryStrategy } from '../decision/strategy.ts'
import type { View } from '../decision/view.ts'
import { type Side, sign } from '../market/side.ts'

const params = {
  leverage: 10,
  /** Share of equity the sizing starts from. */
  risk: 0.05,
  maxPositions: 5,
  cooldownHours: 2,
  /** LONG below, SHORT above. */
  longBbPercentBelow: 5,
  shortBbPercentAbove: 95,
  /** Stop beyond the band. */
  stopBeyondPercent: 5,
}

export const meanReversion: EntryStrategy<typeof params> = {
  id: 'mean-reversion',
  role: 'entry',
  timeframe: '1d',
  precedence: 1,
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
  exchange(side, { neverShort, lower, middle, upper, last, instrument }, p) {
    if (lower === undefined || middle === undefined || upper === undefined) return undefined
    if (side === 'short' && neverShort) return undefined
    const band = side === 'long' ? lower : upper
    return protectedAt(instrument, side, last, band * (1 - (sign(side) * p.stopBeyondPercent) / 100), middle)
  },
  decide(view: View, p): readonly Intent[] {
    const bb = view.bbPercent(view.price)
    const { lower, middle, upper } = view
    if (bb === undefined || lower === undefined || middle === undefined || upper === undefined) {
      return silence(view, unknown(view, null, 'BB%'))
    }
    const noLong = unlessBelow(view, 'long', 'BB%', bb, p.longBbPercentBelow)
    if (noLong === null) {
      return revert(view, p, 'long', lower, middle, `BB% ${bb.toFixed(1)} < ${p.longBbPercentBelow}`)
    }
    const noShort = unlessAbove(view, 'short', 'BB%', bb, p.shortBbPercentAbove) ?? unlessShortable(view)
    if (noShort === null) {
      return revert(view, p, 'short', upper, middle, `BB% ${bb.toFixed(1)} > ${p.shortBbPercentAbove}`)
    }
    return silence(view, noLong, noShort)
  },
}

function revert(
  view: View,
  p: typeof params,
  side: Side,
  band: number,
  middle: number,
  why: string,
): readonly Intent[] {
  const { instrument } = view
  const stopPrice = band * (1 - (sign(side) * p.stopBeyondPercent) / 100)
  if (![band, stopPrice, middle].every(price => sendable(instrument, price))) {
    return silence(view, unpriced(view, side))
  }
  const entry = entryTicks(instrument, side, band)
  const stop = stopTicks(instrument, side, stopPrice)
  const target = targetTicks(instrument, side, middle)
  if (!ordered(side, entry, stop, target)) return silence(view, unpriced(view, side))
  return [
    {
      kind: 'enter',
      side,
      order: { type: 'limit', price: entry },
      stop,
      target,
      leverage: p.leverage,
      reason: `${why}: limit at the ${side === 'long' ? 'lower' : 'upper'} band, target the middle`,
    },
  ]
}
