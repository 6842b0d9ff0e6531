import type { Percent, Price } from '../base/units.ts'
import type { View } from '../decision/view.ts'
import type { Interval } from '../market/interval.ts'

/** What an alert sees of 15-minute candles; `undefined` means not enough history. */
export interface QuarterView {
  /** Change of the close against the one before it, and against the one a day ago. */
  readonly change: Percent | undefined
  readonly change24h: Percent | undefined
  /** Percentile of the bands' width among the last 120, the newest included. */
  readonly squeeze: Percent | undefined
  /** Newest volume as a multiple of the mean of the 15 before it. */
  readonly volumeRatio: number | undefined
}

/** What an alert sees of one symbol: what strategies see, and more of the past. */
export interface AlertView extends View {
  /** bbw, or a person, holds or orders something on the symbol. */
  readonly isHeld: boolean
  /** `undefined` without 15-minute candles. */
  readonly quarter: QuarterView | undefined
  /** High and RSI of the daily candle `ago` before the newest; `undefined` when there is none. */
  highAt(ago: number): Price | undefined
  rsiAt(ago: number): Percent | undefined
}

/** Numbers of an alert; it speaks once a symbol within `windowHours`. */
export interface AlertParams {
  readonly [name: string]: number | boolean
  readonly windowHours: number
}

/** What an alert has found, with the figures it was based on. */
export interface Finding {
  readonly reason: string
  readonly figures: { readonly [name: string]: number }
}

/** A rule that points a person at a market and never enters: a pure function from what it is shown to a finding. */
export interface AlertRule<P extends AlertParams = AlertParams> {
  readonly id: string
  /** A closed candle of this interval may change the answer. */
  readonly timeframe: Interval
  readonly params: P
  look(view: AlertView, params: P): Finding | null
}
