/**
 * What goes into the engine and what comes out of it. Both are plain data: a recorded list of inputs, fed again,
 * gives the same effects. `at` is the time at which the driver handed the input over and never goes back.
 */
import type { Code } from '../base/codes.ts'
import type { Fraction, Milliseconds, Price, Steps, Ticks, Timestamp, Usdt } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import type { Figures } from '../guards/guard.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Interval } from '../market/interval.ts'
import type { Side } from '../market/side.ts'
import type { Trade } from '../portfolio/trade.ts'
import type { Score } from '../scoring/score.ts'
import type { DecisionBatch } from './decision-record.ts'
import type { Refusal } from './refusal.ts'

export type Input =
  /**
   * A perpetual that can be traded, or its new filters. Comes before anything else of its symbol: ticks and steps of it
   * are those of the filters told last. A quantity that is no multiple of a step that has become coarser is told, and
   * ordered, in whole steps.
   */
  | { readonly type: 'instrument'; readonly at: Timestamp; readonly instrument: Instrument }
  /** A candle has closed. Those of a day, an hour, of 15 and of 5 minutes are used; others are left alone. */
  | CandleInput
  | {
      readonly type: 'price'
      readonly at: Timestamp
      readonly symbol: string
      /** The exchange's time of the price: its age is counted from there. */
      readonly time: Timestamp
      readonly last: number
      readonly mark: number
      /** Lowest and highest price since the one before, where that is known. */
      readonly low?: number
      readonly high?: number
      /** The range is what the position of this side has seen; left out: that of any side. */
      readonly side?: Side
    }
  /**
   * The funding rate that a decision sees, per 8 h whatever the symbol's own interval, positive when longs pay; that
   * interval; and when it is settled next. Each `null` when it is not known. Where nothing is told any more the
   * settlements go on at that interval.
   */
  | {
      readonly type: 'funding-rate'
      readonly at: Timestamp
      readonly symbol: string
      readonly per8h: number | null
      readonly interval: Milliseconds | null
      readonly next: Timestamp | null
    }
  /** The time has come that `wakeAt` asked for (or a later one). */
  | { readonly type: 'time'; readonly at: Timestamp }
  /** What became of an order. */
  | {
      readonly type: 'order'
      readonly at: Timestamp
      readonly clientOrderId: string
      /** `unknown`: a request was sent and no answer says whether it took effect. */
      readonly status: 'accepted' | 'amended' | 'rejected' | 'cancelled' | 'unknown'
      readonly reason: string
      /** Why it was rejected or is unknown, where that decides what is to be done. */
      readonly why?: OrderTrouble
    }
  | FillInput
  /** What became of a stop request: the stop now in force, or why not. */
  | {
      readonly type: 'stop'
      readonly at: Timestamp
      readonly requestId: string
      readonly ok: boolean
      readonly reason: string
      readonly why?: StopTrouble
    }
  | FundingInput
  /** What became of a request for a leverage, or what a look-up has found: the leverage that is in force now. */
  | {
      readonly type: 'leverage'
      readonly at: Timestamp
      readonly requestId: string
      /** `null`: it is not known. */
      readonly leverage: number | null
      readonly reason: string
      /** `unknown`: a request was sent, and no answer says whether it took effect; or a look-up has failed. */
      readonly why?: 'unknown' | Refusal
    }
  /** The reply to `query-account`. */
  | { readonly type: 'account'; readonly at: Timestamp; readonly queryId: string; readonly account: Account }
  /** The reply to `query-order`. */
  | {
      readonly type: 'order-found'
      readonly at: Timestamp
      readonly queryId: string
      readonly report: OrderReport
    }
  /** The reply to `query-executions`: all of them, oldest first. */
  | {
      readonly type: 'executions'
      readonly at: Timestamp
      readonly queryId: string
      readonly executions: readonly (Execution | Unread)[]
    }
  /** The exchange has told of a position with its stop; `null`: without one, which is not to wait for the account to be read. */
  | {
      readonly type: 'stop-told'
      readonly at: Timestamp
      readonly symbol: string
      readonly side: Side
      readonly stop: Ticks | null
      /** The exchange's time of the news, possibly earlier than `at`: a stop is missing from there. */
      readonly time: Timestamp
    }
  /** Something that was told may have been lost on its way: everything is to be compared. */
  | { readonly type: 'feed-gap'; readonly at: Timestamp; readonly reason: string }
  /** Something that has happened to this bbw is to be told, and changes nothing. */
  | { readonly type: 'incident'; readonly at: Timestamp; readonly reason: string; readonly code: Code }
  /**
   * The process ends within seconds: nothing is entered any more, and the account is read now, each time that this is
   * said, so that nothing is left behind whose fate is open. What waits to be sent is given up.
   */
  | { readonly type: 'ending'; readonly at: Timestamp }
  /** Whether the state can be written. */
  | {
      readonly type: 'store'
      readonly at: Timestamp
      readonly ok: boolean
      readonly reason: string
      readonly code: Code | null
    }
  /** What a person wants, at whatever door; `id` names the request. */
  | {
      readonly type: 'command'
      readonly at: Timestamp
      readonly id: string
      readonly command: 'pause' | 'resume' | 'halt'
      readonly by: string
      readonly reason: string
      /** Where bbw itself is the one who gives it. */
      readonly code?: Code
    }
  | HandoverInput
  | ClosureInput
  /** A person asks why nothing is entered on a symbol; answered under `id` with a `Why` as JSON. */
  | {
      readonly type: 'enquiry'
      readonly at: Timestamp
      readonly id: string
      readonly symbol: string
      readonly side: Side | null
    }
  /**
   * Whoever has handed signals in asks what is open of them; answered under `id` with the loose ends of these sides as JSON.
   * While there are any the account is read now: it shows whether an order rests, and a stop is there.
   */
  | {
      readonly type: 'loose-ends'
      readonly at: Timestamp
      readonly id: string
      readonly of: readonly SymbolSide[]
    }
  /** The reply to a query will not come. */
  | {
      readonly type: 'query-failed'
      readonly at: Timestamp
      readonly queryId: string
      readonly reason: string
      /** Where the exchange has refused to tell. */
      readonly why?: Refusal
    }
  /** How a perpetual is listed; told when it changes. */
  | ({ readonly type: 'listing'; readonly at: Timestamp } & Listing)
  /** Under which terms the account trades; told again and again. */
  | { readonly type: 'account-terms'; readonly at: Timestamp; readonly terms: AccountTerms }
  /** The exchange will be down from one moment to another, `null` where its end is not known; or not at all. */
  | {
      readonly type: 'maintenance'
      readonly at: Timestamp
      readonly from: Timestamp | null
      readonly until: Timestamp | null
    }
  /** A `persist` was refused (duplicate key, store full or busy): what depends on it was not sent. */
  | {
      readonly type: 'persist-refused'
      readonly at: Timestamp
      readonly key: string
      readonly reason: string
      readonly code: Code
    }
  /**
   * Scored signals that a person or a pipe hands in; they pass the same guards as the engine's own. With an `id` each
   * verdict is answered.
   */
  | {
      readonly type: 'propose'
      readonly at: Timestamp
      readonly scored: readonly Scored[]
      readonly id?: string
    }

/** One side of a symbol. */
export interface SymbolSide {
  readonly symbol: string
  readonly side: Side
}

/** How a perpetual is listed. */
export interface Listing {
  readonly symbol: string
  /**
   * `auction`: before its market opens, without stops. `stopped`: not traded. `unlisted`: the lists of the exchange do not
   * have it, which says nothing about what is held.
   */
  readonly status: 'trading' | 'auction' | 'stopped' | 'unlisted'
  /** When its trading ends; `null`: no end is announced. */
  readonly delistsAt: Timestamp | null
}

/** Under which terms an account trades. */
export interface AccountTerms {
  /** As the exchange calls them: a change is what matters. */
  readonly marginMode: string
  readonly accountType: string
  readonly mayOnlyReduce: boolean
  /** Maintenance margin as a share of equity; at 1 everything is liquidated. `null`: it is not told. */
  readonly marginUse: Fraction | null
}

/** A position that changes hands: from a person to bbw, or back. */
export interface Handover {
  /** Names the request. */
  readonly id: string
  readonly kind: 'adopt' | 'release'
  readonly symbol: string
  /** `null`: the only one there is. */
  readonly side: Side | null
  /** Of an adoption: its stop, `null` to keep the one at the exchange; and its target, `null` for none. */
  readonly stop: Price | null
  readonly target: Price | null
  /** Of a release: also a position that bbw opened itself. */
  readonly isOwn: boolean
  readonly by: string
}

export interface HandoverInput extends Handover {
  readonly type: 'handover'
  readonly at: Timestamp
}

/** Positions that a person wants closed, and what bbw has waiting there taken back. */
export interface Closure {
  /** Names the request. */
  readonly id: string
  readonly kind: 'close'
  /** `null`: all of them. */
  readonly symbol: string | null
  /** `null`: both. */
  readonly side: Side | null
  /** Also positions that bbw did not open. */
  readonly isForeignToo: boolean
  /** Entries are halted with it, so that nothing is opened again. */
  readonly halts: boolean
  readonly by: string
  readonly reason: string
}

export interface ClosureInput extends Closure {
  readonly type: 'closure'
  readonly at: Timestamp
}

/**
 * `duplicate-id`: the exchange has had an order of this id. `unreadable`: an answer came that cannot be read. `unsent`: the
 * request has not come to be looked at, and may do so later: it never left, or was turned away unread.
 */
export type OrderTrouble = 'duplicate-id' | 'unreadable' | 'unsent' | Refusal

/** `crossed`: the price is beyond the stop. `not-modified`: nothing was changed. `unknown`: no answer says. */
export type StopTrouble = 'crossed' | 'not-modified' | 'unknown' | Refusal

export interface FundingInput {
  readonly type: 'funding'
  readonly at: Timestamp
  readonly symbol: string
  readonly side: Side
  readonly time: Timestamp
  /** Received; paid when negative. */
  readonly amount: Usdt
  readonly rate: number
}

/** What changes the wallet: a fill, or funding of a position. */
export type Execution = FillInput | FundingInput

/** What the exchange knows of an order by its client order id, all its records taken together. */
export interface OrderReport {
  readonly clientOrderId: string
  /** `absent`: it knows of none. */
  readonly state: 'resting' | 'filled' | 'cancelled' | 'rejected' | 'absent'
  /** Filled so far. */
  readonly filled: Steps
  readonly reason: string
}

export interface CandleInput {
  readonly type: 'candle'
  readonly at: Timestamp
  readonly symbol: string
  readonly interval: Interval
  readonly start: Timestamp
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  /** `NaN` where the source left it blank. */
  readonly turnover: number
}

export interface FillInput {
  readonly type: 'fill'
  readonly at: Timestamp
  /** Stamp of the fill itself, possibly earlier than `at`. */
  readonly time: Timestamp
  /** When it can have happened at the earliest, where only the candle is known; left out: at `time`. */
  readonly earliest?: Timestamp
  readonly execId: string
  /** The order it belongs to; `null` for a stop, a liquidation or a settlement. */
  readonly clientOrderId: string | null
  readonly cause: 'order' | 'stop' | 'liquidation' | 'settlement'
  readonly symbol: string
  /** Side of the position that is opened or closed. */
  readonly side: Side
  /** Whether it adds to a position; left out: it does not, or the exchange does not say. */
  readonly opens?: boolean
  readonly price: Ticks
  readonly steps: Steps
  readonly fee: Usdt
  readonly liquidity: 'maker' | 'taker'
  /** Nothing of the order is left to fill. */
  readonly complete: boolean
}

/** What the exchange says is there. */
export interface Account {
  /** `null`: what it says of it cannot be read. */
  readonly wallet: Usdt | null
  readonly positions: readonly AccountPosition[]
  readonly orders: readonly RestingReport[]
  /** Orders that wait for a price, stops of positions among them; left out where there can be none but those. */
  readonly conditional?: readonly ConditionalReport[]
  /** What is missing in the lists, as it could not be read; left out: nothing is. */
  readonly unread?: readonly Unread[]
}

/** An order that waits at the exchange for a price. */
export interface ConditionalReport {
  /** The client's; the exchange's own where it has none, as of what came with a position. */
  readonly id: string
  readonly symbol: string
  /** Side of the position it adds to or takes from. */
  readonly side: Side
  readonly purpose: 'entry' | 'exit'
  /** It came with a position, to protect it, rather than by itself. */
  readonly isGuard: boolean
  /** When it was made, by the exchange's time. */
  readonly since: Timestamp
}

/** An account of which everything is known, as the embedded exchange has it. */
export interface KnownAccount extends Account {
  readonly wallet: Usdt
}

/** Something that the exchange has said of an account and that cannot be read: it is unknown, not absent. */
export interface Unread {
  readonly type: 'unread'
  readonly what: 'position' | 'order' | 'execution' | 'wallet'
  /** `null`: not even that can be read; or, of a wallet, it is about none. */
  readonly symbol: string | null
  /** The field, and what stood there. */
  readonly reason: string
}

/** A position as the exchange shows it. */
export interface AccountPosition {
  readonly symbol: string
  readonly side: Side
  readonly steps: Steps
  readonly entry: Price
  readonly leverage: number
  readonly stop: Ticks | null
  /** The mark at which the exchange says that it liquidates it; left out where it does not say. */
  readonly liquidation?: Price
}

/** An order that rests at the exchange. */
export interface RestingReport {
  readonly clientOrderId: string
  readonly symbol: string
  /** Side of the position it adds to or takes from. */
  readonly side: Side
  readonly purpose: 'entry' | 'exit'
  /** `null`: at the market. */
  readonly price: Ticks | null
  /** Left to fill. */
  readonly steps: Steps
}

/** A signal with its score. */
export interface Scored {
  readonly signal: Signal
  readonly score: Score
}

export interface OrderRequest {
  readonly clientOrderId: string
  readonly symbol: string
  /** Side of the position: an entry adds to it, an exit (always reduce-only) takes from it. */
  readonly side: Side
  readonly purpose: 'entry' | 'exit'
  readonly type: 'limit' | 'market'
  /** `null` for a market order. */
  readonly price: Ticks | null
  readonly steps: Steps
  /** Protective stop, attached to an entry; triggered by the mark price. */
  readonly stop: Ticks | null
  readonly leverage: number
  /** Refused rather than filled as taker. */
  readonly postOnly: boolean
}

export type Effect =
  /** To be durable before any later effect leaves the house. */
  | {
      readonly type: 'persist'
      readonly key: string
      readonly order: OrderRequest
      readonly signalId: string
    }
  | { readonly type: 'place'; readonly order: OrderRequest }
  | {
      readonly type: 'amend'
      readonly symbol: string
      readonly clientOrderId: string
      readonly price: Ticks
      readonly steps: Steps
    }
  | { readonly type: 'cancel'; readonly symbol: string; readonly clientOrderId: string }
  | {
      readonly type: 'set-stop'
      readonly requestId: string
      readonly symbol: string
      readonly side: Side
      readonly stop: Ticks
    }
  | {
      readonly type: 'set-leverage'
      readonly requestId: string
      readonly symbol: string
      readonly leverage: number
      /** In hedge mode the one side that it is of; the other one's stays. */
      readonly side?: Side
    }
  /** Which leverage a symbol has; answered as `set-leverage` is. */
  | {
      readonly type: 'query-leverage'
      readonly requestId: string
      readonly symbol: string
      readonly side?: Side
    }
  | { readonly type: 'query-account'; readonly queryId: string }
  | {
      readonly type: 'query-order'
      readonly queryId: string
      readonly symbol: string
      readonly clientOrderId: string
    }
  /** All executions at or after a time. */
  | { readonly type: 'query-executions'; readonly queryId: string; readonly since: Timestamp }
  /** What became of an intent that was persisted, for its row. */
  | {
      readonly type: 'outcome'
      readonly key: string
      readonly state: IntentState
      readonly reason: string
    }
  /** A scored signal and what became of it: `entered`, or the gate that refused it. */
  | {
      readonly type: 'verdict'
      readonly scored: Scored
      readonly verdict: string
      readonly reason: string
    }
  /** The outcome of a `command`, `handover`, `closure`, `enquiry`, `loose-ends` or `propose` that bore an id. */
  | { readonly type: 'answer'; readonly id: string; readonly ok: boolean; readonly reason: string }
  /** Something for the journal and the trader. */
  | { readonly type: 'event'; readonly event: EngineEvent }
  | { readonly type: 'trade'; readonly trade: Trade }
  /** What was decided in this step, where decisions are taken down. */
  | { readonly type: 'decisions'; readonly batch: DecisionBatch }

/** What has become of an intent. `unknown`: it was sent, and nothing says whether it arrived. */
export type IntentState = 'pending' | 'unknown' | 'open' | 'filled' | 'cancelled' | 'rejected' | 'dropped'

export type EventKind =
  | 'entered'
  | 'adding'
  | 'refused'
  | 'rejected'
  | 'expired'
  | 'filled'
  | 'targets'
  | 'reduced'
  | 'grown'
  | 'stop-moved'
  | 'stop-failed'
  | 'exiting'
  | 'exited'
  | 'paused'
  | 'resumed'
  | 'halted'
  | 'step-failed'
  | 'drift'
  | 'reconciled'
  | 'recovered'
  | 'unknown'
  | 'looked-up'
  | 'resent'
  | 'stop-restored'
  | 'foreign'
  | 'adopted'
  | 'released'
  | 'flat'
  | 'store'
  | 'alert'
  | 'risk'
  | 'digest'

/** One line of the journal. Prices and quantities in `figures` are decimal strings, money is a number of USDT. */
export interface EngineEvent {
  readonly kind: EventKind
  /** The message's code where it has one (`base/codes.ts`). */
  readonly code: Code | null
  readonly ts: Timestamp
  readonly symbol: string | null
  readonly side: Side | null
  readonly strategy: string | null
  readonly signalId: string | null
  readonly clientOrderId: string | null
  readonly reason: string
  readonly figures: Figures
}
