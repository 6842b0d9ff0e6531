/** What follows from an answer about a leverage, and whether an entry that waits for it is still sent. Pure. */
import { SECOND, type Timestamp } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import type { PendingEntry } from '../portfolio/position.ts'
import { expiryOf } from './order-desk.ts'
import type { OrderRequest } from './protocol.ts'
import type { Rule } from './rule.ts'

/** An entry that is to leave, with the leverage of its symbol, or of its side in hedge mode. */
export interface SeenFirst {
  readonly entry: Pick<OrderRequest, 'clientOrderId' | 'symbol' | 'side' | 'leverage'>
  /** Of what there is beside it and shares its leverage; `null`: nothing is. */
  readonly held: number | null
  /** What the exchange has confirmed last; `null`: nothing that counts. */
  readonly confirmed: number | null
}

/** It leaves at once, is denied, or waits until the exchange has been asked. What is held keeps its leverage. */
export const LEVERAGE_FIRST: Rule<SeenFirst, 'send' | 'deny' | 'ask'> = {
  kind: 'leverage-first',
  about: ({ entry: { clientOrderId, symbol, side } }) => ({
    strategy: null,
    symbol,
    side,
    id: clientOrderId,
  }),
  decide({ entry: { leverage }, held, confirmed }) {
    if (held !== null) return held === leverage ? 'send' : 'deny'
    return confirmed === leverage ? 'send' : 'ask'
  },
  isSilent: () => false,
}

/** An answer to a request for a leverage, or to a look-up. */
export interface SeenLeverage {
  readonly symbol: string
  /** `null`: that of the symbol as a whole. */
  readonly side: Side | null
  readonly wanted: number
  /** In force; `null`: it is not known. */
  readonly leverage: number | null
  /** No answer says whether the request took effect, or the look-up has failed. */
  readonly isUnknown: boolean
  readonly isLookUp: boolean
  readonly tries: number
}

/** `wait`: a look-up that failed is made again when its answer would be overdue. */
export type LeverageCourse = 'in-force' | 'look-up' | 'wait' | 'ask-again' | 'deny'

export const LEVERAGE: Rule<SeenLeverage, LeverageCourse> = {
  kind: 'leverage',
  about: ({ symbol, side }) => ({ strategy: null, symbol, side }),
  decide({ wanted, leverage, isUnknown, isLookUp, tries }, { recovery }) {
    if (leverage === wanted) return 'in-force'
    if (isUnknown) return isLookUp ? 'wait' : 'look-up'
    return leverage !== null && isLookUp && tries < recovery.resends ? 'ask-again' : 'deny'
  },
  isSilent: () => false,
}

/** An entry that waits for its leverage. */
export interface SeenHeldBack {
  readonly entry: PendingEntry
  readonly now: Timestamp
  /** Whether anything may be entered at its leverage, and on its symbol. */
  readonly isOpen: boolean
}

/** Whether it would still be sent: what has been decided may have become old, or forbidden. */
export const HELD_BACK: Rule<SeenHeldBack, boolean> = {
  kind: 'held-back',
  about: ({ entry: { strategy, symbol, side, clientOrderId } }) => ({
    strategy,
    symbol,
    side,
    id: clientOrderId,
  }),
  decide: ({ entry, now, isOpen }, { recovery }) =>
    now < expiryOf(entry) && now < entry.sentAt + 2 * recovery.answerSeconds * SECOND && isOpen,
  isSilent: () => false,
}
