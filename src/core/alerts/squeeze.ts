/**
 * Squeeze: the 15-minute bands are as narrow as they seldom are, and the newest candle's volume breaks out.
 *
 * Squeeze percentile at most 5 (share of the last 120 widths at most the present one), newest volume at least 5 times
 * the mean of the 15 before it.
 */
import type { AlertRule } from './alert.ts'

const params = {
  percentile: 5,
  volumeRatio: 5,
  windowHours: 4,
}

export const squeeze: AlertRule<typeof params> = {
  id: 'squeeze',
  timeframe: '15m',
  params,
  look({ quarter }, p) {
    const narrow = quarter?.squeeze
    const ratio = quarter?.volumeRatio
    if (narrow === undefined || ratio === undefined) return null
    if (narrow > p.percentile || ratio < p.volumeRatio) return null
    return {
      reason: `15m squeeze percentile ${narrow.toFixed(1)}, volume ${ratio.toFixed(1)} times its mean`,
      figures: { squeeze: narrow, volumeRatio: ratio },
    }
  },
}
