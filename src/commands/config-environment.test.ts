import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isSecretName } from '../core/base/secrets.ts'
import { ruleOf } from '../core/engine/setting-ranges.ts'
import { defaultConfig } from './config.ts'
import { readEnvironment, settingPaths, variableOf } from './config-environment.ts'
import { problemLine } from './config-problem.ts'
import { standardAt } from './config-yaml.ts'

const test = suite('settings in the environment')
const schema = { ...defaultConfig() }

/** What the variables say, and what is wrong with them. */
function read(env: { readonly [name: string]: string }): {
  readonly tree: unknown
  readonly problems: readonly string[]
} {
  const problems: string[] = []
  const layer = readEnvironment(env, schema, problem =>
    problems.push(`${problemLine(problem)}; ${problem.remedy}`),
  )
  return { tree: layer?.tree ?? null, problems }
}

test('every setting has a variable of its own', () => {
  const paths = settingPaths(schema)
  assert.is(new Set(paths.map(variableOf)).size, paths.length)
  for (const path of paths) assert.match(variableOf(path), /^BBW(?:__?[A-Z\d]+)+$/)
  for (const [path, name] of [
    [['startingBalance'], 'BBW_STARTING_BALANCE'],
    [['strategies', 'mean-reversion', 'leverage'], 'BBW_STRATEGIES__MEAN_REVERSION__LEVERAGE'],
    [['strategies', 'trailing-x10', 'roePercent'], 'BBW_STRATEGIES__TRAILING_X10__ROE_PERCENT'],
    [['guards', 'daily-loss', 'percent'], 'BBW_GUARDS__DAILY_LOSS__PERCENT'],
    [['guards', 'sizing', 'factorFrom85'], 'BBW_GUARDS__SIZING__FACTOR_FROM85'],
    [['operations', 'log', 'maxMegabytes'], 'BBW_OPERATIONS__LOG__MAX_MEGABYTES'],
  ] as const) {
    assert.is(variableOf(path), name)
  }
})

test('every number of the configuration has a range, and no setting is a secret', () => {
  for (const path of settingPaths(schema)) {
    const value = standardAt(schema, path)
    if (typeof value === 'number') assert.ok(ruleOf(path.join('.')) !== undefined, path.join('.'))
    assert.not(path.some(isSecretName), path.join('.'))
  }
})

test('variables are settings of the kind that their defaults are', () => {
  assert.equal(
    read({
      BBW_STARTING_BALANCE: '500',
      BBW_GUARDS__DAILY_LOSS__USDT: '20',
      BBW_GUARDS__TOTAL_MARGIN__USDT: 'null',
      BBW_PORTFOLIO_GATES: 'false',
      BBW_UNIVERSE__NEVER_TRADE: '[WIF, BONK]',
      BBW_OPERATIONS__LOG__LEVEL: 'warn',
      PATH: '/bin',
    }),
    {
      tree: {
        guards: { 'daily-loss': { usdt: 20 }, 'total-margin': { usdt: null } },
        operations: { log: { level: 'warn' } },
        portfolioGates: false,
        startingBalance: 500,
        universe: { neverTrade: ['WIF', 'BONK'] },
      },
      problems: [],
    },
  )
})

test('what is no setting, or empty, or of bbw for something else', () => {
  const others = { BBW_DATA_DIR: '/x', BBW_SIM_KEY: 'k', BBW_SIM_SECRET: 's', BBW_TEST_ANY: '1' }
  assert.equal(read({ ...others, BBW_MAX_BARS: '' }), { tree: null, problems: [] })
  assert.equal(read({ BBW_STARTING_BALANSE: '5' }).problems, [
    'E971 BBW_STARTING_BALANSE: it is not a setting; did you mean BBW_STARTING_BALANCE?',
  ])
  assert.match(read({ BBW_FEES: '{maker: 0}' }).problems[0], 'set one by one, such as BBW_FEES__MAKER')
  assert.match(read({ BBW_DRAWDOWM: '1' }).problems[0], 'did you mean BBW_DRAWDOWN?')
  assert.match(read({ BBW_DATADIR: '1' }).problems[0], 'did you mean BBW_DATA_DIR?')
  assert.match(read({ BBW_ZZ: '' }).problems[0], 'bbw config show --origin names the variables')
})

test.run()
