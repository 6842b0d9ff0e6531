import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closedRows, missingIn, wholeSlots, windowsOf } from './windows.ts'

const test = suite('bybit windows')
const SEED = 20_261_127

test('a range is cut at fixed times', () => {
  assert.equal(windowsOf({ from: 7, to: 23 }, 10), [
    { from: 7, to: 10 },
    { from: 10, to: 20 },
    { from: 20, to: 23 },
  ])
  assert.equal(windowsOf({ from: 10, to: 10 }, 10), [])
  assert.equal(wholeSlots({ from: 7, to: 23 }, 5), { from: 10, to: 20 })
  assert.equal(wholeSlots({ from: 7, to: 9 }, 5), { from: 10, to: 10 })
})

test('what is missing is the stretch from the first hole to the last', () => {
  assert.equal(missingIn([10, 15, 25], { from: 10, to: 40 }, 5), { from: 20, to: 40 })
  assert.equal(missingIn([10, 20, 25], { from: 10, to: 30 }, 5), { from: 15, to: 20 })
  assert.equal(missingIn([], { from: 10, to: 20 }, 5), { from: 10, to: 20 })
  assert.is(missingIn([10, 15], { from: 10, to: 19 }, 5), null)
  assert.is(missingIn([], { from: 11, to: 14 }, 5), null)
})

test('of an answer the closed candles within the range are taken', () => {
  const rows = [30, 25, 20, 15, 10, 5].map(start => ({ start }))
  const taken = closedRows(rows, { from: 10, to: 30 }, 5, 28)
  // 5 is before the range, 30 after it, and 25 is still open at 28.
  assert.equal(
    taken.map(({ start }) => start),
    [10, 15, 20],
  )
})

test('a candle off the grid, or one that comes twice and differs, is refused', () => {
  assert.throws(() => closedRows([{ start: 11 }], { from: 10, to: 30 }, 5, 100), /not at a whole interval/)
  const twice = [
    { start: 10, close: 1 },
    { start: 10, close: 2 },
  ]
  assert.throws(() => closedRows(twice, { from: 10, to: 30 }, 5, 100), /comes twice/)
  assert.is(closedRows([twice[0], { ...twice[0] }], { from: 10, to: 30 }, 5, 100).length, 1)
})

test(`whatever order and surplus an answer has, the same candles are taken (seed ${SEED})`, () => {
  const starts = fc.uniqueArray(fc.nat(60), { maxLength: 40 })
  fc.assert(
    fc.property(starts, fc.nat(60), fc.nat(60), fc.nat(320), (slots, from, length, now) => {
      const range = { from: from * 5, to: (from + length) * 5 }
      const taken = closedRows(
        [...slots, ...slots].map(slot => ({ start: slot * 5 })),
        range,
        5,
        now,
      )
      const wanted = slots
        .map(slot => slot * 5)
        .filter(start => start >= range.from && start < range.to && start + 5 <= now)
      assert.equal(
        taken.map(({ start }) => start),
        wanted.sort((one, other) => one - other),
      )
    }),
    { seed: SEED },
  )
})

test(`windows cover a range without a hole, and none is longer than asked (seed ${SEED})`, () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.nat(1_000), fc.integer({ min: 1, max: 99 }), (from, length, size) => {
      const windows = windowsOf({ from, to: from + length }, size)
      assert.is(
        windows.reduce((sum, window) => sum + window.to - window.from, 0),
        length,
      )
      windows.forEach((window, k) => {
        assert.ok(window.to > window.from && window.to - window.from <= size)
        if (k > 0) assert.is(window.from, windows[k - 1].to)
      })
    }),
    { seed: SEED },
  )
})

test.run()
