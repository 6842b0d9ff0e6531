import { createHmac } from 'node:crypto'
import type { RestClientV5 } from 'bybit-api'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { BybitClient, type Call } from './client.ts'
import { HttpTrouble, nodeHttp } from './http.ts'
import { HostBudgets } from './limits.ts'
import {
  AHEAD,
  CANARY,
  ok,
  refused,
  reply,
  type Sent,
  serve,
  TestClock,
  timeReply,
  Wire,
} from './loopback.fixture.ts'

const test = suite('bybit client')
const SEED = 20_261_127

const WINDOW = '5000'
const whole = (result: unknown): unknown => result

const tickers: Call = rest => rest.getTickers({ category: 'linear' })
const positions: Call = rest =>
  rest.getPositionInfo({ category: 'linear', settleCoin: 'USDT', cursor: 'a%3D1' })
const ORDER = { category: 'linear', symbol: 'BTCUSDT', side: 'Buy', orderType: 'Market', qty: '0.1' } as const
const order: Call = rest => rest.submitOrder(ORDER)

async function thrownBy(work: Promise<unknown>): Promise<ExchangeError> {
  try {
    await work
  } catch (error) {
    if (error instanceof ExchangeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

function signatureOf(sent: Sent): string {
  const timestamp = sent.headers['X-BAPI-TIMESTAMP']
  const text = sent.method === 'GET' ? new URL(sent.url).search.slice(1) : (sent.body ?? '')
  return createHmac('sha256', CANARY.secret).update(`${timestamp}${CANARY.key}${WINDOW}${text}`).digest('hex')
}

test('what everybody may know is asked for without a signature, and without a referral', async () => {
  const wire = new Wire(() => ok({ list: [1] }))
  assert.equal(await wire.client({ credentials: null }).read(tickers, whole), { list: [1] })
  const [sent] = wire.sent
  assert.is(sent.url, 'http://127.0.0.1:1/v5/market/tickers?category=linear')
  assert.equal([sent.method, sent.body], ['GET', null])
  assert.equal(Object.keys(sent.headers), ['accept', 'accept-encoding', 'user-agent'])
})

test("private questions and changes are signed over what is sent, at the server's time", async () => {
  const wire = new Wire(() => ok({}))
  const client = wire.client()
  await client.read(positions, whole)
  await client.change(order, whole, 'normal')
  const [read, change] = wire.sent
  assert.is(new URL(read.url).search, '?category=linear&settleCoin=USDT&cursor=a%253D1')
  assert.equal(JSON.parse(change.body ?? ''), ORDER)
  for (const sent of wire.sent) {
    assert.is(sent.headers['X-BAPI-SIGN'], signatureOf(sent))
    assert.is(sent.headers['X-BAPI-API-KEY'], CANARY.key)
    assert.is(sent.headers['X-BAPI-TIMESTAMP'], String(wire.clock.serverNow))
    assert.is(sent.headers['X-BAPI-RECV-WINDOW'], WINDOW)
    assert.is(sent.headers['x-referer'], undefined)
  }
  assert.is(await client.clockAhead(), -AHEAD)
})

test('a request that has waited for its turn is signed when it goes', async () => {
  const wire = new Wire(() => ok({}))
  const client = wire.client()
  for (let k = 0; k < 4; k++) await client.change(order, whole, 'normal')
  const stamps = wire.sent.map(({ headers }) => Number(headers['X-BAPI-TIMESTAMP']))
  assert.equal(wire.clock.slept, [1_000])
  assert.is(stamps[3] - stamps[2], 1_000)
})

test('a step of the wall clock does not move the time that is signed', async () => {
  const wire = new Wire(() => ok({}))
  const client = wire.client()
  await client.read(positions, whole)
  wire.clock.wall += 3_600_000
  wire.clock.time += 1_000
  await client.read(positions, whole)
  const stamps = wire.sent.map(({ headers }) => Number(headers['X-BAPI-TIMESTAMP']))
  assert.is(stamps[1] - stamps[0], 1_000)
})

test('a clock that the exchange does not accept is set anew, and the call made once more', async () => {
  for (const [call, wanted] of [
    [order, 2],
    [positions, 2],
  ] as const) {
    const wire = new Wire((_, nth) => (nth === 1 ? refused(10_002, 'timestamp') : ok({})))
    const client = wire.client()
    await (call === order ? client.change(call, whole, 'normal') : client.read(call, whole))
    assert.is(wire.sent.length, wanted)
  }
  const wire = new Wire(() => refused(10_002, 'timestamp'))
  assert.is((await thrownBy(wire.client().change(order, whole, 'normal'))).why, 'clock')
  assert.is(wire.sent.length, 2)
})

test('a question for the time that is refused for a time stamp waits for itself no longer than for others', async () => {
  const wire = new Wire(() => ok({}))
  const clocked = (most: number): BybitClient => {
    let asked = 0
    const http: typeof wire.http = async request =>
      new URL(request.url).pathname === '/v5/market/time' && ++asked <= most
        ? reply(refused(10_002, 'timestamp'))
        : await wire.http(request)
    const ports = { ...wire.ports, http }
    return new BybitClient({ url: 'http://127.0.0.1:1', ports, credentials: CANARY, isDry: false })
  }
  const answered = (work: Promise<unknown>): Promise<unknown> => {
    const late = new Promise(resolve => setImmediate(() => setImmediate(() => resolve('nothing came')))) // world-ok: lets promises end
    return Promise.race([work, late])
  }
  assert.equal(await answered(clocked(2).read(positions, whole)), {})
  const why = thrownBy(clocked(Number.POSITIVE_INFINITY).read(positions, whole)).then(error => error.why)
  assert.is(await answered(why), 'clock')
})

test('a read is asked again with growing, random pauses, four times in all', async () => {
  const wire = new Wire((_, nth) => (nth < 4 ? refused(10_016, 'server error') : ok({ fine: true })))
  assert.equal(await wire.client().read(tickers, whole), { fine: true })
  assert.equal(wire.clock.slept, [125, 250, 500])
  const dead = new Wire(() => new HttpTrouble('reset', { isReply: false, wasSent: true }))
  const error = await thrownBy(dead.client().read(tickers, whole))
  assert.equal([error.why, error.ambiguous, dead.sent.length], ['network', false, 4])
})

test('an exchange that is away is asked once a question, until it has answered', async () => {
  let isAway = true
  const wire = new Wire(() => {
    return isAway ? new HttpTrouble('reset', { isReply: false, wasSent: true }) : ok({ fine: true })
  })
  const client = wire.client()
  const asks = async (): Promise<number> => {
    const before = wire.sent.length
    await client.read(tickers, whole).catch(() => {})
    return wire.sent.length - before
  }
  assert.equal([await asks(), await asks(), await asks(), await asks()], [4, 4, 1, 1])
  isAway = false
  assert.is(await asks(), 1)
  isAway = true
  assert.is(await asks(), 4)
})

test('a change is made once, and what became of it is in doubt where no answer says', async () => {
  for (const [answer, why, ambiguous] of [
    [refused(10_016, 'busy'), 'busy', true],
    [{ status: 502, body: '<html>' }, 'unreadable', true],
    [{ status: 200, body: '' }, 'unreadable', true],
    [{ status: 200, body: '{"retCode":0,"res' }, 'unreadable', true],
    [{ status: 200, body: '{"retMsg":"OK"}' }, 'unreadable', true],
    [{ status: 200, body: '{"retCode":"0"}' }, 'unreadable', true],
    [{ status: 200, body: 'null' }, 'unreadable', true],
    [new HttpTrouble('late', { isReply: false, wasSent: true }), 'network', true],
    [new HttpTrouble('refused', { isReply: false, wasSent: false }), 'network', false],
    [new Error('no idea'), 'network', true],
    [refused(110_007, 'ab not enough'), 'balance', false],
  ] as const) {
    const wire = new Wire(() => answer)
    const error = await thrownBy(wire.client().change(order, whole, 'normal'))
    assert.equal([error.why, error.ambiguous, wire.sent.length], [why, ambiguous, 1])
  }
})

test('an answer that does not hold what it should is in doubt, for a change', async () => {
  const { orderAck } = await import('./mapper-orders.ts')
  const wire = new Wire(() => ok({}))
  const error = await thrownBy(wire.client().change(order, orderAck, 'normal'))
  assert.equal([error.why, error.ambiguous], ['unreadable', true])
  assert.match(error.message, /POST \/v5\/order\/create: .*result.orderId/)
})

test('a rate limit is waited out until the exchange sets it back', async () => {
  const limited = {
    'x-bapi-limit': '10',
    'x-bapi-limit-status': '0',
    timenow: '1000',
    'x-bapi-limit-reset-timestamp': '1700',
  }
  const wire = new Wire((_, nth) => (nth === 1 ? reply(refused(10_006, 'too many'), limited) : ok({})))
  await wire.client().change(order, whole, 'normal')
  assert.equal([wire.sent.length, wire.clock.slept], [2, [700]])
})

test('a host that has blocked the address hears nothing for ten minutes, whatever is asked', async () => {
  const wire = new Wire((_, nth) => (nth === 1 ? { status: 403, body: 'access too frequent' } : ok({})))
  const client = wire.client()
  assert.is((await thrownBy(client.read(tickers, whole))).why, 'banned')
  const error = await thrownBy(client.change(order, whole, 'protective'))
  assert.match(error.message, /C402 .*10 more minutes/)
  assert.equal([error.ambiguous, wire.sent.length], [false, 1])
  wire.clock.time += 600_000
  await client.read(tickers, whole)
  assert.is(wire.sent.length, 2)
})

test('equal questions share one answer, but none that was asked before a change', async () => {
  const open: (() => void)[] = []
  const wire = new Wire(async sent => {
    if (sent.method === 'GET') await new Promise<void>(resolve => open.push(resolve))
    return ok({})
  })
  const client = wire.client()
  await client.serverNow()
  const first = [client.read(positions, whole), client.read(positions, whole)]
  await settled()
  assert.is(wire.sent.length, 1)
  await client.change(order, whole, 'normal')
  const later = client.read(positions, whole)
  await settled()
  assert.is(wire.sent.filter(({ method }) => method === 'GET').length, 2)
  for (const resolve of open) resolve()
  await Promise.all([...first, later])
})

/** Lets everything go on that waits for nothing outside. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

test('without a key nothing private is asked', async () => {
  const wire = new Wire(() => ok({}))
  const error = await thrownBy(wire.client({ credentials: null }).read(positions, whole))
  assert.equal([error.why, wire.sent.length], ['credentials', 0])
})

/** Every call of the library that changes something, as far as a broker would use it, and some beyond. */
const CHANGES: readonly ((rest: RestClientV5, text: string) => Promise<unknown>)[] = [
  (rest, text) => rest.submitOrder({ ...ORDER, qty: text }),
  (rest, text) => rest.amendOrder({ category: 'linear', symbol: text, orderLinkId: text, qty: '1' }),
  (rest, text) => rest.cancelOrder({ category: 'linear', symbol: text, orderLinkId: text }),
  (rest, text) => rest.cancelAllOrders({ category: 'linear', symbol: text }),
  (rest, text) => rest.setLeverage({ category: 'linear', symbol: text, buyLeverage: '1', sellLeverage: '1' }),
  (rest, text) => rest.setTradingStop({ category: 'linear', symbol: text, positionIdx: 0, stopLoss: '1' }),
  (rest, text) => rest.switchPositionMode({ category: 'linear', symbol: text, mode: 3 }),
  rest => rest.setMarginMode('REGULAR_MARGIN'),
  (rest, text) => rest.postPrivate(`/v5/${encodeURIComponent(text)}`, { text }),
  (rest, text) => rest.deletePrivate(`/v5/${encodeURIComponent(text)}`, { text }),
]

test(`in a dry run no change ever leaves, whatever is tried in whatever order (seed ${SEED})`, async () => {
  const wire = new Wire(() => ok({}))
  const client = wire.client({ isDry: true })
  let tried = 0
  const steps = fc.array(fc.tuple(fc.nat(CHANGES.length), fc.string(), fc.boolean()), {
    minLength: 20,
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(steps, async list => {
      for (const [which, text, isProtective] of list) {
        const lane = isProtective ? 'protective' : 'normal'
        if (which === CHANGES.length) await client.read(tickers, whole)
        else {
          const error = await thrownBy(client.change(rest => CHANGES[which](rest, text), whole, lane))
          assert.is(error.why, 'dry-run')
          tried++
        }
      }
    }),
    { seed: SEED, numRuns: 60 },
  )
  assert.ok(tried > 1_000)
  assert.ok(wire.sent.length > 0)
  assert.equal(
    wire.sent.filter(({ method }) => method !== 'GET'),
    [],
  )
})

/** All that can be found in what was thrown: its text, its fields, its causes, its stack. */
function everythingIn(thrown: unknown, depth = 0): string {
  if (typeof thrown !== 'object' || thrown === null || depth > 6) return String(thrown)
  return Reflect.ownKeys(thrown)
    .map(name => `${String(name)} ${everythingIn(Reflect.get(thrown, name), depth + 1)}`)
    .concat(String(thrown))
    .join('\n')
}

test('no error holds a secret, a key or a signature, whatever way a call fails', async () => {
  let signature = 'never'
  let behaviour = 0
  const server = await serve((request, response) => {
    if (request.url === '/v5/market/time') {
      response.end(JSON.stringify(timeReply(Date.now())))
      return
    }
    signature = String(request.headers['x-bapi-sign'])
    const echo = JSON.stringify({ secret: CANARY.secret, sign: signature, ...request.headers })
    const answers: readonly (() => void)[] = [
      () => response.writeHead(502).end(echo),
      () => response.writeHead(403).end(echo),
      () => response.writeHead(200).end(`<html>${echo}`),
      () => response.writeHead(200).end(JSON.stringify(refused(10_001, echo))),
      () => response.writeHead(200).end(JSON.stringify(ok({ list: echo }))),
      () => response.writeHead(200, { 'content-encoding': 'gzip' }).end(echo),
      () => request.socket.destroy(),
      () => response.writeHead(200, { 'content-encoding': echo.replace(/[^\w]/g, '') }).end(echo),
      () => response.writeHead(401).end(echo),
    ]
    answers[behaviour]()
  })
  const { BybitClient } = await import('./client.ts')
  const { pageOf } = await import('./mapper-market.ts')
  const { positionRow } = await import('./mapper-orders.ts')
  const { http, close } = nodeHttp()
  const told: string[] = []
  try {
    for (behaviour = 0; behaviour < 9; behaviour++) {
      for (const isChange of [true, false]) {
        const clock = new TestClock()
        const ports = { http, clock, random: () => 0, budgets: new HostBudgets() }
        const client: BybitClient = new BybitClient({
          url: server.url,
          ports,
          credentials: CANARY,
          isDry: false,
        })
        const decode = (result: unknown): unknown => pageOf(result, positionRow)
        const work = isChange ? client.change(order, decode, 'normal') : client.read(positions, decode)
        const text = everythingIn(await thrownBy(work))
        assert.not.ok(text.includes(CANARY.secret), `secret in way ${behaviour}: ${text}`)
        assert.not.ok(text.includes(CANARY.key), `key in way ${behaviour}`)
        assert.not.ok(text.includes(signature), `signature in way ${behaviour}: ${text}`)
        told.push(text)
      }
    }
    assert.is(told.length, 18)
    assert.is(signature.length, 64)
  } finally {
    close()
    await server.close()
  }
})

test.run()
