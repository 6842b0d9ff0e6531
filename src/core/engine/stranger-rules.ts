/** What follows from orders of another bbw on the account, and from an own one that the books have never seen. Pure. */
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
}

/** `block`: nothing is entered, and it is looked again; `null`: there are none. */
export const RIVALS: Rule<SeenRivals, 'block' | 'halt' | null> = {
  kind: 'rivals',
  about: () => THE_HOUSE,
  decide: ({ ids, before }) => (ids.length === 0 ? null : before + 1 >= RIVAL_SIGHTS ? 'halt' : 'block'),
  lasts: () => true,
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
