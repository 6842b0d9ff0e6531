/**
 * Positions that change hands. A person hands one over: it is taken as the account shows it, compared anew, and its stop
 * is set at once. A person takes one back: the targets that bbw has placed are taken back, the stop stays, and bbw
 * forgets it. What this bbw has opened itself and its books have lost it takes back without being asked. A request waits as state until what it needs is known; whoever asked is answered once.
 */
import { formatSteps, formatTicks } from '../market/quantise.ts'
import { opposite } from '../market/side.ts'
import { MANUAL, type Position, positionKey } from '../portfolio/position.ts'
import { ADOPTION, RECLAIM } from './adoption.ts'
import { type EngineCore, LOOK_AGAIN } from './core.ts'
import type { Management } from './management.ts'
import type { OrderDesk } from './order-desk.ts'
import { ownerOf } from './order-id.ts'
import type { Protection } from './protection.ts'
import type { Account, AccountPosition, Handover, HandoverInput } from './protocol.ts'
import { isHidden } from './reach-rules.ts'
import { LETTING_GO, RELEASE, type ReleaseVerdict } from './release-rules.ts'
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
    for (const request of this.#waiting) if (request.kind === 'adopt') this.#adopt(request, null)
  }

  /** @param account `null`: it cannot be read */
  #adopt({ id, symbol, side, stop, target, by, ...rest }: Handover, account: Account | null): void {
    const request = { id, symbol, side, stop, target, by }
    const { positions } = this.#core.portfolio
    // What cannot be read is not taken over, nor said to be missing.
    const isRead = account !== null && !isHidden(account.unread, symbol, 'position')
    const there = (isRead ? account : undefined)?.positions.filter(
      one =>
        one.symbol === symbol &&
        (side === null || one.side === side) &&
        !positions.has(positionKey(one.symbol, one.side)),
    )
    const market = this.#core.markets.find(symbol)
    const verdict = this.#core.ruled(ADOPTION, {
      request,
      there: there ?? null,
      own: [...positions.values()].flatMap(one => (one.symbol === symbol ? [one.side] : [])),
      market: market === undefined ? null : { instrument: market.instrument, mark: market.mark },
      now: this.#core.now,
    })
    const whole = { ...rest, ...request }
    if ('refused' in verdict) this.#refuse(whole, verdict.refused, verdict.isMissing)
    else this.#adopted(whole, verdict.position, verdict.there)
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

  // --- what the books have lost

  /** Takes back under management what orders of this bbw have opened and its books have lost. */
  reclaim(lost: readonly AccountPosition[], account: Account): void {
    for (const there of lost) this.#reclaim(there, account)
  }

  #reclaim(there: AccountPosition, { orders }: Account): void {
    const core = this.#core
    const { symbol, side } = there
    const market = core.markets.find(symbol)
    const exits = orders.filter(
      one =>
        one.symbol === symbol &&
        one.side === side &&
        one.purpose === 'exit' &&
        !this.#orders.asked.has(one.clientOrderId) &&
        ownerOf(one.clientOrderId, core.instance) === 'own',
    )
    const found = core.ruled(RECLAIM, {
      there,
      exits,
      isOpposed: core.portfolio.positions.has(positionKey(symbol, opposite(side))),
      market: market === undefined ? null : { instrument: market.instrument, mark: market.mark },
      now: core.now,
    })
    if (found === null) {
      this.#strangers.awaits(there)
      return
    }
    const { position, targets } = found
    core.fold({ type: 'adopted', position })
    core.revision++
    core.count('reclaimed')
    this.#strangers.give(symbol, side)
    const { instrument, entry, leverage, steps, stop } = position
    const figures = {
      price: entry,
      qty: formatSteps(instrument, steps),
      leverage,
      from: there.stop === null ? null : formatTicks(instrument, there.stop),
      stop: formatTicks(instrument, stop),
      targets: targets.length,
    }
    core.event('adopted', position, position.reason, figures, null, 'W316')
    if (there.stop !== stop) this.#protection.setFirst(position)
    for (const { clientOrderId, price, steps: left } of exits) {
      const leg = targets.find(({ id }) => id === clientOrderId)?.leg
      if (leg === undefined) continue
      const order = { clientOrderId, symbol, side, leg, price, steps: left } as const
      this.#orders.revive({ ...order, state: 'working', wanted: null })
    }
    this.#management.remember(position)
    this.#management.target(position)
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
    const { id, symbol, side, askedAt } = request
    const position = [...this.#core.portfolio.positions.values()].find(
      one => one.symbol === symbol && one.side === side,
    )
    const exits = [...this.#orders.exits.values()].filter(one => one.symbol === symbol && one.side === side)
    const entries = [...this.#core.portfolio.pending.values()].filter(one => one.symbol === symbol)
    const step = this.#core.ruled(LETTING_GO, {
      request: { id, symbol, side },
      strategy: position?.strategy ?? null,
      isStopMoving:
        position !== undefined && this.#protection.desk.isMoving(positionKey(symbol, position.side)),
      exits: exits.map(({ clientOrderId, leg, state }) => ({ clientOrderId, leg, state })),
      entries: entries.map(({ clientOrderId }) => clientOrderId),
      askedAt,
      now: this.#core.now,
    })
    if (step === null) return
    if (step.kind === 'clear') {
      this.#waiting = this.#waiting.map(one => (one.id === id ? { ...one, askedAt: this.#core.now } : one))
      this.#core.hurry(this.#core.now + LOOK_AGAIN)
      for (const one of exits)
        if (step.exits.includes(one.clientOrderId)) this.#orders.cancel(one, 'released')
      for (const one of entries) this.#orders.takeBack(one, 'released')
      return
    }
    this.#left(request)
    if (step.kind === 'closed' || position === undefined)
      this.#refuse(request, 'it has closed meanwhile', true)
    else this.#released(request, position)
  }

  #released(request: WaitingHandover, position: Position): void {
    const { symbol, side, instrument, steps, entry, leverage, stop, signalId } = position
    const core = this.#core
    core.fold({ type: 'released', symbol, side })
    core.revision++
    core.count('released')
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
