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
 * come between a person's word and its end. What is decided is in `closure-rules.ts`; here it is carried out.
 */
import type { Milliseconds } from '../base/units.ts'
import { positionKey } from '../portfolio/position.ts'
import {
  CLOSURE_ACCOUNT,
  CLOSURE_COURSE,
  CLOSURE_REFUSAL,
  CLOSURE_STEP,
  type ClosureEnd,
  type ClosureStep,
  isMeant,
  type SeenClosure,
  type Spot,
  unreadOf,
} from './closure-rules.ts'
import { type EngineCore, LOOK_AGAIN } from './core.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Protection } from './protection.ts'
import type { Account, AccountPosition, Closure, ClosureInput } from './protocol.ts'
import type { EngineState, WaitingClosure } from './state.ts'

/** The parts of the engine that a closure concerns. */
export interface ClosureParts {
  readonly core: EngineCore
  readonly gatekeeper: Gatekeeper
  readonly orders: OrderDesk
  readonly protection: Protection
}

const NOTHING_TO_DO: ClosureStep = { takesBack: [], closes: [] }

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
      this.#follow(id)
    }
  }

  /** What the books have, as the rules are shown it. */
  #seenOf(closure: WaitingClosure): SeenClosure {
    const { now, portfolio } = this.#core
    const { cancelling, doubts, exits } = this.#orders
    return {
      closure,
      now,
      positions: [...portfolio.positions.values()].map(({ symbol, side }) => {
        const isClosing = this.#protection.desk.of(positionKey(symbol, side)).closing !== null
        return { symbol, side, isClosing }
      }),
      entries: [...portfolio.pending.values()].map(({ symbol, side, clientOrderId: id }) => {
        return { symbol, side, id, isCancelling: cancelling.has(id) }
      }),
      exits: [...exits.values()].map(({ symbol, side, leg, state, clientOrderId: id }) => {
        return { symbol, side, leg, isAccepted: state === 'working' && doubts.get(id) === null }
      }),
    }
  }

  /** Takes back what waits on its symbols, and closes what is held there. */
  #closeOwn(id: string): void {
    const closure = this.#get(id)
    if (closure === undefined) return
    const step = this.#core.ruled(CLOSURE_STEP, this.#seenOf(closure))
    const { takesBack, closes } = step ?? NOTHING_TO_DO
    if (takesBack.length > 0) this.#put({ ...closure, askedAt: this.#core.now })
    for (const entryId of takesBack) {
      const entry = this.#core.portfolio.pending.get(entryId)
      if (entry !== undefined) this.#orders.takeBack(entry, 'asked-to-close')
    }
    for (const position of this.#core.portfolio.positions.values()) {
      if (closes.includes(positionKey(position.symbol, position.side))) {
        this.#protection.closeNow(position, `${closure.reason} (${closure.by})`, 'I140', 'force-exit')
      }
      if (isMeant(closure, position)) this.#note(id, position)
    }
  }

  /** Notes how far it has come: asks the account when the books have nothing left of it, and says when it is stuck. */
  #follow(id: string): void {
    const closure = this.#get(id)
    if (closure === undefined) return
    const { isOpen, isAccepted, stuck } = this.#core.ruled(CLOSURE_COURSE, this.#seenOf(closure))
    const goesForward = isAccepted || closure.isAccepted
    const { now } = this.#core
    if (goesForward || isOpen !== closure.isOpen) {
      this.#put({ ...closure, isOpen, isAccepted, ...(goesForward ? { since: now } : {}) })
    }
    if (closure.isOpen && !isOpen) this.#look(0)
    if (stuck === null) return
    this.#refuse(closure, stuck, 'stuck')
    this.#put({ ...closure, isOpen, isAnswered: true })
  }

  /** Whether an order that was refused in this step leaves a rest that stays. */
  #noteRefusal(id: string): void {
    const closure = this.#get(id)
    const refused = this.#orders.refusedNow
    if (closure === undefined || refused === null) return
    const { symbol, side } = refused
    const key = positionKey(symbol, side)
    const position = this.#core.portfolio.positions.get(key) ?? null
    const known = this.#core.markets.find(symbol)?.instrument
    const verdict = this.#core.ruled(CLOSURE_REFUSAL, {
      closure,
      refused,
      instrument:
        known === undefined ? null : { symbol: known.symbol, step: known.step, minQty: known.minQty },
      isDust: position !== null && this.#orders.isDust(position),
    })
    if (verdict === null) return
    const { trouble } = verdict
    if (verdict.kind === 'again') {
      this.#put({ ...closure, trouble })
      return
    }
    const { words, rest, isTold } = verdict
    this.#protection.desk.keep(key)
    this.#put({ ...closure, left: [...closure.left, key], trouble })
    if (isTold) {
      const figures = { symbol, side, qty: rest }
      this.#core.event('rejected', position, `${words}: it is left`, figures, null, 'I604')
    }
    this.#look(0)
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

  #seen(id: string, { positions, orders, unread = [] }: Account): void {
    const before = this.#get(id)
    if (before === undefined) return
    const hidden = unreadOf(before, unread)
    if (hidden !== null) this.#put({ ...before, trouble: hidden.reason })
    const { closes, takesBack, end, isPressing } = this.#core.ruled(CLOSURE_ACCOUNT, {
      ...this.#seenOf(before),
      there: positions.map(({ symbol, side }) => ({ symbol, side })),
      resting: orders.map(({ clientOrderId, symbol, side, purpose }) => {
        return { clientOrderId, symbol, side, purpose }
      }),
      asked: [...this.#orders.asked.keys()],
      instance: this.#core.instance,
      unread,
    })
    for (const one of positions) {
      if (closes.includes(positionKey(one.symbol, one.side))) this.#closeForeign(id, one)
    }
    for (const order of orders) {
      if (takesBack.includes(order.clientOrderId)) this.#orders.cancelOrphan(order, 'asked-to-close')
    }
    if (end !== null) this.#end(before, end)
    // Of what the exchange has accepted the next look of the cycle is soon enough: its fills are told.
    else if (isPressing) this.#look(LOOK_AGAIN)
    else this.#core.touch('light')
  }

  /** A position that bbw did not open: its close is followed as every order is, and is a stranger's to the books. */
  #closeForeign(id: string, there: AccountPosition): void {
    const closure = this.#get(id)
    if (closure === undefined) return
    const key = positionKey(there.symbol, there.side)
    const tried = closure.tried.filter(([other]) => other !== key)
    this.#put({ ...closure, tried: [...tried, [key, this.#core.now]] })
    this.#orders.closeForeign(there, purposeOf(id, key), closure.reason)
    this.#note(id, there)
  }

  #end(closure: WaitingClosure, end: ClosureEnd): void {
    const { id, symbol, side, by, closed, left, isAnswered } = closure
    for (const key of closed) this.#orders.forgetAttempts(purposeOf(id, key))
    if (end.kind === 'refused') {
      if (!isAnswered) this.#refuse(closure, end.words, end.why)
    } else {
      this.#core.record('flat', {
        code: 'I141',
        symbol,
        side,
        strategy: null,
        signalId: null,
        clientOrderId: null,
        reason: end.words,
        figures: { request: id, by, closed: closed.length, left: left.length },
      })
      if (!isAnswered) this.#core.emit({ type: 'answer', id, ok: true, reason: end.words })
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
