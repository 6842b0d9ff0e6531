/**
 * Prices and quantities that the exchange shows, in ticks and steps; pure. Where it has made its filters coarser, what was
 * ordered before lies between their ticks and steps: it is counted as the books count it anew, a quantity down, and of
 * something that is there at least one step. Throws a DataError for what is no number above 0, a quantity from 0 on.
 */
import type { Rounding } from '../../base/decimal.ts'
import { DataError } from '../../base/errors.ts'
import type { Steps, Ticks } from '../../base/units.ts'
import type { Instrument } from '../../market/instrument.ts'
import { toSteps, toTicks } from '../../market/quantise.ts'
import type { Side } from '../../market/side.ts'
import type { Decimal } from './fields.ts'

/** A price, at least one tick. */
export function shownTicks(instrument: Instrument, text: Decimal, rounding: Rounding): Ticks {
  const price = numberOf(instrument, text, instrument.tick)
  if (price === 0) throw new DataError(`${instrument.symbol}: "${text}" is not a price`)
  return price < instrument.tickSize ? (1 as Ticks) : toTicks(instrument, price, rounding)
}

/** A stop: towards the price. */
export function shownStop(instrument: Instrument, text: Decimal, side: Side): Ticks {
  return shownTicks(instrument, text, side === 'long' ? 'up' : 'down')
}

/** A quantity in whole steps, 0 where it is less than one. */
export function shownSteps(instrument: Instrument, text: Decimal): Steps {
  return toSteps(instrument, numberOf(instrument, text, instrument.step), 'down')
}

/** A quantity that is held or wanted: what is there is at least one step. */
export function presentSteps(instrument: Instrument, text: Decimal): Steps {
  const steps = shownSteps(instrument, text)
  return steps === 0 && Number(text) > 0 ? (1 as Steps) : steps
}

/** @param unit what it is counted in: there are no more of them than can be counted */
function numberOf({ symbol }: Instrument, text: Decimal, unit: Decimal): number {
  const value = Number(text)
  if (value >= 0 && value / Number(unit) < Number.MAX_SAFE_INTEGER) return value
  throw new DataError(`${symbol}: "${text}" is neither a price nor a quantity`)
}
