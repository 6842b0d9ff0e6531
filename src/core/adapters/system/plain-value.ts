/** Nothing that is logged is nested deeper, has more parts or longer texts than this; what goes beyond is cut. */
const MOST_DEPTH = 8
const MOST_PARTS = 100
const LONGEST_TEXT = 10_000

/**
 * Any value as JSON can hold it: errors with their causes and fields, maps and sets as their content, numbers of any
 * size, bytes as their count. Circles are cut, and a part that throws when it is looked at says so.
 */
export function plainValue(value: unknown): unknown {
  return plain(value, [])
}

function plain(value: unknown, above: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST_TEXT ? cut(value) : value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
    case 'symbol':
      return String(value)
    case 'undefined':
    case 'boolean':
      return value
    case 'function':
      return '(function)'
    case 'object':
      return value === null ? null : plainObject(value, above)
  }
}

/** Cut before what may be the first half of a secret, which nothing would know as one. */
function cut(text: string): string {
  return `${text.slice(0, LONGEST_TEXT).replace(/\S{1,500}$/, '')}...`
}

function plainObject(value: object, above: readonly object[]): unknown {
  if (above.includes(value)) return '(circle)'
  if (above.length >= MOST_DEPTH) return '(deeper)'
  const within = [...above, value]
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString()
    if (value instanceof URL) return value.href
    if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`
    if (value instanceof Map) {
      return parts(
        [...value].map(([key, one]) => [String(key), one]),
        within,
      )
    }
    if (value instanceof Set || Array.isArray(value)) {
      return [...value].slice(0, MOST_PARTS).map(one => plain(one, within))
    }
    return parts(entriesOf(value), within)
  } catch {
    return '(unreadable)'
  }
}

function entriesOf(value: object): readonly (readonly [string, unknown])[] {
  const fields = Object.keys(value).map(key => [key, field(value, key)] as const)
  if (!(value instanceof Error)) return fields
  const errors = value instanceof AggregateError ? value.errors : undefined
  const { name, message, stack, cause } = value
  const own = Object.entries({ name, message, stack, cause, errors }).filter(([, one]) => one !== undefined)
  return [...own, ...fields]
}

function field(value: object, key: string): unknown {
  try {
    return (value as { readonly [key: string]: unknown })[key]
  } catch {
    return '(unreadable)'
  }
}

function parts(entries: readonly (readonly [string, unknown])[], within: readonly object[]): unknown {
  return Object.fromEntries(entries.slice(0, MOST_PARTS).map(([key, one]) => [key, plain(one, within)]))
}
