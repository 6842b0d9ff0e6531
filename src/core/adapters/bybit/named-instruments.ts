/**
 * Instruments that the list of the market does not have, because they are not traded yet or any more: each is asked for
 * by its name, once in an hour, while somebody wants to know. Nobody waits for the answer: something strange in an account
 * must not hold up what is bbw's.
 */
import { ExchangeError } from '../../base/errors.ts'
import { HOUR, MINUTE, type Milliseconds, type Timestamp } from '../../base/units.ts'
import type { ListedInstrument } from './mapper-market.ts'

/** Filters change, and markets open. */
const LASTS: Milliseconds = HOUR
/** A question that has failed is asked again. */
const RETRY: Milliseconds = MINUTE

export interface NamingPorts {
  /** `null`: the exchange has none of that name. */
  named(symbol: string): Promise<ListedInstrument | null>
  now(): Timestamp
}

interface Known {
  readonly listed: ListedInstrument | null
  readonly askAt: Timestamp
}

export class NamedInstruments {
  readonly #ports: NamingPorts
  readonly #known = new Map<string, Known>()

  constructor(ports: NamingPorts) {
    this.#ports = ports
  }

  /** What the exchange has said of a symbol last; `null` where it has not, or knows none. Has it asked when it is time. */
  find(symbol: string): ListedInstrument | null {
    const known = this.#known.get(symbol)
    const listed = known?.listed ?? null
    const now = this.#ports.now()
    if (known !== undefined && now < known.askAt) return listed
    // Not again while it is asked.
    this.#known.set(symbol, { listed, askAt: Number.POSITIVE_INFINITY })
    this.#ports.named(symbol).then(
      fresh => this.#known.set(symbol, { listed: fresh, askAt: this.#ports.now() + LASTS }),
      (error: unknown) => {
        if (!(error instanceof ExchangeError)) throw error
        this.#known.set(symbol, { listed, askAt: this.#ports.now() + RETRY })
      },
    )
    return listed
  }
}
