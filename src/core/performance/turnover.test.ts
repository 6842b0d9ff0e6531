import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testTrade } from './trades.fixture.ts'
import { turnover } from './turnover.ts'

const test = suite('turnover')

test('entries and exits are added at their own prices', () => {
  const trades = [testTrade({ qty: 2, entry: 100, exit: 110 }), testTrade({ qty: 0.5, entry: 40, exit: 20 })]
  assert.is(turnover(trades), 450)
})

test('no trades have traded nothing', () => {
  assert.is(turnover([]), 0)
})

test.run()
