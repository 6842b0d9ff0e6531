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
}

export class CycleClock {
  readonly #stopwatch: () => Milliseconds
  readonly #stats: { readonly [K in CycleId]: Stat }
  #begun: Milliseconds = 0

  constructor(stopwatch: () => Milliseconds) {
    this.#stopwatch = stopwatch
    const fresh = (): Stat => ({ lastAt: null, tookMs: null, runs: 0, errors: 0, lastError: null })
    this.#stats = { light: fresh(), heavy: fresh(), x10: fresh(), daily: fresh() }
  }

  begin(cycle: CycleId, now: Timestamp): void {
    this.#stats[cycle].lastAt = now
    this.#begun = this.#stopwatch()
  }

  end(cycle: CycleId): void {
    const stat = this.#stats[cycle]
    stat.tookMs = this.#stopwatch() - this.#begun
    stat.runs++
  }

  fail(cycle: CycleId, error: string): void {
    const stat = this.#stats[cycle]
    stat.errors++
    stat.lastError = error
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
