import type { Percent, Price } from '../base/units.ts'

/**
 * BB%: where a price lies between the bands, 0 at the lower and 100 at the upper one, not clipped; 50 when the bands
 * have no width. The bands must be known. Source: %B x 100, Bollinger (2001).
 */
export function percentB(price: Price, lower: Price, upper: Price): Percent {
  const width = upper - lower
  return width === 0 ? 50 : (100 * (price - lower)) / width
}
