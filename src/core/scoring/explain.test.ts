import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { scoreChanges } from './changes.ts'
import { changeLines, explainScore } from './explain.ts'
import type { ScoreInputs } from './score.ts'

const test = suite('explain')

const SIGNAL: ScoreInputs = {
  side: 'long',
  tier: 'A',
  bbPercent: 12.3,
  weekBb: 30,
  monthBb: 12,
  turnover: 123_456_789,
  streak: 3,
  funding: null,
  width: 7.2,
  rsi: 28.3,
}

test('every metric has a line with points, weight, figure and the row that gave them', () => {
  assert.equal(explainScore(SIGNAL), [
    'tier: 8 x 1, tier A',
    'bbPercent: 12 x 3, daily BB% 12.3 < 25',
    'turnover: 8 x 2, turnover in M USDT 123.46 > 100',
    'streak: 8 x 2, down days 3 >= 3',
    'weekMonth: 5 x 1, weekly and monthly bands that agree 2 >= 2',
    'funding: 4 x 1, pays per 8 h in % 0.01 <= 0.01 (unknown, assumed)',
    'width: 5 x 1, band width % 7.2 <= 8',
    'bounce: 4 x 1, distance from the band % 0.8856 <= 1.5',
    'rsi: 4 x 1, RSI 28.3 < 30',
    'adjustment: +0.4, daily BB% < 25, weekly BB% < 50, monthly BB% < 50',
    'adjustment: +0.3, RSI < 30, daily BB% < 25',
    'score 8.9: 98 / 12 +0.7, at most 10',
  ])
})

test('a rejection says which metric and by which row, and nothing of adjustments', () => {
  const lines = explainScore({ ...SIGNAL, side: 'short', funding: 0.00012 })
  assert.is(lines.length, 10)
  assert.is(lines[1], 'bbPercent: rejects, daily BB% 12.3 < 70')
  assert.is(lines[3], 'streak: 8 x 2, up days 3 >= 3')
  assert.is(lines[5], 'funding: 5 x 1, pays per 8 h in % -0.012 <= 0.005')
  assert.is(lines[7], 'bounce: 1 x 1, distance from the band % 6.3144')
  assert.is(lines[9], 'score 0.0: rejected by bbPercent')
})

test('a deduction has its sign', () => {
  const lines = explainScore({ ...SIGNAL, weekBb: 80, rsi: 55 })
  assert.is(lines[9], 'adjustment: -0.1, daily BB% < 50, weekly BB% > 75')
  assert.match(lines[10], /^score 7\.7: 93 \/ 12 -0\.1/)
})

test('a figure that would round onto its limit is shown in full, and no figure has an exponent', () => {
  const lines = explainScore({ ...SIGNAL, bbPercent: 24.9999999, funding: 1e-9 })
  assert.is(lines[1], 'bbPercent: 12 x 3, daily BB% 24.9999999 < 25')
  assert.is(lines[5], 'funding: 5 x 1, pays per 8 h in % 0.0000001 <= 0.005')
})

test('each figure with a better step has a line, with what it brings and whether that passes', () => {
  const poor: ScoreInputs = {
    ...SIGNAL,
    tier: 'B',
    bbPercent: 30,
    weekBb: 60,
    monthBb: 70,
    turnover: 30e6,
    streak: 1,
    funding: 0.0001,
    width: 12,
    rsi: 45,
  }
  assert.equal(changeLines(scoreChanges(poor, 5.5), 'long').slice(0, 5), [
    'tier: tier A makes 5.2 (+0.2)',
    // At 25 itself the distance from the band is 3 %: a point more.
    'bbPercent: daily BB% <= 25 makes 5.1 (+0.1); < 25 makes 6.1 (+1.1), which passes',
    'turnover: turnover in M USDT > 50 makes 5.2 (+0.2); > 500 makes 5.7 (+0.7), which passes',
    'streak: down days >= 2 makes 5.3 (+0.3); >= 3 makes 5.8 (+0.8), which passes',
    'weekMonth: weekly BB% < 50 makes 5.2 (+0.2)',
  ])
})

test.run()
