import type { Fraction, Percent } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import { meanOf } from './mean.ts'

/** A net result within this is nothing: its sign is a matter of costs, and the win rate counts it all the same. */
const NEAR_ZERO: Percent = 0.05

/** The share of trades whose net result is within 0.05 % of their notional, either way. Empty case: `null`. */
export function nearZeroShare(trades: readonly Trade[]): Fraction | null {
  return meanOf(trades, trade => (Math.abs(trade.netPercent) <= NEAR_ZERO ? 1 : 0))
}
