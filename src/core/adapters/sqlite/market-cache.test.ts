import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError, StoreError } from '../../base/errors.ts'
import { CandleSeries, type Candles } from '../../market/candles.ts'
import type { InstrumentRow } from '../../market/instruments.ts'
import type { Interval } from '../../market/interval.ts'
import type { TierRow } from '../../market/risk-tier.ts'
import { type ImportedFile, MarketCache } from './market-cache.ts'

const test = suite('market cache')
const SEED = 20_240_601
const HOUR = 3_600_000
const T0 = Date.UTC(2024, 0, 1)
const folder = mkdtempSync(join(tmpdir(), 'bbw-cache-'))
let files = 0

test.after(() => rmSync(folder, { recursive: true }))

function freshPath(): string {
  files += 1
  return join(folder, `market-${files}.db`)
}

function fresh(): MarketCache {
  return MarketCache.open(freshPath(), { readonly: false })
}

function named(source: string, badRows = 0): ImportedFile {
  return { source, target: 'test', sha256: `sha of ${source}`, badRows, importedAt: T0 }
}

/** Hourly candles for the hours given; every number follows from the hour. */
function hourly(numbers: readonly number[], symbol = 'BTCUSDT', interval: Interval = '1h'): CandleSeries {
  const candles = new CandleSeries(symbol, interval)
  for (const n of numbers)
    candles.push(T0 + n * HOUR, 10 + n, 20 + n, 5 + n, 11 + n, n / 3, n % 5 === 0 ? Number.NaN : n)
  return candles
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function columnsOf(candles: Candles | null): number[][] {
  if (candles === null) return []
  const { start, open, high, low, close, volume, turnover, length } = candles
  return [start, open, high, low, close, volume, turnover].map(column => [...column.subarray(0, length)])
}

function refused(work: () => unknown): DataError {
  try {
    work()
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

function failed(work: () => unknown): StoreError {
  try {
    work()
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
  throw new Error('nothing failed')
}

test('candles come back as they went in, over chunks and after reopening', () => {
  const path = freshPath()
  const candles = hourly(range(0, 5_000))
  const cache = MarketCache.open(path, { readonly: false })
  assert.equal(cache.importCandles(candles, named('a')), { added: 5_000, equal: 0 })
  cache.close()
  const again = MarketCache.open(path, { readonly: true })
  assert.equal(columnsOf(again.candles('BTCUSDT', '1h')), columnsOf(candles))
  assert.is(again.candles('BTCUSDT', '4h'), null)
  assert.is(again.candles('ETHUSDT', '1h'), null)
  again.close()
})

test('a part is the rows that start in from..to', () => {
  const cache = fresh()
  const numbers = range(0, 6_000).filter(n => n % 7 !== 3)
  cache.importCandles(hourly(numbers), named('a'))
  const bound = fc.integer({ min: -10, max: 6_010 })
  const property = fc.property(bound, bound, (from, to) => {
    const expected = numbers.filter(n => n >= from && n < to)
    const part = cache.candles('BTCUSDT', '1h', T0 + from * HOUR, T0 + to * HOUR)
    assert.equal(columnsOf(part), expected.length === 0 ? [] : columnsOf(hourly(expected)))
  })
  fc.assert(property, { seed: SEED, numRuns: 60 })
  cache.close()
})

test('whatever the order and overlap of imports, the rows are their union and the hash is the same', () => {
  const whole = range(0, 120).map(n => n * 40)
  const reference = fresh()
  reference.importCandles(hourly(whole), named('whole'))
  const selection = [{ kind: 'candles', symbol: 'BTCUSDT', interval: '1h' }] as const
  const part = fc.tuple(fc.integer({ min: 0, max: 119 }), fc.integer({ min: 1, max: 60 }))
  const property = fc.property(fc.array(part, { maxLength: 6 }), parts => {
    const cache = fresh()
    const pieces = [
      ...parts.map(([from, count]) => whole.slice(from, from + count)),
      whole.slice(0, 70),
      whole.slice(60),
    ]
    let added = 0
    for (const [i, piece] of pieces.entries())
      added += cache.importCandles(hourly(piece), named(`part ${i}`)).added
    assert.is(added, whole.length)
    assert.equal(columnsOf(cache.candles('BTCUSDT', '1h')), columnsOf(hourly(whole)))
    assert.is(cache.hash(selection), reference.hash(selection))
    cache.close()
  })
  fc.assert(property, { seed: SEED, numRuns: 25 })
  reference.close()
})

test('rows that differ are refused with time and both values, and nothing of the file stays', () => {
  const cache = fresh()
  cache.importCandles(hourly(range(0, 3_000)), named('first'))
  const before = cache.hash([{ kind: 'candles', symbol: 'BTCUSDT', interval: '1h' }])
  const other = hourly(range(2_500, 4_500))
  other.close[3] = 999
  const error = refused(() => cache.importCandles(other, named('second')))
  assert.match(error.message, new Date(T0 + 2_503 * HOUR).toISOString())
  assert.match(error.message, 'close is 999 here and 2514 in the cache')
  assert.is(error.place?.file, 'second')
  assert.is(cache.file('second', 'test'), null)
  assert.is(cache.hash([{ kind: 'candles', symbol: 'BTCUSDT', interval: '1h' }]), before)
  cache.close()
})

test('a blank turnover gives way to a recorded one, in either order', () => {
  const blank = hourly(range(0, 4))
  blank.turnover.fill(Number.NaN)
  const hashes = [
    [blank, hourly(range(0, 4))],
    [hourly(range(0, 4)), blank],
  ].map(series => {
    const cache = fresh()
    for (const [i, one] of series.entries()) cache.importCandles(one, named(String(i)))
    assert.equal(columnsOf(cache.candles('BTCUSDT', '1h')), columnsOf(hourly(range(0, 4))))
    const hash = cache.hash([{ kind: 'candles', symbol: 'BTCUSDT', interval: '1h' }])
    cache.close()
    return hash
  })
  assert.is(hashes[0], hashes[1])
})

test('candles of two files that overlap by half an interval are refused', () => {
  const cache = fresh()
  cache.importCandles(hourly(range(0, 10)), named('a'))
  assert.match(refused(() => cache.importCandles(hourly([9.5, 10.5]), named('b'))).message, 'overlap')
  assert.match(refused(() => cache.importCandles(hourly([-0.5]), named('c'))).message, 'overlap')
  assert.is(cache.candles('BTCUSDT', '1h')?.length, 10)
  cache.close()
})

test('the hash tells rows, symbols and ranges apart, and not the order of the selection', () => {
  const cache = fresh()
  cache.importCandles(hourly(range(0, 10)), named('a'))
  cache.importCandles(hourly(range(0, 10), 'ETHUSDT'), named('b'))
  const btc = { kind: 'candles', symbol: 'BTCUSDT', interval: '1h' } as const
  const eth = { ...btc, symbol: 'ETHUSDT' }
  assert.is(cache.hash([btc, eth]), cache.hash([eth, btc]))
  const seen = [[btc], [eth], [btc, eth], [], [{ ...btc, to: T0 + 9 * HOUR }], [{ ...btc, from: T0 + HOUR }]]
  assert.is(new Set(seen.map(selection => cache.hash(selection))).size, seen.length)
  cache.importCandles(hourly([10]), named('c'))
  assert.is(cache.hash([{ ...btc, to: T0 + 10 * HOUR }]), fresh10(btc))
  cache.close()
})

function fresh10(selection: {
  readonly kind: 'candles'
  readonly symbol: string
  readonly interval: Interval
}): string {
  const cache = fresh()
  cache.importCandles(hourly(range(0, 10)), named('a'))
  const hash = cache.hash([selection])
  cache.close()
  return hash
}

test('mark candles and funding have a place of their own', () => {
  const cache = fresh()
  const mark = hourly(range(0, 3_000))
  cache.importMark(mark, named('mark'))
  const time = Float64Array.from(range(0, 4_000), n => T0 + n * HOUR)
  const rate = Float64Array.from(range(0, 4_000), n => (n - 2_000) / 1e7)
  cache.importFunding('BTCUSDT', { time, rate }, named('funding'))
  cache.importFunding('BTCUSDT', { time, rate }, named('again'))
  assert.is(cache.candles('BTCUSDT', '1h'), null)
  const read = cache.mark('BTCUSDT', '1h')
  assert.equal(read?.close.slice(0, read.length), mark.close.slice(0, mark.length))
  assert.equal(cache.funding('BTCUSDT'), { time, rate: rate.map(value => value + 0) })
  assert.is(cache.funding('ETHUSDT').time.length, 0)
  const other = refused(() =>
    cache.importFunding('BTCUSDT', { time: time.slice(0, 1), rate: Float64Array.of(0.5) }, named('x')),
  )
  assert.match(other.message, 'rate is 0.5 here')
  assert.equal(cache.list(), [
    { kind: 'mark', symbol: 'BTCUSDT', interval: '1h', rows: 3_000, first: T0, last: T0 + 2_999 * HOUR },
    { kind: 'funding', symbol: 'BTCUSDT', interval: null, rows: 4_000, first: T0, last: T0 + 3_999 * HOUR },
  ])
  cache.close()
})

test('symbols and the list are sorted', () => {
  const cache = fresh()
  for (const symbol of ['ETHUSDT', 'ADAUSDT', 'BTCUSDT'])
    cache.importCandles(hourly([0], symbol), named(symbol))
  cache.importCandles(hourly([0], 'ADAUSDT', '1m'), named('m'))
  assert.equal(cache.symbols('1h'), ['ADAUSDT', 'BTCUSDT', 'ETHUSDT'])
  assert.equal(cache.symbols('1d'), [])
  assert.equal(
    cache.list().map(series => `${series.symbol} ${series.interval}`),
    ['ADAUSDT 1m', 'ADAUSDT 1h', 'BTCUSDT 1h', 'ETHUSDT 1h'],
  )
  cache.close()
})

test('dated lists of instruments stand side by side; a list that says something else for its date is refused', () => {
  const cache = fresh()
  const row: InstrumentRow = {
    symbol: 'BTCUSDT',
    baseCoin: null,
    quoteCoin: 'USDT',
    tick: '0.10',
    step: '0.001',
    minQty: '0.001',
    maxQty: null,
    minPrice: null,
    maxLeverage: '100.00',
    date: '2026-08-21',
  }
  const earlier = { ...row, date: '2025-06-09', tick: '0.50', baseCoin: 'BTC', maxQty: '100' }
  assert.equal(cache.importInstruments([row, earlier], named('a')), { added: 2, equal: 0 })
  assert.equal(cache.importInstruments([row], named('b')), { added: 0, equal: 1 })
  assert.equal(cache.instruments(), [earlier, row])
  const error = refused(() => cache.importInstruments([{ ...row, step: '0.01' }], named('c')))
  assert.match(error.message, 'step is 0.01 here and 0.001 in the cache')
  assert.is(cache.file('c', 'test'), null)
  cache.close()
})

test('a file is remembered with its hash for each thing it was read as', () => {
  const cache = fresh()
  cache.importCandles(hourly([0]), named('a', 3))
  assert.equal(cache.file('a', 'test'), named('a', 3))
  assert.is(cache.file('a', 'other'), null)
  cache.close()
})

test('risk tiers of a day replace those of the same day, and the newest day counts', () => {
  const cache = fresh()
  const row = (date: string, id: number, limit: string): TierRow => ({
    date,
    symbol: 'BTCUSDT',
    id,
    limit,
    maintenanceMargin: 0.005 * id,
    initialMargin: 0.01 * id,
    maxLeverage: '100.00',
    deduction: id === 1 ? null : '1200',
  })
  cache.importTiers([row('2026-01-01', 1, '200000')], named('a', 1))
  cache.importTiers([row('2026-01-02', 2, '4'), row('2026-01-02', 1, '2')], named('b', 2))
  cache.importTiers([row('2026-01-02', 2, '9'), row('2026-01-02', 1, '3')], named('b', 2))
  assert.equal(cache.tiers(), [row('2026-01-02', 1, '3'), row('2026-01-02', 2, '9')])
  cache.close()
})

test('a cache of the schema before is read as it is, and taken along by whoever writes', () => {
  const path = freshPath()
  MarketCache.open(path, { readonly: false }).close()
  const db = new DatabaseSync(path)
  db.exec('DROP TABLE tiers; PRAGMA user_version = 1')
  db.close()
  const reader = MarketCache.open(path, { readonly: true })
  assert.equal(reader.tiers(), [])
  reader.close()
  const writer = MarketCache.open(path, { readonly: false })
  writer.importCandles(hourly([0]), named('a', 1))
  assert.equal([writer.tiers(), writer.list().length], [[], 1])
  writer.close()
})

test('a database of a later bbw, of something else and of nothing is refused', () => {
  const later = freshPath()
  MarketCache.open(later, { readonly: false }).close()
  const db = new DatabaseSync(later)
  db.exec('PRAGMA user_version = 99')
  db.close()
  for (const readonly of [true, false]) {
    assert.match(failed(() => MarketCache.open(later, { readonly })).message, 'later bbw (schema 99')
  }
  const foreign = freshPath()
  const other = new DatabaseSync(foreign)
  other.exec('CREATE TABLE theirs (x)')
  other.close()
  assert.match(failed(() => MarketCache.open(foreign, { readonly: false })).message, 'not its own')
  assert.match(failed(() => MarketCache.open(foreign, { readonly: true })).message, 'not a market cache')
  const text = freshPath()
  writeFileSync(text, 'this is a text and no database, however long one makes it '.repeat(20))
  assert.match(failed(() => MarketCache.open(text, { readonly: false })).message, 'not a database')
  assert.match(
    failed(() => MarketCache.open(join(folder, 'no', 'where.db'), { readonly: true })).message,
    'where.db',
  )
})

test('a chunk that is cut short is told from data', () => {
  const path = freshPath()
  const cache = MarketCache.open(path, { readonly: false })
  cache.importCandles(hourly(range(0, 10)), named('a'))
  cache.close()
  const db = new DatabaseSync(path)
  db.exec('UPDATE chunks SET data = substr(data, 1, 100)')
  db.close()
  const damaged = MarketCache.open(path, { readonly: true })
  const error = failed(() => damaged.candles('BTCUSDT', '1h'))
  assert.match(error.message, 'not as long as it should be')
  assert.is(error.retryable, false)
  damaged.close()
})

test('a reader sees whole imports while another connection writes', () => {
  const path = freshPath()
  const writer = MarketCache.open(path, { readonly: false })
  const reader = MarketCache.open(path, { readonly: true })
  writer.importCandles(hourly(range(0, 10)), named('a'))
  assert.is(reader.candles('BTCUSDT', '1h')?.length, 10)
  writer.importCandles(hourly(range(10, 5_000)), named('b'))
  assert.is(reader.candles('BTCUSDT', '1h')?.length, 5_000)
  assert.match(failed(() => reader.importCandles(hourly([0]), named('c'))).message, 'readonly')
  reader.close()
  writer.close()
})

test('one of a process that trades waits for the lock of an import for no more than a moment', () => {
  const path = freshPath()
  const cache = MarketCache.open(path, { readonly: false })
  cache.bePrompt()
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  // Would it wait as long as an import may take, this test would be stopped.
  const error = failed(() => cache.importCandles(hourly([1]), named('a')))
  assert.equal([error.trouble, error.retryable], ['busy', true])
  other.exec('ROLLBACK')
  other.close()
  assert.is(cache.importCandles(hourly([1]), named('a')).added, 1)
  cache.close()
})

test.run()
