/**
 * The simulated Bybit in a world of the kernel, with bbw's whole adapter in front of it: requests leave through its
 * HTTP port, signed and within its budgets, and take three legs; streams are sessions of the model whose frames take
 * their time, break, and come back. What happens at the exchange is read off its books, not off what it tells.
 */

import { join } from 'node:path'
import { defaultConfig } from '../commands/config.ts'
import type { Connected } from '../commands/desk.ts'
import { BybitAccount } from '../core/adapters/bybit/account.ts'
import { BybitExchange } from '../core/adapters/bybit/bybit-exchange.ts'
import { BybitClient } from '../core/adapters/bybit/client.ts'
import { ExchangeClock } from '../core/adapters/bybit/exchange-clock.ts'
import { type HttpPort, type HttpReply, type HttpRequest, HttpTrouble } from '../core/adapters/bybit/http.ts'
import { HostBudgets } from '../core/adapters/bybit/limits.ts'
import { BybitMarket } from '../core/adapters/bybit/market.ts'
import type { FeedConnection } from '../core/adapters/bybit/market-feed.ts'
import { MarketSession } from '../core/adapters/bybit/market-session.ts'
import type { StreamListener } from '../core/adapters/bybit/stream-connection.ts'
import type { Act } from '../core/adapters/sim/acts.ts'
import type { ExecutionRecord } from '../core/adapters/sim/bybit/account.ts'
import { usdtOf } from '../core/adapters/sim/bybit/amount.ts'
import { SimBybit } from '../core/adapters/sim/bybit/bybit.ts'
import type { FaultRule } from '../core/adapters/sim/bybit/fault-plan.ts'
import { isTpsl, sideOf } from '../core/adapters/sim/bybit/order.ts'
import { signatureOf } from '../core/adapters/sim/bybit/signing.ts'
import { DEFAULT_COSTS } from '../core/adapters/sim/exchange.ts'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import { Redactor } from '../core/adapters/system/redactor.ts'
import { RunningClock } from '../core/adapters/system/running-clock.ts'
import type { Code } from '../core/base/codes.ts'
import { HOUR, MINUTE, type Milliseconds, SECOND, type Timestamp, type Usdt } from '../core/base/units.ts'
import { intradayTimeframes } from '../core/engine/pipeline.ts'
import type { FillInput, Input, OrderRequest } from '../core/engine/protocol.ts'
import type { Interval } from '../core/market/interval.ts'
import { parseTicks, toTicks } from '../core/market/quantise.ts'
import { opposite, type Side } from '../core/market/side.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import type { Audit } from './audit.fixture.ts'
import type { FaultPlan, PlannedFault } from './fault-plan.fixture.ts'
import type { Kernel, Life } from './kernel.fixture.ts'
import type { MachineClock } from './trader.fixture.ts'
import { type Failing, type Line, Wire } from './wire.fixture.ts'

const KEY = 'simulated-key'
/** Nothing that anybody writes may hold it. */
export const CANARY = 'canary-4f1d9c77'

/** The market goes on in parts of so much. */
const PART: Milliseconds = 3 * SECOND
const LEG: Milliseconds = 40
const LATE_PUSH: Milliseconds = 8 * SECOND
const FIRST_PAUSE: Milliseconds = SECOND
const LONGEST_PAUSE: Milliseconds = 60 * SECOND
const PING_EVERY: Milliseconds = 2 * MINUTE
/** Half of what the exchange allows in a second (`reliability.md`, I13). */
const MOST_CHANGES = 5
const MOST_READS = 25

/** Whoever is told that its address is blocked keeps silent for so long (`reliability.md`, D2); he hears of it in between. */
const SILENT_AFTER_BAN: Milliseconds = 10 * MINUTE
const TOLD_OF_BAN: Milliseconds = 10 * SECOND

export interface BybitWorldOptions {
  readonly kernel: Kernel
  readonly plan: FaultPlan
  readonly audit: Audit
  readonly markets: readonly SymbolMarket[]
  readonly wallet: Usdt
  readonly seed: number
  readonly folder: string
  said(code: Code, words: string): void
  /** A planted mistake between bbw and the network. */
  readonly mistake?: ((http: HttpPort, clock: MachineClock) => HttpPort) | undefined
}

export class BybitWorld {
  readonly sim: SimBybit
  readonly wire: Wire
  readonly #options: BybitWorldOptions
  readonly #streams = new Set<BybitStream>()
  #state: Line['state'] = 'open'
  #executions = 0
  #hasDeadTopics = false
  /** Times of requests by their paths, the newest last. */
  readonly #asked = new Map<string, number[]>()
  /** When a process was told last that its address is blocked. */
  readonly #blocked = new Map<Life, Timestamp>()
  /** How many requests have arrived. */
  requests = 0
  version = 0

  constructor(options: BybitWorldOptions) {
    const { kernel, plan, markets, wallet, seed } = options
    this.#options = options
    this.sim = new SimBybit(markets, {
      costs: DEFAULT_COSTS,
      wallet,
      seed: String(seed),
      from: kernel.start,
      key: KEY,
      secret: CANARY,
      speed: 1,
    })
    this.wire = new Wire(kernel, plan, () => this.#state)
    this.#goOn()
  }

  get now(): Timestamp {
    return this.#options.kernel.now
  }

  get state(): Line['state'] {
    return this.#state
  }

  set state(state: Line['state']) {
    this.#state = state
    if (state !== 'open') this.breakStreams()
  }

  /** A topic that is dead is found out by the first thing that it leaves out, and not before: its stream is made anew. */
  heal(): void {
    this.state = 'open'
    if (this.#hasDeadTopics) this.breakStreams()
    this.#hasDeadTopics = false
  }

  breakStreams(): void {
    for (const stream of [...this.#streams]) stream.break()
  }

  #goOn(): void {
    this.#options.kernel.schedule(PART, 'the market moves', () => {
      this.catchUp()
      this.#goOn()
    })
  }

  /** Brings the exchange up to the present moment, and lets its streams tell what there is to tell. */
  catchUp(): void {
    if (this.sim.now < this.now) this.sim.advance(this.now)
    this.#look()
    this.#pump()
  }

  /** The exchange as it is. */
  account(): {
    readonly wallet: Usdt
    readonly positions: readonly { symbol: string; side: Side; steps: never; stop: never }[]
    readonly orders: readonly { readonly clientOrderId: string }[]
  } {
    const { account } = this.sim.desk
    return {
      wallet: usdtOf(account.ledger.balance),
      positions: account.positions.flatMap(({ symbol, idx, side, steps }) => {
        if (side === null) return []
        const stop = this.sim.desk.stops
          .protecting(symbol, idx)
          .find(({ stopOrderType }) => stopOrderType === 'StopLoss')
        return [{ symbol, side, steps: steps as never, stop: (stop?.trigger?.price ?? null) as never }]
      }),
      orders: account.openOrders
        .filter(order => !isTpsl(order))
        .map(({ orderLinkId }) => ({ clientOrderId: orderLinkId })),
    }
  }

  /** What others do. Returns why it cannot be done, or `null`. */
  act(act: Act): string | null {
    this.catchUp()
    const rule = ruleOf(act)
    if (rule === null) return `a person at Bybit does no ${act.kind}`
    const refusal = this.sim.cause(rule)
    if (refusal !== null) return refusal
    this.#options.kernel.note(`act ${JSON.stringify(act)}`)
    this.version++
    this.#options.audit.act(act, [])
    this.catchUp()
    return null
  }

  /** Something goes wrong inside the exchange itself. */
  upset({ kind, size }: PlannedFault, symbol: string): void {
    this.catchUp()
    const { audit, kernel } = this.#options
    const rule = upsetOf(kind, size, symbol)
    if (rule === null || this.sim.cause(rule) !== null) return
    this.version++
    if (kind === 'dead-topic') this.#hasDeadTopics = true
    // Whoever is blocked keeps silent for a while after the last refusal.
    if (kind === 'ban') audit.disturbed(kernel.now + (rule.ms ?? 0) + SILENT_AFTER_BAN)
    else if (rule.ms !== undefined) audit.disturbed(kernel.now + rule.ms)
    this.catchUp()
  }

  // --- what happens, read off the books -----------------------------------------------------------------------

  #look(): void {
    const { executions } = this.sim.desk.account
    if (executions.length === this.#executions) return
    const fresh = executions.slice(this.#executions)
    this.#executions = executions.length
    this.version++
    this.#options.audit.moved(fresh.flatMap(execution => this.#inputOf(execution)))
  }

  #inputOf(execution: ExecutionRecord): readonly Input[] {
    const { symbol, side, execType, order, price, steps, closed, fee, execId, time, isMaker, leaves } =
      execution
    const paid = usdtOf(fee)
    if (execType === 'Funding') {
      return [{ type: 'funding', at: 0, symbol, side: sideOf(side), time, amount: -paid, rate: 0 }]
    }
    const opens = closed === 0
    const id = order === null || isTpsl(order) || order.orderLinkId === '' ? null : order.orderLinkId
    const fill: FillInput = {
      type: 'fill',
      at: 0,
      time,
      execId,
      clientOrderId: id,
      cause: order === null ? 'liquidation' : isTpsl(order) ? 'stop' : 'order',
      symbol,
      side: opens ? sideOf(side) : opposite(sideOf(side)),
      opens,
      price: toTicks(this.sim.desk.instrument(symbol), price, 'nearest'),
      steps,
      fee: paid,
      liquidity: isMaker ? 'maker' : 'taker',
      complete: leaves === 0,
    }
    return [fill]
  }

  // --- requests -----------------------------------------------------------------------------------------------

  http(life: Life): HttpPort {
    return request => this.#ask(life, request)
  }

  #ask(life: Life, request: HttpRequest): Promise<HttpReply> {
    const { method, url, deadlineMs } = request
    const { pathname, origin } = new URL(url)
    const name = pathname.replace('/v5/', '')
    this.#count(name, method === 'POST')
    this.#keepsSilent(life, name)
    return this.wire.ask(life, {
      name,
      changes: method === 'POST',
      deadline: deadlineMs,
      effect: () => this.#arrive(life, request, url.slice(origin.length), name),
      failed: how => failed(how),
    })
  }

  /** Own rate at most half of each limit, a share of which is for what protects. */
  #count(name: string, changes: boolean): void {
    const { audit, kernel } = this.#options
    const times = this.#asked.get(name) ?? []
    while (times.length > 0 && times[0] <= kernel.now - SECOND) times.shift()
    times.push(kernel.now)
    this.#asked.set(name, times)
    if (name.startsWith('market/')) return
    audit.rate(name, times.length, changes ? MOST_CHANGES : MOST_READS)
  }

  /** One that has been told that its address is blocked asks nothing for a while. */
  #keepsSilent(life: Life, name: string): void {
    const since = this.#blocked.get(life)
    if (since === undefined) return
    const span = this.now - since
    this.#options.audit.silent(name, span, span < TOLD_OF_BAN || span >= SILENT_AFTER_BAN)
  }

  #arrive(life: Life, request: HttpRequest, target: string, name: string): HttpReply {
    this.requests++
    this.catchUp()
    const { method, headers, body } = request
    const refusal = this.#options.plan.strike(`answer ${name}`)
    if (refusal !== null && !isCarriedOut(refusal)) return this.#refused(refusal)
    const lower = Object.fromEntries(
      Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value]),
    )
    const outcome = this.sim.request({ method, target, headers: lower, body: body ?? '' })
    if (outcome.kind !== 'reply') return failed('reset')
    if (method === 'POST') this.#changed(life, name, JSON.parse(body ?? '{}'), outcome.reply.body)
    this.#look()
    this.#pump()
    if (outcome.reply.status === 403) this.#blocked.set(life, this.now)
    return refusal === null ? outcome.reply : this.#refused(refusal)
  }

  #refused({ kind }: PlannedFault): HttpReply {
    this.#options.kernel.note(`fault ${kind} is the answer`)
    return this.sim.gate.refusal(Number(kind), 'refused for a while')
  }

  /** What a change that was accepted is to the audit. */
  #changed(
    life: Life,
    name: string,
    asked: { readonly [field: string]: string | undefined },
    reply: string,
  ): void {
    const { audit } = this.#options
    const { retCode }: { readonly retCode: number } = JSON.parse(reply)
    if (retCode !== 0) return
    this.version++
    const { symbol = '', orderLinkId = '', stopLoss, qty = '' } = asked
    if (name === 'order/create') {
      const sent: OrderRequest | undefined = audit.sent.get(orderLinkId)
      if (sent === undefined) return
      const accepted = {
        type: 'order',
        at: 0,
        clientOrderId: orderLinkId,
        status: 'accepted',
        reason: '',
      } as const
      audit.request('place', [sent], [accepted], life)
    } else if (name === 'order/amend') {
      const order = this.sim.desk.account.openOrder({ orderId: '', orderLinkId })
      if (order === undefined || qty === '') return
      const amended = {
        type: 'order',
        at: 0,
        clientOrderId: orderLinkId,
        status: 'amended',
        reason: '',
      } as const
      audit.request('amend', [symbol, orderLinkId, 0, order.steps - order.filled], [amended], life)
    } else if (name === 'position/trading-stop' && stopLoss !== undefined) {
      const held = this.account().positions.find(one => one.symbol === symbol)
      if (held === undefined) return
      const stop = parseTicks(this.sim.desk.instrument(symbol), stopLoss)
      const set = { type: 'stop', at: 0, requestId: '', ok: true, reason: '' } as const
      audit.request('setStop', ['', symbol, held.side, stop], [set], life)
    }
  }

  // --- streams ------------------------------------------------------------------------------------------------

  join(stream: BybitStream): void {
    this.#streams.add(stream)
  }

  leave(stream: BybitStream): void {
    this.#streams.delete(stream)
  }

  #pump(): void {
    for (const session of this.sim.closing()) {
      for (const stream of [...this.#streams]) if (stream.session === session) stream.break()
    }
    const frames = new Map<BybitStream, { topic: string | null; text: string }[]>()
    for (const { session, topic, text } of this.sim.take()) {
      for (const stream of this.#streams) {
        if (stream.session !== session) continue
        const list = frames.get(stream)
        if (list === undefined) frames.set(stream, [{ topic, text }])
        else list.push({ topic, text })
      }
    }
    for (const [stream, list] of frames) stream.told(list)
  }

  /** A process with bbw's own adapter, as it trades for real. Throws an ExchangeError. */
  async connect(life: Life, clock: MachineClock): Promise<Connected> {
    const { kernel, plan, folder, said, mistake } = this.#options
    const ports = { kernel, plan, world: this, life }
    const http = this.http(life)
    const sleep = (span: Milliseconds, signal?: AbortSignal): Promise<void> => life.sleep(span, signal)
    const client = new BybitClient({
      url: 'http://127.0.0.1:1',
      ports: {
        http: mistake?.(http, clock) ?? http,
        clock: { now: () => clock.now(), monotonic: () => clock.monotonic(), sleep },
        random: () => kernel.draws.next('chance of the client'),
        budgets: new HostBudgets(),
      },
      credentials: { key: KEY, secret: CANARY },
      isDry: false,
    })
    const time = await ExchangeClock.open({ client, monotonic: () => clock.monotonic(), say: said })
    const cache = MarketCache.open(join(folder, 'market.db'), { readonly: false })
    let isOpen = true
    const closeCache = (): void => {
      if (isOpen) cache.close()
      isOpen = false
    }
    life.owns(closeCache)
    const end = new AbortController()
    const session = new MarketSession(
      {
        market: new BybitMarket(client),
        cache,
        origin: 'simulated',
        connect: listener => new BybitStream(ports, 'public', listener),
        now: () => time.now(),
        say: said,
        hearer: { progress: () => {}, problem: words => kernel.note(words) },
        signal: end.signal,
      },
      { symbols: null, top: 50, intervals: INTERVALS },
    )
    const exchange = new BybitExchange({
      client,
      clock: new RunningClock({ now: () => time.now(), sleep }),
      session,
      time,
      modes: new BybitAccount(client),
      mode: 'one-way',
      connect: listener => new BybitStream(ports, 'private', listener),
      sleep,
      redactor: new Redactor([KEY, CANARY]),
      say: said,
      ready: () => {},
    })
    return {
      exchange,
      market: 'simulated',
      wallet: (await exchange.account()).wallet,
      engine: { lacking: 'refuse', sendsRealOrders: true, isShared: true },
      trouble: () => exchange.trouble,
      close: () => {
        end.abort('closed')
        exchange.close()
        closeCache()
      },
    }
  }
}

const INTERVALS: readonly Interval[] = [
  ...new Set<Interval>(['1d', '1h', '15m', ...intradayTimeframes(defaultConfig())]),
]

function failed(how: Failing): HttpReply {
  switch (how) {
    case 'unclear':
      return { status: 502, headers: {}, body: '<html>502 Bad Gateway</html>' }
    case 'unreadable':
      return { status: 200, headers: {}, body: '{"retCode":0,"retMsg":"OK","resu' }
    case 'refused':
      throw new HttpTrouble('connection refused', { isReply: false, wasSent: false })
    case 'reset':
      throw new HttpTrouble('socket hang up', { isReply: false, wasSent: true })
    case 'silence':
      throw new HttpTrouble('no reply in time', { isReply: false, wasSent: true })
  }
}

/** What an act is in the words of the simulated Bybit; `null` where it has none. */
function ruleOf(act: Act): FaultRule | null {
  switch (act.kind) {
    case 'open':
      return {
        fault: 'human-open',
        symbol: act.symbol,
        side: act.side === 'long' ? 'Buy' : 'Sell',
        steps: act.steps,
      }
    case 'reduce':
      return { fault: 'human-close', symbol: act.symbol, steps: act.steps }
    case 'remove-stop':
      return { fault: 'human-stop', symbol: act.symbol, ticks: 0 }
    case 'move-stop':
      return { fault: 'human-stop', symbol: act.symbol, ticks: act.stop }
    case 'cancel-all':
      return { fault: 'human-cancel-all', ...(act.symbol === null ? {} : { symbol: act.symbol }) }
    case 'drop-stop':
      return { fault: 'lose-stop', symbol: act.symbol }
    case 'reject-later':
      return { fault: 'reject-later', symbol: act.symbol }
    case 'thin':
      return { fault: 'thin', symbol: act.symbol, ...(act.steps === null ? {} : { steps: act.steps }) }
    case 'liquidate':
      return { fault: 'liquidate', symbol: act.symbol }
    default:
      return null
  }
}

/** What is refused without having been looked at; the others say nothing about whether it was carried out. */
const NOT_LOOKED_AT = ['10002', '10006']

function isCarriedOut({ kind, size }: PlannedFault): boolean {
  return !NOT_LOOKED_AT.includes(kind) && size < 0.5
}

/** An upset in the words of the simulated Bybit; `null` where it has none. */
function upsetOf(kind: string, size: number, symbol: string): FaultRule | null {
  switch (kind) {
    case 'amnesia':
    case 'orphan-stop':
      return { fault: kind, symbol }
    case 'dead-topic':
      return { fault: kind, only: size < 0.5 ? 'order' : 'execution' }
    case 'ban':
      return { fault: kind, ms: MINUTE + size * 5 * MINUTE }
    case 'adl':
      return { fault: kind, symbol, steps: 1 + Math.floor(size * 20) }
    case 'hold-triggers':
      return { fault: kind, symbol, ms: size * 30 * SECOND }
    case 'human-leverage':
      return { fault: kind, symbol, steps: 1 + Math.floor(size * 10) }
    case 'funding-interval':
      return { fault: kind, symbol, ms: size < 0.5 ? HOUR : 4 * HOUR, rate: 0.002 }
    default:
      return null
  }
}

interface StreamPorts {
  readonly kernel: Kernel
  readonly plan: FaultPlan
  readonly world: BybitWorld
  readonly life: Life
}

/** A connection to one of the model's streams. */
class BybitStream implements FeedConnection {
  readonly #ports: StreamPorts
  readonly #channel: 'public' | 'private'
  readonly #listener: StreamListener
  readonly #topics = new Set<string>()
  session: number | null = null
  #isReady = false
  #wasReady = false
  #isClosed = false
  #tries = 0
  #lastAt: Timestamp = 0
  #pingedAt: Timestamp

  constructor(ports: StreamPorts, channel: 'public' | 'private', listener: StreamListener) {
    this.#ports = ports
    this.#channel = channel
    this.#listener = listener
    this.#pingedAt = ports.kernel.now
    ports.life.owns(() => this.close())
    ports.world.join(this)
    this.#connect(0)
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get isSlowed(): boolean {
    return this.#tries > 6
  }

  subscribe(topics: readonly string[]): void {
    for (const topic of topics) this.#topics.add(topic)
    if (this.#isReady) this.#say({ op: 'subscribe', args: topics, req_id: 's' })
  }

  unsubscribe(topics: readonly string[]): void {
    for (const topic of topics) this.#topics.delete(topic)
    if (this.#isReady) this.#say({ op: 'unsubscribe', args: topics, req_id: 'u' })
  }

  renew(topic: string): void {
    if (!this.#isReady) return
    this.#say({ op: 'unsubscribe', args: [topic], req_id: 'u' })
    this.#say({ op: 'subscribe', args: [topic], req_id: 's' })
  }

  check(): void {
    const { now } = this.#ports.kernel
    if (!this.#isReady || now - this.#pingedAt < PING_EVERY) return
    this.#pingedAt = now
    this.#say({ op: 'ping', req_id: 'p' })
  }

  close(): void {
    this.#isClosed = true
    this.#isReady = false
    this.#ports.world.leave(this)
    if (this.session !== null) this.#ports.world.sim.closed(this.session)
    this.session = null
  }

  /** The connection is gone, with all that was on its way, and is tried again. */
  break(): void {
    if (this.#isClosed || this.session === null) return
    const { world, kernel, life } = this.#ports
    world.sim.closed(this.session)
    this.session = null
    this.#isReady = false
    kernel.note(`the ${this.#channel} stream of ${life.name} breaks`)
    life.after(1, `the ${this.#channel} stream is gone`, () => {
      if (!this.#isClosed) this.#listener.lost('the connection is gone', false)
    })
    this.#again()
  }

  #again(): void {
    const wait = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(10, this.#tries++))
    this.#connect(wait * (0.5 + this.#ports.kernel.draws.next('reconnect') / 2))
  }

  #connect(wait: Milliseconds): void {
    const { life, world, kernel } = this.#ports
    life.after(wait + LEG, `the ${this.#channel} stream connects`, () => {
      if (this.#isClosed) return
      const session = world.state === 'open' ? world.sim.open(this.#channel) : null
      if (session === null) {
        this.#again()
        return
      }
      this.session = session
      if (this.#channel === 'public') {
        this.#begin()
        return
      }
      const expires = Math.floor(kernel.now) + SECOND
      this.#say({ op: 'auth', args: [KEY, expires, signatureOf(CANARY, `GET/realtime${expires}`)] })
    })
  }

  #begin(): void {
    this.#isReady = true
    this.#tries = 0
    if (this.#topics.size > 0) this.#say({ op: 'subscribe', args: [...this.#topics], req_id: 's' })
    const isAgain = this.#wasReady
    this.#wasReady = true
    this.#listener.ready(isAgain)
  }

  #say(frame: object): void {
    const { session } = this
    const { kernel, world } = this.#ports
    kernel.schedule(LEG / 2, `a frame of the ${this.#channel} stream arrives`, () => {
      if (session === null || session !== this.session || world.state !== 'open') return
      world.sim.frame(session, JSON.stringify(frame))
      world.catchUp()
    })
  }

  /** What the exchange sends on this connection, in its order. */
  told(frames: readonly { readonly topic: string | null; readonly text: string }[]): void {
    const market: string[] = []
    for (const { topic, text } of frames) {
      if (this.#channel === 'private' && topic !== null) this.#news(topic, text)
      else market.push(text)
    }
    if (market.length > 0) this.#send(market, this.#delay())
  }

  #news(topic: string, text: string): void {
    const { plan, kernel } = this.#ports
    const fault = plan.strike(`push ${topic}`)
    if (fault !== null) kernel.note(`fault ${fault.kind} of ${topic}`)
    if (fault?.kind === 'lose-push') return
    if (fault?.kind === 'late-push') {
      this.#deliver([text], this.#delay() + fault.size * LATE_PUSH)
      return
    }
    this.#send([text], this.#delay())
    if (fault?.kind === 'double-push') this.#send([text], this.#delay() + fault.size * SECOND)
  }

  #delay(): Milliseconds {
    return 2 + this.#ports.kernel.draws.next('push') * LEG
  }

  #send(texts: readonly string[], delay: Milliseconds): void {
    const { now } = this.#ports.kernel
    const at = Math.max(this.#lastAt + 1, Math.ceil(now + delay))
    this.#lastAt = at
    this.#deliver(texts, at - now)
  }

  #deliver(texts: readonly string[], delay: Milliseconds): void {
    const { session } = this
    this.#ports.life.after(delay, `hears the ${this.#channel} stream`, () => {
      if (this.#isClosed || session !== this.session) return
      for (const text of texts) {
        const message: { readonly op?: string; readonly topic?: string; readonly success?: boolean } =
          JSON.parse(text)
        if (message.topic !== undefined) this.#listener.message(message)
        else if (message.op === 'auth' && message.success === true) this.#begin()
      }
    })
  }
}
