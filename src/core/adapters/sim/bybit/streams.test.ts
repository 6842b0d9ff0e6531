import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE } from '../../../base/units.ts'
import { KEY, type Minutes, marketOf, SECRET, START, still, TestClient } from './bybit.fixture.ts'
import { signatureOf } from './signing.ts'
import type { Channel } from './streams.ts'

const test = suite('streams')

function client(minutes = still(100), seed = '1'): TestClient {
  return new TestClient([marketOf(minutes)], { seed })
}

/** The frames of one topic. */
function of(frames: readonly Record<string, unknown>[], topic: string): readonly Record<string, unknown>[] {
  return frames.filter(frame => frame.topic === topic)
}

function data(frame: Record<string, unknown>): readonly Record<string, unknown>[] {
  return frame.data as Record<string, unknown>[]
}

test('each kind of socket answers a ping in its own dialect, in compact JSON', () => {
  const one = client()
  const pong = (channel: Channel): Record<string, unknown> => {
    const id = one.opened(channel)
    one.say(id, { op: 'ping', req_id: '7' })
    return one.heard(id)[0]
  }
  const { conn_id: _, ...open } = pong('public')
  assert.equal(open, { success: true, ret_msg: 'pong', req_id: '7', op: 'ping' })
  const { conn_id: __, ...own } = pong('private')
  assert.equal(own, { req_id: '7', op: 'pong', args: [String(START)] })
  const { connId: ___, ...trade } = pong('trade')
  assert.equal(trade, { retCode: 0, retMsg: 'OK', op: 'pong', data: [String(START)] })
  const id = one.opened('public')
  one.sim.frame(id, '{"op":"ping"}')
  assert.match(one.sim.take()[0].text, /"ret_msg":"pong"/)
})

test('a request id comes back as it came, a number, a text or none; unknown keys do not matter', () => {
  const one = client()
  const id = one.opened('public')
  const answer = (frame: object): Record<string, unknown> => {
    one.say(id, { op: 'subscribe', args: ['tickers.XUSDT'], ...frame })
    const found = one.heard(id).find(({ op }) => op === 'subscribe')
    assert.ok(found)
    return found ?? {}
  }
  assert.is(answer({ req_id: 12, callerMethodName: 'x' }).req_id, 12)
  assert.is(answer({ req_id: 'a' }).req_id, 'a')
  assert.equal([answer({}).req_id, answer({}).success], ['', true])
})

test('a ticker is told whole once and then what has changed', () => {
  const one = client([
    [100, 105, 95, 102],
    [102, 102, 102, 102],
  ])
  const id = one.socket('public', ['tickers.XUSDT'])
  const [first] = of(one.heard(id), 'tickers.XUSDT')
  assert.is(first.type, 'snapshot')
  assert.is((first.data as { lastPrice: string }).lastPrice, '100.0')
  one.pass(2_000)
  const deltas = of(one.heard(id), 'tickers.XUSDT')
  assert.ok(deltas.length > 0)
  for (const delta of deltas) {
    assert.is(delta.type, 'delta')
    assert.not('nextFundingTime' in (delta.data as object))
  }
  assert.ok(deltas.some(delta => 'lastPrice' in (delta.data as object)))
})

test('a candle is confirmed exactly once, whether time goes in small steps or in long ones', () => {
  for (const step of [700, 20_000, 200_000]) {
    const one = client()
    const id = one.socket('public', ['kline.1.XUSDT'])
    for (let at = START; at < START + 10 * MINUTE; at += step)
      one.sim.advance(Math.min(at + step, START + 10 * MINUTE))
    const candles = of(one.heard(id), 'kline.1.XUSDT').flatMap(data)
    const closed = candles.filter(({ confirm }) => confirm === true).map(({ start }) => Number(start))
    assert.equal(
      closed,
      Array.from({ length: 10 }, (_, k) => START + k * MINUTE),
    )
    for (const { start, end } of candles) assert.is(Number(end), Number(start) + MINUTE - 1)
  }
})

test('trades are told oldest first, with the side of the taker', () => {
  const one = client()
  const id = one.socket('public', ['publicTrade.XUSDT'])
  one.sim.advance(START + 5_500)
  const trades = of(one.heard(id), 'publicTrade.XUSDT').flatMap(data)
  assert.equal(
    trades.map(({ T }) => Number(T) - START),
    [1_000, 2_000, 3_000, 4_000, 5_000],
  )
  assert.ok(trades.every(({ S }) => S === 'Buy' || S === 'Sell'))
})

test('the best level comes as snapshots, a deep book as a snapshot and changes that lead to the next', () => {
  const one = client([[100, 105, 99, 103]])
  const top = one.socket('public', ['orderbook.1.XUSDT'])
  const deep = one.socket('public', ['orderbook.50.XUSDT'])
  one.pass(30_000)
  assert.ok(of(one.heard(top), 'orderbook.1.XUSDT').every(({ type }) => type === 'snapshot'))
  const frames = of(one.heard(deep), 'orderbook.50.XUSDT')
  const bids = new Map<string, string>()
  for (const frame of frames) {
    const { b, u } = frame.data as unknown as { b: [string, string][]; u: number }
    assert.ok(u > 1)
    if (frame.type === 'snapshot') bids.clear()
    for (const [price, size] of b) size === '0' ? bids.delete(price) : bids.set(price, size)
    assert.is(bids.size, 50)
  }
  assert.is(frames.filter(({ type }) => type === 'snapshot').length, 1)
  const last = one.get<{ b: string[][] }>('/v5/market/orderbook', {
    category: 'linear',
    symbol: 'XUSDT',
    limit: 50,
  })
  assert.equal(
    new Map(last.result.b as [string, string][]),
    new Map([...bids].sort((a, b) => Number(b[0]) - Number(a[0]))),
  )
})

test('one bad topic fails the whole request, and too many characters do', () => {
  const one = client()
  const id = one.socket('public', ['tickers.XUSDT', 'tickers.NOUSDT'])
  const [answer] = one.heard(id)
  assert.is(answer.success, false)
  one.pass(1_000)
  assert.equal(one.heard(id), [])
  const long = Array.from({ length: 1_700 }, () => 'tickers.XUSDT')
  one.say(id, { op: 'subscribe', args: long, req_id: 1 })
  assert.match(String(one.heard(id)[0].ret_msg), /too large/)
  one.say(id, { op: 'subscribe', args: ['kline.7.XUSDT'] })
  assert.is(one.heard(id)[0].success, false)
})

test('data may come before the answer to a subscription, or after it', () => {
  const orders = new Set(
    Array.from({ length: 12 }, (_, seed) => {
      const one = client(still(100), `seed ${seed}`)
      const id = one.socket('public', ['tickers.XUSDT'])
      return one.heard(id)[0].topic === undefined ? 'answer' : 'data'
    }),
  )
  assert.is(orders.size, 2)
})

test('an unsubscribed topic is silent', () => {
  const one = client([[100, 110, 100, 110]])
  const id = one.socket('public', ['tickers.XUSDT'])
  one.say(id, { op: 'unsubscribe', args: ['tickers.XUSDT'] })
  one.heard(id)
  one.pass(2_000)
  assert.equal(one.heard(id), [])
})

test('nothing private without authentication, nor with a wrong or an old one', () => {
  const one = client()
  const id = one.opened('private')
  const ask = (): unknown => {
    one.say(id, { op: 'subscribe', args: ['order'] })
    return one.heard(id).at(-1)?.success
  }
  assert.is(ask(), false)
  one.authenticate(id, 'wrong')
  assert.equal([one.heard(id)[0].success, ask()], [false, false])
  const old = START - 1
  one.say(id, { op: 'auth', args: [KEY, old, signatureOf(SECRET, `GET/realtime${old}`)] })
  assert.is(one.heard(id)[0].ret_msg, 'Params Error')
  // The time as a text, as one client sends it.
  const expires = String(START + 1_000)
  one.say(id, { op: 'auth', args: [KEY, expires, signatureOf(SECRET, `GET/realtime${expires}`)] })
  assert.equal([one.heard(id)[0].success, ask()], [true, true])
})

test('all-in-one and categorised topics exclude one another in a request', () => {
  const one = client()
  const id = one.socket('private')
  one.say(id, { op: 'subscribe', args: ['order', 'order.linear'] })
  assert.is(one.heard(id).at(-1)?.success, false)
  one.say(id, { op: 'subscribe', args: ['order.linear', 'position', 'execution.linear', 'wallet'] })
  assert.is(one.heard(id).at(-1)?.success, true)
  one.order({ side: 'Buy' })
  const topics = new Set(one.heard(id).map(({ topic }) => topic))
  assert.equal(topics, new Set(['execution.linear', 'position', 'wallet', 'order.linear']))
  // At every act of an order, also where nothing of the position has changed.
  one.order({ side: 'Buy', orderType: 'Limit', price: '99', timeInForce: 'IOC' })
  assert.ok(one.heard(id).some(({ topic }) => topic === 'position'))
})

test('an order tells execution, position, wallet and itself, each with an id and a time', () => {
  const one = client()
  const id = one.socket('private', ['order', 'execution', 'position', 'wallet'])
  one.heard(id)
  const { orderId } = one.order({ side: 'Buy' }).result
  const frames = one.heard(id)
  const [execution] = of(frames, 'execution').flatMap(data)
  assert.equal([execution.orderId, execution.execQty, execution.closedSize], [orderId, '1.000', '0.000'])
  const [position] = of(frames, 'position').flatMap(data)
  assert.equal([position.entryPrice, position.avgPrice, position.side], ['100', undefined, 'Buy'])
  const [order] = of(frames, 'order').flatMap(data)
  assert.equal([order.orderStatus, order.category], ['Filled', 'linear'])
  const [wallet] = of(frames, 'wallet').flatMap(data)
  assert.is(wallet.totalWalletBalance, '999.945')
  assert.is(new Set(frames.map(frame => frame.id)).size, frames.length)
})

test('news come in the order in which they were made, though not at once', () => {
  const one = client()
  const id = one.socket('private', ['order'])
  one.sim.take()
  for (let k = 0; k < 5; k++)
    one.raw('POST', '/v5/order/create', {
      category: 'linear',
      symbol: 'XUSDT',
      side: 'Buy',
      orderType: 'Limit',
      price: '99',
      qty: '1',
    })
  const dues = one.sim
    .take()
    .filter(({ session }) => session === id)
    .map(({ due }) => due)
  assert.is(dues.length, 5)
  assert.equal(
    dues,
    [...dues].sort((a, b) => a - b),
  )
  assert.ok(dues[4] > START)
})

test('the order channel places, amends and cancels, once it knows who asks', () => {
  const one = client()
  const id = one.opened('trade')
  let number = 0
  const ask = (op: string, args: object, more: object = {}): Record<string, unknown> => {
    const header = { 'X-BAPI-TIMESTAMP': String(Math.floor(one.sim.now)), 'X-BAPI-RECV-WINDOW': '5000' }
    one.say(id, {
      reqId: `r${++number}`,
      header,
      op,
      args: [{ category: 'linear', symbol: 'XUSDT', ...args }],
      ...more,
    })
    return one.heard(id)[0]
  }
  const limit = { side: 'Buy', orderType: 'Limit', price: '99', qty: '1', orderLinkId: 'over-socket' }
  const refused = ask('order.create', limit)
  assert.equal([refused.retCode, refused.reqId], [10004, undefined])
  one.authenticate(id)
  assert.is(one.heard(id)[0].retCode, 0)
  one.authenticate(id)
  assert.is(one.heard(id)[0].retCode, 20001)
  const placed = ask('order.create', limit)
  assert.equal([placed.retCode, placed.reqId, placed.op], [0, 'r2', 'order.create'])
  assert.is((placed.header as Record<string, string>)['X-Bapi-Limit'], '10')
  assert.is(ask('order.create', limit).retCode, 110072)
  assert.is(ask('order.amend', { orderLinkId: 'over-socket', price: '98' }).retCode, 0)
  assert.is(ask('order.cancel', { orderLinkId: 'over-socket' }).retCode, 0)
  assert.is(ask('order.cancel', { orderLinkId: 'over-socket' }).retCode, 110001)
  assert.is(ask('order.none', {}).retCode, 10404)
  assert.is(ask('order.create', { ...limit, category: 'spot' }).retCode, 10404)
  assert.is(ask('order.create', limit, { reqId: 'r2' }).retCode, 20006)
  assert.is(ask('order.create', limit, { args: [] }).retCode, 10001)
  assert.is(
    ask('order.create', limit, { header: { 'X-BAPI-TIMESTAMP': String(START - HOUR) } }).retCode,
    10002,
  )
})

test('a private socket that says nothing for ten minutes is to be closed', () => {
  const one = client()
  const quiet = one.socket('private', ['order'])
  const heard = one.socket('private', ['order'])
  const open = one.socket('public', ['tickers.XUSDT'])
  one.sim.advance(START + 6 * MINUTE)
  one.say(heard, { op: 'ping' })
  one.sim.advance(START + 11 * MINUTE)
  assert.equal(one.sim.closing(), [quiet])
  one.sim.closed(quiet)
  assert.equal(
    one.sim.streams.sessions.map(({ id }) => id),
    [heard, open],
  )
})

test('a connection can ask to be given up sooner, and there are so many of them in five minutes', () => {
  const one = client()
  const id = one.sim.open('private', 30_000)
  one.sim.advance(START + 31_000)
  assert.equal(one.sim.closing(), [id])
  for (let k = 1; k < 500; k++) assert.is.not(one.sim.open('public'), null)
  assert.is(one.sim.open('public'), null)
  one.sim.advance(START + 6 * MINUTE)
  assert.is.not(one.sim.open('public'), null)
})

test('at a higher speed nobody is told more often by the clock of the wall', () => {
  const rows: Minutes = Array.from({ length: 60 }, (_, k) => [100 + k, 101 + k, 100 + k, 101 + k] as const)
  const told = (speed: number): number => {
    const one = new TestClient([marketOf(rows)], { speed })
    const id = one.socket('public', ['tickers.XUSDT'])
    for (let k = 0; k < 60; k++) one.sim.advance(one.sim.now + 1_000)
    return of(one.heard(id), 'tickers.XUSDT').length
  }
  assert.ok(told(1) > 50)
  assert.ok(told(60) < 15)
})

test('what is no frame is answered as an error', () => {
  const one = client()
  const id = one.opened('public')
  one.sim.frame(id, 'x')
  one.sim.frame(id, '[]')
  one.say(id, { op: 'none' })
  assert.ok(one.heard(id).every(({ success }) => success === false))
})

test.run()
