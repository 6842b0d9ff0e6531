/**
 * Chance by place: the nth draw at a place follows from the seed, the place and n alone. What is left out at one place
 * therefore changes nothing that is drawn at another, which is what lets a list of faults be made shorter.
 */
import { hashWords } from '../core/base/hash.ts'

export class Draws {
  readonly #seed: number
  readonly #places = new Map<string, { readonly salt: number; count: number }>()

  constructor(seed: number) {
    this.#seed = seed
  }

  /** The next number of a place, in [0, 1). */
  next(place: string): number {
    let known = this.#places.get(place)
    if (known === undefined) {
      known = { salt: hashWords(`${this.#seed} ${place}`)[0], count: 0 }
      this.#places.set(place, known)
    }
    return mixed(known.salt, known.count++)
  }

  /** A number of a place that belongs to an occasion, in [0, 1): the same whenever it is asked for. */
  at(place: string, occasion: number): number {
    let known = this.#places.get(place)
    if (known === undefined) {
      known = { salt: hashWords(`${this.#seed} ${place}`)[0], count: 0 }
      this.#places.set(place, known)
    }
    return mixed(known.salt, occasion)
  }

  /** One of the choices. */
  pick<T>(place: string, choices: readonly T[]): T {
    return choices[Math.floor(this.next(place) * choices.length)]
  }

  /** A whole number from `from` to `to`, both included. */
  between(place: string, from: number, to: number): number {
    return from + Math.floor(this.next(place) * (to - from + 1))
  }
}

/** The finaliser of MurmurHash3 over both (Austin Appleby 2011, public domain), twice, as a share. */
function mixed(salt: number, count: number): number {
  let word = Math.imul(salt ^ Math.imul(count + 1, 0x9e3779b1), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  word = Math.imul(word ^ (word >>> 16) ^ salt, 0x27d4eb2f)
  return ((word ^ (word >>> 15)) >>> 0) / 2 ** 32
}
