import type { Code } from './codes.ts'

/** What the user did wrong with a command: exit 2. `remedy` says what to do instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly remedy: string | undefined
  constructor(message: string, remedy?: string) {
    super(message)
    this.remedy = remedy
  }
}

/** Where in the user's data something is wrong; lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
  readonly field?: string
}

/** Data that cannot be used: exit 2. */
export class DataError extends Error {
  override readonly name = 'DataError'
  readonly place: Place | undefined
  readonly remedy: string | undefined
  constructor(message: string, place?: Place, remedy?: string) {
    super(message)
    this.place = place
    this.remedy = remedy
  }
}

/** A configuration that cannot be used: exit 4. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly remedy: string | undefined
  constructor(message: string, remedy?: string) {
    super(message)
    this.remedy = remedy
  }
}

/**
 * What the exchange did. `retryable`: the same call may succeed later; `ambiguous`: it may have taken effect; `why` tells
 * kinds apart where that decides what is to be done; `unreadable`: an answer came that cannot be read.
 */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  readonly retryable: boolean
  readonly ambiguous: boolean
  readonly why: string | undefined
  constructor(
    message: string,
    traits: { readonly retryable: boolean; readonly ambiguous: boolean; readonly why?: string },
  ) {
    super(message)
    this.retryable = traits.retryable
    this.ambiguous = traits.ambiguous
    this.why = traits.why
  }
}

/** What is wrong with a store. `lease-lost`: another process holds it now. `damaged`: its content cannot be trusted. */
export type StoreTrouble = 'busy' | 'full' | 'io' | 'damaged' | 'lease-lost' | 'unsound' | 'other'

/**
 * What the disk or the database did. `retryable`: the store was busy; `isOfExchange`: it is no trouble with the state, but with
 * the file in which bbw's own exchange, embedded or on paper, keeps its book: whoever leaves the state aside meets it again;
 * `isUnanswered`: the bbw that holds the store has said nothing to what was asked of it.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly retryable: boolean
  readonly trouble: StoreTrouble
  readonly remedy: string | undefined
  readonly isOfExchange: boolean
  readonly isUnanswered: boolean
  constructor(
    message: string,
    traits: {
      readonly retryable: boolean
      readonly trouble?: StoreTrouble
      readonly remedy?: string | undefined
      readonly isOfExchange?: boolean
      readonly isUnanswered?: boolean
    },
  ) {
    super(message)
    this.retryable = traits.retryable
    this.trouble = traits.trouble ?? (traits.retryable ? 'busy' : 'other')
    this.remedy = traits.remedy
    this.isOfExchange = traits.isOfExchange ?? false
    this.isUnanswered = traits.isUnanswered ?? false
  }
}

/** The process that holds what was asked for. */
export interface Holder {
  readonly pid: number
  readonly host: string
  /** Since it last gave a sign of life. */
  readonly ageMs: number
}

/** Another process owns the account: exit 79. */
export class HeldError extends Error {
  override readonly name = 'HeldError'
  readonly holder: Holder
  readonly remedy: string | undefined
  constructor(message: string, holder: Holder, remedy?: string) {
    super(message)
    this.holder = holder
    this.remedy = remedy
  }
}

const TROUBLE_CODES: { readonly [trouble in StoreTrouble]: Code } = {
  busy: 'W803',
  full: 'C805',
  io: 'C806',
  damaged: 'C807',
  'lease-lost': 'C802',
  unsound: 'C809',
  other: 'E109',
}

/** The code of the message that a StoreError stands for. */
export function codeOf(error: StoreError): Code {
  return TROUBLE_CODES[error.trouble]
}
