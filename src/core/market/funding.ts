/**
 * Funding settlements of one symbol, oldest first: `time` in epoch milliseconds UTC, `rate` as a fraction of the
 * position's value that longs pay to shorts. The spacing is the market's own and changes (8, 4, 2 or 1 hours).
 */
export interface FundingRates {
  readonly time: Float64Array
  readonly rate: Float64Array
}
