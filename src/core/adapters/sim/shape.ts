import { DataError } from '../../base/errors.ts'
import type { Steps, Ticks, Timestamp } from '../../base/units.ts'
import type { Side } from '../../market/side.ts'

const LONGEST_TEXT = 200
const LONGEST_SHOWN = 80

/** Reads the fields of one JSON object strictly. What does not fit is a DataError that names the field by its path. */
export class Shape {
  readonly #object: { readonly [name: string]: unknown }
  readonly #path: string
  readonly #read = new Set<string>()

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new DataError(`${path === '' ? 'what was sent' : path} is not a JSON object`, {
        file: '',
        field: path,
      })
    }
    this.#object = value as { readonly [name: string]: unknown }
    this.#path = path
  }

  /** Whether the field is given. */
  has(name: string): boolean {
    return this.#get(name) !== undefined
  }

  /** The field as it came; `undefined` where it is not there. */
  value(name: string): unknown {
    return this.#get(name)
  }

  text(name: string): string {
    const value = this.#get(name)
    if (typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT) return value
    return this.#fail(name, `a text of 1 to ${LONGEST_TEXT} characters`)
  }

  symbol(name: string): string {
    const value = this.#get(name)
    if (typeof value === 'string' && /^[\p{Lu}\p{N}]{2,30}$/u.test(value)) return value
    return this.#fail(name, 'a symbol such as BTCUSDT')
  }

  side(name: string): Side {
    return this.choice(name, ['long', 'short'])
  }

  choice<const T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#get(name)
    return choices.find(choice => choice === value) ?? this.#fail(name, `one of ${choices.join(', ')}`)
  }

  /** A positive number as a decimal text. */
  decimal(name: string): string {
    const value = this.#get(name)
    if (typeof value === 'string' && /^(0|[1-9]\d{0,8})(\.\d{1,12})?$/.test(value) && Number(value) > 0)
      return value
    return this.#fail(name, 'a positive decimal text such as "0.01"')
  }

  truth(name: string): boolean {
    const value = this.#get(name)
    return typeof value === 'boolean' ? value : this.#fail(name, 'true or false')
  }

  number(name: string): number {
    const value = this.#get(name)
    if (typeof value === 'number' && Number.isFinite(value)) return value
    return this.#fail(name, 'a number')
  }

  /** A whole number, at least `least`. */
  count(name: string, least: number): number {
    const value = this.#get(name)
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
    return this.#fail(name, `a whole number of ${least} or more`)
  }

  time(name: string): Timestamp {
    return this.count(name, 0)
  }

  steps(name: string): Steps {
    return this.count(name, 1) as Steps
  }

  /** `null`, or none to many steps. */
  stepsOrNull(name: string): Steps | null {
    return this.#get(name) === null ? null : (this.count(name, 0) as Steps)
  }

  /** Of a price the exchange itself says what is too low. */
  ticks(name: string): Ticks {
    return this.count(name, 0) as Ticks
  }

  ticksOrNull(name: string): Ticks | null {
    return this.#get(name) === null ? null : this.ticks(name)
  }

  inner(name: string): Shape {
    return new Shape(this.#get(name), this.#pathOf(name))
  }

  /** Refuses fields that were not read: a mistyped one would otherwise be as if it were not there. */
  nothingElse(): void {
    const stray = Object.keys(this.#object).find(name => !this.#read.has(name))
    if (stray === undefined) return
    const path = this.#pathOf(stray)
    throw new DataError(
      `there is no field ${path.slice(0, LONGEST_SHOWN)} here`,
      { file: '', field: path.slice(0, LONGEST_SHOWN) },
      `known are ${[...this.#read].join(', ')}`,
    )
  }

  #get(name: string): unknown {
    this.#read.add(name)
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }

  #fail(name: string, wanted: string): never {
    const value = this.#get(name)
    const text = value === undefined ? 'missing' : JSON.stringify(value).slice(0, LONGEST_SHOWN)
    const field = this.#pathOf(name)
    throw new DataError(`${field} has to be ${wanted} and is ${text}`, { file: '', field })
  }
}
