/**
 * The three kinds of sockets: public market data, the account's private news, and orders. Each speaks a dialect of its
 * own. Frames come in as texts and go out as texts; who carries them is `server.ts`. Frames are compact JSON: clients
 * know a pong by its characters.
 */
import { assert } from '../../../base/assert.ts'
import type { Random } from '../../../base/random.ts'
import { MINUTE, type Milliseconds, SECOND, type Timestamp } from '../../../base/units.ts'
import type { AccountEvent } from './account.ts'
import type { Desk } from './desk.ts'
import { isMeant } from './fault-plan.ts'
import { Fields } from './fields.ts'
import { type Credentials, type Gate, limitHeaders } from './gate.ts'
import { Refusal } from './order.ts'
import type { Tempo } from './pace.ts'
import { type PublicTopic, publicTopic } from './public-topic.ts'
import { executionPush, type Json, orderPush, positionPush, walletShape } from './shapes.ts'
import { isSignature } from './signing.ts'

export type Channel = 'public' | 'private' | 'trade'

/** A frame on its way to a socket. */
export interface Push {
  readonly session: number
  /** `null` for the answer to a request of the client's. */
  readonly topic: string | null
  /** The answer is that to an order. */
  readonly isOrder: boolean
  readonly text: string
  /** When it leaves, on the exchange's clock. */
  readonly due: Timestamp
}

/** What befalls an order on its way in over a socket: it is refused, or nobody ever hears of it. */
export type Intercept = () => Refusal | 'lost' | null

interface Session {
  readonly id: number
  readonly channel: Channel
  readonly connId: string
  readonly topics: Map<string, PublicTopic | null>
  /** Topics that tell nothing more until they are asked for again. */
  readonly dead: Set<string>
  readonly requestIds: Set<string>
  isAuthenticated: boolean
  /** For so long it may say nothing. */
  readonly patience: Milliseconds
  heardAt: Timestamp
  /** The last due time of its pushes: none overtakes another. */
  lastDue: Timestamp
}

const MOST_CHARACTERS = 21_000
/** A private connection on which nothing is said for so long is closed. */
const IDLE: Milliseconds = 10 * MINUTE
/** News of the account leave within so long. */
const NEWS_DELAY: Milliseconds = 20

const PRIVATE_TOPICS = ['order', 'execution', 'position', 'wallet']

const OPERATIONS: { readonly [op: string]: string } = {
  'order.create': '/v5/order/create',
  'order.amend': '/v5/order/amend',
  'order.cancel': '/v5/order/cancel',
  'order.create-batch': '/v5/order/create-batch',
  'order.amend-batch': '/v5/order/amend-batch',
  'order.cancel-batch': '/v5/order/cancel-batch',
}

export class Streams {
  readonly #desk: Desk
  readonly #gate: Gate
  readonly #credentials: Credentials
  readonly #tempo: Tempo
  readonly #random: Random
  readonly #intercept: Intercept
  readonly #sessions = new Map<number, Session>()
  #opened = 0
  #pushes: Push[] = []
  #news = 0

  constructor(
    desk: Desk,
    gate: Gate,
    credentials: Credentials,
    options: { readonly tempo: Tempo; readonly random: Random; readonly intercept?: Intercept },
  ) {
    const { tempo, random, intercept = () => null } = options
    this.#intercept = intercept
    this.#desk = desk
    this.#gate = gate
    this.#credentials = credentials
    this.#tempo = tempo
    this.#random = random
  }

  /** Frames that are to be sent, since the last call. */
  take(): readonly Push[] {
    const pushes = this.#pushes
    this.#pushes = []
    return pushes
  }

  get sessions(): readonly { readonly id: number; readonly channel: Channel }[] {
    return [...this.#sessions.values()]
  }

  /** Private connections that have asked for news. */
  get listeners(): readonly number[] {
    const listening = [...this.#sessions.values()].filter(
      ({ channel, topics }) => channel === 'private' && topics.size > 0,
    )
    return listening.map(({ id }) => id)
  }

  channelOf(id: number): Channel | undefined {
    return this.#sessions.get(id)?.channel
  }

  /** How many connections there have been. */
  get opened(): number {
    return this.#opened
  }

  /** @param patience for how long a private connection may say nothing */
  open(channel: Channel, patience: Milliseconds = IDLE): number {
    const id = ++this.#opened
    this.#sessions.set(id, {
      id,
      channel,
      connId: `sim${String(id).padStart(10, '0')}-${this.#random.int(2 ** 32).toString(16)}`,
      topics: new Map(),
      dead: new Set(),
      requestIds: new Set(),
      isAuthenticated: false,
      patience,
      heardAt: this.#desk.now,
      lastDue: 0,
    })
    return id
  }

  closed(id: number): void {
    this.#sessions.delete(id)
  }

  /** Subscriptions whose topic begins so tell nothing more; whoever subscribes again is told. */
  deaden(only: string): void {
    for (const { topics, dead } of this.#sessions.values()) {
      for (const topic of topics.keys()) if (isMeant(only, topic)) dead.add(topic)
    }
  }

  /** Connections that have been silent for too long. */
  idle(): readonly number[] {
    return [...this.#sessions.values()]
      .filter(
        ({ channel, heardAt, patience }) => channel === 'private' && this.#desk.now - heardAt > patience,
      )
      .map(({ id }) => id)
  }

  /** A frame has come. */
  frame(id: number, text: string): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    session.heardAt = this.#desk.now
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      value = null
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#answer(session, this.#failure(session, {}, 'error:request is not JSON'))
      return
    }
    this.#operate(session, { ...value })
  }

  #operate(session: Session, frame: { readonly [name: string]: unknown }): void {
    const { op } = frame
    if (op === 'ping') this.#answer(session, this.#pong(session, frame))
    else if (op === 'auth') this.#authenticate(session, frame)
    else if (session.channel === 'trade') this.#trade(session, frame)
    else if (op === 'subscribe') this.#subscribe(session, frame)
    else if (op === 'unsubscribe') {
      for (const topic of textsOf(frame.args)) {
        session.topics.delete(topic)
        session.dead.delete(topic)
      }
      this.#answer(session, this.#success(session, frame))
    } else this.#answer(session, this.#failure(session, frame, `error:op not found,op:${String(op)}`))
  }

  // --- answers in three dialects ------------------------------------------------------------------------------

  #pong({ channel, connId }: Session, frame: Json): Json {
    const at = String(Math.floor(this.#desk.now))
    if (channel === 'trade') return { retCode: 0, retMsg: 'OK', op: 'pong', data: [at], connId }
    if (channel === 'private') return { ...idOf(frame), op: 'pong', args: [at], conn_id: connId }
    return { success: true, ret_msg: 'pong', conn_id: connId, ...idOf(frame), op: 'ping' }
  }

  #success({ connId }: Session, frame: Json): Json {
    return { success: true, ret_msg: '', conn_id: connId, ...idOf(frame), op: frame.op }
  }

  #failure({ channel, connId }: Session, frame: Json, words: string): Json {
    if (channel === 'trade') return { retCode: 10001, retMsg: words, op: frame.op ?? '', connId }
    return { success: false, ret_msg: words, conn_id: connId, ...idOf(frame), op: frame.op ?? '' }
  }

  #authenticate(session: Session, frame: Json): void {
    const { channel, connId } = session
    const [key, expires, signature] = Array.isArray(frame.args) ? frame.args.map(String) : []
    const isTimely = Number(expires) > this.#desk.now
    const isRight =
      key === this.#credentials.key &&
      isSignature(this.#credentials.secret, `GET/realtime${expires}`, signature ?? '')
    if (channel === 'trade') {
      const reqId = frame.reqId === undefined ? {} : { reqId: frame.reqId }
      const [retCode, retMsg] = session.isAuthenticated
        ? [20001, 'Repeat auth']
        : !isTimely
          ? [10004, 'Invalid sign: expired']
          : isRight
            ? [0, 'OK']
            : [10004, 'Invalid sign']
      if (retCode === 0) session.isAuthenticated = true
      this.#answer(session, { ...reqId, retCode, retMsg, op: 'auth', connId })
      return
    }
    const isGiven = channel === 'private' && isTimely && isRight
    session.isAuthenticated ||= isGiven
    this.#answer(session, {
      success: isGiven,
      ret_msg: isGiven ? '' : 'Params Error',
      op: 'auth',
      conn_id: connId,
      ...(frame.req_id === undefined ? {} : { req_id: frame.req_id }),
    })
  }

  // --- subscriptions ------------------------------------------------------------------------------------------

  #subscribe(session: Session, frame: Json): void {
    const topics = textsOf(frame.args)
    const trouble = this.#trouble(session, topics)
    if (trouble !== null) {
      this.#answer(session, this.#failure(session, frame, trouble))
      return
    }
    const fresh = topics.filter(topic => !session.topics.has(topic))
    for (const topic of fresh) {
      session.topics.set(
        topic,
        session.channel === 'public' ? publicTopic(this.#desk, topic, this.#tempo) : null,
      )
    }
    // Data may overtake the answer.
    const isDataFirst = this.#random.int(2) === 0
    if (isDataFirst) this.#publishTo(session, fresh)
    this.#answer(session, this.#success(session, frame))
    if (!isDataFirst) this.#publishTo(session, fresh)
  }

  /** Why a request to subscribe fails as a whole, `null` where it does not. */
  #trouble(session: Session, topics: readonly string[]): string | null {
    if (topics.length === 0) return 'error:args is empty'
    if (session.channel === 'private') {
      if (!session.isAuthenticated) return 'Request not authorized'
      const bare = topics.filter(topic => PRIVATE_TOPICS.includes(topic))
      const categorised = topics.filter(topic =>
        PRIVATE_TOPICS.some(name => name !== 'wallet' && topic === `${name}.linear`),
      )
      const odd = topics.find(topic => !bare.includes(topic) && !categorised.includes(topic))
      if (odd !== undefined) return `error:handler not found,topic:${odd}`
      const both = categorised.find(topic => bare.includes(topic.split('.')[0]))
      return both === undefined ? null : `error:all-in-one and categorised topics in one request:${both}`
    }
    const present = [...session.topics.keys()].reduce((sum, topic) => sum + topic.length, 0)
    if (present + topics.join('').length > MOST_CHARACTERS) return 'error:args size is too large'
    const odd = topics.find(topic => publicTopic(this.#desk, topic) === null)
    return odd === undefined ? null : `error:handler not found,topic:${odd}`
  }

  /** Sends what the market has to tell by now. */
  publish(): void {
    for (const session of this.#sessions.values()) this.#publishTo(session, [...session.topics.keys()])
  }

  #publishTo(session: Session, topics: readonly string[]): void {
    for (const topic of topics) {
      for (const message of session.topics.get(topic)?.messages() ?? []) {
        this.#push(session, topic, JSON.stringify(message), 0)
      }
    }
  }

  /** Sends the account's news. */
  tell(events: readonly AccountEvent[]): void {
    for (const event of events) {
      const data = this.#newsOf(event)
      const creationTime = Math.floor(this.#desk.now)
      for (const session of this.#sessions.values()) {
        if (session.channel !== 'private') continue
        const topic = [event.topic, `${event.topic}.linear`].find(name => session.topics.has(name))
        if (topic === undefined) continue
        const message = { id: `100000001_${++this.#news}`, topic, creationTime, data: [data] }
        this.#push(session, topic, JSON.stringify(message), this.#random.int(NEWS_DELAY))
      }
    }
  }

  #newsOf(event: AccountEvent): Json {
    switch (event.topic) {
      case 'order':
        return orderPush(this.#desk, event.order)
      case 'execution':
        return executionPush(this.#desk, event.execution)
      case 'position':
        return positionPush(this.#desk, this.#desk.account.position(event.symbol, event.idx, this.#desk.now))
      case 'wallet':
        return walletShape(this.#desk)
    }
  }

  // --- orders over a socket -----------------------------------------------------------------------------------

  #trade(session: Session, frame: Json): void {
    const { connId } = session
    const op = typeof frame.op === 'string' ? frame.op : ''
    if (!session.isAuthenticated) {
      // Answers of this kind bear no request id on the real exchange either.
      this.#answer(session, { retCode: 10004, retMsg: 'Not authorized', op, connId })
      return
    }
    const reqId = frame.reqId === undefined ? '' : String(frame.reqId)
    const reply = (
      retCode: number,
      retMsg: string,
      data: object,
      header: object,
      retExtInfo: object = {},
    ): void =>
      this.#answer(session, {
        reqId: frame.reqId ?? '',
        retCode,
        retMsg,
        op,
        data,
        retExtInfo,
        header: { ...header, Traceid: connId, Timenow: String(Math.floor(this.#desk.now)) },
        connId,
      })
    const fate = this.#intercept()
    if (fate === 'lost') return
    try {
      if (fate !== null) throw fate
      if (!Object.hasOwn(OPERATIONS, op)) throw new Refusal(10404, 'op is not found')
      if (reqId.length > 36) throw new Refusal(10001, 'reqId is too long')
      if (reqId !== '' && session.requestIds.has(reqId)) throw new Refusal(20006, 'reqId is duplicated')
      session.requestIds.add(reqId)
      const header = new Fields(isObject(frame.header) ? { ...frame.header } : {})
      this.#gate.checkTime(header.text('X-BAPI-TIMESTAMP'), header.text('X-BAPI-RECV-WINDOW'))
      const args = Array.isArray(frame.args) ? frame.args : []
      if (args.length !== 1 || !isObject(args[0])) throw new Refusal(10001, 'args has to have one item')
      const fields = new Fields({ ...args[0] })
      if (fields.text('category') !== 'linear') throw new Refusal(10404, 'category is not supported')
      const { result, extra, allowance } = this.#gate.trade(OPERATIONS[op], fields)
      reply(0, 'OK', result, allowance === null ? {} : limitHeaders(allowance), extra)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      reply(error.code, error.message, error.result, {})
    }
  }

  // --- out ----------------------------------------------------------------------------------------------------

  #answer(session: Session, message: Json): void {
    this.#push(
      session,
      null,
      JSON.stringify(message),
      session.channel === 'trade' ? this.#random.int(NEWS_DELAY) : 0,
    )
  }

  #push(session: Session, topic: string | null, text: string, delay: Milliseconds): void {
    assert(this.#sessions.has(session.id), 'the connection is open')
    if (topic !== null && session.dead.has(topic)) return
    const { present } = this.#tempo
    const due = Math.max(session.lastDue, this.#desk.now + delay * present)
    session.lastDue = Math.min(due, this.#desk.now + SECOND * present)
    const isOrder = topic === null && text.includes('"op":"order.')
    this.#pushes.push({ session: session.id, topic, isOrder, text, due })
  }
}

function textsOf(args: unknown): readonly string[] {
  return Array.isArray(args) ? args.filter(arg => typeof arg === 'string') : []
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The request id as it was given, a number or a text. */
function idOf(frame: Json): Json {
  return { req_id: frame.req_id ?? '' }
}
