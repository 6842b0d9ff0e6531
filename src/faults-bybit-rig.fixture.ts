/** bybit-api's client behind bbw's transport against the simulated Bybit, over sockets, for what can break between them. */

import { setTimeout as wait } from 'node:timers/promises'
import { BybitClient } from './core/adapters/bybit/client.ts'
import { type HttpPort, type HttpReply, type HttpRequest, nodeHttp } from './core/adapters/bybit/http.ts'
import { HostBudgets } from './core/adapters/bybit/limits.ts'
import { KEY, marketOf, PLAIN_COSTS, SECRET, START, still } from './core/adapters/sim/bybit/bybit.fixture.ts'
import { type BybitOptions, SimBybit } from './core/adapters/sim/bybit/bybit.ts'
import type { Fault, FaultRule } from './core/adapters/sim/bybit/fault-plan.ts'
import { BybitServer } from './core/adapters/sim/bybit/server.ts'
import { instrument } from './core/adapters/sim/exchange.fixture.ts'
import { MINUTE } from './core/base/units.ts'

export const SYMBOL = 'AUSDT'
/** So many that their risk tiers come on two pages. */
const SYMBOLS = [...'ABCDEFGHIJKLMNOPQRST'].map(letter => `${letter}USDT`)

/** A planted bug: what it makes of requests and replies. */
export type Plant = (http: HttpPort) => HttpPort

/** A reply of the exchange's, as a planted bug would have it. */
export function rewriting(change: (reply: HttpReply, request: HttpRequest) => HttpReply): Plant {
  return http => async request => change(await http(request), request)
}

export class BybitRig {
  readonly sim: SimBybit
  readonly sent: string[] = []
  readonly said: string[] = []
  /** How often a client has waited for a time to pass. */
  waits = 0
  readonly #server: BybitServer
  readonly #connections: { readonly http: HttpPort; readonly close: () => void }

  private constructor(sim: SimBybit, server: BybitServer) {
    this.sim = sim
    this.#server = server
    this.#connections = nodeHttp()
  }

  static async open(
    rules: readonly FaultRule[] = [],
    options: Partial<BybitOptions> = {},
  ): Promise<BybitRig> {
    const markets = SYMBOLS.map(symbol => marketOf(still(100), { ...instrument, symbol }))
    const sim = new SimBybit(markets, {
      costs: PLAIN_COSTS,
      wallet: 1_000,
      seed: '1',
      // Far from the wall clock, and from the close of a candle.
      from: START + 5 * MINUTE,
      key: KEY,
      secret: SECRET,
      speed: 1,
      faults: rules,
      ...options,
    })
    const server = await BybitServer.listen(sim, {
      port: 0,
      wall: () => Date.now(),
      stamp: () => Date.now(),
      sleep: async (ms, signal) => {
        await wait(ms, undefined, { signal, ref: false }).catch(() => {})
      },
    })
    return new BybitRig(sim, server)
  }

  /** @param deadlineMs how long a call may take, where the usual time is too long for a test */
  client(
    setting: {
      readonly plant?: Plant
      readonly deadlineMs?: number
      readonly key?: string
      /** What the wall clock shows besides the time. */
      readonly skewMs?: number
    } = {},
  ): BybitClient {
    const { plant = http => http, deadlineMs, key = KEY, skewMs = 0 } = setting
    const counted: HttpPort = request => {
      this.sent.push(`${request.method} ${new URL(request.url).pathname}`)
      return this.#connections.http(request)
    }
    const planted = plant(counted)
    return new BybitClient({
      url: this.#server.url,
      ports: {
        http: request => planted(deadlineMs === undefined ? request : { ...request, deadlineMs }),
        clock: {
          now: () => Date.now() + skewMs,
          monotonic: () => performance.now(),
          sleep: async ms => {
            this.waits++
            await wait(ms)
          },
        },
        random: () => 0.01,
        budgets: new HostBudgets(),
        say: (code, words) => this.said.push(`${code} ${words}`),
      },
      credentials: { key, secret: SECRET },
      isDry: false,
    })
  }

  /** How often a request has left. */
  count(request: string): number {
    return this.sent.filter(one => one === request).length
  }

  /** How often a fault has come about. */
  fired(fault: Fault): number {
    return this.sim.plan.counts[fault] ?? 0
  }

  async close(): Promise<void> {
    this.#connections.close()
    await this.#server.close()
  }
}
