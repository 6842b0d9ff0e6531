import { BybitClient } from '../core/adapters/bybit/client.ts'
import { checkedHost, HOSTS } from '../core/adapters/bybit/hosts.ts'
import { nodeHttp } from '../core/adapters/bybit/http.ts'
import { HostBudgets } from '../core/adapters/bybit/limits.ts'
import { BybitMarket } from '../core/adapters/bybit/market.ts'
import type { Credentials } from '../core/adapters/bybit/transport.ts'
import type { ParsedArguments, World } from './command.ts'
import { dataDirectory } from './data-dir.ts'
import { textFlag } from './flags.ts'
import { say } from './lines.ts'
import { sharedRates } from './shared-rates.ts'

/** The public market of the exchange, without a key, and what gives its connections back. */
export interface PublicMarket {
  readonly market: BybitMarket
  readonly url: string
  readonly close: () => void
}

/** As `readingClient`, without a key. Throws a UsageError for an address that is none. */
export function publicMarket(
  world: World,
  parsed: ParsedArguments,
  tell?: (words: string) => void,
): PublicMarket {
  const url = checkedHost(textFlag(parsed, 'url') ?? HOSTS.mainnet)
  const rates = sharedRates(world, dataDirectory(world, textFlag(parsed, 'dataDir')), {
    key: null,
    trades: false,
    isLoop: false,
    speed: 1,
  })
  const { client, close } = readingClient(world, url, null, tell, rates.budgets)
  return {
    market: new BybitMarket(client),
    url,
    close: () => {
      close()
      rates.close()
    },
  }
}

/**
 * A client that reads, and sends nothing that changes anything; with a key what is the account's, too.
 *
 * @param tell told of limits and blocks that are run into
 * @param budgets those of another client of this command, where there is one
 */
export function readingClient(
  world: World,
  url: string,
  credentials: Credentials | null,
  tell: (words: string) => void = words => say(world, words),
  budgets = new HostBudgets(),
): { readonly client: BybitClient; readonly budgets: HostBudgets; readonly close: () => void } {
  const { http, close } = nodeHttp()
  const { clock, signal } = world
  const client = new BybitClient({
    url,
    ports: {
      http,
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        sleep: ms => clock.sleep(ms, signal),
      },
      random: Math.random,
      budgets,
      say: (code, words) => tell(`${code} ${words}`),
    },
    credentials,
    isDry: true,
  })
  return { client, budgets, close }
}
