import { UsageError } from '../../base/errors.ts'

/** Where the exchange is, by environment. Public data of the demo accounts are those of the real market. */
export const HOSTS = {
  mainnet: 'https://api.bybit.com',
  demo: 'https://api-demo.bybit.com',
  testnet: 'https://api-testnet.bybit.com',
} as const

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/** Whether an address is one of this machine. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.includes(new URL(address).hostname)
}

/**
 * Words in which this machine has one name: `localhost` is 127.0.0.1, where everything of bbw's own listens. To compare by,
 * not to reach anything by.
 */
export function byOneName(words: string): string {
  return words.replace(/(https?:\/\/)localhost(?=[:/ ]|$)/g, '$1127.0.0.1')
}

/**
 * An address that somebody has given, without path. Throws a UsageError for what is none, and for http to anywhere but
 * this machine: what is asked, and what is answered, would be anybody's to read and to change.
 */
export function checkedHost(text: string): string {
  const url = URL.parse(text)
  const isPlainHost = url !== null && url.pathname === '/' && url.search === '' && url.username === ''
  if (!isPlainHost || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new UsageError(`${text} is no address of an exchange`, `for example: ${HOSTS.mainnet}`)
  }
  if (url.protocol === 'http:' && !isLoopback(text)) {
    throw new UsageError(`${text} is not encrypted`, 'use https; http is for this machine (127.0.0.1) alone')
  }
  return url.origin
}
