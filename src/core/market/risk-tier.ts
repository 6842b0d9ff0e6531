import type { Fraction } from '../base/units.ts'

/** A risk tier of a symbol as a dated set has it: what a position of up to `limit` USDT needs. Decimals are plain texts. */
export interface TierRow {
  /** The day of the set, YYYY-MM-DD. */
  readonly date: string
  readonly symbol: string
  /** Grows with the limit within a symbol. */
  readonly id: number
  readonly limit: string
  /** Shares of the position's value. */
  readonly maintenanceMargin: Fraction
  readonly initialMargin: Fraction
  readonly maxLeverage: string
  /** Taken off the maintenance margin, USDT; `null` where the exchange does not say. */
  readonly deduction: string | null
}

/** The maintenance margin of each symbol's lowest tier, as a share of the position's value. */
export function lowestMargins(rows: readonly TierRow[]): ReadonlyMap<string, Fraction> {
  const lowest = new Map<string, TierRow>()
  for (const row of rows) {
    const known = lowest.get(row.symbol)
    if (known === undefined || Number(row.limit) < Number(known.limit)) lowest.set(row.symbol, row)
  }
  return new Map([...lowest].map(([symbol, { maintenanceMargin }]) => [symbol, maintenanceMargin]))
}
