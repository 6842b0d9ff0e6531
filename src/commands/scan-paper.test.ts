import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { HttpReply } from '../core/adapters/bybit/http.ts'
import { ok, reply } from '../core/adapters/bybit/loopback.fixture.ts'
import { type Asked, MarketServer, onLoopback } from '../core/adapters/bybit/market.fixture.ts'
import { DAY, HOUR, MINUTE } from '../core/base/units.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import { loadMarket } from './market.ts'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('scan paper')
const fixtures = new Folder()
const MARKET = dailyFixtures(fixtures)
/** A day on which the synthetic market gives signals, and a moment within it. */
const MIDNIGHT = Date.UTC(2024, 6, 26)
const NOW = MIDNIGHT + 2 * MINUTE

test.after(() => fixtures.remove())

/** The synthetic market behind Bybit's protocol. */
async function serverOf(): Promise<MarketServer> {
  const world = { env: {}, cwd: '/', stdin: (async function* () {})() }
  const { markets } = await loadMarket(world, { flags: { market: MARKET }, args: [] }, 'replay', MIDNIGHT)
  const server = new MarketServer(markets.map(({ instrument: { symbol } }) => ({ symbol, launched: 0 })))
  server.now = NOW
  server.interfere = asked => answerOf(markets, asked)
  return server
}

function answerOf(markets: readonly SymbolMarket[], { path, query }: Asked): HttpReply | null {
  const told = (result: object): HttpReply => reply({ ...ok({ category: 'linear', ...result }), time: NOW })
  if (path.endsWith('/tickers')) {
    const list = markets.map(market => {
      const price = String(closeOf(market))
      const names = ['lastPrice', 'markPrice', 'indexPrice', 'highPrice24h', 'lowPrice24h']
      const zeros = [
        'price24hPcnt',
        'openInterest',
        'openInterestValue',
        'turnover24h',
        'volume24h',
        'fundingRate',
      ]
      return {
        symbol: market.instrument.symbol,
        ...Object.fromEntries(names.map(name => [name, price])),
        ...Object.fromEntries(zeros.map(name => [name, '0'])),
        nextFundingTime: String(MIDNIGHT + 8 * HOUR),
        fundingIntervalHour: '8',
      }
    })
    return told({ list })
  }
  if (path.endsWith('/instruments-info')) return told({ list: markets.map(listed), nextPageCursor: '' })
  if (!path.endsWith('/kline')) return null
  const symbol = query.get('symbol') ?? ''
  const market = markets.find(({ instrument }) => instrument.symbol === symbol)
  const candles = market?.candles.get('1d')
  if (market === undefined || candles === undefined) return null
  const list: string[][] = []
  const [from, to] = [Number(query.get('start')), Number(query.get('end'))]
  if (query.get('interval') !== 'D') {
    // Within the day the price stands still.
    const span = Number(query.get('interval')) * MINUTE
    const price = closeOf(market)
    for (let start = Math.floor(to / span) * span; start >= from; start -= span) {
      list.push([start, price, price, price, price, 1, price].map(String))
    }
  } else {
    const { start, open, high, low, close, volume, turnover } = candles
    for (let i = candles.length - 1; i >= 0; i--) {
      if (start[i] < from || start[i] > to) continue
      list.push([start[i], open[i], high[i], low[i], close[i], volume[i], turnover[i] || 0].map(String))
    }
  }
  return told({ symbol, list: list.slice(0, 1_000) })
}

function closeOf({ candles }: SymbolMarket): number {
  const days = candles.get('1d')
  if (days === undefined) throw new Error('there are no days')
  return days.close[days.start.indexOf(MIDNIGHT - DAY)]
}

function listed({ instrument }: SymbolMarket): object {
  const { symbol, baseCoin, tick, step, minQty, stepSize, maxLeverage } = instrument
  return {
    symbol,
    contractType: 'LinearPerpetual',
    status: 'Trading',
    baseCoin,
    quoteCoin: 'USDT',
    settleCoin: 'USDT',
    launchTime: '0',
    deliveryTime: '0',
    leverageFilter: { minLeverage: '1', maxLeverage: String(maxLeverage), leverageStep: '0.01' },
    priceFilter: { minPrice: tick, maxPrice: '9999999', tickSize: tick },
    lotSizeFilter: { maxOrderQty: '99999999999', minOrderQty: String(minQty * stepSize), qtyStep: step },
    fundingInterval: 480,
    isPreListing: false,
  }
}

interface Rig {
  readonly server: MarketServer
  scan(words?: readonly string[], setting?: Parameters<typeof bbw>[1]): Promise<Outcome>
}

async function withRig(work: (rig: Rig) => Promise<void>): Promise<void> {
  const server = await serverOf()
  const loopback = await onLoopback(server)
  const folder = new Folder()
  const env = { BBW_DATA_DIR: folder.path }
  const paper = ['scan', '--exchange', 'paper', '--url', loopback.url]
  try {
    await work({ server, scan: (words = [], setting = {}) => bbw([...paper, ...words], { env, ...setting }) })
  } finally {
    await loopback.close()
    folder.remove()
  }
}

test('the real market gives the signals that its candles give anywhere', async () => {
  await withRig(async ({ scan }) => {
    const paper = await scan(['--no-alerts'])
    assert.is(paper.code, 0, paper.err)
    assert.match(paper.err, /^127.0.0.1:\d+: 12 symbols at 2024-07-26 00:02 UTC\n$/)
    const file = await bbw(['scan', '--market', MARKET, '--at', '2024-07-26', '--no-alerts'])
    const shown = (text: string): readonly unknown[] =>
      records(text).map(({ id, symbol, side, strategy, stop, target, rsi }) => [
        id,
        symbol,
        side,
        strategy,
        stop,
        target,
        rsi,
      ])
    assert.ok(records(paper.out).length > 5)
    assert.equal(shown(paper.out), shown(file.out))
  })
})

test('a second look asks for the prices, once, and for nothing else', async () => {
  await withRig(async ({ server, scan }) => {
    const first = await scan()
    assert.equal([server.count('tickers'), server.count('instruments-info')], [1, 1])
    assert.ok(server.count('kline') >= 12)
    const asked = server.asked.length
    const second = await scan()
    assert.equal(
      server.asked.slice(asked).map(({ path }) => path),
      ['/v5/market/tickers'],
    )
    assert.is(second.out, first.out)
  })
})

test('candles within the day are asked for of the symbols alone that a decision looks at', async () => {
  await withRig(async ({ server, scan }) => {
    await scan([], { env: { BBW_DATA_DIR: fixtures.path, BBW_UNIVERSE__TOP: '3' } })
    const asked = (interval: string): number =>
      server.asked.filter(({ path, query }) => path.endsWith('/kline') && query.get('interval') === interval)
        .length
    assert.equal([asked('D'), asked('15'), asked('5')], [12, 3, 3])
  })
})

test('a symbol whose candles cannot be had is left out and told, the others are looked at', async () => {
  await withRig(async ({ server, scan }) => {
    const inner = server.interfere
    server.interfere = asked =>
      asked.query.get('symbol') === 'BTCUSDT' && asked.query.get('interval') === 'D'
        ? { body: '<html>' }
        : inner(asked)
    const { code, out, err } = await scan(['--no-alerts'])
    assert.is(code, 0)
    assert.match(err, /left out: candles BTCUSDT 1d: .*cannot be read/)
    assert.ok(records(out).length > 0)
    assert.not.ok(records(out).some(({ symbol }) => symbol === 'BTCUSDT'))
  })
})

test('only some symbols are looked at where only some are asked for', async () => {
  await withRig(async ({ server, scan }) => {
    const { err } = await scan(['--symbol', 'ETHUSDT,BTCUSDT'])
    assert.match(err, /: 2 symbols at/)
    assert.is(
      server.asked.filter(({ path, query }) => path.endsWith('/kline') && query.get('interval') === 'D')
        .length,
      2,
    )
    const unknown = await scan(['--symbol', 'NOPEUSDT'])
    assert.is(unknown.code, 2)
    assert.match(unknown.err, /does not trade NOPEUSDT/)
  })
})

test('an exchange that is away is exit 5, and no list of no signals', async () => {
  await withRig(async ({ server, scan }) => {
    server.interfere = () => ({ status: 503 })
    const { code, out, err } = await scan()
    assert.equal([code, out], [5, ''])
    assert.match(err, /GET \/v5\/market\/tickers: status 503/)
  })
})

test('flags of other markets contradict it, and commands that cannot do it refuse it', async () => {
  await withRig(async ({ server, scan }) => {
    for (const words of [['--market', 'cache'], ['--csv', 'a.csv'], ['--at', '2024-07-26'], ['--skip-bad']]) {
      const { code, err } = await scan(words)
      assert.equal([code, err.includes(`${words[0]} is for others`)], [2, true], err)
    }
    assert.is(server.asked.length, 0)
  })
  const url = await bbw(['scan', '--url', 'https://api.bybit.com'])
  assert.equal([url.code, url.err.includes('--exchange paper')], [2, true])
  // Without --execute a trade is tried out on recorded candles.
  for (const command of ['trade', 'score', 'backtest']) {
    assert.is((await bbw([command, '--exchange', 'paper'])).code, 2)
  }
})

test.run()
