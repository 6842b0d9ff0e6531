/** When a decision on closed candles is put off. Pure. */
import type { Timestamp } from '../base/units.ts'
import type { Timeframe } from '../decision/strategy.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { type Rule, THE_HOUSE } from './rule.ts'

/** Why everything would be refused that is decided now. */
export type Unsettled =
  | 'only-closes'
  | 'comparing'
  | 'doubted'
  | 'asked'
  | 'differs'
  | 'unreadable'
  | 'closing'

/** Strategies that are to decide. */
export interface SeenTurn {
  readonly causes: readonly Unsettled[]
  /** Timeframes of which a candle may have closed since the last decision. */
  readonly news: readonly Timeframe[]
  readonly now: Timestamp
}

/** Decisions that wait, with the close that they are about: a later candle takes its place, and it is lost. */
export const PUT_OFF: Rule<SeenTurn, readonly (readonly [Timeframe, closedAt: Timestamp])[]> = {
  kind: 'put-off',
  about: () => THE_HOUSE,
  decide: ({ causes, news, now }) =>
    causes.length === 0 ? [] : news.map(one => [one, Math.floor(now / INTERVAL_MS[one]) * INTERVAL_MS[one]]),
  isSilent: waiting => waiting.length === 0,
  lasts: () => true,
}
