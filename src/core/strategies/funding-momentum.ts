/**
 * Funding Momentum: with the side that is paid for being held, when the price is at the edge of the daily bands.
 *
 * LONG  funding below -0.1 % per 8 h (shorts pay) and BB% below 15.
 * SHORT funding above +0.1 % per 8 h (longs pay), BB% above 85 and the close below that of 3 days ago; not what is never
 *       sold short.
 * At the market, stop 4 % from the close, one target, the middle band at the signal. Leverage 10. Closed when funding has
 * changed its sign, so that the position pays: a rate of exactly 0 has no sign. Funding that is not known is no signal,
 * and no reason to close.
 */
import { HOUR } from '../base/units.ts'
import { type Intent, NOTHING } from '../decision/intent.ts'
import { ordered, sendable, stopTicks, targetTicks } from '../decision/prices.ts'
import { silence, unknown, unlessAbove, unlessBelow, unlessShortable, unpriced } from '../decision/reasons.ts'
import type { EntryStrategy } from '../decision/strategy.ts'
import type { PositionView, View } from '../decision/view.ts'
import { toTicks } from '../market/quantise.ts'
import { type Side, sign } from '../market/side.ts'

const params = {
  leverage: 10,
  /** Share of equity the sizing starts from. */
  risk: 0.05,
  maxPositions: 3,
  cooldownHours: 4,
  /** LONG below minus, SHORT above plus this, per 8 h in percent. */
  fundingPercent: 0.1,
  longBbPercentBelow: 15,
  shortBbPercentAbove: 85,
  /** SHORT: the close is below the one of so many days ago. */
  fallingDays: 3,
  /** Stop beyond the close. */
  stopPercent: 4,
}

export const fundingMomentum: EntryStrategy<typeof params> = {
  id: 'funding-momentum',
  role: 'entry',
  timeframe: '1d',
  precedence: 2,
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
    const { funding, price, middle } = view
    const bb = view.bbPercent(price)
    if (funding === null) return silence(view, unknown(view, null, RATE))
    if (bb === undefined || middle === undefined) return silence(view, unknown(view, null, 'BB%'))
    const percent = 100 * funding
    const noLong =
      unlessBelow(view, 'long', RATE, percent, -p.fundingPercent) ??
      unlessBelow(view, 'long', 'BB%', bb, p.longBbPercentBelow)
    if (noLong === null) return enter(view, p, 'long', middle, words(percent, bb))
    const noShort =
      unlessAbove(view, 'short', RATE, percent, p.fundingPercent) ??
      unlessAbove(view, 'short', 'BB%', bb, p.shortBbPercentAbove) ??
      unlessShortable(view)
    if (noShort !== null) return silence(view, noLong, noShort)
    const before = view.closeAgo(p.fallingDays)
    if (before === undefined) return silence(view, noLong, unknown(view, 'short', 'earlier close'))
    const rising = unlessBelow(view, 'short', 'close', price, before)
    if (rising !== null) return silence(view, noLong, rising)
    return enter(view, p, 'short', middle, `${words(percent, bb)}, below the close ${p.fallingDays} days ago`)
  },
  manage(moment, { position, funding }: PositionView): readonly Intent[] {
    if (moment !== 'funding-sign' || funding === null || funding * sign(position.side) <= 0) return NOTHING
    const reason = `funding is ${(100 * funding).toFixed(4)} % per 8 h now: the position pays`
    return [{ kind: 'exit', why: 'funding-sign', reason }]
  },
}

/** What the rate is called where it is missing. */
const RATE = 'funding in % per 8 h'

function words(percent: number, bb: number): string {
  return `funding ${percent.toFixed(3)} % per 8 h, BB% ${bb.toFixed(1)}`
}

function enter(view: View, p: typeof params, side: Side, middle: number, why: string): readonly Intent[] {
  const { instrument, price, last } = view
  const stopPrice = price * (1 - (sign(side) * p.stopPercent) / 100)
  if (![price, last, stopPrice, middle].every(one => sendable(instrument, one))) {
    return silence(view, unpriced(view, side))
  }
  const stop = stopTicks(instrument, side, stopPrice)
  const target = targetTicks(instrument, side, middle)
  // It fills about where the price is now: a target that lies behind that is none.
  if (!ordered(side, toTicks(instrument, last, 'nearest'), stop, target)) {
    return silence(view, unpriced(view, side))
  }
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
