/**
 * Exchanges a position for a better one, as a chain of two orders: the better one is opened, its stop seen at the
 * exchange, then the other one is closed. The chain is state and is gone on with after every input, so that it is
 * resumed after a restart wherever it stood. One at a time.
 *
 * | what comes of it | what is done |
 * | --- | --- |
 * | the opening is refused, dropped or never arrived | the position stays, nothing is sent again |
 * | a part was opened, or its stop cannot be kept | what was opened is closed |
 * | the position has gone meanwhile, by its stop, say | the new one stays: it was admitted without it |
 * | the close never arrived | it is sent again, a few times at most |
 * | the close is refused | both are kept, and that is told |
 *
 * Slots and the long share count without the position that is to be closed, as it would be afterwards; margin is bound by
 * both until then, and has to be there for both. Positions of a ladder are left alone: their adds and their one stop
 * were planned for their own symbol. So are those of strategies that hold for a rate or for minutes, and a person's.
 */
import { broken, unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import { DAY, type Milliseconds, type Steps, type Timestamp } from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import type { Signal } from '../decision/signal.ts'
import type { Alternative, Exchange, RotationStrategy } from '../decision/strategy.ts'
import { qtyOf } from '../market/quantise.ts'
import type { Side } from '../market/side.ts'
import { type Position, positionKey } from '../portfolio/position.ts'
import {
  CANDIDATES,
  type Exchanged,
  exchanger,
  INSTEAD,
  inQuestion,
  type SeenMarket,
  type SeenRates,
} from './candidate-rules.ts'
import type { EngineCore } from './core.ts'
import { ROTATIONS } from './cycles.ts'
import type { Entries } from './entries.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { OrderDesk } from './order-desk.ts'
import { exchangeSignal, rank, scoreSignal } from './pipeline.ts'
import type { Protection } from './protection.ts'
import type { Scored } from './protocol.ts'
import { EXCHANGEABLE, ROTATION, type RotationStep } from './rotation-rules.ts'
import type { Rotation, RotationLeg, RotationState } from './state.ts'
import type { SymbolState } from './symbol.ts'

/** A strategy of rotation with the parameters it runs under. */
interface BoundRotation {
  /** As it is, for what decides nothing by itself. */
  readonly plain: RotationStrategy
  readonly strategy: RotationStrategy
  readonly params: RotationStrategy['params']
  readonly coinRest: Milliseconds
}

/** What the strategy has chosen, `null` where nothing is worth it; and the gate that has refused that. */
interface Attempt {
  readonly chosen: Scored | null
  readonly refused: string | null
}

/** One that could be held instead, as the strategy is shown it. */
interface Choice {
  readonly scored: Scored
  readonly alternative: Alternative
}

/**
 * What is the same for every position that is looked at in one pass: nothing changes it before an exchange begins, and
 * that ends the pass.
 */
interface Pass {
  readonly rates: Omit<SeenRates, 'position'>
  readonly shown: Map<Side, readonly SeenMarket[]>
  /** What positions of one strategy, side and leverage could be exchanged for, by symbol. */
  readonly choices: Map<string, Map<string, Choice | null>>
}

export interface RotationParts {
  readonly core: EngineCore
  readonly orders: OrderDesk
  readonly protection: Protection
  readonly gatekeeper: Gatekeeper
  readonly entries: Entries
}

export class Rotations {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #protection: Protection
  readonly #gatekeeper: Gatekeeper
  readonly #entries: Entries
  readonly #rotation: BoundRotation | null
  #running: Rotation | null = null
  /** Begun lately, whatever came of them. */
  #begun: RotationState['begun'] = []
  /** Signals of the positions that were told to pay too much. */
  #flagged = new Set<string>()
  /** What was told last of an alternative that was refused, by both symbols. */
  #refused = new Map<string, string>()

  constructor(parts: RotationParts) {
    this.#core = parts.core
    this.#orders = parts.orders
    this.#protection = parts.protection
    this.#gatekeeper = parts.gatekeeper
    this.#entries = parts.entries
    this.#rotation = enabledRotation(parts.core)
  }

  /** Whether an exchange is on its way. */
  get isRunning(): boolean {
    return this.#running !== null
  }

  /** Looks for positions that pay too much, tells of each once, and exchanges one of them where there is a better one. */
  manage(): void {
    const rotation = this.#rotation
    if (rotation === null) return
    this.#forget(rotation)
    this.#entries.inOnePass(() => this.#look(rotation))
  }

  #look(rotation: BoundRotation): void {
    let pass: Pass | null = null
    for (const position of this.#core.portfolio.positions.values()) {
      const held = this.#decide(rotation, position, [])
      if (held.length === 0) continue
      this.#flag(position, held[0].reason)
      if (!this.#isExchangeable(position)) continue
      pass ??= this.#pass()
      if (this.#exchange(rotation, position, pass)) return
    }
  }

  /** Goes on with the exchange that is on its way, as far as it can be now. */
  proceed(): void {
    const running = this.#running
    // Until everything has been compared nobody knows how far it has come.
    if (running === null || this.#core.recovery !== null) return
    const { from, to } = running
    const position = this.#heldOf(from)
    const opened = this.#heldOf(to)
    const { closing, wasSeen } = this.#protection.desk.of(positionKey(to.symbol, to.side))
    const step = this.#core.ruled(ROTATION, {
      running,
      isPending: this.#core.portfolio.pending.has(running.entryId),
      opened: opened === undefined ? null : { enteredSteps: opened.enteredSteps },
      isHeld: position !== undefined,
      closing,
      wasSeen,
      isOrdered: position !== undefined && this.#orders.find(position, 'close') !== undefined,
      isRefused: running.closeId !== null && this.#orders.refusedNow?.clientOrderId === running.closeId,
      quietUntil: this.#quietUntil(from, to),
    })
    if (step !== null) this.#follow(running, step, position, opened)
  }

  // --- deciding

  #decide(
    { strategy, params }: BoundRotation,
    position: Position,
    alternatives: readonly Alternative[],
  ): readonly Intent[] {
    const view = this.#core.cursor.pointAt(this.#core.markets.of(position.symbol), this.#core.now, position)
    return strategy.decide(view, params, alternatives)
  }

  #flag(position: Position, reason: string): void {
    if (this.#flagged.has(position.signalId)) return
    this.#flagged.add(position.signalId)
    this.#core.count('flagged:funding')
    const { funding } = this.#core.markets.of(position.symbol)
    this.#core.event('alert', position, reason, { per8h: funding }, null, 'I512')
  }

  #isExchangeable(position: Position): boolean {
    const { now, recovery, leaving, lacking, portfolio } = this.#core
    const { symbol, side, leverage } = position
    const key = positionKey(symbol, side)
    const { closing } = this.#protection.desk.of(key)
    const isOrdered = this.#orders.find(position, 'close') !== undefined
    const seen = {
      position,
      now,
      begun: this.#begun,
      isRunning: this.#running !== null,
      isRecovering: recovery !== null,
      isOpen: this.#gatekeeper.isOpenAt(leverage),
      isAtSettlement: this.#isAtSettlement(this.#core.markets.of(symbol)),
      lacking,
      isLeaving: leaving.has(key),
      isClosing: closing !== null || isOrdered,
      hasEntry: [...portfolio.pending.values()].some(one => one.symbol === symbol && one.side === side),
    }
    return this.#core.ruled(EXCHANGEABLE, seen).may
  }

  /**
   * Exchanges a position for the best that is worth it and passes the gates; whether there was one. What the same gate
   * refuses in one cycle after the other is taken down once.
   */
  #exchange(rotation: BoundRotation, position: Position, pass: Pass): boolean {
    const { witness, now } = this.#core
    const { signals, ranked } = this.#choices(rotation, position, pass)
    let left = ranked
    for (;;) {
      const attempt = (): Attempt => this.#attempt(rotation, position, left)
      const { chosen, refused } = witness?.attempted(attempt, triedFor(position)) ?? attempt()
      if (chosen === null) return false
      if (refused === null) {
        witness?.scored(
          signals,
          ranked.map(({ scored }) => scored),
          now,
        )
        return true
      }
      // The chain is cut at the refusal; the next best one is asked about.
      left = left.filter(({ scored }) => scored !== chosen)
    }
  }

  /** Exchanges it for the one that the strategy chooses, if it chooses one and the gates admit that. */
  #attempt(rotation: BoundRotation, position: Position, choices: readonly Choice[]): Attempt {
    const [enter, exit] = this.#decide(
      rotation,
      position,
      choices.map(({ alternative }) => alternative),
    )
    if (enter?.kind !== 'enter' || exit?.kind !== 'exit') return { chosen: null, refused: null }
    const chosen = choices.find(({ alternative }) => alternative.signal.symbol === enter.symbol)?.scored
    if (chosen === undefined) broken(`${rotation.strategy.id} wants ${enter.symbol}, which it was not shown`)
    const { symbol } = chosen.signal
    const { markets } = this.#core
    const market = markets.of(symbol)
    const instead = this.#core.ruled(INSTEAD, {
      position: exchanged(position),
      market: this.#shown(market),
      qty: qtyOf(position.instrument, position.steps),
      mark: markets.of(position.symbol).mark,
      step: market.instrument.step,
    })
    if (instead === null) broken(`${symbol} can be held instead, and has no stop`)
    const { steps, stop, target } = instead
    const one = { ...chosen, signal: { ...chosen.signal, stop, target, reason: enter.reason } }
    return { chosen, refused: this.#begin(position, one, steps, exit.reason) }
  }

  #pass(): Pass {
    const { now, portfolio, lacking } = this.#core
    const watched = this.#entries.watched()
    const rates = {
      now,
      begun: this.#begun,
      lacking,
      rates: watched.map(({ instrument, funding }) => [instrument.symbol, funding] as const),
      settling: watched
        .filter(market => this.#isAtSettlement(market))
        .map(({ instrument }) => instrument.symbol),
      held: [...portfolio.positions.values(), ...portfolio.pending.values()].map(({ symbol, side }) => {
        return { symbol, side }
      }),
    }
    return { rates, shown: new Map(), choices: new Map() }
  }

  /**
   * What could be held instead, as far as the market, its own strategy and the one of rotation say: `signals` in the order
   * of the symbols, the best first in `ranked`.
   */
  #choices(
    { plain, params }: BoundRotation,
    position: Position,
    pass: Pass,
  ): { readonly signals: readonly Signal[]; readonly ranked: readonly Choice[] } {
    const { cursor, now, markets, settings, witness } = this.#core
    const { strategy, symbol, side, leverage } = position
    const rates = { ...pass.rates, position: exchanged(position) }
    let shown = pass.shown.get(side)
    if (shown === undefined) {
      shown = inQuestion(rates, settings).map(name => this.#shown(markets.of(name)))
      pass.shown.set(side, shown)
    }
    const found = new Set(this.#core.ruled(CANDIDATES, { ...rates, markets: shown }))
    const view = cursor.pointAt(markets.of(symbol), now, position)
    const wanted = shown.filter(({ instrument }) => {
      const other = instrument.symbol
      if (!found.has(other)) return false
      // Whoever takes decisions down wants to see what it was preferred to.
      return witness !== null || plain.mayChoose(view, markets.of(other).funding, params)
    })
    const key = `${strategy}:${side}:${leverage}`
    const known = pass.choices.get(key) ?? new Map<string, Choice | null>()
    pass.choices.set(key, known)
    const exchangeIn = exchanger(position, settings)
    const choices = wanted.flatMap(market => {
      const { symbol: other } = market.instrument
      let choice = known.get(other)
      if (choice === undefined) {
        choice = this.#choice(position, exchangeIn(market), markets.of(other))
        known.set(other, choice)
      }
      return choice ?? []
    })
    const choiceOf = new Map(choices.map(one => [one.scored, one]))
    const scored = choices.map(one => one.scored)
    return {
      signals: scored.map(({ signal }) => signal),
      ranked: rank(scored).flatMap(one => choiceOf.get(one) ?? []),
    }
  }

  /** A market scored as a position of the same strategy, side and leverage; `null`: it would not be held. */
  #choice(position: Position, prices: Exchange | null, market: SymbolState): Choice | null {
    if (prices === null) return null
    const { cursor, now } = this.#core
    const scored = scoreSignal(exchangeSignal(position, prices, cursor.pointAt(market, now), market, now))
    return { scored, alternative: this.#alternative(scored) }
  }

  /** What is looked at of a symbol that comes into question. */
  #shown(market: SymbolState): SeenMarket {
    const { lower, middle, upper, width, rsi, turnover, last, instrument } = this.#core.cursor.pointAt(
      market,
      this.#core.now,
    )
    const { symbol, tick, tickSize, minPrice } = instrument
    const filters = { symbol, tick, tickSize, minPrice }
    return { lower, middle, upper, width, rsi, turnover, last, instrument: filters }
  }

  readonly #alternative = ({ signal: whole }: Scored): Alternative => {
    const { markets, now } = this.#core
    const { symbol, side, order, stop, target, leverage, funding } = whole
    const market = markets.of(symbol)
    const { lastAt, fundingInterval } = market
    const signal = { symbol, side, order, stop, target, leverage, funding }
    return { signal, now, lastAt, nextFunding: market.nextFunding(now), fundingInterval }
  }

  /** Returns the gate that has refused it; `null`: it has begun. */
  #begin(position: Position, scored: Scored, steps: Steps, reason: string): string | null {
    const { signal } = scored
    const { now, markets } = this.#core
    const verdict = this.#entries.exchange(scored, position, steps, refusal =>
      this.#isNews(position, signal.symbol, refusal),
    )
    if ('refused' in verdict) return verdict.refused.gate
    const { symbol, side, signalId } = position
    if (this.#isAtSettlement(markets.of(symbol)) || this.#isAtSettlement(markets.of(signal.symbol)))
      this.#core.count('skipped:funding-window')
    this.#running = {
      phase: 'opening',
      from: { symbol, side, signalId },
      to: { symbol: signal.symbol, side, signalId: signal.id },
      entryId: verdict.entered,
      steps,
      reason,
      closes: 0,
      closeId: null,
    }
    this.#begun = [...this.#begun, { at: now, from: symbol, to: signal.symbol }]
    this.#core.count('rotations')
    return null
  }

  /** At the very moment at which one was settled. */
  #isAtSettlement(market: SymbolState): boolean {
    const { now } = this.#core
    const next = market.nextFunding(now)
    return next !== null && market.fundingInterval !== null && next - market.fundingInterval === now
  }

  /** Whether a refusal says something else than the one before it: each is told once, not every two minutes. */
  #isNews(position: Position, symbol: string, gate: string): boolean {
    const key = `${position.signalId} ${symbol}`
    if (this.#refused.get(key) === gate) return false
    this.#refused.set(key, gate)
    return true
  }

  // --- the chain

  #follow(
    running: Rotation,
    step: RotationStep,
    position: Position | undefined,
    opened: Position | undefined,
  ): void {
    switch (step.kind) {
      case 'end': {
        const { of, words, code, undoes } = step
        this.#end(running, (of === 'opened' ? opened : position) ?? null, words, code)
        if (undoes !== null && opened !== undefined) this.#protection.closeNow(opened, undoes, code)
        return
      }
      case 'closing':
        this.#running = { ...running, phase: 'closing' }
        return
      case 'close':
        this.#running = { ...running, phase: 'closing' }
        if (step.quietUntil !== null) this.#core.schedule.touchAt('light', step.quietUntil)
        else if (position !== undefined) this.#close(running, position)
        return
      default:
        unreachable(step)
    }
  }

  /** Closes the position that is exchanged. */
  #close(running: Rotation, position: Position): void {
    this.#orders.close(position, 'rotated', running.reason)
    const closeId = this.#orders.find(position, 'close')?.clientOrderId ?? null
    this.#running = { ...running, phase: 'closing', closes: running.closes + 1, closeId }
  }

  /** Until when nothing is to be executed on one of both symbols; switched off meanwhile, the chain is ended all the same. */
  #quietUntil(...legs: readonly RotationLeg[]): Timestamp | null {
    if (this.#rotation === null) return null
    const { plain, params } = this.#rotation
    const { cursor, markets, now } = this.#core
    let until: Timestamp | null = null
    for (const { symbol } of legs) {
      const one = plain.quietUntil(cursor.pointAt(markets.of(symbol), now), params)
      if (one !== null && (until === null || one > until)) until = one
    }
    return until
  }

  #heldOf({ symbol, side, signalId }: RotationLeg): Position | undefined {
    const position = this.#core.portfolio.positions.get(positionKey(symbol, side))
    return position?.signalId === signalId ? position : undefined
  }

  #end({ from, to }: Rotation, of: Position | null, words: string, code: Code): void {
    this.#running = null
    this.#core.count(code === 'W213' ? 'rotation-stopped' : 'rotated')
    this.#core.event('alert', of, words, { from: from.symbol, to: to.symbol }, null, code)
    this.#core.touchAll()
  }

  // --- what survives

  /** What is too old to matter, or of positions that are no more. */
  #forget({ coinRest }: BoundRotation): void {
    if (this.#begun.length + this.#flagged.size + this.#refused.size === 0) return
    const since = this.#core.now - Math.max(DAY, coinRest)
    if (this.#begun.some(({ at }) => at <= since)) this.#begun = this.#begun.filter(({ at }) => at > since)
    const held = new Set([...this.#core.portfolio.positions.values()].map(({ signalId }) => signalId))
    for (const id of this.#flagged) if (!held.has(id)) this.#flagged.delete(id)
    for (const key of this.#refused.keys()) {
      if (!held.has(key.slice(0, key.lastIndexOf(' ')))) this.#refused.delete(key)
    }
  }

  save(): { readonly rotation: RotationState } {
    return {
      rotation: {
        running: this.#running,
        begun: this.#begun,
        flagged: [...this.#flagged],
        refused: [...this.#refused],
      },
    }
  }

  load({ rotation }: { readonly rotation?: RotationState | undefined }): void {
    if (rotation === undefined) return
    this.#running = rotation.running
    this.#begun = rotation.begun
    this.#flagged = new Set(rotation.flagged)
    this.#refused = new Map(rotation.refused)
  }
}

/** By what an attempt is told from others, and what has refused it; `null`: nothing was tried. */
function triedFor(position: Position): (attempt: Attempt) => readonly [string, string | null] | null {
  return ({ chosen, refused }) =>
    chosen === null ? null : [`${position.signalId} ${chosen.signal.symbol}`, refused]
}

/** What of a position says what it could be exchanged for. */
function exchanged({ strategy, symbol, side, signalId }: Position): Exchanged {
  return { strategy, symbol, side, signalId }
}

/** What exchanges positions; `null` when that is off, or when every signal is traded alone with one fixed value. */
function enabledRotation(core: EngineCore): BoundRotation | null {
  if ((core.settings.guards.sizing?.fixedNotional ?? null) !== null) return null
  for (const plain of ROTATIONS) {
    const { enabled, ...params } = core.settings.strategies[plain.id]
    if (enabled)
      return { plain, ...core.watched({ strategy: plain, params }), coinRest: plain.limits(params).coinRest }
  }
  return null
}
