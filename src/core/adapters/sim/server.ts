/**
 * The embedded exchange in a process of its own: HTTP/1.1 with JSON on the loopback. The market stands still until its
 * trader asks for the next step, so nothing of it can be missed; every input has a number, so a lost reply is noticed
 * and its inputs are told again. Requests are signed, and one that was held up for longer than its window executes
 * nothing.
 */
import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError, DataError } from '../../base/errors.ts'
import type { Input } from '../../engine/protocol.ts'
import { POSITION_MODES, type Side } from '../../market/side.ts'
import { actFrom, orderFrom } from './acts.ts'
import type { SimHost } from './host.ts'
import { Shape } from './shape.ts'
import { EARLY_MS, HEADERS, LONGEST_REQUEST, packInputs, signatureOf, WINDOW_MS } from './transfer.ts'

export const LOOPBACK = '127.0.0.1'

const HEADERS_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 10_000
const MOST_CONNECTIONS = 64
/** Inputs that one reply of the feed has at most. */
const FEED_PAGE = 2_000

export interface ServerOptions {
  readonly key: string
  readonly secret: string
  /** 0 for any that is free. */
  readonly port: number
  /** Wall-clock milliseconds, which time stamps of requests are compared with. */
  readonly wall: () => number
}

/** A request that is refused, with its HTTP status and a word that programs know it by. */
class Refusal extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

type Reply = { readonly [name: string]: unknown }
type Handler = (host: SimHost, asked: { readonly body: Shape; readonly query: URLSearchParams }) => Reply

/** The inputs that followed from a request, numbered by the last one. */
function following(host: SimHost, inputs: readonly Input[]): Reply {
  return { seq: host.told, last: host.told, inputs: packInputs(inputs), at: host.now }
}

function standing(host: SimHost): Reply {
  const { market, turn, now, next, isMidway, told } = host
  return { market, turn, now, next, more: isMidway, seq: told }
}

function listed(host: SimHost, shape: Shape): string {
  const symbol = shape.symbol('symbol')
  if (!host.isListed(symbol)) throw new Refusal(400, 'request', `${symbol} is not listed`)
  return symbol
}

function numberOf(query: URLSearchParams, name: string): number {
  const value = Number(query.get(name) ?? Number.NaN)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Refusal(400, 'request', `${name} is no whole number`)
  return value
}

function wordOf(query: URLSearchParams, name: string): string {
  const value = query.get(name)
  if (value === null || value === '') throw new Refusal(400, 'request', `${name} is missing`)
  return value
}

function sideOf(word: string): Side {
  if (word === 'long' || word === 'short') return word
  throw new Refusal(400, 'request', 'side has to be long or short')
}

const ROUTES: { readonly [methodAndPath: string]: Handler } = {
  'GET /state': standing,
  // Symbol by symbol: all of a large market would be too long for one reply.
  'GET /history': (host, { query }) => {
    if (!query.has('symbol')) return { ...standing(host), symbols: host.symbols }
    return { ...standing(host), inputs: packInputs(host.history(wordOf(query, 'symbol'))) }
  },
  'GET /account': host => ({ seq: host.told, account: host.account() }),
  'GET /order': (host, { query }) => ({
    seq: host.told,
    order: host.lookUp(wordOf(query, 'symbol'), wordOf(query, 'id')),
  }),
  'GET /executions': (host, { query }) => ({
    seq: host.told,
    executions: host.executions(numberOf(query, 'since')),
  }),
  'GET /feed': (host, { query }) => {
    const after = numberOf(query, 'after')
    const told = host.feed(after)
    if (told === null) return { seq: host.told, last: host.told, inputs: null, at: host.now }
    const inputs = told.inputs.slice(0, FEED_PAGE)
    return { seq: host.told, last: after + inputs.length, inputs: packInputs(inputs), at: host.now }
  },
  'POST /advance': (host, { body }) => {
    const market = body.text('market')
    const turn = body.count('turn', 1)
    const to = body.time('to')
    body.nothingElse()
    if (market !== host.market) throw new Refusal(409, 'market', 'this is another market')
    if (turn !== host.turn && turn !== host.turn + 1) {
      throw new Refusal(409, 'turn', `step ${turn} cannot follow step ${host.turn}`)
    }
    const { inputs, last, ...step } = turn === host.turn ? host.lastStep : host.advance(to)
    return { ...step, seq: host.told, last, inputs: packInputs(inputs), at: host.now }
  },
  'POST /place': (host, { body }) => {
    const order = orderFrom(body.inner('order'))
    body.nothingElse()
    return following(host, host.place(order))
  },
  'POST /amend': (host, { body }) => {
    const symbol = listed(host, body)
    const clientOrderId = body.text('clientOrderId')
    const price = body.ticks('price')
    const steps = body.steps('steps')
    body.nothingElse()
    return following(host, host.amend(symbol, clientOrderId, price, steps))
  },
  'POST /cancel': (host, { body }) => {
    const symbol = listed(host, body)
    const clientOrderId = body.text('clientOrderId')
    body.nothingElse()
    return following(host, host.cancel(symbol, clientOrderId))
  },
  'POST /stop': (host, { body }) => {
    const symbol = listed(host, body)
    const requestId = body.text('requestId')
    const side = body.side('side')
    const stop = body.ticks('stop')
    body.nothingElse()
    return following(host, host.setStop(requestId, symbol, side, stop))
  },
  'GET /leverage': (host, { query }) => {
    const symbol = wordOf(query, 'symbol')
    if (!host.isListed(symbol)) throw new Refusal(400, 'request', `${symbol} is not listed`)
    const side = query.has('side') ? sideOf(wordOf(query, 'side')) : undefined
    return { seq: host.told, leverage: host.leverage(symbol, side) }
  },
  'POST /leverage': (host, { body }) => {
    const symbol = listed(host, body)
    const requestId = body.text('requestId')
    const leverage = body.count('leverage', 1)
    const side = body.has('side') ? body.side('side') : undefined
    body.nothingElse()
    return following(host, host.setLeverage(requestId, symbol, leverage, side))
  },
  'GET /position-mode': host => ({ seq: host.told, mode: host.positionMode }),
  'POST /position-mode': (host, { body }) => {
    const mode = body.choice('mode', POSITION_MODES)
    body.nothingElse()
    const refusal = host.setPositionMode(mode)
    return { refusal, ...following(host, []) }
  },
  'POST /act': (host, { body }) => {
    const act = actFrom(body.value('act'))
    body.nothingElse()
    const { refusal, inputs } = host.act(act)
    return { refusal, ...following(host, inputs) }
  },
}

export class SimServer {
  readonly port: number
  /** Resolves with what makes going on impossible: the journal cannot be written. */
  readonly fault: Promise<Error>
  readonly #server: Server
  readonly #host: SimHost
  readonly #options: ServerOptions
  #fail: (error: Error) => void = () => {}

  private constructor(host: SimHost, options: ServerOptions, server: Server) {
    this.#host = host
    this.#options = options
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    this.fault = new Promise(resolve => {
      this.#fail = resolve
    })
    server.on('request', (request, response) => void this.#serve(request, response))
  }

  /** Listens on the loopback. Throws a ConfigError when the port cannot be had. */
  static async listen(host: SimHost, options: ServerOptions): Promise<SimServer> {
    const server = createServer({
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8 * 1024,
      // A trader thinks for as long as it likes.
      keepAliveTimeout: 0,
    })
    server.maxConnections = MOST_CONNECTIONS
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(portError(options.port, error)))
      server.listen({ host: LOOPBACK, port: options.port, exclusive: true }, resolve)
    })
    return new SimServer(host, options, server)
  }

  get url(): string {
    return `http://${LOOPBACK}:${this.port}`
  }

  /** Takes no more requests, and resolves when all connections are gone. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    // Every request that was read has been answered: there is nothing to wait for.
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let status = 200
    let reply: Reply
    try {
      reply = await this.#answer(request)
    } catch (error) {
      status = 500
      if (error instanceof Refusal) status = error.status
      else if (error instanceof DataError) status = 400
      const code = error instanceof Refusal ? error.code : status === 400 ? 'request' : 'fault'
      reply = { error: code, message: error instanceof Error ? error.message : String(error) }
      if (status === 500) this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
    const text = JSON.stringify(reply)
    // Of a body that was not read to its end the rest would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close')
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
    })
    response.end(text)
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const { headers, method = '', url: target = '' } = request
    const { port } = this
    if (![`${LOOPBACK}:${port}`, `localhost:${port}`].includes(headers.host ?? '')) {
      throw new Refusal(403, 'host', 'the Host header is not this exchange')
    }
    if (headers.origin !== undefined) throw new Refusal(403, 'origin', 'browsers are not served')
    const [path] = target.split('?')
    const handler = Object.hasOwn(ROUTES, `${method} ${path}`) ? ROUTES[`${method} ${path}`] : undefined
    if (handler === undefined) throw new Refusal(404, 'path', `there is no ${method} ${path.slice(0, 80)}`)
    const isPost = method === 'POST'
    if (isPost && !/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
      throw new Refusal(415, 'type', 'the body has to be application/json')
    }
    const body = await bodyOf(request)
    this.#authorise(request, method, target, body)
    const query = new URLSearchParams(target.slice(path.length))
    return handler(this.#host, { body: new Shape(isPost ? parsed(body) : {}, ''), query })
  }

  #authorise({ headers }: IncomingMessage, method: string, target: string, body: Uint8Array): void {
    const text = (name: string): string => {
      const value = headers[name]
      return typeof value === 'string' ? value : ''
    }
    const { key, secret, wall } = this.#options
    const timestamp = text(HEADERS.timestamp)
    const window = text(HEADERS.window)
    const given = text(HEADERS.key)
    const expected = signatureOf(secret, { key: given, timestamp, window, method, target, body })
    if (!isEqual(text(HEADERS.signature), expected) || !isEqual(given, key)) {
      throw new Refusal(401, 'credentials', 'key or signature is wrong')
    }
    const age = wall() - Number(timestamp)
    const longest = Math.min(Number(window), WINDOW_MS)
    // Also where one of them is no number.
    if (!(age <= longest && age >= -EARLY_MS)) {
      throw new Refusal(401, 'stale', `the request is ${age} ms old and nothing was executed`)
    }
  }
}

function portError(port: number, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE') {
    return new ConfigError(
      `port ${port} on ${LOOPBACK} is in use`,
      'choose another one with --port, or 0 for any',
    )
  }
  return new ConfigError(`port ${port} on ${LOOPBACK} cannot be had: ${error.message}`)
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const tooLong = (): Refusal =>
    new Refusal(413, 'length', `the body is longer than ${LONGEST_REQUEST} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > LONGEST_REQUEST) throw tooLong()
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      if (length > LONGEST_REQUEST) {
        request.pause()
        reject(tooLong())
      } else chunks.push(chunk)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    const cutOff = (): void => reject(new Refusal(400, 'request', 'the body was cut off'))
    request.on('error', cutOff)
    request.on('close', cutOff)
  })
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    throw new Refusal(400, 'request', 'the body is not JSON')
  }
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
