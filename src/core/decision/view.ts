import type { Fraction, Milliseconds, Percent, Price, Timestamp, Usdt } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Side } from '../market/side.ts'
import type { Tier } from '../market/tiers.ts'
import type { Position } from '../portfolio/position.ts'

/** What a strategy sees of closed candles within the day. `undefined` means not enough history. */
export interface IntradayView {
  /** Start and close price of the newest closed candle: what a decision on it is about. */
  readonly candleStart: Timestamp
  readonly price: Price
  readonly lower: Price | undefined
  readonly middle: Price | undefined
  readonly upper: Price | undefined
  readonly rsi: Percent | undefined
  /** BB% of a price within these bands. */
  bbPercent(price: Price): Percent | undefined
}

/** A position that a stop has closed, while it waits for a decision. */
export interface StopOut {
  readonly symbol: string
  readonly side: Side
  /** Whose it was. */
  readonly strategy: string
  /** When the stop closed it, and the price that it stood at: a gap may have taken more. */
  readonly at: Timestamp
  readonly stop: Price
  /** Margin and score of the position, as filled. */
  readonly margin: Usdt
  readonly score: number
}

/**
 * What a strategy sees of one symbol: a cursor over columns, moved by the engine and never kept. `undefined` means
 * not enough history. Bands, RSI, width and streaks are of closed candles; only BB% compares a price with them.
 */
export interface View {
  readonly now: Timestamp
  /** Whether a strategy that wants nothing is to say why: where a person asks, and where decisions are taken down. */
  readonly wantsReasons: boolean
  readonly symbol: string
  readonly instrument: Instrument
  readonly tier: Tier
  /** On a list of symbols that are not sold short. */
  readonly neverShort: boolean
  /** Start and close price of the newest closed daily candle: what a daily decision is about. */
  readonly candleStart: Timestamp
  readonly price: Price
  /** Last traded price and mark price now. */
  readonly last: Price
  readonly mark: Price
  /** When the last price was made, by the exchange's clock. */
  readonly lastAt: Timestamp
  readonly lower: Price | undefined
  readonly middle: Price | undefined
  readonly upper: Price | undefined
  readonly width: Percent | undefined
  readonly rsi: Percent | undefined
  readonly turnover: Usdt
  /** Change of the close over the newest closed daily candle. */
  readonly change: Percent | undefined
  /** Funding per 8 h as a share of the value, positive when longs pay; `null` when it is not known. */
  readonly funding: Fraction | null
  /** The symbol's own interval between settlements, and the next one; `null` when that is not known. */
  readonly fundingInterval: Milliseconds | null
  readonly nextFunding: Timestamp | null
  readonly fees: Fees
  /** The 5-minute candles; `undefined` where there are none. */
  readonly minutes5: IntradayView | undefined
  /** Close of the daily candle `ago` before the newest closed one; `undefined` when there is none. */
  closeAgo(ago: number): Price | undefined
  /** Range of the daily candles from the one that a moment lies in on; `undefined` when there is none. */
  rangeSince(time: Timestamp): { readonly low: Price; readonly high: Price } | undefined
  /** A position on that side that a stop has closed and a decision is to be taken about. */
  stopOut(side: Side): StopOut | undefined
  /** BB% of a price within the daily, weekly and monthly bands. */
  bbPercent(price: Price): Percent | undefined
  weekBb(price: Price): Percent | undefined
  monthBb(price: Price): Percent | undefined
  /** How many of daily, weekly and monthly BB% agree with the side (below 50 for long, above for short). */
  agreement(side: Side, price: Price): 0 | 1 | 2 | 3
}

/** The exchange's fees as shares of a fill's value. */
export interface Fees {
  readonly maker: Fraction
  readonly taker: Fraction
}

/** A view of a symbol on which a position is open. */
export interface PositionView extends View {
  readonly position: Position
}
