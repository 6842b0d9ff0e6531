import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../../../base/units.ts'
import { marketOf, type Rows, START, still, TestClient, TIERS } from './bybit.fixture.ts'

const test = suite('market routes')

const minutes = Array.from({ length: 30 }, (_, k) => [100 + k, 101 + k, 99 + k, 101 + k] as const)

function later(ms: number): TestClient {
  const client = new TestClient([marketOf(minutes)])
  client.sim.advance(START + ms)
  return client
}

function kline(client: TestClient, params: object): readonly (readonly string[])[] {
  const asked = { category: 'linear', symbol: 'XUSDT', interval: '1', ...params }
  return client.get<{ list: string[][] }>('/v5/market/kline', asked).result.list
}

test('candles come newest first, 200 of them, the one under way included', () => {
  const rows = kline(later(10 * MINUTE + 20_000), {})
  assert.is(rows.length, 200)
  assert.is(rows[0][0], String(START + 10 * MINUTE))
  assert.is(rows[1][0], String(START + 9 * MINUTE))
  assert.equal(rows[1].slice(1, 5), ['109.0', '110.0', '108.0', '110.0'])
  assert.is(rows[1].length, 7)
})

test('the start is floored to its candle, and of a window wider than the limit the newest rows are kept', () => {
  const client = later(20 * MINUTE)
  const window = { start: START + 90_000, end: START + 5 * MINUTE }
  const rows = kline(client, window)
  assert.equal(
    rows.map(row => (Number(row[0]) - START) / MINUTE),
    [5, 4, 3, 2, 1],
  )
  assert.equal(
    kline(client, { ...window, limit: 2 }).map(row => (Number(row[0]) - START) / MINUTE),
    [5, 4],
  )
})

test('with a start alone the rows go on from there', () => {
  const rows = kline(later(20 * MINUTE), { start: START, limit: 3 })
  assert.equal(
    rows.map(row => (Number(row[0]) - START) / MINUTE),
    [2, 1, 0],
  )
})

test('weeks begin on Mondays, months on the first', () => {
  const [week] = kline(later(MINUTE), { interval: 'W', limit: 1 })
  assert.is(week[0], String(Date.UTC(2025, 2, 3)))
  const [month] = kline(later(MINUTE), { interval: 'M', limit: 1 })
  assert.is(month[0], String(Date.UTC(2025, 2, 1)))
  assert.is(later(0).get('/v5/market/kline', { symbol: 'XUSDT', interval: '7' }).retCode, 10001)
})

test('of the mark price and of the premium there are candles of five columns', () => {
  for (const path of ['/v5/market/mark-price-kline', '/v5/market/premium-index-price-kline']) {
    const params = { category: 'linear', symbol: 'XUSDT', interval: '5' }
    const [row] = later(HOUR).get<{ list: string[][] }>(path, params).result.list
    assert.is(row.length, 5)
  }
})

test('tickers without a symbol are all of them, in one reply', () => {
  const { list } = later(0).get('/v5/market/tickers', { category: 'linear' }).result
  assert.is(list.length, 1)
  assert.is(list[0].lastPrice, '100.0')
  assert.is(list[0].bid1Price, '99.9')
  assert.is(list[0].ask1Price, '100.1')
  assert.is(list[0].nextFundingTime, String(Date.UTC(2025, 2, 3, 16)))
})

test('settlements of funding are listed newest first, and a start alone is an error', () => {
  const client = later(10 * HOUR)
  const asked = { category: 'linear', symbol: 'XUSDT' }
  const { list } = client.get('/v5/market/funding/history', asked).result
  assert.is(list[0].fundingRateTimestamp, String(Date.UTC(2025, 2, 3, 16)))
  assert.is(list[0].fundingRate, '0.0001')
  assert.is(client.get('/v5/market/funding/history', { ...asked, startTime: START }).retCode, 10001)
})

test('risk tiers are those that are recorded, or one that follows from the greatest leverage', () => {
  const asked = { category: 'linear', symbol: 'XUSDT' }
  const derived = later(0).get('/v5/market/risk-limit', asked).result.list
  assert.equal(
    derived.map(({ maxLeverage, riskLimitValue, mmDeduction }) => [maxLeverage, riskLimitValue, mmDeduction]),
    [['50', '2000000', '']],
  )
  const client = new TestClient([{ ...marketOf(still(100)), tiers: TIERS }])
  const { list } = client.get('/v5/market/risk-limit', asked).result
  assert.equal(
    list.map(({ id, maxLeverage, riskLimitValue, mmDeduction, isLowestRisk }) =>
      [id, maxLeverage, riskLimitValue, mmDeduction, isLowestRisk].join(' '),
    ),
    ['1 50 1000  1', '2 25 5000 10 0', '3 10 20000 160 0'],
  )
})

test('the book has as many levels as are asked for, its best at a tick from the last price', () => {
  const params = { category: 'linear', symbol: 'XUSDT', limit: 3 }
  const { result } = later(0).get<{ a: string[][]; b: string[][]; u: number }>('/v5/market/orderbook', params)
  assert.equal(
    result.a.map(([price]) => price),
    ['100.1', '100.2', '100.3'],
  )
  assert.equal(
    result.b.map(([price]) => price),
    ['99.9', '99.8', '99.7'],
  )
})

test('trades are newest first, open interest is paged by a cursor', () => {
  const client = later(MINUTE)
  const { list } = client.get('/v5/market/recent-trade', {
    category: 'linear',
    symbol: 'XUSDT',
    limit: 5,
  }).result
  assert.is(list.length, 5)
  assert.ok(Number(list[0].time) > Number(list[4].time))
  const asked = { category: 'linear', symbol: 'XUSDT', intervalTime: '5min', limit: 2 }
  const first = client.get<Rows>('/v5/market/open-interest', asked).result
  const second = client.get<Rows>('/v5/market/open-interest', {
    ...asked,
    cursor: first.nextPageCursor,
  }).result
  assert.is(Number(first.list[1].timestamp) - Number(second.list[0].timestamp), 5 * MINUTE)
})

test('an instrument has its filters, and one that is not listed is a parameter error', () => {
  const client = later(0)
  const { list } = client.get<{ list: { lotSizeFilter: { qtyStep: string }; fundingInterval: number }[] }>(
    '/v5/market/instruments-info',
    { category: 'linear' },
  ).result
  assert.is(list[0].lotSizeFilter.qtyStep, '0.001')
  assert.is(list[0].fundingInterval, 480)
  const absent = client.get('/v5/market/instruments-info', { category: 'linear', symbol: 'NOUSDT' })
  assert.is(absent.retCode, 10001)
  assert.equal(
    client.get('/v5/market/instruments-info', { category: 'linear', status: 'PreLaunch' }).result.list,
    [],
  )
})

test('the price limits lie around the mark price', () => {
  const { result } = later(0).get<{ buyLmt: string; sellLmt: string }>('/v5/market/price-limit', {
    symbol: 'XUSDT',
  })
  assert.equal([result.buyLmt, result.sellLmt], ['102.0', '98.0'])
  assert.is(later(DAY).get('/v5/market/time').retCode, 0)
})

test.run()
