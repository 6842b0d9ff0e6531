import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dailyReturns } from './equity.ts'
import { dailyEquity } from './trades.fixture.ts'

const test = suite('equity')

test('each return is the change on the day before', () => {
  assert.equal(dailyReturns(dailyEquity(100, 128, 96, 96)), [0.28, -0.25, 0])
})

test('one point or none has no returns', () => {
  assert.equal(dailyReturns(dailyEquity(100)), [])
  assert.equal(dailyReturns([]), [])
})

test('there is no return on nothing, but the day on which all was lost has one', () => {
  assert.is(dailyReturns(dailyEquity(100, 0, 50)), null)
  assert.is(dailyReturns(dailyEquity(100, -20, -40)), null)
  assert.equal(dailyReturns(dailyEquity(100, 0)), [-1])
})

test.run()
