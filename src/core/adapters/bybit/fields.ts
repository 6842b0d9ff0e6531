/**
 * Reads the fields of what Bybit sends. Fields that are not asked for may be there: the exchange adds some every month.
 * What is asked for has to be there and make sense, or a DataError names it by its path: a number that is missing or no
 * number must never become 0 or NaN on its way into a decision.
 */
import { decimalText } from '../../base/decimal.ts'
import { DataError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/units.ts'

/** A number in plain notation, perhaps with a sign, digit for digit as the exchange wrote it ("0.10", "-3"). */
export type Decimal = string

const PLAIN = /^-?\d{1,30}(?:\.\d{1,30})?$/
/** What the exchange calls perpetuals and futures: BTCUSDT, BTCPERP, BTCUSD, BTCUSDT-26DEC25, BTC-26DEC25, BTCUSDZ25. */
const SYMBOL = /^[\p{L}\p{N}]{1,30}(?:(?:USDT|USDC|USD|PERP)(?:-?[A-Z\d]{1,10})?|-\d{1,2}[A-Z]{3}\d{2})$/u
/** Characters of a text that is read, and of a value that is shown. Cursors are the longest. */
const LONGEST_TEXT = 1_000
const LONGEST_SHOWN = 80
/** What Bybit writes where it means that there is no value. */
const NOTHING: readonly unknown[] = [undefined, null, '', 'UNKNOWN']

export class Fields {
  readonly #object: { readonly [name: string]: unknown }
  readonly #path: string

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const what = path === '' ? 'the reply' : path
      throw new DataError(`${what} is not a JSON object`, { file: '', field: path })
    }
    this.#object = value as { readonly [name: string]: unknown }
    this.#path = path
  }

  /** Whether the field is there and says something. */
  has(name: string): boolean {
    return !NOTHING.includes(this.#get(name))
  }

  text(name: string): string {
    const value = this.#get(name)
    if (typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT) return value
    return this.#fail(name, `a text of 1 to ${LONGEST_TEXT} characters`)
  }

  /** A text, empty ones included. */
  words(name: string): string {
    return this.#get(name) === '' ? '' : this.text(name)
  }

  textOrNull(name: string): string | null {
    return this.has(name) ? this.text(name) : null
  }

  /** The name of a perpetual or a future: what is none would pass for one that nobody has heard of. */
  symbol(name: string): string {
    const value = this.#get(name)
    return typeof value === 'string' && SYMBOL.test(value) ? value : this.#fail(name, 'a symbol')
  }

  choice<const T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#get(name)
    return choices.find(choice => choice === value) ?? this.#fail(name, `one of ${choices.join(', ')}`)
  }

  truth(name: string): boolean {
    const value = this.#get(name)
    return typeof value === 'boolean' ? value : this.#fail(name, 'true or false')
  }

  decimal(name: string): Decimal {
    const value = this.#get(name)
    if (typeof value === 'string' && PLAIN.test(value)) return value
    if (typeof value === 'number' && Number.isFinite(value)) return decimalText(value)
    return this.#fail(name, 'a decimal number')
  }

  decimalOrNull(name: string): Decimal | null {
    return this.has(name) ? this.decimal(name) : null
  }

  /** A decimal above 0. */
  positive(name: string): Decimal {
    const value = this.decimal(name)
    return Number(value) > 0 ? value : this.#fail(name, 'above 0')
  }

  /** A decimal above 0; `null` where there is none, which the exchange also writes as 0. */
  positiveOrNull(name: string): Decimal | null {
    if (!this.has(name)) return null
    const value = this.decimal(name)
    return Number(value) === 0 ? null : this.positive(name)
  }

  /** A decimal as the double nearest to it. */
  number(name: string): number {
    return Number(this.decimal(name))
  }

  numberOrNull(name: string): number | null {
    return this.has(name) ? this.number(name) : null
  }

  /** A decimal above 0 as the double nearest to it. */
  price(name: string): number {
    return Number(this.positive(name))
  }

  /** A decimal above 0 as a double; `null` where there is none. */
  priceOrNull(name: string): number | null {
    const value = this.positiveOrNull(name)
    return value === null ? null : Number(value)
  }

  /** A whole number of 0 or more, as a number or in digits. */
  count(name: string): number {
    const value = this.#get(name)
    const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number
    return this.#fail(name, 'a whole number of 0 or more')
  }

  countOrNull(name: string): number | null {
    return this.has(name) ? this.count(name) : null
  }

  /** Milliseconds since 1970. */
  time(name: string): Timestamp {
    return this.count(name)
  }

  /** A time; `null` where there is none, which the exchange also writes as 0. */
  timeOrNull(name: string): Timestamp | null {
    return (this.countOrNull(name) ?? 0) === 0 ? null : this.time(name)
  }

  inner(name: string): Fields {
    return new Fields(this.#get(name), this.path(name))
  }

  /** A list of objects. */
  list(name: string): readonly Fields[] {
    return this.values(name).map((value, k) => new Fields(value, `${this.path(name)}[${k}]`))
  }

  /** A list of whatever. */
  values(name: string): readonly unknown[] {
    const value = this.#get(name)
    return Array.isArray(value) ? value : this.#fail(name, 'a list')
  }

  /** A list of lists, each with at least so many values, as fields named by their place: 0, 1, 2. */
  rows(name: string, width: number): readonly Fields[] {
    return this.values(name).map((row, k) => {
      const path = `${this.path(name)}[${k}]`
      if (Array.isArray(row) && row.length >= width) return new Fields({ ...row.slice(0, width) }, path)
      throw new DataError(`${path} is no list of ${width} values`, { file: '', field: path })
    })
  }

  /** The field as it came; `undefined` where it is not there. */
  value(name: string): unknown {
    return this.#get(name)
  }

  /** The names of all fields. */
  get names(): readonly string[] {
    return Object.keys(this.#object)
  }

  path(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined
  }

  #fail(name: string, wanted: string): never {
    const field = this.path(name)
    throw new DataError(`${field} has to be ${wanted} and is ${shown(this.#get(name))}`, { file: '', field })
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}...`
}
