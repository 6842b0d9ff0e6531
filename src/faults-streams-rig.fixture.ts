/**
 * A whole trader at the simulated Bybit over real sockets, with time in the hand of the test: engine, live driver, a
 * state on the disk, and bbw's own adapter with the clients of bybit-api for requests and for streams. Whatever waits,
 * on either side of the sockets and in the libraries, waits by that time, and what is on its way over a socket arrives
 * before time goes on. Nothing sleeps. The process can be killed at a point of its life; what is on the disk then, and at
 * the exchange, is all that the next one has.
 */

import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mock } from 'node:test'
import { BybitAccount } from './core/adapters/bybit/account.ts'
import { BybitBroker } from './core/adapters/bybit/broker.ts'
import { BybitExchange } from './core/adapters/bybit/bybit-exchange.ts'
import { BybitClient } from './core/adapters/bybit/client.ts'
import { ExchangeClock } from './core/adapters/bybit/exchange-clock.ts'
import { type HttpPort, HttpTrouble, nodeHttp } from './core/adapters/bybit/http.ts'
import { HostBudgets } from './core/adapters/bybit/limits.ts'
import { BybitMarket } from './core/adapters/bybit/market.ts'
import type { FeedConnection } from './core/adapters/bybit/market-feed.ts'
import { MarketSession } from './core/adapters/bybit/market-session.ts'
import {
  type StreamChannel,
  StreamConnection,
  type StreamListener,
} from './core/adapters/bybit/stream-connection.ts'
import type { ClientPorts, Credentials } from './core/adapters/bybit/transport.ts'
import {
  KEY,
  type Minutes,
  marketOf,
  PLAIN_COSTS,
  SECRET,
  START,
} from './core/adapters/sim/bybit/bybit.fixture.ts'
import { type BybitOptions, SimBybit } from './core/adapters/sim/bybit/bybit.ts'
import { FAULTS, type Fault, type FaultRule } from './core/adapters/sim/bybit/fault-plan.ts'
import { BybitServer } from './core/adapters/sim/bybit/server.ts'
import { BY_HAND } from './core/adapters/sim/bybit/wishes.ts'
import { instrument as PLAIN, ticks } from './core/adapters/sim/exchange.fixture.ts'
import { MarketCache } from './core/adapters/sqlite/market-cache.ts'
import { MIGRATIONS, type Migration } from './core/adapters/sqlite/migrations.ts'
import type { StateStore } from './core/adapters/sqlite/state-store.ts'
import { heldStore } from './core/adapters/sqlite/store.fixture.ts'
import { Redactor } from './core/adapters/system/redactor.ts'
import { RunningClock } from './core/adapters/system/running-clock.ts'
import type { Code } from './core/base/codes.ts'
import { DAY, type Milliseconds, SECOND, type Steps, type Ticks, type Timestamp } from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import type { Books } from './core/engine/books.ts'
import type { EngineOptions } from './core/engine/core.ts'
import { gridSignal } from './core/engine/desk.fixture.ts'
import { LiveDriver } from './core/engine/drivers/live.ts'
import { Engine } from './core/engine/engine.ts'
import { scoreSignal } from './core/engine/pipeline.ts'
import type { Batch, BrokerPort, StorePort } from './core/engine/ports.ts'
import type { Account, EngineEvent, Input } from './core/engine/protocol.ts'
import { defaultSettings, type Settings } from './core/engine/settings.ts'
import type { Instrument } from './core/market/instrument.ts'
import type { Interval } from './core/market/interval.ts'
import type { PositionMode } from './core/market/side.ts'
import type { SymbolMarket } from './core/market/symbol-market.ts'
import type { Position } from './core/portfolio/position.ts'
import type { Trade } from './core/portfolio/trade.ts'
import { bodyOf, Killed, type KillPoint, Mortal } from './faults-mortal.fixture.ts'

export const SYMBOL = 'AUSDT'
export const OTHER = 'BUSDT'
const WALLET = 1_000

/** Rounds of the event loop without any news after which nothing is on its way over the loopback. */
const QUIET_ROUNDS = 12
/** An answer that the exchange keeps back is not waited for in more rounds than these. */
const MOST_ROUNDS = 60

/** What stands between the trader and the world: planted mistakes, and ears. */
export interface Plants {
  readonly http?: (http: HttpPort) => HttpPort
  readonly broker?: (broker: BrokerPort) => BrokerPort
  readonly store?: (store: StorePort) => StorePort
  /** What a start remembers of what was written down. */
  readonly memory?: (books: Books) => Books
  /** @param url where streams are served */
  readonly connection?: (connection: FeedConnection, channel: StreamChannel, url: string) => FeedConnection
  readonly listener?: (listener: StreamListener, channel: StreamChannel) => StreamListener
}

export interface RigOptions extends Plants {
  /** The way of the price of both symbols. Left out: it stands at 100. */
  readonly minutes?: Minutes
  /** Both symbols, where more is to be known of them than minutes. */
  readonly markets?: readonly SymbolMarket[]
  readonly faults?: readonly FaultRule[]
  readonly bybit?: Partial<BybitOptions>
  readonly settings?: Settings
  readonly engine?: Partial<EngineOptions>
  /** That the configuration asks for. */
  readonly mode?: PositionMode
  readonly instrument?: Instrument
  /** The candles that are followed. */
  readonly intervals?: readonly Interval[]
  readonly credentials?: Credentials
}

/** Time that goes on when it is told to, for sleepers and for the timers and dates of libraries. */
class HeldTime {
  elapsed: Milliseconds = 0
  readonly #sleepers: { readonly at: Milliseconds; readonly wake: () => void }[] = []

  constructor() {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: START })
  }

  get now(): Timestamp {
    return START + this.elapsed
  }

  sleep(span: Milliseconds, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) reject(new Error('aborted'))
      signal?.addEventListener('abort', () => reject(new Error('aborted')))
      this.#sleepers.push({ at: this.elapsed + span, wake: resolve })
    })
  }

  move(span: Milliseconds): void {
    this.elapsed += span
    mock.timers.tick(span)
    for (const sleeper of this.#sleepers.splice(0)) {
      if (sleeper.at <= this.elapsed) sleeper.wake()
      else this.#sleepers.push(sleeper)
    }
  }

  /** Whoever sleeps is woken. */
  wakeAll(): void {
    for (const { wake } of this.#sleepers.splice(0)) wake()
  }

  release(): void {
    this.wakeAll()
    mock.timers.reset()
  }
}

const round = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export class StreamRig {
  readonly sim: SimBybit
  readonly events: EngineEvent[] = []
  readonly trades: Trade[] = []
  /** What the adapter says, with its code, and when. */
  readonly said: { readonly code: Code; readonly words: string; readonly at: Timestamp }[] = []
  /** What the engine was told by the adapter. */
  readonly heard: Input[] = []
  /** Requests that have left, with the time. */
  readonly sent: { readonly request: string; readonly body: string | null; readonly at: Timestamp }[] = []
  /** Sockets that the exchange was asked for, with the time. */
  readonly dialled: { readonly channel: string; readonly at: Timestamp }[] = []
  /** When the newest price of a symbol was, by the exchange's clock, as the engine was told. */
  readonly pricedAt = new Map<string, Timestamp>()
  /** The longest time a position stood at the exchange without a stop. */
  nakedMs: Milliseconds = 0
  /** How often the process was killed where it was to be. */
  kills = 0
  #point: KillPoint | null = null
  #nakedSince: Timestamp | null = null
  readonly #options: RigOptions
  readonly #path: string
  readonly #time = new HeldTime()
  #server: BybitServer | null = null
  #life: Life | null = null
  #mortal: Mortal | null = null
  #starts = 0
  #migrations = MIGRATIONS
  readonly #redactor: Redactor
  #news = 0
  #proposed = 0
  readonly #fired = new Map<Fault, number>()
  readonly #truth: BybitBroker

  /** @param path of the state, which is not there yet */
  static async open(path: string, options: RigOptions = {}): Promise<StreamRig> {
    const rig = new StreamRig(path, options)
    try {
      await rig.#serve()
      await rig.#begin()
    } catch (error) {
      await rig.close()
      throw error
    }
    return rig
  }

  private constructor(path: string, options: RigOptions) {
    this.#path = path
    this.#options = options
    this.#redactor = new Redactor(Object.values(this.#credentials))
    const { minutes = flat(), instrument = PLAIN, mode = 'one-way' } = options
    mkdirSync(dirname(path), { recursive: true })
    const markets =
      options.markets ?? [SYMBOL, OTHER].map(symbol => marketOf(minutes, { ...instrument, symbol }))
    this.sim = new SimBybit(markets, {
      costs: PLAIN_COSTS,
      wallet: WALLET,
      seed: '1',
      from: START,
      ...this.#credentials,
      speed: 1,
      ...options.bybit,
    })
    this.#truth = new BybitBroker({
      client: new BybitClient({
        url: 'http://127.0.0.1:1',
        ports: { ...this.#ports(null), http: asked => Promise.resolve(this.#answered(asked)) },
        credentials: this.#credentials,
        isDry: false,
      }),
      mode,
      began: START,
      instrument: async symbol => this.instrument(symbol),
      named: () => null,
      doubtFilters: () => {},
      sleep: async () => {},
      hear: () => {},
      stream: null,
    })
  }

  get #credentials(): Credentials {
    return this.#options.credentials ?? { key: KEY, secret: SECRET }
  }

  get now(): Timestamp {
    return this.#time.now
  }

  /** Of the state. */
  get path(): string {
    return this.#path
  }

  get engine(): Engine {
    return this.#alive.driver.engine
  }

  get #alive(): Life {
    if (this.#life === null) throw new Error('it is not alive')
    return this.#life
  }

  get exchange(): BybitExchange {
    return this.#alive.exchange
  }

  get store(): StateStore {
    return this.#alive.store
  }

  instrument(symbol: string): Instrument {
    return { ...(this.#options.instrument ?? PLAIN), symbol }
  }

  // --- time ---------------------------------------------------------------------------------------------------

  /** Lets time go on by a span, in steps; whatever is on its way arrives after each of them. */
  async run(span: Milliseconds, step: Milliseconds = 250): Promise<void> {
    const end = this.#time.elapsed + span
    while (this.#time.elapsed < end) {
      this.#time.move(Math.min(step, end - this.#time.elapsed))
      await this.settle()
      this.#watchNaked()
    }
  }

  /** Lets time go on until something has come about. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false
    const done = work.finally(() => {
      isDone = true
    })
    // Whoever waits for it hears of a failure.
    done.catch(() => {})
    for (let k = 0; !isDone && k < 2_000; k++) {
      await this.settle()
      if (!isDone) this.#time.move(10)
    }
    return done
  }

  /** Lets what is on its way over sockets arrive; time stands still. */
  async settle(): Promise<void> {
    let quiet = 0
    for (let k = 0; k < MOST_ROUNDS && quiet < QUIET_ROUNDS; k++) {
      const before = this.#news
      await round()
      quiet = this.#news === before ? quiet + 1 : 0
    }
  }

  #watchNaked(): void {
    const isNaked = this.sim.desk.account.positions.some(
      ({ side, symbol, idx }) =>
        side !== null &&
        !this.sim.desk.stops
          .protecting(symbol, idx)
          .some(({ stopOrderType }) => stopOrderType === 'StopLoss'),
    )
    if (!isNaked) this.#nakedSince = null
    else {
      this.#nakedSince ??= this.now
      this.nakedMs = Math.max(this.nakedMs, this.now - this.#nakedSince)
    }
  }

  // --- what is done to it -------------------------------------------------------------------------------------

  /** Proposes a long entry on the symbol, stop 95 and target 110 where nothing else is said. */
  async propose(symbol: string = SYMBOL, over: Partial<Signal> = {}): Promise<void> {
    const today = Math.floor(this.now / DAY) * DAY
    const signal = gridSignal(symbol, {
      instrument: this.instrument(symbol),
      // Each is another one than the last.
      candleStart: today - DAY - this.#proposed++,
      candleEnd: today,
      order: { type: 'market' },
      last: 100,
      lastAt: this.now,
      stop: ticks(95),
      target: ticks(110),
      ...over,
    })
    this.#alive.driver.hear({ type: 'propose', at: 0, scored: [scoreSignal(signal)] })
    await this.run(2 * SECOND, 50)
  }

  /** The driver is told something, as by its feed. */
  async hear(input: Input): Promise<void> {
    this.#alive.driver.hear(input)
    await this.run(SECOND)
  }

  /** Something happens at the exchange. */
  async cause(rule: FaultRule): Promise<void> {
    const refusal = this.sim.cause(rule)
    if (refusal !== null) throw new Error(`${rule.fault} is refused: ${refusal}`)
    await this.settle()
  }

  /** Somebody lets so many orders rest, far below the price; one with an id of its own where it is given. */
  byHand(orders: number, orderLinkId = ''): void {
    for (let k = 0; k < orders; k++) {
      this.sim.desk.create({
        ...BY_HAND,
        type: 'Limit',
        timeInForce: 'GTC',
        symbol: k % 2 === 0 ? SYMBOL : OTHER,
        side: 'Buy',
        positionIdx: 0,
        price: (700 + k) as Ticks,
        steps: 100 as Steps,
        orderLinkId,
      })
    }
  }

  /** What goes wrong from now on. */
  setFaults(rules: readonly FaultRule[]): void {
    for (const fault of FAULTS) this.#fired.set(fault, this.fired(fault))
    this.sim.setFaults(rules)
  }

  /** The process is gone, its sockets with it, and another one begins on what it has left behind. */
  async restart(): Promise<void> {
    await this.#end()
    await this.#begin()
  }

  /** As `restart`, but the one that begins is of a later bbw, which makes these steps of a state on top. */
  async update(steps: readonly Migration[]): Promise<void> {
    this.#migrations = [...MIGRATIONS, ...steps]
    await this.restart()
  }

  /** The process ends at the next such point, as a kill ends it. */
  killAt(point: KillPoint): void {
    this.#point = point
  }

  /** It was killed, and no other one has begun since. */
  get isDead(): boolean {
    return this.#life === null
  }

  async close(): Promise<void> {
    await this.#end()
    const closed = this.#server?.close()
    // What clears its timers once its socket is gone must find the timers that it knows.
    await this.settle()
    this.#time.release()
    await closed
  }

  // --- what is seen of it -------------------------------------------------------------------------------------

  /** How often a fault has come about, under any plan. */
  fired(fault: Fault): number {
    return (this.#fired.get(fault) ?? 0) + (this.sim.plan.counts[fault] ?? 0)
  }

  /** How often a code was said by the adapter, or told by the engine. */
  count(code: Code): number {
    return (
      this.said.filter(one => one.code === code).length + this.events.filter(one => one.code === code).length
    )
  }

  /** How often a request has left since a time. */
  requests(request: string, since: Timestamp = 0): number {
    return this.sent.filter(one => one.request === request && one.at >= since).length
  }

  /** The account as the exchange has it, whatever goes wrong between it and the trader. */
  account(): Promise<Account> {
    return this.#truth.account()
  }

  position(symbol: string = SYMBOL): Position | null {
    return [...this.engine.portfolio.positions.values()].find(one => one.symbol === symbol) ?? null
  }

  /** What differs between the books and the account. */
  async differences(): Promise<readonly string[]> {
    const { wallet, positions, orders } = await this.account()
    const books = this.engine.books()
    const said = (of: readonly string[]): string => JSON.stringify([...of].sort())
    const there = positions.map(one => `${one.symbol} ${one.side} ${one.steps} stop ${one.stop}`)
    const held = books.positions.map(
      ({ position: one }) => `${one.symbol} ${one.side} ${one.steps} stop ${one.stop}`,
    )
    const resting = orders.map(one => one.clientOrderId)
    const booked = books.orders.map(one =>
      one.kind === 'entry' ? one.entry.clientOrderId : one.order.clientOrderId,
    )
    const found: string[] = []
    if (said(there) !== said(held)) found.push(`positions: ${said(there)}, in the books ${said(held)}`)
    if (said(resting) !== said(booked)) found.push(`orders: ${said(resting)}, in the books ${said(booked)}`)
    if (wallet === null || Math.abs(wallet - books.ledger.wallet) > 0.01)
      found.push(`wallet: ${wallet}, in the books ${books.ledger.wallet}`)
    return found
  }

  // --- its parts ----------------------------------------------------------------------------------------------

  async #serve(): Promise<void> {
    this.#server = await BybitServer.listen(this.sim, {
      port: 0,
      wall: () => this.#time.now,
      stamp: () => this.#time.now,
      sleep: (ms, signal) => this.#time.sleep(ms, signal),
    })
    this.setFaults(this.#options.faults ?? [])
    const request = this.sim.request.bind(this.sim)
    this.sim.request = asked => {
      const outcome = request(asked)
      if (this.#isRequest('taken', asked.target, asked.body)) this.#kill()
      return outcome
    }
    const open = this.sim.open.bind(this.sim)
    this.sim.open = (channel, patience) => {
      this.#news++
      this.dialled.push({ channel, at: this.now })
      return open(channel, patience)
    }
  }

  #isRequest(phase: 'before' | 'taken', target: string, body: string | null): boolean {
    const point = this.#point
    if (this.#life === null || point?.at !== 'request' || point.phase !== phase) return false
    return point.when(target.split('?')[0], bodyOf(body))
  }

  #isCommit(phase: 'before' | 'after', batch: Batch): boolean {
    const point = this.#point
    if (this.#life === null || point?.at !== 'commit' || point.phase !== phase) return false
    return point.when(batch)
  }

  #kill(): void {
    const { store, cache } = this.#alive
    this.kills++
    this.#point = null
    this.#life = null
    this.#mortal?.end()
    store.close()
    cache.close()
  }

  /** The state, and what may end the process around it. */
  #disk(store: StateStore, mortal: Mortal): StorePort {
    return mortal.store({
      commit: batch => {
        if (this.#isCommit('before', batch)) {
          this.#kill()
          throw new Killed('before it was written')
        }
        const refused = store.commit(batch)
        if (this.#isCommit('after', batch)) {
          this.#kill()
          throw new Killed('once it was written')
        }
        return refused
      },
    })
  }

  /** @param mortal the process whose ports they are; `null`: they are the test's own */
  #ports(mortal: Mortal | null): Omit<ClientPorts, 'http'> {
    return {
      clock: {
        now: () => this.now,
        monotonic: () => this.#time.elapsed,
        sleep: mortal?.sleeping(span => this.#time.sleep(span)) ?? (span => this.#time.sleep(span)),
      },
      random: () => 0,
      budgets: new HostBudgets(),
      say: (code, words) => {
        if (mortal?.isOver !== true) this.#say(code, words)
      },
    }
  }

  #say(code: Code, words: string): void {
    // As the log does.
    this.said.push({ code, words: this.#redactor.text(words), at: this.now })
  }

  /** The exchange's own answer, past everything that goes wrong. */
  #answered({ method, url, headers, body }: Parameters<HttpPort>[0]): Awaited<ReturnType<HttpPort>> {
    const target = url.slice(new URL(url).origin.length)
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    return this.sim.gate.answer({ method, target, headers: lower, body: body ?? '' })
  }

  /** Real requests whose deadline is by the time of the test. */
  async #request(asked: Parameters<HttpPort>[0], connections: HttpPort): ReturnType<HttpPort> {
    if (this.#isRequest('before', new URL(asked.url).pathname, asked.body)) {
      this.#kill()
      throw new Killed('before it has left')
    }
    this.sent.push({
      request: `${asked.method} ${new URL(asked.url).pathname}`,
      body: asked.body,
      at: this.now,
    })
    this.#news++
    const over = new AbortController()
    const late = this.#time.sleep(asked.deadlineMs, over.signal).then(
      () => {
        throw new HttpTrouble(`no reply within ${asked.deadlineMs} ms`, { isReply: false, wasSent: true })
      },
      () => new Promise<never>(() => {}),
    )
    try {
      return await Promise.race([connections({ ...asked, deadlineMs: DAY }), late])
    } finally {
      over.abort()
      this.#news++
    }
  }

  /** Where streams are served. */
  get streamUrl(): string {
    return (this.#server?.url ?? '').replace(/^http/, 'ws')
  }

  #connect(
    channel: StreamChannel,
    time: ExchangeClock,
    mortal: Mortal,
    listener: StreamListener,
  ): FeedConnection {
    const noted = <A extends readonly unknown[]>(tell: (...words: A) => void) => {
      return mortal.hearing((...words: A): void => {
        this.#news++
        tell(...words)
      })
    }
    const { listener: ear = one => one, connection: hand = one => one } = this.#options
    const planted = ear(listener, channel)
    const real = new StreamConnection(
      {
        channel,
        url: this.streamUrl,
        environment: 'live',
        credentials: channel === 'private' ? this.#credentials : null,
        offset: () => time.aheadOf(this.now),
        monotonic: () => this.#time.elapsed,
        random: () => 0,
      },
      {
        ready: noted(isAgain => planted.ready(isAgain)),
        message: noted(message => planted.message(message)),
        lost: noted((reason, isSilent) => planted.lost(reason, isSilent)),
        refused: noted((topic, reason) => planted.refused(topic, reason)),
        denied: noted(reason => planted.denied(reason)),
      },
    )
    mortal.keep(real)
    return hand(real, channel, this.streamUrl)
  }

  async #begin(): Promise<void> {
    const url = this.#server?.url ?? ''
    const { mode = 'one-way', settings = defaultSettings() } = this.#options
    const mortal = new Mortal()
    this.#mortal = mortal
    const connections = mortal.keep(nodeHttp())
    const real: HttpPort = mortal.http(asked => this.#request(asked, connections.http))
    const http = this.#options.http?.(real) ?? real
    const ports: ClientPorts = { ...this.#ports(mortal), http }
    const say = mortal.hearing((code: Code, words: string) => this.#say(code, words))
    const sleep = mortal.sleeping((span, signal?: AbortSignal) => this.#time.sleep(span, signal))
    const marketClient = new BybitClient({ url, ports, credentials: null, isDry: true })
    const client = new BybitClient({ url, ports, credentials: this.#credentials, isDry: false })
    const time = await this.until(
      ExchangeClock.open({ client: marketClient, monotonic: () => this.#time.elapsed, say }),
    )
    const cache = MarketCache.open(join(dirname(this.#path), 'market.db'), { readonly: false })
    const session = new MarketSession(
      {
        market: new BybitMarket(marketClient),
        cache,
        origin: url,
        connect: listener => this.#connect('public', time, mortal, listener),
        now: () => time.now(),
        say,
        hearer: { progress: () => {}, problem: () => {} },
        signal: new AbortController().signal,
      },
      { symbols: null, top: 50, intervals: this.#options.intervals ?? ['15m'] },
    )
    const exchange = new BybitExchange({
      client,
      clock: new RunningClock({
        now: () => time.now(),
        sleep,
      }),
      session,
      time,
      modes: new BybitAccount(client),
      mode,
      connect: listener => this.#connect('private', time, mortal, listener),
      sleep,
      redactor: this.#redactor,
      say,
      ready: () => {},
    })
    this.#starts++
    const self = { pid: 4_000 + this.#starts, host: 'here', processStart: String(this.#starts) }
    const store = heldStore(this.#path, {
      self,
      isAlive: () => false,
      now: this.now,
      migrations: this.#migrations,
    })
    const books = store.loadBooks()
    const options: EngineOptions = {
      wallet: WALLET,
      everyCycle: true,
      lacking: 'skip',
      isShared: true,
      instance: store.instance,
      incarnation: store.token ?? 0,
      ...this.#options.engine,
    }
    const { memory = (known: Books) => known, store: hold = (port: StorePort) => port } = this.#options
    const engine =
      books === null ? new Engine(settings, options) : Engine.resume(settings, options, memory(books))
    const broker = mortal.broker(exchange)
    const driver = new LiveDriver(engine, {
      clock: exchange.clock,
      broker: this.#options.broker?.(broker) ?? broker,
      feed: {
        listen: hear =>
          exchange.listen(
            mortal.hearing(input => {
              this.#news++
              if (input.type === 'price') this.pricedAt.set(input.symbol, input.time)
              this.heard.push(input)
              hear(input)
            }),
          ),
      },
      journal: {
        event: mortal.hearing(event => this.events.push(event)),
        trade: mortal.hearing(trade => this.trades.push(trade)),
      },
      store: hold(this.#disk(store, mortal)),
    })
    const life: Life = { exchange, driver, store, cache, isOn: true, ended: Promise.resolve('stopped') }
    this.#life = life
    const { positions, pending } = engine.portfolio
    const held = [...positions.values()]
    const booked = [...held, ...pending.values()].map(({ instrument }) => instrument)
    driver.start(await this.until(exchange.history(booked, held)))
    life.ended = exchange.run(
      () => driver.idle(),
      async at => {
        await sleep(Math.max(0, at - exchange.clock.now()))
        return life.isOn
      },
      null,
    )
    await this.run(2 * SECOND)
  }

  async #end(): Promise<void> {
    const life = this.#life
    if (life === null) {
      this.#mortal?.end()
      return
    }
    this.#life = null
    life.isOn = false
    this.#time.wakeAll()
    await life.ended
    life.exchange.close()
    await this.settle()
    this.#mortal?.end()
    life.store.close()
    life.cache.close()
  }
}

/** One life of the process. */
interface Life {
  readonly exchange: BybitExchange
  readonly driver: LiveDriver
  readonly store: StateStore
  readonly cache: MarketCache
  isOn: boolean
  /** Resolves when its loop has ended. */
  ended: ReturnType<BybitExchange['run']>
}

/** A price that stands for two hours. */
function flat(): Minutes {
  return levels([120, 100])
}

/** A price that stays at each level for so many minutes. */
export function levels(...path: readonly (readonly [minutes: number, price: number])[]): Minutes {
  const prices = path.flatMap(([count, price]) => Array.from({ length: count }, () => price))
  return prices.map((price, k) => {
    const before = prices[k - 1] ?? price
    return [before, Math.max(before, price), Math.min(before, price), price] as const
  })
}

/** A broker whose calls can be laid over one by one. */
export function bound(broker: BrokerPort): BrokerPort {
  return {
    place: order => broker.place(order),
    amend: (symbol, id, price, steps) => broker.amend(symbol, id, price, steps),
    cancel: (symbol, id) => broker.cancel(symbol, id),
    setStop: (requestId, symbol, side, stop) => broker.setStop(requestId, symbol, side, stop),
    setLeverage: (requestId, symbol, leverage, side) => broker.setLeverage(requestId, symbol, leverage, side),
    leverage: (symbol, side) => broker.leverage(symbol, side),
    account: () => broker.account(),
    lookUp: (symbol, id) => broker.lookUp(symbol, id),
    executions: since => broker.executions(since),
  }
}
