/** The house rule that the stop comes long before the liquidation. */
import type { Price } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import { liquidationPrice } from '../market/liquidation.ts'
import { priceOf } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import { admit, type Guard, type House, type Proposal, refuse, skip } from './guard.ts'

const params = { stopMultiple: 1.5 }

/** Differences that come from how a double is rounded. */
const ROUNDING = 1e-9

/**
 * Whether a liquidation lies nearer to the price of entry than so many times the stop: in a cascade the price would run
 * from the one through to the other. Exactly as far is far enough; a distance that is not known is not. A stop at or
 * beyond the entry is passed long before.
 */
export function isLiquidationNear(liquidation: number, stop: number, stopMultiple: number): boolean {
  return !(liquidation >= stopMultiple * stop * (1 - ROUNDING))
}

/**
 * Whether the maintenance margin is not known, and the careful side of it that stands for it is nothing to act on: on
 * candles of the past, without recorded filters.
 */
export function isMarginUnknown({ source }: Instrument, lacking: House['lacking']): boolean {
  return source === 'inferred' && lacking === 'skip'
}

/** An entry whose liquidation would be nearer than 1.5 x its stop is refused; an add counts with what it is added to. */
export const cascade: Guard<typeof params> = {
  id: 'cascade',
  scope: 'signal',
  reads: 'order',
  params,
  check(proposal, house, p) {
    const { signal } = proposal
    const { side, leverage, instrument } = signal
    const entry = entryAfter(proposal)
    const liquidation = liquidationPrice(instrument, { side, entry, leverage })
    const toLiquidation = sign(side) * (entry - liquidation)
    const toStop = sign(side) * (entry - priceOf(instrument, signal.stop))
    const figures = { entry, liquidation, toLiquidation, toStop, stopMultiple: p.stopMultiple }
    if (!isLiquidationNear(toLiquidation, toStop, p.stopMultiple)) return admit(proposal, figures)
    if (isMarginUnknown(instrument, house.lacking)) return skip('cascade', proposal, figures)
    const percent = (distance: number): string => `${((100 * distance) / entry).toFixed(2)} %`
    const words = `the liquidation is ${percent(toLiquidation)} away, the stop ${percent(toStop)}`
    return refuse('cascade', words, figures)
  },
}

/** The average entry of the position as it would be. */
function entryAfter({ entry, steps, addsTo }: Proposal): Price {
  if (addsTo === null) return entry
  return (addsTo.entry * addsTo.steps + entry * steps) / (addsTo.steps + steps)
}
