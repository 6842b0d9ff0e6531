import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { profitFactor } from './profit-factor.ts'
import { tradesWithNet } from './trades.fixture.ts'

const test = suite('profit factor')

test('it is what was won over what was lost', () => {
  assert.is(profitFactor(tradesWithNet(10, 5, -4, -2, 0)), 2.5)
  assert.is(profitFactor(tradesWithNet(-4)), 0)
})

test('without losses, as without trades, there is none, and never an infinite one', () => {
  assert.is(profitFactor(tradesWithNet(10)), null)
  assert.is(profitFactor(tradesWithNet(0)), null)
  assert.is(profitFactor([]), null)
})

test.run()
