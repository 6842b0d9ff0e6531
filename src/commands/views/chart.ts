/** A curve of block characters. */

/**
 * The values over time as `height` rows of `width` cells, the top row first: an area above the lowest value. Each
 * column shows the last value of its stretch of time; fewer values than columns are held until the next one. Values
 * that are no numbers are left out; without any the rows are blank. `levels` are the signs from nothing to full.
 */
export function chartRows(
  values: readonly number[],
  width: number,
  height: number,
  levels: readonly string[],
): readonly string[] {
  const finite = values.filter(Number.isFinite)
  const [empty] = levels
  if (finite.length === 0 || width <= 0)
    return Array.from({ length: height }, () => empty.repeat(Math.max(0, width)))
  const columns = Array.from(
    { length: width },
    (_, x) => finite[Math.ceil(((x + 1) * finite.length) / width) - 1],
  )
  const low = Math.min(...columns)
  const high = Math.max(...columns)
  const steps = levels.length - 1
  const filled = columns.map(value => {
    // A value at the bottom still leaves a trace, and a curve that never moved lies in the middle.
    const share = high === low ? 0.5 : (value - low) / (high - low)
    return Math.max(1, Math.round(share * height * steps))
  })
  return Array.from({ length: height }, (_, row) => {
    const below = (height - 1 - row) * steps
    return filled.map(level => levels[Math.max(0, Math.min(steps, level - below))]).join('')
  })
}
