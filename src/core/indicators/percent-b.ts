import type { Percent, Price } from '../base/units.ts'

/**
 * BB%: where a price lies between the bands, 0 at the lower and 100 at the upper one, not clipped; 50 when the bands
 * have no width. The bands must be known. Source: %B x 100, Bollinger (2001).
 */
export function percentB(price: Price, lower: Price, upper: Price): Percent {
  const width = upper - lower
  return width === 0 ? 50 : (100 * (price - lower)) / width
}

/** BB% of every price within the bands of its own row, written to `out` and returned; `NaN` where bands are absent. */
export function percentBColumn(
  prices: Float64Array,
  lower: Float64Array,
  upper: Float64Array,
  length: number,
  out: Float64Array = new Float64Array(length),
): Float64Array {
  for (let i = 0; i < length; i++) out[i] = percentB(prices[i], lower[i], upper[i])
  return out
}
