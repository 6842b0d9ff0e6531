/**
 * Watches positions at high leverage between entry and exit: tells once when one holds far more than the sizing
 * strategies would allow it today, at its present stop, volatility and equity. It changes nothing: the stop stands.
 */
import type { SizedSignal } from '../decision/strategy.ts'
import { formatSteps, formatTicks } from '../market/quantise.ts'
import type { Position } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import { houseRules } from './pipeline.ts'
import type { EngineState } from './state.ts'

export class RiskMonitor {
  readonly #core: EngineCore
  readonly #layers: ReturnType<typeof houseRules>['sizingLayers']
  /** From this leverage on a position is watched. */
  readonly #from: number
  /** Told of is one that holds so many times what it would be cut to. */
  readonly #tolerance: number
  /** Positions that were told of. */
  readonly #told = new Set<string>()

  constructor(core: EngineCore) {
    this.#core = core
    this.#layers = houseRules(core.settings, core.live).sizingLayers
    const { leverageFrom } = core.settings.strategies['trailing-x10']
    this.#from = Number(leverageFrom)
    this.#tolerance = Number(core.settings.strategies['atr-risk-sizing'].alertTolerance)
  }

  /** Looks at every watched position; one that is back within its budget may be told of again. */
  look(): void {
    const { positions } = this.#core.portfolio
    for (const key of this.#told) if (!positions.has(key)) this.#told.delete(key)
    for (const [key, position] of positions) {
      const over = position.leverage < this.#from ? null : this.#over(position)
      if (over === null) this.#told.delete(key)
      else if (!this.#told.has(key)) {
        this.#told.add(key)
        const { instrument, steps, stop } = position
        const figures = {
          qty: formatSteps(instrument, steps),
          stop: formatTicks(instrument, stop),
          equity: this.#core.equity(),
        }
        this.#core.event('risk', position, over, figures, null, 'W134')
      }
    }
  }

  /** Why a position would be cut if it were entered now; `null`: it would not. */
  #over(position: Position): string | null {
    const { instrument, side, stop, leverage, steps, symbol, entry } = position
    const { minutes15 } = this.#core.markets.of(symbol)
    const equity = this.#core.equity()
    if (Number.isNaN(equity)) return null
    const signal: SizedSignal = { instrument, side, stop, leverage, atr15m: minutes15.atr(this.#core.now) }
    const shown = { signal, entry, steps, equity, takerFee: this.#core.settings.fees.taker }
    for (const { strategy, params } of this.#layers) {
      for (const intent of strategy.decide(shown, params)) {
        if (intent.kind === 'resize' && intent.steps * this.#tolerance < steps) {
          return `${strategy.id}: entered now it would be ${intent.reason}`
        }
      }
    }
    return null
  }

  save(): Pick<EngineState, 'risky'> {
    return { risky: [...this.#told] }
  }

  load({ risky }: Pick<EngineState, 'risky'>): void {
    for (const key of risky) this.#told.add(key)
  }
}
