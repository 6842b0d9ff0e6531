/**
 * The sockets of the simulated Bybit, on the loopback: HTTP for REST, WebSocket for the three kinds of streams. It
 * carries requests and frames to the model (`bybit.ts`) and what the model says back, and lets the model's time go on
 * at its pace. Nothing is decided here.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { ConfigError } from '../../../base/errors.ts'
import { type Milliseconds, SECOND, type Timestamp } from '../../../base/units.ts'
import { LOOPBACK } from '../server.ts'
import type { SimBybit } from './bybit.ts'
import { CONTROL, control } from './control.ts'
import type { HttpReply } from './gate.ts'
import type { Outcome } from './spoil.ts'
import type { Channel, Push } from './streams.ts'

/** How often time goes on when nobody asks for anything. */
const TICK: Milliseconds = 10
/** A clock that waits for its clients goes on by no more than this of the wall's at once, however long this process stood. */
const LONGEST_STEP: Milliseconds = 2 * TICK
/** Who follows the clock is told of it so often, by the wall's, and of every change of its pace at once. */
const TOLD_EVERY: Milliseconds = 250
const CLOCK = '/clock'
const LONGEST_BODY = 64 * 1024
const LONGEST_FRAME = 256 * 1024

const CHANNELS: { readonly [path: string]: Channel } = {
  '/v5/public/linear': 'public',
  '/v5/private': 'private',
  '/v5/trade': 'trade',
}

export interface BybitServerOptions {
  /** 0 for any that is free. */
  readonly port: number
  /** Milliseconds of a clock of the machine's that never steps. */
  readonly wall: () => number
  /** The machine's time, which other processes know as well: it says how old is what they are told. */
  readonly stamp: () => Timestamp
  readonly sleep: (ms: Milliseconds, signal: AbortSignal) => Promise<void>
}

interface Waiting {
  readonly due: Timestamp
  readonly send: () => void
}

export class BybitServer {
  readonly port: number
  /** Resolves with what makes going on impossible. */
  readonly fault: Promise<Error>
  readonly #sim: SimBybit
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: LONGEST_FRAME })
  readonly #open = new Map<number, WebSocket>()
  readonly #wall: () => number
  readonly #from: Timestamp
  /** For how long the exchange's clock has gone, and the wall's time then. */
  #passed: Milliseconds = 0
  #wallAt: number
  #stampAt: Timestamp
  readonly #stamp: () => Timestamp
  readonly #followers = new Set<WebSocket>()
  #told: { readonly wall: number; readonly pace: number }
  /** The clock stood, and those who follow it do not know. */
  #hasStood = false
  readonly #end = new AbortController()
  readonly #sleep: BybitServerOptions['sleep']
  #waiting: Waiting[] = []
  #fail: (error: Error) => void = () => {}

  private constructor(sim: SimBybit, options: BybitServerOptions, server: Server) {
    this.#sim = sim
    this.#server = server
    this.#wall = options.wall
    this.#sleep = options.sleep
    this.#from = sim.now
    this.#wallAt = options.wall()
    this.#stamp = options.stamp
    this.#stampAt = options.stamp()
    this.#told = { wall: this.#wallAt, pace: sim.pace.present }
    this.port = (server.address() as AddressInfo).port
    this.fault = new Promise(resolve => {
      this.#fail = resolve
    })
    server.on('request', (request, response) => void this.#serve(request, response))
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    void this.#run()
  }

  /** Listens on the loopback. Throws a ConfigError when the port cannot be had. */
  static async listen(sim: SimBybit, options: BybitServerOptions): Promise<BybitServer> {
    const server = createServer({ keepAliveTimeout: 0, maxHeaderSize: 16 * 1024 })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new ConfigError(
            `port ${options.port} on ${LOOPBACK} cannot be had: ${error.code ?? error.message}`,
            'choose another one with --port, or 0 for any',
          ),
        ),
      )
      server.listen({ host: LOOPBACK, port: options.port, exclusive: true }, resolve)
    })
    return new BybitServer(sim, options, server)
  }

  get url(): string {
    return `http://${LOOPBACK}:${this.port}`
  }

  /** The exchange's time: it began where the model stood and goes at its pace. */
  get now(): Timestamp {
    return this.#from + this.#passedBy(this.#wall())
  }

  #passedBy(wall: number): Milliseconds {
    const { present, isSlowing } = this.#sim.pace
    const span = wall - this.#wallAt
    return this.#passed + (isSlowing ? Math.min(LONGEST_STEP, span) : span) * present
  }

  /** Takes no more requests, and resolves when all connections are gone. */
  async close(): Promise<void> {
    this.#end.abort()
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of [...this.#open.values(), ...this.#followers]) socket.terminate()
    this.#server.closeAllConnections()
    await closed
  }

  async #run(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted) {
      this.#guarded(() => {
        this.#goOn()
        for (const id of this.#sim.closing()) this.#open.get(id)?.terminate()
      })
      await this.#sleep(TICK, signal).catch(() => {})
    }
  }

  /** Lets time go on to now, and sends what is due. */
  #goOn(): void {
    const wall = this.#wall()
    this.#passed = this.#passedBy(wall)
    this.#hasStood ||= wall - this.#wallAt > LONGEST_STEP
    this.#wallAt = wall
    this.#stampAt = this.#stamp()
    this.#sim.advance(this.#from + this.#passed)
    this.#flush()
  }

  /** Tells those who follow the clock, where its pace has changed or they have not been told for a while. */
  #tellClock(): void {
    const { present } = this.#sim.pace
    const isNews = this.#told.pace !== present || this.#hasStood
    if (!isNews && this.#wallAt - this.#told.wall < TOLD_EVERY) return
    this.#hasStood = false
    this.#told = { wall: this.#wallAt, pace: present }
    for (const follower of this.#followers) follower.send(this.#clockText)
  }

  /** The clock as it is told: where it stood when time went on last, and when that was by the machine's time. */
  get #clockText(): string {
    const { present: pace } = this.#sim.pace
    return JSON.stringify({ now: this.#from + this.#passed, pace, at: this.#stampAt })
  }

  #flush(): void {
    this.#tellClock()
    for (const push of this.#sim.take()) this.#wait(push.due, () => this.#sendPush(push))
    const { now } = this.#sim
    const due = this.#waiting.filter(waiting => waiting.due <= now)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter(waiting => waiting.due > now)
    for (const { send } of due.sort((a, b) => a.due - b.due)) send()
  }

  #wait(due: Timestamp, send: () => void): void {
    this.#waiting.push({ due, send })
  }

  #sendPush({ session, text }: Push): void {
    this.#open.get(session)?.send(text)
  }

  /** A fault of the model ends it all: nothing that it said later could be believed. */
  #guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#end.abort()
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '', headers } = request
    const body = await bodyOf(request)
    if (body === null || !this.#isOwn(request)) {
      response.writeHead(body === null ? 413 : 403, { connection: 'close' }).end()
      return
    }
    this.#guarded(() => {
      this.#goOn()
      const asked = { method, target, headers: singles(headers), body }
      if (target.startsWith(CONTROL)) this.#send(control(this.#sim, asked), response)
      else this.#deliver(this.#sim.request(asked), response)
      this.#flush()
    })
  }

  #deliver(outcome: Outcome, response: ServerResponse): void {
    if (outcome.kind === 'reply') this.#wait(outcome.due, () => this.#send(outcome.reply, response))
    else if (outcome.kind === 'reset') response.destroy()
    // Of what is never answered the connection stays open until the client gives up.
  }

  #send({ status, headers, body }: HttpReply, response: ServerResponse): void {
    response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) })
    response.end(body)
  }

  /** No browser is served, whatever it calls this machine. */
  #isOwn({ headers }: IncomingMessage): boolean {
    const hosts = [`${LOOPBACK}:${this.port}`, `localhost:${this.port}`]
    return hosts.includes(headers.host ?? '') && headers.origin === undefined
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [path, query = ''] = (request.url ?? '').split('?')
    if (path === CLOCK && this.#isOwn(request)) {
      this.#sockets.handleUpgrade(request, socket, head, connection => this.#follow(connection))
      return
    }
    const channel = Object.hasOwn(CHANNELS, path) ? CHANNELS[path] : undefined
    if (channel === undefined || !this.#isOwn(request)) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
      return
    }
    const id = this.#sim.open(channel, patienceOf(query))
    if (id === null) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, connection => this.#connect(id, connection))
  }

  /** Tells a connection of the clock, from now on. It is no part of Bybit's protocol, and no fault befalls it. */
  #follow(connection: WebSocket): void {
    this.#followers.add(connection)
    this.#guarded(() => this.#goOn())
    connection.send(this.#clockText)
    connection.on('error', () => connection.terminate())
    connection.on('close', () => this.#followers.delete(connection))
  }

  #connect(id: number, connection: WebSocket): void {
    this.#open.set(id, connection)
    connection.on('message', data => {
      this.#guarded(() => {
        this.#goOn()
        this.#sim.frame(id, String(data))
        this.#flush()
      })
    })
    connection.on('error', () => connection.terminate())
    connection.on('close', () => {
      this.#open.delete(id)
      this.#sim.closed(id)
    })
  }
}

/** For how long a connection may say nothing, as it asks for: `max_active_time=30s` to `600s`. */
function patienceOf(query: string): Milliseconds | undefined {
  const match = /^(\d{2,3})s$/.exec(new URLSearchParams(query).get('max_active_time') ?? '')
  const seconds = Number(match?.[1])
  return seconds >= 30 && seconds <= 600 ? seconds * SECOND : undefined
}

function singles(headers: IncomingMessage['headers']): { readonly [name: string]: string | undefined } {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  )
}

/** The body as it was sent; `null` where it is too long or was cut off. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request) {
      length += chunk.length
      if (length > LONGEST_BODY) return null
      chunks.push(chunk)
    }
  } catch {
    return null
  }
  return Buffer.concat(chunks).toString('utf8')
}
