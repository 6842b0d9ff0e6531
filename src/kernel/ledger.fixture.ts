/**
 * A second set of books, written separately and fed by nothing but what happens at the exchange: orders that were taken,
 * fills, funding. What bbw's own books say is compared with it.
 */
import type { Usdt } from '../core/base/units.ts'
import type { FillInput, Input, OrderRequest } from '../core/engine/protocol.ts'
import type { Instrument } from '../core/market/instrument.ts'
import { priceOf, qtyOf } from '../core/market/quantise.ts'
import { sign } from '../core/market/side.ts'
import { positionKey } from '../core/portfolio/position.ts'

interface Held {
  readonly steps: number
  readonly entry: number
  /** Some of it was opened by nobody's order. */
  readonly isForeign: boolean
}

interface Taken {
  readonly order: OrderRequest
  /** As wanted last. */
  steps: number
  filled: number
}

export class ShadowLedger {
  wallet: Usdt
  readonly held = new Map<string, Held>()
  /** Orders that the exchange has taken, by their ids. */
  readonly taken = new Map<string, Taken>()
  readonly #instruments: ReadonlyMap<string, Instrument>
  readonly #executions = new Set<string>()

  constructor(wallet: Usdt, instruments: ReadonlyMap<string, Instrument>) {
    this.wallet = wallet
    this.#instruments = instruments
  }

  /** An order was taken; what is wrong with that, or `null`. */
  take(order: OrderRequest): string | null {
    if (this.taken.has(order.clientOrderId)) return `${order.clientOrderId} was taken twice`
    this.taken.set(order.clientOrderId, { order, steps: order.steps, filled: 0 })
    return null
  }

  /** An order was changed: so many steps are to fill from now on. */
  amend(clientOrderId: string, steps: number): void {
    const taken = this.taken.get(clientOrderId)
    if (taken !== undefined) taken.steps = taken.filled + steps
  }

  /** Takes what the exchange tells; returns what is wrong with it, by invariant. */
  hear(input: Input): readonly (readonly [invariant: string, how: string])[] {
    if (input.type === 'funding') this.wallet += input.amount
    return input.type === 'fill' ? this.#fill(input) : []
  }

  #fill(fill: FillInput): readonly (readonly [string, string])[] {
    const { clientOrderId, symbol, side, price, steps, fee, execId } = fill
    const instrument = this.#instruments.get(symbol)
    if (instrument === undefined) return [['I6', `a fill of ${symbol}, which is not listed`]]
    const wrong: (readonly [string, string])[] = []
    if (this.#executions.has(execId)) wrong.push(['I3', `the execution ${execId} is told twice`])
    this.#executions.add(execId)
    this.wallet -= fee
    const taken = clientOrderId === null ? undefined : this.taken.get(clientOrderId)
    if (taken !== undefined) {
      taken.filled += steps
      if (taken.filled > taken.steps)
        wrong.push(['I3', `${clientOrderId} filled ${taken.filled} of ${taken.steps}`])
    }
    const key = positionKey(symbol, side)
    const at = priceOf(instrument, price)
    const before = this.held.get(key)
    if (taken?.order.purpose === 'entry' || (taken === undefined && fill.opens === true)) {
      const { steps: had, entry, isForeign } = before ?? { steps: 0, entry: at, isForeign: false }
      const all = had + steps
      this.held.set(key, {
        steps: all,
        entry: (entry * had + at * steps) / all,
        isForeign: isForeign || taken === undefined,
      })
      return wrong
    }
    if (before === undefined || steps > before.steps) {
      wrong.push(['I8', `${key} is closed by ${steps} of ${before?.steps ?? 0}`])
      return wrong
    }
    this.wallet += sign(side) * (at - before.entry) * qtyOf(instrument, steps)
    if (steps === before.steps) this.held.delete(key)
    else this.held.set(key, { ...before, steps: before.steps - steps })
    return wrong
  }
}
