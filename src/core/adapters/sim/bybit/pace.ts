/**
 * How fast the exchange's clock goes: at its speed, or no faster than the wall's while a position that a client has opened
 * stands without its stop and the client is served. What two processes and the ways between them take is the wall's time,
 * whatever the speed; only where the clock goes at that pace do two seconds mean what they mean elsewhere.
 */
import { MINUTE, type Milliseconds, type Timestamp } from '../../../base/units.ts'

/** Seconds of the exchange's clock in a second of the wall's, at present. */
export interface Tempo {
  readonly present: number
}

/** For the sake of one position the clock goes slowly for so long: what nobody mends must not hold up the day. */
const LONGEST: Milliseconds = MINUTE
const WALL = 1

export class Pace implements Tempo {
  /** The fastest that it goes. */
  readonly speed: number
  /** Whether it goes slowly for positions without a stop. */
  readonly isSlowing: boolean
  #present: number
  /** For how long it has gone slowly, by position that has no stop. */
  readonly #slowed = new Map<string, Milliseconds>()
  #lookedAt: Timestamp = Number.NEGATIVE_INFINITY

  constructor(speed: number, isSlowing: boolean) {
    this.speed = speed
    this.isSlowing = isSlowing
    this.#present = speed
  }

  get present(): number {
    return this.#present
  }

  /**
   * @param bare positions that stand without a stop
   * @param isServed the client is answered, and told what happens
   */
  look(bare: readonly string[], isServed: boolean, now: Timestamp): void {
    if (!this.isSlowing || this.speed <= WALL) return
    const passed = this.#present === WALL ? now - this.#lookedAt : 0
    this.#lookedAt = now
    for (const key of this.#slowed.keys()) if (!bare.includes(key)) this.#slowed.delete(key)
    for (const key of bare) {
      const before = this.#slowed.get(key)
      this.#slowed.set(key, before === undefined ? 0 : before + passed)
    }
    const isWaitedFor = [...this.#slowed.values()].some(slowed => slowed < LONGEST)
    this.#present = isServed && isWaitedFor ? WALL : this.speed
  }
}
