/** Parameters of a request as Bybit reads them: texts, whether they came in a query or in a JSON body. */
import { gridOf, parseCount } from '../../../base/decimal.ts'
import type { Steps, Ticks, Timestamp } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { Refusal } from './order.ts'

const PARAMETER = 10001

export class Fields {
  readonly #values: { readonly [name: string]: unknown }

  constructor(values: { readonly [name: string]: unknown }) {
    this.#values = values
  }

  /** A text; `''` where it is not given. Numbers count as what they look like. */
  text(name: string): string {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    if (value === undefined || value === null) return ''
    throw this.invalid(name)
  }

  has(name: string): boolean {
    return this.text(name) !== ''
  }

  /** The text as it came, `''` where it is none: for answers that tell what was asked. */
  echo(name: string): string {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined
    return typeof value === 'string' ? value : ''
  }

  /** A list of objects; each has what is shared by all of them besides. */
  rows(name: string, shared: { readonly [name: string]: string }): readonly Fields[] {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined
    if (!Array.isArray(value)) throw this.invalid(name)
    return value.map((row: unknown) => {
      if (typeof row !== 'object' || row === null || Array.isArray(row)) throw this.invalid(name)
      return new Fields({ ...row, ...shared })
    })
  }

  needed(name: string): string {
    const text = this.text(name)
    if (text === '') throw new Refusal(PARAMETER, `params error: ${name} is required`)
    return text
  }

  flag(name: string): boolean {
    const text = this.text(name)
    if (text === 'true') return true
    if (text === 'false' || text === '') return false
    throw this.invalid(name)
  }

  choice<const T extends string>(name: string, choices: readonly T[], standard?: T): T {
    const text = this.text(name)
    if (text === '' && standard !== undefined) return standard
    const chosen = choices.find(choice => choice === text)
    if (chosen === undefined) throw this.invalid(name)
    return chosen
  }

  whole(name: string, least: number, most: number, standard: number): number {
    const text = this.text(name)
    if (text === '') return standard
    const value = Number(text)
    if (!/^\d{1,16}$/.test(text) || value < least || value > most) throw this.invalid(name)
    return value
  }

  /** Epoch milliseconds; `null` where it is not given. */
  time(name: string): Timestamp | null {
    return this.has(name) ? this.whole(name, 0, 8.64e15, 0) : null
  }

  /** A price on the grid, `null` where it is not given, 0 where it says so. */
  ticks(name: string, instrument: Instrument): Ticks | 0 | null {
    const text = this.text(name)
    if (text === '') return null
    const count = parseCount(gridOf(instrument.tick), text)
    if (count === null) throw new Refusal(PARAMETER, `${name} invalid`)
    return count as Ticks
  }

  /** A quantity on the grid, 0 included. */
  steps(name: string, instrument: Instrument): Steps {
    const count = parseCount(gridOf(instrument.step), this.needed(name))
    if (count === null) throw new Refusal(PARAMETER, 'Qty invalid')
    return count as Steps
  }

  invalid(name: string): Refusal {
    return new Refusal(PARAMETER, `params error: ${name} invalid`)
  }
}

/** The parameters of a query; the last of several of one name counts. */
export function queryFields(query: string): Fields {
  return new Fields(Object.fromEntries(new URLSearchParams(query)))
}

/** The parameters of a JSON body. Throws a Refusal where it is not a JSON object. */
export function bodyFields(body: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new Refusal(PARAMETER, 'params error: the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refusal(PARAMETER, 'params error: the body is not an object')
  return new Fields({ ...value })
}
