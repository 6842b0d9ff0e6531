/**
 * The books of one unified account: orders, fills, positions, results and the wallet, and what its private streams
 * tell of them. What happens is decided elsewhere (`desk.ts`, and the matching engine below it); here it is written
 * down. Every figure of money is exact (`amount.ts`).
 */
import { assert } from '../../../base/assert.ts'
import { hashText } from '../../../base/hash.ts'
import type { Price, Steps, Ticks, Timestamp } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { opposite, type Side, sign } from '../../../market/side.ts'
import { type Amount, partOf, shareOf, worthOf } from './amount.ts'
import { Ledger } from './ledger.ts'
import {
  type BuySell,
  type BybitOrder,
  type BybitPosition,
  closingSide,
  type OrderStatus,
  openingSide,
  type PositionIdx,
} from './order.ts'
import { priceText, stepsText } from './text.ts'

export type ExecType = 'Trade' | 'Funding' | 'BustTrade' | 'AdlTrade' | 'Settle'

export interface ExecutionRecord {
  readonly execId: string
  readonly symbol: string
  readonly side: BuySell
  readonly execType: ExecType
  /** `null`: it belongs to no order. */
  readonly order: BybitOrder | null
  readonly price: Price
  readonly steps: Steps
  readonly closed: Steps
  readonly leaves: Steps
  readonly value: Amount
  readonly fee: Amount
  readonly feeRate: number
  readonly pnl: Amount
  readonly isMaker: boolean
  readonly markPrice: Price
  readonly time: Timestamp
  readonly sequence: number
}

export interface ClosedPnl {
  readonly order: BybitOrder | null
  readonly symbol: string
  readonly side: BuySell
  readonly leverage: number
  readonly execType: ExecType
  readonly createdAt: Timestamp
  updatedAt: Timestamp
  steps: Steps
  entryValue: Amount
  exitValue: Amount
  pnl: Amount
  fills: number
}

/** What a private stream has to tell. */
export type AccountEvent =
  | { readonly topic: 'order'; readonly order: BybitOrder; readonly isRepeated?: boolean }
  | { readonly topic: 'execution'; readonly execution: ExecutionRecord }
  | { readonly topic: 'position'; readonly symbol: string; readonly idx: PositionIdx }
  | { readonly topic: 'wallet' }

/** A fill as the matching engine tells of it. */
export interface Filled {
  /** The side of the position that is opened or closed. */
  readonly positionSide: Side
  readonly isOpening: boolean
  readonly price: Ticks
  readonly steps: Steps
  readonly isMaker: boolean
  readonly execType: ExecType
  readonly feeRate: number
  readonly markPrice: Price
  readonly leverage: number
}

/** What a client has sent under one id of its own. */
export interface LinkRecord {
  readonly symbol: string
  /** More than one is a duplicate. */
  readonly orders: number
  /** How often it was sent again, and refused for it. */
  readonly refused: number
  readonly filled: Steps
}

export class BybitAccount {
  readonly ledger: Ledger
  readonly #seed: string
  readonly #instrument: (symbol: string) => Instrument
  readonly #open = new Map<string, BybitOrder>()
  #closed: BybitOrder[] = []
  readonly #executions: ExecutionRecord[] = []
  readonly #pnl: ClosedPnl[] = []
  readonly #positions = new Map<string, BybitPosition>()
  readonly #links = new Map<string, LinkRecord>()
  #ids = 0
  #sequence = 0
  #events: AccountEvent[] = []

  /** @param seed makes the ids, which are the same for the same seed */
  constructor(start: Amount, seed: string, instrument: (symbol: string) => Instrument) {
    this.ledger = new Ledger(start)
    this.#seed = seed
    this.#instrument = instrument
  }

  /** An id that looks as the exchange's do. */
  nextId(): string {
    const hash = hashText(`${this.#seed} id ${++this.#ids}`)
    return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20)].join(
      '-',
    )
  }

  /** A number that grows with everything that happens. */
  nextSequence(): number {
    return ++this.#sequence
  }

  get sequence(): number {
    return this.#sequence
  }

  // --- what there is ------------------------------------------------------------------------------------------

  get openOrders(): readonly BybitOrder[] {
    return [...this.#open.values()]
  }

  /** Orders that are closed, in the order in which they were. */
  get closedOrders(): readonly BybitOrder[] {
    return this.#closed
  }

  /** Oldest first, funding included. */
  get executions(): readonly ExecutionRecord[] {
    return this.#executions
  }

  get closedPnl(): readonly ClosedPnl[] {
    return this.#pnl
  }

  get positions(): readonly BybitPosition[] {
    return [...this.#positions.values()]
  }

  /** Every client's id that was ever used, and what came of it. */
  get links(): ReadonlyMap<string, LinkRecord> {
    return this.#links
  }

  /** Whether a link id was ever used. */
  isUsed(linkId: string): boolean {
    return this.#links.has(linkId)
  }

  /** A used link id has come again. */
  refuseAgain(linkId: string): void {
    const link = this.#links.get(linkId)
    if (link !== undefined) this.#links.set(linkId, { ...link, refused: link.refused + 1 })
  }

  openOrder(key: { readonly orderId: string; readonly orderLinkId: string }): BybitOrder | undefined {
    if (key.orderId !== '') return this.#open.get(key.orderId)
    return this.openOrders.find(order => order.orderLinkId === key.orderLinkId)
  }

  position(symbol: string, idx: PositionIdx, now: Timestamp): BybitPosition {
    const key = `${symbol} ${idx}`
    const known = this.#positions.get(key)
    if (known !== undefined) return known
    const made: BybitPosition = {
      symbol,
      idx,
      side: null,
      steps: 0 as Steps,
      entryValue: 0n,
      openFees: 0n,
      realised: 0n,
      everRealised: 0n,
      tpslMode: 'Full',
      trailing: null,
      openedBy: '',
      createdAt: now,
      updatedAt: now,
    }
    this.#positions.set(key, made)
    return made
  }

  /** The exchange forgets what it knew of closed orders. */
  forgetClosed(): void {
    this.#closed = []
  }

  // --- what happens -------------------------------------------------------------------------------------------

  /** What the private streams have to tell since the last call. */
  take(): readonly AccountEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  tell(event: AccountEvent): void {
    this.#events.push(event.topic === 'order' ? { ...event, order: { ...event.order } } : event)
  }

  add(order: BybitOrder): void {
    assert(!this.#open.has(order.orderId), `order ${order.orderId} is new`)
    const { orderLinkId, symbol } = order
    if (orderLinkId !== '') {
      const known = this.#links.get(orderLinkId) ?? { symbol, orders: 0, refused: 0, filled: 0 as Steps }
      this.#links.set(orderLinkId, { ...known, orders: known.orders + 1 })
    }
    this.#open.set(order.orderId, order)
  }

  /** The order is over. */
  finish(
    order: BybitOrder,
    status: Extract<OrderStatus, 'Filled' | 'Cancelled' | 'Rejected' | 'Deactivated'>,
    now: Timestamp,
    why: { readonly cancelType?: string; readonly rejectReason?: string } = {},
  ): void {
    if (!this.#open.delete(order.orderId)) return
    const { symbol, positionIdx: idx } = order
    // What is cancelled before its price was reached has never been active.
    order.status = status === 'Cancelled' && order.status === 'Untriggered' ? 'Deactivated' : status
    order.cancelType = why.cancelType ?? order.cancelType
    order.rejectReason = why.rejectReason ?? order.rejectReason
    order.updatedAt = now
    this.#closed.push(order)
    this.tell({ topic: 'order', order })
    // A position is told of at every act of an order, whether it has changed or not.
    this.tell({ topic: 'position', symbol, idx })
  }

  /** Books a fill of an order, or one without any. Where nothing of the order is left the caller finishes it. */
  fill(symbol: string, idx: PositionIdx, order: BybitOrder | null, filled: Filled, now: Timestamp): void {
    const instrument = this.#instrument(symbol)
    const { positionSide, isOpening, price, steps, feeRate, execType } = filled
    const position = this.position(symbol, idx, now)
    const value = worthOf(instrument, price, steps)
    const fee = shareOf(value, feeRate)
    const side = isOpening ? openingSide(positionSide) : closingSide(positionSide)
    if (order !== null) {
      order.filled = (order.filled + steps) as Steps
      order.value += value
      order.fee += fee
      order.updatedAt = now
      if (order.filled < order.steps) order.status = 'PartiallyFilled'
      const link = this.#links.get(order.orderLinkId)
      if (link !== undefined)
        this.#links.set(order.orderLinkId, { ...link, filled: (link.filled + steps) as Steps })
    }
    const gross = isOpening
      ? this.#enlarge(position, order, positionSide, steps, value, fee, now)
      : this.#close(position, order, filled, value, fee, now)
    position.realised += gross - fee
    position.everRealised += gross - fee
    position.updatedAt = now
    const execution: ExecutionRecord = {
      execId: this.nextId(),
      symbol,
      side,
      execType,
      order,
      price: Number(priceText(instrument, price)),
      steps,
      closed: isOpening ? (0 as Steps) : steps,
      leaves: order === null ? (0 as Steps) : ((order.steps - order.filled) as Steps),
      value,
      fee,
      feeRate,
      pnl: gross,
      isMaker: filled.isMaker,
      markPrice: filled.markPrice,
      time: now,
      sequence: this.nextSequence(),
    }
    this.#executions.push(execution)
    this.ledger.add({
      time: now,
      type: LEDGER_TYPES[execType],
      symbol,
      side,
      orderId: order?.orderId ?? '',
      orderLinkId: order?.orderLinkId ?? '',
      tradeId: execution.execId,
      price: execution.price,
      qty: stepsText(instrument, steps),
      size: signedSize(instrument, position),
      cashFlow: gross,
      funding: 0n,
      fee,
      feeRate,
    })
    this.tell({ topic: 'execution', execution })
    if (order !== null && order.filled < order.steps) this.tell({ topic: 'order', order })
    this.tell({ topic: 'position', symbol, idx })
    this.tell({ topic: 'wallet' })
  }

  /** Books a settlement of funding: at a positive rate longs pay. */
  fund(symbol: string, idx: PositionIdx, rate: number, mark: Price, value: Amount, now: Timestamp): void {
    const instrument = this.#instrument(symbol)
    const position = this.position(symbol, idx, now)
    assert(position.side !== null, `${symbol} is held when it is settled`)
    const paid = shareOf(value, rate) * BigInt(sign(position.side))
    position.realised -= paid
    position.everRealised -= paid
    position.updatedAt = now
    const side = openingSide(position.side)
    const execution: ExecutionRecord = {
      execId: this.nextId(),
      symbol,
      side,
      execType: 'Funding',
      order: null,
      price: mark,
      steps: position.steps,
      closed: 0 as Steps,
      leaves: 0 as Steps,
      value,
      fee: paid,
      feeRate: rate,
      pnl: 0n,
      isMaker: false,
      markPrice: mark,
      time: now,
      sequence: this.nextSequence(),
    }
    this.#executions.push(execution)
    this.ledger.add({
      time: now,
      type: 'SETTLEMENT',
      symbol,
      side,
      orderId: '',
      orderLinkId: '',
      tradeId: execution.execId,
      price: mark,
      qty: stepsText(instrument, position.steps),
      size: signedSize(instrument, position),
      cashFlow: 0n,
      funding: -paid,
      fee: 0n,
      feeRate: rate,
    })
    this.tell({ topic: 'execution', execution })
    this.tell({ topic: 'position', symbol, idx })
    this.tell({ topic: 'wallet' })
  }

  /** Books money that is paid in, or out where it is negative. */
  transfer(amount: Amount, now: Timestamp): void {
    this.ledger.add({
      time: now,
      type: amount < 0n ? 'TRANSFER_OUT' : 'TRANSFER_IN',
      symbol: '',
      side: 'None',
      orderId: '',
      orderLinkId: '',
      tradeId: '',
      price: 0,
      qty: '0',
      size: '0',
      cashFlow: amount,
      funding: 0n,
      fee: 0n,
      feeRate: 0,
    })
    this.tell({ topic: 'wallet' })
  }

  /** Adds to a position; what that earns is nothing. */
  #enlarge(
    position: BybitPosition,
    order: BybitOrder | null,
    side: Side,
    steps: Steps,
    value: Amount,
    fee: Amount,
    now: Timestamp,
  ): Amount {
    assert(position.side !== opposite(side), 'a position is added to on its own side')
    if (position.steps === 0) {
      position.side = side
      position.realised = 0n
      position.openedBy = order?.orderLinkId ?? ''
      position.createdAt = now
    }
    position.steps = (position.steps + steps) as Steps
    position.entryValue += value
    position.openFees += fee
    return 0n
  }

  /** Takes from a position. Returns the result before fees. */
  #close(
    position: BybitPosition,
    order: BybitOrder | null,
    filled: Filled,
    value: Amount,
    fee: Amount,
    now: Timestamp,
  ): Amount {
    const { steps, positionSide, execType, leverage } = filled
    assert(position.side === positionSide && position.steps >= steps, 'no more is closed than is held')
    const cost = partOf(position.entryValue, steps, position.steps)
    const openFee = partOf(position.openFees, steps, position.steps)
    const gross = (value - cost) * BigInt(sign(positionSide))
    position.entryValue -= cost
    position.openFees -= openFee
    position.steps = (position.steps - steps) as Steps
    if (position.steps === 0) position.side = null
    const pnl = gross - fee - openFee
    if (order !== null) order.closedPnl += pnl
    const last = this.#pnl.at(-1)
    if (last !== undefined && order !== null && last.order === order) {
      last.steps = (last.steps + steps) as Steps
      last.entryValue += cost
      last.exitValue += value
      last.pnl += pnl
      last.fills++
      last.updatedAt = now
    } else {
      this.#pnl.push({
        order,
        symbol: position.symbol,
        side: closingSide(positionSide),
        leverage,
        execType,
        createdAt: now,
        updatedAt: now,
        steps,
        entryValue: cost,
        exitValue: value,
        pnl,
        fills: 1,
      })
    }
    return gross
  }
}

const LEDGER_TYPES = {
  Trade: 'TRADE',
  Funding: 'SETTLEMENT',
  BustTrade: 'LIQUIDATION',
  AdlTrade: 'ADL',
  Settle: 'DELIVERY',
} as const satisfies { readonly [type in ExecType]: string }

function signedSize(instrument: Instrument, { side, steps }: BybitPosition): string {
  const size = stepsText(instrument, steps)
  return side === 'short' && steps > 0 ? `-${size}` : size
}
