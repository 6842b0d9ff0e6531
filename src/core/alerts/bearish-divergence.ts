/**
 * Bearish RSI divergence on daily candles: two peaks at least 3 bars apart, the later one higher with a lower RSI.
 *
 * A peak is a high above the high before it and not below the one after it, so it is known one bar later: the later
 * peak is the bar before the newest one. The earlier peak is the highest of those at least `leastBars` and at most
 * `mostBars` before it, the nearer of two equal ones; it has to be overtopped, else the later one is no higher high.
 */
import type { AlertRule, AlertView } from './alert.ts'

const params = {
  leastBars: 3,
  mostBars: 30,
  windowHours: 24,
}

export const bearishDivergence: AlertRule<typeof params> = {
  id: 'bearish-divergence',
  timeframe: '1d',
  params,
  look(view, p) {
    const late = 1
    const high = peakAt(view, late)
    const rsi = view.rsiAt(late)
    if (high === undefined || rsi === undefined) return null
    let before: { readonly ago: number; readonly high: number } | undefined
    for (let ago = late + p.leastBars; ago <= late + p.mostBars; ago++) {
      const peak = peakAt(view, ago)
      if (peak !== undefined && (before === undefined || peak > before.high)) before = { ago, high: peak }
    }
    if (before === undefined || high <= before.high) return null
    const earlier = view.rsiAt(before.ago)
    if (earlier === undefined || rsi >= earlier) return null
    const bars = before.ago - late
    return {
      reason: `higher high after ${bars} bars, RSI ${earlier.toFixed(1)} then and ${rsi.toFixed(1)} now`,
      figures: { high, rsi, highBefore: before.high, rsiBefore: earlier, bars },
    }
  },
}

/** The high of a bar that is a peak; `undefined` for any other. */
function peakAt(view: AlertView, ago: number): number | undefined {
  const before = view.highAt(ago + 1)
  const high = view.highAt(ago)
  const after = view.highAt(ago - 1)
  if (before === undefined || high === undefined || after === undefined) return undefined
  return high > before && high >= after ? high : undefined
}
