import type { Fraction, Timestamp } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'

/** A span of time, `from` included. */
export interface Period {
  readonly from: Timestamp
  readonly to: Timestamp
}

/**
 * The share of the period in which at least one position was open; positions at the same time count once. Without
 * trades 0. Empty case: `null` when the period has no length.
 */
export function exposure(trades: readonly Trade[], period: Period): Fraction | null {
  const { from, to } = period
  if (to <= from) return null
  const byOpening = [...trades].sort((a, b) => a.openedAt - b.openedAt)
  let covered = 0
  let reached = from
  for (const { openedAt, closedAt } of byOpening) {
    const begin = Math.max(openedAt, reached)
    const end = Math.min(closedAt, to)
    if (end <= begin) continue
    covered += end - begin
    reached = end
  }
  return covered / (to - from)
}
