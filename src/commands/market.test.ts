import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import { DataError } from '../core/base/errors.ts'
import { DAY } from '../core/base/units.ts'
import { CandleSeries } from '../core/market/candles.ts'
import type { Interval } from '../core/market/interval.ts'
import type { ParsedArguments } from './command.ts'
import { loadMarket } from './market.ts'
import type { LoadedMarket } from './market-builder.ts'
import { Folder } from './world.fixture.ts'

const test = suite('market')
const T0 = Date.UTC(2024, 0, 1)
const folder = new Folder()

test.after(() => folder.remove())

function csv(spacing: number, count = 3): string {
  const rows = Array.from({ length: count }, (_, i) => `${T0 + i * spacing},100,110,90,105.5,7,700`)
  return `start,open,high,low,close,volume,turnover\n${rows.join('\n')}\n`
}

function load(
  flags: ParsedArguments['flags'],
  use: 'decide' | 'replay' = 'replay',
  signal: AbortSignal = new AbortController().signal,
): Promise<LoadedMarket> {
  const stdin = (async function* () {})()
  const world = { env: { BBW_DATA_DIR: join(folder.path, 'state') }, cwd: folder.path, stdin, signal }
  return loadMarket(world, { flags, args: [] }, use, null)
}

function intervals({ markets }: LoadedMarket, symbol: string): readonly Interval[] {
  return [...(markets.find(one => one.instrument.symbol === symbol)?.candles.keys() ?? [])].sort()
}

async function refusal(flags: ParsedArguments['flags'], signal?: AbortSignal): Promise<unknown> {
  try {
    await load(flags, 'replay', signal)
  } catch (error) {
    return error
  }
  return null
}

test('a decision reads daily and 15-minute candles alone where there are daily ones, a replay all', async () => {
  for (const [interval, spacing] of [
    ['1d', DAY],
    ['1h', DAY / 24],
    ['15m', DAY / 96],
  ] as const) {
    folder.file(`market/klines/${interval}/BTCUSDT.csv`, csv(spacing))
  }
  folder.file('market/klines/1h/ETHUSDT.csv', csv(DAY / 24))
  folder.file('market/mark/1h/BTCUSDT.csv', csv(DAY / 24))
  const replay = await load({ market: 'market' })
  assert.equal(intervals(replay, 'BTCUSDT'), ['15m', '1d', '1h'])
  assert.is(replay.markets[0].mark.size, 1)
  const decide = await load({ market: 'market' }, 'decide')
  assert.equal(intervals(decide, 'BTCUSDT'), ['15m', '1d'])
  assert.is(decide.markets[0].mark.size, 0)
  assert.equal(intervals(decide, 'ETHUSDT'), ['1h'], 'daily candles are made of these')
  assert.equal(
    (await load({ market: 'market', symbol: 'ETHUSDT' })).markets.map(one => one.instrument.symbol),
    ['ETHUSDT'],
  )
})

test('without a market named it is the cache, when that has candles, else the fixtures', async () => {
  assert.is((await load({ symbol: 'BTCUSDT' })).name, 'fixtures')
  const path = join(folder.path, 'market.db')
  const flags = { symbol: 'BTCUSDT', dataDir: '.' }
  const cache = MarketCache.open(path, { readonly: false })
  try {
    assert.is((await load(flags)).name, 'fixtures')
    assert.match(String(await refusal({ market: 'cache', dataDir: '.' })), 'no candles in cache')
    const series = new CandleSeries('BTCUSDT', '1d')
    for (let i = 0; i < 3; i++) series.push(T0 + i * DAY, 100, 110, 90, 105.5, 7, 700)
    const file = { source: 'a', target: 'b', sha256: '', badRows: 0, importedAt: 0 }
    cache.importCandles(series, file)
  } finally {
    cache.close()
  }
  const market = await load(flags)
  assert.is(market.name, 'cache')
  assert.is(market.hash, (await load({ csv: ['market/klines/1d/BTCUSDT.csv'] })).hash)
  assert.match(String(await refusal({ ...flags, symbol: 'ETHUSDT' })), 'no candles of ETHUSDT in cache')
})

test('a folder in which something cannot be taken for what it is, is refused', async () => {
  folder.file('words/README.md', 'words')
  assert.match(String(await refusal({ market: 'words' })), 'no candles in words')
  folder.file('named/klines/1d/candles.csv', csv(DAY))
  const error = await refusal({ market: 'named' })
  assert.instance(error, DataError)
  assert.match(String(error), 'the name does not begin with a symbol')
})

// The superuser may read everything.
const forUsers = process.getuid?.() === 0 ? test.skip : test
forUsers('a market that cannot be read as a whole is refused (not asked of the superuser)', async () => {
  folder.file('closed/klines/1d/BTCUSDT.csv', csv(DAY))
  chmodSync(folder.file('closed/klines/1d/ETHUSDT.csv', csv(DAY)), 0)
  assert.match(String(await refusal({ market: 'closed' })), 'no permission')
  folder.file('shut/klines/1h/BTCUSDT.csv', csv(DAY / 24))
  folder.file('shut/klines/1d/BTCUSDT.csv', csv(DAY))
  chmodSync(join(folder.path, 'shut/klines/1h'), 0)
  assert.match(String(await refusal({ market: 'shut' })), 'no permission')
  chmodSync(join(folder.path, 'shut/klines/1h'), 0o700)
})

test('reading a folder ends when the user asks for it', async () => {
  const stop = new AbortController()
  stop.abort('SIGINT')
  assert.is(await refusal({ market: 'market' }, stop.signal), 'SIGINT')
})

test.run()
