/**
 * Which refusals are news. A strategy within the day wants the same entry on one candle after the other, and the same gate
 * refuses it each time: that is told once, until another gate refuses it, the strategy has not wanted it for a candle, or
 * another UTC day begins. Each is counted all the same.
 */
import { DAY } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import type { EngineState, LastRefusal } from './state.ts'

export class Refusals {
  /** By strategy, symbol and side. */
  readonly #last = new Map<string, LastRefusal>()

  /** Takes a refusal; whether it is news. */
  isNews(signal: Signal, gate: string): boolean {
    const { candleStart, timeframe } = signal
    const key = keyOf(signal)
    const before = this.#last.get(key)
    this.#last.set(key, { gate, candleStart })
    if (before === undefined || before.gate !== gate) return true
    const isNext = candleStart - before.candleStart <= INTERVAL_MS[timeframe]
    return !isNext || Math.floor(candleStart / DAY) !== Math.floor(before.candleStart / DAY)
  }

  /** A signal was entered: what refuses the next one is news. */
  entered(signal: Signal): void {
    this.#last.delete(keyOf(signal))
  }

  save(): Pick<EngineState, 'refusals'> {
    return { refusals: [...this.#last] }
  }

  load({ refusals }: Pick<EngineState, 'refusals'>): void {
    for (const [key, last] of refusals) this.#last.set(key, last)
  }
}

function keyOf({ strategy, symbol, side }: Signal): string {
  return `${strategy}:${symbol}:${side}`
}
