/** An account at Bybit: a demo account, one on the test network, or a real one. */
import { BybitAccount, type CheckedKey } from '../core/adapters/bybit/account.ts'
import { BybitExchange } from '../core/adapters/bybit/bybit-exchange.ts'
import { BybitClient } from '../core/adapters/bybit/client.ts'
import {
  type Environment,
  type EnvironmentName,
  environmentAt,
  environmentLine,
} from '../core/adapters/bybit/environments.ts'
import type { Log } from '../core/adapters/system/log.ts'
import { broken } from '../core/base/assert.ts'
import { ConfigError, ExchangeError } from '../core/base/errors.ts'
import type { Usdt } from '../core/base/units.ts'
import type { ParsedArguments, World } from './command.ts'
import type { Config } from './config.ts'
import { credentialsOf } from './credentials.ts'
import type { MarginMode } from './desk.ts'
import { textFlag } from './flags.ts'
import { say } from './lines.ts'
import { refuseUnmeant } from './live-consent.ts'
import { openRealMarket } from './real-market.ts'
import type { Place } from './trading-place.ts'

/**
 * The place that `--exchange demo`, `testnet` or `live` names. Real money is asked about here, before anything else.
 *
 * @param speed as of `openRealMarket`
 * @throws ConfigError for the key, for an address of another environment and for the three keys of real money, UsageError
 */
export async function accountPlace(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  name: EnvironmentName,
  speed: number,
): Promise<Place> {
  const environment = environmentAt(name, textFlag(parsed, 'url'))
  const credentials = credentialsOf(world, config)
  await refuseUnmeant(world, parsed, config, environment)
  const url = environment.account?.rest ?? broken(`${name} has no account`)
  const at = new URL(url).host
  return {
    exchange: name,
    words: `${name} account at ${at}`,
    address: { url, speed },
    market: null,
    isPaced: false,
    speed,
    async connect(_, log, onlyCloses = false) {
      say(world, environmentLine(environment))
      const market = await openRealMarket(world, parsed, config, environment, speed, log, {
        credentials,
        onlyCloses,
      })
      try {
        const client = new BybitClient({ url, ports: market.ports, credentials, isDry: false })
        const account = new BybitAccount(client)
        const checked = await account.checkedKey(environment, onlyCloses ? 'closes' : 'trades')
        refuseKey(checked, log)
        const exchange = new BybitExchange({
          client,
          clock: market.clock,
          session: market.session,
          time: market.time,
          modes: account,
          mode: config.positionMode,
          connect: listener => market.connect('private', credentials, listener),
          sleep: span => market.ports.clock.sleep(span),
          redactor: world.redactor,
          say: market.say,
          ready: market.ready,
        })
        return {
          exchange,
          market: `${name} ${url}`,
          owner: checked.owner,
          venue: null,
          wallet: await walletOf(exchange, onlyCloses),
          marginMode: () => marginModeOf(account, environment),
          engine: { lacking: 'refuse', sendsRealOrders: true, isShared: true },
          trouble: () => exchange.trouble,
          close: () => {
            exchange.close()
            market.close()
          },
        }
      } catch (error) {
        market.close()
        throw error
      }
    },
  }
}

/** What the account has; to close no figure of it is needed. */
async function walletOf(exchange: BybitExchange, onlyCloses: boolean): Promise<Usdt | null> {
  try {
    return (await exchange.account()).wallet
  } catch (error) {
    if (onlyCloses && error instanceof ExchangeError) return null
    throw error
  }
}

const MARGIN_MODES = {
  ISOLATED_MARGIN: 'isolated',
  REGULAR_MARGIN: 'cross',
  PORTFOLIO_MARGIN: 'portfolio',
} as const

/** How the account is margined. An account without money may not be told. */
async function marginModeOf(account: BybitAccount, { movesMoney }: Environment): Promise<MarginMode | null> {
  try {
    return MARGIN_MODES[(await account.info()).marginMode]
  } catch (error) {
    if (!movesMoney && error instanceof ExchangeError && !error.retryable) return null
    throw error
  }
}

/** Says what there is to be said of a key, and throws a ConfigError for one that must not be used. */
function refuseKey({ refused, warned }: CheckedKey, log: Log): void {
  for (const { code, words, remedy } of warned) log.code(code, `${words}: ${remedy}`)
  const [first, ...others] = refused
  if (first === undefined) return
  const words = [first, ...others].map(finding => `${finding.code} ${finding.words}`).join('; ')
  throw new ConfigError(words, first.remedy)
}
