import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import { BOOTSTRAP, monthBootstrap } from './month-bootstrap.ts'
import { testTrade } from './trades.fixture.ts'

const test = suite('month bootstrap')
const inMonth = (month: number, netPercent: number) =>
  testTrade({ closedAt: Date.UTC(2025, month, 15), netPercent })

test('months that all have the same average leave no room', () => {
  const trades = [0, 1, 2].flatMap(month => [inMonth(month, 3), inMonth(month, 1)])
  assert.equal(monthBootstrap(trades), { low: 2, high: 2, months: 3 })
})

test('of two months the average is one, the other or the middle, a quarter of the draws at either end', () => {
  const trades = [inMonth(0, -1), inMonth(1, 3)]
  assert.equal(monthBootstrap(trades), { low: -1, high: 3, months: 2 })
  assert.equal(monthBootstrap(trades, { ...BOOTSTRAP, confidence: 0.4 }), { low: 1, high: 1, months: 2 })
})

test('a month weighs as many trades as it has', () => {
  // Both months drawn: (3 x 4 - 4) / 4 = 2, and not the mean 0 of the two averages.
  const trades = [inMonth(0, 4), inMonth(0, 4), inMonth(0, 4), inMonth(1, -4)]
  assert.equal(monthBootstrap(trades, { ...BOOTSTRAP, confidence: 0.4 }), { low: 2, high: 2, months: 2 })
})

test('the interval of many months is as wide as theory has it, and wider than if trades were independent', () => {
  // 60 months with 10 equal trades each: the standard error is that of 60 monthly averages, not of 600 trades.
  const source = random('months')
  const averages = Array.from({ length: 60 }, () => source.normal())
  const trades = averages.flatMap((average, i) =>
    Array.from({ length: 10 }, () => testTrade({ closedAt: Date.UTC(2020, i, 10), netPercent: average })),
  )
  const mean = averages.reduce((sum, x) => sum + x, 0) / 60
  const deviation = Math.sqrt(averages.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 60)
  const found = monthBootstrap(trades, { ...BOOTSTRAP, resamples: 4_000 })
  assert.ok(found !== null)
  const half = (1.96 * deviation) / Math.sqrt(60)
  assert.ok(Math.abs(found.low - (mean - half)) < 0.1 * half, `low ${found.low}, not ${mean - half}`)
  assert.ok(Math.abs(found.high - (mean + half)) < 0.1 * half, `high ${found.high}, not ${mean + half}`)
})

test('the seed decides, the order of the trades does not', () => {
  const source = random(9)
  const trades = Array.from({ length: 120 }, (_, i) => inMonth(i % 12, source.normal()))
  const shuffled = [...trades].sort((a, b) => a.netPercent - b.netPercent)
  assert.equal(monthBootstrap(trades), monthBootstrap(shuffled))
  assert.equal(monthBootstrap(trades), monthBootstrap(trades))
  assert.not.equal(monthBootstrap(trades), monthBootstrap(trades, { ...BOOTSTRAP, seed: 43 }))
})

test('with fewer than two months there is no interval', () => {
  assert.is(monthBootstrap([]), null)
  assert.is(monthBootstrap([inMonth(0, 1), inMonth(0, 2)]), null)
})

test.run()
