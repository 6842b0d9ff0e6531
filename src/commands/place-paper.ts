/** The real market with an account of bbw's own: no key, and no order that leaves the house. */
import { join } from 'node:path'
import { environmentAt } from '../core/adapters/bybit/environments.ts'
import { PaperExchange } from '../core/adapters/paper/paper-exchange.ts'
import { bookError } from '../core/adapters/sim/book-error.ts'
import { type SavedExchange, SimExchange } from '../core/adapters/sim/exchange.ts'
import { SqliteSimJournal } from '../core/adapters/sqlite/sim-journal.ts'
import { broken } from '../core/base/assert.ts'
import type { ParsedArguments, World } from './command.ts'
import { type Config, costsOf } from './config.ts'
import { ensureDirectory } from './data-dir.ts'
import { textFlag } from './flags.ts'
import { openRealMarket } from './real-market.ts'
import type { Place } from './trading-place.ts'

const FILE = 'paper.db'
/** For so many days executions and closed orders are known. */
const HISTORY_DAYS = 60

/**
 * The place that `--exchange paper` names. Throws a UsageError for an address that is none.
 *
 * @param folder where the account is kept; `null` keeps none
 * @param speed as of `openRealMarket`
 */
export function paperPlace(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  folder: string | null,
  speed: number,
): Place {
  const environment = environmentAt('paper', textFlag(parsed, 'url'))
  const url = environment.market?.rest ?? broken('paper has a market')
  return {
    exchange: 'paper',
    words: `paper at ${new URL(url).host}`,
    address: { url, speed },
    market: null,
    isPaced: false,
    speed,
    async connect(_, log) {
      const market = await openRealMarket(world, parsed, config, environment, speed, log)
      let journal: SqliteSimJournal | null = null
      try {
        journal = folder === null ? null : SqliteSimJournal.open(join(ensureDirectory(folder), FILE))
        const exchange = accountIn(journal, config)
        const { session, time, clock } = market
        const paper = new PaperExchange({
          clock,
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
            const { positions, orders } = exchange.account()
            const inputs = await session.open([...positions, ...orders].map(({ symbol }) => symbol))
            market.ready()
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
            clock.stop()
            journal?.close()
            market.close()
          },
        }
      } catch (error) {
        journal?.close()
        market.close()
        throw error
      }
    },
  }
}

/** The account as it was kept last, or a new one. */
function accountIn(journal: SqliteSimJournal | null, config: Config): SimExchange {
  const exchange = new SimExchange({
    costs: costsOf(config),
    wallet: config.startingBalance,
    checkMargin: config.portfolioGates,
    historyDays: HISTORY_DAYS,
  })
  const head = journal?.head ?? null
  if (journal === null || head === null) return exchange
  try {
    exchange.load(JSON.parse(head) as SavedExchange)
    return exchange
  } catch {
    throw bookError(`${journal.name} is damaged: the account in it cannot be read`, 'damaged')
  }
}
