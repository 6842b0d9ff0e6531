/**
 * The way of the price through a candle, for an exchange that has a price at every moment: from the open to the nearer
 * extreme, to the other one, to the close, a third of the candle's length each, in straight lines. A candle that closes
 * above its open goes down first. Nothing of it is known; it visits every price that the candle says was traded, and
 * none beyond.
 */
import type { Price, Timestamp } from '../../../base/units.ts'
import type { Bar } from '../exchange.ts'

/** A moment on the way. */
export interface PathPoint {
  readonly time: Timestamp
  readonly last: Price
  readonly mark: Price
}

/** The four corners of the way, in order of time. */
export function cornersOf(bar: Bar): readonly [PathPoint, PathPoint, PathPoint, PathPoint] {
  const { start, end, open, high, low, close, markOpen, markHigh, markLow, markClose } = bar
  const isUp = close >= open
  const third = (end - start) / 3
  const [first, second] = isUp ? [low, high] : [high, low]
  const [markFirst, markSecond] = isUp ? [markLow, markHigh] : [markHigh, markLow]
  return [
    { time: start, last: open, mark: markOpen },
    { time: start + third, last: first, mark: markFirst },
    { time: start + 2 * third, last: second, mark: markSecond },
    { time: end, last: close, mark: markClose },
  ]
}

/** Where the way is at a time; before it the open, after it the close. */
export function pointAt(bar: Bar, time: Timestamp): PathPoint {
  const corners = cornersOf(bar)
  for (let k = 1; k < corners.length; k++) {
    if (time <= corners[k].time) return between(corners[k - 1], corners[k], time)
  }
  return corners[3]
}

/** The corners strictly inside `(from, to)` with the points at both ends: pieces between neighbours are straight. */
export function pieces(bar: Bar, from: Timestamp, to: Timestamp): readonly PathPoint[] {
  const inside = cornersOf(bar).filter(({ time }) => time > from && time < to)
  return [pointAt(bar, from), ...inside, pointAt(bar, to)]
}

function between(a: PathPoint, b: PathPoint, time: Timestamp): PathPoint {
  const part = b.time > a.time ? Math.min(1, Math.max(0, (time - a.time) / (b.time - a.time))) : 1
  return along(a, b, part)
}

/** The point a share of the way from `a` to `b`; 0 is `a` and 1 is `b` exactly. */
export function along(a: PathPoint, b: PathPoint, part: number): PathPoint {
  if (part <= 0) return a
  if (part >= 1) return b
  return {
    time: a.time + (b.time - a.time) * part,
    last: a.last + (b.last - a.last) * part,
    mark: a.mark + (b.mark - a.mark) * part,
  }
}
