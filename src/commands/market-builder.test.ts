import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../core/base/errors.ts'
import { DAY, HOUR } from '../core/base/units.ts'
import { CandleSeries, type Candles } from '../core/market/candles.ts'
import type { Interval } from '../core/market/interval.ts'
import type { MarkCandles } from '../core/market/mark.ts'
import { firstOpen, type LoadedMarket, lastClose, MarketBuilder } from './market-builder.ts'

const test = suite('market builder')
const T0 = Date.UTC(2024, 0, 1)

/** Candles at the given days after the first, with room for more behind them. */
function candles(symbol: string, days: readonly number[], interval: Interval = '1d'): Candles {
  const series = new CandleSeries(symbol, interval, 16)
  for (const day of days) series.push(T0 + day * DAY, 100 + day, 110 + day, 90, 105.5 + day, 7, 700 + day)
  return series
}

function mark(symbol: string, days: readonly number[]): MarkCandles {
  return candles(symbol, days, '1h')
}

function funding(hours: readonly number[]): { readonly time: Float64Array; readonly rate: Float64Array } {
  return {
    time: Float64Array.from(hours, hour => T0 + hour * HOUR),
    rate: Float64Array.from(hours, hour => hour / 1e6),
  }
}

function built(...parts: readonly ((builder: MarketBuilder) => void)[]): LoadedMarket {
  const builder = new MarketBuilder()
  for (const part of parts) part(builder)
  return builder.build('made up', null)
}

test('stretches of a series come together in any order, and so do symbols', () => {
  const whole = built(
    builder => builder.candles(candles('BTCUSDT', [0, 1, 2, 3, 4, 9])),
    builder => builder.mark(mark('BTCUSDT', [0, 1, 2])),
    builder => builder.funding('BTCUSDT', funding([0, 8, 16, 24])),
    builder => builder.candles(candles('ETHUSDT', [2, 3])),
  )
  const cut = built(
    builder => builder.candles(candles('ETHUSDT', [2, 3])),
    builder => builder.funding('BTCUSDT', funding([16, 24])),
    builder => builder.candles(candles('BTCUSDT', [9])),
    builder => builder.mark(mark('BTCUSDT', [2])),
    builder => builder.candles(candles('BTCUSDT', [0, 1])),
    builder => builder.candles(candles('BTCUSDT', [])),
    builder => builder.mark(mark('BTCUSDT', [0, 1])),
    builder => builder.funding('BTCUSDT', funding([0, 8])),
    builder => builder.candles(candles('BTCUSDT', [2, 3, 4])),
  )
  assert.is(cut.hash, whole.hash)
  assert.equal(
    cut.markets.map(one => one.instrument),
    whole.markets.map(one => one.instrument),
  )
  const [btc] = cut.markets
  const daily = btc.candles.get('1d')
  assert.equal(
    [...(daily?.start ?? [])].map(time => (time - T0) / DAY),
    [0, 1, 2, 3, 4, 9],
  )
  assert.equal([...(daily?.turnover ?? [])], [700, 701, 702, 703, 704, 709])
  assert.is(daily?.length, 6)
  assert.is(btc.mark.get('1h')?.length, 3)
  assert.equal([...(btc.funding?.rate ?? [])], [0, 8e-6, 16e-6, 24e-6])
})

test('two stretches that share a time are refused', () => {
  for (const parts of [
    [
      (builder: MarketBuilder) => builder.candles(candles('BTCUSDT', [0, 1])),
      (builder: MarketBuilder) => builder.candles(candles('BTCUSDT', [1, 2])),
    ],
    [
      (builder: MarketBuilder) => builder.candles(candles('BTCUSDT', [0, 5])),
      (builder: MarketBuilder) => builder.candles(candles('BTCUSDT', [1, 2])),
    ],
  ]) {
    assert.throws(
      () => built(...parts),
      (error: unknown) => error instanceof DataError && /of the same time/.test(error.message),
    )
  }
  const daily = (builder: MarketBuilder): void => builder.candles(candles('BTCUSDT', [0]))
  assert.throws(
    () =>
      built(
        daily,
        ...[[0], [0]].map(days => (builder: MarketBuilder) => builder.mark(mark('BTCUSDT', days))),
      ),
    /mark prices BTCUSDT 1h of the same time/,
  )
  assert.throws(
    () =>
      built(
        daily,
        ...[[0], [0, 8]].map(hours => (builder: MarketBuilder) => builder.funding('BTCUSDT', funding(hours))),
      ),
    /funding BTCUSDT of the same time/,
  )
})

test('every number, name and filter makes another hash', () => {
  const base = (builder: MarketBuilder): void => builder.candles(candles('BTCUSDT', [0, 1, 2]))
  const other = new CandleSeries('BTCUSDT', '1d', 3)
  for (const day of [0, 1, 2]) other.push(T0 + day * DAY, 100 + day, 110 + day, 90, 105.5 + day, 7, 700.25)
  const hashes = [
    built(base),
    built(builder => builder.candles(candles('BTCUSDT', [0, 1]))),
    built(builder => builder.candles(candles('ETHUSDT', [0, 1, 2]))),
    built(builder => builder.candles(candles('BTCUSDT', [0, 1, 2], '4h'))),
    built(builder => builder.candles(other)),
    built(base, builder => builder.mark(mark('BTCUSDT', [0]))),
    built(base, builder => builder.funding('BTCUSDT', funding([0]))),
    built(base, builder => builder.instruments([ROW])),
    built(),
  ].map(one => one.hash)
  assert.is(new Set(hashes).size, hashes.length)
  for (const hash of hashes) assert.match(hash, /^[0-9a-f]{16}$/)
})

const ROW = {
  symbol: 'BTCUSDT',
  baseCoin: 'BTC',
  quoteCoin: 'USDT',
  tick: '0.5',
  step: '0.001',
  minQty: '0.001',
  maxQty: null,
  minPrice: null,
  maxLeverage: '50',
  date: '2023-01-01',
}

test('filters are those nearest to the moment wanted, else to the last close, else read off the prices', () => {
  const builder = new MarketBuilder()
  builder.candles(candles('BTCUSDT', [0, 1, 2]))
  builder.instruments([ROW, { ...ROW, tick: '0.25', date: '2024-02-01' }])
  const tick = (around: number | null): string => builder.build('', around).markets[0].instrument.tick
  assert.equal([tick(Date.UTC(2022, 0, 1)), tick(Date.UTC(2025, 0, 1)), tick(null)], ['0.5', '0.25', '0.25'])
  const [inferred] = built(one => one.candles(candles('BTCUSDT', [0, 1, 2]))).markets
  assert.equal([inferred.instrument.source, inferred.instrument.tick], ['inferred', '0.1'])
})

test('the margin of a recorded risk tier counts instead of the one that follows from the leverage', () => {
  const tier = {
    date: '2026-11-27',
    symbol: 'BTCUSDT',
    id: 1,
    limit: '200000',
    maintenanceMargin: 0.013,
    initialMargin: 0.02,
    maxLeverage: '50',
    deduction: null,
  }
  const rates = built(
    builder => builder.candles(candles('BTCUSDT', [0, 1])),
    builder => builder.candles(candles('ETHUSDT', [0, 1])),
    builder => builder.tiers([tier]),
  ).markets.map(({ instrument }) => instrument.maintenanceMarginRate)
  assert.equal(rates, [0.013, 0.04])
})

test('a symbol without a candle is known to have come and is not in the market', () => {
  const builder = new MarketBuilder()
  assert.ok(builder.isEmpty)
  builder.funding('ETHUSDT', funding([0]))
  assert.ok(builder.isEmpty)
  builder.candles(candles('BTCUSDT', []))
  assert.equal([builder.has('BTCUSDT'), builder.has('ETHUSDT'), builder.isEmpty], [true, false, false])
  assert.is(builder.build('', null).markets.length, 0)
})

test('what a file was found to lack is said', () => {
  const report = { rows: 5, bad: [], badCount: 0, gaps: [], assumedUtc: false }
  const gap = { line: 7, after: 0, before: 0, missing: 3 }
  const bad = [2, 3, 4, 5].map(line => ({ line, reason: `wrong ${line}` }))
  const { warnings } = built(
    builder => builder.report('good.csv', report),
    builder => builder.report('none.csv', { ...report, rows: 0 }),
    builder => builder.report('gap.csv', { ...report, gaps: [gap] }),
    builder => builder.report('gaps.csv', { ...report, gaps: [gap, gap, gap] }),
    builder => builder.report('bad.csv', { ...report, bad, badCount: 40 }),
    builder => builder.report('zone.csv', { ...report, assumedUtc: true }),
  )
  assert.equal(warnings, [
    'none.csv: there are no rows in it',
    'gap.csv, line 7: gap of 3 candles',
    'gaps.csv, line 7: gap of 3 candles, and 2 further gaps',
    'bad.csv: 40 bad rows left out (line 2: wrong 2; line 3: wrong 3; line 4: wrong 4)',
    'zone.csv: times without a zone were taken for UTC',
  ])
})

test('a market reaches from its first opening to its last whole day', () => {
  const { markets } = built(
    builder => builder.candles(candles('BTCUSDT', [3, 4])),
    builder => builder.candles(candles('ETHUSDT', [1, 5], '1h')),
  )
  assert.equal([firstOpen(markets), lastClose(markets)], [T0 + DAY, T0 + 5 * DAY])
  assert.equal([firstOpen([]), lastClose([])], [Number.POSITIVE_INFINITY, 0])
})

test.run()
