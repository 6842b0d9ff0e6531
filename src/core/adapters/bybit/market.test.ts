import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { DAY, HOUR } from '../../base/units.ts'
import { ok } from './loopback.fixture.ts'
import { MarketServer, marketOver, NOW, priceAt } from './market.fixture.ts'

const test = suite('bybit market')

const LAUNCHED = Date.UTC(2024, 0, 1)
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'ADAUSDT'].map(symbol => ({
  symbol,
  launched: LAUNCHED,
}))
const TODAY = Math.floor(NOW / DAY) * DAY

async function thrownBy(work: Promise<unknown>): Promise<ExchangeError> {
  try {
    await work
  } catch (error) {
    if (error instanceof ExchangeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

test('lists come with all their pages', async () => {
  const server = new MarketServer(SYMBOLS)
  const { market } = marketOver(server)
  const { items, at } = await market.instruments()
  assert.equal(
    items.map(({ symbol }) => symbol),
    SYMBOLS.map(({ symbol }) => symbol),
  )
  assert.equal([at, server.count('instruments-info')], [NOW, 3])
  assert.equal([(await market.riskTiers()).items.length, server.count('risk-limit')], [5, 5])
  assert.equal([(await market.tickers()).items.length, server.count('tickers')], [5, 1])
})

test('a list that goes round in a circle, or loses a page, is an error and no list', async () => {
  const server = new MarketServer(SYMBOLS)
  server.interfere = ({ query }) =>
    query.get('cursor') === '2'
      ? { body: JSON.stringify({ ...ok({ category: 'linear', list: [], nextPageCursor: '2' }), time: NOW }) }
      : null
  const { market } = marketOver(server)
  const error = await thrownBy(market.instruments())
  assert.match(error.message, /E313/)
  server.interfere = ({ query }) => (query.get('cursor') === '2' ? { status: 502 } : null)
  assert.is((await thrownBy(market.instruments())).why, 'busy')
})

test('the candles of a window are its closed ones, oldest first', async () => {
  const server = new MarketServer(SYMBOLS)
  const { market } = marketOver(server)
  const days = await market.candles('BTCUSDT', '1d', { from: TODAY - 3 * DAY, to: TODAY + DAY })
  assert.equal(
    days.map(({ start }) => start),
    [TODAY - 3 * DAY, TODAY - 2 * DAY, TODAY - DAY],
  )
  assert.is(days[0].open, priceAt('BTCUSDT', TODAY - 3 * DAY))
  const mark = await market.mark('BTCUSDT', '1h', { from: TODAY, to: TODAY + 3 * HOUR })
  assert.is(mark.length, 3)
  assert.equal(await market.candles('BTCUSDT', '1d', { from: LAUNCHED - 9 * DAY, to: LAUNCHED }), [])
})

test('a hole is asked for once more, and then taken for one', async () => {
  const server = new MarketServer(SYMBOLS)
  const { market } = marketOver(server)
  server.holes.add(TODAY - 3 * DAY)
  const range = { from: TODAY - 5 * DAY, to: TODAY }
  assert.is((await market.candles('BTCUSDT', '1d', range)).length, 4)
  assert.equal([server.count('kline'), server.asked[1].query.get('start')], [2, String(TODAY - 3 * DAY)])
  // It was only the first answer that lacked it.
  const again = new MarketServer(SYMBOLS)
  again.holes.add(TODAY - 3 * DAY)
  again.interfere = ({ ordinal }) => {
    if (ordinal === 2) again.holes.clear()
    return null
  }
  assert.is((await marketOver(again).market.candles('BTCUSDT', '1d', range)).length, 5)
})

test('an answer to another question is none', async () => {
  const server = new MarketServer(SYMBOLS)
  const { market } = marketOver(server)
  const range = { from: TODAY - 2 * DAY, to: TODAY }
  for (const result of [
    { symbol: 'ETHUSDT', category: 'linear', list: [] },
    { symbol: 'BTCUSDT', category: 'inverse', list: [] },
  ]) {
    server.interfere = () => ({ body: JSON.stringify({ ...ok(result), time: NOW }) })
    const error = await thrownBy(market.candles('BTCUSDT', '1d', range))
    assert.equal([error.why, error.ambiguous], ['unreadable', false])
  }
  server.interfere = () => ({ body: JSON.stringify({ ...ok({ category: 'spot', list: [] }), time: NOW }) })
  assert.is((await thrownBy(market.tickers())).why, 'unreadable')
  server.interfere = () => ({
    body: JSON.stringify({ ...ok({ category: 'linear', list: [] }), time: undefined }),
  })
  assert.match((await thrownBy(market.tickers())).message, /when it was made/)
})

test('settlements are walked back to the beginning, whatever their spacing', async () => {
  for (const [fundingHours, pages] of [
    [8, 1],
    [4, 2],
    [1, 8],
  ] as const) {
    const server = new MarketServer([{ symbol: 'BTCUSDT', launched: LAUNCHED, fundingHours }])
    const { market } = marketOver(server)
    const range = { from: TODAY - 66 * DAY, to: TODAY }
    const settled = await market.settlements('BTCUSDT', range)
    assert.is(settled.length, (66 * 24) / fundingHours)
    assert.ok(settled.every(({ time }, k) => k === 0 || time - settled[k - 1].time === fundingHours * HOUR))
    assert.is(server.count('funding/history'), pages)
    assert.ok(server.asked.every(({ query }) => query.has('startTime') && query.has('endTime')))
  }
})

test("the exchange's time can be asked for", async () => {
  const { market } = marketOver(new MarketServer(SYMBOLS))
  assert.is(Math.floor(await market.now()), NOW)
})

test.run()
