/**
 * How fast Bybit may be asked: rolling windows by endpoint and by address, of which bbw takes half at most, and of that
 * half keeps three tenths for what protects positions. Where several processes ask, each keeps to its part of it. The
 * time, on a clock that never steps, comes in.
 */
import type { Milliseconds } from '../../base/units.ts'

/** `protective`: closes, stops, cancellations, and what they have to know. */
export type Lane = 'normal' | 'protective'

/** Of the exchange's limits. */
const OWN_SHARE = 0.5
/** Of the own share, for everything that does not protect. */
const NORMAL_SHARE = 0.7

/** Requests a second and account (Bybit v5, rate limits, default accounts); what is not listed counts by address alone. */
const PER_SECOND: { readonly [path: string]: number } = {
  '/v5/order/create': 10,
  '/v5/order/amend': 10,
  '/v5/order/cancel': 10,
  '/v5/order/cancel-all': 10,
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
  '/v5/user/query-api': 10,
}
const PER_ADDRESS = 600
/** The longest that is counted over. */
export const ADDRESS_SPAN: Milliseconds = 5_000
const SPAN: Milliseconds = 1_000

/** How long a host is left alone that has blocked this address (HTTP 403). */
export const COOL_OFF: Milliseconds = 600_000
/** A reset further away than this is not believed: limits are by the second. */
const LONGEST_BLOCK: Milliseconds = 5_000

/** Who waits for his part asks for it so often: one that is not heard of for some seconds is taken for gone. */
const HEARD_EVERY: Milliseconds = 1_000

/** A process's parts of what bbw takes. */
export interface Shares {
  /** Of what does not protect, by address and by key; from 0 to 1. */
  readonly address: number
  readonly key: number
  /** Of the reserve for what protects. */
  readonly reserve: number
  /** How long the host is still to be left alone, as another process has heard. */
  readonly silentFor: Milliseconds
  /** How long nothing but what protects may go out. */
  readonly waits: Milliseconds
}

export const ALONE: Shares = { address: 1, key: 1, reserve: 1, silentFor: 0, waits: 0 }

/** What tells a process its parts. Neither waits for anybody. */
export interface Sharing {
  /** Asked by requests that do not protect alone. */
  of(host: string): Shares
  /** A host is to be left alone for so long, by all. */
  silenced(host: string, span: Milliseconds): void
}

class Window {
  limit: number
  readonly #span: Milliseconds
  readonly #times: number[] = []
  /** Of what protects alone. */
  readonly #kept: number[] = []
  #blockedUntil = Number.NEGATIVE_INFINITY

  constructor(limit: number, span: Milliseconds) {
    this.limit = limit
    this.#span = span
  }

  wait(lane: Lane, now: number, share: number, reserve: number): Milliseconds {
    const kept = lane === 'normal' ? 0 : (1 - NORMAL_SHARE) * reserve
    const own = this.limit * OWN_SHARE
    const free = this.#free(this.#times, Math.max(1, Math.floor(own * (NORMAL_SHARE * share + kept))), now)
    // Where a part has become smaller, what was sent before has no part in the reserve.
    const most = Math.floor(own * kept)
    const inReserve = most > 0 ? this.#free(this.#kept, most, now) : free
    return Math.max(0, this.#blockedUntil - now, Math.min(free, inReserve))
  }

  take(lane: Lane, now: number): void {
    this.#times.push(now)
    if (lane === 'protective') this.#kept.push(now)
  }

  /** How long until fewer than so many are within the span. */
  #free(times: number[], most: number, now: number): Milliseconds {
    while (times.length > 0 && times[0] <= now - this.#span) times.shift()
    return times.length < most ? 0 : times[times.length - most] + this.#span - now
  }

  block(until: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, until)
  }
}

export class Budgets {
  readonly #address = new Window(PER_ADDRESS, ADDRESS_SPAN)
  readonly #endpoints = new Map<string, Window>()
  #silentUntil = Number.NEGATIVE_INFINITY
  readonly #sharing: { of(): Shares; silenced(span: Milliseconds): void } | null
  #shares = ALONE

  /** @param sharing left out: nobody else asks */
  constructor(sharing: { of(): Shares; silenced(span: Milliseconds): void } | null = null) {
    this.#sharing = sharing
  }

  /** How long a request has to wait; it may go at 0. Told anew each time: others may go before it. */
  wait(path: string, lane: Lane, now: number): Milliseconds {
    if (this.#sharing !== null && lane === 'normal') {
      this.#shares = this.#sharing.of()
      const { silentFor, waits } = this.#shares
      if (silentFor > 0) this.#silentUntil = Math.max(this.#silentUntil, now + silentFor)
      if (silentFor > 0 || waits > 0) return Math.max(1, Math.min(waits, HEARD_EVERY))
    }
    const { address, key, reserve } = this.#shares
    return Math.max(
      this.#address.wait(lane, now, address, reserve),
      this.#window(path)?.wait(lane, now, key, reserve) ?? 0,
    )
  }

  /** A request goes out. */
  take(path: string, now: number, lane: Lane = 'normal'): void {
    this.#address.take(lane, now)
    this.#window(path)?.take(lane, now)
  }

  /** The exchange has no room for the endpoint until then: all its requests wait, protective ones, too. */
  block(path: string, until: number, now: number): void {
    const window = this.#window(path) ?? this.#address
    window.block(Math.min(until, now + LONGEST_BLOCK))
  }

  /** The limit that a reply names. A greater one than is known is not made use of. */
  learn(path: string, limit: number): void {
    const window = this.#window(path)
    if (window !== undefined && limit >= 1 && limit < window.limit) window.limit = limit
  }

  /** The host has blocked this address: nothing goes out until the time is over. */
  silence(now: number): void {
    this.#silentUntil = now + COOL_OFF
    this.#sharing?.silenced(COOL_OFF)
  }

  /** How long nothing may go out; 0 where something may. */
  silentFor(now: number): Milliseconds {
    return Math.max(0, this.#silentUntil - now)
  }

  #window(path: string): Window | undefined {
    const known = this.#endpoints.get(path)
    if (known !== undefined || !Object.hasOwn(PER_SECOND, path)) return known
    const window = new Window(PER_SECOND[path], SPAN)
    this.#endpoints.set(path, window)
    return window
  }
}

/**
 * The budgets of all that a process asks, by host: the exchange counts requests, and blocks, by address, whichever client
 * sends them.
 */
export class HostBudgets {
  readonly #hosts = new Map<string, Budgets>()
  readonly #sharing: Sharing | null

  /** @param sharing with other processes; `null`: there are none */
  constructor(sharing: Sharing | null = null) {
    this.#sharing = sharing
  }

  /** Those of the host of an address. */
  of(url: string): Budgets {
    const { host } = new URL(url)
    const known = this.#hosts.get(host)
    if (known !== undefined) return known
    const sharing = this.#sharing
    const budgets = new Budgets(
      sharing === null
        ? null
        : { of: () => sharing.of(host), silenced: span => sharing.silenced(host, span) },
    )
    this.#hosts.set(host, budgets)
    return budgets
  }
}
