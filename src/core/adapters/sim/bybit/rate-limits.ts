/** How often an account and an address may ask. Source: Bybit v5, "Rate limit". */
import { MINUTE, type Milliseconds, SECOND, type Timestamp } from '../../../base/units.ts'

/**
 * Requests in a rolling second, by endpoint, and orders where an endpoint takes many at once; endpoints that are not here
 * are limited by address alone.
 */
export const PER_SECOND: { readonly [path: string]: number } = {
  '/v5/order/create': 10,
  '/v5/order/amend': 10,
  '/v5/order/cancel': 10,
  '/v5/order/cancel-all': 10,
  '/v5/order/create-batch': 10,
  '/v5/order/amend-batch': 10,
  '/v5/order/cancel-batch': 10,
  '/v5/order/realtime': 50,
  '/v5/order/history': 50,
  '/v5/execution/list': 50,
  '/v5/position/list': 50,
  '/v5/position/closed-pnl': 50,
  '/v5/position/set-leverage': 10,
  '/v5/position/switch-mode': 10,
  '/v5/position/trading-stop': 10,
  '/v5/account/wallet-balance': 50,
  '/v5/account/fee-rate': 5,
  '/v5/account/transaction-log': 25,
  '/v5/account/info': 50,
  '/v5/account/set-margin-mode': 5,
  '/v5/account/set-limit-px-action': 5,
  '/v5/user/query-api': 10,
}

const ADDRESS_WINDOW: Milliseconds = 5 * SECOND
const ADDRESS_MOST = 600
/** New sockets. */
const CONNECT_WINDOW: Milliseconds = 5 * MINUTE
const CONNECT_MOST = 500
/** An address that asks too often is not served for so long. */
export const BAN: Milliseconds = 10 * MINUTE

export interface Allowance {
  readonly isAllowed: boolean
  /** How many of those that were asked for. */
  readonly granted: number
  readonly limit: number
  readonly left: number
  /** When there is room again. */
  readonly resetAt: Timestamp
}

/** The stamps of what was let through in a rolling window. */
class RollingWindow {
  readonly #most: number
  readonly #span: Milliseconds
  #stamps: Timestamp[] = []

  constructor(most: number, span: Milliseconds) {
    this.#most = most
    this.#span = span
  }

  take(now: Timestamp, count = 1): Allowance {
    this.#stamps = this.#stamps.filter(stamp => stamp > now - this.#span)
    const granted = Math.min(count, this.#most - this.#stamps.length)
    for (let k = 0; k < granted; k++) this.#stamps.push(now)
    const left = this.#most - this.#stamps.length
    const resetAt = left > 0 ? now : this.#stamps[0] + this.#span
    return { isAllowed: granted > 0, granted, limit: this.#most, left, resetAt }
  }
}

export class RateLimits {
  readonly #endpoints = new Map<string, RollingWindow>()
  readonly #address = new RollingWindow(ADDRESS_MOST, ADDRESS_WINDOW)
  readonly #connects = new RollingWindow(CONNECT_MOST, CONNECT_WINDOW)
  #bannedUntil: Timestamp = Number.NEGATIVE_INFINITY

  /**
   * One more request of the account at an endpoint; `null` where that has no limit of its own.
   *
   * @param count how many it counts for
   */
  ask(path: string, now: Timestamp, count = 1): Allowance | null {
    const most = PER_SECOND[path]
    if (most === undefined) return null
    let window = this.#endpoints.get(path)
    if (window === undefined) {
      window = new RollingWindow(most, SECOND)
      this.#endpoints.set(path, window)
    }
    return window.take(now, count)
  }

  /** One more request of the address. Returns whether it is served. */
  arrive(now: Timestamp): boolean {
    if (this.isBanned(now)) return false
    if (this.#address.take(now).isAllowed) return true
    this.ban(now, BAN)
    return false
  }

  /** One more socket of the address. Returns whether it is let in. */
  connect(now: Timestamp): boolean {
    return !this.isBanned(now) && this.#connects.take(now).isAllowed
  }

  isBanned(now: Timestamp): boolean {
    return now < this.#bannedUntil
  }

  /** The address is not served for a while. */
  ban(now: Timestamp, span: Milliseconds): void {
    this.#bannedUntil = now + span
  }
}
