import { quantileSorted } from 'simple-statistics'
import { type Random, random } from '../base/random.ts'
import type { Fraction, Percent } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import { closingMonth, groupTrades } from './group.ts'
import { sumOf } from './mean.ts'

/** An interval of the average net result of a trade, in percent of its notional. */
export interface NetInterval {
  readonly low: Percent
  readonly high: Percent
  /** Calendar months with trades that it was drawn from. */
  readonly months: number
}

/** How an interval is drawn. */
export interface BootstrapParams {
  readonly seed: number | string
  readonly resamples: number
  /** Share of the resampled averages that lie inside. */
  readonly confidence: Fraction
}

export const BOOTSTRAP: BootstrapParams = { seed: 42, resamples: 1_000, confidence: 0.95 }

/**
 * An interval of the average net result by resampling whole calendar months (UTC, of the close) with replacement,
 * percentile method (Efron 1979; blocks because trades of one month are not independent). Months weigh as many trades
 * as they have. The same seed gives the same interval, whatever the order of the trades. Empty case: `null` with trades
 * in fewer than two months, of which nothing can be drawn but themselves.
 */
export function monthBootstrap(
  trades: readonly Trade[],
  params: BootstrapParams = BOOTSTRAP,
): NetInterval | null {
  const months = [...groupTrades(trades, closingMonth).values()].map(group => ({
    trades: group.length,
    // Added up in one order, whatever the list's: sums of floats depend on it.
    sum: sumOf(
      group.map(trade => trade.netPercent).sort((a, b) => a - b),
      percent => percent,
    ),
  }))
  if (months.length < 2) return null
  const source = random(params.seed)
  const averages = Array.from({ length: params.resamples }, () => resampled(months, source))
  averages.sort((a, b) => a - b)
  const tail = (1 - params.confidence) / 2
  return {
    low: quantileSorted(averages, tail),
    high: quantileSorted(averages, 1 - tail),
    months: months.length,
  }
}

function resampled(
  months: readonly { readonly trades: number; readonly sum: Percent }[],
  source: Random,
): Percent {
  let trades = 0
  let sum = 0
  for (let i = 0; i < months.length; i++) {
    const month = months[source.int(months.length)]
    trades += month.trades
    sum += month.sum
  }
  return sum / trades
}
