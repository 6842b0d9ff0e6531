import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tradesWithNet } from './trades.fixture.ts'
import { winRate } from './win-rate.ts'

const test = suite('win rate')

test('only what is left after costs is a win, and exactly nothing is none', () => {
  assert.is(winRate(tradesWithNet(5, 0.01, 0, -3)), 0.5)
  assert.is(winRate(tradesWithNet(-1)), 0)
  assert.is(winRate(tradesWithNet(1)), 1)
})

test('without trades there is no win rate', () => {
  assert.is(winRate([]), null)
})

test.run()
