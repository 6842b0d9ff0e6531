/** What the exchange, or the store before it, answers about orders, and what follows from it. */
import type { Code } from '../base/codes.ts'
import type { Figures } from '../guards/guard.ts'
import { formatSteps, formatTicks } from '../market/quantise.ts'
import { type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import { ORDER_ANSWER, type OrderStatus, UNANSWERED, UNSAVED } from './answer-rules.ts'
import { type EngineCore, LOOK_AFTER_FILL } from './core.ts'
import type { CycleRunner } from './cycle-runner.ts'
import type { Fates } from './fates.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Input, OrderTrouble } from './protocol.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import type { WorkingOrder } from './state.ts'

/** What is refused so says nothing about the order: the exchange had no room for anything. */
const NO_ROOM: readonly Refusal[] = ['rate', 'banned']

/** An answer about an order of the books. */
interface Told {
  readonly status: OrderStatus
  /** Nothing was known of the order's fate before. */
  readonly isDoubtful: boolean
  readonly reason: string
  readonly kind: Refusal | 'unsent' | undefined
}

export class Answers {
  readonly #core: EngineCore
  readonly #runner: CycleRunner
  readonly #orders: OrderDesk
  readonly #fates: Fates
  readonly #again: (entry: PendingEntry) => void

  /** @param again told of an entry that something passing has kept from the market */
  constructor(
    core: EngineCore,
    runner: CycleRunner,
    orders: OrderDesk,
    fates: Fates,
    again: (entry: PendingEntry) => void,
  ) {
    this.#again = again
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
    const isDoubtful = this.#orders.doubts.isDoubtful(id)
    if (doubt !== null) {
      if (status === 'accepted') this.#fates.found(id, doubt, 'was accepted')
      else this.#orders.doubts.settle(id)
    }
    if (status === 'accepted') this.#core.outcome(id, 'open', '')
    const kind = why === 'unsent' ? why : refusalOf(why)
    const told = { status, isDoubtful, reason, kind }
    if (entry !== undefined) this.#onEntry(entry, told, wasAccepted)
    if (order !== undefined) this.#onExit(order, told)
    // It may have been the last thing that was not known.
    if (doubt !== null && this.#core.recovery !== null) this.#core.hurry(this.#core.now)
  }

  /** The store has not taken the row of an order that was to go out. */
  persistRefused(key: string, reason: string, code: Code): void {
    const entry = this.#core.portfolio.pending.get(key)
    const { symbol, side } = entry ?? this.#orders.exits.get(key) ?? { symbol: null, side: null }
    const course = this.#core.ruled(UNSAVED, { id: key, symbol, side, isEntry: entry !== undefined })
    if (entry !== undefined && course === 'drop') {
      this.#orders.dropEntry(entry, 'dropped', reason)
      this.#core.count('refused:store')
      this.#core.event('refused', entry, `store: ${reason}`, { gate: 'store' }, key, code)
      return
    }
    this.#core.note('store', `not recorded: ${reason}`, key, code)
  }

  /** A request was sent, and no answer says whether it took effect. */
  #onUnknown(id: string, reason: string, why: OrderTrouble | undefined): void {
    const { doubt, code, isInVain } = this.#core.ruled(UNANSWERED, {
      id,
      symbol: this.#orders.findSymbol(id),
      why: why ?? null,
      isSent: this.#orders.doubts.get(id) !== null,
      isAsked: this.#orders.asked.has(id),
    })
    if (isInVain) this.#fates.askedInVain(id)
    if (doubt === null) return
    this.#core.revision++
    this.#orders.doubts.raise(id, doubt, this.#core.now)
    this.#fates.unknown(id, reason, code)
  }

  #onEntry(entry: PendingEntry, { status, isDoubtful, reason, kind }: Told, wasAccepted: boolean): void {
    const { clientOrderId: id, symbol, side } = entry
    const isCancelling = this.#orders.cancelling.has(id)
    const seen = { id, symbol, side, status, isDoubtful, isCancelling, exit: null }
    const after = this.#core.ruled(ORDER_ANSWER, seen)
    switch (after) {
      case 'too-late':
        this.#orders.refuseCancel(id)
        this.#runner.arrived(id)
        this.#core.touch('light')
        return
      case 'rejected':
        this.#rejected(entry, reason, wasAccepted, kind === 'unsent' ? undefined : kind)
        return
      case 'gone':
      case 'gone-outside':
        this.#fates.entryGone(entry, 'expired', reason, after === 'gone' ? null : 'W208')
        return
      default:
        return
    }
  }

  /** An entry was refused: it is gone, and what stood in its way keeps others from it for a while. */
  #rejected(entry: PendingEntry, reason: string, wasAccepted: boolean, kind: Refusal | undefined): void {
    const code = this.#core.obstacles.entryRefused(kind, entry.symbol, reason, wasAccepted)
    const sent = this.#orders.sentEntries(entry.signalId)
    this.#fates.entryGone(entry, 'rejected', reason, code ?? (wasAccepted ? 'W110' : null))
    if (wasAccepted || kind === undefined || !NO_ROOM.includes(kind)) return
    this.#orders.goOn(entry.signalId, sent)
    this.#again(entry)
  }

  #onExit(order: WorkingOrder, { status, isDoubtful, reason, kind }: Told): void {
    const { clientOrderId: id, symbol, side, leg, price, state } = order
    const position = this.#core.portfolio.positions.get(positionKey(symbol, side))
    const isHeld = position !== undefined
    const exit = { leg, price, state, isHeld }
    const seen = { id, symbol, side, status, isDoubtful, isCancelling: null, exit }
    const after = this.#core.ruled(ORDER_ANSWER, seen)
    switch (after) {
      case 'accepted':
        if (state === 'sent') order.state = 'working'
        this.#orders.accepted(order)
        if (position !== undefined && price !== null) this.#tellTarget(order, position, 'set')
        return
      case 'amended':
        order.state = 'working'
        // One that the exchange has cut with its position is no news: what is wanted of it is told once it is so.
        if (order.wanted === null) return
        order.price = order.wanted.price
        order.steps = order.wanted.steps
        order.wanted = null
        if (position !== undefined) this.#tellTarget(order, position, 'moved')
        return
      case 'look-up':
        this.#orders.doubts.raise(id, 'missing', this.#core.now)
        this.#core.hurry(this.#core.now)
        return
      case 'in-doubt':
        order.state = 'doubted'
        order.wanted = null
        if (position !== undefined) this.#core.event('rejected', position, reason, {}, id)
        break
      case 'refused':
        this.#core.outcome(id, kind === 'unsent' ? 'pending' : 'rejected', reason)
        this.#reducingRefused(order, position, reason, kind)
        break
      default:
        this.#core.outcome(id, 'cancelled', reason)
        this.#orders.forget(order)
        // What has to be closed is asked for again at once.
        if (leg === 'close') this.#core.hurry(this.#core.now + LOOK_AFTER_FILL)
    }
    this.#core.touchAll()
  }

  #tellTarget(order: WorkingOrder, position: Position, what: 'set' | 'moved'): void {
    const { leg, clientOrderId } = order
    this.#core.event('targets', position, `${leg} ${what}`, this.#figures(order, position), clientOrderId)
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
    kind: Told['kind'],
  ): void {
    const { rest, asksAccount, goesAtMarket } = this.#orders.refuse(order, position, kind ?? 'other', reason)
    const tries = rest?.tries ?? 1
    if (asksAccount) {
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
    if (!goesAtMarket) return
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

function codeOfClose(kind: Told['kind'], tries: number): Code | null {
  if (kind === 'small') return 'I604'
  return tries >= MANY_TRIES ? 'C222' : null
}

function codeOfTarget(kind: Told['kind']): Code | null {
  if (kind === 'small') return 'I604'
  if (kind === 'too-many') return 'W209'
  return kind === 'price' ? 'W413' : null
}
