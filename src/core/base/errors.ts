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

/** What the exchange did. `retryable`: the same call may succeed later; `ambiguous`: it may have taken effect. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  readonly retryable: boolean
  readonly ambiguous: boolean
  constructor(message: string, traits: { readonly retryable: boolean; readonly ambiguous: boolean }) {
    super(message)
    this.retryable = traits.retryable
    this.ambiguous = traits.ambiguous
  }
}

/** What the disk or the database did. `retryable`: the store was busy. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly retryable: boolean
  constructor(message: string, traits: { readonly retryable: boolean }) {
    super(message)
    this.retryable = traits.retryable
  }
}
