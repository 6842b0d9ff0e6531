import type { Milliseconds, Price, Steps, Timestamp, Usdt } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import type { EntryTerms, LadderStrategy, SizingStrategy } from '../decision/strategy.ts'
import type { PositionMode } from '../market/side.ts'
import type { Ladder } from '../portfolio/ladder.ts'
import type { Portfolio } from '../portfolio/portfolio.ts'
import type { Position } from '../portfolio/position.ts'
import type { Score } from '../scoring/score.ts'

/** Numbers of a guard; `null` switches the limit off. */
export type GuardParams = { readonly [name: string]: number | null }

/** A would-be entry on its way through the guards. Sizing fills in `steps` and `margin`. */
export interface Proposal {
  readonly signal: Signal
  readonly score: Score
  readonly terms: EntryTerms
  readonly neverTrade: boolean
  /** Price the position would be entered at: the limit, or the last price. */
  readonly entry: Price
  readonly steps: Steps
  readonly margin: Usdt
  /** What sizing did, for the record. */
  readonly sizing: string
  /** The adds that sizing has planned beside it; `null`: none. */
  readonly ladder: Ladder | null
  /** The position that it adds to; `null`: it opens one. */
  readonly addsTo: Position | null
  /** The position that it takes the place of, with the size it is to have; the house is shown without that one. */
  readonly replaces: Position | null
  /** Gates that had no data to judge it by, and were left out. */
  readonly skipped: readonly string[]
}

/** A closed trade that has lost. */
export interface Loss {
  /** When it closed, at the latest. */
  readonly at: Timestamp
  /** It may have closed earlier by this much: only the candle is known in which it did. */
  readonly spread: Milliseconds
  readonly leverage: number
}

/** Closes of hours in a row without a hole, the oldest first. */
export interface HourlyCloses {
  /** When the newest of them has ended. */
  readonly end: Timestamp
  readonly closes: readonly Price[]
}

/** What the guards know of the house. */
export interface House {
  readonly now: Timestamp
  readonly portfolio: Portfolio
  readonly equity: Usdt
  readonly realisedToday: Usdt
  /** Entries of any kind are refused until then. */
  readonly pausedUntil: Timestamp
  readonly pauseReason: string
  /** Entries are refused until a person resumes. */
  readonly halted: boolean
  /** What keeps the whole house, or one symbol, from adding anything at present. */
  readonly blocks: readonly Block[]
  /** Until when a strategy rests on a symbol, by `strategy:symbol`. */
  readonly cooldowns: ReadonlyMap<string, Timestamp>
  /** When orders of strategies that may send only so many a day were accepted, by `strategy:symbol`. */
  readonly accepted: ReadonlyMap<string, readonly Timestamp[]>
  /** Trades that lost, in order of time, for as long as a pause can follow from them. */
  readonly losses: readonly Loss[]
  /** The newest closes of what is held, pending or to be entered, by symbol; one that lacks some is left out. */
  readonly hours: ReadonlyMap<string, HourlyCloses>
  /** What becomes of an entry where a gate lacks its data: the gate is left out and named, or the entry refused. */
  readonly lacking: 'skip' | 'refuse'
  /** Strategies that may send real orders; `null`: no order that is sent is one. */
  readonly live: readonly string[] | null
  /** Whether a symbol may be held long and short at once. */
  readonly positionMode: PositionMode
  readonly takerFee: number
  /** The layers that may cut a size, in their order. */
  readonly sizingLayers: readonly {
    readonly strategy: SizingStrategy
    readonly params: SizingStrategy['params']
  }[]
  /** What turns entries into ladders; `null` while that is off. */
  readonly ladder: BoundLadder | null
}

/** A ladder strategy with the parameters it runs under. */
export interface BoundLadder {
  readonly strategy: LadderStrategy
  readonly params: LadderStrategy['params']
}

/** Something that has to be over before an entry is admitted. */
export interface Block {
  readonly gate: 'kill-switch' | 'readiness'
  /** `null`: all symbols. */
  readonly symbol: string | null
  readonly reason: string
}

/** The figures a refusal was based on: numbers with their limits, by name. */
export type Figures = { readonly [name: string]: number | string | boolean | null }

/** A rule that says no, with what it saw. */
export interface Refusal {
  readonly gate: string
  readonly reason: string
  readonly figures: Figures
}

/** A guard's answer: the proposal as it may go on, or a refusal; in both cases with what it saw and its limits. */
export type Verdict =
  | { readonly admitted: Proposal; readonly figures: Figures }
  | { readonly refused: Refusal }

/** What a gate says of an entry, for a person who asks why. */
export interface GateReading {
  readonly gate: string
  /** `null`: it cannot tell without an order to judge. */
  readonly isOpen: boolean | null
  /** Why it is closed, or cannot tell; empty while it is open. */
  readonly reason: string
  readonly figures: Figures
}

/** A house rule every entry passes. `portfolio` guards look at the whole; `signal` guards at the entry alone. */
export interface Guard<P extends GuardParams = GuardParams> {
  readonly id: string
  readonly scope: 'signal' | 'portfolio'
  /** What it looks at beside the house: the market as it is, or the order that a strategy wants. */
  readonly reads: 'market' | 'order'
  readonly params: P
  check(proposal: Proposal, house: House, params: P): Verdict
}

/** @param figures what was looked at, with its limits: the same that a refusal would name */
export function admit(proposal: Proposal, figures: Figures): Verdict {
  return { admitted: proposal, figures }
}

/** Lets a proposal through that the gate has no data to judge by; it is named with what comes of it. */
export function skip(gate: string, proposal: Proposal, figures: Figures): Verdict {
  return { admitted: { ...proposal, skipped: [...proposal.skipped, gate] }, figures }
}

export function refuse(gate: string, reason: string, figures: Figures): Verdict {
  return { refused: { gate, reason, figures } }
}
