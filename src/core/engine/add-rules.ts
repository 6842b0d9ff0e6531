/** Whether an add to a position that rests is still wanted. Pure. */
import type { Steps, Ticks } from '../base/units.ts'
import type { PendingEntry } from '../portfolio/position.ts'
import type { Rule } from './rule.ts'

/** An add that rests, with what its position plans at present. */
export interface SeenAdd {
  readonly entry: PendingEntry
  /** Whether anything may be added at its leverage. */
  readonly isOpen: boolean
  /** Judged by its position and the plan too, not only by whether anything may be added. */
  readonly isWhole: boolean
  /** `null`: the position is gone, or is not looked at. */
  readonly plan: {
    readonly signalId: string
    readonly stop: Ticks
    readonly isClosing: boolean
    /** Its strategy and the ladder are switched on. */
    readonly isOn: boolean
    /** The add that is to rest at present. */
    readonly add: { readonly rung: number; readonly steps: Steps } | null
  } | null
}

export const ADD_STANDS: Rule<SeenAdd, boolean> = {
  kind: 'add-stands',
  about: ({ entry: { strategy, symbol, side, clientOrderId } }) => ({
    strategy,
    symbol,
    side,
    id: clientOrderId,
  }),
  decide({ entry, isOpen, isWhole, plan }) {
    if (!isOpen || !isWhole) return isOpen
    if (plan === null || plan.signalId !== entry.signalId || !plan.isOn) return false
    if (plan.isClosing || plan.stop !== entry.stop || plan.add === null) return false
    return plan.add.rung === entry.rung && entry.steps <= plan.add.steps
  },
  isSilent: stands => stands,
}
