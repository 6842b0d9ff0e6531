/** The planned ladder of a position: which adds were planned at its entry, and how far each has come. */
import type { Fraction, Steps, Ticks, Timestamp, Usdt } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import { priceOf, qtyOf } from '../market/quantise.ts'

/** One planned add: a limit order at a level below the first entry. */
export interface Rung {
  readonly price: Ticks
  readonly steps: Steps
  readonly filled: Steps
  /** At that price, for all of its steps. */
  readonly margin: Usdt
  /** The plan was too large with it: it is never sent. */
  readonly isDropped: boolean
}

/** What was planned when the first entry was sent. Part of the entry, then of its position. */
export interface Ladder {
  /** Limit of the first entry: levels and stop are counted from it, not from the average. */
  readonly firstEntry: Ticks
  /** Greatest loss of the whole plan at its stop, both fees included, and the fee that it was reckoned with. */
  readonly budget: Usdt
  readonly takerFee: Fraction
  /** Greatest margin of the position, its adds included. */
  readonly maxMargin: Usdt
  /** The nearest level first. */
  readonly rungs: readonly Rung[]
  /** Start of the daily candle on which the next add was decided on; `null`: on none since the last one filled. */
  readonly decided: Timestamp | null
}

/** What a rung has left to fill; nothing when that is dropped, or less than the exchange takes as an order. */
export function rungLeft(instrument: Instrument, { price, steps, filled, isDropped }: Rung): Steps {
  const left = (isDropped ? 0 : steps - filled) as Steps
  return isOrder(instrument, price, left) ? left : (0 as Steps)
}

/** Whether a quantity at a price is an order that the exchange takes. */
export function isOrder(instrument: Instrument, price: Ticks, steps: Steps): boolean {
  if (steps < instrument.minQty) return false
  return priceOf(instrument, price) * qtyOf(instrument, steps) >= instrument.minNotional
}

/** The rung that comes next; -1 when all that were planned have filled. */
export function nextRung(instrument: Instrument, { rungs }: Ladder): number {
  return rungs.findIndex(rung => rungLeft(instrument, rung) > 0)
}

/** The ladder after a fill of one of its rungs. Once that is whole the next one is to be decided on. */
export function withRungFilled(ladder: Ladder, index: number, steps: Steps): Ladder {
  const rungs = ladder.rungs.map((rung, i) =>
    i === index ? { ...rung, filled: (rung.filled + steps) as Steps } : rung,
  )
  const { filled, steps: planned } = rungs[index]
  return { ...ladder, rungs, decided: filled >= planned ? null : ladder.decided }
}
