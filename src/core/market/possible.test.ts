import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { impossibility } from './possible.ts'

const test = suite('possible candles')
const GOOD = { open: 10, high: 12, low: 9, close: 11, volume: 5, turnover: 55 }

test('a possible candle is possible, also flat, without volume and without turnover', () => {
  assert.is(impossibility(GOOD), null)
  assert.is(impossibility({ open: 1, high: 1, low: 1, close: 1, volume: 0, turnover: Number.NaN }), null)
})

test('an impossible candle names the field that is wrong', () => {
  for (const [change, field] of [
    [{ open: 0 }, 'open'],
    [{ high: Number.NaN }, 'high'],
    [{ low: -1 }, 'low'],
    [{ close: Number.POSITIVE_INFINITY }, 'close'],
    [{ high: 8 }, 'high'],
    [{ open: 13 }, 'open'],
    [{ open: 8 }, 'open'],
    [{ close: 13 }, 'close'],
    [{ volume: -1 }, 'volume'],
    [{ volume: Number.NaN }, 'volume'],
    [{ turnover: -1 }, 'turnover'],
    [{ turnover: Number.POSITIVE_INFINITY }, 'turnover'],
  ] as const) {
    assert.is(impossibility({ ...GOOD, ...change })?.field, field, JSON.stringify(change))
  }
})

test.run()
