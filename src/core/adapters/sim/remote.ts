/**
 * An exchange in another process behind the live driver's ports (`server.ts` is the other side). It moves its market
 * by asking for one step after the other. Inputs are numbered: each is heard once and in order, whatever becomes of the
 * replies that carry them. While the server is away the market stands still; nothing is lost by waiting.
 */
import { Agent, type IncomingMessage, request } from 'node:http'
import { DataError, ExchangeError } from '../../base/errors.ts'
import type { Steps, Ticks, Timestamp } from '../../base/units.ts'
import type { PacedExchange } from '../../engine/ports.ts'
import type { Account, Execution, Input, OrderReport, OrderRequest } from '../../engine/protocol.ts'
import { POSITION_MODES, type PositionMode, type Side } from '../../market/side.ts'
import type { Act } from './acts.ts'
import { nextInstant, VirtualClock } from './clock.ts'
import { Shape } from './shape.ts'
import { HEADERS, signatureOf, unpackInputs, WINDOW_MS } from './transfer.ts'

export interface RemoteOptions {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly key: string
  readonly secret: string
  /** Wall-clock milliseconds, for the time stamps of requests. */
  readonly wall: () => number
  /** Waits so many milliseconds, or shorter. */
  readonly sleep: (ms: number) => Promise<void>
  /** From 0 to below 1. */
  readonly random: () => number
  /** Told once whenever the exchange has gone away. */
  readonly onTrouble: (words: string) => void
  /** How long a call may take, in milliseconds; one that brings a list may take longer. */
  readonly deadlineMs?: number
}

const DEADLINE_MS = 5_000
const LIST_DEADLINES = 6
/** A history is asked for again where the market has moved meanwhile. */
const HISTORY_TRIES = 5
const LEAST_WAIT_MS = 200
const LONGEST_WAIT_MS = 5_000
/** The longest replies, in bytes: of lists, and of everything else. */
const LONGEST_LIST = 64 * 1024 * 1024
const LONGEST_REPLY = 1024 * 1024
/** Characters of an unreadable reply that are shown. */
const LONGEST_SHOWN = 200

interface Standing {
  readonly turn: number
  readonly now: Timestamp
  readonly next: Timestamp | null
  readonly more: boolean
}

interface Call {
  readonly method: 'GET' | 'POST'
  readonly target: string
  readonly body?: { readonly [name: string]: unknown }
  /** It changes something: without an answer nobody knows whether it did. */
  readonly changes?: boolean
  readonly isList?: boolean
}

export class RemoteExchange implements PacedExchange {
  readonly clock: VirtualClock
  readonly #options: RemoteOptions
  readonly #agent: Agent
  #market: string
  #standing: Standing
  /** The number of the last input heard. */
  #heard: number
  #hear: (input: Input) => void = () => {}
  /** Replies are taken one after the other, however long a gap takes to fill. */
  #absorbing: Promise<void> = Promise.resolve()

  private constructor(options: RemoteOptions, agent: Agent, state: Shape) {
    this.#options = options
    this.#agent = agent
    this.#market = state.text('market')
    this.#heard = state.count('seq', 0)
    this.#standing = standingOf(state)
    this.clock = new VirtualClock(this.#standing.now)
  }

  /** Connects to an exchange. Throws an ExchangeError when it does not answer or refuses the credentials. */
  static async connect(options: RemoteOptions): Promise<RemoteExchange> {
    // One connection: requests arrive in the order in which they are made.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      const state = await call(options, agent, { method: 'GET', target: '/state' })
      return reading(() => new RemoteExchange(options, agent, state), false)
    } catch (error) {
      agent.destroy()
      throw error
    }
  }

  /** Names the market of the exchange. */
  get market(): string {
    return this.#market
  }

  close(): void {
    this.#agent.destroy()
  }

  listen(hear: (input: Input) => void): void {
    this.#hear = hear
  }

  /** Whoever asks for it takes the exchange over as it stands: inputs told before are not told again. */
  async history(): Promise<readonly Input[]> {
    for (let attempt = 0; attempt < HISTORY_TRIES; attempt++) {
      const reply = await this.#call({ method: 'GET', target: '/history' })
      const [market, seq, standing, symbols] = reading(
        () => [reply.text('market'), reply.count('seq', 0), standingOf(reply), wordsOf(reply, 'symbols')],
        false,
      )
      const inputs = await this.#historyAt(standing, symbols)
      // Somebody has moved the market meanwhile.
      if (inputs === null) continue
      this.#market = market
      this.#heard = seq
      this.#adopt(standing)
      return inputs
    }
    const message = `another trader moves the exchange at ${this.#options.url}`
    throw new ExchangeError(message, { retryable: true, ambiguous: false })
  }

  /** The history of all symbols, `null` where the market does not stand where it stood. */
  async #historyAt({ turn, now }: Standing, symbols: readonly string[]): Promise<readonly Input[] | null> {
    const inputs: Input[] = []
    for (const symbol of symbols) {
      const target = `/history?${new URLSearchParams({ symbol })}`
      const reply = await this.#call({ method: 'GET', target, isList: true })
      if (reply.value('turn') !== turn) return null
      for (const input of reading(() => unpackInputs(reply.value('inputs'), now), false)) inputs.push(input)
    }
    return inputs
  }

  async place(order: OrderRequest): Promise<void> {
    await this.#change('/place', { order })
  }

  async amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): Promise<void> {
    await this.#change('/amend', { symbol, clientOrderId, price, steps })
  }

  async cancel(symbol: string, clientOrderId: string): Promise<void> {
    await this.#change('/cancel', { symbol, clientOrderId })
  }

  async setStop(requestId: string, symbol: string, side: Side, stop: Ticks): Promise<void> {
    await this.#change('/stop', { requestId, symbol, side, stop })
  }

  async setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): Promise<void> {
    await this.#change('/leverage', { requestId, symbol, leverage, ...(side === undefined ? {} : { side }) })
  }

  async leverage(symbol: string, side?: Side): Promise<number> {
    const query = new URLSearchParams({ symbol, ...(side === undefined ? {} : { side }) })
    const reply = await this.#read({ method: 'GET', target: `/leverage?${query}` })
    return reading(() => reply.count('leverage', 1), false)
  }

  async positionMode(): Promise<PositionMode> {
    const reply = await this.#read({ method: 'GET', target: '/position-mode' })
    return reading(() => reply.choice('mode', POSITION_MODES), false)
  }

  async setPositionMode(mode: PositionMode): Promise<string | null> {
    return refusalOf(await this.#change('/position-mode', { mode }))
  }

  /** Lets others do something to the account. Returns why it cannot be done, or `null`. */
  async act(act: Act): Promise<string | null> {
    return refusalOf(await this.#change('/act', { act }))
  }

  async account(): Promise<Account> {
    const reply = await this.#read({ method: 'GET', target: '/account' })
    return reading(() => objectOf<Account>(reply, 'account'), false)
  }

  async lookUp(symbol: string, clientOrderId: string): Promise<OrderReport> {
    const query = new URLSearchParams({ symbol, id: clientOrderId })
    const reply = await this.#read({ method: 'GET', target: `/order?${query}` })
    return reading(() => objectOf<OrderReport>(reply, 'order'), false)
  }

  async executions(since: Timestamp): Promise<readonly Execution[]> {
    const target = `/executions?since=${Math.max(0, Math.floor(since))}`
    const reply = await this.#read({ method: 'GET', target, isList: true })
    return reading(() => {
      const list = reply.value('executions')
      if (!Array.isArray(list)) throw new DataError('the executions are not a list')
      return list as readonly Execution[]
    }, false)
  }

  async run(...words: Parameters<PacedExchange['run']>): ReturnType<PacedExchange['run']> {
    const [idle, pace] = words
    const began = this.clock.now()
    for (;;) {
      await idle()
      const { more: isMidway, ...standing } = this.#standing
      const at = await nextInstant(this.clock, { ...standing, isMidway }, began, words)
      if (typeof at === 'string') return at
      for (;;) {
        if (!(await this.#advance(at, pace))) return 'stopped'
        if (!this.#standing.more) break
        await idle()
      }
      if (this.#standing.next !== null) this.clock.ring()
    }
  }

  /** Makes one step, waiting for the server where it is away. False when `pace` ended the waiting. */
  async #advance(to: Timestamp, pace: (at: Timestamp) => Promise<boolean>): Promise<boolean> {
    const turn = this.#standing.turn + 1
    for (let attempt = 0; ; attempt++) {
      try {
        const body = { market: this.#market, turn, to }
        const reply = await this.#call({ method: 'POST', target: '/advance', body, changes: true })
        this.#adopt(reading(() => standingOf(reply), true))
        await this.#absorb(reply, true)
        return true
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error
        if (error.why === 'turn' && (await this.#realigned())) return true
        if (error.why !== 'turn' && !error.retryable) throw error
        if (attempt === 0) {
          const words = `the exchange at ${this.#options.url} is away (${error.message}); waiting for it`
          this.#options.onTrouble(words)
        }
      }
      const most = Math.min(LONGEST_WAIT_MS, LEAST_WAIT_MS * 2 ** Math.min(attempt, 10))
      await this.#options.sleep(this.#options.random() * most)
      if (!(await pace(this.clock.now()))) return false
    }
  }

  /**
   * The server is not where this trader left it: somebody else has moved it, or it has lost its last steps. It counts
   * as it stands. False when it does not say where that is.
   */
  async #realigned(): Promise<boolean> {
    let state: Shape
    try {
      state = await this.#call({ method: 'GET', target: '/state' })
    } catch (error) {
      if (error instanceof ExchangeError && error.retryable) return false
      throw error
    }
    if (state.text('market') !== this.#market) throw anotherMarket(this.#options.url)
    this.#adopt(standingOf(state))
    await this.#absorb(state, false)
    return true
  }

  #adopt(standing: Standing): void {
    this.#standing = standing
    // A server that has lost its last steps stands before what its trader has seen.
    if (standing.now > this.clock.now()) this.clock.moveTo(standing.now)
  }

  async #change(target: string, body: NonNullable<Call['body']>): Promise<Shape> {
    const reply = await this.#call({ method: 'POST', target, body, changes: true })
    await this.#absorb(reply, true)
    return reply
  }

  async #read(asked: Call): Promise<Shape> {
    const reply = await this.#call(asked)
    await this.#absorb(reply, false)
    return reply
  }

  async #call(asked: Call): Promise<Shape> {
    return call(this.#options, this.#agent, asked)
  }

  /** Tells what a reply brings, after what was lost before it. */
  #absorb(reply: Shape, isAmbiguous: boolean): Promise<void> {
    const absorbed = this.#absorbing.then(() =>
      this.#absorbNow(reading(() => numberedOf(reply), isAmbiguous)),
    )
    this.#absorbing = absorbed.catch(() => {})
    return absorbed
  }

  async #absorbNow({ seq, last, inputs }: Numbered): Promise<void> {
    if (seq < this.#heard) {
      this.#heard = seq
      this.#gap('the exchange has lost what it told last')
    }
    if (last - inputs.length > this.#heard) await this.#catchUp(last - inputs.length)
    this.#tell(last, inputs)
    // Something was told that this reply does not carry.
    if (seq > this.#heard) await this.#catchUp(seq)
  }

  /** Hears what was told up to a number, from the server's memory. */
  async #catchUp(to: number): Promise<void> {
    try {
      while (this.#heard < to) {
        const reply = await this.#call({ method: 'GET', target: `/feed?after=${this.#heard}`, isList: true })
        const before = this.#heard
        if (reply.value('inputs') !== null) {
          const { last, inputs } = reading(() => numberedOf(reply), false)
          // What is newer comes with replies that are still to be taken.
          const newer = Math.max(0, last - to)
          this.#tell(last - newer, newer === 0 ? inputs : inputs.slice(0, -newer))
        }
        if (this.#heard > before) continue
        this.#heard = to
        this.#gap('the exchange has forgotten what it told')
      }
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error
      this.#heard = to
      this.#gap(`what the exchange told was lost: ${error.message}`)
    }
  }

  #tell(last: number, inputs: readonly Input[]): void {
    const first = last - inputs.length + 1
    inputs.forEach((input, k) => {
      if (first + k <= this.#heard) return
      this.#heard = first + k
      this.#hear(input)
    })
  }

  #gap(reason: string): void {
    this.#hear({ type: 'feed-gap', at: this.clock.now(), reason })
  }
}

/** Why what was asked for cannot be done, or `null`. */
function refusalOf(reply: Shape): string | null {
  const refusal = reply.value('refusal')
  return typeof refusal === 'string' ? refusal : null
}

function standingOf(reply: Shape): Standing {
  return {
    turn: reply.count('turn', 0),
    now: reply.time('now'),
    next: reply.value('next') === null ? null : reply.time('next'),
    more: reply.truth('more'),
  }
}

/** The inputs of a reply, the number of the last of them, and that of the last one told. */
interface Numbered {
  readonly seq: number
  readonly last: number
  readonly inputs: readonly Input[]
}

function numberedOf(reply: Shape): Numbered {
  const seq = reply.count('seq', 0)
  if (!reply.has('inputs')) return { seq, last: 0, inputs: [] }
  return {
    seq,
    last: reply.count('last', 0),
    inputs: unpackInputs(reply.value('inputs'), reply.time('at')),
  }
}

function objectOf<T>(reply: Shape, name: string): T {
  const value = reply.value(name)
  if (typeof value === 'object' && value !== null) return value as T
  throw new DataError(`${name} is missing`)
}

function wordsOf(reply: Shape, name: string): readonly string[] {
  const value = reply.value(name)
  if (Array.isArray(value) && value.every((one): one is string => typeof one === 'string')) return value
  throw new DataError(`${name} is no list of words`)
}

function anotherMarket(url: string): ExchangeError {
  const message = `the exchange at ${url} has another market now: start anew, on another folder`
  return new ExchangeError(message, { retryable: false, ambiguous: false, why: 'market' })
}

/** What `read` gives; where the reply is not what it should be, an ExchangeError. */
function reading<T>(read: () => T, ambiguous: boolean): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    throw unreadable(error.message, ambiguous)
  }
}

function unreadable(what: string, ambiguous: boolean): ExchangeError {
  const shown = what.slice(0, LONGEST_SHOWN)
  return new ExchangeError(`the reply of the exchange cannot be read: ${shown}`, {
    retryable: true,
    ambiguous,
    why: 'unreadable',
  })
}

/** One signed call. Rejects with an ExchangeError that says whether it may have taken effect. */
async function call(options: RemoteOptions, agent: Agent, asked: Call): Promise<Shape> {
  const { method, target, changes = false, isList = false } = asked
  const { url, key, secret, wall } = options
  const deadlineMs = (options.deadlineMs ?? DEADLINE_MS) * (isList ? LIST_DEADLINES : 1)
  const body = Buffer.from(asked.body === undefined ? '' : JSON.stringify(asked.body))
  const timestamp = String(wall())
  const window = String(WINDOW_MS)
  const signature = signatureOf(secret, { key, timestamp, window, method, target, body })
  let status: number
  let text: string
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request(new URL(target, url), {
        agent,
        method,
        signal: AbortSignal.timeout(deadlineMs),
        headers: {
          [HEADERS.key]: key,
          [HEADERS.timestamp]: timestamp,
          [HEADERS.window]: window,
          [HEADERS.signature]: signature,
          ...(method === 'POST' ? { 'content-type': 'application/json', 'content-length': body.length } : {}),
        },
      })
      outgoing.on('response', resolve)
      outgoing.on('error', reject)
      outgoing.end(body)
    })
    status = response.statusCode ?? 0
    text = await textOf(response, isList ? LONGEST_LIST : LONGEST_REPLY, changes)
  } catch (error) {
    if (error instanceof ExchangeError) throw error
    const isLate = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
    const what = isLate ? `no reply within ${deadlineMs} ms` : (error as Error).message
    throw new ExchangeError(`${method} ${target}: ${what}`, { retryable: true, ambiguous: changes })
  }
  return replyOf(options, asked, status, text)
}

function replyOf({ url }: RemoteOptions, asked: Call, status: number, text: string): Shape {
  const { method, target, changes = false } = asked
  let reply: Shape | null = null
  try {
    reply = new Shape(JSON.parse(text), '')
  } catch {
    // What is no JSON object is no reply of an exchange.
  }
  if (status >= 500) {
    const words = reply?.has('message') === true ? String(reply.value('message')) : text
    const message = `${method} ${target}: status ${status}, ${words.slice(0, LONGEST_SHOWN)}`
    const why = reply === null ? { why: 'unreadable' } : {}
    throw new ExchangeError(message, { retryable: true, ambiguous: changes, ...why })
  }
  if (reply === null) throw unreadable(text === '' ? 'it is empty' : text, changes)
  if (status === 200) return reply
  if (status < 400 || !reply.has('error')) throw unreadable(text, changes)
  const why = String(reply.value('error'))
  if (why === 'market') throw anotherMarket(url)
  const words = String(reply.value('message')).slice(0, LONGEST_SHOWN)
  const message = why === 'credentials' ? `the exchange at ${url} refuses the credentials: ${words}` : words
  throw new ExchangeError(message, { retryable: why === 'stale', ambiguous: false, why })
}

async function textOf(response: IncomingMessage, longest: number, ambiguous: boolean): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > longest) {
        response.destroy()
        throw unreadable(`it is longer than ${longest} bytes`, ambiguous)
      }
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof ExchangeError || (error as Error).name === 'TimeoutError') throw error
    throw unreadable(`it was cut off after ${length} bytes`, ambiguous)
  }
  return Buffer.concat(chunks).toString('utf8')
}
