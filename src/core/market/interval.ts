import { DAY, HOUR, MINUTE, type Milliseconds } from '../base/units.ts'

/** The candle lengths bbw reads, named as freqtrade and the exchange's own tools name them. */
export const INTERVALS = ['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '12h', '1d'] as const
export type Interval = (typeof INTERVALS)[number]

export const INTERVAL_MS: { readonly [K in Interval]: Milliseconds } = {
  '1m': MINUTE,
  '3m': 3 * MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '30m': 30 * MINUTE,
  '1h': HOUR,
  '2h': 2 * HOUR,
  '4h': 4 * HOUR,
  '6h': 6 * HOUR,
  '12h': 12 * HOUR,
  '1d': DAY,
}

export function isInterval(text: string): text is Interval {
  return (INTERVALS as readonly string[]).includes(text)
}
