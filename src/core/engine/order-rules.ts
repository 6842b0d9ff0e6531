/**
 * What is decided about orders apart from their being wanted: whether one that takes from a position goes out, and in how
 * many parts; what follows from its being refused; and how an order that is wanted no more is taken back. Pure.
 */
import {
  DAY,
  MINUTE,
  type Milliseconds,
  SECOND,
  type Steps,
  type Ticks,
  type Timestamp,
} from '../base/units.ts'
import { priceOf } from '../market/quantise.ts'
import { type Side, sign } from '../market/side.ts'
import type { Position } from '../portfolio/position.ts'
import type { OrderLeg } from './order-id.ts'
import type { Refusal } from './refusal.ts'
import type { Rule } from './rule.ts'
import type { Cancelling, RefusedLeg, WorkingOrder } from './state.ts'

/** A reduce-only order that was refused is asked for again this soon, then ever more rarely, at least this often. */
const FIRST_RETRY: Milliseconds = SECOND
const LONGEST_RETRY: Milliseconds = 30 * SECOND
/** What is too little for an order may have become enough after so long. */
const DUST_REST: Milliseconds = DAY
/** A close is sent in so many parts at most at once. */
const MOST_PARTS = 20
/** A target that there is no room for, or whose price is out of bounds, waits so long. */
const TARGET_REST: Milliseconds = 15 * MINUTE

/** What takes from a position: the position itself, or one that bbw did not open, under a name of its own. */
export type Taken = Pick<Position, 'symbol' | 'side' | 'steps' | 'signalId'>

// --- placing ----------------------------------------------------------------------------------------------------

/** An order that is to take from a position. */
export interface SeenPlacing {
  readonly of: Taken
  readonly strategy: string | null
  readonly leg: OrderLeg
  /** `null`: at the market. */
  readonly price: Ticks | null
  readonly steps: Steps
  /** What one order of its type is of at most; `null`: there is no bound. */
  readonly most: Steps | null
  /** The last refusal of its part, and of a close of the position. */
  readonly refused: RefusedLeg | null
  readonly refusedClose: RefusedLeg | null
  readonly isKeyRefused: boolean
  readonly now: Timestamp
}

export type Placing =
  /**
   * Goes out, in orders of these quantities. What is beyond the most of them is left for later. `again`: as the order
   * that never came to the exchange, under its id: should it be there all the same, it is found and not doubled.
   */
  | { readonly kind: 'place'; readonly parts: readonly Steps[]; readonly again?: RefusedLeg['unsent'] }
  /** `dust`: what is left of the position is too little for an order. */
  | {
      readonly kind: 'wait'
      readonly why: 'key-refused' | 'dust' | 'refused'
      readonly until: Timestamp | null
    }

export const PLACING: Rule<SeenPlacing, Placing> = {
  kind: 'placing',
  about: ({ of: { symbol, side }, strategy, leg }) => ({ strategy, symbol, side, id: leg }),
  decide(seen) {
    const { of, leg, price, refused, refusedClose, now } = seen
    if (seen.isKeyRefused) return { kind: 'wait', why: 'key-refused', until: null }
    if (leg !== 'close' && refusedClose !== null && isDust(refusedClose, of, now)) {
      return { kind: 'wait', why: 'dust', until: refusedClose.until }
    }
    if (refused !== null && isResting(refused, of, now)) {
      return { kind: 'wait', why: 'refused', until: refused.until }
    }
    const most = leg === 'close' && refused?.why === 'large' ? halfOf(refused, seen.most) : seen.most
    // A target rests as one order: what there is no room for in it follows once it has filled.
    const parts = partsOf(seen.steps, most, price === null && leg === 'close' ? MOST_PARTS : 1)
    const unsent = refused?.signalId === of.signalId ? refused.unsent : undefined
    const isSame =
      unsent !== undefined && parts.length === 1 && unsent.steps === parts[0] && unsent.price === price
    return { kind: 'place', parts, ...(isSame ? { again: unsent } : {}) }
  },
  isSilent: () => false,
  lasts: ({ kind }) => kind === 'wait',
}

/** Of an order that was too great half is tried, and half of that after each further refusal. */
function halfOf({ steps, tries }: RefusedLeg, most: Steps | null): Steps {
  const half = Math.ceil(steps / 2 ** tries)
  return Math.max(1, Math.min(most ?? half, half)) as Steps
}

function partsOf(steps: Steps, most: Steps | null, mostParts: number): Steps[] {
  if (most === null || steps <= most) return [steps]
  const parts: Steps[] = []
  for (let left: number = steps; left > 0 && parts.length < mostParts; left -= most) {
    parts.push(Math.min(most, left) as Steps)
  }
  return parts
}

/** Whether a refusal still keeps the next order of its part back. */
export function isResting({ until, steps, signalId, why }: RefusedLeg, of: Taken, now: Timestamp): boolean {
  if (signalId !== of.signalId || (why === 'small' && steps !== of.steps)) return false
  return now < until
}

/** Whether the last refusal of a close says that what is left is too little for an order. */
export function isDust(refusedClose: RefusedLeg, of: Taken, now: Timestamp): boolean {
  return refusedClose.why === 'small' && isResting(refusedClose, of, now)
}

// --- refused ----------------------------------------------------------------------------------------------------

/** An order that takes from a position and was refused. */
export interface SeenRefused {
  readonly order: Pick<WorkingOrder, 'clientOrderId' | 'symbol' | 'side' | 'leg' | 'price' | 'steps' | 'why'>
  /** Its part has been sent no other order since, and this one is not one of several. */
  readonly isLast: boolean
  /** `null`: it is not held any more, or is not bbw's. */
  readonly position: Pick<
    Position,
    'symbol' | 'side' | 'steps' | 'signalId' | 'instrument' | 'strategy'
  > | null
  readonly why: Refusal | 'unsent' | 'other'
  readonly before: RefusedLeg | null
  /** The last price; `NaN` where it is not known. */
  readonly last: number
  readonly now: Timestamp
}

export interface AfterRefusal {
  /** Keeps the next order of its part back; `null`: there is no position to take from. */
  readonly rest: RefusedLeg | null
  /** There may be nothing left to take from: the account is asked. */
  readonly asksAccount: boolean
  /** The price was out of bounds and the market has reached it by now: it goes at the market. */
  readonly goesAtMarket: boolean
}

export const REFUSED_EXIT: Rule<SeenRefused, AfterRefusal> = {
  kind: 'refused-exit',
  about: ({ order: { symbol, side, clientOrderId }, position }) => ({
    strategy: position?.strategy ?? null,
    symbol,
    side,
    id: clientOrderId,
  }),
  decide({ order, isLast, position, why, before, last, now }) {
    const asksAccount = why === 'flat'
    if (position === null) return { rest: null, asksAccount, goesAtMarket: false }
    const { steps, signalId, instrument, side } = position
    const isSame = before !== null && before.signalId === signalId
    // Parts of one order that are refused together are refused once.
    const tries = !isSame ? 1 : now < before.until ? before.tries : before.tries + 1
    const { price, leg } = order
    const goesAtMarket =
      leg !== 'close' &&
      why === 'price' &&
      price !== null &&
      (last - priceOf(instrument, price)) * sign(side) >= 0
    const unsent = why === 'unsent' && isLast ? { unsent: unsentOf(order) } : {}
    return {
      rest: { tries, until: now + restAfter(price, why, tries), why, steps, signalId, ...unsent },
      asksAccount,
      goesAtMarket,
    }
  },
  isSilent: () => false,
}

function unsentOf({ clientOrderId, price, steps, why }: SeenRefused['order']): RefusedLeg['unsent'] {
  return { clientOrderId, price, steps, ...(why === undefined ? {} : { why }) }
}

function restAfter(price: Ticks | null, why: SeenRefused['why'], tries: number): Milliseconds {
  if (why === 'small') return DUST_REST
  if (price !== null && (why === 'too-many' || why === 'price' || why === 'parameters')) return TARGET_REST
  return Math.min(FIRST_RETRY * 2 ** (tries - 1), LONGEST_RETRY)
}

/** No more orders may rest, and the stop of a position is to be set. */
export interface SeenCrowd {
  readonly of: Taken
  /** The targets that rest, the nearest first. */
  readonly targets: readonly string[]
  readonly now: Timestamp
}

/** The target that makes room for a stop, and what keeps it back; `null`: there is none. The farthest goes first. */
export const ROOM: Rule<SeenCrowd, { readonly id: string; readonly rest: RefusedLeg } | null> = {
  kind: 'room',
  about: ({ of: { symbol, side } }) => ({ strategy: null, symbol, side }),
  decide({ of: { steps, signalId }, targets, now }) {
    const id = targets.at(-1)
    if (id === undefined) return null
    return { id, rest: { tries: 1, until: now + TARGET_REST, why: 'too-many', steps, signalId } }
  },
}

// --- taking back ------------------------------------------------------------------------------------------------

/** Why an order is wanted no more. */
export type NotWanted =
  | 'expired'
  | 'not-planned'
  | 'not-wanted'
  | 'asked-to-close'
  | 'released'
  | 'listing'
  | 'foreign'
  | 'drawdown'
  | 'closing'
  | 'closed'
  | 'reduced'
  | 'stop-moved'
  | 'other-came-back'
  | 'filters'
  | 'no-room'
  | 'replaced'
  | 'orphan'

/** An order that is to be taken back. */
export interface SeenUnwanted {
  readonly id: string
  readonly symbol: string
  readonly side: Side
  readonly strategy: string | null
  readonly why: NotWanted
  /** It waits for its leverage: the exchange has never seen it. */
  readonly isHeld: boolean
  /** How far an earlier cancellation has come; `null`: there is none. */
  readonly stage: Cancelling | null
  /** One that is on its way, or was refused, is asked for again: that does no harm. */
  readonly again: boolean
}

/** `drop`: it was never sent; `null`: its cancellation is left to its answer. */
export const TAKE_BACK: Rule<SeenUnwanted, 'drop' | 'cancel' | null> = {
  kind: 'take-back',
  about: ({ id, symbol, side, strategy }) => ({ strategy, symbol, side, id }),
  decide({ isHeld, stage, again }) {
    if (stage !== null && !again) return null
    return isHeld ? 'drop' : 'cancel'
  },
}
