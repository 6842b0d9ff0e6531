/**
 * Pump: at least +80 % in 24 h with a turnover of at least 1 M USDT, and still rising by 5 % within 15 minutes.
 *
 * Both changes are those of the newest closed 15-minute candle; without a day of them there is no answer.
 */
import type { AlertRule } from './alert.ts'

const params = {
  changePercent: 80,
  leastTurnover: 1_000_000,
  quarterChangePercent: 5,
  windowHours: 24,
}

export const pump: AlertRule<typeof params> = {
  id: 'pump',
  timeframe: '15m',
  params,
  look({ quarter, turnover }, p) {
    const day = quarter?.change24h
    const now = quarter?.change
    if (day === undefined || now === undefined) return null
    if (day < p.changePercent || now < p.quarterChangePercent || !(turnover >= p.leastTurnover)) return null
    return {
      reason: `+${day.toFixed(1)} % in 24 h, +${now.toFixed(1)} % in 15 min`,
      figures: { change24h: day, change15m: now, turnover },
    }
  },
}
