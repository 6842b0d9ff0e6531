/**
 * Where bbw can trade: which of Bybit's addresses each environment uses for the market and for the account, and whether
 * what it does there moves money. Real data with fills of bbw's own need no key; the demo accounts have the data of the
 * real market (Bybit v5, demo trading).
 */
import { HOSTS } from './hosts.ts'

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

/** The line about an environment that is printed at the start: what it is, and which hosts are reached. */
export function environmentLine({ name, market, account, words }: Environment): string {
  const hosts = [market?.rest, account?.rest].filter(url => url !== undefined).map(url => new URL(url).host)
  const reached = [...new Set(hosts)]
  return `${name}: ${words}${reached.length === 0 ? '' : ` (${reached.join(', ')})`}`
}
