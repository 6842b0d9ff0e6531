import { cascade } from './cascade.ts'
import { correlation } from './correlation.ts'
import type { GateReading, Guard, House, Proposal, Refusal, Verdict } from './guard.ts'
import { liveSwitch } from './live-switch.ts'
import { losingStreak, x10Losses } from './loss-pauses.ts'
import { plannedSize } from './planned-size.ts'
import {
  cooldown,
  dailyLoss,
  drawdown,
  longShare,
  onePosition,
  positionLimits,
  totalMargin,
} from './portfolio-guards.ts'
import { killSwitch, readiness } from './readiness.ts'
import {
  confluence,
  distanceToStop,
  freshSignal,
  scoreThreshold,
  staleData,
  universe,
} from './signal-guards.ts'
import { sizing } from './sizing.ts'

/**
 * All guards in their order. Sizing comes before correlation, which may halve the size, and the limit on total margin,
 * which needs it.
 */
export const GUARDS: readonly Guard[] = [
  killSwitch,
  readiness,
  liveSwitch,
  universe,
  scoreThreshold,
  freshSignal,
  staleData,
  distanceToStop,
  cascade,
  confluence,
  onePosition,
  cooldown,
  positionLimits,
  dailyLoss,
  drawdown,
  losingStreak,
  x10Losses,
  longShare,
  sizing,
  correlation,
  totalMargin,
]

/** What an add does not pass: it opens no position, and the daily bands decide on it by its level alone. */
const ENTRIES_ALONE: readonly Guard[] = [confluence, onePosition, cooldown, positionLimits]

/** The guards of an add to a position: all others in their order, and that it stays within its plan. */
export const ADD_GUARDS: readonly Guard[] = [
  ...GUARDS.filter(guard => !ENTRIES_ALONE.includes(guard)),
  plannedSize,
]

/** A guard with the parameters it runs under. */
export interface BoundGuard {
  readonly guard: Guard
  readonly params: Guard['params']
}

/** Folds the guards over a proposal, cut at the first refusal. No entry exists outside this fold, whoever asked. */
export function admitEntry(
  guards: readonly BoundGuard[],
  proposal: Proposal,
  house: House,
): { readonly admitted: Proposal } | { readonly refused: Refusal } {
  let current = proposal
  for (const { guard, params } of guards) {
    const verdict: Verdict = guard.check(current, house, params)
    if ('refused' in verdict) return verdict
    current = verdict.admitted
  }
  return { admitted: current }
}

/**
 * What every one of the guards says of a proposal, also past the first refusal: none hides another.
 *
 * @param hasOrder whether a strategy wants the entry; else guards that read its order cannot tell
 */
export function readGates(
  guards: readonly BoundGuard[],
  proposal: Proposal,
  house: House,
  hasOrder: boolean,
): readonly GateReading[] {
  let current = proposal
  return guards.map(({ guard, params }): GateReading => {
    const { id: gate } = guard
    if (!hasOrder && guard.reads === 'order') {
      return { gate, isOpen: null, reason: 'depends on the order that a strategy wants', figures: {} }
    }
    const verdict = guard.check(current, house, params)
    if ('refused' in verdict) {
      // A layer of sizing refuses under its own name: the gate is that of the guard.
      const { reason, figures } = verdict.refused
      return { gate, isOpen: false, reason, figures }
    }
    current = verdict.admitted
    return { gate, isOpen: true, reason: '', figures: verdict.figures }
  })
}
