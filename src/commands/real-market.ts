/** What every way to the real market has in common: its clock, its past and its streams, put together for a command. */

import { join } from 'node:path'
import { BybitClient } from '../core/adapters/bybit/client.ts'
import { type Environment, environmentOf } from '../core/adapters/bybit/environments.ts'
import { ExchangeClock } from '../core/adapters/bybit/exchange-clock.ts'
import { type HttpPort, nodeHttp } from '../core/adapters/bybit/http.ts'
import { HostBudgets } from '../core/adapters/bybit/limits.ts'
import { BybitMarket } from '../core/adapters/bybit/market.ts'
import { MarketSession } from '../core/adapters/bybit/market-session.ts'
import {
  StreamConnection,
  type StreamListener,
  type StreamOptions,
} from '../core/adapters/bybit/stream-connection.ts'
import type { ClientPorts, Credentials } from '../core/adapters/bybit/transport.ts'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import type { Log } from '../core/adapters/system/log.ts'
import { RunningClock } from '../core/adapters/system/running-clock.ts'
import { broken } from '../core/base/assert.ts'
import type { Code } from '../core/base/codes.ts'
import type { Milliseconds } from '../core/base/units.ts'
import { intradayTimeframes } from '../core/engine/pipeline.ts'
import type { Interval } from '../core/market/interval.ts'
import type { ParsedArguments, World } from './command.ts'
import type { Config } from './config.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { symbolFlag, textFlag } from './flags.ts'
import { say } from './lines.ts'
import { progressBar } from './progress.ts'

/** No call is given up sooner, however fast the exchange's clock goes: the wire and the machines have a pace of their own. */
const LEAST_DEADLINE: Milliseconds = 1_000

export interface RealMarket {
  readonly session: MarketSession
  readonly time: ExchangeClock
  /** The exchange's clock, for a driver. */
  readonly clock: RunningClock
  readonly ports: ClientPorts
  say(code: Code, words: string): void
  /** Connects to a stream of the environment's. */
  connect(
    channel: StreamOptions['channel'],
    credentials: Credentials | null,
    listener: StreamListener,
  ): StreamConnection
  /** The bar that shows how the past comes in is taken away. */
  ready(): void
  close(): void
}

/**
 * Opens the market of an environment.
 *
 * @param environment as it is reached (`environmentAt`)
 * @param speed how many times as fast as the wall's the exchange's clock goes: 1, unless it is a simulated one
 * @throws ExchangeError where the exchange does not tell its time, StoreError for the cache
 */
export async function openRealMarket(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  environment: Environment,
  speed: number,
  log: Log,
): Promise<RealMarket> {
  const { market } = environment
  if (market === null) return broken(`${environment.name} has no market of its own`)
  const url = market.rest
  const data = ensureDirectory(dataDirectory(world, textFlag(parsed, 'dataDir')))
  const { http, close } = nodeHttp()
  const paced: HttpPort = asked => {
    const least = Math.min(asked.deadlineMs, LEAST_DEADLINE)
    return http({ ...asked, deadlineMs: Math.max(asked.deadlineMs / speed, least) })
  }
  const wall = {
    now: () => world.clock.now(),
    monotonic: () => world.clock.monotonic() * speed,
    sleep: (ms: number, signal?: AbortSignal) => world.clock.sleep(ms / speed, signal ?? world.signal),
  }
  const ports: ClientPorts = { http: paced, clock: wall, random: Math.random, budgets: new HostBudgets() }
  const told = (code: Code, words: string): void => log.code(code, words)
  const cache = MarketCache.open(join(data, 'market.db'), { readonly: false })
  try {
    const client = new BybitClient({ url, ports, credentials: null, isDry: true })
    const time = await ExchangeClock.open({
      client,
      monotonic: wall.monotonic,
      // The wall's clock says nothing of one that goes faster.
      say: speed === 1 ? told : () => {},
    })
    const progress = progressBar(world)
    const isOwn = url === environmentOf(environment.name).market?.rest
    const streams = isOwn ? null : new URL(market.stream).origin
    const connect: RealMarket['connect'] = (channel, credentials, listener) =>
      new StreamConnection(
        {
          channel,
          url: streams,
          environment:
            environment.name === 'demo' || environment.name === 'testnet' ? environment.name : 'live',
          credentials,
          offset: () => time.aheadOf(world.clock.now()),
          monotonic: () => world.clock.monotonic(),
          random: Math.random,
        },
        listener,
      )
    const session = new MarketSession(
      {
        market: new BybitMarket(client),
        cache,
        origin: url,
        connect: listener => connect('public', null, listener),
        now: () => time.now(),
        say: told,
        hearer: { progress: progress.update, problem: problem => say(world, problem) },
        signal: world.signal,
      },
      { symbols: symbolFlag(parsed), top: config.universe.top, intervals: intervalsOf(config) },
    )
    return {
      session,
      time,
      clock: new RunningClock({ now: () => time.now(), sleep: wall.sleep }),
      ports,
      say: told,
      connect,
      ready: () => progress.clear(),
      close: () => {
        cache.close()
        close()
      },
    }
  } catch (error) {
    cache.close()
    close()
    throw error
  }
}

/** The candles that an engine under the configuration wants. */
function intervalsOf(config: Config): readonly Interval[] {
  return [...new Set<Interval>(['1d', '1h', '15m', ...intradayTimeframes(config)])]
}
