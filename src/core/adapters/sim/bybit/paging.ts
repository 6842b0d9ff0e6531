/** Lists in pages: newest first, an opaque cursor to the next one, and windows of time. */
import { DAY, type Milliseconds, type Timestamp } from '../../../base/units.ts'
import type { Fields } from './fields.ts'
import { Refusal } from './order.ts'

export interface Page<T> {
  readonly rows: readonly T[]
  readonly cursor: string
}

/** A page's greatest length and the one that is taken where none is asked for. */
export interface PageSizes {
  readonly most: number
  readonly standard: number
}

/**
 * The page that a request asks for.
 *
 * @param rows all there are, in the order of the list
 * @param idOf what a row is known by; the cursor names the last one of the page before
 */
export function page<T>(
  rows: readonly T[],
  fields: Fields,
  { most, standard }: PageSizes,
  idOf: (row: T) => string,
): Page<T> {
  const limit = fields.whole('limit', 1, most, standard)
  const text = fields.text('cursor')
  let from = 0
  if (text !== '') {
    const last = idIn(text)
    const at = rows.findIndex(row => idOf(row) === last)
    if (at < 0) throw new Refusal(10001, 'params error: cursor invalid')
    from = at + 1
  }
  const found = rows.slice(from, from + limit)
  const isLast = from + limit >= rows.length
  return { rows: found, cursor: isLast || found.length === 0 ? '' : cursorOf(idOf(found[found.length - 1])) }
}

/** The exchange's cursors are encoded for a URI already; a client encodes them again. */
function cursorOf(id: string): string {
  return encodeURIComponent(`page_token=${id}&`)
}

/** What a cursor says after a name; throws a Refusal where it is none of this exchange. */
export function cursorValue(cursor: string, name: string): string {
  let text: string
  try {
    text = decodeURIComponent(cursor)
  } catch {
    throw new Refusal(10001, 'params error: cursor invalid')
  }
  if (!text.startsWith(`${name}=`)) throw new Refusal(10001, 'params error: cursor invalid')
  return text.slice(name.length + 1)
}

function idIn(cursor: string): string {
  const value = cursorValue(cursor, 'page_token')
  if (!value.endsWith('&')) throw new Refusal(10001, 'params error: cursor invalid')
  return value.slice(0, -1)
}

/**
 * The window of time that a request asks for, at most seven days long. With neither end it is the time before now;
 * with one of them it reaches as far from it.
 *
 * @param reach how far it reaches where it is not given whole
 */
export function windowOf(
  fields: Fields,
  now: Timestamp,
  reach: Milliseconds = 7 * DAY,
): { readonly from: Timestamp; readonly to: Timestamp } {
  const [start, end] = [fields.time('startTime'), fields.time('endTime')]
  if (start === null && end === null) return { from: now - reach, to: now }
  if (start !== null && end === null) return { from: start, to: start + reach }
  if (start === null) return { from: (end ?? now) - reach, to: end ?? now }
  const to = end ?? now
  if (to < start) throw new Refusal(10001, 'startTime should be less than endTime')
  if (to - start > 7 * DAY)
    throw new Refusal(10001, 'The time range between startTime and endTime cannot exceed 7 days')
  return { from: start, to }
}
