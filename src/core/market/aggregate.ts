import { assert } from '../base/assert.ts'
import { CandleSeries, type Candles, turnoverAt } from './candles.ts'
import { INTERVAL_MS, type Interval } from './interval.ts'

/**
 * Candles of a longer interval summed up from shorter ones. Only whole candles come out: one whose parts are not all
 * there is left out. Volume and turnover are sums.
 */
export function aggregate(candles: Candles, interval: Interval): CandleSeries {
  const short = INTERVAL_MS[candles.interval]
  const long = INTERVAL_MS[interval]
  assert(long % short === 0 && long > short, `${interval} is a multiple of ${candles.interval}`)
  const parts = long / short
  const whole = new CandleSeries(candles.symbol, interval, Math.ceil(candles.length / parts))
  let i = 0
  while (i < candles.length) {
    const start = Math.floor(candles.start[i] / long) * long
    let high = candles.high[i]
    let low = candles.low[i]
    let volume = 0
    let turnover = 0
    let j = i
    for (; j < candles.length && candles.start[j] < start + long; j++) {
      high = Math.max(high, candles.high[j])
      low = Math.min(low, candles.low[j])
      volume += candles.volume[j]
      turnover += turnoverAt(candles, j)
    }
    if (j - i === parts) whole.push(start, candles.open[i], high, low, candles.close[j - 1], volume, turnover)
    i = j
  }
  return whole
}
