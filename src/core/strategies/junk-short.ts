/**
 * Junk Short: sells a coin without standing after it has been driven up. Off by default.
 *
 * A coin outside tiers S, A and B with a turnover of 1 M USDT or more, not on the never-short list; the close at least
 * 80 % above the one before and daily BB% at least 70: limit sell 2 % above the close, stop 7 % above that, always. One
 * target, the middle band at the signal. From +15 % on 70 % of the move is locked, from +30 % on 85 %. A position whose
 * mark is beyond its entry 48 h after it was opened, or at any time later, is closed. Two positions, inside the shorts
 * that the grid's short side may have.
 */
import { HOUR } from '../base/units.ts'
import { type Intent, NOTHING } from '../decision/intent.ts'
import {
  entryTicks,
  ordered,
  protectedAt,
  sendable,
  stopTicks,
  targetTicks,
  tighterStop,
} from '../decision/prices.ts'
import { lack, silence, unknown, unlessAtLeast, unlessShortable, unpriced } from '../decision/reasons.ts'
import type { EntryStrategy } from '../decision/strategy.ts'
import type { PositionView, View } from '../decision/view.ts'
import { sign } from '../market/side.ts'
import type { Tier } from '../market/tiers.ts'

/** Tiers whose coins have a standing. */
const STANDING: readonly Tier[] = ['S', 'A', 'B']

const params = {
  leverage: 3,
  /** Share of equity the sizing starts from. */
  risk: 0.06,
  maxPositions: 2,
  /** Together with the shorts of the grid and of SL Re-entry. */
  maxShorts: 3,
  leastTurnover: 1_000_000,
  /** Change of the close over a day has to be at least. */
  changePercentFrom: 80,
  bbPercentFrom: 70,
  /** Limit above the close, stop above the limit. */
  entryAbovePercent: 2,
  stopAbovePercent: 7,
  firstMovePercent: 15,
  firstLockPercent: 70,
  secondMovePercent: 30,
  secondLockPercent: 85,
  losingHours: 48,
}

export const junkShort: EntryStrategy<typeof params> = {
  id: 'junk-short',
  role: 'entry',
  timeframe: '1d',
  precedence: 7,
  optIn: true,
  params,
  terms: p => ({
    leverage: p.leverage,
    risk: p.risk,
    maxPositions: p.maxPositions,
    sharedSlots: [
      { side: 'short', of: ['bollinger-grid-short', 'junk-short', 'sl-reentry'], most: p.maxShorts },
    ],
    cooldown: 0,
    cooldownAfterStop: 0,
    cooldownAfterTarget: 0,
    maxHold: null,
    partialTargets: false,
  }),
  exchange(side, { neverShort, tier, turnover, middle, last, instrument }, p) {
    if (side !== 'short' || STANDING.includes(tier) || neverShort) return undefined
    if (!(turnover >= p.leastTurnover) || middle === undefined) return undefined
    return protectedAt(instrument, side, last, last * (1 + p.stopAbovePercent / 100), middle)
  },
  decide(view: View, p): readonly Intent[] {
    const { instrument, price, change, middle, turnover } = view
    const bb = view.bbPercent(price)
    if (change === undefined || bb === undefined || middle === undefined) {
      return silence(view, unknown(view, 'short', 'change and BB%'))
    }
    if (STANDING.includes(view.tier)) {
      return silence(view, lack(view, 'short', 'tier', view.tier, 'must not be S, A or B'))
    }
    const unfit =
      unlessShortable(view) ??
      unlessAtLeast(view, 'short', 'turnover', turnover, p.leastTurnover) ??
      unlessAtLeast(view, 'short', 'change in %', change, p.changePercentFrom) ??
      unlessAtLeast(view, 'short', 'BB%', bb, p.bbPercentFrom)
    if (unfit !== null) return silence(view, unfit)
    const entryPrice = price * (1 + p.entryAbovePercent / 100)
    const stopPrice = entryPrice * (1 + p.stopAbovePercent / 100)
    if (![entryPrice, stopPrice, middle].every(one => sendable(instrument, one))) {
      return silence(view, unpriced(view, 'short'))
    }
    const entry = entryTicks(instrument, 'short', entryPrice)
    const stop = stopTicks(instrument, 'short', stopPrice)
    const target = targetTicks(instrument, 'short', middle)
    if (!ordered('short', entry, stop, target)) return silence(view, unpriced(view, 'short'))
    return [
      {
        kind: 'enter',
        side: 'short',
        order: { type: 'limit', price: entry },
        stop,
        target,
        leverage: p.leverage,
        reason: `+${change.toFixed(1)} % in a day, BB% ${bb.toFixed(1)} >= ${p.bbPercentFrom}: limit ${p.entryAbovePercent} % above the close`,
      },
    ]
  },
  ages: p => [p.losingHours * HOUR],
  manage(moment, view: PositionView, p): readonly Intent[] {
    if (moment === 'time-exits') return closeLosing(view, p)
    return moment === 'trailing' ? trail(view, p) : NOTHING
  },
}

function closeLosing(view: PositionView, p: typeof params): readonly Intent[] {
  const { position, mark, now } = view
  const isOld = now - position.openedAt >= p.losingHours * HOUR
  if (!isOld || !(moved(view) < 0)) return NOTHING
  const reason = `losing after ${p.losingHours} h: the mark is ${mark}, beyond the entry`
  return [{ kind: 'exit', why: 'time-exit', reason }]
}

function trail(view: PositionView, p: typeof params): readonly Intent[] {
  const { position, mark } = view
  const movePercent = moved(view)
  if (!(movePercent >= p.firstMovePercent)) return NOTHING
  const lock = movePercent >= p.secondMovePercent ? p.secondLockPercent : p.firstLockPercent
  const stop = tighterStop(position, position.entry + (mark - position.entry) * (lock / 100), mark)
  if (stop === undefined) return NOTHING
  const reason = `move ${movePercent.toFixed(2)} %: ${lock} % of it locked`
  return [{ kind: 'move-stop', stop, why: 'trailing', reason }]
}

/** The move from entry to mark in the position's favour, in percent of the entry. */
function moved({ position, mark }: PositionView): number {
  return (100 * sign(position.side) * (mark - position.entry)) / position.entry
}
