/**
 * What becomes of orders whose fate is not known: an answer that is overdue makes a doubt, a look-up or the account
 * settles it. Until then nothing is counted as done or as not done.
 */
import { unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import { SECOND, type Timestamp } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import { type PendingEntry, positionKey } from '../portfolio/position.ts'
import { type EngineCore, LOOK_AFTER_FILL } from './core.ts'
import { foundCode } from './doubts.ts'
import { ABSENCE, FATE, LATE, REST, SPENT } from './fate-rules.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { Management } from './management.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Protection } from './protection.ts'
import type { Account, AccountPosition, OrderReport } from './protocol.ts'
import { agrees } from './reconcile.ts'
import { earliest } from './schedule.ts'
import type { Doubt, WorkingOrder } from './state.ts'
import type { Strangers } from './strangers.ts'

export class Fates {
  readonly #core: EngineCore
  readonly #gatekeeper: Gatekeeper
  readonly #orders: OrderDesk
  readonly #protection: Protection
  readonly #management: Management
  readonly #strangers: Strangers

  constructor(
    core: EngineCore,
    gatekeeper: Gatekeeper,
    orders: OrderDesk,
    protection: Protection,
    management: Management,
    strangers: Strangers,
  ) {
    this.#core = core
    this.#gatekeeper = gatekeeper
    this.#orders = orders
    this.#protection = protection
    this.#management = management
    this.#strangers = strangers
  }

  /** When the first of the answers awaited is overdue; `null` when none is awaited. */
  answerDue(): Timestamp | null {
    const answerMs = this.#core.settings.recovery.answerSeconds * SECOND
    let due = earliest(this.#orders.doubts.answerDue(), this.#protection.desk.answerDue(answerMs))
    for (const at of this.#orders.asked.values()) due = earliest(due, at + answerMs)
    return due
  }

  /** Answers that are overdue make what they were to answer doubtful. */
  overdue(): void {
    const due = this.answerDue()
    if (due === null || this.#core.now < due) return
    for (const [id, sentAt] of this.#orders.doubts.awaited()) {
      if (!this.#isLate(id, 'order', sentAt)) continue
      this.#orders.doubts.raise(id, 'no-answer', this.#core.now)
      this.unknown(id, 'no answer in time', 'E105')
    }
    this.#protection.desk.overdue(this.#core.now)
    for (const [id, at] of this.#orders.asked) if (this.#isLate(id, 'change', at)) this.askedInVain(id)
    this.#core.hurry(this.#core.now)
  }

  #isLate(id: string, what: 'order' | 'change', sentAt: Timestamp): boolean {
    const symbol = this.#orders.findSymbol(id)
    return this.#core.ruled(LATE, { id, symbol, what, sentAt, now: this.#core.now })
  }

  /** Nothing says whether an amendment or a cancellation took effect. */
  askedInVain(id: string): void {
    this.#orders.answered(id)
    this.#orders.refuseCancel(id)
    const order = this.#orders.exits.get(id)
    if (order !== undefined && (order.state === 'amending' || order.state === 'cancelling')) {
      order.state = 'doubted'
      order.wanted = null
    }
    this.#core.hurry(this.#core.now)
  }

  /** An order was sent, and nothing says whether it arrived. */
  unknown(id: string, reason: string, code: Code | null): void {
    this.#core.count('unknown')
    this.#core.outcome(id, 'unknown', reason)
    const of = this.#core.portfolio.pending.get(id) ?? null
    const words = `${reason}: looked up before anything else`
    if (of === null) this.#core.note('unknown', words, id, code)
    else this.#core.event('unknown', of, words, {}, id, code)
    this.#core.hurry(this.#core.now)
  }

  /** What a look-up has said of an order of unknown fate. */
  told({ clientOrderId: id, state, reason }: OrderReport): void {
    const doubt = this.#orders.doubts.get(id)
    const entry = this.#core.portfolio.pending.get(id)
    const order = this.#orders.exits.get(id)
    if (doubt === null || (entry === undefined && order === undefined)) {
      this.#orders.doubts.settle(id)
      return
    }
    const fate = this.#core.ruled(FATE, {
      id,
      symbol: this.#orders.symbolOf(id),
      doubt,
      isCancelling: entry === undefined ? null : this.#orders.cancelling.has(id),
      isResting: order !== undefined && order.price !== null,
      state,
    })
    switch (fate.kind) {
      case 'found':
        this.found(id, doubt, 'rests at the exchange')
        // An entry may have been due to be taken back while nothing was known of it.
        if (entry !== undefined) this.#core.touch('heavy')
        this.#core.outcome(id, 'open', '')
        return
      case 'filled':
        this.#orders.doubts.heardFilled(id, this.#core.now)
        this.#core.hurry(this.#core.now + LOOK_AFTER_FILL)
        return
      case 'gone':
        this.#orders.doubts.settle(id)
        if (entry !== undefined) this.entryGone(entry, fate.how, reason, fate.code)
        if (order !== undefined) this.#orderGone(order, fate.code, reason)
        return
      case 'absent':
        this.#onAbsent(id, doubt, entry, order)
        return
      default:
        unreachable(fate)
    }
  }

  /** An order that was sent, or is in doubt, is at the exchange: an entry of which that was not known counts from now. */
  found(id: string, doubt: Doubt, what: string): void {
    this.#orders.doubts.settle(id)
    const entry = this.#core.portfolio.pending.get(id)
    if (entry !== undefined && doubt.request !== null) this.#core.entryAccepted(entry.strategy, entry.symbol)
    // Its end may be told no more than its beginning was: from now on it is missed where it does not rest.
    const order = this.#orders.exits.get(id)
    if (order?.state === 'sent') order.state = 'working'
    if (doubt.cause === 'sent') return
    this.#core.count('found')
    this.#core.note('looked-up', `the order ${what}; taken over`, id, foundCode(doubt))
    if (this.#core.recovery !== null)
      this.#core.recovery = { ...this.#core.recovery, found: this.#core.recovery.found + 1 }
  }

  /** Whether a position is somebody else's, and stands as the account has shown it before. */
  #isTheirs({ positions }: Account, symbol: string, side: Side): boolean {
    if (this.#core.portfolio.positions.has(positionKey(symbol, side))) return false
    const isIt = (one: AccountPosition): boolean => one.symbol === symbol && one.side === side
    const known = this.#strangers.shown().find(isIt)
    return known !== undefined && positions.find(isIt)?.steps === known.steps
  }

  /**
   * A refused cancellation or amendment leaves open whether the order still rests: it may have filled meanwhile. Once
   * books and account agree on the position, an order that does not rest there is gone. What somebody else holds there, and
   * has not changed since it was told apart, is none of its fill.
   */
  settle(account: Account): void {
    const known = (symbol: string, side: Side): boolean => agrees(this.#core.portfolio, account, symbol, side)
    // Of one that is said to have filled, what is there may be the fill all the same.
    for (const id of this.#orders.doubts.saidFilled()) this.#settleFilled(id, known)
    const settled = (symbol: string, side: Side): boolean =>
      known(symbol, side) || this.#isTheirs(account, symbol, side)
    for (const [id, stage] of this.#orders.cancelling) {
      const entry = this.#core.portfolio.pending.get(id)
      if (stage !== 'asked' || entry === undefined) continue
      const fate = this.#core.ruled(REST, {
        id,
        symbol: entry.symbol,
        isThere: account.orders.some(order => order.clientOrderId === id),
        isDoubted: this.#orders.doubts.get(id) !== null,
        isSettled: settled(entry.symbol, entry.side),
      })
      if (fate === 'unsettled') continue
      this.#core.touch('heavy')
      if (fate === 'rests') this.#orders.keepEntry(id)
      else if (fate === 'gone') {
        this.entryGone(entry, 'expired', 'it no longer rests at the exchange', null)
      }
    }
    for (const order of this.#orders.exits.values()) {
      if (order.state !== 'asked') continue
      const { clientOrderId: id, symbol, side } = order
      const there = account.orders.find(one => one.clientOrderId === id)
      const isThere = there !== undefined
      const isSettled = settled(symbol, side)
      const fate = this.#core.ruled(REST, { id, symbol, isThere, isDoubted: false, isSettled })
      if (fate === 'unsettled') continue
      this.#core.touchAll()
      if (there !== undefined && fate === 'rests') {
        // What an amendment of unknown fate has made of it.
        order.state = 'working'
        order.price = there.price
        order.steps = there.steps
      } else {
        this.#orders.forget(order)
        this.#core.outcome(order.clientOrderId, 'dropped', 'it no longer rests at the exchange')
      }
    }
  }

  /**
   * An order that has filled, and of which nothing is left to be booked: it had its id from a part of the state that is
   * lost, and so have its executions. Nothing ever tells more of it.
   */
  #settleFilled(id: string, settled: (symbol: string, side: Side) => boolean): void {
    const doubt = this.#orders.doubts.get(id)
    const entry = this.#core.portfolio.pending.get(id)
    const order = this.#orders.exits.get(id)
    const of = entry ?? order
    if (doubt?.filledAt === undefined || of === undefined) return
    const { symbol, side } = of
    const isSettled = settled(symbol, side)
    const seen = { id, symbol, filledAt: doubt.filledAt, isSettled, now: this.#core.now }
    if (!this.#core.ruled(SPENT, seen)) return
    this.#orders.doubts.settle(id)
    const words = 'it had filled before, in what the books have lost; nothing of it is left'
    if (entry !== undefined) this.entryGone(entry, 'expired', words, 'W317')
    if (order !== undefined) this.#orderGone(order, 'W317', words)
  }

  /** An entry is at the exchange no more; its slot, margin and long share are free again. */
  entryGone(entry: PendingEntry, how: 'rejected' | 'expired', reason: string, code: Code | null): void {
    const { clientOrderId: id, symbol, side } = entry
    this.#orders.dropEntry(entry, how === 'rejected' ? 'rejected' : 'cancelled', reason)
    this.#core.count(how)
    const position = this.#core.portfolio.positions.get(positionKey(symbol, side))
    const isPart = position?.clientOrderId === id
    this.#core.event(how, entry, reason, {}, id, isPart ? 'W111' : code)
    if (isPart) this.#management.target(position)
  }

  #onAbsent(
    id: string,
    doubt: Doubt,
    entry: PendingEntry | undefined,
    order: WorkingOrder | undefined,
  ): void {
    const { now } = this.#core
    const market = entry === undefined ? undefined : this.#core.markets.of(entry.symbol)
    const { verdict, why } = this.#core.ruled(ABSENCE, {
      id,
      doubt,
      entry: entry ?? null,
      last: market?.last ?? Number.NaN,
      lastAt: market?.lastAt ?? 0,
      now,
      isCancelling: this.#orders.cancelling.has(id),
      isOpen:
        entry !== undefined &&
        this.#gatekeeper.isOpenAt(entry.leverage) &&
        !this.#core.obstacles.isOn(entry.symbol),
    })
    this.#orders.doubts.heed(id, verdict, now)
    switch (verdict.kind) {
      case 'wait':
        this.#core.hurry(verdict.until)
        return
      case 'resend':
        this.#core.note('resent', 'it never reached the exchange; sent again under the same id', id, 'E102')
        this.#core.count('resent')
        this.#core.emit({ type: 'place', order: verdict.request })
        this.#orders.doubts.sent(verdict.request, this.#core.now)
        return
      case 'gone': {
        const words = `it never reached the exchange; dropped${why === null ? '' : `: ${why}`}`
        const code = doubt.cause === 'missing' ? 'W208' : doubt.cause === 'restart' ? 'I107' : 'E102'
        if (entry !== undefined) this.entryGone(entry, 'expired', words, code)
        if (order !== undefined) this.#orderGone(order, code, words)
        this.#orders.doubts.settle(id)
        return
      }
      default:
        unreachable(verdict)
    }
  }

  /** A reduce-only order is at the exchange no more, without having filled; what it was for is asked anew. */
  #orderGone(order: WorkingOrder, code: Code | null, reason: string): void {
    const { clientOrderId: id, symbol, side, leg } = order
    this.#orders.forget(order)
    this.#core.outcome(id, 'dropped', reason)
    const position = this.#core.portfolio.positions.get(positionKey(symbol, side))
    if (code !== null && position !== undefined) {
      this.#core.event('looked-up', position, `${leg}: ${reason}`, {}, id, code)
    }
    this.#core.touchAll()
    if (position !== undefined && leg !== 'close') this.#management.target(position)
  }
}
