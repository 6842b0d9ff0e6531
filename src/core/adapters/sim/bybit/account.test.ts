import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../../../base/units.ts'
import { instrument } from '../exchange.fixture.ts'
import { BybitAccount } from './account.ts'
import { type KeyInfo, READING_ROUTES } from './account-routes.ts'
import { marketOf, type Rows, START, still, TestClient } from './bybit.fixture.ts'
import { closingSide, isOpen, isTpsl, openingSide, sideOf } from './order.ts'
import { orderShape } from './shapes.ts'
import { TRADING_ROUTES } from './trade-routes.ts'

const test = suite('account')

test('ids follow from the seed, look like those of the exchange and never repeat', () => {
  const make = (seed: string): BybitAccount => new BybitAccount(0n, seed, () => instrument)
  const [one, same, other] = [make('a'), make('a'), make('b')]
  const ids = Array.from({ length: 100 }, () => one.nextId())
  assert.equal(
    ids,
    ids.map(() => same.nextId()),
  )
  assert.is(new Set([...ids, other.nextId()]).size, 101)
  assert.match(ids[0], /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
})

test('what is told of an order is as it was then, whatever becomes of it', () => {
  const client = new TestClient([marketOf(still(100))])
  const account = client.sim.desk.account
  client.raw('POST', '/v5/order/create', {})
  const order = client.sim.desk.create({
    symbol: 'XUSDT',
    side: 'Buy',
    type: 'Limit',
    steps: 1_000 as never,
    price: 990 as never,
    timeInForce: 'GTC',
    orderLinkId: 'x',
    positionIdx: 0,
    reduceOnly: false,
    closeOnTrigger: false,
    trigger: null,
    attached: null,
  })
  client.sim.desk.cancel(order)
  const told = account.take().flatMap(event => (event.topic === 'order' ? [event.order.status] : []))
  assert.equal(told, ['New', 'Cancelled'])
  assert.not(isOpen(order))
  assert.not(isTpsl(order))
  assert.is(orderShape(client.sim.desk, order).leavesQty, '0.000')
})

test('the order sides of positions are their own inverse', () => {
  assert.equal([openingSide('long'), closingSide('long'), sideOf('Buy')], ['Buy', 'Sell', 'long'])
  assert.equal([openingSide('short'), closingSide('short'), sideOf('Sell')], ['Sell', 'Buy', 'short'])
})

test('orders that are cancelled whole are forgotten after a day, filled ones are kept', () => {
  const client = new TestClient([marketOf(still(100))])
  client.order({ side: 'Buy', orderLinkId: 'filled' })
  client.order({ side: 'Buy', orderType: 'Limit', price: '99', orderLinkId: 'gone' })
  client.post('/v5/order/cancel', { symbol: 'XUSDT', orderLinkId: 'gone' })
  const names = (): readonly string[] =>
    client.get('/v5/order/history', { category: 'linear' }).result.list.map(order => order.orderLinkId)
  assert.equal(names(), ['gone', 'filled'])
  client.sim.advance(START + DAY + MINUTE)
  assert.equal(names(), ['filled'])
})

test('closed orders are listed among the open ones on request, or when they are named', () => {
  const client = new TestClient([marketOf(still(100))])
  const { orderId } = client.order({ side: 'Buy', orderLinkId: 'filled' }).result
  const list = (params: object): number =>
    client.get('/v5/order/realtime', { category: 'linear', ...params }).result.list.length
  assert.is(list({ symbol: 'XUSDT' }), 0)
  assert.is(list({ symbol: 'XUSDT', openOnly: 1 }), 1)
  assert.is(list({ settleCoin: 'USDT', orderId }), 1)
  assert.is(list({ symbol: 'XUSDT', orderLinkId: 'filled' }), 1)
  client.sim.desk.account.forgetClosed()
  assert.is(list({ symbol: 'XUSDT', orderLinkId: 'filled' }), 0)
  assert.is(client.get('/v5/order/realtime', { category: 'linear' }).retCode, 10001)
})

test('lists go page by page, newest first', () => {
  const client = new TestClient([marketOf(still(100))])
  for (let k = 0; k < 7; k++) {
    client.order({ side: 'Buy', orderType: 'Limit', price: '99', orderLinkId: `n${k}` })
    client.sim.advance(client.sim.now + 200)
  }
  const ids: string[] = []
  let cursor = ''
  do {
    const { result } = client.get<Rows>('/v5/order/realtime', {
      category: 'linear',
      symbol: 'XUSDT',
      limit: 3,
      cursor,
    })
    ids.push(...result.list.map(({ orderLinkId }) => orderLinkId))
    cursor = result.nextPageCursor
  } while (cursor !== '')
  assert.equal(ids, ['n6', 'n5', 'n4', 'n3', 'n2', 'n1', 'n0'])
})

test('positions by coin are those that are held, by symbol it is there at any rate', () => {
  const client = new TestClient([marketOf(still(100))])
  const held = (): number =>
    client.get('/v5/position/list', { category: 'linear', settleCoin: 'USDT' }).result.list.length
  assert.is(client.position().size, '0.000')
  assert.is(held(), 0)
  client.order({ side: 'Sell' })
  assert.is(held(), 1)
  const inverse = client.get('/v5/position/list', { category: 'inverse', settleCoin: 'BTC' })
  assert.equal([inverse.retCode, inverse.result.list], [0, []])
  const { side, liqPrice, stopLoss, positionIM } = client.position()
  assert.equal([side, liqPrice, stopLoss, positionIM], ['Sell', '108.9', '', '10.0605'])
})

test('the log of a day is what is shown without a window, and a window has at most seven', () => {
  const client = new TestClient([marketOf(still(100))])
  client.order({ side: 'Buy' })
  client.sim.advance(START + 25 * HOUR)
  const log = (params: object) => client.get('/v5/account/transaction-log', { ...params })
  assert.is(log({ type: 'TRADE' }).result.list.length, 0)
  assert.is(log({ type: 'TRADE', startTime: START, endTime: START + DAY }).result.list.length, 1)
  assert.is(log({ startTime: START, endTime: START + 8 * DAY }).retCode, 10001)
})

test('the margin mode is switched while there is nothing, refused with a position or an order, and there are two', () => {
  const client = new TestClient([marketOf(still(100))])
  const mode = (): string => client.get<{ marginMode: string }>('/v5/account/info').result.marginMode
  const set = (setMarginMode: string): number => {
    client.pass(1_000)
    return client.post('/v5/account/set-margin-mode', { setMarginMode }).retCode
  }
  assert.is(mode(), 'ISOLATED_MARGIN')
  assert.equal([set('ISOLATED_MARGIN'), set('PORTFOLIO_MARGIN'), set('CROSS')], [0, 3_400_045, 10_001])
  assert.equal([set('REGULAR_MARGIN'), mode()], [0, 'REGULAR_MARGIN'])
  const { orderId } = client.order({ side: 'Buy', orderType: 'Limit', price: '99' }).result
  assert.equal([set('ISOLATED_MARGIN'), mode()], [3_400_045, 'REGULAR_MARGIN'])
  client.post('/v5/order/cancel', { symbol: 'XUSDT', orderId })
  client.order({ side: 'Buy' })
  assert.equal([set('ISOLATED_MARGIN'), set('REGULAR_MARGIN')], [3_400_045, 0])
  client.order({ side: 'Sell', reduceOnly: true })
  assert.equal([set('ISOLATED_MARGIN'), mode()], [0, 'ISOLATED_MARGIN'])
  const started = new TestClient([marketOf(still(100))], { marginMode: 'REGULAR_MARGIN' })
  assert.is(started.get<{ marginMode: string }>('/v5/account/info').result.marginMode, 'REGULAR_MARGIN')
})

test('the rates of the fees are told', () => {
  const client = new TestClient([marketOf(still(100))])
  const fees = client.get('/v5/account/fee-rate', { category: 'linear', symbol: 'XUSDT' }).result.list
  assert.equal([fees[0].takerFeeRate, fees[0].makerFeeRate], ['0.00055', '0.0002'])
})

test('a key says what it may do', () => {
  const keyInfo: Partial<KeyInfo> = { canWithdraw: true, expiresAt: '2025-04-01T00:00:00Z' }
  const client = new TestClient([marketOf(still(100))], { keyInfo })
  const { result } = client.get<{ permissions: { Wallet: string[] }; expiredAt: string; uta: number }>(
    '/v5/user/query-api',
  )
  assert.ok(result.permissions.Wallet.includes('Withdraw'))
  assert.equal([result.expiredAt, result.uta], ['2025-04-01T00:00:00Z', 1])
})

test('reading and trading are kept apart by their paths', () => {
  for (const path of Object.keys(READING_ROUTES)) assert.not(path in TRADING_ROUTES)
})

test.run()
