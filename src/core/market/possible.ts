import type { Candle } from './candles.ts'

/** What no market can have printed: the field that is wrong and why. */
export interface Impossibility {
  readonly field: 'open' | 'high' | 'low' | 'close' | 'volume' | 'turnover'
  readonly reason: string
}

const PRICES = ['open', 'high', 'low', 'close'] as const

/**
 * Why a candle cannot be true: a price that is not positive and finite, an open, high or close outside low..high, a
 * negative or infinite volume or turnover. `null` for a possible candle; a turnover of `NaN` (left blank) is possible.
 */
export function impossibility(candle: Omit<Candle, 'start'>): Impossibility | null {
  for (const field of PRICES) {
    const price = candle[field]
    if (!Number.isFinite(price)) return { field, reason: `${field} is ${price}, not a finite number` }
    if (price <= 0) return { field, reason: `${field} is ${price}, a price is above 0` }
  }
  const { open, high, low, close, volume, turnover } = candle
  if (high < low) return { field: 'high', reason: `high ${high} is below low ${low}` }
  if (open > high || open < low) return { field: 'open', reason: `open ${open} is outside ${low}..${high}` }
  if (close > high || close < low)
    return { field: 'close', reason: `close ${close} is outside ${low}..${high}` }
  if (!Number.isFinite(volume)) return { field: 'volume', reason: `volume is ${volume}, not a finite number` }
  if (volume < 0) return { field: 'volume', reason: `volume is ${volume}, below 0` }
  if (turnover < 0) return { field: 'turnover', reason: `turnover is ${turnover}, below 0` }
  if (turnover === Number.POSITIVE_INFINITY) return { field: 'turnover', reason: 'turnover is infinite' }
  return null
}
