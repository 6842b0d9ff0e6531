import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { totalFees, totalFunding, totalNet } from './totals.ts'
import { testTrade } from './trades.fixture.ts'

const test = suite('totals')

test('net, fees and funding are added up with their signs', () => {
  const trades = [
    testTrade({ gross: 10, fees: 0.5, funding: -0.25, net: 9.25 }),
    testTrade({ gross: -4, fees: 0.25, funding: 1, net: -3.25 }),
  ]
  assert.is(totalNet(trades), 6)
  assert.is(totalFees(trades), 0.75)
  assert.is(totalFunding(trades), 0.75)
})

test('the totals of no trades are 0', () => {
  for (const total of [totalNet, totalFees, totalFunding]) assert.is(total([]), 0)
})

test.run()
