import { UsageError } from '../core/base/errors.ts'
import type { Timestamp } from '../core/base/units.ts'
import { INTERVALS, type Interval, isInterval } from '../core/market/interval.ts'
import type { FlagSpec, ParsedArguments, World } from './command.ts'

/** Data as records where a person would be shown a table. */
export const RECORDS_FLAG: FlagSpec = {
  flags: '--json, --ndjson',
  description: 'records, also on a terminal',
}

/** Whether data go out as records: into a pipe or a file, or because the flag says so. */
export function wantsRecords(world: World, parsed: ParsedArguments): boolean {
  return parsed.flags.ndjson === true || !world.stdout.isTTY
}

/** The value of a flag that takes one. */
export function textFlag(parsed: ParsedArguments, name: string): string | undefined {
  const value = parsed.flags[name]
  return typeof value === 'string' ? value : undefined
}

/** The values of a flag that may be repeated. */
export function listFlag(parsed: ParsedArguments, name: string): readonly string[] {
  const value = parsed.flags[name]
  return Array.isArray(value) ? value : []
}

/** No amount of money given by a flag is greater. */
const MOST = 1e12

/** A flag that takes a number above 0. Throws a UsageError for anything else. */
export function numberFlag(parsed: ParsedArguments, name: string, flag: string): number | undefined {
  const text = textFlag(parsed, name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value <= MOST) return value
  throw new UsageError(
    `${flag} ${text} is not a number above 0 and up to ${MOST}`,
    `for example: ${flag} 1000`,
  )
}

/** The names given with `--symbol` in capitals, each once; `null` for all. Throws a UsageError. */
export function symbolFlag(parsed: ParsedArguments): readonly string[] | null {
  const text = textFlag(parsed, 'symbol')
  if (text === undefined) return null
  const names = text.split(',').map(name => name.trim().toUpperCase())
  const wrong = names.find(name => !/^[\p{L}\p{N}]{2,30}$/u.test(name))
  if (wrong === undefined) return [...new Set(names)]
  throw new UsageError(`"${wrong}" is not a symbol`, 'write it as the exchange does: BTCUSDT')
}

/** The interval given with `--timeframe`. Throws a UsageError. */
export function intervalFlag(parsed: ParsedArguments): Interval | undefined {
  const text = textFlag(parsed, 'timeframe')
  if (text === undefined || isInterval(text)) return text
  throw new UsageError(`${text} is not a timeframe`, `one of ${INTERVALS.join(', ')}`)
}

/** From the first moment of one day to the first of another; `null` where the data's own end is meant. */
export interface TimeRange {
  readonly from: Timestamp | null
  readonly to: Timestamp | null
}

/** The range given with `--timerange`, `20210101-20251112`; either side may be empty. Throws a UsageError. */
export function timerangeFlag(parsed: ParsedArguments): TimeRange {
  const text = textFlag(parsed, 'timerange')
  if (text === undefined) return { from: null, to: null }
  const match = /^(\d{8})?-(\d{8})?$/.exec(text)
  const days = match?.slice(1).map(day => (day === undefined ? null : dayOf(day)))
  if (days === undefined || days.includes(Number.NaN)) {
    throw new UsageError(
      `--timerange ${text} is not a range of days`,
      'for example: --timerange 20210101-20251112',
    )
  }
  const [from, to] = days
  if (from !== null && to !== null && to <= from) {
    throw new UsageError(`--timerange ${text} ends before it begins`, 'the second day is not included')
  }
  return { from, to }
}

/** The first moment of a day written YYYYMMDD; `NaN` for one that is in no calendar, or before 1970. */
function dayOf(text: string): Timestamp {
  const iso = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`
  const time = Date.parse(`${iso}T00:00:00Z`)
  const exists = time >= 0 && new Date(time).toISOString().slice(0, 10) === iso
  return exists ? time : Number.NaN
}

/** A moment: `2025-10-15`, `20251015`, `2025-10-15T08:00Z` or epoch milliseconds. Throws a UsageError. */
export function timeFlag(parsed: ParsedArguments, name: string, flag: string): Timestamp | undefined {
  const text = textFlag(parsed, name)
  if (text === undefined) return undefined
  const time = timeOf(text)
  if (!Number.isNaN(time)) return time
  throw new UsageError(
    `${flag} ${text} is not a time, UTC`,
    `for example: ${flag} 2025-10-15, or ${flag} 2025-10-15T08:30Z`,
  )
}

function timeOf(text: string): Timestamp {
  if (/^\d{8}$/.test(text)) return dayOf(text)
  if (/^\d{12,13}$/.test(text)) return Number(text)
  const match = /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z)?$/.exec(text)
  if (match === null) return Number.NaN
  // A day that is in no calendar would be taken for one of the next month.
  return (
    dayOf(match.slice(1, 4).join('')) + (match[4] === undefined ? 0 : Date.parse(`1970-01-01${match[4]}`))
  )
}

/** Market time passes this many times as fast where nothing is said: a day a second. */
export const DEFAULT_SPEED = 86_400

/** The speed given with `--speed`, market seconds a second; infinite for `max`. Throws a UsageError. */
export function speedFlag(parsed: ParsedArguments): number {
  const text = textFlag(parsed, 'speed')
  if (text === undefined) return DEFAULT_SPEED
  if (text === 'max') return Number.POSITIVE_INFINITY
  const speed = Number(text)
  if (text.trim() !== '' && Number.isFinite(speed) && speed > 0) return speed
  throw new UsageError(`--speed ${text} is neither a number above 0 nor max`, 'for example: --speed 3600')
}
