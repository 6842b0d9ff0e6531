/**
 * The orders that the books have at the exchange: entries on their way out again, reduce-only orders, and those that
 * ended lately. Places, amends and cancels; what an answer means is not its business.
 */
import { assert } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import { HOUR, type Milliseconds, SECOND, type Steps, type Ticks, type Timestamp } from '../base/units.ts'
import { type Instrument, mostSteps } from '../market/instrument.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { entryOn, stepsOn, stopOn, targetOn } from '../portfolio/grid-change.ts'
import { type ClosedAhead, type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import type { ExitReason } from '../portfolio/trade.ts'
import type { EngineCore } from './core.ts'
import type { CycleRunner } from './cycle-runner.ts'
import { Doubts } from './doubts.ts'
import { clientOrderId, type OrderLeg, partOrderId } from './order-id.ts'
import {
  type AfterRefusal,
  isDust,
  isResting,
  type NotWanted,
  PLACING,
  type Placing,
  REFUSED_EXIT,
  ROOM,
  TAKE_BACK,
  type Taken,
} from './order-rules.ts'
import type { AccountPosition, IntentState, OrderRequest, RestingReport } from './protocol.ts'
import type { Refusal } from './refusal.ts'
import type { Cancelling, EngineState, Gone, RefusedExit, RefusedLeg, WorkingOrder } from './state.ts'

/** An order that has ended is known so long, for an execution that is told late. */
const GONE_KEPT: Milliseconds = HOUR

/** What the desk adds to a saved engine. */
type Saved = Pick<
  EngineState,
  'cancelling' | 'orders' | 'doubts' | 'asked' | 'attempts' | 'gone' | 'held' | 'refusedLegs'
>

export class OrderDesk {
  readonly #core: EngineCore
  readonly #runner: CycleRunner
  readonly #exits = new Map<string, WorkingOrder>()
  readonly #cancelling = new Map<string, Cancelling>()
  readonly #asked = new Map<string, Timestamp>()
  /** Orders that ended lately without a whole fill: an execution of one may be told after its end. */
  readonly #gone = new Map<string, Gone>()
  /** Orders whose placing has not been answered. */
  readonly doubts: Doubts
  readonly #attempts = new Map<string, number>()
  /** Entries that wait for their leverage, by client order id: the exchange has never seen them. */
  readonly #held = new Map<string, OrderRequest>()
  /** Parts of positions whose orders were refused, by position and leg: the next is not sent before its time. */
  readonly #refused = new Map<string, RefusedLeg>()
  /** The reduce-only order that was refused in the present step; whoever it was for has looked before the next one. */
  refusedNow: RefusedExit | null = null

  constructor(core: EngineCore, runner: CycleRunner) {
    this.#core = core
    this.#runner = runner
    this.doubts = new Doubts(core.settings.recovery.answerSeconds * SECOND)
  }

  /** Reduce-only orders at the exchange, by client order id. */
  get exits(): ReadonlyMap<string, WorkingOrder> {
    return this.#exits
  }

  /** Entries that are to be cancelled, and how far that has come. */
  get cancelling(): ReadonlyMap<string, Cancelling> {
    return this.#cancelling
  }

  /** Amendments and cancellations without an answer so far, by order, with when they were sent. */
  get asked(): ReadonlyMap<string, Timestamp> {
    return this.#asked
  }

  // --- reduce-only orders -------------------------------------------------------------------------------------

  /** The order that plays a part for a position. */
  find(position: Position, leg: OrderLeg): WorkingOrder | undefined {
    for (const order of this.#exits.values()) {
      if (order.leg === leg && order.symbol === position.symbol && order.side === position.side) return order
    }
    return undefined
  }

  /** Closes a position at the market; `why` becomes the reason of the trade's exit, over a restart too. */
  close(position: Position, why: ExitReason, reason: string, code: Code | null = null): void {
    const placing = this.#partsOf(position, position.strategy, 'close', null, position.steps)
    if (placing === null) return
    const { parts, again } = placing
    const id = again?.clientOrderId ?? this.nextId(position.signalId, 'close')
    // It is the same order still: that has been told.
    if (again?.why !== why) this.#core.event('exiting', position, reason, {}, id, code)
    this.takeBackAdds(position, 'closing')
    this.#closeIn(parts, position, id, why, again !== undefined)
  }

  /** Places a target: a reduce-only order that rests at its price; `null`: what it would sell goes at the market. */
  placeTarget(position: Position, leg: OrderLeg, price: Ticks | null, steps: Steps): void {
    const placing = this.#partsOf(position, position.strategy, leg, price, steps)
    if (placing === null) return
    const { parts, again } = placing
    const id = again?.clientOrderId ?? this.nextId(position.signalId, leg)
    for (const part of parts) this.#placeExit(position, leg, id, price, part, null, again !== undefined)
  }

  /**
   * Closes a position at the market that bbw did not open; it is in no books, the order is.
   *
   * @param purpose what it is sent for: a name that its attempts share
   */
  closeForeign(there: AccountPosition, purpose: string, reason: string): void {
    const of = { ...there, signalId: purpose }
    const placing = this.#partsOf(of, null, 'close', null, there.steps)
    if (placing === null) return
    const { symbol, side } = there
    const id = this.nextId(purpose, 'close')
    this.#core.record('exiting', {
      code: 'I140',
      symbol,
      side,
      strategy: null,
      signalId: null,
      clientOrderId: id,
      reason,
      figures: { isForeign: true },
    })
    this.#closeIn(placing.parts, of, id, 'force-exit', false)
  }

  #closeIn(
    parts: readonly Steps[],
    of: Taken & Pick<Position, 'leverage'>,
    id: string,
    why: ExitReason,
    isRecorded: boolean,
  ): void {
    for (const [k, steps] of parts.entries()) {
      const partId = parts.length === 1 ? id : partOrderId(id, k + 1)
      this.#placeExit(of, 'close', partId, null, steps, why, isRecorded)
    }
  }

  /** In what orders something is to be taken from a position now; `null`: it waits. */
  #partsOf(
    { symbol, side, steps: held, signalId }: Taken,
    strategy: string | null,
    leg: OrderLeg,
    price: Ticks | null,
    steps: Steps,
  ): Extract<Placing, { readonly kind: 'place' }> | null {
    const of = { symbol, side, steps: held, signalId }
    const placing = this.#core.ruled(PLACING, {
      of,
      strategy,
      leg,
      price,
      steps,
      most: this.#mostOf(symbol, price === null ? 'market' : 'limit'),
      refused: this.#refused.get(legKey(of, leg)) ?? null,
      refusedClose: this.#refused.get(legKey(of, 'close')) ?? null,
      isKeyRefused: this.#core.obstacles.isKeyRefused,
      now: this.#core.now,
    })
    if (placing.kind === 'wait') return null
    this.#takeUnsent(legKey(of, leg), placing.again !== undefined)
    return placing
  }

  /** An order that never came to the exchange is sent again, or wanted no more. */
  #takeUnsent(key: string, isSentAgain: boolean): void {
    const known = this.#refused.get(key)
    if (known?.unsent === undefined) return
    const { unsent, ...refused } = known
    this.#refused.set(key, refused)
    if (!isSentAgain) this.#core.outcome(unsent.clientOrderId, 'dropped', 'it was never sent')
  }

  /** What one order may be of at most; `null`: there is no bound. */
  #mostOf(symbol: string, type: 'market' | 'limit'): Steps | null {
    const instrument = this.#core.markets.find(symbol)?.instrument
    return instrument === undefined ? null : mostSteps(instrument, type)
  }

  /** What a resting order may be of at most. */
  mostResting(symbol: string): Steps | null {
    return this.#mostOf(symbol, 'limit')
  }

  #placeExit(
    position: Pick<Position, 'symbol' | 'side' | 'leverage' | 'signalId'>,
    leg: OrderLeg,
    id: string,
    price: Ticks | null,
    steps: Steps,
    why: ExitReason | null,
    isRecorded: boolean,
  ): void {
    const { symbol, side, leverage, signalId } = position
    const order: OrderRequest = {
      clientOrderId: id,
      symbol,
      side,
      purpose: 'exit',
      type: price === null ? 'market' : 'limit',
      price,
      steps,
      stop: null,
      leverage,
      postOnly: false,
    }
    const known = { clientOrderId: id, symbol, side, leg, ...(why === null ? {} : { why }) }
    this.#gone.delete(id)
    this.#exits.set(id, { ...known, price, steps, state: 'sent', wanted: null })
    this.doubts.sent(order, this.#core.now)
    if (!isRecorded) this.#core.emit({ type: 'persist', key: id, order, signalId })
    this.#core.emit({ type: 'place', order })
  }

  /** Changes price and quantity of a resting order in place; one change at a time. */
  amend(order: WorkingOrder, price: Ticks, steps: Steps): void {
    const { symbol, clientOrderId } = order
    order.state = 'amending'
    this.#asked.set(clientOrderId, this.#core.now)
    order.wanted = { price, steps }
    this.#core.emit({ type: 'amend', symbol, clientOrderId, price, steps })
  }

  /**
   * The exchange has refused a reduce-only order: it is no more, and the next one of its part waits, ever longer. One
   * for too little waits until the position has another quantity, a day at most. One that has not come to the exchange
   * is sent again under its own id for as long as it is wanted.
   */
  refuse(
    order: WorkingOrder,
    position: Position | undefined,
    why: Refusal | 'unsent' | 'other',
    reason: string,
  ): AfterRefusal {
    const { clientOrderId, symbol, side, leg, price, steps, why: wanted } = order
    this.forget(order)
    this.refusedNow = { clientOrderId, symbol, side, leg, steps, reason }
    const key = legKey(order, leg)
    const after = this.#core.ruled(REFUSED_EXIT, {
      order: {
        clientOrderId,
        symbol,
        side,
        leg,
        price,
        steps,
        ...(wanted === undefined ? {} : { why: wanted }),
      },
      isLast: position !== undefined && clientOrderId === this.#lastId(position.signalId, leg),
      position: position ?? null,
      why,
      before: this.#refused.get(key) ?? null,
      last: this.#core.markets.find(symbol)?.last ?? Number.NaN,
      now: this.#core.now,
    })
    const { rest } = after
    if (rest === null || after.goesAtMarket) return after
    this.#refused.set(key, rest)
    if (leg === 'close') this.#core.hurry(rest.until)
    else this.#core.schedule.touchAt('heavy', rest.until)
    return after
  }

  /**
   * Takes the farthest target of a position back, which leaves no room for its stop; it is not placed again for a while.
   *
   * @returns the order, and how many targets stay; `undefined`: there is none to take back
   */
  makeRoom(position: Position): { readonly order: WorkingOrder; readonly stay: number } | undefined {
    const { symbol, side, steps, signalId } = position
    const targets = [...this.#exits.values()].filter(
      one => one.symbol === symbol && one.side === side && one.leg !== 'close' && one.state === 'working',
    )
    const room = this.#core.ruled(ROOM, {
      of: { symbol, side, steps, signalId },
      targets: targets.map(({ clientOrderId }) => clientOrderId),
      now: this.#core.now,
    })
    const order = targets.find(({ clientOrderId }) => clientOrderId === room?.id)
    if (room === null || order === undefined) return undefined
    this.#refused.set(legKey(order, order.leg), room.rest)
    this.cancel(order, 'no-room')
    return { order, stay: targets.length - 1 }
  }

  /** An order of a part of a position was taken: nothing stands in its way any more. */
  accepted({ symbol, side, leg }: WorkingOrder): void {
    this.#refused.delete(legKey({ symbol, side }, leg))
  }

  /** When a part of a position whose orders were refused is tried again; `null`: nothing was refused, or it is time. */
  retryAt(position: Position, leg: OrderLeg): Timestamp | null {
    const refused = this.#refused.get(legKey(position, leg))
    return refused !== undefined && isResting(refused, position, this.#core.now) ? refused.until : null
  }

  /** Whether the order of a part of a position was refused last. */
  wasRefused(position: Position, leg: OrderLeg): boolean {
    return this.#refused.get(legKey(position, leg))?.signalId === position.signalId
  }

  /** What is left of a position is too little for an order: it is left as it is. */
  isDust(position: Position): boolean {
    const refused = this.#refused.get(legKey(position, 'close'))
    return refused !== undefined && isDust(refused, position, this.#core.now)
  }

  /** Takes a resting reduce-only order back. */
  cancel(order: WorkingOrder, why: NotWanted): void {
    if (this.#cancelAtExchange(order, why)) order.state = 'cancelling'
  }

  /** A reduce-only order is no more. */
  forget(order: WorkingOrder): void {
    const { clientOrderId: id } = order
    this.#exits.delete(id)
    this.#asked.delete(id)
    if (order.steps > 0) this.noteGone(id, { at: this.#core.now, entry: null, order: { ...order } })
  }

  /** A reduce-only order has ended with its position: nothing of it can fill any more. */
  drop({ clientOrderId: id }: WorkingOrder): void {
    this.#exits.delete(id)
    this.doubts.settle(id)
    this.#asked.delete(id)
  }

  // --- entries ------------------------------------------------------------------------------------------------

  /** Asking twice does no harm, so a cancellation whose answer never came is asked for again. */
  cancelEntry(entry: PendingEntry, why: NotWanted): void {
    this.#unwant(entry, why, true)
  }

  /** An add is not wanted any more; one whose cancellation is on its way, or was refused, is left to its answer. */
  takeBack(entry: PendingEntry, why: NotWanted): void {
    this.#unwant(entry, why, false)
  }

  #unwant(entry: PendingEntry, why: NotWanted, again: boolean): void {
    const { symbol, side, strategy, clientOrderId: id } = entry
    const stage = this.#cancelling.get(id) ?? null
    const isHeld = this.#held.has(id)
    switch (this.#core.ruled(TAKE_BACK, { id, symbol, side, strategy, why, isHeld, stage, again })) {
      case 'drop':
        this.dropEntry(entry, 'dropped', 'not wanted any more before it was sent')
        return
      case 'cancel':
        this.#cancelling.set(id, 'sent')
        this.#sendCancel(symbol, id)
        return
      case null:
        return
    }
  }

  #sendCancel(symbol: string, clientOrderId: string): void {
    this.#asked.set(clientOrderId, this.#core.now)
    this.#core.emit({ type: 'cancel', symbol, clientOrderId })
  }

  /** None of the adds to a position is wanted any more. */
  takeBackAdds({ symbol, side }: Position, why: NotWanted): void {
    for (const entry of this.#core.portfolio.pending.values()) {
      if (entry.rung !== undefined && entry.symbol === symbol && entry.side === side)
        this.takeBack(entry, why)
    }
  }

  /**
   * The close of a position took more than was booked: that may have been of an add whose fill is still to be told, of
   * the one that is pending or else of the one that ended last.
   */
  closedAhead({ signalId }: Position, closedAhead: ClosedAhead): void {
    const isAdd = (entry: PendingEntry | null): boolean =>
      entry?.rung !== undefined && entry.signalId === signalId
    for (const entry of this.#core.portfolio.pending.values()) {
      if (!isAdd(entry)) continue
      this.#core.fold({ type: 'add-orphaned', clientOrderId: entry.clientOrderId, closedAhead })
      return
    }
    for (const [id, { at, entry, order }] of [...this.#gone].reverse()) {
      if (entry === null || !isAdd(entry)) continue
      this.#gone.set(id, { at, entry: { ...entry, closedAhead }, order })
      return
    }
  }

  /** A cancellation was refused, or may have been: the account tells whether the entry still rests. */
  refuseCancel(id: string): void {
    if (this.#cancelling.has(id)) this.#cancelling.set(id, 'refused')
  }

  /** An entry that was to be cancelled rests on: it may be asked for again. */
  keepEntry(id: string): void {
    this.#cancelling.delete(id)
  }

  /** An entry has filled as far as it ever will. */
  entryFilled(id: string): void {
    this.#runner.arrived(id)
    this.#cancelling.delete(id)
    this.#asked.delete(id)
    this.#core.outcome(id, 'filled', '')
  }

  /** Keeps an entry back until its leverage is confirmed. */
  hold(order: OrderRequest): void {
    this.#held.set(order.clientOrderId, order)
  }

  /** An entry that was kept back is sent. */
  unhold(id: string): void {
    this.#held.delete(id)
  }

  isHeld(id: string): boolean {
    return this.#held.has(id)
  }

  /** The entries on a symbol that are kept back. */
  heldOn(symbol: string): readonly OrderRequest[] {
    return [...this.#held.values()].filter(order => order.symbol === symbol)
  }

  /** An entry is no more; what a step waits for of it has come. */
  dropEntry(entry: PendingEntry, state: IntentState, reason: string): void {
    const { clientOrderId: id, signalId } = entry
    // Of one that was never sent nothing can be told any more.
    const isSent = !this.#held.delete(id)
    if (isSent && entry.steps > 0) {
      // One that nobody has ever called accepted begins its rest only when it fills all the same.
      const isNew = this.doubts.get(id)?.request != null
      this.noteGone(id, { at: this.#core.now, entry, order: null, ...(isNew ? { isNew } : {}) })
    }
    this.#cancelling.delete(id)
    this.#asked.delete(id)
    this.doubts.settle(id)
    // Adds of one rung follow each other while the position lives: each has an id of its own.
    if (entry.rung === undefined) this.#attempts.delete(`${signalId}|entry`)
    this.#core.fold({ type: 'entry-gone', clientOrderId: id })
    this.#core.outcome(id, state, reason)
    this.#runner.arrived(id)
  }

  // --- all of them --------------------------------------------------------------------------------------------

  /** The id of the next attempt at a leg of a signal. */
  nextId(signal: string, leg: OrderLeg): string {
    const key = `${signal}|${leg}`
    const attempt = this.#attempts.get(key) ?? 0
    this.#attempts.set(key, attempt + 1)
    return clientOrderId(this.#core.instance, signal, leg, attempt)
  }

  /** How many entries of a signal were sent. */
  sentEntries(signalId: string): number {
    return this.#attempts.get(`${signalId}|entry`) ?? 0
  }

  /** The next entry of a signal is another one than those that were sent, although they are gone. */
  goOn(signalId: string, sentEntries: number): void {
    this.#attempts.set(`${signalId}|entry`, sentEntries)
  }

  /** The id of the last attempt at a leg of a signal; `null`: there was none. */
  #lastId(signal: string, leg: OrderLeg): string | null {
    const attempts = this.#attempts.get(`${signal}|${leg}`) ?? 0
    return attempts === 0 ? null : clientOrderId(this.#core.instance, signal, leg, attempts - 1)
  }

  /** All that came of a signal has ended: its legs begin anew. */
  forgetAttempts(signalId: string): void {
    for (const [key, one] of this.#refused) {
      if (one.signalId !== signalId) continue
      this.#takeUnsent(key, false)
      this.#refused.delete(key)
    }
    for (const key of this.#attempts.keys()) {
      if (key.startsWith(`${signalId}|`)) this.#attempts.delete(key)
    }
  }

  /** Takes an order back that is at the exchange and not in the books. */
  cancelOrphan(order: Pick<RestingReport, 'clientOrderId' | 'symbol' | 'side'>, why: NotWanted): void {
    this.#cancelAtExchange(order, why)
  }

  /** Takes back what is no entry of the books; whether its cancellation has left. */
  #cancelAtExchange(
    { clientOrderId: id, symbol, side }: Pick<RestingReport, 'clientOrderId' | 'symbol' | 'side'>,
    why: NotWanted,
  ): boolean {
    const unwanted = { id, symbol, side, strategy: null, why, isHeld: false, stage: null, again: true }
    if (this.#core.ruled(TAKE_BACK, unwanted) === null) return false
    this.#sendCancel(symbol, id)
    return true
  }

  /** An amendment or a cancellation is awaited no longer. */
  answered(id: string): void {
    this.#asked.delete(id)
  }

  /** The account is asked for now: only what it says from here on can settle what was refused before. */
  askAccount(): void {
    for (const [id, stage] of this.#cancelling) if (stage === 'refused') this.#cancelling.set(id, 'asked')
    for (const order of this.#exits.values()) if (order.state === 'doubted') order.state = 'asked'
  }

  /** Prices and quantities of a symbol are counted in other units from now on. */
  recount(before: Instrument, now: Instrument): void {
    const { symbol } = now
    for (const order of this.#exits.values()) if (order.symbol === symbol) recountExit(order, before, now)
    for (const [id, { at, entry, order, ...rest }] of this.#gone) {
      if ((entry ?? order)?.symbol !== symbol) continue
      if (order !== null) recountExit(order, before, now)
      this.#gone.set(id, { ...rest, at, entry: entry === null ? null : entryOn(entry, now), order })
    }
    this.doubts.recount(request => (request.symbol === symbol ? requestOn(request, before, now) : request))
    for (const [id, order] of this.#held) {
      if (order.symbol === symbol) this.#held.set(id, requestOn(order, before, now))
    }
  }

  /** Whether an order is in the books, or was until lately. */
  isKnown(id: string): boolean {
    return this.#core.portfolio.pending.has(id) || this.#gone.has(id) || this.#exits.has(id)
  }

  /** Whether it is an entry that has ended, of which something may still be told. */
  isGoneEntry(id: string): boolean {
    return (this.#gone.get(id)?.entry ?? null) !== null
  }

  /** Forgets that an order has ended; `undefined` when it has not, or long ago. */
  takeGone(id: string): Gone | undefined {
    const gone = this.#gone.get(id)
    this.#gone.delete(id)
    return gone
  }

  /** A reduce-only order that had ended is alive after all. */
  revive(order: WorkingOrder): void {
    this.#exits.set(order.clientOrderId, { ...order, state: 'working', wanted: null })
  }

  /** The symbol of an order; `null` when it is not in the books. */
  findSymbol(id: string): string | null {
    return (this.#core.portfolio.pending.get(id) ?? this.#exits.get(id))?.symbol ?? null
  }

  /** @throws when the order is not in the books */
  symbolOf(id: string): string {
    const symbol = this.findSymbol(id)
    assert(symbol !== null, `${id} is in the books`)
    return symbol
  }

  /** Remembers an order that has ended, for what may still be told of it. */
  noteGone(id: string, gone: Gone): void {
    // While it is being found out what was missed nothing is too old.
    if (this.#core.recovery === null) {
      for (const [other, { at }] of this.#gone) if (at <= this.#core.now - GONE_KEPT) this.#gone.delete(other)
    }
    this.#gone.set(id, gone)
  }

  save(): Saved {
    return {
      cancelling: [...this.#cancelling],
      orders: [...this.#exits.values()],
      doubts: this.doubts.entries(),
      asked: [...this.#asked],
      attempts: [...this.#attempts],
      gone: [...this.#gone],
      held: [...this.#held.values()],
      refusedLegs: [...this.#refused],
    }
  }

  load(saved: Saved): void {
    for (const [id, stage] of saved.cancelling) this.#cancelling.set(id, stage)
    for (const order of saved.orders) this.#exits.set(order.clientOrderId, order)
    for (const [id, doubt] of saved.doubts) this.doubts.load(id, doubt)
    for (const [id, at] of saved.asked) this.#asked.set(id, at)
    for (const [key, attempt] of saved.attempts) this.#attempts.set(key, attempt)
    for (const [id, one] of saved.gone) this.#gone.set(id, one)
    for (const order of saved.held) this.#held.set(order.clientOrderId, order)
    for (const [key, one] of saved.refusedLegs) this.#refused.set(key, one)
  }
}

function recountExit(order: WorkingOrder, before: Instrument, now: Instrument): void {
  const { price, steps, wanted, side } = order
  order.price = price === null ? null : targetOn(before, now, price, side)
  order.steps = stepsOn(before, now, steps)
  if (wanted === null) return
  order.wanted = {
    price: targetOn(before, now, wanted.price, side),
    steps: stepsOn(before, now, wanted.steps),
  }
}

/** A request as it would be sent under other filters. */
function requestOn(order: OrderRequest, before: Instrument, now: Instrument): OrderRequest {
  const { price, steps, stop, side, purpose } = order
  const isEntry = purpose === 'entry'
  // A resting entry goes away from the price, a target towards the entry: the same direction.
  const at = price === null ? null : targetOn(before, now, price, side)
  return {
    ...order,
    price: at,
    steps: Math.max(1, stepsOn(before, now, steps)) as Steps,
    stop: stop === null || !isEntry ? stop : stopOn(before, now, stop, side),
  }
}

function legKey({ symbol, side }: Pick<Position, 'symbol' | 'side'>, leg: OrderLeg): string {
  return `${positionKey(symbol, side)}:${leg}`
}

/** When an entry has lived through the one bar it may rest for: the one after the candle decided on. */
export function expiryOf(entry: PendingEntry): Timestamp {
  return entry.candleStart + 2 * INTERVAL_MS[entry.timeframe]
}
