import { assert } from './assert.ts'
import { type HashWords, hashWords } from './hash.ts'

/** Everything that decides the numbers still to come; plain data, to be stored and given to `resumeRandom`. */
export type RandomState = HashWords

/** A seeded source of numbers: the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1), a multiple of 2^-53. */
  next(): number
  /** A whole number, exactly uniform in [0, n); `n` is whole, 1 to 2^32. */
  int(n: number): number
  /** Standard normal: mean 0, deviation 1. */
  normal(): number
  /** The state now: the resumed generator goes on with the number this one gives next. */
  state(): RandomState
}

/**
 * A generator for `seed`. Seeds that differ in anything give unrelated sequences; 7 and '7' are the same seed. It is
 * sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, a period of at least 2^32 whatever the seed.
 * Throws on a seed that is not a finite number.
 */
export function random(seed: number | string): Random {
  assert(
    typeof seed === 'string' || Number.isFinite(seed),
    `a seed is a text or a finite number, not ${seed}`,
  )
  const [a, b, c] = hashWords(`seed ${seed}`)
  const generator = new Sfc32([a, b, c, 1])
  for (let i = 0; i < WARM_UP; i++) generator.word()
  return generator
}

/** A generator that goes on where the one that gave `state` stood. */
export function resumeRandom(state: RandomState): Random {
  return new Sfc32(state)
}

/** Rounds that the author of sfc32 discards after seeding, so that every bit of the seed reaches every bit. */
const WARM_UP = 15
const WORD = 2 ** 32

class Sfc32 implements Random {
  #a: number
  #b: number
  #c: number
  #counter: number

  constructor(state: RandomState) {
    this.#a = state[0] | 0
    this.#b = state[1] | 0
    this.#c = state[2] | 0
    this.#counter = state[3] | 0
  }

  word(): number {
    const word = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + word) | 0
    return word >>> 0
  }

  next(): number {
    const high = this.word() >>> 5
    const low = this.word() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  int(n: number): number {
    assert(Number.isInteger(n) && n >= 1 && n <= WORD, `a whole number below ${n} was asked for`)
    // Words past the last whole multiple of n are drawn again: without it small results would be likelier.
    const limit = WORD - (WORD % n)
    let word = this.word()
    while (word >= limit) word = this.word()
    return word % n
  }

  normal(): number {
    // Box and Muller 1958, one of the pair only: a kept second value would be state too. 1 - next() is never 0.
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return radius * Math.cos(2 * Math.PI * this.next())
  }

  state(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#counter >>> 0]
  }
}
