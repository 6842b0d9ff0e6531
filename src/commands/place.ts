import { ENVIRONMENTS, environmentOf } from '../core/adapters/bybit/environments.ts'
import { EmbeddedExchange } from '../core/adapters/sim/embedded.ts'
import { RemoteExchange } from '../core/adapters/sim/remote.ts'
import { UsageError } from '../core/base/errors.ts'
import type { Timestamp } from '../core/base/units.ts'
import type { ParsedArguments, World } from './command.ts'
import type { Config } from './config.ts'
import { speedFlag, textFlag, timerangeFlag } from './flags.ts'
import { say } from './lines.ts'
import { liveConsent } from './live-consent.ts'
import { loadMarket } from './market.ts'
import { marketWarnings } from './market-warnings.ts'
import { simCredentials } from './sim-credentials.ts'
import { openSimHost, tradingStart } from './sim-host.ts'
import { venueOf } from './simulate.ts'
import type { Place } from './trading-place.ts'

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
  const name = ENVIRONMENTS.find(one => one === textFlag(parsed, 'exchange')) ?? 'sim'
  if (name !== 'sim') {
    if (url !== undefined) throw new UsageError('--sim-url is for --exchange sim', 'leave one of them out')
    refuseOtherMarkets(parsed)
    const speed = clockSpeed(parsed)
    if (name !== 'paper') {
      const { accountPlace } = await import('./place-account.ts')
      return accountPlace(world, parsed, config, name, speed)
    }
    await liveConsent(world, parsed, config, environmentOf(name))
    const { paperPlace } = await import('./place-paper.ts')
    return paperPlace(world, parsed, config, folder, speed)
  }
  await liveConsent(world, parsed, config, environmentOf(name))
  if (textFlag(parsed, 'url') !== undefined) {
    throw new UsageError(
      '--url says where the real market is',
      'give --exchange paper with it, or leave it out',
    )
  }
  if (url !== undefined) {
    const credentials = simCredentials(world, parsed, url)
    return {
      exchange: 'sim',
      words: `the exchange at ${url}`,
      address: { simUrl: url },
      market: null,
      isPaced: true,
      speed: speedFlag(parsed),
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
    exchange: 'sim',
    words: `${market.name}: ${market.markets.length} symbols`,
    address: {},
    market,
    isPaced: true,
    speed: speedFlag(parsed),
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

/** Flags that say what the embedded exchange's market is. */
const OTHER_MARKETS = ['market', 'csv', 'timeframe', 'skipBad', 'timerange'] as const

function refuseOtherMarkets(parsed: ParsedArguments): void {
  const other = OTHER_MARKETS.find(name => {
    const value = parsed.flags[name]
    return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0)
  })
  if (other === undefined) return
  const flag = `--${other === 'skipBad' ? 'skip-bad' : other}`
  throw new UsageError(`the real market is what it is: ${flag} is for --exchange sim`, 'leave it out')
}

/** The real market's clock goes as the wall's does; that of a simulated one may go faster. */
function clockSpeed(parsed: ParsedArguments): number {
  if (textFlag(parsed, 'speed') === undefined) return 1
  const speed = speedFlag(parsed)
  const isOurs = /^http:/.test(textFlag(parsed, 'url') ?? '')
  if (speed === 1 || (isOurs && Number.isFinite(speed))) return speed
  throw new UsageError(
    'the real market moves at its own speed',
    'leave --speed out; for a simulated one (--url http://127.0.0.1:PORT) it is that of its clock',
  )
}
