/** The real market with an account of bbw's own: no key, and no order that leaves the house. */
import { join } from 'node:path'
import { BybitClient } from '../core/adapters/bybit/client.ts'
import { ExchangeClock } from '../core/adapters/bybit/exchange-clock.ts'
import { checkedHost, HOSTS } from '../core/adapters/bybit/hosts.ts'
import { nodeHttp } from '../core/adapters/bybit/http.ts'
import { BybitMarket } from '../core/adapters/bybit/market.ts'
import { MarketSession } from '../core/adapters/bybit/market-session.ts'
import { StreamConnection } from '../core/adapters/bybit/stream-connection.ts'
import { PaperExchange } from '../core/adapters/paper/paper-exchange.ts'
import { type SavedExchange, SimExchange } from '../core/adapters/sim/exchange.ts'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import { SqliteSimJournal } from '../core/adapters/sqlite/sim-journal.ts'
import type { Log } from '../core/adapters/system/log.ts'
import { RunningClock } from '../core/adapters/system/running-clock.ts'
import { StoreError } from '../core/base/errors.ts'
import { intradayTimeframes } from '../core/engine/pipeline.ts'
import type { Interval } from '../core/market/interval.ts'
import type { ParsedArguments, World } from './command.ts'
import { type Config, costsOf } from './config.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { symbolFlag, textFlag } from './flags.ts'
import { say } from './lines.ts'
import { progressBar } from './progress.ts'
import type { Place } from './trading-place.ts'

const FILE = 'paper.db'
/** For so many days executions and closed orders are known. */
const HISTORY_DAYS = 60

/**
 * The place that `--exchange paper` names. Throws a UsageError for an address that is none.
 *
 * @param folder where the account is kept; `null` keeps none
 * @param speed how many times as fast as the wall's the exchange's clock goes: 1, unless it is a simulated one
 */
export function paperPlace(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  folder: string | null,
  speed: number,
): Place {
  const url = checkedHost(textFlag(parsed, 'url') ?? HOSTS.mainnet)
  const host = new URL(url).host
  const words = `paper at ${host}`
  const data = dataDirectory(world, textFlag(parsed, 'dataDir'))
  return {
    exchange: 'paper',
    words,
    market: null,
    isPaced: false,
    async connect(_, log) {
      const clock = {
        now: () => world.clock.now(),
        monotonic: () => world.clock.monotonic() * speed,
        sleep: (ms: number, signal?: AbortSignal) => world.clock.sleep(ms / speed, signal ?? world.signal),
      }
      const { http, close } = nodeHttp()
      const ports = { http, clock, random: Math.random }
      const client = new BybitClient({ url, ports, credentials: null, isDry: true })
      const told = (code: Parameters<Log['code']>[0], reason: string): void => log.code(code, reason)
      const cache = MarketCache.open(join(ensureDirectory(data), 'market.db'), { readonly: false })
      let journal: SqliteSimJournal | null = null
      try {
        journal = folder === null ? null : SqliteSimJournal.open(join(ensureDirectory(folder), FILE))
        // The wall's clock says nothing of one that goes faster.
        const sayClock = speed === 1 ? told : (): void => {}
        const time = await ExchangeClock.open({ client, monotonic: clock.monotonic, say: sayClock })
        const progress = progressBar(world)
        const session = new MarketSession(
          {
            market: new BybitMarket(client),
            cache,
            origin: url,
            connect: listener =>
              new StreamConnection(
                {
                  channel: 'public',
                  url: url === HOSTS.mainnet ? null : url.replace(/^http/, 'ws'),
                  environment: 'live',
                  credentials: null,
                  offset: () => 0,
                  monotonic: () => world.clock.monotonic(),
                  random: Math.random,
                },
                listener,
              ),
            now: () => time.now(),
            say: told,
            hearer: { progress: progress.update, problem: problem => say(world, problem) },
            signal: world.signal,
          },
          { symbols: symbolFlag(parsed), top: config.universe.top, intervals: intervalsOf(config) },
        )
        const exchange = new SimExchange({
          costs: costsOf(config),
          wallet: config.startingBalance,
          checkMargin: config.portfolioGates,
          historyDays: HISTORY_DAYS,
        })
        const saved = savedIn(journal)
        if (saved !== null) exchange.load(saved)
        const held = (): readonly string[] => {
          const { positions, orders } = exchange.account()
          return [...positions, ...orders].map(({ symbol }) => symbol)
        }
        const paper = new PaperExchange({
          clock: new RunningClock({ now: () => time.now(), sleep: clock.sleep }),
          exchange,
          feed: hear => {
            const feed = session.feed(hear)
            return {
              check: () => {
                time.check()
                feed.check()
              },
              close: () => feed.close(),
            }
          },
          history: async () => {
            const inputs = await session.open(held())
            progress.clear()
            return inputs
          },
          past: (symbol, from) => session.minutes(symbol, from),
          keep: account => journal?.keepHead(JSON.stringify(account)),
        })
        return {
          exchange: paper,
          market: `paper ${url}`,
          venue: null,
          engine: { lacking: 'refuse' },
          close: () => {
            paper.clock.stop()
            journal?.close()
            cache.close()
            close()
          },
        }
      } catch (error) {
        journal?.close()
        cache.close()
        close()
        throw error
      }
    },
  }
}

/** The candles that an engine under the configuration wants. */
function intervalsOf(config: Config): readonly Interval[] {
  return [...new Set<Interval>(['1d', '1h', '15m', ...intradayTimeframes(config)])]
}

/** The account as it was kept last; `null` where none was. */
function savedIn(journal: SqliteSimJournal | null): SavedExchange | null {
  const head = journal?.head ?? null
  if (journal === null || head === null) return null
  try {
    return JSON.parse(head) as SavedExchange
  } catch {
    throw new StoreError(`${journal.name} is damaged: the account in it cannot be read`, {
      retryable: false,
      trouble: 'damaged',
      remedy: 'begin anew with --new, which keeps it, or choose another folder with --data-dir',
    })
  }
}
