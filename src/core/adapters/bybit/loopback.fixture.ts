/** A server on loopback that answers as a test says, and what the client needs of the outside, made up. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BybitClient } from './client.ts'
import type { HttpPort, HttpReply, HttpRequest } from './http.ts'
import { HostBudgets } from './limits.ts'
import type { ClientPorts, Credentials } from './transport.ts'

export interface Loopback {
  readonly url: string
  close(): Promise<void>
}

export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Loopback> {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** A canary: no test may ever find any part of it. */
export const CANARY: Credentials = {
  key: ['cAnArY', 'kEy', '0001'].join(''),
  secret: ['cAnArY', 'sEcReT', '0123456789', 'abcdefghijKLMN'].join(''),
}

export const WALL = Date.UTC(2026, 10, 27)
/** The exchange's clock is ahead of the wall clock by so much. */
export const AHEAD = 1_400

/** A clock that moves when somebody sleeps. */
export class TestClock {
  time = 5_000
  readonly slept: number[] = []
  /** What the wall clock shows besides the time that has passed. */
  wall = WALL - 5_000

  now(): number {
    return this.wall + this.time
  }

  monotonic(): number {
    return this.time
  }

  async sleep(ms: number): Promise<void> {
    this.slept.push(ms)
    this.time += ms
  }

  get serverNow(): number {
    return WALL - 5_000 + AHEAD + this.time
  }
}

export interface Sent extends HttpRequest {
  readonly path: string
}

type Reply = Partial<HttpReply> | object | Error

/** A client over a made-up connection: `answer` gives the reply, a whole one or a JSON value, or what is thrown. */
export class Wire {
  readonly clock = new TestClock()
  readonly sent: Sent[] = []
  readonly #budgets = new HostBudgets()
  #answer: (sent: Sent, nth: number) => Reply | Promise<Reply>

  constructor(answer: (sent: Sent, nth: number) => Reply | Promise<Reply>) {
    this.#answer = answer
  }

  readonly http: HttpPort = async request => {
    const sent = { ...request, path: new URL(request.url).pathname }
    if (sent.path === '/v5/market/time') return reply(timeReply(this.clock.serverNow))
    this.sent.push(sent)
    const answer = await this.#answer(sent, this.sent.length)
    if (answer instanceof Error) throw answer
    return 'status' in answer ? { status: 200, headers: {}, body: '', ...answer } : reply(answer)
  }

  get ports(): ClientPorts {
    return { http: this.http, clock: this.clock, random: () => 0.5, budgets: this.#budgets }
  }

  client(setting: { readonly isDry?: boolean; readonly credentials?: Credentials | null } = {}): BybitClient {
    const { isDry = false, credentials = CANARY } = setting
    return new BybitClient({ url: 'http://127.0.0.1:1', ports: this.ports, credentials, isDry })
  }
}

export function reply(body: object, headers: HttpReply['headers'] = {}): HttpReply {
  return { status: 200, headers, body: JSON.stringify(body) }
}

export function ok(result: object): object {
  return { retCode: 0, retMsg: 'OK', result, retExtInfo: {}, time: WALL }
}

export function refused(retCode: number, retMsg: string): object {
  return { retCode, retMsg, result: {}, retExtInfo: {}, time: WALL }
}

export function timeReply(at: number): object {
  const nanos = BigInt(Math.round(at * 1_000)) * 1_000n
  return ok({ timeSecond: String(Math.floor(at / 1_000)), timeNano: String(nanos) })
}
