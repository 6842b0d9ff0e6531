/**
 * The exchange at work for one account: takes orders of every kind, walks the market from moment to moment, sets off
 * what waits for a price, and lets the matching engine (`exchange.ts`) fill what is at the market. The engine reads
 * straight pieces of the price's way as it reads candles; an order is matched at the very moment it comes. A trigger
 * goes off where the way reaches its price, and what it sends is matched there.
 *
 * In isolated margin the engine takes each position over by Bybit's rule (`risk.ts`). In cross margin it takes none: the
 * account is liquidated, here, at the moment at which its maintenance margin is all its equity (`accountMMRate` 100 %).
 * Orders that bind margin are cancelled first, then positions are taken over whole, the one with the greatest maintenance
 * margin first, until the rate is below 100 %: each at what a taker gets, and never so that the account would owe anything.
 *
 * Where Bybit's own rule is not known: at the last price there is somebody on either side, so an order at it takes; a
 * position's whole take profit and stop loss are changed in place; the margin mode is switched only while there is
 * neither a position nor an order; an order that is set off and finds no margin is cancelled, or rejected, as the seed
 * has it.
 */
import { assert } from '../../../base/assert.ts'
import { fromCount, gridOf } from '../../../base/decimal.ts'
import { type Random, random } from '../../../base/random.ts'
import type { Milliseconds, Price, Steps, Ticks, Timestamp, Usdt } from '../../../base/units.ts'
import type { FillInput, Input } from '../../../engine/protocol.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { priceOf, qtyOf, toTicks } from '../../../market/quantise.ts'
import { opposite, type PositionMode, type Side, sign } from '../../../market/side.ts'
import type { SymbolMarket } from '../../../market/symbol-market.ts'
import { type Costs, SimExchange, type TakeoverRules } from '../exchange.ts'
import { BybitAccount, type ExecType } from './account.ts'
import { type Amount, amountOf, usdtOf } from './amount.ts'
import { SymbolFeed } from './feed.ts'
import { FundingSchedule } from './funding-schedule.ts'
import { priceLimits } from './limits.ts'
import { Margins } from './margins.ts'
import {
  type BuySell,
  type BybitOrder,
  type BybitPosition,
  closingSide,
  isTpsl,
  type PositionIdx,
  Refusal,
  sideOf,
} from './order.ts'
import { checkAttached, checkCounts, leastOf, mostOf, priceWithin, quantityOf } from './order-rules.ts'
import { along, type PathPoint } from './path.ts'
import {
  isolatedBankruptcy,
  isolatedLiquidation,
  type MarginMode,
  mostLeverage,
  type RiskTier,
  riskTiers,
} from './risk.ts'
import { Stops } from './stops.ts'
import { checkTrigger, protection, reached } from './triggers.ts'
import { Walk } from './walk.ts'
import {
  type Amendment,
  BY_HAND,
  changed,
  isAgainst,
  NO_STOPS,
  type OrderKey,
  type OrderWish,
  type StopWish,
} from './wishes.ts'

export interface DeskOptions {
  readonly costs: Costs
  readonly wallet: Usdt
  readonly seed: string
  /** When the account's life begins. */
  readonly from: Timestamp
  /** Left out: isolated. */
  readonly marginMode?: MarginMode
}

/** So often a way is halved to find where the account's margin ends: a millisecond of a day in 27 times. */
const BISECTIONS = 60

/** A part of a symbol's way, and whether something is set off at its end. */
interface Leg {
  readonly walk: Walk
  readonly stop: PathPoint
  readonly isSetOff: boolean
}

/** So many orders are cancelled at once. */
const MOST_CANCELLED = 500

/** A cancel that comes so soon after the fill raced with it. */
const RACE: Milliseconds = 1_000

/** A time in which the exchange says that it is not to be relied on; what goes wrong then is for others to say. */
export interface Maintenance {
  readonly from: Timestamp
  readonly until: Timestamp
}

/** A call auction; nothing is matched in it, and nothing can have a stop. */
export interface Auction {
  readonly from: Timestamp
  readonly until: Timestamp
}

export class Desk {
  readonly account: BybitAccount
  readonly stops: Stops
  readonly margins: Margins
  /** In isolated margin the figures of the whole account are told although they mean nothing there: Bybit's words leave open whether. */
  readonly tellsWhole: boolean
  readonly feeds: ReadonlyMap<string, SymbolFeed>
  readonly costs: Costs
  readonly #funding = new Map<string, FundingSchedule>()
  readonly #exchange: SimExchange
  readonly #random: Random
  readonly #tiers = new Map<string, readonly RiskTier[]>()
  readonly #instruments = new Map<string, Instrument>()
  readonly #grains = new Map<string, { readonly ticks: number; readonly steps: number }>()
  readonly #delisted = new Map<string, Timestamp>()
  readonly #auctions = new Map<string, Auction>()
  /** Up to where each symbol's market has been walked. */
  readonly #walked = new Map<string, Timestamp>()
  /** What is to befall the next order of a symbol, and the next fill that opens. */
  readonly #rejecting = new Set<string>()
  readonly #failing = new Set<string>()
  /** Symbols whose triggers are not set off, and until when. */
  readonly #heldTriggers = new Map<string, Timestamp>()
  /** Prices that go beyond their limit are refused rather than brought to it. */
  refusesPrices = false
  /** Changed with `setMarginMode`, or by force. */
  marginMode: MarginMode
  /** What has just happened is in the lists of the past so much later. */
  historyLag: Milliseconds = 0
  /** A client's id may be used again when its order is over: Bybit does not say for how long it is taken. */
  reusesLinks = false
  /** What is announced, and was. */
  readonly maintenance: Maintenance[] = []
  /** By how much the server's clock is wrong. */
  skew: Milliseconds = 0
  #now: Timestamp
  /** Where markets are while something is set off there: their way, asked again, is a bit beside it. */
  #here: ReadonlyMap<string, PathPoint> = new Map()
  /** At what price a position is taken over in cross margin while that happens. */
  #takeoverAt: Price | null = null
  #cancelType = ''
  #execType: ExecType = 'Trade'

  constructor(markets: readonly SymbolMarket[], options: DeskOptions) {
    this.costs = options.costs
    this.marginMode = options.marginMode ?? 'ISOLATED_MARGIN'
    this.#random = random(`${options.seed} desk`)
    this.tellsWhole = this.#random.int(2) === 0
    this.#now = options.from
    const sorted = [...markets].sort((a, b) => (a.instrument.symbol < b.instrument.symbol ? -1 : 1))
    const feeds = sorted.map(market => new SymbolFeed(market, options.costs.assumedFunding))
    this.feeds = new Map(feeds.map(feed => [feed.instrument.symbol, feed]))
    this.#exchange = new SimExchange({
      costs: options.costs,
      wallet: options.wallet,
      checkMargin: false,
      takesAnyOrder: true,
      takeover: this.#takeover(),
    })
    this.#exchange.setTime(options.from)
    for (const feed of feeds) {
      const { symbol } = feed.instrument
      this.#instruments.set(symbol, feed.instrument)
      const market = sorted.find(({ instrument }) => instrument.symbol === symbol)
      this.#tiers.set(symbol, riskTiers(feed.instrument, market?.tiers ?? []))
      this.#funding.set(symbol, new FundingSchedule(feed.funding, options.costs.assumedFunding))
      this.#exchange.list(feed.instrument, feed.endAt > 0)
      this.#walked.set(symbol, options.from)
    }
    this.account = new BybitAccount(amountOf(options.wallet), options.seed, symbol => this.instrument(symbol))
    this.stops = new Stops(this.account, this)
    this.margins = new Margins(this)
  }

  /** When the engine takes a position over by itself, and what it gets at worst. */
  #takeover(): TakeoverRules {
    const isIsolated = (): boolean => this.marginMode === 'ISOLATED_MARGIN'
    return {
      liquidation: (instrument, { steps, ...terms }) =>
        isIsolated()
          ? isolatedLiquidation(this.tiers(instrument.symbol), { ...terms, qty: qtyOf(instrument, steps) })
          : null,
      bankruptcy: (_, terms) => (isIsolated() ? isolatedBankruptcy(terms) : this.#takeoverAt),
    }
  }

  get now(): Timestamp {
    return this.#now
  }

  /** The time of what happens now: the market's, and a little later for each request of the same moment. */
  get stamp(): Timestamp {
    return this.#exchange.now
  }

  /** The time as the server tells it. */
  get clock(): Timestamp {
    return this.#now + this.skew
  }

  /** The wallet as the matching engine has it, in floating point. */
  get engineWallet(): Usdt {
    return this.#exchange.wallet
  }

  instrument(symbol: string): Instrument {
    const known = this.#instruments.get(symbol)
    if (known === undefined) throw new Refusal(10001, 'params error: symbol invalid')
    return known
  }

  feed(symbol: string): SymbolFeed {
    const feed = this.feeds.get(symbol)
    if (feed === undefined) throw new Refusal(10001, 'params error: symbol invalid')
    return feed
  }

  funding(symbol: string): FundingSchedule {
    const schedule = this.#funding.get(symbol)
    assert(schedule !== undefined, `${symbol} is listed`)
    return schedule
  }

  tiers(symbol: string): readonly RiskTier[] {
    const tiers = this.#tiers.get(symbol)
    assert(tiers !== undefined, `${symbol} is listed`)
    return tiers
  }

  /** The leverage of a symbol, in hedge mode of one side of it. */
  leverage(symbol: string, side: Side = 'long'): number {
    return this.#exchange.leverage(symbol, side)
  }

  get mode(): PositionMode {
    return this.#exchange.positionMode
  }

  /** The indices of a symbol's positions: one in one-way mode, one for each side in hedge mode. */
  get indices(): readonly PositionIdx[] {
    return this.mode === 'hedge' ? [1, 2] : [0]
  }

  #indexOf(side: Side): PositionIdx {
    if (this.mode === 'one-way') return 0
    return side === 'long' ? 1 : 2
  }

  /** When a symbol is taken off the market; `null`: that is not announced. */
  deliveryAt(symbol: string): Timestamp | null {
    return this.#delisted.get(symbol) ?? null
  }

  /** The auction that a symbol is in before its market opens; `null`: it is traded as ever. */
  auctionOf(symbol: string): Auction | null {
    const auction = this.#auctions.get(symbol)
    return auction !== undefined && this.#now < auction.until ? auction : null
  }

  isTrading(symbol: string): boolean {
    const end = this.deliveryAt(symbol)
    return this.feed(symbol).endAt > this.#now && (end === null || end > this.#now)
  }

  point(symbol: string): PathPoint {
    return this.#here.get(symbol) ?? this.feed(symbol).at(this.#now)
  }

  // --- time ---------------------------------------------------------------------------------------------------

  /** Lets the market go on to a time: all symbols side by side, so that what happens on them happens in its order. */
  advance(to: Timestamp): void {
    if (to <= this.#now) return
    const walks = this.#walks(to)
    while (walks.some(({ corner }) => corner !== null)) {
      this.#liquidateAt(walks)
      const began = this.#exchange.now
      const time = Math.min(...walks.map(walk => this.#nextOf(walk)))
      const legs = this.#untilRuin(
        walks,
        walks.flatMap(walk => this.#legOf(walk, time)),
      )
      this.#now = Math.max(this.#now, ...legs.map(({ stop }) => stop.time))
      for (const leg of legs) this.#goOn(leg, began)
    }
    this.#liquidateAt(walks)
    this.#now = to
    this.#setTime(to)
    for (const [symbol, end] of this.#delisted) if (end <= to) this.#settle(symbol)
  }

  /** Legs that end where the account's equity is down to its maintenance margin, if that is on them. */
  #untilRuin(walks: readonly Walk[], legs: readonly Leg[]): readonly Leg[] {
    if (this.marginMode === 'ISOLATED_MARGIN' || this.margins.held.length === 0) return legs
    const from = new Map(walks.map(({ symbol, at }) => [symbol, at]))
    const to = new Map(legs.map(({ walk, stop }) => [walk.symbol, stop]))
    const surplusAt = (part: number): Usdt =>
      this.margins.surplus(symbol => {
        const a = from.get(symbol) ?? this.point(symbol)
        return along(a, to.get(symbol) ?? a, part).mark
      })
    if (surplusAt(1) >= 0) return legs
    let [still, gone] = [0, 1]
    for (let k = 0; k < BISECTIONS; k++) {
      const middle = (still + gone) / 2
      if (surplusAt(middle) < 0) gone = middle
      else still = middle
    }
    return legs.map(({ walk, stop }) => ({ walk, stop: along(walk.at, stop, gone), isSetOff: false }))
  }

  /** Liquidates the account where the walks are now, if it has come to that in cross margin. */
  #liquidateAt(walks: readonly Walk[]): void {
    if (this.marginMode === 'ISOLATED_MARGIN' || this.margins.held.length === 0) return
    this.#here = new Map(walks.map(({ symbol, at }) => [symbol, at]))
    const isRuined = (): boolean => this.margins.surplus(symbol => this.point(symbol).mark) < 0
    if (isRuined()) {
      for (const order of this.account.openOrders) {
        if (!order.reduceOnly && order.status !== 'Untriggered') this.#cancelAt(order, 'CancelAllBeforeLiq')
      }
      while (this.margins.held.length > 0 && isRuined()) {
        const margin = (one: BybitPosition & { readonly side: Side }): Usdt =>
          this.margins.of(one, this.point(one.symbol).mark).maintenance
        const [first] = [...this.margins.held].sort((a, b) => margin(b) - margin(a))
        this.#takeOver(first)
      }
    }
    this.#here = new Map()
  }

  /** The exchange takes a position over: in isolated margin for all its margin, in cross margin as a taker exits. */
  #takeOver(position: BybitPosition & { readonly side: Side }): void {
    const { symbol, side } = position
    const point = this.point(symbol)
    this.#setLast(symbol, point)
    const taken = point.last * (1 - sign(side) * this.costs.slippage)
    const ruin = this.margins.ruin(position, one => this.point(one).mark)
    this.#takeoverAt = side === 'long' ? Math.max(taken, ruin) : Math.min(taken, ruin)
    this.#exchange.act({ kind: 'liquidate', symbol, side })
    this.#drain(symbol, point)
    this.#takeoverAt = null
  }

  /** The ways of the symbols on which something is to be matched, from where each has been walked to. */
  #walks(to: Timestamp): readonly Walk[] {
    const waiting = new Set(
      this.account.openOrders.flatMap(({ symbol, status }) => (status === 'Untriggered' ? [symbol] : [])),
    )
    const walks: Walk[] = []
    for (const symbol of this.#instruments.keys()) {
      const from = this.#walked.get(symbol) ?? to
      this.#walked.set(symbol, Math.max(to, from))
      const feed = this.feed(symbol)
      const isMatched = waiting.has(symbol) || this.#exchange.isActive(symbol)
      if (!isMatched || from >= to || !feed.isPriced(from) || this.auctionOf(symbol) !== null) continue
      walks.push(new Walk(symbol, feed.way(from, to), this.funding(symbol).within(from, to)))
    }
    return walks
  }

  #setTime(time: Timestamp): void {
    const { now } = this.#exchange
    if (time > now) this.#exchange.setTime(Math.floor(time))
  }

  /** The time of what happens now: every request has one of its own. */
  #stamp(): Timestamp {
    this.#exchange.setTime(Math.max(Math.floor(this.#now), this.#exchange.now + 1))
    return this.#exchange.now
  }

  #waiting(symbol: string): readonly BybitOrder[] {
    return this.account.openOrders.filter(order => order.symbol === symbol && order.status === 'Untriggered')
  }

  /** When something is next to be looked at on a way: where it turns, or where a waiting order is set off. */
  #nextOf({ symbol, at, corner }: Walk): Timestamp {
    if (corner === null) return Number.POSITIVE_INFINITY
    const part = this.#nearest(symbol, at, corner)
    return part === null ? corner.time : along(at, corner, part).time
  }

  /** How far a symbol goes on until a time that is not beyond what is next on its way; none where it stays. */
  #legOf(walk: Walk, time: Timestamp): readonly Leg[] {
    const { symbol, at, corner } = walk
    if (corner === null) return []
    const part = this.#nearest(symbol, at, corner)
    const there = part === null ? null : along(at, corner, part)
    const isSetOff = there !== null && there.time <= time
    if (!isSetOff && time <= at.time && time < corner.time) return []
    return [{ walk, stop: isSetOff ? there : walk.pointAt(time), isSetOff }]
  }

  /**
   * Walks one symbol on.
   *
   * @param began the matching engine's time before any symbol was walked there
   */
  #goOn({ walk, stop: end, isSetOff }: Leg, began: Timestamp): void {
    const { symbol, at } = walk
    const stop = walk.goTo(end)
    this.#piece(symbol, at, stop, walk.settledWithin(at.time, stop.time), began)
    this.stops.follow(symbol, stop)
    while (isSetOff && this.#nearest(symbol, stop, stop) !== null) {
      this.#here = new Map([[symbol, stop]])
      this.#fire(symbol, stop)
      this.#here = new Map()
      this.#piece(symbol, stop, stop, [], this.#exchange.now)
      this.stops.follow(symbol, stop)
    }
  }

  /** Matches one straight piece of the way. */
  #piece(
    symbol: string,
    a: PathPoint,
    b: PathPoint,
    settlements: Parameters<SimExchange['bar']>[2],
    began: Timestamp,
  ): void {
    this.#setTime(b.time)
    if (!this.#exchange.isActive(symbol)) return
    const end = this.#exchange.now
    const bar = {
      start: Math.min(end, Math.max(Math.floor(a.time), began)),
      end,
      open: a.time === b.time ? b.last : a.last,
      high: a.time === b.time ? b.last : Math.max(a.last, b.last),
      low: a.time === b.time ? b.last : Math.min(a.last, b.last),
      close: b.last,
      markOpen: a.time === b.time ? b.mark : a.mark,
      markHigh: a.time === b.time ? b.mark : Math.max(a.mark, b.mark),
      markLow: a.time === b.time ? b.mark : Math.min(a.mark, b.mark),
      markClose: b.mark,
    }
    for (const _ of this.#exchange.bar(symbol, bar, settlements)) this.#drain(symbol, b)
    this.#drain(symbol, b)
  }

  /** Matches what is at the market at this very moment. */
  #match(symbol: string): void {
    const point = this.point(symbol)
    this.#piece(symbol, point, point, [], this.#exchange.now)
  }

  /** The share of the way from `a` to `b` at which the first waiting order is set off, `null` where none is. */
  #nearest(symbol: string, a: PathPoint, b: PathPoint): number | null {
    if ((this.#heldTriggers.get(symbol) ?? 0) > a.time) return null
    let nearest: number | null = null
    for (const { trigger } of this.#waiting(symbol)) {
      if (trigger === null) continue
      const part = reached(this.instrument(symbol), trigger, a, b)
      if (part !== null && (nearest === null || part < nearest)) nearest = part
    }
    return nearest
  }

  /** Sets off what waits for a price that is reached. */
  #fire(symbol: string, at: PathPoint): void {
    const instrument = this.instrument(symbol)
    for (const order of this.#waiting(symbol)) {
      if (order.status !== 'Untriggered' || order.trigger === null) continue
      if (reached(instrument, order.trigger, at, at) === null) continue
      order.status = 'Triggered'
      order.updatedAt = this.#exchange.now
      this.account.tell({ topic: 'order', order })
      this.#send(order)
    }
  }

  /** An order that was set off cannot be placed, for want of margin for example. */
  #failTrigger(order: BybitOrder, now: Timestamp): void {
    const status = this.#random.int(2) === 0 ? 'Cancelled' : 'Rejected'
    this.account.finish(order, status, now, { rejectReason: 'EC_Others' })
  }

  /** Brings an order that was set off to the market. */
  #send(order: BybitOrder): void {
    const now = this.#stamp()
    if (this.#failing.delete(order.symbol)) {
      this.#failTrigger(order, now)
      return
    }
    if (isTpsl(order) || order.closeOnTrigger || order.reduceOnly) {
      const position = this.account.position(order.symbol, order.positionIdx, now)
      if (position.side === null || closingSide(position.side) !== order.side) {
        this.account.finish(order, 'Cancelled', now, { cancelType: 'CancelByReduceOnly' })
        return
      }
      const isWhole = order.stopOrderType === 'TakeProfit' || order.stopOrderType === 'StopLoss'
      const trails = order.stopOrderType === 'TrailingStop'
      order.steps = (isWhole || trails ? position.steps : Math.min(order.steps, position.steps)) as Steps
      if (trails) position.trailing = null
    }
    const refusal = this.#place(order)
    if (refusal !== null) {
      this.#failTrigger(order, now)
      return
    }
    this.#finishIfImmediate(order)
    const partner = order.partner === null ? undefined : this.account.openOrder(keyOf(order.partner))
    if (partner !== undefined)
      this.account.finish(partner, 'Cancelled', this.#exchange.now, { cancelType: 'CancelByTpSlTsClear' })
  }

  // --- orders -------------------------------------------------------------------------------------------------

  /** Takes an order. Throws a Refusal where Bybit would answer with an error. */
  create(asked: OrderWish): BybitOrder {
    const wish = { ...asked, reduceOnly: asked.reduceOnly || isAgainst(asked) }
    const { symbol, orderLinkId } = wish
    const instrument = this.instrument(symbol)
    const now = this.#stamp()
    if (!this.isTrading(symbol)) throw new Refusal(110074, 'This contract is not live')
    if (orderLinkId !== '' && this.#isTaken(orderLinkId)) {
      this.account.refuseAgain(orderLinkId)
      throw new Refusal(110072, 'OrderLinkedID is duplicate')
    }
    this.#checkAuction(symbol, wish.attached !== null)
    const position = this.#positionFor(wish)
    const { attached } = wish
    this.#checkGrain(symbol, wish.price, wish.trigger?.price, attached?.takeProfit, attached?.stopLoss)
    const point = this.point(symbol)
    const limits = priceLimits(instrument, point)
    const steps = quantityOf(this, wish, position, point)
    const price = wish.price === null ? null : priceWithin(this, wish, limits)
    checkTrigger(instrument, wish.trigger, point)
    checkCounts(this, wish)
    checkAttached(wish, price ?? toTicks(instrument, point.last, 'nearest'))
    const order: BybitOrder = {
      orderId: this.account.nextId(),
      orderLinkId,
      symbol,
      side: wish.side,
      type: wish.type,
      positionIdx: wish.positionIdx,
      timeInForce: wish.type === 'Market' ? 'IOC' : wish.timeInForce,
      reduceOnly: wish.reduceOnly || wish.closeOnTrigger,
      closeOnTrigger: wish.closeOnTrigger,
      stopOrderType: wish.trigger === null ? '' : 'Stop',
      createType: 'CreateByUser',
      createdAt: now,
      lastAtCreation: point.last,
      price,
      steps,
      filled: 0 as Steps,
      value: 0n,
      fee: 0n,
      closedPnl: 0n,
      status: wish.trigger === null ? 'New' : 'Untriggered',
      cancelType: 'UNKNOWN',
      rejectReason: 'EC_NoError',
      trigger: wish.trigger,
      attached: wish.attached,
      partner: null,
      updatedAt: now,
    }
    if (this.#rejecting.delete(symbol)) {
      this.account.add(order)
      this.account.finish(order, 'Rejected', now, { rejectReason: 'EC_Others' })
      return order
    }
    if (wish.trigger !== null) {
      this.account.add(order)
      this.account.tell({ topic: 'order', order })
      return order
    }
    if (order.timeInForce === 'PostOnly' && this.#takes(order, point)) {
      this.account.add(order)
      this.account.finish(order, 'Cancelled', now, {
        rejectReason: 'EC_PostOnlyWillTakeLiquidity',
      })
      return order
    }
    const refusal = this.#place(order)
    if (refusal !== null) throw refusal
    this.#finishIfImmediate(order)
    return order
  }

  #isTaken(orderLinkId: string): boolean {
    if (!this.account.isUsed(orderLinkId)) return false
    return !this.reusesLinks || this.account.openOrder({ orderId: '', orderLinkId }) !== undefined
  }

  /** Hands an order to the matching engine and lets it match. Returns why it is not taken. */
  #place(order: BybitOrder): Refusal | null {
    const { symbol, orderId, side, type, reduceOnly } = order
    const instrument = this.instrument(symbol)
    const point = this.point(symbol)
    const limits = priceLimits(instrument, point)
    if (type === 'Market') order.price = side === 'Buy' ? limits.buy : limits.sell
    if (type === 'Market' && this.#slips(order, point)) {
      if (order.status !== 'Triggered') this.account.add(order)
      this.account.finish(order, 'Cancelled', this.#exchange.now, {
        cancelType: 'CancelByNoLiquidity',
        rejectReason: 'EC_NoImmediateQtyToFill',
      })
      return null
    }
    const reckoned = type === 'Limit' && order.price !== null ? priceOf(instrument, order.price) : point.last
    const needed = this.margins.ofOrder(order, reckoned, order.steps)
    if (needed > 0 && needed > this.margins.totals().free)
      return new Refusal(110007, 'ab not enough for new order')
    this.#setLast(symbol, point)
    const own = sideOf(side)
    const purpose = reduceOnly ? 'exit' : 'entry'
    const isAtMarket = type === 'Market'
    this.#exchange.place({
      clientOrderId: orderId,
      symbol,
      side: reduceOnly ? opposite(own) : own,
      purpose,
      type: isAtMarket ? 'market' : 'limit',
      price: isAtMarket ? null : order.price,
      steps: order.steps,
      stop: null,
      leverage: this.leverage(symbol, own),
      postOnly: false,
    })
    const reason = this.#drain(symbol, point)
    if (reason !== null) return refusalOf(reason)
    if (order.status !== 'Triggered') this.account.add(order)
    order.status = 'New'
    if (type === 'Limit') this.account.tell({ topic: 'order', order })
    this.#match(symbol)
    return null
  }

  /** Whether a market order would have a price beyond its limit. */
  #slips({ symbol, side, price }: BybitOrder, { last }: PathPoint): boolean {
    if (price === null) return false
    const slipped = last * (1 + (side === 'Buy' ? 1 : -1) * this.costs.slippage)
    const limit = priceOf(this.instrument(symbol), price)
    return side === 'Buy' ? slipped > limit : slipped < limit
  }

  /** What is to fill at once or not at all is over now. */
  #finishIfImmediate(order: BybitOrder): void {
    if (order.timeInForce !== 'IOC') return
    if (this.account.openOrder(keyOf(order.orderId)) === undefined) return
    this.#cancelAt(order, 'CancelByNoLiquidity', 'EC_NoImmediateQtyToFill')
  }

  #cancelAt(order: BybitOrder, cancelType: string, rejectReason = 'EC_PerCancelRequest'): void {
    const now = this.#exchange.now
    if (order.status === 'Untriggered') {
      this.account.finish(order, 'Cancelled', now, { cancelType, rejectReason })
      return
    }
    this.#cancelType = cancelType
    order.rejectReason = rejectReason
    this.#exchange.cancel(order.symbol, order.orderId)
    this.#drain(order.symbol, this.point(order.symbol))
    this.#cancelType = ''
  }

  amend(key: OrderKey, { price, steps, trigger, takeProfit, stopLoss }: Amendment): BybitOrder {
    this.#stamp()
    const order = this.account.openOrder(key)
    if (order === undefined || order.symbol !== key.symbol)
      throw new Refusal(110001, 'order not exists or too late to replace')
    this.#checkAuction(order.symbol, false)
    const instrument = this.instrument(order.symbol)
    const isSame =
      (price === null || price === order.price) &&
      (steps === null || steps === order.steps) &&
      (trigger === null || trigger === order.trigger?.price) &&
      (takeProfit === null || takeProfit === (order.attached?.takeProfit ?? 0)) &&
      (stopLoss === null || stopLoss === (order.attached?.stopLoss ?? 0))
    this.#checkGrain(order.symbol, price, trigger, takeProfit, stopLoss)
    if (isSame)
      throw new Refusal(
        10001,
        'The order remains unchanged as the parameters entered match the existing ones.',
      )
    const point = this.point(order.symbol)
    const wanted = steps ?? order.steps
    if (wanted <= order.filled || wanted < instrument.minQty) throw new Refusal(10001, 'Qty invalid')
    if (price !== null && order.type === 'Market') throw new Refusal(10001, 'price invalid')
    const limits = priceLimits(instrument, point)
    const at = price === null ? order.price : priceWithin(this, { ...order, price }, limits)
    const attached = changed(order.attached, takeProfit, stopLoss)
    checkAttached({ ...order, attached }, at ?? toTicks(instrument, point.last, 'nearest'))
    if (trigger !== null) {
      if (order.trigger === null || order.status !== 'Untriggered')
        throw new Refusal(10001, 'params error: triggerPrice invalid')
      const moved = { ...order.trigger, price: trigger }
      checkTrigger(instrument, moved, point)
      order.trigger = moved
    }
    if (order.status !== 'Untriggered') {
      assert(at !== null, 'an order that rests has a price')
      this.#checkRoom(order, at, wanted)
      const left = (wanted - order.filled) as Steps
      this.#setLast(order.symbol, point)
      this.#exchange.amend(order.symbol, order.orderId, at, left)
      const reason = this.#drain(order.symbol, point)
      if (reason !== null) throw refusalOf(reason)
    }
    order.price = at
    order.steps = wanted
    order.attached = attached
    order.updatedAt = this.#exchange.now
    this.account.tell({ topic: 'order', order })
    if (order.status !== 'Untriggered') this.#match(order.symbol)
    return order
  }

  cancel(key: OrderKey): BybitOrder {
    const now = this.#stamp()
    const order = this.account.openOrder(key)
    if (order === undefined || order.symbol !== key.symbol) {
      const raced = this.account.closedOrders.findLast(
        closed =>
          closed.status === 'Filled' &&
          (key.orderId !== '' ? closed.orderId === key.orderId : closed.orderLinkId === key.orderLinkId),
      )
      if (raced !== undefined && now - raced.updatedAt <= RACE) {
        const second = { ...raced, rejectReason: 'EC_OrigClOrdIDDoesNotExist' }
        this.account.tell({ topic: 'order', order: second, isRepeated: true })
      }
      throw new Refusal(110001, 'order not exists or too late to cancel')
    }
    this.#cancelAt(order, 'CancelByUser')
    return order
  }

  /** Cancels the orders that a filter names, of more than 500 any 500; without one also those that protect positions. */
  cancelAll(
    isMeant: (order: BybitOrder) => boolean,
    filter: 'Order' | 'StopOrder' | '',
  ): readonly BybitOrder[] {
    this.#stamp()
    const meant = this.account.openOrders.filter(order => {
      const isConditional = order.status === 'Untriggered'
      return isMeant(order) && (filter === '' || (filter === 'StopOrder') === isConditional)
    })
    while (meant.length > MOST_CANCELLED) meant.splice(this.#random.int(meant.length), 1)
    for (const order of meant) {
      if (order.stopOrderType === 'TrailingStop')
        this.account.position(order.symbol, order.positionIdx, this.#now).trailing = null
      this.#cancelAt(order, 'CancelByUser')
    }
    return meant
  }

  // --- what an order must keep to -----------------------------------------------------------------------------

  #positionFor(wish: { readonly symbol: string; readonly positionIdx: PositionIdx }): BybitPosition {
    if (!this.indices.includes(wish.positionIdx))
      throw new Refusal(10001, 'position idx not match position mode')
    return this.account.position(wish.symbol, wish.positionIdx, this.#exchange.now)
  }

  /** A larger or dearer order needs margin. */
  #checkRoom(order: BybitOrder, price: Ticks, steps: Steps): void {
    if (order.reduceOnly) return
    const instrument = this.instrument(order.symbol)
    const binds = (at: Ticks | null, left: number): Usdt =>
      at === null ? 0 : this.margins.ofOrder(order, priceOf(instrument, at), Math.max(0, left) as Steps)
    const more = binds(price, steps - order.filled) - binds(order.price, order.steps - order.filled)
    if (more > 0 && more > this.margins.totals().free)
      throw new Refusal(110007, 'ab not enough for new order')
  }

  #takes({ symbol, side, price }: BybitOrder, { last }: PathPoint): boolean {
    const instrument = this.instrument(symbol)
    assert(price !== null, 'a post-only order has a price')
    const beyond = priceOf(instrument, price) - this.#onGrid(instrument, last)
    return side === 'Buy' ? beyond >= 0 : beyond <= 0
  }

  #setLast(symbol: string, { last, mark }: PathPoint): void {
    this.#exchange.setLast(symbol, this.#onGrid(this.instrument(symbol), last), mark, this.#exchange.now)
  }

  #onGrid(instrument: Instrument, price: Price): Price {
    return fromCount(gridOf(instrument.tick), toTicks(instrument, price, 'nearest'))
  }

  // --- positions ----------------------------------------------------------------------------------------------

  /** Sets the leverage of buys and sells; in one-way mode they have the same. */
  setLeverage(symbol: string, buy: number, sell: number): void {
    this.#stamp()
    if (this.mode === 'one-way' && buy !== sell)
      throw new Refusal(10001, 'buy leverage and sell leverage have to be the same')
    if (buy === this.leverage(symbol, 'long') && sell === this.leverage(symbol, 'short'))
      throw new Refusal(110043, 'leverage not modified')
    if (this.marginMode === 'REGULAR_MARGIN' && buy !== sell)
      throw new Refusal(10001, 'buy leverage and sell leverage have to be the same in cross margin')
    const wanted = [['long', buy] as const, ['short', sell] as const]
    let more = 0
    for (const [side, leverage] of wanted) more += this.#checkLeverage(symbol, side, leverage)
    if (more > 0 && more > this.margins.totals().free)
      throw new Refusal(110007, 'ab not enough for the margin of this leverage')
    for (const [side, leverage] of wanted) this.#exchange.setLeverage('', symbol, leverage, side)
    this.#exchange.take()
    for (const idx of this.indices) this.account.tell({ topic: 'position', symbol, idx })
  }

  /** Returns the margin that a leverage takes on top. */
  #checkLeverage(symbol: string, side: Side, leverage: number): Usdt {
    const instrument = this.instrument(symbol)
    const position = this.account.position(symbol, this.#indexOf(side), this.#exchange.now)
    const held = position.side === side ? { ...position, side } : null
    const most = Math.min(
      instrument.maxLeverage,
      mostLeverage(this.tiers(symbol), held === null ? 0 : usdtOf(held.entryValue)),
    )
    if (leverage > most) {
      throw new Refusal(
        110013,
        `cannot set leverage [${leverage * 100}] gt maxLeverage [${most * 100}] by risk limit`,
      )
    }
    if (leverage < 1) throw new Refusal(10001, 'params error: leverage invalid')
    if (held === null) return 0
    const { mark } = this.point(symbol)
    return this.margins.of(held, mark, leverage).initial - this.margins.of(held, mark).initial
  }

  /** Switches the account between isolated and cross margin. */
  setMarginMode(mode: MarginMode): void {
    this.#stamp()
    if (mode === this.marginMode) return
    const what =
      this.margins.held.length > 0 ? 'positions' : this.account.openOrders.length > 0 ? 'orders' : null
    if (what !== null) {
      const reasonMsg = `You have open ${what}, so the margin mode cannot be switched.`
      throw new Refusal(3400045, 'Set margin mode failed', {
        reasons: [{ reasonCode: '3400045', reasonMsg }],
      })
    }
    this.marginMode = mode
  }

  /** Switches the account between one position a symbol and one a side. */
  switchMode(mode: PositionMode): void {
    this.#stamp()
    if (mode === this.mode) throw new Refusal(110025, 'Position mode is not modified')
    if (this.account.positions.some(({ side }) => side !== null))
      throw new Refusal(110024, 'You have an existing position, so position mode cannot be switched.')
    if (this.account.openOrders.length > 0)
      throw new Refusal(110028, 'You have existing open orders, so position mode cannot be switched.')
    const reason = this.#exchange.setPositionMode(mode)
    assert(reason === null, 'the matching engine has what the books have')
  }

  /** Sets, changes or takes away what protects a position. */
  tradingStop(wish: StopWish): void {
    const now = this.#stamp()
    const { symbol, mode, takeProfit, stopLoss } = wish
    this.#checkAuction(symbol, true)
    this.#checkGrain(symbol, takeProfit, stopLoss, wish.trailing, wish.activePrice)
    const position = this.#positionFor(wish)
    const { side } = position
    if (side === null) throw new Refusal(10001, 'can not set tp/sl/ts for zero position')
    const point = this.point(symbol)
    const legs = [
      ['TakeProfit', takeProfit, wish.tpTriggerBy],
      ['StopLoss', stopLoss, wish.slTriggerBy],
    ] as const
    for (const [type, price, by] of legs) {
      if (price === null || price === 0) continue
      checkTrigger(this.instrument(symbol), protection(type, side, price, by), point)
    }
    if (mode === 'Partial' && (takeProfit !== null || stopLoss !== null)) {
      this.stops.addPair(position, wish, wish.size ?? position.steps, now)
    } else {
      const trails =
        wish.trailing !== null && this.stops.trail(position, wish.trailing, wish.activePrice, now)
      const changed = legs.map(([type, price, by]) =>
        price === null ? false : this.stops.setWhole(position, type, price, by, now),
      )
      if (!trails && !changed.includes(true)) throw new Refusal(34040, 'not modified')
      position.tpslMode = 'Full'
    }
    position.updatedAt = now
    this.account.tell({ topic: 'position', symbol, idx: position.idx })
  }

  // --- what the matching engine tells -------------------------------------------------------------------------

  /** Books what has happened. Returns why an order was not taken, where one was not. */
  #drain(symbol: string, { mark }: PathPoint): string | null {
    let refusal: string | null = null
    let hasFilled = false
    for (let inputs = this.#exchange.take(); inputs.length > 0; inputs = this.#exchange.take()) {
      for (const input of inputs) {
        hasFilled ||= input.type === 'fill'
        if (input.type === 'fill') this.#onFill(input, mark)
        else if (input.type === 'funding') this.#onFunding(input, mark)
        else if (input.type === 'order' && input.status === 'rejected') refusal = input.reason
        else if (input.type === 'order' && input.status === 'cancelled') this.#onCancelled(input)
      }
    }
    if (hasFilled) {
      for (const { idx, side, steps } of this.account.positions.filter(one => one.symbol === symbol)) {
        if (!this.indices.includes(idx)) continue
        const engine = this.#engineSteps(symbol, side)
        assert(steps === engine, `${symbol}: the books have ${steps} steps, the matching engine ${engine}`)
      }
    }
    return refusal
  }

  #onCancelled({ clientOrderId, reason }: Extract<Input, { readonly type: 'order' }>): void {
    const order = this.account.openOrder(keyOf(clientOrderId))
    if (order === undefined) return
    const isShort = reason.startsWith('the market had')
    const cancelType =
      this.#cancelType !== '' ? this.#cancelType : isShort ? 'CancelByNoLiquidity' : 'CancelByReduceOnly'
    const rejectReason = isShort ? 'EC_NoImmediateQtyToFill' : order.rejectReason
    this.account.finish(order, 'Cancelled', this.#exchange.now, { cancelType, rejectReason })
  }

  #onFill(fill: FillInput, mark: Price): void {
    const { symbol, side, clientOrderId, cause, price, steps, liquidity } = fill
    const now = this.#exchange.now
    const own = clientOrderId === null ? undefined : this.account.openOrder(keyOf(clientOrderId))
    const execType: ExecType =
      cause === 'liquidation' ? 'BustTrade' : cause === 'settlement' ? 'Settle' : this.#execType
    const isOpening = own === undefined ? fill.opens === true : sideOf(own.side) === side
    const order =
      own ?? (cause === 'settlement' ? null : this.#orderOfExchange(fill, execType, isOpening, now))
    const idx = order?.positionIdx ?? this.#indexOf(side)
    const feeRate = liquidity === 'maker' ? this.costs.makerFee : this.costs.takerFee
    const leverage = this.leverage(symbol, side)
    this.account.fill(
      symbol,
      idx,
      order,
      {
        positionSide: side,
        isOpening,
        price,
        steps,
        isMaker: liquidity === 'maker',
        execType,
        feeRate,
        markPrice: mark,
        leverage,
      },
      now,
    )
    if (order !== null && order.filled >= order.steps) this.account.finish(order, 'Filled', now)
    // The engine has no more of a position to give to an order that reduces it.
    else if (order !== null && fill.complete && order.reduceOnly)
      this.account.finish(order, 'Cancelled', now, { cancelType: 'CancelByReduceOnly' })
    const position = this.account.position(symbol, idx, now)
    if (position.steps === 0) this.stops.clear(position, now)
    else {
      for (const guard of this.stops.protecting(symbol, idx)) {
        if (!guard.stopOrderType.startsWith('Partial')) guard.steps = position.steps
      }
      if (!isOpening) this.#cutToPosition(position, now)
    }
    if (isOpening && order !== null && order.attached !== null)
      this.stops.attach(position, order.attached, steps, now)
  }

  /** Orders that reduce a position want no more than is left of it. */
  #cutToPosition({ symbol, idx, steps }: BybitPosition, now: Timestamp): void {
    for (const order of this.account.openOrders) {
      const rests = order.status === 'New' || order.status === 'PartiallyFilled'
      if (order.symbol !== symbol || order.positionIdx !== idx || !order.reduceOnly || !rests) continue
      if (order.type === 'Market' || order.price === null || order.steps - order.filled <= steps) continue
      this.#exchange.amend(symbol, order.orderId, order.price, steps)
      order.steps = (order.filled + steps) as Steps
      order.updatedAt = now
      this.account.tell({ topic: 'order', order })
    }
  }

  #engineSteps(symbol: string, side: Side | null): number {
    const { positions } = this.#exchange.account()
    return positions.find(held => held.symbol === symbol && held.side === side)?.steps ?? 0
  }

  /** An order that the exchange itself has made, of a liquidation for example. */
  #orderOfExchange(
    { symbol, side, price, steps }: FillInput,
    execType: ExecType,
    isOpening: boolean,
    now: Timestamp,
  ): BybitOrder {
    const order: BybitOrder = {
      orderId: this.account.nextId(),
      orderLinkId: '',
      symbol,
      side: isOpening === (side === 'long') ? 'Buy' : 'Sell',
      type: 'Market',
      positionIdx: this.#indexOf(side),
      timeInForce: 'IOC',
      reduceOnly: !isOpening,
      closeOnTrigger: false,
      stopOrderType: '',
      createType: CREATE_TYPES[execType],
      createdAt: now,
      lastAtCreation: this.point(symbol).last,
      price,
      steps,
      filled: 0 as Steps,
      value: 0n,
      fee: 0n,
      closedPnl: 0n,
      status: 'New',
      cancelType: 'UNKNOWN',
      rejectReason: 'EC_NoError',
      trigger: null,
      attached: null,
      partner: null,
      updatedAt: now,
    }
    this.account.add(order)
    return order
  }

  #onFunding({ symbol, side, rate }: Extract<Input, { readonly type: 'funding' }>, mark: Price): void {
    const instrument = this.instrument(symbol)
    const now = this.#exchange.now
    const idx = this.#indexOf(side)
    const { steps } = this.account.position(symbol, idx, now)
    const value: Amount = amountOf(mark * qtyOf(instrument, steps))
    this.account.fund(symbol, idx, rate, mark, value, now)
  }

  // --- what others do -----------------------------------------------------------------------------------------

  /** Somebody pays in, or takes out where it is negative. */
  transfer(usdt: Usdt): void {
    const now = this.#stamp()
    const amount = amountOf(usdt)
    this.#exchange.act({ kind: 'deposit', usdt: usdtOf(amount) })
    this.account.transfer(amount, now)
  }

  /** The exchange takes a position over, whole, or takes from it because others were taken over. */
  seize(symbol: string, how: 'liquidation' | 'adl', steps: Steps, which: Side | null = null): void {
    this.#stamp()
    const position = this.#heldOf(symbol, which)
    const point = this.point(symbol)
    if (how === 'liquidation') {
      this.#takeOver(position)
      return
    }
    this.#setLast(symbol, point)
    this.#execType = 'AdlTrade'
    this.#exchange.act({ kind: 'reduce', symbol, side: position.side, steps })
    this.#drain(symbol, point)
    this.#execType = 'Trade'
  }

  /** Takers get at most so many steps at once, with `makers` resting orders too; `null`: all they want. */
  thin(symbol: string, steps: Steps | null, makers: boolean): void {
    this.#exchange.act({ kind: 'thin', symbol, steps, makers })
  }

  /** The next order is acknowledged, and then rejected. */
  rejectNext(symbol: string): void {
    this.#rejecting.add(this.instrument(symbol).symbol)
  }

  /** The next order of the symbol that is set off is cancelled, as for want of margin. */
  failNextTrigger(symbol: string): void {
    this.#failing.add(this.instrument(symbol).symbol)
  }

  /** Orders that wait for a price of the symbol are not set off before a time. */
  holdTriggers(symbol: string, until: Timestamp): void {
    this.#heldTriggers.set(this.instrument(symbol).symbol, until)
  }

  /** Somebody opens a position in the app, or adds to one; `null`: the least that is taken. */
  byHand(symbol: string, side: BuySell, steps: Steps | null): void {
    const wanted = steps ?? leastOf(this, symbol, this.point(symbol))
    this.create({ ...BY_HAND, symbol, side, steps: wanted, positionIdx: this.#indexOf(sideOf(side)) })
  }

  /** Somebody closes so much of a position, `null`: all of it. */
  closeByHand(symbol: string, steps: Steps | null, which: Side | null = null): void {
    const { side, idx, steps: held } = this.#heldOf(symbol, which)
    const wish = { ...BY_HAND, symbol, side: closingSide(side), positionIdx: idx, reduceOnly: true }
    const most = mostOf(this.instrument(symbol), 'Market') ?? held
    for (let left = Math.min(steps ?? held, held); left > 0; left -= most)
      this.create({ ...wish, steps: Math.min(left, most) as Steps })
  }

  /** Somebody moves the stop of a position, or takes it away with 0. */
  stopByHand(symbol: string, stopLoss: Ticks | 0, which: Side | null = null): void {
    const { idx } = this.#heldOf(symbol, which)
    this.tradingStop({ ...NO_STOPS, symbol, positionIdx: idx, stopLoss })
  }

  /** The position of a symbol on a side; `null`: whichever there is, the long one of two. */
  #heldOf(symbol: string, which: Side | null): BybitPosition & { readonly side: Side } {
    const held = this.account.positions.find(
      one => one.symbol === symbol && one.side !== null && (which === null || one.side === which),
    )
    if (held === undefined || held.side === null)
      throw new Refusal(10001, `no ${which === null ? '' : `${which} `}position on ${symbol}`)
    return { ...held, side: held.side }
  }

  /** Trading of a symbol ends at a time; what is held then is settled. */
  delist(symbol: string, at: Timestamp): void {
    this.#delisted.set(this.instrument(symbol).symbol, Math.floor(at))
  }

  #settle(symbol: string): void {
    if (this.#walked.get(symbol) === Number.POSITIVE_INFINITY) return
    this.#walked.set(symbol, Number.POSITIVE_INFINITY)
    const point = this.point(symbol)
    this.#setLast(symbol, point)
    for (const order of this.#waiting(symbol)) this.#cancelAt(order, 'CancelBySettle')
    this.#cancelType = 'CancelBySettle'
    this.#exchange.act({ kind: 'settle', symbol })
    this.#drain(symbol, point)
    this.#cancelType = ''
  }

  /**
   * New filters of a symbol's orders, from now on: a greater least value, and grids that are so many times as coarse as
   * the present ones. What is there already stays as it is.
   */
  refilter(
    symbol: string,
    filters: { readonly minNotional?: Usdt; readonly ticks?: number; readonly steps?: number },
  ): void {
    const instrument = this.instrument(symbol)
    const before = this.grain(symbol)
    const after = {
      ticks: before.ticks * (filters.ticks ?? 1),
      steps: before.steps * (filters.steps ?? 1),
    }
    this.#grains.set(symbol, after)
    this.#instruments.set(symbol, {
      ...instrument,
      minNotional: filters.minNotional ?? instrument.minNotional,
      minQty: Math.max(instrument.minQty, after.steps) as Steps,
    })
  }

  /** Of how many of the engine's ticks and steps the prices and quantities of orders have to be multiples. */
  grain(symbol: string): { readonly ticks: number; readonly steps: number } {
    return this.#grains.get(symbol) ?? { ticks: 1, steps: 1 }
  }

  /**
   * A symbol goes back to before its market has opened: nothing is matched there, and what waits is not set off, until a
   * time.
   */
  auction(symbol: string, until: Timestamp): void {
    this.#auctions.set(this.instrument(symbol).symbol, { from: this.#now, until })
  }

  /** Throws a Refusal in an auction. What Bybit would keep for its end without a stop is not taken here either. */
  #checkAuction(symbol: string, withStop: boolean): void {
    if (this.auctionOf(symbol) === null) return
    if (withStop) throw new Refusal(110099, 'TP/SL orders are not supported in the call auction')
    throw new Refusal(110095, 'orders cannot be created or modified in the call auction')
  }

  /** Throws a Refusal where a price is not on the grid that is in force. */
  #checkGrain(symbol: string, ...prices: readonly (Ticks | 0 | null | undefined)[]): void {
    const { ticks } = this.grain(symbol)
    if (prices.some(price => (price ?? 0) % ticks !== 0)) throw new Refusal(10001, 'price invalid')
  }
}

const CREATE_TYPES: { readonly [type in ExecType]: string } = {
  Trade: 'CreateByUser',
  Funding: '',
  BustTrade: 'CreateByLiq',
  AdlTrade: 'CreateByAdl_PassThrough',
  Settle: 'CreateBySettle',
}

function keyOf(orderId: string): OrderKey {
  return { symbol: '', orderId, orderLinkId: '' }
}

/** The protocol's answer to what the matching engine will not take. */
function refusalOf(reason: string): Refusal {
  if (reason.includes('position on'))
    return new Refusal(110017, 'current position is zero, cannot fix reduce-only order qty')
  if (reason.includes('is not trading')) return new Refusal(110074, 'This contract is not live')
  return new Refusal(10001, reason)
}
