/**
 * Positions that change hands. A person hands one over: it is taken as the account shows it, compared anew, and its stop
 * is set at once. A person takes one back: the targets that bbw has placed are taken back, the stop stays, and bbw
 * forgets it. A request waits as state until what it needs is known; whoever asked is answered once.
 */
import { formatSteps, formatTicks } from '../market/quantise.ts'
import { opposite } from '../market/side.ts'
import { MANUAL, type Position, positionKey } from '../portfolio/position.ts'
import { ADOPTION } from './adoption.ts'
import { type EngineCore, LOOK_AGAIN } from './core.ts'
import type { Management } from './management.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Protection } from './protection.ts'
import type { Account, AccountPosition, Handover, HandoverInput } from './protocol.ts'
import { RELEASE, type ReleaseVerdict } from './release-rules.ts'
import type { EngineState, WaitingHandover } from './state.ts'
import type { Strangers } from './strangers.ts'

/** The parts of the engine that a handover concerns. */
export interface HandoverParts {
  readonly core: EngineCore
  readonly orders: OrderDesk
  readonly protection: Protection
  readonly management: Management
  readonly strangers: Strangers
}

export class Handovers {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #protection: Protection
  readonly #management: Management
  readonly #strangers: Strangers
  #waiting: readonly WaitingHandover[] = []

  constructor(parts: HandoverParts) {
    this.#core = parts.core
    this.#orders = parts.orders
    this.#protection = parts.protection
    this.#management = parts.management
    this.#strangers = parts.strangers
  }

  /** Takes what a person asks for; one that is asked for twice is carried out once. */
  take({ type: _, at: __, ...request }: HandoverInput): void {
    if (this.#waiting.some(({ id }) => id === request.id)) return
    if (request.kind === 'adopt') {
      this.#waiting = [...this.#waiting, { ...request, askedAt: null }]
      // Everything that was executed is booked first: what opened the position is not to be counted twice.
      this.#core.isDoubted = true
      this.#core.hurry(this.#core.now)
      return
    }
    const found = this.#toRelease(request)
    if ('refused' in found) {
      this.#refuse(request, found.refused, found.isMissing)
      return
    }
    const { side } = found
    this.#core.leaving.add(positionKey(request.symbol, side))
    this.#waiting = [...this.#waiting, { ...request, side, askedAt: null }]
    this.proceed()
  }

  // --- from a person to bbw

  /** Takes over what was handed over, as the account shows it. */
  adopt(account: Account): void {
    for (const request of this.#waiting) if (request.kind === 'adopt') this.#adopt(request, account)
  }

  /** The account cannot be read: nothing is taken over unseen. */
  unreadable(): void {
    for (const request of this.#waiting) {
      if (request.kind === 'adopt') this.#refuse(request, 'the account cannot be read at present', false)
    }
  }

  #adopt(request: Handover, account: Account): void {
    const { symbol, side } = request
    const { positions } = this.#core.portfolio
    const isAsked = (one: { readonly symbol: string; readonly side: Handover['side'] }): boolean =>
      one.symbol === symbol && (side === null || one.side === side)
    const foreign = account.positions.filter(
      one => isAsked(one) && !positions.has(positionKey(one.symbol, one.side)),
    )
    const [there] = foreign
    if (there === undefined) {
      const isOwn = [...positions.values()].some(isAsked)
      const what = isOwn ? 'it is a position of bbw already' : 'it is not held at the exchange'
      this.#refuse(request, what, !isOwn)
      return
    }
    if (foreign.length > 1) {
      this.#refuse(request, 'it is held on both sides: say --side long or --side short', false)
      return
    }
    const market = this.#core.markets.find(symbol)
    if (market === undefined) {
      this.#refuse(request, 'it is not among the symbols that bbw follows: its price is not known', false)
      return
    }
    const other = opposite(there.side)
    if (this.#core.excludes(there.side, other) && positions.has(positionKey(symbol, other))) {
      this.#refuse(request, `bbw holds the ${other} side of it`, false)
      return
    }
    const { instrument, mark } = market
    const made = this.#core.ruled(ADOPTION, { there, instrument, mark, request, now: this.#core.now })
    if ('refused' in made) this.#refuse(request, made.refused, false)
    else this.#adopted(request, made.position, there)
  }

  #adopted(request: Handover, position: Position, there: AccountPosition): void {
    const { symbol, side, instrument } = position
    const core = this.#core
    core.fold({ type: 'adopted', position })
    core.revision++
    core.count('adopted')
    this.#strangers.give(symbol, side)
    core.event(
      'adopted',
      position,
      position.reason,
      {
        price: position.entry,
        qty: formatSteps(instrument, position.steps),
        leverage: position.leverage,
        from: there.stop === null ? null : formatTicks(instrument, there.stop),
        stop: formatTicks(instrument, position.stop),
        target: position.target === null ? null : formatTicks(instrument, position.target),
        by: request.by,
        request: request.id,
      },
      null,
      'I311',
    )
    if (there.stop !== position.stop) this.#protection.setFirst(position)
    this.#management.remember(position)
    this.#management.target(position)
    this.#done(request, true, `${symbol} ${side} is handed over`)
  }

  // --- from bbw to a person

  /** Goes on with what is to be given back: once nothing of bbw's but the stop is left, it is forgotten. */
  proceed(): void {
    for (const request of this.#waiting) if (request.kind === 'release') this.#release(request)
  }

  #toRelease(request: Handover): ReleaseVerdict {
    const { id, symbol, side, isOwn } = request
    const held = [...this.#core.portfolio.positions.values()].filter(
      one => one.symbol === symbol && (side === null || one.side === side),
    )
    return this.#core.ruled(RELEASE, {
      request: { id, symbol, side, isOwn },
      held: held.map(position => ({
        side: position.side,
        strategy: position.strategy,
        isClosing: this.#orders.find(position, 'close') !== undefined,
        isLeaving: this.#core.leaving.has(positionKey(symbol, position.side)),
      })),
    })
  }

  #release(request: WaitingHandover): void {
    const position = [...this.#core.portfolio.positions.values()].find(
      one => one.symbol === request.symbol && one.side === request.side,
    )
    if (position === undefined) {
      this.#left(request)
      this.#refuse(request, 'it has closed meanwhile', true)
      return
    }
    if (this.#isBusy(position)) {
      this.#clear(position, request)
      return
    }
    const { symbol, side, instrument, steps, entry, leverage, stop, signalId } = position
    const core = this.#core
    core.fold({ type: 'released', symbol, side })
    core.revision++
    core.count('released')
    this.#left(request)
    this.#protection.desk.drop(positionKey(symbol, side))
    this.#orders.forgetAttempts(signalId)
    this.#strangers.take({ symbol, side, steps, entry, leverage, stop })
    const figures = {
      qty: formatSteps(instrument, steps),
      stop: formatTicks(instrument, stop),
      by: request.by,
      request: request.id,
    }
    core.event('released', position, `taken back by ${request.by}`, figures, null, 'I312')
    this.#done(request, true, `${symbol} ${side} is released; its stop stays at the exchange`)
  }

  /** Whether something of bbw's beside the stop is still there or on its way. */
  #isBusy({ symbol, side }: Position): boolean {
    if (this.#protection.desk.isMoving(positionKey(symbol, side))) return true
    for (const order of this.#orders.exits.values()) {
      if (order.symbol === symbol && order.side === side) return true
    }
    for (const entry of this.#core.portfolio.pending.values()) if (entry.symbol === symbol) return true
    return false
  }

  /** Takes back what is still there. What swallows the requests is not to be hammered. */
  #clear({ symbol, side }: Position, request: WaitingHandover): void {
    const { now } = this.#core
    const { askedAt } = request
    if (askedAt !== null && now < askedAt + LOOK_AGAIN) return
    this.#waiting = this.#waiting.map(one => (one.id === request.id ? { ...one, askedAt: now } : one))
    this.#core.hurry(now + LOOK_AGAIN)
    for (const order of this.#orders.exits.values()) {
      if (order.symbol !== symbol || order.side !== side || order.leg === 'close') continue
      if (order.state === 'working') this.#orders.cancel(order)
    }
    for (const entry of this.#core.portfolio.pending.values()) {
      if (entry.symbol === symbol) this.#orders.takeBack(entry)
    }
  }

  #left({ symbol, side }: Handover): void {
    if (side !== null) this.#core.leaving.delete(positionKey(symbol, side))
  }

  // --- answers

  #refuse(request: Handover, words: string, isMissing: boolean): void {
    const { id, kind, symbol, side } = request
    const reason = `${kind}: ${words}`
    this.#core.record('refused', {
      code: null,
      symbol,
      side,
      strategy: MANUAL,
      signalId: null,
      clientOrderId: null,
      reason,
      figures: { gate: kind, request: id, isMissing },
    })
    this.#done(request, false, reason)
  }

  #done({ id }: Handover, ok: boolean, reason: string): void {
    this.#waiting = this.#waiting.filter(one => one.id !== id)
    this.#core.emit({ type: 'answer', id, ok, reason })
  }

  /** Requests that wait do not survive the process here: in the queue they are not answered, and are taken again. */
  save(): Pick<EngineState, 'handovers'> {
    return { handovers: this.#waiting }
  }

  load({ handovers }: Pick<EngineState, 'handovers'>): void {
    this.#waiting = handovers
    for (const { kind, symbol, side } of handovers) {
      if (kind === 'release' && side !== null) this.#core.leaving.add(positionKey(symbol, side))
    }
  }
}
