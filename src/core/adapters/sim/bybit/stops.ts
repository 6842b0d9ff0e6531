/**
 * What protects positions: the one take profit and the one stop of a whole position, pairs for parts of it, and the stop
 * that follows the price. All of them are orders that wait for a price (`desk.ts` sets them off).
 */
import { assert } from '../../../base/assert.ts'
import type { Price, Steps, Ticks, Timestamp } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { priceOf, toTicks } from '../../../market/quantise.ts'
import { sign } from '../../../market/side.ts'
import type { BybitAccount } from './account.ts'
import { MOST_PAIRS } from './limits.ts'
import {
  type Attached,
  type BybitOrder,
  type BybitPosition,
  closingSide,
  isTpsl,
  type PositionIdx,
  Refusal,
  type StopOrderType,
  type Trailing,
  type Trigger,
  type TriggerBy,
} from './order.ts'
import type { PathPoint } from './path.ts'
import { protection } from './triggers.ts'
import type { StopWish } from './wishes.ts'

/** What the stops look at of the market. */
export interface StopMarket {
  /** The time of what happens now. */
  readonly stamp: Timestamp
  instrument(symbol: string): Instrument
  point(symbol: string): PathPoint
}

export class Stops {
  readonly #account: BybitAccount
  readonly #market: StopMarket
  readonly #losingStop = new Set<string>()
  readonly #keepingStops = new Set<string>()

  constructor(account: BybitAccount, market: StopMarket) {
    this.#account = account
    this.#market = market
  }

  /** The stop that the next opening fill brings along is lost. */
  lose(symbol: string): void {
    this.#losingStop.add(this.#market.instrument(symbol).symbol)
  }

  /** What protects the next position that is closed stays behind. */
  keep(symbol: string): void {
    this.#keepingStops.add(this.#market.instrument(symbol).symbol)
  }

  /** Sets, changes or takes away (0) the one target or stop of a whole position. Returns whether anything has changed. */
  setWhole(
    position: BybitPosition,
    type: 'TakeProfit' | 'StopLoss',
    price: Ticks | 0,
    by: TriggerBy,
    now: Timestamp,
  ): boolean {
    const { symbol, idx, side } = position
    const present = this.protecting(symbol, idx).find(({ stopOrderType }) => stopOrderType === type)
    if (price === 0) {
      if (present === undefined) return false
      this.#account.finish(present, 'Cancelled', now, { cancelType: 'CancelByTpSlTsClear' })
      return true
    }
    assert(side !== null, 'what is protected is held')
    const trigger = protection(type, side, price, by)
    if (present === undefined) {
      this.#protect(position, type, trigger, position.steps, null, now)
      return true
    }
    if (present.trigger?.price === price && present.trigger.by === by) return false
    present.trigger = trigger
    present.updatedAt = now
    this.#account.tell({ topic: 'order', order: present })
    return true
  }

  /** Adds a pair, or one leg of it, for a part of a position. Throws a Refusal where there are too many. */
  addPair(
    position: BybitPosition,
    wish: Pick<StopWish, 'takeProfit' | 'stopLoss' | 'tpTriggerBy' | 'slTriggerBy' | 'tpLimit' | 'slLimit'>,
    size: Steps,
    now: Timestamp,
  ): void {
    const { side } = position
    assert(side !== null, 'what is protected is held')
    if (this.#pairs(position) >= MOST_PAIRS)
      throw new Refusal(
        110061,
        `the number of partial take profits and stop losses is limited to ${MOST_PAIRS}`,
      )
    if (size > position.steps || size <= 0) throw new Refusal(10001, 'params error: tpSize invalid')
    const leg = (
      type: 'PartialTakeProfit' | 'PartialStopLoss',
      price: Ticks | 0 | null,
      by: TriggerBy,
      limit: Ticks | null,
    ): BybitOrder | null => {
      if (price === null || price === 0) return null
      const plain = type === 'PartialTakeProfit' ? 'TakeProfit' : 'StopLoss'
      return this.#protect(position, type, protection(plain, side, price, by), size, limit, now)
    }
    const target = leg('PartialTakeProfit', wish.takeProfit, wish.tpTriggerBy, wish.tpLimit)
    const stop = leg('PartialStopLoss', wish.stopLoss, wish.slTriggerBy, wish.slLimit)
    if (target !== null && stop !== null) {
      target.partner = stop.orderId
      stop.partner = target.orderId
    }
    position.tpslMode = 'Partial'
  }

  /** Sets or takes away (0) the stop that follows the price. Returns whether anything has changed. */
  trail(position: BybitPosition, distance: Ticks | 0, active: Ticks | null, now: Timestamp): boolean {
    const { symbol, idx, side } = position
    const present = this.protecting(symbol, idx).find(order => order.stopOrderType === 'TrailingStop')
    if (distance === 0) {
      if (position.trailing === null) return false
      position.trailing = null
      if (present !== undefined)
        this.#account.finish(present, 'Cancelled', now, { cancelType: 'CancelByTpSlTsClear' })
      return true
    }
    if (position.trailing?.distance === distance && position.trailing.active === active) return false
    assert(side !== null, 'what is protected is held')
    if (present !== undefined)
      this.#account.finish(present, 'Cancelled', now, { cancelType: 'CancelByTpSlTsClear' })
    const { last } = this.#market.point(symbol)
    position.trailing = { distance, active, best: active === null ? last : null }
    this.#followOne(position, position.trailing, last)
    return true
  }

  /** Lets trailing stops follow the price. */
  follow(symbol: string, { last }: PathPoint): void {
    for (const position of this.#account.positions) {
      if (position.symbol === symbol && position.trailing !== null)
        this.#followOne(position, position.trailing, last)
    }
  }

  #followOne(position: BybitPosition, trailing: Trailing, last: Price): void {
    const { symbol, idx, side } = position
    if (side === null) return
    const instrument = this.#market.instrument(symbol)
    const direction = sign(side)
    const { active, distance } = trailing
    if (trailing.best === null) {
      if (active !== null && (last - priceOf(instrument, active)) * direction < 0) return
      trailing.best = last
    }
    const isBetter = (last - trailing.best) * direction >= 0
    if (!isBetter) return
    trailing.best = last
    const away = last - direction * priceOf(instrument, distance)
    const price = toTicks(instrument, Math.max(away, priceOf(instrument, instrument.minPrice)), 'nearest')
    const trigger = protection('StopLoss', side, price, 'LastPrice')
    const present = this.protecting(symbol, idx).find(order => order.stopOrderType === 'TrailingStop')
    if (present === undefined)
      this.#protect(position, 'TrailingStop', trigger, position.steps, null, this.#market.stamp)
    else present.trigger = trigger
  }

  /** The orders that protect a position. */
  protecting(symbol: string, idx: PositionIdx): readonly BybitOrder[] {
    return this.#account.openOrders.filter(
      order =>
        order.symbol === symbol &&
        order.positionIdx === idx &&
        isTpsl(order) &&
        order.status === 'Untriggered',
    )
  }

  #protect(
    { symbol, idx, side }: BybitPosition,
    type: StopOrderType,
    trigger: Trigger,
    steps: Steps,
    limit: Ticks | null,
    now: Timestamp,
  ): BybitOrder {
    assert(side !== null, 'what is protected is held')
    const order: BybitOrder = {
      orderId: this.#account.nextId(),
      orderLinkId: '',
      symbol,
      side: closingSide(side),
      type: limit === null ? 'Market' : 'Limit',
      positionIdx: idx,
      timeInForce: limit === null ? 'IOC' : 'GTC',
      reduceOnly: true,
      closeOnTrigger: true,
      stopOrderType: type,
      createType: `CreateBy${type}`,
      createdAt: now,
      lastAtCreation: this.#market.point(symbol).last,
      price: limit,
      steps,
      filled: 0 as Steps,
      value: 0n,
      fee: 0n,
      closedPnl: 0n,
      status: 'Untriggered',
      cancelType: 'UNKNOWN',
      rejectReason: 'EC_NoError',
      trigger,
      attached: null,
      partner: null,
      updatedAt: now,
    }
    this.#account.add(order)
    this.#account.tell({ topic: 'order', order })
    return order
  }

  /** What an order has brought along comes into force for what has filled of it. */
  attach(position: BybitPosition, attached: Attached, steps: Steps, now: Timestamp): void {
    if (this.#losingStop.delete(position.symbol)) return
    const { takeProfit, stopLoss, mode } = attached
    if (mode === 'Partial') {
      // One pair too many is lost; the fill stays.
      if (this.#pairs(position) < MOST_PAIRS) this.addPair(position, attached, steps, now)
      return
    }
    if (takeProfit !== null) this.setWhole(position, 'TakeProfit', takeProfit, attached.tpTriggerBy, now)
    if (stopLoss !== null) this.setWhole(position, 'StopLoss', stopLoss, attached.slTriggerBy, now)
  }

  /** A position is closed: what protected it goes. */
  clear(position: BybitPosition, now: Timestamp): void {
    if (this.#keepingStops.delete(position.symbol)) return
    position.trailing = null
    for (const order of this.protecting(position.symbol, position.idx))
      this.#account.finish(order, 'Cancelled', now, { cancelType: 'CancelByTpSlTsClear' })
  }

  /** How many pairs a position has, those of one leg included. */
  #pairs({ symbol, idx }: BybitPosition): number {
    const partial = this.protecting(symbol, idx).filter(order => order.stopOrderType.startsWith('Partial'))
    return new Set(partial.map(order => [order.orderId, order.partner ?? ''].sort().join())).size
  }
}
