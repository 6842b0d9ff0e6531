/** Overbought: daily BB% above 75 on a symbol on which nothing is held. */
import type { AlertRule } from './alert.ts'

const params = {
  bbPercent: 75,
  windowHours: 24,
}

export const overbought: AlertRule<typeof params> = {
  id: 'overbought',
  timeframe: '1d',
  params,
  look(view, p) {
    const bb = view.bbPercent(view.price)
    if (view.isHeld || bb === undefined || bb <= p.bbPercent) return null
    return { reason: `daily BB% ${bb.toFixed(1)} > ${p.bbPercent}`, figures: { bbPercent: bb } }
  },
}
