import type { Interval } from './interval.ts'

/**
 * Closed candles of the mark price as columns, oldest first. Row `i` spans `[start[i], start[i] + interval)` in epoch
 * milliseconds UTC. Only the first `length` rows are data; the arrays may be longer.
 */
export interface MarkCandles {
  readonly symbol: string
  readonly interval: Interval
  readonly length: number
  readonly start: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
}
