/** Every fault that a plan can have, what it does, and that it is counted. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE, SECOND } from '../../../base/units.ts'
import { KEY, type Minutes, marketOf, SECRET, START, still, TestClient } from './bybit.fixture.ts'
import { CONTROL, control } from './control.ts'
import { FAULTS, type Fault, type FaultRule } from './fault-plan.ts'
import { isSecret, signatureOf } from './signing.ts'
import { type Outcome, spoiledMessage } from './spoil.ts'

const test = suite('faults')

const proved = new Set<Fault>()

function client(minutes: Minutes = still(100), rules: readonly FaultRule[] = []): TestClient {
  return new TestClient([marketOf(minutes)], { faults: rules })
}

/** A signed order as it goes in, and what becomes of it. */
function send(one: TestClient, linkId: string, params: object = {}): Outcome {
  const body = JSON.stringify({
    category: 'linear',
    symbol: 'XUSDT',
    side: 'Buy',
    orderType: 'Market',
    qty: '1',
    orderLinkId: linkId,
    ...params,
  })
  const stamp = String(Math.floor(one.sim.desk.clock))
  return one.sim.request({
    method: 'POST',
    target: '/v5/order/create',
    body,
    headers: {
      'x-bapi-api-key': KEY,
      'x-bapi-timestamp': stamp,
      'x-bapi-recv-window': '5000',
      'x-bapi-sign': signatureOf(SECRET, `${stamp}${KEY}5000${body}`),
    },
  })
}

function isThere(one: TestClient, linkId: string): boolean {
  return one.sim.desk.account.isUsed(linkId)
}

/** That a fault was counted, so often. */
function counted(one: TestClient, fault: Fault, count = 1): void {
  assert.is(one.sim.plan.counts[fault], count, fault)
  proved.add(fault)
}

function bodyOf(outcome: Outcome): string {
  if (outcome.kind !== 'reply') throw new Error(`it was answered by ${outcome.kind}`)
  return outcome.reply.body
}

test('a request can be lost on its way in, and its answer on the way out', () => {
  const one = client(still(100), [
    { fault: 'lose-request', only: '/v5/order/create', most: 1 },
    { fault: 'lose-reply', only: '/v5/order/create', most: 1 },
    { fault: 'reset-reply', only: '/v5/order/create', most: 1 },
  ])
  assert.equal([send(one, 'a').kind, isThere(one, 'a')], ['silence', false])
  assert.equal([send(one, 'b').kind, isThere(one, 'b')], ['silence', true])
  assert.equal([send(one, 'c').kind, isThere(one, 'c')], ['reset', true])
  assert.equal([send(one, 'd').kind, isThere(one, 'd')], ['reply', true])
  counted(one, 'lose-request')
  counted(one, 'lose-reply')
  counted(one, 'reset-reply')
})

test('a request can land late, as long as its time stamp holds, and never after', () => {
  const one = client(still(100), [{ fault: 'zombie', only: '/v5/order/create', most: 1 }])
  assert.is(send(one, 'a').kind, 'silence')
  one.sim.advance(START + 4_899)
  assert.not(isThere(one, 'a'))
  one.sim.advance(START + 4_900)
  assert.ok(isThere(one, 'a'))
  counted(one, 'zombie')
  const late = client(still(100), [{ fault: 'zombie', ms: 5_100 }])
  send(late, 'b')
  late.sim.advance(START + 10 * SECOND)
  assert.not(isThere(late, 'b'))
})

test('a request can be refused with any code, or by whatever stands in front of the exchange', () => {
  const one = client(still(100), [
    { fault: 'refuse', code: 10_006, most: 1 },
    { fault: 'status', code: 403, most: 1 },
  ])
  assert.is(JSON.parse(bodyOf(send(one, 'a'))).retCode, 10_006)
  const page = send(one, 'b')
  assert.equal([page.kind === 'reply' && page.reply.status, /^<html>/.test(bodyOf(page))], [403, true])
  assert.equal([isThere(one, 'a'), isThere(one, 'b')], [false, false])
  counted(one, 'refuse')
  counted(one, 'status')
})

test('an order can be taken although its answer says nothing of it', () => {
  const one = client(still(100), [
    { fault: 'status-after', code: 502, most: 1 },
    { fault: 'html', most: 1 },
    { fault: 'truncated', most: 1 },
    { fault: 'empty', most: 1 },
    { fault: 'late-reply', most: 1, ms: 7_000 },
  ])
  const status = send(one, 'a')
  assert.is(status.kind === 'reply' && status.reply.status, 502)
  assert.match(bodyOf(send(one, 'b')), /<html>/)
  assert.throws(() => JSON.parse(bodyOf(send(one, 'c'))))
  assert.is(bodyOf(send(one, 'd')), '')
  const late = send(one, 'e')
  assert.ok(late.kind === 'reply' && late.due >= START + 7_000)
  for (const id of ['a', 'b', 'c', 'd', 'e']) assert.ok(isThere(one, id), id)
  for (const fault of ['status-after', 'html', 'truncated', 'empty', 'late-reply'] as const)
    counted(one, fault)
})

test('answers over the order channel can be lost and late too', () => {
  const one = client(still(100), [
    { fault: 'lose-reply', only: '/v5/trade', most: 1 },
    { fault: 'late-reply', only: '/v5/trade', most: 1, ms: 3_000 },
  ])
  const id = one.opened('trade')
  one.authenticate(id)
  one.heard(id)
  const place = (link: string): void => {
    const header = { 'X-BAPI-TIMESTAMP': String(Math.floor(one.sim.now)) }
    const args = [
      { category: 'linear', symbol: 'XUSDT', side: 'Buy', orderType: 'Market', qty: '1', orderLinkId: link },
    ]
    one.sim.frame(id, JSON.stringify({ reqId: link, header, op: 'order.create', args }))
  }
  place('a')
  assert.equal([one.sim.take(), isThere(one, 'a')], [[], true])
  place('b')
  assert.ok(one.sim.take()[0].due >= START + 3_000)
})

test('orders over the order channel can be refused, and never heard of', () => {
  const one = client(still(100), [
    { fault: 'refuse', only: '/v5/trade', code: 10_019, most: 1 },
    { fault: 'lose-request', only: '/v5/trade', most: 1 },
  ])
  const id = one.opened('trade')
  one.authenticate(id)
  one.heard(id)
  const header = { 'X-BAPI-TIMESTAMP': String(START) }
  const args = [
    { category: 'linear', symbol: 'XUSDT', side: 'Buy', orderType: 'Market', qty: '1', orderLinkId: 'a' },
  ]
  one.say(id, { reqId: '1', header, op: 'order.create', args })
  assert.is(one.heard(id)[0].retCode, 10_019)
  one.say(id, { reqId: '2', header, op: 'order.create', args })
  assert.equal([one.heard(id), isThere(one, 'a')], [[], false])
  one.say(id, { reqId: '3', header, op: 'order.create', args })
  assert.equal([one.heard(id)[0].retCode, isThere(one, 'a')], [0, true])
})

test('messages can be lost, late, doubled and out of order', () => {
  for (const fault of ['lose-push', 'late-push', 'duplicate-push', 'reorder-push'] as const) {
    const one = client(still(100), [{ fault, only: 'order', most: 1 }])
    one.socket('private', ['order', 'execution'])
    one.collect()
    one.raw('POST', '/v5/order/create', {
      category: 'linear',
      symbol: 'XUSDT',
      side: 'Buy',
      orderType: 'Limit',
      price: '99',
      qty: '1',
    })
    const pushes = one.sim.take()
    counted(one, fault)
    if (fault === 'lose-push') assert.is(pushes.length, 0)
    else if (fault === 'duplicate-push') assert.equal(pushes[0], pushes[1])
    else assert.ok(pushes[0].due > START + (fault === 'late-push' ? 5_000 - 1 : 0))
  }
})

test('candles can come with a gap, twice, or the wrong way round, and a price be one that nobody has paid', () => {
  const kline = { category: 'linear', symbol: 'XUSDT', interval: '1', limit: 5 }
  const starts = (rule: FaultRule): readonly number[] => {
    const one = client(still(100), [rule])
    const { list } = one.get<{ list: string[][] }>('/v5/market/kline', kline).result
    counted(one, rule.fault)
    return list.map(([start]) => (Number(start) - START) / MINUTE)
  }
  const [gap, twice, reversed] = (['row-gap', 'row-twice', 'rows-reversed'] as const).map(fault =>
    starts({ fault, most: 1 }),
  )
  assert.equal(gap, [-1, -2, -4, -5])
  assert.equal(twice, [-1, -2, -3, -3, -4, -5])
  assert.equal(reversed, [-5, -4, -3, -2, -1])
  const one = client(still(100), [{ fault: 'wick', rate: 10, most: 1 }])
  const last = (): string => one.get('/v5/market/tickers', { category: 'linear' }).result.list[0].lastPrice
  assert.equal([last(), last()], ['1000', '100.0'])
  counted(one, 'wick')
})

test('a message can be old, or tell a price that nobody has paid', () => {
  const text = '{"topic":"tickers.XUSDT","data":{"lastPrice":"100.0"},"ts":100000}'
  assert.is(JSON.parse(spoiledMessage({ fault: 'stale-push', ms: 12_000 }, text, 100)).ts, 88_000)
  assert.is(JSON.parse(spoiledMessage({ fault: 'wick-push' }, text, 50)).data.lastPrice, '0')
  for (const fault of ['stale-push', 'wick-push'] as const) {
    const one = client(still(100), [{ fault, most: 1 }])
    const id = one.socket('public', ['tickers.XUSDT'])
    const ticker = one.heard(id).find(({ topic }) => topic === 'tickers.XUSDT')
    if (fault === 'stale-push') assert.is(ticker?.ts, START - MINUTE)
    else assert.is((ticker?.data as { lastPrice: string } | undefined)?.lastPrice, '0')
    counted(one, fault)
  }
})

test('somebody can change leverage and modes, and a stop be left behind', () => {
  const one = client()
  assert.is(one.sim.cause({ fault: 'human-leverage', symbol: 'XUSDT', steps: 3 }), null)
  assert.is(one.position().leverage, '3')
  one.sim.cause({ fault: 'margin-mode' })
  assert.is(one.get<{ marginMode: string }>('/v5/account/info').result.marginMode, 'REGULAR_MARGIN')
  one.order({ side: 'Buy', stopLoss: '90' })
  one.sim.cause({ fault: 'orphan-stop', symbol: 'XUSDT' })
  one.order({ side: 'Sell', qty: '0', reduceOnly: true, closeOnTrigger: true })
  assert.equal(
    [one.position().size, one.open().length, one.open()[0].stopOrderType],
    ['0.000', 1, 'StopLoss'],
  )
  assert.match(String(one.sim.cause({ fault: 'human-mode' })), /open orders/)
  one.post('/v5/order/cancel-all', { symbol: 'XUSDT' })
  one.sim.cause({ fault: 'human-mode' })
  assert.is(one.order({ side: 'Buy' }).retCode, 10_001)
  one.sim.cause({ fault: 'funding-interval', symbol: 'XUSDT', ms: HOUR, rate: 0.01 })
  assert.is(one.get('/v5/market/tickers', { category: 'linear' }).result.list[0].fundingRate, '0.01')
  for (const fault of ['human-leverage', 'margin-mode', 'orphan-stop', 'human-mode'] as const)
    counted(one, fault)
})

test('a topic can fall silent while the others go on', () => {
  const one = client([[100, 105, 95, 102]])
  const id = one.socket('public', ['tickers.XUSDT', 'kline.1.XUSDT'])
  one.heard(id)
  assert.is(one.sim.cause({ fault: 'silence', only: 'tickers', ms: 10_000 }), null)
  one.pass(5_000)
  assert.equal(new Set(one.heard(id).map(({ topic }) => topic)), new Set(['kline.1.XUSDT']))
  one.pass(10_000)
  assert.ok(one.heard(id).some(({ topic }) => topic === 'tickers.XUSDT'))
  counted(one, 'silence')
})

test('a topic can be dead for those who have it, until they ask for it again', () => {
  const one = client([[100, 105, 95, 102]])
  const id = one.socket('public', ['tickers.XUSDT', 'kline.1.XUSDT'])
  one.heard(id)
  one.sim.cause({ fault: 'dead-topic', only: 'tickers' })
  one.pass(30_000)
  assert.equal(new Set(one.heard(id).map(({ topic }) => topic)), new Set(['kline.1.XUSDT']))
  one.say(id, { op: 'unsubscribe', args: ['tickers.XUSDT'], req_id: '1' })
  one.say(id, { op: 'subscribe', args: ['tickers.XUSDT'], req_id: '2' })
  assert.ok(one.heard(id).some(({ topic, type }) => topic === 'tickers.XUSDT' && type === 'snapshot'))
  counted(one, 'dead-topic')
})

test('sockets can be dropped, or be mute while they stay open', () => {
  const one = client()
  const [open, own] = [one.socket('public', ['kline.1.XUSDT']), one.socket('private', ['order'])]
  one.sim.cause({ fault: 'drop', only: 'private' })
  assert.equal(one.sim.closing(), [own])
  assert.equal(one.sim.closing(), [])
  one.heard(open)
  one.sim.cause({ fault: 'half-open', only: 'public' })
  one.say(open, { op: 'ping' })
  one.pass(2 * MINUTE)
  assert.equal(one.heard(open), [])
  counted(one, 'drop')
  counted(one, 'half-open')
})

test('new connections can break one after the other, and everything can be away', () => {
  const one = client()
  one.sim.cause({ fault: 'flap', ms: 1_000 })
  const id = one.opened('public')
  assert.equal(one.sim.closing(), [id])
  one.sim.advance(START + 1_000)
  one.sim.open('public')
  assert.equal(one.sim.closing(), [])
  one.sim.cause({ fault: 'outage', ms: MINUTE })
  assert.is(one.sim.closing().length, 2)
  assert.is(send(one, 'a').kind, 'reset')
  one.sim.advance(one.sim.now + MINUTE)
  assert.is(send(one, 'a').kind, 'reply')
  counted(one, 'flap')
  counted(one, 'outage')
})

test('the address can be banned, and the clock of the server be another one', () => {
  const one = client()
  one.sim.cause({ fault: 'ban', ms: MINUTE })
  assert.is(one.raw('GET', '/v5/market/time').status, 403)
  one.sim.advance(START + MINUTE)
  one.sim.cause({ fault: 'clock-skew', ms: 8_000 })
  const time = one.get<{ timeSecond: string }>('/v5/market/time')
  assert.equal(
    [time.time, time.result.timeSecond],
    [START + MINUTE + 8_000, String((START + MINUTE + 8_000) / 1_000)],
  )
  assert.is(one.get('/v5/account/info').retCode, 10_002)
  counted(one, 'ban')
  counted(one, 'clock-skew')
})

test('the exchange can forget closed orders, and change its terms', () => {
  const one = client()
  const { orderId } = one.order({ side: 'Buy' }).result
  one.sim.cause({ fault: 'amnesia' })
  assert.throws(() => one.found(orderId))
  one.sim.cause({ fault: 'filters', symbol: 'XUSDT', usdt: 500 })
  assert.is(one.order({ side: 'Buy' }).retCode, 110_094)
  one.sim.cause({ fault: 'funding-interval', symbol: 'XUSDT', ms: HOUR })
  const [ticker] = one.get('/v5/market/tickers', { category: 'linear', symbol: 'XUSDT' }).result.list
  assert.equal([ticker.fundingIntervalHour, ticker.nextFundingTime], ['1', String(Date.UTC(2025, 2, 3, 9))])
  one.sim.cause({ fault: 'delist', symbol: 'XUSDT', ms: HOUR })
  assert.is(one.sim.desk.deliveryAt('XUSDT'), one.sim.now + HOUR)
  for (const fault of ['amnesia', 'filters', 'funding-interval', 'delist'] as const) counted(one, fault)
})

interface Listed {
  readonly status: string
  readonly isPreListing: boolean
  readonly preListingInfo: { readonly curAuctionPhase: string } | null
}

test('a symbol can go into an auction, in which nothing is taken or matched and nothing has a stop', () => {
  const one = client(still(100))
  const listed = (): readonly unknown[] => {
    const [row] = one.get<{ list: Listed[] }>('/v5/market/instruments-info', {
      category: 'linear',
      symbol: 'XUSDT',
    }).result.list
    return [row.status, row.isPreListing, row.preListingInfo?.curAuctionPhase ?? null]
  }
  const all = (status?: string): number =>
    one.get('/v5/market/instruments-info', {
      category: 'linear',
      ...(status === undefined ? {} : { status }),
    }).result.list.length
  one.order({ side: 'Buy' })
  assert.equal([listed(), all(), all('PreLaunch')], [['Trading', false, null], 1, 0])
  one.sim.cause({ fault: 'auction', symbol: 'XUSDT', ms: HOUR })
  assert.equal([listed(), all(), all('PreLaunch')], [['PreLaunch', true, 'CallAuction'], 0, 1])
  assert.is(one.order({ side: 'Buy', stopLoss: '90' }).retCode, 110_099)
  assert.is(one.order({ side: 'Buy' }).retCode, 110_095)
  const stop = { category: 'linear', symbol: 'XUSDT', positionIdx: 0, tpslMode: 'Full', stopLoss: '90' }
  assert.is(one.post('/v5/position/trading-stop', stop).retCode, 110_099)
  one.pass(HOUR)
  assert.equal([listed(), all()], [['Trading', false, null], 1])
  assert.is(one.order({ side: 'Buy', stopLoss: '90' }).retCode, 0)
  counted(one, 'auction')
})

test('maintenance is announced, is on for an hour, and is over', () => {
  const one = client()
  const status = (): unknown =>
    one.get('/v5/system/status').result.list.map(({ state, begin, end }) => [state, begin, end])
  assert.equal(status(), [])
  const from = one.sim.now + HOUR
  one.sim.cause({ fault: 'maintenance', ms: HOUR })
  const times = [String(from), String(from + HOUR)]
  assert.equal(status(), [['scheduled', ...times]])
  one.pass(HOUR)
  assert.equal(status(), [['ongoing', ...times]])
  one.pass(HOUR)
  assert.equal(status(), [['completed', ...times]])
  counted(one, 'maintenance')
})

test('what has happened can come late into the lists of the past, though not into that of orders by name', () => {
  const one = client()
  assert.is(one.sim.cause({ fault: 'history-lag', ms: 5_000 }), null)
  const { orderId } = one.order({ side: 'Buy' }).result
  const rows = (path: string): number => one.get(path, { category: 'linear' }).result.list.length
  assert.equal([rows('/v5/order/history'), rows('/v5/execution/list')], [0, 0])
  assert.is(one.found(orderId).orderStatus, 'Filled')
  one.pass(5_100)
  assert.equal([rows('/v5/order/history'), rows('/v5/execution/list')], [1, 1])
  counted(one, 'history-lag')
})

test('an id can be used again once its order is over, where nobody says for how long it is taken', () => {
  const one = client()
  const limit = { side: 'Buy', orderType: 'Limit', price: '99', orderLinkId: 'again' }
  assert.equal([one.order(limit).retCode, one.order(limit).retCode], [0, 110_072])
  one.sim.cause({ fault: 'reuse-links' })
  assert.is(one.order(limit).retCode, 110_072, 'it rests')
  one.post('/v5/order/cancel', { symbol: 'XUSDT', orderLinkId: 'again' })
  assert.is(one.order(limit).retCode, 0)
  assert.is(one.sim.desk.account.links.get('again')?.orders, 2)
  counted(one, 'reuse-links')
})

test('the exchange can take positions, lose stops, reject orders late and leave triggers be', () => {
  const one = client()
  assert.match(String(one.sim.cause({ fault: 'liquidate', symbol: 'XUSDT' })), /no position/)
  one.order({ side: 'Buy', qty: '3' })
  one.sim.cause({ fault: 'adl', symbol: 'XUSDT', steps: 1_000 })
  assert.is(one.position().size, '2.000')
  one.sim.cause({ fault: 'liquidate', symbol: 'XUSDT' })
  assert.is(one.position().size, '0.000')
  one.sim.cause({ fault: 'lose-stop', symbol: 'XUSDT' })
  one.order({ side: 'Buy', stopLoss: '90' })
  assert.is(one.position().stopLoss, '')
  one.sim.cause({ fault: 'reject-later', symbol: 'XUSDT' })
  assert.is(one.found(one.order({ side: 'Buy' }).result.orderId).orderStatus, 'Rejected')
  one.sim.cause({ fault: 'hold-triggers', symbol: 'XUSDT', ms: MINUTE })
  const falls = client([
    [100, 100, 100, 100],
    [100, 100, 94, 94],
  ])
  falls.order({ side: 'Buy', stopLoss: '95' })
  const [{ orderId }] = falls.open()
  falls.sim.cause({ fault: 'fail-trigger', symbol: 'XUSDT' })
  falls.pass(2 * MINUTE)
  const { orderStatus, cumExecQty } = falls.found(orderId)
  assert.ok(['Cancelled', 'Rejected'].includes(orderStatus), orderStatus)
  assert.equal([cumExecQty, falls.position().size, falls.position().stopLoss], ['0.000', '1.000', ''])
  counted(falls, 'fail-trigger')
  one.sim.cause({ fault: 'thin', symbol: 'XUSDT', steps: 300 })
  const thin = one.order({ side: 'Buy' }).result.orderId
  assert.is(one.found(thin).cumExecQty, '0.300')
  one.sim.cause({ fault: 'transfer', usdt: -10 })
  for (const fault of [
    'adl',
    'liquidate',
    'lose-stop',
    'reject-later',
    'hold-triggers',
    'thin',
    'transfer',
  ] as const)
    counted(one, fault)
})

test('somebody can trade in the app, without a link id', () => {
  const one = client()
  one.sim.cause({ fault: 'human-open', symbol: 'XUSDT', side: 'Sell', steps: 2_000 })
  assert.equal([one.position().side, one.position().size], ['Sell', '2.000'])
  one.sim.cause({ fault: 'human-stop', symbol: 'XUSDT', ticks: 1_050 })
  assert.is(one.position().stopLoss, '105.0')
  one.sim.cause({ fault: 'human-stop', symbol: 'XUSDT', ticks: 0 })
  assert.is(one.position().stopLoss, '')
  one.order({ side: 'Sell', orderType: 'Limit', price: '101' })
  one.sim.cause({ fault: 'human-cancel-all' })
  assert.is(one.open().length, 0)
  one.sim.cause({ fault: 'human-close', symbol: 'XUSDT', steps: 500 })
  assert.is(one.position().size, '1.500')
  one.sim.cause({ fault: 'human-close', symbol: 'XUSDT' })
  assert.is(one.position().size, '0.000')
  assert.ok(one.sim.desk.account.closedOrders.every(({ orderLinkId }) => orderLinkId === ''))
  for (const fault of ['human-open', 'human-stop', 'human-cancel-all'] as const) proved.add(fault)
  counted(one, 'human-close', 2)
})

test('what somebody does is done to the side that is named, and of the least size where none is', () => {
  const one = client()
  assert.is(one.sim.cause({ fault: 'human-open', symbol: 'XUSDT' }), null)
  assert.equal([one.position().side, one.position().size], ['Buy', '0.050'])
  one.sim.cause({ fault: 'human-close', symbol: 'XUSDT' })
  one.sim.cause({ fault: 'human-mode' })
  for (const side of ['Buy', 'Sell'] as const)
    one.sim.cause({ fault: 'human-open', symbol: 'XUSDT', side, steps: 1_000 })
  const sizes = (): readonly string[] =>
    one.get('/v5/position/list', { category: 'linear', symbol: 'XUSDT' }).result.list.map(({ size }) => size)
  one.sim.cause({ fault: 'human-close', symbol: 'XUSDT', side: 'Sell', steps: 400 })
  assert.equal(sizes(), ['1.000', '0.600'])
  one.sim.cause({ fault: 'liquidate', symbol: 'XUSDT', side: 'Sell' })
  assert.equal(sizes(), ['1.000', '0.000'])
  assert.match(
    String(one.sim.cause({ fault: 'liquidate', symbol: 'XUSDT', side: 'Sell' })),
    /no short position/,
  )
})

test('events of a plan come by themselves, and what cannot be is not counted', () => {
  const one = client(still(100), [
    { fault: 'human-open', symbol: 'XUSDT', side: 'Buy', steps: 1_000, from: MINUTE },
    { fault: 'liquidate', symbol: 'XUSDT', from: 30 * SECOND },
  ])
  one.pass(2 * MINUTE)
  assert.is(one.position().size, '1.000')
  assert.equal(one.sim.plan.counts, { 'human-open': 1 })
})

test('the door for operators wants the secret, takes rules and events, and says what has happened', () => {
  const one = client()
  const ask = (method: string, path: string, body: object | string = '', secret = SECRET) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const headers = { authorization: `Bearer ${secret}` }
    const { status, body: found } = control(one.sim, { method, target: path, headers, body: text })
    return { status, value: JSON.parse(found) }
  }
  assert.is(ask('GET', CONTROL, '', 'wrong').status, 401)
  assert.not(isSecret('', `Bearer ${SECRET}`))
  const never = { count: 0, totalMs: 0, longestMs: 0 }
  const beginning = {
    ...{ now: START, speed: 1, pace: 1, counts: {}, rules: [], sessions: 0, opened: 0, requests: {} },
    bare: { now: [], answered: never, disturbed: { ...never, longestAfterMs: 0 } },
  }
  assert.equal(ask('GET', CONTROL).value, beginning)
  const rules = [{ fault: 'lose-reply', only: '/v5/order/create' }]
  assert.equal(ask('POST', `${CONTROL}/faults`, { rules }).value.rules, rules)
  send(one, 'a')
  const { counts, requests } = ask('GET', CONTROL).value
  assert.equal([counts, requests], [{ 'lose-reply': 1 }, { '/v5/order/create': 1 }])
  send(one, 'a')
  const { positions, links } = ask('GET', `${CONTROL}/books`).value
  assert.equal(positions, [{ symbol: 'XUSDT', idx: 0, side: 'long', steps: 1_000, stop: null }])
  assert.equal(links, [{ id: 'a', symbol: 'XUSDT', orders: 1, refused: 1, filled: 1_000 }])
  assert.is(ask('POST', `${CONTROL}/cause`, { fault: 'drop' }).status, 200)
  assert.is(ask('POST', `${CONTROL}/cause`, { fault: 'liquidate', symbol: 'NOUSDT' }).status, 409)
  assert.is(ask('POST', `${CONTROL}/cause`, { fault: 'html' }).status, 409)
  assert.is(ask('POST', `${CONTROL}/faults`, { rules: 7 }).status, 400)
  assert.is(ask('POST', `${CONTROL}/faults`, 'x').status, 400)
  assert.is(ask('GET', `${CONTROL}/none`).status, 404)
})

test('under a storm of faults the books still add up', () => {
  const storm: FaultRule[] = FAULTS.filter(
    fault => !['ban', 'delist', 'clock-skew', 'outage', 'status', 'refuse', 'lose-request'].includes(fault),
  ).map(fault => ({
    fault,
    symbol: 'XUSDT',
    steps: 200,
    chance: 0.1,
    every: 5 * MINUTE,
    usdt: 3,
    side: 'Buy',
  }))
  const rows: Minutes = Array.from(
    { length: 300 },
    (_, k) => [100 + (k % 9), 110, 97, 100 + ((k + 1) % 9)] as const,
  )
  const one = client(rows, storm)
  one.socket('private', ['order', 'execution', 'position', 'wallet'])
  for (let k = 0; k < 250; k++) {
    send(one, `s${k}`, { side: k % 3 === 0 ? 'Sell' : 'Buy', stopLoss: k % 3 === 0 ? '130' : '80' })
    one.pass(MINUTE)
  }
  const { ledger, positions } = one.sim.desk.account
  const sum = ledger.entries.reduce((total, { change }) => total + change, ledger.start)
  assert.is(sum, ledger.balance)
  assert.ok(positions.length > 0)
  const happened = Object.keys(one.sim.plan.counts)
  assert.ok(happened.length > 20, happened.join(' '))
})

test('every fault that there is was shown', () => {
  assert.equal(
    FAULTS.filter(fault => !proved.has(fault)),
    [],
  )
})

test.run()
