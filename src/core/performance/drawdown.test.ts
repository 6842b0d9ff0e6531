import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { maxDrawdown } from './drawdown.ts'
import { dailyEquity } from './trades.fixture.ts'

const test = suite('drawdown')

test('the deepest fall is found and lasts until the old peak is reached again', () => {
  assert.equal(maxDrawdown(dailyEquity(100, 120, 90, 100, 120, 119)), {
    fraction: 0.25,
    days: 3,
    recovered: true,
  })
})

test('a fall that has not recovered lasts until the end', () => {
  assert.equal(maxDrawdown(dailyEquity(100, 200, 190, 100, 150)), {
    fraction: 0.5,
    days: 3,
    recovered: false,
  })
})

test('depth is a share of the peak, not an amount, and of two equal falls the earlier counts', () => {
  assert.equal(maxDrawdown(dailyEquity(10, 5, 1000, 800, 1000)), { fraction: 0.5, days: 2, recovered: true })
  assert.equal(maxDrawdown(dailyEquity(100, 50, 100, 100, 50, 60)), {
    fraction: 0.5,
    days: 2,
    recovered: true,
  })
})

test('equity that never fell has a drawdown of 0', () => {
  assert.equal(maxDrawdown(dailyEquity(100, 100, 101)), { fraction: 0, days: 0, recovered: true })
  assert.equal(maxDrawdown(dailyEquity(100)), { fraction: 0, days: 0, recovered: true })
})

test('a debt is deeper than everything', () => {
  assert.equal(maxDrawdown(dailyEquity(100, -50)), { fraction: 1.5, days: 1, recovered: false })
})

test('without a point, or beginning with nothing, there is none', () => {
  assert.is(maxDrawdown([]), null)
  assert.is(maxDrawdown(dailyEquity(0, 10)), null)
})

test.run()
