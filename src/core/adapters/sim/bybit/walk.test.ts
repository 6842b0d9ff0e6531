import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { PathPoint } from './path.ts'
import { Walk } from './walk.ts'

const test = suite('walk')

function at(time: number, last: number): PathPoint {
  return { time, last, mark: last }
}

const SETTLED = { time: 15, rate: 0.0001, isAssumed: false }

test('it goes from corner to corner, settlements among them, and ends', () => {
  const walk = new Walk('XUSDT', [at(0, 100), at(10, 110), at(20, 90)], [SETTLED])
  const seen: PathPoint[] = [walk.at]
  for (let next = walk.corner; next !== null; next = walk.corner) seen.push(walk.goTo(next))
  assert.equal(seen, [at(0, 100), at(10, 110), at(15, 100), at(20, 90)])
  assert.equal(walk.pointAt(30), at(20, 90))
  assert.equal(walk.settledWithin(10, 15), [SETTLED])
  assert.equal(walk.settledWithin(15, 20), [])
})

test('it may stop on a piece, and a gap is a piece without length', () => {
  const walk = new Walk('XUSDT', [at(0, 100), at(10, 110), at(10, 120)], [])
  assert.equal(walk.goTo(walk.pointAt(4)), at(4, 104))
  assert.equal(walk.corner, at(10, 110))
  walk.goTo(walk.pointAt(10))
  assert.equal([walk.at, walk.corner], [at(10, 110), at(10, 120)])
  walk.goTo(walk.pointAt(10))
  assert.is(walk.corner, null)
})

test.run()
