/**
 * What runs when: the strategies and guards in their order, and the cycles with their steps. Order is precedence.
 */
import { DAY, MINUTE, type Milliseconds, SECOND } from '../base/units.ts'
import type {
  EntryStrategy,
  LadderStrategy,
  ManagementStrategy,
  RotationStrategy,
  SizingStrategy,
  Strategy,
} from '../decision/strategy.ts'
import { atrRiskSizing } from '../strategies/atr-risk-sizing.ts'
import { bbScalping } from '../strategies/bb-scalping.ts'
import { bollingerGridLong } from '../strategies/bollinger-grid-long.ts'
import { bollingerGridShort } from '../strategies/bollinger-grid-short.ts'
import { dcaLadder } from '../strategies/dca-ladder.ts'
import { fundingMomentum } from '../strategies/funding-momentum.ts'
import { fundingRotation } from '../strategies/funding-rotation.ts'
import { junkShort } from '../strategies/junk-short.ts'
import { meanReversion } from '../strategies/mean-reversion.ts'
import { partialTp } from '../strategies/partial-tp.ts'
import { slReentry } from '../strategies/sl-reentry.ts'
import { trailing3x } from '../strategies/trailing-3x.ts'
import { trailingX10 } from '../strategies/trailing-x10.ts'

export const ENTRY_STRATEGIES: readonly EntryStrategy[] = [
  meanReversion,
  fundingMomentum,
  bbScalping,
  slReentry,
  bollingerGridLong,
  bollingerGridShort,
  junkShort,
]

/** In the order in which the heavy cycle asks them. */
export const HEAVY_MANAGEMENT: readonly ManagementStrategy[] = [partialTp, trailing3x]

export const X10_MANAGEMENT: readonly ManagementStrategy[] = [trailingX10]

export const LADDERS: readonly LadderStrategy[] = [dcaLadder]

export const ROTATIONS: readonly RotationStrategy[] = [fundingRotation]

export const SIZING: readonly SizingStrategy[] = [atrRiskSizing]

/** Every strategy there is. */
export const STRATEGIES: readonly Strategy[] = [
  ...ENTRY_STRATEGIES,
  ...HEAVY_MANAGEMENT,
  ...X10_MANAGEMENT,
  ...LADDERS,
  ...ROTATIONS,
  ...SIZING,
]

export type CycleId = 'light' | 'heavy' | 'x10' | 'daily'

export type StepId =
  | 'positions'
  | 'reconcile'
  | 'protect'
  | 'breakeven'
  | 'time-exits'
  | 'margin-checks'
  | 'queue-reentries'
  | 'health'
  | 'expire-entries'
  | 'scan'
  | 'score'
  | 'partial-tp'
  | 'trailing-3x'
  | 'funding-rotation'
  | 'dca-ladder'
  | 'entries'
  | 'alerts'
  | 'trailing-x10'
  | 'funding-sign'
  | 'atr-risk'
  | 'digest'

export interface Cycle {
  readonly id: CycleId
  readonly period: Milliseconds
  /** Time of day at which the period is counted from, UTC. */
  readonly offset: Milliseconds
  readonly steps: readonly { readonly id: StepId; readonly deadline: Milliseconds }[]
}

/** In the order in which cycles due at one instant run. A step that needs the outside waits for its deadline. */
export const CYCLES: readonly Cycle[] = [
  {
    id: 'light',
    period: 30 * SECOND,
    offset: 0,
    steps: [
      { id: 'positions', deadline: 10 * SECOND },
      { id: 'reconcile', deadline: 2 * SECOND },
      { id: 'protect', deadline: 3 * SECOND },
      { id: 'breakeven', deadline: 4 * SECOND },
      { id: 'time-exits', deadline: 4 * SECOND },
      { id: 'margin-checks', deadline: SECOND },
      { id: 'queue-reentries', deadline: SECOND },
      { id: 'health', deadline: 3 * SECOND },
    ],
  },
  {
    id: 'heavy',
    period: 120 * SECOND,
    offset: 0,
    steps: [
      { id: 'expire-entries', deadline: 10 * SECOND },
      { id: 'scan', deadline: 20 * SECOND },
      { id: 'score', deadline: 5 * SECOND },
      { id: 'partial-tp', deadline: 5 * SECOND },
      { id: 'trailing-3x', deadline: 5 * SECOND },
      { id: 'funding-rotation', deadline: 5 * SECOND },
      { id: 'dca-ladder', deadline: 5 * SECOND },
      { id: 'entries', deadline: 20 * SECOND },
      { id: 'alerts', deadline: 5 * SECOND },
    ],
  },
  {
    id: 'x10',
    period: 480 * SECOND,
    offset: 0,
    steps: [
      { id: 'trailing-x10', deadline: 5 * SECOND },
      { id: 'funding-sign', deadline: 5 * SECOND },
      { id: 'atr-risk', deadline: 5 * SECOND },
    ],
  },
  { id: 'daily', period: DAY, offset: 5 * MINUTE, steps: [{ id: 'digest', deadline: 5 * SECOND }] },
]
