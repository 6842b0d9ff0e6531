/**
 * Trailing stop for positions below leverage 10: locks part of the move once it is large.
 *
 * | move from entry to mark | locked |
 * | --- | --- |
 * | 5 % or more | 50 % of the move |
 * | 15 % or more | 75 % |
 *
 * Acts after TP2, or while the weekly BB% is above 75 (short: below 25).
 */
import { type Intent, NOTHING } from '../decision/intent.ts'
import { tighterStop } from '../decision/prices.ts'
import type { ManagementStrategy } from '../decision/strategy.ts'
import type { PositionView } from '../decision/view.ts'
import { sign } from '../market/side.ts'

const params = {
  /** Positions at this leverage or above are left to the x10 rule. */
  leverageBelow: 10,
  weekBbPercent: 75,
  firstMovePercent: 5,
  firstLockPercent: 50,
  secondMovePercent: 15,
  secondLockPercent: 75,
}

export const trailing3x: ManagementStrategy<typeof params> = {
  id: 'trailing-3x',
  role: 'management',
  params,
  decide(view: PositionView, p): readonly Intent[] {
    const { position, mark } = view
    if (position.leverage >= p.leverageBelow) return NOTHING
    const { side, entry } = position
    const movePercent = (100 * sign(side) * (mark - entry)) / entry
    if (movePercent < p.firstMovePercent) return NOTHING
    const week = view.weekBb(mark)
    const stretched = week !== undefined && (side === 'long' ? week : 100 - week) > p.weekBbPercent
    if (position.targetsFilled < 2 && !stretched) return NOTHING
    const lock = movePercent >= p.secondMovePercent ? p.secondLockPercent : p.firstLockPercent
    const stop = tighterStop(position, entry + (mark - entry) * (lock / 100), mark)
    if (stop === undefined) return NOTHING
    const reason = `move ${movePercent.toFixed(2)} %: ${lock} % of it locked`
    return [{ kind: 'move-stop', stop, why: 'trailing', reason }]
  },
}
