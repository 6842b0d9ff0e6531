import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError, ExchangeError } from '../../base/errors.ts'
import { DAY, HOUR } from '../../base/units.ts'
import { CandleSeries } from '../../market/candles.ts'
import { MarketCache } from '../sqlite/market-cache.ts'
import { Download, type Downloaded, KINDS, type Wish } from './download.ts'
import { HttpTrouble } from './http.ts'
import { instrumentRow } from './listing.ts'
import { type ListedSymbol, MarketServer, marketOver, NOW } from './market.fixture.ts'

const test = suite('bybit download')

const LAUNCHED = Date.UTC(2023, 0, 1)
const SYMBOLS: readonly ListedSymbol[] = [
  { symbol: 'BTCUSDT', launched: LAUNCHED },
  { symbol: 'ETHUSDT', launched: LAUNCHED, fundingHours: 4 },
  { symbol: 'NEWUSDT', launched: Date.UTC(2026, 10, 1) },
  { symbol: 'GONEUSDT', launched: LAUNCHED, status: 'Closed' },
  { symbol: 'OLDUSDT', launched: Date.UTC(2020, 0, 1) },
  { symbol: 'BTCUSDC', launched: LAUNCHED, quote: 'USDC' },
]
/** As far back as candles are wanted that are many. */
const SINCE = Date.UTC(2026, 7, 1)
const TODAY = Math.floor(NOW / DAY) * DAY

const ALL: Wish = { kinds: KINDS, symbols: null, timeframes: ['1d', '15m'], from: null, to: null }

interface Rig {
  readonly server: MarketServer
  readonly cache: MarketCache
  readonly problems: string[]
  readonly progress: string[]
  run(wish?: Partial<Wish>, signal?: AbortSignal): Promise<Downloaded>
}

async function withRig(work: (rig: Rig) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bbw-test-'))
  const cache = MarketCache.open(join(folder, 'market.db'), { readonly: false })
  const server = new MarketServer(SYMBOLS)
  const problems: string[] = []
  const progress: string[] = []
  const hearer = {
    progress: (done: number, total: number) => progress.push(`${done}/${total}`),
    problem: (words: string) => problems.push(words),
  }
  try {
    await work({
      server,
      cache,
      problems,
      progress,
      run: (wish = {}, signal = new AbortController().signal) =>
        new Download(marketOver(server).market, cache, 'https://x').run({ ...ALL, ...wish }, hearer, signal),
    })
  } finally {
    cache.close()
    rmSync(folder, { recursive: true })
  }
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('everything is fetched once, and a second time only what has happened since', async () => {
  await withRig(async ({ server, cache, run, problems, progress }) => {
    const first = await run()
    assert.equal([first.symbols, first.failed, first.refused, problems], [4, 0, 0, []])
    assert.is(progress[progress.length - 1], `${progress.length}/${progress.length}`)
    const days = cache.candles('BTCUSDT', '1d')
    assert.equal([days?.length, days?.start[0]], [1_000, TODAY - 1_000 * DAY])
    assert.is(cache.candles('BTCUSDT', '15m')?.length, 1_000)
    assert.is(cache.mark('ETHUSDT', '1d')?.length, 1_000)
    assert.is(cache.candles('NEWUSDT', '1d')?.length, 26)
    assert.equal([cache.candles('GONEUSDT', '1d'), cache.candles('BTCUSDC', '1d')], [null, null])
    assert.ok(cache.funding('ETHUSDT').time.length > 2 * cache.funding('BTCUSDT').time.length - 10)
    assert.equal(
      cache.instruments().map(({ symbol, date }) => `${symbol} ${date}`),
      ['BTCUSDT 2026-11-27', 'ETHUSDT 2026-11-27', 'NEWUSDT 2026-11-27', 'OLDUSDT 2026-11-27'],
    )
    assert.equal(cache.tiers().length, 4)
    const asked = server.asked.length
    const second = await run({ kinds: ['candles', 'mark', 'funding', 'instruments'] })
    assert.equal([second.rows, second.pieces], [0, 0])
    // The list of what is traded says what the time is.
    assert.is(server.asked.length, asked + server.count('instruments-info') / 2)
    server.now += 16 * 60_000
    const third = await run({ kinds: ['candles'] })
    assert.equal([third.rows, third.pieces], [4, 4])
  })
})

test('what was imported from files is not fetched again', async () => {
  await withRig(async ({ server, cache, run }) => {
    await run({ symbols: ['BTCUSDT'], kinds: ['candles'], timeframes: ['1d'] })
    const series = cache.candles('BTCUSDT', '1d')
    const other = mkdtempSync(join(tmpdir(), 'bbw-test-'))
    const fresh = MarketCache.open(join(other, 'market.db'), { readonly: false })
    try {
      if (series === null) throw new Error('nothing was fetched')
      fresh.importCandles(series, { source: 'a.csv', target: 'x', sha256: '', badRows: 0, importedAt: 0 })
      const before = server.count('kline')
      const wish: Wish = { ...ALL, symbols: ['BTCUSDT'], kinds: ['candles'], timeframes: ['1d'] }
      const hearer = { progress: () => {}, problem: () => {} }
      const download = new Download(marketOver(server).market, fresh, 'https://x')
      const done = await download.run(wish, hearer, new AbortController().signal)
      assert.equal([done.rows, server.count('kline')], [0, before])
    } finally {
      fresh.close()
      rmSync(other, { recursive: true })
    }
  })
})

test('a download that is stopped goes on where it was, and nothing is fetched twice', async () => {
  await withRig(async ({ server, cache, run }) => {
    const stop = new AbortController()
    server.interfere = ({ ordinal }) => {
      if (ordinal === 14) stop.abort('SIGTERM')
      return null
    }
    const error = await thrownBy(run({ from: SINCE }, stop.signal))
    assert.is(error, 'SIGTERM')
    server.interfere = () => null
    const stored = cache.list().reduce((sum, { rows }) => sum + rows, 0)
    assert.ok(stored > 0)
    const seen = new Set(server.asked.map(({ path, query }) => `${path} ${query}`))
    const lost = server.asked.length
    const done = await run({ from: SINCE })
    const total = cache.list().reduce((sum, { rows }) => sum + rows, 0)
    assert.is(total, stored + done.rows - cache.tiers().length)
    // What was on its way when it was stopped is asked for again: at most so many as are asked for at once.
    const again = server.asked.slice(lost).filter(({ path, query }) => {
      const isList = path.endsWith('instruments-info') || path.endsWith('risk-limit')
      return !isList && seen.has(`${path} ${query}`)
    })
    assert.ok(again.length <= 8, `${again.length} asked for again`)
    assert.is(cache.candles('BTCUSDT', '1d')?.length, (TODAY - SINCE) / DAY)
  })
})

test('a hole is told, and asked for again until the exchange leaves out the same once more', async () => {
  await withRig(async ({ server, cache, run }) => {
    const wish = {
      symbols: ['OLDUSDT'],
      kinds: ['candles'],
      timeframes: ['1d'],
      from: TODAY - 2_000 * DAY,
    } as const
    const hole = TODAY - 1_200 * DAY
    server.holes.add(hole)
    const first = await run(wish)
    const lack = { name: 'candles OLDUSDT 1d', missing: 1, from: hole, to: hole }
    assert.equal([first.rows, first.lacks], [1_999, [{ ...lack, asked: 2_000 }]])
    const second = await run(wish)
    assert.equal([second.rows, second.pieces, second.lacks], [0, 1, [{ ...lack, asked: 1 }]])
    const asked = server.count('kline')
    const third = await run(wish)
    assert.equal([third.pieces, third.lacks, server.count('kline')], [0, [], asked])
    // In the window that is still open it is asked for with whatever is new.
    server.holes.add(TODAY)
    server.now += DAY
    await run(wish)
    server.now += DAY
    assert.is((await run(wish)).rows, 1)
    assert.not.ok(cache.candles('OLDUSDT', '1d')?.start.includes(hole))
  })
})

test('an answer that is cut short is told, asked for again whole, and then is nothing that is missing', async () => {
  await withRig(async ({ server, cache, run }) => {
    const wish: Partial<Wish> = {
      symbols: ['OLDUSDT', 'NEWUSDT'],
      kinds: ['candles', 'mark'],
      timeframes: ['1d'],
    }
    const window = Math.floor(TODAY / DAY / 1_000) * 1_000 * DAY
    for (let day = window - 900 * DAY; day < window; day += DAY) server.holes.add(day)
    const from = window - 1_000 * DAY
    const short = await run({ ...wish, from })
    assert.ok(short.lacks.some(({ name, missing }) => name === 'candles OLDUSDT 1d' && missing === 900))
    assert.is(short.lacks.filter(({ name }) => name.includes('NEWUSDT')).length, 0, 'it is younger')
    server.holes.clear()
    assert.equal((await run({ ...wish, from })).lacks, [])
    assert.is(cache.candles('OLDUSDT', '1d')?.length, (TODAY - from) / DAY)
  })
})

test('a piece that fails is told, the rest is fetched, and the next run fetches it', async () => {
  await withRig(async ({ server, cache, run, problems }) => {
    server.interfere = ({ path, query }) =>
      path.endsWith('/kline') && query.get('symbol') === 'ETHUSDT' ? { body: '<html>' } : null
    const done = await run({ kinds: ['candles'], timeframes: ['1d'] })
    assert.is(done.failed, problems.length)
    assert.ok(done.failed > 0)
    assert.match(problems[0], /candles ETHUSDT 1d: GET \/v5\/market\/kline: the reply cannot be read/)
    assert.equal([cache.candles('ETHUSDT', '1d'), cache.candles('NEWUSDT', '1d')?.length], [null, 26])
    server.interfere = () => null
    assert.is((await run({ kinds: ['candles'], timeframes: ['1d'] })).failed, 0)
    assert.is(cache.candles('ETHUSDT', '1d')?.length, 1_000)
  })
})

test('an exchange that is away, or has blocked the address, ends it', async () => {
  await withRig(async ({ server, run }) => {
    server.interfere = ({ path }) =>
      path.endsWith('/kline') ? new HttpTrouble('reset', { isReply: false, wasSent: true }) : null
    const error = await thrownBy(run({ from: LAUNCHED }))
    assert.ok(error instanceof ExchangeError && error.why === 'network')
    server.interfere = ({ path }) => (path.endsWith('/kline') ? { status: 403 } : null)
    const before = server.asked.length
    const banned = await thrownBy(run({ from: LAUNCHED }))
    assert.ok(banned instanceof ExchangeError && banned.why === 'banned')
    // Those that were on their way; after the first 403 has arrived there are no more.
    assert.ok(server.asked.slice(before).filter(({ path }) => path.endsWith('/kline')).length <= 8)
  })
})

test('figures that differ from those in the cache are told, and the cache stays as it is', async () => {
  await withRig(async ({ cache, run, problems }) => {
    const other = new CandleSeries('BTCUSDT', '1d')
    other.push(TODAY - 3 * DAY, 1, 2, 1, 2, 5, 500)
    const file = { source: 'a.csv', target: 'candles', sha256: '', badRows: 0, importedAt: 0 }
    cache.importCandles(other, file)
    const before = cache.hash([{ kind: 'candles', symbol: 'BTCUSDT', interval: '1d' }])
    const done = await run({ kinds: ['candles'], timeframes: ['1d'], from: TODAY - 5 * DAY })
    // Of the other symbols there are 5 days each.
    assert.equal([done.rows, done.refused], [15, 1])
    assert.match(
      problems.join(),
      /candles BTCUSDT 1d: 2026-11-24T00:00:00.000Z: open is \d+ here and 1 in the cache/,
    )
    assert.is(cache.hash([{ kind: 'candles', symbol: 'BTCUSDT', interval: '1d' }]), before)
  })
})

test('filters that have changed within a day are told, and those of the morning stay', async () => {
  await withRig(async ({ server, cache, run, problems }) => {
    await run({ kinds: ['instruments'] })
    server.interfere = ({ path }) => {
      if (!path.endsWith('instruments-info')) return null
      server.interfere = () => null
      const { body } = server.answer('/v5/market/instruments-info')
      return { body: body.replaceAll('"tickSize":"0.10"', '"tickSize":"0.50"') }
    }
    const done = await run({ kinds: ['instruments'] })
    assert.is(done.rows, 0)
    assert.match(problems[0], /filters of 2 symbols have changed since this morning: BTCUSDT, ETHUSDT/)
    assert.ok(cache.instruments().every(({ tick }) => tick === '0.10'))
  })
})

test('a symbol that is not traded is refused before anything is fetched', async () => {
  await withRig(async ({ server, run }) => {
    const error = await thrownBy(run({ symbols: ['BTCUSDT', 'GONEUSDT', 'NOPEUSDT'] }))
    assert.ok(error instanceof DataError)
    assert.match((error as Error).message, /GONEUSDT, NOPEUSDT/)
    assert.is(server.count('kline'), 0)
  })
})

test('what is opened can be closed by one order: the lesser of the greatest quantities counts', async () => {
  const { market } = marketOver(new MarketServer(SYMBOLS))
  const [one] = (await market.instruments()).items
  assert.is(instrumentRow(one, '2026-11-27').maxQty, '500.000')
  assert.is(instrumentRow({ ...one, maxMarketQty: null }, '2026-11-27').maxQty, '1190.000')
  assert.is(instrumentRow({ ...one, maxMarketQty: '2000' }, '2026-11-27').maxQty, '1190.000')
})

test('hours of funding are asked for only where one can have been settled', async () => {
  await withRig(async ({ server, run }) => {
    await run({ symbols: ['BTCUSDT'], kinds: ['funding'], timeframes: ['1d'] })
    const asked = server.count('funding/history')
    server.now = Math.floor(NOW / (8 * HOUR)) * 8 * HOUR + 30 * 60_000
    await run({ symbols: ['BTCUSDT'], kinds: ['funding'], timeframes: ['1d'] })
    assert.is(server.count('funding/history'), asked)
  })
})

test.run()
