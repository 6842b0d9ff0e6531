import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exposure } from './exposure.ts'
import { testTrade } from './trades.fixture.ts'

const test = suite('exposure')
const held = (openedAt: number, closedAt: number) => testTrade({ openedAt, closedAt })
const period = { from: 0, to: 100 }

test('positions at the same time count once, in whatever order they come', () => {
  assert.is(exposure([held(30, 50), held(10, 40), held(15, 20), held(90, 95)], period), 0.45)
  assert.is(exposure([held(0, 10), held(10, 20)], period), 0.2)
})

test('what lies outside of the period does not count', () => {
  assert.is(exposure([held(-50, 10), held(95, 300)], period), 0.15)
  assert.is(exposure([held(-50, -10), held(100, 300)], period), 0)
  assert.is(exposure([held(-50, 300)], period), 1)
})

test('without trades it is 0, and without a length of the period there is none', () => {
  assert.is(exposure([], period), 0)
  assert.is(exposure([held(0, 10)], { from: 5, to: 5 }), null)
})

test.run()
