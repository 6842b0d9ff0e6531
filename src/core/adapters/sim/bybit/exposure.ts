/**
 * For how long positions stood at the exchange without a stop of their whole size, by the exchange's own books. Only
 * those count that an order with a client's id has opened: what somebody opens in the app is theirs to protect.
 *
 * A client can set a stop again only where it is told and answered. Times at which it is not are booked apart, as
 * `disturbed`, and so is as long after each of them as a client takes that looks at its account every half minute. What
 * of such a time had passed before the disturbance counts as answered all the same.
 */
import { type Milliseconds, SECOND, type Timestamp } from '../../../base/units.ts'
import type { BybitOrder, BybitPosition } from './order.ts'
import type { Pace } from './pace.ts'

/** A client looks at its account this often, whatever it is told: for so long after it that counts as not answered. */
const GRACE: Milliseconds = 30 * SECOND
/** And where the clock does not wait for clients no less than this of the wall's, by which they wait. */
const LEAST_GRACE: Milliseconds = 1_500

/** Times without a stop, in milliseconds of the exchange's clock. */
export interface BareTimes {
  readonly count: number
  readonly totalMs: Milliseconds
  readonly longestMs: Milliseconds
}

export interface DisturbedTimes extends BareTimes {
  /** The longest of them from the last moment at which the client was not answered, or not told of something. */
  readonly longestAfterMs: Milliseconds
}

export interface ExposureReport {
  /** Positions that have no stop now. */
  readonly now: readonly string[]
  /** While the exchange answered, and told what happened. */
  readonly answered: BareTimes
  readonly disturbed: DisturbedTimes
}

interface Bare {
  readonly since: Timestamp
  /** When it began to count as disturbed; `null`: it does not. */
  disturbedAt: Timestamp | null
}

const NEVER: BareTimes = { count: 0, totalMs: 0, longestMs: 0 }

export class Exposure {
  readonly #bare = new Map<string, Bare>()
  #answered = NEVER
  #disturbed: DisturbedTimes = { ...NEVER, longestAfterMs: 0 }
  /** The last moment at which the client was not answered, or not told of something. */
  #disturbedAt: Timestamp = Number.NEGATIVE_INFINITY
  #lookedAt: Timestamp = Number.NEGATIVE_INFINITY
  readonly #grace: Milliseconds

  constructor({ speed, isSlowing }: Pick<Pace, 'speed' | 'isSlowing'>) {
    this.#grace = isSlowing ? GRACE : Math.max(GRACE, LEAST_GRACE * speed)
  }

  /** Positions that have no stop now. */
  get bare(): readonly string[] {
    return [...this.#bare.keys()]
  }

  /** The client is not answered, or not told of something, at this time; or from one to another one. */
  disturb(from: Timestamp, until: Timestamp = from): void {
    if (until <= this.#disturbedAt) return
    let { longestAfterMs } = this.#disturbed
    for (const bare of this.#bare.values()) {
      if (bare.disturbedAt !== null) longestAfterMs = Math.max(longestAfterMs, this.#after(bare, from))
    }
    this.#disturbed = { ...this.#disturbed, longestAfterMs }
    this.#disturbedAt = until
  }

  /** Looks at what is held, and at the orders that wait for a price. */
  look(positions: readonly BybitPosition[], orders: readonly BybitOrder[], now: Timestamp): void {
    for (const position of positions) {
      const key = `${position.symbol} ${position.idx}`
      const bare = this.#bare.get(key)
      if (position.openedBy === '' || position.steps === 0 || isProtected(position, orders)) {
        if (bare === undefined) continue
        this.#bare.delete(key)
        this.#noteDisturbance(bare, now)
        this.#answered = this.#withAnswered(this.#answered, bare, now)
        this.#disturbed = this.#withDisturbed(this.#disturbed, bare, now)
      } else {
        const one = bare ?? { since: this.#sinceOf(position, now), disturbedAt: null }
        this.#noteDisturbance(one, now)
        this.#bare.set(key, one)
      }
    }
    this.#lookedAt = now
  }

  /** What there was so far, with what lasts. */
  report(now: Timestamp): ExposureReport {
    let [answered, disturbed] = [this.#answered, this.#disturbed]
    for (const bare of this.#bare.values()) {
      answered = this.#withAnswered(answered, bare, now)
      disturbed = this.#withDisturbed(disturbed, bare, now)
    }
    return { now: this.bare, answered, disturbed }
  }

  /** What has changed since the last look has been so since then. */
  #sinceOf({ updatedAt }: BybitPosition, now: Timestamp): Timestamp {
    return updatedAt > this.#lookedAt && updatedAt < now ? updatedAt : now
  }

  #noteDisturbance(bare: Bare, now: Timestamp): void {
    if (bare.disturbedAt === null && now <= this.#disturbedAt + this.#grace)
      bare.disturbedAt = Math.max(bare.since, Math.min(this.#disturbedAt, now))
  }

  #withAnswered(times: BareTimes, { since, disturbedAt }: Bare, now: Timestamp): BareTimes {
    if (disturbedAt === null) return withOne(times, now - since)
    return { ...times, longestMs: Math.max(times.longestMs, disturbedAt - since) }
  }

  #withDisturbed(times: DisturbedTimes, bare: Bare, now: Timestamp): DisturbedTimes {
    if (bare.disturbedAt === null) return times
    const longestAfterMs = Math.max(times.longestAfterMs, this.#after(bare, now))
    return { ...withOne(times, now - bare.since), longestAfterMs }
  }

  /** For how long nothing has been in the way by now. */
  #after({ since }: Bare, now: Timestamp): Milliseconds {
    return Math.max(0, now - Math.max(since, this.#disturbedAt))
  }
}

function withOne({ count, totalMs, longestMs }: BareTimes, ms: Milliseconds): BareTimes {
  return { count: count + 1, totalMs: totalMs + ms, longestMs: Math.max(longestMs, ms) }
}

function isProtected({ symbol, idx, steps }: BybitPosition, orders: readonly BybitOrder[]): boolean {
  return orders.some(
    order =>
      order.symbol === symbol &&
      order.positionIdx === idx &&
      order.stopOrderType === 'StopLoss' &&
      order.steps >= steps,
  )
}
