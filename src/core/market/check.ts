import type { Timestamp } from '../base/units.ts'
import type { Candles } from './candles.ts'
import { INTERVAL_MS } from './interval.ts'
import type { MarkCandles } from './mark.ts'
import { impossibility } from './possible.ts'

/** Something to be told about recorded candles. A gap is only a hole; every other kind cannot be true. */
export type Finding =
  | { readonly kind: 'gap'; readonly time: Timestamp; readonly missing: number; readonly reason: string }
  | {
      readonly kind: 'duplicate' | 'disorder' | 'overlap' | 'impossible'
      readonly time: Timestamp
      readonly reason: string
    }

/**
 * Everything wrong with a series, in its order: gaps (`time` is the first bar after the hole, `missing` the bars in
 * it), bars that come twice or too early, bars that begin inside another, and bars no market can have printed.
 */
export function findings(candles: Candles | MarkCandles): readonly Finding[] {
  const step = INTERVAL_MS[candles.interval]
  const { start, open, high, low, close, length } = candles
  const found: Finding[] = []
  for (let i = 0; i < length; i += 1) {
    const time = start[i]
    if (i > 0) {
      const before = (): string => new Date(start[i - 1]).toISOString()
      const distance = time - start[i - 1]
      if (distance === 0) found.push({ kind: 'duplicate', time, reason: 'a second candle for this time' })
      else if (distance < 0) found.push({ kind: 'disorder', time, reason: `it comes after ${before()}` })
      else if (distance % step !== 0) {
        const reason = `it is not a whole number of intervals after ${before()}`
        found.push({ kind: 'overlap', time, reason })
      } else if (distance > step) {
        const missing = distance / step - 1
        found.push({ kind: 'gap', time, missing, reason: `${missing} candles are missing after ${before()}` })
      }
    }
    const fault = impossibility({
      open: open[i],
      high: high[i],
      low: low[i],
      close: close[i],
      volume: 'volume' in candles ? candles.volume[i] : 0,
      turnover: 'turnover' in candles ? candles.turnover[i] : Number.NaN,
    })
    if (fault !== null) found.push({ kind: 'impossible', time, reason: fault.reason })
  }
  return found
}
