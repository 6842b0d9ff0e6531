/** What becomes of an order that the exchange does not know, and of one whose change it has refused. Pure. */
import { SECOND, type Timestamp } from '../base/units.ts'
import type { PendingEntry } from '../portfolio/position.ts'
import { type AbsenceVerdict, absence } from './doubts.ts'
import { expiryOf } from './order-desk.ts'
import type { Rule } from './rule.ts'
import type { Doubt } from './state.ts'
import { unfit } from './still-fit.ts'

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

/** An order whose cancellation or change was refused, when books and account agree on its position. */
export interface SeenRest {
  readonly id: string
  readonly symbol: string
  readonly isThere: boolean
  /** Its own fate is not known. */
  readonly isDoubted: boolean
}

/** Whether it rests on, is gone, or is left to a look-up. */
export const REST: Rule<SeenRest, 'rests' | 'gone' | 'unknown'> = {
  kind: 'rest',
  about: ({ id, symbol }) => ({ strategy: null, symbol, side: null, id }),
  decide: ({ isThere, isDoubted }) => (isThere ? 'rests' : isDoubted ? 'unknown' : 'gone'),
  isSilent: () => false,
}
