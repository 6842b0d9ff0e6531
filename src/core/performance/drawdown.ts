import { DAY, type Fraction } from '../base/units.ts'
import type { EquityPoint } from './equity.ts'

/** The deepest fall of equity below an earlier peak. */
export interface Drawdown {
  /** Depth as a share of the peak: 0 when equity never fell, 1 when it was used up, above 1 when it went below 0. */
  readonly fraction: Fraction
  /** Days from that peak until equity was back at it, or until the series ended. */
  readonly days: number
  /** Whether equity came back to that peak. */
  readonly recovered: boolean
}

/**
 * The maximum drawdown of an equity series and how long it lasted, of two equally deep ones the earlier. Empty case:
 * `null` without a point, or when the first is 0 or less.
 */
export function maxDrawdown(equity: readonly EquityPoint[]): Drawdown | null {
  if (equity.length === 0 || equity[0].equity <= 0) return null
  let peak = 0
  let deepest: Fraction = 0
  let deepestPeak = 0
  for (let i = 1; i < equity.length; i++) {
    if (equity[i].equity >= equity[peak].equity) {
      peak = i
      continue
    }
    const fall = 1 - equity[i].equity / equity[peak].equity
    if (fall > deepest) {
      deepest = fall
      deepestPeak = peak
    }
  }
  if (deepest === 0) return { fraction: 0, days: 0, recovered: true }
  const { time, equity: height } = equity[deepestPeak]
  const back = equity.findIndex((point, i) => i > deepestPeak && point.equity >= height)
  const end = back < 0 ? equity.length - 1 : back
  return { fraction: deepest, days: (equity[end].time - time) / DAY, recovered: back >= 0 }
}
