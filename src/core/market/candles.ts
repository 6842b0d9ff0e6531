import type { Timestamp } from '../base/units.ts'
import type { Interval } from './interval.ts'

/**
 * Closed candles of one symbol as columns, oldest first. Row `i` spans `[start[i], start[i] + interval)` in epoch
 * milliseconds UTC. `volume` is in the base coin; `turnover` is in USDT and `NaN` where the source left it blank
 * (`turnoverAt` replaces it). Only the first `length` rows are data; the arrays may be longer.
 */
export interface Candles {
  readonly symbol: string
  readonly interval: Interval
  readonly length: number
  readonly start: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly volume: Float64Array
  readonly turnover: Float64Array
}

/** One closed candle. `turnover` is `NaN` where the source left it blank. */
export interface Candle {
  readonly start: Timestamp
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly turnover: number
}

/** The candles' turnover in USDT at row `i`: as recorded, else volume x (high + low + close) / 3. */
export function turnoverAt(candles: Candles, i: number): number {
  const recorded = candles.turnover[i]
  return Number.isNaN(recorded)
    ? estimated(candles.volume[i], candles.high[i], candles.low[i], candles.close[i])
    : recorded
}

/** The same of one candle by itself. */
export function turnoverOf({ volume, high, low, close, turnover }: Candle): number {
  return Number.isNaN(turnover) ? estimated(volume, high, low, close) : turnover
}

function estimated(volume: number, high: number, low: number, close: number): number {
  return (volume * (high + low + close)) / 3
}

/**
 * Candles that grow at the end, for live use and for reading files. `push` checks nothing but order; the sources
 * (CSV, cache, exchange) validate before.
 */
export class CandleSeries implements Candles {
  readonly symbol: string
  readonly interval: Interval
  length = 0
  start: Float64Array
  open: Float64Array
  high: Float64Array
  low: Float64Array
  close: Float64Array
  volume: Float64Array
  turnover: Float64Array

  constructor(symbol: string, interval: Interval, capacity = 256) {
    this.symbol = symbol
    this.interval = interval
    this.start = new Float64Array(capacity)
    this.open = new Float64Array(capacity)
    this.high = new Float64Array(capacity)
    this.low = new Float64Array(capacity)
    this.close = new Float64Array(capacity)
    this.volume = new Float64Array(capacity)
    this.turnover = new Float64Array(capacity)
  }

  push(
    start: Timestamp,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    turnover: number,
  ): void {
    const i = this.length
    if (i === this.start.length) this.#grow()
    this.start[i] = start
    this.open[i] = open
    this.high[i] = high
    this.low[i] = low
    this.close[i] = close
    this.volume[i] = volume
    this.turnover[i] = turnover
    this.length = i + 1
  }

  #grow(): void {
    const capacity = Math.max(256, this.start.length * 2)
    const longer = (column: Float64Array): Float64Array => {
      const grown = new Float64Array(capacity)
      grown.set(column)
      return grown
    }
    this.start = longer(this.start)
    this.open = longer(this.open)
    this.high = longer(this.high)
    this.low = longer(this.low)
    this.close = longer(this.close)
    this.volume = longer(this.volume)
    this.turnover = longer(this.turnover)
  }
}
