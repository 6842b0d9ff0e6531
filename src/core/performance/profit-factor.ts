import type { Trade } from '../portfolio/trade.ts'

/**
 * What the winning trades earned over what the losing ones lost, both net in USDT: above 1 is a gain. Empty case:
 * `null`, without trades and also without losses, where the quotient has no value.
 */
export function profitFactor(trades: readonly Trade[]): number | null {
  let won = 0
  let lost = 0
  for (const { net } of trades) {
    if (net > 0) won += net
    else lost -= net
  }
  return lost === 0 ? null : won / lost
}
