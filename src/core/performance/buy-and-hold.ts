import type { Fraction } from '../base/units.ts'
import type { Candles } from '../market/candles.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import type { Period } from './exposure.ts'

/**
 * What holding the coin over the period would have returned, without costs: from the open of the first candle that
 * starts in it to the close of the last that ends in it, as a share of the former. Empty case: `null` when no candle
 * lies in the period with an opening price (the first candle of some listings has none).
 */
export function buyAndHold(candles: Candles, period: Period): Fraction | null {
  const length = INTERVAL_MS[candles.interval]
  let bought = 0
  let sold = 0
  for (let i = 0; i < candles.length; i++) {
    if (candles.start[i] < period.from) continue
    if (candles.start[i] + length > period.to) break
    if (bought === 0) bought = candles.open[i]
    sold = candles.close[i]
  }
  return bought > 0 ? sold / bought - 1 : null
}
