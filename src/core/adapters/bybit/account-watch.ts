/**
 * What Bybit says about an account and about itself rather than about an order, asked for now and then: under which
 * terms the account trades, and whether maintenance is announced. Told where it has changed. What cannot be had now is
 * asked for again, and what the exchange has not got, as demo accounts have not got all of it, is not asked for any more.
 */
import { ExchangeError } from '../../base/errors.ts'
import { MINUTE, type Milliseconds, type Timestamp } from '../../base/units.ts'
import type { AccountTerms, Input } from '../../engine/protocol.ts'
import type { Maintenance } from './mapper-account.ts'

/** Entries end five minutes before maintenance: it has to be heard of by then. */
const EVERY: Milliseconds = MINUTE
/** Use of margin is told in hundredths: it changes all the time. */
const GRAIN = 100

export interface AccountWatchPorts {
  terms(): Promise<AccountTerms>
  /** What is on or to come, soonest first. */
  maintenance(): Promise<readonly Maintenance[]>
  /** The exchange's time. */
  now(): Timestamp
  hear(input: Input): void
}

export class AccountWatch {
  readonly #ports: AccountWatchPorts
  readonly #asking = new Map<string, () => Promise<Input>>()
  readonly #told = new Map<string, string>()
  #nextAt: Timestamp = Number.NEGATIVE_INFINITY
  #isAsking = false
  /** When what was announced last begins. */
  #began: Timestamp | null = null

  constructor(ports: AccountWatchPorts) {
    this.#ports = ports
    this.#asking.set('terms', async () => {
      const terms = await ports.terms()
      const { marginUse } = terms
      const rounded = marginUse === null ? null : Math.round(marginUse * GRAIN) / GRAIN
      return { type: 'account-terms', at: 0, terms: { ...terms, marginUse: rounded } }
    })
    this.#asking.set('maintenance', async () => {
      const [first] = await ports.maintenance()
      return { type: 'maintenance', at: 0, from: first?.from ?? null, until: first?.until ?? null }
    })
  }

  /** To be called about once a second. */
  check(): void {
    const now = this.#ports.now()
    if (this.#isAsking || now < this.#nextAt) return
    this.#nextAt = now + EVERY
    this.#isAsking = true
    this.#ask().finally(() => {
      this.#isAsking = false
    })
  }

  /** What was on and is no more may have left anything behind: it is compared before something is entered. */
  #announced({ from }: Extract<Input, { readonly type: 'maintenance' }>): void {
    const began = this.#began
    this.#began = from
    if (began === null || from === began || this.#ports.now() < began) return
    this.#ports.hear({ type: 'feed-gap', at: 0, reason: 'the maintenance of the exchange is over' })
  }

  async #ask(): Promise<void> {
    for (const [name, ask] of [...this.#asking]) {
      try {
        const input = await ask()
        const text = JSON.stringify(input)
        if (text === this.#told.get(name)) continue
        this.#told.set(name, text)
        if (input.type === 'maintenance') this.#announced(input)
        this.#ports.hear(input)
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error
        if (!error.retryable) this.#asking.delete(name)
      }
    }
  }
}
