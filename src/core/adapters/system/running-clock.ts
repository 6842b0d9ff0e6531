/** A clock that runs by itself: an exchange's time where the market is not moved by bbw. */
import type { Milliseconds, Timestamp } from '../../base/units.ts'
import type { ClockPort, PacedExchange } from '../../engine/ports.ts'

export interface RunningClockPorts {
  /** The exchange's time; it may be corrected now and then. */
  readonly now: () => Timestamp
  /** Waits so long by that clock. Rejects when the signal is aborted. */
  readonly sleep: (span: Milliseconds, signal: AbortSignal) => Promise<void>
}

/** Timers take no more than 2^31 ms, and a clock that is corrected should not be waited for in one go. */
const LONGEST_SLEEP: Milliseconds = 60_000

export class RunningClock implements ClockPort {
  readonly #ports: RunningClockPorts
  #latest: Timestamp = Number.NEGATIVE_INFINITY
  #alarm: AbortController | null = null

  constructor(ports: RunningClockPorts) {
    this.#ports = ports
  }

  /** Never goes back: where the clock was ahead it stands until it is right. */
  now(): Timestamp {
    this.#latest = Math.max(this.#latest, this.#ports.now())
    return this.#latest
  }

  wakeAt(at: Timestamp | null, wake: () => void): void {
    // With a reason of its own: an error with its stack would be made for nobody.
    this.#alarm?.abort('another time')
    this.#alarm = null
    if (at === null) return
    const alarm = new AbortController()
    this.#alarm = alarm
    this.#waitFor(at, wake, alarm)
  }

  /** Resolves at a moment, at once where it is past. */
  async passed(at: Timestamp): Promise<void> {
    for (let left = at - this.now(); left > 0; left = at - this.now()) {
      await this.#ports.sleep(Math.min(LONGEST_SLEEP, left), new AbortController().signal)
    }
  }

  /** Nobody is woken any more. */
  stop(): void {
    this.wakeAt(null, () => {})
  }

  #waitFor(at: Timestamp, wake: () => void, alarm: AbortController): void {
    const left = at - this.now()
    this.#ports.sleep(Math.min(LONGEST_SLEEP, Math.max(0, left)), alarm.signal).then(
      () => {
        if (alarm.signal.aborted) return
        if (this.now() < at) return this.#waitFor(at, wake, alarm)
        this.#alarm = null
        wake()
      },
      // Nobody waits any more.
      () => {},
    )
  }
}

/** What lives by the clock is looked after so often. */
export const LOOK: Milliseconds = 1_000

/**
 * Lets an exchange run whose time passes by itself: looks after it every second, for as long as `pace` goes on. One that
 * waits for nothing is not asked again before: it would keep everything else in the process from happening.
 *
 * @param look what is to be done at each look
 */
export async function runByClock(
  clock: RunningClock,
  look: () => void,
  [idle, pace, until]: Parameters<PacedExchange['run']>,
): ReturnType<PacedExchange['run']> {
  try {
    for (;;) {
      look()
      const now = clock.now()
      if (until !== null && now >= until) {
        await idle()
        return 'until'
      }
      if (!(await pace(now + LOOK))) return 'stopped'
      await clock.passed(now + LOOK)
    }
  } finally {
    clock.stop()
  }
}
