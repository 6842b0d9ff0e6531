/** When an entry that rests is taken back. Pure. */
import type { Timestamp } from '../base/units.ts'
import type { PendingEntry } from '../portfolio/position.ts'
import { expiryOf } from './order-desk.ts'
import type { Rule } from './rule.ts'
import type { Cancelling } from './state.ts'

/** An entry that rests, or is on its way. */
export interface SeenPending {
  readonly entry: PendingEntry
  readonly now: Timestamp
  /** Only a person can let entries in again. */
  readonly isHalted: boolean
  /** How far its cancellation has come; `null`: it is not being cancelled. */
  readonly stage: Cancelling | null
  /** Its fate is not known. */
  readonly isDoubtful: boolean
}

/** An entry is taken back once it has lived through one bar of its timeframe, and at once after a halt. */
export const EXPIRY: Rule<SeenPending, 'expired' | 'halted' | null> = {
  kind: 'expiry',
  about: ({ entry: { strategy, symbol, side, clientOrderId } }) => ({
    strategy,
    symbol,
    side,
    id: clientOrderId,
  }),
  decide({ entry, now, isHalted, stage, isDoubtful }) {
    const isExpired = now >= expiryOf(entry)
    if (!isExpired && !isHalted) return null
    // One whose cancellation was refused is left to the account, which tells whether it still rests.
    if (stage === 'refused' || stage === 'asked') return null
    // One of unknown fate is looked up first.
    if (isDoubtful) return null
    return isExpired ? 'expired' : 'halted'
  },
}
