import { request } from 'node:http'
import { connect } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError, StoreError } from '../../base/errors.ts'
import { DAY } from '../../base/units.ts'
import { MemoryJournal } from './host.fixture.ts'
import { SimHost } from './host.ts'
import { marketsOf, tradingFrom, venueOf } from './market.fixture.ts'
import { SimServer } from './server.ts'
import { HEADERS, signatureOf } from './transfer.ts'

const test = suite('served exchange')

const MARKETS = marketsOf(5, 4, { symbols: 2 })
const FROM = tradingFrom(MARKETS)
const SYMBOL = MARKETS[0].instrument.symbol
const NOW = 1_000_000
const CREDENTIALS = { key: 'the-key', secret: 'the-secret' }

interface Asked {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  /** The body as it is sent, instead of `body` as JSON. */
  readonly text?: string
  readonly headers?: { readonly [name: string]: string }
  readonly signed?: {
    readonly key?: string
    readonly secret?: string
    readonly at?: number
    readonly window?: string
  }
}

interface Answer {
  readonly status: number
  readonly reply: { readonly [name: string]: unknown }
  readonly headers: { readonly [name: string]: unknown }
}

async function served<T>(
  use: (server: SimServer, host: SimHost, ask: (asked: Asked) => Promise<Answer>) => Promise<T>,
  journal: MemoryJournal | null = null,
): Promise<T> {
  const host = new SimHost(venueOf(MARKETS), journal, { isEager: true })
  const server = await SimServer.listen(host, { ...CREDENTIALS, port: 0, wall: () => NOW })
  try {
    return await use(server, host, asked => ask(server, asked))
  } finally {
    await server.close()
  }
}

function ask(server: SimServer, asked: Asked): Promise<Answer> {
  const { path, signed = {}, text, body: value } = asked
  const method = asked.method ?? (value === undefined && text === undefined ? 'GET' : 'POST')
  const body = Buffer.from(text ?? (value === undefined ? '' : JSON.stringify(value)))
  const { key = CREDENTIALS.key, secret = CREDENTIALS.secret, at = NOW, window = '5000' } = signed
  const timestamp = String(at)
  const signature = signatureOf(secret, { key, timestamp, window, method, target: path, body })
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, server.url),
      {
        method,
        agent: false,
        headers: {
          [HEADERS.key]: key,
          [HEADERS.timestamp]: timestamp,
          [HEADERS.window]: window,
          [HEADERS.signature]: signature,
          ...(method === 'POST' ? { 'content-type': 'application/json', 'content-length': body.length } : {}),
          ...asked.headers,
        },
      },
      response => {
        let got = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          got += chunk
        })
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            reply: JSON.parse(got) as Answer['reply'],
            headers: response.headers,
          }),
        )
        response.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const order = {
  clientOrderId: 'a',
  symbol: SYMBOL,
  side: 'long',
  purpose: 'entry',
  type: 'limit',
  price: 1_000,
  steps: 1_000,
  stop: null,
  leverage: 3,
  postOnly: false,
}

test('reads say where the exchange stands, what is held and what was told', async () => {
  await served(async (_, host, ask) => {
    const state = await ask({ path: '/state' })
    assert.is(state.status, 200)
    assert.equal(state.reply, {
      market: host.market,
      turn: 0,
      now: FROM,
      next: host.next,
      more: false,
      seq: 0,
    })
    await ask({ path: '/place', body: { order: { ...order, price: null, type: 'market' } } })
    assert.equal((await ask({ path: '/account' })).reply.account, host.account())
    const known = (await ask({ path: `/order?symbol=${SYMBOL}&id=a` })).reply.order
    assert.equal(known, host.lookUp(SYMBOL, 'a'))
    assert.equal((await ask({ path: '/executions?since=0' })).reply.executions, [])
    assert.is((await ask({ path: '/feed?after=0' })).reply.last, 1)
    assert.is((await ask({ path: '/feed?after=7' })).reply.inputs, null)
  })
})

test('a step is made once for its number, and the same number gives the same reply', async () => {
  await served(async (_, host, ask) => {
    const body = { market: host.market, turn: 1, to: FROM + DAY }
    const first = await ask({ path: '/advance', body })
    assert.is(first.status, 200)
    assert.equal([first.reply.turn, first.reply.now, first.reply.more], [1, FROM + DAY, true])
    assert.equal((await ask({ path: '/advance', body })).reply, first.reply)
    assert.is(host.turn, 1)
    const ahead = await ask({ path: '/advance', body: { ...body, turn: 3 } })
    assert.equal([ahead.status, ahead.reply.error], [409, 'turn'])
    const other = await ask({ path: '/advance', body: { ...body, turn: 2, market: 'x' } })
    assert.equal([other.status, other.reply.error], [409, 'market'])
    assert.is(host.turn, 1)
  })
})

test('the last reply is given again by a server that was started anew on the journal', async () => {
  const journal = new MemoryJournal()
  const [body, reply] = await served(async (_, host, ask) => {
    await ask({ path: '/place', body: { order } })
    const body = { market: host.market, turn: 1, to: FROM + DAY }
    return [body, (await ask({ path: '/advance', body })).reply]
  }, journal)
  await served(async (_, host, ask) => {
    assert.is(host.turn, 1)
    assert.equal((await ask({ path: '/advance', body })).reply, reply)
  }, journal.copy())
})

test('requests answer with the inputs that follow, refused ones too', async () => {
  await served(async (_, host, ask) => {
    const told = async (path: string, body: unknown): Promise<unknown> => {
      const { status, reply } = await ask({ path, body })
      const inputs = reply.inputs as readonly { readonly [name: string]: unknown }[]
      return [status, reply.seq, inputs.map(input => input.status ?? [input.ok, input.why ?? ''])]
    }
    assert.equal(await told('/place', { order }), [200, 1, ['accepted']])
    assert.equal(await told('/place', { order }), [200, 2, ['rejected']])
    const amend = { symbol: SYMBOL, clientOrderId: 'a', price: 2, steps: 5 }
    assert.equal(await told('/amend', amend), [200, 3, ['rejected']])
    const stop = { symbol: SYMBOL, requestId: 's', side: 'long', stop: 5 }
    assert.equal(await told('/stop', stop), [200, 4, [[false, '']]])
    assert.equal(await told('/cancel', { symbol: SYMBOL, clientOrderId: 'a' }), [200, 5, ['cancelled']])
    const act = await ask({
      path: '/act',
      body: { act: { kind: 'liquidate', symbol: SYMBOL, side: 'long' } },
    })
    assert.equal([act.status, act.reply.refusal], [200, `no long position on ${SYMBOL}`])
    assert.is((await ask({ path: '/act', body: { act: { kind: 'deposit', usdt: 5 } } })).reply.refusal, null)
    assert.is(host.account().wallet, 1005)
  })
})

test('a request that is not signed as it should be executes nothing', async () => {
  await served(async (_, host, ask) => {
    for (const [signed, code] of [
      [{ key: 'other' }, 'credentials'],
      [{ secret: 'other' }, 'credentials'],
      [{ at: NOW - 5_001 }, 'stale'],
      [{ at: NOW + 1_001 }, 'stale'],
      [{ at: Number.NaN }, 'stale'],
      [{ window: '100', at: NOW - 101 }, 'stale'],
      [{ window: '60000', at: NOW - 5_001 }, 'stale'],
      [{ window: 'x' }, 'stale'],
    ] as const) {
      const { status, reply } = await ask({ path: '/place', body: { order }, signed })
      assert.equal([status, reply.error], [401, code])
    }
    const unsigned = { [HEADERS.signature]: '' }
    assert.is((await ask({ path: '/state', headers: unsigned })).status, 401)
    assert.is(host.told, 0)
    assert.is((await ask({ path: '/place', body: { order }, signed: { at: NOW - 5_000 } })).status, 200)
  })
})

test('a browser, another Host and a body that is no JSON are refused before anything is looked at', async () => {
  await served(async (server, host, ask) => {
    for (const [headers, status] of [
      [{ host: 'evil.example' }, 403],
      [{ host: `127.0.0.1:${server.port + 1}` }, 403],
      [{ host: `127.0.0.1.:${server.port}` }, 403],
      [{ host: `me@127.0.0.1:${server.port}` }, 403],
      [{ origin: server.url }, 403],
      [{ origin: 'null' }, 403],
      [{ 'content-type': 'text/plain' }, 415],
      [{ 'content-type': 'application/jsonp' }, 415],
      [{ 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ] as const) {
      const answer = await ask({ path: '/place', body: { order }, headers })
      assert.is(answer.status, status, JSON.stringify(headers))
      assert.is(answer.headers['access-control-allow-origin'], undefined)
    }
    assert.is(host.told, 0)
    const good = await ask({
      path: '/place',
      body: { order },
      headers: { host: `localhost:${server.port}`, 'content-type': 'application/json; charset=utf-8' },
    })
    assert.is(good.status, 200)
  })
})

test('wrong bodies, paths and methods are refused with words', async () => {
  await served(async (_, host, ask) => {
    for (const [asked, status, words] of [
      [{ path: '/place', text: '{"order":' }, 400, /not JSON/],
      [{ path: '/place', text: '[]' }, 400, /not a JSON object/],
      [{ path: '/place', text: '' }, 400, /not JSON/],
      [{ path: '/place', body: { order: { ...order, steps: 0 } } }, 400, /order.steps/],
      [{ path: '/place', body: { order, more: 1 } }, 400, /there is no field more/],
      [{ path: '/cancel', body: { symbol: 'YUSDT', clientOrderId: 'a' } }, 400, /YUSDT is not listed/],
      [{ path: '/stop', body: { symbol: SYMBOL, requestId: 's', side: 'up', stop: 1 } }, 400, /side/],
      [{ path: '/act', body: { act: { kind: 'explode' } } }, 400, /kind/],
      [{ path: '/order?symbol=X' }, 400, /id is missing/],
      [{ path: '/executions?since=x' }, 400, /since is no whole number/],
      [{ path: '/nothing' }, 404, /there is no GET \/nothing/],
      [{ path: '/constructor' }, 404, /there is no/],
      [{ path: '/place', method: 'GET' }, 404, /there is no GET/],
      [{ path: '/state', method: 'OPTIONS' }, 404, /there is no OPTIONS/],
    ] as const) {
      const answer = await ask(asked)
      assert.is(answer.status, status, JSON.stringify(asked))
      assert.match(String(answer.reply.message), words)
    }
    assert.is(host.told, 0)
  })
})

test('a body that is too long is not read to its end', async () => {
  await served(async (server, host, ask) => {
    const long = await ask({ path: '/place', text: `"${'x'.repeat(70_000)}"` })
    assert.equal([long.status, long.reply.error], [413, 'length'])
    // Its length not said beforehand.
    const status = await new Promise<number>((resolve, reject) => {
      const outgoing = request(
        new URL('/place', server.url),
        { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } },
        response => {
          resolve(response.statusCode ?? 0)
          response.destroy()
        },
      )
      outgoing.on('error', reject)
      for (let i = 0; i < 9; i++) outgoing.write('x'.repeat(8 * 1024))
    })
    assert.is(status, 413)
    assert.is(host.told, 0)
  })
})

test('what is no HTTP, or ends in the middle, harms nothing', async () => {
  await served(async (server, host, ask) => {
    for (const text of [
      'garbage\r\n\r\n',
      'POST /place HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"a"',
    ]) {
      await new Promise<void>(resolve => {
        const socket = connect(server.port, '127.0.0.1', () => socket.end(text))
        socket.on('close', () => resolve())
        socket.resume()
      })
    }
    assert.is((await ask({ path: '/state' })).status, 200)
    assert.is(host.told, 0)
  })
})

test('a port that is taken is a matter of the configuration, named', async () => {
  await served(async (server, host) => {
    const error = await SimServer.listen(host, { ...CREDENTIALS, port: server.port, wall: () => NOW }).then(
      () => null,
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof ConfigError)
    assert.match(error.message, new RegExp(`port ${server.port} on 127.0.0.1 is in use`))
  })
})

test('a journal that cannot be written ends the server, and the request stays without a clear answer', async () => {
  class Full extends MemoryJournal {
    override write(): void {
      throw new StoreError('the disk is full', { retryable: false, trouble: 'full' })
    }
  }
  await served(async (server, _, ask) => {
    const answer = await ask({ path: '/place', body: { order } })
    assert.equal([answer.status, answer.reply.error], [500, 'fault'])
    assert.match((await server.fault).message, /disk is full/)
  }, new Full())
})

test.run()
