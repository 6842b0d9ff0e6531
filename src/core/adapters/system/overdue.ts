/** When a loop counts as standing still: the rule of the watchdog, without its thread. */
import { type Milliseconds, SECOND } from '../../base/units.ts'
import type { Standstill } from './standstill.ts'

/** Something that has to come on again and again. */
export interface Watched {
  /** A noun for messages: `light cycle`. */
  readonly what: string
  /** It is overdue when its count has not changed for so long. */
  readonly limitMs: Milliseconds
}

/** Places in the counters that loop and watchdog share, 32-bit integers; the counts of the watched follow. */
export const CELL = { allowedSeconds: 0, isDebugged: 1, counts: 2 } as const

/** What a look finds. */
export interface Sight {
  /** How often each of the watched has ended, in their order. */
  readonly counts: ArrayLike<number>
  /** Something is being done that may take so long; 0: nothing of the kind. */
  readonly allowedMs: Milliseconds
  /** A debugger is open: the process may be held as long as a person likes. */
  readonly isDebugged: boolean
}

/** What the shared counters say. */
export function sightOf(cells: Int32Array): Sight {
  return {
    counts: cells.subarray(CELL.counts).map((_, k) => Atomics.load(cells, CELL.counts + k)),
    allowedMs: SECOND * Atomics.load(cells, CELL.allowedSeconds),
    isDebugged: Atomics.load(cells, CELL.isDebugged) !== 0,
  }
}

/**
 * Ages of the watched, in time that the watchdog itself has seen. Only a count that has changed makes young; however
 * often it is written down unchanged says nothing.
 */
export class Overdue {
  readonly #watched: readonly Watched[]
  readonly #mostPassed: Milliseconds
  readonly #counts: number[]
  readonly #ages: Milliseconds[]
  #allowedFor: Milliseconds = 0

  /**
   * @param mostPassed a look that comes later than this after the one before counts no more time: the machine slept, or
   *   the process was stopped, and the loop with it
   */
  constructor(watched: readonly Watched[], mostPassed: Milliseconds) {
    this.#watched = watched
    this.#mostPassed = mostPassed
    this.#counts = watched.map(() => 0)
    this.#ages = watched.map(() => 0)
  }

  /** Looks, so long after the look before. Returns what stands still; `null`: nothing does. */
  look(passed: Milliseconds, { counts, allowedMs, isDebugged }: Sight): Standstill | null {
    const span = Math.min(Math.max(passed, 0), this.#mostPassed)
    if (isDebugged) {
      this.#ages.fill(0)
      return null
    }
    if (allowedMs > 0) {
      this.#allowedFor += span
      return this.#allowedFor > allowedMs ? { what: 'upkeep', silentMs: this.#allowedFor } : null
    }
    this.#allowedFor = 0
    let worst: Standstill | null = null
    this.#watched.forEach(({ what, limitMs }, k) => {
      const hasChanged = counts[k] !== this.#counts[k]
      this.#counts[k] = counts[k]
      this.#ages[k] = hasChanged ? 0 : this.#ages[k] + span
      if (this.#ages[k] >= limitMs) worst ??= { what, silentMs: this.#ages[k] }
    })
    return worst
  }
}
