/**
 * The engine: a synchronous, deterministic state machine from inputs to effects. It does no I/O, knows no vendor and
 * no driver, and cannot tell a backtest from the real exchange. Whatever waits is state, never a suspended function,
 * so a run can be cut after any input, saved, loaded and continued.
 */
import { assert, broken, unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import {
  DAY,
  HOUR,
  MINUTE,
  type Milliseconds,
  SECOND,
  type Steps,
  type Ticks,
  type Timestamp,
  type Usdt,
} from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import type { Signal } from '../decision/signal.ts'
import type { ManagementStrategy } from '../decision/strategy.ts'
import type { Block, Figures, House, Proposal, Refusal } from '../guards/guard.ts'
import type { BoundGuard } from '../guards/list.ts'
import type { Instrument } from '../market/instrument.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { formatSteps, formatTicks, toTicks } from '../market/quantise.ts'
import { opposite, type Side, sign } from '../market/side.ts'
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
import type { Books } from './books.ts'
import { CycleClock } from './cycle-clock.ts'
import { type CycleId, HEAVY_MANAGEMENT, SIZING, type StepId, X10_MANAGEMENT } from './cycles.ts'
import { Doubts, foundCode } from './doubts.ts'
import { type Gates, nextGates, openGates, resumedGates } from './gates.ts'
import { clientOrderId, NO_INSTANCE, type OrderLeg, ownerOf } from './order-id.ts'
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
  Execution,
  FillInput,
  FundingInput,
  Input,
  IntentState,
  OrderReport,
  OrderRequest,
  Scored,
} from './protocol.ts'
import { agrees, compare } from './reconcile.ts'
import { cycleOf, Schedule } from './schedule.ts'
import type { Settings } from './settings.ts'
import { type Snapshot, snapshotOf } from './snapshot.ts'
import { OPEN, type Standing } from './standing.ts'
import type {
  Cancelling,
  Doubt,
  EngineState,
  Gone,
  Recovery,
  RunningCycle,
  StopRequest,
  Verification,
  WorkingOrder,
} from './state.ts'
import { StopDesk, type StopVerdict } from './stop-desk.ts'
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

/** An order that has ended is known so long, for an execution that is told late. */
const GONE_KEPT: Milliseconds = HOUR

/** Executions are asked for from so long before the newest known one: they may be told out of order. */
const EXECUTIONS_OVERLAP: Milliseconds = DAY

/** A look at the account after something went wrong, and after a fill. */
const LOOK_AGAIN: Milliseconds = 5 * SECOND
const LOOK_AFTER_FILL: Milliseconds = SECOND

/** A step that fails more often than this, in five minutes or in as many turns, is worth more than a note. */
const MOST_FAILS = 3
const FAILS_WITHIN: Milliseconds = 5 * MINUTE

/** Orders of another bbw seen so often in a row halt entries. */
const RIVAL_SIGHTS = 2

/** Refusals that are told with a code. */
const REFUSAL_CODES: { readonly [gate: string]: Code | undefined } = {
  'one-position': 'I112',
  once: 'I113',
  'stop-price': 'E206',
}

export interface EngineOptions {
  readonly wallet: Usdt
  /** What is held at the start; left out: nothing but the wallet. */
  readonly portfolio?: Portfolio
  /** Events of refused entries and the like are made; decisions are the same without. */
  readonly journal?: boolean
  /** Runs every cycle every period, also where nothing has changed since. Changes no decision. */
  readonly everyCycle?: boolean
  /** Four digits that tell this bbw's orders from those of another one on the same account. */
  readonly instance?: string
  /** Which start of the same books this is: ids of requests are never used twice. */
  readonly incarnation?: number
  /** Milliseconds of a clock of the machine's, to measure cycles for the record. Changes no decision. */
  readonly stopwatch?: () => Milliseconds
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
  readonly #stops: StopDesk
  readonly #doubts: Doubts
  /** Amendments and cancellations without an answer so far, by order, with when they were sent. */
  readonly #asked = new Map<string, Timestamp>()
  readonly #attempts = new Map<string, number>()
  readonly #cooldowns = new Map<string, Timestamp>()
  /** Executions booked lately, with their time: a stream may tell one twice. */
  readonly #fills = new Map<string, Timestamp>()
  /** Orders that ended lately without a whole fill: an execution of one may be told after its end. */
  readonly #gone = new Map<string, Gone>()
  /** Signals acted on, with the moment their candle stops being the newest. */
  readonly #used = new Map<string, Timestamp>()
  #schedule: Schedule
  #running: RunningCycle | null = null
  /** When steps failed lately, by cycle and step. */
  readonly #failures = new Map<string, readonly Timestamp[]>()
  #sequence = 0
  #gates: Gates
  #standing: Standing = OPEN
  #drift = ''
  #driftSince: Timestamp | null = null
  /** Symbols with a position that bbw did not open. */
  readonly #foreign = new Set<string>()
  #rivals = 0
  /** Time of the newest execution booked. */
  #executedAt: Timestamp = 0
  #recovery: Recovery | null = null
  #verification: Verification | null = null
  /** Executions are to be asked for, because the account differs from the books. */
  #isDoubted = false
  /** Counts changes of the books by what the exchange tells. */
  #revision = 0
  #storeTrouble: string | null = null
  #isUnreadable = false
  /** Daily candles decided on, of symbols that have not been introduced again since the restart. */
  readonly #decided = new Map<string, Timestamp>()
  readonly #instance: string
  readonly #incarnation: number
  readonly #clock: CycleClock
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
    this.#instance = options.instance ?? NO_INSTANCE
    this.#incarnation = options.incarnation ?? 0
    this.#clock = new CycleClock(options.stopwatch ?? (() => 0))
    const { answerSeconds, windowSeconds, resends, stopTries } = settings.recovery
    this.#stops = new StopDesk(stopTries)
    this.#doubts = new Doubts({
      answerMs: answerSeconds * SECOND,
      windowMs: windowSeconds * SECOND,
      resends,
    })
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
          this.#ranged(input.symbol, input.low, input.high, input.time)
        this.#priced(symbol)
        break
      }
      case 'time':
        this.#overdue()
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
        if (this.#verification?.accountQuery === input.queryId) this.#verification.account = input.account
        this.#arrived(input.queryId)
        break
      case 'executions':
        if (this.#verification?.executionsQuery === input.queryId) {
          this.#verification.executions = input.executions
        }
        this.#arrived(input.queryId)
        break
      case 'order-found':
        this.#onOrderFound(input.queryId, input.report)
        break
      case 'feed-gap':
        this.#onGap(input.reason)
        break
      case 'store':
        this.#onStore(input.ok, input.reason, input.code)
        break
      case 'command':
        this.#onCommand(input)
        break
      case 'query-failed':
        this.#onQueryFailed(input.queryId, input.reason)
        break
      case 'persist-refused':
        this.#onPersistRefused(input.key, input.reason, input.code)
        break
      case 'propose':
        this.#onPropose(input.scored, input.id)
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
      stops: this.#stops.entries(),
      attempts: [...this.#attempts],
      cooldowns: [...this.#cooldowns],
      fills: [...this.#fills],
      gone: [...this.#gone],
      used: [...this.#used],
      schedule: this.#schedule.save(),
      running: this.#running,
      failures: [...this.#failures],
      sequence: this.#sequence,
      gates: this.#gates,
      drift: this.#drift,
      driftSince: this.#driftSince,
      standing: this.#standing,
      doubts: this.#doubts.entries(),
      asked: [...this.#asked],
      foreign: [...this.#foreign],
      rivals: this.#rivals,
      executedAt: this.#executedAt,
      recovery: this.#recovery,
      verification: this.#verification,
      storeTrouble: this.#storeTrouble,
      isUnreadable: this.#isUnreadable,
      isDoubted: this.#isDoubted,
      revision: this.#revision,
      decided: [...this.#decided],
      counts: this.#counts,
    })
  }

  /** What has to survive the process. Between two steps only; the parts are shared with the engine, not copies. */
  books(): Books {
    const { wallet, positions, pending, day, dayRealised } = this.#portfolio
    const decided = new Map(this.#decided)
    for (const [name, symbol] of this.#symbols) if (symbol.decided >= 0) decided.set(name, symbol.decided)
    return {
      ledger: {
        version: 1,
        wallet,
        day,
        dayRealised,
        gates: this.#gates,
        standing: this.#standing,
        executedAt: this.#executedAt,
        attempts: [...this.#attempts],
        fills: [...this.#fills],
        gone: [...this.#gone],
        used: [...this.#used],
        decided: [...decided],
        foreign: [...this.#foreign],
      },
      positions: [...positions].map(([key, position]) => ({ position, stop: this.#stops.of(key) })),
      orders: [
        ...[...pending.values()].map(entry => ({
          kind: 'entry' as const,
          entry,
          cancelling: this.#cancelling.get(entry.clientOrderId) ?? null,
          doubt: this.#doubts.get(entry.clientOrderId),
        })),
        ...[...this.#orders.values()].map(order => ({
          kind: 'exit' as const,
          order,
          doubt: this.#doubts.get(order.clientOrderId),
        })),
      ],
      cooldowns: [...this.#cooldowns],
      counts: this.#counts,
    }
  }

  /**
   * An engine that starts on the books of an earlier one. It compares them with the exchange before it adds anything:
   * whatever was on its way is looked up, and what was missed is asked for.
   */
  static resume(settings: Settings, options: EngineOptions, saved: Books): Engine {
    const { ledger, positions, orders, cooldowns, counts } = structuredClone(saved)
    const engine = new Engine(settings, options)
    const entries = orders.flatMap(order => (order.kind === 'entry' ? [order] : []))
    engine.#portfolio = {
      wallet: ledger.wallet,
      positions: new Map(
        positions.map(({ position }) => [positionKey(position.symbol, position.side), position]),
      ),
      pending: new Map(entries.map(({ entry }) => [entry.clientOrderId, entry])),
      day: ledger.day,
      dayRealised: ledger.dayRealised,
    }
    engine.#gates = ledger.gates
    engine.#standing = ledger.standing
    engine.#executedAt = ledger.executedAt
    for (const [key, one] of ledger.attempts) engine.#attempts.set(key, one)
    for (const [id, time] of ledger.fills) engine.#fills.set(id, time)
    for (const [id, one] of ledger.gone ?? []) engine.#gone.set(id, one)
    for (const [key, one] of ledger.used) engine.#used.set(key, one)
    for (const [key, one] of cooldowns) engine.#cooldowns.set(key, one)
    for (const [symbol, start] of ledger.decided) engine.#decided.set(symbol, start)
    for (const symbol of ledger.foreign) engine.#foreign.add(symbol)
    for (const { position, stop } of positions) {
      if (stop !== null) engine.#stops.load(positionKey(position.symbol, position.side), stop)
      engine.#onInstrument(position.instrument)
    }
    for (const { entry, cancelling, doubt } of entries) {
      // A cancellation on its way may have arrived or not: the account tells.
      if (cancelling !== null) engine.#cancelling.set(entry.clientOrderId, 'refused')
      if (doubt !== null) engine.#doubts.load(entry.clientOrderId, doubt)
      engine.#onInstrument(entry.instrument)
      engine.#schedule.touchAt('heavy', expiryOf(entry))
    }
    for (const booked of orders) {
      if (booked.kind !== 'exit') continue
      const { order, doubt } = booked
      const isMoving = order.state !== 'sent' && order.state !== 'working'
      engine.#orders.set(order.clientOrderId, isMoving ? { ...order, state: 'doubted', wanted: null } : order)
      if (doubt !== null) engine.#doubts.load(order.clientOrderId, doubt)
    }
    engine.#stops.doubtAll()
    engine.#doubts.doubtAll()
    Object.assign(engine.#counts, counts)
    engine.#recovery = { cause: 'restart', since: 0, found: 0 }
    engine.#schedule.hurry('light', 0)
    if (ledger.gates.pausedUntil > 0) engine.#schedule.touchAt('light', ledger.gates.pausedUntil)
    for (const position of engine.#portfolio.positions.values()) engine.#remember(position)
    engine.#noteHeld()
    return engine
  }

  /** What a person sees of the engine at present. */
  snapshot(): Snapshot {
    return snapshotOf({
      house: this.#house(),
      settings: this.#settings,
      gates: this.#gates,
      standing: this.#standing,
      drift: this.#drift,
      isRecovering: this.#recovery !== null,
      markOf: symbol => this.#symbol(symbol).mark,
      isProtected: key => this.#stops.isProtected(key),
      isUnknown: id => this.#doubts.isDoubtful(id),
      orders: this.#orders.values(),
      cycles: this.#clock.snapshot(this.#schedule),
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
    for (const [key, one] of state.stops) engine.#stops.load(key, one)
    for (const [id, one] of state.doubts) engine.#doubts.load(id, one)
    for (const [id, at] of state.asked) engine.#asked.set(id, at)
    for (const symbol of state.foreign) engine.#foreign.add(symbol)
    for (const [key, one] of state.attempts) engine.#attempts.set(key, one)
    for (const [key, one] of state.cooldowns) engine.#cooldowns.set(key, one)
    for (const [id, time] of state.fills) engine.#fills.set(id, time)
    for (const [id, one] of state.gone) engine.#gone.set(id, one)
    for (const [key, one] of state.used) engine.#used.set(key, one)
    engine.#schedule = Schedule.load(options.everyCycle ?? false, state.schedule)
    engine.#running = state.running
    for (const [key, times] of state.failures) engine.#failures.set(key, times)
    engine.#sequence = state.sequence
    engine.#gates = state.gates
    engine.#drift = state.drift
    engine.#driftSince = state.driftSince
    engine.#standing = state.standing
    engine.#rivals = state.rivals
    engine.#executedAt = state.executedAt
    engine.#recovery = state.recovery
    engine.#verification = state.verification
    engine.#storeTrouble = state.storeTrouble
    engine.#isUnreadable = state.isUnreadable
    engine.#isDoubted = state.isDoubted
    engine.#revision = state.revision
    for (const [symbol, start] of state.decided) engine.#decided.set(symbol, start)
    Object.assign(engine.#counts, state.counts)
    engine.#noteHeld()
    return engine
  }

  /** When the engine wants to be told the time next; `null` before the first `time` input. */
  get wakeAt(): Timestamp | null {
    const at = this.#schedule.wakeAt(this.#running?.cycle ?? null)
    return earliest(earliest(at, this.#running?.waiting?.deadline ?? null), this.#answerDue())
  }

  /** When the first of the answers awaited is overdue. */
  #answerDue(): Timestamp | null {
    const answerMs = this.#settings.recovery.answerSeconds * SECOND
    let due = earliest(this.#doubts.answerDue(), this.#stops.answerDue(answerMs))
    for (const at of this.#asked.values()) due = earliest(due, at + answerMs)
    return due
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
    return this.#gates.halted || this.#standing.halted !== null
  }

  // --- market -------------------------------------------------------------------------------------------------

  #onInstrument(instrument: Instrument): void {
    const known = this.#symbols.get(instrument.symbol)
    if (known === undefined) {
      const symbol = new SymbolState(instrument, this.#settings.universe)
      symbol.decided = this.#decided.get(instrument.symbol) ?? symbol.decided
      this.#decided.delete(instrument.symbol)
      this.#symbols.set(instrument.symbol, symbol)
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
    this.#ranged(name, symbol.mark, symbol.mark, symbol.lastAt)
  }

  /** Keeps the extremes that a position has seen; what was before it, and is told again after a restart, it has not. */
  #ranged(symbol: string, low: number, high: number, time: Timestamp): void {
    if (!this.#held.has(symbol)) return
    for (const side of ['long', 'short'] as const) {
      const position = this.#portfolio.positions.get(positionKey(symbol, side))
      if (position === undefined || time <= position.openedAt) continue
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
        this.#clock.begin(next, this.#now)
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
      this.#clock.end(running.cycle)
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
    this.#clock.fail(running.cycle, `${id}: ${reason}`)
    const isOften = this.#failsOften(running.cycle, id)
    this.#event(
      'step-failed',
      null,
      `${running.cycle} cycle, ${id}: ${reason}${isOften ? ', again and again' : ''}`,
      { cycle: running.cycle, step: id },
      null,
      isOften ? 'W711' : null,
    )
  }

  /** Notes that a step has failed; true each time that it has done so too often. */
  #failsOften(cycle: CycleId, step: StepId): boolean {
    const key = `${cycle}:${step}`
    const since = this.#now - Math.max(FAILS_WITHIN, (MOST_FAILS + 1) * cycleOf(cycle).period)
    const times = [...(this.#failures.get(key) ?? []).filter(at => at > since), this.#now]
    const isOften = times.length > MOST_FAILS
    // Said once, and once more when it has come to that again.
    this.#failures.set(key, isOften ? [] : times)
    return isOften
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
        return this.#verify()
      case 'reconcile':
        this.#reconcile()
        return []
      case 'protect':
        this.#protect()
        return []
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

  /** Asks the exchange what is there, and after everything whose fate is unknown. */
  #verify(): string[] {
    const { positions, pending } = this.#portfolio
    const isThorough = this.#recovery !== null || this.#drift !== '' || this.#isDoubted || this.#doubts.isAny
    const isIdle =
      positions.size === 0 && pending.size === 0 && this.#orders.size === 0 && this.#foreign.size === 0
    if (isIdle && !isThorough && !this.#isUnreadable && this.#rivals === 0) return []
    const executionsQuery = isThorough ? this.#requestId('executions') : null
    const orderQueries = this.#doubts.doubtful().map(id => [this.#requestId('order'), id] as const)
    const accountQuery = this.#requestId('account')
    if (executionsQuery !== null) {
      const since = Math.max(0, this.#executedAt - EXECUTIONS_OVERLAP)
      this.#effects.push({ type: 'query-executions', queryId: executionsQuery, since })
    }
    for (const [queryId, clientOrderId] of orderQueries) {
      const symbol = this.#symbolOf(clientOrderId)
      this.#effects.push({ type: 'query-order', queryId, symbol, clientOrderId })
    }
    this.#effects.push({ type: 'query-account', queryId: accountQuery })
    // Only a reply to a question asked after the doubt arose can settle it.
    for (const [id, stage] of this.#cancelling) if (stage === 'refused') this.#cancelling.set(id, 'asked')
    for (const order of this.#orders.values()) if (order.state === 'doubted') order.state = 'asked'
    this.#isDoubted = false
    this.#verification = {
      accountQuery,
      executionsQuery,
      orderQueries,
      account: null,
      executions: null,
      reports: [],
      revision: this.#revision,
    }
    const asked = [accountQuery, ...orderQueries.map(([queryId]) => queryId)]
    return executionsQuery === null ? asked : [...asked, executionsQuery]
  }

  #requestId(what: string): string {
    return `${what}-${this.#incarnation}-${++this.#sequence}`
  }

  #symbolOf(clientOrderId: string): string {
    const order = this.#portfolio.pending.get(clientOrderId) ?? this.#orders.get(clientOrderId)
    assert(order !== undefined, `${clientOrderId} is in the books`)
    return order.symbol
  }

  #onOrderFound(queryId: string, report: OrderReport): void {
    const isAsked = this.#verification?.orderQueries.some(([id]) => id === queryId) === true
    if (isAsked) this.#verification?.reports.push(report)
    this.#arrived(queryId)
  }

  /** Compares what the exchange has answered with the books, and sets right what can be. */
  #reconcile(): void {
    const found = this.#verification
    this.#verification = null
    if (found === null) return
    const { account, executions, reports, executionsQuery, orderQueries } = found
    const isWhole =
      account !== null &&
      (executionsQuery === null || executions !== null) &&
      reports.length === orderQueries.length
    if (!isWhole) {
      this.#onUnreadable()
      return
    }
    this.#isUnreadable = false
    const isOld = found.revision !== this.#revision
    let booked = 0
    for (const execution of executions ?? []) if (this.#missed(execution)) booked++
    for (const report of reports) this.#onReport(report)
    if (this.#recovery !== null) this.#recovery = { ...this.#recovery, found: this.#recovery.found + booked }
    this.#settleDoubts(account)
    if (isOld || booked > 0) {
      // The account was read before the books took this up: it is compared when it has been read again.
      this.#isDoubted ||= booked > 0
      this.#schedule.hurry('light', this.#now)
      return
    }
    this.#compare(account, executions !== null)
  }

  #onUnreadable(): void {
    if (!this.#isUnreadable) {
      this.#event('store', null, 'the account could not be read; what is known stays', {}, null, 'W308')
    }
    this.#isUnreadable = true
    this.#schedule.hurry('light', this.#now + LOOK_AGAIN)
  }

  #compare(account: Account, isThorough: boolean): void {
    const booked = new Set<string>()
    const known = new Set<string>()
    for (const id of this.#portfolio.pending.keys()) {
      known.add(id)
      if (this.#doubts.get(id) === null && !this.#cancelling.has(id)) booked.add(id)
    }
    for (const [id, { state }] of this.#orders) {
      known.add(id)
      if (state === 'working') booked.add(id)
    }
    const found = compare(this.#portfolio, account, booked, known, this.#instance)
    this.#noteRivals(found.rivals.map(order => order.clientOrderId))
    for (const { clientOrderId: id, symbol, side, purpose } of found.orphans) {
      if (this.#asked.has(id)) continue
      this.#asked.set(id, this.#now)
      this.#note(
        'reconciled',
        `${symbol} ${side} ${purpose}: nothing needs this order; cancelled`,
        id,
        'I211',
      )
      this.#effects.push({ type: 'cancel', symbol, clientOrderId: id })
    }
    for (const id of found.missing) {
      this.#doubts.raise(id, 'missing', this.#now)
      this.#schedule.hurry('light', this.#now)
    }
    // What the account has and the books have not may be a fill of bbw's that is still to be told.
    const isStrange = found.foreign.some(one => !this.#foreign.has(one.symbol))
    const differs = found.differences.length > 0 || found.walletDiffers || isStrange
    if (differs && !isThorough) {
      // Something may have happened that was never told: it is asked for before anything is concluded.
      this.#isDoubted = true
      this.#schedule.hurry('light', this.#now)
      return
    }
    this.#noteForeign(found.foreign)
    if (found.walletDiffers && found.differences.length === 0 && !this.#doubts.isAny)
      this.#takeWallet(account.wallet)
    this.#noteDrift(found.differences.join('; '))
    for (const position of this.#portfolio.positions.values()) {
      const there = account.positions.find(
        one => one.symbol === position.symbol && one.side === position.side,
      )
      if (there !== undefined) this.#readStop(position, there.stop)
    }
    if (found.differences.length === 0 && found.missing.length === 0 && !this.#doubts.isAny) this.#recovered()
  }

  /** Money that came or went by something else than bbw's trades; the exchange is right. */
  #takeWallet(wallet: Usdt): void {
    const before = this.#portfolio.wallet
    const reason = `wallet ${wallet.toFixed(2)} at the exchange, in the books ${before.toFixed(2)}: taken over`
    this.#event('drift', null, reason, { wallet, before }, null, 'W309')
    this.#fold({ type: 'wallet-set', wallet })
  }

  /** A difference is recorded once, for as long as it lasts; when it lasts too long, entries are halted. */
  #noteDrift(found: string): void {
    if (found === '') {
      if (this.#drift !== '') this.#note('reconciled', 'books and exchange agree again', null, null)
      this.#drift = ''
      this.#driftSince = null
      return
    }
    if (found !== this.#drift) {
      this.#count('drift')
      this.#event('drift', null, found, {}, null, 'W309')
    }
    this.#drift = found
    this.#driftSince ??= this.#now
    const { haltSeconds } = this.#settings.recovery
    const left = this.#driftSince + haltSeconds * SECOND - this.#now
    if (left > 0) this.#schedule.hurry('light', this.#now + Math.min(LOOK_AGAIN, left))
    else {
      this.#schedule.hurry('light', this.#now + LOOK_AGAIN * 6)
      this.#halt('bbw', `books and exchange differ for ${haltSeconds} s: ${found}`, 'C310')
    }
  }

  #noteForeign(found: readonly { readonly symbol: string; readonly side: Side }[]): void {
    const symbols = new Set(found.map(one => one.symbol))
    for (const { symbol, side } of found) {
      if (this.#foreign.has(symbol)) continue
      this.#foreign.add(symbol)
      const reason = `${symbol} ${side} was not opened by bbw: it is left alone, no entry on ${symbol}`
      this.#note('foreign', reason, null, 'W303')
    }
    for (const symbol of this.#foreign) {
      if (symbols.has(symbol)) continue
      this.#foreign.delete(symbol)
      this.#note('reconciled', `${symbol} is free again: the position of somebody else is gone`, null, null)
    }
  }

  #noteRivals(ids: readonly string[]): void {
    if (ids.length === 0) {
      this.#rivals = 0
      return
    }
    this.#rivals++
    const reason = `another bbw has orders on this account: ${ids.slice(0, 3).join(', ')}`
    if (this.#rivals === 1) this.#note('foreign', `${reason}; no entries`, null, 'C305')
    if (this.#rivals >= RIVAL_SIGHTS) this.#halt('bbw', reason, 'C305')
    else this.#schedule.hurry('light', this.#now + LOOK_AGAIN)
  }

  #halt(by: string, reason: string, code: Code): void {
    if (this.#standing.halted !== null) return
    this.#standing = { ...this.#standing, halted: { at: this.#now, by, reason } }
    this.#count('halted')
    this.#event('halted', null, reason, { by }, null, code)
  }

  /** Books and exchange agree, and nothing is of unknown fate. */
  #recovered(): void {
    const recovery = this.#recovery
    if (recovery === null) return
    this.#recovery = null
    // What was to be decided meanwhile is decided now.
    this.#touch('heavy')
    const { positions, pending } = this.#portfolio
    const figures = { found: recovery.found, positions: positions.size, pending: pending.size }
    if (recovery.cause === 'gap')
      this.#note('reconciled', 'compared with the exchange after a gap', null, null)
    else {
      const reason = `${positions.size} positions and ${pending.size} entries as at the exchange`
      this.#event('recovered', null, reason, figures, null, 'I705')
    }
  }

  #onGap(reason: string): void {
    if (this.#recovery === null) this.#recovery = { cause: 'gap', since: this.#now, found: 0 }
    this.#note('drift', reason, null, null)
    this.#schedule.hurry('light', this.#now)
  }

  /** Books an execution that was never told; false for one that is known, or was somebody else's. */
  #missed(execution: Execution): boolean {
    if (execution.type === 'funding') return this.#missedFunding(execution)
    if (this.#fills.has(execution.execId)) return false
    const { symbol, side, execId, steps, time } = execution
    const isOurs = this.#isBooked(execution)
    this.#onFill(execution)
    if (!isOurs) {
      this.#onUnknownOwn(execution.clientOrderId)
      return false
    }
    this.#count('fill-missed')
    const reason = `${execution.cause} of ${steps} steps was never told; booked`
    this.#event('looked-up', null, reason, { symbol, side, execId, time }, execution.clientOrderId, 'I301')
    return true
  }

  #missedFunding(funding: FundingInput): boolean {
    const { symbol, side, time } = funding
    const position = this.#portfolio.positions.get(positionKey(symbol, side))
    if (this.#fills.has(fundingId(funding)) || position === undefined || time <= position.openedAt)
      return false
    this.#onFunding(funding)
    this.#count('fill-missed')
    const reason = `funding of ${funding.amount.toFixed(4)} USDT was never told; booked`
    this.#event('looked-up', position, reason, { time }, null, 'I301')
    return true
  }

  /** After a restart: an order of this very bbw that its books have never seen means that newer books were lost. */
  #onUnknownOwn(id: string | null): void {
    if (this.#recovery?.cause !== 'restart' || id === null || this.#instance === NO_INSTANCE) return
    if (ownerOf(id, this.#instance) !== 'own') return
    const reason = `the books are older than the last run: order ${id} of this bbw has filled and they do not know it`
    this.#halt('bbw', reason, 'C807')
  }

  /** Whether an execution belongs to something in the books. */
  #isBooked({ clientOrderId: id, symbol, side }: FillInput): boolean {
    const { pending } = this.#portfolio
    if (id !== null && (pending.has(id) || this.#gone.has(id) || this.#orders.has(id))) return true
    return this.#portfolio.positions.has(positionKey(symbol, side))
  }

  // --- orders of unknown fate ---------------------------------------------------------------------------------

  /** Answers that are overdue make what they were to answer doubtful. */
  #overdue(): void {
    const due = this.#answerDue()
    if (due === null || this.#now < due) return
    const answerMs = this.#settings.recovery.answerSeconds * SECOND
    for (const id of this.#doubts.overdue(this.#now)) this.#unknown(id, 'no answer in time', 'E105')
    this.#stops.overdue(this.#now, answerMs)
    for (const [id, at] of this.#asked) if (this.#now >= at + answerMs) this.#askedInVain(id)
    this.#schedule.hurry('light', this.#now)
  }

  /** Nothing says whether an amendment or a cancellation took effect. */
  #askedInVain(id: string): void {
    this.#asked.delete(id)
    if (this.#cancelling.has(id)) this.#cancelling.set(id, 'refused')
    const order = this.#orders.get(id)
    if (order !== undefined && (order.state === 'amending' || order.state === 'cancelling')) {
      order.state = 'doubted'
      order.wanted = null
    }
    this.#schedule.hurry('light', this.#now)
  }

  #unknown(id: string, reason: string, code: Code): void {
    this.#count('unknown')
    this.#outcome(id, 'unknown', reason)
    const of = this.#portfolio.pending.get(id) ?? null
    const words = `${reason}: looked up before anything else`
    if (of === null) this.#note('unknown', words, id, code)
    else this.#event('unknown', of, words, {}, id, code)
    this.#schedule.hurry('light', this.#now)
  }

  /** What a look-up has said of an order of unknown fate. */
  #onReport({ clientOrderId: id, state, reason }: OrderReport): void {
    const doubt = this.#doubts.get(id)
    const entry = this.#portfolio.pending.get(id)
    const order = this.#orders.get(id)
    if (doubt === null || (entry === undefined && order === undefined)) {
      this.#doubts.settle(id)
      return
    }
    switch (state) {
      case 'resting':
        this.#found(id, doubt, 'rests at the exchange')
        if (entry !== undefined) this.#rest(entry.strategy, entry.symbol, 'cooldown', this.#now)
        if (order !== undefined && order.state === 'sent') order.state = 'working'
        this.#outcome(id, 'open', '')
        return
      case 'filled':
        // Its executions are booked before this; what they leave is still on its way to the records.
        this.#schedule.hurry('light', this.#now + LOOK_AFTER_FILL)
        return
      case 'cancelled':
      case 'rejected':
        this.#doubts.settle(id)
        if (entry !== undefined) {
          const isOutside = doubt.cause === 'missing' && !this.#cancelling.has(id)
          const code = isOutside ? 'W208' : state === 'rejected' ? 'W110' : null
          this.#entryGone(entry, state === 'rejected' ? 'rejected' : 'expired', reason, code)
        }
        if (order !== undefined) {
          // What the market did not take of an order at the market is cancelled by the exchange itself.
          const isOutside = doubt.cause === 'missing' && order.price !== null
          this.#orderGone(order, isOutside ? 'W208' : null, reason)
        }
        return
      case 'absent':
        this.#onAbsent(id, doubt, entry, order)
        return
      default:
        unreachable(state)
    }
  }

  #found(id: string, doubt: Doubt, what: string): void {
    this.#doubts.settle(id)
    if (doubt.cause === 'sent') return
    this.#count('found')
    this.#note('looked-up', `the order ${what}; taken over`, id, foundCode(doubt))
    if (this.#recovery !== null) this.#recovery = { ...this.#recovery, found: this.#recovery.found + 1 }
  }

  #onAbsent(
    id: string,
    doubt: Doubt,
    entry: PendingEntry | undefined,
    order: WorkingOrder | undefined,
  ): void {
    const isWanted = entry !== undefined && !this.#cancelling.has(id) && this.#now < expiryOf(entry)
    const verdict = this.#doubts.absent(id, this.#now, isWanted)
    switch (verdict.kind) {
      case 'wait':
        this.#schedule.hurry('light', verdict.until)
        return
      case 'resend':
        this.#note('resent', 'it never reached the exchange; sent again under the same id', id, 'E102')
        this.#count('resent')
        this.#effects.push({ type: 'place', order: verdict.request })
        this.#doubts.sent(verdict.request, this.#now)
        return
      case 'gone': {
        this.#doubts.settle(id)
        const words = 'it never reached the exchange; dropped'
        const code = doubt.cause === 'missing' ? 'W208' : doubt.cause === 'restart' ? 'I107' : 'E102'
        if (entry !== undefined) this.#entryGone(entry, 'expired', words, code)
        if (order !== undefined) this.#orderGone(order, code, words)
        return
      }
      default:
        unreachable(verdict)
    }
  }

  /** A reduce-only order is at the exchange no more, without having filled; what it was for is asked anew. */
  #orderGone(order: WorkingOrder, code: Code | null, reason: string): void {
    const { clientOrderId: id, symbol, side, leg } = order
    this.#forgetOrder(order)
    this.#outcome(id, 'dropped', reason)
    const position = this.#portfolio.positions.get(positionKey(symbol, side))
    if (code !== null && position !== undefined) {
      this.#event('looked-up', position, `${leg}: ${reason}`, {}, id, code)
    }
    this.#touchAll()
    if (position !== undefined && leg !== 'close') this.#target(position)
  }

  // --- stops --------------------------------------------------------------------------------------------------

  #readStop(position: Position, shown: Ticks | null): void {
    const key = positionKey(position.symbol, position.side)
    const inFlight = this.#stops.of(key).inFlight
    const verdict = this.#stops.readBack(position, shown, this.#now)
    if (verdict !== null) this.#onStopVerdict(key, position, verdict, 'no answer', inFlight)
  }

  /** Sets missing stops again, and closes what cannot be protected. */
  #protect(): void {
    for (const key of this.#stops.wishes(this.#now)) this.#sendStop(key)
    for (const [key, { closing }] of this.#stops.entries()) {
      const position = this.#portfolio.positions.get(key)
      if (closing === null || position === undefined) continue
      if (this.#findOrder(position, 'close') === undefined) this.#close(position, closing)
    }
  }

  #closeNow(position: Position, reason: string, code: Code): void {
    const key = positionKey(position.symbol, position.side)
    this.#stops.close(key, reason)
    this.#count('emergency-close')
    if (this.#findOrder(position, 'close') === undefined) this.#close(position, reason, code)
  }

  #onStopVerdict(
    key: string,
    position: Position,
    verdict: StopVerdict,
    reason: string,
    asked: StopRequest | null,
  ): void {
    const { symbol, side, instrument } = position
    switch (verdict.kind) {
      case 'moved':
        this.#stopMoved(position, verdict.request)
        break
      case 'restored': {
        const seconds = ((this.#now - verdict.missingSince) / SECOND).toFixed(1)
        const stop = formatTicks(instrument, verdict.request.stop)
        // Of a position that is being closed the stop has fired, or could not be set: that was said.
        const isClosing = this.#stops.of(key).closing !== null
        const code = isClosing ? null : verdict.wasSeen ? 'W207' : 'C201'
        this.#event('stop-restored', position, `set again after ${seconds} s`, { stop }, null, code)
        if (verdict.request.stop !== position.stop) this.#stopMoved(position, verdict.request)
        break
      }
      case 'failed':
        this.#count('stop-failed')
        if (asked === null) {
          const wanted = formatTicks(instrument, verdict.request.stop)
          this.#event('stop-failed', position, reason, { wanted })
        } else if (asked.doubt === 'restart') {
          this.#event('stop-failed', position, 'the old stop stands; moved again', {}, null, 'I205')
        }
        this.#touch('light')
        if (verdict.delay !== null) this.#schedule.hurry('light', this.#now + verdict.delay)
        break
      case 'unknown':
        this.#schedule.hurry('light', this.#now)
        break
      case 'close':
        this.#closeNow(
          position,
          verdict.isCrossed ? 'the price is past the stop' : `the stop cannot be set: ${reason}`,
          verdict.isCrossed ? 'C202' : 'C201',
        )
        break
      case 'adopt':
        this.#event(
          'stop-moved',
          position,
          'tightened outside of bbw',
          {
            from: formatTicks(instrument, position.stop),
            to: formatTicks(instrument, verdict.stop),
            why: 'outside',
          },
          null,
          'W207',
        )
        this.#fold({ type: 'stop-moved', symbol, side, stop: verdict.stop, kind: position.stopKind })
        break
      case 'missing':
        this.#count('stop-missing')
        if (verdict.delay !== null) this.#schedule.hurry('light', this.#now + verdict.delay)
        break
      default:
        unreachable(verdict)
    }
    if (verdict.kind === 'moved' || verdict.kind === 'restored') this.#sendStop(key)
  }

  #stopMoved(position: Position, request: StopRequest): void {
    const { instrument, symbol, side } = position
    const kind: StopKind =
      request.why === 'restore' ? position.stopKind : request.why === 'breakeven' ? 'breakeven' : 'trailing'
    this.#event(
      'stop-moved',
      position,
      request.reason,
      {
        from: formatTicks(instrument, position.stop),
        to: formatTicks(instrument, request.stop),
        why: request.why,
      },
      null,
      CONFIRMED[request.doubt],
    )
    this.#fold({ type: 'stop-moved', symbol, side, stop: request.stop, kind })
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
      if (account.orders.some(order => order.clientOrderId === id)) this.#cancelling.delete(id)
      else if (this.#doubts.get(id) === null) {
        this.#entryGone(entry, 'expired', 'it no longer rests at the exchange', null)
      }
    }
    for (const order of this.#orders.values()) {
      if (order.state !== 'asked' || !settled(order.symbol, order.side)) continue
      this.#touchAll()
      const there = account.orders.find(one => one.clientOrderId === order.clientOrderId)
      if (there !== undefined) {
        // What an amendment of unknown fate has made of it.
        order.state = 'working'
        order.price = there.price
        order.steps = there.steps
      } else {
        this.#forgetOrder(order)
        this.#outcome(order.clientOrderId, 'dropped', 'it no longer rests at the exchange')
      }
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

  #close(position: Position, reason: string, code: Code | null = null): void {
    const id = this.#orderId(position.signalId, 'close')
    this.#event('exiting', position, reason, {}, id, code)
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
      this.#event(kind, null, reason, figures, null, GATE_CODES[kind])
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
      // One of unknown fate is looked up first.
      if (this.#doubts.isDoubtful(entry.clientOrderId)) continue
      waiting.push(entry.clientOrderId)
      this.#cancelEntry(entry)
    }
    return waiting
  }

  /** Asking twice does no harm, so a cancellation whose answer never came is asked for again. */
  #cancelEntry({ symbol, clientOrderId: id }: PendingEntry): void {
    this.#cancelling.set(id, 'sent')
    this.#asked.set(id, this.#now)
    this.#effects.push({ type: 'cancel', symbol, clientOrderId: id })
  }

  /** Every daily candle is decided on once, in the first heavy cycle after its close and while it is the newest. */
  #scan(): void {
    if (!this.#isNews || this.#recovery !== null) return
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

  #onPropose(scored: readonly Scored[], id: string | undefined): void {
    const { entered, refused } = this.#enterAll(rank(scored))
    if (id === undefined) return
    const reason = [`${entered} entered, ${refused.length} refused`, ...refused].join('; ')
    this.#effects.push({ type: 'answer', id, ok: entered > 0 || scored.length === 0, reason })
  }

  #enterAll(scored: readonly Scored[]): { readonly entered: number; readonly refused: readonly string[] } {
    const refused: string[] = []
    for (const one of scored) {
      const { signal } = one
      this.#count(`signals:${signal.strategy}`)
      const verdict = this.#judge(one)
      if ('refused' in verdict) {
        this.#refuse(one, verdict.refused)
        refused.push(`${signal.symbol}: ${verdict.refused.reason}`)
      } else this.#enter(verdict.admitted, one)
    }
    return { entered: scored.length - refused.length, refused }
  }

  #judge(one: Scored): { readonly admitted: Proposal } | { readonly refused: Refusal } {
    const { signal } = one
    const entry = this.#entries.find(bound => bound.strategy.id === signal.strategy)
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
    return admitScored(this.#guards, entry.terms, this.#settings.universe, one, this.#house())
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
      blocks: this.#blocks(),
      cooldowns: this.#cooldowns,
      takerFee: this.#settings.fees.taker,
      sizingLayers: this.#sizing,
    }
  }

  /** What keeps entries from being admitted at present. */
  #blocks(): Block[] {
    const blocks: Block[] = []
    const block = (gate: Block['gate'], reason: string, symbol: string | null = null): void => {
      blocks.push({ gate, symbol, reason })
    }
    const { paused, halted } = this.#standing
    if (halted !== null) block('kill-switch', `halted by ${halted.by}: ${halted.reason}`)
    if (paused !== null) block('kill-switch', `paused by ${paused.by}: ${paused.reason}`)
    if (this.#recovery !== null) block('readiness', 'books and exchange are being compared')
    if (this.#storeTrouble !== null) block('readiness', `the state cannot be saved: ${this.#storeTrouble}`)
    if (this.#isUnreadable) block('readiness', 'the account cannot be read')
    if (this.#drift !== '') block('readiness', `books and exchange differ: ${this.#drift}`)
    if (this.#isDoubted) block('readiness', 'something may have happened that was not told')
    if (this.#rivals > 0) block('readiness', 'another bbw has orders on this account')
    for (const symbol of this.#foreign) block('readiness', 'a position here was not opened by bbw', symbol)
    for (const id of this.#doubts.doubtful()) {
      block('readiness', `order ${id} is of unknown fate`, this.#symbolOf(id))
    }
    return blocks
  }

  #refuse(scored: Scored, refusal: Refusal): void {
    const { signal, score } = scored
    this.#count(`refused:${refusal.gate}`)
    if (!this.#journal) return
    this.#effects.push({ type: 'verdict', scored, verdict: refusal.gate, reason: refusal.reason })
    this.#record('refused', {
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

  #enter({ signal, score, entry, steps, margin, sizing, terms }: Proposal, scored: Scored): void {
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
    this.#doubts.sent(request, this.#now)
    this.#effects.push({ type: 'persist', key: id, order: request, signalId: signal.id })
    if (this.#journal)
      this.#effects.push({ type: 'verdict', scored, verdict: 'entered', reason: signal.reason })
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
    for (const key of this.#stops.wishes(this.#now)) this.#sendStop(key)
  }

  #ask({ strategy, params }: BoundManagement, position: Position, stopsOnly: boolean): void {
    if (this.#findOrder(position, 'close') !== undefined) return
    const view = this.#cursor.pointAt(this.#symbol(position.symbol), this.#now, position)
    const targets: Extract<Intent, { readonly kind: 'reduce' }>[] = []
    let speaks = false
    for (const intent of strategy.decide(view, params)) {
      switch (intent.kind) {
        case 'move-stop':
          this.#stops.wish(position, intent.stop, intent.why, intent.reason)
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
        this.#asked.set(order.clientOrderId, this.#now)
        this.#effects.push({ type: 'cancel', symbol: order.symbol, clientOrderId: order.clientOrderId })
      }
    }
  }

  #amend(order: WorkingOrder, price: Ticks, steps: Steps): void {
    if (order.price === price && order.steps === steps) return
    // One amendment at a time: what is wanted meanwhile is decided anew in the next heavy cycle.
    if (order.state !== 'working') return
    order.state = 'amending'
    this.#asked.set(order.clientOrderId, this.#now)
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
    this.#doubts.sent(order, this.#now)
    this.#effects.push({ type: 'persist', key: id, order, signalId }, { type: 'place', order })
  }

  #findOrder(position: Position, leg: OrderLeg): WorkingOrder | undefined {
    for (const order of this.#orders.values()) {
      if (order.leg === leg && order.symbol === position.symbol && order.side === position.side) return order
    }
    return undefined
  }

  #sendStop(key: string): void {
    const position = this.#portfolio.positions.get(key)
    if (position === undefined) return
    const request = this.#stops.send(key, this.#requestId('stop'), this.#now)
    if (request === null) return
    const { symbol, side } = position
    if (request.why === 'halving') this.#fold({ type: 'halving-sent', symbol, side })
    this.#effects.push({ type: 'set-stop', requestId: request.requestId, symbol, side, stop: request.stop })
  }

  #onStop(input: Extract<Input, { readonly type: 'stop' }>): void {
    const key = this.#stops.keyOf(input.requestId)
    if (key === undefined) return
    this.#revision++
    const position = this.#portfolio.positions.get(key)
    if (position === undefined) {
      this.#stops.drop(key)
      return
    }
    const verdict = this.#stops.answer(key, input.ok, input.why)
    if (verdict !== null) this.#onStopVerdict(key, position, verdict, input.reason, null)
  }

  // --- reports of the exchange --------------------------------------------------------------------------------

  #onOrder(input: Extract<Input, { readonly type: 'order' }>): void {
    const { clientOrderId: id, status, reason, why } = input
    if (status === 'unknown' || why === 'duplicate-id') {
      this.#onUnknown(id, reason, why)
      return
    }
    this.#asked.delete(id)
    const entry = this.#portfolio.pending.get(id)
    const order = this.#orders.get(id)
    if (entry === undefined && order === undefined) return
    this.#revision++
    const doubt = this.#doubts.get(id)
    const wasAccepted = doubt === null
    if (doubt !== null) {
      if (status === 'accepted') this.#found(id, doubt, 'was accepted')
      else this.#doubts.settle(id)
    }
    if (status === 'accepted') this.#outcome(id, 'open', '')
    if (entry !== undefined) this.#onEntryOrder(entry, status, reason, wasAccepted)
    if (order !== undefined) this.#onExitOrder(order, status, reason)
  }

  /** A request was sent, and no answer says whether it took effect. */
  #onUnknown(id: string, reason: string, why: 'duplicate-id' | 'unreadable' | undefined): void {
    const isPlaced = this.#doubts.get(id) !== null
    if (this.#asked.has(id)) this.#askedInVain(id)
    if (!isPlaced) return
    this.#revision++
    this.#doubts.raise(id, why ?? 'lost-reply', this.#now)
    this.#unknown(id, reason, why === 'unreadable' ? 'E106' : why === 'duplicate-id' ? 'I104' : 'E105')
  }

  #onEntryOrder(
    entry: PendingEntry,
    status: 'accepted' | 'amended' | 'rejected' | 'cancelled',
    reason: string,
    wasAccepted: boolean,
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
        this.#entryGone(entry, 'rejected', reason, wasAccepted ? 'W110' : null)
        return
      case 'cancelled': {
        const isOutside = !this.#cancelling.has(entry.clientOrderId)
        this.#entryGone(entry, 'expired', reason, isOutside ? 'W208' : null)
        return
      }
      default:
        unreachable(status)
    }
  }

  /** An entry is at the exchange no more; its slot, margin and long share are free again. */
  #entryGone(entry: PendingEntry, how: 'rejected' | 'expired', reason: string, code: Code | null): void {
    const { clientOrderId: id, symbol, side } = entry
    this.#dropEntry(entry, how === 'rejected' ? 'rejected' : 'cancelled', reason)
    this.#count(how)
    const position = this.#portfolio.positions.get(positionKey(symbol, side))
    const isPart = position?.clientOrderId === id
    this.#event(how, entry, reason, {}, id, isPart ? 'W111' : code)
    if (isPart) this.#target(position)
  }

  #dropEntry(entry: PendingEntry, state: IntentState, reason: string): void {
    const { clientOrderId: id, signalId } = entry
    if (entry.steps > 0) this.#noteGone(id, { at: this.#now, entry, order: null })
    this.#cancelling.delete(id)
    this.#asked.delete(id)
    this.#doubts.settle(id)
    this.#attempts.delete(`${signalId}|entry`)
    this.#fold({ type: 'entry-gone', clientOrderId: id })
    this.#outcome(id, state, reason)
    this.#arrived(id)
  }

  #onExitOrder(
    order: WorkingOrder,
    status: 'accepted' | 'amended' | 'rejected' | 'cancelled',
    reason: string,
  ): void {
    const position = this.#portfolio.positions.get(positionKey(order.symbol, order.side))
    if (
      status === 'cancelled' &&
      position !== undefined &&
      order.state === 'working' &&
      order.price !== null
    ) {
      // By somebody's hand, or because the position is closed and that is still to be told: it is looked up.
      this.#doubts.raise(order.clientOrderId, 'missing', this.#now)
      this.#schedule.hurry('light', this.#now)
      return
    }
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
          this.#forgetOrder(order)
          this.#outcome(order.clientOrderId, status, reason)
          // What has to be closed is asked for again at once.
          if (order.leg === 'close') this.#schedule.hurry('light', this.#now + LOOK_AFTER_FILL)
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
      const { symbol, side, execId } = fill
      const figures = { symbol, side, execId }
      this.#event('reconciled', null, 'told again; counted once', figures, fill.clientOrderId, 'I212')
      return
    }
    this.#fills.set(fill.execId, this.#now)
    this.#executedAt = Math.max(this.#executedAt, fill.time)
    this.#revision++
    this.#touchAll()
    const { clientOrderId: id } = fill
    if (id !== null) {
      const doubt = this.#doubts.get(id)
      if (doubt !== null) this.#found(id, doubt, 'has filled')
    }
    const gone = id === null ? undefined : this.#comeBack(id)
    const entry = id === null ? undefined : this.#portfolio.pending.get(id)
    if (entry !== undefined) this.#onEntryFill(entry, fill)
    // An entry whose place another one has taken by now adds to the position.
    else if (gone !== undefined && gone.entry !== null) this.#onOutsideFill({ ...fill, opens: true })
    else if (this.#isOutside(fill)) this.#onOutsideFill(fill)
    else this.#onExitFill(fill)
    if (id !== null && gone !== undefined) this.#goAgain(id)
  }

  #noteGone(id: string, gone: Gone): void {
    // While it is being found out what was missed nothing is too old.
    if (this.#recovery === null) {
      for (const [other, { at }] of this.#gone) if (at <= this.#now - GONE_KEPT) this.#gone.delete(other)
    }
    this.#gone.set(id, gone)
  }

  /** A reduce-only order is no more. */
  #forgetOrder(order: WorkingOrder): void {
    const { clientOrderId: id } = order
    this.#orders.delete(id)
    this.#asked.delete(id)
    if (order.steps > 0) this.#noteGone(id, { at: this.#now, entry: null, order: { ...order } })
  }

  /**
   * An order that had ended has filled after all: its execution is told after its end, or it was alive. It is an order
   * again, unless something else has taken its place.
   */
  #comeBack(id: string): Gone | undefined {
    const gone = this.#gone.get(id)
    if (gone === undefined) return undefined
    this.#gone.delete(id)
    const { entry, order } = gone
    const { positions, pending } = this.#portfolio
    if (order !== null && positions.has(positionKey(order.symbol, order.side))) {
      this.#orders.set(id, { ...order, state: 'working', wanted: null })
    }
    if (entry === null) return gone
    const { symbol, side } = entry
    const held = positions.get(positionKey(symbol, side))
    const isTaken = held !== undefined && held.clientOrderId !== id
    if (isTaken || positions.has(positionKey(symbol, opposite(side)))) return gone
    // A second entry must not fill on top of it.
    for (const other of pending.values()) if (other.symbol === symbol) this.#cancelEntry(other)
    this.#fold({ type: 'entry-sent', entry })
    return gone
  }

  /** What is left of an order that had ended and has filled in part ends again. */
  #goAgain(id: string): void {
    const entry = this.#portfolio.pending.get(id)
    if (entry !== undefined && entry.steps === 0) this.#dropEntry(entry, 'filled', '')
    else if (entry !== undefined) this.#entryGone(entry, 'expired', 'only a part of it was filled', null)
    const order = this.#orders.get(id)
    if (order !== undefined) this.#forgetOrder(order)
  }

  /** Whether somebody else's order has filled, or something that bbw does not hold was closed. */
  #isOutside({ cause, clientOrderId: id, symbol, side }: FillInput): boolean {
    if (!this.#portfolio.positions.has(positionKey(symbol, side))) return true
    return cause === 'order' && (id === null || !this.#orders.has(id))
  }

  /** What somebody else does with a position of bbw's is followed; with anything else it is not touched. */
  #onOutsideFill(fill: FillInput): void {
    const { symbol, side, time, price, steps, fee } = fill
    this.#count('fill-outside')
    const position = this.#portfolio.positions.get(positionKey(symbol, side))
    this.#schedule.hurry('light', this.#now)
    this.#isDoubted = true
    if (position === undefined) {
      if (fill.opens === true) this.#noteForeign([...this.#foreignNow(), { symbol, side }])
      return
    }
    const qty = formatSteps(position.instrument, steps)
    const figures = { price: formatTicks(position.instrument, price), qty, time }
    if (fill.opens === true) {
      this.#fold({ type: 'added-outside', symbol, side, time, price, steps, fee })
      const grown = this.#portfolio.positions.get(positionKey(symbol, side))
      assert(grown !== undefined, `${symbol} ${side} is held after something was added`)
      this.#event('reduced', grown, 'added to outside of bbw', figures, null, 'I304')
      this.#target(grown)
      return
    }
    this.#onExitFill({ ...fill, clientOrderId: null, steps: Math.min(steps, position.steps) as Steps })
  }

  #foreignNow(): { readonly symbol: string; readonly side: Side }[] {
    return [...this.#foreign].map(symbol => ({ symbol, side: 'long' as const }))
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
    const left = (entry.steps - fill.steps) as Steps
    if (fill.complete && left > 0) {
      // Parts of it are still to be told.
      const margin = (entry.margin * left) / entry.steps
      this.#noteGone(entry.clientOrderId, {
        at: this.#now,
        entry: { ...entry, steps: left, margin },
        order: null,
      })
    }
    if (fill.complete) {
      this.#arrived(entry.clientOrderId)
      this.#cancelling.delete(entry.clientOrderId)
      this.#asked.delete(entry.clientOrderId)
      this.#outcome(entry.clientOrderId, 'filled', '')
    }
    // The stop came with the order; that it is there is looked at soon.
    this.#schedule.hurry('light', this.#now + LOOK_AFTER_FILL)
    const position = this.#portfolio.positions.get(positionKey(symbol, side))
    assert(position !== undefined, `${symbol} ${side} is held after its fill`)
    this.#stops.opened(positionKey(symbol, side), this.#now)
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
      for (const key of this.#stops.wishes(this.#now)) this.#sendStop(key)
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

  /** A stop closes what somebody else has added, too: of a fill beyond what is held the rest is not bbw's. */
  #ownPart(fill: FillInput, { steps }: Position): FillInput {
    if (fill.steps <= steps) return fill
    this.#count('fill-outside')
    this.#isDoubted = true
    this.#schedule.hurry('light', this.#now)
    return { ...fill, steps, fee: (fill.fee * steps) / fill.steps }
  }

  #onExitFill(told: FillInput): void {
    const key = positionKey(told.symbol, told.side)
    const position = this.#portfolio.positions.get(key)
    assert(position !== undefined, `a fill closes ${key}, which is not held`)
    const fill = this.#ownPart(told, position)
    const order = fill.clientOrderId === null ? undefined : this.#orders.get(fill.clientOrderId)
    const reason = exitReason(fill, order, position)
    if (order !== undefined) {
      order.steps = (order.steps - fill.steps) as Steps
      if (fill.complete || order.steps <= 0) {
        this.#forgetOrder(order)
        this.#outcome(order.clientOrderId, 'filled', '')
      }
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
      const code = reason === 'closed-outside' ? 'I304' : null
      this.#event('reduced', position, reason, figures, fill.clientOrderId, code)
      const rest = this.#portfolio.positions.get(key)
      assert(rest !== undefined, `${key} is held after a part of it was closed`)
      // A stop that has fired is no more: what it left is closed now.
      if (fill.cause === 'stop') this.#closeNow(rest, 'the stop fired and left a part', 'C210')
      else this.#target(rest)
      return
    }
    this.#event(
      'exited',
      position,
      reason,
      { ...figures, net: trade.net, netPercent: trade.netPercent, fees: trade.fees, funding: trade.funding },
      fill.clientOrderId,
      EXIT_CODES[reason] ?? null,
    )
    this.#effects.push({ type: 'trade', trade })
    this.#stops.drop(key)
    for (const one of this.#orders.values()) {
      if (one.symbol !== fill.symbol || one.side !== fill.side) continue
      this.#orders.delete(one.clientOrderId)
      this.#doubts.settle(one.clientOrderId)
      this.#asked.delete(one.clientOrderId)
      this.#outcome(one.clientOrderId, 'cancelled', 'the position is closed')
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

  #onFunding(input: FundingInput): void {
    const { symbol, side, time, amount } = input
    const id = fundingId(input)
    if (this.#fills.has(id)) {
      this.#count('fill-repeated')
      return
    }
    this.#fills.set(id, this.#now)
    this.#executedAt = Math.max(this.#executedAt, time)
    this.#revision++
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

  #onPersistRefused(key: string, reason: string, code: Code): void {
    const entry = this.#portfolio.pending.get(key)
    if (entry !== undefined) {
      this.#dropEntry(entry, 'dropped', reason)
      this.#count('refused:store')
      this.#event('refused', entry, `store: ${reason}`, { gate: 'store' }, key, code)
      return
    }
    // A reduce-only order goes out without its row: less exposure must never wait for a disk.
    this.#note('store', `not recorded: ${reason}`, key, code)
  }

  /** Whether the state can be written: while it cannot, nothing is added. */
  #onStore(ok: boolean, reason: string, code: Code | null): void {
    if (ok === (this.#storeTrouble === null)) {
      this.#storeTrouble = ok ? null : reason
      return
    }
    this.#storeTrouble = ok ? null : reason
    this.#note('store', ok ? 'the state is saved again' : reason, null, ok ? null : (code ?? 'E109'))
  }

  #onCommand(input: Extract<Input, { readonly type: 'command' }>): void {
    const { id, command, by, reason, code } = input
    const order = { at: this.#now, by, reason }
    switch (command) {
      case 'pause':
        this.#standing = { ...this.#standing, paused: order }
        this.#event('paused', null, reason, { by }, null, code ?? 'I130')
        break
      case 'halt':
        this.#halt(by, reason, code ?? 'C132')
        break
      case 'resume':
        this.#standing = OPEN
        this.#gates = resumedGates(this.#gates, this.equity())
        this.#event('resumed', null, reason, { by, peak: this.#gates.peak }, null, code ?? 'I131')
        this.#touchAll()
        break
      default:
        unreachable(command)
    }
    this.#effects.push({ type: 'answer', id, ok: true, reason })
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
    // Those that may be asked for again are known for as long, however quiet it was since.
    const since = Math.min(this.#now - FILLS_KEPT, this.#executedAt - EXECUTIONS_OVERLAP)
    for (const [id, at] of this.#fills) if (at < since) this.#fills.delete(id)
    const { positions, pending, wallet } = this.#portfolio
    this.#record('digest', {
      symbol: null,
      side: null,
      strategy: null,
      signalId: null,
      clientOrderId: null,
      code: null,
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
    return clientOrderId(this.#instance, signal, leg, attempt)
  }

  #count(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1
  }

  /** What has become of an intent, for its row. */
  #outcome(key: string, state: IntentState, reason: string): void {
    if (!this.#journal) return
    this.#effects.push({ type: 'outcome', key, state, reason })
  }

  #event(
    kind: EventKind,
    of: Position | PendingEntry | null,
    reason: string,
    figures: Figures,
    order: string | null = null,
    code: Code | null = null,
  ): void {
    if (!this.#journal) return
    this.#record(kind, {
      code,
      symbol: of?.symbol ?? null,
      side: of?.side ?? null,
      strategy: of?.strategy ?? null,
      signalId: of?.signalId ?? null,
      clientOrderId: order ?? of?.clientOrderId ?? null,
      reason,
      figures,
    })
  }

  /** An event of the house rather than of a position. */
  #note(kind: EventKind, reason: string, order: string | null, code: Code | null): void {
    this.#event(kind, null, reason, {}, order, code)
  }

  #record(kind: EventKind, rest: Omit<EngineEvent, 'kind' | 'ts'>): void {
    this.#effects.push({ type: 'event', event: { kind, ts: this.#now, ...rest } })
  }
}

/** The code of a stop that moved although its answer was in doubt. */
const CONFIRMED: { readonly [D in StopRequest['doubt']]: Code | null } = {
  none: null,
  'no-answer': 'I203',
  'not-modified': 'I204',
  restart: 'I205',
}

const GATE_CODES: { readonly [kind in 'resumed' | 'paused' | 'halted']: Code | null } = {
  resumed: null,
  paused: 'W133',
  halted: 'C132',
}

const EXIT_CODES: { readonly [reason in ExitReason]?: Code } = {
  liquidation: 'C306',
  'end-of-data': 'W307',
  'closed-outside': 'I304',
}

function earliest(a: Timestamp | null, b: Timestamp | null): Timestamp | null {
  if (a === null || b === null) return a ?? b
  return a < b ? a : b
}

/** Funding is told once per position and settlement. */
function fundingId({ symbol, side, time }: FundingInput): string {
  return `funding:${symbol}:${side}:${time}`
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
      if (order === undefined) return 'closed-outside'
      switch (order.leg) {
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
