import { broken } from '../base/assert.ts'
import type { Timestamp } from '../base/units.ts'
import { CYCLES, type Cycle, type CycleId } from './cycles.ts'

/** A schedule as plain data. */
export interface SavedSchedule {
  readonly started: boolean
  readonly due: { readonly [K in CycleId]: Timestamp | null }
  readonly lastSlot: { readonly [K in CycleId]: Timestamp }
  readonly timers: readonly { readonly cycle: CycleId; readonly at: Timestamp }[]
  readonly queue: readonly CycleId[]
}

const NEVER = Number.POSITIVE_INFINITY

/**
 * Which cycle is due when. A cycle runs at the next turn of its period after something it looks at has changed (it
 * was touched), or after a moment at which time alone changes its answer (a timer); where nothing has, its turn is
 * skipped. Only the daily cycle runs every time.
 */
export class Schedule {
  readonly #everyCycle: boolean
  #started = false
  readonly #due: { [K in CycleId]: Timestamp | null } = { light: null, heavy: null, x10: null, daily: null }
  readonly #lastSlot: { [K in CycleId]: Timestamp } = { light: -1, heavy: -1, x10: -1, daily: -1 }
  #timers: { readonly cycle: CycleId; readonly at: Timestamp }[] = []
  /** The earliest of the timers. */
  #nextTimer = NEVER
  #queue: CycleId[] = []

  /** @param everyCycle runs every cycle at each of its turns, touched or not */
  constructor(everyCycle: boolean) {
    this.#everyCycle = everyCycle
  }

  /** Takes note of the time: what is due by now is queued. The first time makes every cycle due at its next turn. */
  tick(now: Timestamp, running: CycleId | null): void {
    if (!this.#started) {
      this.#started = true
      for (const cycle of CYCLES) this.touch(cycle.id, now)
    }
    if (this.#nextTimer <= now) {
      for (const timer of this.#timers) if (timer.at <= now) this.touch(timer.cycle, now)
      this.#setTimers(this.#timers.filter(timer => timer.at > now))
    }
    for (const cycle of CYCLES) {
      const due = this.#due[cycle.id]
      // No cycle overlaps itself: one still running when it is due again begins once it has ended.
      if (due === null || due > now || running === cycle.id) continue
      this.#due[cycle.id] = null
      this.#lastSlot[cycle.id] = slot(cycle, now)
      if (this.#everyCycle || cycle.id === 'daily') this.touch(cycle.id, now)
      if (!this.#queue.includes(cycle.id)) this.#queue.push(cycle.id)
    }
  }

  /** Something a cycle looks at has changed: it is due at its next turn. */
  touch(id: CycleId, now: Timestamp): void {
    if (!this.#started || this.#due[id] !== null) return
    const cycle = cycleOf(id)
    const next = slot(cycle, now + cycle.period - 1)
    this.#due[id] = next > this.#lastSlot[id] ? next : this.#lastSlot[id] + cycle.period
  }

  /** Makes a cycle due at a moment of its own, between its turns: something cannot wait for the next one. */
  hurry(id: CycleId, at: Timestamp): void {
    const due = this.#due[id]
    if (due === null || at < due) this.#due[id] = at
  }

  /** Touches a cycle at a moment to come. */
  touchAt(cycle: CycleId, at: Timestamp): void {
    this.#timers.push({ cycle, at })
    if (at < this.#nextTimer) this.#nextTimer = at
  }

  /** Whether a cycle waits for its turn to run. */
  get isQueued(): boolean {
    return this.#queue.length > 0
  }

  /** Takes the cycle that is to run next off the queue. */
  next(): CycleId | undefined {
    return this.#queue.shift()
  }

  /** When `tick` is to be called next; `null` before the first time. A running cycle is not due before it has ended. */
  wakeAt(running: CycleId | null): Timestamp | null {
    let at = this.#nextTimer
    for (const { id } of CYCLES) {
      const due = this.#due[id]
      if (due !== null && due < at && running !== id) at = due
    }
    return at === NEVER ? null : at
  }

  /** When a cycle is due; `null`: nothing it looks at has changed. */
  dueAt(id: CycleId): Timestamp | null {
    return this.#due[id]
  }

  save(): SavedSchedule {
    return {
      started: this.#started,
      due: this.#due,
      lastSlot: this.#lastSlot,
      timers: this.#timers,
      queue: this.#queue,
    }
  }

  static load(everyCycle: boolean, saved: SavedSchedule): Schedule {
    const schedule = new Schedule(everyCycle)
    schedule.#started = saved.started
    Object.assign(schedule.#due, saved.due)
    Object.assign(schedule.#lastSlot, saved.lastSlot)
    schedule.#setTimers([...saved.timers])
    schedule.#queue = [...saved.queue]
    return schedule
  }

  #setTimers(timers: { readonly cycle: CycleId; readonly at: Timestamp }[]): void {
    this.#timers = timers
    this.#nextTimer = NEVER
    for (const { at } of timers) if (at < this.#nextTimer) this.#nextTimer = at
  }
}

/** The earlier of two moments; `null` is never. */
export function earliest(a: Timestamp | null, b: Timestamp | null): Timestamp | null {
  if (a === null || b === null) return a ?? b
  return a < b ? a : b
}

/** The start of the cycle's turn that `time` lies in. */
function slot({ period, offset }: Cycle, time: Timestamp): Timestamp {
  return Math.floor((time - offset) / period) * period + offset
}

const CYCLE_BY_ID = new Map(CYCLES.map(cycle => [cycle.id, cycle]))

/** The cycle of that name. */
export function cycleOf(id: CycleId): Cycle {
  const cycle = CYCLE_BY_ID.get(id)
  if (cycle === undefined) broken(`${id} is no cycle`)
  return cycle
}
