import type { Timestamp, Usdt } from '../base/units.ts'

/** Equity (wallet plus unrealised) at one moment. A series has one point a day, ascending, the start first. */
export interface EquityPoint {
  readonly time: Timestamp
  readonly equity: Usdt
}

/** Days a year that a market open every day is annualised with. */
export const DAYS_A_YEAR = 365

/**
 * The return of each day on the day before, as fractions; one fewer than there are points. `null` when a point but
 * the last is 0 or less: there is no return on nothing. Empty case: no returns.
 */
export function dailyReturns(equity: readonly EquityPoint[]): readonly number[] | null {
  const returns: number[] = []
  for (let i = 1; i < equity.length; i++) {
    const before = equity[i - 1].equity
    if (before <= 0) return null
    returns.push(equity[i].equity / before - 1)
  }
  return returns
}
