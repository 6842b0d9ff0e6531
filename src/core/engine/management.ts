/** What is done with an open position: its targets, the wishes of the management strategies, and how long it is held. */
import { unreachable } from '../base/assert.ts'
import { HOUR, type Milliseconds, type Steps, type Ticks, type Timestamp } from '../base/units.ts'
import { type Intent, NOTHING } from '../decision/intent.ts'
import type { ManagementStrategy, OwnMoment } from '../decision/strategy.ts'
import type { PositionView } from '../decision/view.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { MANUAL, type Position, positionKey } from '../portfolio/position.ts'
import { partialTp } from '../strategies/partial-tp.ts'
import type { EngineCore } from './core.ts'
import { type CycleId, ENTRY_STRATEGIES, HEAVY_MANAGEMENT, X10_MANAGEMENT } from './cycles.ts'
import type { OrderDesk } from './order-desk.ts'
import type { OrderLeg } from './order-id.ts'
import { type BoundEntry, boundEntry } from './pipeline.ts'
import type { Protection } from './protection.ts'

interface BoundManagement {
  readonly strategy: ManagementStrategy
  readonly params: ManagementStrategy['params']
  readonly cycle: CycleId
  /** Ages at which its answer changes by the passing of time alone. */
  readonly ages: readonly Milliseconds[]
}

/** The management strategy that sells a position in parts. */
const PARTIAL_TARGETS = partialTp.id

export class Management {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #protection: Protection
  readonly #strategies: { readonly [id: string]: BoundManagement | undefined }
  /** Entry strategies by id, those that are switched off as well: what they hold is managed to its end. */
  readonly #own: ReadonlyMap<string, BoundEntry>

  constructor(core: EngineCore, orders: OrderDesk, protection: Protection) {
    this.#core = core
    this.#orders = orders
    this.#protection = protection
    this.#strategies = enabledManagement(core)
    this.#own = new Map(
      ENTRY_STRATEGIES.map(strategy => [strategy.id, core.watched(boundEntry(strategy, core.settings))]),
    )
  }

  /**
   * Asks one management strategy about every position; `stopsOnly` leaves its targets alone. What is wished of stops
   * waits for the others of the cycle.
   */
  manage(id: string, stopsOnly: boolean): void {
    const bound = this.#strategies[id]
    if (bound !== undefined) {
      for (const position of this.#core.portfolio.positions.values()) this.#ask(bound, position, stopsOnly)
    }
  }

  /** Sets the targets of a position: its own, or those of Partial TP. Only after a fill, so that they can reduce. */
  target(position: Position): void {
    if (this.#isLeaving(position)) return
    if (position.target === null) {
      const partial = this.#strategies[PARTIAL_TARGETS]
      if (partial !== undefined) this.#ask(partial, position, false)
      this.#protection.sendWishes()
      return
    }
    const order = this.#orders.find(position, 'target')
    if (order === undefined) {
      this.#orders.placeTarget(position, 'target', position.target, position.steps)
    } else {
      this.#orders.amend(order, position.target, position.steps)
    }
  }

  /** Tries the targets that were refused once more, when it is time. Those of Partial TP are asked for by it. */
  retarget(): void {
    for (const position of this.#core.portfolio.positions.values()) {
      if (position.target === null || !this.#orders.wasRefused(position, 'target')) continue
      const isThere = (['target', 'close'] as const).some(
        leg => this.#orders.find(position, leg) !== undefined,
      )
      if (!isThere) this.target(position)
    }
  }

  /** Closes what has been held for as long as it may be, or for as long as its strategy bears a loss. */
  timeExits(): void {
    this.manageOwn('time-exits')
    for (const position of this.#core.portfolio.positions.values()) {
      const closeBy = this.#closeBy(position)
      if (closeBy === null || this.#core.now < closeBy || this.#isLeaving(position)) continue
      if (this.#orders.find(position, 'close') !== undefined) continue
      this.#core.witness?.timeExit(position, closeBy, this.#core.now)
      const hours = ((this.#core.now - position.openedAt) / HOUR).toFixed(0)
      this.#orders.close(position, 'time-exit', `held for ${hours} h, the longest allowed`)
    }
  }

  /** Notes the moments at which something is due for a position by the passing of time alone. */
  remember(position: Position): void {
    const closeBy = this.#closeBy(position)
    if (closeBy !== null) this.#core.schedule.touchAt('light', closeBy)
    for (const id of Object.keys(this.#strategies)) {
      const bound = this.#strategies[id]
      if (bound === undefined) continue
      for (const age of bound.ages) this.#core.schedule.touchAt(bound.cycle, position.openedAt + age)
    }
    const own = this.#own.get(position.strategy)
    for (const age of own?.strategy.ages?.(own.params) ?? []) {
      this.#core.schedule.touchAt('light', position.openedAt + age)
    }
  }

  /** Asks each strategy that manages its own positions about them, at one moment of the cycles. */
  manageOwn(moment: OwnMoment): void {
    for (const position of this.#core.portfolio.positions.values()) {
      const own = this.#own.get(position.strategy)
      if (own?.strategy.manage === undefined) continue
      const { strategy, params } = own
      this.#follow(position, view => strategy.manage?.(moment, view, params) ?? NOTHING, false)
    }
  }

  #ask({ strategy, params }: BoundManagement, position: Position, stopsOnly: boolean): void {
    // Of what a person has handed over no part is sold that nobody asked for.
    if (position.strategy === MANUAL && strategy.id === PARTIAL_TARGETS) return
    this.#follow(position, view => strategy.decide(view, params), stopsOnly)
  }

  #follow(position: Position, decide: (view: PositionView) => readonly Intent[], stopsOnly: boolean): void {
    if (this.#orders.find(position, 'close') !== undefined || this.#isLeaving(position)) return
    const view = this.#core.cursor.pointAt(this.#core.markets.of(position.symbol), this.#core.now, position)
    const targets: Extract<Intent, { readonly kind: 'reduce' }>[] = []
    let speaks = false
    for (const intent of decide(view)) {
      switch (intent.kind) {
        case 'move-stop':
          this.#protection.desk.wish(position, intent.stop, intent.why, intent.reason)
          break
        case 'reduce':
          speaks = true
          targets.push(intent)
          break
        case 'exit':
          if (!stopsOnly) this.#orders.close(position, intent.why, intent.reason)
          return
        case 'hold':
        case 'resize':
        case 'enter':
        case 'add':
          break
        default:
          unreachable(intent)
      }
    }
    if (speaks && !stopsOnly) this.#syncTargets(position, targets)
  }

  /**
   * Makes the resting targets of a position what the strategy wants, amending in place, never through nothing: one that
   * is wanted no more goes once another one rests. Of one that has filled in part, what is left may be too little for
   * an order of its own: it rests on as it is.
   */
  #syncTargets(
    position: Position,
    wanted: readonly { readonly leg: 1 | 2; readonly price: Ticks; readonly steps: Steps }[],
  ): void {
    for (const leg of [1, 2] as const) {
      const want = wanted.find(one => one.leg === leg)
      const orderLeg: OrderLeg = leg === 1 ? 'target-1' : 'target-2'
      const order = this.#orders.find(position, orderLeg)
      const other = this.#orders.find(position, leg === 1 ? 'target-2' : 'target-1')
      const isOnly = wanted.length === 1
      if (want !== undefined && want.steps < position.instrument.minQty) continue
      if (want !== undefined && order !== undefined) {
        this.#orders.amend(order, want.price, want.steps)
      } else if (want !== undefined) {
        // Beside one that is to go there is only so much left.
        const free = isOnly && other !== undefined ? position.steps - other.steps : position.steps
        const steps = Math.min(want.steps, free) as Steps
        if (steps >= position.instrument.minQty) {
          this.#orders.placeTarget(position, orderLeg, want.price, steps)
        } else if (other?.state === 'working') this.#orders.cancel(other)
      } else if (order?.state === 'working') {
        if (other?.state === 'working') this.#orders.cancel(order)
        else this.#core.touch('heavy')
      }
    }
  }

  #isLeaving({ symbol, side }: Position): boolean {
    return this.#core.leaving.size > 0 && this.#core.leaving.has(positionKey(symbol, side))
  }

  /** When a position is closed for its age; `null`: never, a person decides. */
  #closeBy(position: Position): Timestamp | null {
    if (position.strategy === MANUAL) return null
    const own = this.#own.get(position.strategy)?.terms.maxHold ?? null
    return closeBy(position, this.#core.settings.maxBars, own)
  }
}

/**
 * The close of the last bar a position may be held in, the bar of its entry being the first; or its own limit.
 *
 * @param maxHold how long its strategy holds at most; `null`: as long as the bars allow
 */
export function closeBy(
  { openedAt, timeframe }: Position,
  maxBars: number,
  maxHold: Milliseconds | null,
): Timestamp {
  const bar = INTERVAL_MS[timeframe]
  const bars = Math.floor(openedAt / bar) * bar + maxBars * bar
  return maxHold === null ? bars : Math.min(bars, openedAt + maxHold)
}

/** The management strategies that the settings switch on, by id. */
function enabledManagement(core: EngineCore): { readonly [id: string]: BoundManagement | undefined } {
  const management: { [id: string]: BoundManagement | undefined } = {}
  for (const [cycle, strategies] of [
    ['heavy', HEAVY_MANAGEMENT],
    ['x10', X10_MANAGEMENT],
  ] as const) {
    for (const strategy of strategies) {
      const { enabled, ...params } = core.settings.strategies[strategy.id]
      const ages = strategy.ages?.(params) ?? []
      if (enabled) management[strategy.id] = core.watched({ strategy, params, cycle, ages })
    }
  }
  return management
}
