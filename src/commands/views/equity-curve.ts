/** Equity over time in a bounded number of points: when there are too many, every second one goes. */
import type { Milliseconds, Timestamp, Usdt } from '../../core/base/units.ts'

export interface EquityPoint {
  readonly at: Timestamp
  readonly equity: Usdt
}

export interface EquityCurve {
  /** Oldest first; the last one is the newest known. */
  readonly points: readonly EquityPoint[]
  /** Points nearer to the one before than this take its place. */
  readonly spacing: Milliseconds
}

export const NO_CURVE: EquityCurve = { points: [], spacing: 0 }

/** More than the columns of any screen. */
const MOST_POINTS = 600

/** The curve with one more point. Equity that is not known, and a point from before the last one, are left out. */
export function withPoint(curve: EquityCurve, point: EquityPoint): EquityCurve {
  const { points, spacing } = curve
  if (!Number.isFinite(point.equity)) return curve
  const last = points.at(-1)
  if (last !== undefined && point.at < last.at) return curve
  const before = points.at(-2)
  const isNear =
    last !== undefined && (point.at === last.at || (before !== undefined && last.at - before.at < spacing))
  const next = isNear ? [...points.slice(0, -1), point] : [...points, point]
  if (next.length <= MOST_POINTS) return { points: next, spacing }
  const thinned = next.filter((_, index) => index % 2 === 0 || index === next.length - 1)
  const [first] = thinned
  return { points: thinned, spacing: (2 * (point.at - first.at)) / MOST_POINTS }
}
