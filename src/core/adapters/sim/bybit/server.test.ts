import { once } from 'node:events'
import { request } from 'node:http'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { MINUTE, type Steps } from '../../../base/units.ts'
import { KEY, marketOf, PLAIN_COSTS, SECRET, START, still } from './bybit.fixture.ts'
import { type BybitOptions, SimBybit } from './bybit.ts'
import { BybitServer } from './server.ts'
import { signatureOf } from './signing.ts'
import { BY_HAND } from './wishes.ts'

const test = suite('bybit server')

/** A clock that moves when the test says so; whoever sleeps wakes at every move. */
class Wall {
  now = 0
  #waking: (() => void)[] = []

  move(ms: number): void {
    this.now += ms
    const waking = this.#waking
    this.#waking = []
    for (const wake of waking) wake()
  }

  sleep(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      this.#waking.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}

async function served(
  act: (server: BybitServer, wall: Wall, sim: SimBybit) => Promise<void>,
  speed = 1,
  options: Partial<BybitOptions> = {},
): Promise<void> {
  const wall = new Wall()
  const sim = new SimBybit([marketOf(still(100))], {
    costs: PLAIN_COSTS,
    wallet: 1_000,
    seed: '1',
    from: START,
    key: KEY,
    secret: SECRET,
    speed,
    ...options,
  })
  const server = await BybitServer.listen(sim, {
    port: 0,
    wall: () => wall.now,
    stamp: () => 1_000 + wall.now,
    sleep: (_, signal) => wall.sleep(signal),
  })
  try {
    await act(server, wall, sim)
  } finally {
    await server.close()
  }
}

function ask(
  server: BybitServer,
  method: string,
  path: string,
  options: { readonly body?: string; readonly headers?: Record<string, string> } = {},
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}${path}`, { method, headers: options.headers ?? {} }, reply => {
      let text = ''
      reply.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}

test('time goes at its pace, and a request is answered at the time it comes', async () => {
  await served(async (server, wall) => {
    wall.move(1_000)
    const { text } = await ask(server, 'GET', '/v5/market/time')
    assert.is(JSON.parse(text).time, START + MINUTE)
    assert.is(server.now, START + MINUTE)
  }, 60)
})

/** What a follower of the clock is told next. */
async function clockOf(socket: WebSocket): Promise<{ readonly now: number; readonly pace: number }> {
  const [frame] = await once(socket, 'message')
  return JSON.parse(String(frame))
}

test('whoever follows the clock is told of it at once, now and then, and when its pace changes', async () => {
  await served(
    async (server, wall, sim) => {
      const hearing = new WebSocket(`${server.url.replace('http', 'ws')}/v5/private`)
      await once(hearing, 'open')
      const expires = START + 60 * MINUTE
      const signature = signatureOf(SECRET, `GET/realtime${expires}`)
      hearing.send(JSON.stringify({ op: 'auth', args: [KEY, expires, signature] }))
      hearing.send(JSON.stringify({ op: 'subscribe', args: ['position'] }))
      while (sim.streams.listeners.length === 0) await new Promise(resolve => setImmediate(resolve))
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/clock`)
      assert.equal(await clockOf(socket), { now: START, pace: 60, at: 1_000 })
      const later = clockOf(socket)
      for (let k = 0; k < 25; k++) {
        wall.move(10)
        await new Promise(resolve => setImmediate(resolve))
      }
      assert.equal(await later, { now: START + 15_000, pace: 60, at: 1_250 })
      wall.move(10_000)
      assert.is(server.now, START + 16_200, 'a process that stood does not make up for it')
      const bought = { ...BY_HAND, symbol: 'XUSDT', side: 'Buy', positionIdx: 0, orderLinkId: 'a' } as const
      sim.desk.create({ ...bought, type: 'Market', timeInForce: 'IOC', price: null, steps: 1_000 as Steps })
      wall.move(10)
      const slow = await clockOf(socket)
      assert.is(slow.pace, 1)
      wall.move(10)
      assert.is(server.now, slow.now + 10)
      sim.cause({ fault: 'human-close', symbol: 'XUSDT' })
      wall.move(10)
      const fast = await clockOf(socket)
      assert.is(fast.pace, 60)
      hearing.terminate()
    },
    60,
    { slowWhenBare: true },
  )
})

test('a signed order is taken, also where its answer has to wait', async () => {
  await served(async (server, wall) => {
    for (let k = 0; k < 6; k++) {
      const body = JSON.stringify({
        category: 'linear',
        symbol: 'XUSDT',
        side: 'Buy',
        orderType: 'Market',
        qty: '1',
      })
      const stamp = String(Math.floor(server.now))
      const headers = {
        'x-bapi-api-key': KEY,
        'x-bapi-timestamp': stamp,
        'x-bapi-recv-window': '5000',
        'x-bapi-sign': signatureOf(SECRET, `${stamp}${KEY}5000${body}`),
        'content-type': 'application/json',
      }
      const reply = ask(server, 'POST', '/v5/order/create', { body, headers })
      let text: string | undefined
      void reply.then(found => {
        text = found.text
      })
      while (text === undefined) {
        await new Promise(resolve => setImmediate(resolve))
        wall.move(5)
      }
      assert.is(JSON.parse(text).retCode, 0)
    }
  })
})

test('a stream tells what it was asked for, and a socket that closes is forgotten', async () => {
  await served(async (server, wall, sim) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v5/public/linear`)
    await once(socket, 'open')
    const first = once(socket, 'message')
    socket.send(JSON.stringify({ op: 'subscribe', args: ['kline.1.XUSDT'] }))
    await first
    const later = once(socket, 'message')
    wall.move(2 * MINUTE)
    const [frame] = await later
    assert.match(String(frame), /kline|subscribe/)
    socket.close()
    await once(socket, 'close')
    while (sim.streams.sessions.length > 0) await new Promise(resolve => setImmediate(resolve))
  })
})

test('what goes wrong goes wrong on the sockets too, and the door for operators is beside them', async () => {
  await served(async (server, wall, sim) => {
    const headers = { authorization: `Bearer ${SECRET}` }
    const rules = [
      { fault: 'reset-reply', only: '/v5/market/time', most: 1 },
      { fault: 'lose-reply', only: '/v5/market/time', most: 1 },
      { fault: 'truncated', only: '/v5/market/time', most: 1 },
    ]
    const body = JSON.stringify({ rules })
    assert.is((await ask(server, 'POST', '/control/faults', { body, headers })).status, 200)
    await ask(server, 'GET', '/v5/market/time').then(
      () => assert.unreachable(),
      (error: NodeJS.ErrnoException) => assert.is(error.code, 'ECONNRESET'),
    )
    const lost = request(`${server.url}/v5/market/time`)
    lost.on('response', () => assert.unreachable())
    lost.on('error', () => {})
    lost.end()
    while (sim.plan.counts['lose-reply'] === undefined) await new Promise(resolve => setImmediate(resolve))
    const { text } = await ask(server, 'GET', '/v5/market/time')
    assert.throws(() => JSON.parse(text))
    lost.destroy()
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v5/public/linear`)
    await once(socket, 'open')
    const closed = once(socket, 'close')
    await ask(server, 'POST', '/control/cause', { body: '{"fault":"drop"}', headers })
    wall.move(10)
    await closed
    const counts = JSON.parse((await ask(server, 'GET', '/control', { headers })).text).counts
    assert.equal(counts, { 'reset-reply': 1, 'lose-reply': 1, truncated: 1, drop: 1 })
    assert.is((await ask(server, 'GET', '/control')).status, 401)
  })
})

test('a browser, another name of this machine, a long body and an unknown socket are not served', async () => {
  await served(async server => {
    const time = '/v5/market/time'
    assert.is((await ask(server, 'GET', time, { headers: { origin: 'http://evil.example' } })).status, 403)
    assert.is((await ask(server, 'GET', time, { headers: { host: 'evil.example' } })).status, 403)
    const body = 'x'.repeat(70_000)
    assert.is((await ask(server, 'POST', '/v5/order/create', { body })).status, 413)
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v5/public/spot`)
    const [error] = await once(socket, 'error')
    assert.match(String(error), /404/)
  })
})

test('a port that is taken is a matter of configuration', async () => {
  await served(async (server, _, sim) => {
    const options = { port: server.port, wall: () => 0, stamp: () => 0, sleep: () => Promise.resolve() }
    await BybitServer.listen(sim, options).then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, /EADDRINUSE/),
    )
  })
})

test.run()
