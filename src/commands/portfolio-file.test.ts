import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../core/base/errors.ts'
import { instrumentFrom } from '../core/market/instruments.ts'
import type { Portfolio } from '../core/portfolio/portfolio.ts'
import { defaultConfig } from './config.ts'
import { failureOf } from './failures.ts'
import { readPortfolio } from './portfolio-file.ts'
import { Folder } from './world.fixture.ts'

const test = suite('portfolio file')
const AT = Date.UTC(2024, 6, 26)
const POSITION = {
  symbol: 'BTCUSDT',
  side: 'long',
  strategy: 'bollinger-grid-long',
  qty: '0.012',
  entry: 23000,
  stop: '22000.5',
}
const folder = new Folder()

test.after(() => folder.remove())

function read(written: unknown): Portfolio {
  folder.file('held.json', typeof written === 'string' ? written : JSON.stringify(written))
  const instrument = instrumentFrom({
    symbol: 'BTCUSDT',
    baseCoin: 'BTC',
    quoteCoin: 'USDT',
    tick: '0.1',
    step: '0.001',
    minQty: '0.001',
    maxQty: null,
    minPrice: null,
    maxLeverage: '100',
    date: '2024-01-01',
  })
  const markets = [{ instrument, candles: new Map(), mark: new Map(), funding: null }]
  const market = { markets, name: 'made up', hash: '', warnings: [], listed: [], at: AT }
  return readPortfolio({ cwd: folder.path }, 'held.json', defaultConfig(), market)
}

/** The words of the DataError that reading throws. */
function refusal(written: unknown): string {
  try {
    read(written)
  } catch (error) {
    assert.instance(error, DataError)
    return failureOf(error, false).lines.join('; ')
  }
  return 'none'
}

test('a portfolio has its wallet and positions, in steps and ticks, opened at the moment of the market', () => {
  const { wallet, positions, pending } = read({ wallet: 812.5, positions: [POSITION] })
  assert.equal([wallet, positions.size, pending.size], [812.5, 1, 0])
  const [held] = positions.values()
  assert.equal(
    [held.symbol, held.side, held.strategy, held.timeframe, held.steps, held.enteredSteps, held.entry],
    ['BTCUSDT', 'long', 'bollinger-grid-long', '1d', 12, 12, 23000],
  )
  assert.equal([held.stop, held.initialStop, held.openedAt], [220005, 220005, AT])
  assert.is(read({ wallet: 10 }).positions.size, 0)
})

test('leverage is that of the strategy where it is left out', () => {
  const leverage = (change: object): unknown =>
    [...read({ wallet: 1, positions: [{ ...POSITION, ...change }] }).positions.values()][0].leverage
  assert.is(leverage({}), 3)
  assert.is(leverage({ strategy: 'mean-reversion' }), 10)
  assert.is(leverage({ leverage: 7 }), 7)
})

test('both sides of a symbol can be held', () => {
  const short = { ...POSITION, side: 'short', stop: '24000' }
  assert.equal(
    [...read({ wallet: 1, positions: [POSITION, short] }).positions.values()].map(one => one.side),
    ['long', 'short'],
  )
})

test('each field of a portfolio that cannot be is named', () => {
  const one = (change: object): object => ({ wallet: 1000, positions: [{ ...POSITION, ...change }] })
  const cases: readonly (readonly [written: unknown, about: string])[] = [
    ['nonsense', 'this is not JSON'],
    [JSON.stringify([1]), 'the portfolio has to be an object'],
    [{}, 'wallet has to be a number of USDT'],
    [{ wallet: '1000' }, 'wallet has to be a number of USDT'],
    ['{"wallet": 1e400}', 'wallet has to be a number of USDT'],
    [{ wallet: 1000, positons: [] }, 'positons is not known, did you mean positions?'],
    [{ wallet: 1000, positions: {} }, 'positions has to be a list'],
    [{ wallet: 1000, positions: [null] }, 'positions[0] has to be an object'],
    [one({ symbol: 'DOGEUSDT' }), 'positions[0].symbol has to be a symbol of the market'],
    [one({ symbol: 7 }), 'positions[0].symbol has to be a symbol of the market'],
    [one({ side: 'buy' }), 'positions[0].side has to be long or short'],
    [one({ strategy: 'trailing-3x' }), 'positions[0].strategy has to be one of mean-reversion'],
    [one({ entry: '23000' }), 'positions[0].entry has to be a price above 0'],
    [one({ entry: 0 }), 'positions[0].entry has to be a price above 0'],
    [one({ qty: 0.01 }), 'positions[0].qty has to be a decimal text'],
    [one({ qty: 'all' }), 'positions[0].qty cannot be read'],
    [one({ qty: '0.00001' }), 'positions[0].qty cannot be read'],
    [one({ qty: '0' }), 'positions[0].qty has to be above 0'],
    [one({ qty: '-0.01' }), 'positions[0].qty cannot be read'],
    [one({ stop: 22000 }), 'positions[0].stop has to be a decimal text'],
    [one({ stop: '22000.01' }), 'positions[0].stop cannot be read'],
    [one({ leverage: 0 }), 'positions[0].leverage has to be a number of 1 or more'],
    [
      JSON.stringify(one({ leverage: 5 })).replace('"leverage":5', '"leverage":1e400'),
      'positions[0].leverage',
    ],
    [one({ levrage: 5 }), 'positions[0].levrage is not known, did you mean leverage?'],
    [{ wallet: 1000, positions: [POSITION, POSITION] }, 'positions[1] has to be the only one of its symbol'],
  ]
  for (const [written, about] of cases) {
    const words = refusal(written)
    assert.ok(words.startsWith('held.json') && words.includes(about), `${about}: ${words}`)
    assert.match(words, 'for example: {"wallet"')
  }
})

test('a file that is not there is named', () => {
  const market = { markets: [], name: '', hash: '', warnings: [], listed: [], at: AT }
  assert.throws(
    () => readPortfolio({ cwd: folder.path }, 'missing.json', defaultConfig(), market),
    (error: unknown) => error instanceof DataError && error.place?.file === 'missing.json',
  )
})

test.run()
