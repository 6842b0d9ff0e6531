/** What follows from what the exchange says of an order, and the store of what it is to keep. Pure. */
import { unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import type { Side } from '../market/side.ts'
import type { Input, OrderTrouble } from './protocol.ts'
import { type Rule, THE_HOUSE } from './rule.ts'
import type { WorkingOrder } from './state.ts'

export type OrderStatus = Exclude<Extract<Input, { readonly type: 'order' }>['status'], 'unknown'>

/** An answer about an order of the books, or news of it. */
export interface SeenAnswer {
  readonly id: string
  readonly symbol: string
  readonly side: Side
  readonly status: OrderStatus
  /** Nothing was known of its fate until now, which kept entries away. */
  readonly isDoubtful: boolean
  /** An entry: whether it was to be cancelled. `null`: it takes from a position. */
  readonly isCancelling: boolean | null
  /** One that takes from a position, with whether bbw holds that. `null`: it is an entry. */
  readonly exit: (Pick<WorkingOrder, 'leg' | 'price' | 'state'> & { readonly isHeld: boolean }) | null
}

export type AfterAnswer =
  | 'accepted'
  | 'amended'
  /** Too late to cancel, perhaps because it has just filled: the account tells, nothing is taken for granted. */
  | 'too-late'
  /** An entry that was refused, or is gone; `gone-outside`: by somebody else's hand. */
  | 'rejected'
  | 'gone'
  | 'gone-outside'
  /** By somebody's hand, or because the position is closed and that is still to be told. */
  | 'look-up'
  /** What was refused is a change of it: it may rest on as it was, or have just filled. */
  | 'in-doubt'
  /** One that takes from a position was refused, or was taken by the market in part or not at all. */
  | 'refused'
  | 'ended'

export const ORDER_ANSWER: Rule<SeenAnswer, AfterAnswer> = {
  kind: 'order-answer',
  about: ({ id, symbol, side }) => ({ strategy: null, symbol, side, id }),
  decide: seen => (seen.exit === null ? ofEntry(seen) : ofExit(seen.status, seen.exit)),
  isSilent: (answer, { isDoubtful }) => !isDoubtful && (answer === 'accepted' || answer === 'amended'),
}

/** A request about an order of which nothing says whether it took effect. */
export interface SeenUnanswered {
  readonly id: string
  readonly symbol: string | null
  readonly why: OrderTrouble | null
  /** The order itself was sent, and nothing says yet that it is at the exchange. */
  readonly isSent: boolean
  /** It was asked to change, or to go. */
  readonly isAsked: boolean
}

export interface AfterSilence {
  /** Its fate is unknown, for which reason: nothing is entered on its symbol until it is looked up. `null`: it is not. */
  readonly doubt: 'duplicate-id' | 'unreadable' | 'lost-reply' | null
  readonly code: Code | null
  /** What was asked of it may have been done or not: the account tells. */
  readonly isInVain: boolean
}

export const UNANSWERED: Rule<SeenUnanswered, AfterSilence> = {
  kind: 'unanswered',
  about: ({ id, symbol }) => ({ strategy: null, symbol, side: null, id }),
  decide({ why, isSent, isAsked: isInVain }) {
    if (!isSent) return { doubt: null, code: null, isInVain }
    if (why === 'unreadable') return { doubt: why, code: 'E106', isInVain }
    if (why === 'duplicate-id') return { doubt: why, code: 'I104', isInVain }
    return { doubt: 'lost-reply', code: 'E105', isInVain }
  },
  isSilent: ({ doubt, isInVain }) => doubt === null && !isInVain,
}

/** An order whose row the store has not taken. */
export interface SeenUnsaved {
  readonly id: string
  readonly symbol: string | null
  readonly side: Side | null
  /** It adds to a position, or opens one. */
  readonly isEntry: boolean
}

/** An entry is dropped; what reduces goes out without its row: less exposure must never wait for a disk. */
export const UNSAVED: Rule<SeenUnsaved, 'drop' | 'send'> = {
  kind: 'unsaved',
  about: ({ id, symbol, side }) => ({ strategy: null, symbol, side, id }),
  decide: ({ isEntry }) => (isEntry ? 'drop' : 'send'),
  isSilent: () => false,
}

/** Whether the store takes what is to be saved. */
export interface SeenStore {
  readonly ok: boolean
  readonly reason: string
  /** Why it did not before; `null`: it did. */
  readonly before: string | null
}

/** While it does not, nothing is added; `null`: that is as it was. */
export const STORE: Rule<SeenStore, 'trouble' | 'saves' | null> = {
  kind: 'store',
  about: () => THE_HOUSE,
  decide({ ok, before }) {
    if (ok === (before === null)) return null
    return ok ? 'saves' : 'trouble'
  },
}

function ofEntry({ status, isCancelling }: SeenAnswer): AfterAnswer {
  switch (status) {
    case 'accepted':
    case 'amended':
      return status
    case 'rejected':
      return isCancelling === true ? 'too-late' : 'rejected'
    case 'cancelled':
      return isCancelling === true ? 'gone' : 'gone-outside'
    default:
      return unreachable(status)
  }
}

function ofExit(status: OrderStatus, { price, state, isHeld }: NonNullable<SeenAnswer['exit']>): AfterAnswer {
  switch (status) {
    case 'accepted':
    case 'amended':
      return status
    case 'rejected':
      return state === 'sent' ? 'refused' : 'in-doubt'
    case 'cancelled':
      return isHeld && state === 'working' && price !== null ? 'look-up' : 'ended'
    default:
      return unreachable(status)
  }
}
