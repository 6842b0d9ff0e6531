/**
 * What the exchange remembers: every order with what became of it, and every execution. As at a real one the memory
 * is long but not endless: executions and closed orders are forgotten after some days.
 */
import type { Steps, Timestamp } from '../../base/units.ts'
import type { Execution, OrderReport } from '../../engine/protocol.ts'

interface OrderRecord {
  readonly symbol: string
  state: Exclude<OrderReport['state'], 'absent'>
  filled: Steps
  reason: string
  /** `null` while it rests. */
  closedAt: Timestamp | null
}

/** Records as plain data; ids of forgotten orders are not among them. */
export interface SavedRecords {
  readonly orders: readonly (readonly [clientOrderId: string, record: OrderRecord])[]
  readonly executions: readonly Execution[]
}

/** Forgotten executions are cleared away so many at a time. */
const SWEEP = 1_024

export class Records {
  readonly #memory: number
  /** Ids are never free again, forgotten or not. */
  readonly #ids = new Set<string>()
  readonly #orders = new Map<string, OrderRecord>()
  readonly #executions: Execution[] = []

  /** @param memory for how many milliseconds executions and closed orders are known */
  constructor(memory: number) {
    this.#memory = memory
  }

  save(): SavedRecords {
    return { orders: [...this.#orders], executions: this.#executions }
  }

  load({ orders, executions }: SavedRecords): void {
    for (const [id, record] of orders) {
      this.#ids.add(id)
      this.#orders.set(id, { ...record })
    }
    this.#executions.push(...executions)
  }

  /** Whether there has ever been an order of this id. */
  isUsed(clientOrderId: string): boolean {
    return this.#ids.has(clientOrderId)
  }

  accepted(clientOrderId: string, symbol: string): void {
    this.#ids.add(clientOrderId)
    this.#orders.set(clientOrderId, {
      symbol,
      state: 'resting',
      filled: 0 as Steps,
      reason: '',
      closedAt: null,
    })
  }

  rejected(clientOrderId: string, symbol: string, reason: string, now: Timestamp): void {
    this.#ids.add(clientOrderId)
    this.#orders.set(clientOrderId, {
      symbol,
      state: 'rejected',
      filled: 0 as Steps,
      reason,
      closedAt: now,
    })
    this.#forget(now)
  }

  cancelled(clientOrderId: string, reason: string, now: Timestamp): void {
    this.#close(clientOrderId, 'cancelled', reason, now)
  }

  /** An execution, oldest first; it belongs to an order where it names one. */
  executed(execution: Execution, now: Timestamp): void {
    this.#executions.push(execution)
    if (execution.type === 'fill' && execution.clientOrderId !== null) {
      const order = this.#orders.get(execution.clientOrderId)
      if (order !== undefined) order.filled = (order.filled + execution.steps) as Steps
      if (execution.complete) this.#close(execution.clientOrderId, 'filled', '', now)
    }
    const old = this.#firstAt(now - this.#memory)
    if (old >= SWEEP) this.#executions.splice(0, old)
  }

  lookUp(symbol: string, clientOrderId: string, now: Timestamp): OrderReport {
    const order = this.#orders.get(clientOrderId)
    if (order === undefined || order.symbol !== symbol || this.#isForgotten(order, now)) {
      return {
        clientOrderId,
        state: 'absent',
        filled: 0 as Steps,
        reason: `no order ${clientOrderId} on ${symbol} is known`,
      }
    }
    const { state, filled, reason } = order
    return { clientOrderId, state, filled, reason }
  }

  /** Executions that were told at or after `since`; none of them happened earlier than its stamp says. */
  executions(since: Timestamp, now: Timestamp): readonly Execution[] {
    return this.#executions.slice(this.#firstAt(Math.max(since, now - this.#memory)))
  }

  #close(
    clientOrderId: string,
    state: 'filled' | 'cancelled' | 'rejected',
    reason: string,
    now: Timestamp,
  ): void {
    const order = this.#orders.get(clientOrderId)
    if (order === undefined) return
    order.state = state
    order.reason = reason
    order.closedAt = now
    this.#forget(now)
  }

  #isForgotten({ closedAt }: OrderRecord, now: Timestamp): boolean {
    return closedAt !== null && closedAt < now - this.#memory
  }

  /** The oldest orders come first: one that is still known ends the look. */
  #forget(now: Timestamp): void {
    for (const [id, order] of this.#orders) {
      if (!this.#isForgotten(order, now)) return
      this.#orders.delete(id)
    }
  }

  /** Index of the first execution told at or after a time. */
  #firstAt(time: Timestamp): number {
    let low = 0
    let high = this.#executions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#executions[middle].at < time) low = middle + 1
      else high = middle
    }
    return low
  }
}
