import type { Timestamp } from '../base/units.ts'

/** An order of the house that only a person lifts. */
export interface HouseOrder {
  readonly at: Timestamp
  /** Who gave it: a person at some door, or bbw itself. */
  readonly by: string
  readonly reason: string
}

/** Pause and halt by a person, or because books and exchange did not converge. */
export interface Standing {
  readonly paused: HouseOrder | null
  readonly halted: HouseOrder | null
}

export const OPEN: Standing = Object.freeze({ paused: null, halted: null })
