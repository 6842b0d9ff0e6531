/** The one rule that adds alone pass: the position stays within what was planned at its entry. */
import type { Usdt } from '../base/units.ts'
import { priceOf, qtyOf } from '../market/quantise.ts'
import { opposite, sign } from '../market/side.ts'
import { type Position, positionKey, positionMargin } from '../portfolio/position.ts'
import { admit, type Guard, type Proposal, refuse } from './guard.ts'

/** A sum of fractions may miss by its last digits. */
const ROUNDING = 1e-9

/**
 * No add that would take the margin of its symbol, or the loss of its position at the present stop with both fees as
 * taker, beyond the plan; none without a plan. What somebody else has added counts, and so does in hedge mode the
 * margin of the other side: the limit is one of the symbol.
 */
export const plannedSize: Guard<Record<string, never>> = {
  id: 'planned-size',
  scope: 'signal',
  reads: 'order',
  params: {},
  check(proposal, { portfolio }) {
    const { addsTo } = proposal
    const plan = addsTo?.ladder
    if (addsTo === null || plan === undefined) return refuse('planned-size', 'no add was planned', {})
    let margin = positionMargin(addsTo) + proposal.margin
    const other = portfolio.positions.get(positionKey(addsTo.symbol, opposite(addsTo.side)))
    if (other !== undefined) margin += positionMargin(other)
    for (const one of portfolio.pending.values()) if (one.symbol === addsTo.symbol) margin += one.margin
    if (!(margin <= plan.maxMargin * (1 + ROUNDING))) {
      const words = `${addsTo.symbol} would bind ${margin.toFixed(2)} USDT, the limit is ${plan.maxMargin}`
      return refuse('planned-size', words, { margin, limit: plan.maxMargin })
    }
    const loss = lossAfter(proposal, addsTo, plan.takerFee)
    const figures = { margin, mostMargin: plan.maxMargin, loss, limit: plan.budget }
    if (loss <= plan.budget * (1 + ROUNDING)) return admit(proposal, figures)
    const words = `${loss.toFixed(2)} USDT would be lost at the stop, ${plan.budget.toFixed(2)} were planned`
    return refuse('planned-size', words, figures)
  },
}

/** What a position and the add to it lose at the present stop. */
function lossAfter({ entry, steps }: Proposal, position: Position, takerFee: number): Usdt {
  const { instrument, side } = position
  const stop = priceOf(instrument, position.stop)
  const of = (price: number, qty: number): Usdt =>
    qty * (sign(side) * (price - stop) + takerFee * (price + stop))
  return of(position.entry, qtyOf(instrument, position.steps)) + of(entry, qtyOf(instrument, steps))
}
