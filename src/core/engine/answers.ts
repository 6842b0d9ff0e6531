/** What the exchange, or the store before it, answers about orders, and what follows from it. */
import { unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import type { Figures } from '../guards/guard.ts'
import { formatSteps, formatTicks, priceOf } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import { type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import { type EngineCore, LOOK_AFTER_FILL } from './core.ts'
import type { CycleRunner } from './cycle-runner.ts'
import type { Fates } from './fates.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Input, OrderTrouble } from './protocol.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import type { WorkingOrder } from './state.ts'

export class Answers {
  readonly #core: EngineCore
  readonly #runner: CycleRunner
  readonly #orders: OrderDesk
  readonly #fates: Fates

  constructor(core: EngineCore, runner: CycleRunner, orders: OrderDesk, fates: Fates) {
    this.#core = core
    this.#runner = runner
    this.#orders = orders
    this.#fates = fates
  }

  /** Takes what the exchange says of an order. */
  take(input: Extract<Input, { readonly type: 'order' }>): void {
    const { clientOrderId: id, status, reason, why } = input
    if (status === 'unknown' || why === 'duplicate-id') {
      this.#onUnknown(id, reason, why)
      return
    }
    this.#orders.answered(id)
    const entry = this.#core.portfolio.pending.get(id)
    const order = this.#orders.exits.get(id)
    if (entry === undefined && order === undefined) return
    this.#core.revision++
    const doubt = this.#orders.doubts.get(id)
    const wasAccepted = doubt === null
    if (doubt !== null) {
      if (status === 'accepted') this.#fates.found(id, doubt, 'was accepted')
      else this.#orders.doubts.settle(id)
    }
    if (status === 'accepted') this.#core.outcome(id, 'open', '')
    const kind = refusalOf(why)
    if (entry !== undefined) this.#onEntry(entry, status, reason, wasAccepted, kind)
    if (order !== undefined) this.#onExit(order, status, reason, kind)
    // It may have been the last thing that was not known.
    if (doubt !== null && this.#core.recovery !== null) this.#core.hurry(this.#core.now)
  }

  /** The store has not taken the row of an order that was to go out. */
  persistRefused(key: string, reason: string, code: Code): void {
    const entry = this.#core.portfolio.pending.get(key)
    if (entry !== undefined) {
      this.#orders.dropEntry(entry, 'dropped', reason)
      this.#core.count('refused:store')
      this.#core.event('refused', entry, `store: ${reason}`, { gate: 'store' }, key, code)
      return
    }
    // A reduce-only order goes out without its row: less exposure must never wait for a disk.
    this.#core.note('store', `not recorded: ${reason}`, key, code)
  }

  /** A request was sent, and no answer says whether it took effect. */
  #onUnknown(id: string, reason: string, why: OrderTrouble | undefined): void {
    const isPlaced = this.#orders.doubts.get(id) !== null
    if (this.#orders.asked.has(id)) this.#fates.askedInVain(id)
    if (!isPlaced) return
    this.#core.revision++
    const cause = why === 'duplicate-id' || why === 'unreadable' ? why : 'lost-reply'
    this.#orders.doubts.raise(id, cause, this.#core.now)
    this.#fates.unknown(id, reason, why === 'unreadable' ? 'E106' : why === 'duplicate-id' ? 'I104' : 'E105')
  }

  #onEntry(
    entry: PendingEntry,
    status: 'accepted' | 'amended' | 'rejected' | 'cancelled',
    reason: string,
    wasAccepted: boolean,
    kind: Refusal | undefined,
  ): void {
    switch (status) {
      case 'accepted':
      case 'amended':
        return
      case 'rejected':
        if (this.#orders.cancelling.has(entry.clientOrderId)) {
          // Too late to cancel, perhaps because it has just filled: the account tells, nothing is taken for granted.
          this.#orders.refuseCancel(entry.clientOrderId)
          this.#runner.arrived(entry.clientOrderId)
          this.#core.touch('light')
          return
        }
        this.#rejected(entry, reason, wasAccepted, kind)
        return
      case 'cancelled': {
        const isOutside = !this.#orders.cancelling.has(entry.clientOrderId)
        this.#fates.entryGone(entry, 'expired', reason, isOutside ? 'W208' : null)
        return
      }
      default:
        unreachable(status)
    }
  }

  /** An entry was refused: it is gone, and what stood in its way keeps others from it for a while. */
  #rejected(entry: PendingEntry, reason: string, wasAccepted: boolean, kind: Refusal | undefined): void {
    // One that was taken at first and then not, for no reason that says more, leaves its symbol free.
    const isLate = wasAccepted && kind === undefined
    const code = isLate ? null : this.#core.obstacles.entryRefused(kind, entry.symbol, reason)
    this.#fates.entryGone(entry, 'rejected', reason, code ?? (wasAccepted ? 'W110' : null))
  }

  #onExit(
    order: WorkingOrder,
    status: 'accepted' | 'amended' | 'rejected' | 'cancelled',
    reason: string,
    kind: Refusal | undefined,
  ): void {
    const position = this.#core.portfolio.positions.get(positionKey(order.symbol, order.side))
    if (
      status === 'cancelled' &&
      position !== undefined &&
      order.state === 'working' &&
      order.price !== null
    ) {
      // By somebody's hand, or because the position is closed and that is still to be told: it is looked up.
      this.#orders.doubts.raise(order.clientOrderId, 'missing', this.#core.now)
      this.#core.hurry(this.#core.now)
      return
    }
    switch (status) {
      case 'accepted':
        if (order.state === 'sent') order.state = 'working'
        this.#orders.accepted(order)
        if (position !== undefined && order.price !== null) {
          this.#core.event(
            'targets',
            position,
            `${order.leg} set`,
            this.#figures(order, position),
            order.clientOrderId,
          )
        }
        return
      case 'amended':
        if (order.wanted !== null) {
          order.price = order.wanted.price
          order.steps = order.wanted.steps
          order.wanted = null
        }
        order.state = 'working'
        if (position !== undefined) {
          this.#core.event(
            'targets',
            position,
            `${order.leg} moved`,
            this.#figures(order, position),
            order.clientOrderId,
          )
        }
        return
      case 'rejected':
      case 'cancelled':
        if (status === 'rejected' && order.state !== 'sent') {
          // What was refused is an amendment or a cancellation; the order may rest on as it was, or have just filled.
          order.state = 'doubted'
          order.wanted = null
          if (position !== undefined && status === 'rejected') {
            this.#core.event('rejected', position, reason, {}, order.clientOrderId)
          }
        } else {
          this.#core.outcome(order.clientOrderId, status, reason)
          if (status === 'rejected') this.#reducingRefused(order, position, reason, kind)
          else {
            this.#orders.forget(order)
            // What has to be closed is asked for again at once.
            if (order.leg === 'close') this.#core.hurry(this.#core.now + LOOK_AFTER_FILL)
          }
        }
        this.#core.touchAll()
        return
      default:
        unreachable(status)
    }
  }

  /**
   * An order that takes from a position was refused. It finds another way, or waits and is told: one that finds nothing
   * to take from has the account asked; a target whose price the market has reached by now, and that is out of the
   * bounds of prices, goes at the market.
   */
  #reducingRefused(
    order: WorkingOrder,
    position: Position | undefined,
    reason: string,
    kind: Refusal | undefined,
  ): void {
    const tries = this.#orders.refuse(order, position, kind ?? 'other', reason)
    if (kind === 'flat') {
      this.#core.isDoubted = true
      this.#core.hurry(this.#core.now)
    }
    if (position === undefined) return
    const { clientOrderId: id, leg } = order
    const isClose = leg === 'close'
    const key = `${positionKey(position.symbol, position.side)} ${leg} refused`
    const code = isClose ? codeOfClose(kind, tries) : codeOfTarget(kind)
    if (tries === 1 || (isClose && code !== null)) {
      const isNews = this.#core.obstacles.isNews(code === null ? key : `${key} ${code}`)
      if (isNews) this.#core.event('rejected', position, `${leg}: ${reason}`, { tries }, id, code)
    }
    if (isClose || kind !== 'price' || order.price === null) return
    const { last } = this.#core.markets.of(position.symbol)
    const isReached = (last - priceOf(position.instrument, order.price)) * sign(position.side) >= 0
    if (!isReached) return
    this.#orders.accepted(order)
    this.#orders.placeTarget(position, leg, null, order.steps)
  }

  #figures(order: WorkingOrder, position: Position): Figures {
    return {
      leg: order.leg,
      price: order.price === null ? null : formatTicks(position.instrument, order.price),
      qty: formatSteps(position.instrument, order.steps),
    }
  }
}

/** So many refusals in a row of what has to close are more than a hitch. */
const MANY_TRIES = 3

function codeOfClose(kind: Refusal | undefined, tries: number): Code | null {
  if (kind === 'small') return 'I604'
  return tries >= MANY_TRIES ? 'C222' : null
}

function codeOfTarget(kind: Refusal | undefined): Code | null {
  if (kind === 'small') return 'I604'
  if (kind === 'too-many') return 'W209'
  return kind === 'price' ? 'W413' : null
}
