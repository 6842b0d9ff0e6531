import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type EquityCurve, NO_CURVE, withPoint } from './equity-curve.ts'

const test = suite('equity curve')

function curveOf(points: readonly (readonly [number, number])[]): EquityCurve {
  return points.reduce((curve, [at, equity]) => withPoint(curve, { at, equity }), NO_CURVE)
}

test('points of one moment are one, and what is not known or from before is left out', () => {
  const { points } = curveOf([
    [1, 100],
    [2, 101],
    [2, 102],
    [3, Number.NaN],
    [1, 99],
  ])
  assert.equal(points, [
    { at: 1, equity: 100 },
    { at: 2, equity: 102 },
  ])
})

test('however many points come, few are kept, over the whole time and up to the last', () => {
  let curve = NO_CURVE
  for (let at = 0; at <= 100_000; at += 1) {
    curve = withPoint(curve, { at, equity: at })
    assert.ok(curve.points.length <= 600)
  }
  const { points } = curve
  assert.equal([points[0].at, points.at(-1)?.at], [0, 100_000])
  assert.ok(points.length >= 250)
  const gaps = points.slice(1, -1).map((point, nth) => point.at - points[nth].at)
  assert.ok(Math.max(...gaps) <= 4 * Math.min(...gaps), 'no stretch is told much more finely than another')
})

test.run()
