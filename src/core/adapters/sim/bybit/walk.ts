/** One symbol's market on its way through a span of time: where it is, and where the straight piece it is on ends. */
import type { Timestamp } from '../../../base/units.ts'
import type { Settlement } from '../exchange.ts'
import { along, type PathPoint } from './path.ts'

export class Walk {
  readonly symbol: string
  readonly #points: readonly PathPoint[]
  readonly #settlements: readonly Settlement[]
  #at: PathPoint
  #next = 1

  /**
   * @param way its corners; pieces between neighbours are straight
   * @param settlements of funding, in the order of time: the way is looked at there, too
   */
  constructor(symbol: string, way: readonly PathPoint[], settlements: readonly Settlement[]) {
    this.symbol = symbol
    this.#settlements = settlements
    this.#points = withCuts(
      way,
      settlements.map(({ time }) => time),
    )
    this.#at = way[0]
  }

  get at(): PathPoint {
    return this.#at
  }

  /** The end of the piece that it is on; `null` at the end of the way. */
  get corner(): PathPoint | null {
    return this.#points[this.#next] ?? null
  }

  /** Where it will be at a time; the piece it is on ends at its corner. */
  pointAt(time: Timestamp): PathPoint {
    const { at, corner } = this
    if (corner === null) return at
    if (time >= corner.time) return corner
    return along(at, corner, (time - at.time) / (corner.time - at.time))
  }

  /** Goes on to a point of the piece that it is on. */
  goTo(point: PathPoint): PathPoint {
    if (point === this.corner) this.#next += 1
    this.#at = point
    return point
  }

  /** What is settled in `(from, to]`. */
  settledWithin(from: Timestamp, to: Timestamp): readonly Settlement[] {
    return this.#settlements.filter(({ time }) => time > from && time <= to)
  }
}

/** Points at further times put into a way. */
function withCuts(points: readonly PathPoint[], times: readonly Timestamp[]): readonly PathPoint[] {
  const cut: PathPoint[] = [points[0]]
  for (const next of points.slice(1)) {
    const before = cut[cut.length - 1]
    for (const time of times) {
      if (time <= before.time || time >= next.time) continue
      cut.push(along(before, next, (time - before.time) / (next.time - before.time)))
    }
    cut.push(next)
  }
  return cut
}
