/** bbw's own mapper reads everything that the simulated Bybit says: replies, messages, refusals. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE } from '../../../base/units.ts'
import { accountInfo, feeRate, keyInfo, transaction, walletRow } from '../../bybit/mapper-account.ts'
import {
  candleRows,
  listedInstrument,
  markRows,
  openInterest,
  pageOf,
  publicTrade,
  riskTier,
  serverTime,
  settlement,
  ticker,
} from '../../bybit/mapper-market.ts'
import { closedPnl, executionRow, orderAck, orderRow, positionRow } from '../../bybit/mapper-orders.ts'
import { streamMessage } from '../../bybit/mapper-stream.ts'
import { priceLimit, tradeAnswer } from '../../bybit/unasked.fixture.ts'
import { type Minutes, marketOf, START, TestClient } from './bybit.fixture.ts'

const test = suite('own mapper')

const rows: Minutes = Array.from(
  { length: 600 },
  (_, k) => [100 + (k % 7), 108, 98, 100 + ((k + 1) % 7)] as const,
)
const SYMBOL = { category: 'linear', symbol: 'XUSDT' }

/** An account with something of everything. */
function lively(): TestClient {
  const client = new TestClient([marketOf(rows)])
  client.order({ side: 'Buy', qty: '2', stopLoss: '90', takeProfit: '120', orderLinkId: 'a' })
  client.order({ side: 'Sell', qty: '1', reduceOnly: true })
  client.order({ side: 'Buy', orderType: 'Limit', price: '97', stopLoss: '90' })
  client.order({ side: 'Buy', triggerPrice: '115', triggerDirection: 1 })
  client.sim.desk.transfer(5)
  client.sim.advance(START + 8 * HOUR)
  client.sim.take()
  return client
}

test('replies about the market are read', () => {
  const client = lively()
  const result = (path: string, params: object = {}): unknown =>
    client.get<unknown>(path, { ...SYMBOL, ...params }).result
  assert.is(serverTime(result('/v5/market/time')), client.sim.now)
  assert.is(pageOf(result('/v5/market/instruments-info'), listedInstrument).items.length, 1)
  assert.is(pageOf(result('/v5/market/tickers'), ticker).items.length, 1)
  assert.is(candleRows(result('/v5/market/kline', { interval: '1' })).rows.length, 200)
  assert.is(markRows(result('/v5/market/mark-price-kline', { interval: '1' })).rows.length, 200)
  assert.ok(pageOf(result('/v5/market/funding/history'), settlement).items.length > 0)
  assert.is(pageOf(result('/v5/market/risk-limit'), riskTier).items.length, 1)
  assert.ok(
    pageOf(result('/v5/market/open-interest', { intervalTime: '1h' }), openInterest).items.length > 30,
  )
  assert.ok(Number(priceLimit(result('/v5/market/price-limit')).highestBuy) > 0)
  assert.ok(pageOf(result('/v5/market/recent-trade'), publicTrade).items.length > 0)
})

test('replies about the account are read', () => {
  const client = lively()
  const result = (path: string, params: object = {}): unknown =>
    client.get<unknown>(path, { ...SYMBOL, ...params }).result
  assert.is(pageOf(result('/v5/order/realtime'), orderRow).items.length, 4)
  assert.ok(pageOf(result('/v5/order/history'), orderRow).items.length > 0)
  assert.ok(pageOf(result('/v5/execution/list'), executionRow).items.length > 2)
  assert.is(pageOf(result('/v5/position/list'), positionRow).items.length, 1)
  assert.is(pageOf(result('/v5/position/closed-pnl'), closedPnl).items.length, 1)
  assert.ok(pageOf(result('/v5/account/transaction-log'), transaction).items.length > 3)
  assert.is(pageOf(result('/v5/account/fee-rate'), feeRate).items.length, 1)
  const wallet = client.get<unknown>('/v5/account/wallet-balance', { accountType: 'UNIFIED' }).result
  assert.is(pageOf(wallet, walletRow).items.length, 1)
  assert.ok(accountInfo(result('/v5/account/info')) !== null)
  assert.ok(keyInfo(result('/v5/user/query-api')) !== null)
  assert.ok(orderAck(client.order({ side: 'Buy' }).result) !== null)
})

test('messages of all streams are read', () => {
  const client = lively()
  const open = client.socket('public', [
    'tickers.XUSDT',
    'kline.1.XUSDT',
    'publicTrade.XUSDT',
    'orderbook.50.XUSDT',
  ])
  const own = client.socket('private', ['order', 'execution', 'position', 'wallet'])
  client.order({ side: 'Buy', stopLoss: '90' })
  client.order({ side: 'Sell', qty: '0', reduceOnly: true, closeOnTrigger: true })
  client.pass(2 * MINUTE)
  const kinds = new Set<string>()
  for (const frame of [...client.heard(open), ...client.heard(own)]) {
    if (frame.topic === undefined) continue
    const message = streamMessage(frame)
    assert.ok(message !== null, String(frame.topic))
    if (message !== null) kinds.add(message.kind)
  }
  for (const kind of ['ticker', 'candles', 'trades', 'book']) assert.ok(kinds.has(kind), kind)
  assert.ok(kinds.size >= 8, [...kinds].join(' '))
})

test('answers of the order channel are read', () => {
  const client = lively()
  const id = client.opened('trade')
  client.authenticate(id)
  client.heard(id)
  const header = { 'X-BAPI-TIMESTAMP': String(Math.floor(client.sim.now)) }
  const args = [{ ...SYMBOL, side: 'Buy', orderType: 'Market', qty: '1', orderLinkId: 'once' }]
  for (const reqId of ['1', '2']) client.say(id, { reqId, header, op: 'order.create', args })
  const [taken, refused] = client.heard(id).map(tradeAnswer)
  assert.ok(taken !== null && refused !== null)
})

test.run()
