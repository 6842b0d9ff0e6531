import { troubled } from './store-error.ts'

/** What a JSON text of a row holds. Throws a StoreError naming table and key when it is none. */
export function parsedRow(table: string, key: string, text: unknown): unknown {
  try {
    if (typeof text === 'string') return JSON.parse(text)
  } catch {
    // Told below, with the place.
  }
  throw troubled(`table ${table}, row ${key}: the record is not JSON`, 'damaged')
}

/** A field inside of nested objects; `undefined` where there is none. */
export function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as { readonly [name: string]: unknown })[name]
  }
  return at
}
