/** The books against what the exchange says is there. */
import type { Side } from '../market/side.ts'
import type { Portfolio } from '../portfolio/portfolio.ts'
import { positionKey } from '../portfolio/position.ts'
import type { Account } from './protocol.ts'

/** The books and the exchange may differ by rounding, not by more (USDT). */
const WALLET_TOLERANCE = 0.01

/**
 * Where account and books differ, in words; empty when they agree.
 *
 * @param isMoving whether a stop request of the position is on its way: then either stop may be in force
 */
export function drift(portfolio: Portfolio, account: Account, isMoving: (key: string) => boolean): string {
  const differences: string[] = []
  if (!(Math.abs(account.wallet - portfolio.wallet) <= WALLET_TOLERANCE)) {
    differences.push(`wallet ${account.wallet.toFixed(2)}, in the books ${portfolio.wallet.toFixed(2)}`)
  }
  const there = new Map(account.positions.map(one => [positionKey(one.symbol, one.side), one]))
  for (const [key, position] of portfolio.positions) {
    const one = there.get(key)
    there.delete(key)
    if (one === undefined) differences.push(`${key} is not at the exchange`)
    else if (one.steps !== position.steps) {
      differences.push(`${key}: ${one.steps} steps, in the books ${position.steps}`)
    } else if (one.stop !== position.stop && !isMoving(key)) {
      differences.push(`${key}: stop at ${one.stop} ticks, in the books ${position.stop}`)
    }
  }
  for (const key of there.keys()) differences.push(`${key} is not in the books`)
  return differences.join('; ')
}

/** Whether account and books hold the same quantity of one side of a symbol: then no fill of it is on its way. */
export function agrees(portfolio: Portfolio, account: Account, symbol: string, side: Side): boolean {
  const there = account.positions.find(one => one.symbol === symbol && one.side === side)
  return there?.steps === portfolio.positions.get(positionKey(symbol, side))?.steps
}
