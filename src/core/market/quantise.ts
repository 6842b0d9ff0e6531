import { assert } from '../base/assert.ts'
import { formatCount, fromCount, gridOf, parseCount, type Rounding, toCount } from '../base/decimal.ts'
import { DataError } from '../base/errors.ts'
import type { Price, Qty, Steps, Ticks } from '../base/units.ts'
import type { Instrument } from './instrument.ts'

type PriceGrid = Pick<Instrument, 'symbol' | 'tick'>
type QtyGrid = Pick<Instrument, 'symbol' | 'step'>

/**
 * A price as whole ticks, at least 1; how values next to a multiple are read is said at `toCount`. Throws on a price
 * that is not a positive finite number, and when it rounds to 0 ticks: whether a price can be sent at all is for the
 * caller to ask first.
 */
export function toTicks(instrument: PriceGrid, price: Price, rounding: Rounding): Ticks {
  if (!(price > 0)) assert(false, `${price} is not a price of ${instrument.symbol}`)
  const ticks = toCount(gridOf(instrument.tick), price, rounding)
  if (ticks === 0)
    assert(false, `${price} is less than one tick of ${instrument.symbol} (${instrument.tick})`)
  return ticks as Ticks
}

/**
 * A quantity as whole steps, 0 when it is less than one: that is for the minimum quantity to refuse, with its reason.
 * Throws on a quantity that is negative or not finite.
 */
export function toSteps(instrument: QtyGrid, qty: Qty, rounding: Rounding): Steps {
  return toCount(gridOf(instrument.step), qty, rounding) as Steps
}

/** The double nearest to the price. */
export function priceOf(instrument: Pick<Instrument, 'tick'>, ticks: Ticks): Price {
  return fromCount(gridOf(instrument.tick), ticks)
}

/** The double nearest to the quantity. */
export function qtyOf(instrument: Pick<Instrument, 'step'>, steps: Steps): Qty {
  return fromCount(gridOf(instrument.step), steps)
}

/**
 * The price as the exchange is sent it: plain notation with the tick's decimals. Throws on 0, which the exchange reads
 * as "remove the stop".
 */
export function formatTicks(instrument: PriceGrid, ticks: Ticks): string {
  if (!(ticks > 0)) assert(false, `a price of ${instrument.symbol} would be sent as ${ticks} ticks`)
  return formatCount(gridOf(instrument.tick), ticks)
}

/**
 * The quantity as the exchange is sent it: plain notation with the step's decimals. Throws on 0, which in a reducing
 * order the exchange reads as "everything".
 */
export function formatSteps(instrument: QtyGrid, steps: Steps): string {
  if (!(steps > 0)) assert(false, `a quantity of ${instrument.symbol} would be sent as ${steps} steps`)
  return formatCount(gridOf(instrument.step), steps)
}

/** The price of a text in plain notation. Throws a `DataError` when it is not a positive multiple of the tick. */
export function parseTicks(instrument: PriceGrid, text: string): Ticks {
  const ticks = parseCount(gridOf(instrument.tick), text)
  if (ticks === null || ticks === 0) {
    throw new DataError(`${instrument.symbol}: "${text}" is not a price in ticks of ${instrument.tick}`)
  }
  return ticks as Ticks
}

/** The quantity of a text in plain notation, 0 included. Throws a `DataError` when it is not a multiple of the step. */
export function parseSteps(instrument: QtyGrid, text: string): Steps {
  const steps = parseCount(gridOf(instrument.step), text)
  if (steps === null) {
    throw new DataError(`${instrument.symbol}: "${text}" is not a quantity in steps of ${instrument.step}`)
  }
  return steps as Steps
}
