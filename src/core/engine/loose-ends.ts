/**
 * What a process would leave behind with its fate open if it ended now: entries that nobody knows to rest, to have filled
 * or to have failed, positions whose stop the exchange has not shown, and what is on its way to be closed. An order that
 * rests, and a position with its stop, need nobody: they are at the exchange.
 */
import type { Side } from '../market/side.ts'
import { MANUAL, type Position, positionKey } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Compared, StopState, WorkingOrder } from './state.ts'
import type { StopDesk } from './stop-desk.ts'

export interface LooseEnd {
  /** `held`: an entry that waits for its leverage, which the exchange has never seen. */
  readonly kind: 'held' | 'entry' | 'position' | 'exit'
  readonly symbol: string
  readonly side: Side
  /** The order that it is about; `null`: it is about the position. */
  readonly clientOrderId: string | null
  /** In words, to follow symbol and side. */
  readonly what: string
}

export interface LooseEnds {
  /** Nothing is open, and the account has shown the books as they are now; or it cannot be read, and nothing is open. */
  readonly isSettled: boolean
  readonly left: readonly LooseEnd[]
}

type Books = Pick<EngineCore, 'portfolio' | 'revision'>
type Orders = Pick<OrderDesk, 'exits' | 'cancelling' | 'asked' | 'doubts' | 'isHeld' | 'isDust'>

/**
 * @param compared the account as it was compared last
 * @param isUnreadable it could not be read when it was asked for last
 */
export function looseEnds(
  { portfolio: { positions, pending }, revision }: Books,
  orders: Orders,
  stops: Pick<StopDesk, 'of'>,
  compared: Compared | null,
  isUnreadable: boolean,
): LooseEnds {
  const left: LooseEnd[] = []
  for (const { symbol, side, clientOrderId, sentAt } of pending.values()) {
    // One that was accepted before the account was last asked for, and has not been missed there, rests: an exchange may
    // answer within the moment at which it was sent.
    const isShown = compared !== null && compared.revision === revision && sentAt <= compared.askedAt
    const what = ofEntry(clientOrderId, orders, isShown)
    const kind = orders.isHeld(clientOrderId) ? 'held' : 'entry'
    if (what !== null) left.push({ kind, symbol, side, clientOrderId, what })
  }
  for (const position of positions.values()) {
    const { symbol, side } = position
    const what = ofPosition(position, stops.of(positionKey(symbol, side)), orders.isDust(position))
    if (what !== null) left.push({ kind: 'position', symbol, side, clientOrderId: null, what })
  }
  for (const order of orders.exits.values()) {
    const { symbol, side, clientOrderId } = order
    const what = ofExit(order, orders)
    if (what !== null) left.push({ kind: 'exit', symbol, side, clientOrderId, what })
  }
  const isEmpty = positions.size === 0 && pending.size === 0
  const isSeen = compared !== null && compared.revision === revision
  return { isSettled: left.length === 0 && (isSeen || isEmpty || isUnreadable), left }
}

function ofEntry(id: string, orders: Orders, isShown: boolean): string | null {
  if (orders.isHeld(id)) return 'entry waits for its leverage'
  if (orders.doubts.get(id) !== null) return 'entry is of unknown fate'
  if (orders.cancelling.has(id)) return 'entry is being taken back'
  return isShown ? null : 'entry is accepted, and has not been seen to rest or to fill'
}

function ofPosition({ strategy }: Position, state: StopState, isDust: boolean): string | null {
  const { closing, missingSince, inFlight, wish, wasSeen } = state
  if (closing !== null) return isDust ? null : 'is being closed'
  if (missingSince > 0) return 'stands WITHOUT its stop'
  if (inFlight !== null || wish !== null) return 'has a stop that is being moved'
  return wasSeen || strategy === MANUAL ? null : 'has a stop that nobody has seen at the exchange'
}

function ofExit({ clientOrderId: id, leg, price, state }: WorkingOrder, orders: Orders): string | null {
  if (leg === 'close' || price === null) return 'is being closed at the market'
  if (orders.doubts.get(id) !== null) return 'has a target of unknown fate'
  return state === 'working' && !orders.asked.has(id) ? null : 'has a target that is being changed'
}
