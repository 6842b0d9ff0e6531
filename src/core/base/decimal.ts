import { assert } from './assert.ts'
import { DataError } from './errors.ts'

/**
 * The multiples of one decimal unit (a price tick, a quantity step): `mantissa / power`, both exact integers, with
 * `power = 10 ** decimals`. "0.0050" is 5 / 1000.
 */
export interface Grid {
  /** The unit without superfluous zeros, as it is shown in messages. */
  readonly unit: string
  readonly mantissa: number
  readonly decimals: number
  readonly power: number
}

export type Rounding = 'down' | 'up' | 'nearest'

/** Plain notation only: digits, perhaps a point and more digits. No sign, no exponent, no separators. */
const PLAIN = /^(\d+)(?:\.(\d+))?$/

/** 10 to the 22nd is the greatest power of ten that a double holds exactly. */
const MOST_DECIMALS = 22

const grids = new Map<string, Grid>()

/**
 * The grid of a unit in plain notation ("0.10", "5"). The result is remembered by its text, so that asking is cheap.
 * Throws a `DataError` when the text is no positive plain decimal, or has more than 22 decimals or 15 digits.
 */
export function gridOf(unit: string): Grid {
  const known = grids.get(unit)
  if (known !== undefined) return known
  const match = PLAIN.exec(unit)
  if (match === null) throw new DataError(`"${unit}" is not a plain decimal number`)
  const fraction = trimEnd(match[2] ?? '')
  const digits = trimStart(match[1] + fraction)
  if (digits === '') throw new DataError(`a tick or step of ${unit} is not positive`)
  if (fraction.length > MOST_DECIMALS || digits.length > 15)
    throw new DataError(`"${unit}" has too many digits`)
  const whole = trimStart(match[1]) || '0'
  const grid: Grid = {
    unit: fraction === '' ? whole : `${whole}.${fraction}`,
    mantissa: Number(digits),
    decimals: fraction.length,
    power: Number(`1e${fraction.length}`),
  }
  grids.set(unit, grid)
  return grid
}

/** A value this near to a multiple, relative to its size, is that multiple. */
const SNAP_RELATIVE = 1e-9
/** But never from further away than a thousandth of the unit: a rule's rounding must not be undone for big counts. */
const SNAP_UNITS = 1e-3
/** Error of a double product and quotient, relative, with room to spare (each is off by at most 2^-53). */
const ERROR = 2 ** -50
/** Above this count the error of the quotient could reach the snap distance: such counts go the exact way. */
const MOST_FAST = 2 ** 40

/**
 * How many units a value is, rounded to a whole number of them. The double stands for the shortest decimal that prints
 * it (0.1 is one tenth, not 0.1000000000000000055). A value within 1e-9 of a multiple, relative, and within a
 * thousandth of the unit, is that multiple whatever the rounding: 0.07 * 100 / 7 is meant to be 1, and rounding
 * 1.0000000000000002 up to 2 ticks would be an error of arithmetic and not a decision. Everything else is rounded
 * exactly; `nearest` takes a half upwards. The value is 0 or more; throws when it is negative or not finite, and when
 * the count is past 2^53.
 */
export function toCount(grid: Grid, value: number, rounding: Rounding): number {
  // Asked before asserting: building the message for every value would cost more than all the rest.
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
    assert(false, `${value} cannot be rounded to multiples of ${grid.unit}`)
  }
  if (value === 0) return 0
  const quotient = (value * grid.power) / grid.mantissa
  if (quotient > MOST_FAST) return exactCount(grid, value, rounding)
  const nearest = Math.round(quotient)
  const distance = Math.abs(quotient - nearest)
  const tolerance = Math.min(SNAP_RELATIVE * quotient, SNAP_UNITS)
  const error = ERROR * quotient
  // Where the error of the quotient could decide (at the edge of the tolerance, at a half), only digits can.
  if (Math.abs(distance - tolerance) <= error) return exactCount(grid, value, rounding)
  if (distance <= tolerance) return nearest
  if (rounding === 'down') return Math.floor(quotient)
  if (rounding === 'up') return Math.ceil(quotient)
  return 0.5 - distance <= error ? exactCount(grid, value, rounding) : nearest
}

/** The same by integers of any length: slower, and right for every double. */
function exactCount(grid: Grid, value: number, rounding: Rounding): number {
  const [whole, fraction = ''] = decimalText(value).split('.')
  // value / unit = top / bottom
  const top = BigInt(whole + fraction) * BigInt(grid.power)
  const bottom = 10n ** BigInt(fraction.length) * BigInt(grid.mantissa)
  const floor = top / bottom
  const rest = top % bottom
  const isNearerAbove = 2n * rest >= bottom
  const nearest = isNearerAbove ? floor + 1n : floor
  const distance = isNearerAbove ? bottom - rest : rest
  const snaps = distance * 1_000_000_000n <= top && distance * 1_000n <= bottom
  const count =
    snaps || rounding === 'nearest' ? nearest : rounding === 'down' || rest === 0n ? floor : floor + 1n
  assert(count <= BigInt(Number.MAX_SAFE_INTEGER), `${value} is too many multiples of ${grid.unit}`)
  return Number(count)
}

/** The double nearest to `count` units, exactly. `count` is whole, 0 or more. */
export function fromCount(grid: Grid, count: number): number {
  assertCount(count)
  const product = count * grid.mantissa
  // Two exact integers divided once: IEEE 754 rounds the quotient to the nearest double.
  return product <= Number.MAX_SAFE_INTEGER ? product / grid.power : Number(formatCount(grid, count))
}

/** `count` units in plain notation, always with as many decimals as the unit needs ("0.10" needs one). */
export function formatCount(grid: Grid, count: number): string {
  assertCount(count)
  const product = count * grid.mantissa
  const digits =
    product <= Number.MAX_SAFE_INTEGER ? String(product) : String(BigInt(count) * BigInt(grid.mantissa))
  if (grid.decimals === 0) return digits
  const padded = digits.padStart(grid.decimals + 1, '0')
  const point = padded.length - grid.decimals
  return `${padded.slice(0, point)}.${padded.slice(point)}`
}

/** The count a plain decimal text stands for, or `null` when it is no plain decimal or not a whole multiple. */
export function parseCount(grid: Grid, text: string): number | null {
  const match = PLAIN.exec(text)
  if (match === null) return null
  const fraction = trimEnd(match[2] ?? '')
  if (fraction.length > grid.decimals) return null
  const digits = match[1] + fraction.padEnd(grid.decimals, '0')
  if (digits.length <= 15) {
    const count = Number(digits) / grid.mantissa
    return Number.isInteger(count) ? count : null
  }
  const top = BigInt(digits)
  const bottom = BigInt(grid.mantissa)
  const count = top / bottom
  return top % bottom === 0n && count <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(count) : null
}

/**
 * The shortest decimal that reads back as `value`, without an exponent: 1e-7 is "0.0000001", 1e21 is
 * "1000000000000000000000". Throws when the value is not finite.
 */
export function decimalText(value: number): string {
  assert(Number.isFinite(value), `${value} has no decimal text`)
  const shortest = String(value)
  const at = shortest.indexOf('e')
  if (at < 0) return shortest
  const exponent = Number(shortest.slice(at + 1))
  const minus = value < 0 ? '-' : ''
  const [whole, fraction = ''] = shortest.slice(minus.length, at).split('.')
  // An exponent is printed only from 1e21 up, where every digit lies before the point, and below 1e-6.
  if (exponent > 0) return minus + whole + fraction.padEnd(exponent, '0')
  return `${minus}0.${'0'.repeat(-exponent - 1)}${whole}${fraction}`
}

/** How many decimals that text has: 0 for 100, 3 for 0.125. */
export function decimalsOf(value: number): number {
  const text = decimalText(value)
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}

function assertCount(count: number): void {
  if (!(Number.isSafeInteger(count) && count >= 0)) assert(false, `${count} is not a count of units`)
}

function trimEnd(digits: string): string {
  return digits.replace(/0+$/, '')
}

function trimStart(digits: string): string {
  return digits.replace(/^0+/, '')
}
