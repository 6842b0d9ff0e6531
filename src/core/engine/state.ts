import type { Milliseconds, Price, Steps, Ticks, Timestamp, Usdt } from '../base/units.ts'
import type { StopMove } from '../decision/intent.ts'
import type { Timeframe } from '../decision/strategy.ts'
import type { StopOut } from '../decision/view.ts'
import type { Loss } from '../guards/guard.ts'
import type { SavedAtr } from '../indicators/atr.ts'
import type { SavedBollinger } from '../indicators/bollinger.ts'
import type { SavedRsi } from '../indicators/rsi.ts'
import type { Instrument } from '../market/instrument.ts'
import type { SavedRecentCandles } from '../market/recent-candles.ts'
import type { Side } from '../market/side.ts'
import type { PendingEntry, Position } from '../portfolio/position.ts'
import type { ExitReason } from '../portfolio/trade.ts'
import type { CycleId } from './cycles.ts'
import type { Gates } from './gates.ts'
import type { OrderLeg } from './order-id.ts'
import type {
  Account,
  AccountPosition,
  AccountTerms,
  Closure,
  Execution,
  Handover,
  Listing,
  OrderReport,
  OrderRequest,
  Unread,
} from './protocol.ts'
import type { Refusal } from './refusal.ts'
import type { SavedSchedule } from './schedule.ts'
import type { SecondLook } from './second-look.ts'
import type { Standing } from './standing.ts'
import type { ToldSeries } from './told-candles.ts'

/** A reduce-only order at the exchange, as far as the engine knows. */
export interface WorkingOrder {
  readonly clientOrderId: string
  readonly symbol: string
  readonly side: Side
  readonly leg: OrderLeg
  /** Why a closing order closes; of targets, and of orders of a bbw that did not keep it, left out. */
  readonly why?: ExitReason
  /** `null`: at the market. */
  price: Ticks | null
  steps: Steps
  /** `doubted`: it may rest or not, a request was refused; `asked`: the account has been asked about it since. */
  state: 'sent' | 'working' | 'amending' | 'cancelling' | 'doubted' | 'asked'
  /** What an amendment on its way will make of it. */
  wanted: { readonly price: Ticks; readonly steps: Steps } | null
}

/** An order that was sent, of which nothing says yet whether it has reached the exchange. */
export interface Doubt {
  /** When it was sent last: until its window has passed it may still land. */
  readonly sentAt: Timestamp
  /** How often it was sent again. */
  readonly resends: number
  /** `sent`: its answer is awaited, there is no doubt so far. Anything else says what raised one. */
  readonly cause: 'sent' | 'no-answer' | 'lost-reply' | 'unreadable' | 'duplicate-id' | 'restart' | 'missing'
  /** The exchange has said once that it knows nothing of it. */
  readonly wasAbsent: boolean
  /** Since when the exchange says that it has filled, while no execution of it is left to be booked; left out: it does not. */
  readonly filledAt?: Timestamp
  /** For sending it once more; `null` for one that the exchange had accepted. */
  readonly request: OrderRequest | null
}

/** An order that has ended without a whole fill, an entry or a reduce-only one, as it was then. */
export interface Gone {
  readonly at: Timestamp
  readonly entry: PendingEntry | null
  readonly order: WorkingOrder | null
  /** Of an entry that was given up without the exchange ever having accepted it. */
  readonly isNew?: true
}

/** A leverage that the exchange is asked to set, or to tell. */
export interface LeverageRequest {
  readonly requestId: string
  readonly wanted: number
  readonly askedAt: Timestamp
  /** It asks what is in force, and changes nothing. */
  readonly isLookUp: boolean
  /** How often it was asked for again. */
  readonly tries: number
}

/** How far the cancellation of an entry has come; `refused` and `asked` as with a doubted order. */
export type Cancelling = 'sent' | 'refused' | 'asked'

/** A stop that is wanted or on its way. */
export interface StopRequest {
  readonly requestId: string
  readonly stop: Ticks
  /** `restore`: the stop in the books is missing at the exchange. */
  readonly why: StopMove | 'restore' | 'cascade'
  readonly reason: string
  /** When it was sent; of a wish, before when it is not to be sent. */
  readonly sentAt: Timestamp
  /** Nothing says whether it took effect: the account is read before anything else is asked. */
  readonly doubt: 'none' | 'no-answer' | 'not-modified' | 'restart'
}

/** What is wanted of a position's stop: one request is in flight at most, the tightest wish waits behind it. */
export interface StopState {
  readonly wish: StopRequest | null
  readonly inFlight: StopRequest | null
  /** How often in a row the stop could not be restored, and since when it is missing; 0 where it is not. */
  readonly tries: number
  readonly missingSince: Timestamp
  /** When the position was first told of; 0 where that is not known. */
  readonly openedAt: Timestamp
  /** The exchange has shown the stop since the entry, so that a missing one was removed by somebody. */
  readonly wasSeen: boolean
  /** Why the position is to be closed whatever it takes; `null`: it is not. */
  readonly closing: string | null
  /** What the exit is to be called; left out: an emergency. */
  readonly closingAs?: ExitReason
}

/** What the exchange says of itself that keeps entries away. */
export const FACT_KINDS = [
  'listing',
  'only-reduce',
  'margin',
  'terms',
  'not-isolated',
  'maintenance',
  'unread',
] as const
type FactKind = (typeof FACT_KINDS)[number]

/** An announced maintenance; `until` of `null`: its end is not known. */
export interface Maintenance {
  readonly from: Timestamp
  readonly until: Timestamp | null
}

/** Something that keeps entries away, by what the exchange has said. */
export interface Obstacle {
  readonly cause: Refusal | 'other' | FactKind
  /** `null`: from all symbols. */
  readonly symbol: string | null
  readonly reason: string
  readonly since: Timestamp
  /** `null`: until it is lifted. */
  readonly until: Timestamp | null
}

/** A part of a position whose orders the exchange has refused: when the next may be sent. */
export interface RefusedLeg {
  /** How often in a row. */
  readonly tries: number
  readonly until: Timestamp
  readonly why: Refusal | 'unsent' | 'other'
  /** Of the position then: what has another quantity is another matter. */
  readonly steps: Steps
  readonly signalId: string
  /** The order, where it never came to the exchange: the next of its part is this very one. */
  readonly unsent?: Pick<WorkingOrder, 'clientOrderId' | 'price' | 'steps' | 'why'>
}

/** What refused a signal last, and on which candle. */
export interface LastRefusal {
  readonly gate: string
  readonly candleStart: Timestamp
}

/** A position of somebody else. */
export interface Foreign {
  readonly symbol: string
  /** `null` where an earlier bbw kept the symbol alone, until the account is read. */
  readonly side: Side | null
  /** As the account has shown it last; `null` before it has. */
  readonly shown: AccountPosition | null
}

/** What is known of orders that wait for a price where nothing is held. */
export interface LeftoverState {
  /** When bbw's last position of a key has ended. */
  readonly ended: readonly (readonly [key: string, at: Timestamp])[]
  /** Ids of those of somebody else that were told of. */
  readonly told: readonly string[]
}

/** A position that is to change hands; `askedAt`: when what is still there was last asked to go. */
export interface WaitingHandover extends Handover {
  readonly askedAt: Timestamp | null
}

/** Positions that are being closed for a person. */
export interface WaitingClosure extends Closure {
  /** When something has gone forward last. */
  readonly since: Timestamp
  /** When entries were last asked to go. */
  readonly askedAt: Timestamp | null
  /** When a close of a position of somebody else was last sent, by its key. */
  readonly tried: readonly (readonly [string, Timestamp])[]
  /** The books have something of it left. */
  readonly isOpen: boolean
  /** The exchange has accepted an order for each position of it. */
  readonly isAccepted: boolean
  /** Whoever asked has been told that it is not done yet. */
  readonly isAnswered: boolean
  /** Keys of the positions that were found to be closed, and of those too small for an order. */
  readonly closed: readonly string[]
  readonly left: readonly string[]
  /** What the exchange has said last against it; empty: nothing. */
  readonly trouble: string
}

/** A reduce-only order that the exchange has refused. */
export interface RefusedExit {
  readonly clientOrderId: string
  readonly symbol: string
  readonly side: Side
  readonly leg: OrderLeg
  readonly steps: Steps
  readonly reason: string
}

/** One of both positions of an exchange; a signal makes at most one. */
export interface RotationLeg {
  readonly symbol: string
  readonly side: Side
  readonly signalId: string
}

/** An exchange of one position for another on its way. */
export interface Rotation {
  /** `opening`: up to the stop of the new one that the account shows; `closing`: until the old one is gone. */
  readonly phase: 'opening' | 'closing'
  readonly from: RotationLeg
  readonly to: RotationLeg
  /** The order that opens, and how much it is to open. */
  readonly entryId: string
  readonly steps: Steps
  readonly reason: string
  /** How often the close was sent, and the order that was sent last. */
  readonly closes: number
  readonly closeId: string | null
}

/** Exchanges of positions. */
export interface RotationState {
  readonly running: Rotation | null
  readonly begun: readonly { readonly at: Timestamp; readonly from: string; readonly to: string }[]
  readonly flagged: readonly string[]
  readonly refused: readonly (readonly [string, string])[]
}

/** Answers to the questions of the light cycle, as far as they have come; looked at when all are there. */
export interface Verification {
  readonly accountQuery: string
  readonly executionsQuery: string | null
  readonly orderQueries: readonly (readonly [queryId: string, clientOrderId: string])[]
  account: Account | null
  executions: readonly (Execution | Unread)[] | null
  reports: OrderReport[]
  /** State of the books when the questions were asked: what is told meanwhile makes the answers old. */
  readonly revision: number
  readonly askedAt: Timestamp
}

/** The account as it was compared last: the state of the books that was, and when it was asked for. */
export type Compared = Pick<Verification, 'revision' | 'askedAt'>

/** An account that cannot be read. */
export interface Unreadable {
  readonly since: Timestamp
  /** It was told that the exchange does not answer. */
  readonly isTold: boolean
}

/** Why everything is compared before anything is added. */
export interface Recovery {
  readonly cause: 'restart' | 'gap'
  readonly since: Timestamp
  /** What was found missing and booked or taken over so far. */
  readonly found: number
}

/** A cycle on its way through its steps. */
export interface RunningCycle {
  readonly cycle: CycleId
  step: number
  /** Ids of the replies and orders the step waits for, and until when. */
  waiting: { for: string[]; readonly deadline: Timestamp } | null
}

/** Columns of candles as plain lists; a blank turnover is `null`. */
export interface SavedCandles {
  readonly start: readonly number[]
  readonly open: readonly number[]
  readonly high: readonly number[]
  readonly low: readonly number[]
  readonly close: readonly number[]
  readonly volume: readonly number[]
  readonly turnover: readonly (number | null)[]
}

/** Figures of 15-minute candles. */
export interface SavedMinutes15 {
  readonly atr: SavedAtr
  readonly recent: SavedRecentCandles
}

/** Figures of 5-minute candles; `newest` and `close` are those of the last closed one. */
export interface SavedMinutes5 {
  readonly newest: Timestamp
  readonly close: Price
  readonly bands: SavedBollinger
  readonly rsi: SavedRsi
  readonly sinceGap: number
  readonly gap: number
}

/** Start of the candle decided on last, by timeframe. */
export type Decided = { readonly [K in Timeframe]: Timestamp }

/** One symbol's market. Prices are `null` before the first one. */
export interface SavedSymbol {
  readonly instrument: Instrument
  readonly daily: SavedCandles
  readonly hours: SavedRecentCandles
  readonly minutes15: SavedMinutes15
  readonly minutes5: SavedMinutes5 | null
  readonly last: number | null
  readonly lastAt: Timestamp
  readonly mark: number | null
  readonly funding: number | null
  /** Left out by a bbw that knew only rates. */
  readonly fundingInterval?: Milliseconds | null
  readonly nextFunding?: Timestamp | null
  readonly decided: Decided
}

/** A position of the books that the account does not show. */
export interface Missing {
  readonly key: string
  readonly since: Timestamp
  /** In how many readings in a row, each with everything that was executed. */
  readonly looks: number
}

/**
 * Everything the engine knows, as plain data that survives JSON. Settings are not part of it: a run continues under
 * the settings it is loaded with.
 */
export interface EngineState {
  readonly version: 1
  readonly now: Timestamp
  readonly portfolio: {
    readonly wallet: Usdt
    readonly positions: readonly Position[]
    readonly pending: readonly PendingEntry[]
    readonly day: number
    readonly dayRealised: Usdt
  }
  readonly symbols: readonly SavedSymbol[]
  readonly cancelling: readonly (readonly [string, Cancelling])[]
  readonly orders: readonly WorkingOrder[]
  readonly stops: readonly (readonly [string, StopState])[]
  readonly attempts: readonly (readonly [string, number])[]
  readonly cooldowns: readonly (readonly [string, Timestamp])[]
  readonly accepted: readonly (readonly [string, readonly Timestamp[]])[]
  readonly stopOuts: readonly StopOut[]
  readonly stopOutsNoted: readonly StopOut[]
  readonly fills: readonly (readonly [string, Timestamp])[]
  readonly gone: readonly (readonly [string, Gone])[]
  /** Entries that wait for their leverage: the exchange has never seen them. */
  readonly held: readonly OrderRequest[]
  /** Leverages confirmed by the exchange, and those that are asked for, by symbol. */
  readonly leverages: readonly (readonly [string, number])[]
  readonly leverageRequests: readonly (readonly [string, LeverageRequest])[]
  readonly used: readonly (readonly [string, Timestamp])[]
  readonly refusals: readonly (readonly [string, LastRefusal])[]
  /** Signals that something passing has refused. */
  readonly secondLooks: readonly SecondLook[]
  /** Whether decisions wait for the end of a comparison, and those of which timeframes there are. */
  readonly putOff: { readonly isWaiting: boolean; readonly news: readonly Timeframe[] }
  readonly obstacles: readonly Obstacle[]
  /** When what was told last that is not told again for a while. */
  readonly toldAt: readonly (readonly [string, Timestamp])[]
  readonly listings: readonly Listing[]
  readonly listingsTold: readonly string[]
  readonly terms: AccountTerms | null
  readonly termsNow: AccountTerms | null
  readonly maintenance: Maintenance | null
  /** By position and leg. */
  readonly refusedLegs: readonly (readonly [string, RefusedLeg])[]
  readonly alerted: readonly (readonly [string, Timestamp])[]
  readonly risky: readonly string[]
  readonly schedule: SavedSchedule
  readonly running: RunningCycle | null
  readonly failures: readonly (readonly [string, readonly Timestamp[]])[]
  /** When it was told last that a step fails, by the runner's keys. */
  readonly failuresTold: readonly (readonly [string, Timestamp])[]
  readonly sequence: number
  readonly gates: Gates
  readonly drift: string
  readonly missing: readonly Missing[]
  readonly driftSince: Timestamp | null
  readonly standing: Standing
  /** What was told of how near positions are to their liquidation. */
  readonly warned: readonly string[]
  /** Where the exchange said last that it liquidates positions, by their keys. */
  readonly liquidations: readonly (readonly [string, Price])[]
  readonly losses: readonly Loss[]
  /** Ends of the pauses after losses that were told as begun and not yet as over, by gate. */
  readonly lossPauses: readonly (readonly [gate: string, until: Timestamp])[]
  readonly doubts: readonly (readonly [string, Doubt])[]
  readonly asked: readonly (readonly [string, Timestamp])[]
  readonly foreign: readonly Foreign[]
  /** What orders of this bbw have opened and its books have lost, by position. */
  readonly lost: readonly (readonly [key: string, steps: Steps])[]
  readonly handovers: readonly WaitingHandover[]
  readonly closures: readonly WaitingClosure[]
  readonly rotation: RotationState
  readonly rivals: number
  readonly leftovers: LeftoverState
  readonly executedAt: Timestamp
  readonly recovery: Recovery | null
  readonly verification: Verification | null
  /** `null`: it was not, or not since the process began to end. */
  readonly compared: Compared | null
  readonly storeTrouble: string | null
  /** `null`: the account could be read when it was last asked for. */
  readonly unreadable: Unreadable | null
  readonly isDoubted: boolean
  /** The process ends within seconds. */
  readonly isEnding: boolean
  readonly revision: number
  readonly decided: readonly (readonly [string, Decided])[]
  readonly counts: { readonly [name: string]: number }
  /** Which candles were told, where decisions are taken down. */
  readonly told: readonly (readonly [symbol: string, series: readonly ToldSeries[]])[]
}
