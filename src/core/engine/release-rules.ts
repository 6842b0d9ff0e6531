/** Which position a person takes back, or why none. Pure. */

import type { Side } from '../market/side.ts'
import { MANUAL } from '../portfolio/position.ts'
import type { Handover } from './protocol.ts'
import type { Rule } from './rule.ts'

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
