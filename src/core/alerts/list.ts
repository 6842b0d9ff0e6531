import type { AlertRule } from './alert.ts'
import { bearishDivergence } from './bearish-divergence.ts'
import { overbought } from './overbought.ts'
import { pump } from './pump.ts'
import { squeeze } from './squeeze.ts'

/** All alerts, in the order in which they are looked for. */
export const ALERTS: readonly AlertRule[] = [pump, squeeze, bearishDivergence, overbought]
