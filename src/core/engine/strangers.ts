/**
 * What is on the account and not in the books: positions that bbw did not open, orders of another bbw, and what orders of
 * this very bbw have opened in a part of the state that is lost, until it is taken back under management.
 */
import type { Steps } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import { positionKey } from '../portfolio/position.ts'
import { type EngineCore, LOOK_AGAIN } from './core.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { OrderDesk } from './order-desk.ts'
import type { AccountPosition, FillInput } from './protocol.ts'
import type { EngineState, Foreign } from './state.ts'
import { LOST_FILL, RIVALS } from './stranger-rules.ts'

export class Strangers {
  readonly #core: EngineCore
  readonly #gatekeeper: Gatekeeper
  readonly #orders: OrderDesk
  /** By position; one whose side is not known, by its symbol. */
  readonly #foreign = new Map<string, Foreign>()
  #symbols: ReadonlySet<string> = new Set()
  /** What orders of this bbw have opened and its books have lost, by position, in steps. */
  readonly #lost = new Map<string, Steps>()
  #rivals = 0

  constructor(core: EngineCore, gatekeeper: Gatekeeper, orders: OrderDesk) {
    this.#core = core
    this.#gatekeeper = gatekeeper
    this.#orders = orders
  }

  /** Symbols with a position that bbw did not open. */
  get foreign(): ReadonlySet<string> {
    return this.#symbols
  }

  /** Positions of somebody else, as the account has shown them last. */
  shown(): readonly AccountPosition[] {
    return [...this.#foreign.values()].flatMap(({ shown }) => (shown === null ? [] : [shown]))
  }

  /** Their keys, for the books. */
  keys(): readonly string[] {
    return [...this.#foreign.keys()]
  }

  /** How often in a row the account has shown orders of another bbw. */
  get rivals(): number {
    return this.#rivals
  }

  /** Keys of positions that orders of this bbw have opened and its books have lost. */
  get lost(): readonly string[] {
    return [...this.#lost.keys()]
  }

  /**
   * Takes an execution where the books hold nothing.
   *
   * @param isListed it is from the list of executions, which tells of what has been closed since as well: what is there
   * the account shows
   */
  executed(fill: FillInput, isListed: boolean): void {
    const { execId, clientOrderId: id, symbol, side, steps, opens = false } = fill
    const key = positionKey(symbol, side)
    const before = this.#lost.get(key) ?? (0 as Steps)
    const isForeign = this.#foreign.has(key) || this.#foreign.has(symbol)
    const { instance } = this.#core
    const seen = { execId, id, instance, symbol, side, opens, steps, before, isForeign }
    const left = this.#core.ruled(LOST_FILL, seen)
    if (left > 0) {
      this.#lost.set(key, left)
      this.#clear(symbol)
      return
    }
    this.#lost.delete(key)
    if (opens && !isListed) this.mark(symbol, side)
  }

  /** Forgets what the account does not show any more of what the books had lost. */
  lostGone(keys: readonly string[]): void {
    for (const key of keys) this.#lost.delete(key)
  }

  /** A position that the books had lost and that cannot be managed yet: nothing is entered there before it is. */
  awaits(shown: AccountPosition): void {
    const key = positionKey(shown.symbol, shown.side)
    const isNew = !this.#foreign.has(key)
    if (!this.#lost.has(key)) this.#lost.set(key, shown.steps)
    this.take(shown)
    if (!isNew) return
    const { symbol, side } = shown
    const reason = `${symbol} ${side} was opened by this bbw, and its market is not known yet: it is left with its stop until it is`
    const none = { strategy: null, signalId: null, clientOrderId: null, figures: {} }
    this.#core.record('foreign', { code: 'W303', symbol, side, reason, ...none })
  }

  /**
   * A position of somebody else has come to light: its symbol is left alone from now on, and an entry that still waits
   * there is taken back, for it would fill into what is not bbw's.
   */
  mark(symbol: string, side: Side): void {
    const key = positionKey(symbol, side)
    if (this.#foreign.has(key)) return
    // An earlier bbw has told of it under its symbol.
    const isTold = this.#foreign.delete(symbol)
    this.#set(key, { symbol, side, shown: null })
    this.#clear(symbol)
    if (isTold) return
    const reason = `${symbol} ${side} was not opened by bbw: it is left alone, no entry on ${symbol}`
    this.#core.record('foreign', {
      code: 'W303',
      symbol,
      side,
      strategy: null,
      signalId: null,
      clientOrderId: null,
      reason,
      figures: {},
    })
  }

  /**
   * Takes all the positions of somebody else that the account shows.
   *
   * @param gone keys of those that are not there any more: their symbols are free again
   */
  foreignSeen(found: readonly AccountPosition[], gone: readonly string[]): void {
    for (const shown of found) {
      const { symbol, side } = shown
      this.mark(symbol, side)
      this.#set(positionKey(symbol, side), { symbol, side, shown })
    }
    for (const [key, { symbol }] of this.#foreign) {
      if (!gone.includes(key)) continue
      this.#remove(key)
      const isFree = !this.#symbols.has(symbol)
      const reason = isFree
        ? `${symbol} is free again: the position of somebody else is gone`
        : `one of the positions of somebody else on ${symbol} is gone`
      this.#core.note('reconciled', reason, null, null)
    }
  }

  /** A position of bbw's is somebody else's from now on: a person has taken it back. */
  take(shown: AccountPosition): void {
    const { symbol, side } = shown
    this.#set(positionKey(symbol, side), { symbol, side, shown })
  }

  /** A position of somebody else is bbw's from now on. */
  give(symbol: string, side: Side): void {
    this.#remove(positionKey(symbol, side))
    this.#lost.delete(positionKey(symbol, side))
  }

  /** Takes the ids of all the orders of another bbw that the account shows. */
  rivalsSeen(ids: readonly string[]): void {
    const isHalted = this.#gatekeeper.standing.halted !== null
    const verdict = this.#core.ruled(RIVALS, { ids, before: this.#rivals, isHalted })
    this.#rivals = verdict === null ? 0 : this.#rivals + 1
    if (verdict === null) return
    const reason = `another bbw has orders on this account: ${ids.slice(0, 3).join(', ')}`
    if (this.#rivals === 1) this.#core.note('foreign', `${reason}; no entries`, null, 'C305')
    if (verdict === 'halt') this.#gatekeeper.halt('bbw', reason, 'C305')
    else if (verdict === 'block') this.#core.hurry(this.#core.now + LOOK_AGAIN)
  }

  save(): Pick<EngineState, 'foreign' | 'lost' | 'rivals'> {
    return { foreign: [...this.#foreign.values()], lost: [...this.#lost], rivals: this.#rivals }
  }

  load({ foreign, lost, rivals }: Pick<EngineState, 'foreign' | 'lost' | 'rivals'>): void {
    for (const [key, steps] of lost) this.#lost.set(key, steps)
    for (const one of foreign) {
      this.#set(one.side === null ? one.symbol : positionKey(one.symbol, one.side), one)
    }
    this.#rivals = rivals
  }

  /** Takes back the entries that wait on a symbol. */
  #clear(symbol: string): void {
    for (const entry of this.#core.portfolio.pending.values()) {
      if (entry.symbol === symbol) this.#orders.takeBack(entry, 'foreign')
    }
  }

  #set(key: string, foreign: Foreign): void {
    this.#foreign.set(key, foreign)
    this.#note()
  }

  #remove(key: string): void {
    this.#foreign.delete(key)
    this.#note()
  }

  #note(): void {
    this.#symbols = new Set([...this.#foreign.values()].map(({ symbol }) => symbol))
  }
}

/** A position of somebody else by its key in the books. */
export function foreignOf(key: string): Foreign {
  const [symbol = key, side] = key.split(':')
  return { symbol, side: side === 'long' || side === 'short' ? side : null, shown: null }
}
