import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketOf, type Reply, START, still, TestClient } from './bybit.fixture.ts'
import { bybitApiOf, present } from './conformance.fixture.ts'

const test = suite('batches')

interface Row {
  readonly category: string
  readonly symbol: string
  readonly orderId: string
  readonly orderLinkId: string
  readonly createAt?: string
}

/** A reply to a batch, or what the trade channel says of one. */
interface BatchReply extends Reply<{ readonly list: readonly Row[] }> {
  readonly retExtInfo: { readonly list: readonly { readonly code: number; readonly msg: string }[] }
}

const CREATE = '/v5/order/create-batch'
const AMEND = '/v5/order/amend-batch'
const CANCEL = '/v5/order/cancel-batch'

function client(): TestClient {
  return new TestClient([marketOf(still(100))])
}

function send(one: TestClient, path: string, request: unknown): BatchReply {
  return one.post<{ readonly list: readonly Row[] }>(path, { request }) as BatchReply
}

function codes({ retExtInfo }: BatchReply): readonly number[] {
  return retExtInfo.list.map(({ code }) => code)
}

function resting(orderLinkId: string, change: object = {}): object {
  const order = { symbol: 'XUSDT', side: 'Buy', orderType: 'Limit', price: '99', qty: '1' }
  return { ...order, orderLinkId, ...change }
}

/** So many orders that rest, each of its own name. */
function many(count: number, name = 'n'): readonly object[] {
  return Array.from({ length: count }, (_, k) => resting(`${name}${k}`))
}

test('each order of a batch has an answer at its own place, and one that is refused stops none', () => {
  const one = client()
  const reply = send(one, CREATE, [
    resting('a'),
    resting('b', { qty: '0.0000001' }),
    resting('a'),
    resting('c', { positionIdx: 1 }),
    { symbol: 'NOUSDT' },
    resting('d', { orderType: 'Market' }),
  ])
  assert.equal([reply.retCode, reply.retMsg], [0, 'OK'])
  assert.equal(codes(reply), [0, 10001, 110072, 10001, 10001, 0])
  assert.is(reply.retExtInfo.list[0].msg, 'OK')
  const { list } = reply.result
  assert.equal(
    list.map(({ orderLinkId, orderId, createAt }) => [orderLinkId, orderId !== '', createAt]),
    [
      ['a', true, String(START)],
      ['b', false, ''],
      ['a', false, ''],
      ['c', false, ''],
      ['', false, ''],
      ['d', true, String(START)],
    ],
  )
  assert.ok(list.every(({ category }) => category === 'linear'))
  assert.is(list[4].symbol, 'NOUSDT')
  assert.equal(
    one.open().map(({ orderId }) => orderId),
    [list[0].orderId],
  )
  assert.is(one.found(list[5].orderId).orderStatus, 'Filled')
  assert.is(one.position().size, '1.000')
})

test('an order of a batch is judged by what those before it have left', () => {
  const one = client()
  const dear = (name: string): object => resting(name, { qty: '60', price: '100' })
  assert.equal(codes(send(one, CREATE, [dear('first'), dear('second')])), [0, 110007])
})

test('a batch amends and cancels, and says which of them were gone', () => {
  const one = client()
  const [first, second] = send(one, CREATE, [resting('a'), resting('b')]).result.list
  const amended = send(one, AMEND, [
    { symbol: 'XUSDT', orderLinkId: 'a', price: '98' },
    { symbol: 'XUSDT', orderId: 'none', orderLinkId: '', price: '98' },
    { symbol: 'XUSDT', price: '98' },
  ])
  assert.equal(codes(amended), [0, 110001, 10001])
  assert.equal(amended.result.list[0], {
    category: 'linear',
    symbol: 'XUSDT',
    orderId: first.orderId,
    orderLinkId: 'a',
  })
  assert.is(amended.result.list[1].orderId, 'none')
  assert.is(one.found(first.orderId).price, '98.0')
  assert.is(one.found(second.orderId).price, '99.0')
  const cancelled = send(one, CANCEL, [
    { symbol: 'XUSDT', orderId: second.orderId },
    { symbol: 'XUSDT', orderId: second.orderId },
    { symbol: 'XUSDT', orderLinkId: 'a' },
  ])
  assert.equal(codes(cancelled), [0, 110001, 0])
  assert.equal(one.open(), [])
})

test('a batch that is none is refused as a whole, and nothing of it is done', () => {
  const one = client()
  for (const request of [undefined, [], 'x', {}, [resting('a'), 7], many(21)])
    assert.is(send(one, CREATE, request).retCode, 10001, JSON.stringify(request))
  assert.is(one.post(CREATE, { category: 'spot', request: many(1) }).retCode, 10001)
  assert.equal(one.open(), [])
  // A category of its own that an order names does not count.
  assert.equal(codes(send(one, CREATE, [resting('a', { category: 'spot' })])), [0])
})

test('each order counts in the limit, those beyond it are refused, and single orders have a limit of their own', () => {
  const one = client()
  const ask = (request: readonly object[]) => one.raw('POST', CREATE, { category: 'linear', request })
  const first = ask(many(7, 'a'))
  assert.equal([first.headers['X-Bapi-Limit'], first.headers['X-Bapi-Limit-Status']], ['10', '3'])
  const second: BatchReply = JSON.parse(ask(many(5, 'b')).body)
  assert.equal([second.retCode, ...codes(second)], [0, 0, 0, 0, 10006, 10006])
  assert.is(second.result.list[4].orderLinkId, 'b4')
  const third = ask(many(1, 'c'))
  assert.is(JSON.parse(third.body).retCode, 10006)
  assert.is(third.headers['X-Bapi-Limit-Reset-Timestamp'], String(START + 1_000))
  assert.is(one.order({ side: 'Buy' }).retCode, 0)
  assert.equal(codes(send(one, CANCEL, [{ symbol: 'XUSDT', orderLinkId: 'a0' }])), [0])
  assert.is(one.open().length, 9)
  one.pass(1_000)
  assert.equal(codes(send(one, CREATE, many(20, 'd'))), [...Array(10).fill(0), ...Array(10).fill(10006)])
})

test('a key that may only read is not let to batches, and no batch is read without a signature', () => {
  const one = new TestClient([marketOf(still(100))], { keyInfo: { isReadOnly: true } })
  assert.is(send(one, CREATE, many(1)).retCode, 10005)
  const { body } = client().raw('POST', CREATE, {}, { secret: 'other' })
  assert.is(JSON.parse(body).retCode, 10004)
})

test('the trade channel takes batches, with the same answers, limits and news as REST', () => {
  const one = client()
  const trade = one.socket('trade')
  const news = one.socket('private', ['order'])
  one.heard(trade)
  one.heard(news)
  let number = 0
  const ask = (op: string, request: readonly object[], category = 'linear'): Record<string, unknown> => {
    const header = { 'X-BAPI-TIMESTAMP': String(Math.floor(one.sim.now)) }
    one.say(trade, { reqId: `r${++number}`, header, op, args: [{ category, request }] })
    return one.heard(trade)[0]
  }
  const codesOf = ({ retExtInfo }: Record<string, unknown>): readonly number[] =>
    (retExtInfo as BatchReply['retExtInfo']).list.map(({ code }) => code)
  const placed = ask('order.create-batch', [resting('a'), resting('b'), resting('a')])
  assert.equal([placed.retCode, placed.reqId, placed.op], [0, 'r1', 'order.create-batch'])
  assert.equal(codesOf(placed), [0, 0, 110072])
  const { list } = placed.data as { list: readonly Row[] }
  assert.equal(
    list.map(({ orderLinkId }) => orderLinkId),
    ['a', 'b', 'a'],
  )
  assert.is((placed.header as Record<string, string>)['X-Bapi-Limit-Status'], '7')
  const told = one.heard(news).flatMap(({ data }) => data as readonly { readonly orderId: string }[])
  assert.equal(
    told.map(({ orderId }) => orderId),
    [list[0].orderId, list[1].orderId],
  )
  const change = { symbol: 'XUSDT', orderLinkId: 'b', price: '97' }
  assert.equal(codesOf(ask('order.amend-batch', [change])), [0])
  assert.is(one.found(list[1].orderId).price, '97.0')
  const gone = [
    { symbol: 'XUSDT', orderLinkId: 'a' },
    { symbol: 'XUSDT', orderLinkId: 'none' },
  ]
  assert.equal(codesOf(ask('order.cancel-batch', gone)), [0, 110001])
  // The bucket is that of REST: of eight there is room for seven.
  assert.equal(codes(send(one, CREATE, many(8, 'x'))).filter(code => code === 10006).length, 1)
  assert.is(ask('order.create-batch', many(1, 'y')).retCode, 10006)
  assert.is(ask('order.create-batch', []).retCode, 10001)
  assert.is(ask('order.create-batch', many(1), 'spot').retCode, 10404)
})

test('bybit-api sends batches over REST and over a socket, and finds each order’s answer', async () => {
  const { sim, server } = await present('batches')
  const { rest, socket } = bybitApiOf(server.url)
  try {
    const order = { symbol: 'XUSDT', side: 'Buy', orderType: 'Limit', price: '99', qty: '1' } as const
    const placed = await rest.batchSubmitOrders('linear', [
      { ...order, orderLinkId: 'a' },
      { ...order, orderLinkId: 'b' },
      { ...order, orderLinkId: 'a' },
    ])
    assert.is(placed.retCode, 0)
    assert.equal(
      placed.retExtInfo.list.map(({ code }) => code),
      [0, 0, 110_072],
    )
    const [{ orderId }, { orderId: other }] = placed.result.list
    const amended = await rest.batchAmendOrders('linear', [{ symbol: 'XUSDT', orderId, price: '98' }])
    assert.is(amended.retExtInfo.list[0].code, 0)
    const found = await rest.getActiveOrders({ category: 'linear', symbol: 'XUSDT', orderId })
    assert.is(found.result.list[0].price, '98.0')
    const request = [
      { symbol: 'XUSDT', orderId },
      { symbol: 'XUSDT', orderId },
    ]
    const cancelled = await rest.batchCancelOrders('linear', request)
    assert.equal(
      cancelled.retExtInfo.list.map(({ code }) => code),
      [0, 110_001],
    )
    const bySocket = await socket.sendWSAPIRequest('v5PrivateTrade', 'order.create-batch', {
      category: 'linear',
      request: [
        { ...order, orderLinkId: 'c' },
        { ...order, orderLinkId: 'b' },
      ],
    })
    assert.equal(
      bySocket.retExtInfo.list.map(({ code }) => code),
      [0, 110_072],
    )
    assert.equal(
      new Set(sim.desk.account.openOrders.map(open => open.orderId)),
      new Set([other, bySocket.data.list[0].orderId]),
    )
  } finally {
    socket.closeAll(true)
    await server.close()
  }
})

test.run()
