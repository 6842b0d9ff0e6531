import { DAYS_A_YEAR, dailyReturns, type EquityPoint } from './equity.ts'
import { meanOf, sumOf } from './mean.ts'

/**
 * The Sharpe ratio a year: mean over standard deviation (of a sample) of the daily equity returns, times the root of
 * 365; the riskless rate is taken as 0 (Sharpe 1994). Empty case: `null` with fewer than two returns, with returns
 * that do not vary, and after equity was used up.
 */
export function sharpe(equity: readonly EquityPoint[]): number | null {
  const returns = dailyReturns(equity)
  if (returns === null || returns.length < 2) return null
  const mean = meanOf(returns, r => r)
  if (mean === null) return null
  const variance = sumOf(returns, r => (r - mean) ** 2) / (returns.length - 1)
  const deviation = Math.sqrt(variance)
  return deviation <= ROUNDING_NOISE ? null : (mean / deviation) * Math.sqrt(DAYS_A_YEAR)
}

/** Equal returns differ by rounding alone: some 1e-16, each being a quotient near 1. */
const ROUNDING_NOISE = 1e-14
