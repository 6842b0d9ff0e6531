/**
 * A whole trader in a world that fails, for tests: the engine under the live driver, its state on the disk, and the
 * embedded exchange behind a broker that misbehaves. The process can be killed at every point where it touches the
 * outside, and started again on what it left behind. Time is the exchange's; nothing waits.
 */

import * as assert from 'uvu/assert'
import type { Act } from './core/adapters/sim/acts.ts'
import { EmbeddedExchange } from './core/adapters/sim/embedded.ts'
import { type Costs, DEFAULT_COSTS } from './core/adapters/sim/exchange.ts'
import { FaultyExchange } from './core/adapters/sim/faults.fixture.ts'
import { SimHost } from './core/adapters/sim/host.ts'
import { Venue } from './core/adapters/sim/venue.ts'
import type { StateStore } from './core/adapters/sqlite/state-store.ts'
import { heldStore } from './core/adapters/sqlite/store.fixture.ts'
import type { Code } from './core/base/codes.ts'
import { StoreError, type StoreTrouble } from './core/base/errors.ts'
import { DAY, MINUTE, type Milliseconds, SECOND, type Timestamp } from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import { MIDNIGHT } from './core/decision/view.fixture.ts'
import type { EngineOptions } from './core/engine/core.ts'
import { instrument } from './core/engine/desk.fixture.ts'
import { LiveDriver } from './core/engine/drivers/live.ts'
import { Engine } from './core/engine/engine.ts'
import { scoreSignal } from './core/engine/pipeline.ts'
import type { Batch, BrokerPort, StorePort } from './core/engine/ports.ts'
import type { EngineEvent, Input, KnownAccount, OrderRequest } from './core/engine/protocol.ts'
import { defaultSettings, type Settings } from './core/engine/settings.ts'
import { CandleSeries } from './core/market/candles.ts'
import type { Instrument } from './core/market/instrument.ts'
import type { SymbolMarket } from './core/market/symbol-market.ts'
import type { Position } from './core/portfolio/position.ts'
import type { Trade } from './core/portfolio/trade.ts'

export const START = MIDNIGHT
export const SYMBOL = 'SOLUSDT'
export const OTHER = 'ADAUSDT'

const WALLET = 1_000
const HISTORY = 30

/** The price stays at each level for so many minutes; it gets there within the first of them. */
export type Path = readonly (readonly [minutes: number, price: number])[]

export interface RigOptions {
  readonly settings?: Settings
  readonly path?: Path
  readonly otherPath?: Path
  readonly minutes?: number
  /** For how many days the exchange knows what has been. */
  readonly historyDays?: number
  readonly costs?: Partial<Costs>
  readonly instrument?: Instrument
  /** What the engine is told besides. */
  readonly engine?: Partial<EngineOptions>
  /** A planted mistake: stands between the driver and the broker. */
  readonly mistake?: (broker: BrokerPort) => BrokerPort
}

/** Where the process ends: before or after a request leaves, or before a batch is written. */
export interface KillPoint {
  readonly at: 'commit' | 'place' | 'amend' | 'cancel' | 'setStop' | 'setLeverage'
  readonly phase: 'before' | 'after'
  readonly when?: (what: readonly unknown[]) => boolean
}

/** The end of the process, as a kill would have it: nothing runs after it. */
class Killed extends Error {
  override readonly name = 'Killed'
}

/** The embedded exchange, with others who act on its account. */
class SharedExchange extends EmbeddedExchange {
  readonly told: Input[] = []
  readonly #host: SimHost
  #tellThem: (input: Input) => void = () => {}

  constructor(host: SimHost) {
    super(host)
    this.#host = host
  }

  override listen(hear: (input: Input) => void): void {
    this.#tellThem = input => {
      if (input.type !== 'candle' && input.type !== 'price') this.told.push(input)
      hear(input)
    }
    super.listen(this.#tellThem)
  }

  act(act: Act): void {
    const { refusal, inputs } = this.#host.act(act)
    if (refusal !== null) throw new Error(`the act is refused: ${refusal}`)
    for (const input of inputs) this.#tellThem(input)
  }
}

export class FaultRig {
  readonly host: SimHost
  readonly exchange: FaultyExchange
  readonly events: EngineEvent[] = []
  readonly trades: Trade[] = []
  /** Requests that left the driver, in order. */
  readonly sent: { readonly operation: string; readonly args: readonly unknown[]; readonly at: Timestamp }[] =
    []
  /** How often what came about that is not the broker's doing. */
  readonly fired = { kill: 0, store: 0, act: 0, restart: 0 }
  /** The longest time a position stood at the exchange without a stop. */
  nakedMs: Milliseconds = 0
  readonly #shared: SharedExchange
  readonly #options: RigOptions
  readonly #path: string
  #kill: KillPoint | null = null
  #storeFault: { readonly trouble: StoreTrouble; left: number } | null = null
  #engine: Engine
  #driver: LiveDriver
  #store: StateStore
  #starts = 0
  #nakedSince: Timestamp | null = null

  /** @param path of the state, which is not there yet */
  static async open(path: string, options: RigOptions = {}): Promise<FaultRig> {
    const rig = new FaultRig(path, options)
    await rig.#begin()
    return rig
  }

  /** One that has held a position for two minutes, its stop and its targets seen. */
  static async held(path: string, signal: Signal, options: RigOptions = {}): Promise<FaultRig> {
    const rig = await FaultRig.open(path, options)
    await rig.propose(signal)
    await rig.run(2 * MINUTE)
    assert.is(rig.account().positions.length, 1)
    assert.equal(rig.differences(), [])
    return rig
  }

  private constructor(path: string, options: RigOptions) {
    this.#path = path
    this.#options = options
    const minutes = options.minutes ?? 240
    const venue = new Venue(
      [
        marketOf(options.instrument ?? instrument(SYMBOL), options.path ?? [[1, 102]], minutes),
        marketOf(instrument(OTHER), options.otherPath ?? [[1, 102]], minutes),
      ],
      {
        from: START,
        to: null,
        costs: { ...DEFAULT_COSTS, ...options.costs },
        wallet: WALLET,
        checkMargin: true,
        detail: true,
        ...(options.historyDays === undefined ? {} : { historyDays: options.historyDays }),
      },
    )
    this.host = new SimHost(venue, null)
    this.#shared = new SharedExchange(this.host)
    this.exchange = new FaultyExchange(this.#shared)
    this.#store = this.#openStore()
    this.#engine = this.#newEngine()
    this.#driver = this.#newDriver()
  }

  get engine(): Engine {
    return this.#engine
  }

  get store(): StateStore {
    return this.#store
  }

  get now(): Timestamp {
    return this.exchange.clock.now()
  }

  /** Everything that the exchange has told, whether it was heard or not; prices and candles apart. */
  get told(): readonly Input[] {
    return this.#shared.told
  }

  // --- time

  /** Moves the market on by a span, or to the point where the process is killed. */
  async run(span: Milliseconds): Promise<void> {
    const until = this.now + span
    if (await this.#move(() => this.#driver.idle(), until)) await this.#arrive(until)
  }

  /** Lets what is on its way come to its end; time stands still. */
  settle(): Promise<void> {
    return this.run(0)
  }

  /** The market goes on without bbw. */
  async dark(span: Milliseconds): Promise<void> {
    const until = this.now + span
    this.exchange.clock.wakeAt(null, () => {})
    if (await this.#move(() => Promise.resolve(), until)) await this.#arrive(until)
  }

  /** Returns whether the process lives. */
  async #move(idle: () => Promise<void>, until: Timestamp): Promise<boolean> {
    try {
      await this.exchange.run(idle, at => this.#watch(at), until)
      return true
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      return false
    }
  }

  /** The clock stands at the last instant at which something happened: it is brought to where it was to go. */
  async #arrive(until: Timestamp): Promise<void> {
    const { clock } = this.#shared
    if (clock.now() >= until) return
    this.#watchNaked(until)
    clock.moveTo(until)
    this.host.advance(until)
    await Promise.resolve()
  }

  #watch(at: Timestamp): Promise<boolean> {
    this.#watchNaked(at)
    return Promise.resolve(true)
  }

  #watchNaked(at: Timestamp): void {
    const isNaked = this.account().positions.some(position => position.stop === null)
    if (!isNaked) {
      this.#nakedSince = null
      return
    }
    this.#nakedSince ??= this.now
    this.nakedMs = Math.max(this.nakedMs, at - this.#nakedSince)
  }

  // --- what is done to it

  act(act: Act): Promise<void> {
    this.fired.act++
    this.#shared.act(act)
    return this.settle()
  }

  propose(...signals: readonly Signal[]): Promise<void> {
    return this.proposeAsIs(...signals.map(signal => ({ ...signal, lastAt: this.now })))
  }

  /** With the price, and its age, that the signals bear. */
  proposeAsIs(...signals: readonly Signal[]): Promise<void> {
    this.#driver.hear({ type: 'propose', at: 0, scored: signals.map(signal => scoreSignal(signal)) })
    return this.settle()
  }

  /** Hands an input to the driver as the feed would. */
  hear(input: Input): Promise<void> {
    this.#driver.hear(input)
    return this.settle()
  }

  /** The process ends at the next such point. */
  killAt(point: KillPoint): void {
    this.#kill = point
  }

  /** The next writes of the state fail so often. */
  failStore(trouble: StoreTrouble, times: number): void {
    this.#storeFault = { trouble, left: times }
  }

  get isDead(): boolean {
    return this.fired.kill > this.fired.restart
  }

  /** Starts anew on what was left behind, whether the process was killed or not. */
  async restart(): Promise<void> {
    if (!this.isDead) this.fired.kill++
    this.fired.restart++
    this.#kill = null
    this.#store.close()
    this.#store = this.#openStore()
    this.#engine = this.#newEngine()
    this.#driver = this.#newDriver()
    await this.#begin()
  }

  close(): void {
    this.#store.close()
  }

  // --- what is seen of it

  account(): KnownAccount {
    return this.host.account()
  }

  codes(): readonly Code[] {
    return this.events.flatMap(({ code }) => (code === null ? [] : [code]))
  }

  has(code: Code): boolean {
    return this.codes().includes(code)
  }

  count(code: Code): number {
    return this.codes().filter(one => one === code).length
  }

  counter(name: string): number {
    return this.#engine.counts[name] ?? 0
  }

  position(): Position | null {
    return [...this.#engine.portfolio.positions.values()].find(one => one.symbol === SYMBOL) ?? null
  }

  /** The entries of a symbol that the exchange has ever taken. */
  entriesAccepted(symbol: string = SYMBOL): number {
    const ids = new Set(
      this.sent.flatMap(({ operation, args }) => {
        const order = args[0] as OrderRequest
        return operation === 'place' && order.purpose === 'entry' && order.symbol === symbol
          ? [order.clientOrderId]
          : []
      }),
    )
    return this.told.filter(
      input => input.type === 'order' && input.status === 'accepted' && ids.has(input.clientOrderId),
    ).length
  }

  /** How often a request of a kind has left. */
  requests(operation: string, purpose?: OrderRequest['purpose']): number {
    return this.sent.filter(
      one =>
        one.operation === operation &&
        (purpose === undefined || (one.args[0] as OrderRequest).purpose === purpose),
    ).length
  }

  /** What differs between the books and the account: positions, stops, orders and wallet. Empty when they agree. */
  differences(): readonly string[] {
    const { wallet, positions, orders } = this.account()
    const books = this.#engine.books()
    const found: string[] = []
    const said = (of: readonly string[]): string => JSON.stringify([...of].sort())
    const there = positions.map(one => `${one.symbol} ${one.side} ${one.steps} stop ${one.stop}`)
    const held = books.positions.map(
      ({ position: one }) => `${one.symbol} ${one.side} ${one.steps} stop ${one.stop}`,
    )
    if (said(there) !== said(held)) found.push(`positions: ${said(there)}, in the books ${said(held)}`)
    const resting = orders.map(one => one.clientOrderId)
    const booked = books.orders.map(one =>
      one.kind === 'entry' ? one.entry.clientOrderId : one.order.clientOrderId,
    )
    if (said(resting) !== said(booked)) found.push(`orders: ${said(resting)}, in the books ${said(booked)}`)
    if (Math.abs(wallet - books.ledger.wallet) > 0.01) {
      found.push(`wallet: ${wallet}, in the books ${books.ledger.wallet}`)
    }
    return found
  }

  // --- its parts

  #openStore(): StateStore {
    this.#starts++
    const self = { pid: 4_000 + this.#starts, host: 'here', processStart: String(this.#starts) }
    return heldStore(this.#path, { self, isAlive: () => false, now: START })
  }

  #newEngine(): Engine {
    const settings = this.#options.settings ?? defaultSettings()
    const books = this.#store.loadBooks()
    const options = {
      wallet: WALLET,
      everyCycle: true,
      lacking: 'skip' as const,
      instance: this.#store.instance,
      incarnation: this.#store.token ?? 0,
      ...this.#options.engine,
    }
    return books === null ? new Engine(settings, options) : Engine.resume(settings, options, books)
  }

  #newDriver(): LiveDriver {
    const broker = this.#options.mistake?.(this.#broker()) ?? this.#broker()
    return new LiveDriver(this.#engine, {
      clock: this.exchange.clock,
      broker,
      feed: this.exchange,
      journal: {
        event: event => this.events.push(event),
        trade: trade => this.trades.push(trade),
      },
      store: this.#disk(),
    })
  }

  async #begin(): Promise<void> {
    this.#driver.start(await this.exchange.history())
    await this.settle()
  }

  /** Notes every request, and is where the process may end. */
  #broker(): BrokerPort {
    const { exchange } = this
    const request = async (
      operation: Exclude<KillPoint['at'], 'commit'>,
      args: readonly unknown[],
      send: () => Promise<void>,
    ): Promise<void> => {
      this.sent.push({ operation, args, at: this.now })
      await send()
    }
    const leave = (
      operation: Exclude<KillPoint['at'], 'commit'>,
      args: readonly unknown[],
      send: () => Promise<void>,
    ): Promise<void> => {
      if (this.#isHere(operation, 'after', args)) {
        // It has left, and nobody hears what comes of it.
        request(operation, args, send).catch(() => {})
        this.#end()
      }
      if (this.#isHere(operation, 'before', args)) this.#end()
      return request(operation, args, send)
    }
    return {
      place: order => leave('place', [order], () => exchange.place(order)),
      amend: (symbol, id, price, steps) =>
        leave('amend', [symbol, id, price, steps], () => exchange.amend(symbol, id, price, steps)),
      cancel: (symbol, id) => leave('cancel', [symbol, id], () => exchange.cancel(symbol, id)),
      setStop: (requestId, symbol, side, stop) =>
        leave('setStop', [requestId, symbol, side, stop], () =>
          exchange.setStop(requestId, symbol, side, stop),
        ),
      setLeverage: (requestId, symbol, leverage, side) =>
        leave('setLeverage', [requestId, symbol, leverage], () =>
          exchange.setLeverage(requestId, symbol, leverage, side),
        ),
      leverage: (symbol, side) => exchange.leverage(symbol, side),
      account: () => exchange.account(),
      lookUp: (symbol, id) => exchange.lookUp(symbol, id),
      executions: since => exchange.executions(since),
    }
  }

  #disk(): StorePort {
    return {
      commit: (batch: Batch) => {
        if (this.#isHere('commit', 'before', [batch])) this.#end()
        const fault = this.#storeFault
        if (fault !== null && fault.left > 0) {
          fault.left--
          this.fired.store++
          throw new StoreError(`the state: ${fault.trouble}`, { retryable: false, trouble: fault.trouble })
        }
        const refused = this.#store.commit(batch)
        if (this.#isHere('commit', 'after', [batch])) this.#end()
        return refused
      },
    }
  }

  #isHere(at: KillPoint['at'], phase: KillPoint['phase'], what: readonly unknown[]): boolean {
    const kill = this.#kill
    if (kill === null || this.isDead || kill.at !== at || kill.phase !== phase) return false
    return kill.when === undefined || kill.when(what)
  }

  #end(): never {
    this.fired.kill++
    throw new Killed('killed')
  }
}

/** A market of 30 quiet days, bands about 95, 100 and 105, and then minutes along a path. */
function marketOf(of: Instrument, path: Path, minutes: number): SymbolMarket {
  const daily = new CandleSeries(of.symbol, '1d', HISTORY)
  for (let day = HISTORY; day > 0; day--) {
    const close = day === 1 ? 102 : 97.5 + 5 * (day % 2)
    daily.push(START - day * DAY, close, close, close, close, 1, 50e6)
  }
  const fine = new CandleSeries(of.symbol, '1m', minutes)
  const levels = path.flatMap(([count, price]) => Array.from({ length: count }, () => price))
  let before = 102
  for (let minute = 0; minute < minutes; minute++) {
    const close = levels[Math.min(minute, levels.length - 1)]
    const [low, high] = close < before ? [close, before] : [before, close]
    fine.push(START + minute * MINUTE, before, high, low, close, 1, 100)
    before = close
  }
  return {
    instrument: of,
    candles: new Map([
      ['1d', daily],
      ['1m', fine],
    ] as const),
    mark: new Map(),
    funding: null,
  }
}

/** Longer than any answer, window or look takes. */
export const A_WHILE: Milliseconds = 40 * SECOND
