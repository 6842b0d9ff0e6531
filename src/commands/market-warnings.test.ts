import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UNIVERSE } from '../core/market/tiers.ts'
import { marketWarnings } from './market-warnings.ts'

const test = suite('market warnings')

const market = (listed: readonly string[], warnings: readonly string[] = []) => ({
  markets: [],
  name: 'candles/',
  hash: '',
  warnings,
  listed,
})

test('a coin that the user lists and that is none of the market is told with its list', () => {
  const universe = {
    ...UNIVERSE,
    tiers: { ...UNIVERSE.tiers, B: [...UNIVERSE.tiers.B, 'NOSUCH', 'MOG'] },
    neverShort: ['XRP', '1000PEPE'],
    neverTrade: [...UNIVERSE.neverTrade, 'SHIB1000'],
  }
  assert.equal(marketWarnings(market(['BTCUSDT', '1000000MOGUSDT'], ['a gap']), universe), [
    'a gap',
    'universe.tiers.B: NOSUCH is the coin of no symbol of candles/',
    'universe.neverShort: 1000PEPE is the coin of no symbol of candles/',
    'universe.neverTrade: SHIB1000 is the coin of no symbol of candles/',
  ])
})

test('the defaults are not told, and a coin is seen through its multiplier', () => {
  assert.equal(marketWarnings(market([]), UNIVERSE), [])
  const universe = { ...UNIVERSE, neverTrade: ['MOG'] }
  assert.equal(marketWarnings(market(['1000000MOGUSDT']), universe), [])
})

test.run()
