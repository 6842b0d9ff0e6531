/** Books what was executed, once each, whoever did it and however late it is told. */
import { assert, unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import { DAY, MINUTE, type Milliseconds, type Steps, type Timestamp } from '../base/units.ts'
import type { Figures } from '../guards/guard.ts'
import { formatSteps, formatTicks, priceOf, toTicks } from '../market/quantise.ts'
import { opposite } from '../market/side.ts'
import { type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import type { ExitReason, Trade } from '../portfolio/trade.ts'
import { isStoppedBy } from './cooldown-rules.ts'
import { type EngineCore, LOOK_AFTER_FILL } from './core.ts'
import type { Fates } from './fates.ts'
import { COMES_TO_LIFE, EARLY, FILL, LEFT, ORPHAN, type SeenFill } from './fill-rules.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { Leftovers } from './leftovers.ts'
import type { Management } from './management.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Protection } from './protection.ts'
import type { FillInput, FundingInput } from './protocol.ts'
import type { EngineState, Gone, WorkingOrder } from './state.ts'
import type { Strangers } from './strangers.ts'

/** An execution reported again within this time is known for what it is. */
const FILLS_KEPT: Milliseconds = 2 * DAY

/** Executions are asked for from so long before the newest known one: they may be told out of order. */
const EXECUTIONS_OVERLAP: Milliseconds = DAY

/**
 * At a start with nothing booked they are asked for from so long before: the books may have been lost, or be a backup from
 * before the first order, and what orders of this bbw have opened since is its own to look after.
 */
const LOST_OVERLAP: Milliseconds = 7 * DAY

/** With nothing booked yet they are asked for from so long before the first order: clocks do not agree to the second. */
const FIRST_OVERLAP: Milliseconds = MINUTE

const EXIT_CODES: { readonly [reason in ExitReason]?: Code } = {
  liquidation: 'C306',
  'end-of-data': 'W307',
  'closed-outside': 'I304',
}

/** The parts of the engine that a fill concerns. */
export interface FillParts {
  readonly core: EngineCore
  readonly orders: OrderDesk
  readonly protection: Protection
  readonly management: Management
  readonly fates: Fates
  readonly strangers: Strangers
  readonly leftovers: Leftovers
  readonly gatekeeper: Gatekeeper
}

export class Fills {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #protection: Protection
  readonly #management: Management
  readonly #fates: Fates
  readonly #strangers: Strangers
  readonly #leftovers: Leftovers
  readonly #gatekeeper: Gatekeeper
  /** Executions booked lately, with their time: a stream may tell one twice. */
  readonly #booked = new Map<string, Timestamp>()
  /** Time of the newest execution booked. */
  #executedAt: Timestamp = 0

  constructor(parts: FillParts) {
    this.#core = parts.core
    this.#orders = parts.orders
    this.#protection = parts.protection
    this.#management = parts.management
    this.#fates = parts.fates
    this.#strangers = parts.strangers
    this.#leftovers = parts.leftovers
    this.#gatekeeper = parts.gatekeeper
  }

  /** Whether an execution has been booked, by the id of `execId` or `fundingId`. */
  isKnown(id: string): boolean {
    return this.#booked.has(id)
  }

  /**
   * From when on executions have to be asked for, so that none is missed; 0 where nothing was ever booked, held or
   * waited for, but at a start. The first order may have filled while nobody was there to hear of it.
   */
  get since(): Timestamp {
    if (this.#executedAt > 0) return Math.max(0, this.#executedAt - EXECUTIONS_OVERLAP)
    const { pending, positions } = this.#core.portfolio
    const from = [
      ...[...pending.values()].map(({ sentAt }) => sentAt),
      ...[...positions.values()].map(({ openedAt }) => openedAt),
    ]
    if (from.length > 0) return Math.max(0, Math.min(...from) - FIRST_OVERLAP)
    return this.#core.recovery?.cause === 'restart' ? Math.max(0, this.#core.now - LOST_OVERLAP) : 0
  }

  /**
   * Takes a fill of an order, of a stop, or of somebody else's doing.
   *
   * @param isListed it is from the list of executions, which has everything in its order: nothing is waited for
   */
  book(fill: FillInput, isListed = false): void {
    if (this.#booked.has(fill.execId)) {
      this.#core.count('fill-repeated')
      const { symbol, side, execId } = fill
      const figures = { symbol, side, execId }
      this.#core.event('reconciled', null, 'told again; counted once', figures, fill.clientOrderId, 'I212')
      return
    }
    if (!isListed && this.#isEarly(fill)) {
      this.#core.count('fill-early')
      this.#core.hurry(this.#core.now)
      this.#core.isDoubted = true
      return
    }
    this.#booked.set(fill.execId, this.#core.now)
    this.#executed(fill.time)
    this.#core.revision++
    this.#core.touchAll()
    const { clientOrderId: id } = fill
    if (id !== null) {
      const doubt = this.#orders.doubts.get(id)
      if (doubt !== null) this.#fates.found(id, doubt, 'has filled')
    }
    const gone = id === null ? undefined : this.#comeBack(id)
    const entry = id === null ? undefined : this.#core.portfolio.pending.get(id)
    const goneEntry = gone?.entry ?? null
    const held = this.#core.portfolio.positions.get(positionKey(fill.symbol, fill.side))
    const of = this.#core.ruled(FILL, {
      fill: toldOf(fill),
      isOfPending: entry !== undefined,
      isTaken: entry !== undefined && this.#isTaken(entry),
      isOfGone: goneEntry !== null,
      isOfExit: id !== null && this.#orders.exits.has(id),
      isHeld: held !== undefined,
      isBefore: held !== undefined && fill.time < held.openedAt,
    })
    if (of === 'entry' && entry !== undefined) this.#bookEntry(entry, fill)
    else if (of === 'second' && entry !== undefined) this.#bookSecond(entry, fill)
    else if (of === 'late' && goneEntry !== null) this.#bookLate(goneEntry, fill)
    else if (of === 'exit') this.#bookExit(fill)
    else if (of === 'before') this.#core.isDoubted = true
    else {
      this.#followForeign(fill)
      this.#bookOutside(fill, isListed)
    }
    if (id !== null && gone !== undefined) this.#goAgain(id)
  }

  #isEarly(fill: FillInput): boolean {
    const { clientOrderId: id, symbol, side } = fill
    const { positions, pending } = this.#core.portfolio
    return this.#core.ruled(EARLY, {
      fill: toldOf(fill),
      held: positions.get(positionKey(symbol, side))?.steps ?? (0 as Steps),
      isOfEntry: id !== null && (pending.has(id) || this.#orders.isGoneEntry(id)),
      isEntryOnItsWay: [...pending.values()].some(
        entry => entry.symbol === symbol && entry.side === side && entry.rung === undefined,
      ),
    })
  }

  /** One that is dated ahead must not keep those of the meantime from being asked for. */
  #executed(time: Timestamp): void {
    this.#executedAt = Math.max(this.#executedAt, Math.min(time, this.#core.now))
  }

  /** Takes a settlement of funding. */
  bookFunding(input: FundingInput): void {
    const { symbol, side, time, amount } = input
    const id = fundingId(input)
    if (this.#booked.has(id)) {
      this.#core.count('fill-repeated')
      return
    }
    this.#booked.set(id, this.#core.now)
    this.#executed(time)
    this.#core.revision++
    if (!this.#core.portfolio.positions.has(positionKey(symbol, side))) {
      this.#core.event(
        'drift',
        null,
        `funding of ${amount.toFixed(4)} USDT for ${symbol} ${side}, which is not held`,
        {},
      )
      return
    }
    this.#core.fold({ type: 'funding', symbol, side, time, amount })
    this.#core.touch('light')
  }

  /**
   * Books the end of a position that the exchange has no more and of which no execution tells: at the mark, else the last
   * price, else the entry's, for what else is known. Its fee is not known and counts as none until the wallet is read.
   *
   * @param since when it was missed first
   */
  bookUnexplained(position: Position, since: Timestamp): void {
    const { symbol, side, steps, instrument } = position
    const core = this.#core
    const market = core.markets.find(symbol)
    const known = [
      ['mark', market?.mark ?? Number.NaN],
      ['last price', market?.last ?? Number.NaN],
      ['entry', position.entry],
    ] as const
    const [what, value] = known.find(([, price]) => price > 0) ?? known[2]
    const price = toTicks(instrument, value, 'nearest')
    const at = `${what} of ${formatTicks(instrument, price)}`
    const reason = `not at the exchange, and no execution tells of its end: booked as closed outside at the ${at}, its fee is not known`
    core.revision++
    core.touchAll()
    core.count('closed-unexplained')
    const figures = { price: formatTicks(instrument, price), qty: formatSteps(instrument, steps) }
    core.event('reconciled', position, reason, figures, null, 'W318')
    const { now } = core
    this.#bookExit({
      type: 'fill',
      at: now,
      time: now,
      earliest: since,
      execId: `unexplained:${positionKey(symbol, side)}:${position.openedAt}`,
      clientOrderId: null,
      cause: 'order',
      symbol,
      side,
      opens: false,
      price,
      steps,
      fee: 0,
      liquidity: 'taker',
      complete: true,
    })
  }

  /** Forgets executions that nobody will tell again. */
  forgetOld(): void {
    // Those that may be asked for again are known for as long, however quiet it was since.
    const since = Math.min(this.#core.now - FILLS_KEPT, this.#executedAt - EXECUTIONS_OVERLAP)
    for (const [id, at] of this.#booked) if (at < since) this.#booked.delete(id)
  }

  #bookEntry(entry: PendingEntry, fill: FillInput): void {
    const { symbol, side, instrument } = entry
    this.#core.fold({
      type: 'entry-filled',
      clientOrderId: entry.clientOrderId,
      time: fill.time,
      price: fill.price,
      steps: fill.steps,
      fee: fill.fee,
      complete: fill.complete,
    })
    const isTooLate = this.#orders.cancelling.has(entry.clientOrderId)
    if (fill.complete) {
      this.#noteRest(entry, fill)
      this.#orders.entryFilled(entry.clientOrderId)
    }
    // The stop came with the order; that it is there is looked at soon.
    this.#core.hurry(this.#core.now + LOOK_AFTER_FILL)
    const position = this.#core.portfolio.positions.get(positionKey(symbol, side))
    assert(position !== undefined, `${symbol} ${side} is held after its fill`)
    const isOrphan = entry.rung !== undefined && position.clientOrderId === entry.clientOrderId
    this.#protection.desk.opened(positionKey(symbol, side), this.#core.now)
    this.#core.count('filled')
    this.#core.event(
      'filled',
      position,
      entry.reason,
      {
        price: formatTicks(instrument, fill.price),
        qty: formatSteps(instrument, fill.steps),
        fee: fill.fee,
        liquidity: fill.liquidity,
        time: fill.time,
        stop: formatTicks(instrument, position.stop),
      },
      entry.clientOrderId,
      isTooLate && fill.complete ? 'I410' : null,
    )
    if (isOrphan) this.#closeOrphan(position, entry, fill)
    else {
      if (entry.rung === undefined) this.#management.remember(position)
      this.#management.target(position)
    }
  }

  /**
   * An add has filled whose position had closed. What the close took beyond the books was of it; what is left is
   * closed: nothing is planned with it alone.
   */
  #closeOrphan(
    position: Position,
    { clientOrderId: id, closedAhead: ahead }: PendingEntry,
    { execId }: FillInput,
  ): void {
    const { symbol, side, strategy } = position
    const taken = ahead?.steps ?? (0 as Steps)
    const seen = { strategy, symbol, side, execId, steps: position.steps, ahead: taken }
    const { closed: steps, left } = this.#core.ruled(ORPHAN, seen)
    if (ahead !== undefined && steps > 0) {
      const fee = (ahead.fee * steps) / ahead.steps
      const { time, price, reason } = ahead
      if (this.#core.portfolio.pending.has(id)) {
        const after = { ...ahead, steps: (ahead.steps - steps) as Steps, fee: ahead.fee - fee }
        this.#core.fold({ type: 'add-orphaned', clientOrderId: id, closedAhead: after })
      }
      const none = 0 as Steps
      const exit = { type: 'exit-filled', symbol, side, time, price, steps, fee, reason, left: none } as const
      const trade = this.#core.fold(exit)
      if (trade !== null) this.#closed(position, trade, reason, {}, null, 0)
    }
    const rest = this.#core.portfolio.positions.get(positionKey(symbol, side))
    if (left > 0 && rest !== undefined)
      this.#protection.closeNow(rest, 'an add filled after its position had closed', 'W219')
  }

  #bookExit(told: FillInput): void {
    const key = positionKey(told.symbol, told.side)
    const position = this.#core.portfolio.positions.get(key)
    assert(position !== undefined, `a fill closes ${key}, which is not held`)
    const fill = this.#ownPart(told, position)
    const ahead = (told.steps - fill.steps) as Steps
    const order = fill.clientOrderId === null ? undefined : this.#orders.exits.get(fill.clientOrderId)
    const reason = exitReason(fill, order, position)
    if (order !== undefined) {
      order.steps = (order.steps - fill.steps) as Steps
      if (fill.complete || order.steps <= 0) {
        this.#orders.forget(order)
        this.#core.outcome(order.clientOrderId, 'filled', '')
      }
    }
    const trade = this.#core.fold({
      type: 'exit-filled',
      symbol: fill.symbol,
      side: fill.side,
      time: fill.time,
      price: fill.price,
      steps: fill.steps,
      fee: fill.fee,
      reason,
      left: (order === undefined || fill.complete ? 0 : Math.max(order.steps, 0)) as Steps,
    })
    const { instrument } = position
    const figures: Figures = {
      price: formatTicks(instrument, fill.price),
      qty: formatSteps(instrument, fill.steps),
      fee: fill.fee,
      liquidity: fill.liquidity,
      time: fill.time,
    }
    if (trade === null) {
      const code = reason === 'closed-outside' ? 'I304' : null
      this.#core.event('reduced', position, reason, figures, fill.clientOrderId, code)
      const rest = this.#core.portfolio.positions.get(key)
      assert(rest !== undefined, `${key} is held after a part of it was closed`)
      // Who reduces does not want more.
      this.#orders.takeBackAdds(rest, 'reduced')
      const { strategy, symbol, side, steps: left } = rest
      const { execId, cause: after } = fill
      if (this.#core.ruled(LEFT, { strategy, symbol, side, execId, left, after }) === 'close')
        this.#protection.closeNow(rest, 'the stop fired and left a part', 'C210')
      else this.#management.target(rest)
      return
    }
    this.#closed(
      position,
      trade,
      reason,
      figures,
      fill.clientOrderId,
      fill.time - (fill.earliest ?? fill.time),
    )
    // What its entry has left to fill goes with the position: a second one must not grow from the same signal.
    for (const entry of this.#core.portfolio.pending.values()) {
      if (entry.symbol === fill.symbol && entry.side === fill.side) this.#orders.cancelEntry(entry, 'closed')
    }
    if (ahead > 0) {
      const { time, price } = fill
      const fee = (told.fee * ahead) / told.steps
      this.#orders.closedAhead(position, { time, price, steps: ahead, fee, reason })
    }
    const reasons = trade.exits.map(({ reason: why }) => why)
    if (isStoppedBy({ reasons }))
      this.#core.stopOuts.note(trade, priceOf(instrument, position.stop), fill.time)
    this.#leftovers.ended(position.symbol, position.side, fill.time)
    const closing = { reasons, cause: fill.cause, leg: order?.leg ?? null }
    this.#core.rest(position.strategy, position.symbol, closing, fill.earliest ?? fill.time)
  }

  /**
   * A position is no more, and so are its orders that reduce.
   *
   * @param spread how much earlier it may have closed
   */
  #closed(
    position: Position,
    trade: Trade,
    reason: ExitReason,
    figures: Figures,
    order: string | null,
    spread: Milliseconds,
  ): void {
    const { symbol, side, signalId } = position
    const { net, netPercent, fees, funding } = trade
    const all = { ...figures, net, netPercent, fees, funding }
    this.#core.event('exited', position, reason, all, order, EXIT_CODES[reason] ?? null)
    this.#core.emit({ type: 'trade', trade })
    this.#gatekeeper.closed(trade, spread)
    this.#protection.desk.drop(positionKey(symbol, side))
    for (const one of this.#orders.exits.values()) {
      if (one.symbol !== symbol || one.side !== side) continue
      this.#orders.drop(one)
      this.#core.outcome(one.clientOrderId, 'cancelled', 'the position is closed')
    }
    this.#orders.forgetAttempts(signalId)
  }

  /** A stop closes what somebody else has added, too: of a fill beyond what is held the rest is not bbw's. */
  #ownPart(fill: FillInput, { steps }: Position): FillInput {
    if (fill.steps <= steps) return fill
    this.#core.count('fill-outside')
    this.#core.isDoubted = true
    this.#core.hurry(this.#core.now)
    return { ...fill, steps, fee: (fill.fee * steps) / fill.steps }
  }

  // --- fills that come late, or from outside ------------------------------------------------------------------

  /**
   * An order that had ended has filled after all: its execution is told after its end, or it was alive. It is an order
   * again, unless something else has taken its place.
   */
  #comeBack(id: string): Gone | undefined {
    const gone = this.#orders.takeGone(id)
    if (gone === undefined) return undefined
    const { entry, order } = gone
    const { positions, pending } = this.#core.portfolio
    if (order !== null && positions.has(positionKey(order.symbol, order.side))) {
      this.#orders.revive(order)
    }
    if (entry === null) return gone
    if (gone.isNew === true) this.#core.entryAccepted(entry.strategy, entry.symbol)
    const { symbol, side, strategy } = entry
    const isOpposed =
      this.#core.excludes(side, opposite(side)) && positions.has(positionKey(symbol, opposite(side)))
    const isTaken = this.#isTaken(entry)
    if (!this.#core.ruled(COMES_TO_LIFE, { id, strategy, symbol, side, isTaken, isOpposed })) return gone
    // A second entry must not fill on top of it.
    for (const other of pending.values()) {
      if (other.symbol === symbol && this.#core.excludes(side, other.side))
        this.#orders.cancelEntry(other, 'other-came-back')
    }
    this.#core.fold({ type: 'entry-sent', entry })
    return gone
  }

  /** Whether the position of an entry is that of another one. */
  #isTaken({ symbol, side, clientOrderId: id, signalId, rung }: PendingEntry): boolean {
    const held = this.#core.portfolio.positions.get(positionKey(symbol, side))
    if (held === undefined) return false
    return rung === undefined ? held.clientOrderId !== id : held.signalId !== signalId
  }

  /** An entry has filled that was to be cancelled, because one thought to be gone had come back in its place. */
  #bookSecond(entry: PendingEntry, fill: FillInput): void {
    this.#orders.dropEntry({ ...entry, steps: 0 as Steps }, 'filled', '')
    this.#bookLate(entry, fill)
  }

  /** An entry whose place another one has taken by now adds to the position. */
  #bookLate(entry: PendingEntry, fill: FillInput): void {
    this.#noteRest(entry, fill)
    this.#bookOutside({ ...fill, opens: true }, false)
  }

  /** Of an entry that has ended parts are still to be told. */
  #noteRest(entry: PendingEntry, fill: FillInput): void {
    const steps = (entry.steps - fill.steps) as Steps
    if (steps <= 0) return
    const margin = (entry.margin * steps) / entry.steps
    const rest = { ...entry, steps, margin }
    this.#orders.noteGone(entry.clientOrderId, { at: this.#core.now, entry: rest, order: null })
  }

  /** What is left of an order that had ended and has filled in part ends again. */
  #goAgain(id: string): void {
    const entry = this.#core.portfolio.pending.get(id)
    if (entry !== undefined && entry.steps === 0) this.#orders.dropEntry(entry, 'filled', '')
    else if (entry !== undefined)
      this.#fates.entryGone(entry, 'expired', 'only a part of it was filled', null)
    const order = this.#orders.exits.get(id)
    if (order !== undefined) this.#orders.forget(order)
  }

  /** An order of bbw's that closes what somebody else has opened: the order is followed, the position is in no books. */
  #followForeign({ clientOrderId, steps, complete }: FillInput): void {
    const order = clientOrderId === null ? undefined : this.#orders.exits.get(clientOrderId)
    if (order === undefined) return
    order.steps = (order.steps - steps) as Steps
    if (!complete && order.steps > 0) return
    this.#orders.forget(order)
    this.#core.outcome(order.clientOrderId, 'filled', '')
  }

  /** What somebody else does with a position of bbw's is followed; with anything else it is not touched. */
  #bookOutside(fill: FillInput, isListed: boolean): void {
    const { symbol, side, time, price, steps, fee } = fill
    this.#core.count('fill-outside')
    const position = this.#core.portfolio.positions.get(positionKey(symbol, side))
    this.#core.hurry(this.#core.now)
    this.#core.isDoubted = true
    if (position === undefined) {
      this.#strangers.executed(fill, isListed)
      return
    }
    const qty = formatSteps(position.instrument, steps)
    const figures = { price: formatTicks(position.instrument, price), qty, time }
    if (fill.opens === true) {
      this.#core.fold({ type: 'added-outside', symbol, side, time, price, steps, fee })
      const grown = this.#core.portfolio.positions.get(positionKey(symbol, side))
      assert(grown !== undefined, `${symbol} ${side} is held after something was added`)
      this.#core.event('grown', grown, 'added to outside of bbw', figures, null, 'I304')
      this.#management.target(grown)
      return
    }
    this.#bookExit({ ...fill, clientOrderId: null, steps: Math.min(steps, position.steps) as Steps })
  }

  save(): Pick<EngineState, 'fills' | 'executedAt'> {
    return { fills: [...this.#booked], executedAt: this.#executedAt }
  }

  load({ fills, executedAt }: Pick<EngineState, 'fills' | 'executedAt'>): void {
    for (const [id, time] of fills) this.#booked.set(id, time)
    this.#executedAt = executedAt
  }
}

function toldOf({
  execId,
  clientOrderId,
  symbol,
  side,
  cause,
  steps,
  opens = false,
}: FillInput): SeenFill['fill'] {
  return { execId, clientOrderId, symbol, side, cause, steps, opens }
}

/** Funding is told once per position and settlement. */
export function fundingId({ symbol, side, time }: FundingInput): string {
  return `funding:${symbol}:${side}:${time}`
}

/** Which rule closed a part of a position: the stop is named after the rule that placed it. */
function exitReason(fill: FillInput, order: WorkingOrder | undefined, position: Position): ExitReason {
  switch (fill.cause) {
    case 'liquidation':
      return 'liquidation'
    case 'settlement':
      return 'end-of-data'
    case 'stop':
      return position.stopKind === 'initial'
        ? 'stop'
        : position.stopKind === 'breakeven'
          ? 'breakeven-stop'
          : 'trailing-stop'
    case 'order':
      if (order === undefined) return 'closed-outside'
      switch (order.leg) {
        case 'target-1':
          return 'partial-target-1'
        case 'target-2':
          return 'partial-target-2'
        case 'target':
          return 'target'
        default:
          // An order that was sent before reasons were kept with orders.
          return order.why ?? 'time-exit'
      }
    default:
      return unreachable(fill.cause)
  }
}
