import type { Percent } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import { meanOf } from './mean.ts'

/** The mean net result of a trade, in percent of its notional; every trade counts alike. Empty case: `null`. */
export function averageNetPercent(trades: readonly Trade[]): Percent | null {
  return meanOf(trades, trade => trade.netPercent)
}

/** The best net result of a trade, in percent of its notional. Empty case: `null`. */
export function bestNetPercent(trades: readonly Trade[]): Percent | null {
  let best: Percent | null = null
  for (const { netPercent } of trades) if (best === null || netPercent > best) best = netPercent
  return best
}

/** The worst net result of a trade, in percent of its notional. Empty case: `null`. */
export function worstNetPercent(trades: readonly Trade[]): Percent | null {
  let worst: Percent | null = null
  for (const { netPercent } of trades) if (worst === null || netPercent < worst) worst = netPercent
  return worst
}
