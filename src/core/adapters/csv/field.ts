import { DAY, HOUR, MINUTE, SECOND } from '../../base/units.ts'

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/**
 * A decimal number as `Number()` reads it, but only in plain or exponent notation: no blank, no hexadecimal, no word
 * such as Infinity. `NaN` for anything else and for what is too great for a double.
 */
export function parseNumber(text: string): number {
  if (!NUMBER.test(text)) return Number.NaN
  const value = Number(text)
  return Number.isFinite(value) ? value : Number.NaN
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?: ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?$/

/** An ISO 8601 time as epoch milliseconds; `zoned` is false where a time of day stands without a zone (read as UTC). */
export interface IsoTime {
  readonly time: number
  readonly zoned: boolean
}

/** Reads `2024-01-31`, `2024-01-31T08:00:00Z`, `2024-01-31 08:00:00+00:00` and alike; `null` for anything else. */
export function parseIsoTime(text: string): IsoTime | null {
  const match = ISO.exec(text)
  if (match === null) return null
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day))
  // Date.UTC carries 31 April over into May; such a date is a mistake.
  if (new Date(midnight).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) return null
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'))
  let time = midnight + Number(hour) * HOUR + Number(minute) * MINUTE + Number(second) * SECOND + milliseconds
  if (zone !== undefined && zone !== 'Z' && zone !== 'UTC') {
    const east = Number(zone.slice(1, 3)) * HOUR + Number(zone.slice(-2)) * MINUTE
    if (east >= DAY) return null
    time += zone[0] === '-' ? east : -east
  }
  return { time, zoned: zone !== undefined || text.length === 10 }
}

/** How a file writes its times; fixed by its first row. */
export type TimeUnit = 's' | 'ms' | 'iso'

/**
 * The unit of a numeric time by its size: seconds or milliseconds from 2001-09-09 to 2286-11-20. `null` where it is
 * doubtful: microseconds, dates such as 20240131, spreadsheet days.
 */
export function timeUnit(value: number): 's' | 'ms' | null {
  if (!Number.isInteger(value)) return null
  if (value >= 1e9 && value < 1e10) return 's'
  if (value >= 1e12 && value < 1e13) return 'ms'
  return null
}
