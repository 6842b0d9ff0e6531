import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { HttpTrouble } from './http.ts'
import { CANARY, ok, reply, WALL, Wire } from './loopback.fixture.ts'
import { Transport } from './transport.ts'

const test = suite('bybit transport')

const HOST = 'https://api.example.com'
const CREATE = { method: 'post', url: `${HOST}/v5/order/create`, data: '{"a":1}' }
const stamp = async (): Promise<number> => 1_000.7

function transportOver(wire: Wire, isDry = false): Transport {
  return new Transport({ ports: wire.ports, credentials: CANARY, isDry })
}

async function thrownBy(work: Promise<unknown>): Promise<ExchangeError> {
  try {
    await work
  } catch (error) {
    if (error instanceof ExchangeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

test('a request keeps its query as it was built, and its body', async () => {
  const wire = new Wire(() => ok({ fine: true }))
  const transport = transportOver(wire)
  const url = `${HOST}/v5/position/list?cursor=a%253D1`
  assert.equal(await transport.send({ method: 'get', url }, 'normal', stamp), {
    asked: { method: 'GET', path: '/v5/position/list', changes: false },
    result: { fine: true },
    at: WALL,
  })
  await transport.send(CREATE, 'normal', stamp)
  await transport.send(
    { url: `${HOST}/v5/market/kline`, params: { symbol: 'A B', limit: 5 } },
    'normal',
    stamp,
  )
  assert.equal(
    wire.sent.map(({ method, url: to, body }) => [method, to, body]),
    [
      ['GET', url, null],
      ['POST', CREATE.url, '{"a":1}'],
      ['GET', `${HOST}/v5/market/kline?symbol=A%20B&limit=5`, null],
    ],
  )
  assert.is(wire.sent[0].headers['content-type'], undefined)
  assert.is(wire.sent[1].headers['X-BAPI-TIMESTAMP'], '1000')
  assert.is(wire.sent[2].headers['X-BAPI-API-KEY'], undefined)
})

test('whatever is no GET changes something, and stays inside in a dry run', async () => {
  const wire = new Wire(() => ok({}))
  const transport = transportOver(wire, true)
  for (const method of ['POST', 'put', 'DELETE', 'PATCH']) {
    const error = await thrownBy(transport.send({ ...CREATE, method }, 'protective', stamp))
    assert.equal([error.why, error.ambiguous, error.retryable], ['dry-run', false, false])
  }
  assert.is(wire.sent.length, 0)
})

test('a reply that says that the limit is used up stops the endpoint until it is set back', async () => {
  const headers = { 'x-bapi-limit-status': '0', 'x-bapi-limit-reset-timestamp': '900', timenow: '500' }
  const wire = new Wire(() => reply(ok({}), headers))
  const transport = transportOver(wire)
  await transport.send(CREATE, 'normal', stamp)
  await transport.send({ ...CREATE, url: `${HOST}/v5/order/cancel` }, 'normal', stamp)
  assert.equal(wire.clock.slept, [])
  await transport.send(CREATE, 'protective', stamp)
  assert.equal(wire.clock.slept, [400])
})

test('nobody waits longer for a turn than ten seconds', async () => {
  const wire = new Wire(() => ok({}))
  const transport = transportOver(wire)
  // A clock that goes back again and again: the turn never comes.
  wire.clock.sleep = async ms => {
    wire.clock.slept.push(ms)
    wire.clock.time += ms
    for (let k = 0; k < 5; k++) void transport.send(CREATE, 'protective', stamp).catch(() => {})
  }
  for (let k = 0; k < 3; k++) await transport.send(CREATE, 'normal', stamp)
  const error = await thrownBy(transport.send(CREATE, 'normal', stamp))
  assert.equal([error.why, error.ambiguous, error.retryable], ['rate', false, true])
  assert.match(error.message, /W401/)
})

test('an address that an error code says is blocked is left alone, too', async () => {
  const wire = new Wire(() => ({ retCode: 10_018, retMsg: 'IP rate limit' }))
  const transport = transportOver(wire)
  assert.is((await thrownBy(transport.send(CREATE, 'normal', stamp))).why, 'banned')
  assert.match((await thrownBy(transport.send(CREATE, 'normal', stamp))).message, /C402/)
  assert.is(wire.sent.length, 1)
})

test('an address that one client hears is blocked is left alone by the others of the process, another host is not', async () => {
  const wire = new Wire(({ path }) => (path === '/v5/order/create' ? { status: 403 } : ok({})))
  const { ports } = wire
  const account = new Transport({ ports, credentials: CANARY, isDry: false })
  const market = new Transport({ ports, credentials: null, isDry: true })
  const read = (host: string): Promise<unknown> =>
    market.send({ url: `${host}/v5/market/tickers` }, 'protective', stamp)
  await read(HOST)
  assert.is((await thrownBy(account.send(CREATE, 'normal', stamp))).why, 'banned')
  assert.match((await thrownBy(read(HOST))).message, /C402/)
  await read('https://api-other.example.com')
  wire.clock.time += 600_000
  await read(HOST)
  assert.equal(
    wire.sent.map(({ path }) => path),
    [...['/v5/market/tickers', '/v5/order/create', '/v5/market/tickers', '/v5/market/tickers']],
  )
})

test('all clients of the process together take half of what the address may', async () => {
  const wire = new Wire(() => ok({}))
  const { ports } = wire
  const clients = Array.from({ length: 3 }, () => new Transport({ ports, credentials: null, isDry: true }))
  for (let k = 0; k < 301; k++) {
    await clients[k % 3].send({ url: `${HOST}/v5/market/tickers?${k}` }, 'protective', stamp)
    assert.equal(wire.clock.slept.length, k < 300 ? 0 : 1)
  }
  assert.equal(wire.clock.slept, [5_000])
})

/** What one call after another may take; each is answered after so long, or never. */
async function deadlines(
  path: string,
  lane: 'normal' | 'protective',
  answers: readonly (number | null)[],
  method = 'GET',
): Promise<readonly number[]> {
  const wire = new Wire((_, nth) => {
    const span = answers[nth - 1]
    if (span === null) return new HttpTrouble('no reply', { isReply: false, wasSent: true })
    wire.clock.time += span
    return ok({})
  })
  const transport = transportOver(wire)
  for (const _ of answers) {
    await transport.send({ method, url: `${HOST}${path}` }, lane, stamp).catch(() => {})
  }
  return wire.sent.map(({ deadlineMs }) => deadlineMs)
}

test('an answer about a stop is not waited for longer than a position may be without one', async () => {
  const stop = await deadlines('/v5/position/trading-stop', 'protective', [null, null, 5], 'POST')
  assert.equal(stop, [1_000, 1_000, 1_000])
  const order = await deadlines('/v5/order/create', 'protective', [null, 5], 'POST')
  assert.equal(
    order,
    [5_000, 5_000],
    'an order in doubt has to be looked up, which a short wait makes no sooner',
  )
})

test('what protects positions is read promptly, and patiently where the exchange is slow', async () => {
  assert.equal(await deadlines('/v5/position/list', 'protective', [5, null, 3_000, 1_200, 900, 5]), [
    ...[1_000, 1_000, 5_000, 5_000, 5_000, 1_000],
  ])
  assert.equal(await deadlines('/v5/position/list', 'normal', [null, 5]), [5_000, 5_000])
  assert.equal(await deadlines('/v5/market/tickers', 'protective', [null, 5]), [15_000, 15_000])
})

test.run()
