import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE, type Steps } from '../../../base/units.ts'
import { instrument as XUSDT } from '../exchange.fixture.ts'
import { amountText } from './amount.ts'
import { type Minutes, marketOf, PLAIN_COSTS, START, still, TestClient } from './bybit.fixture.ts'

const test = suite('desk')

function on(minutes: Minutes, wallet = 1_000): TestClient {
  const client = new TestClient([marketOf(minutes)], { wallet })
  client.post('/v5/position/set-leverage', { symbol: 'XUSDT', buyLeverage: '5', sellLeverage: '5' })
  return client
}

/** A market that stands at 100 and goes to a price within the second minute. */
function to(price: number, ...then: readonly number[]): Minutes {
  const rows: (readonly [number, number, number, number])[] = [[100, 100, 100, 100]]
  let from = 100
  for (const next of [price, ...then]) {
    rows.push([from, Math.max(from, next), Math.min(from, next), next])
    from = next
  }
  return rows
}

test('a market order fills at once, and a position, a fee and a wallet follow', () => {
  const client = on(still(100))
  const { retCode, result } = client.order({ side: 'Buy', orderLinkId: 'one' })
  assert.is(retCode, 0)
  const order = client.found(result.orderId)
  assert.is(order.orderStatus, 'Filled')
  assert.is(order.cumExecQty, '1.000')
  assert.is(order.avgPrice, '100')
  assert.is(order.timeInForce, 'IOC')
  const { side, size, avgPrice, leverage, liqPrice } = client.position()
  assert.equal([side, size, avgPrice, leverage, liqPrice], ['Buy', '1.000', '100', '5', '80.8'])
  assert.is(client.balance(), '999.945')
})

test('in a thin market a market order fills in part and the rest is cancelled', () => {
  const client = on(still(100))
  client.sim.desk.thin('XUSDT', 400 as Steps, false)
  const { result } = client.order({ side: 'Buy' })
  const order = client.found(result.orderId)
  assert.equal([order.orderStatus, order.cumExecQty, order.leavesQty], ['Cancelled', '0.400', '0.000'])
  assert.is(order.rejectReason, 'EC_NoImmediateQtyToFill')
  assert.is(client.position().size, '0.400')
})

test('a market order that would slip beyond its limit does not fill', () => {
  const client = new TestClient([marketOf(still(100))], { costs: { ...PLAIN_COSTS, slippage: 0.03 } })
  const { result } = client.order({ side: 'Buy' })
  assert.equal(
    [client.found(result.orderId).orderStatus, client.found(result.orderId).price],
    ['Cancelled', '102.0'],
  )
})

test('an immediate order with a price has the rest cancelled too', () => {
  const client = on(still(100))
  client.sim.desk.thin('XUSDT', 400 as Steps, false)
  const { result } = client.order({ side: 'Buy', orderType: 'Limit', price: '101', timeInForce: 'IOC' })
  assert.equal(
    [client.found(result.orderId).orderStatus, client.found(result.orderId).cumExecQty],
    ['Cancelled', '0.400'],
  )
})

test('a limit order rests, and fills when the price goes through it', () => {
  const client = on(to(97))
  const { result } = client.order({ side: 'Buy', orderType: 'Limit', price: '99' })
  assert.is(client.found(result.orderId).orderStatus, 'New')
  client.pass(2 * MINUTE)
  assert.is(client.found(result.orderId).orderStatus, 'Filled')
  const [execution] = client.get('/v5/execution/list', { category: 'linear' }).result.list
  assert.equal([execution.execPrice, execution.isMaker], ['99.0', true])
  assert.is(execution.execFee, '0.0198')
})

test('orders on several symbols fill at their own prices, in the order in which the market got there', () => {
  const other = { ...XUSDT, symbol: 'AUSDT' }
  const client = new TestClient([marketOf(to(97)), marketOf(to(98), other)])
  for (const symbol of ['AUSDT', 'XUSDT']) {
    client.order({ symbol, side: 'Buy', orderType: 'Limit', price: '99' })
  }
  client.pass(2 * MINUTE)
  const { list } = client.get('/v5/execution/list', { category: 'linear' }).result
  assert.equal(
    list.map(({ symbol, execPrice, isMaker }) => [symbol, execPrice, isMaker]),
    [
      ['AUSDT', '99.0', true],
      ['XUSDT', '99.0', true],
    ],
  )
})

test('a post-only order that would take is accepted and cancelled', () => {
  const client = on(still(100))
  const { retCode, result } = client.order({
    side: 'Buy',
    orderType: 'Limit',
    price: '100',
    timeInForce: 'PostOnly',
  })
  assert.is(retCode, 0)
  const order = client.found(result.orderId)
  assert.equal([order.orderStatus, order.rejectReason], ['Cancelled', 'EC_PostOnlyWillTakeLiquidity'])
  const rests = client.order({ side: 'Buy', orderType: 'Limit', price: '99.9', timeInForce: 'PostOnly' })
  assert.is(client.found(rests.result.orderId).orderStatus, 'New')
})

test('an immediate order that finds nothing is cancelled', () => {
  const client = on(still(100))
  const { result } = client.order({ side: 'Buy', orderType: 'Limit', price: '99', timeInForce: 'IOC' })
  assert.is(client.found(result.orderId).orderStatus, 'Cancelled')
  assert.is(client.open().length, 0)
})

test('a price beyond its limit is brought to it, or refused where the account says so', () => {
  const client = on(still(100))
  const { result } = client.order({ side: 'Buy', orderType: 'Limit', price: '150' })
  assert.is(client.found(result.orderId).price, '102.0')
  client.post('/v5/account/set-limit-px-action', { modifyEnable: false })
  assert.is(client.order({ side: 'Buy', orderType: 'Limit', price: '150' }).retCode, 110003)
})

test('what breaks a filter is refused with its code', () => {
  const client = on(still(100))
  const codes = (params: object): number => {
    client.sim.advance(client.sim.now + 200)
    return client.order({ side: 'Buy', ...params }).retCode
  }
  assert.is(codes({ qty: '0.0005' }), 10001)
  assert.is(codes({ qty: '0' }), 10001)
  assert.is(codes({ qty: '0.01' }), 110094)
  assert.is(codes({ qty: '101' }), 10001)
  assert.is(codes({ orderType: 'Limit', price: '99.95' }), 10001)
  assert.is(codes({ orderType: 'Limit', price: '0' }), 10001)
  assert.is(codes({ symbol: 'NOUSDT' }), 10001)
  assert.is(codes({ side: 'buy' }), 10001)
  assert.is(codes({ timeInForce: 'FOK', orderType: 'Limit', price: '99' }), 10001)
  assert.is(codes({ orderLinkId: 'with space' }), 10001)
  assert.is(codes({ positionIdx: 1 }), 10001)
  assert.is(codes({ qty: '60' }), 10001)
  assert.is(codes({ qty: '20' }), 0)
  assert.is(codes({ qty: '49' }), 10001)
})

test('an order beyond the margin is refused', () => {
  const client = on(still(100), 100)
  assert.is(client.order({ side: 'Buy', qty: '5.1' }).retCode, 110007)
  assert.is(client.order({ side: 'Buy', qty: '4.5' }).retCode, 0)
  assert.is(client.order({ side: 'Buy', qty: '1' }).retCode, 110007)
  // Against the position it opens nothing.
  assert.is(client.order({ side: 'Sell', qty: '4.5' }).retCode, 0)
})

test('a link id is used once and never again', () => {
  const client = on(still(100))
  const limit = { side: 'Buy', orderType: 'Limit', price: '99', orderLinkId: 'mine' }
  assert.is(client.order(limit).retCode, 0)
  assert.equal(client.order(limit).retMsg, 'OrderLinkedID is duplicate')
  assert.is(client.post('/v5/order/cancel', { symbol: 'XUSDT', orderLinkId: 'mine' }).retCode, 0)
  assert.is(client.order(limit).retCode, 110072)
})

test('a reducing order is cut to the position, and without one refused', () => {
  const client = on(still(100))
  assert.is(client.order({ side: 'Sell', reduceOnly: true }).retCode, 110017)
  client.order({ side: 'Buy', qty: '2' })
  const { result } = client.order({ side: 'Sell', qty: '5', reduceOnly: true })
  assert.is(client.found(result.orderId).qty, '2.000')
  assert.is(client.position().size, '0.000')
})

test('a quantity of 0 closes all, and an order against the position turns it', () => {
  const client = on(still(100))
  client.order({ side: 'Buy', qty: '2' })
  const turned = client.order({ side: 'Sell', qty: '3' })
  assert.is(client.found(turned.result.orderId).orderStatus, 'Filled')
  assert.equal([client.position().side, client.position().size], ['Sell', '1.000'])
  const { result } = client.order({ side: 'Buy', qty: '0', reduceOnly: true, closeOnTrigger: true })
  assert.is(client.found(result.orderId).cumExecQty, '1.000')
  const { list } = client.get('/v5/position/closed-pnl', { category: 'linear' }).result
  assert.equal(
    list.map(({ closedSize }) => closedSize),
    ['1.000', '2.000'],
  )
  // Three fills of 100, 200, 200 and 100 USDT: fees and nothing else.
  assert.is(client.balance(), '999.67')
})

test('a reducing order goes with its position', () => {
  const client = on(still(100))
  client.order({ side: 'Buy' })
  const target = client.order({
    side: 'Sell',
    orderType: 'Limit',
    price: '101',
    reduceOnly: true,
  }).result.orderId
  client.order({ side: 'Sell', reduceOnly: true })
  const { orderStatus, cancelType } = client.found(target)
  assert.equal([orderStatus, cancelType], ['Cancelled', 'CancelByReduceOnly'])
})

test('an attached stop protects from the fill on, goes off at its price, and takes the target with it', () => {
  const client = on(to(90))
  client.order({ side: 'Buy', stopLoss: '95', takeProfit: '110' })
  assert.equal(
    client.open().map(({ stopOrderType, orderStatus }) => [stopOrderType, orderStatus]),
    [
      ['StopLoss', 'Untriggered'],
      ['TakeProfit', 'Untriggered'],
    ],
  )
  assert.equal([client.position().stopLoss, client.position().takeProfit], ['95.0', '110.0'])
  client.pass(2 * MINUTE)
  assert.is(client.position().size, '0.000')
  assert.is(client.open().length, 0)
  const { list } = client.get('/v5/position/closed-pnl', { category: 'linear' }).result
  assert.is(list[0].avgExitPrice, '95')
})

test('a stop and a target fill at their very prices, however fast the market goes through them', () => {
  for (let level = 950; level < 990; level++) {
    const [below, above] = [(level / 10).toFixed(1), ((2_000 - level) / 10).toFixed(1)]
    for (const [end, side, params, exit] of [
      [30, 'Buy', { stopLoss: below }, below],
      [170, 'Sell', { stopLoss: above }, above],
      [170, 'Buy', { takeProfit: above }, above],
      [30, 'Sell', { takeProfit: below }, below],
    ] as const) {
      const client = on(to(end))
      client.order({ side, ...params })
      client.pass(2 * MINUTE)
      const [{ price }] = client.sim.desk.account.executions.slice(-1)
      assert.is(price, Number(exit), `${side} to ${end}`)
    }
  }
})

test('an attached stop on the wrong side is refused', () => {
  const client = on(still(100))
  assert.is(client.order({ side: 'Buy', stopLoss: '101' }).retCode, 10001)
  assert.is(client.order({ side: 'Sell', takeProfit: '101' }).retCode, 10001)
})

test('a conditional order waits for its price, from the side that it says', () => {
  const client = on(to(104))
  const trigger = { side: 'Buy', triggerPrice: '103', triggerDirection: 1 }
  assert.is(client.order({ ...trigger, triggerPrice: '99' }).retCode, 110092)
  assert.is(client.order({ ...trigger, triggerDirection: 2 }).retCode, 110093)
  const { result } = client.order(trigger)
  assert.is(client.found(result.orderId).orderStatus, 'Untriggered')
  client.pass(2 * MINUTE)
  const order = client.found(result.orderId)
  assert.equal([order.orderStatus, order.avgPrice], ['Filled', '103'])
})

test('an amended order keeps its id, and what is not there cannot be amended or cancelled', () => {
  const client = on(to(97))
  const { orderId } = client.order({ side: 'Buy', orderType: 'Limit', price: '96' }).result
  const key = { symbol: 'XUSDT', orderId }
  assert.is(client.post('/v5/order/amend', { ...key, price: '98', qty: '2' }).retCode, 0)
  assert.is(client.post('/v5/order/amend', { ...key, price: '98' }).retCode, 10001)
  client.pass(2 * MINUTE)
  const { price, qty, orderStatus } = client.found(orderId)
  assert.equal([price, qty, orderStatus], ['98.0', '2.000', 'Filled'])
  assert.is(client.post('/v5/order/amend', { ...key, price: '97' }).retCode, 110001)
  assert.is(client.post('/v5/order/cancel', key).retCode, 110001)
})

test('an amendment to beyond the margin is refused and changes nothing', () => {
  const client = on(still(100), 100)
  const { orderId } = client.order({ side: 'Buy', orderType: 'Limit', price: '99' }).result
  assert.is(client.post('/v5/order/amend', { symbol: 'XUSDT', orderId, qty: '9' }).retCode, 110007)
  assert.is(client.found(orderId).qty, '1.000')
})

test('a cancel that meets the fill is too late, and the fill is told once more', () => {
  const client = on(still(100))
  const socket = client.socket('private', ['order'])
  const { orderId } = client.order({ side: 'Buy' }).result
  client.heard(socket)
  assert.is(client.post('/v5/order/cancel', { symbol: 'XUSDT', orderId }).retCode, 110001)
  const [told] = client.heard(socket)
  const [order] = told.data as { orderStatus: string; rejectReason: string }[]
  assert.equal([order.orderStatus, order.rejectReason], ['Filled', 'EC_OrigClOrdIDDoesNotExist'])
})

test('cancelling all takes stops too, unless only orders are meant', () => {
  const client = on(still(100))
  client.order({ side: 'Buy', stopLoss: '95' })
  client.order({ side: 'Buy', orderType: 'Limit', price: '99' })
  const scope = { symbol: 'XUSDT' }
  const first = client.post<{ list: object[] }>('/v5/order/cancel-all', { ...scope, orderFilter: 'Order' })
  assert.is(first.result.list.length, 1)
  assert.is(client.position().stopLoss, '95.0')
  const second = client.post<{ list: object[] }>('/v5/order/cancel-all', scope)
  assert.is(second.result.list.length, 1)
  assert.is(client.position().stopLoss, '')
  const { list } = client.get('/v5/order/realtime', {
    category: 'linear',
    symbol: 'XUSDT',
    openOnly: 1,
  }).result
  assert.equal(
    list.map(({ stopOrderType, orderStatus }) => [stopOrderType, orderStatus]),
    [
      ['StopLoss', 'Deactivated'],
      ['', 'Cancelled'],
      ['', 'Filled'],
    ],
  )
  assert.is(client.post('/v5/order/cancel-all', {}).retCode, 10001)
})

test('of more than five hundred orders five hundred are cancelled at once', () => {
  const other = { ...XUSDT, symbol: 'AUSDT' }
  const client = new TestClient([marketOf(still(100)), marketOf(still(100), other)], { wallet: 1_000_000 })
  for (let k = 0; k < 510; k++) {
    const symbol = k % 2 === 0 ? 'XUSDT' : 'AUSDT'
    assert.is(client.order({ symbol, side: 'Buy', orderType: 'Limit', price: '99' }).retCode, 0)
    client.sim.advance(client.sim.now + 200)
  }
  const cancel = (): number =>
    client.post<{ list: object[] }>('/v5/order/cancel-all', { settleCoin: 'USDT' }).result.list.length
  assert.equal([cancel(), cancel(), client.sim.desk.account.openOrders.length], [500, 10, 0])
})

test('a stop is changed in place, unchanged it is refused, and 0 takes it away', () => {
  const client = on(still(100))
  const stop = (params: object) =>
    client.post('/v5/position/trading-stop', { symbol: 'XUSDT', tpslMode: 'Full', positionIdx: 0, ...params })
  assert.is(stop({ stopLoss: '95' }).retCode, 10001)
  client.order({ side: 'Buy', stopLoss: '95' })
  const [{ orderId }] = client.open()
  assert.is(stop({ stopLoss: '97' }).retCode, 0)
  assert.equal(
    client.open().map(order => [order.orderId, order.triggerPrice]),
    [[orderId, '97.0']],
  )
  assert.is(stop({ stopLoss: '97' }).retCode, 34040)
  assert.is(stop({ stopLoss: '101' }).retCode, 110093)
  assert.is(stop({ takeProfit: '99' }).retCode, 110092)
  assert.is(stop({ takeProfit: '105' }).retCode, 0)
  assert.is(client.position().stopLoss, '97.0')
  assert.is(stop({ stopLoss: '0' }).retCode, 0)
  assert.equal([client.position().stopLoss, client.position().takeProfit], ['', '105.0'])
  assert.is(stop({}).retCode, 10001)
})

test('pairs are added up to twenty, and one leg takes the other with it', () => {
  const client = on(to(106))
  client.order({ side: 'Buy', qty: '4' })
  const pair = (takeProfit: string) =>
    client.post('/v5/position/trading-stop', {
      symbol: 'XUSDT',
      tpslMode: 'Partial',
      positionIdx: 0,
      takeProfit,
      stopLoss: '90',
      tpSize: '1',
      slSize: '1',
    })
  assert.is(pair('105').retCode, 0)
  assert.is(client.open().length, 2)
  client.pass(2 * MINUTE)
  assert.is(client.position().size, '3.000')
  assert.is(client.open().length, 0)
  for (let k = 0; k < 20; k++) {
    assert.is(pair('110').retCode, 0)
    client.sim.advance(client.sim.now + 200)
  }
  assert.is(pair('110').retCode, 110061)
})

test('a trailing stop follows the price up, and not down', () => {
  const client = on(to(110, 104))
  client.order({ side: 'Buy' })
  const reply = client.post('/v5/position/trading-stop', {
    symbol: 'XUSDT',
    trailingStop: '5',
    positionIdx: 0,
  })
  assert.is(reply.retCode, 0)
  client.pass(3 * MINUTE)
  const { list } = client.get('/v5/position/closed-pnl', { category: 'linear' }).result
  assert.is(list[0].avgExitPrice, '105')
})

test('ten conditional orders are the most of a symbol', () => {
  const client = on(still(100))
  for (let k = 0; k < 10; k++) {
    const trigger = { side: 'Buy', triggerPrice: '105', triggerDirection: 1 }
    assert.is(client.order(trigger).retCode, 0)
    client.sim.advance(client.sim.now + 200)
  }
  assert.is(client.order({ side: 'Buy', triggerPrice: '105', triggerDirection: 1 }).retCode, 110009)
})

test('five hundred active orders are the most of a symbol', () => {
  const client = on(still(100), 1_000_000)
  for (let k = 0; k < 500; k++) {
    assert.is(client.order({ side: 'Buy', orderType: 'Limit', price: '99' }).retCode, 0)
    client.sim.advance(client.sim.now + 200)
  }
  assert.is(client.order({ side: 'Buy', orderType: 'Limit', price: '99' }).retCode, 110020)
})

test('leverage is set in one step for both sides, within its tier', () => {
  const client = on(still(100))
  const set = (buyLeverage: string, sellLeverage = buyLeverage): number =>
    client.post('/v5/position/set-leverage', { symbol: 'XUSDT', buyLeverage, sellLeverage }).retCode
  assert.equal([set('5'), set('7', '8'), set('51'), set('0.5'), set('20')], [110043, 10001, 110013, 10001, 0])
  client.order({ side: 'Buy' })
  assert.is(set('10'), 0)
  assert.is(client.position().positionIM, '10.0495')
})

test('in hedge mode a symbol has a position on each side, each with its own leverage and stop', () => {
  const client = on(to(104))
  const mode = (number: number): number =>
    client.post('/v5/position/switch-mode', { coin: 'USDT', mode: number }).retCode
  assert.equal([mode(0), mode(3)], [110025, 0])
  const leverage = { symbol: 'XUSDT', buyLeverage: '5', sellLeverage: '8' }
  assert.is(client.post('/v5/position/set-leverage', leverage).retCode, 0)
  assert.is(client.order({ side: 'Buy' }).retCode, 10001)
  assert.is(client.order({ side: 'Buy', qty: '2', positionIdx: 1, stopLoss: '95' }).retCode, 0)
  assert.is(client.order({ side: 'Sell', positionIdx: 2, stopLoss: '103' }).retCode, 0)
  const both = () => client.get('/v5/position/list', { category: 'linear', symbol: 'XUSDT' }).result.list
  assert.equal(
    both().map(({ positionIdx, side, size, leverage, stopLoss }) => [
      positionIdx,
      side,
      size,
      leverage,
      stopLoss,
    ]),
    [
      [1, 'Buy', '2.000', '5', '95.0'],
      [2, 'Sell', '1.000', '8', '103.0'],
    ],
  )
  assert.equal([mode(0), mode(3)], [110024, 110025])
  // Without saying so an order against its side reduces, and never turns it.
  const { result } = client.order({ side: 'Sell', qty: '5', positionIdx: 1 })
  assert.is(client.found(result.orderId).cumExecQty, '2.000')
  client.pass(2 * MINUTE)
  assert.equal(
    both().map(({ size }) => size),
    ['0.000', '0.000'],
  )
  const { list } = client.get('/v5/position/closed-pnl', { category: 'linear' }).result
  assert.equal(
    list.map(({ side, avgExitPrice, leverage }) => [side, avgExitPrice, leverage]),
    [
      ['Buy', '103', '8'],
      ['Sell', '100', '5'],
    ],
  )
  client.order({ side: 'Buy', orderType: 'Limit', price: '103', positionIdx: 1 })
  assert.is(mode(0), 110028)
})

test('in hedge mode funding and liquidation are those of each side', () => {
  const client = on(still(100))
  client.post('/v5/position/switch-mode', { coin: 'USDT', mode: 3 })
  client.order({ side: 'Buy', qty: '3', positionIdx: 1 })
  client.order({ side: 'Sell', qty: '1', positionIdx: 2 })
  client.sim.advance(START + 8 * HOUR)
  const paid = client.get('/v5/execution/list', { category: 'linear', execType: 'Funding' }).result.list
  assert.equal(
    new Set(paid.map(({ side, execFee }) => `${side} ${execFee}`)),
    new Set(['Buy 0.03', 'Sell -0.01']),
  )
  client.sim.desk.seize('XUSDT', 'liquidation', 0 as Steps)
  const [bust] = client.get('/v5/execution/list', { category: 'linear' }).result.list
  assert.equal([bust.execType, bust.side, client.found(bust.orderId).positionIdx], ['BustTrade', 'Sell', 1])
})

test('what an order brings along can be amended', () => {
  const client = on(to(97))
  const { orderId } = client.order({ side: 'Buy', orderType: 'Limit', price: '99', stopLoss: '95' }).result
  const amend = (params: object): number =>
    client.post('/v5/order/amend', { symbol: 'XUSDT', orderId, ...params }).retCode
  assert.equal([amend({ stopLoss: '100' }), amend({ stopLoss: '96', takeProfit: '120' })], [10001, 0])
  assert.is(amend({ takeProfit: '0' }), 0)
  client.pass(2 * MINUTE)
  assert.equal([client.position().stopLoss, client.position().takeProfit], ['96.0', ''])
})

test('funding is paid at the boundary, and the log has what is received with its sign', () => {
  const client = on(still(100))
  client.order({ side: 'Buy', qty: '10' })
  client.sim.advance(START + 8 * HOUR)
  const now = client.sim.now
  const log = client.get('/v5/account/transaction-log', {
    type: 'SETTLEMENT',
    startTime: START,
    endTime: now,
  })
  assert.is(log.result.list[0].funding, '-0.1')
  assert.is(log.result.list[0].transactionTime, String(Date.UTC(2025, 2, 3, 16)))
  const paid = client.get('/v5/execution/list', { category: 'linear', execType: 'Funding' }).result.list
  assert.is(paid[0].execFee, '0.1')
})

test('a position is taken over where its margin ends', () => {
  const client = on(to(75))
  client.order({ side: 'Buy', qty: '10' })
  client.pass(3 * MINUTE)
  const [bust] = client.get('/v5/execution/list', { category: 'linear' }).result.list
  assert.is(bust.execType, 'BustTrade')
  assert.is(client.found(bust.orderId).createType, 'CreateByLiq')
  assert.is(client.position().size, '0.000')
})

test('others were liquidated: a part of the position goes', () => {
  const client = on(still(100))
  client.order({ side: 'Buy', qty: '2' })
  client.sim.desk.seize('XUSDT', 'adl', 500 as Steps)
  const [execution] = client.get('/v5/execution/list', { category: 'linear' }).result.list
  assert.equal([execution.execType, execution.execQty], ['AdlTrade', '0.500'])
  assert.is(client.position().size, '1.500')
  assert.throws(() => client.sim.desk.seize('NOUSDT', 'adl', 1 as Steps))
})

test('a symbol that is delisted is settled without an order, and takes none any more', () => {
  const client = on(still(100))
  client.order({ side: 'Buy', stopLoss: '90' })
  client.sim.desk.delist('XUSDT', START + HOUR)
  const symbol = { category: 'linear', symbol: 'XUSDT' }
  const before = client.get<{ list: { deliveryTime: string; status: string }[] }>(
    '/v5/market/instruments-info',
    symbol,
  )
  assert.equal(
    [before.result.list[0].status, before.result.list[0].deliveryTime],
    ['Trading', String(START + HOUR)],
  )
  client.sim.advance(START + 2 * HOUR)
  const [settled] = client.get('/v5/execution/list', { category: 'linear' }).result.list
  assert.equal([settled.execType, settled.orderId], ['Settle', ''])
  assert.is(client.order({ side: 'Buy' }).retCode, 110074)
  assert.equal(client.get('/v5/market/instruments-info', { category: 'linear' }).result.list, [])
})

test('an order can be rejected after it was acknowledged, a stop be lost, a trigger fail', () => {
  const client = on(to(90))
  client.sim.desk.rejectNext('XUSDT')
  const { retCode, result } = client.order({ side: 'Buy' })
  assert.is(retCode, 0)
  assert.is(client.found(result.orderId).orderStatus, 'Rejected')
  client.sim.desk.stops.lose('XUSDT')
  client.order({ side: 'Buy', stopLoss: '95' })
  assert.is(client.position().stopLoss, '')
  const stop = client.post('/v5/position/trading-stop', { symbol: 'XUSDT', stopLoss: '95', positionIdx: 0 })
  assert.is(stop.retCode, 0)
  client.sim.desk.holdTriggers('XUSDT', START + 2 * MINUTE)
  client.pass(2 * MINUTE)
  assert.is(client.position().size, '1.000')
  client.pass(MINUTE)
  assert.is(client.position().size, '0.000')
})

test('filters that change are those of the next order, what is there stays', () => {
  const client = on(still(100))
  client.order({ side: 'Buy', qty: '1.234', stopLoss: '90.1' })
  client.sim.desk.refilter('XUSDT', { minNotional: 50, ticks: 5, steps: 100 })
  const { list } = client.get<{
    list: { priceFilter: object; lotSizeFilter: { qtyStep: string; minOrderQty: string } }[]
  }>('/v5/market/instruments-info', { category: 'linear', symbol: 'XUSDT' }).result
  assert.is((list[0].priceFilter as { tickSize: string }).tickSize, '0.5')
  assert.equal([list[0].lotSizeFilter.qtyStep, list[0].lotSizeFilter.minOrderQty], ['0.100', '0.100'])
  assert.is(client.order({ side: 'Buy', qty: '0.4' }).retCode, 110094)
  assert.is(client.order({ side: 'Buy', qty: '1.05' }).retCode, 10001)
  assert.is(client.order({ side: 'Buy', orderType: 'Limit', price: '99.9' }).retCode, 10001)
  assert.is(client.order({ side: 'Buy', orderType: 'Limit', price: '99.5' }).retCode, 0)
  const stop = (stopLoss: string): number =>
    client.post('/v5/position/trading-stop', { symbol: 'XUSDT', stopLoss, positionIdx: 0 }).retCode
  assert.equal([stop('91.2'), stop('91.5')], [10001, 0])
  client.order({ side: 'Sell', qty: '0', reduceOnly: true, closeOnTrigger: true })
  assert.is(client.position().size, '0.000')
})

test('an order that reduces is cut when the position shrinks, and never outlives it', () => {
  const client = on(to(103))
  client.order({ side: 'Buy', qty: '3' })
  const target = { side: 'Sell', qty: '2', orderType: 'Limit', price: '102', reduceOnly: true }
  const { orderId } = client.order(target).result
  client.order({ side: 'Sell', qty: '2', reduceOnly: true })
  assert.is(client.found(orderId).qty, '1.000')
  client.pass(2 * MINUTE)
  assert.equal([client.found(orderId).orderStatus, client.position().size], ['Filled', '0.000'])
  assert.is(client.open().length, 0)
})

test('of two orders that reduce the same position the second gets what is left', () => {
  const client = on(to(104))
  client.order({ side: 'Buy', qty: '3' })
  const target = { side: 'Sell', qty: '2', orderType: 'Limit', reduceOnly: true }
  const first = client.order({ ...target, price: '102' }).result.orderId
  const second = client.order({ ...target, price: '103' }).result.orderId
  client.pass(2 * MINUTE)
  assert.equal([client.found(first).cumExecQty, client.found(second).cumExecQty], ['2.000', '1.000'])
  assert.is(client.position().size, '0.000')
  assert.is(client.open().length, 0)
})

test('money paid in and out is in the wallet and in the log', () => {
  const client = on(still(100))
  client.sim.desk.transfer(-100.5)
  client.sim.advance(START + MINUTE)
  assert.is(client.balance(), '899.5')
  const [entry] = client.get('/v5/account/transaction-log').result.list
  assert.equal([entry.type, entry.change], ['TRANSFER_OUT', '-100.5'])
  assert.is(client.sim.desk.engineWallet, 899.5)
})

test('a taker pays slippage on top, and never more than a price that it names', () => {
  const client = new TestClient([marketOf(still(100))], { costs: { ...PLAIN_COSTS, slippage: 0.002 } })
  const market = client.order({ side: 'Buy' }).result.orderId
  assert.is(client.found(market).avgPrice, '100.2')
  const limit = client.order({ side: 'Buy', orderType: 'Limit', price: '100.1' }).result.orderId
  assert.is(client.found(limit).avgPrice, '100.1')
  assert.is(amountText(client.sim.desk.account.ledger.balance), client.balance())
})

test.run()
