import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { DAY, HOUR, type Steps, type Ticks, type Timestamp } from '../../base/units.ts'
import type { PacedExchange } from '../../engine/ports.ts'
import type { Input } from '../../engine/protocol.ts'
import { defaultSettings } from '../../engine/settings.ts'
import { EmbeddedExchange } from './embedded.ts'
import { MemoryJournal } from './host.fixture.ts'
import { SimHost } from './host.ts'
import { marketsOf, runLive, said, tradingFrom, venueOf } from './market.fixture.ts'
import { RemoteExchange, type RemoteOptions } from './remote.ts'
import { SimServer } from './server.ts'
import { ScriptedTrader } from './trader.fixture.ts'

const test = suite('remote exchange')

const MARKETS = marketsOf(5, 6, { symbols: 2, minutes15Days: 3 })
const FROM = tradingFrom(MARKETS)
const SYMBOL = MARKETS[1].instrument.symbol
const CREDENTIALS = { key: 'the-key', secret: 'the-secret' }
const NOW = 1_000_000

const hostOn = (journal: MemoryJournal | null = null): SimHost =>
  new SimHost(venueOf(MARKETS), journal, { isEager: true })

const served = (host: SimHost, port = 0): Promise<SimServer> =>
  SimServer.listen(host, { ...CREDENTIALS, port, wall: () => NOW })

function connected(url: string, over: Partial<RemoteOptions> = {}): Promise<RemoteExchange> {
  return RemoteExchange.connect({
    url,
    ...CREDENTIALS,
    wall: () => NOW,
    sleep: () => Promise.reject(new Error('nothing is to be waited for')),
    random: () => 0.5,
    onTrouble: words => {
      throw new Error(words)
    },
    ...over,
  })
}

const go = (): Promise<boolean> => Promise.resolve(true)

/** Trades an exchange to its end and returns all that was heard. */
async function traded(exchange: PacedExchange, until: Timestamp | null = null): Promise<readonly Input[]> {
  const trader = new ScriptedTrader(exchange, SYMBOL)
  await exchange.run(() => trader.idle(), go, until)
  return trader.heard
}

/** What embedded exchange tells of the same trading, to compare with. */
const expected = await traded(new EmbeddedExchange(hostOn()))

/** A relay before a server that may lose what it has to pass on. */
class Relay {
  readonly #server: Server
  target = 0
  /** What becomes of a request, by its path. */
  fate: (path: string) => 'pass' | 'lose-request' | 'lose-reply' = () => 'pass'
  lost = 0

  constructor() {
    this.#server = createServer((incoming, outgoing) => void this.#pass(incoming, outgoing))
  }

  async listen(): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = incoming.url ?? ''
    const fate = this.fate(path)
    const chunks: Uint8Array[] = []
    for await (const chunk of incoming as AsyncIterable<Uint8Array>) chunks.push(chunk)
    if (fate === 'lose-request') {
      this.lost++
      incoming.socket.destroy()
      return
    }
    const headers = { ...incoming.headers, host: `127.0.0.1:${this.target}` }
    const url = `http://127.0.0.1:${this.target}${path}`
    const inner = request(url, { method: incoming.method ?? 'GET', headers, agent: false }, async reply => {
      const got: Uint8Array[] = []
      for await (const chunk of reply as AsyncIterable<Uint8Array>) got.push(chunk)
      if (fate === 'lose-reply') {
        this.lost++
        incoming.socket.destroy()
        return
      }
      outgoing.writeHead(reply.statusCode ?? 0, { 'content-type': 'application/json' })
      outgoing.end(Buffer.concat(got))
    })
    inner.on('error', () => incoming.socket.destroy())
    inner.end(Buffer.concat(chunks))
  }
}

test('the same trading over a socket and in one process hears the same, in the same order', async () => {
  const server = await served(hostOn())
  const exchange = await connected(server.url)
  const local = new EmbeddedExchange(hostOn())
  assert.equal(await exchange.history(), await local.history())
  assert.is(exchange.clock.now(), FROM)
  assert.equal(await traded(exchange), expected)
  assert.ok(expected.some(input => input.type === 'fill') && expected.some(input => input.type === 'stop'))
  await traded(local)
  assert.equal(await exchange.account(), await local.account())
  assert.equal(await exchange.executions(0), await local.executions(0))
  assert.ok((await exchange.executions(0)).length > 3)
  assert.equal(await exchange.lookUp(SYMBOL, 'entry-1'), await local.lookUp(SYMBOL, 'entry-1'))
  exchange.close()
  await server.close()
})

test('the engine makes the same trades over a socket, with replies lost on the way, as without one', async () => {
  const markets = marketsOf(2, 25, { symbols: 3, minutes15Days: 12 })
  const options = { settings: defaultSettings() }
  const relay = new Relay()
  const url = await relay.listen()
  let close: () => Promise<void> = async () => {}
  let calls = 0
  relay.fate = path => (path === '/advance' && ++calls % 11 === 0 ? 'lose-reply' : 'pass')
  const over = await runLive(markets, options, async venue => {
    const server = await served(new SimHost(venue, new MemoryJournal(), { isEager: true }))
    relay.target = server.port
    const exchange = await connected(url, { sleep: async () => {}, onTrouble: () => {} })
    close = async () => {
      exchange.close()
      await server.close()
    }
    return exchange
  })
  await close()
  await relay.close()
  const without = await runLive(markets, options)
  assert.ok(
    relay.lost > 10 && without.trades.length > 3,
    `${without.trades.length} trades, ${relay.lost} lost`,
  )
  assert.is(said(over), said(without))
})

test('lost replies and requests of the market itself are asked for again, and nothing is heard twice or not at all', async () => {
  const server = await served(hostOn())
  const relay = new Relay()
  const url = await relay.listen()
  relay.target = server.port
  let calls = 0
  relay.fate = path => {
    if (path !== '/advance') return 'pass'
    calls++
    return calls % 5 === 0 ? 'lose-reply' : calls % 7 === 0 ? 'lose-request' : 'pass'
  }
  const troubles: string[] = []
  const waits: number[] = []
  const exchange = await connected(url, {
    sleep: async ms => void waits.push(ms),
    onTrouble: words => troubles.push(words),
  })
  assert.equal(await traded(exchange), expected)
  assert.ok(relay.lost > 10, `${relay.lost} were lost`)
  assert.ok(troubles.length <= waits.length, 'an absence is told once')
  assert.match(troubles[0], /is away .*waiting for it/)
  assert.equal(new Set(waits), new Set([100, 200]))
  exchange.close()
  await relay.close()
  await server.close()
})

test('a request without a reply is ambiguous, and what it told is heard with the next reply', async () => {
  const server = await served(hostOn())
  const relay = new Relay()
  const url = await relay.listen()
  relay.target = server.port
  const exchange = await connected(url)
  const heard: string[] = []
  exchange.listen(input =>
    heard.push(input.type === 'order' ? `${input.clientOrderId} ${input.status}` : input.type),
  )
  const trader = new ScriptedTrader(null, SYMBOL)
  relay.fate = path => (path === '/place' ? 'lose-reply' : 'pass')
  const lost = await exchange.place(trader.entry('a')).catch((error: unknown) => error)
  assert.ok(lost instanceof ExchangeError && lost.ambiguous && lost.retryable)
  assert.equal(heard, [])
  assert.is((await exchange.lookUp(SYMBOL, 'a')).state, 'resting')
  assert.equal(heard, ['a accepted'], 'the look-up brings what was missed before it answers')
  relay.fate = path => (path === '/place' ? 'lose-request' : 'pass')
  const never = await exchange.place(trader.entry('b')).catch((error: unknown) => error)
  assert.ok(never instanceof ExchangeError && never.ambiguous)
  assert.is((await exchange.lookUp(SYMBOL, 'b')).state, 'absent')
  relay.fate = path => (path === '/place' || path.startsWith('/feed') ? 'lose-reply' : 'pass')
  await exchange.place(trader.entry('c')).catch(() => {})
  await exchange.account()
  assert.equal(heard, ['a accepted', 'feed-gap'], 'what cannot be told any more is said to be lost')
  exchange.close()
  await relay.close()
  await server.close()
})

test('requests made at once arrive and are heard in their order', async () => {
  const server = await served(hostOn())
  const exchange = await connected(server.url)
  const heard: string[] = []
  exchange.listen(input => heard.push(input.type === 'order' ? input.clientOrderId : input.type))
  const trader = new ScriptedTrader(null, SYMBOL)
  const ids = Array.from({ length: 20 }, (_, k) => `o${k}`)
  await Promise.all(ids.map(id => exchange.place(trader.entry(id))))
  assert.equal(heard, ids)
  exchange.close()
  await server.close()
})

test('a leverage is set and asked for over a socket, and an unlisted symbol is refused', async () => {
  const server = await served(hostOn())
  const exchange = await connected(server.url)
  const heard: unknown[] = []
  exchange.listen(input => heard.push(input.type === 'leverage' ? input.leverage : input.type))
  await exchange.setLeverage('l', SYMBOL, 4)
  assert.equal([heard, await exchange.leverage(SYMBOL)], [[4], 4])
  const unlisted = await exchange.leverage('NOTUSDT').catch((reason: unknown) => reason)
  assert.ok(unlisted instanceof ExchangeError && !unlisted.ambiguous)
  exchange.close()
  await server.close()
})

test('in hedge mode a leverage is of one side; the mode is switched and asked for over a socket, or refused', async () => {
  const server = await served(hostOn())
  const exchange = await connected(server.url)
  assert.is(await exchange.positionMode(), 'one-way')
  assert.is(await exchange.setPositionMode('hedge'), null)
  assert.is(await exchange.positionMode(), 'hedge')
  await exchange.setLeverage('l', SYMBOL, 4, 'short')
  assert.equal([await exchange.leverage(SYMBOL, 'long'), await exchange.leverage(SYMBOL, 'short')], [10, 4])
  const open = { kind: 'open', symbol: SYMBOL, side: 'long', steps: 10 as Steps } as const
  assert.is(await exchange.act(open), null)
  assert.match((await exchange.setPositionMode('one-way')) ?? '', /stays hedge: .* has a position/)
  assert.is(await exchange.positionMode(), 'hedge')
  exchange.close()
  await server.close()
})

test('a history is of one moment, whoever moves the market while it is read', async () => {
  const host = hostOn()
  const server = await served(host)
  const relay = new Relay()
  const url = await relay.listen()
  relay.target = server.port
  const exchange = await connected(url)
  let moves = 2
  relay.fate = path => {
    if (path.includes('symbol=') && moves-- > 0) host.advance(host.next ?? FROM)
    return 'pass'
  }
  const history = await exchange.history()
  assert.equal(history, host.history())
  assert.is(exchange.clock.now(), host.now)
  relay.fate = path => {
    if (path.includes('symbol=')) host.advance(host.next ?? FROM)
    return 'pass'
  }
  const error = await exchange.history().catch((reason: unknown) => reason)
  assert.ok(error instanceof ExchangeError && error.retryable)
  assert.match(error.message, /another trader moves the exchange/)
  exchange.close()
  await relay.close()
  await server.close()
})

test('acts of others are heard by the trader, in order with everything else', async () => {
  const server = await served(hostOn())
  const trader = await connected(server.url)
  const person = await connected(server.url)
  const heard: string[] = []
  trader.listen(input =>
    heard.push(input.type === 'fill' ? `${input.clientOrderId} ${input.side}` : input.type),
  )
  await trader.history()
  const steps = 10 as Steps
  assert.match(
    (await person.act({ kind: 'open', symbol: 'NOUSDT', side: 'long', steps })) ?? '',
    /not listed/,
  )
  assert.is(await person.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps }), null)
  assert.equal(heard, [])
  assert.is((await trader.account()).positions.length, 1)
  assert.equal(heard, ['null long'])
  trader.close()
  person.close()
  await server.close()
})

test('a server that was ended and started anew on its journal is waited for, and goes on where it stood', async () => {
  let journal = new MemoryJournal()
  let server = await served(hostOn(journal))
  const { port } = server
  let troubles = 0
  let waits = 0
  const exchange = await connected(server.url, {
    onTrouble: () => troubles++,
    sleep: async () => {
      waits++
      if (waits % 3 !== 0) return
      journal = journal.copy()
      server = await served(hostOn(journal), port)
    },
  })
  const trader = new ScriptedTrader(exchange, SYMBOL)
  let steps = 0
  await exchange.run(
    async () => {
      await trader.idle()
      // Once between two instants, once within one.
      if (++steps === 12 || steps === 25) await server.close()
    },
    go,
    FROM + 4 * DAY,
  )
  const end = exchange.clock.now()
  assert.equal([troubles, waits], [2, 6])
  assert.equal(
    trader.heard,
    expected.filter(input => input.at <= end),
  )
  exchange.close()
  await server.close()
})

test('while it waits it can be stopped', async () => {
  const server = await served(hostOn())
  let isStopped = false
  const exchange = await connected(server.url, {
    onTrouble: () => {},
    sleep: async () => {
      isStopped = true
    },
  })
  exchange.listen(() => {})
  const pace = async (): Promise<boolean> => {
    if (isStopped) return false
    await server.close()
    return true
  }
  assert.is(await exchange.run(() => Promise.resolve(), pace, null), 'stopped')
  exchange.close()
})

test('waits grow and are jittered, up to 5 s', async () => {
  const server = await served(hostOn())
  const waits: number[] = []
  const exchange = await connected(server.url, {
    random: () => 0.999,
    onTrouble: () => {},
    sleep: async ms => void waits.push(Math.round(ms)),
  })
  exchange.listen(() => {})
  await server.close()
  await exchange.run(
    () => Promise.resolve(),
    async () => waits.length < 8,
    null,
  )
  assert.equal(waits, [200, 400, 799, 1598, 3197, 4995, 4995, 4995])
  exchange.close()
})

test('a second trader takes over where the market stands, and the first one hears what it has missed', async () => {
  const server = await served(hostOn())
  const first = await connected(server.url)
  const heard: Input[] = []
  first.listen(input => heard.push(input))
  await first.run(() => Promise.resolve(), go, FROM + DAY)
  const second = await connected(server.url)
  second.listen(() => {})
  const history = await second.history()
  const candles = heard.filter(input => input.type === 'candle').length
  const fresh = await new EmbeddedExchange(hostOn()).history()
  const known = (inputs: readonly Input[]): number => inputs.filter(input => input.type === 'candle').length
  assert.is(known(history), known(fresh) + candles)
  assert.is(second.clock.now(), FROM + DAY)
  await second.run(() => Promise.resolve(), go, FROM + 2 * DAY)
  await first.run(() => Promise.resolve(), go, FROM + 3 * DAY)
  const all: Input[] = []
  const whole = new EmbeddedExchange(hostOn())
  whole.listen(input => all.push(input))
  await whole.run(() => Promise.resolve(), go, FROM + 3 * DAY)
  assert.equal(heard, all)
  first.close()
  second.close()
  await server.close()
})

test('a server that has lost its last steps is taken as it stands, and the trader is told of a gap', async () => {
  const journal = new MemoryJournal()
  let server = await served(hostOn(journal))
  const { port } = server
  const early = journal.copy()
  const exchange = await connected(server.url, {
    onTrouble: () => {},
    sleep: async () => {
      server = await served(hostOn(early), port)
    },
  })
  const heard: string[] = []
  exchange.listen(input => heard.push(input.type))
  await exchange.run(() => Promise.resolve(), go, FROM + 2 * DAY)
  const now = exchange.clock.now()
  assert.not.ok(heard.includes('feed-gap'))
  await server.close()
  await exchange.run(() => Promise.resolve(), go, FROM + 3 * DAY)
  assert.is(heard.filter(type => type === 'feed-gap').length, 1)
  assert.ok(exchange.clock.now() > now, 'time does not go back')
  exchange.close()
  await server.close()
})

test('another market at the same address is no exchange to go on with', async () => {
  let server = await served(hostOn())
  const { port } = server
  const exchange = await connected(server.url, {
    onTrouble: () => {},
    sleep: async () => {
      server = await served(new SimHost(venueOf(marketsOf(6, 3, { symbols: 1 })), null), port)
    },
  })
  exchange.listen(() => {})
  await server.close()
  const error = await exchange.run(() => Promise.resolve(), go, null).catch((reason: unknown) => reason)
  assert.ok(error instanceof ExchangeError && !error.retryable && !error.ambiguous)
  assert.match(error.message, /has another market now/)
  exchange.close()
  await server.close()
})

test('wrong credentials and a stale request are refused outright', async () => {
  const server = await served(hostOn())
  const wrong = await connected(server.url, { secret: 'other' }).catch((error: unknown) => error)
  assert.ok(wrong instanceof ExchangeError && !wrong.retryable && !wrong.ambiguous)
  assert.match(wrong.message, /refuses the credentials/)
  let wall = NOW
  const exchange = await connected(server.url, { wall: () => wall })
  exchange.listen(() => {})
  wall -= HOUR
  const stale = await exchange
    .place(new ScriptedTrader(null, SYMBOL).entry('a'))
    .catch((error: unknown) => error)
  assert.ok(stale instanceof ExchangeError && !stale.ambiguous && stale.why === 'stale')
  wall = NOW
  assert.is((await exchange.lookUp(SYMBOL, 'a')).state, 'absent')
  exchange.close()
  await server.close()
})

test('each unusable answer is told as what it is, ambiguous only where something may have been changed', async () => {
  const state = { market: 'm', turn: 0, now: 5, next: 9, more: false, seq: 0 }
  let answer: (response: ServerResponse) => void = () => {}
  const server = createServer((incoming, response) => {
    incoming.resume()
    if (incoming.url === '/state') response.end(JSON.stringify(state))
    else answer(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const exchange = await connected(url, { deadlineMs: 300 })
  exchange.listen(() => {})
  const page = `<html>${'x'.repeat(5_000)}</html>`
  for (const [name, give, why, words] of [
    ['html', response => response.end(page), 'unreadable', /<html>xxx/],
    ['empty', response => response.end(), 'unreadable', /empty/],
    ['list', response => response.end('[]'), 'unreadable', /cannot be read/],
    ['other', response => response.end('{"a":1}'), 'unreadable', /cannot be read/],
    [
      'cut',
      response => {
        response.writeHead(200, { 'content-length': 500 })
        response.write('{"seq":', () => response.destroy())
      },
      'unreadable',
      /cut off/,
    ],
    ['502', response => response.writeHead(502).end(page), 'unreadable', /status 502/],
    ['500', response => response.writeHead(500).end('{"error":"fault","message":"oh"}'), undefined, /oh/],
    ['403', response => response.writeHead(403).end(page), 'unreadable', /<html>/],
    ['302', response => response.writeHead(302).end('{"error":"x"}'), 'unreadable', /cannot be read/],
    ['reset', response => response.socket?.destroy(), undefined, /\/cancel|\/account/],
    ['silence', () => {}, undefined, /no reply within 300 ms/],
    ['flood', response => response.end(`"${'x'.repeat(1_100_000)}"`), 'unreadable', /longer than/],
  ] as readonly (readonly [string, (response: ServerResponse) => void, string | undefined, RegExp])[]) {
    answer = give
    for (const [changes, ask] of [
      [true, () => exchange.cancel(SYMBOL, 'a')],
      [false, () => exchange.account()],
    ] as const) {
      const error = await ask().catch((reason: unknown) => reason)
      if (!(error instanceof ExchangeError)) throw new Error(`${name}: ${error}`)
      assert.equal([name, error.retryable, error.ambiguous, error.why], [name, true, changes, why])
      assert.match(error.message, words)
      assert.ok(error.message.length < 300, `${name} is told in ${error.message.length} characters`)
    }
  }
  answer = response => response.writeHead(400).end('{"error":"request","message":"no such thing"}')
  const refused = await exchange.setStop('s', SYMBOL, 'long', 5 as Ticks).catch((reason: unknown) => reason)
  assert.ok(refused instanceof ExchangeError)
  assert.equal([refused.retryable, refused.ambiguous, refused.message], [false, false, 'no such thing'])
  exchange.close()
  server.closeAllConnections()
  await new Promise<void>(resolve => server.close(() => resolve()))
  const gone = await connected(url).catch((reason: unknown) => reason)
  assert.ok(gone instanceof ExchangeError && gone.retryable && !gone.ambiguous)
})

test.run()
