/** The books against what the exchange says is there. Pure: what is done about a difference is the engine's. */
import type { Side } from '../market/side.ts'
import type { Portfolio } from '../portfolio/portfolio.ts'
import { positionKey } from '../portfolio/position.ts'
import { ownerOf } from './order-id.ts'
import type { Account, AccountPosition, RestingReport } from './protocol.ts'

/** The books and the exchange may differ by rounding, not by more (USDT). */
const WALLET_TOLERANCE = 0.01

export interface Comparison {
  /** What positions differ in, in words; empty when they agree. */
  readonly differences: readonly string[]
  /** Whether the wallets differ by more than rounding. */
  readonly walletDiffers: boolean
  /** Positions that bbw did not open. */
  readonly foreign: readonly AccountPosition[]
  /** Orders of the books that do not rest at the exchange. */
  readonly missing: readonly string[]
  /** Orders of this bbw at the exchange that the books do not have. */
  readonly orphans: readonly RestingReport[]
  /** Orders of another bbw. */
  readonly rivals: readonly RestingReport[]
}

/**
 * Compares books and account.
 *
 * @param booked ids of the orders that should rest at the exchange
 * @param known ids of all orders in the books, also of those on their way
 */
export function compare(
  portfolio: Portfolio,
  account: Account,
  booked: ReadonlySet<string>,
  known: ReadonlySet<string>,
  instance: string,
): Comparison {
  const differences: string[] = []
  const there = new Map(account.positions.map(one => [positionKey(one.symbol, one.side), one]))
  for (const [key, position] of portfolio.positions) {
    const one = there.get(key)
    there.delete(key)
    if (one === undefined) differences.push(`${key} is not at the exchange`)
    else if (one.steps !== position.steps) {
      differences.push(`${key}: ${one.steps} steps, in the books ${position.steps}`)
    }
  }
  const resting = new Set(account.orders.map(order => order.clientOrderId))
  const strange = account.orders.filter(order => !known.has(order.clientOrderId))
  const owned = (owner: 'own' | 'rival'): RestingReport[] =>
    strange.filter(order => ownerOf(order.clientOrderId, instance) === owner)
  return {
    differences,
    walletDiffers: !(Math.abs(account.wallet - portfolio.wallet) <= WALLET_TOLERANCE),
    foreign: [...there.values()],
    missing: [...booked].filter(id => !resting.has(id)),
    orphans: owned('own'),
    rivals: owned('rival'),
  }
}

/** Whether account and books hold the same quantity of one side of a symbol: then no fill of it is on its way. */
export function agrees(portfolio: Portfolio, account: Account, symbol: string, side: Side): boolean {
  const there = account.positions.find(one => one.symbol === symbol && one.side === side)
  return there?.steps === portfolio.positions.get(positionKey(symbol, side))?.steps
}
