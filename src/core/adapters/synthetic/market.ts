import { fromCount, gridOf } from '../../base/decimal.ts'
import { UsageError } from '../../base/errors.ts'
import { random } from '../../base/random.ts'
import { DAY, HOUR, type Milliseconds, type Timestamp } from '../../base/units.ts'
import type { Candles } from '../../market/candles.ts'
import type { Instrument } from '../../market/instrument.ts'
import { type InstrumentRow, instrumentFrom } from '../../market/instruments.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import { BLOCK_HOURS, BLOCKS_A_DAY, commonFactor, type Factor, stepsBefore, type TimeGrid } from './factor.ts'
import { type FundingHistory, fundingHistory } from './funding.ts'
import { dailyVolatility, type Path, symbolPath } from './path.ts'
import { PROFILES, type Profile } from './profiles.ts'

/** How much of the market to make. Finer candles cost time: leave them out where days will do. */
export interface SyntheticOptions {
  /** The first so many of the known symbols, 1 to 12; all by default. */
  readonly symbols?: number
  /** Days per symbol, 1 to 1500; 700 by default. */
  readonly days?: number
  /** The last so many days also as 15-minute candles, for every symbol; 0 by default. */
  readonly minutes15Days?: number
  /** The last so many days also as 5-minute candles, for the first `minutes5Symbols`; 0 by default. */
  readonly minutes5Days?: number
  /** How many symbols have 5-minute candles; all by default. */
  readonly minutes5Symbols?: number
  /** End of the last day, exclusive, at 00:00 UTC; 2025-11-01 by default. */
  readonly end?: Timestamp
}

/** Candles of one instrument each, in the order of `instruments`; the finer ones are empty where not asked for. */
export interface SyntheticMarket {
  readonly instruments: readonly Instrument[]
  readonly daily: readonly Candles[]
  readonly minutes15: readonly Candles[]
  readonly minutes5: readonly Candles[]
  readonly funding: readonly FundingHistory[]
}

const END: Timestamp = Date.UTC(2025, 10, 1)
const MOST_DAYS = 1500
const BLOCK: Milliseconds = BLOCK_HOURS * HOUR

/**
 * A made-up market: regimes, fat tails, clustered volatility, one common factor. It is a martingale before costs and
 * funding: no rule on its prices earns anything but what chance gives, at any level inside a candle. Candles of all
 * intervals are sums of one path, funding follows the same path; equal arguments give equal numbers, and the first
 * symbols do not change when more are asked for. Throws `UsageError` for options out of range.
 */
export function syntheticMarket(seed: number, options: SyntheticOptions = {}): SyntheticMarket {
  const days = whole('days', options.days ?? 700, 1, MOST_DAYS)
  const profiles = PROFILES.slice(0, whole('symbols', options.symbols ?? PROFILES.length, 1, PROFILES.length))
  const days15 = whole('minutes15Days', options.minutes15Days ?? 0, 0, days)
  const days5 = whole('minutes5Days', options.minutes5Days ?? 0, 0, days)
  const symbols5 = whole('minutes5Symbols', options.minutes5Symbols ?? profiles.length, 0, profiles.length)
  const end = options.end ?? END
  if (end % DAY !== 0) throw new UsageError(`a synthetic market ends at 00:00 UTC, not at ${end}`)

  const start = end - days * DAY
  const fineDays = Math.max(days15, days5)
  const grid: TimeGrid = { blocks: days * BLOCKS_A_DAY, fineFrom: (days - fineDays) * BLOCKS_A_DAY }
  const factor = commonFactor(grid, random(`${seed} factor`))
  const made = profiles.map(profile => symbol(profile, grid, factor, start, seed))
  return {
    instruments: made.map(one => one.instrument),
    daily: made.map(one => one.candles('1d', days)),
    minutes15: days15 > 0 ? made.map(one => one.candles('15m', days15)) : [],
    minutes5: days5 > 0 ? made.slice(0, symbols5).map(one => one.candles('5m', days5)) : [],
    funding: made.map(one => one.funding),
  }
}

interface MadeSymbol {
  readonly instrument: Instrument
  readonly funding: FundingHistory
  /** The last `days` days as candles of `interval`. */
  readonly candles: (interval: Interval, days: number) => Candles
}

function symbol(
  profile: Profile,
  grid: TimeGrid,
  factor: Factor,
  start: Timestamp,
  seed: number,
): MadeSymbol {
  const instrument = instrumentOf(profile)
  const { tickSize, stepSize } = instrument
  // A stream of its own for each part: a symbol's numbers do not depend on how many other symbols there are.
  const path = symbolPath(
    profile,
    tickSize,
    stepSize,
    grid,
    factor,
    random(`${seed} path ${profile.baseCoin}`),
  )
  const blockClose = new Float64Array(grid.blocks)
  for (let block = 0; block < grid.blocks; block++) {
    blockClose[block] = path.close[stepsBefore(grid, block + 1) - 1]
  }
  return {
    instrument,
    funding: fundingHistory(
      instrument.symbol,
      blockClose,
      dailyVolatility(profile),
      start,
      random(`${seed} funding ${profile.baseCoin}`),
    ),
    candles: (interval, days) => aggregate(instrument, interval, path, grid, start, days),
  }
}

function aggregate(
  instrument: Instrument,
  interval: Interval,
  path: Path,
  grid: TimeGrid,
  start: Timestamp,
  days: number,
): Candles {
  const span: Milliseconds = INTERVAL_MS[interval]
  const first = start + (grid.blocks / BLOCKS_A_DAY - days) * DAY
  const length = (days * DAY) / span
  const candles: Candles = {
    symbol: instrument.symbol,
    interval,
    length,
    start: new Float64Array(length),
    open: new Float64Array(length),
    high: new Float64Array(length),
    low: new Float64Array(length),
    close: new Float64Array(length),
    volume: new Float64Array(length),
    turnover: new Float64Array(length),
  }
  const ticks = gridOf(instrument.tick)
  const steps = gridOf(instrument.step)
  for (let row = 0; row < length; row++) {
    const time = first + row * span
    const from = stepAt(grid, time - start)
    const to = stepAt(grid, time + span - start)
    let high = path.high[from]
    let low = path.low[from]
    let volume = 0
    let turnover = 0
    for (let step = from; step < to; step++) {
      if (path.high[step] > high) high = path.high[step]
      if (path.low[step] < low) low = path.low[step]
      volume += path.volume[step]
      turnover += path.turnover[step]
    }
    candles.start[row] = time
    candles.open[row] = fromCount(ticks, path.open[from])
    candles.high[row] = fromCount(ticks, high)
    candles.low[row] = fromCount(ticks, low)
    candles.close[row] = fromCount(ticks, path.close[to - 1])
    candles.volume[row] = fromCount(steps, volume)
    candles.turnover[row] = turnover
  }
  return candles
}

/** Index of the step that begins `elapsed` after the grid's start, which must be the beginning of one. */
function stepAt(grid: TimeGrid, elapsed: Milliseconds): number {
  const block = Math.floor(elapsed / BLOCK)
  const before = stepsBefore(grid, block)
  return before + ((stepsBefore(grid, block + 1) - before) * (elapsed - block * BLOCK)) / BLOCK
}

function instrumentOf(profile: Profile): Instrument {
  const row: InstrumentRow = {
    symbol: `${profile.baseCoin}USDT`,
    baseCoin: profile.baseCoin,
    quoteCoin: 'USDT',
    tick: profile.tick,
    step: profile.step,
    minQty: profile.minQty,
    maxQty: profile.maxQty,
    minPrice: profile.tick,
    maxLeverage: profile.maxLeverage,
    date: '',
  }
  return { ...instrumentFrom(row), source: 'synthetic' }
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new UsageError(
    `${name} of a synthetic market is a whole number from ${least} to ${most}, not ${value}`,
  )
}
