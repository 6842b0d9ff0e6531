/**
 * ATR Risk Sizing: no position may lose more than a fixed share of equity at its stop.
 *
 * For sizing only, the distance is the wider of 1.5 x ATR 14 (Wilder 1978) on 15-minute candles and the strategy's
 * own stop; the stop that is sent stays the strategy's own. The quantity is cut to the one that loses 1 % of equity
 * (at leverage 10 or more: 1.5 %) over that distance, both fees included, as taker. Without 15-minute candles the
 * strategy's own stop is the distance. It cuts, also to nothing; it never raises.
 */
import { type Intent, NOTHING } from '../decision/intent.ts'
import type { SizeProposal, SizingStrategy } from '../decision/strategy.ts'
import { priceOf, qtyOf, toSteps } from '../market/quantise.ts'

const params = {
  atrMultiple: 1.5,
  /** Loss at the distance, in percent of equity. */
  riskPercent: 1,
  /** From this leverage on the budget is multiplied. */
  highLeverage: 10,
  highLeverageTolerance: 1.5,
  /** An open position is told of when it holds so many times what it would be cut to now. */
  alertTolerance: 1.5,
}

export const atrRiskSizing: SizingStrategy<typeof params> = {
  id: 'atr-risk-sizing',
  role: 'sizing',
  params,
  decide({ signal, entry, steps, equity, takerFee }: SizeProposal, p): readonly Intent[] {
    const own = Math.abs(entry - priceOf(signal.instrument, signal.stop))
    const distance = signal.atr15m === null ? own : Math.max(own, p.atrMultiple * signal.atr15m)
    const exit = signal.side === 'long' ? entry - distance : entry + distance
    const lossPerCoin = distance + takerFee * (entry + Math.max(exit, 0))
    const tolerance = signal.leverage >= p.highLeverage ? p.highLeverageTolerance : 1
    const budget = (Math.max(equity, 0) * p.riskPercent * tolerance) / 100
    // Compared before dividing: an entry at its own stop without fees loses nothing, and has no greatest quantity.
    if (qtyOf(signal.instrument, steps) * lossPerCoin <= budget) return NOTHING
    const most = toSteps(signal.instrument, budget / lossPerCoin, 'down')
    return [
      {
        kind: 'resize',
        steps: most,
        reason: `cut to a loss of ${budget.toFixed(2)} USDT over ${((100 * distance) / entry).toFixed(2)} %`,
      },
    ]
  },
}
