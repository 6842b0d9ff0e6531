/** What a symbol allows: how far a price may lie from the market, and how many orders there may be. */
import type { Price, Ticks } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { priceOf, toTicks } from '../../../market/quantise.ts'
import type { PathPoint } from './path.ts'

/** Orders and stops that an account may have on a symbol. */
export const MOST_ACTIVE = 500
export const MOST_CONDITIONAL = 10
export const MOST_PAIRS = 20

/** `priceLimitRatioX` and `priceLimitRatioY`: less is allowed where more leverage is. */
export function limitRatios({ maxLeverage }: Instrument): { readonly x: number; readonly y: number } {
  if (maxLeverage >= 100) return { x: 0.01, y: 0.02 }
  return maxLeverage >= 50 ? { x: 0.02, y: 0.04 } : { x: 0.05, y: 0.1 }
}

/**
 * The greatest price of a buy and the least of a sell. Source: Bybit's price limits as of 2026-05-26, with the premium
 * of this moment for its mean over 30 s.
 */
export function priceLimits(
  instrument: Instrument,
  { last, mark }: PathPoint,
): { readonly buy: Ticks; readonly sell: Ticks } {
  const { x, y } = limitRatios(instrument)
  const premium = last - mark
  const least: Price = priceOf(instrument, instrument.minPrice)
  const buy = Math.min(mark * (1 + y), Math.max(mark, mark * (1 + x) + Math.max(0, premium)))
  const sell = Math.max(mark * (1 - y), Math.min(mark, mark * (1 - x) + Math.min(0, premium)))
  return {
    buy: toTicks(instrument, Math.max(buy, least), 'down'),
    sell: toTicks(instrument, Math.max(sell, least), 'up'),
  }
}
