import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conflicts, fits, pathPattern, ruleOf, ruleWords } from './setting-ranges.ts'
import { defaultSettings, overlay } from './settings.ts'

const test = suite('setting ranges')

type Tree = { readonly [key: string]: unknown }

/** Every value of a tree with its path; a list is one value. */
function* leaves(tree: Tree, path = ''): Generator<readonly [path: string, value: unknown]> {
  for (const [key, value] of Object.entries(tree)) {
    const here = path === '' ? key : `${path}.${key}`
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      yield* leaves(value as Tree, here)
    else yield [here, value]
  }
}

test('every number has a range, and its default lies within', () => {
  for (const [path, value] of leaves({ ...defaultSettings() })) {
    if (typeof value !== 'number' && value !== null) continue
    const rule = ruleOf(path)
    if (rule === undefined) throw new Error(`${path} has no range; add one to the table`)
    if (value !== null) assert.ok(fits(rule, value), `${path}: ${value}, ${ruleWords(rule)}`)
  }
})

test('a pattern stays within a level unless it says otherwise', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', false],
    ['a.*', 'axb', false],
    ['a.x*Percent', 'a.xyPercent', true],
    ['a.x*Percent', 'a.x.Percent', false],
    ['**.percent', 'percent', true],
    ['**.percent', 'a.b.percent', true],
    ['**.percent', 'a.sharepercent', false],
    ['**.*Percent', 'a.sharePercent', true],
    ['**.*Percent', 'a.Percent.b', false],
  ]
  for (const [pattern, path, expected] of cases) {
    assert.is(pathPattern(pattern).test(path), expected, `${pattern} ${path}`)
  }
})

test('values at and beyond the ends of their ranges', () => {
  const cases: readonly (readonly [path: string, good: readonly unknown[], bad: readonly unknown[]])[] = [
    ['startingBalance', [0.01, 1e12], [0, -1, 1e13, '5', null]],
    ['fees.taker', [0, 0.1], [0.11, -0.1]],
    ['simulation.slippage', [0, 0.1], [0.2]],
    ['simulation.slippageOfRange', [0, 1], [1.1]],
    ['universe.top', [0, 50], [1.5, -1]],
    ['universe.quote', ['USDT', 'USDC'], ['usdt', '', 'US DT', 3]],
    ['strategies.mean-reversion.leverage', [1, 100], [0, 101, 2.5]],
    ['strategies.mean-reversion.risk', [0.0001, 1], [0, 5]],
    ['strategies.mean-reversion.maxPositions', [0, 7], [0.5, -1]],
    ['strategies.mean-reversion.stopBeyondPercent', [0.1, 99], [0, 100]],
    ['strategies.mean-reversion.cooldownHours', [0, 0.5, 8_760], [8_761]],
    ['strategies.bb-scalping.longRsiBelow', [0, 100], [101]],
    ['strategies.bb-scalping.stopPercent', [0.1, 99], [0, 100]],
    ['strategies.bb-scalping.costMultiple', [0, 100], [101]],
    ['strategies.bb-scalping.slippageBasisPoints', [0, 1_000], [1_001]],
    ['strategies.partial-tp.halfwaySharePercent', [0, 100], [101]],
    ['strategies.partial-tp.nearProgress', [0, 1], [80]],
    ['strategies.bollinger-grid-short.maxHoldHours', [1], [0]],
    ['guards.score-threshold.least', [0, 5.5, 10], [11]],
    ['guards.confluence.least', [0, 3], [4, 1.5]],
    ['guards.sizing.fixedNotional', [5], [0]],
    ['drawdown.percent', [0.5, 100], [0, 101]],
    ['drawdown.haltPauses', [1], [0]],
    ['maxBars', [1, 30], [0, 1.5]],
    ['operations.log.level', ['trace', 'error'], ['loud', 3]],
    ['operations.log.file', ['/var/log/bbw.log'], ['', 'a\u0000b']],
    ['operations.backupKeep', [1, 7], [0, 1.5]],
  ]
  for (const [path, good, bad] of cases) {
    const rule = ruleOf(path)
    if (rule === undefined) throw new Error(`${path} has no range`)
    for (const value of good) assert.ok(fits(rule, value), `${path}: ${value} is fine`)
    for (const value of bad) assert.not(fits(rule, value), `${path}: ${value} is not`)
  }
})

test('a range is told in words', () => {
  assert.is(wordsOf('maxBars'), 'a whole number from 1 to 100000')
  assert.is(wordsOf('drawdown.percent'), 'a number above 0 and up to 100')
  assert.is(wordsOf('fees.maker'), 'a number from 0 to 0.1')
  assert.is(wordsOf('operations.log.level'), 'one of trace, debug, info, warn, error')
  assert.is(ruleOf('portfolioGates'), undefined)
})

function wordsOf(path: string): string {
  const rule = ruleOf(path)
  return rule === undefined ? '' : ruleWords(rule)
}

test('settings that contradict each other are told with both their places', () => {
  assert.equal(conflicts({ ...defaultSettings() }), [])
  const contradicting = overlay(
    { ...defaultSettings() },
    {
      drawdown: { percent: 40 },
      strategies: {
        'trailing-3x': { firstMovePercent: 15, leverageBelow: 5 },
        'mean-reversion': { longBbPercentBelow: 95 },
      },
    },
  )
  const found = conflicts({ ...contradicting })
  assert.equal(
    found.map(({ paths }) => paths[0]),
    [
      'drawdown.percent',
      'strategies.mean-reversion.longBbPercentBelow',
      'strategies.trailing-3x.firstMovePercent',
      'strategies.trailing-x10.leverageFrom',
    ],
  )
  assert.match(found[0].message, 'drawdown.percent (40) may not be above drawdown.haltPercent (30)')
  assert.equal(conflicts({ drawdown: { percent: 3 } }), [])
})

test.run()
