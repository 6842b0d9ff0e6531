/** A client and the streams of the simulated Bybit without sockets: time is the simulation's, and moves when told to. */

import type { Milliseconds, Timestamp } from '../../base/units.ts'
import type { Input } from '../../engine/protocol.ts'
import type { Instrument } from '../../market/instrument.ts'
import type { PositionMode } from '../../market/side.ts'
import { KEY, type Minutes, marketOf, SECRET, START } from '../sim/bybit/bybit.fixture.ts'
import { type BybitOptions, SimBybit } from '../sim/bybit/bybit.ts'
import { signatureOf } from '../sim/bybit/signing.ts'
import type { Channel } from '../sim/bybit/streams.ts'
import { instrument as XUSDT } from '../sim/exchange.fixture.ts'
import { DEFAULT_COSTS } from '../sim/exchange.ts'
import { AccountFeed } from './account-feed.ts'
import { BybitBroker } from './broker.ts'
import { BybitClient } from './client.ts'
import { type HttpPort, type HttpRequest, HttpTrouble } from './http.ts'
import { HostBudgets } from './limits.ts'
import type { FeedConnection } from './market-feed.ts'
import type { StreamListener } from './stream-connection.ts'
import type { ClientPorts } from './transport.ts'

/** A session at one of the simulation's streams, as a connection. */
export class SimConnection implements FeedConnection {
  readonly #rig: SimulatedBybit
  readonly channel: Channel
  readonly listener: StreamListener
  #session: number | null = null
  isReady = false
  isSlowed = false

  constructor(rig: SimulatedBybit, channel: Channel, listener: StreamListener) {
    this.#rig = rig
    this.channel = channel
    this.listener = listener
    this.connect(false)
  }

  /** Whether it is the session that a frame is for. */
  is(session: number): boolean {
    return this.#session === session
  }

  connect(isAgain = true): void {
    const session = this.#rig.sim.open(this.channel)
    this.#session = session
    if (this.channel === 'private') {
      const expires = Math.floor(this.#rig.sim.now) + 1_000
      this.#say({ op: 'auth', args: [KEY, expires, signatureOf(SECRET, `GET/realtime${expires}`)] })
    }
    this.isReady = true
    // Whoever made it has it by then.
    queueMicrotask(() => this.listener.ready(isAgain))
  }

  /** The connection is cut; what is told meanwhile is lost. */
  drop(): void {
    if (this.#session !== null) this.#rig.sim.closed(this.#session)
    this.#session = null
    this.isReady = false
    this.listener.lost('the connection is gone', false)
  }

  subscribe(topics: readonly string[]): void {
    this.#say({ op: 'subscribe', args: topics, req_id: 's' })
  }

  unsubscribe(topics: readonly string[]): void {
    this.#say({ op: 'unsubscribe', args: topics, req_id: 'u' })
  }

  renew(topic: string): void {
    this.unsubscribe([topic])
    this.subscribe([topic])
  }

  check(): void {}

  close(): void {
    this.isReady = false
  }

  #say(frame: object): void {
    if (this.#session !== null) this.#rig.sim.frame(this.#session, JSON.stringify(frame))
  }
}

/** Time goes on in parts of so much. */
const PART: Milliseconds = 250

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve)) // world-ok: lets promises end

export interface SimulatedOptions extends Partial<BybitOptions> {
  readonly mode?: PositionMode
  readonly instrument?: Instrument
}

export class SimulatedBybit {
  readonly sim: SimBybit
  readonly client: BybitClient
  readonly broker: BybitBroker
  readonly feed: AccountFeed
  readonly connection: SimConnection
  readonly heard: Input[] = []
  readonly said: string[] = []
  /** What is asked, in order; private reads and changes. */
  readonly asked: string[] = []
  /** As bbw knows it. */
  instrument: Instrument
  /** Has the first word on a request: an answer instead of the exchange's, or an error that is thrown. */
  interfere: (request: HttpRequest, go: () => ReturnType<HttpPort>) => ReturnType<HttpPort> = (_, go) => go()
  readonly #connections: SimConnection[] = []
  readonly #sleepers: { readonly at: Timestamp; readonly wake: () => void }[] = []
  #isLive = false

  constructor(minutes: Minutes, options: SimulatedOptions = {}) {
    const { mode = 'one-way', instrument = XUSDT, ...rest } = options
    this.instrument = instrument
    this.sim = new SimBybit([marketOf(minutes, instrument)], {
      costs: { ...DEFAULT_COSTS, slippage: 0, slippageOfRange: 0 },
      wallet: 1_000,
      seed: '1',
      from: START,
      key: KEY,
      secret: SECRET,
      speed: 1,
      ...rest,
    })
    this.client = new BybitClient({
      url: 'http://127.0.0.1:1',
      ports: this.ports,
      credentials: { key: KEY, secret: SECRET },
      isDry: false,
    })
    let feed: AccountFeed | null = null
    this.broker = new BybitBroker({
      client: this.client,
      mode,
      began: START,
      instrument: async () => this.instrument,
      named: () => null,
      doubtFilters: () => {},
      sleep: span => this.sleep(span),
      hear: input => this.heard.push(input),
      stream: {
        shown: orders => feed?.shown(orders),
        listed: rows => feed?.listed(rows),
        cancels: id => feed?.cancels(id),
        filled: id => feed?.filled(id) ?? '0',
      },
    })
    feed = new AccountFeed({
      connect: listener => this.connect('private', listener),
      instrument: () => this.instrument,
      now: () => this.sim.now,
      hear: input => this.heard.push(input),
      say: (code, words) => this.said.push(`${code} ${words}`),
      denied: reason => this.said.push(`denied ${reason}`),
    })
    this.feed = feed
    this.connection = this.#connections[0]
    this.pump()
  }

  get now(): Timestamp {
    return this.sim.now
  }

  readonly ports: ClientPorts = {
    http: request => {
      this.asked.push(`${request.method} ${new URL(request.url).pathname}`)
      return this.interfere(request, async () => this.answer(request))
    },
    clock: {
      now: () => this.sim.now,
      monotonic: () => this.sim.now - START,
      sleep: span => this.sleep(span),
    },
    random: () => 0.5,
    budgets: new HostBudgets(),
  }

  connect(channel: Channel, listener: StreamListener): SimConnection {
    const connection = new SimConnection(this, channel, listener)
    this.#connections.push(connection)
    return connection
  }

  /** The newest connection of a channel. */
  last(channel: Channel): SimConnection {
    const found = this.#connections.findLast(connection => connection.channel === channel)
    if (found === undefined) throw new Error(`nobody has connected to the ${channel} stream`)
    return found
  }

  /** The exchange's own answer; what follows from it is told by the streams. */
  answer({ method, url, headers, body }: HttpRequest): Awaited<ReturnType<HttpPort>> {
    const target = url.slice(new URL(url).origin.length)
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    const outcome = this.sim.request({ method, target, headers: lower, body: body ?? '' })
    this.pump()
    if (outcome.kind !== 'reply') throw new HttpTrouble(outcome.kind, { isReply: false, wasSent: true })
    return outcome.reply
  }

  /** Lets time pass, in parts of a second. */
  pass(span: Milliseconds): void {
    const end = this.sim.now + span
    while (this.sim.now < end) {
      this.sim.advance(Math.min(end, this.sim.now + 250))
      this.pump()
    }
  }

  /** Where `live` moves time, a sleep ends when it gets there; else it moves time itself. */
  async sleep(span: Milliseconds, signal?: AbortSignal): Promise<void> {
    if (!this.#isLive) return this.pass(span)
    await new Promise<void>((resolve, reject) => {
      this.#sleepers.push({ at: this.sim.now + span, wake: resolve })
      signal?.addEventListener('abort', () => reject(new Error('aborted')))
    })
  }

  /** Time goes on, and everybody who waits for it wakes up when it is due. */
  async live(span: Milliseconds): Promise<void> {
    this.#isLive = true
    const end = this.sim.now + span
    for (;;) {
      await settle()
      if (this.sim.now >= end) return
      this.sim.advance(Math.min(end, this.sim.now + PART))
      this.pump()
      for (const sleeper of this.#sleepers.splice(0)) {
        if (sleeper.at <= this.sim.now) sleeper.wake()
        else this.#sleepers.push(sleeper)
      }
    }
  }

  /** Lets time go on until something has come about. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isDone = false
    const done = promise.finally(() => {
      isDone = true
    })
    while (!isDone) await this.live(PART)
    return done
  }

  pump(): void {
    for (const { session, text } of this.sim.take()) {
      const message: object = JSON.parse(text)
      for (const connection of this.#connections) {
        if (connection.is(session) && 'topic' in message) connection.listener.message(message)
      }
    }
  }

  /** What was heard since the last call, in words; prices, candles and funding rates apart. */
  words(): readonly string[] {
    return this.heard.splice(0).flatMap(input => {
      switch (input.type) {
        case 'order':
          return [`${input.clientOrderId} ${input.status} ${input.why ?? ''}`.trim()]
        case 'fill':
          return [
            `${input.cause} ${input.side} ${input.opens ? 'opens' : 'closes'} ${input.steps} at ${input.price}`,
          ]
        case 'stop':
          return [`stop ${input.requestId} ${input.ok ? 'ok' : (input.why ?? 'refused')}`]
        case 'leverage':
          return [`leverage ${input.requestId} ${input.leverage}`]
        case 'funding':
          return [`funding ${input.side} ${input.amount.toFixed(4)}`]
        case 'feed-gap':
          return ['gap']
        default:
          return []
      }
    })
  }
}
