/** The house rules that look at one entry alone. */
import { MINUTE } from '../base/units.ts'
import { agreement } from '../decision/agreement.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { priceOf } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import type { Tier } from '../market/tiers.ts'
import { admit, type Guard, refuse } from './guard.ts'

const universeParams = { leastBandWidthPercent: 1, highLeverage: 10 }

/** Tiers whose coins may be entered at high leverage. */
const HIGH_LEVERAGE_TIERS: readonly Tier[] = ['S', 'A', 'B']

/**
 * Coins on the never-trade list, pegged markets and quotes other than USDT are never entered; at high leverage only
 * the coins of tiers S, A and B are.
 */
export const universe: Guard<typeof universeParams> = {
  id: 'universe',
  scope: 'signal',
  reads: 'market',
  params: universeParams,
  check(proposal, _house, p) {
    const { signal, neverTrade } = proposal
    if (neverTrade) return refuse('universe', `${signal.symbol} is on the never-trade list`, {})
    const { quoteCoin } = signal.instrument
    if (quoteCoin !== 'USDT') return refuse('universe', `quoted in ${quoteCoin}, not in USDT`, { quoteCoin })
    if (!(signal.width >= p.leastBandWidthPercent)) {
      return refuse('universe', `pegged market: bands ${signal.width.toFixed(2)} % wide`, {
        width: signal.width,
        least: p.leastBandWidthPercent,
      })
    }
    if (signal.leverage >= p.highLeverage && !HIGH_LEVERAGE_TIERS.includes(signal.tier)) {
      return refuse('universe', `tier ${signal.tier} is not entered at leverage ${signal.leverage}`, {
        tier: signal.tier,
        leverage: signal.leverage,
      })
    }
    return admit(proposal, {
      width: signal.width,
      least: p.leastBandWidthPercent,
      tier: signal.tier,
      leverage: signal.leverage,
    })
  },
}

const scoreParams = { least: 5.5 }

/** Every entry of every strategy needs the least score; a rejecting metric refuses whatever that least is. */
export const scoreThreshold: Guard<typeof scoreParams> = {
  id: 'score-threshold',
  scope: 'signal',
  reads: 'market',
  params: scoreParams,
  check(proposal, _house, p) {
    const { score } = proposal
    const figures = { score: score.value, least: p.least, rejectedBy: score.rejectedBy }
    if (score.rejectedBy === null && score.value >= p.least) return admit(proposal, figures)
    const why = score.rejectedBy === null ? '' : `, rejected by ${score.rejectedBy}`
    return refuse('score-threshold', `score ${score.value.toFixed(1)} < ${p.least.toFixed(1)}${why}`, figures)
  },
}

/** A signal may be entered only while its candle is the newest closed one of its timeframe. */
export const freshSignal: Guard<Record<string, never>> = {
  id: 'fresh-signal',
  scope: 'signal',
  reads: 'market',
  params: {},
  check(proposal, house) {
    const { signal } = proposal
    const age = house.now - signal.candleEnd
    const figures = { ageMinutes: Math.round(age / MINUTE), candleEnd: signal.candleEnd, now: house.now }
    if (age >= 0 && age < INTERVAL_MS[signal.timeframe]) return admit(proposal, figures)
    const reason = age < 0 ? 'the candle is not closed yet' : 'a newer candle has closed since'
    return refuse('fresh-signal', reason, figures)
  },
}

const staleParams = { tickerSeconds: 60, tickerSecondsMarket: 10 }

/** No entry on an old price, by the exchange's clock, or on candles with a gap. */
export const staleData: Guard<typeof staleParams> = {
  id: 'stale-data',
  scope: 'signal',
  reads: 'market',
  params: staleParams,
  check(proposal, house, p) {
    const { signal } = proposal
    const limit = signal.order.type === 'market' ? p.tickerSecondsMarket : p.tickerSeconds
    const age = (house.now - signal.lastAt) / 1_000
    // One that is dated ahead is no fresher than one of the past.
    if (!(Math.abs(age) <= limit)) {
      const words = age < 0 ? `price dated ${-age.toFixed(0)} s ahead` : `price ${age.toFixed(0)} s old`
      return refuse('stale-data', words, { ageSeconds: age, limitSeconds: limit })
    }
    if (signal.missingCandles > 0) {
      return refuse('stale-data', `${signal.missingCandles} candles missing in the bands' window`, {
        missingCandles: signal.missingCandles,
      })
    }
    return admit(proposal, { ageSeconds: age, limitSeconds: limit, missingCandles: signal.missingCandles })
  },
}

const distanceParams = { leastPercent: 1 }

/**
 * No entry when the live price or the price to enter at is past the stop, or the live price nearer to it than the
 * least distance.
 */
export const distanceToStop: Guard<typeof distanceParams> = {
  id: 'distance-to-stop',
  scope: 'signal',
  reads: 'order',
  params: distanceParams,
  check(proposal, _house, p) {
    const { signal } = proposal
    const stop = priceOf(signal.instrument, signal.stop)
    const percent = (100 * sign(signal.side) * (signal.last - stop)) / signal.last
    const entryPast = sign(signal.side) * (proposal.entry - stop) <= 0
    const figures = {
      last: signal.last,
      entry: proposal.entry,
      stop,
      distancePercent: percent,
      least: p.leastPercent,
    }
    if (percent >= p.leastPercent && !entryPast) return admit(proposal, figures)
    const reason =
      percent <= 0
        ? 'the price is past the stop'
        : entryPast
          ? 'the entry is past the stop'
          : `the stop is ${percent.toFixed(2)} % away`
    return refuse('distance-to-stop', reason, figures)
  },
}

const confluenceParams = { least: 2 }

/** Daily, weekly and monthly BB% have to agree with the side on at least two of three. */
export const confluence: Guard<typeof confluenceParams> = {
  id: 'confluence',
  scope: 'signal',
  reads: 'market',
  params: confluenceParams,
  check(proposal, _house, p) {
    const { side, bbPercent, weekBb, monthBb } = proposal.signal
    const agreeing = agreement(side, bbPercent, weekBb, monthBb)
    const figures = { agreeing, least: p.least, bbPercent, weekBb, monthBb }
    if (agreeing >= p.least) return admit(proposal, figures)
    return refuse('confluence', `${agreeing} of 3 bands agree, ${p.least} are needed`, figures)
  },
}
