import type { Fraction } from '../base/units.ts'
import type { EquityPoint } from './equity.ts'

/**
 * The change of equity from the first point to the last, as a share of the first. Empty case: `null` without a point,
 * or when the first is 0 or less.
 */
export function totalReturn(equity: readonly EquityPoint[]): Fraction | null {
  if (equity.length === 0 || equity[0].equity <= 0) return null
  return equity[equity.length - 1].equity / equity[0].equity - 1
}
