/**
 * SL Re-entry: comes back once after a stop has closed a position of the grid.
 *
 * A stop closed a grid position, at a loss, whose entry score was 6 or more: the first daily decision at least 4 h after
 * the stop is this strategy's, and the grid waits for it on that side of the symbol. It buys at the daily lower band
 * (short: sells at the upper one) of then, when the score is high enough again, with half the margin that the position
 * had as filled, at most; stop and targets are the grid's: 7 % under the lower band, or 5 % above the limit, and Partial
 * TP. It is dropped when the price has run 2 % past the stop, against the position, since the stop: the range of the
 * daily candles since then says so, so that a backtest and the live loop see the same. That decision is spent whatever
 * comes of it, and what it enters does not come back itself. Twice a coin in any 24 h at most.
 *
 * A stop in profit, at breakeven or after trailing, has done its work: nothing comes back after it.
 */
import { DAY, HOUR } from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import { entryTicks, ordered, protectedAt, sendable, stopTicks } from '../decision/prices.ts'
import { lack, silence, unknown, unlessShortable, unpriced } from '../decision/reasons.ts'
import type { EntryStrategy } from '../decision/strategy.ts'
import type { StopOut, View } from '../decision/view.ts'

/** Whose positions it comes back for. */
const PARENTS: readonly string[] = ['bollinger-grid-long', 'bollinger-grid-short']

const params = {
  leverage: 3,
  /** Share of equity the sizing starts from. */
  risk: 0.2,
  /** Together with the grid of the same side. */
  maxPositions: 12,
  maxShorts: 3,
  /** Entries a coin in any 24 h. */
  maxPerDay: 2,
  leastParentScore: 6,
  waitHours: 4,
  /** Dropped when the price has run so far past the stop. */
  runPercent: 2,
  /** Of the margin that the position had. */
  marginPercent: 50,
  /** Stops: below the lower band, and above the limit of a short. */
  longStopBelowPercent: 7,
  shortStopAbovePercent: 5,
}

export const slReentry: EntryStrategy<typeof params> = {
  id: 'sl-reentry',
  role: 'entry',
  timeframe: '1d',
  precedence: 4,
  params,
  terms: p => ({
    leverage: p.leverage,
    risk: p.risk,
    maxPositions: p.maxPositions,
    sharedSlots: [
      { side: 'long', of: ['bollinger-grid-long', 'sl-reentry'], most: p.maxPositions },
      { side: 'short', of: ['bollinger-grid-short', 'junk-short', 'sl-reentry'], most: p.maxShorts },
    ],
    mostPerDay: p.maxPerDay,
    cooldown: 0,
    cooldownAfterStop: 0,
    cooldownAfterTarget: 0,
    maxHold: null,
    partialTargets: true,
  }),
  comesBack: ({ strategy, score, net }, p) =>
    PARENTS.includes(strategy) && score >= p.leastParentScore && net < 0,
  waitsAfterStop: p => p.waitHours * HOUR,
  exchange(side, { neverShort, tier, lower, last, instrument }, p) {
    if (side === 'long') {
      if (lower === undefined) return undefined
      return protectedAt(instrument, side, last, lower * (1 - p.longStopBelowPercent / 100), null)
    }
    if (neverShort || (tier !== 'A' && tier !== 'B')) return undefined
    return protectedAt(instrument, side, last, last * (1 + p.shortStopAbovePercent / 100), null)
  },
  decide(view: View, p): readonly Intent[] {
    const long = view.stopOut('long')
    const short = view.stopOut('short')
    if (long === undefined && short === undefined) {
      return silence(
        view,
        lack(view, null, 'positions closed by a stop', 0, 'one has to wait for a decision'),
      )
    }
    return [
      ...(long === undefined ? [] : again(view, p, long)),
      ...(short === undefined ? [] : again(view, p, short)),
    ]
  },
}

function again(view: View, p: typeof params, out: StopOut): readonly Intent[] {
  const { side, at, stop, margin } = out
  const { lower, upper, instrument } = view
  if (view.candleStart + DAY < at + p.waitHours * HOUR) {
    const hours = (view.candleStart + DAY - at) / HOUR
    return silence(view, lack(view, side, 'hours since the stop', hours, `has to be at least ${p.waitHours}`))
  }
  const range = view.rangeSince(at)
  if (lower === undefined || upper === undefined || range === undefined) {
    return silence(view, unknown(view, side, 'bands'))
  }
  const far = stop * (side === 'long' ? 1 - p.runPercent / 100 : 1 + p.runPercent / 100)
  const hasRun = side === 'long' ? range.low < far : range.high > far
  if (hasRun) {
    const [which, worst] = side === 'long' ? ['low', range.low] : ['high', range.high]
    const limit = `must not be ${p.runPercent} % past the stop at ${stop}: dropped`
    return silence(view, lack(view, side, `${which} since the stop`, worst, limit))
  }
  const band = side === 'long' ? lower : upper
  const stopPrice =
    side === 'long' ? band * (1 - p.longStopBelowPercent / 100) : band * (1 + p.shortStopAbovePercent / 100)
  const unfit = side === 'short' ? unlessShortable(view) : null
  if (unfit !== null) return silence(view, unfit)
  if (![band, stopPrice].every(price => sendable(instrument, price))) {
    return silence(view, unpriced(view, side))
  }
  const entry = entryTicks(instrument, side, band)
  const nextStop = stopTicks(instrument, side, stopPrice)
  if (!ordered(side, entry, nextStop, null)) return silence(view, unpriced(view, side))
  return [
    {
      kind: 'enter',
      side,
      order: { type: 'limit', price: entry },
      stop: nextStop,
      target: null,
      leverage: p.leverage,
      margin: (margin * p.marginPercent) / 100,
      reason: `stopped out at ${stop}, the price has not run away: limit at the ${side === 'long' ? 'lower' : 'upper'} band`,
    },
  ]
}
