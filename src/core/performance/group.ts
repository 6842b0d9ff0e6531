import type { Timestamp } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'

/** Trades by the text that `key` gives, in ascending order of it; within a group they keep their order. */
export function groupTrades(
  trades: readonly Trade[],
  key: (trade: Trade) => string,
): ReadonlyMap<string, readonly Trade[]> {
  const groups = new Map<string, Trade[]>()
  for (const trade of trades) {
    const name = key(trade)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [trade])
    else group.push(trade)
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The UTC month (2025-03) in which the trade was closed. */
export function closingMonth(trade: Trade): string {
  return monthOf(trade.closedAt)
}

/** The UTC year (2025) in which the trade was closed. */
export function closingYear(trade: Trade): string {
  return monthOf(trade.closedAt).slice(0, 4)
}

/** A moment at 00:00 UTC belongs to the day, and so to the month, that begins. */
function monthOf(time: Timestamp): string {
  return new Date(time).toISOString().slice(0, 7)
}
