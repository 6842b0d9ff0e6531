import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sharpe } from './sharpe.ts'
import { dailyEquity } from './trades.fixture.ts'

const test = suite('sharpe')

test('it is mean over sample deviation of the daily returns, times the root of 365', () => {
  // Returns 0.1, -0.1, 0.1: mean 1/30, squares of the differences 8/300, variance 4/300; ratio 1 / sqrt(12).
  const expected = Math.sqrt(365 / 12)
  const found = sharpe(dailyEquity(100, 110, 99, 108.9))
  assert.ok(found !== null && Math.abs(found - expected) < 1e-9, `${found}, not ${expected}`)
})

test('it does not depend on the size of the account', () => {
  const small = sharpe(dailyEquity(1, 1.5, 1.25))
  const great = sharpe(dailyEquity(1024, 1536, 1280))
  assert.is(small, great)
})

test('with fewer than two returns, without variation or after ruin there is none', () => {
  assert.is(sharpe([]), null)
  assert.is(sharpe(dailyEquity(100, 110)), null)
  assert.is(sharpe(dailyEquity(100, 100, 100)), null)
  assert.is(sharpe(dailyEquity(100, 101, 102.01, 103.0301)), null)
  assert.is(sharpe(dailyEquity(100, 0, 10)), null)
})

test.run()
