import type { Percent, Price, Ticks, Timestamp, Usdt } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Interval } from '../market/interval.ts'
import type { Side } from '../market/side.ts'
import type { Tier } from '../market/tiers.ts'

/** How an entry is sent: resting at a price, or at the market. */
export type EntryOrder = { readonly type: 'limit'; readonly price: Ticks } | { readonly type: 'market' }

/**
 * An entry that one strategy wants, on one closed candle: every number that score, guards, stop and sizing need, so
 * that whoever holds the signal can judge it without the market. BB% and RSI are on a 0..100 scale and not clipped;
 * `null` is "known to be absent" (too little history, or the source does not say).
 */
export interface Signal {
  /** `strategy:symbol:side:candleStart`: the same candle always gives the same id. */
  readonly id: string
  readonly strategy: string
  readonly symbol: string
  readonly side: Side
  readonly timeframe: Interval
  readonly candleStart: Timestamp
  /** Close of that candle: the moment the decision is about. */
  readonly candleEnd: Timestamp
  /** Close price of the candle decided on. */
  readonly price: Price
  /** Live price when the signal was made, and the exchange's time of it. */
  readonly last: Price
  readonly lastAt: Timestamp
  readonly lower: Price
  readonly middle: Price
  readonly upper: Price
  readonly bbPercent: Percent
  readonly weekBb: Percent | null
  readonly monthBb: Percent | null
  readonly width: Percent
  readonly squeeze: Percent | null
  readonly rsi: Percent
  readonly downDays: number
  readonly upDays: number
  readonly turnover: Usdt
  /** Change of the price over 24 h. */
  readonly change: Percent | null
  /** Per 8 h, positive when longs pay. */
  readonly funding: number | null
  readonly tier: Tier
  /** ATR 14 on 15-minute candles, in price units. */
  readonly atr15m: Price | null
  /** Daily candles missing inside the bands' window. */
  readonly missingCandles: number
  readonly order: EntryOrder
  readonly stop: Ticks
  /** Price of a target for the whole position; `null` where targets follow the bands. */
  readonly target: Ticks | null
  readonly leverage: number
  /** No more margin than this, in USDT; `null`: what the sizing gives. */
  readonly margin: Usdt | null
  readonly instrument: Instrument
  readonly reason: string
}

/** The id of a signal: a pure function of what was decided and on which candle. */
export function signalId(strategy: string, symbol: string, side: Side, candleStart: Timestamp): string {
  return `${strategy}:${symbol}:${side}:${candleStart}`
}
