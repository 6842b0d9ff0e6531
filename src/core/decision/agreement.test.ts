import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { agreement } from './agreement.ts'

const test = suite('agreement')

test('below 50 speaks for a long, above for a short, and 50 itself for neither', () => {
  for (const [bb, long, short] of [
    [49.999, 1, 0],
    [50, 0, 0],
    [50.001, 0, 1],
    [-20, 1, 0],
    [120, 0, 1],
  ] as const) {
    assert.is(agreement('long', bb, null, null), long, `long ${bb}`)
    assert.is(agreement('short', bb, null, null), short, `short ${bb}`)
  }
})

test('it counts the day, the week and the month alike', () => {
  for (const day of [10, 90]) {
    for (const week of [10, 90]) {
      for (const month of [10, 90]) {
        const longs = [day, week, month].filter(bb => bb === 10).length
        assert.is(agreement('long', day, week, month), longs)
        assert.is(agreement('short', day, week, month), 3 - longs)
      }
    }
  }
})

test('an absent figure, or one that is no number, counts as no on both sides', () => {
  for (const absent of [null, undefined, Number.NaN]) {
    for (const side of ['long', 'short'] as const) {
      assert.is(agreement(side, absent, absent, absent), 0)
      assert.is(agreement(side, side === 'long' ? 0 : 100, absent, absent), 1)
    }
  }
})

test.run()
