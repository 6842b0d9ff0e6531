/**
 * Watches positions at high leverage between entry and exit: tells once when one holds far more than the sizing
 * strategies would allow it today, at its present stop, volatility and equity. It changes nothing: the stop stands.
 */
import type { Usdt } from '../base/units.ts'
import type { SizedSignal } from '../decision/strategy.ts'
import { formatSteps, formatTicks } from '../market/quantise.ts'
import type { Position } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import { houseRules } from './pipeline.ts'
import type { Rule } from './rule.ts'
import type { EngineState } from './state.ts'

/** A position, with what its size would be reckoned from now. */
export interface SeenRisk {
  readonly position: Position
  readonly equity: Usdt
  readonly atr15m: number | null
  /** It was told of, and has not been within its budget since. */
  readonly isTold: boolean
}

/** Why a position would be cut if it were entered now; `null`: it would not, or its leverage is not watched. */
export const RISK: Rule<SeenRisk, string | null> = {
  kind: 'risk',
  about: ({ position: { strategy, symbol, side } }) => ({ strategy, symbol, side }),
  decide({ position, equity, atr15m }, settings) {
    const { instrument, side, stop, leverage, steps, entry } = position
    const { strategies, fees } = settings
    if (leverage < Number(strategies['trailing-x10'].leverageFrom) || Number.isNaN(equity)) return null
    const tolerance = Number(strategies['atr-risk-sizing'].alertTolerance)
    const signal: SizedSignal = { instrument, side, stop, leverage, atr15m }
    const shown = { signal, entry, steps, equity, takerFee: fees.taker }
    for (const { strategy, params } of houseRules(settings, null).sizingLayers) {
      for (const intent of strategy.decide(shown, params)) {
        if (intent.kind === 'resize' && intent.steps * tolerance < steps) {
          return `${strategy.id}: entered now it would be ${intent.reason}`
        }
      }
    }
    return null
  },
  isSilent: (over, { isTold }) => (over !== null) === isTold,
}

export class RiskMonitor {
  readonly #core: EngineCore
  /** Positions that were told of. */
  readonly #told = new Set<string>()

  constructor(core: EngineCore) {
    this.#core = core
  }

  /** Looks at every watched position; one that is back within its budget may be told of again. */
  look(): void {
    const { portfolio, markets, now } = this.#core
    const { positions } = portfolio
    for (const key of this.#told) if (!positions.has(key)) this.#told.delete(key)
    for (const [key, position] of positions) {
      const isTold = this.#told.has(key)
      const atr15m = markets.of(position.symbol).minutes15.atr(now)
      const over = this.#core.ruled(RISK, { position, equity: this.#core.equity(), atr15m, isTold })
      if (over === null) this.#told.delete(key)
      else if (!isTold) {
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

  save(): Pick<EngineState, 'risky'> {
    return { risky: [...this.#told] }
  }

  load({ risky }: Pick<EngineState, 'risky'>): void {
    for (const key of risky) this.#told.add(key)
  }
}
