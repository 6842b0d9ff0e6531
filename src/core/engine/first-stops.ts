/**
 * Which stops are set again before an engine runs: at a start the past of the market is fetched first, and a position
 * that has lost its stop while nobody looked must not wait for it. Whatever is not certain here waits for the
 * comparison of books and account, which asks for the executions as well.
 */
import type { Position } from '../portfolio/position.ts'
import type { AccountPosition } from './protocol.ts'

/** What a position is recognised by, and its stop. */
export type BookedPosition = Pick<Position, 'symbol' | 'side' | 'instrument' | 'entry' | 'steps' | 'stop'>

/**
 * The positions of the books that stand in the account as they are booked, without a stop. One of another quantity or
 * another entry price is left out: it may be somebody else's by now, and nothing of his is touched.
 */
export function bareOf(
  held: readonly BookedPosition[],
  positions: readonly AccountPosition[],
): readonly BookedPosition[] {
  return held.filter(({ symbol, side, steps, entry, instrument }) =>
    positions.some(
      shown =>
        shown.symbol === symbol &&
        shown.side === side &&
        shown.stop === null &&
        shown.steps === steps &&
        // Exchanges round the average; that of another entry is further away.
        Math.abs(shown.entry - entry) < instrument.tickSize,
    ),
  )
}
