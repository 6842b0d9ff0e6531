import type { Random } from '../../base/random.ts'
import { HOUR, MINUTE } from '../../base/units.ts'
import { FACTOR_VOLATILITY } from './profiles.ts'

/** Volatility and regime change between blocks of four hours, never inside one. */
export const BLOCK_HOURS = 4
export const BLOCKS_A_DAY = 24 / BLOCK_HOURS
const FINE_STEPS = (BLOCK_HOURS * HOUR) / (5 * MINUTE)

/** Blocks before `fineFrom` are one step of the path each, later ones are steps of five minutes. */
export interface TimeGrid {
  readonly blocks: number
  readonly fineFrom: number
}

/** Steps of the path in a block of the grid. */
export function stepsInBlock(grid: TimeGrid, block: number): number {
  return block < grid.fineFrom ? 1 : FINE_STEPS
}

/** Steps of the path before a block of the grid. */
export function stepsBefore(grid: TimeGrid, block: number): number {
  return block <= grid.fineFrom ? block : grid.fineFrom + (block - grid.fineFrom) * FINE_STEPS
}

/** What all symbols share. */
export interface Factor {
  /** Per step: variance of the factor's log return. */
  readonly variance: Float64Array
  /** Per step: the factor's log return without its compensation, normal with that variance. */
  readonly shock: Float64Array
  /** Per block: what the symbols' own volatility is multiplied by. */
  readonly ownScale: Float64Array
}

interface Regime {
  /** Multiples of the factor's and of the symbols' own volatility: their ratio sets the correlation. */
  readonly factor: number
  readonly own: number
  /** Correlation of a return with the change of volatility: below 0 falls are violent, above 0 rises are. */
  readonly lean: number
  /** Mean length in hours. */
  readonly hours: number
  /** Weight of each regime, in the order of the table, as the next one. */
  readonly next: readonly number[]
}

/**
 * A regime sets volatility, skew and correlation, never a drift: a drift could be traded. So the name only says which
 * way its large moves lean; a trend is what a path happens to do.
 */
const REGIMES: { readonly [name: string]: Regime } = {
  range: { factor: 0.85, own: 0.95, lean: 0, hours: 240, next: [0, 35, 25, 20, 10, 10] },
  squeeze: { factor: 0.45, own: 0.5, lean: 0, hours: 144, next: [15, 0, 35, 25, 10, 15] },
  trendUp: { factor: 1, own: 1.1, lean: 0.3, hours: 240, next: [40, 20, 0, 15, 10, 15] },
  trendDown: { factor: 1.25, own: 1, lean: -0.4, hours: 200, next: [35, 20, 20, 0, 20, 5] },
  crash: { factor: 2.6, own: 1.4, lean: -0.7, hours: 30, next: [35, 5, 25, 35, 0, 0] },
  meltUp: { factor: 1.5, own: 1.8, lean: 0.7, hours: 72, next: [30, 10, 30, 15, 15, 0] },
}
const CHAIN: readonly Regime[] = Object.values(REGIMES)

/** Log volatility: a slow and a fast mean-reverting part, the fast one leaning with the returns. */
const SLOW = { sd: 0.35, halfLifeHours: 240 }
const FAST = { sd: 0.35, halfLifeHours: 20 }
const LIMIT = 3

/** What is left after `hours` of a deviation that loses half of itself in `halfLifeHours`. */
export function persistence(halfLifeHours: number, hours: number): number {
  return 0.5 ** (hours / halfLifeHours)
}

/** One step of a mean-reverting process with standard deviation `sd`, kept within three of them. */
export function revert(value: number, keep: number, sd: number, shock: number): number {
  const moved = keep * value + sd * Math.sqrt(1 - keep * keep) * shock
  return Math.max(-LIMIT * sd, Math.min(LIMIT * sd, moved))
}

/** Uniform, mean 0, variance 1: for shocks of which many add up, where a normal one would only cost more. */
export function evenShock(random: Random): number {
  return Math.sqrt(12) * (random.next() - 0.5)
}

/** One draw in 25 has nine times the variance of the others; the mean is 1. A mixture of normals has fat tails. */
export function tail(random: Random): number {
  return random.next() < 0.04 ? 9 / 1.32 : 1 / 1.32
}

/** What volatility is multiplied by at an hour of the day (UTC): busiest in the afternoon. */
function season(hour: number): number {
  return 1 + 0.25 * Math.cos((2 * Math.PI * (hour - 15)) / 24)
}

/** The factor over a grid that begins at 00:00 UTC. Reads `random` alone, so equal seeds give equal factors. */
export function commonFactor(grid: TimeGrid, random: Random): Factor {
  const steps = stepsBefore(grid, grid.blocks)
  const variance = new Float64Array(steps)
  const shock = new Float64Array(steps)
  const ownScale = new Float64Array(grid.blocks)
  const keepSlow = persistence(SLOW.halfLifeHours, BLOCK_HOURS)
  const keepFast = persistence(FAST.halfLifeHours, BLOCK_HOURS)
  let regime = CHAIN[random.int(CHAIN.length)]
  let slow = SLOW.sd * random.normal()
  let fast = FAST.sd * random.normal()
  let step = 0
  for (let block = 0; block < grid.blocks; block++) {
    if (random.next() < BLOCK_HOURS / regime.hours) regime = successor(regime, random)
    const count = stepsInBlock(grid, block)
    const ofDay = season((block % BLOCKS_A_DAY) * BLOCK_HOURS + BLOCK_HOURS / 2)
    const sd = FACTOR_VOLATILITY * regime.factor * ofDay * Math.exp(slow + fast - SLOW.sd ** 2 - FAST.sd ** 2)
    const ordinary = (sd * sd) / BLOCKS_A_DAY / count
    let moved = 0
    for (let k = 0; k < count; k++) {
      variance[step] = ordinary * tail(random)
      shock[step] = Math.sqrt(variance[step]) * random.normal()
      moved += shock[step]
      step++
    }
    ownScale[block] = regime.own * ofDay
    const standardised = moved / Math.sqrt(ordinary * count)
    slow = revert(slow, keepSlow, SLOW.sd, evenShock(random))
    fast = revert(
      fast,
      keepFast,
      FAST.sd,
      regime.lean * standardised + Math.sqrt(1 - regime.lean ** 2) * evenShock(random),
    )
  }
  return { variance, shock, ownScale }
}

function successor(regime: Regime, random: Random): Regime {
  let left = random.next() * regime.next.reduce((sum, weight) => sum + weight, 0)
  const index = regime.next.findIndex(weight => {
    left -= weight
    return left < 0
  })
  return CHAIN[index]
}
