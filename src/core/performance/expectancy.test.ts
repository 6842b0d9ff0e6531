import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { expectancy } from './expectancy.ts'
import { testTrade } from './trades.fixture.ts'

const test = suite('expectancy')

test('it is the mean amount, whatever the percentages', () => {
  assert.is(expectancy([testTrade({ net: 10, netPercent: 1 }), testTrade({ net: -4, netPercent: -40 })]), 3)
})

test('without trades there is none', () => {
  assert.is(expectancy([]), null)
})

test.run()
