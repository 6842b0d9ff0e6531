/**
 * How the resting targets of a position become what is wanted of them: amended in place, never through nothing. One that
 * is wanted no more goes once another one rests. Of one that has filled in part, what is left may be too little for an
 * order of its own: it rests on as it is. Pure.
 */
import type { Steps, Ticks } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Position } from '../portfolio/position.ts'
import type { OrderLeg } from './order-id.ts'
import type { Rule } from './rule.ts'
import type { WorkingOrder } from './state.ts'

/** A part of a position that is to be sold at a price. */
export interface WantedTarget {
  readonly leg: TargetLeg
  readonly price: Ticks
  readonly steps: Steps
}

/** `target`: all of it; the others are those of Partial TP. */
export type TargetLeg = Extract<OrderLeg, 'target' | 'target-1' | 'target-2'>

export interface SeenTargets {
  readonly position: Pick<Position, 'symbol' | 'side' | 'strategy' | 'steps'>
  readonly minQty: Instrument['minQty']
  /** What a resting order is of at most; `null`: there is no bound. */
  readonly most: Steps | null
  readonly wanted: readonly WantedTarget[]
  readonly resting: readonly Pick<WorkingOrder, 'clientOrderId' | 'leg' | 'price' | 'steps' | 'state'>[]
}

export type TargetStep =
  | { readonly kind: 'place'; readonly target: WantedTarget }
  | { readonly kind: 'amend'; readonly id: string; readonly price: Ticks; readonly steps: Steps }
  | { readonly kind: 'cancel'; readonly id: string }
  /** One that is wanted no more is left until another one rests: it is looked at again. */
  | { readonly kind: 'look-again' }

type Resting = SeenTargets['resting'][number]

export const TARGETS: Rule<SeenTargets, readonly TargetStep[]> = {
  kind: 'targets',
  about: ({ position: { strategy, symbol, side } }) => ({ strategy, symbol, side }),
  decide(seen) {
    const whole = seen.wanted.find(({ leg }) => leg === 'target')
    return whole === undefined ? partsOf(seen) : wholeOf(seen, whole)
  },
  isSilent: steps => steps.every(({ kind }) => kind === 'look-again'),
}

function wholeOf(seen: SeenTargets, want: WantedTarget): TargetStep[] {
  const order = seen.resting.find(({ leg }) => leg === 'target')
  return order === undefined ? [{ kind: 'place', target: want }] : amended(seen, order, want)
}

function amended(
  { most }: SeenTargets,
  order: Resting,
  { price, steps: wanted }: WantedTarget,
): TargetStep[] {
  const steps = most === null || wanted <= most ? wanted : most
  if (order.price === null || (order.price === price && order.steps === steps)) return []
  // One amendment at a time: what is wanted meanwhile is decided anew in the next heavy cycle.
  if (order.state !== 'working') return []
  return [{ kind: 'amend', id: order.clientOrderId, price, steps }]
}

function partsOf(seen: SeenTargets): TargetStep[] {
  const { position, minQty, wanted } = seen
  const course: TargetStep[] = []
  const isOnly = wanted.length === 1
  const rests = (order: Resting | undefined): order is Resting =>
    order?.state === 'working' && !course.some(step => 'id' in step && step.id === order.clientOrderId)
  for (const leg of ['target-1', 'target-2'] as const) {
    const want = wanted.find(one => one.leg === leg)
    const order = seen.resting.find(one => one.leg === leg)
    const other = seen.resting.find(one => one.leg === (leg === 'target-1' ? 'target-2' : 'target-1'))
    if (want !== undefined && want.steps < minQty) continue
    if (want !== undefined && order !== undefined) {
      if (rests(order)) course.push(...amended(seen, order, want))
    } else if (want !== undefined) {
      // Beside one that is to go there is only so much left.
      const free = isOnly && other !== undefined ? position.steps - other.steps : position.steps
      const steps = Math.min(want.steps, free) as Steps
      if (steps >= minQty) course.push({ kind: 'place', target: { ...want, steps } })
      else if (rests(other)) course.push({ kind: 'cancel', id: other.clientOrderId })
    } else if (rests(order)) {
      if (rests(other)) course.push({ kind: 'cancel', id: order.clientOrderId })
      else course.push({ kind: 'look-again' })
    }
  }
  return course
}
