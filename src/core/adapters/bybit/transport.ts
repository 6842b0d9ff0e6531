/**
 * The one way by which anything leaves for Bybit. bybit-api builds the requests; this is the adapter that it hands them
 * to, so that nothing goes around it: a dry run ends here, budgets are kept here, requests are signed here, at the
 * moment they go out, and here a reply becomes an envelope or an ExchangeError. The library never sees the secret: it
 * throws its options about, and prints requests where an environment variable says so.
 */
import { createHmac } from 'node:crypto'
import type { Code } from '../../base/codes.ts'
import { DataError, type ExchangeError } from '../../base/errors.ts'
import type { Milliseconds, Timestamp } from '../../base/units.ts'
import { Redactor } from '../system/redactor.ts'
import { type Asked, networkError, refusal, statusError, unreadable, withheld } from './errors.ts'
import { Fields } from './fields.ts'
import { type HttpPort, type HttpReply, HttpTrouble } from './http.ts'
import type { Budgets, HostBudgets, Lane } from './limits.ts'
import { ReplyTimes } from './reply-times.ts'

export interface Credentials {
  readonly key: string
  readonly secret: string
}

/** What the client needs of the outside. */
export interface ClientPorts {
  readonly http: HttpPort
  readonly clock: {
    /** Wall-clock milliseconds. */
    now(): Timestamp
    /** Milliseconds of a clock that never steps. */
    monotonic(): number
    sleep(ms: Milliseconds): Promise<void>
  }
  /** From 0 to below 1. */
  readonly random: () => number
  /** Shared by all clients of the process, on one clock. */
  readonly budgets: HostBudgets
  /** Told of what the user should know; left out: nobody listens. */
  readonly say?: (code: Code, words: string) => void
}

export interface TransportOptions {
  readonly ports: ClientPorts
  /** `null`: only what everybody may know is asked for. */
  readonly credentials: Credentials | null
  /** Nothing that changes anything gets out. */
  readonly isDry: boolean
}

/** A request as bybit-api hands it over, in the words of its HTTP library. */
export interface Outgoing {
  readonly method?: string
  readonly url?: string
  readonly params?: { readonly [name: string]: unknown }
  readonly data?: unknown
}

/** A request that arrives later than this after its time stamp is not carried out. */
export const RECEIVE_WINDOW: Milliseconds = 5_000
/** No call waits longer for its turn. */
const LONGEST_WAIT: Milliseconds = 10_000

const PUBLIC = '/v5/market/'
/** How long a call may take; lists take longer. */
const DEADLINE: Milliseconds = 5_000
/**
 * What protects positions is not waited for so long: a position may be without its stop for two seconds. A stop is set in
 * place and read back, so that giving an answer up costs nothing.
 */
const PROMPT_DEADLINE: Milliseconds = 1_000
const PROMPT = '/v5/position/trading-stop'
const LIST_DEADLINE: Milliseconds = 15_000
const LISTS = [
  '/v5/market/instruments-info',
  '/v5/market/tickers',
  '/v5/market/kline',
  '/v5/market/mark-price-kline',
]

/** A reply whose `retCode` is 0, and the question that it answers. */
export interface Answer {
  readonly asked: Asked
  readonly result: unknown
  /** The exchange's time in it; `null` where it does not say. */
  readonly at: Timestamp | null
}

/** The moment, a server's time, at which a request is signed. */
export type Stamp = () => Promise<Timestamp>

export class Transport {
  readonly #options: TransportOptions
  readonly #redactor: Redactor
  /** Equal questions that are on their way, none of them asked before the last change. */
  readonly #reading = new Map<string, Promise<Answer>>()
  /** What did not answer promptly is given time, until it does. */
  readonly #slow = new Set<string>()
  /** How long answers take. */
  readonly replies = new ReplyTimes()
  #changes = 0

  constructor(options: TransportOptions) {
    this.#options = options
    const { credentials } = options
    this.#redactor = new Redactor(credentials === null ? [] : [credentials.key, credentials.secret])
  }

  /**
   * Sends a request and resolves to the reply where its `retCode` is 0.
   *
   * @throws ExchangeError, and nothing else
   */
  async send(outgoing: Outgoing, lane: Lane, stamp: Stamp): Promise<Answer> {
    const { asked, url, target, body } = requestOf(outgoing)
    if (this.#options.isDry && asked.method !== 'GET') {
      throw withheld(asked, 'a dry run sends nothing that changes anything', 'dry-run')
    }
    if (!isPublic(asked) && this.#options.credentials === null) {
      throw withheld(asked, 'there is no API key', 'credentials')
    }
    const exchange = (): Promise<Answer> => this.#exchange(asked, url, target, body, lane, stamp)
    if (asked.method !== 'GET') {
      // What is asked from now on may see the change; what was asked before may not.
      this.#changes++
      return exchange().finally(() => this.#changes++)
    }
    return this.#once(`${lane} ${this.#changes} ${url}`, exchange)
  }

  /** The result of an equal question that is on its way, or of one that is asked now. */
  #once(question: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#reading.get(question)
    if (known !== undefined) return known
    const asking = ask().finally(() => this.#reading.delete(question))
    this.#reading.set(question, asking)
    return asking
  }

  async #exchange(
    asked: Asked,
    url: string,
    target: string,
    body: string | null,
    lane: Lane,
    stamp: Stamp,
  ): Promise<Answer> {
    // Where the time is not known it is asked for, which takes a turn of its own.
    if (!isPublic(asked)) await stamp()
    const budgets = this.#options.ports.budgets.of(url)
    await this.#turn(budgets, asked, lane)
    const headers = await this.#headers(asked, target, body, stamp)
    const deadlineMs = this.#deadlineOf(asked, lane)
    const { clock, http } = this.#options.ports
    const sentAt = clock.monotonic()
    let reply: HttpReply
    try {
      reply = await http({ method: asked.method, url, headers, body, deadlineMs })
      const took = clock.monotonic() - sentAt
      this.replies.take(sentAt, took)
      if (took <= PROMPT_DEADLINE) this.#slow.delete(asked.path)
    } catch (error) {
      const waited = clock.monotonic() - sentAt
      // One that fails at once says nothing of how long answers take.
      if (waited >= PROMPT_DEADLINE) this.replies.take(sentAt, waited)
      if (deadlineMs === PROMPT_DEADLINE) this.#slow.add(asked.path)
      if (!(error instanceof HttpTrouble)) throw networkError(asked, 'the connection failed', true)
      const words = this.#redactor.text(error.message)
      throw error.isReply ? unreadable(asked, words) : networkError(asked, words, error.wasSent)
    }
    return this.#answerOf(budgets, asked, reply)
  }

  #deadlineOf({ path, changes }: Asked, lane: Lane): Milliseconds {
    if (LISTS.includes(path)) return LIST_DEADLINE
    if (path === PROMPT) return PROMPT_DEADLINE
    const isPrompt = lane === 'protective' && !changes && !this.#slow.has(path)
    return isPrompt ? PROMPT_DEADLINE : DEADLINE
  }

  /** Waits until the budgets have room. */
  async #turn(budgets: Budgets, asked: Asked, lane: Lane): Promise<void> {
    const { clock } = this.#options.ports
    const began = clock.monotonic()
    for (;;) {
      const now = clock.monotonic()
      const silent = budgets.silentFor(now)
      if (silent > 0) {
        const minutes = Math.ceil(silent / 60_000)
        const words = `C402 Bybit has blocked this address, nothing is sent for ${minutes} more minutes`
        throw withheld(asked, words, 'banned', true)
      }
      const wait = budgets.wait(asked.path, lane, now)
      if (wait <= 0) return budgets.take(asked.path, now, lane)
      if (now + wait - began > LONGEST_WAIT) {
        throw withheld(asked, 'W401 the rate limits have no room for it', 'rate', true)
      }
      await clock.sleep(wait)
    }
  }

  async #headers(
    { method, path, changes }: Asked,
    target: string,
    body: string | null,
    stamp: Stamp,
  ): Promise<{ readonly [name: string]: string }> {
    const headers = {
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate, br',
      'user-agent': 'bbw',
      ...(body === null
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    }
    const { credentials } = this.#options
    if (credentials === null || isPublic({ method, path, changes })) return headers
    const timestamp = String(Math.floor(await stamp()))
    const window = String(RECEIVE_WINDOW)
    const signed = method === 'GET' ? target.slice(target.indexOf('?') + 1 || target.length) : (body ?? '')
    const { key, secret } = credentials
    return {
      ...headers,
      'X-BAPI-API-KEY': key,
      'X-BAPI-TIMESTAMP': timestamp,
      'X-BAPI-RECV-WINDOW': window,
      'X-BAPI-SIGN-TYPE': '2',
      'X-BAPI-SIGN': createHmac('sha256', secret)
        .update(`${timestamp}${key}${window}${signed}`)
        .digest('hex'),
    }
  }

  #answerOf(budgets: Budgets, asked: Asked, { status, headers, body }: HttpReply): Answer {
    const { clock } = this.#options.ports
    const now = clock.monotonic()
    this.#learn(budgets, asked, headers, now)
    if (status !== 200) {
      if (status === 403) this.#blocked(budgets, now)
      throw statusError(asked, status, this.harmless(body))
    }
    let code: number
    let message: string
    let result: unknown
    let at: unknown
    try {
      const envelope = new Fields(JSON.parse(body), '')
      const signed = envelope.value('retCode')
      if (typeof signed !== 'number' || !Number.isSafeInteger(signed))
        throw new DataError('it has no retCode')
      code = signed
      message = envelope.has('retMsg') ? String(envelope.value('retMsg')) : ''
      result = envelope.value('result')
      at = envelope.value('time')
    } catch (error) {
      if (error instanceof DataError) throw this.unreadable(asked, `${error.message}: ${body}`)
      throw this.unreadable(asked, body === '' ? 'it is empty' : body)
    }
    if (code === 0) return { asked, result, at: typeof at === 'number' && at > 0 ? at : null }
    const refused = refusal(asked, code, this.harmless(message))
    if (refused.why === 'banned') this.#blocked(budgets, now)
    if (refused.why === 'rate') {
      const wait = this.#untilReset(headers)
      budgets.block(asked.path, now + wait, now)
      this.#say('W401', `${asked.path}: Bybit has no room, the next one goes in ${Math.ceil(wait)} ms`)
    }
    throw refused
  }

  #blocked(budgets: Budgets, now: number): void {
    const isNews = budgets.silentFor(now) === 0
    budgets.silence(now)
    if (isNews) this.#say('C402', 'Bybit has blocked this address; nothing is sent for 10 minutes')
  }

  #say(code: Code, words: string): void {
    this.#options.ports.say?.(code, words)
  }

  /** The exchange tells how much room it has left. */
  #learn(budgets: Budgets, { path }: Asked, headers: HttpReply['headers'], now: number): void {
    const limit = Number(headers['x-bapi-limit'])
    if (Number.isSafeInteger(limit)) budgets.learn(path, limit)
    if (headers['x-bapi-limit-status'] === '0') budgets.block(path, now + this.#untilReset(headers), now)
  }

  /** How long until the limit is set back: as the reply says by its own clock, else a second. */
  #untilReset(headers: HttpReply['headers']): Milliseconds {
    const reset = Number(headers['x-bapi-limit-reset-timestamp'])
    const said = Number(headers.timenow)
    const base = Number.isFinite(said) && said > 0 ? said : this.#options.ports.clock.now()
    const wait = reset - base
    return Number.isFinite(wait) && wait >= 0 ? wait : 1_000
  }

  /** The error of a reply that does not hold what it should; `words` may repeat what it holds. */
  unreadable(asked: Asked, words: string): ExchangeError {
    return unreadable(asked, this.harmless(words))
  }

  /** What a body says, in few words and without what must not be told. */
  harmless(body: string): string {
    return this.#redactor.text(body.slice(0, 2_048))
  }
}

function isPublic({ path }: Asked): boolean {
  return path.startsWith(PUBLIC)
}

interface Request {
  readonly asked: Asked
  readonly url: string
  /** Path with query. */
  readonly target: string
  readonly body: string | null
}

/** The request that the library has built. A query is taken as it stands: it is what is signed. */
function requestOf({ method = 'GET', url = '', params, data }: Outgoing): Request {
  const isRead = method.toUpperCase() === 'GET'
  const query = Object.entries(params ?? {})
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&')
  const whole = query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`
  const { pathname, origin } = new URL(whole)
  return {
    asked: { method: isRead ? 'GET' : 'POST', path: pathname, changes: !isRead },
    url: whole,
    target: whole.slice(origin.length),
    body: isRead ? null : textOf(data),
  }
}

function textOf(data: unknown): string {
  return typeof data === 'string' ? data : JSON.stringify(data ?? {})
}
