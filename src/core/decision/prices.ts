import type { Price, Ticks } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import { toTicks } from '../market/quantise.ts'
import { type Side, sign } from '../market/side.ts'
import type { Fees } from './view.ts'

/** An entry price on the tick grid, rounded to the passive side: a buy down, a sell up. */
export function entryTicks(instrument: Instrument, side: Side, price: Price): Ticks {
  return toTicks(instrument, price, side === 'long' ? 'down' : 'up')
}

/** A target on the tick grid, rounded to the passive side: above for a long, below for a short. */
export function targetTicks(instrument: Instrument, side: Side, price: Price): Ticks {
  return toTicks(instrument, price, side === 'long' ? 'up' : 'down')
}

/** A stop on the tick grid, rounded to the tighter side: up for a long, down for a short. */
export function stopTicks(instrument: Instrument, side: Side, price: Price): Ticks {
  return toTicks(instrument, price, side === 'long' ? 'up' : 'down')
}

/** The exit price at which a position has earned both its fees: entered as maker, closed as taker. */
export function breakeven(side: Side, entry: Price, fees: Fees): Price {
  return entry * (1 + sign(side) * (fees.maker + fees.taker))
}

/** Whether a price can be sent at all: a band below zero, or below the least price, cannot. */
export function sendable(instrument: Instrument, price: Price): boolean {
  return price >= instrument.minPrice * instrument.tickSize && Number.isFinite(price)
}
