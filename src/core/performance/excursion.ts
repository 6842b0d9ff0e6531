import type { Percent } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import { meanOf } from './mean.ts'

/**
 * The mean of the trades' maximum adverse excursions: how far the price went against the entry while the position was
 * open, in percent of the entry, 0 or less (Sweeney 1996). Empty case: `null`.
 */
export function averageMae(trades: readonly Trade[]): Percent | null {
  return meanOf(trades, trade => trade.mae)
}

/** The mean of the maximum favourable excursions, the same upwards, 0 or more. Empty case: `null`. */
export function averageMfe(trades: readonly Trade[]): Percent | null {
  return meanOf(trades, trade => trade.mfe)
}
