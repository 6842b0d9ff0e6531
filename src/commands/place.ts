import { EmbeddedExchange } from '../core/adapters/sim/embedded.ts'
import { RemoteExchange } from '../core/adapters/sim/remote.ts'
import type { Venue } from '../core/adapters/sim/venue.ts'
import type { Log } from '../core/adapters/system/log.ts'
import type { Timestamp } from '../core/base/units.ts'
import type { FlagSpec, ParsedArguments, World } from './command.ts'
import type { Config } from './config.ts'
import type { Connected } from './desk.ts'
import { timerangeFlag } from './flags.ts'
import { say } from './lines.ts'
import { loadMarket } from './market.ts'
import type { LoadedMarket } from './market-builder.ts'
import { marketWarnings } from './market-warnings.ts'
import { SIM_URL_FLAG, simCredentials } from './sim-credentials.ts'
import { openSimHost, tradingStart } from './sim-host.ts'
import { venueOf } from './simulate.ts'

/** The flags that say on which exchange bbw trades. */
export const EXCHANGE_FLAGS: readonly FlagSpec[] = [
  {
    flags: '--exchange <name>',
    description: 'sim: the exchange embedded in bbw, no key and no network',
    default: 'sim',
    choices: ['sim'],
  },
  SIM_URL_FLAG,
]

/** Where the loop trades: in this process, or in another one. */
export interface Place {
  readonly words: string
  readonly market: Pick<LoadedMarket, 'name' | 'hash' | 'markets'> | null
  connect(world: World, log: Log): Promise<Connected & { readonly venue: Venue | null }>
}

/**
 * The place that the flags name. Throws UsageError, DataError, ConfigError.
 *
 * @param folder where an exchange in this process keeps its journal; `null` keeps none
 * @param until the moment whose instrument filters are wanted, where no range says so
 */
export async function placeOf(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  url: string | undefined,
  folder: string | null,
  until: Timestamp | null,
): Promise<Place> {
  if (url !== undefined) {
    const credentials = simCredentials(world, parsed, url)
    return {
      words: `the exchange at ${url}`,
      market: null,
      async connect({ clock }, log) {
        let trouble: { readonly words: string; readonly at: Timestamp } | null = null
        const exchange: RemoteExchange = await RemoteExchange.connect({
          url,
          ...credentials,
          wall: () => clock.now(),
          sleep: ms => clock.sleep(ms),
          random: Math.random,
          onTrouble: words => {
            log.code('C403', words)
            trouble = { words: `C403 ${words}`, at: exchange.clock.now() }
          },
        })
        return {
          exchange,
          market: exchange.market,
          venue: null,
          // It is over once the market has moved again.
          trouble: () => (trouble !== null && trouble.at === exchange.clock.now() ? trouble.words : null),
          close: () => exchange.close(),
        }
      },
    }
  }
  const range = timerangeFlag(parsed)
  const market = await loadMarket(world, parsed, 'replay', range.to ?? until)
  for (const warning of marketWarnings(market, config.universe)) say(world, warning)
  return {
    words: `${market.name}: ${market.markets.length} symbols`,
    market,
    async connect() {
      const host = await openSimHost(folder, began => {
        const from = range.from ?? began ?? tradingStart(market.markets)
        return venueOf(market.markets, config, { from, to: range.to }, parsed.flags.detail !== false, 'all')
      })
      const exchange = new EmbeddedExchange(host)
      return { exchange, market: exchange.market, venue: host.venue, close: () => host.close() }
    },
  }
}
