/**
 * Where bbw can trade: which of Bybit's addresses each environment uses for the market and for the account, and whether
 * what it does there moves money. Real data with fills of bbw's own need no key; the demo accounts have the data of the
 * real market (Bybit v5, demo trading).
 */
import { ConfigError } from '../../base/errors.ts'
import { checkedHost, HOSTS, isLoopback } from './hosts.ts'

export const ENVIRONMENTS = ['sim', 'paper', 'demo', 'testnet', 'live'] as const
export type EnvironmentName = (typeof ENVIRONMENTS)[number]

export interface Environment {
  readonly name: EnvironmentName
  /** Public REST and stream; `null`: the exchange embedded in bbw. */
  readonly market: { readonly rest: string; readonly stream: string } | null
  /** Private REST and stream; `null`: there is no account to reach. */
  readonly account: { readonly rest: string; readonly stream: string } | null
  readonly movesMoney: boolean
  /** What it is, for the line that is printed at the start. */
  readonly words: string
}

const PUBLIC = '/v5/public/linear'
const PRIVATE = '/v5/private'
const MAINNET = { rest: HOSTS.mainnet, stream: `wss://stream.bybit.com${PUBLIC}` } as const

const TABLE: { readonly [name in EnvironmentName]: Omit<Environment, 'name'> } = {
  sim: {
    market: null,
    account: null,
    movesMoney: false,
    words: 'the exchange embedded in bbw; no network, no money',
  },
  paper: {
    market: MAINNET,
    account: null,
    movesMoney: false,
    words: 'the real market, fills of bbw’s own; no key, no money',
  },
  demo: {
    market: MAINNET,
    account: { rest: HOSTS.demo, stream: `wss://stream-demo.bybit.com${PRIVATE}` },
    movesMoney: false,
    words: 'the real market, a demo account of Bybit’s; no money',
  },
  testnet: {
    market: { rest: HOSTS.testnet, stream: `wss://stream-testnet.bybit.com${PUBLIC}` },
    account: { rest: HOSTS.testnet, stream: `wss://stream-testnet.bybit.com${PRIVATE}` },
    movesMoney: false,
    words: 'Bybit’s test network; no money',
  },
  live: {
    market: MAINNET,
    account: { rest: HOSTS.mainnet, stream: `wss://stream.bybit.com${PRIVATE}` },
    movesMoney: true,
    words: 'the real market and a real account: real money',
  },
}

export function environmentOf(name: EnvironmentName): Environment {
  return { name, ...TABLE[name] }
}

/**
 * An environment as it is reached with an address that somebody has given. One of this machine counts for market and
 * account. A name must never lead to the account of another environment: where there is an account no other address is
 * taken than its own, and then its market stays where it is. Where there is none no key is sent, and the market may be
 * anywhere that is encrypted.
 *
 * @param given `undefined`: the addresses are its own
 * @throws UsageError for what is no address, ConfigError for one of another environment's
 */
export function environmentAt(name: EnvironmentName, given: string | undefined): Environment {
  const own = environmentOf(name)
  if (given === undefined || own.market === null) return own
  const url = checkedHost(given)
  const { account, market } = own
  if (url === (account ?? market).rest) return own
  if (account !== null && !isLoopback(url)) {
    const other = ENVIRONMENTS.find(one => environmentOf(one).account?.rest === url)
    const words = other === undefined ? 'nowhere that bbw knows' : `the account of --exchange ${other}`
    throw new ConfigError(
      `--exchange ${name} does not go to ${url}: that is ${words}`,
      `leave --url out, which is ${account.rest}; or give an address of this machine (http://127.0.0.1:PORT)`,
    )
  }
  const at = (path: string): { readonly rest: string; readonly stream: string } => ({
    rest: url,
    stream: `${url.replace(/^http/, 'ws')}${path}`,
  })
  return { ...own, market: at(PUBLIC), account: account === null ? null : at(PRIVATE) }
}

/** The line about an environment that is printed at the start: what it is, and which hosts are reached. */
export function environmentLine({ name, market, account, words }: Environment): string {
  const hosts = [market, account].flatMap(one => (one === null ? [] : [one.rest, one.stream]))
  const reached = [...new Set(hosts.map(url => new URL(url).host))]
  return `${name}: ${words}${reached.length === 0 ? '' : ` (${reached.join(', ')})`}`
}
