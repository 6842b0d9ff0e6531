import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EVIDENCE_RUNS, expectedHashes, recordedHashes } from '../../tools/evidence-tables.ts'
import { ConfigError } from '../core/base/errors.ts'
import { type Config, configHash, costsOf, defaultConfig, loadConfig } from './config.ts'
import { configExample } from './config-example.ts'
import { bbw, Folder } from './world.fixture.ts'

const test = suite('configuration')
const ROOT = join(import.meta.dirname, '..', '..')
const folder = new Folder()

test.after(() => folder.remove())

/** The configuration of some files; what is no path is their text. */
function load(...texts: readonly string[]): Promise<Config> {
  const config = texts.map((text, i) => (text === '-' ? '-' : folder.file(`${i}.yaml`, text)))
  const stdin = (async function* () {
    yield Buffer.from('startingBalance: 77')
  })()
  const world = { env: {}, cwd: folder.path, stdin: Object.assign(stdin, { isTTY: false }) }
  return loadConfig(world, { flags: { config }, args: [] })
}

async function refusal(...texts: readonly string[]): Promise<string> {
  try {
    await load(...texts)
  } catch (error) {
    assert.instance(error, ConfigError)
    return error instanceof ConfigError ? `${error.message}; ${error.remedy}` : ''
  }
  return 'none'
}

test('what is not written is at its default', async () => {
  assert.equal(await load(), defaultConfig())
  for (const nothing of ['', '# words', 'strategies:', 'strategies:\n  mean-reversion:\n', '{}']) {
    assert.equal(await load(nothing), defaultConfig(), nothing)
  }
  const { fees, ...rest } = await load('fees: {maker: 0.0001}')
  const { fees: standard, ...others } = defaultConfig()
  assert.equal([fees, rest], [{ ...standard, maker: 0.0001 }, others])
})

test('an unknown key is refused with the nearest, a wrong value with its path', async () => {
  for (const [text, about] of [
    ['startingBalanse: 5', 'startingBalanse is not a setting; did you mean startingBalance?'],
    [
      'strategies: {mean-reversal: {}}',
      'strategies.mean-reversal is not a setting; did you mean mean-reversion?',
    ],
    [
      'strategies: {mean-reversion: {levrage: 5}}',
      'strategies.mean-reversion.levrage is not a setting; did you mean leverage?',
    ],
    ['__proto__: {}', '__proto__ is not a setting'],
    ['constructor: {}', 'constructor is not a setting'],
    [
      'startingBalance: lots',
      'startingBalance has to be a number above 0 and up to 1000000000000, not "lots"',
    ],
    ['startingBalance: -1', 'startingBalance has to be a number above 0 and up to 1000000000000, not -1'],
    ['startingBalance: .nan', 'startingBalance has to be a number'],
    ['startingBalance: .inf', 'startingBalance has to be a number'],
    ['startingBalance: 1e400', 'startingBalance has to be a number'],
    ['startingBalance: [1]', 'startingBalance has to be a number'],
    ['startingBalance: null', 'startingBalance has to be a number'],
    ['portfolioGates: 1', 'portfolioGates has to be a boolean'],
    ['fees: 0.001', 'fees has to be a mapping'],
    ['universe: {neverTrade: BTC}', 'universe.neverTrade has to be a list of names'],
    ['universe: {neverTrade: [1]}', 'universe.neverTrade has to be a list of names'],
    ['guards: {total-margin: {usdt: much}}', 'guards.total-margin.usdt has to be a number'],
    ['- a list', 'the configuration has to be a mapping'],
    ['words', 'the configuration has to be a mapping'],
    ['a: 1\na: 2', 'line 2, column 1: is not YAML: Map keys must be unique'],
    ['a: [', 'is not YAML'],
    ['a: 1\n---\nb: 2', 'is not YAML: there is more than one document in it'],
    ['\u0000\u0001', '0.yaml'],
  ] as const) {
    const words = await refusal(text)
    assert.ok(words.includes(about) && words.includes('0.yaml'), `${text}: ${words}`)
  }
  assert.match(await refusal('startingBalance: 5', 'startingBalanse: 5'), '1.yaml')
})

test('a later file is laid over an earlier one, and can take a limit back', async () => {
  const { startingBalance, fees, guards, universe } = await load(
    'startingBalance: 1\nfees: {maker: 0.05}\nguards: {total-margin: {usdt: 50}}\nuniverse: {neverTrade: [A]}',
    'startingBalance: 2\nfees:\nuniverse: {neverTrade: [B]}',
    'fees: {taker: 0.025}\nguards: {total-margin: {usdt: null}}',
  )
  assert.equal([startingBalance, fees], [2, { maker: 0.05, taker: 0.025 }])
  assert.is(guards['total-margin'].usdt, null)
  assert.is(guards['total-margin'].percent, 60)
  assert.equal(universe.neverTrade, ['B'])
})

test('a hyphen reads standard input', async () => {
  assert.is((await load('-')).startingBalance, 77)
  assert.is((await load('-', 'startingBalance: 78')).startingBalance, 78)
})

test('a file that cannot be read is a configuration error, which ends with 4', async () => {
  for (const path of ['missing.yaml', '.', '']) {
    const { code, out, err } = await bbw(['backtest', '-c', path], { cwd: folder.path })
    assert.equal([code, out], [4, ''], path)
    assert.match(err, 'check the path given with --config')
  }
})

test('the hash is of the settings, not of the order in which they are written', async () => {
  const hash = configHash(defaultConfig())
  assert.match(hash, /^[0-9a-f]{16}$/)
  const { fees, ...rest } = defaultConfig()
  assert.is(configHash({ ...rest, fees: { taker: fees.taker, maker: fees.maker } }), hash)
  assert.is(configHash(await load('startingBalance: 1000.0')), hash)
  const others = [
    'startingBalance: 1001',
    'fees: {maker: 0.0003}',
    'guards: {total-margin: {usdt: 0}}',
    'universe: {neverTrade: []}',
    'simulation: {touchFills: true}',
  ]
  const hashes = await Promise.all(others.map(async text => configHash(await load(text))))
  assert.is(new Set([hash, ...hashes]).size, others.length + 1)
})

test('what the embedded exchange costs are the fees and the simulation', () => {
  assert.equal(costsOf(defaultConfig()), {
    makerFee: 0.0002,
    takerFee: 0.00055,
    slippage: 0.0002,
    slippageOfRange: 0.02,
    touchFills: false,
    assumedFunding: 0.0001,
  })
})

test('the example has every setting at its default', async () => {
  const example = readFileSync(join(ROOT, 'config.example.yaml'), 'utf8')
  assert.is(example, configExample(), 'config.example.yaml is old; run: make golden')
  assert.equal(await load(example), defaultConfig())
  assert.is(configHash(await load(example)), configHash(defaultConfig()))
})

test('the results in the README were made with the settings of today', () => {
  const recorded = recordedHashes(readFileSync(join(ROOT, 'README.md'), 'utf8'))
  assert.is(recorded.size, EVIDENCE_RUNS.length)
  assert.equal(recorded, expectedHashes(), 'the results in README.md are old; run: make evidence DATA=folder')
  assert.ok([...expectedHashes().values()].every(hash => /^[0-9a-f]{16}$/.test(hash)))
  const without = recordedHashes('no tables')
  assert.ok([...without.values()].every(hash => hash === null))
  assert.not.equal(without, expectedHashes())
})

test.run()
