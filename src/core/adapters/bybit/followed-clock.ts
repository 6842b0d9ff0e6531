/**
 * The clock of a simulated exchange that goes at another pace than the wall's, and not always at the same: it tells its
 * time and its pace, and whoever waits by this clock waits as much longer or shorter. It never goes back: where it was
 * ahead it stands until it is right, which is soon at a fast pace; at the wall's it stays as much ahead, because whatever
 * is waited for then would be waited for that much longer. Until it is told anything it goes at the pace that it was made
 * with.
 */
import type { Milliseconds, Timestamp } from '../../base/units.ts'

export interface FollowedClockPorts {
  /** Milliseconds of a clock of the machine's that never steps. */
  monotonic(): Milliseconds
  /** Rejects when the signal is aborted. */
  sleep(ms: Milliseconds, signal: AbortSignal): Promise<void>
}

const WALL = 1
/** The machine's time is told in whole milliseconds: the clock is not followed back for less. */
const GRAIN: Milliseconds = 2

export class FollowedClock {
  readonly #ports: FollowedClockPorts
  #pace: number
  /** Where it stood, and the machine's time then. */
  #from: { readonly at: Milliseconds; readonly wall: Milliseconds }
  #latest: Milliseconds
  /** The exchange's time where this clock is at 0; `null`: it was not told yet. */
  #origin: Timestamp | null = null
  /** Who waits by it, to be told that its pace has changed. */
  readonly #waiting = new Set<() => void>()

  /** @param pace how many times as fast as the machine's clock it goes */
  constructor(ports: FollowedClockPorts, pace: number) {
    this.#ports = ports
    this.#pace = pace
    const wall = ports.monotonic()
    this.#from = { at: wall * pace, wall }
    this.#latest = this.#from.at
  }

  monotonic(): Milliseconds {
    this.#latest = Math.max(this.#latest, this.#reckoned())
    return this.#latest
  }

  /**
   * The exchange tells its time and its pace.
   *
   * @param age how long ago that was so, by the machine's clock
   */
  told(now: Timestamp, pace: number, age: Milliseconds): void {
    const present = now + age * pace
    this.#origin ??= present - this.monotonic()
    const at = present - this.#origin
    const wall = this.#ports.monotonic()
    const latest = this.monotonic()
    const ahead = this.#reckoned() - at
    const isSame = pace === this.#pace
    if (isSame && ahead >= 0 && ahead <= GRAIN * pace) return
    this.#pace = pace
    this.#from = { at: pace <= WALL ? Math.max(at, latest) : at, wall }
    for (const wake of [...this.#waiting]) wake()
  }

  /** Waits so long by this clock. Rejects when the signal is aborted. */
  async sleep(span: Milliseconds, signal?: AbortSignal): Promise<void> {
    const until = this.monotonic() + span
    // What it is ahead by is waited for as well.
    do await this.#nap(Math.max(0, until - this.#reckoned()) / this.#pace, signal)
    while (this.monotonic() < until)
  }

  /** Sleeps for so long by the machine's clock, or until the pace changes. */
  async #nap(ms: Milliseconds, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const woken = new AbortController()
    const wake = (): void => woken.abort()
    this.#waiting.add(wake)
    signal?.addEventListener('abort', wake)
    try {
      await this.#ports.sleep(ms, woken.signal)
    } catch (error) {
      if (!woken.signal.aborted) throw error
    } finally {
      this.#waiting.delete(wake)
      signal?.removeEventListener('abort', wake)
    }
    signal?.throwIfAborted()
  }

  #reckoned(): Milliseconds {
    const { at, wall } = this.#from
    return at + (this.#ports.monotonic() - wall) * this.#pace
  }
}
