/**
 * What is decided about positions that a person wants closed: what is closed and taken back, what a refusal means, how
 * long nothing may go forward, and what the account says in the end. Pure; `closures.ts` carries it out. It is asked after
 * every input while a closure waits, and that nothing is to be done is not taken down.
 */
import { MINUTE, type Milliseconds, SECOND, type Timestamp } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import { formatSteps } from '../market/quantise.ts'
import type { Side } from '../market/side.ts'
import { positionKey } from '../portfolio/position.ts'
import { LOOK_AGAIN } from './core.ts'
import { type OrderLeg, ownerOf } from './order-id.ts'
import type { Closure, RestingReport, Unread } from './protocol.ts'
import type { About, Rule } from './rule.ts'
import type { RefusedExit, WaitingClosure } from './state.ts'

/** So long nothing may go forward before whoever asked is told what stands in the way. */
export const CLOSE_PATIENCE: Milliseconds = MINUTE

/** One side of a symbol. */
export interface Spot {
  readonly symbol: string
  readonly side: Side
}

/** What the books have, of what is to be closed and of everything else. */
export interface SeenClosure {
  readonly closure: WaitingClosure
  readonly now: Timestamp
  readonly positions: readonly (Spot & { readonly isClosing: boolean })[]
  readonly entries: readonly (Spot & { readonly id: string; readonly isCancelling: boolean })[]
  /** Reduce-only orders; `isAccepted`: the exchange has it, and nothing about it is in doubt. */
  readonly exits: readonly (Spot & { readonly leg: OrderLeg; readonly isAccepted: boolean })[]
}

/** Whether it is asked to be closed. */
export function isAsked({ symbol, side }: Closure, one: Spot): boolean {
  return (symbol === null || one.symbol === symbol) && (side === null || one.side === side)
}

/** Whether it is still to be closed: what is less than the least order is left. */
export function isMeant(closure: WaitingClosure, one: Spot): boolean {
  return isAsked(closure, one) && !closure.left.includes(keyOf(one))
}

function keyOf({ symbol, side }: Spot): string {
  return positionKey(symbol, side)
}

function aboutClosure({ id, symbol, side }: Closure): About {
  return { strategy: null, symbol, side, id }
}

/** Whether the books have something of it left. */
function isOpen({ closure, positions, entries, exits }: SeenClosure): boolean {
  return (
    positions.some(one => isMeant(closure, one)) ||
    entries.some(one => isAsked(closure, one)) ||
    exits.some(one => isMeant(closure, one))
  )
}

/** Whether the exchange has accepted an order for each position that is still to be closed. */
function isAccepted({ closure, exits }: SeenClosure): boolean {
  const closes = exits.filter(one => one.leg === 'close' && isAsked(closure, one))
  return closes.length > 0 && closes.every(one => one.isAccepted)
}

// --- what is closed and taken back

export interface ClosureStep {
  /** Ids of entries. What swallows the requests is not hammered. */
  readonly takesBack: readonly string[]
  /** Keys of positions. */
  readonly closes: readonly string[]
}

/** What is taken back and closed now; `null`: nothing, or nothing more. */
export const CLOSURE_STEP: Rule<SeenClosure, ClosureStep | null> = {
  kind: 'closure',
  about: ({ closure }) => aboutClosure(closure),
  decide({ closure, now, positions, entries }) {
    const { askedAt } = closure
    const isAskedNow = askedAt !== null && now < askedAt + LOOK_AGAIN
    const takesBack = isAskedNow
      ? []
      : entries.filter(one => isAsked(closure, one) && !one.isCancelling).map(({ id }) => id)
    const closes = positions.filter(one => isMeant(closure, one) && !one.isClosing).map(keyOf)
    return takesBack.length + closes.length === 0 ? null : { takesBack, closes }
  },
}

// --- how it goes on

export interface ClosureCourse {
  /** The books have something of it left. When they have nothing any more, the account is to say so. */
  readonly isOpen: boolean
  /** The exchange has what it needs: the market is waited for, however long it takes. */
  readonly isAccepted: boolean
  /** What whoever asked is told, as nothing has gone forward for too long; what is bbw's is closed all the same. */
  readonly stuck: string | null
}

/** How far a closure has come. */
export const CLOSURE_COURSE: Rule<SeenClosure, ClosureCourse> = {
  kind: 'closure-course',
  about: ({ closure }) => aboutClosure(closure),
  decide(seen) {
    const { closure, now } = seen
    const accepted = isAccepted(seen)
    // It had what it needs until now: patience begins here.
    const isWaiting = !closure.isAnswered && !accepted && !closure.isAccepted
    const stuck = isWaiting && now >= closure.since + CLOSE_PATIENCE ? standstill(closure) : null
    return { isOpen: isOpen(seen), isAccepted: accepted, stuck }
  },
  isSilent: (course, { closure }) =>
    course.stuck === null && course.isOpen === closure.isOpen && course.isAccepted === closure.isAccepted,
}

function standstill({ trouble }: WaitingClosure): string {
  const words = trouble === '' ? 'the exchange does not answer' : trouble
  return `not flat after ${CLOSE_PATIENCE / SECOND} s: ${words}; what is bbw's is closed on while bbw runs`
}

// --- refusals

/** An order that takes from a position was refused while a closure waits. */
export interface SeenClosureRefusal {
  readonly closure: WaitingClosure
  readonly refused: RefusedExit
  /** `null`: the symbol is not known. */
  readonly instrument: Pick<Instrument, 'symbol' | 'step' | 'minQty'> | null
  /** The exchange has called it too little, which was told. */
  readonly isDust: boolean
}

export type ClosureRefusal =
  | { readonly kind: 'again'; readonly trouble: string }
  /** What is left of the position, in coins, is less than the least order: it stays with its stop. */
  | {
      readonly kind: 'leave'
      readonly trouble: string
      readonly words: string
      readonly rest: string
      readonly isTold: boolean
    }

/**
 * Less than the least order is left, anything else is tried again; `null`: it closes nothing that is to be closed. What
 * is refused of a target says nothing about the close.
 */
export const CLOSURE_REFUSAL: Rule<SeenClosureRefusal, ClosureRefusal | null> = {
  kind: 'closure-refusal',
  about: ({ closure: { id }, refused: { symbol, side } }) => ({ strategy: null, symbol, side, id }),
  decide({ closure, refused, instrument, isDust }) {
    if (refused.leg !== 'close' || !isAsked(closure, refused)) return null
    const { symbol, side, steps, reason } = refused
    if (instrument === null || steps >= instrument.minQty) {
      return { kind: 'again', trouble: `${symbol} ${side}: ${reason}` }
    }
    const rest = formatSteps(instrument, steps)
    const words = `the rest of ${rest} is below the least order of ${formatSteps(instrument, instrument.minQty)}`
    return { kind: 'leave', trouble: `${symbol} ${side}: ${words}`, words, rest, isTold: !isDust }
  },
}

// --- what the account shows

/** The account, read with everything that was executed and compared with the books. */
export interface SeenClosureAccount extends SeenClosure {
  readonly there: readonly Spot[]
  readonly resting: readonly Pick<RestingReport, 'clientOrderId' | 'symbol' | 'side' | 'purpose'>[]
  /** Orders whose change or cancellation is on its way. */
  readonly asked: readonly string[]
  readonly instance: string
  /** What could not be read. */
  readonly unread: readonly Unread[]
}

export type ClosureEnd =
  | { readonly kind: 'flat'; readonly words: string }
  | { readonly kind: 'refused'; readonly words: string; readonly why: 'missing' | 'denied' | 'stuck' }

export interface ClosureSight {
  /** Keys of positions that bbw did not open. */
  readonly closes: readonly string[]
  /** Entries of a bbw that these books know nothing of: they would open again what is closed. */
  readonly takesBack: readonly string[]
  readonly end: ClosureEnd | null
  /** The exchange does not have all that it needs: it is not waited for the next turn to look again. */
  readonly isPressing: boolean
}

/** What follows from the account: what is not bbw's is closed where that was said, and the end. */
export const CLOSURE_ACCOUNT: Rule<SeenClosureAccount, ClosureSight> = {
  kind: 'closure-account',
  about: ({ closure }) => aboutClosure(closure),
  decide(seen) {
    const { closure, positions, there } = seen
    const booked = new Set(positions.map(keyOf))
    const foreign = there.filter(one => isAsked(closure, one) && !booked.has(keyOf(one)))
    // Only while whoever asked is there: who knows which position is meant later.
    const isForeignMeant = closure.isForeignToo && !closure.isAnswered
    const strangers = isForeignMeant ? foreign.filter(one => isMeant(closure, one)) : []
    const closes = strangers.filter(one => isToBeTried(seen, one)).map(keyOf)
    const isRead = unreadOf(closure, seen.unread) === null
    const isOver = isRead && strangers.length === 0 && !isOpen(seen)
    return {
      closes,
      takesBack: isForeignMeant ? rivals(seen) : [],
      end: isOver ? endOf(closure, foreign) : null,
      isPressing: closes.length > 0 || !isAccepted(seen),
    }
  },
  isSilent: ({ closes, takesBack, end }) => closes.length + takesBack.length === 0 && end === null,
}

/** What cannot be read of what is to be closed: it is not flat for that; `null`: everything can. */
export function unreadOf({ symbol }: Closure, unread: readonly Unread[]): Unread | null {
  const concerns = (one: Unread): boolean =>
    one.what !== 'wallet' && (symbol === null || one.symbol === null || one.symbol === symbol)
  return unread.find(concerns) ?? null
}

/** No order closes it already, and what refuses at once is not hammered. */
function isToBeTried({ closure, exits, now }: SeenClosureAccount, one: Spot): boolean {
  const key = keyOf(one)
  const last = closure.tried.find(([other]) => other === key)?.[1]
  return (
    !exits.some(order => order.leg === 'close' && keyOf(order) === key) &&
    (last === undefined || now >= last + LOOK_AGAIN)
  )
}

function rivals({ closure, resting, entries, asked, instance }: SeenClosureAccount): readonly string[] {
  const known = new Set([...entries.map(({ id }) => id), ...asked])
  return resting
    .filter(one => one.purpose === 'entry' && isAsked(closure, one))
    .map(({ clientOrderId }) => clientOrderId)
    .filter(id => ownerOf(id, instance) !== 'other' && !known.has(id))
}

function endOf(closure: WaitingClosure, foreign: readonly Spot[]): ClosureEnd {
  const { symbol, closed, left, isForeignToo, isAnswered, trouble } = closure
  // Whoever asked was told what stood in the way: what is somebody else's is tried no more, and is not flat for that.
  const still = foreign.filter(one => closed.includes(keyOf(one)))
  if (isAnswered && isForeignToo && still.length > 0) {
    return { kind: 'refused', words: trouble, why: 'stuck' }
  }
  if (left.length > 0 && !isAnswered) return { kind: 'refused', words: trouble, why: 'stuck' }
  if (closed.length === 0 && symbol !== null && !isAnswered) {
    return foreign.length > 0
      ? { kind: 'refused', words: 'it was not opened by bbw: say --foreign', why: 'denied' }
      : { kind: 'refused', words: 'it is not held', why: 'missing' }
  }
  const names = closed.map(key => key.replace(':', ' ')).join(', ')
  const rest = isForeignToo ? [] : foreign.map(one => `${one.symbol} ${one.side}`)
  const words = [
    closed.length === 0 ? 'nothing was held' : `flat: ${names}`,
    ...(rest.length === 0 ? [] : [`left, not opened by bbw: ${rest.join(', ')}`]),
  ].join('; ')
  return { kind: 'flat', words }
}
