/**
 * Filters of a perpetual that the exchange changes while something is held or on its way, or while bbw was not there.
 * Position, stop, targets and orders are counted anew without adding risk; entries on their way were sized for other
 * filters and are taken back; what is held is told of (I601). From that input on ticks and steps of the symbol are those of
 * the new filters, in both directions.
 */
import type { Instrument } from '../market/instrument.ts'
import type { EngineCore } from './core.ts'
import { FILTERS, type FiltersVerdict } from './fact-rules.ts'
import type { Management } from './management.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Protection } from './protection.ts'

/** The parts of the engine that other filters concern. */
export interface FilterParts {
  readonly core: EngineCore
  readonly orders: OrderDesk
  readonly protection: Protection
  readonly management: Management
}

export class Filters {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #protection: Protection
  readonly #management: Management

  constructor(parts: FilterParts) {
    this.#core = parts.core
    this.#orders = parts.orders
    this.#protection = parts.protection
    this.#management = parts.management
  }

  /** A perpetual is introduced, for the first time or with other filters. */
  introduce(now: Instrument): void {
    const { markets } = this.#core
    const known = markets.find(now.symbol)?.instrument
    markets.introduce(now)
    // What is in the books may be from before the process: it is compared with them, not with what was told last.
    const before = this.#bookedOn(now.symbol) ?? known
    if (before === undefined) return
    const { changed, isCounted } = this.#core.ruled(FILTERS, { before, now })
    if (changed.length > 0) this.#change(before, now, changed, isCounted)
  }

  #bookedOn(symbol: string): Instrument | undefined {
    const { positions, pending } = this.#core.portfolio
    for (const one of positions.values()) if (one.symbol === symbol) return one.instrument
    for (const one of pending.values()) if (one.symbol === symbol) return one.instrument
    return undefined
  }

  #change(before: Instrument, now: Instrument, changed: FiltersVerdict['changed'], isCounted: boolean): void {
    const { symbol } = now
    if (isCounted) this.#orders.recount(before, now)
    if (isCounted) this.#protection.desk.recount(before, now)
    this.#core.fold({ type: 'filters-changed', instrument: now })
    if (isCounted) {
      this.#core.revision++
      for (const entry of this.#core.portfolio.pending.values()) {
        if (entry.symbol === symbol) this.#orders.takeBack(entry, 'filters')
      }
    }
    const words = changed.map(name =>
      name === 'tick' || name === 'step' ? `${name} ${before[name]} to ${now[name]}` : name,
    )
    for (const position of this.#core.portfolio.positions.values()) {
      if (position.symbol !== symbol) continue
      const reason = `the exchange has changed filters: ${words.join(', ')}`
      this.#core.event('alert', position, reason, { changed: changed.join(', ') }, null, 'I601')
      if (isCounted) this.#management.target(position)
    }
    if (isCounted) this.#core.hurry(this.#core.now)
  }
}
