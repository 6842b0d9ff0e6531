/**
 * For how long positions stood at the exchange without a stop of their whole size, by the exchange's own books. Only
 * those count that an order with a client's id has opened: what somebody opens in the app is theirs to protect.
 *
 * A client can set a stop again only where it is told and answered. Times at which it is not, or has not been for a
 * moment, are booked apart: those are `disturbed`.
 */
import { type Milliseconds, SECOND, type Timestamp } from '../../../base/units.ts'
import type { BybitOrder, BybitPosition } from './order.ts'

/** Who is not answered waits, and asks again: for so long after it that counts as not answered. */
const GRACE: Milliseconds = 30 * SECOND
/** And no less than this of the wall's clock, by which clients wait. */
const LEAST_GRACE: Milliseconds = 1_500

/** Times without a stop, in milliseconds of the exchange's clock. */
export interface BareTimes {
  readonly count: number
  readonly totalMs: Milliseconds
  readonly longestMs: Milliseconds
}

export interface ExposureReport {
  /** Positions that have no stop now. */
  readonly now: readonly string[]
  /** While the exchange answered, and told what happened. */
  readonly answered: BareTimes
  readonly disturbed: BareTimes
}

interface Bare {
  readonly since: Timestamp
  isDisturbed: boolean
}

const NEVER: BareTimes = { count: 0, totalMs: 0, longestMs: 0 }

export class Exposure {
  readonly #bare = new Map<string, Bare>()
  #answered = NEVER
  #disturbed = NEVER
  #disturbedUntil: Timestamp = Number.NEGATIVE_INFINITY
  readonly #grace: Milliseconds

  /** @param speed seconds of the exchange's clock in a second of the wall's */
  constructor(speed: number) {
    this.#grace = Math.max(GRACE, LEAST_GRACE * speed)
  }

  /** The client is not answered, or not told of something, at this time. */
  disturb(now: Timestamp): void {
    this.#disturbedUntil = Math.max(this.#disturbedUntil, now + this.#grace)
  }

  /** Looks at what is held, and at the orders that wait for a price. */
  look(positions: readonly BybitPosition[], orders: readonly BybitOrder[], now: Timestamp): void {
    const isDisturbed = now <= this.#disturbedUntil
    for (const position of positions) {
      const key = `${position.symbol} ${position.idx}`
      const bare = this.#bare.get(key)
      if (position.openedBy === '' || position.steps === 0 || isProtected(position, orders)) {
        if (bare === undefined) continue
        this.#bare.delete(key)
        this.#book(bare, now, isDisturbed)
      } else if (bare === undefined) this.#bare.set(key, { since: now, isDisturbed })
      else bare.isDisturbed ||= isDisturbed
    }
  }

  /** What there was so far, with what lasts. */
  report(now: Timestamp): ExposureReport {
    let [answered, disturbed] = [this.#answered, this.#disturbed]
    for (const { since, isDisturbed } of this.#bare.values()) {
      if (isDisturbed) disturbed = withOne(disturbed, now - since)
      else answered = withOne(answered, now - since)
    }
    return { now: [...this.#bare.keys()], answered, disturbed }
  }

  #book(bare: Bare, now: Timestamp, isDisturbed: boolean): void {
    if (bare.isDisturbed || isDisturbed) this.#disturbed = withOne(this.#disturbed, now - bare.since)
    else this.#answered = withOne(this.#answered, now - bare.since)
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
