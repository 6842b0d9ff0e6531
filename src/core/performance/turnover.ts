import type { Usdt } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import { sumOf } from './mean.ts'

/** The value traded in USDT, entries and exits added. Empty case: 0. */
export function turnover(trades: readonly Trade[]): Usdt {
  return sumOf(trades, trade => trade.qty * (trade.entry + trade.exit))
}
