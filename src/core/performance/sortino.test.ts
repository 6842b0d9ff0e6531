import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sortino } from './sortino.ts'
import { dailyEquity } from './trades.fixture.ts'

const test = suite('sortino')

test('it is mean over downside deviation of all days, times the root of 365', () => {
  // Returns 0.1, -0.1, 0.1: mean 1/30, downside sqrt(0.01 / 3); ratio 1 / sqrt(3).
  const expected = Math.sqrt(365 / 3)
  const found = sortino(dailyEquity(100, 110, 99, 108.9))
  assert.ok(found !== null && Math.abs(found - expected) < 1e-9, `${found}, not ${expected}`)
})

test('with fewer than two returns, without a loss or after ruin there is none', () => {
  assert.is(sortino([]), null)
  assert.is(sortino(dailyEquity(100, 90)), null)
  assert.is(sortino(dailyEquity(100, 110, 120)), null)
  assert.is(sortino(dailyEquity(100, 0, 10)), null)
})

test.run()
