import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from '../base/errors.ts'
import { GUARDS } from '../guards/list.ts'
import { UNIVERSE } from '../market/tiers.ts'
import { STRATEGIES } from './cycles.ts'
import {
  defaultSettings,
  nearest,
  overlay,
  overlayReporting,
  type SettingProblem,
  type Settings,
} from './settings.ts'

const test = suite('settings')

/** The defaults with something written over them. */
function written(value: unknown): Settings {
  return overlay({ ...defaultSettings() }, value)
}

function refusal(value: unknown): readonly [message: string, remedy: string | undefined] {
  try {
    written(value)
  } catch (error) {
    if (error instanceof ConfigError) return [error.message, error.remedy]
    throw error
  }
  throw new Error(`${JSON.stringify(value)} was taken`)
}

test('the defaults have every parameter of every strategy and guard, and no other', () => {
  const settings = defaultSettings()
  assert.equal(Object.keys(settings.strategies).sort(), STRATEGIES.map(one => one.id).sort())
  for (const { id, params, optIn, role } of STRATEGIES) {
    // Those that add exposure need a word more before they do so with real money.
    const live = role === 'entry' || role === 'ladder' ? { live: false } : {}
    assert.equal(settings.strategies[id], { enabled: optIn !== true, ...live, ...params })
  }
  const off = STRATEGIES.filter(({ id }) => settings.strategies[id].enabled === false).map(one => one.id)
  assert.equal(off, ['junk-short', 'dca-ladder'])
  const guards = GUARDS.filter(guard => Object.keys(guard.params).length > 0)
  assert.equal(Object.keys(settings.guards).sort(), guards.map(one => one.id).sort())
  for (const { id, params } of guards) assert.equal(settings.guards[id], params)
  assert.equal(settings.universe, { top: 50, ...UNIVERSE })
})

test('the house limits are those of the specification', () => {
  const { drawdown, maxBars, fees, guards } = defaultSettings()
  assert.equal(drawdown, {
    percent: 15,
    pauseHours: 24,
    haltPauses: 3,
    haltDays: 30,
    haltPercent: 30,
    closeAll: false,
  })
  assert.is(maxBars, 30)
  assert.equal(fees, { maker: 0.0002, taker: 0.00055 })
  assert.is(guards['daily-loss'].percent, 5)
  assert.is(guards['total-margin'].percent, 60)
  assert.is(guards['score-threshold'].least, 5.5)
})

test('what is written lies over the defaults, key by key, and changes nothing else', () => {
  const before = defaultSettings()
  const settings = overlay(
    { ...before },
    {
      maxBars: 10,
      drawdown: { percent: 7.5 },
      strategies: { 'mean-reversion': { enabled: false, leverage: 5 } },
      universe: { neverTrade: ['X'], tiers: { S: ['BTC'] } },
    },
  )
  assert.is(settings.maxBars, 10)
  assert.equal(settings.drawdown, { ...before.drawdown, percent: 7.5 })
  assert.equal(settings.strategies['mean-reversion'], {
    ...before.strategies['mean-reversion'],
    enabled: false,
    leverage: 5,
  })
  assert.equal(settings.universe.neverTrade, ['X'])
  assert.equal(settings.universe.tiers, { ...UNIVERSE.tiers, S: ['BTC'] })
  assert.equal(before, defaultSettings())
  assert.equal(settings.guards, before.guards)
})

test('nothing written, or an empty section, leaves the defaults', () => {
  for (const value of [undefined, null, {}, { drawdown: null }, { strategies: { 'mean-reversion': {} } }]) {
    assert.equal(written(value), defaultSettings())
  }
})

test('a key that is not there is refused with the nearest that is', () => {
  const cases: readonly (readonly [unknown, string, string])[] = [
    [{ maxBar: 3 }, 'maxBar is not a setting', 'did you mean maxBars?'],
    [
      { strategies: { 'mean-reversion': { levrage: 3 } } },
      'strategies.mean-reversion.levrage is not a setting',
      'did you mean leverage?',
    ],
    [
      { strategies: { 'mean-revresion': {} } },
      'strategies.mean-revresion is not a setting',
      'did you mean mean-reversion?',
    ],
    [{ Drawdown: {} }, 'Drawdown is not a setting', 'did you mean drawdown?'],
    [{ fees: { zzz: 1 } }, 'fees.zzz is not a setting', 'settings here: maker, taker'],
    [
      { guards: { sizing: { fixedNotionl: 5 } } },
      'guards.sizing.fixedNotionl is not a setting',
      'did you mean fixedNotional?',
    ],
  ]
  for (const [value, message, remedy] of cases) assert.equal(refusal(value), [message, remedy])
})

test('names of the language itself are no settings', () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const [message] = refusal(JSON.parse(`{"${key}": {"maxBars": 1}}`))
    assert.is(message, `${key} is not a setting`)
  }
  assert.is(({} as { readonly maxBars?: unknown }).maxBars, undefined)
})

test('a value of another type is refused with its place', () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ maxBars: '30' }, /^maxBars has to be a whole number from 1 to 100000, not "30"$/],
    [{ maxBars: true }, /^maxBars has to be a whole number/],
    [{ maxBars: null }, /^maxBars has to be a whole number/],
    [{ maxBars: {} }, /^maxBars has to be a whole number/],
    [{ portfolioGates: 1 }, /^portfolioGates has to be a boolean, not 1$/],
    [
      { strategies: { 'mean-reversion': { enabled: 'yes' } } },
      /^strategies\.mean-reversion\.enabled has to be a boolean/,
    ],
    [{ universe: { neverTrade: 'WIF' } }, /^universe\.neverTrade has to be a list of names$/],
    [{ universe: { neverTrade: ['WIF', 3] } }, /^universe\.neverTrade has to be a list of names$/],
    [{ universe: { neverTrade: ['wif'] } }, /^universe\.neverTrade .* in capitals, without "wif"$/],
    [{ universe: { quote: 3 } }, /^universe\.quote has to be a coin in capitals, such as USDT, not 3$/],
    [{ drawdown: 15 }, /^drawdown has to be a mapping of keys to values$/],
    [{ drawdown: [15] }, /^drawdown has to be a mapping of keys to values$/],
    [{ guards: { 'daily-loss': { usdt: 'none' } } }, /^guards\.daily-loss\.usdt has to be a number from 0/],
    ['maxBars: 3', /^the configuration has to be a mapping of keys to values$/],
    [[1], /^the configuration has to be a mapping/],
  ]
  for (const [value, message] of cases) assert.match(refusal(value)[0], message)
})

test('numbers out of their range and numbers that are none are refused', () => {
  for (const value of [-1, 0, 1.5, 1e9, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.is(
      refusal({ maxBars: value })[0],
      `maxBars has to be a whole number from 1 to 100000, not ${value}`,
    )
  }
  assert.is(written({ maxBars: 1 }).maxBars, 1)
})

test('every problem is told, and what is wrong stays at its default', () => {
  const problems: SettingProblem[] = []
  const settings = overlayReporting(
    { ...defaultSettings() },
    { maxBar: 1, maxBars: 'x'.repeat(100), fees: 3, drawdown: { percent: 200, haltDays: 7 } },
    problem => problems.push(problem),
    (path, value) => (path[0] === 'drawdown' ? '(hidden)' : String(value).slice(0, 3)),
  )
  assert.equal(
    problems.map(({ path, message }) => [path.join('/'), message]),
    [
      ['maxBar', 'maxBar is not a setting'],
      ['maxBars', 'maxBars has to be a whole number from 1 to 100000, not xxx'],
      ['fees', 'fees has to be a mapping of keys to values'],
      ['drawdown/percent', 'drawdown.percent has to be a number above 0 and up to 100, not (hidden)'],
    ],
  )
  const { drawdown, ...rest } = defaultSettings()
  assert.equal(settings, { ...rest, drawdown: { ...drawdown, haltDays: 7 } })
})

test('a value that is long is not shown whole', () => {
  assert.ok(refusal({ maxBars: 'x'.repeat(1_000) })[0].length < 150)
})

test('a limit that is off by default takes a number, and null again', () => {
  assert.is(written({ guards: { 'daily-loss': { usdt: 20 } } }).guards['daily-loss'].usdt, 20)
  assert.is(written({ guards: { 'daily-loss': { usdt: null } } }).guards['daily-loss'].usdt, null)
  assert.match(refusal({ guards: { 'daily-loss': { usdt: -5 } } })[0], /from 0 to/)
})

test('the nearest name is one that is near, whatever the case', () => {
  const names = ['leverage', 'risk', 'maxPositions']
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['leverage', 'leverage'],
    ['LEVERAGE', 'leverage'],
    ['laverage', 'leverage'],
    ['rsik', 'risk'],
    ['maxpositon', 'maxPositions'],
    ['x', undefined],
    ['', undefined],
    ['something else entirely', undefined],
  ]
  for (const [typed, expected] of cases) assert.is(nearest(typed, names), expected, typed)
  assert.is(nearest('risk', []), undefined)
})

test.run()
