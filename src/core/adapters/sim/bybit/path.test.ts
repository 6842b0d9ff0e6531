import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bar } from '../exchange.ts'
import { along, cornersOf, pieces, pointAt } from './path.ts'

const test = suite('path')

const bar: Bar = {
  start: 0,
  end: 60,
  open: 10,
  high: 14,
  low: 8,
  close: 12,
  markOpen: 11,
  markHigh: 15,
  markLow: 9,
  markClose: 13,
}

test('a candle that closes above its open goes down first, one that closes below goes up first', () => {
  assert.equal(
    cornersOf(bar).map(({ last }) => last),
    [10, 8, 14, 12],
  )
  assert.equal(
    cornersOf({ ...bar, close: 9 }).map(({ last, mark }) => [last, mark]),
    [
      [10, 11],
      [14, 15],
      [8, 9],
      [9, 13],
    ],
  )
})

test('between its corners the price goes straight, before and after it stands still', () => {
  assert.is(pointAt(bar, 10).last, 9)
  assert.is(pointAt(bar, 30).last, 11)
  assert.is(pointAt(bar, -5).last, 10)
  assert.is(pointAt(bar, 99).last, 12)
  assert.is(along({ time: 0, last: 1, mark: 1 }, { time: 2, last: 3, mark: 5 }, 0.5).mark, 3)
})

test('a part of the way begins and ends where it is asked to and has the corners between', () => {
  assert.equal(
    pieces(bar, 10, 50).map(({ time, last }) => [time, last]),
    [
      [10, 9],
      [20, 8],
      [40, 14],
      [50, 13],
    ],
  )
})

test('the way never leaves the candle', () => {
  const price = fc.integer({ min: 1, max: 1_000 })
  fc.assert(
    fc.property(price, price, price, price, fc.double({ min: 0, max: 60, noNaN: true }), (a, b, c, d, at) => {
      const [low, , , high] = [a, b, c, d].sort((x, y) => x - y)
      const made = { ...bar, open: b, close: c, low, high }
      const { last } = pointAt(made, at)
      assert.ok(last >= low - 1e-9 && last <= high + 1e-9)
    }),
    { seed: 20260401 },
  )
})

test.run()
