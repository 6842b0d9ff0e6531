/** Which position a person takes back, or why none; and what comes before it is let go. Pure. */

import type { Timestamp } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import { MANUAL } from '../portfolio/position.ts'
import { LOOK_AGAIN } from './core.ts'
import type { Handover } from './protocol.ts'
import type { Rule } from './rule.ts'
import type { WorkingOrder } from './state.ts'

/** A release that is asked for, with the positions of its symbol that it can mean. */
export interface SeenRelease {
  readonly request: Pick<Handover, 'id' | 'symbol' | 'side' | 'isOwn'>
  readonly held: readonly {
    readonly side: Side
    readonly strategy: string
    readonly isClosing: boolean
    readonly isLeaving: boolean
  }[]
}

export type ReleaseVerdict =
  | { readonly side: Side }
  /** `isMissing`: there is no such position. */
  | { readonly refused: string; readonly isMissing: boolean }

export const RELEASE: Rule<SeenRelease, ReleaseVerdict> = {
  kind: 'release',
  about: ({ request: { id, symbol, side } }) => ({ strategy: null, symbol, side, id }),
  decide({ request, held }) {
    const refused = (words: string, isMissing = false): ReleaseVerdict => ({ refused: words, isMissing })
    const [position] = held
    if (position === undefined) return refused('it is no position of bbw', true)
    if (held.length > 1) return refused('it is held on both sides: say --side long or --side short')
    const { side, strategy, isClosing, isLeaving } = position
    if (strategy !== MANUAL && !request.isOwn) {
      return refused(`it was opened by ${strategy}: say --own to take it over`)
    }
    if (isClosing) return refused('it is being closed')
    return isLeaving ? refused('it is being released already') : { side }
  },
  isSilent: () => false,
}

/** A position that is to be let go, with what is still there or on its way beside its stop. */
export interface SeenLeaving {
  readonly request: Pick<Handover, 'id' | 'symbol' | 'side'>
  /** Of the position; `null`: it is not held any more. */
  readonly strategy: string | null
  readonly isStopMoving: boolean
  readonly exits: readonly Pick<WorkingOrder, 'clientOrderId' | 'leg' | 'state'>[]
  readonly entries: readonly string[]
  /** When they were asked to go last; `null`: never. */
  readonly askedAt: Timestamp | null
  readonly now: Timestamp
}

export type LeavingStep =
  | { readonly kind: 'closed' }
  /** Its targets and entries are taken back, of the targets these. */
  | { readonly kind: 'clear'; readonly exits: readonly string[] }
  | { readonly kind: 'let-go' }

/** What comes next before a position is let go; `null`: answers are awaited. What swallows requests is not to be hammered. */
export const LETTING_GO: Rule<SeenLeaving, LeavingStep | null> = {
  kind: 'letting-go',
  about: ({ request: { id, symbol, side }, strategy }) => ({ strategy, symbol, side, id }),
  decide({ strategy, isStopMoving, exits, entries, askedAt, now }) {
    if (strategy === null) return { kind: 'closed' }
    if (!isStopMoving && exits.length === 0 && entries.length === 0) return { kind: 'let-go' }
    if (askedAt !== null && now < askedAt + LOOK_AGAIN) return null
    const resting = exits.filter(({ leg, state }) => leg !== 'close' && state === 'working')
    return { kind: 'clear', exits: resting.map(({ clientOrderId }) => clientOrderId) }
  },
}
