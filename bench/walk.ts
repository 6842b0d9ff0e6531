import { random } from '../src/core/base/random.ts'
import { CandleSeries } from '../src/core/market/candles.ts'
import { INTERVAL_MS, type Interval } from '../src/core/market/interval.ts'

/**
 * A seeded geometric random walk as candles on a tick of 0.01: nothing but a load for the benchmarks.
 *
 * @param volatility of one bar, as a share of the price
 */
export function walk(
  seed: string,
  symbol: string,
  interval: Interval,
  bars: number,
  volatility: number,
): CandleSeries {
  const source = random(seed)
  const candles = new CandleSeries(symbol, interval, bars)
  const cents = (price: number): number => Math.max(1, Math.round(price * 100)) / 100
  let price = 30_000
  for (let i = 0; i < bars; i++) {
    const open = cents(price)
    const drawn = price * Math.exp(volatility * source.normal() - (volatility * volatility) / 2)
    // Kept between bounds, so that a walk of any length stays a price.
    price = Math.min(Math.max(drawn, 1_000), 900_000)
    const close = cents(price)
    const wick = 1 + Math.abs(volatility * source.normal()) / 2
    const high = cents(Math.max(open, close) * wick)
    const low = cents(Math.min(open, close) / wick)
    candles.push(i * INTERVAL_MS[interval], open, high, low, close, 20_000, Number.NaN)
  }
  return candles
}
