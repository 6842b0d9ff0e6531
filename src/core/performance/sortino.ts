import { DAYS_A_YEAR, dailyReturns, type EquityPoint } from './equity.ts'
import { meanOf } from './mean.ts'

/**
 * The Sortino ratio a year: mean of the daily equity returns over their downside deviation (the root of the mean square
 * of the returns below 0, over all days), times the root of 365 (Sortino and Price 1994, target 0). Empty case: `null`
 * with fewer than two returns, without a day of loss, and after equity was used up.
 */
export function sortino(equity: readonly EquityPoint[]): number | null {
  const returns = dailyReturns(equity)
  if (returns === null || returns.length < 2) return null
  const mean = meanOf(returns, r => r)
  const downside = meanOf(returns, r => (r < 0 ? r * r : 0))
  if (mean === null || downside === null || downside === 0) return null
  return (mean / Math.sqrt(downside)) * Math.sqrt(DAYS_A_YEAR)
}
