import type { Fraction, Price, Qty, Usdt } from '../base/units.ts'
import type { Instrument } from './instrument.ts'
import { type Side, sign } from './side.ts'

/**
 * The mark price at which an isolated position is taken over, for sizes and guards, in the backtest and on the embedded
 * exchange: the rate of maintenance margin alone is known there, not the size nor its tier. Two formulas are in use, and
 * of both the one that is nearer to the entry counts, so that no stop lies beyond either:
 *
 * - the text-book's, whose maintenance margin is that of the entry: `E(1 - 1/L + m)`, which is the nearer one of a long
 *   position;
 * - Bybit's since 2025-09-02, whose maintenance margin is that of the mark (`takeoverPrice`): of a short one
 *   `E(1 + 1/L)/(1 + m)`, for its maintenance margin grows as it loses.
 *
 * A position in a higher risk tier is taken over nearer still; an exchange that knows says so itself.
 */
export function liquidationPrice(
  instrument: Pick<Instrument, 'maintenanceMarginRate'>,
  position: { readonly side: Side; readonly entry: Price; readonly leverage: number },
): Price {
  const { side, entry, leverage } = position
  const rate = instrument.maintenanceMarginRate
  const direction = sign(side)
  const ofEntry = entry * (1 - direction * (1 / leverage - rate))
  const ofMark = takeoverPrice({ rate, deduction: 0 }, { ...position, qty: 1 })
  return direction > 0 ? Math.max(ofEntry, ofMark) : Math.min(ofEntry, ofMark)
}

/**
 * Of the price that is reckoned and the one that an exchange tells the one that is reached earlier: an exchange knows risk
 * tiers, margin that was added and what its rules are by now, and may know less than is reckoned here.
 */
export function earlierLiquidation(side: Side, reckoned: Price, told: Price | null | undefined): Price {
  if (told === null || told === undefined) return reckoned
  return side === 'long' ? Math.max(reckoned, told) : Math.min(reckoned, told)
}

/** What a position of a size has to keep as maintenance margin: a share of its value, less a deduction in USDT. */
export interface MaintenanceMargin {
  readonly rate: Fraction
  readonly deduction: Usdt
}

/**
 * The mark price at which Bybit takes an isolated position over in one of its risk tiers, without added margin. Margin
 * and result there are down to the maintenance margin: `S·E/L + S(P - E) = S·P·rate - deduction` for a long position of
 * size S. The fee of closing is part of both sides and cancels out. Source: initial margin on the entry, maintenance
 * margin on the mark, as in Bybit's rules of 2025-09-02. Below 0 where no price takes a long position over.
 */
export function takeoverPrice(
  { rate, deduction }: MaintenanceMargin,
  position: { readonly side: Side; readonly entry: Price; readonly leverage: number; readonly qty: Qty },
): Price {
  const { side, entry, leverage, qty } = position
  const direction = sign(side)
  return (qty * entry * (1 - direction / leverage) - direction * deduction) / (qty * (1 - direction * rate))
}
