import type { Fraction, Milliseconds, Price, Steps, Ticks, Timestamp, Usdt } from '../base/units.ts'
import type { PriceFilters } from '../market/instrument.ts'
import type { Side } from '../market/side.ts'
import type { Ladder } from '../portfolio/ladder.ts'
import type { Trade } from '../portfolio/trade.ts'
import type { Intent } from './intent.ts'
import type { Signal } from './signal.ts'
import type { PositionView, View } from './view.ts'

/** Numbers and switches of a strategy: its part of the configuration. */
export type Params = { readonly [name: string]: number | boolean }

/**
 * The one shape of every strategy: a pure function from what it is shown to what it wants. `id` is file name,
 * configuration key and `strategy` in every record; `params` are the defaults and the only numbers. The kinds
 * differ in nothing but how much they are shown.
 */
interface Shape<Shown, P extends Params> {
  readonly id: string
  readonly params: P
  /** Off until the configuration switches it on. */
  readonly optIn?: true
  decide(shown: Shown, params: P): readonly Intent[]
}

/** The clocks of decisions: one decision per closed candle of this length. */
export type Timeframe = '1d' | '5m'

/**
 * When a strategy may look after its own positions: among the time exits of the light cycle, with the trailing stops of
 * the heavy one, and after those of the x10 cycle, where rates that have changed their sign are looked for.
 */
export type OwnMoment = 'time-exits' | 'trailing' | 'funding-sign'

/** Looks at one symbol on one closed candle and may want an entry. */
export interface EntryStrategy<P extends Params = Params> extends Shape<View, P> {
  readonly role: 'entry'
  /** Its decision clock: it is asked once per closed candle, while that candle is the newest. */
  readonly timeframe: Timeframe
  /** Rank among signals of one moment with equal score and turnover: the narrower rule has the lower number. */
  readonly precedence: number
  /** Which house rules and sizing its entries are under. */
  terms(params: P): EntryTerms
  /** What it does with its own positions at a moment, besides what is done with every position. */
  manage?(moment: OwnMoment, view: PositionView, params: P): readonly Intent[]
  /** Whether a trade that a stop has closed is worth coming back for: it is shown as `View.stopOut` then. */
  comesBack?(trade: Trade, params: P): boolean
  /** How long after the stop the decision about it is due at the earliest. */
  waitsAfterStop?(params: P): Milliseconds
  /**
   * Stop and target of a position that is taken at the market at the last price in exchange for one of its own;
   * `undefined` where it would not hold the symbol on that side. Left out: its positions are never exchanged.
   */
  exchange?(side: Side, view: ExchangeView, params: P): Exchange | undefined
  /** Ages of a position at which the answer among the time exits may change though nothing but time has passed. */
  ages?(params: P): readonly Milliseconds[]
}

/** What a strategy sees of a symbol that it would hold in exchange for another one. */
export interface ExchangeView
  extends Pick<View, 'tier' | 'neverShort' | 'turnover' | 'lower' | 'middle' | 'upper' | 'last'> {
  readonly instrument: PriceFilters
}

/** The stop and the target of a position that takes the place of another one. */
export interface Exchange {
  readonly stop: Ticks
  readonly target: Ticks | null
}

/** Slots for positions and pending entries that several strategies share on one side. */
export interface SharedSlots {
  readonly side: Side
  /** Ids of the strategies, its own among them. */
  readonly of: readonly string[]
  readonly most: number
}

/** Looks at one open position and may move its stop, place its targets or close it. */
export interface ManagementStrategy<P extends Params = Params> extends Shape<PositionView, P> {
  readonly role: 'management'
  /** Ages of a position at which the answer may change though nothing but time has passed. */
  ages?(params: P): readonly Milliseconds[]
}

/** Looks at one signal and its proposed size and may want it smaller. */
export interface SizingStrategy<P extends Params = Params> extends Shape<SizeProposal, P> {
  readonly role: 'sizing'
}

/**
 * Turns entries into planned ladders, and adds to their positions: the plan is made before the entry is sent, `decide`
 * says which add is to rest at present.
 */
export interface LadderStrategy<P extends Params = Params> extends Shape<PositionView, P> {
  readonly role: 'ladder'
  /** Whether an entry is to become a ladder. */
  applies(signal: Signal): boolean
  /** The one stop of the whole plan, instead of the signal's own; `undefined` where it cannot be written as a price. */
  stop(signal: Signal, entry: Price, params: P): Ticks | undefined
  /** The plan of an entry that bears that stop, and its size in it: never more than was proposed. */
  plan(shown: SizeProposal, params: P): LadderPlan
}

/**
 * Looks at one open position and at those that could be held in its stead, the best first; answers with the chain
 * `[enter the better one, exit this one]`, or holds one that it would exchange.
 */
export interface RotationStrategy<P extends Params = Params> {
  readonly id: string
  readonly role: 'rotation'
  readonly params: P
  readonly optIn?: true
  /** How many rotations any 24 h may have, and how long a coin rests after one that it took part in. */
  limits(params: P): { readonly perDay: number; readonly coinRest: Milliseconds }
  /** Until when nothing may be executed on the symbol; `null`: it may be now. */
  quietUntil(view: View, params: P): Timestamp | null
  /**
   * Whether one that is funded at a rate per 8 h on the position's side could be chosen at all. It never says no of one that
   * `decide` would choose: those that could not be need neither a score nor to be shown.
   */
  mayChoose(view: PositionView, per8h: number | null, params: P): boolean
  decide(view: PositionView, params: P, alternatives: readonly Alternative[]): readonly Intent[]
}

/** A position that could be taken instead of another one, at the market, as far as it is known before the gates. */
export interface Alternative {
  readonly signal: Pick<Signal, 'symbol' | 'side' | 'order' | 'stop' | 'target' | 'leverage' | 'funding'>
  readonly now: Timestamp
  /** When its last price was made. */
  readonly lastAt: Timestamp
  readonly nextFunding: Timestamp | null
  readonly fundingInterval: Milliseconds | null
}

export type LadderPlan =
  | { readonly ladder: Ladder; readonly steps: Steps; readonly reason: string }
  | { readonly refused: string; readonly figures: { readonly [name: string]: number } }

export type Strategy = EntryStrategy | ManagementStrategy | SizingStrategy | LadderStrategy | RotationStrategy

/** The house rules an entry strategy's positions are under. */
export interface EntryTerms {
  readonly leverage: number
  /** Share r of equity that sizes the margin. */
  readonly risk: Fraction
  /** Greatest number of positions and pending entries of the strategy. */
  readonly maxPositions: number
  /** Slots that it shares with others, besides. */
  readonly sharedSlots?: readonly SharedSlots[]
  /** Accepted orders a symbol within any 24 h; left out: as many as come. */
  readonly mostPerDay?: number
  /** Rests after an accepted order, after a stop and after a target, on the same symbol. */
  readonly cooldown: Milliseconds
  readonly cooldownAfterStop: Milliseconds
  readonly cooldownAfterTarget: Milliseconds
  /** Longest time in a position; the general limit of bars holds besides. `null`: that limit alone. */
  readonly maxHold: Milliseconds | null
  /** Whether targets follow the bands (Partial TP) or the signal's own target stands. */
  readonly partialTargets: boolean
}

/** What sizing reads of a signal. */
export type SizedSignal = Pick<Signal, 'instrument' | 'side' | 'stop' | 'leverage' | 'atr15m'>

/** What a sizing strategy is shown. */
export interface SizeProposal {
  readonly signal: SizedSignal
  /** Price the position would be entered at. */
  readonly entry: Price
  readonly steps: Steps
  readonly equity: Usdt
  readonly takerFee: Fraction
}
