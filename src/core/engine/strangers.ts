/** What others do on the account: positions that bbw did not open, orders of another bbw. */
import type { Side } from '../market/side.ts'
import { positionKey } from '../portfolio/position.ts'
import { type EngineCore, LOOK_AGAIN } from './core.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { OrderDesk } from './order-desk.ts'
import type { AccountPosition } from './protocol.ts'
import type { EngineState, Foreign } from './state.ts'
import { RIVALS } from './stranger-rules.ts'

export class Strangers {
  readonly #core: EngineCore
  readonly #gatekeeper: Gatekeeper
  readonly #orders: OrderDesk
  /** By position; one whose side is not known, by its symbol. */
  readonly #foreign = new Map<string, Foreign>()
  #symbols: ReadonlySet<string> = new Set()
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
    for (const entry of this.#core.portfolio.pending.values()) {
      if (entry.symbol === symbol) this.#orders.takeBack(entry, 'foreign')
    }
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

  save(): Pick<EngineState, 'foreign' | 'rivals'> {
    return { foreign: [...this.#foreign.values()], rivals: this.#rivals }
  }

  load({ foreign, rivals }: Pick<EngineState, 'foreign' | 'rivals'>): void {
    for (const one of foreign) {
      this.#set(one.side === null ? one.symbol : positionKey(one.symbol, one.side), one)
    }
    this.#rivals = rivals
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
