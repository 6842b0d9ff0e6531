/**
 * The leverage of each symbol at the exchange: an entry leaves only once the exchange has confirmed the leverage that it
 * was planned with. The entry is in the books and written down while it waits; the exchange has never seen it, so one
 * that waits when the process ends is given up.
 *
 * A confirmation whose answer is lost is looked up, and the leverage asked for again only where it is not in force. One
 * that does not come while the entry is still worth sending, or that is of another leverage, denies the entry. While a
 * symbol has a position or another order its leverage is never touched: what adds to it goes out at the leverage it has.
 *
 * In one-way mode a symbol has one leverage. In hedge mode each side has its own, as at Bybit under isolated margin: it
 * is set for the side of the entry alone, so that the leverage, and with it the liquidation, of a position on the other
 * side is left as it was planned.
 */
import { SECOND, type Timestamp } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import { type PendingEntry, positionKey } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import { LATE } from './fate-rules.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import { HELD_BACK, LEVERAGE, LEVERAGE_FIRST } from './leverage-rules.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Input, OrderRequest } from './protocol.ts'
import { earliest } from './schedule.ts'
import type { EngineState, LeverageRequest } from './state.ts'

export class Leverages {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #gatekeeper: Gatekeeper
  /** What the exchange has confirmed last: by symbol, in hedge mode by symbol and side. */
  readonly #confirmed = new Map<string, number>()
  /** What is asked for, by the same keys. */
  readonly #requests = new Map<string, LeverageRequest>()

  constructor(core: EngineCore, orders: OrderDesk, gatekeeper: Gatekeeper) {
    this.#core = core
    this.#orders = orders
    this.#gatekeeper = gatekeeper
  }

  /** Sends an order that adds, which is in the books and written down: at once, or when its leverage is confirmed. */
  send(order: OrderRequest): void {
    const { clientOrderId, symbol, side, leverage } = order
    const key = this.#keyOf(order)
    const held = this.#heldAt(order)
    const entry = { clientOrderId, symbol, side, leverage }
    switch (this.#core.ruled(LEVERAGE_FIRST, { entry, held, confirmed: this.#confirmed.get(key) ?? null })) {
      case 'send':
        this.#place(order)
        return
      case 'deny':
        this.#deny(order, `Leverage ${held}, plan ${leverage}; entry denied`, held)
        return
      case 'ask':
        this.#orders.hold(order)
        // One that is on its way for an entry given up since is not of this leverage, perhaps: it is asked for anew.
        this.#ask(key, leverage, 0)
    }
  }

  /** Takes what the exchange says of a request for a leverage, or of a look-up. */
  answered({ requestId, leverage, reason, why }: Extract<Input, { readonly type: 'leverage' }>): void {
    for (const [key, request] of this.#requests) {
      if (request.requestId !== requestId) continue
      const { wanted, isLookUp, tries } = request
      const { symbol, side = null } = placeOf(key)
      const isUnknown = why === 'unknown'
      const seen = { symbol, side, wanted, leverage, isUnknown, isLookUp, tries }
      switch (this.#core.ruled(LEVERAGE, seen)) {
        case 'in-force':
          this.#requests.delete(key)
          this.#confirmed.set(key, wanted)
          this.#release(key)
          return
        case 'look-up':
          this.#lookUp(key, request)
          return
        case 'wait':
          return
        case 'ask-again':
          this.#ask(key, wanted, tries + 1)
          return
        case 'deny':
          this.#requests.delete(key)
          if (leverage === null && why !== 'unknown') {
            this.#core.obstacles.entryRefused(why ?? 'risk', symbol, reason)
          }
          this.#denyAll(key, wanted, leverage, reason)
          return
      }
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
    for (const [key, request] of this.#requests) {
      const { symbol } = placeOf(key)
      const { askedAt: sentAt, requestId: id } = request
      if (!this.#core.ruled(LATE, { id, symbol, what: 'leverage', sentAt, now })) continue
      for (const { clientOrderId } of this.#heldBack(key)) {
        const entry = this.#core.portfolio.pending.get(clientOrderId)
        if (entry !== undefined && !this.#isWanted(entry))
          this.#giveUp(entry, 'leverage not confirmed in time')
      }
      if (this.#heldBack(key).length === 0) this.#requests.delete(key)
      else this.#lookUp(key, request)
    }
  }

  /** Something may have happened that was not told: what was confirmed counts no longer. */
  forget(): void {
    this.#confirmed.clear()
  }

  get #answerMs(): number {
    return this.#core.settings.recovery.answerSeconds * SECOND
  }

  get #isHedge(): boolean {
    return this.#core.settings.positionMode === 'hedge'
  }

  #keyOf({ symbol, side }: Pick<OrderRequest, 'symbol' | 'side'>): string {
    return this.#isHedge ? positionKey(symbol, side) : symbol
  }

  /** The entries of a key that wait for its leverage. */
  #heldBack(key: string): readonly OrderRequest[] {
    const { symbol } = placeOf(key)
    return this.#orders.heldOn(symbol).filter(order => this.#keyOf(order) === key)
  }

  /** The leverage of what there is beside an order and shares it; `null`: there is nothing. */
  #heldAt(order: OrderRequest): number | null {
    const { positions, pending } = this.#core.portfolio
    const key = this.#keyOf(order)
    for (const position of positions.values()) if (this.#keyOf(position) === key) return position.leverage
    for (const entry of pending.values()) {
      const isOther = this.#keyOf(entry) === key && entry.clientOrderId !== order.clientOrderId
      if (isOther && !this.#orders.isHeld(entry.clientOrderId)) return entry.leverage
    }
    return null
  }

  #ask(key: string, leverage: number, tries: number): void {
    const requestId = this.#core.requestId('leverage')
    const askedAt = this.#core.now
    this.#confirmed.delete(key)
    this.#requests.set(key, { requestId, wanted: leverage, askedAt, isLookUp: false, tries })
    this.#core.emit({ type: 'set-leverage', requestId, leverage, ...placeOf(key) })
  }

  #lookUp(key: string, request: LeverageRequest): void {
    const requestId = this.#core.requestId('leverage')
    this.#requests.set(key, { ...request, requestId, askedAt: this.#core.now, isLookUp: true })
    this.#core.count('leverage-looked-up')
    this.#core.emit({ type: 'query-leverage', requestId, ...placeOf(key) })
  }

  #release(key: string): void {
    for (const order of this.#heldBack(key)) {
      const entry = this.#core.portfolio.pending.get(order.clientOrderId)
      if (entry === undefined) continue
      if (!this.#isWanted(entry)) this.#giveUp(entry, 'its leverage was confirmed too late')
      else if (order.leverage !== this.#confirmed.get(key)) this.send(order)
      else this.#place(order)
    }
  }

  #place(order: OrderRequest): void {
    this.#orders.unhold(order.clientOrderId)
    this.#orders.doubts.sent(order, this.#core.now)
    this.#core.emit({ type: 'place', order })
  }

  #isWanted(entry: PendingEntry): boolean {
    const isOpen = this.#gatekeeper.isOpenAt(entry.leverage) && !this.#core.obstacles.isOn(entry.symbol)
    return this.#core.ruled(HELD_BACK, { entry, now: this.#core.now, isOpen })
  }

  #denyAll(key: string, wanted: number, leverage: number | null, reason: string): void {
    const words = leverage === null ? reason : `Leverage ${leverage}, plan ${wanted}; entry denied`
    for (const order of this.#heldBack(key)) this.#deny(order, words, leverage)
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

/** What a key of a leverage stands for. */
function placeOf(key: string): { readonly symbol: string; readonly side?: Side } {
  const [symbol = key, side] = key.split(':')
  return side === 'long' || side === 'short' ? { symbol, side } : { symbol }
}
