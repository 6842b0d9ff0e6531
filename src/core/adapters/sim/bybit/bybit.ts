/**
 * A Bybit without sockets: requests and frames in, replies and frames out, time in between, and what goes wrong with all
 * of it. Everything that it decides by chance follows from its seed.
 */
import { type Random, random } from '../../../base/random.ts'
import {
  HOUR,
  MINUTE,
  type Milliseconds,
  type Price,
  type Steps,
  type Ticks,
  type Timestamp,
} from '../../../base/units.ts'
import type { SymbolMarket } from '../../../market/symbol-market.ts'
import type { KeyInfo } from './account-routes.ts'
import { Desk, type DeskOptions } from './desk.ts'
import { Exposure } from './exposure.ts'
import { AFTER, BEFORE, FaultPlan, type FaultRule, isMeant, PUSHES } from './fault-plan.ts'
import { type Credentials, Gate, type HttpReply, type HttpRequest } from './gate.ts'
import { Refusal, sideOf } from './order.ts'
import { Pace } from './pace.ts'
import { BAN } from './rate-limits.ts'
import { LATE, type Outcome, page, spoiled, spoiledMessage, WORDS } from './spoil.ts'
import { type Channel, type Push, Streams } from './streams.ts'

export interface BybitOptions extends DeskOptions, Credentials {
  /** Seconds of the exchange's clock in a second of the wall's. */
  readonly speed: number
  /** The clock goes no faster than the wall's while a position of a client's stands without its stop (`pace.ts`). */
  readonly slowWhenBare?: boolean
  readonly keyInfo?: Partial<Omit<KeyInfo, 'key'>>
  /** What goes wrong from the start; left out: nothing. */
  readonly faults?: readonly FaultRule[]
}

/** An answer that comes late enough for the news to overtake it, in milliseconds of the wall's clock. */
const ACK_DELAY: Milliseconds = 30

const KEY_INFO = { isReadOnly: false, canWithdraw: false, expiresAt: '2099-01-01T00:00:00Z' }

/** How long things last, and by how much they are late, where a rule does not say. */
const ZOMBIE: Milliseconds = 4_900
const OVERTAKEN: Milliseconds = 500
const LASTING: Milliseconds = MINUTE
const POSITIONS = '/v5/position/list'
/** Of so many paths requests are counted; clients may ask for any. */
const MOST_PATHS = 100

export class SimBybit {
  readonly desk: Desk
  readonly gate: Gate
  readonly streams: Streams
  readonly options: BybitOptions
  readonly exposure: Exposure
  readonly pace: Pace
  /** How many requests have come, by path. */
  readonly requests = new Map<string, number>()
  readonly #random: Random
  #plan: FaultPlan
  /** Requests that arrive late, and when. */
  #zombies: { readonly at: Timestamp; readonly request: HttpRequest }[] = []
  /** Topics that are silent, and until when. */
  #silent: { readonly only: string; readonly until: Timestamp }[] = []
  readonly #mute = new Set<number>()
  #closing: number[] = []
  #outageUntil: Timestamp = Number.NEGATIVE_INFINITY
  #flappingUntil: Timestamp = Number.NEGATIVE_INFINITY
  /** How long the client keeps silent, having been told that it is blocked. */
  #silencedUntil: Timestamp = Number.NEGATIVE_INFINITY
  /** Since when nobody listens to the account's news, and when its positions were read last. */
  #unheardSince: Timestamp | null = null
  #readAt: Timestamp = Number.NEGATIVE_INFINITY
  /** When it was away last, if that lasts. */
  #awayAt: Timestamp | null = null

  constructor(markets: readonly SymbolMarket[], options: BybitOptions) {
    const { key, secret, speed, seed } = options
    this.options = options
    this.pace = new Pace(speed, options.slowWhenBare ?? false)
    this.exposure = new Exposure(this.pace)
    this.#random = random(`${seed} protocol`)
    this.desk = new Desk(markets, options)
    const context = { desk: this.desk, key: { ...KEY_INFO, ...options.keyInfo, key } }
    this.gate = new Gate(context, { key, secret }, { speed })
    const intercept = (): Refusal | 'lost' | null => this.#intercepted()
    const chance = { tempo: this.pace, random: this.#random, intercept }
    this.streams = new Streams(this.desk, this.gate, { key, secret }, chance)
    this.#plan = new FaultPlan(options.faults ?? [], seed, options.from)
  }

  get now(): Timestamp {
    return this.desk.now
  }

  /** What goes wrong from now on. */
  setFaults(rules: readonly FaultRule[]): void {
    this.#plan = new FaultPlan(rules, this.options.seed, this.now)
  }

  get plan(): FaultPlan {
    return this.#plan
  }

  /** Lets time go on. */
  advance(to: Timestamp): void {
    for (;;) {
      const next = this.#zombies.find(({ at }) => at <= to)
      if (next === undefined) break
      this.#zombies = this.#zombies.filter(zombie => zombie !== next)
      this.desk.advance(next.at)
      this.gate.answer(next.request)
    }
    this.desk.advance(to)
    for (const rule of this.#plan.due(to)) this.cause(rule)
    this.#tell()
    this.streams.publish()
  }

  /** Tells the news, and sees which positions have no stop, and whether their client could know of it and set one. */
  #tell(): void {
    const { exposure, now, desk } = this
    const { account } = desk
    const news = account.take()
    const isHeard = this.streams.listeners.some(id => !this.#mute.has(id))
    if (isHeard) this.#unheardSince = null
    else this.#unheardSince ??= now
    const isAway = this.#isAway
    if (isAway) exposure.disturb(this.#awayAt ?? now, now)
    // What a client is told of by nobody it has to find by looking.
    else if (!isHeard && news.some(({ topic }) => topic !== 'wallet')) exposure.disturb(now)
    this.#awayAt = isAway ? now : null
    exposure.look(account.positions, account.openOrders, now)
    this.pace.look(exposure.bare, !isAway && now >= this.#silencedUntil, now)
    this.streams.tell(news)
  }

  /** The client is not served; or it is not there: it neither listens nor has read its positions since it did. */
  get #isAway(): boolean {
    const { now } = this
    if (now < this.#outageUntil || this.gate.limits.isBanned(now)) return true
    return this.#unheardSince !== null && this.#readAt < this.#unheardSince
  }

  // --- requests -----------------------------------------------------------------------------------------------

  /**
   * Answers a REST request. What it sets off leaves by the streams; whether the answer to an order comes before its
   * news or after is a matter of chance.
   */
  request(request: HttpRequest): Outcome {
    const { now } = this
    const [path] = request.target.split('?')
    const count = this.requests.get(path) ?? 0
    if (count > 0 || this.requests.size < MOST_PATHS) this.requests.set(path, count + 1)
    if (now < this.#outageUntil) return { kind: 'reset' }
    const before = this.#plan.strike(BEFORE, path, now)
    if (before !== null) {
      this.#spoil(path)
      return this.#instead(before, request)
    }
    const reply = this.gate.answer(request)
    this.#tell()
    const isLast = request.method === 'POST' && this.#random.int(2) === 0
    const due = isLast ? now + ACK_DELAY * this.pace.present : now
    const after = this.#plan.strike(AFTER, path, now)
    if (after === null) {
      this.#answered(path, reply)
      return { kind: 'reply', reply, due }
    }
    this.#spoil(path)
    return spoiled(after, reply, due)
  }

  /** Takes note of an answer that arrives. */
  #answered(path: string, { status, body }: HttpReply): void {
    // Whoever is turned away so has to keep silent for as long.
    if (status === 403) {
      this.#silencedUntil = this.now + BAN
      this.exposure.disturb(this.now, this.#silencedUntil)
    }
    if (path === POSITIONS && body.startsWith('{"retCode":0,')) this.#readAt = this.now
  }

  /** An answer is missing, late or not to be read: of the market anybody can do without it for a while. */
  #spoil(path: string): void {
    if (!path.startsWith('/v5/market/')) this.exposure.disturb(this.now)
  }

  #instead({ fault, ms, code }: FaultRule, request: HttpRequest): Outcome {
    const { now } = this
    if (fault === 'zombie') this.#zombies.push({ at: now + (ms ?? ZOMBIE), request })
    if (fault === 'refuse') {
      const reply = this.gate.refusal(code ?? 10_016, WORDS[code ?? 10_016] ?? 'refused')
      return { kind: 'reply', reply, due: now }
    }
    if (fault === 'status') return { kind: 'reply', reply: page(code ?? 502), due: now }
    return { kind: 'silence' }
  }

  // --- sockets ------------------------------------------------------------------------------------------------

  /**
   * A new connection; `null` where there were too many of them.
   *
   * @param patience for how long a private one may say nothing
   */
  open(channel: Channel, patience?: Milliseconds): number | null {
    if (!this.gate.limits.connect(this.now)) return null
    const id = this.streams.open(channel, patience)
    if (this.now < Math.max(this.#flappingUntil, this.#outageUntil)) this.#closing.push(id)
    return id
  }

  frame(session: number, text: string): void {
    if (this.#mute.has(session)) return
    this.streams.frame(session, text)
    this.#tell()
  }

  closed(session: number): void {
    this.#mute.delete(session)
    this.streams.closed(session)
  }

  /** Connections that are to be closed, since the last call. */
  closing(): readonly number[] {
    const closing = [...this.#closing, ...this.streams.idle()]
    this.#closing = []
    return closing
  }

  /** Frames that are to be sent. */
  take(): readonly Push[] {
    const { now } = this
    this.#silent = this.#silent.filter(({ until }) => until > now)
    return this.streams.take().flatMap(push => {
      if (this.#mute.has(push.session)) {
        if (this.streams.channelOf(push.session) === 'private' && push.topic !== null)
          this.exposure.disturb(now)
        return []
      }
      // The answer to a request is none of a topic's; that to an order has the fate of answers.
      if (push.topic === null) return this.#acknowledged(push)
      const topic = push.topic
      const isPrivate = this.streams.channelOf(push.session) === 'private'
      if (this.#silent.some(({ only }) => isMeant(only, topic))) {
        if (isPrivate) this.exposure.disturb(now)
        return []
      }
      const rule = this.#plan.strike(PUSHES, topic, now)
      if (rule !== null && rule.fault !== 'duplicate-push' && isPrivate) this.exposure.disturb(now)
      switch (rule?.fault) {
        case 'lose-push':
          return []
        case 'late-push':
          return [{ ...push, due: push.due + (rule.ms ?? LATE) }]
        case 'reorder-push':
          return [{ ...push, due: push.due + this.#random.int(rule.ms ?? OVERTAKEN) + 1 }]
        case 'duplicate-push':
          return [push, push]
        case 'stale-push':
        case 'wick-push':
          return [{ ...push, text: spoiledMessage(rule, push.text, this.#lastOf(topic)) }]
        default:
          return [push]
      }
    })
  }

  /** The last price of the symbol that a topic is about. */
  #lastOf(topic: string): Price {
    const symbol = topic.slice(topic.lastIndexOf('.') + 1)
    return this.desk.feeds.has(symbol) ? this.desk.point(symbol).last : 0
  }

  /** What befalls an order that comes over a socket. */
  #intercepted(): Refusal | 'lost' | null {
    const rule = this.#plan.strike(['lose-request', 'refuse'], '/v5/trade', this.now)
    if (rule === null) return null
    const code = rule.code ?? 10_016
    return rule.fault === 'refuse' ? new Refusal(code, WORDS[code] ?? 'refused') : 'lost'
  }

  #acknowledged(push: Push): readonly Push[] {
    if (!push.isOrder) return [push]
    const rule = this.#plan.strike(['lose-reply', 'late-reply'], '/v5/trade', this.now)
    if (rule === null) return [push]
    return rule.fault === 'lose-reply' ? [] : [{ ...push, due: push.due + (rule.ms ?? LATE) }]
  }

  // --- events -------------------------------------------------------------------------------------------------

  /**
   * Lets something happen now.
   *
   * @returns why it cannot, or `null`
   */
  cause(rule: FaultRule): string | null {
    try {
      this.#cause(rule)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return error.message
    }
    this.#plan.note(rule.fault)
    this.#tell()
    return null
  }

  #cause(rule: FaultRule): void {
    const { desk, now } = this
    const { fault, ms, only = '' } = rule
    const until = now + (ms ?? LASTING)
    const steps = (rule.steps ?? 0) as Steps
    const side = rule.side === undefined ? null : sideOf(rule.side)
    const symbol = (): string => desk.instrument(rule.symbol ?? [...desk.feeds.keys()][0]).symbol
    const meant = (): readonly number[] =>
      this.streams.sessions.filter(({ channel }) => isMeant(only, channel)).map(({ id }) => id)
    switch (fault) {
      case 'silence':
        this.#silent.push({ only, until })
        return
      case 'dead-topic':
        this.streams.deaden(only)
        return
      case 'drop':
        this.#closing.push(...meant())
        return
      case 'half-open':
        for (const id of meant()) this.#mute.add(id)
        return
      case 'flap':
        this.#flappingUntil = until
        this.#closing.push(...meant())
        return
      case 'outage':
        this.#outageUntil = until
        this.#closing.push(...this.streams.sessions.map(({ id }) => id))
        return
      case 'ban':
        this.gate.limits.ban(now, ms ?? BAN)
        return
      case 'clock-skew':
        // What is signed by the clock as it was is not taken.
        this.exposure.disturb(now)
        desk.skew = ms ?? 0
        return
      case 'amnesia':
        desk.account.forgetClosed()
        return
      case 'history-lag':
        desk.historyLag = ms ?? LASTING
        return
      case 'reuse-links':
        desk.reusesLinks = true
        return
      case 'maintenance':
        desk.maintenance.push({ from: now + (ms ?? HOUR), until: now + (ms ?? HOUR) + HOUR })
        return
      case 'delist':
        desk.delist(symbol(), now + (ms ?? HOUR))
        return
      case 'auction':
        desk.auction(symbol(), until)
        return
      case 'filters':
        desk.refilter(symbol(), {
          ...(rule.usdt === undefined ? {} : { minNotional: rule.usdt }),
          ...(rule.ticks === undefined ? {} : { ticks: Math.max(1, rule.ticks) }),
          ...(rule.steps === undefined ? {} : { steps: Math.max(1, rule.steps) }),
        })
        return
      case 'funding-interval':
        desk.funding(symbol()).order(now, ms ?? HOUR, rule.rate)
        return
      case 'liquidate':
        desk.seize(symbol(), 'liquidation', steps, side)
        return
      case 'adl':
        desk.seize(symbol(), 'adl', Math.max(1, steps) as Steps, side)
        return
      case 'thin':
        desk.thin(symbol(), rule.steps === undefined ? null : steps, rule.code === 1)
        return
      case 'lose-stop':
        desk.stops.lose(symbol())
        return
      case 'reject-later':
        desk.rejectNext(symbol())
        return
      case 'fail-trigger':
        desk.failNextTrigger(symbol())
        return
      case 'hold-triggers':
        desk.holdTriggers(symbol(), now + (ms ?? LASTING))
        return
      case 'transfer':
        desk.transfer(rule.usdt ?? 0)
        return
      case 'human-open':
        desk.byHand(symbol(), rule.side ?? 'Buy', rule.steps === undefined ? null : steps)
        return
      case 'human-close':
        desk.closeByHand(symbol(), rule.steps === undefined ? null : steps, side)
        return
      case 'human-cancel-all':
        desk.cancelAll(order => rule.symbol === undefined || order.symbol === rule.symbol, '')
        return
      case 'human-stop':
        desk.stopByHand(symbol(), (rule.ticks ?? 0) as Ticks, side)
        return
      case 'human-leverage':
        desk.setLeverage(symbol(), Math.max(1, steps), Math.max(1, steps))
        return
      case 'human-mode':
        desk.switchMode(desk.mode === 'hedge' ? 'one-way' : 'hedge')
        return
      case 'margin-mode':
        desk.marginMode = desk.marginMode === 'ISOLATED_MARGIN' ? 'REGULAR_MARGIN' : 'ISOLATED_MARGIN'
        return
      case 'orphan-stop':
        desk.stops.keep(symbol())
        return
      default:
        throw new Refusal(10_001, `${fault} needs a request or a message to befall: put it into a plan`)
    }
  }
}
