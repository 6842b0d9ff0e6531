/** When each cycle ran, how long it took and what failed in it: for the record, never for a decision. */
import type { Milliseconds, Timestamp } from '../base/units.ts'
import { CYCLES, type CycleId } from './cycles.ts'
import type { CycleSnapshot } from './snapshot.ts'

interface Stat {
  lastAt: Timestamp | null
  tookMs: Milliseconds | null
  runs: number
  errors: number
  lastError: string | null
  lastErrorAt: Timestamp | null
  /** A step has failed in the last run, or in the one that is going on. */
  isFailing: boolean
}

export class CycleClock {
  readonly #stopwatch: () => Milliseconds
  readonly #stats: { readonly [K in CycleId]: Stat }
  #begun: Milliseconds = 0
  /** Nothing has failed in the run that is going on. */
  #isSound = true

  constructor(stopwatch: () => Milliseconds) {
    this.#stopwatch = stopwatch
    const none = { lastAt: null, tookMs: null, lastError: null, lastErrorAt: null }
    const fresh = (): Stat => ({ ...none, runs: 0, errors: 0, isFailing: false })
    this.#stats = { light: fresh(), heavy: fresh(), x10: fresh(), daily: fresh() }
  }

  begin(cycle: CycleId, now: Timestamp): void {
    this.#stats[cycle].lastAt = now
    this.#isSound = true
    this.#begun = this.#stopwatch()
  }

  end(cycle: CycleId): void {
    const stat = this.#stats[cycle]
    stat.tookMs = this.#stopwatch() - this.#begun
    stat.runs++
    if (this.#isSound) stat.isFailing = false
  }

  fail(cycle: CycleId, error: string, now: Timestamp): void {
    const stat = this.#stats[cycle]
    stat.errors++
    stat.lastError = error
    stat.lastErrorAt = now
    stat.isFailing = true
    this.#isSound = false
  }

  /** How often a cycle has come to its end. */
  runs(cycle: CycleId): number {
    return this.#stats[cycle].runs
  }

  snapshot(schedule: { dueAt(cycle: CycleId): Timestamp | null }): CycleSnapshot[] {
    return CYCLES.map(({ id, period }) => ({
      cycle: id,
      every: period,
      nextAt: schedule.dueAt(id),
      ...this.#stats[id],
    }))
  }
}
