import type { Fraction } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import { meanOf } from './mean.ts'

/** The share of trades that earned something after fees and funding (net above 0). Empty case: `null`. */
export function winRate(trades: readonly Trade[]): Fraction | null {
  return meanOf(trades, trade => (trade.net > 0 ? 1 : 0))
}
