import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import { summarise } from './summary.ts'
import { dailyEquity, testTrade } from './trades.fixture.ts'

const test = suite('summary')

const trades = [
  testTrade({
    openedAt: 0,
    closedAt: DAY,
    qty: 1,
    entry: 100,
    exit: 110,
    gross: 10,
    fees: 0.5,
    funding: -0.5,
    net: 9,
    netPercent: 9,
    mae: -2,
    mfe: 11,
  }),
  testTrade({
    openedAt: DAY,
    closedAt: 2 * DAY,
    qty: 2,
    entry: 50,
    exit: 48,
    gross: -4,
    fees: 0.5,
    funding: 0,
    net: -4.5,
    netPercent: -4.5,
    mae: -5,
    mfe: 1,
    exitReason: 'stop',
  }),
  testTrade({
    openedAt: 3 * DAY,
    closedAt: 4 * DAY,
    net: 100,
    netPercent: 100,
    fees: 7,
    exitReason: 'end-of-data',
  }),
]

test('every figure of a list of trades and its equity is the one worked by hand', () => {
  const equity = dailyEquity(1000, 1100, 990, 1089)
  const summary = summarise(trades, { equity, period: { from: 0, to: 4 * DAY } })
  const { sharpe, sortino, totalReturn, maxDrawdown, ...exact } = summary
  assert.equal(exact, {
    trades: 2,
    open: { trades: 1, net: 100 },
    winRate: 0.5,
    averagePercent: 2.25,
    averageInterval: null,
    bestPercent: 9,
    worstPercent: -4.5,
    nearZero: 0,
    profitFactor: 2,
    expectancy: 2.25,
    net: 4.5,
    fees: 1,
    funding: -0.5,
    turnover: 406,
    averageMae: -3.5,
    averageMfe: 6,
    exposure: 0.75,
  })
  const near = (found: number | null | undefined, expected: number): void => {
    assert.ok(typeof found === 'number' && Math.abs(found - expected) < 1e-9, `${found}, not ${expected}`)
  }
  near(sharpe, Math.sqrt(365 / 12))
  near(sortino, Math.sqrt(365 / 3))
  near(totalReturn, 0.089)
  near(maxDrawdown?.fraction, 0.1)
  assert.is(maxDrawdown?.days, 2)
})

test('nothing at all is null or 0, never NaN, and survives JSON', () => {
  const summary = summarise([], { equity: [], period: null })
  assert.equal(summary, {
    trades: 0,
    open: { trades: 0, net: 0 },
    winRate: null,
    averagePercent: null,
    averageInterval: null,
    bestPercent: null,
    worstPercent: null,
    nearZero: null,
    profitFactor: null,
    expectancy: null,
    net: 0,
    fees: 0,
    funding: 0,
    turnover: 0,
    averageMae: null,
    averageMfe: null,
    exposure: null,
    totalReturn: null,
    sharpe: null,
    sortino: null,
    maxDrawdown: null,
  })
  assert.equal(JSON.parse(JSON.stringify(summary)), summary)
})

test('the interval is drawn by the given seed', () => {
  const many = Array.from({ length: 48 }, (_, i) =>
    testTrade({ closedAt: Date.UTC(2025, i % 12, 5), netPercent: (i * 7) % 11 }),
  )
  const interval = (seed: number) =>
    summarise(many, { equity: [], period: null, bootstrap: { seed, resamples: 200, confidence: 0.9 } })
      .averageInterval
  assert.equal(interval(1), interval(1))
  assert.not.equal(interval(1), interval(2))
})

test.run()
