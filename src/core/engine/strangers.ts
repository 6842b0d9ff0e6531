/** What others do on the account: positions that bbw did not open, orders of another bbw. */
import type { Side } from '../market/side.ts'
import { type EngineCore, LOOK_AGAIN } from './core.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { EngineState } from './state.ts'

/** Orders of another bbw seen so often in a row halt entries. */
const RIVAL_SIGHTS = 2

export class Strangers {
  readonly #core: EngineCore
  readonly #gatekeeper: Gatekeeper
  readonly #foreign = new Set<string>()
  #rivals = 0

  constructor(core: EngineCore, gatekeeper: Gatekeeper) {
    this.#core = core
    this.#gatekeeper = gatekeeper
  }

  /** Symbols with a position that bbw did not open. */
  get foreign(): ReadonlySet<string> {
    return this.#foreign
  }

  /** How often in a row the account has shown orders of another bbw. */
  get rivals(): number {
    return this.#rivals
  }

  /** A position of somebody else has come to light: its symbol is left alone from now on. */
  mark(symbol: string, side: Side): void {
    if (this.#foreign.has(symbol)) return
    this.#foreign.add(symbol)
    const reason = `${symbol} ${side} was not opened by bbw: it is left alone, no entry on ${symbol}`
    this.#core.note('foreign', reason, null, 'W303')
  }

  /** Takes all the positions of somebody else that the account shows; what is not among them is free again. */
  foreignSeen(found: readonly { readonly symbol: string; readonly side: Side }[]): void {
    for (const { symbol, side } of found) this.mark(symbol, side)
    const symbols = new Set(found.map(one => one.symbol))
    for (const symbol of this.#foreign) {
      if (symbols.has(symbol)) continue
      this.#foreign.delete(symbol)
      const reason = `${symbol} is free again: the position of somebody else is gone`
      this.#core.note('reconciled', reason, null, null)
    }
  }

  /** Takes the ids of all the orders of another bbw that the account shows. */
  rivalsSeen(ids: readonly string[]): void {
    if (ids.length === 0) {
      this.#rivals = 0
      return
    }
    this.#rivals++
    const reason = `another bbw has orders on this account: ${ids.slice(0, 3).join(', ')}`
    if (this.#rivals === 1) this.#core.note('foreign', `${reason}; no entries`, null, 'C305')
    if (this.#rivals >= RIVAL_SIGHTS) this.#gatekeeper.halt('bbw', reason, 'C305')
    else this.#core.hurry(this.#core.now + LOOK_AGAIN)
  }

  save(): Pick<EngineState, 'foreign' | 'rivals'> {
    return { foreign: [...this.#foreign], rivals: this.#rivals }
  }

  load({ foreign, rivals }: Pick<EngineState, 'foreign' | 'rivals'>): void {
    for (const symbol of foreign) this.#foreign.add(symbol)
    this.#rivals = rivals
  }
}
