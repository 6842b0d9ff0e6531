/** From the market to entries at the exchange: scan, score, judge, enter, and what has rested too long is taken back. */
import type { Code } from '../base/codes.ts'
import { DAY, type Timestamp } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import type { House, Proposal, Refusal } from '../guards/guard.ts'
import type { BoundGuard } from '../guards/list.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { formatSteps, formatTicks, toTicks } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import type { PendingEntry } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import { expiryOf, type OrderDesk } from './order-desk.ts'
import { admitScored, boundGuards, compareText, rank, scanSymbol, scoreSignal } from './pipeline.ts'
import type { OrderRequest, Scored } from './protocol.ts'
import type { EngineState } from './state.ts'
import type { SymbolState } from './symbol.ts'

/** Refusals that are told with a code. */
const REFUSAL_CODES: { readonly [gate: string]: Code | undefined } = {
  'one-position': 'I112',
  once: 'I113',
  'stop-price': 'E206',
}

export class Entries {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #gatekeeper: Gatekeeper
  readonly #house: () => House
  readonly #guards: readonly BoundGuard[]
  /** Signals acted on, with the moment their candle stops being the newest. */
  readonly #used = new Map<string, Timestamp>()
  /** A daily candle may have closed since the last scan. After a load that is looked at, and costs one scan at most. */
  #isNews = true
  /** Made and used up within one pass of the heavy cycle, which does not wait in between. */
  #signals: readonly Signal[] = []
  #scored: readonly Scored[] = []

  /** @param house what the guards are shown, as it stands when an entry is judged */
  constructor(core: EngineCore, orders: OrderDesk, gatekeeper: Gatekeeper, house: () => House) {
    this.#core = core
    this.#orders = orders
    this.#gatekeeper = gatekeeper
    this.#house = house
    this.#guards = boundGuards(core.settings)
  }

  /** A daily candle has closed: there is something to scan. */
  candleClosed(): void {
    this.#isNews = true
  }

  /**
   * Limit entries that have lived through one bar of their timeframe are taken back and decided anew; after a halt all of
   * them are, for one that fills would add. Returns their ids: their end is to be waited for.
   */
  expire(): string[] {
    const waiting: string[] = []
    const { isHalted } = this.#gatekeeper
    for (const entry of this.#core.portfolio.pending.values()) {
      if (this.#core.now < expiryOf(entry) && !isHalted) continue
      const stage = this.#orders.cancelling.get(entry.clientOrderId)
      // One whose cancellation was refused is left to the account, which tells whether it still rests.
      if (stage === 'refused' || stage === 'asked') continue
      // One of unknown fate is looked up first.
      if (this.#orders.doubts.isDoubtful(entry.clientOrderId)) continue
      waiting.push(entry.clientOrderId)
      this.#orders.cancelEntry(entry)
    }
    return waiting
  }

  /** Every daily candle is decided on once, in the first heavy cycle after its close and while it is the newest. */
  scan(): void {
    if (!this.#isNews || this.#core.recovery !== null) return
    this.#isNews = false
    const alive = this.#alive()
    // Ranked among all of the day, also those decided on before: a late candle does not widen the universe.
    const chosen = this.#inUniverse(alive).filter(symbol => symbol.decided !== symbol.newestDaily)
    for (const symbol of alive) symbol.decided = symbol.newestDaily
    for (const _ of chosen) this.#core.count('decisions')
    this.#signals = this.#look(chosen)
  }

  /** Scores and ranks what the scan has found. */
  score(): void {
    this.#scored = rank(this.#signals.map(scoreSignal))
    this.#signals = []
  }

  /** Judges what was scored, the best first, and enters what is admitted. */
  enter(): void {
    const scored = this.#scored
    this.#scored = []
    this.#enterAll(scored)
  }

  /** The signals that a decision now would find on the newest closed candles; changes nothing. */
  look(): readonly Signal[] {
    return this.#look(this.watched())
  }

  /** The symbols that a decision now would look at. */
  watched(): readonly SymbolState[] {
    return this.#inUniverse(this.#alive())
  }

  /** Judges signals from outside; answered under `id`. */
  propose(scored: readonly Scored[], id: string | undefined): void {
    const { entered, refused } = this.#enterAll(rank(scored))
    if (id === undefined) return
    const reason = [`${entered} entered, ${refused.length} refused`, ...refused].join('; ')
    this.#core.emit({ type: 'answer', id, ok: entered > 0 || scored.length === 0, reason })
  }

  /** Symbols whose newest daily candle is the newest there can be. */
  #alive(): SymbolState[] {
    const alive: SymbolState[] = []
    for (const symbol of this.#core.markets.all()) {
      if (this.#core.now < symbol.newestDaily + 2 * DAY) alive.push(symbol)
    }
    return alive
  }

  #look(symbols: readonly SymbolState[]): Signal[] {
    const found: Signal[] = []
    for (const symbol of symbols)
      scanSymbol(this.#core.entries, this.#core.cursor, symbol, this.#core.now, found)
    return found
  }

  /** The symbols that daily decisions look at: those of highest turnover, or all. */
  #inUniverse(symbols: readonly SymbolState[]): readonly SymbolState[] {
    const { top } = this.#core.settings.universe
    if (top === 0 || symbols.length <= top) return symbols
    const turnover = new Map(
      symbols.map(one => [one, this.#core.cursor.pointAt(one, this.#core.now).turnover]),
    )
    return [...symbols]
      .sort(
        (a, b) =>
          (turnover.get(b) ?? 0) - (turnover.get(a) ?? 0) ||
          compareText(a.instrument.symbol, b.instrument.symbol),
      )
      .slice(0, top)
  }

  #enterAll(scored: readonly Scored[]): { readonly entered: number; readonly refused: readonly string[] } {
    const refused: string[] = []
    for (const one of scored) {
      const { signal } = one
      this.#core.count(`signals:${signal.strategy}`)
      const verdict = this.#judge(one)
      if ('refused' in verdict) {
        this.#refuse(one, verdict.refused)
        refused.push(`${signal.symbol}: ${verdict.refused.reason}`)
      } else this.#place(verdict.admitted, one)
    }
    return { entered: scored.length - refused.length, refused }
  }

  #judge(one: Scored): { readonly admitted: Proposal } | { readonly refused: Refusal } {
    const { signal } = one
    const entry = this.#core.entries.find(bound => bound.strategy.id === signal.strategy)
    if (entry === undefined) return refusal('strategy', `${signal.strategy} is not switched on`)
    if (!this.#isTradable(signal)) {
      return refusal('instrument', `${signal.symbol} is not traded here, or with another tick or step`)
    }
    if (this.#used.has(signal.id)) return refusal('once', 'this signal has been acted on')
    const { instrument, order, side, stop } = signal
    const from = order.type === 'limit' ? order.price : toTicks(instrument, signal.last, 'nearest')
    if (stop < instrument.minPrice || (from - stop) * sign(side) <= 0) {
      // A stop of nothing or less has no price to be written as.
      const where = stop > 0 ? formatTicks(instrument, stop) : `${stop} ticks`
      return refusal('stop-price', `a stop at ${where} protects nothing`)
    }
    return admitScored(this.#guards, entry.terms, this.#core.settings.universe, one, this.#house())
  }

  /** A signal from outside counts in ticks and steps of its own: they have to be those of the exchange. */
  #isTradable({ symbol, instrument }: Signal): boolean {
    const known = this.#core.markets.find(symbol)?.instrument
    return known !== undefined && known.tick === instrument.tick && known.step === instrument.step
  }

  #refuse(scored: Scored, refusal: Refusal): void {
    const { signal, score } = scored
    this.#core.count(`refused:${refusal.gate}`)
    if (!this.#core.journal) return
    this.#core.emit({ type: 'verdict', scored, verdict: refusal.gate, reason: refusal.reason })
    this.#core.record('refused', {
      code: REFUSAL_CODES[refusal.gate] ?? null,
      symbol: signal.symbol,
      side: signal.side,
      strategy: signal.strategy,
      signalId: signal.id,
      clientOrderId: null,
      reason: `${refusal.gate}: ${refusal.reason}`,
      figures: { gate: refusal.gate, score: score.value, ...refusal.figures },
    })
  }

  #place({ signal, score, entry, steps, margin, sizing, terms }: Proposal, scored: Scored): void {
    for (const [id, until] of this.#used) if (until <= this.#core.now) this.#used.delete(id)
    this.#used.set(signal.id, signal.candleEnd + INTERVAL_MS[signal.timeframe])
    const id = this.#orders.nextId(signal.id, 'entry')
    const { instrument, order } = signal
    const pending: PendingEntry = {
      clientOrderId: id,
      signalId: signal.id,
      strategy: signal.strategy,
      timeframe: signal.timeframe,
      symbol: signal.symbol,
      side: signal.side,
      instrument,
      score: score.value,
      steps,
      price: entry,
      stop: signal.stop,
      target: terms.partialTargets ? null : signal.target,
      leverage: signal.leverage,
      margin,
      candleStart: signal.candleStart,
      sentAt: this.#core.now,
      weekBb: signal.weekBb,
      reason: signal.reason,
    }
    const request: OrderRequest = {
      clientOrderId: id,
      symbol: signal.symbol,
      side: signal.side,
      purpose: 'entry',
      type: order.type,
      price: order.type === 'limit' ? order.price : null,
      steps,
      stop: signal.stop,
      leverage: signal.leverage,
      postOnly: false,
    }
    this.#core.fold({ type: 'entry-sent', entry: pending })
    this.#core.count(`entered:${signal.strategy}`)
    if (signal.atr15m === null) this.#core.count('missing:atr15m')
    if (signal.funding === null) this.#core.count('missing:funding-rate')
    this.#orders.doubts.sent(request, this.#core.now)
    this.#core.emit({ type: 'persist', key: id, order: request, signalId: signal.id })
    if (this.#core.journal)
      this.#core.emit({ type: 'verdict', scored, verdict: 'entered', reason: signal.reason })
    this.#core.event('entered', pending, signal.reason, {
      score: score.value,
      order: order.type,
      price: order.type === 'limit' ? formatTicks(instrument, order.price) : null,
      qty: formatSteps(instrument, steps),
      notional: margin * signal.leverage,
      margin,
      leverage: signal.leverage,
      stop: formatTicks(instrument, signal.stop),
      target: pending.target === null ? null : formatTicks(instrument, pending.target),
      sizing,
    })
    this.#core.emit({ type: 'place', order: request })
    this.#core.schedule.touchAt('heavy', expiryOf(pending))
  }

  save(): Pick<EngineState, 'used'> {
    return { used: [...this.#used] }
  }

  load({ used }: Pick<EngineState, 'used'>): void {
    for (const [id, until] of used) this.#used.set(id, until)
  }
}

function refusal(gate: string, reason: string): { readonly refused: Refusal } {
  return { refused: { gate, reason, figures: {} } }
}
