/** How long answers take: the slow twentieth of the last minutes, on a clock that never steps; pure. */
import { MINUTE, type Milliseconds, SECOND } from '../../base/units.ts'

/** So long an answer is remembered, and so many at most. */
const REMEMBERED: Milliseconds = 5 * MINUTE
const MOST = 500
/** Fewer say nothing. */
const LEAST = 20
/** Of all answers so many are faster. */
const SHARE = 0.95
/** That slow is slow; not any more below the second. */
const SLOW: Milliseconds = 2 * SECOND
const FAST: Milliseconds = SECOND

export class ReplyTimes {
  readonly #times: { readonly at: Milliseconds; readonly took: Milliseconds }[] = []
  #isSlow = false

  /** Takes note of an answer, or of one that was given up: it took longer than that. */
  take(at: Milliseconds, took: Milliseconds): void {
    this.#times.push({ at, took })
    if (this.#times.length > MOST) this.#times.shift()
  }

  /** What 95 of 100 answers were faster than lately; `null`: there were too few. */
  percentile(now: Milliseconds): Milliseconds | null {
    while (this.#times.length > 0 && this.#times[0].at < now - REMEMBERED) this.#times.shift()
    if (this.#times.length < LEAST) return null
    const sorted = this.#times.map(({ took }) => took).sort((one, other) => one - other)
    return sorted[Math.ceil(SHARE * sorted.length) - 1]
  }

  /** The percentile where it has become slow since the last call; `null` while that is known, or is not so. */
  news(now: Milliseconds): Milliseconds | null {
    const took = this.percentile(now)
    if (took === null) return null
    const was = this.#isSlow
    this.#isSlow = took >= (was ? FAST : SLOW)
    return this.#isSlow && !was ? took : null
  }
}
