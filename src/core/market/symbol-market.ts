import type { Candles } from './candles.ts'
import type { FundingRates } from './funding.ts'
import type { Instrument } from './instrument.ts'
import type { Interval } from './interval.ts'
import type { MarkCandles } from './mark.ts'
import type { TierRow } from './risk-tier.ts'

/** All that is recorded of one symbol's market. */
export interface SymbolMarket {
  readonly instrument: Instrument
  /** Candles of the last price, by interval; not every interval is there. */
  readonly candles: ReadonlyMap<Interval, Candles>
  /** Candles of the mark price, by interval; often none. */
  readonly mark: ReadonlyMap<Interval, MarkCandles>
  /** Settlements; `null` where none are recorded. */
  readonly funding: FundingRates | null
  /** Recorded risk tiers of the symbol; left out where there are none. */
  readonly tiers?: readonly TierRow[]
}
