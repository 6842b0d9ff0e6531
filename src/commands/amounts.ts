/** Money, shares and times as a person reads them, for lines, tables and the dashboard. */
import { DAY, HOUR, MINUTE, SECOND } from '../core/base/units.ts'

/** What stands where there is no figure. */
export const NONE = '-'

const GROUPS = /\B(?=(?:\d{3})+$)/g

/** An amount of USDT to the cent, thousands set apart: `-1,034.10`. A dash where there is none. */
export function money(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE
  // From 1e21 on a number is printed with an exponent, in which no thousands are.
  if (Math.abs(value) >= 1e15) return value.toExponential(2)
  const [whole, cents] = Math.abs(value).toFixed(2).split('.')
  const text = `${whole.replace(GROUPS, ',')}.${cents}`
  return value < 0 && Number(`${whole}.${cents}`) !== 0 ? `-${text}` : text
}

/** An amount with its sign, `+3.20`; nothing is `0.00`. */
export function signedMoney(value: number | null): string {
  const text = money(value)
  return value !== null && value > 0 && text !== '0.00' ? `+${text}` : text
}

/** A percentage with its sign, `+1.42 %`. */
export function signedPercent(value: number | null): string {
  const text = signedMoney(value)
  return text === NONE ? NONE : `${text} %`
}

/** A length of time in its largest two units, of use at a glance: `450 ms`, `1.2 s`, `12 s`, `3 m 20 s`, `5 d 4 h`. */
export function duration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return NONE
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`
  for (const [unit, name, smaller, smallerName] of SCALES) {
    if (ms < unit) continue
    const rest = Math.floor((ms % unit) / smaller)
    const whole = `${Math.floor(ms / unit)} ${name}`
    return rest === 0 ? whole : `${whole} ${rest} ${smallerName}`
  }
  return `${Math.floor(ms / SECOND)} s`
}

const SCALES = [
  [DAY, 'd', HOUR, 'h'],
  [HOUR, 'h', MINUTE, 'm'],
  [MINUTE, 'm', SECOND, 's'],
] as const

/** A moment to the second, UTC: `2025-10-15 08:30:00`. */
export function moment(time: number | null): string {
  return iso(time, 0, 19)
}

/** Day and minute without the year, `10-15 08:30`: where all is of late. */
export function dayAndMinute(time: number | null): string {
  return iso(time, 5, 16)
}

/** Time of day, `08:30:00`, UTC. */
export function timeOfDay(time: number | null): string {
  return iso(time, 11, 19)
}

/** The greatest moment that a calendar date can be of, either way. */
const LAST_MOMENT = 8.64e15

function iso(time: number | null, from: number, to: number): string {
  if (time === null || !(Math.abs(time) <= LAST_MOMENT)) return NONE
  return new Date(time).toISOString().slice(from, to).replace('T', ' ')
}

/** A price with the decimals that another price of its market is written with: the tick says how many count. */
export function priceLike(price: number | null, written: string): string {
  if (price === null || !Number.isFinite(price)) return NONE
  const point = written.indexOf('.')
  return price.toFixed(point < 0 ? 0 : Math.min(20, written.length - point - 1))
}
