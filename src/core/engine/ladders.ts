/**
 * The adds of planned ladders: asks which of them are to rest, judges them as every order that adds is judged, sends
 * them, and takes back what is not wanted any more. An add is decided on once a daily candle, and once more when the
 * one before it has filled: bands, and so the condition, do not change in between. While the house is not ready or the
 * price is old the decision waits. A pause, by a person or a loss limit, takes resting adds back, which plain entries
 * survive: it is losing positions that adds go to.
 */
import type { Intent } from '../decision/intent.ts'
import type { EntryTerms } from '../decision/strategy.ts'
import type { BoundLadder, House, Proposal, Refusal } from '../guards/guard.ts'
import { ADD_GUARDS, admitEntry, type BoundGuard } from '../guards/list.ts'
import { formatSteps, formatTicks, priceOf, qtyOf } from '../market/quantise.ts'
import { isNeverTrade } from '../market/tiers.ts'
import { type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import { ADD_STANDS } from './add-rules.ts'
import type { EngineCore } from './core.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { Leverages } from './leverages.ts'
import { expiryOf, type OrderDesk } from './order-desk.ts'
import { addSignal, enabledLadder, scoreSignal } from './pipeline.ts'
import type { Protection } from './protection.ts'
import type { OrderRequest, Scored } from './protocol.ts'

type Add = Extract<Intent, { readonly kind: 'add' }>

export class Ladders {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #leverages: Leverages
  readonly #protection: Protection
  readonly #gatekeeper: Gatekeeper
  readonly #house: (symbol: string) => House
  readonly #ladder: BoundLadder | null
  readonly #guards: readonly BoundGuard[]

  /** @param house what the guards are shown, as it stands when an add to a symbol is judged */
  constructor(
    core: EngineCore,
    orders: OrderDesk,
    leverages: Leverages,
    protection: Protection,
    gatekeeper: Gatekeeper,
    house: (symbol: string) => House,
  ) {
    this.#core = core
    this.#orders = orders
    this.#leverages = leverages
    this.#protection = protection
    this.#gatekeeper = gatekeeper
    this.#house = house
    const ladder = enabledLadder(core.settings, core.live)
    this.#ladder = ladder === null ? null : core.watched(ladder)
    this.#guards = core.guards(ADD_GUARDS)
  }

  /** Takes back adds that are not wanted any more, and sends those that are. */
  manage(): void {
    for (const entry of this.#core.portfolio.pending.values()) {
      if (entry.rung !== undefined && !this.#stands(entry, true)) this.#orders.takeBack(entry, 'not-planned')
    }
    if (this.#ladder === null) return
    for (const position of this.#core.portfolio.positions.values()) {
      if (position.ladder !== undefined && this.#gatekeeper.isOpenAt(position.leverage))
        this.#decide(this.#ladder, position)
    }
  }

  /** While nothing may be added, no add rests. */
  takeBackIfClosed(): void {
    for (const entry of this.#core.portfolio.pending.values()) {
      if (entry.rung !== undefined && !this.#stands(entry, false)) this.#orders.takeBack(entry, 'not-planned')
    }
  }

  /** @param isWhole judged by its position and the plan too, not only by whether anything may be added */
  #stands(entry: PendingEntry, isWhole: boolean): boolean {
    const isOpen = this.#gatekeeper.isOpenAt(entry.leverage)
    const position = this.#core.portfolio.positions.get(positionKey(entry.symbol, entry.side))
    const isPlanned = isWhole && isOpen && this.#ladder !== null && position?.signalId === entry.signalId
    const add = isPlanned && this.#ladder !== null ? this.#wanted(this.#ladder, position) : undefined
    return this.#core.ruled(ADD_STANDS, {
      entry,
      isOpen,
      plan:
        position === undefined || !isWhole
          ? null
          : {
              signalId: position.signalId,
              stop: position.stop,
              isClosing: this.#isClosing(position),
              isOn: this.#ladder !== null && this.#core.terms(position.strategy) !== undefined,
              add: add === undefined ? null : { rung: add.rung, steps: add.steps },
            },
      isWhole,
    })
  }

  #decide(ladder: BoundLadder, position: Position): void {
    const { symbol, side } = position
    const market = this.#core.markets.of(symbol)
    const newest = market.newest('1d')
    if (position.ladder?.decided === newest || !market.isCurrent('1d', this.#core.now)) return
    const terms = this.#core.terms(position.strategy)
    if (terms === undefined || this.#isClosing(position)) return
    // The rest of the entry, or an add that is being taken back: one at a time.
    for (const entry of this.#core.portfolio.pending.values()) {
      if (entry.symbol === symbol && entry.side === side) return
    }
    const add = this.#wanted(ladder, position)
    if (add === undefined) return
    const scored = this.#scored(ladder, position, add)
    const verdict = admitEntry(
      this.#guards,
      this.#proposal(position, terms, add, scored),
      this.#house(symbol),
    )
    if ('refused' in verdict && isPassing(verdict.refused)) return
    this.#core.fold({ type: 'add-decided', symbol, side, candleStart: newest })
    if ('refused' in verdict) this.#refuse(position, scored, verdict.refused)
    else this.#place(position, add, verdict.admitted, scored)
  }

  /** The add that is to rest for a position at present; the bands have to be known. */
  #wanted({ strategy, params }: BoundLadder, position: Position): Add | undefined {
    const symbol = this.#core.markets.of(position.symbol)
    const view = this.#core.cursor.pointAt(symbol, this.#core.now, position)
    for (const intent of strategy.decide(view, params)) if (intent.kind === 'add') return intent
    return undefined
  }

  #isClosing(position: Position): boolean {
    const { closing } = this.#protection.desk.of(positionKey(position.symbol, position.side))
    return closing !== null || this.#orders.find(position, 'close') !== undefined
  }

  #scored({ strategy }: BoundLadder, position: Position, add: Add): Scored {
    const symbol = this.#core.markets.of(position.symbol)
    const view = this.#core.cursor.pointAt(symbol, this.#core.now, position)
    return scoreSignal(addSignal(strategy.id, position, add, view, symbol, this.#core.now))
  }

  #proposal(
    position: Position,
    terms: EntryTerms,
    { price, steps }: Add,
    { signal, score }: Scored,
  ): Proposal {
    const { instrument, leverage } = position
    const entry = priceOf(instrument, price)
    return {
      signal,
      score,
      terms,
      neverTrade: isNeverTrade(this.#core.settings.universe, position.symbol),
      entry,
      steps,
      margin: (qtyOf(instrument, steps) * entry) / leverage,
      sizing: '',
      ladder: null,
      addsTo: position,
      skipped: [],
      replaces: null,
    }
  }

  #refuse(position: Position, scored: Scored, { gate, reason, figures }: Refusal): void {
    const { signal, score } = scored
    this.#core.count(`refused:${gate}`)
    if (!this.#core.journal) return
    this.#core.emit({ type: 'verdict', scored, verdict: gate, reason })
    this.#core.record('refused', {
      code: null,
      symbol: signal.symbol,
      side: signal.side,
      strategy: signal.strategy,
      signalId: position.signalId,
      clientOrderId: null,
      reason: `${gate}: ${reason}`,
      figures: { gate, score: score.value, ...figures },
    })
  }

  #place(position: Position, add: Add, { steps, margin, skipped }: Proposal, scored: Scored): void {
    const { signal, score } = scored
    const { symbol, side, instrument, stop, leverage, signalId } = position
    const id = this.#orders.nextId(signalId, `add-${add.rung + 1}`)
    const pending: PendingEntry = {
      clientOrderId: id,
      signalId,
      strategy: position.strategy,
      timeframe: position.timeframe,
      symbol,
      side,
      instrument,
      score: score.value,
      steps,
      price: priceOf(instrument, add.price),
      stop,
      target: position.target,
      leverage,
      margin,
      candleStart: signal.candleStart,
      sentAt: this.#core.now,
      weekBb: signal.weekBb,
      reason: add.reason,
      rung: add.rung,
    }
    const order: OrderRequest = {
      clientOrderId: id,
      symbol,
      side,
      purpose: 'entry',
      type: 'limit',
      price: add.price,
      steps,
      stop,
      leverage,
      postOnly: false,
    }
    this.#core.fold({ type: 'entry-sent', entry: pending })
    this.#core.count(`added:${signal.strategy}`)
    for (const gate of skipped) this.#core.count(`skipped:${gate}`)
    this.#core.emit({ type: 'persist', key: id, order, signalId })
    if (this.#core.journal)
      this.#core.emit({ type: 'verdict', scored, verdict: 'entered', reason: add.reason })
    this.#core.event('adding', pending, add.reason, {
      score: score.value,
      rung: add.rung + 1,
      price: formatTicks(instrument, add.price),
      qty: formatSteps(instrument, steps),
      margin,
      leverage,
      stop: formatTicks(instrument, stop),
      ...(skipped.length === 0 ? {} : { skipped: skipped.join(', ') }),
    })
    this.#leverages.send(order)
    this.#core.schedule.touchAt('heavy', expiryOf(pending))
  }
}

/** Whether a refusal says no more than "not now": then the decision waits. */
function isPassing({ gate, figures }: Refusal): boolean {
  return gate === 'readiness' || (gate === 'stale-data' && figures.ageSeconds !== undefined)
}
