/** What is done with an open position: its targets, the wishes of the management strategies, and how long it is held. */
import { unreachable } from '../base/assert.ts'
import { HOUR, MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import { type Intent, NOTHING } from '../decision/intent.ts'
import type { ManagementStrategy, OwnMoment } from '../decision/strategy.ts'
import type { PositionView } from '../decision/view.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { MANUAL, type Position, positionKey } from '../portfolio/position.ts'
import { partialTp } from '../strategies/partial-tp.ts'
import type { EngineCore } from './core.ts'
import { type CycleId, ENTRY_STRATEGIES, HEAVY_MANAGEMENT, X10_MANAGEMENT } from './cycles.ts'
import type { OrderDesk } from './order-desk.ts'
import { type BoundEntry, boundEntry } from './pipeline.ts'
import type { Protection } from './protection.ts'
import type { WorkingOrder } from './state.ts'
import { TARGETS, type TargetStep, type WantedTarget } from './target-rules.ts'

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
    this.#syncTargets(position, [{ leg: 'target', price: position.target, steps: position.steps }])
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
      const most = spanText(closeBy - position.openedAt)
      this.#orders.close(position, 'time-exit', `held for ${most}, the longest allowed`)
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
    const targets: WantedTarget[] = []
    let speaks = false
    for (const intent of decide(view)) {
      switch (intent.kind) {
        case 'move-stop':
          this.#protection.desk.wish(position, intent.stop, intent.why, intent.reason)
          break
        case 'reduce':
          speaks = true
          targets.push({
            leg: intent.leg === 1 ? 'target-1' : 'target-2',
            price: intent.price,
            steps: intent.steps,
          })
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

  /** Makes the resting targets of a position what is wanted of them. */
  #syncTargets(position: Position, wanted: readonly WantedTarget[]): void {
    const { symbol, side, strategy, steps, instrument } = position
    const resting = (['target', 'target-1', 'target-2'] as const).flatMap(
      leg => this.#orders.find(position, leg) ?? [],
    )
    const course = this.#core.ruled(TARGETS, {
      position: { symbol, side, strategy, steps },
      minQty: instrument.minQty,
      most: this.#orders.mostResting(symbol),
      wanted,
      resting: resting.map(({ clientOrderId, leg, price, steps: left, state }) => ({
        clientOrderId,
        leg,
        price,
        steps: left,
        state,
      })),
    })
    for (const step of course) this.#followTarget(position, step, resting)
  }

  #followTarget(position: Position, step: TargetStep, resting: readonly WorkingOrder[]): void {
    if (step.kind === 'look-again') {
      this.#core.touch('heavy')
      return
    }
    if (step.kind === 'place') {
      const { leg, price, steps } = step.target
      this.#orders.placeTarget(position, leg, price, steps)
      return
    }
    const order = resting.find(({ clientOrderId }) => clientOrderId === step.id)
    if (order === undefined) return
    if (step.kind === 'amend') this.#orders.amend(order, step.price, step.steps)
    else this.#orders.cancel(order, 'replaced')
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

function spanText(span: Milliseconds): string {
  return span < HOUR ? `${(span / MINUTE).toFixed(0)} min` : `${(span / HOUR).toFixed(0)} h`
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
