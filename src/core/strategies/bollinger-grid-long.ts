/**
 * Bollinger Grid LONG: buys a dip below the daily lower band.
 *
 * Daily BB% below 25: limit buy 3 % under the lower band, stop 7 % under it. Targets follow the bands (Partial TP).
 * Nothing where the band is too near to zero for the stop, or the ticks too coarse to part stop and entry.
 * Bands after Bollinger (2001); the offsets are the original engine's.
 */
import { HOUR } from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import { entryTicks, ordered, protectedAt, sendable, stopTicks } from '../decision/prices.ts'
import { lack, silence, unknown, unlessBelow, unpriced } from '../decision/reasons.ts'
import type { EntryStrategy } from '../decision/strategy.ts'
import type { View } from '../decision/view.ts'

const params = {
  leverage: 3,
  /** Share of equity the sizing starts from. */
  risk: 0.2,
  maxPositions: 12,
  cooldownAfterStopHours: 4,
  cooldownAfterTargetHours: 1,
  /** BB% has to be below. */
  bbPercentBelow: 25,
  /** Limit and stop, in percent below the lower band. */
  entryBelowPercent: 3,
  stopBelowPercent: 7,
}

export const bollingerGridLong: EntryStrategy<typeof params> = {
  id: 'bollinger-grid-long',
  role: 'entry',
  timeframe: '1d',
  precedence: 5,
  params,
  terms: p => ({
    leverage: p.leverage,
    risk: p.risk,
    maxPositions: p.maxPositions,
    sharedSlots: [{ side: 'long', of: ['bollinger-grid-long', 'sl-reentry'], most: p.maxPositions }],
    cooldown: 0,
    cooldownAfterStop: p.cooldownAfterStopHours * HOUR,
    cooldownAfterTarget: p.cooldownAfterTargetHours * HOUR,
    maxHold: null,
    partialTargets: true,
  }),
  exchange(side, { lower, last, instrument }, p) {
    if (side !== 'long' || lower === undefined) return undefined
    return protectedAt(instrument, side, last, lower * (1 - p.stopBelowPercent / 100), null)
  },
  decide(view: View, p): readonly Intent[] {
    const bb = view.bbPercent(view.price)
    const { lower, instrument } = view
    if (bb === undefined || lower === undefined) return silence(view, unknown(view, 'long', 'BB%'))
    const high = unlessBelow(view, 'long', 'BB%', bb, p.bbPercentBelow)
    if (high !== null) return silence(view, high)
    if (view.stopOut('long') !== undefined) {
      return silence(view, lack(view, 'long', 'stopped out', 'long', 'SL Re-entry decides first'))
    }
    const entryPrice = lower * (1 - p.entryBelowPercent / 100)
    const stopPrice = lower * (1 - p.stopBelowPercent / 100)
    if (!sendable(instrument, stopPrice) || !sendable(instrument, entryPrice)) {
      return silence(view, unpriced(view, 'long'))
    }
    const entry = entryTicks(instrument, 'long', entryPrice)
    const stop = stopTicks(instrument, 'long', stopPrice)
    if (!ordered('long', entry, stop, null)) return silence(view, unpriced(view, 'long'))
    return [
      {
        kind: 'enter',
        side: 'long',
        order: { type: 'limit', price: entry },
        stop,
        target: null,
        leverage: p.leverage,
        reason: `BB% ${bb.toFixed(1)} < ${p.bbPercentBelow}: limit ${p.entryBelowPercent} % under the lower band`,
      },
    ]
  },
}
