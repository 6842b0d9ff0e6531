/**
 * The engine: a synchronous, deterministic state machine from inputs to effects. It does no I/O, knows no vendor and
 * no driver, and cannot tell a backtest from the real exchange. Whatever waits is state, never a suspended function,
 * so a run can be cut after any input, saved, loaded and continued.
 */
import { assert, broken, unreachable } from '../base/assert.ts'
import {
  DAY,
  HOUR,
  type Milliseconds,
  type Steps,
  type Ticks,
  type Timestamp,
  type Usdt,
} from '../base/units.ts'
import type { Intent, StopMove } from '../decision/intent.ts'
import type { Signal } from '../decision/signal.ts'
import type { ManagementStrategy } from '../decision/strategy.ts'
import type { Figures, House, Proposal, Refusal } from '../guards/guard.ts'
import type { BoundGuard } from '../guards/list.ts'
import type { Instrument } from '../market/instrument.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { formatSteps, formatTicks } from '../market/quantise.ts'
import { type Side, sign } from '../market/side.ts'
import {
  apply,
  emptyPortfolio,
  equity,
  type Portfolio,
  type PortfolioEvent,
  realisedToday,
} from '../portfolio/portfolio.ts'
import { type PendingEntry, type Position, positionKey, type StopKind } from '../portfolio/position.ts'
import type { ExitReason, Trade } from '../portfolio/trade.ts'
import { type CycleId, HEAVY_MANAGEMENT, SIZING, type StepId, X10_MANAGEMENT } from './cycles.ts'
import { type Gates, nextGates, openGates } from './gates.ts'
import { clientOrderId, type OrderLeg } from './order-id.ts'
import {
  admitScored,
  type BoundEntry,
  boundGuards,
  compareText,
  enabledEntries,
  rank,
  scanSymbol,
  scoreSignal,
} from './pipeline.ts'
import type {
  Account,
  Effect,
  EngineEvent,
  EventKind,
  FillInput,
  Input,
  OrderRequest,
  Scored,
} from './protocol.ts'
import { agrees, drift } from './reconcile.ts'
import { cycleOf, Schedule } from './schedule.ts'
import type { Settings } from './settings.ts'
import type { Cancelling, EngineState, RunningCycle, StopState, WorkingOrder } from './state.ts'
import { Cursor, SymbolState } from './symbol.ts'

const NO_EFFECTS: readonly Effect[] = Object.freeze([])

interface BoundManagement {
  readonly strategy: ManagementStrategy
  readonly params: ManagementStrategy['params']
  readonly cycle: CycleId
  /** Ages at which its answer changes by the passing of time alone. */
  readonly ages: readonly Milliseconds[]
}

/** An execution reported again within this time is known for what it is. */
const FILLS_KEPT: Milliseconds = 2 * DAY

export interface EngineOptions {
  readonly wallet: Usdt
  /** What is held at the start; left out: nothing but the wallet. */
  readonly portfolio?: Portfolio
  /** Events of refused entries and the like are made; decisions are the same without. */
  readonly journal?: boolean
  /** Runs every cycle every period, also where nothing has changed since. Changes no decision. */
  readonly everyCycle?: boolean
}

export class Engine {
  readonly #settings: Settings
  readonly #entries: readonly BoundEntry[]
  readonly #guards: readonly BoundGuard[]
  readonly #management: { readonly [id: string]: BoundManagement | undefined }
  readonly #sizing: House['sizingLayers']
  readonly #journal: boolean
  readonly #cursor: Cursor
  readonly #symbols = new Map<string, SymbolState>()
  #now: Timestamp = 0
  #portfolio: Portfolio
  /** Symbols with a position: only their prices matter between decisions. */
  readonly #held = new Set<string>()
  /** Entries that are to be cancelled, and how far that has come. */
  readonly #cancelling = new Map<string, Cancelling>()
  /** Reduce-only orders at the exchange, by client order id. */
  readonly #orders = new Map<string, WorkingOrder>()
  readonly #stops = new Map<string, StopState>()
  readonly #attempts = new Map<string, number>()
  readonly #cooldowns = new Map<string, Timestamp>()
  /** Executions booked lately, with their time: a stream may tell one twice. */
  readonly #fills = new Map<string, Timestamp>()
  /** Signals acted on, with the moment their candle stops being the newest. */
  readonly #used = new Map<string, Timestamp>()
  #schedule: Schedule
  #running: RunningCycle | null = null
  #sequence = 0
  #gates: Gates
  #drift = ''
  readonly #counts: { [name: string]: number } = {}
  #effects: Effect[] = []
  /** A daily candle may have closed since the last scan. After a load that is looked at, and costs one scan at most. */
  #isNews = true
  /** Made and used up within one pass of the heavy cycle, which does not wait in between. */
  #signals: readonly Signal[] = []
  #scored: readonly Scored[] = []

  constructor(settings: Settings, options: EngineOptions) {
    this.#settings = settings
    this.#entries = enabledEntries(settings)
    this.#guards = boundGuards(settings)
    const management: { [id: string]: BoundManagement | undefined } = {}
    for (const [cycle, strategies] of [
      ['heavy', HEAVY_MANAGEMENT],
      ['x10', X10_MANAGEMENT],
    ] as const) {
      for (const strategy of strategies) {
        const { enabled, ...params } = settings.strategies[strategy.id]
        const ages = strategy.ages?.(params) ?? []
        if (enabled) management[strategy.id] = { strategy, params, cycle, ages }
      }
    }
    this.#management = management
    this.#sizing = SIZING.flatMap(strategy => {
      const { enabled, ...params } = settings.strategies[strategy.id]
      return enabled ? [{ strategy, params }] : []
    })
    this.#journal = options.journal ?? true
    this.#schedule = new Schedule(options.everyCycle ?? false)
    this.#cursor = new Cursor(settings.fees)
    this.#portfolio = options.portfolio ?? emptyPortfolio(options.wallet)
    this.#noteHeld()
    for (const position of this.#portfolio.positions.values()) this.#remember(position)
    this.#gates = openGates(this.#portfolio.wallet)
  }

  /**
   * Takes one input and returns what is to be done about it, in order. The list is the caller's.
   *
   * @throws when an invariant is broken (time goes back, a fill of what is not there): the process has to restart
   */
  step(input: Input): readonly Effect[] {
    if (!(input.at >= this.#now)) broken(`time goes back from ${this.#now} to ${input.at}`)
    this.#now = input.at
    switch (input.type) {
      case 'candle':
        this.#onCandle(input)
        break
      case 'price': {
        const symbol = this.#symbol(input.symbol)
        symbol.price(input.time, input.last, input.mark)
        if (input.low !== undefined && input.high !== undefined)
          this.#ranged(input.symbol, input.low, input.high)
        this.#priced(symbol)
        break
      }
      case 'time':
        this.#schedule.tick(this.#now, this.#running?.cycle ?? null)
        break
      case 'instrument':
        this.#onInstrument(input.instrument)
        break
      case 'funding-rate':
        this.#symbol(input.symbol).funding = input.per8h
        break
      case 'order':
        this.#onOrder(input)
        break
      case 'fill':
        this.#onFill(input)
        break
      case 'stop':
        this.#onStop(input)
        break
      case 'funding':
        this.#onFunding(input)
        break
      case 'account':
        this.#onAccount(input.queryId, input.account)
        break
      case 'query-failed':
        this.#onQueryFailed(input.queryId, input.reason)
        break
      case 'persist-refused':
        this.#onPersistRefused(input.key, input.reason)
        break
      case 'propose':
        this.#enterAll(rank(input.scored))
        break
      default:
        unreachable(input)
    }
    if (this.#running !== null || this.#schedule.isQueued) this.#advance()
    if (this.#effects.length === 0) return NO_EFFECTS
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** Everything the engine knows, as plain data. Between two steps only. */
  save(): EngineState {
    const { wallet, positions, pending, day, dayRealised } = this.#portfolio
    return structuredClone({
      version: 1,
      now: this.#now,
      portfolio: {
        wallet,
        positions: [...positions.values()],
        pending: [...pending.values()],
        day,
        dayRealised,
      },
      symbols: [...this.#symbols.values()].map(symbol => symbol.save()),
      cancelling: [...this.#cancelling],
      orders: [...this.#orders.values()],
      stops: [...this.#stops],
      attempts: [...this.#attempts],
      cooldowns: [...this.#cooldowns],
      fills: [...this.#fills],
      used: [...this.#used],
      schedule: this.#schedule.save(),
      running: this.#running,
      sequence: this.#sequence,
      gates: this.#gates,
      drift: this.#drift,
      counts: this.#counts,
    })
  }

  /** An engine that goes on where `save` was called. */
  static load(settings: Settings, options: EngineOptions, saved: EngineState): Engine {
    const engine = new Engine(settings, options)
    const state = structuredClone(saved)
    const { wallet, positions, pending, day, dayRealised } = state.portfolio
    engine.#portfolio = {
      wallet,
      positions: new Map(positions.map(one => [positionKey(one.symbol, one.side), one])),
      pending: new Map(pending.map(one => [one.clientOrderId, one])),
      day,
      dayRealised,
    }
    engine.#now = state.now
    for (const one of state.symbols) {
      engine.#symbols.set(one.instrument.symbol, SymbolState.load(one, settings.universe))
    }
    for (const [id, stage] of state.cancelling) engine.#cancelling.set(id, stage)
    for (const order of state.orders) engine.#orders.set(order.clientOrderId, order)
    for (const [key, one] of state.stops) engine.#stops.set(key, one)
    for (const [key, one] of state.attempts) engine.#attempts.set(key, one)
    for (const [key, one] of state.cooldowns) engine.#cooldowns.set(key, one)
    for (const [id, time] of state.fills) engine.#fills.set(id, time)
    for (const [key, one] of state.used) engine.#used.set(key, one)
    engine.#schedule = Schedule.load(options.everyCycle ?? false, state.schedule)
    engine.#running = state.running
    engine.#sequence = state.sequence
    engine.#gates = state.gates
    engine.#drift = state.drift
    Object.assign(engine.#counts, state.counts)
    engine.#noteHeld()
    return engine
  }

  /** When the engine wants to be told the time next; `null` before the first `time` input. */
  get wakeAt(): Timestamp | null {
    const at = this.#schedule.wakeAt(this.#running?.cycle ?? null)
    const deadline = this.#running?.waiting?.deadline
    return deadline !== undefined && (at === null || deadline < at) ? deadline : at
  }

  get portfolio(): Portfolio {
    return this.#portfolio
  }

  /** Wallet plus unrealised profit at the present marks. */
  equity(): Usdt {
    return equity(this.#portfolio, symbol => this.#symbol(symbol).mark)
  }

  /** How often what happened: signals, entries, refusals by gate, data that was replaced. */
  get counts(): { readonly [name: string]: number } {
    return this.#counts
  }

  get halted(): boolean {
    return this.#gates.halted
  }

  // --- market -------------------------------------------------------------------------------------------------

  #onInstrument(instrument: Instrument): void {
    const known = this.#symbols.get(instrument.symbol)
    if (known === undefined) {
      this.#symbols.set(instrument.symbol, new SymbolState(instrument, this.#settings.universe))
    } else {
      known.instrument = instrument
    }
  }

  #symbol(name: string): SymbolState {
    const symbol = this.#symbols.get(name)
    if (symbol === undefined) broken(`${name} was never introduced`)
    return symbol
  }

  #onCandle(input: Extract<Input, { readonly type: 'candle' }>): void {
    if (input.interval === '1d') {
      const symbol = this.#symbol(input.symbol)
      symbol.closeDaily(input)
      this.#isNews = true
      this.#touch('heavy')
      this.#priced(symbol)
    } else if (input.interval === '15m') {
      this.#symbol(input.symbol).close15(input)
    }
  }

  /** The price of a symbol has changed: where something is at stake, it is looked at again. */
  #priced(symbol: SymbolState): void {
    const name = symbol.instrument.symbol
    if (!this.#held.has(name)) return
    this.#touchAll()
    this.#ranged(name, symbol.mark, symbol.mark)
  }

  /** Keeps the extremes that a position has seen. */
  #ranged(symbol: string, low: number, high: number): void {
    if (!this.#held.has(symbol)) return
    for (const side of ['long', 'short'] as const) {
      const position = this.#portfolio.positions.get(positionKey(symbol, side))
      if (position === undefined) continue
      if (low < position.lowest) this.#fold({ type: 'price-seen', symbol, side, price: low })
      if (high > position.highest) this.#fold({ type: 'price-seen', symbol, side, price: high })
    }
  }

  // --- time and cycles ----------------------------------------------------------------------------------------

  /** Something a cycle looks at has changed. */
  #touch(id: CycleId): void {
    this.#schedule.touch(id, this.#now)
  }

  #touchAll(): void {
    this.#touch('light')
    this.#touch('heavy')
    this.#touch('x10')
  }

  #advance(): void {
    for (;;) {
      if (this.#running === null) {
        const next = this.#schedule.next()
        if (next === undefined) return
        this.#running = { cycle: next, step: 0, waiting: null }
      }
      const running = this.#running
      const { steps } = cycleOf(running.cycle)
      while (running.step < steps.length) {
        const { id, deadline } = steps[running.step]
        if (running.waiting === null) {
          const waitFor = this.#runStep(id)
          if (waitFor.length > 0) {
            running.waiting = { for: waitFor, deadline: this.#now + deadline }
            return
          }
        } else if (running.waiting.for.length > 0) {
          if (this.#now < running.waiting.deadline) return
          this.#failStep(`no answer within ${deadline / 1000} s`)
        }
        running.waiting = null
        running.step++
      }
      this.#running = null
    }
  }

  #failStep(reason: string): void {
    const running = this.#running
    assert(running !== null, 'a step that fails is running')
    const { id } = cycleOf(running.cycle).steps[running.step]
    // What was left undone is tried again at the cycle's next turn.
    this.#touch(running.cycle)
    this.#count('step-failed')
    this.#event('step-failed', null, `${running.cycle} cycle, ${id}: ${reason}`, {
      cycle: running.cycle,
      step: id,
    })
  }

  /** What a waiting step waits for has come. */
  #arrived(what: string): void {
    const waiting = this.#running?.waiting
    if (waiting === null || waiting === undefined) return
    waiting.for = waiting.for.filter(one => one !== what)
  }

  /** Runs one step; returns the ids it has to wait for. */
  #runStep(id: StepId): string[] {
    switch (id) {
      case 'positions':
        return this.#verifyPositions()
      case 'breakeven':
        this.#manage('partial-tp', true)
        return []
      case 'time-exits':
        this.#timeExits()
        return []
      case 'health':
        this.#health()
        return []
      case 'expire-entries':
        return this.#expireEntries()
      case 'scan':
        this.#scan()
        return []
      case 'score':
        this.#scored = rank(this.#signals.map(scoreSignal))
        this.#signals = []
        return []
      case 'partial-tp':
      case 'trailing-3x':
      case 'trailing-x10':
        this.#manage(id, false)
        return []
      case 'entries': {
        const scored = this.#scored
        this.#scored = []
        this.#enterAll(scored)
        return []
      }
      case 'digest':
        this.#digest()
        return []
      default:
        return unreachable(id)
    }
  }

  // --- light cycle --------------------------------------------------------------------------------------------

  #verifyPositions(): string[] {
    if (this.#portfolio.positions.size === 0 && this.#portfolio.pending.size === 0) return []
    const queryId = `account-${++this.#sequence}`
    this.#effects.push({ type: 'query-account', queryId })
    // Only a reply to a question asked after the doubt arose can settle it.
    for (const [id, stage] of this.#cancelling) if (stage === 'refused') this.#cancelling.set(id, 'asked')
    for (const order of this.#orders.values()) if (order.state === 'doubted') order.state = 'asked'
    return [queryId]
  }

  /** Compares the exchange's account with the books; a difference is recorded once, for as long as it lasts. */
  #onAccount(queryId: string, account: Account): void {
    // Too late: the books have gone on since, and a difference would mean nothing.
    if (this.#running?.waiting?.for.includes(queryId) !== true) return
    this.#arrived(queryId)
    const found = drift(this.#portfolio, account, key => this.#stops.get(key)?.inFlight != null)
    if (found !== '' && found !== this.#drift) {
      this.#count('drift')
      this.#event('drift', null, found, {})
    }
    this.#drift = found
    this.#settleDoubts(account)
  }

  /**
   * A refused cancellation or amendment leaves open whether the order still rests: it may have filled meanwhile. Once
   * books and account agree on the position, an order that does not rest there is gone.
   */
  #settleDoubts(account: Account): void {
    const settled = (symbol: string, side: Side): boolean => agrees(this.#portfolio, account, symbol, side)
    for (const [id, stage] of this.#cancelling) {
      const entry = this.#portfolio.pending.get(id)
      if (stage !== 'asked' || entry === undefined || !settled(entry.symbol, entry.side)) continue
      this.#touch('heavy')
      if (account.orders.includes(id)) this.#cancelling.delete(id)
      else this.#entryGone(entry, 'expired', 'it no longer rests at the exchange')
    }
    for (const order of this.#orders.values()) {
      if (order.state !== 'asked' || !settled(order.symbol, order.side)) continue
      this.#touchAll()
      if (account.orders.includes(order.clientOrderId)) order.state = 'working'
      else this.#orders.delete(order.clientOrderId)
    }
  }

  #onQueryFailed(queryId: string, reason: string): void {
    if (this.#running?.waiting?.for.includes(queryId) !== true) return
    this.#failStep(reason)
    this.#arrived(queryId)
  }

  #timeExits(): void {
    for (const position of this.#portfolio.positions.values()) {
      if (this.#now < this.#closeBy(position)) continue
      if (this.#findOrder(position, 'close') !== undefined) continue
      const hours = ((this.#now - position.openedAt) / HOUR).toFixed(0)
      this.#close(position, `held for ${hours} h, the longest allowed`)
    }
  }

  /** The close of the last bar a position may be held in, the bar of its entry being the first; or its own limit. */
  #closeBy({ openedAt, strategy, timeframe }: Position): Timestamp {
    const bar = INTERVAL_MS[timeframe]
    const bars = Math.floor(openedAt / bar) * bar + this.#settings.maxBars * bar
    const own = this.#entries.find(one => one.strategy.id === strategy)?.terms.maxHold ?? null
    return own === null ? bars : Math.min(bars, openedAt + own)
  }

  #close(position: Position, reason: string): void {
    const id = this.#orderId(position.signalId, 'close')
    this.#event('exiting', position, reason, {}, id)
    this.#placeExit(position, 'close', id, null, position.steps)
  }

  /** Follows equity: keeps the peak, and pauses or halts entries when too much of it is gone. */
  #health(): void {
    const { drawdown, portfolioGates } = this.#settings
    const { gates, changes } = nextGates(
      this.#gates,
      this.equity(),
      this.#now,
      portfolioGates ? drawdown : null,
    )
    for (const { kind, reason, figures } of changes) {
      if (kind !== 'resumed') this.#count(kind)
      if (kind === 'paused') this.#schedule.touchAt('light', gates.pausedUntil)
      this.#event(kind, null, reason, figures)
    }
    this.#gates = gates
  }

  // --- heavy cycle: entries -----------------------------------------------------------------------------------

  /** Limit entries that have lived through one bar of their timeframe are taken back and decided anew. */
  #expireEntries(): string[] {
    const waiting: string[] = []
    for (const entry of this.#portfolio.pending.values()) {
      if (this.#now < expiryOf(entry)) continue
      const stage = this.#cancelling.get(entry.clientOrderId)
      // One whose cancellation was refused is left to the account, which tells whether it still rests.
      if (stage === 'refused' || stage === 'asked') continue
      waiting.push(entry.clientOrderId)
      this.#cancelEntry(entry)
    }
    return waiting
  }

  /** Asking twice does no harm, so a cancellation whose answer never came is asked for again. */
  #cancelEntry({ symbol, clientOrderId: id }: PendingEntry): void {
    this.#cancelling.set(id, 'sent')
    this.#effects.push({ type: 'cancel', symbol, clientOrderId: id })
  }

  /** Every daily candle is decided on once, in the first heavy cycle after its close and while it is the newest. */
  #scan(): void {
    if (!this.#isNews) return
    this.#isNews = false
    const alive = this.#alive()
    // Ranked among all of the day, also those decided on before: a late candle does not widen the universe.
    const chosen = this.#inUniverse(alive).filter(symbol => symbol.decided !== symbol.newestDaily)
    for (const symbol of alive) symbol.decided = symbol.newestDaily
    for (const _ of chosen) this.#count('decisions')
    this.#signals = this.#look(chosen)
  }

  /** The signals that a decision now would find on the newest closed candles; changes nothing. */
  look(): readonly Signal[] {
    return this.#look(this.#inUniverse(this.#alive()))
  }

  /** Symbols whose newest daily candle is the newest there can be. */
  #alive(): SymbolState[] {
    const alive: SymbolState[] = []
    for (const symbol of this.#symbols.values()) {
      if (this.#now < symbol.newestDaily + 2 * DAY) alive.push(symbol)
    }
    return alive
  }

  #look(symbols: readonly SymbolState[]): Signal[] {
    const found: Signal[] = []
    for (const symbol of symbols) scanSymbol(this.#entries, this.#cursor, symbol, this.#now, found)
    return found
  }

  /** The symbols that daily decisions look at: those of highest turnover, or all. */
  #inUniverse(symbols: readonly SymbolState[]): readonly SymbolState[] {
    const { top } = this.#settings.universe
    if (top === 0 || symbols.length <= top) return symbols
    const turnover = new Map(symbols.map(one => [one, this.#cursor.pointAt(one, this.#now).turnover]))
    return [...symbols]
      .sort(
        (a, b) =>
          (turnover.get(b) ?? 0) - (turnover.get(a) ?? 0) ||
          compareText(a.instrument.symbol, b.instrument.symbol),
      )
      .slice(0, top)
  }

  #enterAll(scored: readonly Scored[]): void {
    for (const one of scored) {
      const { signal } = one
      this.#count(`signals:${signal.strategy}`)
      const entry = this.#entries.find(bound => bound.strategy.id === signal.strategy)
      const verdict =
        entry === undefined
          ? refusal('strategy', `${signal.strategy} is not switched on`)
          : !this.#isTradable(signal)
            ? refusal('instrument', `${signal.symbol} is not traded here, or with another tick or step`)
            : this.#used.has(signal.id)
              ? refusal('once', 'this signal has been acted on')
              : admitScored(this.#guards, entry.terms, this.#settings.universe, one, this.#house())
      if ('refused' in verdict) this.#refuse(one, verdict.refused)
      else this.#enter(verdict.admitted)
    }
  }

  /** A signal from outside counts in ticks and steps of its own: they have to be those of the exchange. */
  #isTradable({ symbol, instrument }: Signal): boolean {
    const known = this.#symbols.get(symbol)?.instrument
    return known !== undefined && known.tick === instrument.tick && known.step === instrument.step
  }

  #house(): House {
    const { pausedUntil, pauseReason, halted } = this.#gates
    return {
      now: this.#now,
      portfolio: this.#portfolio,
      equity: this.equity(),
      realisedToday: realisedToday(this.#portfolio, this.#now),
      pausedUntil,
      pauseReason,
      halted,
      cooldowns: this.#cooldowns,
      takerFee: this.#settings.fees.taker,
      sizingLayers: this.#sizing,
    }
  }

  #refuse({ signal, score }: Scored, refusal: Refusal): void {
    this.#count(`refused:${refusal.gate}`)
    if (!this.#journal) return
    this.#record('refused', {
      symbol: signal.symbol,
      side: signal.side,
      strategy: signal.strategy,
      signalId: signal.id,
      clientOrderId: null,
      reason: `${refusal.gate}: ${refusal.reason}`,
      figures: { gate: refusal.gate, score: score.value, ...refusal.figures },
    })
  }

  #enter({ signal, score, entry, steps, margin, sizing, terms }: Proposal): void {
    for (const [id, until] of this.#used) if (until <= this.#now) this.#used.delete(id)
    this.#used.set(signal.id, signal.candleEnd + INTERVAL_MS[signal.timeframe])
    const id = this.#orderId(signal.id, 'entry')
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
      sentAt: this.#now,
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
    this.#fold({ type: 'entry-sent', entry: pending })
    this.#count(`entered:${signal.strategy}`)
    if (signal.atr15m === null) this.#count('missing:atr15m')
    if (signal.funding === null) this.#count('missing:funding-rate')
    this.#effects.push({ type: 'persist', key: id, order: request, signalId: signal.id })
    this.#event('entered', pending, signal.reason, {
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
    this.#effects.push({ type: 'place', order: request })
    this.#schedule.touchAt('heavy', expiryOf(pending))
  }

  // --- managing positions -------------------------------------------------------------------------------------

  /** Asks one management strategy about every position; `stopsOnly` leaves its targets alone. */
  #manage(id: string, stopsOnly: boolean): void {
    const bound = this.#management[id]
    if (bound !== undefined) {
      for (const position of this.#portfolio.positions.values()) this.#ask(bound, position, stopsOnly)
    }
    // All wishes of a cycle for one position are merged; the tightest is sent.
    for (const key of this.#stops.keys()) this.#sendStop(key)
  }

  #ask({ strategy, params }: BoundManagement, position: Position, stopsOnly: boolean): void {
    if (this.#findOrder(position, 'close') !== undefined) return
    const view = this.#cursor.pointAt(this.#symbol(position.symbol), this.#now, position)
    const targets: Extract<Intent, { readonly kind: 'reduce' }>[] = []
    let speaks = false
    for (const intent of strategy.decide(view, params)) {
      switch (intent.kind) {
        case 'move-stop':
          this.#wishStop(position, intent.stop, intent.why, intent.reason)
          break
        case 'reduce':
          speaks = true
          targets.push(intent)
          break
        case 'exit':
          if (!stopsOnly) this.#close(position, intent.reason)
          return
        case 'hold':
        case 'resize':
        case 'enter':
          break
        default:
          unreachable(intent)
      }
    }
    if (speaks && !stopsOnly) this.#syncTargets(position, targets)
  }

  /** Makes the resting targets of a position what the strategy wants, amending in place, never through nothing. */
  #syncTargets(
    position: Position,
    wanted: readonly { readonly leg: 1 | 2; readonly price: Ticks; readonly steps: Steps }[],
  ): void {
    for (const leg of [1, 2] as const) {
      const want = wanted.find(one => one.leg === leg)
      const orderLeg: OrderLeg = leg === 1 ? 'target-1' : 'target-2'
      const order = this.#findOrder(position, orderLeg)
      if (want !== undefined && order === undefined) {
        this.#placeExit(
          position,
          orderLeg,
          this.#orderId(position.signalId, orderLeg),
          want.price,
          want.steps,
        )
      } else if (want !== undefined && order !== undefined) {
        this.#amend(order, want.price, want.steps)
      } else if (order !== undefined && order.state === 'working') {
        order.state = 'cancelling'
        this.#effects.push({ type: 'cancel', symbol: order.symbol, clientOrderId: order.clientOrderId })
      }
    }
  }

  #amend(order: WorkingOrder, price: Ticks, steps: Steps): void {
    if (order.price === price && order.steps === steps) return
    // One amendment at a time: what is wanted meanwhile is decided anew in the next heavy cycle.
    if (order.state !== 'working') return
    order.state = 'amending'
    order.wanted = { price, steps }
    this.#effects.push({
      type: 'amend',
      symbol: order.symbol,
      clientOrderId: order.clientOrderId,
      price,
      steps,
    })
  }

  #placeExit(position: Position, leg: OrderLeg, id: string, price: Ticks | null, steps: Steps): void {
    const { symbol, side, leverage, signalId } = position
    const order: OrderRequest = {
      clientOrderId: id,
      symbol,
      side,
      purpose: 'exit',
      type: price === null ? 'market' : 'limit',
      price,
      steps,
      stop: null,
      leverage,
      postOnly: false,
    }
    this.#orders.set(id, { clientOrderId: id, symbol, side, leg, price, steps, state: 'sent', wanted: null })
    this.#effects.push({ type: 'persist', key: id, order, signalId }, { type: 'place', order })
  }

  #findOrder(position: Position, leg: OrderLeg): WorkingOrder | undefined {
    for (const order of this.#orders.values()) {
      if (order.leg === leg && order.symbol === position.symbol && order.side === position.side) return order
    }
    return undefined
  }

  /** A stop is monotonic, whoever asks: a looser one is never sent. */
  #wishStop(position: Position, stop: Ticks, why: StopMove, reason: string): void {
    const key = positionKey(position.symbol, position.side)
    const state = this.#stops.get(key) ?? { wish: null, inFlight: null }
    const direction = sign(position.side)
    const tightest = state.wish?.stop ?? state.inFlight?.stop ?? position.stop
    if ((stop - tightest) * direction <= 0) return
    this.#stops.set(key, { ...state, wish: { stop, why, reason, requestId: '' } })
  }

  #sendStop(key: string): void {
    const state = this.#stops.get(key)
    const position = this.#portfolio.positions.get(key)
    if (state === undefined || state.wish === null || state.inFlight !== null || position === undefined)
      return
    const requestId = `stop-${++this.#sequence}`
    const { symbol, side } = position
    if (state.wish.why === 'halving') this.#fold({ type: 'halving-sent', symbol, side })
    this.#effects.push({ type: 'set-stop', requestId, symbol, side, stop: state.wish.stop })
    this.#stops.set(key, { wish: null, inFlight: { ...state.wish, requestId } })
  }

  #onStop(input: Extract<Input, { readonly type: 'stop' }>): void {
    for (const [key, state] of this.#stops) {
      const moving = state.inFlight
      if (moving === null || moving.requestId !== input.requestId) continue
      const position = this.#portfolio.positions.get(key)
      if (position === undefined) {
        this.#stops.delete(key)
        return
      }
      const { instrument, symbol, side } = position
      if (input.ok) {
        const kind: StopKind = moving.why === 'breakeven' ? 'breakeven' : 'trailing'
        this.#event('stop-moved', position, moving.reason, {
          from: formatTicks(instrument, position.stop),
          to: formatTicks(instrument, moving.stop),
          why: moving.why,
        })
        this.#fold({ type: 'stop-moved', symbol, side, stop: moving.stop, kind })
        this.#stops.set(key, { wish: state.wish, inFlight: null })
        this.#sendStop(key)
      } else {
        this.#count('stop-failed')
        this.#event('stop-failed', position, input.reason, { wanted: formatTicks(instrument, moving.stop) })
        // The old stop still stands; the wish is sent again in the next cycle, unless a tighter one is there.
        this.#stops.set(key, { wish: state.wish ?? moving, inFlight: null })
        this.#touch('light')
      }
      return
    }
  }

  // --- reports of the exchange --------------------------------------------------------------------------------

  #onOrder(input: Extract<Input, { readonly type: 'order' }>): void {
    const entry = this.#portfolio.pending.get(input.clientOrderId)
    if (entry !== undefined) this.#onEntryOrder(entry, input.status, input.reason)
    const order = this.#orders.get(input.clientOrderId)
    if (order !== undefined) this.#onExitOrder(order, input.status, input.reason)
  }

  #onEntryOrder(
    entry: PendingEntry,
    status: 'accepted' | 'amended' | 'rejected' | 'cancelled',
    reason: string,
  ): void {
    switch (status) {
      case 'accepted':
        this.#rest(entry.strategy, entry.symbol, 'cooldown', this.#now)
        return
      case 'amended':
        return
      case 'rejected':
        if (this.#cancelling.has(entry.clientOrderId)) {
          // Too late to cancel, perhaps because it has just filled: the account tells, nothing is taken for granted.
          this.#cancelling.set(entry.clientOrderId, 'refused')
          this.#arrived(entry.clientOrderId)
          this.#touch('light')
          return
        }
        this.#entryGone(entry, 'rejected', reason)
        return
      case 'cancelled':
        this.#entryGone(entry, 'expired', reason)
        return
      default:
        unreachable(status)
    }
  }

  /** An entry is at the exchange no more; its slot, margin and long share are free again. */
  #entryGone(entry: PendingEntry, how: 'rejected' | 'expired', reason: string): void {
    this.#dropEntry(entry)
    this.#count(how)
    this.#event(how, entry, reason, {}, entry.clientOrderId)
  }

  #dropEntry({ clientOrderId: id, signalId }: PendingEntry): void {
    this.#cancelling.delete(id)
    this.#attempts.delete(`${signalId}|entry`)
    this.#fold({ type: 'entry-gone', clientOrderId: id })
    this.#arrived(id)
  }

  #onExitOrder(
    order: WorkingOrder,
    status: 'accepted' | 'amended' | 'rejected' | 'cancelled',
    reason: string,
  ): void {
    const position = this.#portfolio.positions.get(positionKey(order.symbol, order.side))
    switch (status) {
      case 'accepted':
        if (order.state === 'sent') order.state = 'working'
        if (position !== undefined && order.price !== null) {
          this.#event(
            'targets',
            position,
            `${order.leg} set`,
            this.#orderFigures(order, position),
            order.clientOrderId,
          )
        }
        return
      case 'amended':
        if (order.wanted !== null) {
          order.price = order.wanted.price
          order.steps = order.wanted.steps
          order.wanted = null
        }
        order.state = 'working'
        if (position !== undefined) {
          this.#event(
            'targets',
            position,
            `${order.leg} moved`,
            this.#orderFigures(order, position),
            order.clientOrderId,
          )
        }
        return
      case 'rejected':
      case 'cancelled':
        if (status === 'rejected' && order.state !== 'sent') {
          // What was refused is an amendment or a cancellation; the order may rest on as it was, or have just filled.
          order.state = 'doubted'
          order.wanted = null
        } else {
          this.#orders.delete(order.clientOrderId)
        }
        if (position !== undefined && status === 'rejected') {
          this.#event('rejected', position, reason, {}, order.clientOrderId)
        }
        this.#touchAll()
        return
      default:
        unreachable(status)
    }
  }

  #orderFigures(order: WorkingOrder, position: Position): Figures {
    return {
      leg: order.leg,
      price: order.price === null ? null : formatTicks(position.instrument, order.price),
      qty: formatSteps(position.instrument, order.steps),
    }
  }

  #onFill(fill: FillInput): void {
    if (this.#fills.has(fill.execId)) {
      this.#count('fill-repeated')
      return
    }
    this.#fills.set(fill.execId, this.#now)
    this.#touchAll()
    const entry = fill.clientOrderId === null ? undefined : this.#portfolio.pending.get(fill.clientOrderId)
    if (entry !== undefined) this.#onEntryFill(entry, fill)
    else this.#onExitFill(fill)
  }

  #onEntryFill(entry: PendingEntry, fill: FillInput): void {
    const { symbol, side, instrument } = entry
    this.#fold({
      type: 'entry-filled',
      clientOrderId: entry.clientOrderId,
      time: fill.time,
      price: fill.price,
      steps: fill.steps,
      fee: fill.fee,
      complete: fill.complete,
    })
    if (fill.complete) {
      this.#arrived(entry.clientOrderId)
      this.#cancelling.delete(entry.clientOrderId)
    }
    const position = this.#portfolio.positions.get(positionKey(symbol, side))
    assert(position !== undefined, `${symbol} ${side} is held after its fill`)
    this.#count('filled')
    this.#event(
      'filled',
      position,
      entry.reason,
      {
        price: formatTicks(instrument, fill.price),
        qty: formatSteps(instrument, fill.steps),
        fee: fill.fee,
        liquidity: fill.liquidity,
        time: fill.time,
        stop: formatTicks(instrument, position.stop),
      },
      entry.clientOrderId,
    )
    this.#remember(position)
    this.#target(position)
  }

  /** Notes the moments at which something is due for a position by the passing of time alone. */
  #remember(position: Position): void {
    this.#schedule.touchAt('light', this.#closeBy(position))
    for (const id of Object.keys(this.#management)) {
      const bound = this.#management[id]
      if (bound === undefined) continue
      for (const age of bound.ages) this.#schedule.touchAt(bound.cycle, position.openedAt + age)
    }
  }

  /** Sets the targets of a position: its own, or those of Partial TP. Only after a fill, so that they can reduce. */
  #target(position: Position): void {
    if (position.target === null) {
      const partial = this.#management['partial-tp']
      if (partial !== undefined) this.#ask(partial, position, false)
      for (const key of this.#stops.keys()) this.#sendStop(key)
      return
    }
    const order = this.#findOrder(position, 'target')
    if (order === undefined) {
      const id = this.#orderId(position.signalId, 'target')
      this.#placeExit(position, 'target', id, position.target, position.steps)
    } else {
      this.#amend(order, position.target, position.steps)
    }
  }

  #onExitFill(fill: FillInput): void {
    const key = positionKey(fill.symbol, fill.side)
    const position = this.#portfolio.positions.get(key)
    assert(position !== undefined, `a fill closes ${key}, which is not held`)
    const order = fill.clientOrderId === null ? undefined : this.#orders.get(fill.clientOrderId)
    const reason = exitReason(fill, order, position)
    if (order !== undefined) {
      order.steps = (order.steps - fill.steps) as Steps
      if (fill.complete || order.steps <= 0) this.#orders.delete(order.clientOrderId)
    }
    const trade = this.#fold({
      type: 'exit-filled',
      symbol: fill.symbol,
      side: fill.side,
      time: fill.time,
      price: fill.price,
      steps: fill.steps,
      fee: fill.fee,
      reason,
    })
    const { instrument } = position
    const figures: Figures = {
      price: formatTicks(instrument, fill.price),
      qty: formatSteps(instrument, fill.steps),
      fee: fill.fee,
      liquidity: fill.liquidity,
      time: fill.time,
    }
    if (trade === null) {
      this.#event('reduced', position, reason, figures, fill.clientOrderId)
      const rest = this.#portfolio.positions.get(key)
      assert(rest !== undefined, `${key} is held after a part of it was closed`)
      this.#target(rest)
      return
    }
    this.#event(
      'exited',
      position,
      reason,
      { ...figures, net: trade.net, netPercent: trade.netPercent, fees: trade.fees, funding: trade.funding },
      fill.clientOrderId,
    )
    this.#effects.push({ type: 'trade', trade })
    this.#stops.delete(key)
    for (const one of this.#orders.values()) {
      if (one.symbol === fill.symbol && one.side === fill.side) this.#orders.delete(one.clientOrderId)
    }
    for (const leg of ['entry', 'target', 'target-1', 'target-2', 'close'] as const) {
      this.#attempts.delete(`${position.signalId}|${leg}`)
    }
    // What its entry has left to fill goes with the position: a second one must not grow from the same signal.
    for (const entry of this.#portfolio.pending.values()) {
      if (entry.symbol === fill.symbol && entry.side === fill.side) this.#cancelEntry(entry)
    }
    if (fill.cause === 'stop' || fill.cause === 'liquidation') {
      this.#rest(position.strategy, position.symbol, 'cooldownAfterStop', fill.earliest ?? fill.time)
    } else if (order !== undefined && order.leg !== 'close') {
      this.#rest(position.strategy, position.symbol, 'cooldownAfterTarget', fill.earliest ?? fill.time)
    }
  }

  #onFunding(input: Extract<Input, { readonly type: 'funding' }>): void {
    const { symbol, side, time, amount } = input
    if (!this.#portfolio.positions.has(positionKey(symbol, side))) {
      this.#event(
        'drift',
        null,
        `funding of ${amount.toFixed(4)} USDT for ${symbol} ${side}, which is not held`,
        {},
      )
      return
    }
    this.#fold({ type: 'funding', symbol, side, time, amount })
    this.#touch('light')
  }

  #onPersistRefused(key: string, reason: string): void {
    const entry = this.#portfolio.pending.get(key)
    if (entry !== undefined) {
      this.#dropEntry(entry)
      this.#count('refused:store')
      this.#event('refused', entry, `store: ${reason}`, { gate: 'store' }, key)
      return
    }
    // A reduce-only order goes out without its row: less exposure must never wait for a disk.
    this.#event('rejected', null, `not recorded: ${reason}`, { key })
  }

  /** A strategy rests on a symbol for as long as its terms say. */
  #rest(
    strategy: string,
    symbol: string,
    which: 'cooldown' | 'cooldownAfterStop' | 'cooldownAfterTarget',
    from: Timestamp,
  ): void {
    const terms = this.#entries.find(one => one.strategy.id === strategy)?.terms
    if (terms === undefined || terms[which] === 0) return
    const key = `${strategy}:${symbol}`
    const until = from + terms[which]
    if (until > (this.#cooldowns.get(key) ?? 0)) this.#cooldowns.set(key, until)
  }

  // --- daily cycle --------------------------------------------------------------------------------------------

  #digest(): void {
    for (const [key, until] of this.#cooldowns) if (until <= this.#now) this.#cooldowns.delete(key)
    for (const [id, at] of this.#fills) if (at <= this.#now - FILLS_KEPT) this.#fills.delete(id)
    const { positions, pending, wallet } = this.#portfolio
    this.#record('digest', {
      symbol: null,
      side: null,
      strategy: null,
      signalId: null,
      clientOrderId: null,
      reason: `${positions.size} positions, ${pending.size} pending`,
      figures: { equity: this.equity(), wallet, positions: positions.size, pending: pending.size },
    })
  }

  // --- small parts --------------------------------------------------------------------------------------------

  #fold(event: PortfolioEvent): Trade | null {
    const { portfolio, trade } = apply(this.#portfolio, event)
    this.#portfolio = portfolio
    if (event.type === 'entry-filled' || trade !== null) this.#noteHeld()
    return trade
  }

  #noteHeld(): void {
    this.#held.clear()
    for (const position of this.#portfolio.positions.values()) this.#held.add(position.symbol)
  }

  #orderId(signal: string, leg: OrderLeg): string {
    const key = `${signal}|${leg}`
    const attempt = this.#attempts.get(key) ?? 0
    this.#attempts.set(key, attempt + 1)
    return clientOrderId(signal, leg, attempt)
  }

  #count(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1
  }

  #event(
    kind: EventKind,
    of: Position | PendingEntry | null,
    reason: string,
    figures: Figures,
    order: string | null = null,
  ): void {
    if (!this.#journal) return
    this.#record(kind, {
      symbol: of?.symbol ?? null,
      side: of?.side ?? null,
      strategy: of?.strategy ?? null,
      signalId: of?.signalId ?? null,
      clientOrderId: order ?? of?.clientOrderId ?? null,
      reason,
      figures,
    })
  }

  #record(kind: EventKind, rest: Omit<EngineEvent, 'kind' | 'ts'>): void {
    this.#effects.push({ type: 'event', event: { kind, ts: this.#now, ...rest } })
  }
}

function refusal(gate: string, reason: string): { readonly refused: Refusal } {
  return { refused: { gate, reason, figures: {} } }
}

/** When an entry has lived through the one bar it may rest for: the one after the candle decided on. */
function expiryOf(entry: PendingEntry): Timestamp {
  return entry.candleStart + 2 * INTERVAL_MS[entry.timeframe]
}

/** Which rule closed a part of a position: the stop is named after the rule that placed it. */
function exitReason(fill: FillInput, order: WorkingOrder | undefined, position: Position): ExitReason {
  switch (fill.cause) {
    case 'liquidation':
      return 'liquidation'
    case 'settlement':
      return 'end-of-data'
    case 'stop':
      return position.stopKind === 'initial'
        ? 'stop'
        : position.stopKind === 'breakeven'
          ? 'breakeven-stop'
          : 'trailing-stop'
    case 'order':
      switch (order?.leg) {
        case 'target-1':
          return 'partial-target-1'
        case 'target-2':
          return 'partial-target-2'
        case 'target':
          return 'target'
        default:
          return 'time-exit'
      }
    default:
      return unreachable(fill.cause)
  }
}
