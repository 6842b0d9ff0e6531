import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { totalReturn } from './total-return.ts'
import { dailyEquity } from './trades.fixture.ts'

const test = suite('total return')

test('it is the change from the first point to the last', () => {
  assert.is(totalReturn(dailyEquity(100, 40, 125)), 0.25)
  assert.is(totalReturn(dailyEquity(100)), 0)
})

test('without a point, or beginning with nothing, there is none', () => {
  assert.is(totalReturn([]), null)
  assert.is(totalReturn(dailyEquity(0, 10)), null)
})

test.run()
