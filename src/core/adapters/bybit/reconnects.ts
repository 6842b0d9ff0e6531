/**
 * How long to wait before a lost connection is tried again: twice as long each time, up to a minute, with a random part
 * so that clients which an outage has cut off together do not come back together. Only a connection that has held for
 * a minute counts as good: one that comes up and falls at once is slowed down as well. Bybit bans an address for more
 * than 500 connections in five minutes; this is a dozen.
 */
import { MINUTE, type Milliseconds } from '../../base/units.ts'

const FIRST: Milliseconds = 500
const LONGEST: Milliseconds = MINUTE
/** A connection is good when it has held for so long. */
const STEADY: Milliseconds = MINUTE

export class Reconnects {
  readonly #random: () => number
  #tries = 0
  #openedAt: Milliseconds | null = null
  #wait: Milliseconds

  /** @param random from 0 to below 1 */
  constructor(random: () => number) {
    this.#random = random
    this.#wait = this.#drawn()
  }

  /** How long the next try is to wait. */
  get wait(): Milliseconds {
    return this.#wait
  }

  /** Whether the waits have grown to the longest. */
  get isSlowed(): boolean {
    return FIRST * 2 ** this.#tries >= LONGEST
  }

  /** @param at by a clock that never goes back */
  opened(at: Milliseconds): void {
    this.#openedAt = at
  }

  /** The connection still stands. */
  holds(at: Milliseconds): void {
    if (this.#tries === 0 || this.#openedAt === null || at - this.#openedAt < STEADY) return
    this.#tries = 0
    this.#wait = this.#drawn()
  }

  /** The connection is gone, or could not be had, and is tried again after the wait: the one after it is longer. */
  lost(): void {
    this.#openedAt = null
    this.#tries++
    this.#wait = this.#drawn()
  }

  /** Between half of the wait and all of it. */
  #drawn(): Milliseconds {
    const longest = Math.min(LONGEST, FIRST * 2 ** Math.min(this.#tries, 20))
    return Math.round(longest * (0.5 + this.#random() / 2))
  }
}
