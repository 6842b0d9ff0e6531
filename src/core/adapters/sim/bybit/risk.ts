/**
 * Risk tiers and margins: how much leverage for how much value, what a position binds, and when it is taken over.
 * Source: Bybit's rules of 2025-09-02. Initial margin is reckoned on the entry where margin is isolated, on the mark
 * where it is that of the account; maintenance margin always on the mark. Both contain the fee of closing at the price
 * at which the margin is gone, which for want of a better word in the rules is reckoned on the same price as the initial
 * margin.
 */
import type { Fraction, Price, Qty, Usdt } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { type MaintenanceMargin, takeoverPrice } from '../../../market/liquidation.ts'
import type { TierRow } from '../../../market/risk-tier.ts'
import { type Side, sign } from '../../../market/side.ts'

export type MarginMode = 'ISOLATED_MARGIN' | 'REGULAR_MARGIN'

export interface RiskTier {
  readonly id: number
  /** The greatest value of a position in it. */
  readonly limit: Usdt
  readonly maintenance: Fraction
  readonly initial: Fraction
  readonly maxLeverage: number
  /** Taken off the maintenance margin: at the limit of a tier the next one asks for no more than it. */
  readonly deduction: Usdt
}

/** The limit of the one tier of a symbol whose tiers are not recorded. */
const UNKNOWN_LIMIT: Usdt = 2_000_000

/**
 * The risk tiers of a symbol, lowest first: those of the newest day that is recorded of it. Where none is, the one that
 * follows from its greatest leverage, to 2 million USDT: further ones are not made up.
 */
export function riskTiers(instrument: Instrument, rows: readonly TierRow[]): readonly RiskTier[] {
  const own = rows.filter(({ symbol }) => symbol === instrument.symbol)
  const newest = own
    .map(({ date }) => date)
    .sort()
    .at(-1)
  const sorted = own.filter(({ date }) => date === newest).sort((a, b) => Number(a.limit) - Number(b.limit))
  const tiers: RiskTier[] = []
  for (const row of sorted) {
    const below = tiers.at(-1)
    const { maintenanceMargin: maintenance } = row
    const follows =
      below === undefined ? 0 : below.deduction + below.limit * (maintenance - below.maintenance)
    tiers.push({
      id: row.id,
      limit: Number(row.limit),
      maintenance,
      initial: row.initialMargin,
      maxLeverage: Number(row.maxLeverage),
      deduction: row.deduction === null ? follows : Number(row.deduction),
    })
  }
  if (tiers.length > 0) return tiers
  const { maintenanceMarginRate: maintenance, maxLeverage } = instrument
  return [{ id: 1, limit: UNKNOWN_LIMIT, maintenance, initial: 1 / maxLeverage, maxLeverage, deduction: 0 }]
}

/** The tier that a position of a value is in; the last where it is beyond all. */
export function tierOf(tiers: readonly RiskTier[], value: Usdt): RiskTier {
  return tiers.find(({ limit }) => value <= limit) ?? tiers[tiers.length - 1]
}

/** The greatest leverage that a position of a value may have; 0 where it is beyond all tiers. */
export function mostLeverage(tiers: readonly RiskTier[], value: Usdt): number {
  return tiers.find(({ limit }) => value <= limit)?.maxLeverage ?? 0
}

/** What margins are reckoned from. */
export interface Held {
  readonly side: Side
  readonly qty: Qty
  readonly entry: Price
  readonly leverage: number
}

export interface Margin {
  readonly initial: Usdt
  readonly maintenance: Usdt
}

/** What a position binds at a mark, and what it has to keep. */
export function marginOf(
  mode: MarginMode,
  tiers: readonly RiskTier[],
  takerFee: Fraction,
  held: Held,
  mark: Price,
): Margin {
  const { side, qty, entry, leverage } = held
  const base = qty * (mode === 'ISOLATED_MARGIN' ? entry : mark)
  const closing = base * (1 - sign(side) / leverage) * takerFee
  const { maintenance, deduction } = tierOf(tiers, qty * mark)
  return {
    initial: base / leverage + closing,
    maintenance: qty * mark * maintenance - deduction + closing,
  }
}

/** What an order that opens binds: margin, the fee of opening and that of closing again. */
export function orderMargin(value: Usdt, side: Side, leverage: number, takerFee: Fraction): Usdt {
  return value / leverage + value * takerFee * (2 - sign(side) / leverage)
}

/**
 * The mark price at which an isolated position is taken over; `null`: at none. Of the prices of all tiers it is the one
 * that is nearest to the entry, which is the one whose tier the position is in there.
 */
export function isolatedLiquidation(tiers: readonly RiskTier[], held: Held): Price | null {
  const prices = tiers.map(({ maintenance: rate, deduction }): Price => {
    const margin: MaintenanceMargin = { rate, deduction }
    return takeoverPrice(margin, held)
  })
  const nearest = held.side === 'long' ? Math.max(...prices) : Math.min(...prices)
  return nearest > 0 ? nearest : null
}

/** The price at which an isolated position has lost its margin and no more; 0 of a long one without leverage. */
export function isolatedBankruptcy({
  side,
  entry,
  leverage,
}: Pick<Held, 'side' | 'entry' | 'leverage'>): Price {
  return entry * (1 - sign(side) / leverage)
}
