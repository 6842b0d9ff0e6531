/**
 * Trailing SL x10: tightens the stop of positions at leverage 10 or more; others are not touched.
 *
 * | move from entry to mark | stop |
 * | --- | --- |
 * | 1.5 % or more | breakeven, both fees included, that of the entry as it was paid |
 * | 3 % or more | 50 % of the move locked |
 * | 6 % or more | 75 % locked |
 * | less, on the weekly band alone | distance between stop and mark halved, once |
 *
 * Acts while the weekly BB% is below 25 (short: above 75) or the ROE is above 15 %. The halving needs the weekly BB%
 * to have crossed that line after entry and a bar of the strategy to have closed since: it was on the good side at the
 * decision, and is beyond the line both at the close of the newest bar and now, so that one bad tick halves nothing. A
 * new stop is sent only when it moves by 0.5 % of the mark or more.
 */
import type { Fraction, Ticks } from '../base/units.ts'
import { type Intent, NOTHING, type StopMove } from '../decision/intent.ts'
import { breakeven, tighterStop } from '../decision/prices.ts'
import type { ManagementStrategy } from '../decision/strategy.ts'
import type { Fees, PositionView } from '../decision/view.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { priceOf, qtyOf } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import type { Position } from '../portfolio/position.ts'

const params = {
  leverageFrom: 10,
  weekBbPercent: 25,
  roePercent: 15,
  evenMovePercent: 1.5,
  firstMovePercent: 3,
  firstLockPercent: 50,
  secondMovePercent: 6,
  secondLockPercent: 75,
  leastMovePercent: 0.5,
}

export const trailingX10: ManagementStrategy<typeof params> = {
  id: 'trailing-x10',
  role: 'management',
  params,
  decide(view: PositionView, p): readonly Intent[] {
    const { position, mark } = view
    if (position.leverage < p.leverageFrom) return NOTHING
    const { side, entry, instrument } = position
    const movePercent = (100 * sign(side) * (mark - entry)) / entry
    const week = view.weekBb(mark)
    const weak = week !== undefined && towardsLoss(side, week) < p.weekBbPercent
    if (!weak && movePercent * position.leverage <= p.roePercent) return NOTHING
    let price: number
    let why: StopMove = 'trailing'
    let reason: string
    if (movePercent >= p.secondMovePercent) {
      price = entry + (mark - entry) * (p.secondLockPercent / 100)
      reason = `move ${movePercent.toFixed(2)} %: ${p.secondLockPercent} % of it locked`
    } else if (movePercent >= p.firstMovePercent) {
      price = entry + (mark - entry) * (p.firstLockPercent / 100)
      reason = `move ${movePercent.toFixed(2)} %: ${p.firstLockPercent} % of it locked`
    } else if (movePercent >= p.evenMovePercent) {
      price = breakeven(side, entry, { ...view.fees, maker: entryFee(position, view.fees) })
      why = 'breakeven'
      reason = `move ${movePercent.toFixed(2)} %: breakeven locked`
    } else {
      if (!weak || !crossed(view, p.weekBbPercent)) return NOTHING
      price = (priceOf(instrument, position.stop) + mark) / 2
      why = 'halving'
      reason = `weekly BB% ${week.toFixed(1)} turned against the position: distance to the stop halved`
    }
    const stop = tighterStop(position, price, mark)
    if (stop === undefined) return NOTHING
    const better = Math.abs(stop - position.stop) as Ticks
    if (priceOf(instrument, better) < (mark * p.leastMovePercent) / 100) return NOTHING
    return [{ kind: 'move-stop', stop, why, reason }]
  },
}

/** What the entry has paid as a share of its value, at least a maker's fee: an entry at the market has paid more. */
function entryFee({ exits, fees: paid, entry, enteredSteps, instrument }: Position, fees: Fees): Fraction {
  if (exits.length > 0) return fees.taker
  return Math.max(fees.maker, paid / (qtyOf(instrument, enteredSteps) * entry))
}

/** Whether the weekly BB% was on the good side at the decision, and a bar since the entry has closed on the other. */
function crossed(view: PositionView, line: number): boolean {
  const { position } = view
  if (position.halved || position.weekBbAtEntry === null) return false
  if (towardsLoss(position.side, position.weekBbAtEntry) < line) return false
  // The bar is one of the strategy's own.
  const bar = position.timeframe === '5m' ? view.minutes5 : view
  if (bar === undefined) return false
  const atClose = view.weekBb(bar.price)
  const barClosed = bar.candleStart + INTERVAL_MS[position.timeframe] > position.openedAt
  return barClosed && atClose !== undefined && towardsLoss(position.side, atClose) < line
}

/** Weekly BB% as a long sees it: mirrored for a short. */
function towardsLoss(side: 'long' | 'short', weekBb: number): number {
  return side === 'long' ? weekBb : 100 - weekBb
}
