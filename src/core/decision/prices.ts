import type { Price, Ticks } from '../base/units.ts'
import type { PriceFilters } from '../market/instrument.ts'
import { priceOf, toTicks } from '../market/quantise.ts'
import { type Side, sign } from '../market/side.ts'
import type { Position } from '../portfolio/position.ts'
import type { Fees } from './view.ts'

/** An entry price on the tick grid, rounded to the passive side: a buy down, a sell up. */
export function entryTicks(instrument: PriceFilters, side: Side, price: Price): Ticks {
  return toTicks(instrument, price, side === 'long' ? 'down' : 'up')
}

/** A target on the tick grid, rounded to the passive side: above for a long, below for a short. */
export function targetTicks(instrument: PriceFilters, side: Side, price: Price): Ticks {
  return toTicks(instrument, price, side === 'long' ? 'up' : 'down')
}

/** A stop on the tick grid, rounded to the tighter side: up for a long, down for a short. */
export function stopTicks(instrument: PriceFilters, side: Side, price: Price): Ticks {
  return toTicks(instrument, price, side === 'long' ? 'up' : 'down')
}

/** The exit price at which a position has earned both its fees: entered as maker, closed as taker. */
export function breakeven(side: Side, entry: Price, fees: Fees): Price {
  return entry * (1 + sign(side) * (fees.maker + fees.taker))
}

/** More ticks than this are no price of any market, and past 2^53 they could not be counted. */
const MOST_TICKS = 2 ** 52

/** Whether a price can be sent at all: a band below zero, or below the least price, cannot; nor can `NaN`. */
export function sendable(instrument: PriceFilters, price: Price): boolean {
  return price >= priceOf(instrument, instrument.minPrice) && price < MOST_TICKS * instrument.tickSize
}

/**
 * Whether the stop lies on the losing side of the entry and the target on the winning one. Where ticks are coarse,
 * rounding can bring them together or past each other: that is no entry.
 */
export function ordered(side: Side, entry: Ticks, stop: Ticks, target: Ticks | null): boolean {
  const direction = sign(side)
  return (entry - stop) * direction > 0 && (target === null || (target - entry) * direction > 0)
}

/**
 * Stop and target of a position that is taken at the market at `last`, in ticks; `undefined` where one of them cannot be
 * sent as a price, or they do not lie on their sides of the entry.
 */
export function protectedAt(
  instrument: PriceFilters,
  side: Side,
  last: Price,
  stopPrice: Price,
  targetPrice: Price | null,
): { readonly stop: Ticks; readonly target: Ticks | null } | undefined {
  const prices = targetPrice === null ? [last, stopPrice] : [last, stopPrice, targetPrice]
  if (!prices.every(price => sendable(instrument, price))) return undefined
  const stop = stopTicks(instrument, side, stopPrice)
  const target = targetPrice === null ? null : targetTicks(instrument, side, targetPrice)
  return ordered(side, toTicks(instrument, last, 'nearest'), stop, target) ? { stop, target } : undefined
}

/**
 * The stop of a position moved to `price`, in ticks; `undefined` when that is not tighter than the present one, or not
 * on the losing side of the mark any more: the exchange refuses such a stop, or triggers it at once.
 */
export function tighterStop(
  position: Pick<Position, 'instrument' | 'side' | 'stop'>,
  price: Price,
  mark: Price,
): Ticks | undefined {
  const { instrument, side } = position
  if (!sendable(instrument, price)) return undefined
  const stop = stopTicks(instrument, side, price)
  const direction = sign(side)
  const isTighter = (stop - position.stop) * direction > 0
  return isTighter && (mark - priceOf(instrument, stop)) * direction > 0 ? stop : undefined
}
