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
import { Reconnects } from '../core/adapters/bybit/reconnects.ts'
import type { StreamListener } from '../core/adapters/bybit/stream-connection.ts'
import type { Act } from '../core/adapters/sim/acts.ts'
import type { ExecutionRecord } from '../core/adapters/sim/bybit/account.ts'
import { usdtOf } from '../core/adapters/sim/bybit/amount.ts'
import { SimBybit } from '../core/adapters/sim/bybit/bybit.ts'
import type { FaultRule } from '../core/adapters/sim/bybit/fault-plan.ts'
import { isTpsl, openingSide, type PositionIdx, sideOf } from '../core/adapters/sim/bybit/order.ts'
import { PER_SECOND } from '../core/adapters/sim/bybit/rate-limits.ts'
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
import { opposite, type PositionMode, type Side } from '../core/market/side.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import type { Audit, Wanted } from './audit.fixture.ts'
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
/** As the client of the real streams does: a socket on which nothing has come for so long is given up. */
const SILENCE: Milliseconds = 15 * SECOND
const PING_EVERY: Milliseconds = 10 * SECOND
/** Half of what the exchange allows (`reliability.md`, I13): of an endpoint in a second, of an address in five. */
const OWN_SHARE = 0.5
const ADDRESS_SPAN: Milliseconds = 5 * SECOND
const MOST_OF_ADDRESS = 600 * OWN_SHARE

/** Whoever is told that its address is blocked keeps silent for so long (`reliability.md`, D2); he hears of it in between. */
const SILENT_AFTER_BAN: Milliseconds = 10 * MINUTE
const TOLD_OF_BAN: Milliseconds = 10 * SECOND

export interface BybitWorldOptions {
  readonly kernel: Kernel
  readonly plan: FaultPlan
  readonly audit: Audit
  readonly markets: readonly SymbolMarket[]
  readonly wallet: Usdt
  /** The mode that bbw's configuration asks for. */
  readonly mode: PositionMode
  readonly isDry: boolean
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
    this.sim.cause({ fault: 'clock-skew', ms: 0 })
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

  /** Flat positions for which something still waits for a price. */
  orphans(): readonly string[] {
    const { account } = this.sim.desk
    return account.openOrders.flatMap(({ symbol, positionIdx, side, status }) => {
      const isFlat = account.position(symbol, positionIdx, this.now).side === null
      return isFlat && status === 'Untriggered' ? [`${symbol}:${opposite(sideOf(side))}`] : []
    })
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
    if (kind === 'transfer') audit.transferred(rule.usdt ?? 0)
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
    this.#count(name)
    if (this.#options.isDry && method === 'POST') this.#options.audit.dry(name)
    this.#keepsSilent(life, name)
    return this.wire.ask(life, {
      name,
      changes: method === 'POST',
      deadline: deadlineMs,
      effect: () => this.#arrive(life, request, url.slice(origin.length), name),
      failed: how => failed(how),
    })
  }

  /** Own rate at most half of each limit; a limit of one may be used. */
  #count(name: string): void {
    const { audit } = this.#options
    audit.rate('the address', this.#within('', ADDRESS_SPAN), MOST_OF_ADDRESS)
    const limit = PER_SECOND[`/v5/${name}`]
    if (limit !== undefined) audit.rate(name, this.#within(name, SECOND), Math.floor(limit * OWN_SHARE))
  }

  /** How many requests have left within a span, this one included. */
  #within(name: string, span: Milliseconds): number {
    const { now } = this
    const times = this.#asked.get(name) ?? []
    while (times.length > 0 && times[0] <= now - span) times.shift()
    times.push(now)
    this.#asked.set(name, times)
    return times.length
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
    const asked: Asked = JSON.parse(body ?? '{}')
    if (name === 'order/create') this.#arrives(asked)
    const lower = Object.fromEntries(
      Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value]),
    )
    const outcome = this.sim.request({ method, target, headers: lower, body: body ?? '' })
    if (outcome.kind !== 'reply') return failed('reset')
    // A block answers with words, whatever was asked, and changes nothing.
    if (method === 'POST' && outcome.reply.status !== 403)
      this.#changed(life, name, asked, outcome.reply.body)
    this.#look()
    this.#pump()
    if (outcome.reply.status === 403) this.#blocked.set(life, this.now)
    return refusal === null ? outcome.reply : this.#refused(refusal)
  }

  #arrives(asked: Asked): void {
    const { audit } = this.#options
    const sent = audit.sent.get(asked.orderLinkId ?? '')
    const { qty, price, stopLoss, reduceOnly, closeOnTrigger } = asked
    if (sent !== undefined) audit.arrives(sent, { qty, price, stopLoss, reduceOnly, closeOnTrigger })
  }

  #refused({ kind }: PlannedFault): HttpReply {
    this.#options.kernel.note(`fault ${kind} is the answer`)
    return this.sim.gate.refusal(Number(kind), 'refused for a while')
  }

  /** What a change that was accepted is to the audit. */
  #changed(life: Life, name: string, asked: Asked, reply: string): void {
    const { audit } = this.#options
    const { retCode }: { readonly retCode: number } = JSON.parse(reply)
    if (retCode !== 0) return
    this.version++
    const { symbol = '', orderLinkId = '', stopLoss, qty = '', positionIdx = 0 } = asked
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
      const held = this.sim.desk.account.position(symbol, positionIdx, this.now)
      if (held.side === null) return
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
    const { kernel, plan, folder, said, mistake, mode, isDry } = this.#options
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
      isDry,
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
      mode,
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
      return { fault: 'human-close', symbol: act.symbol, side: openingSide(act.side), steps: act.steps }
    case 'remove-stop':
      return { fault: 'human-stop', symbol: act.symbol, side: openingSide(act.side), ticks: 0 }
    case 'move-stop':
      return { fault: 'human-stop', symbol: act.symbol, side: openingSide(act.side), ticks: act.stop }
    case 'cancel-all':
      return { fault: 'human-cancel-all', ...(act.symbol === null ? {} : { symbol: act.symbol }) }
    case 'drop-stop':
      return { fault: 'lose-stop', symbol: act.symbol }
    case 'reject-later':
      return { fault: 'reject-later', symbol: act.symbol }
    case 'thin':
      return { fault: 'thin', symbol: act.symbol, ...(act.steps === null ? {} : { steps: act.steps }) }
    case 'liquidate':
      return { fault: 'liquidate', symbol: act.symbol, side: openingSide(act.side) }
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
    case 'half-open':
      return { fault: kind, only: size < 0.6 ? 'private' : 'public' }
    case 'flap':
      return { fault: kind, ms: size * MINUTE }
    case 'delist':
      return { fault: kind, symbol, ms: 10 * MINUTE + size * 2 * HOUR }
    case 'maintenance':
      return { fault: kind, ms: MINUTE + size * 20 * MINUTE }
    case 'clock-skew':
      return { fault: kind, ms: Math.round((size - 0.5) * 6 * SECOND) }
    case 'transfer':
      return { fault: kind, usdt: Math.round(100 * (size - 0.3)) }
    case 'funding-interval':
      return { fault: kind, symbol, ms: size < 0.5 ? HOUR : 4 * HOUR, rate: 0.002 }
    default:
      return null
  }
}

/** What a request that changes something says. */
interface Asked extends Wanted {
  readonly symbol?: string
  readonly orderLinkId?: string
  readonly positionIdx?: PositionIdx
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
  readonly #reconnects: Reconnects
  #lastAt: Timestamp = 0
  #saidAt: Timestamp = 0
  #heardAt: Timestamp = 0
  #pingedAt: Timestamp = 0

  constructor(ports: StreamPorts, channel: 'public' | 'private', listener: StreamListener) {
    this.#ports = ports
    this.#channel = channel
    this.#listener = listener
    this.#reconnects = new Reconnects(() => ports.kernel.draws.next('reconnect'))
    ports.life.owns(() => this.close())
    ports.world.join(this)
    this.#connect(0)
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get isSlowed(): boolean {
    return this.#reconnects.isSlowed
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
    if (this.session === null) return
    this.#reconnects.holds(now)
    if (now - this.#heardAt >= SILENCE) this.#lose(`nothing has come for ${SILENCE / SECOND} s`, true)
    else if (now - Math.max(this.#heardAt, this.#pingedAt) >= PING_EVERY) {
      this.#pingedAt = now
      this.#say({ op: 'ping', req_id: 'p' })
    }
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
    this.#lose('the connection is gone', false)
  }

  #lose(reason: string, isSilent: boolean): void {
    if (this.#isClosed || this.session === null) return
    const { world, kernel, life } = this.#ports
    world.sim.closed(this.session)
    this.session = null
    this.#isReady = false
    kernel.note(`the ${this.#channel} stream of ${life.name} breaks`)
    life.after(1, `the ${this.#channel} stream is gone`, () => {
      if (!this.#isClosed) this.#listener.lost(reason, isSilent)
    })
    this.#again()
  }

  #again(): void {
    this.#reconnects.lost()
    this.#connect(this.#reconnects.wait)
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
      this.#heardAt = kernel.now
      this.#reconnects.opened(kernel.now)
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
    if (this.#topics.size > 0) this.#say({ op: 'subscribe', args: [...this.#topics], req_id: 's' })
    const isAgain = this.#wasReady
    this.#wasReady = true
    this.#listener.ready(isAgain)
  }

  #say(frame: object): void {
    const { session } = this
    const { kernel, world } = this.#ports
    // What is said later arrives later.
    this.#saidAt = Math.max(this.#saidAt + 1, Math.ceil(kernel.now + LEG / 2))
    kernel.schedule(this.#saidAt - kernel.now, `a frame of the ${this.#channel} stream arrives`, () => {
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
      this.#heardAt = this.#ports.kernel.now
      for (const text of texts) {
        const message: { readonly op?: string; readonly topic?: string; readonly success?: boolean } =
          JSON.parse(text)
        if (message.topic !== undefined) this.#listener.message(message)
        else if (message.op === 'auth' && message.success === true) this.#begin()
      }
    })
  }
}
