/**
 * What has to hold after every event of a simulation, and what has to hold once faults have stopped. It sees the
 * exchange as it is, what leaves each process, and the state on the disk; nobody tells it what bbw thinks of itself
 * but where that is what is compared.
 *
 * Of the invariants of `reliability.md` 2.1 it checks, in both worlds where nothing else is said:
 *
 * | | when, and how much of it |
 * | --- | --- |
 * | I1 | entries as they leave, and at the simulatedBybit as they arrive; positions without a stop after each event |
 * | I2 | stops as they are set |
 * | I3 | orders and executions as they are taken; what a signal has bought, once all is well |
 * | I4, I9, I14, I15 | whatever leaves; I15 at the simulated Bybit once more by the text that arrives |
 * | I5 | once all is well, and whenever nothing has gone wrong or come about for a while |
 * | I6 | orders as they are taken; at the simulated Bybit conditional orders of symbols on which nothing is held |
 * | I7 | the margin in use, when an entry is written down, and the leverage of what leaves |
 * | I8 | what is held after each event; at the simulated Bybit that what closes says so as it arrives |
 * | I10 | the file, when a process has ended |
 * | I11 | what is written down as over and is not; an entry on a symbol with one of unknown fate |
 * | I12 | prices that entries are decided on |
 * | I13 | at the simulated Bybit: half of each endpoint's limit and of the address's, and silence after a block |
 * | I16 | the exchange's wallet against the ledger after each event, against the books where I5 is looked at |
 * | I17 | cycles and requests of people, once all is well |
 * | I18 | requests as they are answered |
 * | I19 | at the simulated Bybit: the secret in messages, in what is traced, and in the file |
 * | I20 | where a run is dry: whatever arrives that would change something |
 * | I21 | halts, and stops that were missing and are there again: told once, in the state or before there is one |
 *
 * Not checked here: of I7 the caps of a symbol and of the day, which are bbw's own reckoning (`portfolio-guards.test.ts`);
 * of I13 the share that is kept for what protects, which nobody sees from outside (`limits.test.ts`); of I21 the delivery
 * of alerts, which nothing does yet. I22 is a matter of two runs: `simulation.test.ts`, `bybit-world.test.ts`.
 */
import { DatabaseSync } from 'node:sqlite'
import type { Act } from '../core/adapters/sim/acts.ts'
import type { Milliseconds, Price, Timestamp, Usdt } from '../core/base/units.ts'
import { HOUR, SECOND } from '../core/base/units.ts'
import type { Engine } from '../core/engine/engine.ts'
import type { Batch } from '../core/engine/ports.ts'
import type { AccountPosition, Input, OrderRequest } from '../core/engine/protocol.ts'
import type { Instrument } from '../core/market/instrument.ts'
import { formatSteps, formatTicks, priceOf } from '../core/market/quantise.ts'
import { sign } from '../core/market/side.ts'
import { usedMargin } from '../core/portfolio/portfolio.ts'
import { positionKey } from '../core/portfolio/position.ts'
import type { Witness } from './exchange.fixture.ts'
import type { Kernel, Life } from './kernel.fixture.ts'
import { ShadowLedger } from './ledger.fixture.ts'

/** Those that are put to the question here. */
export const AUDITED = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I12',
  'I13',
  'I14',
  'I15',
  'I16',
  'I17',
  'I18',
  'I19',
  'I20',
  'I21',
] as const
export type Audited = (typeof AUDITED)[number]

/** An invariant does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly invariant: Audited
  constructor(invariant: Audited, how: string) {
    super(how)
    this.invariant = invariant
  }
}

/** An entry's stop is attached: one that the exchange has lost is set again within this, where nothing is in the way. */
const NAKED: Milliseconds = 2.5 * SECOND
/** So long after the last thing that went wrong everything has to be right again. */
export const CONVERGED: Milliseconds = 35 * SECOND
/** What prices are rounded by. */
const [LEAST, MOST] = [1 - 1e-9, 1 + 1e-9]
const CENT: Usdt = 0.01
/** An order that waits for a price does not outlive its position by more than the cycle that looks for it. */
const ORPHANED: Milliseconds = 35 * SECOND
/** A price that is older is not fresh, whatever the order. */
export const FRESH: Milliseconds = 75 * SECOND
/** Messages are looked up for so long. */
const LONGEST_TELLING: Milliseconds = 6 * HOUR
const DECIMAL = /^(?:0|[1-9]\d*)(?:\.\d+)?$/
/** Orders that can still be given up: `intents.state`. */
const GIVEN_UP = ['rejected', 'cancelled', 'dropped']

/** What an order says of itself as it arrives at the simulated Bybit. */
export interface Wanted {
  readonly qty?: string
  readonly price?: string
  readonly stopLoss?: string
  readonly reduceOnly?: boolean
  readonly closeOnTrigger?: boolean
}

/** The exchange as it is. */
export interface Ground {
  account(): {
    readonly wallet: Usdt
    readonly positions: readonly Pick<AccountPosition, 'symbol' | 'side' | 'steps' | 'stop'>[]
    readonly orders: readonly { readonly clientOrderId: string }[]
  }
  /** Positions that are flat, by their keys, for which orders still wait for a price; left out where there are no such. */
  orphans?(): readonly string[]
}

/** A price as a process knows it. */
export interface Known {
  readonly last: Price
  readonly lastAt: Timestamp
}

/** A process that trades, as the audit sees it. */
export interface Trading {
  readonly life: Life
  readonly engine: Engine
  /** Of its lease. */
  readonly token: number | null
}

export interface AuditOptions {
  readonly kernel: Kernel
  readonly ground: () => Ground
  /** Between which prices a symbol has traded within `FRESH`; `null` where it has not. */
  readonly lately: (symbol: string) => { readonly low: Price; readonly high: Price } | null
  /** Whether every price is told; else those at the closes of candles are. */
  readonly tellsPrices: boolean
  readonly instruments: ReadonlyMap<string, Instrument>
  readonly path: string
  readonly wallet: Usdt
  /** What has come about that is worth coming about. */
  readonly sometimes: Set<string>
}

export class Audit implements Witness {
  readonly ledger: ShadowLedger
  readonly #kernel: Kernel
  readonly #ground: () => Ground
  readonly #lately: AuditOptions['lately']
  readonly #tellsPrices: boolean
  readonly #instruments: ReadonlyMap<string, Instrument>
  readonly #prefixes = new Set<string>()
  readonly #path: string
  readonly #sometimes: Set<string>
  #database: DatabaseSync | null = null
  /** How often each was put to the question with something at stake. */
  readonly asked = new Map<Audited, number>()
  readonly #naked = new Map<string, { since: Timestamp; wasRemoved: boolean }>()
  readonly #orphans = new Map<string, Timestamp>()
  /** Positions whose stop was missing and is there again. */
  #restored: { readonly key: string; readonly since: Timestamp; readonly at: Timestamp }[] = []
  readonly #tellings: { readonly at: Timestamp; readonly words: string }[] = []
  readonly #stops = new Map<string, number | null>()
  /** Orders as they left, by their ids. */
  readonly sent = new Map<string, OrderRequest>()
  readonly #committed = new Set<string>()
  readonly #unsaved = new Set<string>()
  readonly #answered = new Map<string, number>()
  readonly #signals = new Map<string, { readonly intended: number; readonly ids: Set<string> }>()
  #isHalted = false
  #disturbedAt: Timestamp = Number.NEGATIVE_INFINITY
  #checked = -1
  #violation: Violation | null = null

  /** Whether a process that trades is up. */
  isAttended = false

  constructor(options: AuditOptions) {
    const { kernel, ground, lately, tellsPrices, instruments, path, wallet, sometimes } = options
    this.#sometimes = sometimes
    this.#kernel = kernel
    this.#ground = ground
    this.#lately = lately
    this.#tellsPrices = tellsPrices
    this.#path = path
    this.#instruments = instruments
    this.ledger = new ShadowLedger(wallet, this.#instruments)
  }

  /** Throws the first violation, if there was one. */
  refuse(): void {
    if (this.#violation !== null) throw this.#violation
  }

  close(): void {
    this.#database?.close()
    this.#database = null
  }

  // --- what happens at the exchange

  request(operation: string, args: readonly unknown[], inputs: readonly Input[], by: Life | null): void {
    for (const input of inputs) {
      if (operation === 'place' && input.type === 'order' && input.status === 'accepted')
        this.#accepted(args[0] as OrderRequest)
      if (operation === 'amend' && input.type === 'order' && input.status === 'amended')
        this.ledger.amend(String(args[1]), Number(args[3]))
    }
    if (operation === 'setStop' && by !== null) this.#stopAsked(args, inputs)
    if (by?.isOver === true) this.#sometimes.add('a request took effect after its sender had died')
    this.#tell(inputs)
  }

  act(act: Act, inputs: readonly Input[]): void {
    if (act.kind === 'rest') this.ledger.take(act.order)
    if (act.kind === 'remove-stop' || act.kind === 'move-stop') {
      const key = positionKey(act.symbol, act.side)
      this.#stops.delete(key)
      if (act.kind === 'remove-stop') this.#naked.set(key, { since: this.#kernel.now, wasRemoved: true })
    }
    if (act.kind === 'deposit') this.transferred(act.usdt)
    this.#tell(inputs)
  }

  moved(inputs: readonly Input[]): void {
    this.#tell(inputs)
  }

  /** Money is paid in, or taken out where it is negative. */
  transferred(usdt: Usdt): void {
    this.ledger.wallet += usdt
  }

  #tell(inputs: readonly Input[]): void {
    for (const input of inputs) {
      if (input.type === 'fill' && !this.isAttended)
        this.#sometimes.add('an order filled while nobody was there')
      for (const [invariant, how] of this.ledger.hear(input)) this.#broken(invariant as Audited, how)
    }
  }

  #accepted(order: OrderRequest): void {
    const { clientOrderId: id, purpose, stop } = order
    const twice = this.ledger.take(order)
    this.#holds('I3', twice === null, () => twice ?? '')
    this.#holds('I1', purpose !== 'entry' || stop !== null, () => `${id} has no stop`)
    if (!this.#isOurs(id)) return
    const state = this.#stateOf(id)
    this.#holds('I6', state !== null || this.#unsaved.has(id), () => `${id} is in no row`)
    this.#holds(
      'I11',
      state === null || !GIVEN_UP.includes(state),
      () => `${id} was taken after it had been given up as ${state}`,
    )
  }

  #stopAsked([, symbol, side, stop]: readonly unknown[], inputs: readonly Input[]): void {
    const isSet = inputs.some(input => input.type === 'stop' && input.ok)
    if (!isSet) return
    const key = positionKey(String(symbol), side as 'long' | 'short')
    const before = this.#stops.get(key) ?? null
    if (before !== null) {
      this.#holds(
        'I2',
        (Number(stop) - before) * sign(side as 'long' | 'short') >= 0,
        () => `the stop of ${key} goes from ${before} to ${stop}`,
      )
    }
    this.#stops.set(key, Number(stop))
  }

  // --- what leaves a process, and what it writes

  /** Ids of this beginning are of a bbw whose state lies here. */
  ours(instance: string): void {
    this.#prefixes.add(`bbw-${instance}-`)
  }

  #isOurs(id: string): boolean {
    for (const prefix of this.#prefixes) if (id.startsWith(prefix)) return true
    return false
  }

  /** A batch is about to be written. */
  committing(batch: Batch, { engine }: Trading, settings: { readonly percent: number | null }): void {
    for (const { scored, verdict } of batch.verdicts) {
      const { id, symbol, last } = scored.signal
      if (verdict === 'entered') this.#fresh(id, symbol, last)
    }
    for (const { key, order, signalId } of batch.intents) {
      if (order.purpose !== 'entry') continue
      const most = (engine.equity() * (settings.percent ?? 100)) / 100
      const used = usedMargin(engine.portfolio)
      this.#holds('I7', !(used > most + 1e-9), () => `${key} binds ${used} of at most ${most}`)
      const isAdd = engine.portfolio.pending.get(key)?.rung !== undefined
      if (isAdd) continue
      const id = `${signalId}|${order.type}`
      const chain = this.#signals.get(id)
      if (chain === undefined) this.#signals.set(id, { intended: order.steps, ids: new Set([key]) })
      else chain.ids.add(key)
    }
  }

  /** A batch could not be written. What reduces may go without its row; what adds may not. */
  unsaved(batch: Batch): void {
    for (const { key, order } of batch.intents) if (order.purpose === 'exit') this.#unsaved.add(key)
  }

  committed(batch: Batch, refused: readonly string[], trading: Trading | null): void {
    for (const { key, state } of batch.outcomes) {
      if (state !== 'rejected' && state !== 'dropped') continue
      const isThere = this.#ground()
        .account()
        .orders.some(one => one.clientOrderId === key)
      this.#holds('I11', !isThere, () => `${key} is written down as ${state}, and rests at the exchange`)
    }
    for (const { key } of batch.intents) if (!refused.includes(key)) this.#committed.add(key)
    for (const { id } of batch.answers) {
      // bbw's own halts bear none.
      if (id === '') continue
      const times = (this.#answered.get(id) ?? 0) + 1
      this.#answered.set(id, times)
      this.#holds('I18', times === 1, () => `the request ${id} was carried out ${times} times`)
    }
    for (const { kind, code, symbol, reason } of batch.events) {
      if (code !== null) this.told(`${symbol} ${reason}`)
      if (kind === 'halted') this.#isHalted = true
      if (kind === 'resumed') this.#isHalted = false
    }
    if (trading === null) return
    const { halted } = trading.engine
    this.#holds(
      'I21',
      halted === this.#isHalted,
      () => `${halted ? 'halted' : 'not halted any more'}, and nobody is told`,
    )
  }

  /**
   * A request that changes something is about to leave.
   *
   * @param token of the lease that the process believes to hold
   * @param known the last price of a symbol and when it was made, as the process knows them
   */
  leaving(
    operation: string,
    args: readonly unknown[],
    token: number | null,
    known: (symbol: string) => Known | null,
  ): void {
    const holder = this.#lease()
    this.#holds(
      'I9',
      holder !== null && holder === token,
      () => `${operation} leaves under token ${token}, and ${holder} holds the lease`,
    )
    if (operation === 'setStop') this.#exact(String(args[1]), Number(args[3]), null)
    if (operation === 'amend') this.#exact(String(args[0]), Number(args[2]), Number(args[3]))
    if (operation !== 'place') return
    const order = args[0] as OrderRequest
    const { clientOrderId: id, purpose } = order
    this.sent.set(id, order)
    this.#exact(order.symbol, order.price, order.steps)
    const isWritten = this.#stateOf(id) !== null
    this.#holds('I4', isWritten || this.#unsaved.has(id), () => `${id} leaves without a row`)
    if (purpose !== 'entry') return
    this.#exact(order.symbol, order.stop, null)
    this.#knows(order)
    this.#holds('I1', order.stop !== null, () => `${id} leaves without a stop`)
    this.#protects(order)
    this.#holds('I14', !this.#isHalted, () => `${id} leaves while everything is halted`)
    this.#believed(order.symbol, known(order.symbol))
    const { maxLeverage } = this.#instruments.get(order.symbol) ?? { maxLeverage: 0 }
    this.#holds('I7', order.leverage <= maxLeverage, () => `${id} at leverage ${order.leverage}`)
  }

  /** Nothing is entered on a symbol while the fate of another entry on it is unknown. */
  #knows({ clientOrderId: id, symbol }: OrderRequest): void {
    const row = this.#open()
      ?.prepare(
        "SELECT id FROM intents WHERE kind = 'order' AND purpose = 'entry' AND state = 'unknown' AND symbol = ? AND id <> ?",
      )
      .get(symbol, id)
    this.#holds('I11', row === undefined, () => `${id} leaves while the fate of ${row?.id} is unknown`)
  }

  /**
   * An order as it arrives: the text that the exchange reads.
   *
   * @param sent as it left
   */
  arrives(sent: OrderRequest, asked: Wanted): void {
    const { clientOrderId: id, purpose } = sent
    const closes = asked.reduceOnly === true || asked.closeOnTrigger === true
    this.#holds(
      'I8',
      closes === (purpose === 'exit'),
      () => `${id} is an ${purpose}: ${JSON.stringify(asked)}`,
    )
    this.#holds(
      'I1',
      purpose === 'exit' || asked.stopLoss !== undefined,
      () => `${id} arrives without a stop`,
    )
    for (const [name, text] of Object.entries(asked)) {
      if (typeof text !== 'string') continue
      const isNumber = DECIMAL.test(text) && Number(text) > 0
      this.#holds('I15', isNumber, () => `${id} arrives with a ${name} of ${text}`)
    }
  }

  /** Something that would change something arrives from a process that only looks. */
  dry(name: string): void {
    this.#holds('I20', false, () => `${name} arrives from a dry run`)
  }

  /** Words that anybody can read. */
  said(words: string, secret: string): void {
    this.#holds('I19', !words.includes(secret), () => 'the secret is said')
  }

  /** A message with a code is given. */
  told(words: string): void {
    const at = this.#kernel.now
    this.#tellings.push({ at, words })
    while (this.#tellings[0].at < at - LONGEST_TELLING) this.#tellings.shift()
  }

  /** A stop that was missing and is there again was told of. */
  #checkTold(): void {
    const { now } = this.#kernel
    if (!this.isAttended) return
    const due = this.#restored.filter(({ at }) => now > Math.max(at, this.#disturbedAt) + CONVERGED)
    if (due.length === 0) return
    this.#restored = this.#restored.filter(one => !due.includes(one))
    for (const { key, since } of due) {
      const [symbol = ''] = key.split(':')
      const isTold = this.#tellings.some(({ at, words }) => at >= since && words.includes(symbol))
      this.#holds('I21', isTold, () => `nobody is told that the stop of ${key} was missing`)
    }
  }

  /** The stop of an entry lies where the price would have to go against it. */
  #protects({ clientOrderId: id, symbol, side, price, stop }: OrderRequest): void {
    const instrument = this.#instruments.get(symbol)
    const traded = this.#lately(symbol)
    if (stop === null || instrument === undefined || traded === null) return
    const market = side === 'long' ? traded.high : traded.low
    const from = price === null ? market : priceOf(instrument, price)
    this.#holds(
      'I1',
      sign(side) * (from - priceOf(instrument, stop)) > 0,
      () => `${id} of ${from} has its stop at ${stop} ticks, which protects nothing`,
    )
  }

  /** What is taken for a price of now is one. */
  #believed(symbol: string, known: Known | null): void {
    if (known === null || !this.#tellsPrices || this.#kernel.now - known.lastAt > FRESH) return
    this.#fresh('what the process knows', symbol, known.last)
  }

  /** What adds is decided on a price that was traded just now. */
  #fresh(id: string, symbol: string, price: Price | null): void {
    const traded = this.#lately(symbol)
    const isFresh =
      price !== null && traded !== null && price >= traded.low * LEAST && price <= traded.high * MOST
    this.#holds(
      'I12',
      isFresh,
      () => `${id}: a price of ${symbol} of ${price}, traded were ${JSON.stringify(traded)}`,
    )
  }

  /** So many requests of a kind have left within a second. */
  rate(name: string, count: number, most: number): void {
    this.#holds('I13', count <= most, () => `${count} requests of ${name} in a second, at most ${most}`)
  }

  /** Somebody whose address is blocked asks for something. */
  silent(name: string, span: Milliseconds, isRight: boolean): void {
    this.#holds('I13', isRight, () => `${name} is asked for ${span} ms after the address was blocked`)
  }

  // --- after every event

  /** Something goes wrong, or comes back, that can hold bbw up until then. */
  disturbed(until: Timestamp = this.#kernel.now): void {
    this.#disturbedAt = Math.max(this.#disturbedAt, until)
  }

  get disturbedAt(): Timestamp {
    return this.#disturbedAt
  }

  /** @param version of the exchange; where it is the same only time has passed */
  check(version: number): void {
    this.refuse()
    if (version !== this.#checked) {
      this.#checked = version
      this.#positions()
    }
    if (this.#naked.size > 0) this.#checkNaked()
    if (this.#orphans.size > 0) this.#checkOrphans()
    if (this.#restored.length > 0) this.#checkTold()
    this.refuse()
  }

  #positions(): void {
    const { positions, wallet } = this.#ground().account()
    const seen = new Set<string>()
    for (const { symbol, side, steps, stop } of positions) {
      const key = positionKey(symbol, side)
      seen.add(key)
      const held = this.ledger.held.get(key)
      this.#holds(
        'I8',
        held?.steps === steps,
        () => `${key} has ${steps} steps, the ledger ${held?.steps ?? 0}`,
      )
      if (stop !== null) {
        const bare = this.#naked.get(key)
        if (bare !== undefined) this.#restored.push({ key, since: bare.since, at: this.#kernel.now })
        this.#naked.delete(key)
        // Who has moved it is known from the requests; what the exchange says counts.
        this.#stops.set(key, stop)
      } else if (held?.isForeign !== true && !this.#naked.has(key)) {
        this.#naked.set(key, { since: this.#kernel.now, wasRemoved: false })
      }
      this.#count('I1')
    }
    for (const key of this.ledger.held.keys()) {
      this.#holds('I8', seen.has(key), () => `the ledger holds ${key}, the exchange does not`)
    }
    for (const key of this.#naked.keys()) if (!seen.has(key)) this.#naked.delete(key)
    for (const key of this.#stops.keys()) if (!seen.has(key)) this.#stops.delete(key)
    this.#holds(
      'I16',
      Math.abs(this.ledger.wallet - wallet) <= CENT,
      () => `the ledger has ${this.ledger.wallet} USDT, the exchange ${wallet}`,
    )
    const orphans = this.#ground().orphans?.() ?? []
    for (const key of orphans) {
      this.#count('I6')
      if (!this.#orphans.has(key)) this.#orphans.set(key, this.#kernel.now)
    }
    for (const key of this.#orphans.keys()) if (!orphans.includes(key)) this.#orphans.delete(key)
  }

  #checkOrphans(): void {
    const { now } = this.#kernel
    for (const [key, since] of this.#orphans) {
      const isDisturbed = this.#disturbedAt >= since - 10 * SECOND
      const until = (isDisturbed ? Math.max(since, this.#disturbedAt) : since) + ORPHANED
      if (now > until)
        this.#broken('I6', `an order waits for a price of ${key}, which is flat, for ${now - since} ms`)
    }
  }

  #checkNaked(): void {
    const { now } = this.#kernel
    for (const [key, { since, wasRemoved }] of this.#naked) {
      if (this.ledger.held.get(key)?.isForeign === true) continue
      const isDisturbed = this.#disturbedAt >= since - 10 * SECOND
      const until = isDisturbed
        ? Math.max(since, this.#disturbedAt) + CONVERGED
        : since + (wasRemoved ? CONVERGED : NAKED)
      if (now > until) {
        const symbol = key.slice(0, key.indexOf(':'))
        this.#broken('I1', `symbol=${symbol} naked=${now - since}ms`)
      }
    }
  }

  // --- once everything has had its time

  /** Books, exchange and ledger say the same. */
  converged({ engine }: Trading): void {
    const { wallet, positions, orders } = this.#ground().account()
    const books = engine.books()
    const own = positions.filter(({ symbol, side }) => !this.#isForeign(positionKey(symbol, side), engine))
    const said = (of: readonly string[]): string => JSON.stringify([...of].sort())
    const there = said(own.map(one => `${one.symbol} ${one.side} ${one.steps} stop ${one.stop}`))
    const held = said(
      books.positions.map(({ position: one }) => `${one.symbol} ${one.side} ${one.steps} stop ${one.stop}`),
    )
    this.#holds('I5', there === held, () => `positions ${there}, in the books ${held}`)
    const resting = said(orders.map(one => one.clientOrderId).filter(id => this.#isOurs(id)))
    const booked = said(
      books.orders.map(one => (one.kind === 'entry' ? one.entry.clientOrderId : one.order.clientOrderId)),
    )
    this.#holds('I5', resting === booked, () => `orders ${resting}, in the books ${booked}`)
    this.#holds(
      'I16',
      Math.abs(books.ledger.wallet - wallet) <= CENT,
      () => `the books have ${books.ledger.wallet} USDT, the exchange ${wallet}`,
    )
    const naked = own.filter(one => one.stop === null).map(one => one.symbol)
    this.#holds('I1', naked.length === 0, () => `${naked} without a stop after everything has healed`)
    this.#filledOnce()
  }

  /** The cycles go on: none of them is behind by more than two periods. */
  alive({ engine }: Trading): void {
    const { now } = this.#kernel
    for (const { cycle, every, lastAt } of engine.snapshot().cycles) {
      if (lastAt === null) continue
      this.#holds(
        'I17',
        now - lastAt <= 2 * every + 5 * SECOND,
        () => `${cycle} is behind by ${now - lastAt} ms`,
      )
    }
  }

  /**
   * What people have asked for has been taken.
   *
   * @param isDue whether a request is there for long enough
   */
  heeded(isDue: (id: string) => boolean): void {
    const rows = this.#open()
      ?.prepare("SELECT id FROM intents WHERE kind = 'command' AND state = 'queued'")
      .all()
    const left = (rows ?? []).map(({ id }) => String(id)).filter(isDue)
    this.#holds('I17', left.length === 0, () => `nobody takes ${left}`)
  }

  /** The file is whole, and has everything that was ever committed. */
  whole(): void {
    const database = this.#open()
    if (database === null) return
    const [row] = database.prepare('PRAGMA integrity_check').all()
    this.#holds('I10', row?.integrity_check === 'ok', () => `integrity: ${JSON.stringify(row)}`)
    for (const key of this.#committed) {
      this.#holds('I10', this.#stateOf(key) !== null, () => `the committed row ${key} is gone`)
    }
  }

  #isForeign(key: string, engine: Engine): boolean {
    const [symbol] = key.split(':')
    return engine.books().ledger.foreign.some(one => one === key || one === symbol)
  }

  /** No signal has bought more than was intended, over all of its orders. */
  #filledOnce(): void {
    for (const [signal, { intended, ids }] of this.#signals) {
      let filled = 0
      for (const id of ids) filled += this.ledger.taken.get(id)?.filled ?? 0
      this.#holds('I3', filled <= intended, () => `${signal} bought ${filled} of ${intended}`)
    }
  }

  #exact(symbol: string, price: number | null, steps: number | null): void {
    const instrument = this.#instruments.get(symbol)
    const isRight = (value: number, text: (of: Instrument) => string): boolean =>
      instrument !== undefined && Number.isSafeInteger(value) && value > 0 && DECIMAL.test(text(instrument))
    if (price !== null)
      this.#holds(
        'I15',
        isRight(price, of => formatTicks(of, price as never)),
        () => `${price} ticks of ${symbol}`,
      )
    if (steps !== null)
      this.#holds(
        'I15',
        isRight(steps, of => formatSteps(of, steps as never)),
        () => `${steps} steps of ${symbol}`,
      )
  }

  #lease(): number | null {
    const row = this.#open()?.prepare("SELECT value FROM kv WHERE key = 'lease'").get()
    if (row === undefined) return null
    const lease: { readonly token?: number; readonly pid?: number } = JSON.parse(String(row.value))
    return lease.pid === undefined ? null : (lease.token ?? null)
  }

  #stateOf(id: string): string | null {
    const row = this.#open()?.prepare("SELECT state FROM intents WHERE id = ? AND kind = 'order'").get(id)
    return row === undefined ? null : String(row.state)
  }

  #open(): DatabaseSync | null {
    try {
      this.#database ??= new DatabaseSync(this.#path, { readOnly: true, timeout: 0 })
    } catch {
      return null
    }
    return this.#database
  }

  #count(invariant: Audited): void {
    this.asked.set(invariant, (this.asked.get(invariant) ?? 0) + 1)
  }

  #holds(invariant: Audited, isKept: boolean, how: () => string): void {
    this.#count(invariant)
    if (!isKept) this.#broken(invariant, how())
  }

  /** The first one counts: what comes after it follows from it. */
  #broken(invariant: Audited, how: string): void {
    this.#violation ??= new Violation(invariant, how)
  }
}
