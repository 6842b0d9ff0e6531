/**
 * Runs cycles, one at a time, step by step. A step may wait for answers, up to its deadline; what waits is state, so
 * that the engine can be cut and continued there.
 */
import { assert } from '../base/assert.ts'
import { MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import type { EngineCore } from './core.ts'
import { CycleClock } from './cycle-clock.ts'
import type { CycleId, StepId } from './cycles.ts'
import { cycleOf } from './schedule.ts'
import type { CycleSnapshot } from './snapshot.ts'
import type { EngineState, RunningCycle } from './state.ts'

/** A step that fails more often than this, in five minutes or in as many turns, is worth more than a note. */
const MOST_FAILS = 3
const FAILS_WITHIN: Milliseconds = 5 * MINUTE
/** A step that goes on failing is told so often at most: a long outage must not bury what else has happened. */
const TOLD_EVERY: Milliseconds = 5 * MINUTE

export class CycleRunner {
  readonly #core: EngineCore
  readonly #runStep: (id: StepId) => string[]
  readonly #clock: CycleClock
  #running: RunningCycle | null = null
  /** When steps failed lately, by cycle and step; no more of them than tell that it is too often. */
  readonly #failures = new Map<string, readonly Timestamp[]>()
  /** When that was told last, by cycle and step, and by `often` where it was told as happening again and again. */
  readonly #told = new Map<string, Timestamp>()

  /**
   * @param runStep carries a step out and returns the ids of the answers it has to wait for
   * @param stopwatch milliseconds of a clock of the machine's
   */
  constructor(core: EngineCore, runStep: (id: StepId) => string[], stopwatch: () => Milliseconds) {
    this.#core = core
    this.#runStep = runStep
    this.#clock = new CycleClock(stopwatch)
  }

  /** The cycle that is on its way; `null` between two. */
  get cycle(): CycleId | null {
    return this.#running?.cycle ?? null
  }

  /** When the step that waits has waited long enough; `null` when none does. */
  get deadline(): Timestamp | null {
    return this.#running?.waiting?.deadline ?? null
  }

  /** Runs what is queued, up to a step that has to wait. */
  advance(): void {
    if (this.#running !== null || this.#core.schedule.isQueued) this.#run()
  }

  #run(): void {
    for (;;) {
      if (this.#running === null) {
        const next = this.#core.schedule.next()
        if (next === undefined) return
        this.#running = { cycle: next, step: 0, waiting: null }
        this.#clock.begin(next, this.#core.now)
      }
      const running = this.#running
      const { steps } = cycleOf(running.cycle)
      while (running.step < steps.length) {
        const { id, deadline } = steps[running.step]
        if (running.waiting === null) {
          const waitFor = this.#runStep(id)
          if (waitFor.length > 0) {
            running.waiting = { for: waitFor, deadline: this.#core.now + deadline }
            return
          }
        } else if (running.waiting.for.length > 0) {
          if (this.#core.now < running.waiting.deadline) return
          this.#failStep(`no answer within ${deadline / 1000} s`)
        }
        running.waiting = null
        running.step++
      }
      this.#clock.end(running.cycle)
      this.#running = null
    }
  }

  /** What a waiting step waits for has come. */
  arrived(what: string): void {
    const waiting = this.#running?.waiting
    if (waiting === null || waiting === undefined) return
    waiting.for = waiting.for.filter(one => one !== what)
  }

  /** A question could not be asked, or its answer not be read: the step that waits for it has failed. */
  queryFailed(queryId: string, reason: string): void {
    if (this.#running?.waiting?.for.includes(queryId) !== true) return
    this.#failStep(reason)
    this.arrived(queryId)
  }

  #failStep(reason: string): void {
    const running = this.#running
    assert(running !== null, 'a step that fails is running')
    const { id } = cycleOf(running.cycle).steps[running.step]
    // What was left undone is tried again at the cycle's next turn.
    this.#core.touch(running.cycle)
    this.#core.count('step-failed')
    this.#clock.fail(running.cycle, `${id}: ${reason}`, this.#core.now)
    const isOften = this.#failsOften(running.cycle, id)
    if (!this.#isNews(`${running.cycle}:${id}`, isOften)) return
    this.#core.event(
      'step-failed',
      null,
      `${running.cycle} cycle, ${id}: ${reason}${isOften ? ', again and again' : ''}`,
      { cycle: running.cycle, step: id },
      null,
      isOften ? 'W711' : null,
    )
  }

  /** Whether a failure is told: the first, the first that makes it too often, and one in five minutes from then on. */
  #isNews(step: string, isOften: boolean): boolean {
    const { now } = this.#core
    const key = isOften ? `${step}:often` : step
    if ((this.#told.get(key) ?? Number.NEGATIVE_INFINITY) > now - TOLD_EVERY) return false
    this.#told.set(step, now)
    if (isOften) this.#told.set(key, now)
    return true
  }

  /** Notes that a step has failed; whether it has done so too often. */
  #failsOften(cycle: CycleId, step: StepId): boolean {
    const key = `${cycle}:${step}`
    const since = this.#core.now - Math.max(FAILS_WITHIN, (MOST_FAILS + 1) * cycleOf(cycle).period)
    const times = [...(this.#failures.get(key) ?? []).filter(at => at > since), this.#core.now]
    this.#failures.set(key, times.slice(-MOST_FAILS - 1))
    return times.length > MOST_FAILS
  }

  /** How often a cycle has come to its end in this process. */
  runs(cycle: CycleId): number {
    return this.#clock.runs(cycle)
  }

  snapshot(): CycleSnapshot[] {
    return this.#clock.snapshot(this.#core.schedule)
  }

  save(): Pick<EngineState, 'running' | 'failures' | 'failuresTold'> {
    return { running: this.#running, failures: [...this.#failures], failuresTold: [...this.#told] }
  }

  load({
    running,
    failures,
    failuresTold,
  }: Pick<EngineState, 'running' | 'failures' | 'failuresTold'>): void {
    this.#running = running
    for (const [key, times] of failures) this.#failures.set(key, times)
    for (const [key, at] of failuresTold) this.#told.set(key, at)
  }
}
