/**
 * The matching engine of the embedded exchange: orders, positions and money of one account on USDT perpetuals,
 * driven by candles. It is synchronous and knows nothing of who trades on it; what happens is put into an outbox of
 * reports, in order.
 *
 * How a candle is read. A limit fills when the price trades through it by a tick; a gap fills at the open. A fill
 * inside a candle bears the candle's opening as its time, an exit its close. On the candle of an entry, or of what is
 * added to a position, the whole range counts against the position (its stop), only the close for it (its targets). On later candles the stop wins
 * over a target in the same candle. What is requested while a candle runs (a new target, a stop moved because a target
 * has filled) cannot know what came before in it: it counts at the close alone. Market orders fill at the next open.
 * Stops and liquidation are triggered by the mark price. A taker pays slippage of a fixed part and a part of the
 * candle's range: a stop may go beyond the candle's extreme, a limit never beyond its price. Margin is isolated: what
 * a taker's exit would lose beyond it is not the account's.
 *
 * In one-way mode a symbol has one position. In hedge mode it has a long and a short one beside each other, each with
 * its own entry, stop, leverage, margin, liquidation and funding; a reducing order belongs to the side that it names.
 * An account begins in one-way mode, and the mode is switched only while it has neither a position nor an order.
 */
import { assert, broken } from '../../base/assert.ts'
import {
  DAY,
  MINUTE,
  type Price,
  type Steps,
  type Ticks,
  type Timestamp,
  type Usdt,
} from '../../base/units.ts'
import type {
  Account,
  Execution,
  FillInput,
  Input,
  KnownAccount,
  OrderReport,
  OrderRequest,
  OrderTrouble,
  RestingReport,
  StopTrouble,
} from '../../engine/protocol.ts'
import type { Instrument } from '../../market/instrument.ts'
import { liquidationPrice } from '../../market/liquidation.ts'
import { formatTicks, priceOf, qtyOf, toTicks } from '../../market/quantise.ts'
import { opposite, type PositionMode, SIDES, type Side, sign } from '../../market/side.ts'
import { regridded, stepsOn, ticksOn } from '../../portfolio/grid-change.ts'
import type { Act } from './acts.ts'
import { Records, type SavedRecords } from './records.ts'

/** What trading costs on the embedded exchange. Fractions of a fill's value unless said otherwise. */
export interface Costs {
  readonly makerFee: number
  readonly takerFee: number
  /** Slippage of taker fills: a share of the price, and a share of the range of the candle they fill in. */
  readonly slippage: number
  readonly slippageOfRange: number
  /** A limit fills at a touch, without the price trading through it. */
  readonly touchFills: boolean
  /** Funding per 8 h that longs pay where no history is known. */
  readonly assumedFunding: number
}

export const DEFAULT_COSTS: Costs = {
  makerFee: 0.0002,
  takerFee: 0.00055,
  slippage: 0.0002,
  slippageOfRange: 0.02,
  touchFills: false,
  assumedFunding: 0.0001,
}

/** One candle of the market that orders are matched against, with the mark price's range beside it. */
export interface Bar {
  readonly start: Timestamp
  readonly end: Timestamp
  readonly open: Price
  readonly high: Price
  readonly low: Price
  readonly close: Price
  readonly markOpen: Price
  readonly markHigh: Price
  readonly markLow: Price
  readonly markClose: Price
}

/** A funding settlement inside a bar. */
export interface Settlement {
  readonly time: Timestamp
  /** Share of the position's value that longs pay to shorts. */
  readonly rate: number
  /** No history says so: the stated rate stands for it. */
  readonly isAssumed: boolean
}

interface RestingOrder {
  readonly request: OrderRequest
  readonly sequence: number
  price: Ticks | null
  steps: Steps
  /** When the order came, or its price was last changed: a bar that began earlier knows it at its close alone. */
  since: Timestamp
  /** At or beyond the last price when it was sent: it takes at the next open. */
  marketable: boolean
  /** To be rejected once time goes on, although it was accepted. */
  readonly isDoomed: boolean
}

interface HeldPosition {
  readonly openedAt: Timestamp
  /** When it was last entered or added to. */
  addedAt: Timestamp
  readonly side: Side
  leverage: number
  steps: Steps
  entry: Price
  stop: Ticks | null
  /** The stop before the present one, and since when the present one holds: a bar that began earlier has the old one
   * over its range and the present one at its close. */
  stopBefore: Ticks | null
  stopSince: Timestamp
}

interface Book {
  instrument: Instrument
  last: Price | null
  /** The mark price at the same moment, and that moment; `null` where the last price is known without its time. */
  mark: Price | null
  pricedAt: Timestamp | null
  trading: boolean
  /** A taker gets no more than so many steps at once; `null`: all that is wanted. */
  depth: Steps | null
  isThinForMakers: boolean
  /** What is to happen to the next entry that fills, and to the next order that comes. */
  dropsStop: boolean
  rejectsLater: boolean
  /** When its trading ends; `null`: no end is announced. */
  delistsAt: Timestamp | null
  /** So many orders may rest; `null`: any number. */
  mostOrders: number | null
  /** The leverage of the orders of each side; `null`: none was set, and an order brings its own. */
  readonly leverage: { [side in Side]: number | null }
  readonly orders: Map<string, RestingOrder>
  /** At most one of them is there in one-way mode. */
  readonly held: { [side in Side]: HeldPosition | null }
}

/** An exchange as plain data: what its account has and remembers, and the books where something is going on. */
export interface SavedExchange {
  readonly now: Timestamp
  readonly mode: PositionMode
  readonly wallet: Usdt
  readonly settled: SimExchange['settled']
  readonly sequence: number
  readonly executions: number
  /** Left out where the account may add. */
  readonly isRestricted?: true
  readonly records: SavedRecords
  readonly books: readonly (Omit<Book, 'orders'> & { readonly orders: readonly RestingOrder[] })[]
}

/** When a position is taken over, where that is not as the embedded exchange has it. */
export interface TakeoverRules {
  /** The mark price; `null`: at none. */
  liquidation(instrument: Instrument, position: PositionTerms): Price | null
  /** What a taker's exit gets at worst, and a take-over; `null`: there is no bound. */
  bankruptcy(instrument: Instrument, position: PositionTerms): Price | null
}

/** What says when a position is taken over. */
export type PositionTerms = Pick<HeldPosition, 'side' | 'steps' | 'entry' | 'leverage'>

export interface ExchangeOptions {
  readonly costs: Costs
  readonly wallet: Usdt
  /** Orders need margin. Switched off where every signal is to be traded for itself, whatever the wallet has. */
  readonly checkMargin: boolean
  /** For how many days executions and closed orders are known. */
  readonly historyDays?: number
  /**
   * Orders as any client of a real exchange sends them, not only as bbw does: in one-way mode one that enters against a
   * position takes from it before it opens the other way, resting entries are amended, and the leverage of a position
   * can be changed.
   */
  readonly takesAnyOrder?: boolean
  /** Left out: margin is isolated, and the first risk tier is the only one. */
  readonly takeover?: TakeoverRules
}

/** Why an order is refused, where that is of a kind. */
interface RefusedOrder {
  readonly reason: string
  readonly why: OrderTrouble
}

/** A real exchange lets its executions be asked for over two years. */
const HISTORY_DAYS = 730

/** What a symbol has before anybody sets it. */
const FIRST_LEVERAGE = 10

/** What a position opened by hand has, where there is none to add to. */
const MANUAL_LEVERAGE = 1

export class SimExchange {
  readonly #costs: Costs
  readonly #checkMargin: boolean
  readonly #takesAnyOrder: boolean
  readonly #takeover: TakeoverRules
  readonly #books = new Map<string, Book>()
  readonly #records: Records
  #mode: PositionMode = 'one-way'
  #doomed = 0
  #isRestricted = false
  /** When the first of the announced ends of trading is. */
  #nextDelisting: Timestamp = Number.POSITIVE_INFINITY
  #wallet: Usdt
  #now: Timestamp = 0
  #settled = { recorded: 0, assumed: 0 }
  #sequence = 0
  #executions = 0
  /** Opening of the bar that is being matched: an exit inside it can have happened then at the earliest. */
  #barStart: Timestamp = Number.POSITIVE_INFINITY
  #outbox: Input[] = []

  constructor(options: ExchangeOptions) {
    this.#costs = options.costs
    this.#checkMargin = options.checkMargin
    this.#takesAnyOrder = options.takesAnyOrder ?? false
    this.#takeover = options.takeover ?? EMBEDDED
    this.#wallet = options.wallet
    this.#records = new Records((options.historyDays ?? HISTORY_DAYS) * DAY)
  }

  /** Lists an instrument; one that is not trading takes no orders. */
  list(instrument: Instrument, isTrading: boolean): void {
    this.#books.set(instrument.symbol, {
      instrument,
      last: null,
      mark: null,
      pricedAt: null,
      trading: isTrading,
      depth: null,
      isThinForMakers: false,
      dropsStop: false,
      rejectsLater: false,
      delistsAt: null,
      mostOrders: null,
      leverage: { long: null, short: null },
      orders: new Map(),
      held: { long: null, short: null },
    })
  }

  /** What an instrument is at present: its filters may have been changed. */
  instrument(symbol: string): Instrument {
    return this.#book(symbol).instrument
  }

  /** Whether a symbol is listed, trading or not. */
  isListed(symbol: string): boolean {
    return this.#books.has(symbol)
  }

  /** Sets the exchange's clock; reports bear its time. */
  setTime(now: Timestamp): void {
    if (!(now >= this.#now)) broken(`the exchange's time goes back from ${this.#now} to ${now}`)
    const isLater = now > this.#now
    this.#now = now
    if (isLater && this.#doomed > 0) this.#rejectDoomed()
    if (now >= this.#nextDelisting) this.#delistDue()
  }

  /** Trading that was to end has ended: what is open is settled. */
  #delistDue(): void {
    this.#nextDelisting = Number.POSITIVE_INFINITY
    for (const [symbol, book] of this.#books) {
      const { delistsAt, trading, last } = book
      if (delistsAt === null || !trading) continue
      if (delistsAt > this.#now) {
        this.#nextDelisting = Math.min(this.#nextDelisting, delistsAt)
        continue
      }
      this.#settle(symbol, book, last, 0)
      this.#outbox.push({ type: 'listing', at: this.#now, symbol, status: 'stopped', delistsAt })
    }
  }

  /** Orders that were accepted only to be rejected. */
  #rejectDoomed(): void {
    this.#doomed = 0
    for (const { orders } of this.#books.values()) {
      for (const { request, isDoomed } of [...orders.values()]) {
        if (!isDoomed) continue
        const { clientOrderId, symbol } = request
        orders.delete(clientOrderId)
        const reason = 'rejected after it had been accepted'
        this.#records.rejected(clientOrderId, symbol, reason, this.#now)
        this.#report(clientOrderId, 'rejected', reason)
      }
    }
  }

  get now(): Timestamp {
    return this.#now
  }

  /** Funding settlements that a position has paid or received so far: those recorded, and those assumed. */
  get settled(): { readonly recorded: number; readonly assumed: number } {
    return this.#settled
  }

  /** To be put back by `load`, when all reports have been taken. */
  save(): SavedExchange {
    if (this.#outbox.length > 0) broken('an exchange is saved with reports that nobody has taken')
    const books = [...this.#books.values()].filter(
      book =>
        isHeld(book) || book.orders.size > 0 || book.leverage.long !== null || book.leverage.short !== null,
    )
    return {
      now: this.#now,
      mode: this.#mode,
      wallet: this.#wallet,
      settled: this.#settled,
      sequence: this.#sequence,
      executions: this.#executions,
      ...(this.#isRestricted ? { isRestricted: true } : {}),
      records: this.#records.save(),
      books: books.map(book => ({ ...book, orders: [...book.orders.values()] })),
    }
  }

  /**
   * Goes on from what was saved; to be called on a fresh exchange before anything is listed. What has a position or an
   * order is listed as it was.
   */
  load(saved: SavedExchange): void {
    this.#now = saved.now
    this.#mode = saved.mode
    this.#wallet = saved.wallet
    this.#settled = { ...saved.settled }
    this.#sequence = saved.sequence
    this.#executions = saved.executions
    this.#isRestricted = saved.isRestricted ?? false
    this.#records.load(saved.records)
    for (const { orders, ...book } of saved.books) {
      const resting = new Map(orders.map(order => [order.request.clientOrderId, { ...order }]))
      this.#doomed += orders.filter(({ isDoomed }) => isDoomed).length
      // An earlier exchange announced no end of trading and knew no most orders.
      const { delistsAt = null, mostOrders = null } = book as Partial<Book>
      if (delistsAt !== null) this.#nextDelisting = Math.min(this.#nextDelisting, delistsAt)
      this.#books.set(book.instrument.symbol, { ...book, delistsAt, mostOrders, orders: resting })
    }
  }

  /** Reports since the last call, in order. */
  take(): readonly Input[] {
    const reports = this.#outbox
    this.#outbox = []
    return reports
  }

  get hasReports(): boolean {
    return this.#outbox.length > 0
  }

  /** Whether a symbol has a position or an order: without either its candles move nothing here. */
  isActive(symbol: string): boolean {
    const book = this.#books.get(symbol)
    return book !== undefined && (isHeld(book) || book.orders.size > 0)
  }

  /**
   * The part of a bar's range that the position of one side has seen: all of it, and on the bar of the entry what counts
   * against the position together with the close.
   */
  range(symbol: string, side: Side, bar: Bar): { readonly low: Price; readonly high: Price } {
    const position = this.#book(symbol).held[side]
    if (position === null || position.openedAt < bar.start) return { low: bar.low, high: bar.high }
    return side === 'long' ? { low: bar.low, high: bar.close } : { low: bar.close, high: bar.high }
  }

  /** Whether a symbol has a position: of one side, or of either if left out. */
  hasPosition(symbol: string, side?: Side): boolean {
    const book = this.#books.get(symbol)
    return book !== undefined && (side === undefined ? isHeld(book) : book.held[side] !== null)
  }

  get positionMode(): PositionMode {
    return this.#mode
  }

  /** Switches the position mode of the account. Returns why it cannot be, or `null`: it is in that mode. */
  setPositionMode(mode: PositionMode): string | null {
    if (mode === this.#mode) return null
    for (const [symbol, book] of this.#books) {
      const what = isHeld(book) ? 'a position' : book.orders.size > 0 ? 'an order' : null
      if (what !== null) return `the position mode stays ${this.#mode}: ${symbol} has ${what}`
    }
    this.#mode = mode
    // In one-way mode both sides have one leverage: the lower one risks less.
    for (const { leverage } of this.#books.values()) {
      const { long, short } = leverage
      if (mode === 'one-way' && long !== null && short !== null) {
        leverage.long = Math.min(long, short)
        leverage.short = leverage.long
      } else if (mode === 'one-way') {
        leverage.long = long ?? short
        leverage.short = leverage.long
      }
    }
    return null
  }

  /**
   * Whether a bar passes without touching anything of the symbol, funding apart: no order, stop or liquidation is
   * within its range. Such a bar need not be matched; only its close becomes the last price.
   */
  isUntouched(symbol: string, bar: Bar): boolean {
    const { instrument, held, orders } = this.#book(symbol)
    const { long, short } = held
    if (long !== null && this.#isReached(instrument, long, bar)) return false
    if (short !== null && this.#isReached(instrument, short, bar)) return false
    for (const { request, price, since, marketable } of orders.values()) {
      if (price === null || marketable || since > bar.start) return false
      const at = priceOf(instrument, price)
      if (at >= bar.low && at <= bar.high) return false
      // Below the range a sell has been gone through, above it a buy.
      if (at < bar.low === direction(request) < 0) return false
    }
    return true
  }

  /** The last price and, where it is known of when it is, the mark price of the same moment and that moment. */
  setLast(symbol: string, price: Price, mark: Price | null = null, time: Timestamp | null = null): void {
    const book = this.#book(symbol)
    book.last = price
    book.mark = mark
    book.pricedAt = time
  }

  get wallet(): Usdt {
    return this.#wallet
  }

  account(): KnownAccount {
    const positions: Account['positions'][number][] = []
    const orders: RestingReport[] = []
    for (const [symbol, { held, orders: resting }] of this.#books) {
      for (const position of [held.long, held.short]) {
        if (position === null) continue
        const { side, steps, entry, leverage, stop } = position
        positions.push({ symbol, side, steps, entry, leverage, stop })
      }
      for (const { request, price, steps } of resting.values()) {
        const { clientOrderId, side, purpose } = request
        orders.push({ clientOrderId, symbol, side, purpose, price, steps })
      }
    }
    return { wallet: this.#wallet, positions, orders }
  }

  /** What became of an order; of all that there have ever been, but for those closed too long ago. */
  lookUp(symbol: string, clientOrderId: string): OrderReport {
    return this.#records.lookUp(symbol, clientOrderId, this.#now)
  }

  /**
   * Fills and funding that were told at or after a time, oldest first, so all that happened since then and possibly
   * some that are stamped a little earlier: a candle tells of its inside when it closes.
   */
  executions(since: Timestamp): readonly Execution[] {
    return this.#records.executions(since, this.#now)
  }

  // --- requests -----------------------------------------------------------------------------------------------

  place(request: OrderRequest): void {
    const { clientOrderId, symbol } = request
    if (this.#records.isUsed(clientOrderId)) {
      const reason = `order id ${clientOrderId} was used before`
      this.#report(clientOrderId, 'rejected', reason, 'duplicate-id')
      return
    }
    const refusal = this.#limit(request) ?? this.#refusal(request)
    if (refusal !== null) {
      const { reason, why } = typeof refusal === 'string' ? { reason: refusal, why: undefined } : refusal
      this.#records.rejected(clientOrderId, symbol, reason, this.#now)
      this.#report(clientOrderId, 'rejected', reason, why)
      return
    }
    const book = this.#book(symbol)
    const isDoomed = book.rejectsLater
    if (isDoomed) this.#doomed++
    book.rejectsLater = false
    this.#records.accepted(clientOrderId, symbol)
    book.orders.set(clientOrderId, {
      request,
      sequence: ++this.#sequence,
      price: request.price,
      steps: request.steps,
      since: this.#now,
      marketable: this.#isMarketable(book, request, request.price),
      isDoomed,
    })
    this.#report(clientOrderId, 'accepted', '')
  }

  amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): void {
    const book = this.#book(symbol)
    const order = book.orders.get(clientOrderId)
    if (order === undefined || order.price === null) {
      this.#report(clientOrderId, 'rejected', 'the order to amend does not rest here')
      return
    }
    if (order.request.purpose === 'entry' && !this.#takesAnyOrder) {
      this.#report(clientOrderId, 'rejected', 'only reducing orders are amended here')
      return
    }
    if (price < book.instrument.minPrice || steps <= 0) {
      this.#report(clientOrderId, 'rejected', 'price or quantity of the amendment is too small')
      return
    }
    order.steps = steps
    if (order.price !== price) {
      order.price = price
      order.since = this.#now
      order.marketable = this.#isMarketable(book, order.request, price)
    }
    this.#report(clientOrderId, 'amended', '')
  }

  cancel(symbol: string, clientOrderId: string): void {
    const book = this.#book(symbol)
    if (book.orders.has(clientOrderId)) this.#drop(book, clientOrderId, 'cancelled on request')
    else this.#report(clientOrderId, 'rejected', 'the order to cancel does not rest here')
  }

  setStop(requestId: string, symbol: string, side: Side, stop: Ticks): void {
    const book = this.#book(symbol)
    const { instrument } = book
    const position = book.held[side]
    const refused = (reason: string, why?: StopTrouble): void => {
      const trouble = why === undefined ? {} : { why }
      this.#outbox.push({ type: 'stop', at: this.#now, requestId, ok: false, reason, ...trouble })
    }
    if (position === null) {
      refused(`no ${side} position on ${symbol}`)
      return
    }
    if (stop < instrument.minPrice) {
      refused('the stop is below the least price')
      return
    }
    if (position.stop === stop) {
      refused('the stop is there already', 'not-modified')
      return
    }
    if (this.#isCrossed(book, side, stop)) {
      refused(`the price is beyond the stop ${formatTicks(instrument, stop)}`, 'crossed')
      return
    }
    this.#moveStop(position, stop)
    this.#outbox.push({ type: 'stop', at: this.#now, requestId, ok: true, reason: '' })
  }

  /**
   * Sets the leverage of a symbol without position and orders, at most the greatest that it offers; what is in force
   * then is reported.
   *
   * @param side in hedge mode the one side that it is of, and that has to be free; left out, or in one-way mode: both
   */
  setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): void {
    const book = this.#book(symbol)
    const sides = this.#mode === 'one-way' || side === undefined ? SIDES : ([side] as const)
    const isFree = this.#takesAnyOrder || sides.every(one => book.held[one] === null && !hasOrders(book, one))
    const what = sides.length === 1 ? `${symbol} ${side}` : symbol
    const reason = isFree ? '' : `${what} has a position or orders: its leverage stays`
    const offered = Math.max(1, Math.min(leverage, book.instrument.maxLeverage))
    if (isFree) {
      for (const one of sides) {
        book.leverage[one] = offered
        const position = book.held[one]
        if (position !== null) position.leverage = offered
      }
    }
    this.#outbox.push({
      type: 'leverage',
      at: this.#now,
      requestId,
      leverage: this.leverage(symbol, side),
      reason,
    })
  }

  /** The leverage that a symbol has: in hedge mode that of one side, of the long one if it is left out. */
  leverage(symbol: string, side: Side = 'long'): number {
    const { leverage, held } = this.#book(symbol)
    const position = this.#mode === 'hedge' ? held[side] : (held.long ?? held.short)
    return position?.leverage ?? leverage[side] ?? FIRST_LEVERAGE
  }

  #moveStop(position: HeldPosition, stop: Ticks | null): void {
    // Several moves within one bar leave the stop it began with in force over its range.
    if (position.stopSince < this.#now) position.stopBefore = position.stop
    position.stop = stop
    position.stopSince = this.#now
  }

  /**
   * Whether the mark price is beyond a stop. Only the very moment of a price says so: inside a candle nobody knows
   * where the price is, there a stop counts at the close.
   */
  #isCrossed(book: Book, side: Side, stop: Ticks): boolean {
    if (book.mark === null || book.pricedAt !== this.#now || Number.isFinite(this.#barStart)) return false
    return (book.mark - priceOf(book.instrument, stop)) * sign(side) <= 0
  }

  /** What refuses an order whatever it is: the account, or the number or size of its orders; `null`: nothing does. */
  #limit({ symbol, purpose, type, steps }: OrderRequest): RefusedOrder | null {
    if (this.#isRestricted && purpose === 'entry')
      return { reason: 'the account may only reduce positions', why: 'account' }
    const book = this.#books.get(symbol)
    if (book === undefined) return null
    const most = book.instrument.maxMarketQty
    if (type === 'market' && most !== undefined && steps > most)
      return { reason: 'the quantity is above the greatest at the market', why: 'large' }
    if (book.mostOrders !== null && book.orders.size >= book.mostOrders)
      return { reason: `${symbol} has ${book.orders.size} orders, as many as are allowed`, why: 'too-many' }
    return null
  }

  /** Why an order is refused, with its kind where it has one, or `null`. */
  #refusal(request: OrderRequest): string | RefusedOrder | null {
    const { symbol, side, steps, price, stop, leverage } = request
    const book = this.#books.get(symbol)
    if (book === undefined || !book.trading) return { reason: `${symbol} is not trading`, why: 'symbol' }
    const { instrument } = book
    const position = book.held[side]
    if (!Number.isSafeInteger(steps) || steps <= 0) return 'the quantity is not a number of steps'
    if ((request.type === 'limit') !== (price !== null))
      return 'a limit order has a price, a market order none'
    if (price !== null && (!Number.isSafeInteger(price) || price < instrument.minPrice)) {
      return 'the price is not a number of ticks'
    }
    if (request.postOnly && this.#isMarketable(book, request, price)) return 'post-only order would take'
    if (request.purpose === 'exit') {
      if (position === null) return { reason: `no ${side} position on ${symbol} to reduce`, why: 'flat' }
      return null
    }
    if (book.last === null) return `${symbol} has no price yet`
    const reckoned = price === null ? book.last : priceOf(instrument, price)
    const notional = reckoned * qtyOf(instrument, steps)
    if (steps < instrument.minQty) return { reason: 'the quantity is below the least', why: 'small' }
    if (instrument.maxQty !== null && steps > instrument.maxQty)
      return { reason: 'the quantity is above the greatest', why: 'large' }
    if (notional < instrument.minNotional) return { reason: 'the value is below the least', why: 'small' }
    const set = book.leverage[side]
    if (set !== null && set !== leverage) return `the leverage of ${symbol} is ${set}, not ${leverage}`
    if (!(leverage >= 1 && leverage <= instrument.maxLeverage))
      return { reason: `leverage ${leverage} is not offered`, why: 'risk' }
    if (stop !== null && (stop - (price ?? toTicks(instrument, book.last, 'nearest'))) * sign(side) >= 0) {
      return `the stop ${formatTicks(instrument, stop)} is on the wrong side of the order`
    }
    const isOneWay = this.#mode === 'one-way'
    const against = isOneWay ? book.held[opposite(side)] : null
    if (!this.#takesAnyOrder) {
      if (against !== null) return `the account is one-way and holds ${opposite(side)}`
      if (position !== null && position.leverage !== leverage) return 'the position has another leverage'
      for (const { request: pending } of book.orders.values()) {
        if (pending.purpose === 'exit' || (!isOneWay && pending.side !== side)) continue
        if (pending.side !== side) return `the account is one-way and an entry ${opposite(side)} is pending`
        if (pending.leverage !== leverage) return 'a pending entry has another leverage'
      }
    }
    // What takes from the other side needs no margin.
    const opening = notional * Math.max(0, 1 - (against?.steps ?? 0) / steps)
    if (this.#checkMargin && this.#wallet - this.#usedMargin() < opening / leverage)
      return { reason: 'not enough margin', why: 'balance' }
    return null
  }

  #isMarketable(book: Book, request: OrderRequest, price: Ticks | null): boolean {
    if (price === null) return true
    if (book.last === null) return false
    const beyond = (priceOf(book.instrument, price) - book.last) * direction(request)
    return beyond >= 0
  }

  #usedMargin(): Usdt {
    let used = 0
    for (const { instrument, held, orders, last } of this.#books.values()) {
      for (const side of SIDES) {
        const position = held[side]
        if (position !== null)
          used += (position.entry * qtyOf(instrument, position.steps)) / position.leverage
      }
      for (const { request, price, steps } of orders.values()) {
        if (request.purpose === 'exit') continue
        const reckoned = price === null ? (last ?? 0) : priceOf(instrument, price)
        used += (reckoned * qtyOf(instrument, steps)) / request.leverage
      }
    }
    return used
  }

  // --- acts of others ------------------------------------------------------------------------------------------

  /**
   * Does what a person, another bot or the exchange itself does to the account. What follows is reported as ever.
   *
   * @returns why it cannot be done, or `null`
   */
  act(act: Act): string | null {
    if (act.kind === 'rest') {
      this.place(act.order)
      return null
    }
    if (act.kind === 'deposit') {
      this.#wallet += act.usdt
      return null
    }
    if (act.kind === 'restrict') {
      this.#isRestricted = act.onlyReduce
      const terms = { marginMode: 'isolated', accountType: 'embedded', mayOnlyReduce: act.onlyReduce }
      this.#outbox.push({ type: 'account-terms', at: this.#now, terms: { ...terms, marginUse: null } })
      return null
    }
    if (act.kind === 'cancel-all' && act.symbol === null) {
      for (const book of this.#books.values()) this.#dropAll(book, 'cancelled by hand')
      return null
    }
    const symbol = act.symbol ?? ''
    const book = this.#books.get(symbol)
    if (book === undefined) return `${symbol} is not listed`
    switch (act.kind) {
      case 'cancel-all':
        this.#dropAll(book, 'cancelled by hand')
        return null
      case 'thin':
        book.depth = act.steps
        book.isThinForMakers = act.makers === true
        return null
      case 'drop-stop':
        book.dropsStop = true
        return null
      case 'reject-later':
        book.rejectsLater = true
        return null
      case 'settle':
        if (!book.trading) return `${symbol} is not trading`
        this.#settle(symbol, book, book.last, 0)
        return null
      case 'refilter':
        return this.#refilter(symbol, book, act.tick, act.step)
      case 'cap':
        book.mostOrders = act.orders
        return null
      case 'delist': {
        if (!book.trading) return `${symbol} is not trading`
        const delistsAt = this.#now + act.minutes * MINUTE
        book.delistsAt = delistsAt
        this.#nextDelisting = Math.min(this.#nextDelisting, delistsAt)
        this.#outbox.push({ type: 'listing', at: this.#now, symbol, status: 'trading', delistsAt })
        return null
      }
      case 'open':
        return this.#openByHand(symbol, book, act.side, act.steps)
      default:
        return this.#actOnPosition(symbol, book, act)
    }
  }

  #actOnPosition(
    symbol: string,
    book: Book,
    act: Extract<Act, { readonly kind: 'reduce' | 'remove-stop' | 'move-stop' | 'liquidate' }>,
  ): string | null {
    const { last, instrument } = book
    const position = book.held[act.side]
    if (position === null) return `no ${act.side} position on ${symbol}`
    switch (act.kind) {
      case 'remove-stop':
        this.#moveStop(position, null)
        return null
      case 'move-stop':
        if (act.stop < instrument.minPrice) return 'the stop is below the least price'
        if (this.#isCrossed(book, act.side, act.stop)) return 'the price is beyond the stop'
        this.#moveStop(position, act.stop)
        return null
      case 'reduce': {
        if (last === null) return `${symbol} has no price yet`
        const steps = Math.min(act.steps, position.steps) as Steps
        const ticks = toTicks(instrument, last, 'nearest')
        this.#exit(symbol, book, position, steps, ticks, 'taker', this.#now, null, 'order')
        return null
      }
      case 'liquidate':
        this.#liquidate(symbol, book, position, this.#now)
        return null
    }
  }

  #openByHand(symbol: string, book: Book, side: Side, steps: Steps): string | null {
    const { instrument, last } = book
    if (!book.trading) return `${symbol} is not trading`
    if (last === null) return `${symbol} has no price yet`
    if (steps < instrument.minQty) return 'the quantity is below the least'
    if (this.#mode === 'one-way' && book.held[opposite(side)] !== null)
      return `the account is one-way and holds ${opposite(side)}`
    const leverage = book.held[side]?.leverage ?? MANUAL_LEVERAGE
    const margin = (last * qtyOf(instrument, steps)) / leverage
    if (this.#checkMargin && this.#wallet - this.#usedMargin() < margin) return 'not enough margin'
    const ticks = toTicks(instrument, last, 'nearest')
    this.#addTo(book, side, leverage, steps, priceOf(instrument, ticks), null, this.#now)
    const fee = this.#fee(book, ticks, steps, 'taker')
    this.#wallet -= fee
    this.#fill(symbol, side, null, 'order', this.#now, ticks, steps, fee, 'taker', true, true)
    return null
  }

  /** Counts a symbol in other units, and tells. Returns why it cannot be, or `null`. */
  #refilter(symbol: string, book: Book, tick: string, step: string): string | null {
    const now = regridded(book.instrument, tick, step)
    for (const side of SIDES) {
      const position = book.held[side]
      if (position !== null && stepsOn(book.instrument, now, position.steps) < 1)
        return `the ${side} position on ${symbol} is less than one step`
    }
    this.refilter(now)
    this.#outbox.push({ type: 'instrument', at: this.#now, instrument: now })
    return null
  }

  /**
   * A listed symbol has other filters from now on. What is held and rests is counted in their units, positions in whole
   * steps, one at least; what is left of an order and is less than one step is cancelled.
   */
  refilter(now: Instrument): void {
    const book = this.#book(now.symbol)
    const before = book.instrument
    book.instrument = now
    const ticks = (stop: Ticks | null): Ticks | null =>
      stop === null ? null : ticksOn(before, now, stop, 'nearest')
    for (const side of SIDES) {
      const position = book.held[side]
      if (position === null) continue
      position.steps = Math.max(1, stepsOn(before, now, position.steps)) as Steps
      position.stop = ticks(position.stop)
      position.stopBefore = ticks(position.stopBefore)
    }
    for (const [id, order] of book.orders) {
      order.steps = stepsOn(before, now, order.steps)
      order.price = ticks(order.price)
      if (order.steps < 1) this.#drop(book, id, 'less than one step is left of it')
      else if (order.request.stop !== null)
        book.orders.set(id, { ...order, request: { ...order.request, stop: ticks(order.request.stop) } })
    }
  }

  #dropAll(book: Book, reason: string): void {
    for (const id of [...book.orders.keys()]) this.#drop(book, id, reason)
  }

  /** Removes a resting order. */
  #drop(book: Book, clientOrderId: string, reason: string): void {
    book.orders.delete(clientOrderId)
    this.#records.cancelled(clientOrderId, reason, this.#now)
    this.#report(clientOrderId, 'cancelled', reason)
  }

  // --- the market moves ---------------------------------------------------------------------------------------

  /**
   * Matches one closed bar of a symbol. Yields whenever something was reported that a trader reacts to before the
   * bar goes on: deliver what `take` gives, hand back the requests that follow, then resume.
   */
  *bar(symbol: string, bar: Bar, settlements: readonly Settlement[]): Generator<void, void> {
    const book = this.#book(symbol)
    this.#barStart = bar.start
    const { long, short } = book.held
    if (long !== null) this.#liquidateAtOpen(symbol, book, long, bar, settlements)
    if (short !== null) this.#liquidateAtOpen(symbol, book, short, bar, settlements)
    yield* this.#fillAtOpen(symbol, book, bar)
    if (hasInside(bar)) yield* this.#enterInside(symbol, book, bar)
    for (let position = book.held.long ?? book.held.short; position !== null; ) {
      this.#payFunding(symbol, book, position, bar, settlements)
      yield* this.#exitAtOpen(symbol, book, position, bar)
      yield* this.#exitInside(symbol, book, position, bar)
      position = position.side === 'long' ? book.held.short : null
    }
    this.setLast(symbol, bar.close, bar.markClose, bar.end)
    this.#barStart = Number.POSITIVE_INFINITY
    if (this.#outbox.length > 0) yield
  }

  /** The symbol's trading ends: what is open is settled at the last price as a taker would, orders are removed. */
  *close(symbol: string, price: Price, range: number): Generator<void, void> {
    this.#settle(symbol, this.#book(symbol), price, range)
    if (this.#outbox.length > 0) yield
  }

  #settle(symbol: string, book: Book, price: Price | null, range: number): void {
    book.trading = false
    for (const side of SIDES) {
      const position = book.held[side]
      if (position === null) continue
      assert(price !== null, `${symbol} is held and has a price`)
      const slipped = this.#slip(book, position.side === 'long' ? -1 : 1, price, range)
      this.#exit(symbol, book, position, position.steps, slipped, 'taker', this.#now, null, 'settlement')
    }
    this.#dropAll(book, 'trading has ended')
  }

  /**
   * A mark that opens beyond the liquidation price takes the whole margin, whatever stop there was. Like every exit of
   * a bar it is stamped at the close, so the funding of the bar counts.
   */
  #liquidateAtOpen(
    symbol: string,
    book: Book,
    position: HeldPosition,
    bar: Bar,
    settlements: readonly Settlement[],
  ): void {
    const direction = sign(position.side)
    if ((bar.markOpen - this.#liquidationOf(book.instrument, position)) * direction > 0) return
    this.#payFunding(symbol, book, position, bar, settlements)
    this.#liquidate(symbol, book, position, bar.end)
  }

  #liquidate(symbol: string, book: Book, position: HeldPosition, time: Timestamp): void {
    const { instrument, last } = book
    const price = this.#takeover.bankruptcy(instrument, position) ?? last
    assert(price !== null, `${symbol} is held and has a price`)
    const ticks = exitTicks(instrument, position.side, price)
    this.#exit(symbol, book, position, position.steps, ticks, 'taker', time, null, 'liquidation')
  }

  /** Never reached where nothing takes the position over. */
  #liquidationOf(instrument: Instrument, position: HeldPosition): Price {
    return this.#takeover.liquidation(instrument, position) ?? -sign(position.side) * Number.POSITIVE_INFINITY
  }

  /** Whether a bar comes to the stop or to the liquidation of a position, or may have. */
  #isReached(instrument: Instrument, position: HeldPosition, bar: Bar): boolean {
    const { side, stop, stopSince } = position
    if (stopSince > bar.start) return true
    const worst = side === 'long' ? bar.markLow : bar.markHigh
    if ((worst - this.#liquidationOf(instrument, position)) * sign(side) <= 0) return true
    return stop !== null && (worst - priceOf(instrument, stop)) * sign(side) <= 0
  }

  /** Market orders, limits that take and limits that the market has gapped over, in the order they were sent. */
  *#fillAtOpen(symbol: string, book: Book, bar: Bar): Generator<void, void> {
    for (const order of sorted(book.orders)) {
      const { price, request } = order
      if (order.since > bar.start || !book.orders.has(request.clientOrderId)) continue
      if (request.purpose === 'entry') {
        const fill = this.#atOpen(book, order, bar)
        if (fill === null) continue
        this.#enter(symbol, book, order, fill.ticks, fill.liquidity, bar.start)
        yield
      } else if (price === null) {
        const ticks = this.#slip(book, direction(request), bar.open, bar.high - bar.low)
        const position = book.held[request.side]
        assert(position !== null, `${symbol}: a reducing order rests without a position`)
        this.#takeFrom(symbol, book, position, order, ticks, 'taker', bar.start)
        yield
      }
    }
  }

  /**
   * What an order fills at when the bar opens, or `null` when the open is not beyond its price. One that was
   * marketable when sent takes, with slippage but never beyond its price, and needs no more than its price; a resting
   * one is filled at the open, which has to have gone through its price.
   */
  #atOpen(
    book: Book,
    order: RestingOrder,
    bar: Bar,
  ): { readonly ticks: Ticks; readonly liquidity: 'maker' | 'taker' } | null {
    const buys = direction(order.request)
    const { price } = order
    if (price === null)
      return { ticks: this.#slip(book, buys, bar.open, bar.high - bar.low), liquidity: 'taker' }
    const { tickSize } = book.instrument
    const open = toTicks(book.instrument, Math.max(bar.open, tickSize), buys > 0 ? 'up' : 'down')
    const margin = order.marketable || this.#costs.touchFills ? 0 : 1
    if ((price - open) * buys < margin) {
      // The market has opened away from an order that would have taken when it was sent: it rests from now on.
      order.marketable = false
      return null
    }
    if (!order.marketable) return { ticks: open, liquidity: 'maker' }
    const slipped = this.#slip(book, buys, bar.open, bar.high - bar.low)
    const ticks = (buys > 0 ? Math.min(slipped, price) : Math.max(slipped, price)) as Ticks
    return { ticks, liquidity: 'taker' }
  }

  *#enterInside(symbol: string, book: Book, bar: Bar): Generator<void, void> {
    for (const order of sorted(book.orders)) {
      const { price, request } = order
      if (request.purpose !== 'entry' || price === null || order.since > bar.start) continue
      // It may have been cancelled in answer to the fill of another.
      if (!book.orders.has(request.clientOrderId)) continue
      if (!this.#reached(book, direction(request), price, bar)) continue
      this.#enter(symbol, book, order, price, 'maker', bar.start)
      yield
    }
  }

  /** Whether the bar's range goes through a resting price: a buy is reached by the low, a sell by the high. */
  #reached(book: Book, buys: 1 | -1, price: Ticks, bar: Bar): boolean {
    const margin = this.#costs.touchFills ? 0 : 1
    return buys > 0
      ? bar.low <= priceOf(book.instrument, (price - margin) as Ticks)
      : bar.high >= priceOf(book.instrument, (price + margin) as Ticks)
  }

  /** Targets that the open is beyond fill there, before anything else in the bar. */
  *#exitAtOpen(symbol: string, book: Book, position: HeldPosition, bar: Bar): Generator<void, void> {
    for (const order of this.#targets(book, position)) {
      if (book.held[position.side] !== position || !book.orders.has(order.request.clientOrderId)) continue
      if (order.since > bar.start || position.addedAt >= bar.start) continue
      const fill = this.#atOpen(book, order, bar)
      if (fill === null) continue
      this.#takeFrom(symbol, book, position, order, fill.ticks, fill.liquidity, bar.end)
      yield
      // Where the fill has moved the stop, that was at the open: the whole range comes after it.
      position.stopSince = Math.min(position.stopSince, bar.start)
    }
  }

  /** Liquidation and stop first, then targets, then a stop that they have moved. */
  *#exitInside(symbol: string, book: Book, position: HeldPosition, bar: Bar): Generator<void, void> {
    if (book.held[position.side] !== position) return
    if (this.#stopOrLiquidate(symbol, book, position, bar)) {
      yield
      return
    }
    for (const order of hasInside(bar) ? this.#targets(book, position) : []) {
      const { price, request } = order
      if (book.held[position.side] !== position || price === null || !book.orders.has(request.clientOrderId))
        continue
      const reached =
        order.since > bar.start || position.addedAt >= bar.start
          ? (bar.close - priceOf(book.instrument, price)) * sign(position.side) >= 0
          : this.#reached(book, direction(request), price, bar)
      if (!reached) continue
      this.#takeFrom(symbol, book, position, order, price, 'maker', bar.end)
      yield
    }
    yield* this.#stopAtClose(symbol, book, position, bar)
  }

  /** Fills a reducing order with what it wants, or with what the market has. */
  #takeFrom(
    symbol: string,
    book: Book,
    position: HeldPosition,
    order: RestingOrder,
    ticks: Ticks,
    liquidity: 'maker' | 'taker',
    time: Timestamp,
  ): void {
    const wanted = Math.min(order.steps, position.steps) as Steps
    const steps = available(book, wanted, liquidity)
    const { clientOrderId } = order.request
    if (steps === wanted || order.price === null) book.orders.delete(clientOrderId)
    if (steps > 0) {
      const isAll = steps === wanted
      this.#exit(symbol, book, position, steps, ticks, liquidity, time, clientOrderId, 'order', isAll)
    }
    if (steps < wanted) this.#leaveRest(book, order, steps)
  }

  /** What a thin market left of an order: at the market it is cancelled, a limit rests. */
  #leaveRest(book: Book, order: RestingOrder, taken: Steps): void {
    const left = (order.steps - taken) as Steps
    if (order.price === null) {
      const { clientOrderId } = order.request
      this.#drop(book, clientOrderId, `the market had ${taken} of ${order.steps} steps`)
    } else {
      order.steps = left
      order.marketable = false
    }
  }

  /** Reducing limits of a position, the nearest first. */
  #targets(book: Book, position: HeldPosition): RestingOrder[] {
    const nearest = sign(position.side)
    return sorted(book.orders)
      .filter(
        ({ request, price }) =>
          request.purpose === 'exit' && request.side === position.side && price !== null,
      )
      .sort((a, b) => nearest * ((a.price ?? 0) - (b.price ?? 0)))
  }

  #stopOrLiquidate(symbol: string, book: Book, position: HeldPosition, bar: Bar): boolean {
    const direction = sign(position.side)
    const worst = position.side === 'long' ? bar.markLow : bar.markHigh
    const liquidation = this.#liquidationOf(book.instrument, position)
    const inForce = position.stopSince > bar.start ? position.stopBefore : position.stop
    const stop = inForce === null ? null : priceOf(book.instrument, inForce)
    const stopHit = stop !== null && (worst - stop) * direction <= 0
    const liquidated = (worst - liquidation) * direction <= 0
    if (liquidated && (!stopHit || (liquidation - stop) * direction >= 0)) {
      this.#liquidate(symbol, book, position, bar.end)
      return true
    }
    if (!stopHit) return false
    // A stop gapped over fills at the open; so does one that a gapped entry was already beyond.
    const from = direction > 0 ? Math.min(stop, bar.open) : Math.max(stop, bar.open)
    this.#stopOut(symbol, book, position, from, bar)
    return true
  }

  /** A stop that was moved while the bar ran counts if the bar closes beyond it. */
  *#stopAtClose(symbol: string, book: Book, position: HeldPosition, bar: Bar): Generator<void, void> {
    if (book.held[position.side] !== position || position.stopSince <= bar.start || position.stop === null)
      return
    const stop = priceOf(book.instrument, position.stop)
    if ((bar.markClose - stop) * sign(position.side) > 0) return
    // One asked for when the price was already beyond it was never traded at: it goes at the close.
    const isTraded = position.side === 'long' ? stop <= bar.high : stop >= bar.low
    this.#stopOut(symbol, book, position, isTraded ? stop : bar.close, bar)
    yield
  }

  #stopOut(symbol: string, book: Book, position: HeldPosition, from: Price, bar: Bar): void {
    const ticks = this.#slip(book, position.side === 'long' ? -1 : 1, from, bar.high - bar.low)
    const wanted = position.steps
    const steps = available(book, wanted, 'taker')
    const isAll = steps === wanted
    if (!isAll) {
      // It has fired: what the market did not take stands without a stop.
      position.stop = null
      position.stopBefore = null
    }
    if (steps > 0) {
      this.#exit(symbol, book, position, steps, ticks, 'taker', bar.end, null, 'stop', isAll)
    }
  }

  #payFunding(
    symbol: string,
    book: Book,
    position: HeldPosition,
    bar: Bar,
    settlements: readonly Settlement[],
  ): void {
    const value = bar.markClose * qtyOf(book.instrument, position.steps)
    for (const { time, rate, isAssumed } of settlements) {
      this.#settled[isAssumed ? 'assumed' : 'recorded']++
      const amount = -sign(position.side) * rate * value
      this.#wallet += amount
      const { side } = position
      this.#execute({ type: 'funding', at: this.#now, symbol, side, time, amount, rate })
    }
  }

  // --- fills --------------------------------------------------------------------------------------------------

  #enter(
    symbol: string,
    book: Book,
    order: RestingOrder,
    ticks: Ticks,
    liquidity: 'maker' | 'taker',
    time: Timestamp,
  ): void {
    const { request } = order
    const { clientOrderId, side } = request
    const taken = available(book, order.steps, liquidity)
    const isAll = taken === order.steps
    if (isAll || order.price === null) book.orders.delete(clientOrderId)
    const against = this.#mode === 'one-way' ? book.held[opposite(side)] : null
    const closing = Math.min(against?.steps ?? 0, taken) as Steps
    const steps = (taken - closing) as Steps
    if (against !== null && closing > 0) {
      const isWhole = isAll && steps === 0
      this.#exit(symbol, book, against, closing, ticks, liquidity, time, clientOrderId, 'order', isWhole)
    }
    if (steps > 0) {
      const leverage = this.#takesAnyOrder ? this.leverage(symbol, side) : request.leverage
      const stop = book.dropsStop ? null : request.stop
      book.dropsStop = false
      this.#addTo(book, side, leverage, steps, priceOf(book.instrument, ticks), stop, time)
      const fee = this.#fee(book, ticks, steps, liquidity)
      this.#wallet -= fee
      this.#fill(symbol, side, clientOrderId, 'order', time, ticks, steps, fee, liquidity, isAll, true)
    }
    if (!isAll) this.#leaveRest(book, order, taken)
  }

  #addTo(
    book: Book,
    side: Side,
    leverage: number,
    steps: Steps,
    price: Price,
    stop: Ticks | null,
    time: Timestamp,
  ): void {
    const before = book.held[side]
    if (before === null) {
      const entry = price
      book.held[side] = {
        openedAt: time,
        addedAt: time,
        side,
        leverage,
        steps,
        entry,
        stop,
        stopBefore: null,
        stopSince: time,
      }
      return
    }
    before.entry = (before.entry * before.steps + price * steps) / (before.steps + steps)
    before.steps = (before.steps + steps) as Steps
    before.addedAt = time
    // One stop is the whole position's: that of an order which adds to it tightens it and never loosens it.
    const isTighter = before.stop === null || (stop !== null && (stop - before.stop) * sign(side) > 0)
    if (stop !== null && isTighter) before.stop = stop
  }

  #exit(
    symbol: string,
    book: Book,
    position: HeldPosition,
    steps: Steps,
    price: Ticks,
    liquidity: 'maker' | 'taker',
    time: Timestamp,
    clientOrderId: string | null,
    cause: FillInput['cause'],
    isAll = true,
  ): void {
    const { instrument } = book
    const direction = sign(position.side)
    const bound = liquidity === 'taker' ? this.#takeover.bankruptcy(instrument, position) : null
    const worst = bound === null ? price : exitTicks(instrument, position.side, bound)
    const ticks = (price - worst) * direction < 0 ? worst : price
    const gross = direction * (priceOf(instrument, ticks) - position.entry) * qtyOf(instrument, steps)
    const fee = this.#fee(book, ticks, steps, liquidity)
    this.#wallet += gross - fee
    position.steps = (position.steps - steps) as Steps
    const opens = clientOrderId === null ? false : undefined
    this.#fill(symbol, position.side, clientOrderId, cause, time, ticks, steps, fee, liquidity, isAll, opens)
    if (position.steps > 0) return
    book.held[position.side] = null
    // A reducing order cannot outlive its position.
    for (const [resting, { request }] of book.orders) {
      if (request.purpose === 'exit' && request.side === position.side)
        this.#drop(book, resting, 'the position is closed')
    }
  }

  #fee(book: Book, ticks: Ticks, steps: Steps, liquidity: 'maker' | 'taker'): Usdt {
    const rate = liquidity === 'maker' ? this.#costs.makerFee : this.#costs.takerFee
    return priceOf(book.instrument, ticks) * qtyOf(book.instrument, steps) * rate
  }

  /** A taker's price: worse by the slippage, on the tick grid, at least the least price. */
  #slip(book: Book, buys: 1 | -1, price: Price, range: number): Ticks {
    const { slippage, slippageOfRange } = this.#costs
    const slipped = price + buys * (price * slippage + range * slippageOfRange)
    const { instrument } = book
    const least = priceOf(instrument, instrument.minPrice)
    return toTicks(instrument, Math.max(slipped, least), buys > 0 ? 'up' : 'down')
  }

  #fill(
    symbol: string,
    side: Side,
    clientOrderId: string | null,
    cause: FillInput['cause'],
    time: Timestamp,
    price: Ticks,
    steps: Steps,
    fee: Usdt,
    liquidity: 'maker' | 'taker',
    complete: boolean,
    opens?: boolean,
  ): void {
    const execId = `sim-${++this.#executions}`
    this.#execute({
      type: 'fill',
      at: this.#now,
      time,
      earliest: Math.min(time, this.#barStart),
      execId,
      clientOrderId,
      cause,
      symbol,
      side,
      price,
      steps,
      fee,
      liquidity,
      complete,
      ...(opens === undefined ? {} : { opens }),
    })
  }

  #execute(execution: Execution): void {
    this.#records.executed(execution, this.#now)
    this.#outbox.push(execution)
  }

  #report(
    clientOrderId: string,
    status: 'accepted' | 'amended' | 'rejected' | 'cancelled',
    reason: string,
    why?: OrderTrouble,
  ): void {
    const trouble = why === undefined ? {} : { why }
    this.#outbox.push({ type: 'order', at: this.#now, clientOrderId, status, reason, ...trouble })
  }

  #book(symbol: string): Book {
    const book = this.#books.get(symbol)
    if (book === undefined) broken(`${symbol} is not listed`)
    return book
  }
}

/** Whether either side is held. */
function isHeld({ held }: Book): boolean {
  return held.long !== null || held.short !== null
}

/** Whether an order of one side rests. */
function hasOrders({ orders }: Book, side: Side): boolean {
  for (const { request } of orders.values()) if (request.side === side) return true
  return false
}

/** A bar without length is a moment: what fills then fills at its open. */
function hasInside({ start, end }: Bar): boolean {
  return end > start
}

/** +1 where the order buys, -1 where it sells. */
function direction(request: OrderRequest): 1 | -1 {
  return (request.side === 'long') === (request.purpose === 'entry') ? 1 : -1
}

/** What a taker gets of what it wants; a maker is taken from, and gets all unless the market is thin for it as well. */
function available({ depth, isThinForMakers }: Book, wanted: Steps, liquidity: 'maker' | 'taker'): Steps {
  const isServed = liquidity === 'maker' && !isThinForMakers
  return depth === null || isServed ? wanted : (Math.min(depth, wanted) as Steps)
}

function sorted(orders: ReadonlyMap<string, RestingOrder>): RestingOrder[] {
  return [...orders.values()].sort((a, b) => a.sequence - b.sequence)
}

/** Margin is isolated, and an exit loses no more than it. */
const EMBEDDED: TakeoverRules = {
  liquidation: liquidationPrice,
  bankruptcy: (_, { side, entry, leverage }) => entry * (1 - sign(side) / leverage),
}

/** An exit price in ticks that is no worse than it, and no less than the least. */
function exitTicks(instrument: Instrument, side: Side, price: Price): Ticks {
  const least = priceOf(instrument, instrument.minPrice)
  return toTicks(instrument, Math.max(price, least), side === 'long' ? 'up' : 'down')
}
