/**
 * Why an exchange refuses a request, without the words of any exchange: the kinds that somebody treats in a way of its
 * own. What they mean for entries is a table; what they mean for orders that reduce and for stops is said where those
 * are answered.
 */
import type { Code } from '../base/codes.ts'
import { HOUR, MINUTE, type Milliseconds } from '../base/units.ts'
import type { Rule } from './rule.ts'

/**
 * | kind | what the exchange says |
 * | --- | --- |
 * | gone | the order is filled, cancelled or unknown |
 * | flat | there is nothing left to reduce |
 * | too-many | as many orders rest as are allowed |
 * | balance | there is not enough money |
 * | small, large | below the least order, above the greatest |
 * | risk | too much for the tier at that leverage |
 * | price | out of the bounds of prices |
 * | parameters | a filter has changed, or bbw is wrong |
 * | symbol | the perpetual is not traded now |
 * | auction | it is in an auction, in which nothing can have a stop |
 * | position-mode | hedged where one-way was expected, or the other way round |
 * | account | the account may only reduce, or nothing at all |
 * | credentials | the key is not accepted |
 * | rate | too many requests |
 * | banned | the address is not served for a while |
 */
export const REFUSALS = [
  'gone',
  'flat',
  'too-many',
  'balance',
  'small',
  'large',
  'risk',
  'price',
  'parameters',
  'symbol',
  'auction',
  'position-mode',
  'account',
  'credentials',
  'rate',
  'banned',
] as const

export type Refusal = (typeof REFUSALS)[number]

/** The kind that an error's `why` names; `undefined`: none that anybody treats in a way of its own. */
export function refusalOf(why: string | undefined): Refusal | undefined {
  return REFUSALS.find(one => one === why)
}

/** What keeps entries away after a refusal. */
export interface Rest {
  /** Nothing is entered anywhere, or not on that symbol. */
  readonly scope: 'account' | 'symbol'
  /** It is told with this code; `null` where the refusal of the entry says it all. */
  readonly code: Code | null
  /** Entries are tried again after so long: no block is without an end. */
  readonly span: Milliseconds
  readonly what: string
}

/** What a refused entry makes of entries after it. */
const OF_ENTRIES: { readonly [kind in Refusal]?: Rest } = {
  'too-many': {
    scope: 'account',
    code: 'W409',
    span: 15 * MINUTE,
    what: 'as many orders rest as are allowed',
  },
  balance: { scope: 'account', code: 'W411', span: 15 * MINUTE, what: 'there is not enough margin' },
  small: { scope: 'symbol', code: 'W412', span: HOUR, what: 'the order is below the least' },
  large: { scope: 'symbol', code: 'W412', span: HOUR, what: 'the order is above the greatest' },
  parameters: { scope: 'symbol', code: 'W412', span: HOUR, what: 'the order does not fit the filters' },
  risk: { scope: 'symbol', code: 'W608', span: HOUR, what: 'the leverage is too high for the tier' },
  price: { scope: 'symbol', code: 'W413', span: 15 * MINUTE, what: 'the price is out of its bounds' },
  symbol: { scope: 'symbol', code: 'W414', span: HOUR, what: 'it is not traded at present' },
  auction: { scope: 'symbol', code: 'I611', span: HOUR, what: 'it is in an auction without stops' },
}

/** What any refused request makes of entries after it: it was not about that one order. */
const OF_ANYTHING: { readonly [kind in Refusal]?: Rest } = {
  account: { scope: 'account', code: 'C408', span: HOUR, what: 'the account may only close positions' },
  'position-mode': {
    scope: 'account',
    code: 'C606',
    span: HOUR,
    what: 'the position mode is not the one expected',
  },
  rate: { scope: 'account', code: 'W401', span: MINUTE, what: 'requests come too fast' },
  banned: { scope: 'account', code: 'C402', span: 10 * MINUTE, what: 'this address is not served' },
}

/** A refusal of no kind that is known may well come again: its symbol rests too. */
const OTHER: Rest = { scope: 'symbol', code: null, span: 15 * MINUTE, what: 'the exchange refused an entry' }

/** A request that the exchange has refused. */
export interface SeenRefusal {
  /** `null`: for no reason that is known. */
  readonly kind: Refusal | null
  /** Of an entry, or of its leverage: its symbol. `null`: of whatever it was, the account or the address is meant. */
  readonly symbol: string | null
  /** An entry that was taken at first, and then not. */
  readonly isLate: boolean
}

/** What keeps entries away after a refusal; `halt`: until a person resumes; `null`: nothing. */
export const OBSTACLE: Rule<SeenRefusal, Rest | 'halt' | null> = {
  kind: 'obstacle',
  about: ({ symbol, kind }) => ({ strategy: null, symbol, side: null, id: kind ?? 'other' }),
  decide({ kind, symbol, isLate }) {
    const ofAnything = kind === null ? undefined : OF_ANYTHING[kind]
    if (symbol === null) return kind === 'credentials' ? 'halt' : (ofAnything ?? null)
    // What is about the account or the key is heeded as that.
    if (kind === 'credentials' || ofAnything !== undefined) return null
    // One that was taken at first and then not, for no reason that says more, leaves its symbol free.
    if (kind === null) return isLate ? null : OTHER
    return OF_ENTRIES[kind] ?? OTHER
  },
}
