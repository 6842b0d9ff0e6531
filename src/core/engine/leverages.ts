/**
 * The leverage of each symbol at the exchange: an entry leaves only once the exchange has confirmed the leverage that it
 * was planned with. The entry is in the books and written down while it waits; the exchange has never seen it, so one
 * that waits when the process ends is given up.
 *
 * A confirmation whose answer is lost is looked up, and the leverage asked for again only where it is not in force. One
 * that does not come while the entry is still worth sending, or that is of another leverage, denies the entry. While a
 * symbol has a position or another order its leverage is never touched: what adds to it goes out at the leverage it has.
 */
import { SECOND, type Timestamp } from '../base/units.ts'
import type { PendingEntry } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import { expiryOf, type OrderDesk } from './order-desk.ts'
import type { Input, OrderRequest } from './protocol.ts'
import { earliest } from './schedule.ts'
import type { EngineState, LeverageRequest } from './state.ts'

export class Leverages {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #gatekeeper: Gatekeeper
  /** What the exchange has confirmed last, by symbol. */
  readonly #confirmed = new Map<string, number>()
  /** What is asked for, by symbol. */
  readonly #requests = new Map<string, LeverageRequest>()

  constructor(core: EngineCore, orders: OrderDesk, gatekeeper: Gatekeeper) {
    this.#core = core
    this.#orders = orders
    this.#gatekeeper = gatekeeper
  }

  /** Sends an order that adds, which is in the books and written down: at once, or when its leverage is confirmed. */
  send(order: OrderRequest): void {
    const { symbol, leverage } = order
    const held = this.#heldAt(order)
    if (held !== null) {
      if (held === leverage) this.#place(order)
      else this.#deny(order, `Leverage ${held}, plan ${leverage}; entry denied`, held)
      return
    }
    if (this.#confirmed.get(symbol) === leverage) {
      this.#place(order)
      return
    }
    this.#orders.hold(order)
    // One that is on its way for an entry given up since is not of this leverage, perhaps: it is asked for anew.
    this.#ask(symbol, leverage, 0)
  }

  /** Takes what the exchange says of a request for a leverage, or of a look-up. */
  answered({ requestId, leverage, reason, why }: Extract<Input, { readonly type: 'leverage' }>): void {
    for (const [symbol, request] of this.#requests) {
      if (request.requestId !== requestId) continue
      const { wanted, isLookUp, tries } = request
      if (leverage === wanted) {
        this.#requests.delete(symbol)
        this.#confirmed.set(symbol, wanted)
        this.#release(symbol)
      } else if (why === 'unknown') {
        // A look-up that fails is made again when its answer would be overdue.
        if (!isLookUp) this.#lookUp(symbol, request)
      } else if (leverage !== null && isLookUp && tries < this.#core.settings.recovery.resends) {
        this.#ask(symbol, wanted, tries + 1)
      } else {
        this.#requests.delete(symbol)
        this.#denyAll(symbol, wanted, leverage, reason)
      }
      return
    }
  }

  /** When the first of the answers awaited is overdue; `null` when none is awaited. */
  answerDue(): Timestamp | null {
    let due: Timestamp | null = null
    for (const { askedAt } of this.#requests.values()) due = earliest(due, askedAt + this.#answerMs)
    return due
  }

  /** Answers that are overdue are looked up, for as long as an entry waits for them. */
  overdue(): void {
    const { now } = this.#core
    for (const [symbol, request] of this.#requests) {
      if (now < request.askedAt + this.#answerMs) continue
      for (const { clientOrderId } of this.#orders.heldOn(symbol)) {
        const entry = this.#core.portfolio.pending.get(clientOrderId)
        if (entry !== undefined && !this.#isWanted(entry))
          this.#giveUp(entry, 'leverage not confirmed in time')
      }
      if (this.#orders.heldOn(symbol).length === 0) this.#requests.delete(symbol)
      else this.#lookUp(symbol, request)
    }
  }

  /** Something may have happened that was not told: what was confirmed counts no longer. */
  forget(): void {
    this.#confirmed.clear()
  }

  get #answerMs(): number {
    return this.#core.settings.recovery.answerSeconds * SECOND
  }

  /** The leverage of what a symbol has beside an order; `null`: it has nothing. */
  #heldAt({ symbol, clientOrderId }: OrderRequest): number | null {
    const { positions, pending } = this.#core.portfolio
    for (const position of positions.values()) if (position.symbol === symbol) return position.leverage
    for (const entry of pending.values()) {
      const isOther = entry.symbol === symbol && entry.clientOrderId !== clientOrderId
      if (isOther && !this.#orders.isHeld(entry.clientOrderId)) return entry.leverage
    }
    return null
  }

  #ask(symbol: string, leverage: number, tries: number): void {
    const requestId = this.#core.requestId('leverage')
    const askedAt = this.#core.now
    this.#confirmed.delete(symbol)
    this.#requests.set(symbol, { requestId, wanted: leverage, askedAt, isLookUp: false, tries })
    this.#core.emit({ type: 'set-leverage', requestId, symbol, leverage })
  }

  #lookUp(symbol: string, request: LeverageRequest): void {
    const requestId = this.#core.requestId('leverage')
    this.#requests.set(symbol, { ...request, requestId, askedAt: this.#core.now, isLookUp: true })
    this.#core.count('leverage-looked-up')
    this.#core.emit({ type: 'query-leverage', requestId, symbol })
  }

  #release(symbol: string): void {
    for (const order of this.#orders.heldOn(symbol)) {
      const entry = this.#core.portfolio.pending.get(order.clientOrderId)
      if (entry === undefined) continue
      if (!this.#isWanted(entry)) this.#giveUp(entry, 'its leverage was confirmed too late')
      else if (order.leverage !== this.#confirmed.get(symbol)) this.send(order)
      else this.#place(order)
    }
  }

  #place(order: OrderRequest): void {
    this.#orders.unhold(order.clientOrderId)
    this.#orders.doubts.sent(order, this.#core.now)
    this.#core.emit({ type: 'place', order })
  }

  /** Whether an entry that waits would still be sent: what has been decided may have become old, or forbidden. */
  #isWanted(entry: PendingEntry): boolean {
    const { now } = this.#core
    return (
      now < expiryOf(entry) &&
      now < entry.sentAt + 2 * this.#answerMs &&
      this.#gatekeeper.isOpenAt(entry.leverage)
    )
  }

  #denyAll(symbol: string, wanted: number, leverage: number | null, reason: string): void {
    const words = leverage === null ? reason : `Leverage ${leverage}, plan ${wanted}; entry denied`
    for (const order of this.#orders.heldOn(symbol)) this.#deny(order, words, leverage)
  }

  #deny({ clientOrderId }: OrderRequest, reason: string, leverage: number | null): void {
    const entry = this.#core.portfolio.pending.get(clientOrderId)
    if (entry !== undefined) this.#giveUp(entry, reason, leverage)
  }

  /** @param leverage what the symbol has instead; `null`: that is not known */
  #giveUp(entry: PendingEntry, reason: string, leverage: number | null = null): void {
    this.#core.count('refused:leverage')
    this.#orders.dropEntry(entry, 'dropped', reason)
    const figures = { gate: 'leverage', leverage, plan: entry.leverage }
    this.#core.event('refused', entry, `leverage: ${reason}`, figures, entry.clientOrderId, 'W608')
  }

  save(): Pick<EngineState, 'leverages' | 'leverageRequests'> {
    return { leverages: [...this.#confirmed], leverageRequests: [...this.#requests] }
  }

  load({ leverages, leverageRequests }: Pick<EngineState, 'leverages' | 'leverageRequests'>): void {
    for (const [symbol, leverage] of leverages) this.#confirmed.set(symbol, leverage)
    for (const [symbol, request] of leverageRequests) this.#requests.set(symbol, request)
  }
}
