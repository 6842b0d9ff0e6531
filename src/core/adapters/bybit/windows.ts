/** Which stretches of a series are asked for, and which rows of an answer are taken; pure. Ends are exclusive. */
import { DataError } from '../../base/errors.ts'
import type { Milliseconds, Timestamp } from '../../base/units.ts'

export interface Range {
  readonly from: Timestamp
  readonly to: Timestamp
}

/** A range cut at whole multiples of `size`, so that the pieces are the same whenever somebody cuts. */
export function windowsOf({ from, to }: Range, size: Milliseconds): readonly Range[] {
  const windows: Range[] = []
  for (let start = from; start < to; ) {
    const end = Math.min(to, (Math.floor(start / size) + 1) * size)
    windows.push({ from: start, to: end })
    start = end
  }
  return windows
}

/** The whole slots of `span` within a range: from the first that begins in it to the last that ends in it. */
export function wholeSlots({ from, to }: Range, span: Milliseconds): Range {
  const start = Math.ceil(from / span) * span
  return { from: start, to: Math.max(start, Math.floor(to / span) * span) }
}

/** From the first slot of a range that is not there to the last; `null` where all are. `starts` ascend. */
export function missingIn(starts: ArrayLike<Timestamp>, range: Range, span: Milliseconds): Range | null {
  const { from, to } = wholeSlots(range, span)
  const there = new Set<Timestamp>()
  for (let i = 0; i < starts.length; i++) there.add(starts[i])
  let first = from
  while (first < to && there.has(first)) first += span
  if (first >= to) return null
  let last = to - span
  while (there.has(last)) last -= span
  return { from: first, to: last + span }
}

/**
 * The rows of an answer that are closed candles of the range, oldest first, each once. The exchange floors the time that
 * is asked for, sends the newest first, adds the candle that is still open, and keeps the newest where there are too
 * many: whatever it does, what remains is right.
 *
 * @param now the exchange's time
 * @throws DataError where a candle is off the grid, or comes twice with different figures
 */
export function closedRows<T extends { readonly start: Timestamp }>(
  rows: readonly T[],
  { from, to }: Range,
  span: Milliseconds,
  now: Timestamp,
): readonly T[] {
  const byStart = new Map<Timestamp, T>()
  for (const row of rows) {
    const { start } = row
    if (start < from || start >= to || start + span > now) continue
    if (start % span !== 0) throw new DataError(`a candle begins at ${isoOf(start)}, not at a whole interval`)
    const other = byStart.get(start)
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(row)) {
      throw new DataError(`the candle of ${isoOf(start)} comes twice, with different figures`)
    }
    byStart.set(start, row)
  }
  return [...byStart.values()].sort((one, other) => one.start - other.start)
}

function isoOf(time: Timestamp): string {
  return new Date(time).toISOString()
}
