import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HttpTrouble } from '../core/adapters/bybit/http.ts'
import { MarketServer, NOW, onLoopback } from '../core/adapters/bybit/market.fixture.ts'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import { DAY } from '../core/base/units.ts'
import { Started } from './started.fixture.ts'
import { bbw, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('data download')

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'].map(symbol => ({ symbol, launched: Date.UTC(2026, 0, 1) }))
const DAYS = (Math.floor(NOW / DAY) * DAY - Date.UTC(2026, 0, 1)) / DAY

interface Rig {
  readonly server: MarketServer
  readonly url: string
  readonly folder: Folder
  run(words?: readonly string[], setting?: Parameters<typeof bbw>[1]): Promise<Outcome>
}

async function withRig(work: (rig: Rig) => Promise<void>): Promise<void> {
  const server = new MarketServer(SYMBOLS)
  const loopback = await onLoopback(server)
  const folder = new Folder()
  const env = { BBW_DATA_DIR: folder.path }
  try {
    await work({
      server,
      folder,
      url: loopback.url,
      run: (words = [], setting = {}) =>
        bbw(['data', 'download', '--url', loopback.url, ...words], { env, ...setting }),
    })
  } finally {
    await loopback.close()
    folder.remove()
  }
}

test('what is fetched is in the cache, listed, sound, and not fetched again', async () => {
  await withRig(async ({ server, folder, run }) => {
    const first = await run()
    assert.is(first.code, 0, first.err)
    assert.match(first.err, /3 symbols, [\d,]+ new rows, \d+ pieces fetched: .*market.db\n$/)
    const env = { BBW_DATA_DIR: folder.path }
    const list = await bbw(['data', 'list', '--json'], { env })
    const series = records(list.out).map(({ type, kind, symbol, interval, rows }) => [
      type,
      kind,
      symbol,
      interval,
      rows,
    ])
    assert.equal(
      series
        .filter(([, , symbol]) => symbol === 'BTCUSDT')
        .map(([, kind, , interval, rows]) => [kind, interval, rows]),
      [
        ['candles', '15m', 1_000],
        ['candles', '1d', DAYS],
        ['mark', '15m', 1_000],
        ['mark', '1d', DAYS],
        ['funding', null, 992],
      ],
    )
    assert.equal(
      records(list.out)
        .slice(-2)
        .map(({ type, id, rows }) => [type, id, rows]),
      [
        ['instruments', 'instruments/2026-11-27', 3],
        ['tiers', 'tiers/2026-11-27', 3],
      ],
    )
    assert.is((await bbw(['data', 'check'], { env })).code, 0)
    const asked = server.asked.length
    const second = await run(['--what', 'candles,mark,funding,instruments'])
    assert.match(second.err, /0 new rows, 0 pieces fetched/)
    assert.is(server.asked.length - asked, 2)
  })
})

test('a symbol without a candle and one with too few are told by name, with exit 5', async () => {
  await withRig(async ({ server, run }) => {
    server.interfere = ({ path, query }) => {
      const isOf = path.endsWith('/kline') && query.get('symbol') === 'ETHUSDT'
      const result = { category: 'linear', symbol: 'ETHUSDT', list: [] }
      return isOf ? { body: JSON.stringify({ retCode: 0, retMsg: 'OK', result, time: NOW }) } : null
    }
    const hole = Math.floor(NOW / DAY - 10) * DAY
    server.holes.add(hole)
    const words = ['--what', 'candles', '--timeframe', '1d']
    const { code, err } = await run(words)
    assert.is(code, 5, err)
    const missing = (symbol: string): string | undefined =>
      err.split('\n').find(line => line.startsWith(`candles ${symbol} 1d: `))
    assert.match(missing('ETHUSDT') ?? '', /the exchange has sent none of the \d+ candles \(missing: /)
    assert.match(missing('BTCUSDT') ?? '', /all but 1 of the \d+ candles \(missing: 2026-11-17T00:00Z\)/)
    assert.match(err, /3 series not whole \(the same command asks again\)/)
    server.interfere = () => null
    server.holes.clear()
    const again = await run(words)
    assert.is(again.code, 0, again.err)
    assert.match(again.err, new RegExp(`${DAYS + 2} new rows`))
  })
})

test('a backtest reads what was fetched, with the margin of the recorded risk tier', async () => {
  await withRig(async ({ folder, run }) => {
    await run(['--timeframe', '1d', '--symbol', 'BTCUSDT'])
    const env = { BBW_DATA_DIR: folder.path }
    const { code, err } = await bbw(['backtest', '--market', 'cache'], { env })
    assert.is(code, 0, err)
    const { loadMarket } = await import('./market.ts')
    const world = { env, cwd: '/', stdin: (async function* () {})() }
    const { markets } = await loadMarket(world, { flags: { market: 'cache' }, args: [] }, 'replay', null)
    assert.equal(
      [markets[0].instrument.maintenanceMarginRate, markets[0].instrument.source],
      [0.013, 'recorded 2026-11-27'],
    )
  })
})

test('wrong words are refused before anything is asked', async () => {
  await withRig(async ({ server, run }) => {
    for (const [words, told] of [
      [['--timeframe', '7m'], /--timeframe 7m is not known/],
      [['--what', 'candles,trades'], /--what trades is not known/],
      [['--url', 'http://api.bybit.com'], /not encrypted/],
      [['--symbol', 'b t c'], /is not a symbol/],
    ] as const) {
      const { code, err } = await run(words)
      assert.is(code, 2)
      assert.match(err, told)
    }
    assert.is(server.asked.length, 0)
  })
})

test('a range that has not begun is refused, and nothing is stored', async () => {
  await withRig(async ({ run }) => {
    const { code, err } = await run(['--timerange', '20990101-'])
    assert.is(code, 2, err)
    assert.match(err, /the range begins on 2099-01-01, and the exchange has .*nothing is to be had yet/)
    assert.not.match(err, /new row/)
  })
})

test('an exchange that is away is exit 5, a part that failed too, and both can be tried again', async () => {
  await withRig(async ({ server, run }) => {
    server.interfere = () => new HttpTrouble('gone', { isReply: false, wasSent: true })
    const away = await run()
    assert.is(away.code, 5)
    assert.match(away.err, /instruments-info: .*\ntrying again may help/)
    server.interfere = ({ path, query }) =>
      path.endsWith('/kline') && query.get('symbol') === 'ETHUSDT' ? { body: '{}' } : null
    const part = await run(['--timeframe', '1d'])
    assert.is(part.code, 5)
    assert.match(part.err, /candles ETHUSDT 1d: .*\n.*1 failed \(the same command tries them again\)/)
    server.interfere = () => null
    assert.is((await run(['--timeframe', '1d'])).code, 0)
  })
})

test('an address that is blocked is told of, and ends it', async () => {
  await withRig(async ({ server, run }) => {
    server.interfere = ({ path }) => (path.endsWith('/kline') ? { status: 403, body: 'too frequent' } : null)
    const { code, err } = await run()
    assert.is(code, 5)
    assert.match(err, /^C402 Bybit has blocked this address; nothing is sent for 10 minutes$/m)
  })
})

test('Ctrl-C ends it in order, and says that it goes on', async () => {
  await withRig(async ({ server, run }) => {
    const stop = new AbortController()
    server.interfere = ({ ordinal }) => {
      if (ordinal === 6) stop.abort('SIGINT')
      return null
    }
    const { code, err } = await run([], { signal: stop.signal })
    assert.is(code, 130)
    assert.match(err, /stopped: .*goes on from there/)
  })
})

test('killed in the middle it goes on where it was, and nothing that was kept is fetched twice', async () => {
  await withRig(async ({ server, url, folder }) => {
    const words = [
      'data',
      'download',
      '--url',
      url,
      '--timerange',
      '20260101-',
      '--what',
      'candles',
      '--timeframe',
      '15m',
    ]
    const env = { BBW_DATA_DIR: folder.path }
    const killed = new Started(words, { env })
    server.interfere = ({ ordinal }) => {
      if (ordinal === 25) killed.signal('SIGKILL')
      return null
    }
    await killed.ended
    server.interfere = () => null
    const before = server.asked.length
    const cache = MarketCache.open(join(folder.path, 'market.db'), { readonly: true })
    const kept = new Map(cache.list().map(one => [one.symbol, cache.candles(one.symbol, '15m')]))
    cache.close()
    assert.ok([...kept.values()].some(series => (series?.length ?? 0) > 0))
    const whole = new Started(words, { env })
    const { code, err } = await whole.ended
    assert.is(code, 0, err)
    for (const { path, query } of server.asked.slice(before)) {
      if (!path.endsWith('/kline')) continue
      const starts = kept.get(query.get('symbol') ?? '')?.start ?? []
      const [from, to] = [Number(query.get('start')), Number(query.get('end'))]
      assert.is(starts.filter(start => start >= from && start <= to).length, 0)
    }
    const after = MarketCache.open(join(folder.path, 'market.db'), { readonly: true })
    const rows = SYMBOLS.map(({ symbol }) => after.candles(symbol, '15m')?.length)
    after.close()
    const wanted = Math.floor((NOW - Date.UTC(2026, 0, 1)) / (15 * 60_000))
    assert.equal(rows, [wanted, wanted, wanted])
  })
})

test.run()
