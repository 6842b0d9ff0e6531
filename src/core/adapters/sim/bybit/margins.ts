/** What an account binds and has left, in isolated margin and in cross margin, by the rules of `risk.ts`. */
import { assert } from '../../../base/assert.ts'
import type { Fraction, Price, Steps, Usdt } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { qtyOf } from '../../../market/quantise.ts'
import { opposite, type PositionMode, type Side, sign } from '../../../market/side.ts'
import type { BybitAccount } from './account.ts'
import { usdtOf, worthOf } from './amount.ts'
import { type BybitOrder, type BybitPosition, sideOf } from './order.ts'
import type { PathPoint } from './path.ts'
import {
  type Held,
  isolatedBankruptcy,
  isolatedLiquidation,
  type Margin,
  type MarginMode,
  marginOf,
  orderMargin,
  type RiskTier,
  tierOf,
} from './risk.ts'

/** What margins are reckoned from. */
export interface MarginHouse {
  readonly account: BybitAccount
  readonly marginMode: MarginMode
  readonly mode: PositionMode
  readonly costs: { readonly takerFee: Fraction }
  instrument(symbol: string): Instrument
  leverage(symbol: string, side: Side): number
  tiers(symbol: string): readonly RiskTier[]
  point(symbol: string): PathPoint
}

/** The account's figures at the marks of one moment. */
export interface Totals {
  readonly wallet: Usdt
  readonly unrealised: Usdt
  /** Wallet and unrealised results. */
  readonly equity: Usdt
  /** Initial margin of positions, and of the orders that rest. */
  readonly positions: Usdt
  readonly orders: Usdt
  readonly maintenance: Usdt
  /** What is left for orders; negative where too much is bound. */
  readonly free: Usdt
}

type HeldPosition = BybitPosition & { readonly side: Side }

type MarkOf = (symbol: string) => Price

export class Margins {
  readonly #house: MarginHouse

  constructor(house: MarginHouse) {
    this.#house = house
  }

  get isCross(): boolean {
    return this.#house.marginMode === 'REGULAR_MARGIN'
  }

  get held(): readonly HeldPosition[] {
    return this.#house.account.positions.flatMap(one =>
      one.side === null ? [] : [{ ...one, side: one.side }],
    )
  }

  /** Margins of one position, with another leverage than its own if one is given. */
  of(position: HeldPosition, mark: Price, leverage?: number): Margin {
    const { marginMode, costs } = this.#house
    const held = this.#terms(position)
    const asked = leverage === undefined ? held : { ...held, leverage }
    return marginOf(marginMode, this.#house.tiers(position.symbol), costs.takerFee, asked, mark)
  }

  /** @param markOf left out: the marks of now */
  totals(markOf: MarkOf = symbol => this.#house.point(symbol).mark): Totals {
    const wallet = usdtOf(this.#house.account.ledger.balance)
    let [unrealised, positions, maintenance] = [0, 0, 0]
    for (const position of this.held) {
      const mark = markOf(position.symbol)
      const margin = this.of(position, mark)
      positions += margin.initial
      maintenance += margin.maintenance
      unrealised += this.unrealised(position, mark)
    }
    const orders = this.#orders()
    const equity = wallet + unrealised
    const free = (this.isCross ? equity : wallet) - positions - orders
    return { wallet, unrealised, equity, positions, orders, maintenance, free }
  }

  /** What is left of the account's equity above its maintenance margin. Below 0 it is liquidated. */
  surplus(markOf: MarkOf): Usdt {
    let surplus = usdtOf(this.#house.account.ledger.balance)
    for (const position of this.held) {
      const mark = markOf(position.symbol)
      surplus += this.unrealised(position, mark) - this.of(position, mark).maintenance
    }
    return surplus
  }

  unrealised(position: HeldPosition, mark: Price): Usdt {
    const { qty } = this.#terms(position)
    return (mark * qty - usdtOf(position.entryValue)) * sign(position.side)
  }

  /** What an order binds that is not there yet: what of it takes from the other side binds nothing. */
  ofOrder(
    { symbol, side: buySell, reduceOnly }: Pick<BybitOrder, 'symbol' | 'side' | 'reduceOnly'>,
    price: Price,
    steps: Steps,
  ): Usdt {
    if (reduceOnly) return 0
    const side = sideOf(buySell)
    const opening = Math.max(0, steps - this.#against(symbol, side)) as Steps
    const value = price * qtyOf(this.#house.instrument(symbol), opening)
    return orderMargin(value, side, this.#house.leverage(symbol, side), this.#house.costs.takerFee)
  }

  /** How much is held in one-way mode that an order of a side would take from. */
  #against(symbol: string, side: Side): number {
    if (this.#house.mode === 'hedge') return 0
    return this.held.find(one => one.symbol === symbol && one.side === opposite(side))?.steps ?? 0
  }

  #orders(): Usdt {
    const { costs } = this.#house
    const closing = new Map<string, number>()
    let orders = 0
    for (const order of this.#house.account.openOrders) {
      const { symbol, price } = order
      if (order.reduceOnly || order.status === 'Untriggered' || price === null) continue
      const side = sideOf(order.side)
      const key = `${symbol} ${side}`
      const available = closing.get(key) ?? this.#against(symbol, side)
      const left = order.steps - order.filled
      const takes = Math.min(available, left)
      closing.set(key, available - takes)
      const value = usdtOf(worthOf(this.#house.instrument(symbol), price, (left - takes) as Steps))
      orders += orderMargin(value, side, this.#house.leverage(symbol, side), costs.takerFee)
    }
    return orders
  }

  /**
   * The mark price at which a position is liquidated; `null` where none does it. In cross margin an estimate: the price
   * at which the account's maintenance margin is all its equity while all other marks stay where they are.
   */
  liquidation(position: HeldPosition): Price | null {
    const { symbol } = position
    const held = this.#terms(position)
    if (!this.isCross) return isolatedLiquidation(this.#house.tiers(symbol), held)
    const mark = this.#house.point(symbol).mark
    // Both sides of a symbol move with its mark.
    let [exposure, growth] = [0, 0]
    for (const one of this.held) {
      if (one.symbol !== symbol) continue
      const { qty, side } = this.#terms(one)
      exposure += sign(side) * qty
      growth += qty * tierOf(this.#house.tiers(symbol), qty * mark).maintenance
    }
    if (exposure * sign(held.side) <= 0) return null
    const surplus = this.surplus(other => this.#house.point(other).mark)
    const price = mark - surplus / (exposure - growth)
    return price > 0 && (mark - price) * sign(held.side) > 0 ? price : null
  }

  /** The price at which a position has used up its margin; `null` where that is the account's. */
  bankruptcy(position: HeldPosition): Price | null {
    return this.isCross ? null : isolatedBankruptcy(this.#terms(position))
  }

  /** The price of an exit that leaves the account with nothing and owes nothing, the fee included. */
  ruin(position: HeldPosition, markOf: MarkOf): Price {
    const { takerFee } = this.#house.costs
    const { qty, entry, side } = this.#terms(position)
    let rest = usdtOf(this.#house.account.ledger.balance)
    for (const one of this.held) {
      if (one.symbol !== position.symbol || one.idx !== position.idx)
        rest += this.unrealised(one, markOf(one.symbol))
    }
    const direction = sign(side)
    return Math.max(0, (entry - (direction * rest) / qty) / (1 - direction * takerFee))
  }

  #terms({ symbol, side, steps, entryValue }: HeldPosition): Held {
    const qty = qtyOf(this.#house.instrument(symbol), steps)
    assert(qty > 0, `${symbol} is held`)
    return { side, qty, entry: usdtOf(entryValue) / qty, leverage: this.#house.leverage(symbol, side) }
  }
}
