import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { DAY, MINUTE, SECOND, type Steps, type Ticks } from '../../base/units.ts'
import type { OrderRequest } from '../../engine/protocol.ts'
import { regridded } from '../../portfolio/grid-change.ts'
import { START, still } from '../sim/bybit/bybit.fixture.ts'
import { BY_HAND } from '../sim/bybit/wishes.ts'
import { steps, ticks } from '../sim/exchange.fixture.ts'
import { SimulatedBybit } from './simulated.fixture.ts'

const test = suite('broker')

const SYMBOL = 'XUSDT'

function order(over: Partial<OrderRequest> = {}): OrderRequest {
  return {
    clientOrderId: 'bbw-0001-a',
    symbol: SYMBOL,
    side: 'long',
    purpose: 'entry',
    type: over.price === undefined || over.price === null ? 'market' : 'limit',
    price: null,
    steps: steps(1),
    stop: ticks(95),
    leverage: 10,
    postOnly: false,
    ...over,
  }
}

/** One that has bought 1 at 100 with a stop at 95. */
async function held(rig = new SimulatedBybit(still(100))): Promise<SimulatedBybit> {
  await rig.broker.place(order())
  rig.pass(SECOND)
  // Which of the two is told first is a matter of chance.
  assert.equal([...rig.words()].sort(), ['bbw-0001-a accepted', 'order long opens 1000 at 1000'])
  return rig
}

const position = async (rig: SimulatedBybit): Promise<unknown> => (await rig.broker.account()).positions[0]

test('an entry at the market is filled with its stop attached, and the account shows both', async () => {
  const rig = await held()
  const { wallet, positions, orders } = await rig.broker.account()
  assert.ok(wallet !== null && wallet < 1_000 && wallet > 999)
  assert.equal(positions, [
    {
      symbol: SYMBOL,
      side: 'long',
      steps: 1_000,
      entry: 100,
      leverage: 10,
      stop: ticks(95),
      liquidation: 90.9,
    },
  ])
  assert.equal(orders, [], 'the stop is no resting order of its own')
})

test('what waits for a price is shown with its side, and cancelled by the exchange’s id where it protects nothing', async () => {
  const rig = await held()
  const [stop, ...others] = (await rig.broker.account()).conditional ?? []
  assert.equal(others, [])
  const { id, since, ...rest } = stop
  assert.equal(rest, { symbol: SYMBOL, side: 'long', purpose: 'exit', isGuard: true })
  assert.ok(since >= START, String(since))
  try {
    await rig.broker.cancel(SYMBOL, id)
    assert.unreachable('it protects what is held')
  } catch (error) {
    assert.ok(error instanceof ExchangeError && !error.ambiguous, String(error))
  }
  assert.is(rig.asked.filter(one => one.includes('/v5/order/cancel')).length, 0)
  rig.sim.desk.stops.keep(SYMBOL)
  rig.sim.desk.closeByHand(SYMBOL, null)
  rig.pass(SECOND)
  const left = await rig.broker.account()
  assert.equal([left.positions, left.conditional?.length], [[], 1])
  await rig.broker.cancel(SYMBOL, id)
  rig.pass(SECOND)
  assert.equal((await rig.broker.account()).conditional, [])
  const told = rig.heard.flatMap(input => (input.type === 'order' ? [input] : []))
  assert.ok(
    told.some(({ clientOrderId, status }) => clientOrderId === id && status === 'cancelled'),
    JSON.stringify(told),
  )
})

test('conditional orders of others are shown as what they would do', async () => {
  const rig = new SimulatedBybit(still(100))
  const wish = { ...BY_HAND, symbol: SYMBOL, positionIdx: 0, steps: steps(1) } as const
  rig.sim.desk.create({
    ...wish,
    side: 'Buy',
    trigger: { price: ticks(110), direction: 'rise', by: 'LastPrice' },
  })
  const close = { ...wish, side: 'Buy', reduceOnly: true, orderLinkId: 'mine' } as const
  rig.sim.desk.create({ ...close, trigger: { price: ticks(120), direction: 'rise', by: 'MarkPrice' } })
  const { conditional = [] } = await rig.broker.account()
  assert.equal(conditional.map(({ side, purpose, isGuard }) => [side, purpose, isGuard]).sort(), [
    ['long', 'entry', false],
    ['short', 'exit', false],
  ])
  assert.ok(conditional.some(({ id }) => id === 'mine'))
})

test('a limit rests, is amended, filled in parts of the exchange’s counting, and cancelled', async () => {
  const rig = new SimulatedBybit(still(100))
  const id = 'bbw-0001-b'
  await rig.broker.place(order({ clientOrderId: id, price: ticks(99), postOnly: true }))
  rig.pass(SECOND)
  const { orders } = await rig.broker.account()
  assert.equal(orders, [
    { clientOrderId: id, symbol: SYMBOL, side: 'long', purpose: 'entry', price: ticks(99), steps: 1_000 },
  ])
  await rig.broker.amend(SYMBOL, id, ticks(98), steps(2))
  rig.pass(SECOND)
  assert.is((await rig.broker.lookUp(SYMBOL, id)).state, 'resting')
  await rig.broker.amend(SYMBOL, id, ticks(98), steps(2))
  await rig.broker.cancel(SYMBOL, id)
  rig.pass(SECOND)
  assert.equal(rig.words(), [`${id} accepted`, `${id} amended`, `${id} amended`, `${id} cancelled`])
  const { state, filled } = await rig.broker.lookUp(SYMBOL, id)
  assert.equal([state, filled], ['cancelled', 0])
})

test('an order that would take is refused where it may not, and one whose id was used before is looked up', async () => {
  const rig = new SimulatedBybit(still(100))
  await rig.broker.place(order({ price: ticks(101), postOnly: true }))
  rig.pass(SECOND)
  assert.equal(rig.words().at(-1), 'bbw-0001-a rejected')
  assert.is((await rig.broker.lookUp(SYMBOL, 'bbw-0001-a')).state, 'rejected')
  await rig.broker.place(order())
  assert.equal(rig.words(), ['bbw-0001-a rejected duplicate-id'])
})

test('a stop is edited in place and read back; the same again, one beyond the price and none at all are told apart', async () => {
  const rig = await held()
  await rig.broker.setStop('s1', SYMBOL, 'long', ticks(97))
  await rig.broker.setStop('s2', SYMBOL, 'long', ticks(97))
  await rig.broker.setStop('s3', SYMBOL, 'long', ticks(101))
  assert.equal(rig.words(), ['stop s1 ok', 'stop s2 not-modified', 'stop s3 crossed'])
  assert.equal(await position(rig), {
    symbol: SYMBOL,
    side: 'long',
    steps: 1_000,
    entry: 100,
    leverage: 10,
    stop: ticks(97),
    liquidation: 90.9,
  })
})

test('a stop that was received and is not shown is of unknown fate', async () => {
  const rig = await held()
  rig.interfere = async (request, go) =>
    request.url.endsWith('/v5/position/trading-stop')
      ? { status: 200, headers: {}, body: '{"retCode":0,"retMsg":"OK","result":{},"time":1}' }
      : go()
  await rig.broker.setStop('s1', SYMBOL, 'long', ticks(97))
  assert.equal(rig.words(), ['stop s1 unknown'])
  assert.is(rig.asked.filter(one => one === 'GET /v5/position/list').length, 4)
})

test('in hedge mode long and short stand beside each other, each with its stop and leverage', async () => {
  const rig = new SimulatedBybit(still(100), { mode: 'hedge' })
  await rig.client.change(
    rest => rest.switchPositionMode({ category: 'linear', coin: 'USDT', mode: 3 }),
    () => null,
    'normal',
  )
  await rig.broker.setLeverage('l1', SYMBOL, 3, 'short')
  assert.is(await rig.broker.leverage(SYMBOL, 'long'), 10)
  await rig.broker.place(order())
  await rig.broker.place(order({ clientOrderId: 'bbw-0001-s', side: 'short', stop: ticks(105), leverage: 3 }))
  rig.pass(SECOND)
  await rig.broker.setStop('s', SYMBOL, 'short', ticks(104))
  const { positions } = await rig.broker.account()
  assert.equal(
    positions.map(({ side, leverage, stop }) => [side, leverage, stop]),
    [
      ['long', 10, ticks(95)],
      ['short', 3, ticks(104)],
    ],
  )
})

test('a close and a stop go to the index that the position shows, whatever mode was assumed', async () => {
  for (const [there, assumed] of [
    ['hedge', 'one-way'],
    ['one-way', 'hedge'],
  ] as const) {
    const rig = new SimulatedBybit(still(100), { mode: assumed })
    if (there === 'hedge') rig.sim.cause({ fault: 'human-mode' })
    const sides = there === 'hedge' ? (['Buy', 'Sell'] as const) : (['Sell'] as const)
    for (const side of sides) rig.sim.cause({ fault: 'human-open', symbol: SYMBOL, side, steps: 1_000 })
    const { positions } = await rig.broker.account()
    assert.is(positions.length, sides.length)
    rig.words()
    for (const { side } of positions) {
      await rig.broker.setStop(side, SYMBOL, side, ticks(side === 'long' ? 95 : 105))
      const close = { clientOrderId: `bbw-0001-${side}`, side, purpose: 'exit', stop: null } as const
      await rig.broker.place(order(close))
    }
    rig.pass(SECOND)
    assert.equal(
      rig.words().filter(word => word.startsWith('stop')),
      positions.map(({ side }) => `stop ${side} ok`),
    )
    assert.equal((await rig.broker.account()).positions, [])
  }
})

test('what was ordered under finer filters is shown in those of today: the account stays to be read', async () => {
  const rig = await held()
  await rig.broker.setStop('b', SYMBOL, 'long', ticks(96.3))
  await rig.broker.place(
    order({
      clientOrderId: 'bbw-0001-t',
      purpose: 'exit',
      price: ticks(103.3),
      steps: steps(0.503),
      stop: null,
    }),
  )
  rig.instrument = regridded(rig.instrument, '0.5', '0.005')
  const { positions, orders } = await rig.broker.account()
  assert.equal(
    [positions, orders].flat().map(one => [one.steps, 'stop' in one ? one.stop : one.price]),
    [
      [200, 193],
      [100, 206],
    ],
  )
  assert.equal(await rig.broker.lookUp(SYMBOL, 'bbw-0001-a').then(({ state, filled }) => [state, filled]), [
    'filled',
    200,
  ])
  const [fill] = await rig.broker.executions(0)
  assert.is(fill?.type === 'fill' && fill.steps, 200)
  rig.words()
  await rig.broker.setStop('c', SYMBOL, 'long', 193 as Ticks)
  assert.equal(rig.words().at(-1), 'stop c ok', 'a stop beside the grid is not the one that is wanted')
  assert.is(rig.sim.desk.stops.protecting(SYMBOL, 0)[0]?.trigger?.price, ticks(96.5))
})

test('what is held between the steps of coarser filters is closed whole, a rest of less than a step too', async () => {
  for (const [bought, isRead] of [
    [1, true],
    [1, false],
    [0.3, true],
  ] as const) {
    const rig = new SimulatedBybit(still(100))
    await rig.broker.place(order({ steps: steps(bought) }))
    rig.pass(SECOND)
    rig.instrument = regridded(rig.instrument, rig.instrument.tick, '0.7')
    rig.words()
    if (isRead) assert.is((await rig.broker.account()).positions[0]?.steps, 1)
    const close = order({ clientOrderId: 'bbw-0001-c', purpose: 'exit', stop: null, steps: 1 as Steps })
    await rig.broker.place(close)
    rig.pass(SECOND)
    assert.equal([...rig.words()].sort(), ['bbw-0001-c accepted', 'order long closes 1 at 1000'])
    assert.equal((await rig.broker.account()).positions, [], `${bought} are gone`)
  }
})

test('a close takes what is held and no more, and one without a position is refused', async () => {
  const rig = await held()
  const close = order({ clientOrderId: 'bbw-0001-c', purpose: 'exit', stop: null, steps: steps(5) })
  await rig.broker.place(close)
  rig.pass(SECOND)
  assert.equal([...rig.words()].sort(), ['bbw-0001-c accepted', 'order long closes 1000 at 1000'])
  assert.equal((await rig.broker.account()).positions, [])
  try {
    await rig.broker.place({ ...close, clientOrderId: 'bbw-0001-d' })
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof ExchangeError && error.why === 'flat' && !error.ambiguous)
  }
})

test('the leverage of an account in another mode is no leverage, and said to be of another mode', async () => {
  const rig = new SimulatedBybit(still(100))
  rig.sim.cause({ fault: 'human-mode' })
  try {
    await rig.broker.leverage(SYMBOL)
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof ExchangeError)
    assert.equal([error.why, error.ambiguous], ['position-mode', false])
  }
})

test('a leverage is set and read back, and one that is there already is no fault', async () => {
  const rig = new SimulatedBybit(still(100))
  for (const id of ['l1', 'l2']) await rig.broker.setLeverage(id, SYMBOL, 3)
  await rig.broker.setLeverage('l3', SYMBOL, 1_000)
  assert.equal(rig.words(), ['leverage l1 3', 'leverage l2 3', 'leverage l3 3'])
  assert.is(await rig.broker.leverage(SYMBOL), 3)
})

test('a reply that is lost leaves the order unknown: the look-up finds it, and it was sent once', async () => {
  const rig = new SimulatedBybit(still(100))
  rig.interfere = async (request, go) => {
    const reply = await go()
    if (!request.url.endsWith('/v5/order/create')) return reply
    return { status: 504, headers: {}, body: '<html>gateway time-out</html>' }
  }
  try {
    await rig.broker.place(order())
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof ExchangeError && error.ambiguous)
  }
  rig.pass(SECOND)
  const { state, filled } = await rig.broker.lookUp(SYMBOL, 'bbw-0001-a')
  assert.equal([state, filled], ['filled', 1_000])
  assert.is(rig.asked.filter(one => one === 'POST /v5/order/create').length, 1)
  assert.equal(await rig.broker.lookUp(SYMBOL, 'bbw-0001-never'), {
    clientOrderId: 'bbw-0001-never',
    state: 'absent',
    filled: 0,
    reason: 'no order bbw-0001-never on XUSDT is known',
  })
})

test('an order that only its executions know of is no absent one', async () => {
  const rig = await held()
  const empty =
    '{"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[],"nextPageCursor":""},"time":1}'
  rig.interfere = async (request, go) =>
    request.url.includes('/v5/order/') ? { status: 200, headers: {}, body: empty } : go()
  const { state, filled } = await rig.broker.lookUp(SYMBOL, 'bbw-0001-a')
  assert.equal([state, filled], ['filled', 1_000])
})

test('a wallet that is not told is no wallet of nothing', async () => {
  const rig = await held()
  const empty = '{"retCode":0,"retMsg":"OK","result":{"list":[]},"time":1}'
  rig.interfere = async (request, go) =>
    request.url.includes('/wallet-balance') ? { status: 200, headers: {}, body: empty } : go()
  const failed = await rig.broker.account().then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  )
  assert.match(failed, 'the wallet is not told')
})

test('executions come oldest first, over windows of a week and pages, and none before bbw has begun', async () => {
  const rig = await held()
  for (let k = 0; k < 120; k++) {
    const id = `bbw-0001-${k}`
    await rig.broker.place(order({ clientOrderId: id, purpose: k % 2 === 0 ? 'exit' : 'entry', stop: null }))
    rig.pass(SECOND)
  }
  const found = await rig.broker.executions(0)
  assert.is(found.length, 121)
  assert.equal(
    found.map(one => (one.type === 'fill' ? one.time : 0)),
    found.map(one => (one.type === 'fill' ? one.time : 0)).sort((a, b) => a - b),
  )
  assert.is(new Set(found.map(one => (one.type === 'fill' ? one.execId : ''))).size, 121)
  rig.asked.length = 0
  assert.is((await rig.broker.executions(START - 20 * DAY)).length, 121)
  assert.is(rig.asked.filter(one => one === 'GET /v5/execution/list').length, 4, 'two empty weeks, two pages')
})

test('a list that cannot be read whole is none at all', async () => {
  const rig = await held()
  rig.interfere = async (request, go) =>
    request.url.includes('/v5/order/realtime') ? { status: 502, headers: {}, body: '' } : go()
  try {
    await rig.broker.account()
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof ExchangeError && error.retryable)
  }
})

test('what happens while the stream is away is asked for when it is back', async () => {
  const rig = await held()
  rig.connection.drop()
  await rig.broker.place(order({ clientOrderId: 'bbw-0001-c', purpose: 'exit', stop: null }))
  rig.pass(MINUTE)
  assert.equal(rig.words(), [])
  rig.connection.connect()
  rig.connection.subscribe(['order', 'execution'])
  await Promise.resolve()
  assert.equal(rig.words(), ['gap'])
  assert.is((await rig.broker.executions(START)).length, 2)
})

test.run()
