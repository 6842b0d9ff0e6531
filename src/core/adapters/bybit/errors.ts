/**
 * Everything that can go wrong between bbw and Bybit as an ExchangeError: whether the same call may succeed later,
 * whether it may have taken effect, and which kind it is (`why`). Nothing else ever leaves the client: what libraries
 * throw holds requests whole, keys and signatures with them.
 */
import { ExchangeError } from '../../base/errors.ts'
import { harmless } from '../../base/harmless.ts'

/** What was asked. `changes`: it does something, so that without an answer nobody knows whether it did. */
export interface Asked {
  readonly method: 'GET' | 'POST'
  /** `/v5/order/create`, without its query. */
  readonly path: string
  readonly changes: boolean
}

/**
 * Kinds of refusals that somebody treats in a way of its own:
 *
 * | kind | what is to be done |
 * | --- | --- |
 * | busy, unreadable, network | no clear answer: ask again, but look an order up before it is sent again |
 * | clock | take the server's time anew, then once more |
 * | rate | wait until the limit is set back |
 * | banned | leave the host alone for ten minutes |
 * | credentials | stop trading: no retry makes a wrong key right |
 * | account | the account itself may not trade |
 * | duplicate-id | an order of this id exists: look it up and take it over |
 * | gone | the order is filled, cancelled or unknown: look it up |
 * | unchanged | it was so already: a success |
 * | flat | there is nothing left to reduce |
 * | crossed | the market is beyond the stop |
 * | price | out of the bounds of prices |
 * | balance, too-many, small, large, risk | refused for want of money, for the number of orders, the size, the tier |
 * | auction | before its market opens nothing can have a stop |
 * | symbol | the perpetual is not to be traded now |
 * | position-mode | hedged where one-way was expected, or the other way round |
 * | parameters | a fault of bbw's own, or a filter that has changed |
 * | incomplete | a list in pages without an end: none of it counts |
 * | dry-run | bbw itself did not let it out |
 */
export type Trouble =
  | 'busy'
  | 'unreadable'
  | 'network'
  | 'clock'
  | 'rate'
  | 'banned'
  | 'credentials'
  | 'account'
  | 'duplicate-id'
  | 'gone'
  | 'unchanged'
  | 'flat'
  | 'crossed'
  | 'price'
  | 'balance'
  | 'too-many'
  | 'small'
  | 'large'
  | 'auction'
  | 'risk'
  | 'symbol'
  | 'position-mode'
  | 'parameters'
  | 'incomplete'
  | 'dry-run'
  | 'other'

/** Codes by what is to be done about them (Bybit v5, error codes). */
const CODES: { readonly [trouble in Trouble]?: readonly number[] } = {
  busy: [10000, 10016, 10429, 170007, 170146],
  clock: [10002],
  credentials: [10003, 10004, 10005, 10007, 10009, 10010, 10029, 33004],
  account: [10008, 10024, 10027, 110023],
  rate: [10006],
  banned: [10018],
  parameters: [10001],
  'duplicate-id': [10014, 110072, 170141],
  gone: [110001, 110008, 110010, 170213],
  price: [110003, 110120, 110121, 30208, 30209],
  balance: [110004, 110006, 110007, 110012, 110044, 110045, 110052, 170131],
  'too-many': [110009, 110020, 110061],
  flat: [110017],
  unchanged: [110025, 110026, 110027, 110043, 34040],
  symbol: [110063, 110066, 110074, 30228],
  risk: [110013, 110086, 110089, 110090],
  crossed: [110092, 110093],
  small: [110094, 170140],
  auction: [110095, 110099],
}

const BY_CODE: ReadonlyMap<number, Trouble> = new Map(
  Object.entries(CODES).flatMap(([trouble, codes]) => codes.map(code => [code, trouble as Trouble] as const)),
)

/** Of the exchange itself, below those of its products: what an unknown one means for the request nobody knows. */
const FIRST_OF_PRODUCTS = 30_000
/** Characters of the exchange's words that are shown. */
const LONGEST_WORDS = 200

function error(
  asked: Asked,
  words: string,
  why: Trouble,
  retryable: boolean,
  ambiguous: boolean,
): ExchangeError {
  const text = harmless(words).slice(0, LONGEST_WORDS)
  return new ExchangeError(`${asked.method} ${asked.path}: ${text}`, { retryable, ambiguous, why })
}

/** The error of an answer whose `retCode` is not 0. */
export function refusal(asked: Asked, code: number, message: string): ExchangeError {
  const why = troubleOf(code, message)
  const words = `${code} ${message}`
  if (why === 'busy') return error(asked, words, why, true, asked.changes)
  if (why === 'clock' || why === 'rate' || why === 'banned') return error(asked, words, why, true, false)
  const isUnknown = why === 'other' && code < FIRST_OF_PRODUCTS
  return error(asked, words, why, false, isUnknown && asked.changes)
}

/** What 10001 means is in its words alone. */
const BY_WORDS: readonly (readonly [words: RegExp, trouble: Trouble])[] = [
  [/position idx/i, 'position-mode'],
  [/number of contracts exceeds maximum/i, 'large'],
  [/number of contracts below minimum/i, 'small'],
  [/remains unchanged|not modified/i, 'unchanged'],
  // A stop on the wrong side of the price it is compared with.
  [/stop ?loss.*base_price/i, 'crossed'],
]

function troubleOf(code: number, message: string): Trouble {
  const why = BY_CODE.get(code) ?? 'other'
  return (why === 'parameters' ? BY_WORDS.find(([words]) => words.test(message))?.[1] : undefined) ?? why
}

/** The error of a reply that was no 200. Below 500 the request was looked at and not taken, 429 and 408 excepted. */
export function statusError(asked: Asked, status: number, body: string): ExchangeError {
  const words = `status ${status}${body === '' ? '' : `, ${body}`}`
  if (status === 403) return error(asked, words, 'banned', true, false)
  if (status === 401) return error(asked, words, 'credentials', false, false)
  const isBusy = status >= 500 || status === 429 || status === 408
  if (isBusy) return error(asked, words, isJson(body) ? 'busy' : 'unreadable', true, asked.changes)
  return error(asked, words, 'unreadable', false, asked.changes)
}

function isJson(body: string): boolean {
  return body === '' || body.trimStart().startsWith('{')
}

/** The error of a 200 that is no reply of the exchange's. */
export function unreadable(asked: Asked, what: string): ExchangeError {
  return error(asked, `the reply cannot be read: ${what}`, 'unreadable', true, asked.changes)
}

/** The error of a connection that failed. `wasSent`: the request may have reached the exchange. */
export function networkError(asked: Asked, what: string, wasSent: boolean): ExchangeError {
  return error(asked, what, 'network', true, asked.changes && wasSent)
}

/** A call that bbw itself does not let out. */
export function withheld(asked: Asked, what: string, why: Trouble, retryable = false): ExchangeError {
  return error(asked, what, why, retryable, false)
}

/** The error of a list that does not come to its end: none of it counts. */
export function incomplete(what: string): ExchangeError {
  return new ExchangeError(`E313 ${what}`, { retryable: true, ambiguous: false, why: 'incomplete' })
}

/** The code with which the exchange has refused a request; `null` where it has not answered by one. */
export function codeIn(thrown: unknown): number | null {
  const code =
    thrown instanceof ExchangeError
      ? /^(?:GET|POST) \S+: (-?\d+)(?: |$)/.exec(thrown.message)?.[1]
      : undefined
  return code === undefined ? null : Number(code)
}

/** Which kind of trouble an error is; `null` where it is none of Bybit's. */
export function troubleIn(thrown: unknown): Trouble | null {
  return thrown instanceof ExchangeError ? ((thrown.why ?? 'other') as Trouble) : null
}
