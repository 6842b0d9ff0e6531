/**
 * What is wanted of each position's stop, and what has become of it: one request is in flight at most, the tightest
 * wish waits behind it, and a stop that is missing at the exchange is restored or, where that cannot be done, the
 * position closed. A pure table; the engine carries out what it says.
 */
import type { Ticks, Timestamp } from '../base/units.ts'
import type { StopMove } from '../decision/intent.ts'
import { sign } from '../market/side.ts'
import { type Position, positionKey } from '../portfolio/position.ts'
import type { ExitReason } from '../portfolio/trade.ts'
import type { StopTrouble } from './protocol.ts'
import type { StopRequest, StopState } from './state.ts'

const NONE: StopState = Object.freeze({
  wish: null,
  inFlight: null,
  tries: 0,
  missingSince: 0,
  openedAt: 0,
  wasSeen: false,
  closing: null,
})

/** What an answer, or a look at the account, means for a stop. */
export type StopVerdict =
  /** In force as wanted. `doubt` says what had made it doubtful. */
  | { readonly kind: 'moved'; readonly request: StopRequest }
  | {
      readonly kind: 'restored'
      readonly request: StopRequest
      readonly missingSince: Timestamp
      readonly wasSeen: boolean
    }
  /** The old stop stands; the wish is sent again, after `delay` milliseconds at the latest. */
  | { readonly kind: 'failed'; readonly request: StopRequest; readonly delay: number | null }
  /** Nothing says which stop is in force: the account has to be read. */
  | { readonly kind: 'unknown' }
  /** No stop can be set any more. */
  | { readonly kind: 'close'; readonly request: StopRequest; readonly isCrossed: boolean }
  /** Somebody has tightened the stop: it is taken over. */
  | { readonly kind: 'adopt'; readonly stop: Ticks }
  /** The stop is missing, or looser than it was: it is wished again. */
  | { readonly kind: 'missing'; readonly wasSeen: boolean; readonly delay: number | null }

/** A missing stop is asked for again this soon. */
const RETRY_MS = 500
/** A request that comes to nothing again and again is made at least this often. */
const LONGEST_RETRY_MS = 30_000

export class StopDesk {
  readonly #states = new Map<string, StopState>()
  readonly #stopTries: number

  /** @param stopTries failed attempts to restore a stop after which the position is to be closed */
  constructor(stopTries: number) {
    this.#stopTries = stopTries
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

  isMoving(key: string): boolean {
    return this.#states.get(key)?.inFlight != null
  }

  /** A stop is monotonic, whoever asks: a looser wish is dropped. */
  wish(position: Position, stop: Ticks, why: StopMove | 'cascade', reason: string): void {
    const key = positionKey(position.symbol, position.side)
    const state = this.of(key)
    const tightest = state.wish?.stop ?? state.inFlight?.stop ?? position.stop
    if ((stop - tightest) * sign(position.side) <= 0) return
    this.#states.set(key, { ...state, wish: { stop, why, reason, requestId: '', sentAt: 0, doubt: 'none' } })
  }

  /** Takes the wish of a position to be sent now; `null` when there is none, or it has to wait, or another request is in flight. */
  send(key: string, requestId: string, now: Timestamp): StopRequest | null {
    const state = this.#states.get(key)
    if (state === undefined || state.wish === null || state.inFlight !== null) return null
    if (state.wish.sentAt > now) return null
    const request = { ...state.wish, requestId, sentAt: now }
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
    for (const { inFlight } of this.#states.values()) {
      if (inFlight === null || inFlight.doubt !== 'none') continue
      const at = inFlight.sentAt + answerMs
      if (due === null || at < due) due = at
    }
    return due
  }

  /** Requests without an answer for so long become doubtful; whether there was one. */
  overdue(now: Timestamp, answerMs: number): boolean {
    let found = false
    for (const [key, state] of this.#states) {
      const { inFlight } = state
      if (inFlight === null || inFlight.doubt !== 'none' || now < inFlight.sentAt + answerMs) continue
      this.#states.set(key, { ...state, inFlight: { ...inFlight, doubt: 'no-answer' } })
      found = true
    }
    return found
  }

  /** The exchange's answer to the request in flight of a position. */
  answer(key: string, ok: boolean, why: StopTrouble | undefined): StopVerdict | null {
    const state = this.of(key)
    const { inFlight } = state
    if (inFlight === null) return null
    if (ok) return this.#done(key, state, inFlight)
    if (why === 'unknown' || why === 'not-modified') {
      const doubt = why === 'unknown' ? 'no-answer' : 'not-modified'
      this.#states.set(key, { ...state, inFlight: { ...inFlight, doubt } })
      return { kind: 'unknown' }
    }
    return this.#failed(key, state, inFlight, why === 'crossed')
  }

  /**
   * What the account shows of a position's stop.
   *
   * @param shown the stop at the exchange, `null` when there is none
   */
  readBack(position: Position, shown: Ticks | null, now: Timestamp): StopVerdict | null {
    const key = positionKey(position.symbol, position.side)
    if (shown !== null) this.#dropLooser(key, position, shown)
    const state = this.of(key)
    const { inFlight } = state
    if (inFlight !== null) {
      if (inFlight.doubt === 'none') return null
      if (shown === inFlight.stop) return this.#done(key, state, inFlight)
      // Not in force: it is asked for once more, the tighter of it and what has been wished since. At once the first
      // time, then ever more rarely: whatever swallows the requests is not to be hammered.
      const tighter = state.wish !== null && (state.wish.stop - inFlight.stop) * sign(position.side) > 0
      const again = tighter && state.wish !== null ? state.wish : inFlight
      const delay = state.tries === 0 ? 0 : Math.min(RETRY_MS * 2 ** (state.tries - 1), LONGEST_RETRY_MS)
      const tries = state.tries + 1
      const wish = { ...again, requestId: '', sentAt: now + delay, doubt: 'none' as const }
      this.#states.set(key, { ...state, inFlight: null, wish, tries })
      if (shown !== null) return { kind: 'failed', request: inFlight, delay }
      // Only tries made while the stop was known to be missing count.
      if (state.missingSince > 0 && tries >= this.#stopTries) {
        this.#states.set(key, { ...state, inFlight: null, wish: null, tries })
        return { kind: 'close', request: inFlight, isCrossed: false }
      }
    }
    const looser = shown === null || (shown - position.stop) * sign(position.side) < 0
    if (!looser) {
      const seen = this.of(key)
      if (!seen.wasSeen || seen.missingSince > 0 || seen.tries > 0) {
        this.#states.set(key, { ...seen, tries: 0, missingSince: 0, wasSeen: true })
      }
      return shown === position.stop ? null : { kind: 'adopt', stop: shown }
    }
    const before = this.of(key)
    const wanted = before.wish ?? {
      stop: position.stop,
      why: 'restore' as const,
      reason: 'the stop was missing at the exchange',
      requestId: '',
      sentAt: 0,
      doubt: 'none' as const,
    }
    const isNew = before.missingSince === 0
    const sentAt = isNew ? 0 : wanted.sentAt
    // One that was never there is missing since the position is.
    const since = before.wasSeen || before.openedAt === 0 ? now : before.openedAt
    this.#states.set(key, {
      ...before,
      wish: { ...wanted, why: 'restore', sentAt },
      tries: isNew ? 0 : before.tries,
      missingSince: isNew ? since : before.missingSince,
    })
    return { kind: 'missing', wasSeen: before.wasSeen, delay: sentAt > now ? sentAt - now : null }
  }

  /** Somebody has tightened the stop: what was wished before, and what came to nothing, must not loosen it again. */
  #dropLooser(key: string, position: Position, shown: Ticks): void {
    const direction = sign(position.side)
    if ((shown - position.stop) * direction <= 0) return
    const state = this.of(key)
    const isTighter = (request: StopRequest): boolean => (request.stop - shown) * direction > 0
    const wish = state.wish !== null && isTighter(state.wish) ? state.wish : null
    // One whose answer is awaited may still arrive; one that is in force is what the account shows.
    const { inFlight: asked } = state
    const isVain = asked !== null && asked.doubt !== 'none' && asked.stop !== shown && !isTighter(asked)
    if (wish === state.wish && !isVain) return
    this.#states.set(key, { ...state, wish, inFlight: isVain ? null : asked })
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

  /** After a restart nothing says what became of a request that was in flight. */
  doubtAll(): void {
    for (const [key, state] of this.#states) {
      const { inFlight } = state
      if (inFlight !== null) this.#states.set(key, { ...state, inFlight: { ...inFlight, doubt: 'restart' } })
    }
  }

  #done(key: string, state: StopState, request: StopRequest): StopVerdict {
    const { missingSince, wasSeen } = state
    this.#states.set(key, { ...state, inFlight: null, tries: 0, missingSince: 0, wasSeen: true })
    return request.why === 'restore' || missingSince > 0
      ? { kind: 'restored', request, missingSince, wasSeen }
      : { kind: 'moved', request }
  }

  #failed(key: string, state: StopState, request: StopRequest, isCrossed: boolean): StopVerdict {
    const isRestoring = request.why === 'restore'
    const tries = isRestoring ? state.tries + 1 : 0
    if (isCrossed || tries >= this.#stopTries) {
      this.#states.set(key, { ...state, inFlight: null, wish: null, tries })
      return { kind: 'close', request, isCrossed }
    }
    // The old stop still stands; the wish is sent again, unless a tighter one is there.
    const again = { ...request, requestId: '', sentAt: 0, doubt: 'none' as const }
    this.#states.set(key, { ...state, inFlight: null, wish: state.wish ?? again, tries })
    return { kind: 'failed', request, delay: isRestoring ? RETRY_MS : null }
  }
}
