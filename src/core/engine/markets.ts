/** The markets that were introduced to the engine, and which candles of each were decided on last. */
import { broken } from '../base/assert.ts'
import type { Instrument } from '../market/instrument.ts'
import type { UniverseParams } from '../market/tiers.ts'
import type { Decided, EngineState } from './state.ts'
import { SymbolState } from './symbol.ts'

export class Markets {
  readonly #universe: UniverseParams
  readonly #symbols = new Map<string, SymbolState>()
  /** Candles decided on, of symbols that have not been introduced again since the restart. */
  readonly #decided = new Map<string, Decided>()

  constructor(universe: UniverseParams) {
    this.#universe = universe
  }

  /** A symbol is traded here, or its terms have changed. */
  introduce(instrument: Instrument): void {
    const known = this.#symbols.get(instrument.symbol)
    if (known === undefined) {
      const symbol = new SymbolState(instrument, this.#universe)
      Object.assign(symbol.decided, this.#decided.get(instrument.symbol))
      this.#decided.delete(instrument.symbol)
      this.#symbols.set(instrument.symbol, symbol)
    } else {
      known.instrument = instrument
    }
  }

  /** @throws when the symbol was never introduced: whoever feeds the engine has broken its contract */
  of(name: string): SymbolState {
    const symbol = this.#symbols.get(name)
    if (symbol === undefined) broken(`${name} was never introduced`)
    return symbol
  }

  /** The symbol, `undefined` when it was never introduced. */
  find(name: string): SymbolState | undefined {
    return this.#symbols.get(name)
  }

  /** All of them, in the order they were introduced in. */
  all(): Iterable<SymbolState> {
    return this.#symbols.values()
  }

  /** Start of the candles decided on last, by symbol; those without a decision are left out. */
  decided(): [string, Decided][] {
    const decided = new Map(this.#decided)
    for (const [name, symbol] of this.#symbols) {
      if (symbol.decided['1d'] >= 0 || symbol.decided['5m'] >= 0) decided.set(name, symbol.decided)
    }
    return [...decided]
  }

  save(): Pick<EngineState, 'symbols' | 'decided'> {
    return {
      symbols: [...this.#symbols.values()].map(symbol => symbol.save()),
      decided: [...this.#decided],
    }
  }

  load({ symbols, decided }: Pick<EngineState, 'symbols' | 'decided'>): void {
    for (const one of symbols) {
      this.#symbols.set(one.instrument.symbol, SymbolState.load(one, this.#universe))
    }
    for (const [symbol, starts] of decided) this.#decided.set(symbol, starts)
  }
}
