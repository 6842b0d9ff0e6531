/**
 * What becomes of an order whose fate was not known, by what a look-up says of it; of one that the exchange does not
 * know; and of one whose change it has refused. Pure.
 */
import { unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import { MINUTE, type Milliseconds, SECOND, type Timestamp } from '../base/units.ts'
import type { PendingEntry } from '../portfolio/position.ts'
import { type AbsenceVerdict, absence } from './doubts.ts'
import { expiryOf } from './order-desk.ts'
import type { OrderReport } from './protocol.ts'
import type { Rule } from './rule.ts'
import type { Doubt } from './state.ts'
import { unfit } from './still-fit.ts'

/** An answer that was awaited: to an order, to a change of one, or to a request for a leverage. */
export interface SeenLate {
  readonly id: string
  /** `null`: it is in no books. */
  readonly symbol: string | null
  readonly what: 'order' | 'change' | 'leverage'
  readonly sentAt: Timestamp
  readonly now: Timestamp
}

/** Whether it is overdue, and what it was to answer therefore in doubt. */
export const LATE: Rule<SeenLate, boolean> = {
  kind: 'late',
  about: ({ id, symbol, what }) => ({ strategy: null, symbol, side: null, id: `${what} ${id}` }),
  decide: ({ sentAt, now }, { recovery }) => now >= sentAt + recovery.answerSeconds * SECOND,
  isSilent: isLate => !isLate,
}

/** What a look-up has said of an order of unknown fate. */
export interface SeenFate {
  readonly id: string
  readonly symbol: string
  readonly doubt: Doubt
  /** An entry: whether it was to be cancelled. `null`: it takes from a position. */
  readonly isCancelling: boolean | null
  /** Of one that takes from a position: whether it rests at a price. */
  readonly isResting: boolean
  readonly state: OrderReport['state']
}

export type Fate =
  | { readonly kind: 'found' }
  /** Its executions are booked before this; what they leave is still on its way to the records. */
  | { readonly kind: 'filled' }
  | { readonly kind: 'gone'; readonly how: 'rejected' | 'expired'; readonly code: Code | null }
  | { readonly kind: 'absent' }

export const FATE: Rule<SeenFate, Fate> = {
  kind: 'fate',
  about: ({ id, symbol }) => ({ strategy: null, symbol, side: null, id }),
  decide({ doubt, isCancelling, isResting, state }) {
    switch (state) {
      case 'resting':
        return { kind: 'found' }
      case 'filled':
        return { kind: 'filled' }
      case 'absent':
        return { kind: 'absent' }
      case 'cancelled':
      case 'rejected': {
        // What the market did not take of an order at the market is cancelled by the exchange itself.
        const isOutside = doubt.cause === 'missing' && (isCancelling === null ? isResting : !isCancelling)
        const isRejected = state === 'rejected'
        const code = isOutside ? 'W208' : isRejected && isCancelling !== null ? 'W110' : null
        return { kind: 'gone', how: isRejected ? 'rejected' : 'expired', code }
      }
      default:
        return unreachable(state)
    }
  },
  isSilent: () => false,
}

/** An order of unknown fate of which a look-up has found nothing. */
export interface SeenAbsence {
  readonly id: string
  readonly doubt: Doubt
  /** The entry that it is of; `null`: it takes from a position. */
  readonly entry: PendingEntry | null
  readonly last: number
  readonly lastAt: Timestamp
  readonly now: Timestamp
  readonly isCancelling: boolean
  /** Whether anything may be entered at its leverage, and on its symbol. */
  readonly isOpen: boolean
}

/** Whether it may still land, is sent again, or is gone; and why it is not sent at the price of now. */
export const ABSENCE: Rule<SeenAbsence, { readonly verdict: AbsenceVerdict; readonly why: string | null }> = {
  kind: 'absence',
  about: ({ id, entry }) => ({
    strategy: entry?.strategy ?? null,
    symbol: entry?.symbol ?? null,
    side: entry?.side ?? null,
    id,
  }),
  decide({ doubt, entry, last, lastAt, now, isCancelling, isOpen }, { guards, recovery }) {
    const { request } = doubt
    const why =
      entry === null || request === null ? null : unfit(entry, request, { now, last, lastAt }, guards)
    const isWanted =
      entry !== null &&
      why === null &&
      !isCancelling &&
      // An exchange of positions that has not begun is decided anew, at the prices and rates of then.
      entry.replaces === undefined &&
      now < expiryOf(entry) &&
      isOpen
    const limits = { windowMs: recovery.windowSeconds * SECOND, resends: recovery.resends }
    return { verdict: absence(doubt, now, isWanted, limits), why }
  },
  isSilent: () => false,
}

/** What has filled is listed long before, in the executions and in the account. */
const LISTED_AFTER: Milliseconds = MINUTE

/** An order that has filled, after everything that was executed has been booked. */
export interface SeenSpent {
  readonly id: string
  readonly symbol: string
  /** Since when the exchange says that it has. */
  readonly filledAt: Timestamp
  /** Books and account agree on its position: no fill of it is on its way. */
  readonly isSettled: boolean
  readonly now: Timestamp
}

/** Whether it had filled before the books knew it: nothing of it is still to come. */
export const SPENT: Rule<SeenSpent, boolean> = {
  kind: 'spent',
  about: ({ id, symbol }) => ({ strategy: null, symbol, side: null, id }),
  decide: ({ filledAt, isSettled, now }) => isSettled && now >= filledAt + LISTED_AFTER,
  isSilent: isSpent => !isSpent,
}

/** An order whose cancellation or change was refused, when the account has been read since. */
export interface SeenRest {
  readonly id: string
  readonly symbol: string
  readonly isThere: boolean
  /** Its own fate is not known. */
  readonly isDoubted: boolean
  /** Books and account agree on its position: no fill of it is on its way. */
  readonly isSettled: boolean
}

/** Whether it rests on, is gone, is left to a look-up, or to an account that agrees with the books. */
export const REST: Rule<SeenRest, 'rests' | 'gone' | 'unknown' | 'unsettled'> = {
  kind: 'rest',
  about: ({ id, symbol }) => ({ strategy: null, symbol, side: null, id }),
  decide({ isThere, isDoubted, isSettled }) {
    if (!isSettled) return 'unsettled'
    return isThere ? 'rests' : isDoubted ? 'unknown' : 'gone'
  },
  isSilent: () => false,
  lasts: fate => fate === 'unsettled',
}
