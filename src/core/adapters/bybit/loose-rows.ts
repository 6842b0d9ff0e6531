/**
 * Lists of which one row that cannot be read does not hide the others; pure. Such a row is told by its symbol, as far as
 * that can be read, with the field and what stood there: whoever asked must not take it for one that is not there.
 */
import { DataError } from '../../base/errors.ts'
import { Fields } from './fields.ts'
import type { Page } from './mapper-market.ts'

/** A row that cannot be read. */
export interface SpoiltRow {
  /** `null`: not even that can be read. */
  readonly symbol: string | null
  readonly reason: string
}

export interface LooseRows<T> {
  readonly items: readonly T[]
  readonly spoilt: readonly SpoiltRow[]
}

/** A page of which some rows could not be read. */
export interface LoosePage<T> extends Page<T>, LooseRows<T> {}

/** A page of objects, each read by `read`. Throws a DataError where the page itself is none. */
export function loosePageOf<T>(result: unknown, read: (fields: Fields) => T): LoosePage<T> {
  const fields = new Fields(result, 'result')
  return {
    category: fields.textOrNull('category'),
    next: fields.textOrNull('nextPageCursor'),
    ...looseRows(fields, 'list', read),
  }
}

/** The rows of a list. Throws a DataError where there is no list. */
export function looseRows<T>(fields: Fields, name: string, read: (row: Fields) => T): LooseRows<T> {
  const items: T[] = []
  const spoilt: SpoiltRow[] = []
  for (const [k, value] of fields.values(name).entries()) {
    try {
      const row = new Fields(value, `${fields.path(name)}[${k}]`)
      items.push(read(row))
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      spoilt.push({ symbol: symbolIn(value), reason: error.message })
    }
  }
  return { items, spoilt }
}

/** The symbol of the row, where it says one. */
function symbolIn(row: unknown): string | null {
  try {
    return new Fields(row, '').symbol('symbol')
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return null
  }
}
