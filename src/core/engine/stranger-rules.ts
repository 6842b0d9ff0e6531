/** What follows from orders of another bbw on the account, and from an own one that the books have never seen. Pure. */
import type { Steps } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import { NO_INSTANCE, ownerOf } from './order-id.ts'
import { type Rule, THE_HOUSE } from './rule.ts'
import type { Recovery } from './state.ts'

/** Orders of another bbw seen so often in a row halt entries. */
const RIVAL_SIGHTS = 2

/** Orders of another bbw that the account shows. */
export interface SeenRivals {
  readonly ids: readonly string[]
  /** How often in a row it has shown some before. */
  readonly before: number
  /** Entries are halted already, for whatever reason. */
  readonly isHalted: boolean
}

/**
 * `block`: nothing is entered, and it is looked again; `stays`: they are there, and entries are halted as they are; `null`:
 * there are none.
 */
export const RIVALS: Rule<SeenRivals, 'block' | 'halt' | 'stays' | null> = {
  kind: 'rivals',
  about: () => THE_HOUSE,
  decide({ ids, before, isHalted }) {
    if (ids.length === 0) return null
    if (before + 1 < RIVAL_SIGHTS) return 'block'
    return isHalted ? 'stays' : 'halt'
  },
  // Those that are gone had kept entries away.
  isSilent: (answer, { before }) => answer === null && before === 0,
  lasts: answer => answer === 'stays',
}

/** An execution of an order that the books do not know. */
export interface SeenUnknownOrder {
  readonly id: string | null
  readonly instance: string
  /** Why books and exchange are being compared; `null`: they are not. */
  readonly cause: Recovery['cause'] | null
}

/** Whether newer books were lost: after a restart an order of this very bbw that they have never seen has filled. */
export const LOST_BOOKS: Rule<SeenUnknownOrder, boolean> = {
  kind: 'lost-books',
  about: ({ id }) => ({ ...THE_HOUSE, id: id ?? '' }),
  decide: ({ id, instance, cause }) =>
    cause === 'restart' && id !== null && instance !== NO_INSTANCE && ownerOf(id, instance) === 'own',
  isSilent: areLost => !areLost,
}

/** An execution on a side of a symbol of which the books hold nothing. */
export interface SeenUnknownFill {
  readonly execId: string
  /** The client's id of its order; `null`: it has none. */
  readonly id: string | null
  readonly instance: string
  readonly symbol: string
  readonly side: Side
  readonly opens: boolean
  readonly steps: Steps
  /** What is there by now of that which orders of this bbw have opened; 0: nothing. */
  readonly before: Steps
  /** The position is known to be somebody else's: a person has taken it back, or opened it. */
  readonly isForeign: boolean
}

/**
 * What is there after it of that which orders of this very bbw have opened and its books have lost; 0: nothing. A position
 * is of whoever has opened it: what somebody adds to it, or takes from it, does not change whose it is.
 */
export const LOST_FILL: Rule<SeenUnknownFill, Steps> = {
  kind: 'lost-fill',
  about: ({ symbol, side, execId }) => ({ strategy: null, symbol, side, id: execId }),
  decide({ id, instance, opens, steps, before, isForeign }) {
    if (!opens) return Math.max(0, before - steps) as Steps
    const isOwn = id !== null && instance !== NO_INSTANCE && ownerOf(id, instance) === 'own'
    return (before > 0 || (isOwn && !isForeign) ? before + steps : 0) as Steps
  },
  isSilent: (answer, { before }) => answer === before,
}
