/**
 * What becomes of a position's stop: pure steps from what is known of it to what is known next, and what that means. One
 * request is in flight at most, the tightest wish waits behind it; one that is missing at the exchange is restored, or
 * the position closed where that cannot be done.
 */
import { type Price, SECOND, type Ticks, type Timestamp } from '../base/units.ts'
import type { StopMove } from '../decision/intent.ts'
import { priceOf } from '../market/quantise.ts'
import type { Side } from '../market/side.ts'
import { sign } from '../market/side.ts'
import { MANUAL, type Position } from '../portfolio/position.ts'
import type { ExitReason } from '../portfolio/trade.ts'
import type { StopTrouble } from './protocol.ts'
import type { About, Rule } from './rule.ts'
import type { StopRequest, StopState } from './state.ts'

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

/** What is known of a stop next, and what that means; `null`: nothing. */
export interface StopStep {
  readonly state: StopState
  readonly verdict: StopVerdict | null
}

/** A missing stop is asked for again this soon. */
const RETRY_MS = 500
/** A stop may be told of so long after its position. */
const MOMENT_MS = 250
/** A request that comes to nothing again and again is made at least this often. */
const LONGEST_RETRY_MS = 30_000

function ofPosition({ position: { strategy, symbol, side } }: { readonly position: Position }): About {
  return { strategy, symbol, side }
}

/** About a position that is known by its key. */
function ofKey({ key }: { readonly key: string }): About {
  const [symbol = key, side] = key.split(':')
  return { strategy: null, symbol, side: side as Side }
}

// --- wishes

export interface SeenWish {
  readonly position: Position
  readonly state: StopState
  readonly stop: Ticks
  readonly why: StopMove | 'cascade'
  readonly reason: string
}

/** A stop is monotonic, whoever asks: `null` for a wish that is not tighter than what is wanted already. */
export const STOP_WISH: Rule<SeenWish, StopState | null> = {
  kind: 'stop-wish',
  about: ofPosition,
  decide({ position, state, stop, why, reason }) {
    const tightest = state.wish?.stop ?? state.inFlight?.stop ?? position.stop
    if ((stop - tightest) * sign(position.side) <= 0) return null
    return { ...state, wish: { stop, why, reason, requestId: '', sentAt: 0, doubt: 'none' } }
  },
}

/** A stop that may be wished for. */
export interface SeenSend {
  readonly key: string
  readonly state: StopState
  /** The exchange does not accept the API key. */
  readonly isKeyRefused: boolean
  readonly now: Timestamp
}

/** The stop that is asked for now; `withheld`: with that API key nothing leaves; `null`: nothing is wished, or not yet. */
export const STOP_SEND: Rule<SeenSend, StopRequest | 'withheld' | null> = {
  kind: 'stop-send',
  about: ofKey,
  decide({ state: { wish, inFlight }, isKeyRefused, now }) {
    if (wish === null || inFlight !== null || wish.sentAt > now) return null
    return isKeyRefused ? 'withheld' : wish
  },
  lasts: answer => answer === 'withheld',
}

// --- answers

export interface SeenAnswer {
  readonly key: string
  readonly state: StopState
  readonly ok: boolean
  readonly why: StopTrouble | null
  readonly now: Timestamp
}

/** The exchange's answer to the request in flight; `null`: there is none. */
export const STOP_ANSWER: Rule<SeenAnswer, StopStep | null> = {
  kind: 'stop-answer',
  about: ofKey,
  decide({ state, ok, why, now }, { recovery }) {
    const { inFlight } = state
    if (inFlight === null) return null
    if (ok) return done(state, inFlight)
    // Where there is nothing to protect the account has to say what has become of the position.
    if (why === 'unknown' || why === 'not-modified' || why === 'flat') {
      const doubt = why === 'not-modified' ? 'not-modified' : 'no-answer'
      return { state: { ...state, inFlight: { ...inFlight, doubt } }, verdict: { kind: 'unknown' } }
    }
    return failed(state, inFlight, why, recovery.stopTries, now)
  },
}

function done(state: StopState, request: StopRequest): StopStep {
  const { missingSince, wasSeen } = state
  return {
    state: { ...state, inFlight: null, tries: 0, missingSince: 0, wasSeen: true },
    verdict:
      request.why === 'restore' || missingSince > 0
        ? { kind: 'restored', request, missingSince, wasSeen }
        : { kind: 'moved', request },
  }
}

function failed(
  state: StopState,
  request: StopRequest,
  why: StopTrouble | null,
  stopTries: number,
  now: Timestamp,
): StopStep {
  const isCrossed = why === 'crossed'
  const isRestoring = request.why === 'restore'
  // Where nothing of bbw's is let in the position could not be closed either: the stop is asked for until it is.
  const isShutOut = why === 'banned' || why === 'credentials'
  const tries = state.tries + 1
  if (isCrossed || (isRestoring && tries >= stopTries && !isShutOut)) {
    return {
      state: { ...state, inFlight: null, wish: null, tries },
      verdict: { kind: 'close', request, isCrossed },
    }
  }
  // The old stop still stands; the wish is sent again, unless a tighter one is there. One that moves waits longer each
  // time: whatever refuses it is not to be hammered.
  const rare = Math.min(RETRY_MS * 2 ** Math.min(tries, 10), LONGEST_RETRY_MS)
  const delay = isShutOut ? LONGEST_RETRY_MS : isRestoring ? RETRY_MS : tries === 1 ? null : rare
  const again = { ...request, requestId: '', sentAt: now + (delay ?? 0), doubt: 'none' as const }
  return {
    state: { ...state, inFlight: null, wish: state.wish ?? again, tries },
    verdict: { kind: 'failed', request, delay },
  }
}

export interface SeenLate {
  readonly key: string
  readonly state: StopState
  readonly now: Timestamp
}

/** When the answer to the request in flight is due; `null`: none is awaited. */
export function stopAnswerDue({ inFlight }: StopState, answerMs: number): Timestamp | null {
  return inFlight === null || inFlight.doubt !== 'none' ? null : inFlight.sentAt + answerMs
}

/** A request without an answer for too long is doubtful; `null`: there is none such. */
export const STOP_LATE: Rule<SeenLate, StopState | null> = {
  kind: 'stop-late',
  about: ofKey,
  decide({ state, now }, { recovery }) {
    const { inFlight } = state
    const due = stopAnswerDue(state, recovery.answerSeconds * SECOND)
    if (inFlight === null || due === null || now < due) return null
    return { ...state, inFlight: { ...inFlight, doubt: 'no-answer' } }
  },
}

// --- what the account shows

export interface SeenShown {
  readonly position: Position
  readonly state: StopState
  /** The stop at the exchange; `null`: there is none. */
  readonly shown: Ticks | null
  readonly now: Timestamp
}

/** What the account shows of a position's stop. */
export const STOP_SHOWN: Rule<SeenShown, StopStep> = {
  kind: 'stop-shown',
  about: ofPosition,
  decide({ position, state: before, shown, now }, { recovery }) {
    const state = shown === null ? before : withoutLooser(before, position, shown)
    const { inFlight } = state
    if (inFlight === null) return compared(state, position, shown, now)
    if (inFlight.doubt === 'none') return { state, verdict: null }
    if (shown === inFlight.stop) return done(state, inFlight)
    // Not in force: it is asked for once more, the tighter of it and what has been wished since. At once the first
    // time, then ever more rarely: whatever swallows the requests is not to be hammered.
    const tighter = state.wish !== null && (state.wish.stop - inFlight.stop) * sign(position.side) > 0
    const again = tighter && state.wish !== null ? state.wish : inFlight
    const delay = state.tries === 0 ? 0 : Math.min(RETRY_MS * 2 ** (state.tries - 1), LONGEST_RETRY_MS)
    const tries = state.tries + 1
    const wish = { ...again, requestId: '', sentAt: now + delay, doubt: 'none' as const }
    const next = { ...state, inFlight: null, wish, tries }
    if (shown !== null) return { state: next, verdict: { kind: 'failed', request: inFlight, delay } }
    // Only tries made while the stop was known to be missing count.
    if (state.missingSince > 0 && tries >= recovery.stopTries) {
      return {
        state: { ...next, wish: null },
        verdict: { kind: 'close', request: inFlight, isCrossed: false },
      }
    }
    return compared(next, position, shown, now)
  },
  isSilent: (answer, { state }) => answer.verdict === null && answer.state === state,
}

/** @param at when it stood so: what is told may have waited to be heard */
function compared(
  state: StopState,
  position: Position,
  shown: Ticks | null,
  now: Timestamp,
  at: Timestamp = now,
): StopStep {
  if (shown !== null && (shown - position.stop) * sign(position.side) >= 0) {
    const isNews = !state.wasSeen || state.missingSince > 0 || state.tries > 0
    return {
      state: isNews ? inForce(state, shown, sign(position.side)) : state,
      verdict: shown === position.stop ? null : { kind: 'adopt', stop: shown },
    }
  }
  const wanted = state.wish ?? {
    stop: position.stop,
    why: 'restore' as const,
    reason: 'the stop was missing at the exchange',
    requestId: '',
    sentAt: 0,
    doubt: 'none' as const,
  }
  const isNew = state.missingSince === 0
  const sentAt = isNew ? 0 : wanted.sentAt
  // One that was never there is missing since the position is.
  const since = state.wasSeen || state.openedAt === 0 ? at : state.openedAt
  return {
    state: {
      ...state,
      wish: { ...wanted, why: 'restore', sentAt },
      tries: isNew ? 0 : state.tries,
      missingSince: isNew ? since : state.missingSince,
    },
    verdict: { kind: 'missing', wasSeen: state.wasSeen, delay: sentAt > now ? sentAt - now : null },
  }
}

/** A position is told of, between two looks at the account. */
export interface SeenTold {
  readonly position: Position
  readonly state: StopState
  /** The stop at the exchange; `null`: there is none. */
  readonly told: Ticks | null
  /** The mark price as it was told last; `null`: it was not. */
  readonly mark: Price | null
  /** The exchange's, of the news; left out in records of an earlier bbw: that of now. */
  readonly time?: Timestamp
  readonly now: Timestamp
}

/**
 * A stop that is told to be gone is asked for again at once; where it was never in force, and may be told of after its
 * position, in a moment. `null`: the next look at the account says what is to be done. That of a position whose mark is
 * past it has most likely fired, and a request whose answer is awaited sets it anyway.
 */
export const STOP_TOLD: Rule<SeenTold, StopStep | null> = {
  kind: 'stop-told',
  about: ofPosition,
  decide({ position, state, told, mark, time, now }) {
    const { wasSeen, inFlight, closing, missingSince } = state
    const direction = sign(position.side)
    if (inFlight !== null || closing !== null) return null
    if (told !== null) {
      // Only what is certain: whether it was moved by somebody the account says.
      if ((told - position.stop) * direction < 0 || (wasSeen && missingSince === 0)) return null
      return { state: inForce(state, position.stop, direction), verdict: null }
    }
    if (missingSince > 0) return null
    if (mark !== null && (mark - priceOf(position.instrument, position.stop)) * direction <= 0) return null
    const step = compared(state, position, null, now, Math.max(state.openedAt, Math.min(time ?? now, now)))
    const { wish } = step.state
    if (wasSeen || wish === null) return step
    return { ...step, state: { ...step.state, wish: { ...wish, sentAt: now + MOMENT_MS } } }
  },
}

/** The stop is there: what was only to set it again is not wished any more. */
function inForce(state: StopState, stop: Ticks, direction: number): StopState {
  const { wish } = state
  const isVain = wish !== null && wish.why === 'restore' && (wish.stop - stop) * direction <= 0
  return { ...state, wish: isVain ? null : wish, tries: 0, missingSince: 0, wasSeen: true }
}

/** Somebody has tightened the stop: what was wished before, and what came to nothing, must not loosen it again. */
function withoutLooser(state: StopState, position: Position, shown: Ticks): StopState {
  const direction = sign(position.side)
  if ((shown - position.stop) * direction <= 0) return state
  const isTighter = (request: StopRequest): boolean => (request.stop - shown) * direction > 0
  const wish = state.wish !== null && isTighter(state.wish) ? state.wish : null
  // One whose answer is awaited may still arrive; one that is in force is what the account shows.
  const { inFlight: asked } = state
  const isVain = asked !== null && asked.doubt !== 'none' && asked.stop !== shown && !isTighter(asked)
  if (wish === state.wish && !isVain) return state
  return { ...state, wish, inFlight: isVain ? null : asked }
}

// --- where no stop can be set any more

export interface SeenUnprotected {
  readonly position: Position
  readonly state: StopState
  /** The price is past the stop. */
  readonly isCrossed: boolean
  /** What the exchange has said. */
  readonly reason: string
}

/** A position whose stop cannot be set: it is closed, or left to the person whose it is. */
export type Emergency =
  | { readonly kind: 'close'; readonly reason: string }
  | { readonly kind: 'leave'; readonly reason: string; readonly isTold: boolean }

/**
 * What a person has opened is not closed without their word: it has been given for a price past a stop that was in force,
 * and for nothing else. Asked for again and again, it is told once for each row of tries.
 */
export const EMERGENCY: Rule<SeenUnprotected, Emergency> = {
  kind: 'emergency',
  about: ofPosition,
  decide({ position, state, isCrossed, reason: said }, { recovery }) {
    const reason = isCrossed ? 'the price is past the stop' : `the stop cannot be set: ${said}`
    if (position.strategy !== MANUAL || (isCrossed && state.wasSeen)) return { kind: 'close', reason }
    return { kind: 'leave', reason, isTold: state.tries <= recovery.stopTries }
  },
}

export interface SeenClosing {
  readonly position: Position
  readonly state: StopState
  /** An order that closes it is at the exchange, or on its way. */
  readonly isOrdered: boolean
}

/** A position that is to be closed whatever it takes is asked to be until it is gone; `null`: it is, or is not to be. */
export const CLOSING: Rule<SeenClosing, { readonly as: ExitReason; readonly reason: string } | null> = {
  kind: 'closing',
  about: ofPosition,
  decide({ state: { closing, closingAs }, isOrdered }) {
    if (closing === null || isOrdered) return null
    return { as: closingAs ?? 'emergency', reason: closing }
  },
}
