/**
 * Whether an API key may be used (reliability catalogue K3, S2); pure. One that can move money out of the account is
 * refused, whatever else it may: what trades needs no more than to trade. So is one that has run out, and one that
 * cannot trade where trading is wanted. One that is good from any address, or soon runs out, is told of.
 */
import type { Code } from '../../base/codes.ts'
import { DAY, type Timestamp } from '../../base/units.ts'
import type { EnvironmentName } from './environments.ts'
import type { KeyInfo } from './mapper-account.ts'

/** What is said of a key. */
export interface KeyFinding {
  readonly code: Code
  readonly words: string
  /** What the user can do. */
  readonly remedy: string
}

export interface KeyVerdict {
  /** Any of them: the key must not be used. */
  readonly refused: readonly KeyFinding[]
  readonly warned: readonly KeyFinding[]
}

/** A key that ends within so many days is told of. */
export const SOON_DAYS = 14
/** Rights by which money leaves the account; the list of transfers, SubMemberTransferList, moves nothing. */
const MOVES_MONEY = ['Withdraw', 'AccountTransfer', 'SubMemberTransfer']
const NEW_KEY =
  'make a key that may read and trade contracts and nothing else, bound to this machine’s address'

/** @param trades whether orders are to be sent with it */
export function checkKey(key: KeyInfo, now: Timestamp, trades: boolean): KeyVerdict {
  const refused: KeyFinding[] = []
  const warned: KeyFinding[] = []
  const rights = Object.values(key.permissions).flat()
  const moving = MOVES_MONEY.filter(right => rights.includes(right))
  if (moving.length > 0) {
    refused.push({
      code: 'C415',
      words: `the API key can move money away (${moving.join(', ')})`,
      remedy: NEW_KEY,
    })
  }
  if (key.expires !== null && key.expires <= now) {
    refused.push({ code: 'C407', words: `the API key has run out on ${dayOf(key.expires)}`, remedy: NEW_KEY })
  }
  if (trades && !canTrade(key)) {
    const words = key.isReadOnly ? 'the API key can only read' : 'the API key cannot trade contracts'
    refused.push({ code: 'C407', words, remedy: NEW_KEY })
  }
  if (key.addresses.length === 0) {
    const words = 'the API key is good from any address'
    warned.push({ code: 'W416', words, remedy: 'bind it to the address of this machine' })
  }
  const days = daysLeft(key, now)
  if (days !== null && days < SOON_DAYS && refused.every(({ words }) => !words.includes('run out'))) {
    const words = `the API key ends in ${days} day${days === 1 ? '' : 's'}`
    warned.push({ code: 'W416', words, remedy: 'make another one in time; stops at the exchange stay' })
  }
  return { refused, warned }
}

/** What is said of a key that the exchange does not know at all at the address of an environment. */
export function unknownKey(environment: EnvironmentName): KeyFinding {
  return {
    code: 'C976',
    words: `the API key is none of the ${environment} environment's, or is no more`,
    remedy: `take a key that was made there, or choose the environment of this one with --exchange`,
  }
}

/** What is said of a key that the exchange rejects; `words` are its own. */
export function rejectedKey(words: string): KeyFinding {
  return { code: 'C407', words: `the exchange rejects the API key (${words})`, remedy: NEW_KEY }
}

/** What is said of a key of which the exchange does not say what it may; `words` are its own. */
export function unreadKey(words: string): KeyFinding {
  return {
    code: 'W416',
    words: `what the API key may cannot be read (${words})`,
    remedy: 'see to it yourself that it may trade contracts and nothing else',
  }
}

function canTrade({ isReadOnly, permissions }: KeyInfo): boolean {
  if (isReadOnly) return false
  const { ContractTrade = [], Derivatives = [] } = permissions
  return ContractTrade.includes('Order') || Derivatives.includes('DerivativesTrade')
}

/** Whole days, by the end that is named and by the one that a key without an address has. */
function daysLeft({ expires, daysLeft: left }: KeyInfo, now: Timestamp): number | null {
  const named = expires === null ? null : Math.floor((expires - now) / DAY)
  if (named === null || left === null) return named ?? left
  return Math.min(named, left)
}

function dayOf(time: Timestamp): string {
  return new Date(time).toISOString().slice(0, 10)
}
