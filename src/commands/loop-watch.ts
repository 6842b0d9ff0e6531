/**
 * What the watchdog of a loop goes by. On a market with a clock of its own that is each cycle: none may have ended longer
 * ago than twice its period. A market that bbw moves itself waits as long as it has to, for a reader or for an exchange in
 * another process, so there it is that the loop comes to ask for the next instant, which it does once all cycles of
 * the one before have ended. Nothing is fed by a timer: the same count written down again is no progress.
 */
import type { Watched } from '../core/adapters/system/overdue.ts'
import type { Watchdog } from '../core/adapters/system/watchdog.ts'
import { DAY, MINUTE, type Milliseconds, SECOND } from '../core/base/units.ts'
import { CYCLES, type CycleId } from '../core/engine/cycles.ts'

/** Less is no standstill on a machine that has other things to do, however fast a simulated market goes. */
const LEAST_MS: Milliseconds = 20 * SECOND
/** An exchange in another process is asked several times, each time with a deadline. */
const LEAST_REMOTE_MS: Milliseconds = MINUTE
const PERIODS = 2
/** Without end, as far as the watchdog counts. */
const FOR_EVER: Milliseconds = 10_000 * DAY

/** How the market of a loop goes. */
export interface Pace {
  /** It moves when bbw says so; else by a clock of its own. */
  readonly isPaced: boolean
  /** Seconds of a paced one that pass in a second. Another clock may at any time go no faster than the wall's. */
  readonly speed: number
  /** Cycles run at each of their turns; else only where something has changed, and once a day. */
  readonly isEveryCycle: boolean
  /** What is paced lies in another process. */
  readonly isRemote: boolean
}

/** What has to come on, and within which time of the machine. */
export function watchedOf({ isPaced, speed, isEveryCycle, isRemote }: Pace): readonly Watched[] {
  if (!isPaced) return CYCLES.map(({ id, period }) => ({ what: `${id} cycle`, limitMs: PERIODS * period }))
  const gap = isEveryCycle ? Math.min(...CYCLES.map(({ period }) => period)) : DAY
  const least = isRemote ? LEAST_REMOTE_MS : LEAST_MS
  return [{ what: 'instant of the market', limitMs: Math.max(least, (PERIODS * gap) / speed) }]
}

export class LoopWatch {
  readonly #watchdog: Watchdog
  #instants = 0

  constructor(watchdog: Watchdog) {
    this.#watchdog = watchdog
  }

  /** Notes which cycles have ended, on a market with a clock of its own. */
  cycles(engine: { runs(cycle: CycleId): number }): void {
    CYCLES.forEach(({ id }, place) => {
      this.#watchdog.note(place, engine.runs(id))
    })
  }

  /** Notes that the loop has come to the next instant of a market that it moves itself. */
  instant(): void {
    this.#instants += 1
    this.#watchdog.note(0, this.#instants)
  }

  /** Does something that may take so long, in which nothing else comes on. */
  during(most: Milliseconds, work: () => void): void {
    this.#watchdog.allow(most)
    try {
      work()
    } finally {
      this.#watchdog.allow(0)
    }
  }

  /** Waits for somebody who may take as long as he likes. */
  async patiently(work: Promise<void>): Promise<void> {
    this.#watchdog.allow(FOR_EVER)
    try {
      await work
    } finally {
      this.#watchdog.allow(0)
    }
  }

  close(): void {
    this.#watchdog.close()
  }
}
