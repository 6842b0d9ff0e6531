import type { Usdt } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import { sumOf } from './mean.ts'

/** What the trades earned after fees and funding. Empty case: 0. */
export function totalNet(trades: readonly Trade[]): Usdt {
  return sumOf(trades, trade => trade.net)
}

/** The fees of the trades, 0 or more. Empty case: 0. */
export function totalFees(trades: readonly Trade[]): Usdt {
  return sumOf(trades, trade => trade.fees)
}

/** The funding the trades received, negative when they paid more. Empty case: 0. */
export function totalFunding(trades: readonly Trade[]): Usdt {
  return sumOf(trades, trade => trade.funding)
}
