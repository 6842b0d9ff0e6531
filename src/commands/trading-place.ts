import { ENVIRONMENTS, type EnvironmentName } from '../core/adapters/bybit/environments.ts'
import type { Venue } from '../core/adapters/sim/venue.ts'
import type { Log } from '../core/adapters/system/log.ts'
import type { FlagSpec, World } from './command.ts'
import type { Connected } from './desk.ts'
import { LIVE_FLAGS } from './live-consent.ts'
import type { LoadedMarket } from './market-builder.ts'
import type { Address } from './run-facts.ts'
import { SIM_URL_FLAG } from './sim-credentials.ts'
import { URL_FLAG } from './url-flag.ts'

/** The flags that say on which exchange bbw trades. */
export const EXCHANGE_FLAGS: readonly FlagSpec[] = [
  {
    flags: '--exchange <name>',
    description:
      'sim: the exchange embedded in bbw, no key and no network; paper: the real market with fills of bbw’s own, no key; demo, testnet, live: an account at Bybit, live with real money (default: sim; trade: that of the state)',
    choices: ENVIRONMENTS,
  },
  SIM_URL_FLAG,
  URL_FLAG,
  ...LIVE_FLAGS,
]

/** The same for commands that open the exchange for a moment. */
export const MOMENT_FLAGS: readonly FlagSpec[] = [
  ...EXCHANGE_FLAGS,
  {
    flags: '--speed <n>',
    description: 'of a simulated Bybit (--url http://127.0.0.1:PORT): how many times as fast its clock goes',
  },
]

/** Where the loop trades: in this process, or in another one. */
export interface Place {
  readonly exchange: EnvironmentName
  readonly words: string
  readonly address: Address
  /** Its market moves when bbw says so; else by a clock of its own. */
  readonly isPaced: boolean
  /** Seconds of it that pass in a second. */
  readonly speed: number
  readonly market: Pick<LoadedMarket, 'name' | 'hash' | 'markets'> | null
  /** @param onlyCloses nothing is entered there: left out, it is traded */
  connect(world: World, log: Log, onlyCloses?: boolean): Promise<Connected & { readonly venue: Venue | null }>
}
