import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { averageNetPercent, bestNetPercent, worstNetPercent } from './net-percent.ts'
import { testTrade } from './trades.fixture.ts'

const test = suite('net percent')
const trades = [
  testTrade({ net: 1_000, netPercent: 4 }),
  testTrade({ net: -1, netPercent: -6 }),
  testTrade({ net: 0.5, netPercent: 0.5 }),
]

test('average, best and worst are of the percentages, whatever the amounts', () => {
  assert.is(averageNetPercent(trades), -0.5)
  assert.is(bestNetPercent(trades), 4)
  assert.is(worstNetPercent(trades), -6)
})

test('the best of losses is a loss, the worst of gains a gain', () => {
  assert.is(bestNetPercent([testTrade({ netPercent: -2 }), testTrade({ netPercent: -1 })]), -1)
  assert.is(worstNetPercent([testTrade({ netPercent: 2 }), testTrade({ netPercent: 1 })]), 1)
})

test('without trades there is none of them', () => {
  for (const metric of [averageNetPercent, bestNetPercent, worstNetPercent]) assert.is(metric([]), null)
})

test.run()
