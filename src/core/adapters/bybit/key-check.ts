/**
 * Whether an API key may be used (reliability catalogue K3, S2); pure. One that can move money out of the account is
 * refused, whatever else it may: what trades needs no more than to trade. So is one that has run out, and one that
 * cannot trade where trading is wanted. One that is good from any address, soon runs out, or has a right that is not known
 * to be harmless is told of. To close with, a key that can move money away is taken, and told of: the danger is there
 * whether bbw uses it or not, and a person must be able to get out. One that has run out, or belongs to another
 * environment, cannot close anything either.
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
/**
 * What trading needs, or what moves nothing: orders, positions, and lists of what was. Whatever else there is, or comes to
 * be, is not taken for harmless (Bybit v5, user/query-api).
 */
const HARMLESS = new Map<string, readonly string[]>(
  Object.entries({
    ContractTrade: ['Order', 'Position'],
    Derivatives: ['DerivativesTrade'],
    Spot: ['SpotTrade'],
    Options: ['OptionsTrade'],
    Exchange: ['ExchangeHistory'],
    Wallet: ['SubMemberTransferList'],
  }),
)
/** Groups each of whose other rights takes money out of the account: to a wallet, a person, a card, a product. */
const MOVING_GROUPS = /^(?:wallet|fiat.*|bitcard|earn)$/i
/** Rights that do so in whatever group they stand. */
const MOVING_RIGHTS = /withdraw|transfer|p2p|pay|convert/i
const NEW_KEY =
  'make a key that may read and trade contracts and nothing else, bound to this machine’s address'

/** What a key is to be used for: `closes` sends orders that take from positions, and none that add. */
export type KeyUse = 'reads' | 'trades' | 'closes'

export function checkKey(key: KeyInfo, now: Timestamp, use: KeyUse): KeyVerdict {
  const refused: KeyFinding[] = []
  const warned: KeyFinding[] = []
  const others = Object.entries(key.permissions).flatMap(([group, rights]) =>
    rights.filter(right => !(HARMLESS.get(group)?.includes(right) ?? false)).map(right => ({ group, right })),
  )
  const isMoving = ({ group, right }: (typeof others)[number]): boolean =>
    MOVING_GROUPS.test(group) || MOVING_RIGHTS.test(`${group} ${right}`)
  const moving = others.filter(isMoving)
  if (moving.length > 0) {
    const words = `the API key can move money away (${namesOf(moving)})`
    if (use !== 'closes') refused.push({ code: 'C415', words, remedy: NEW_KEY })
    else warned.push({ code: 'C415', words: `${words}; it is taken to close with alone`, remedy: NEW_KEY })
  }
  const unknown = others.filter(one => !isMoving(one))
  if (unknown.length > 0) {
    const words = `the API key may more than trading needs (${namesOf(unknown)})`
    warned.push({ code: 'W416', words, remedy: NEW_KEY })
  }
  if (key.expires !== null && key.expires <= now) {
    refused.push({ code: 'C407', words: `the API key has run out on ${dayOf(key.expires)}`, remedy: NEW_KEY })
  }
  if (use !== 'reads' && !canTrade(key)) {
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
export function rejectedKey(words: string, isWrongSignature: boolean): KeyFinding {
  const remedy = isWrongSignature
    ? 'the secret is not that of the key, most likely: copy both anew, without blanks'
    : NEW_KEY
  return { code: 'C407', words: `the exchange rejects the API key (${words})`, remedy }
}

/** What is said of a key of which the exchange does not say what it may; `words` are its own. */
export function unreadKey(words: string): KeyFinding {
  return {
    code: 'W416',
    words: `what the API key may cannot be read (${words})`,
    remedy: 'see to it yourself that it may trade contracts and nothing else',
  }
}

/** By group, as the exchange's page of keys shows them. */
function namesOf(rights: readonly { readonly group: string; readonly right: string }[]): string {
  return rights.map(({ group, right }) => `${group}: ${right}`).join(', ')
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
