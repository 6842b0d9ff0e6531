import { type Sketch, viewOf } from '../decision/view.fixture.ts'
import type { AlertView, QuarterView } from './alert.ts'

/** A view for alerts: the newest daily high and RSI last in their lists, nothing held, no 15-minute candles. */
export function alertViewOf(
  sketch: Sketch & {
    readonly isHeld?: boolean
    readonly quarter?: QuarterView
    readonly highs?: readonly number[]
    readonly rsis?: readonly number[]
  } = {},
): AlertView {
  const { isHeld = false, quarter, highs = [], rsis = [], ...rest } = sketch
  return {
    ...viewOf(rest),
    isHeld,
    quarter,
    highAt: ago => highs[highs.length - 1 - ago],
    rsiAt: ago => rsis[rsis.length - 1 - ago],
  }
}
