import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE } from '../../../base/units.ts'
import { marketOf, START, still, TestClient } from './bybit.fixture.ts'
import { publicTopic } from './public-topic.ts'

const test = suite('public topics')

test('a topic has a known name, a known interval or depth and a symbol that is traded', () => {
  const { desk } = new TestClient([marketOf(still(100))]).sim
  for (const name of ['tickers.XUSDT', 'kline.D.XUSDT', 'publicTrade.XUSDT', 'orderbook.200.XUSDT'])
    assert.ok(publicTopic(desk, name) !== null, name)
  for (const name of [
    'tickers.NOUSDT',
    'kline.2.XUSDT',
    'orderbook.25.XUSDT',
    'XUSDT',
    'tickers.1.XUSDT',
    '',
  ])
    assert.is(publicTopic(desk, name), null, name)
  desk.delist('XUSDT', START + MINUTE)
  desk.advance(START + HOUR)
  assert.is(publicTopic(desk, 'tickers.XUSDT'), null)
})

test('what has been told is not told again before time goes on', () => {
  const { sim } = new TestClient([marketOf([[100, 105, 95, 102]])])
  sim.desk.advance(START + 1_000)
  for (const name of ['tickers.XUSDT', 'kline.1.XUSDT', 'orderbook.50.XUSDT']) {
    const topic = publicTopic(sim.desk, name)
    assert.is(topic?.messages().length, 1, name)
    assert.is(topic?.messages().length, 0, name)
  }
})

test('after a long silence as many trades are told at once as a message holds', () => {
  const { sim } = new TestClient([marketOf(still(100))])
  const topic = publicTopic(sim.desk, 'publicTrade.XUSDT')
  sim.desk.advance(START + HOUR)
  const [message] = topic?.messages() ?? []
  assert.is((message.data as object[]).length, 1_024)
})

test.run()
