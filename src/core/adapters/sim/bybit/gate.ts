/**
 * The REST door: what comes in is a request as it was sent, what goes out a reply as it is written. Who asks, how late
 * and how often is checked here; what is asked for is the routes' business.
 */
import type { Timestamp } from '../../../base/units.ts'
import { type AccountContext, READING_ROUTES } from './account-routes.ts'
import { carryOutBatch, type Done, isBatch, ordersOf, tooMany } from './batch.ts'
import { bodyFields, type Fields, queryFields } from './fields.ts'
import { MARKET_ROUTES } from './market-routes.ts'
import { Refusal } from './order.ts'
import { type Allowance, RateLimits } from './rate-limits.ts'
import type { Json } from './shapes.ts'
import { isInTime, isSignature } from './signing.ts'
import { TRADING_ROUTES } from './trade-routes.ts'

export interface HttpRequest {
  readonly method: string
  /** Path and query as they were sent. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly body: string
}

export interface HttpReply {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

export interface Credentials {
  readonly key: string
  readonly secret: string
}

/** How fast the exchange's clock goes: seconds of it in a second of the wall's. */
export interface Pace {
  readonly speed: number
}

/** A private endpoint, before it is known whether who asks may. */
interface Route {
  readonly isWriting: boolean
  /** How many requests it counts for. Throws a Refusal where that cannot be told. */
  readonly count: () => number
  readonly handle: (room: number) => Done
}

const DEFAULT_WINDOW = 5_000

export class Gate {
  readonly limits = new RateLimits()
  readonly #context: AccountContext
  readonly #credentials: Credentials
  readonly #pace: Pace

  constructor(context: AccountContext, credentials: Credentials, pace: Pace) {
    this.#context = context
    this.#credentials = credentials
    this.#pace = pace
  }

  /** The server's clock, which need not be right. */
  get #clock(): Timestamp {
    return this.#context.desk.clock
  }

  get #now(): Timestamp {
    return this.#context.desk.now
  }

  /** An answer with a code and words, whatever was asked. */
  refusal(code: number, message: string): HttpReply {
    return this.#reply({}, null, code, message)
  }

  /** Answers one request. */
  answer(request: HttpRequest): HttpReply {
    const now = this.#now
    // A GET that bears a body is taken for an attack, and so is one too many.
    const isOdd = request.method === 'GET' && request.body !== ''
    if (isOdd || !this.limits.arrive(now)) return forbidden()
    const at = request.target.indexOf('?')
    const path = at < 0 ? request.target : request.target.slice(0, at)
    const query = at < 0 ? '' : request.target.slice(at + 1)
    let allowance: Allowance | null = null
    try {
      if (request.method === 'GET' && Object.hasOwn(MARKET_ROUTES, path)) {
        return this.#reply(
          MARKET_ROUTES[path](this.#context.desk, queryFields(query)),
          null,
          0,
          wordsOf(path),
        )
      }
      const route = this.#private(request.method, path, query, request.body)
      if (route === null) return { status: 404, headers: {}, body: '404 page not found' }
      this.#authorise(request, query)
      if (route.isWriting && this.#context.key.isReadOnly)
        throw new Refusal(10005, 'Permission denied, please check your API key permissions.')
      const count = route.count()
      allowance = this.limits.ask(path, now, count)
      if (allowance !== null && !allowance.isAllowed) throw tooMany()
      const { result, extra } = route.handle(allowance?.granted ?? count)
      return this.#reply(result, allowance, 0, wordsOf(path), extra)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return this.#reply(error.result as Json, allowance, error.code, error.message)
    }
  }

  /** What a private endpoint would do; `null` where there is none. */
  #private(method: string, path: string, query: string, body: string): Route | null {
    const context = this.#context
    if (method === 'GET' && Object.hasOwn(READING_ROUTES, path)) {
      const handle = (): Done => ({ result: READING_ROUTES[path](context, queryFields(query)), extra: {} })
      return { isWriting: false, count: () => 1, handle }
    }
    if (method === 'POST' && (Object.hasOwn(TRADING_ROUTES, path) || isBatch(path)))
      return {
        isWriting: true,
        count: () => (isBatch(path) ? ordersOf(bodyFields(body)).length : 1),
        handle: room => this.#carryOut(path, bodyFields(body), room),
      }
    return null
  }

  /** @param room how many orders of a batch are let through */
  #carryOut(path: string, fields: Fields, room: number): Done {
    const { desk } = this.#context
    if (isBatch(path)) return carryOutBatch(desk, path, fields, room)
    return { result: TRADING_ROUTES[path](desk, fields), extra: {} }
  }

  /** What an operation of the trade channel does. Throws a Refusal. */
  trade(path: string, fields: Fields): Done & { readonly allowance: Allowance | null } {
    if (this.#context.key.isReadOnly)
      throw new Refusal(10005, 'Permission denied, please check your API key permissions.')
    const count = isBatch(path) ? ordersOf(fields).length : 1
    const allowance = this.limits.ask(path, this.#now, count)
    if (allowance !== null && !allowance.isAllowed) throw tooMany()
    return { ...this.#carryOut(path, fields, allowance?.granted ?? count), allowance }
  }

  #authorise({ headers, method, body }: HttpRequest, query: string): void {
    const key = headers['x-bapi-api-key'] ?? ''
    const stamp = headers['x-bapi-timestamp'] ?? ''
    const window = headers['x-bapi-recv-window'] ?? ''
    const { secret } = this.#credentials
    if (key !== this.#credentials.key) throw new Refusal(10003, 'API key is invalid.')
    this.checkTime(stamp, window)
    const origin = `${stamp}${key}${window}${method === 'GET' ? query : body}`
    if (!isSignature(secret, origin, headers['x-bapi-sign'] ?? ''))
      throw new Refusal(10004, `error sign! origin_string[${origin}]`)
  }

  /** Throws a Refusal where a time stamp is too old or too new. */
  checkTime(stamp: string, window: string): void {
    const wide = window === '' ? DEFAULT_WINDOW : Number(window)
    const now = this.#clock
    if (/^\d+$/.test(stamp) && isInTime(Number(stamp), wide, { now, speed: this.#pace.speed })) return
    throw new Refusal(
      10002,
      `invalid request, please check your server timestamp or recv_window param. req_timestamp[${stamp}],server_timestamp[${Math.floor(now)}],recv_window[${wide}]`,
    )
  }

  #reply(
    result: Json,
    allowance: Allowance | null = null,
    retCode = 0,
    retMsg = 'OK',
    extra: Json = {},
  ): HttpReply {
    return {
      status: 200,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        timenow: String(Math.floor(this.#clock)),
        ...(allowance === null ? {} : limitHeaders(allowance)),
      },
      body: JSON.stringify({ retCode, retMsg, result, retExtInfo: extra, time: Math.floor(this.#clock) }),
    }
  }
}

/** Success has several names; a client that goes by them instead of the code is to be found out. */
const WORDS: { readonly [path: string]: string } = {
  '/v5/market/price-limit': '',
  '/v5/user/query-api': '',
  '/v5/account/set-limit-px-action': 'success',
}

function wordsOf(path: string): string {
  return WORDS[path] ?? 'OK'
}

/** The three headers that say how much of a limit is left. */
export function limitHeaders({ limit, left, resetAt }: Allowance): { readonly [name: string]: string } {
  return {
    'X-Bapi-Limit': String(limit),
    'X-Bapi-Limit-Status': String(left),
    'X-Bapi-Limit-Reset-Timestamp': String(Math.floor(resetAt)),
  }
}

function forbidden(): HttpReply {
  return {
    status: 403,
    headers: { 'content-type': 'text/plain' },
    body: 'access too frequent',
  }
}
