import type { Guard, House, Proposal, Refusal, Verdict } from './guard.ts'
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
 * All guards in their order. Sizing comes before the limit on total margin, which needs the size; it is the last
 * that changes anything.
 */
export const GUARDS: readonly Guard[] = [
  killSwitch,
  readiness,
  universe,
  scoreThreshold,
  freshSignal,
  staleData,
  distanceToStop,
  confluence,
  onePosition,
  cooldown,
  positionLimits,
  dailyLoss,
  drawdown,
  longShare,
  sizing,
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
