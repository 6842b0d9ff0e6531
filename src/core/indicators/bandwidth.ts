import type { Percent, Price } from '../base/units.ts'
import type { Bands } from './bollinger.ts'

/** Distance between the bands in percent of the middle, exactly 0 on a flat window. Source: Bollinger (2001). */
export function bandwidth(lower: Price, middle: Price, upper: Price): Percent {
  return (100 * (upper - lower)) / middle
}

/** The bandwidth of the first `length` rows, written to `out` and returned; `NaN` where the bands are absent. */
export function bandwidthColumn(
  bands: Bands,
  length: number,
  out: Float64Array = new Float64Array(length),
): Float64Array {
  const { lower, middle, upper } = bands
  for (let i = 0; i < length; i++) out[i] = bandwidth(lower[i], middle[i], upper[i])
  return out
}
