import { existsSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  baseName,
  isNeverShort,
  isNeverTrade,
  LISTED_TIERS,
  tierOf,
  UNIVERSE,
  unmatchedNames,
} from './tiers.ts'

const test = suite('tiers')
const list = new URL('../../../../shared/data/instruments/bybit-linear-usdt-2025-06-09.csv', import.meta.url)
const hasData = existsSync(list)
const real = hasData ? test : test.skip
if (!hasData) console.log('real data not found: tests over recorded instruments are skipped')

test('names are seen through multipliers on either side', () => {
  for (const [symbol, name] of [
    ['1000PEPEUSDT', 'PEPE'],
    ['SHIB1000USDT', 'SHIB'],
    ['1000SHIBUSDT', 'SHIB'],
    ['1000BONKUSDT', 'BONK'],
    ['1000FLOKIUSDT', 'FLOKI'],
    ['1000000MOGUSDT', 'MOG'],
    ['10000SATSUSDT', 'SATS'],
    ['10000000AIDOGEUSDT', 'AIDOGE'],
    ['1000XUSDT', 'X'],
    ['1000IQ50USDT', 'IQ50'],
    ['BTCUSDT', 'BTC'],
  ]) {
    assert.is(baseName(symbol, 'USDT'), name, symbol)
  }
})

test('numbers that belong to a name stay', () => {
  for (const name of [
    '1INCH',
    '0G',
    'C98',
    'A8',
    'L3',
    'LUNA2',
    '1CAT',
    'HPOS10I',
    '4',
    '1000',
    '100X',
    'X100',
    'AI16Z',
  ]) {
    assert.is(baseName(`${name}USDT`, 'USDT'), name)
  }
})

test('a symbol without the quote coin is no coin of the universe', () => {
  assert.is(baseName('BTCPERP', 'USDT'), 'BTCPERP')
  assert.is(baseName('USDT', 'USDT'), 'USDT')
  assert.is(tierOf(UNIVERSE, 'BTCPERP'), 'E')
  assert.is(tierOf(UNIVERSE, 'ETHBTCUSDT'), 'E')
  assert.is(tierOf({ ...UNIVERSE, quote: 'PERP' }, 'BTCPERP'), 'S')
})

test('every tier has its coins, and what is on no list is E', () => {
  for (const [symbol, tier] of [
    ['ETHUSDT', 'S'],
    ['APTUSDT', 'A'],
    ['RUNEUSDT', 'B'],
    ['GALAUSDT', 'C'],
    ['SHIB1000USDT', 'D'],
    ['1000PEPEUSDT', 'D'],
    ['1000BONKUSDT', 'E'],
    ['XMRUSDT', 'E'],
  ]) {
    assert.is(tierOf(UNIVERSE, symbol), tier, symbol)
  }
})

test('no coin is in two tiers', () => {
  const names = LISTED_TIERS.flatMap(tier => UNIVERSE.tiers[tier])
  assert.is(names.length, 39)
  assert.is(new Set(names).size, names.length)
})

test('the lists of exceptions see through multipliers too', () => {
  assert.ok(isNeverTrade(UNIVERSE, '1000BONKUSDT'))
  assert.ok(isNeverTrade(UNIVERSE, 'WIFUSDT'))
  assert.not(isNeverTrade(UNIVERSE, 'BTCUSDT'))
  assert.ok(isNeverShort(UNIVERSE, 'XRPUSDT'))
  assert.not(isNeverShort(UNIVERSE, 'BTCUSDT'))
})

test('configured names that match no symbol are reported with their list', () => {
  const params = {
    quote: 'USDT',
    tiers: { S: ['BTC', 'BITCOIN'], A: [], B: [], C: ['1000PEPE'], D: ['PEPE'] },
    neverShort: ['XRP'],
    neverTrade: ['BONK', 'WIF'],
  }
  assert.equal(unmatchedNames(params, ['BTCUSDT', '1000PEPEUSDT', '1000BONKUSDT', 'WIFPERP']), [
    { list: 'S', name: 'BITCOIN' },
    { list: 'C', name: '1000PEPE' },
    { list: 'neverShort', name: 'XRP' },
    { list: 'neverTrade', name: 'WIF' },
  ])
})

real(
  'the default names without an instrument on 2025-06-09 are found: four listed later, and one not in that set',
  () => {
    const symbols = readFileSync(list, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map(line => line.slice(0, line.indexOf(',')))
    assert.equal(
      unmatchedNames(UNIVERSE, symbols).map(({ name }) => name),
      ['FET', 'ASTER', 'WLFI', 'ESPORTS', 'BLESS'],
    )
  },
)

test.run()
