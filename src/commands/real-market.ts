/** What every way to the real market has in common: its clock, its past and its streams, put together for a command. */

import { join } from 'node:path'
import { BybitClient } from '../core/adapters/bybit/client.ts'
import { ClockLine } from '../core/adapters/bybit/clock-line.ts'
import { type Environment, environmentOf } from '../core/adapters/bybit/environments.ts'
import { ExchangeClock } from '../core/adapters/bybit/exchange-clock.ts'
import { FollowedClock } from '../core/adapters/bybit/followed-clock.ts'
import { type HttpPort, nodeHttp } from '../core/adapters/bybit/http.ts'
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
import { sharedRates } from './shared-rates.ts'

/** No call is given up sooner, however fast the exchange's clock goes: the wire and the machines have a pace of their own. */
const LEAST_DEADLINE: Milliseconds = 1_000

export interface RealMarket {
  readonly session: MarketSession
  /** `check` is to be called about once a second. */
  readonly time: Pick<ExchangeClock, 'check'>
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

/** The account that a market is opened for. */
export interface BesideMarket {
  readonly credentials: Credentials | null
  readonly onlyCloses?: boolean
}

/**
 * Opens the market of an environment.
 *
 * @param environment as it is reached (`environmentAt`)
 * @param speed how many times as fast as the wall's the exchange's clock goes: 1, unless it is a simulated one, whose clock
 *   is followed as it tells of it
 * @param beside `credentials` of the account that is traded beside it, left out: none is; `onlyCloses`: nothing but what is
 *   held there is looked at
 * @throws ExchangeError where the exchange does not tell its time, StoreError for the cache
 */
export async function openRealMarket(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  environment: Environment,
  speed: number,
  log: Log,
  { credentials, onlyCloses = false }: BesideMarket = { credentials: null },
): Promise<RealMarket> {
  const { market } = environment
  if (market === null) return broken(`${environment.name} has no market of its own`)
  const url = market.rest
  const data = ensureDirectory(dataDirectory(world, textFlag(parsed, 'dataDir')))
  const cache = MarketCache.open(join(data, 'market.db'), { readonly: false })
  const { http, close } = nodeHttp()
  const stream = new URL(market.stream).origin
  const pace = speed === 1 ? wallPace(world) : await followedPace(world, stream, speed)
  // Opening can be given up. What trades ends by itself: its requests are carried out, and their answers waited for.
  let interrupts = world.signal
  const clock = {
    now: () => world.clock.now(),
    monotonic: pace.monotonic,
    sleep: (ms: number, signal?: AbortSignal) => pace.sleep(ms, signal ?? interrupts),
  }
  const rates = sharedRates(world, data, {
    key: credentials?.key ?? null,
    trades: environment.account !== null,
    isLoop: true,
    speed,
  })
  const ports: ClientPorts = {
    http: pace.within(http),
    clock,
    random: Math.random,
    budgets: rates.budgets,
  }
  const told = (code: Code, words: string): void => log.code(code, words)
  try {
    const client = new BybitClient({ url, ports, credentials: null, isDry: true })
    const time = await ExchangeClock.open({
      client,
      monotonic: clock.monotonic,
      // The wall's clock says nothing of one that goes faster.
      say: speed === 1 ? told : () => {},
    })
    const progress = progressBar(world)
    const isOwn = url === environmentOf(environment.name).market?.rest
    const streams = isOwn ? null : stream
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
      { symbols: symbolFlag(parsed), top: config.universe.top, intervals: intervalsOf(config), onlyCloses },
    )
    return {
      session,
      time: {
        check: () => {
          time.check()
          rates.keep()
        },
      },
      clock: new RunningClock({ now: () => time.now(), sleep: clock.sleep }),
      ports,
      say: told,
      connect,
      ready: () => {
        progress.clear()
        cache.bePrompt()
        interrupts = new AbortController().signal
      },
      close: () => {
        cache.close()
        close()
        pace.close()
        rates.close()
      },
    }
  } catch (error) {
    cache.close()
    close()
    pace.close()
    rates.close()
    throw error
  }
}

/** The clock by which everything waits, and what ends with it. */
interface ExchangePace {
  monotonic(): Milliseconds
  sleep(ms: Milliseconds, signal: AbortSignal): Promise<void>
  /** Requests whose deadlines are by that clock. */
  within(http: HttpPort): HttpPort
  close(): void
}

function wallPace({ clock }: World): ExchangePace {
  return {
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    within: http => http,
    close: () => {},
  }
}

/** Goes as fast as a simulated exchange says that its clock goes. */
async function followedPace({ clock }: World, stream: string, speed: number): Promise<ExchangePace> {
  const sleep = (ms: Milliseconds, signal: AbortSignal): Promise<void> => clock.sleep(ms, signal)
  const followed = new FollowedClock({ monotonic: () => clock.monotonic(), sleep }, speed)
  const line = new ClockLine(stream, {
    sleep,
    now: () => clock.now(),
    told: (now, pace, age) => followed.told(now, pace, age),
  })
  await line.first
  return {
    monotonic: () => followed.monotonic(),
    sleep: (ms, signal) => followed.sleep(ms, signal),
    within: http => async asked => {
      const [until, answered] = [new AbortController(), new AbortController()]
      const { signal } = answered
      const least = Math.min(asked.deadlineMs, LEAST_DEADLINE)
      Promise.all([followed.sleep(asked.deadlineMs, signal), sleep(least, signal)]).then(
        () => until.abort(),
        // It has come, or is given up.
        () => {},
      )
      try {
        return await http({ ...asked, until: until.signal })
      } finally {
        answered.abort()
      }
    },
    close: () => line.close(),
  }
}

/** The candles that an engine under the configuration wants. */
function intervalsOf(config: Config): readonly Interval[] {
  return [...new Set<Interval>(['1d', '1h', '15m', ...intradayTimeframes(config)])]
}
