/** Numbers as the exchange writes them: texts in plain notation. */
import { decimalText, formatCount, gridOf } from '../../../base/decimal.ts'
import type { Price, Steps, Ticks } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'

/** A price in ticks with the tick's decimals; 0 is written too, as "no price". */
export function priceText({ tick }: Instrument, ticks: Ticks | 0): string {
  return formatCount(gridOf(tick), ticks)
}

/** A quantity in steps with the step's decimals. */
export function stepsText({ step }: Instrument, steps: Steps | 0): string {
  return formatCount(gridOf(step), steps)
}

/** Any number with at most so many decimals, without superfluous zeros and without an exponent. */
export function roundText(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return ''
  const rounded = Number(value.toFixed(Math.min(decimals, 20)))
  return decimalText(rounded === 0 ? 0 : rounded)
}

/** A price that need not lie on the grid (an average, a mark), with so many decimals as the tick and two more. */
export function averageText({ tick }: Instrument, price: Price): string {
  return roundText(price, gridOf(tick).decimals + 2)
}

/** The price on the grid that is nearest, with the tick's decimals. */
export function quoteText({ tick }: Instrument, price: Price): string {
  const grid = gridOf(tick)
  const count = Math.max(0, Math.round((price * grid.power) / grid.mantissa))
  return formatCount(grid, count)
}
