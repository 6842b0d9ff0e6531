import type { Usdt } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import { meanOf } from './mean.ts'

/** The mean net result of a trade in USDT. Empty case: `null`. */
export function expectancy(trades: readonly Trade[]): Usdt | null {
  return meanOf(trades, trade => trade.net)
}
