/**
 * The engine: a synchronous, deterministic state machine from inputs to effects. It does no I/O, knows no vendor and
 * no driver, and cannot tell a backtest from the real exchange. Whatever waits is state, never a suspended function,
 * so a run can be cut after any input, saved, loaded and continued. This file takes the inputs in and puts the parts
 * together; each part has a file of its own.
 */
import { broken, unreachable } from '../base/assert.ts'
import { HOUR, type Timestamp, type Usdt } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import type { Timeframe } from '../decision/strategy.ts'
import type { Block, HourlyCloses, House } from '../guards/guard.ts'
import type { Instrument } from '../market/instrument.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { SIDES, type Side } from '../market/side.ts'
import { type Portfolio, realisedToday } from '../portfolio/portfolio.ts'
import { type PendingEntry, positionKey } from '../portfolio/position.ts'
import { type Alert, Alerts } from './alerts.ts'
import { Answers } from './answers.ts'
import type { Books, Ledger } from './books.ts'
import { Closures } from './closures.ts'
import { EngineCore, type EngineOptions, portfolioOf } from './core.ts'
import { CycleRunner } from './cycle-runner.ts'
import type { CycleId, StepId } from './cycles.ts'
import { Entries } from './entries.ts'
import { Facts } from './facts.ts'
import { Fates } from './fates.ts'
import { Fills } from './fills.ts'
import { Filters } from './filters.ts'
import { Gatekeeper } from './gatekeeper.ts'
import { Handovers } from './handovers.ts'
import { Ladders } from './ladders.ts'
import { Leftovers } from './leftovers.ts'
import { Leverages } from './leverages.ts'
import { type LooseEnds, looseEnds } from './loose-ends.ts'
import { Management } from './management.ts'
import { MarginChecks } from './margin-checks.ts'
import { expiryOf, OrderDesk } from './order-desk.ts'
import { houseRules } from './pipeline.ts'
import { Protection } from './protection.ts'
import type { Effect, Input } from './protocol.ts'
import type { Unsettled } from './put-off.ts'
import { Reconciler } from './reconciler.ts'
import { refusalOf } from './refusal.ts'
import { RiskMonitor } from './risk-monitor.ts'
import { Rotations } from './rotations.ts'
import { earliest } from './schedule.ts'
import type { Settings } from './settings.ts'
import { type Snapshot, snapshotOf } from './snapshot.ts'
import type { Standing } from './standing.ts'
import type { Decided, Doubt, EngineState, WorkingOrder } from './state.ts'
import { foreignOf, Strangers } from './strangers.ts'
import type { SymbolState } from './symbol.ts'
import { unusable } from './unusable.ts'
import { Enquiry, type Why } from './why.ts'

export class Engine {
  readonly #core: EngineCore
  readonly #runner: CycleRunner
  readonly #gatekeeper: Gatekeeper
  readonly #orders: OrderDesk
  readonly #protection: Protection
  readonly #management: Management
  readonly #fates: Fates
  readonly #answers: Answers
  readonly #strangers: Strangers
  readonly #leftovers: Leftovers
  readonly #fills: Fills
  readonly #reconciler: Reconciler
  readonly #entries: Entries
  readonly #facts: Facts
  readonly #filters: Filters
  readonly #leverages: Leverages
  readonly #margins: MarginChecks
  readonly #alerts: Alerts
  readonly #risks: RiskMonitor
  readonly #ladders: Ladders
  readonly #rotations: Rotations
  readonly #rules: ReturnType<typeof houseRules>
  readonly #handovers: Handovers
  readonly #closures: Closures
  readonly #enquiry: Enquiry

  constructor(settings: Settings, options: EngineOptions) {
    const core = new EngineCore(settings, options)
    const runner = new CycleRunner(core, id => this.#witnessed(id), options.stopwatch ?? (() => 0))
    const gatekeeper = new Gatekeeper(core)
    const orders = new OrderDesk(core, runner)
    const protection = new Protection(core, orders)
    const management = new Management(core, orders, protection)
    const strangers = new Strangers(core, gatekeeper, orders)
    const fates = new Fates(core, gatekeeper, orders, protection, management, strangers)
    const leftovers = new Leftovers(core, orders)
    const fills = new Fills({
      core,
      orders,
      protection,
      management,
      fates,
      strangers,
      leftovers,
      gatekeeper,
    })
    const handovers = new Handovers({ core, orders, protection, management, strangers })
    const closures = new Closures({ core, gatekeeper, orders, protection })
    this.#core = core
    this.#runner = runner
    this.#gatekeeper = gatekeeper
    this.#orders = orders
    this.#protection = protection
    this.#management = management
    this.#fates = fates
    this.#answers = new Answers(core, runner, orders, fates, entry => this.#entries.again(entry))
    this.#strangers = strangers
    this.#leftovers = leftovers
    this.#fills = fills
    this.#filters = new Filters({ core, orders, protection, management })
    this.#facts = new Facts({ core, orders, protection, strangers })
    this.#margins = new MarginChecks(core, protection)
    this.#reconciler = new Reconciler({
      core,
      runner,
      orders,
      protection,
      fates,
      fills,
      strangers,
      leftovers,
      gatekeeper,
      handovers,
      closures,
      margins: this.#margins,
    })
    this.#handovers = handovers
    this.#closures = closures
    const leverages = new Leverages(core, orders, gatekeeper)
    this.#leverages = leverages
    this.#entries = new Entries(
      core,
      orders,
      leverages,
      gatekeeper,
      (symbol, same) => this.#house(symbol, same),
      () => this.#unsettled(),
    )
    this.#risks = new RiskMonitor(core)
    this.#enquiry = new Enquiry(core, this.#entries, symbol => this.#house(symbol))
    this.#alerts = new Alerts(core, () => this.#entries.watched())
    this.#ladders = new Ladders(core, orders, leverages, protection, gatekeeper, symbol =>
      this.#house(symbol),
    )
    this.#rotations = new Rotations({ core, orders, protection, gatekeeper, entries: this.#entries })
    this.#rules = houseRules(settings, core.live)
    for (const position of core.portfolio.positions.values()) management.remember(position)
  }

  /**
   * Takes one input and returns what is to be done about it, in order. The list is the caller's.
   *
   * @throws when an invariant is broken (time goes back, a fill of what is not there): the process has to restart
   */
  step(input: Input): readonly Effect[] {
    const core = this.#core
    if (!(input.at >= core.now)) broken(`time goes back from ${core.now} to ${input.at}`)
    core.now = input.at
    this.#heedRefusal(input)
    switch (input.type) {
      case 'candle':
        if (this.#isUsable(input)) this.#onCandle(input)
        break
      case 'price': {
        if (!this.#isUsable(input)) break
        const symbol = core.markets.of(input.symbol)
        symbol.price(input.time, input.last, input.mark)
        if (input.low !== undefined && input.high !== undefined)
          this.#ranged(input.symbol, input.low, input.high, input.time, input.side)
        this.#priced(symbol)
        break
      }
      case 'time':
        this.#fates.overdue()
        this.#leverages.overdue()
        this.#protection.sendMissing()
        core.schedule.tick(core.now, this.#runner.cycle)
        break
      case 'instrument':
        this.#filters.introduce(input.instrument)
        break
      case 'funding-rate':
        this.#rated(this.#isUsable(input) ? input : { ...input, per8h: null, interval: null, next: null })
        break
      case 'order':
        this.#answers.take(input)
        break
      case 'fill':
        this.#fills.book(input)
        break
      case 'stop':
        this.#protection.answered(input)
        break
      case 'leverage':
        this.#leverages.answered(input)
        break
      case 'funding':
        this.#fills.bookFunding(input)
        break
      case 'account':
        this.#reconciler.takeAccount(input.queryId, input.account)
        break
      case 'executions':
        this.#reconciler.takeExecutions(input.queryId, input.executions)
        break
      case 'order-found':
        this.#reconciler.takeReport(input.queryId, input.report)
        break
      case 'stop-told':
        this.#protection.told(input)
        break
      case 'feed-gap':
        this.#reconciler.gap(input.reason)
        this.#leverages.forget()
        break
      case 'incident':
        core.note('alert', input.reason, null, input.code)
        break
      case 'ending':
        this.#reconciler.ending()
        break
      case 'store':
        this.#gatekeeper.store(input.ok, input.reason, input.code)
        break
      case 'command':
        if (input.command === 'resume') this.#facts.resumed()
        this.#gatekeeper.command(input)
        // A kill switch does not wait for the next cycle.
        if (input.command === 'halt') this.#entries.expire()
        this.#ladders.takeBackIfClosed()
        break
      case 'handover':
        this.#handovers.take(input)
        break
      case 'closure':
        this.#closures.take(input)
        if (input.halts) this.#entries.expire()
        this.#ladders.takeBackIfClosed()
        break
      case 'enquiry': {
        const reason = JSON.stringify(this.why(input.symbol, input.side))
        core.emit({ type: 'answer', id: input.id, ok: true, reason })
        break
      }
      case 'loose-ends': {
        const left = this.looseEnds().left.filter(({ symbol, side }) =>
          input.of.some(one => one.symbol === symbol && one.side === side),
        )
        if (left.length > 0) core.hurry(core.now)
        core.emit({ type: 'answer', id: input.id, ok: true, reason: JSON.stringify(left) })
        break
      }
      case 'listing':
        this.#facts.listed(input)
        break
      case 'account-terms':
        this.#facts.trades(input.terms)
        break
      case 'maintenance':
        this.#facts.announced(input)
        break
      case 'query-failed':
        this.#runner.queryFailed(input.queryId, input.reason)
        break
      case 'persist-refused':
        this.#answers.persistRefused(input.key, input.reason, input.code)
        break
      case 'propose':
        this.#entries.propose(input.scored, input.id)
        break
      default:
        unreachable(input)
    }
    this.#runner.advance()
    if (this.#rotations.isRunning) this.#rotations.proceed()
    if (this.#closures.isAny) this.#closures.proceed()
    this.#orders.refusedNow = null
    if (core.leaving.size > 0) this.#handovers.proceed()
    return core.takeEffects()
  }

  /** What would be left behind with its fate open if the process ended now. */
  looseEnds(): LooseEnds {
    const { compared, isUnreadable } = this.#reconciler
    return looseEnds(this.#core, this.#orders, this.#protection.desk, compared, isUnreadable)
  }

  // --- what survives ------------------------------------------------------------------------------------------

  /** Everything the engine knows, as plain data. Between two steps only. */
  save(): EngineState {
    return structuredClone(this.state())
  }

  /** As `save`, to be looked at: the parts are shared with the engine, not copies. Between two steps only. */
  state(): EngineState {
    return {
      version: 1,
      ...this.#core.save(),
      ...this.#core.stopOuts.save(),
      ...this.#core.obstacles.save(),
      ...this.#facts.save(),
      ...this.#core.markets.save(),
      ...this.#runner.save(),
      ...this.#gatekeeper.save(),
      ...this.#orders.save(),
      ...this.#protection.save(),
      ...this.#strangers.save(),
      ...this.#leftovers.save(),
      ...this.#fills.save(),
      ...this.#reconciler.save(),
      ...this.#entries.save(),
      ...this.#leverages.save(),
      ...this.#alerts.save(),
      ...this.#margins.save(),
      ...this.#handovers.save(),
      ...this.#closures.save(),
      ...this.#rotations.save(),
      ...this.#risks.save(),
    }
  }

  /** An engine that goes on where `save` was called. */
  static load(settings: Settings, options: EngineOptions, saved: EngineState): Engine {
    const engine = new Engine(settings, options)
    const state = structuredClone(saved)
    engine.#core.load(state)
    engine.#core.stopOuts.load(state)
    engine.#core.obstacles.load(state)
    engine.#facts.load(state)
    engine.#core.markets.load(state)
    engine.#runner.load(state)
    engine.#gatekeeper.load(state)
    engine.#orders.load(state)
    engine.#protection.load(state)
    engine.#strangers.load(state)
    engine.#leftovers.load(state)
    engine.#fills.load(state)
    engine.#reconciler.load(state)
    engine.#entries.load(state)
    engine.#leverages.load(state)
    engine.#alerts.load(state)
    engine.#margins.load(state)
    engine.#handovers.load(state)
    engine.#closures.load(state)
    engine.#rotations.load(state)
    engine.#risks.load(state)
    return engine
  }

  /** What has to survive the process. Between two steps only; the parts are shared with the engine, not copies. */
  books(): Books {
    const { wallet, positions, pending, day, dayRealised } = this.#core.portfolio
    const { gates, standing, losses, lossPauses } = this.#gatekeeper.save()
    const { fills, executedAt } = this.#fills.save()
    const { attempts, gone, refusedLegs } = this.#orders.save()
    const { used, secondLooks } = this.#entries.save()
    const { alerted } = this.#alerts.save()
    const { warned } = this.#margins.save()
    const { cancelling, doubts, exits } = this.#orders
    return {
      ledger: {
        version: 1,
        wallet,
        day,
        dayRealised,
        gates,
        standing,
        warned,
        losses,
        lossPauses,
        executedAt,
        attempts,
        fills,
        gone,
        refusedLegs,
        ...this.#core.obstacles.save(),
        facts: this.#facts.save(),
        used,
        secondLooks,
        alerted,
        ...this.#risks.save(),
        ...decidedRows(this.#core.markets.decided()),
        foreign: this.#strangers.keys(),
        lost: this.#strangers.save().lost,
        ...this.#leftovers.save(),
        ...(this.#closures.isAny ? { closures: this.#closures.lasting() } : {}),
        ...this.#rotations.save(),
        ...this.#core.stopOuts.save(),
        accepted: [...this.#core.accepted],
      },
      positions: [...positions].map(([key, position]) => ({ position, stop: this.#protection.desk.of(key) })),
      orders: [
        ...[...pending.values()].map(entry => ({
          kind: 'entry' as const,
          entry,
          cancelling: cancelling.get(entry.clientOrderId) ?? null,
          doubt: doubts.get(entry.clientOrderId),
          ...(this.#orders.isHeld(entry.clientOrderId) ? { isHeld: true as const } : {}),
        })),
        ...[...exits.values()].map(order => ({
          kind: 'exit' as const,
          order,
          doubt: doubts.get(order.clientOrderId),
        })),
      ],
      cooldowns: [...this.#core.cooldowns],
      counts: this.#core.counts,
    }
  }

  /**
   * An engine that starts on the books of an earlier one. It compares them with the exchange before it adds anything:
   * whatever was on its way is looked up, and what was missed is asked for.
   */
  static resume(settings: Settings, options: EngineOptions, saved: Books): Engine {
    const { ledger, positions, orders, cooldowns, counts } = structuredClone(saved)
    const engine = new Engine(settings, options)
    const core = engine.#core
    const entries = orders.flatMap(order => (order.kind === 'entry' ? [order] : []))
    const exits = orders.flatMap(order => (order.kind === 'exit' ? [order] : []))
    core.replace(
      portfolioOf({
        ...ledger,
        positions: positions.map(({ position }) => position),
        pending: entries.map(({ entry }) => entry),
      }),
    )
    core.keep({ cooldowns, accepted: ledger.accepted ?? [], counts })
    core.stopOuts.load({ stopOuts: ledger.stopOuts ?? [], stopOutsNoted: ledger.stopOutsNoted ?? [] })
    core.obstacles.load({ obstacles: ledger.obstacles ?? [], toldAt: ledger.toldAt ?? [] })
    core.obstacles.restarted()
    if (ledger.facts !== undefined) {
      engine.#facts.load(ledger.facts)
      engine.#facts.remember()
    }
    core.markets.load({ symbols: [], decided: decidedOf(ledger) })
    engine.#gatekeeper.load({
      ...ledger,
      losses: ledger.losses ?? [],
      lossPauses: ledger.lossPauses ?? [],
      storeTrouble: null,
    })
    engine.#strangers.load({ foreign: ledger.foreign.map(foreignOf), lost: ledger.lost ?? [], rivals: 0 })
    engine.#leftovers.load({ leftovers: ledger.leftovers ?? { ended: [], told: [] } })
    engine.#fills.load(ledger)
    engine.#entries.load({ ...ledger, refusals: [], secondLooks: ledger.secondLooks ?? [] })
    engine.#alerts.load({ alerted: ledger.alerted ?? [] })
    // Where positions are liquidated is asked before the first look.
    engine.#margins.load({ warned: ledger.warned ?? [], liquidations: [] })
    engine.#rotations.load(ledger)
    engine.#closures.load({ closures: ledger.closures ?? [] })
    engine.#risks.load({ risky: ledger.risky ?? [] })
    engine.#protection.load({
      stops: positions.flatMap(({ position, stop }) =>
        stop === null ? [] : [[positionKey(position.symbol, position.side), stop] as const],
      ),
    })
    engine.#orders.load({
      // A cancellation on its way may have arrived or not: the account tells.
      cancelling: entries.flatMap(({ entry, cancelling }) =>
        cancelling === null ? [] : [[entry.clientOrderId, 'refused'] as const],
      ),
      orders: exits.map(({ order, doubt }) => afterRestart(order, doubt)),
      doubts: [
        ...entries.map(
          ({ entry, doubt, isHeld }) => [entry.clientOrderId, isHeld ? unsent(entry) : doubt] as const,
        ),
        ...exits.map(({ order, doubt }) => [order.clientOrderId, doubt] as const),
      ].flatMap(([id, doubt]) => (doubt === null ? [] : [[id, doubt] as const])),
      asked: [],
      attempts: ledger.attempts,
      gone: ledger.gone ?? [],
      held: [],
      refusedLegs: ledger.refusedLegs ?? [],
    })
    for (const { position } of positions) core.markets.introduce(position.instrument)
    for (const { entry } of entries) {
      core.markets.introduce(entry.instrument)
      core.schedule.touchAt('heavy', expiryOf(entry))
    }
    engine.#protection.desk.doubtAll()
    engine.#orders.doubts.doubtAll()
    core.recovery = { cause: 'restart', since: 0, found: 0 }
    core.hurry(0)
    if (ledger.gates.pausedUntil > 0) core.schedule.touchAt('light', ledger.gates.pausedUntil)
    for (const [, until] of ledger.lossPauses ?? []) core.schedule.touchAt('light', until)
    for (const position of core.portfolio.positions.values()) engine.#management.remember(position)
    return engine
  }

  // --- what is to be seen -------------------------------------------------------------------------------------

  /** What a person sees of the engine at present. */
  snapshot(): Snapshot {
    const { gates, standing } = this.#gatekeeper
    // That this process ends, or only closes, is over with it: what is kept is looked at later.
    const house = { ...this.#house(null), blocks: this.#lastingBlocks() }
    return snapshotOf({
      house,
      settings: this.#core.settings,
      gates,
      standing,
      drift: this.#reconciler.drift,
      isRecovering: this.#core.recovery !== null,
      markOf: symbol => this.#core.markets.of(symbol).mark,
      isProtected: key => this.#protection.desk.isProtected(key),
      isUnknown: id => this.#orders.doubts.isDoubtful(id),
      orders: this.#orders.exits.values(),
      foreign: this.#strangers.shown(),
      instrumentOf: symbol => this.#core.markets.find(symbol)?.instrument,
      cycles: this.#runner.snapshot(),
    })
  }

  /** When the engine wants to be told the time next; `null` before the first `time` input. */
  get wakeAt(): Timestamp | null {
    const at = this.#core.schedule.wakeAt(this.#runner.cycle)
    const answers = earliest(this.#fates.answerDue(), this.#leverages.answerDue())
    const stops = this.#protection.desk.missingDue(this.#core.now)
    return earliest(earliest(earliest(at, this.#runner.deadline), answers), stops)
  }

  /** How often a cycle has come to its end in this process. */
  runs(cycle: CycleId): number {
    return this.#runner.runs(cycle)
  }

  get portfolio(): Portfolio {
    return this.#core.portfolio
  }

  /** The filters of a symbol; `undefined`: they were not told. */
  instrumentOf(symbol: string): Instrument | undefined {
    return this.#core.markets.find(symbol)?.instrument
  }

  /** Wallet plus unrealised profit at the present marks. */
  equity(): Usdt {
    return this.#core.equity()
  }

  /** How often what happened: signals, entries, refusals by gate, data that was replaced. */
  get counts(): { readonly [name: string]: number } {
    return this.#core.counts
  }

  /** What a person, or bbw itself, has ordered of the house. */
  get standing(): Standing {
    return this.#gatekeeper.standing
  }

  get halted(): boolean {
    return this.#gatekeeper.isHalted
  }

  /** The signals that a decision now would find on the newest closed candles; changes nothing. */
  look(): readonly Signal[] {
    return this.#entries.look()
  }

  /** The symbols that a decision now would look at; changes nothing. */
  watched(): readonly string[] {
    return this.#entries.watched().map(({ instrument }) => instrument.symbol)
  }

  /** Why nothing is entered on a symbol, or what would be, by every gate; changes nothing. */
  why(symbol: string, side: Side | null): Why {
    return this.#enquiry.ask(symbol, side)
  }

  /** A symbol's newest closed daily candle, to be scored although no strategy wants it; changes nothing. */
  marketSignal(symbol: string, side: Side): Signal | undefined {
    return this.#enquiry.market(symbol, side)
  }

  /** What is worth a look on the newest closed candles; changes nothing. */
  lookForAlerts(): readonly Alert[] {
    return this.#alerts.look()
  }

  /** A refusal that is about the key, the account or the address, whatever was asked. */
  #heedRefusal(input: Input): void {
    if (!('why' in input) || input.why === undefined) return
    const kind = refusalOf(input.why)
    if (kind === undefined || !this.#core.obstacles.refused(kind, input.reason)) return
    this.#gatekeeper.keyRefused(input.reason)
  }

  // --- market -------------------------------------------------------------------------------------------------

  /** Whether what is told of a market can be true; what cannot is said, and is not known. */
  #isUsable(input: Extract<Input, { readonly type: 'price' | 'candle' | 'funding-rate' }>): boolean {
    const wrong = unusable(input)
    if (wrong !== null) this.#core.unavailable(input.symbol, `${input.type}: ${wrong}`)
    return wrong === null
  }

  #onCandle(input: Extract<Input, { readonly type: 'candle' }>): void {
    this.#core.witness?.candle(input)
    switch (input.interval) {
      case '1d': {
        const symbol = this.#core.markets.of(input.symbol)
        symbol.closeDaily(input)
        this.#entries.dayClosed()
        this.#alerts.candleClosed()
        this.#priced(symbol)
        break
      }
      case '1h':
        this.#core.markets.of(input.symbol).closeHour(input)
        break
      case '15m':
        this.#core.markets.of(input.symbol).close15(input)
        this.#alerts.candleClosed()
        if (this.#alerts.wantsQuarters) this.#core.touch('heavy')
        break
      case '5m': {
        const symbol = this.#core.markets.of(input.symbol)
        symbol.close5(input)
        this.#entries.minutesClosed(input.start + INTERVAL_MS['5m'])
        this.#priced(symbol)
        break
      }
      default:
        break
    }
  }

  /** The price of a symbol has changed: where something is at stake, it is looked at again. */
  #priced(symbol: SymbolState): void {
    const name = symbol.instrument.symbol
    if (!this.#core.held.has(name)) return
    this.#core.touchAll()
    this.#ranged(name, symbol.mark, symbol.mark, symbol.lastAt)
  }

  /** Rates decide on exits and rotations: of what is held, and of what it could be exchanged for. */
  #rated({ symbol: name, per8h, interval, next }: Extract<Input, { readonly type: 'funding-rate' }>): void {
    const core = this.#core
    const symbol = core.markets.of(name)
    const before = symbol.fundingInterval
    symbol.rate(per8h, interval, next)
    if (core.held.size > 0) core.touch('heavy')
    if (!core.held.has(name)) return
    core.touch('x10')
    if (before === null || interval === null || interval >= before) return
    core.count('funding-interval-shorter')
    for (const position of core.portfolio.positions.values()) {
      if (position.symbol !== name) continue
      const hours = { hours: interval / HOUR, before: before / HOUR }
      const words = `funding is now settled every ${hours.hours} h instead of every ${hours.before} h`
      core.event('alert', position, words, hours, null, 'W510')
    }
  }

  /** Keeps the extremes that a position has seen; what was before it, and is told again after a restart, it has not. */
  #ranged(symbol: string, low: number, high: number, time: Timestamp, only?: Side): void {
    const core = this.#core
    if (!core.held.has(symbol)) return
    for (const side of SIDES) {
      if (only !== undefined && side !== only) continue
      const position = core.portfolio.positions.get(positionKey(symbol, side))
      if (position === undefined || time <= position.openedAt) continue
      if (low < position.lowest) core.fold({ type: 'price-seen', symbol, side, price: low })
      if (high > position.highest) core.fold({ type: 'price-seen', symbol, side, price: high })
    }
  }

  /** Why everything would be refused that is decided on candles now; empty: it would not. */
  #unsettled(): readonly Unsettled[] {
    const causes = this.#reconciler.unsettled
    const { onlyCloses } = this.#core
    const { isAwaited } = this.#closures
    if (!onlyCloses && !isAwaited) return causes
    return [
      ...causes,
      ...(onlyCloses ? ['only-closes' as const] : []),
      ...(isAwaited ? ['closing' as const] : []),
    ]
  }

  // --- cycles -------------------------------------------------------------------------------------------------

  #witnessed(id: StepId): string[] {
    const { witness } = this.#core
    if (witness === null) return this.#runStep(id)
    witness.during(this.#runner.cycle, id)
    try {
      return this.#runStep(id)
    } finally {
      witness.during(null, null)
    }
  }

  /**
   * Runs one step; returns the ids it has to wait for. Whatever the steps of a cycle wish of a stop is merged, and the
   * tightest is sent after the last of them.
   */
  #runStep(id: StepId): string[] {
    switch (id) {
      case 'positions':
        return this.#reconciler.verify()
      case 'reconcile':
        this.#reconciler.reconcile()
        this.#entries.compared()
        return []
      case 'protect':
        if (this.#facts.look()) this.#reconciler.gap('maintenance is over')
        this.#protection.protect()
        return []
      case 'breakeven':
        this.#management.manage('partial-tp', true)
        return []
      case 'time-exits':
        this.#management.timeExits()
        return []
      case 'margin-checks':
        this.#margins.look()
        this.#protection.sendWishes()
        return []
      case 'queue-reentries':
        this.#core.stopOuts.queue()
        return []
      case 'health':
        this.#health()
        this.#ladders.takeBackIfClosed()
        return []
      case 'expire-entries':
        return this.#entries.expire()
      case 'scan':
        this.#entries.scan()
        return []
      case 'score':
        this.#entries.score()
        return []
      case 'partial-tp':
        this.#management.retarget()
        this.#management.manage(id, false)
        return []
      case 'trailing-x10':
        this.#management.manage(id, false)
        return []
      case 'trailing-3x':
        this.#management.manage(id, false)
        this.#management.manageOwn('trailing')
        this.#protection.sendWishes()
        return []
      case 'funding-sign':
        this.#management.manageOwn('funding-sign')
        this.#protection.sendWishes()
        return []
      case 'atr-risk':
        this.#risks.look()
        return []
      case 'funding-rotation':
        this.#rotations.manage()
        return []
      case 'dca-ladder':
        this.#ladders.manage()
        return []
      case 'entries':
        this.#entries.enter()
        return []
      case 'alerts':
        this.#alerts.tell()
        return []
      case 'digest':
        this.#digest()
        return []
      default:
        return unreachable(id)
    }
  }

  /** Follows equity. Where the configuration says so, a drawdown that pauses or halts entries closes everything. */
  #health(): void {
    const drawdown = this.#gatekeeper.health()
    if (drawdown === null) return
    const { positions, pending } = this.#core.portfolio
    for (const entry of pending.values()) this.#orders.takeBack(entry, 'drawdown')
    for (const position of positions.values()) {
      this.#protection.closeNow(position, drawdown, 'W133', 'drawdown')
    }
  }

  /** Once a day: what is too old to matter goes, and how things stand is told. */
  #digest(): void {
    const core = this.#core
    for (const [key, until] of core.cooldowns) if (until <= core.now) core.cooldowns.delete(key)
    this.#fills.forgetOld()
    const { positions, pending, wallet } = core.portfolio
    core.record('digest', {
      symbol: null,
      side: null,
      strategy: null,
      signalId: null,
      clientOrderId: null,
      code: null,
      reason: `${positions.size} positions, ${pending.size} pending`,
      figures: { equity: core.equity(), wallet, positions: positions.size, pending: pending.size },
    })
  }

  // --- the house as the guards see it -------------------------------------------------------------------------

  /**
   * @param symbol the one that is to be entered; `null`: none is
   * @param same one that was made a moment ago for none, and in which nothing has changed since
   */
  #house(symbol: string | null, same?: House): House {
    if (same !== undefined) return { ...same, hours: this.#hoursBeside(symbol, same.hours) }
    const { now, portfolio, cooldowns, lacking, live } = this.#core
    const { pausedUntil, pauseReason, halted } = this.#gatekeeper.gates
    return {
      now,
      portfolio,
      equity: this.#core.equity(),
      realisedToday: realisedToday(portfolio, now),
      pausedUntil,
      pauseReason,
      halted,
      blocks: this.#blocks(),
      cooldowns,
      accepted: this.#core.accepted,
      losses: this.#gatekeeper.losses,
      hours: this.#hours(symbol),
      lacking,
      live,
      ...this.#rules,
    }
  }

  /** Hourly closes of what is held or pending, and of one symbol beside it. */
  #hours(symbol: string | null): ReadonlyMap<string, HourlyCloses> {
    const { portfolio, markets } = this.#core
    const hours = new Map<string, HourlyCloses>()
    const add = (name: string): void => {
      const closes = hours.has(name) ? undefined : markets.find(name)?.hourlyCloses()
      if (closes !== undefined) hours.set(name, closes)
    }
    if (symbol !== null) add(symbol)
    for (const position of portfolio.positions.values()) add(position.symbol)
    for (const entry of portfolio.pending.values()) add(entry.symbol)
    return hours
  }

  /** The same hourly closes with those of one symbol before them. */
  #hoursBeside(
    symbol: string | null,
    known: ReadonlyMap<string, HourlyCloses>,
  ): ReadonlyMap<string, HourlyCloses> {
    if (symbol === null) return known
    const closes = known.get(symbol) ?? this.#core.markets.find(symbol)?.hourlyCloses()
    if (closes === undefined) return known
    const hours = new Map([[symbol, closes]])
    for (const [name, one] of known) if (name !== symbol) hours.set(name, one)
    return hours
  }

  /** What keeps entries from being admitted at present. */
  #blocks(): Block[] {
    const blocks = this.#lastingBlocks()
    const block = (reason: string): void => {
      blocks.push({ gate: 'kill-switch', symbol: null, reason })
    }
    if (this.#core.isEnding) block('bbw is ending')
    else if (this.#core.onlyCloses) block('bbw is open for a moment, to close alone')
    return blocks
  }

  /** As `#blocks`, without what goes with the process. */
  #lastingBlocks(): Block[] {
    const blocks: Block[] = []
    const block = (gate: Block['gate'], reason: string, symbol: string | null = null): void => {
      blocks.push({ gate, symbol, reason })
    }
    const { standing, storeTrouble } = this.#gatekeeper
    const { paused, halted } = standing
    const { drift, isUnreadable } = this.#reconciler
    const { foreign, rivals } = this.#strangers
    blocks.push(...this.#core.obstacles.blocks())
    if (halted !== null) block('kill-switch', `halted by ${halted.by}: ${halted.reason}`)
    if (paused !== null) block('kill-switch', `paused by ${paused.by}: ${paused.reason}`)
    if (this.#core.recovery !== null) block('readiness', 'books and exchange are being compared')
    if (storeTrouble !== null) block('readiness', `the state cannot be saved: ${storeTrouble}`)
    if (isUnreadable) block('readiness', 'the account cannot be read')
    if (drift !== '') block('readiness', `books and exchange differ: ${drift}`)
    if (this.#core.isDoubted) block('readiness', 'something may have happened that was not told')
    if (rivals > 0) block('readiness', 'another bbw has orders on this account')
    for (const { symbol, reason } of this.#closures.blocks()) block('readiness', reason, symbol)
    for (const symbol of foreign) block('readiness', 'a position here was not opened by bbw', symbol)
    for (const id of this.#orders.doubts.doubtful()) {
      block('readiness', `order ${id} is of unknown fate`, this.#orders.symbolOf(id))
    }
    return blocks
  }
}

/** What was decided on last, as the ledger has it: by timeframe, and without what never was. */
function decidedRows(decided: readonly (readonly [string, Decided])[]): Pick<Ledger, 'decided' | 'decided5'> {
  const of = (timeframe: Timeframe): [string, Timestamp][] =>
    decided.flatMap(([symbol, starts]) => (starts[timeframe] >= 0 ? [[symbol, starts[timeframe]]] : []))
  return { decided: of('1d'), decided5: of('5m') }
}

function decidedOf({ decided, decided5 = [] }: Ledger): [string, Decided][] {
  const days = new Map(decided)
  const minutes = new Map(decided5)
  return [...new Set([...days.keys(), ...minutes.keys()])].map(symbol => [
    symbol,
    { '1d': days.get(symbol) ?? -1, '5m': minutes.get(symbol) ?? -1 },
  ])
}

/** An entry that waited for its leverage when the process ended: it is looked up as all are, and given up. */
function unsent({ sentAt }: PendingEntry): Doubt {
  return { sentAt, resends: 0, cause: 'restart', wasAbsent: false, request: null }
}

/**
 * After a restart nothing says what became of a change of an order that was on its way: the account tells. One that is on
 * its way itself, with no doubt about it, an earlier bbw had found at the exchange and left as that for ever, so that
 * nothing else could close its position: it is missed where it does not rest.
 */
function afterRestart(order: WorkingOrder, doubt: Doubt | null): WorkingOrder {
  if (order.state === 'working') return order
  if (order.state === 'sent') return doubt === null ? { ...order, state: 'working' } : order
  return { ...order, state: 'doubted', wanted: null }
}
