/**
 * Bollinger Grid SHORT: sells into strength near the daily upper band.
 *
 * Tier A or B, not on the never-short list, daily BB% at least 85, daily, weekly and monthly BB% above 50 on two of
 * three: limit sell 2 % above the close, stop 5 % above the entry. Targets follow the bands (Partial TP, mirrored).
 * Held 72 h at most. The stop is 5 % above the limit before rounding, which is the tighter reading.
 */
import { HOUR } from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import { entryTicks, ordered, protectedAt, sendable, stopTicks } from '../decision/prices.ts'
import { lack, silence, unknown, unlessAtLeast, unlessShortable, unpriced } from '../decision/reasons.ts'
import type { EntryStrategy } from '../decision/strategy.ts'
import type { View } from '../decision/view.ts'

const params = {
  leverage: 3,
  /** Share of equity the sizing starts from. */
  risk: 0.2,
  maxPositions: 3,
  cooldownHours: 2,
  maxHoldHours: 72,
  /** BB% has to be at least. */
  bbPercentFrom: 85,
  /** Of daily, weekly and monthly BB%, how many have to be above 50. */
  minAgreement: 2,
  /** Limit above the close, stop above the limit. */
  entryAbovePercent: 2,
  stopAbovePercent: 5,
}

export const bollingerGridShort: EntryStrategy<typeof params> = {
  id: 'bollinger-grid-short',
  role: 'entry',
  timeframe: '1d',
  precedence: 6,
  params,
  terms: p => ({
    leverage: p.leverage,
    risk: p.risk,
    maxPositions: p.maxPositions,
    sharedSlots: [
      { side: 'short', of: ['bollinger-grid-short', 'junk-short', 'sl-reentry'], most: p.maxPositions },
    ],
    cooldown: p.cooldownHours * HOUR,
    cooldownAfterStop: 0,
    cooldownAfterTarget: 0,
    maxHold: p.maxHoldHours * HOUR,
    partialTargets: true,
  }),
  exchange(side, { neverShort, tier, last, instrument }, p) {
    if (side !== 'short' || neverShort || (tier !== 'A' && tier !== 'B')) return undefined
    return protectedAt(instrument, side, last, last * (1 + p.stopAbovePercent / 100), null)
  },
  decide(view: View, p): readonly Intent[] {
    const bb = view.bbPercent(view.price)
    const { instrument } = view
    if (bb === undefined) return silence(view, unknown(view, 'short', 'BB%'))
    const unfit = unlessAtLeast(view, 'short', 'BB%', bb, p.bbPercentFrom) ?? unlessShortable(view)
    if (unfit !== null) return silence(view, unfit)
    if (view.tier !== 'A' && view.tier !== 'B') {
      return silence(view, lack(view, 'short', 'tier', view.tier, 'has to be A or B'))
    }
    const agreement = view.agreement('short', view.price)
    const against = unlessAtLeast(view, 'short', 'agreeing bands', agreement, p.minAgreement)
    if (against !== null) return silence(view, against)
    if (view.stopOut('short') !== undefined) {
      return silence(view, lack(view, 'short', 'stopped out', 'short', 'SL Re-entry decides first'))
    }
    const entryPrice = view.price * (1 + p.entryAbovePercent / 100)
    const stopPrice = entryPrice * (1 + p.stopAbovePercent / 100)
    if (!sendable(instrument, entryPrice) || !sendable(instrument, stopPrice)) {
      return silence(view, unpriced(view, 'short'))
    }
    const entry = entryTicks(instrument, 'short', entryPrice)
    const stop = stopTicks(instrument, 'short', stopPrice)
    if (!ordered('short', entry, stop, null)) return silence(view, unpriced(view, 'short'))
    return [
      {
        kind: 'enter',
        side: 'short',
        order: { type: 'limit', price: entry },
        stop,
        target: null,
        leverage: p.leverage,
        reason: `BB% ${bb.toFixed(1)} >= ${p.bbPercentFrom}, ${agreement} of 3 agree: limit ${p.entryAbovePercent} % above the close`,
      },
    ]
  },
}
