import { assert } from '../../base/assert.ts'
import type { Random } from '../../base/random.ts'
import type { Fraction } from '../../base/units.ts'
import {
  BLOCK_HOURS,
  BLOCKS_A_DAY,
  evenShock,
  type Factor,
  persistence,
  revert,
  stepsBefore,
  stepsInBlock,
  type TimeGrid,
  tail,
} from './factor.ts'
import { FACTOR_VOLATILITY, type Profile } from './profiles.ts'

/**
 * One symbol, step by step, in whole numbers, so that sums over steps are exact: prices in ticks, volume in quantity
 * steps, turnover in USDT. A step opens where the one before closed.
 */
export interface Path {
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly volume: Float64Array
  readonly turnover: Float64Array
}

/** Log volatility of the symbol's own part. */
const OWN = { sd: 0.35, halfLifeHours: 96 }
/** How far a step's turnover strays from what its volatility explains, either way, evenly. */
const TURNOVER_NOISE: Fraction = 0.6

/** The standard deviation of the symbol's daily log return on an ordinary day. */
export function dailyVolatility(profile: Profile): number {
  return Math.hypot(profile.beta * FACTOR_VOLATILITY, profile.ownVolatility)
}

/**
 * The path of one symbol. Given its variance, known when the step begins, each log return is normal with mean minus
 * half the variance: E[exp(r)] = 1, so the price is a martingale whatever volatility does. High and low are drawn
 * from the law of the extremes of the Brownian motion between open and close (each given both ends, independently of
 * one another), so that an order at any level inside a step is fair too.
 */
export function symbolPath(
  profile: Profile,
  tickSize: number,
  stepSize: number,
  grid: TimeGrid,
  factor: Factor,
  random: Random,
): Path {
  const steps = stepsBefore(grid, grid.blocks)
  const path: Path = {
    open: new Float64Array(steps),
    high: new Float64Array(steps),
    low: new Float64Array(steps),
    close: new Float64Array(steps),
    volume: new Float64Array(steps),
    turnover: new Float64Array(steps),
  }
  const keep = persistence(OWN.halfLifeHours, BLOCK_HOURS)
  const ordinaryDay = dailyVolatility(profile) ** 2
  let own = OWN.sd * random.normal()
  let log = Math.log(profile.price / tickSize)
  let open = Math.round(Math.exp(log))
  let step = 0
  for (let block = 0; block < grid.blocks; block++) {
    const count = stepsInBlock(grid, block)
    const ownDay = profile.ownVolatility * factor.ownScale[block] * Math.exp(own - OWN.sd ** 2)
    const ownStep = (ownDay * ownDay) / BLOCKS_A_DAY / count
    const ordinary = ordinaryDay / BLOCKS_A_DAY / count
    const usual = profile.turnover / BLOCKS_A_DAY / count
    for (let k = 0; k < count; k++) {
      const ownVariance = ownStep * tail(random)
      const variance = profile.beta ** 2 * factor.variance[step] + ownVariance
      const moved =
        profile.beta * factor.shock[step] + Math.sqrt(ownVariance) * random.normal() - variance / 2
      const up = (moved + Math.sqrt(moved * moved - 2 * variance * Math.log(1 - random.next()))) / 2
      const down = (moved - Math.sqrt(moved * moved - 2 * variance * Math.log(1 - random.next()))) / 2
      const high = Math.round(Math.exp(log + up))
      const low = Math.round(Math.exp(log + down))
      assert(low > 0, `the synthetic ${profile.baseCoin} fell below its tick`)
      log += moved
      const close = Math.round(Math.exp(log))
      const worth = usual * Math.sqrt(variance / ordinary) * (1 + TURNOVER_NOISE * (2 * random.next() - 1))
      const mean = ((open + high + low + close) / 4) * tickSize
      const volume = Math.max(1, Math.round(worth / mean / stepSize))
      path.open[step] = open
      path.high[step] = high
      path.low[step] = low
      path.close[step] = close
      path.volume[step] = volume
      path.turnover[step] = Math.max(1, Math.round(volume * stepSize * mean))
      open = close
      step++
    }
    own = revert(own, keep, OWN.sd, evenShock(random))
  }
  return path
}
