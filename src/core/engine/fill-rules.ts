/** What an execution is of, and what is done with what it leaves. Pure. */
import type { Steps } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import type { FillInput } from './protocol.ts'
import type { About, Rule } from './rule.ts'

const about = ({ fill: { symbol, side, execId } }: { readonly fill: Told }): About => ({
  strategy: null,
  symbol,
  side,
  id: execId,
})

type Told = Pick<FillInput, 'execId' | 'clientOrderId' | 'symbol' | 'side' | 'cause' | 'steps'> & {
  readonly opens: boolean
}

/** An execution that is told, not from the list of all. */
export interface SeenEarly {
  readonly fill: Told
  /** Held of its side, in steps. */
  readonly held: Steps
  /** Its order is an entry of the books, or was one. */
  readonly isOfEntry: boolean
  /** An entry of its side is on its way; what is closed ahead of an add is kept with the add. */
  readonly isEntryOnItsWay: boolean
}

/**
 * Whether it closes more than is known to have been opened, while an entry that may have opened it is on its way: the
 * entry's own fill was told late, or not at all. It is not booked: the list of executions tells both, in their order.
 */
export const EARLY: Rule<SeenEarly, boolean> = {
  kind: 'early',
  about,
  decide: ({ fill: { opens, steps }, held, isOfEntry, isEntryOnItsWay }) =>
    !opens && steps > held && !isOfEntry && isEntryOnItsWay,
  isSilent: isEarly => !isEarly,
}

/** An entry that had ended and of which an execution is told all the same. */
export interface SeenBack {
  readonly id: string
  readonly strategy: string
  readonly symbol: string
  readonly side: Side
  /** Its position is that of another entry by now; or the other side of its symbol is held, which shuts it out. */
  readonly isTaken: boolean
  readonly isOpposed: boolean
}

/** Whether it counts as an entry again: then a second one must not fill on top of it. */
export const COMES_TO_LIFE: Rule<SeenBack, boolean> = {
  kind: 'comes-to-life',
  about: ({ id, strategy, symbol, side }) => ({ strategy, symbol, side, id }),
  decide: ({ isTaken, isOpposed }) => !isTaken && !isOpposed,
  isSilent: () => false,
}

/** An execution that is booked. */
export interface SeenFill {
  readonly fill: Told
  /** Of the books: an entry that waits for its fill, with whether its position is that of another one by now. */
  readonly isOfPending: boolean
  readonly isTaken: boolean
  /** An entry that had ended, whose place another one has taken. */
  readonly isOfGone: boolean
  /** An order of bbw's that takes from a position. */
  readonly isOfExit: boolean
  readonly isHeld: boolean
  /** What is held has been there, in the books, only since later. */
  readonly isBefore: boolean
}

/**
 * | answer | what is booked |
 * | --- | --- |
 * | entry | the position is opened, or grows |
 * | second | an entry that was to be cancelled, because one thought to be gone had come back: as `late` |
 * | late | the position of the entry that took its place grows |
 * | outside | somebody else's doing, or nothing that bbw holds |
 * | before | nothing: the position came into the books later, with what this has made of it |
 * | exit | the position is reduced or closed |
 */
export type FillOf = 'entry' | 'second' | 'late' | 'outside' | 'before' | 'exit'

export const FILL: Rule<SeenFill, FillOf> = {
  kind: 'fill',
  about,
  decide({ fill: { cause }, isOfPending, isTaken, isOfGone, isOfExit, isHeld, isBefore }) {
    if (isOfPending) return isTaken ? 'second' : 'entry'
    if (isOfGone) return 'late'
    if (isBefore && !isOfExit) return 'before'
    return !isHeld || (cause === 'order' && !isOfExit) ? 'outside' : 'exit'
  },
  isSilent: () => false,
}

/** A position after an execution. */
export interface SeenLeft {
  readonly strategy: string
  readonly symbol: string
  readonly side: Side
  readonly execId: string
  readonly left: Steps
  readonly after: FillInput['cause']
}

/** A stop that has fired is no more: what it left is closed. */
export const LEFT: Rule<SeenLeft, 'close' | 'keep'> = {
  kind: 'left',
  about: ({ strategy, symbol, side, execId }) => ({ strategy, symbol, side, id: execId }),
  decide: ({ after }) => (after === 'stop' ? 'close' : 'keep'),
  isSilent: () => false,
}

/** An add that has filled after its position had closed. */
export interface SeenOrphan {
  readonly strategy: string
  readonly symbol: string
  readonly side: Side
  readonly execId: string
  readonly steps: Steps
  /** What the close of its position took beyond the books: it was of the add. */
  readonly ahead: Steps
}

/** What of it is closed already, and what is left to close: nothing is planned with it alone. */
export const ORPHAN: Rule<SeenOrphan, { readonly closed: Steps; readonly left: Steps }> = {
  kind: 'orphan',
  about: ({ strategy, symbol, side, execId }) => ({ strategy, symbol, side, id: execId }),
  decide({ steps, ahead }) {
    const closed = Math.min(steps, ahead) as Steps
    return { closed, left: (steps - closed) as Steps }
  },
  isSilent: () => false,
}
