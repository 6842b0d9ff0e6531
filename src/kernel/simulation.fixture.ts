/**
 * One simulation: a market, an exchange, `bbw run` with its state on a disk, and everybody who meddles. Stretches in
 * which things go wrong take turns with stretches in which everything heals; in the first only what must never happen
 * is looked for, at the end of the second everything has to be right again.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import type { Config } from '../commands/config.ts'
import { STATE_FILE } from '../commands/desk.ts'
import type { HttpPort } from '../core/adapters/bybit/http.ts'
import { DEFAULT_COSTS } from '../core/adapters/sim/exchange.ts'
import { SimHost } from '../core/adapters/sim/host.ts'
import { Venue } from '../core/adapters/sim/venue.ts'
import type { QueuedCommand } from '../core/adapters/sqlite/queue.ts'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import type { Code } from '../core/base/codes.ts'
import { StoreError } from '../core/base/errors.ts'
import {
  DAY,
  HOUR,
  MINUTE,
  type Milliseconds,
  type Price,
  SECOND,
  type Steps,
  type Ticks,
  type Timestamp,
  type Usdt,
} from '../core/base/units.ts'
import type { Signal } from '../core/decision/signal.ts'
import { MIDNIGHT } from '../core/decision/view.fixture.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import { scoreSignal } from '../core/engine/pipeline.ts'
import type { Candles } from '../core/market/candles.ts'
import { sign } from '../core/market/side.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import { Audit, CONVERGED, FRESH, type Ground, Violation } from './audit.fixture.ts'
import { BybitWorld, CANARY } from './bybit-world.fixture.ts'
import { SimulatedExchange } from './exchange.fixture.ts'
import { FaultPlan, type PlannedFault, type RateTable } from './fault-plan.fixture.ts'
import { Kernel, type Life, stamp } from './kernel.fixture.ts'
import { LISTED, type Listed, marketsOf } from './market.fixture.ts'
import { type Poison, poisonGlobals } from './poison.fixture.ts'
import { type Profile, ratesOf } from './profiles.fixture.ts'
import { busySetup, plainSetup, type Setup } from './setups.fixture.ts'
import { proposal } from './signals.fixture.ts'
import { type Ending, MachineClock, PACE, ProcessTable, Trader } from './trader.fixture.ts'

const ORDINARY_MEMORY = 100 * 2 ** 20
/** How often somebody may do something. */
const OCCASION: Milliseconds = MINUTE
/** Things go wrong for so long, then everything heals. */
const CHAOS: Milliseconds = 2 * HOUR
/** A restart, a look at the account, an open question: what may still be under way when the last fault has stopped. */
const AFTERMATH: Milliseconds = 25 * SECOND
/** What has happened is known to everybody so long after it: an answer, news of it, and what they set off. */
const UNTOLD: Milliseconds = 12 * SECOND
/** After that the books stay right without anybody's doing. */
const QUIET: Milliseconds = 2 * MINUTE

/** Places at which something is lost, late or refused. */
const MISSED = ['request ', 'push ', 'answer ']

export interface SimulationOptions {
  readonly seed: number
  readonly profile: Profile
  /** The embedded exchange behind its own port, or the simulated Bybit behind bbw's adapter; the first if left out. */
  readonly protocol?: 'sim' | 'bybit' | undefined
  /** Of the market; 1 if left out. */
  readonly days?: number
  /** Settings are drawn, and positions come and go all the time (`setups.fixture.ts`). */
  readonly isBusy?: boolean | undefined
  /** Where the state is kept; emptied at the beginning and removed at the end. */
  readonly folder: string
  /** The perpetuals; four of them if left out. */
  readonly listed?: readonly Listed[] | undefined
  /** For so long the embedded exchange remembers orders and executions. */
  readonly historyDays?: number | undefined
  /** The loop looks at its clocks so often; for simulations of weeks. */
  readonly pace?: Milliseconds | undefined
  /** Nobody does anything but the script. */
  readonly isLeftAlone?: boolean | undefined
  /** Nothing may leave that changes anything; at the simulated Bybit. */
  readonly isDry?: boolean | undefined
  /** What the process uses, in bytes; always the same if left out. */
  readonly memory?: ((simulation: Simulation) => number) | undefined
  /** These faults and no others. */
  readonly faults?: readonly PlannedFault[] | undefined
  /** Instead of the profile's own. */
  readonly rates?: RateTable | undefined
  /** Ends after so many events. */
  readonly until?: number | undefined
  readonly trace?: ((line: string) => void) | undefined
  /** A planted mistake between the driver and the outside; of the machine's clocks; of the settings. */
  readonly mistake?: ((ports: LivePorts) => LivePorts) | undefined
  readonly http?: ((http: HttpPort, clock: MachineClock) => HttpPort) | undefined
  readonly clock?: ((kernel: Kernel) => MachineClock) | undefined
  /** Other settings than the defaults. */
  readonly config?: ((config: Config) => Config) | undefined
  /** Done at the beginning, for a scenario of its own. */
  readonly script?: ((simulation: Simulation) => void) | undefined
}

export interface Outcome {
  readonly hash: string
  readonly events: number
  readonly now: Timestamp
  /** Simulated. */
  readonly span: Milliseconds
  readonly fired: readonly PlannedFault[]
  /** How often each message was given. */
  readonly codes: ReadonlyMap<Code, number>
  readonly asked: Audit['asked']
  readonly trades: number
  readonly starts: number
  /** How processes that traded have ended. */
  readonly endings: readonly Ending[]
  /** What came about that is worth coming about in many runs. */
  readonly sometimes: ReadonlySet<string>
  readonly failure: Failure | null
}

export interface Failure {
  readonly invariant: string
  readonly how: string
  readonly event: number
  readonly at: Milliseconds
}

export class Simulation {
  readonly kernel: Kernel
  readonly plan: FaultPlan
  readonly exchange: SimulatedExchange | BybitWorld
  readonly audit: Audit
  readonly trader: Trader
  readonly clock: MachineClock
  readonly codes = new Map<Code, number>()
  readonly sometimes = new Set<string>()
  readonly options: SimulationOptions
  readonly processes = new ProcessTable()
  readonly #config: Config
  readonly #setup: Setup
  readonly #days: number
  readonly #listed: readonly Listed[]
  readonly #endings: Ending[] = []
  readonly #minutes: ReadonlyMap<string, Candles | undefined>
  #fault: unknown = null
  #version = 0
  /** When anything has come about at the exchange last. */
  #changedAt: Timestamp = 0
  #signals = 0
  #requests = 0
  /** When requests were put into the queue. */
  readonly #askedAt = new Map<string, Timestamp>()

  constructor(options: SimulationOptions) {
    const { seed, profile, folder, trace } = options
    this.options = options
    this.#days = options.days ?? 1
    const isBybit = options.protocol === 'bybit'
    this.kernel = new Kernel({
      seed,
      start: MIDNIGHT,
      mostEvents: 400_000 * this.#days + 400_000,
      ...(isBybit ? { trace: (line: string) => this.#traced(line) } : trace === undefined ? {} : { trace }),
    })
    const rates = options.rates ?? ratesOf(profile, this.kernel.draws, isBybit)
    this.plan = new FaultPlan(this.kernel.draws, rates, options.faults ?? null, ({ place }) => {
      // What is lost or late is missed until somebody looks.
      if (MISSED.some(kind => place.startsWith(kind))) this.audit.disturbed()
    })
    this.#setup = options.isBusy === true ? busySetup(this.kernel.draws) : plainSetup()
    const { config, wallet } = this.#setup
    this.#config = options.config?.(config) ?? config
    this.#listed = options.listed ?? LISTED
    const markets = marketsOf(seed, MIDNIGHT, Math.ceil(this.#days) + 1, this.#listed, isBybit)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const instruments = new Map(markets.map(({ instrument }) => [instrument.symbol, instrument] as const))
    const ground = (): Ground => this.exchange
    this.audit = new Audit({
      kernel: this.kernel,
      ground,
      lately: symbol => this.#lately(symbol),
      tellsPrices: isBybit,
      instruments,
      path: this.path,
      wallet,
      sometimes: this.sometimes,
    })
    this.#minutes = new Map(markets.map(one => [one.instrument.symbol, one.candles.get('1m')] as const))
    this.exchange = isBybit
      ? new BybitWorld({
          kernel: this.kernel,
          plan: this.plan,
          audit: this.audit,
          markets,
          wallet,
          mode: this.#config.positionMode,
          isDry: options.isDry ?? false,
          seed,
          folder,
          said: (code, words) => {
            this.kernel.note(`${code} ${words}`)
            this.#said(code, words)
          },
          mistake: options.http,
        })
      : new SimulatedExchange(
          this.kernel,
          this.plan,
          hostOf(markets, wallet, options.historyDays),
          this.audit,
        )
    this.clock = options.clock?.(this.kernel) ?? new MachineClock(this.kernel)
    this.trader = this.#traderAt('run', this.clock)
  }

  get path(): string {
    return join(this.options.folder, STATE_FILE)
  }

  #traderAt(name: string, clock: MachineClock): Trader {
    const { kernel, plan, audit, exchange, processes, options } = this
    return new Trader({
      name,
      kernel,
      plan,
      audit,
      folder: options.folder,
      config: this.#config,
      clock,
      processes,
      connect: life => exchange.connect(life, clock),
      pace: options.pace ?? PACE,
      memory: () => options.memory?.(this) ?? ORDINARY_MEMORY,
      mistake: options.mistake,
      ended: how => void this.#endings.push(how),
      up: () => {
        if (name !== 'run') this.sometimes.add('a second run took over')
        if (exchange.account().positions.length > 0 && this.trader.starts > 1)
          this.sometimes.add('something was held when the loop came up again')
      },
      said: (code, words) => this.#said(code, words),
      fault: error => {
        this.#fault ??= error
      },
    })
  }

  #traced(line: string): void {
    this.audit.said(line, CANARY)
    this.options.trace?.(line)
  }

  #said(code: Code, words: string): void {
    this.audit.told(words)
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
  }

  /** Runs to the end, or to the first thing that must not be. */
  async run(): Promise<Outcome> {
    const { kernel, audit, trader } = this
    const poison = poisonGlobals(() => this.clock.now())
    const unhandled = (reason: unknown): void => {
      this.#fault ??= new Error(
        `a rejection that nobody handles: ${reason instanceof Error ? reason.message : reason}`,
      )
    }
    process.on('unhandledRejection', unhandled)
    let failure: Failure | null = null
    try {
      trader.keep()
      this.options.script?.(this)
      if (this.options.isLeftAlone !== true) this.#occasions()
      const end = kernel.start + this.#days * DAY
      while (kernel.now < end && !this.#isOver) await this.#round(Math.min(end, kernel.now + CHAOS), poison)
    } catch (error) {
      failure = this.#failureOf(error)
    } finally {
      process.off('unhandledRejection', unhandled)
      poison.lift()
      trader.release()
      trader.kill()
      audit.close()
    }
    const trades = this.#trades()
    failure ??= this.#leak()
    rmSync(this.options.folder, { recursive: true, force: true })
    return {
      hash: kernel.hash,
      events: kernel.events,
      now: kernel.now,
      span: kernel.now - kernel.start,
      fired: this.plan.fired,
      codes: this.codes,
      asked: audit.asked,
      trades,
      starts: trader.starts,
      endings: this.#endings,
      sometimes: this.sometimes,
      failure,
    }
  }

  get #isOver(): boolean {
    return this.options.until !== undefined && this.kernel.events >= this.options.until
  }

  /** A stretch in which things go wrong, and one in which everything heals. */
  async #round(chaosUntil: Timestamp, poison: Poison): Promise<void> {
    const { kernel, plan, audit, exchange, trader } = this
    const go = async (until: Timestamp): Promise<void> => {
      await kernel.run(until, () => {
        this.#after(poison)
        return !this.#isOver
      })
    }
    plan.heal(false)
    await go(chaosUntil)
    if (this.#isOver) return
    plan.heal(true)
    exchange.heal()
    kernel.note('everything heals')
    audit.disturbed()
    // A start that waits for a lease, or one that has just begun, has its time; so has what is still on its way.
    let patience = 10
    for (;;) {
      const before = Math.max(trader.upSince ?? Number.POSITIVE_INFINITY, audit.disturbedAt)
      const isUp = trader.upSince !== null
      await go(isUp ? Math.max(kernel.now, before) + CONVERGED + AFTERMATH : kernel.now + 15 * SECOND)
      if (this.#isOver) return
      if (isUp && trader.upSince !== null && Math.max(trader.upSince, audit.disturbedAt) === before) break
      if (--patience === 0) throw new Violation('I17', 'the loop does not come up again')
    }
    await this.#settled(go)
    await go(kernel.now + QUIET)
    if (!this.#isOver) await this.#settled(go)
  }

  /** What holds once everything has healed, at a moment at which nothing has just happened. */
  async #settled(go: (until: Timestamp) => Promise<void>): Promise<void> {
    const { audit, trader, exchange, kernel } = this
    for (let seen = -1; seen !== exchange.version; ) {
      seen = exchange.version
      await go(kernel.now + UNTOLD)
      if (this.#isOver) return
      exchange.catchUp()
    }
    const trading = trader.trading
    if (trading === null) throw new Violation('I17', 'the loop is down without anybody having ended it')
    audit.converged(trading)
    audit.alive(trading)
    audit.heeded(id => kernel.now - (this.#askedAt.get(id) ?? 0) > UNTOLD)
    audit.whole()
    audit.refuse()
    this.sometimes.add('everything was right again')
  }

  #after(poison: Poison): void {
    this.audit.isAttended = this.trader.trading !== null
    if (poison.escapes.length > 0) throw new Error(`escape: ${poison.escapes}`)
    if (this.#fault !== null) throw this.#fault
    const { version } = this.exchange
    if (version !== this.#version) this.#changedAt = this.kernel.now
    this.#version = version
    this.audit.check(version)
  }

  #failureOf(error: unknown): Failure {
    const { events, now, start } = this.kernel
    const words = error instanceof Error ? error.message : String(error)
    const place = error instanceof Violation || !(error instanceof Error) ? '' : ` ${error.stack ?? ''}`
    const invariant = error instanceof Violation ? error.invariant : 'fault'
    return { invariant, how: `${words}${place}`, event: events, at: now - start }
  }

  /** Everything is closed: what is left of it is to hold no secret. */
  #leak(): Failure | null {
    if (this.options.protocol !== 'bybit') return null
    for (const name of readdirSync(this.options.folder, { recursive: true, encoding: 'utf8' })) {
      const path = join(this.options.folder, name)
      if (!statSync(path).isFile() || !readFileSync(path).includes(CANARY)) continue
      return this.#failureOf(new Violation('I19', `the secret is in ${name}`))
    }
    return null
  }

  #trades(): number {
    const store = this.#open()
    try {
      return store.trades().length
    } finally {
      store.close()
    }
  }

  // --- who does something now and then

  #occasions(): void {
    const next = (): void => {
      this.kernel.schedule(OCCASION * (0.5 + this.kernel.draws.next('occasion')), 'somebody may act', () => {
        this.#weather()
        this.#process()
        this.#setClock()
        this.#person()
        this.#venue()
        this.#upset()
        this.#rival()
        this.#command()
        this.#propose()
        this.#calm()
        next()
      })
    }
    next()
  }

  /** Where nothing has gone wrong or come about for a while everything is as it is once all has healed. */
  #calm(): void {
    const { audit, trader, kernel } = this
    const { trading, upSince } = trader
    if (trading === null || upSince === null) return
    const since = Math.max(audit.disturbedAt, upSince) + CONVERGED + AFTERMATH
    if (kernel.now >= Math.max(since, this.#changedAt + UNTOLD)) audit.converged(trading)
  }

  #strike(place: string): PlannedFault | null {
    const fault = this.plan.strike(place)
    if (fault !== null) this.kernel.note(`${place} ${fault.kind}`)
    return fault
  }

  #weather(): void {
    const fault = this.#strike('weather')
    if (fault === null) return
    const { exchange, kernel, audit } = this
    if (fault.kind === 'break-streams') {
      exchange.breakStreams()
      audit.disturbed()
      return
    }
    if (exchange.state !== 'open') return
    const span = SECOND + fault.size * 20 * MINUTE
    exchange.state = fault.kind === 'refuse-connections' ? 'refused' : 'silent'
    audit.disturbed(kernel.now + span)
    kernel.schedule(span, 'the exchange can be reached again', () => {
      exchange.state = 'open'
      audit.disturbed()
    })
  }

  #process(): void {
    const fault = this.#strike('life')
    if (fault?.kind === 'kill') this.trader.kill()
    else if (fault?.kind === 'stop') this.trader.stop()
  }

  #setClock(): void {
    const fault = this.#strike('clock')
    if (fault === null) return
    const { clock, trader, audit, kernel } = this
    switch (fault.kind) {
      case 'step-forward':
        clock.offset += HOUR
        return
      case 'step-back':
        clock.offset -= HOUR
        return
      case 'skew':
        clock.offset += Math.round((fault.size - 0.5) * 8 * SECOND)
        return
      case 'freeze':
      case 'sleep': {
        const span = fault.kind === 'freeze' ? fault.size * 20 * SECOND : MINUTE + fault.size * 10 * MINUTE
        trader.life?.freeze(span)
        audit.disturbed(kernel.now + span)
      }
    }
  }

  #picked(size: number): Held | null {
    const { positions } = this.exchange.account()
    return positions.length === 0 ? null : positions[Math.floor(size * positions.length)]
  }

  #person(): void {
    const fault = this.#strike('person')
    if (fault === null) return
    const { exchange, audit } = this
    const { kind, size } = fault
    const share = (size * 7) % 1
    if (kind === 'cancel-all') {
      exchange.act({ kind, symbol: null })
      audit.disturbed()
      return
    }
    if (kind === 'open') {
      const { instrument, price } = this.#listed[Math.floor(size * this.#listed.length)]
      const steps = Math.max(
        Number(instrument.minQty),
        Math.ceil((20 / price / instrument.stepSize) * (0.5 + share)),
      )
      exchange.act({
        kind,
        symbol: instrument.symbol,
        side: share < 0.5 ? 'long' : 'short',
        steps: steps as Steps,
      })
      audit.disturbed()
      return
    }
    const position = this.#picked(size)
    if (position === null) return
    const { symbol, side, steps, stop } = position
    if (kind === 'reduce') {
      const part = Math.max(1, Math.floor(steps * (0.2 + share))) as Steps
      exchange.act({ kind: 'reduce', symbol, side, steps: part })
    } else if (kind === 'remove-stop') exchange.act({ kind: 'remove-stop', symbol, side })
    else if (stop !== null) {
      const away = kind === 'loosen-stop' ? -1 : 1
      const moved = (stop + away * sign(side) * Math.max(1, Math.round(stop * 0.002))) as Ticks
      exchange.act({ kind: 'move-stop', symbol, side, stop: moved })
    }
    audit.disturbed()
  }

  #venue(): void {
    const fault = this.#strike('venue')
    if (fault === null) return
    const { exchange, kernel } = this
    const { kind, size } = fault
    const { instrument } = this.#listed[Math.floor(size * this.#listed.length)]
    const { symbol } = instrument
    if (kind === 'drop-stop' || kind === 'reject-later') exchange.act({ kind, symbol })
    else if (kind === 'thin') {
      exchange.act({ kind, symbol, steps: 50 as Steps })
      kernel.schedule(5 * MINUTE, `${symbol} is deep again`, () =>
        exchange.act({ kind, symbol, steps: null }),
      )
    } else if (kind === 'liquidate') {
      const position = this.#picked(size)
      if (position === null) return
      exchange.act({ kind, symbol: position.symbol, side: position.side })
      this.audit.disturbed()
    }
  }

  /** What the simulated Bybit does besides. */
  #upset(): void {
    const { exchange } = this
    if (!(exchange instanceof BybitWorld)) return
    const fault = this.#strike('upset')
    if (fault === null) return
    this.audit.disturbed()
    const held = this.#picked(fault.size)?.symbol
    const listed = this.#listed.map(({ instrument }) => instrument.symbol)
    const symbol = listed[Math.floor(fault.size * listed.length)]
    // One of them goes on trading.
    exchange.upset(
      fault,
      fault.kind === 'delist' ? listed[1 + (listed.indexOf(symbol) % (listed.length - 1))] : (held ?? symbol),
    )
  }

  /** Somebody starts a second `bbw run` on the same state. */
  startSecond(): void {
    const rival = this.#traderAt('second run', new MachineClock(this.kernel))
    rival.start()
    // One that did get in ends by itself, and the lease is free again.
    this.kernel.schedule(5 * MINUTE, 'the second run is ended', () => rival.stop())
    this.sometimes.add('a second run was started')
  }

  #rival(): void {
    const fault = this.#strike('rival')
    if (fault === null) return
    if (fault.kind === 'second-run') {
      this.startSecond()
      return
    }
    this.#visit(fault.kind, store => {
      if (fault.kind === 'scan') {
        const now = this.clock.now()
        if (store.tryJob('scan', now) === null) this.sometimes.add('a scan had its turn')
      } else store.loadBooks()
    })
  }

  /** Another process opens the state for a moment. */
  #visit(what: string, work: (store: StateStore) => void): void {
    this.kernel.note(`${what} opens the state`)
    let store: StateStore | null = null
    try {
      store = this.#open()
      work(store)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.kernel.note(`${what}: ${error.message}`)
    } finally {
      store?.close()
    }
  }

  #open(): StateStore {
    const life: Life = this.kernel.life('visitor')
    life.end()
    return StateStore.open(this.path, {
      now: this.clock.now(),
      random: () => this.kernel.draws.next('chance of visitors'),
      origin: 'sim',
      self: { pid: life.number, host: 'here', processStart: String(life.number) },
      isAlive: this.processes.isAlive,
    })
  }

  #command(): void {
    const fault = this.#strike('command')
    if (fault !== null) {
      const kind = fault.kind === 'ask-twice' ? 'pause' : (fault.kind as 'pause' | 'halt')
      this.ask({ kind, by: 'a person', reason: 'as it seemed good' }, fault.kind === 'ask-twice' ? 2 : 1)
    }
    // Whoever has stopped it lets it go on some day.
    if (this.kernel.draws.next('resume') < 0.06)
      this.ask({ kind: 'resume', by: 'a person', reason: 'enough' }, 1)
    this.#request()
  }

  /** What a person wants of one position or another, when nothing is wrong as well as when something is. */
  #request(): void {
    const { draws } = this.kernel
    const by = 'a person'
    for (const [kind, share] of Object.entries(this.#setup.asking)) {
      // Nothing is drawn where nothing is ever asked.
      if (share === 0 || draws.next(`ask to ${kind}`) >= share) continue
      const held = this.#picked(draws.next(`which to ${kind}`))
      if (held === null) continue
      const { symbol, side } = held
      if (kind === 'close') {
        const isForeignToo = draws.next('close foreign ones, too') < 0.3
        this.ask({ kind, symbol, side, isForeignToo, halts: false, by, reason: 'enough' }, 1)
      } else if (kind === 'adopt' || kind === 'release') {
        const last = this.priceOf(symbol)
        const stop = kind === 'adopt' && last !== null ? last * (1 - 0.02 * sign(side)) : null
        this.ask({ kind, symbol, side, stop, target: null, isOwn: false, by }, 1)
      }
    }
  }

  #propose(): void {
    const { draws } = this.kernel
    if (draws.next('propose') >= this.#setup.proposing.share) return
    const { instrument } = draws.pick('symbol', this.#listed)
    this.propose(instrument.symbol)
  }

  /** Does something after a time, for a scenario. */
  after(span: Milliseconds, act: () => void): void {
    this.kernel.schedule(span, 'the scenario goes on', act)
  }

  /** Hands entries near the present price in, as `bbw trade` does: so many on one symbol at once. */
  propose(symbol: string, count = 1): void {
    const listed = this.#listed.find(one => one.instrument.symbol === symbol) ?? this.#listed[0]
    const { instrument } = listed
    const price = this.priceOf(symbol) ?? listed.price
    const records = Array.from({ length: count }, () => {
      // Two at one moment are two signals.
      const at = this.kernel.now - (this.#signals++ % 1_000)
      return proposal(this.kernel.draws, instrument, price, at, this.#setup.proposing)
    })
    this.ask({ kind: 'propose', records }, 1)
  }

  /** The last closed minute's price. */
  priceOf(symbol: string): number | null {
    const minutes = this.#minutes.get(symbol)
    if (minutes === undefined) return null
    const row = Math.floor((this.kernel.now - minutes.start[0]) / MINUTE) - 1
    return row >= 0 && row < minutes.length ? minutes.close[row] : null
  }

  /** Hands a signal in as it is. */
  handIn(signal: Signal): void {
    this.ask({ kind: 'propose', records: [scoreSignal(signal)] }, 1)
  }

  /** Between which prices a symbol has traded of late. */
  #lately(symbol: string): { readonly low: Price; readonly high: Price } | null {
    const minutes = this.#minutes.get(symbol)
    if (minutes === undefined) return null
    const rowOf = (at: Timestamp): number => Math.floor((at - minutes.start[0]) / MINUTE)
    const from = Math.max(0, rowOf(this.kernel.now - FRESH))
    const to = Math.min(minutes.length, rowOf(this.kernel.now) + 1)
    if (from >= to) return null
    return {
      low: Math.min(...minutes.low.subarray(from, to)),
      high: Math.max(...minutes.high.subarray(from, to)),
    }
  }

  /** Puts a request into the queue, so often under the same id. */
  ask(command: QueuedCommand, times: number): void {
    const id = `request-${this.#requests++}`
    this.#askedAt.set(id, this.kernel.now)
    this.#visit(command.kind, store => {
      for (let time = 0; time < times; time++) store.enqueue({ id, command }, this.clock.now())
      if (times > 1) this.sometimes.add('a request was made twice')
    })
  }
}

type Held = ReturnType<Ground['account']>['positions'][number]

function hostOf(markets: readonly SymbolMarket[], wallet: Usdt, historyDays: number | undefined): SimHost {
  const venue = new Venue(markets, {
    from: MIDNIGHT,
    to: null,
    costs: DEFAULT_COSTS,
    wallet,
    checkMargin: true,
    detail: true,
    ...(historyDays === undefined ? {} : { historyDays }),
  })
  return new SimHost(venue, null)
}

/** The one line that a failure is told in, and the one that shows it again. */
export function failureLines(
  {
    seed,
    profile,
    protocol,
    days,
    isBusy,
  }: Pick<SimulationOptions, 'seed' | 'profile' | 'protocol' | 'days' | 'isBusy'>,
  { invariant, how, event, at }: Failure,
  commit: string,
): string {
  const hex = `0x${seed.toString(16)}`
  const range = `${protocol === 'bybit' ? ' --protocol bybit' : ''}${isBusy === true ? ' --busy' : ''}${days === undefined ? '' : ` --days ${days}`}`
  return [
    `BBW-DST FAIL seed=${hex} commit=${commit} profile=${profile} t=${stamp(at)} event=${event} inv=${invariant} ${how}`,
    `replay: npm run dst -- --seed ${hex} --profile ${profile}${range} --until ${event} --trace`,
  ].join('\n')
}
