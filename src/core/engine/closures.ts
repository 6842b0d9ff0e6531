/**
 * Positions that a person wants closed: one symbol, or everything. What bbw has waiting there is taken back, each
 * position is closed at the market by reduce-only orders, again and again until it is gone, and its stop stays at the
 * exchange until then. Whoever asked is answered once: when the account itself shows that nothing is left, or with what
 * stands in the way.
 *
 * | what is there | what is done |
 * | --- | --- |
 * | a position of bbw's, one handed over included | closed, over a restart too |
 * | a position that bbw did not open | left, unless it was asked for; then closed as far as it goes within a minute |
 * | an entry of bbw's, an add, one of unknown fate | taken back; what fills of it all the same is closed |
 * | an order of somebody else | left |
 * | less than the exchange takes an order for | told (I604), left with its stop |
 *
 * Until it is answered nothing is entered anywhere, and on its symbols nothing before they are flat: an entry must not
 * come between a person's word and its end.
 */
import { MINUTE, type Milliseconds, SECOND } from '../base/units.ts'
import { formatSteps } from '../market/quantise.ts'
import type { Side } from '../market/side.ts'
import { type Position, positionKey } from '../portfolio/position.ts'
import { type EngineCore, LOOK_AGAIN } from './core.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { OrderDesk } from './order-desk.ts'
import { ownerOf } from './order-id.ts'
import type { Protection } from './protection.ts'
import type { Account, AccountPosition, Closure, ClosureInput } from './protocol.ts'
import type { EngineState, WaitingClosure } from './state.ts'

/** So long nothing may go forward before whoever asked is told what stands in the way. */
export const CLOSE_PATIENCE: Milliseconds = MINUTE

/** The parts of the engine that a closure concerns. */
export interface ClosureParts {
  readonly core: EngineCore
  readonly gatekeeper: Gatekeeper
  readonly orders: OrderDesk
  readonly protection: Protection
}

interface Spot {
  readonly symbol: string
  readonly side: Side
}

export class Closures {
  readonly #core: EngineCore
  readonly #gatekeeper: Gatekeeper
  readonly #orders: OrderDesk
  readonly #protection: Protection
  #waiting: readonly WaitingClosure[] = []

  constructor(parts: ClosureParts) {
    this.#core = parts.core
    this.#gatekeeper = parts.gatekeeper
    this.#orders = parts.orders
    this.#protection = parts.protection
  }

  get isAny(): boolean {
    return this.#waiting.length > 0
  }

  /** Whether somebody waits for an answer: nothing is decided before. */
  get isAwaited(): boolean {
    return this.#waiting.some(({ isAnswered }) => !isAnswered)
  }

  /** What must not be entered meanwhile, with why; `null`: on no symbol. */
  blocks(): readonly { readonly symbol: string | null; readonly reason: string }[] {
    return this.#waiting.map(({ symbol, by, isAnswered }) => {
      const reason = `${symbol ?? 'everything'} is being closed for ${by}`
      return { symbol: isAnswered ? symbol : null, reason }
    })
  }

  /** Takes what a person asks for; one that is asked for twice is carried out once. */
  take({ type: _, at: __, ...request }: ClosureInput): void {
    const known = this.#get(request.id)
    if (known !== undefined) {
      // Whoever asked is there still, after a restart too.
      this.#put({ ...known, isForeignToo: request.isForeignToo })
      return
    }
    const { now } = this.#core
    if (request.halts) this.#gatekeeper.halt(request.by, request.reason, 'C132', request.id)
    const fresh = {
      since: now,
      askedAt: null,
      tried: [],
      isOpen: false,
      isAccepted: false,
      isAnswered: false,
      closed: [],
      left: [],
      trouble: '',
    }
    this.#waiting = [...this.#waiting, { ...request, ...fresh }]
    this.#look(0)
    this.proceed()
  }

  /** Has everything that was executed asked for, and the account read. */
  #look(delay: Milliseconds): void {
    this.#core.isDoubted = true
    this.#core.hurry(this.#core.now + delay)
  }

  // --- going on

  /** Goes on with what is to be closed, as far as it can be now. */
  proceed(): void {
    for (const { id } of this.#waiting) {
      this.#noteRefusal(id)
      this.#closeOwn(id)
      this.#noteGone(id)
      this.#losePatience(id)
    }
  }

  #closeOwn(id: string): void {
    const closure = this.#get(id)
    if (closure === undefined) return
    this.#takeBack(closure)
    for (const position of this.#core.portfolio.positions.values()) {
      const key = positionKey(position.symbol, position.side)
      if (!isAsked(closure, position) || closure.left.includes(key)) continue
      if (this.#protection.desk.of(key).closing !== null) {
        this.#note(id, position)
        continue
      }
      this.#protection.closeNow(position, `${closure.reason} (${closure.by})`, 'I140', 'force-exit')
      this.#note(id, position)
    }
  }

  /** What was bbw's is gone as far as the books know: the account is to say so. */
  #noteGone(id: string): void {
    const closure = this.#get(id)
    if (closure === undefined) return
    const isOpen = this.#isOpen(closure)
    if (isOpen === closure.isOpen) return
    this.#put({ ...closure, isOpen })
    if (!isOpen) this.#look(0)
  }

  /** Whether the books have something of it left. */
  #isOpen(closure: WaitingClosure): boolean {
    const { positions, pending } = this.#core.portfolio
    const isOpen = (one: Spot): boolean =>
      isAsked(closure, one) && !closure.left.includes(positionKey(one.symbol, one.side))
    return (
      [...positions.values()].some(isOpen) ||
      [...pending.values()].some(one => isAsked(closure, one)) ||
      [...this.#orders.exits.values()].some(isOpen)
    )
  }

  /** Takes back what waits on its symbols. What swallows the requests is not to be hammered. */
  #takeBack(closure: WaitingClosure): void {
    const { now, portfolio } = this.#core
    const { askedAt } = closure
    if (askedAt !== null && now < askedAt + LOOK_AGAIN) return
    const entries = [...portfolio.pending.values()].filter(
      one => isAsked(closure, one) && !this.#orders.cancelling.has(one.clientOrderId),
    )
    if (entries.length === 0) return
    this.#put({ ...closure, askedAt: now })
    for (const entry of entries) this.#orders.takeBack(entry)
  }

  /** A close was refused in this step: less than the least order is left, anything else is tried again. */
  #noteRefusal(id: string): void {
    const closure = this.#get(id)
    const refused = this.#orders.refusedNow
    if (closure === undefined || refused === null || !isAsked(closure, refused)) return
    const { symbol, side, steps, reason } = refused
    const key = positionKey(symbol, side)
    const instrument = this.#core.markets.find(symbol)?.instrument
    if (instrument === undefined || steps >= instrument.minQty) {
      this.#put({ ...closure, trouble: `${symbol} ${side}: ${reason}` })
      return
    }
    const rest = formatSteps(instrument, steps)
    const least = formatSteps(instrument, instrument.minQty)
    const words = `the rest of ${rest} is below the least order of ${least}`
    this.#protection.desk.keep(key)
    this.#put({ ...closure, left: [...closure.left, key], trouble: `${symbol} ${side}: ${words}` })
    const position = this.#core.portfolio.positions.get(key) ?? null
    // One that the exchange has called too little was told of as that.
    if (position === null || !this.#orders.isDust(position))
      this.#core.event(
        'rejected',
        position,
        `${words}: it is left`,
        { symbol, side, qty: rest },
        null,
        'I604',
      )
    this.#look(0)
  }

  /** Says what stands in the way when nothing has gone forward for a while. What is bbw's is closed all the same. */
  #losePatience(id: string): void {
    const closure = this.#get(id)
    if (closure === undefined || closure.isAnswered) return
    const { now } = this.#core
    const isAccepted = this.#isAccepted(closure)
    if (isAccepted || closure.isAccepted) {
      // The exchange has, or had until now, what it needs: the market is waited for, however long it takes.
      if (closure.since !== now) this.#put({ ...closure, since: now, isAccepted })
      return
    }
    if (now < closure.since + CLOSE_PATIENCE) return
    const trouble = closure.trouble === '' ? 'the exchange does not answer' : closure.trouble
    const seconds = CLOSE_PATIENCE / SECOND
    this.#refuse(closure, `not flat after ${seconds} s: ${trouble}; what is bbw's is closed on`, 'stuck')
    this.#put({ ...closure, isAnswered: true })
  }

  /** Whether the exchange has accepted an order for each position that is still to be closed. */
  #isAccepted(closure: WaitingClosure): boolean {
    const closes = [...this.#orders.exits.values()].filter(
      order => order.leg === 'close' && isAsked(closure, order),
    )
    if (closes.length === 0) return false
    return closes.every(
      ({ state, clientOrderId: id }) => state === 'working' && this.#orders.doubts.get(id) === null,
    )
  }

  // --- what the account shows

  /** Takes the account as it has been compared with the books: closes what is not bbw's, and sees the end. */
  seen(account: Account): void {
    for (const { id } of this.#waiting) this.#seen(id, account)
  }

  /** The account was not read, or not with all that was executed: only that tells the end. It is asked for again. */
  unseen(delay: Milliseconds): void {
    if (this.isAny) this.#look(delay)
  }

  #seen(id: string, account: Account): void {
    const before = this.#get(id)
    if (before === undefined) return
    const { positions } = this.#core.portfolio
    const there = account.positions.filter(one => isAsked(before, one))
    const foreign = there.filter(one => !positions.has(positionKey(one.symbol, one.side)))
    if (before.isForeignToo && !before.isAnswered) {
      for (const one of foreign) this.#closeForeign(id, one)
      this.#takeBackRivals(before, account)
    }
    const closure = this.#get(id) ?? before
    const isMeant = closure.isForeignToo && !closure.isAnswered
    const isLeft = (one: Spot): boolean => closure.left.includes(positionKey(one.symbol, one.side))
    if (!this.#isOpen(closure) && !(isMeant && foreign.some(one => !isLeft(one)))) {
      this.#end(closure, foreign)
      return
    }
    // Of what the exchange has accepted the next look of the cycle is soon enough: its fills are told.
    if (this.#isAccepted(closure)) this.#core.touch('light')
    else this.#look(LOOK_AGAIN)
  }

  /** A position that bbw did not open: its close is followed as every order is, and is a stranger's to the books. */
  #closeForeign(id: string, there: AccountPosition): void {
    const closure = this.#get(id)
    const { symbol, side } = there
    if (closure === undefined || closure.left.includes(positionKey(symbol, side))) return
    for (const order of this.#orders.exits.values()) {
      if (order.leg === 'close' && order.symbol === symbol && order.side === side) return
    }
    const { now } = this.#core
    const key = positionKey(symbol, side)
    const last = closure.tried.find(([other]) => other === key)
    // What refuses at once is not to be hammered.
    if (last !== undefined && now < last[1] + LOOK_AGAIN) return
    this.#put({ ...closure, tried: [...closure.tried.filter(one => one !== last), [key, now]] })
    this.#orders.closeForeign(there, purposeOf(id, key), closure.reason)
    this.#note(id, there)
  }

  /** Entries of a bbw that these books know nothing of would open again what is closed. */
  #takeBackRivals(closure: WaitingClosure, { orders }: Account): void {
    for (const { clientOrderId: id, symbol, side, purpose } of orders) {
      if (purpose !== 'entry' || !isAsked(closure, { symbol, side })) continue
      if (ownerOf(id, this.#core.instance) === 'other' || this.#core.portfolio.pending.has(id)) continue
      if (!this.#orders.asked.has(id)) this.#orders.cancelOrphan(symbol, id)
    }
  }

  #end(closure: WaitingClosure, foreign: readonly AccountPosition[]): void {
    const { id, symbol, closed, left, isForeignToo, isAnswered, trouble } = closure
    for (const key of closed) this.#orders.forgetAttempts(purposeOf(id, key))
    if (left.length > 0 && !isAnswered) this.#refuse(closure, trouble, 'stuck')
    else if (closed.length === 0 && symbol !== null && !isAnswered) {
      if (foreign.length > 0) this.#refuse(closure, 'it was not opened by bbw: say --foreign', 'denied')
      else this.#refuse(closure, 'it is not held', 'missing')
    } else {
      const names = closed.map(key => key.replace(':', ' ')).join(', ')
      const rest = isForeignToo ? [] : foreign.map(one => `${one.symbol} ${one.side}`)
      const words = [
        closed.length === 0 ? 'nothing was held' : `flat: ${names}`,
        ...(rest.length === 0 ? [] : [`left, not opened by bbw: ${rest.join(', ')}`]),
      ].join('; ')
      this.#core.record('flat', {
        code: 'I141',
        symbol,
        side: closure.side,
        strategy: null,
        signalId: null,
        clientOrderId: null,
        reason: words,
        figures: { request: id, by: closure.by, closed: closed.length, left: rest.length },
      })
      if (!isAnswered) this.#core.emit({ type: 'answer', id, ok: true, reason: words })
    }
    this.#waiting = this.#waiting.filter(one => one.id !== id)
    this.#core.touchAll()
  }

  // --- answers

  #refuse({ id, symbol, side }: Closure, words: string, why: 'missing' | 'denied' | 'stuck'): void {
    const reason = `close: ${words}`
    this.#core.record('refused', {
      code: why === 'stuck' ? 'C221' : null,
      symbol,
      side,
      strategy: null,
      signalId: null,
      clientOrderId: null,
      reason,
      figures: { gate: 'close', request: id, isMissing: why === 'missing' },
    })
    this.#core.emit({ type: 'answer', id, ok: false, reason })
  }

  #get(id: string): WaitingClosure | undefined {
    return this.#waiting.find(one => one.id === id)
  }

  #put(closure: WaitingClosure): void {
    this.#waiting = this.#waiting.map(one => (one.id === closure.id ? closure : one))
  }

  #note(id: string, { symbol, side }: Spot): void {
    const closure = this.#get(id)
    const key = positionKey(symbol, side)
    if (closure === undefined || closure.closed.includes(key)) return
    this.#put({ ...closure, closed: [...closure.closed, key] })
  }

  // --- what survives

  save(): Pick<EngineState, 'closures'> {
    return { closures: this.#waiting }
  }

  load({ closures }: Pick<EngineState, 'closures'>): void {
    this.#waiting = closures
  }

  /**
   * For the books. A position of somebody else is closed only while whoever asked is there: after a restart nobody knows
   * how old the request is, nor whether the position is the one that was meant.
   */
  lasting(): readonly WaitingClosure[] {
    return this.#waiting.map(one => (one.isForeignToo ? { ...one, isForeignToo: false } : one))
  }
}

/** What the orders to close a position of somebody else are sent for. */
function purposeOf(id: string, key: string): string {
  return `close:${id}:${key}`
}

function isAsked({ symbol, side }: Closure, one: Spot | Position): boolean {
  return (symbol === null || one.symbol === symbol) && (side === null || one.side === side)
}
