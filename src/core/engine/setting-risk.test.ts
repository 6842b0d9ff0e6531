import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PAIRS } from './setting-ranges.ts'
import { raisesRisk } from './setting-risk.ts'

const test = suite('setting risk')

test('a change raises risk in one direction and not in the other', () => {
  const cases: readonly (readonly [path: string, less: unknown, more: unknown])[] = [
    ['strategies.mean-reversion.leverage', 5, 10],
    ['strategies.bollinger-grid-long.risk', 0.1, 0.2],
    ['strategies.bollinger-grid-short.maxPositions', 3, 4],
    ['strategies.mean-reversion.stopBeyondPercent', 5, 6],
    ['strategies.bollinger-grid-long.stopBelowPercent', 7, 8],
    ['strategies.mean-reversion.cooldownHours', 2, 1],
    ['strategies.bollinger-grid-long.cooldownAfterStopHours', 4, 0],
    ['strategies.bollinger-grid-short.maxHoldHours', 72, 96],
    ['strategies.mean-reversion.longBbPercentBelow', 5, 10],
    ['strategies.bb-scalping.longBbPercentTo', 5, 10],
    ['strategies.bb-scalping.shortBbPercentFrom', 95, 90],
    ['strategies.bb-scalping.longRsiBelow', 35, 40],
    ['strategies.bb-scalping.shortRsiAbove', 65, 60],
    ['strategies.bb-scalping.stopPercent', 3, 4],
    ['strategies.bb-scalping.costMultiple', 3, 2],
    ['strategies.bb-scalping.slippageBasisPoints', 4, 2],
    ['strategies.mean-reversion.shortBbPercentAbove', 95, 90],
    ['strategies.mean-reversion.enabled', false, true],
    ['strategies.dca-ladder.enabled', false, true],
    ['strategies.dca-ladder.secondMargin', 20, 40],
    ['strategies.dca-ladder.maxMargin', 80, 100],
    ['strategies.dca-ladder.riskPercent', 1, 2],
    ['strategies.dca-ladder.stopBelowPercent', 15, 20],
    ['strategies.dca-ladder.bbPercentUpTo', 25, 40],
    ['strategies.trailing-3x.enabled', true, false],
    ['strategies.atr-risk-sizing.enabled', true, false],
    ['strategies.trailing-x10.firstLockPercent', 50, 20],
    ['guards.score-threshold.least', 5.5, 5],
    ['guards.confluence.least', 2, 1],
    ['guards.daily-loss.percent', 5, 6],
    ['guards.daily-loss.usdt', 50, null],
    ['guards.total-margin.percent', 60, 80],
    ['guards.sizing.parts', 5, 4],
    ['portfolioGates', true, false],
    ['drawdown.percent', 15, 20],
    ['drawdown.pauseHours', 24, 1],
    ['drawdown.haltDays', 30, 7],
    ['maxBars', 30, 60],
    ['positionMode', 'one-way', 'hedge'],
    ['universe.top', 50, 60],
    ['universe.top', 50, 0],
    ['universe.neverTrade', ['A', 'B'], ['A']],
    ['universe.neverShort', ['A'], []],
  ]
  for (const [path, less, more] of cases) {
    assert.is(raisesRisk(path, less, more), true, `${path}: ${less} to ${more}`)
    assert.is(raisesRisk(path, more, less), false, `${path}: ${more} to ${less}`)
  }
})

test('what nobody knows raises risk either way', () => {
  for (const path of [
    'strategies.partial-tp.highLess',
    'fees.maker',
    'startingBalance',
    'some.new.setting',
  ]) {
    assert.is(raisesRisk(path, 1, 2), true, path)
    assert.is(raisesRisk(path, 2, 1), true, path)
  }
  assert.is(raisesRisk('guards.sizing.fixedNotional', null, 100), true)
  assert.is(raisesRisk('guards.sizing.fixedNotional', 100, null), true)
  assert.is(raisesRisk('universe.tiers.S', ['A'], ['A', 'B']), true)
})

test('names changed for others raise risk, and values of another kind do', () => {
  assert.is(raisesRisk('universe.neverTrade', ['A'], ['B']), true)
  assert.is(raisesRisk('universe.neverTrade', ['A'], ['B', 'A']), false)
  assert.is(raisesRisk('maxBars', 30, '20'), true)
  assert.is(raisesRisk('portfolioGates', true, 'yes'), true)
})

test('the part of a change that raises no risk contradicts nothing by itself', () => {
  for (const [smaller, , greater] of PAIRS) {
    // Where one of a pair moves towards the other at once, the other must be able to make way at once.
    if (!raisesRisk(smaller, 1, 2))
      assert.is(raisesRisk(greater, 1, 2), false, `${smaller} up before ${greater}`)
    if (!raisesRisk(greater, 2, 1))
      assert.is(raisesRisk(smaller, 2, 1), false, `${greater} down before ${smaller}`)
  }
})

test('what only concerns the operation raises nothing', () => {
  assert.is(raisesRisk('operations.log.level', 'info', 'error'), false)
  assert.is(raisesRisk('operations.backupKeep', 7, 1), false)
})

test.run()
