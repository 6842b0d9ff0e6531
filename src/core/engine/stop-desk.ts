/**
 * What is wanted of each position's stop, and what has become of it: one request is in flight at most, the tightest
 * wish waits behind it, and a stop that is missing at the exchange is restored or, where that cannot be done, the
 * position closed. A pure table; the engine carries out what it says.
 */
import type { Price, Ticks, Timestamp } from '../base/units.ts'
import type { StopMove } from '../decision/intent.ts'
import type { Instrument } from '../market/instrument.ts'
import { stopOn } from '../portfolio/grid-change.ts'
import { type Position, positionKey } from '../portfolio/position.ts'
import type { ExitReason } from '../portfolio/trade.ts'
import type { StopTrouble } from './protocol.ts'
import type { Ask } from './rule.ts'
import type { StopRequest, StopState } from './state.ts'
import {
  STOP_ANSWER,
  STOP_LATE,
  STOP_SEND,
  STOP_SHOWN,
  STOP_TOLD,
  STOP_WISH,
  type StopStep,
  type StopVerdict,
  stopAnswerDue,
} from './stop-rules.ts'

const NONE: StopState = Object.freeze({
  wish: null,
  inFlight: null,
  tries: 0,
  missingSince: 0,
  openedAt: 0,
  wasSeen: false,
  closing: null,
})

export class StopDesk {
  readonly #states = new Map<string, StopState>()
  readonly #ask: Ask

  /** @param ask asks the rules by which stops are decided on */
  constructor(ask: Ask) {
    this.#ask = ask
  }

  of(key: string): StopState {
    return this.#states.get(key) ?? NONE
  }

  entries(): [string, StopState][] {
    return [...this.#states]
  }

  /** Positions with something to be sent by now. */
  wishes(now: Timestamp): string[] {
    const keys: string[] = []
    for (const [key, { wish, inFlight }] of this.#states) {
      if (wish !== null && wish.sentAt <= now && inFlight === null) keys.push(key)
    }
    return keys
  }

  /** Those of them whose stop is missing at the exchange. */
  missing(now: Timestamp): string[] {
    return this.wishes(now).filter(key => this.of(key).missingSince > 0)
  }

  /** When the next request for a stop that is missing is to be sent; `null`: none is waited with. */
  missingDue(now: Timestamp): Timestamp | null {
    let due: Timestamp | null = null
    for (const { wish, inFlight, missingSince } of this.#states.values()) {
      if (wish === null || inFlight !== null || missingSince === 0 || wish.sentAt <= now) continue
      if (due === null || wish.sentAt < due) due = wish.sentAt
    }
    return due
  }

  isMoving(key: string): boolean {
    return this.#states.get(key)?.inFlight != null
  }

  /** A stop is monotonic, whoever asks: a looser wish is dropped. */
  wish(position: Position, stop: Ticks, why: StopMove | 'cascade', reason: string): void {
    const key = positionKey(position.symbol, position.side)
    const next = this.#ask(STOP_WISH, { position, state: this.of(key), stop, why, reason })
    if (next !== null) this.#states.set(key, next)
  }

  /**
   * Takes the wish of a position to be sent now; `null` when there is none, or it has to wait, or another request is in
   * flight.
   *
   * @param isKeyRefused the exchange does not accept the API key
   */
  send(key: string, requestId: string, now: Timestamp, isKeyRefused = false): StopRequest | null {
    const state = this.of(key)
    const wish = this.#ask(STOP_SEND, { key, state, isKeyRefused, now })
    if (wish === null || wish === 'withheld') return null
    const request = { ...wish, requestId, sentAt: now }
    this.#states.set(key, { ...state, wish: null, inFlight: request })
    return request
  }

  /** The position a request belongs to. */
  keyOf(requestId: string): string | undefined {
    for (const [key, state] of this.#states) if (state.inFlight?.requestId === requestId) return key
    return undefined
  }

  /** When the earliest answer was due, given how long one may take; `null` without a request in flight. */
  answerDue(answerMs: number): Timestamp | null {
    let due: Timestamp | null = null
    for (const state of this.#states.values()) {
      const at = stopAnswerDue(state, answerMs)
      if (at !== null && (due === null || at < due)) due = at
    }
    return due
  }

  /** Requests without an answer for too long become doubtful. */
  overdue(now: Timestamp): void {
    for (const [key, state] of this.#states) {
      const next = this.#ask(STOP_LATE, { key, state, now })
      if (next !== null) this.#states.set(key, next)
    }
  }

  /** The exchange's answer to the request in flight of a position. */
  answer(key: string, ok: boolean, why: StopTrouble | undefined, now: Timestamp): StopVerdict | null {
    return this.#step(key, this.#ask(STOP_ANSWER, { key, state: this.of(key), ok, why: why ?? null, now }))
  }

  /**
   * What the account shows of a position's stop.
   *
   * @param shown the stop at the exchange, `null` when there is none
   */
  readBack(position: Position, shown: Ticks | null, now: Timestamp): StopVerdict | null {
    const key = positionKey(position.symbol, position.side)
    return this.#step(key, this.#ask(STOP_SHOWN, { position, state: this.of(key), shown, now }))
  }

  /**
   * The exchange tells of a position.
   *
   * @param told its stop, `null` where it has none
   * @param mark `null` where it is not known
   * @param time the exchange's, of the news
   */
  told(
    position: Position,
    told: Ticks | null,
    mark: Price | null,
    time: Timestamp,
    now: Timestamp,
  ): StopVerdict | null {
    const key = positionKey(position.symbol, position.side)
    return this.#step(key, this.#ask(STOP_TOLD, { position, state: this.of(key), told, mark, time, now }))
  }

  #step(key: string, step: StopStep | null): StopVerdict | null {
    if (step === null) return null
    if (step.state !== this.of(key)) this.#states.set(key, step.state)
    return step.verdict
  }

  /** The first stop of a position that was handed over is to be set: until it is, it counts as missing. */
  setFirst(position: Position, now: Timestamp): void {
    const { symbol, side, stop } = position
    const wish: StopRequest = {
      stop,
      why: 'restore',
      reason: 'handed over',
      requestId: '',
      sentAt: 0,
      doubt: 'none',
    }
    this.#states.set(positionKey(symbol, side), { ...NONE, openedAt: now, missingSince: now, wish })
  }

  /** A position is told of, for the first time or again. */
  opened(key: string, now: Timestamp): void {
    if (!this.#states.has(key)) this.#states.set(key, { ...NONE, openedAt: now })
  }

  /** A position is to be closed, whatever it takes. */
  close(key: string, reason: string, as: ExitReason): void {
    this.#states.set(key, { ...this.of(key), wish: null, closing: reason, closingAs: as })
  }

  /** A position that was to be closed stays after all. */
  keep(key: string): void {
    const state = this.#states.get(key)
    if (state === undefined) return
    const { closingAs: _, ...rest } = state
    this.#states.set(key, { ...rest, closing: null })
  }

  /** Whether the exchange has last shown the position with its stop. */
  isProtected(key: string): boolean {
    return this.of(key).missingSince === 0
  }

  /** The position is gone. */
  drop(key: string): void {
    this.#states.delete(key)
  }

  load(key: string, state: StopState): void {
    this.#states.set(key, state)
  }

  /** Prices of a symbol are counted in other ticks from now on. */
  recount(before: Instrument, now: Instrument): void {
    for (const [key, state] of this.#states) {
      const [symbol, side] = key.split(':')
      if (symbol !== now.symbol || (side !== 'long' && side !== 'short')) continue
      const counted = (one: StopRequest | null): StopRequest | null =>
        one === null ? null : { ...one, stop: stopOn(before, now, one.stop, side) }
      this.#states.set(key, { ...state, wish: counted(state.wish), inFlight: counted(state.inFlight) })
    }
  }

  /** After a restart nothing says what became of a request that was in flight. */
  doubtAll(): void {
    for (const [key, state] of this.#states) {
      const { inFlight } = state
      if (inFlight !== null) this.#states.set(key, { ...state, inFlight: { ...inFlight, doubt: 'restart' } })
    }
  }
}
