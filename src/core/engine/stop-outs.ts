/**
 * Positions that a stop has closed, for the strategy that may want to come back: what is noted with the stop's fill is
 * put into the queue by the light cycle, is shown to strategies, and leaves it with the decision it waits for.
 */
import { HOUR, type Milliseconds, type Timestamp } from '../base/units.ts'
import type { StopOut } from '../decision/view.ts'
import type { Side } from '../market/side.ts'
import { positionKey } from '../portfolio/position.ts'
import type { Trade } from '../portfolio/trade.ts'
import type { CycleId } from './cycles.ts'
import { type BoundEntry, enabledEntries } from './pipeline.ts'
import type { Ask, Rule } from './rule.ts'
import type { EngineState } from './state.ts'

/** What has waited for its decision for so long will not get one: the symbol is not decided on any more. */
const LONGEST_WAIT: Milliseconds = 72 * HOUR

/** What it needs of the engine's core. */
interface Surroundings {
  readonly now: Timestamp
  /** The entry strategies that are switched on. */
  readonly entries: readonly BoundEntry[]
  readonly ruled: Ask
  touch(cycle: CycleId): void
  count(name: string): void
}

/** Whether a strategy wants to come back to what a stop has closed. */
export const COMES_BACK: Rule<Trade, boolean> = {
  kind: 'comes-back',
  about: ({ strategy, symbol, side }) => ({ strategy, symbol, side }),
  decide: (trade, settings) =>
    enabledEntries(settings).some(({ strategy, params }) => strategy.comesBack?.(trade, params) === true),
  isSilent: comesBack => !comesBack,
}

/** What waits for its decision, after one on its symbol or as time passes. */
export interface SeenStopOut {
  readonly out: StopOut
  readonly now: Timestamp
  /** The end of the daily candle that has just been decided on; `null`: none has. */
  readonly candleEnd: Timestamp | null
}

/** Why it leaves the queue; `null`: it waits on. */
export const LEAVES_QUEUE: Rule<SeenStopOut, 'decided' | 'too-old' | null> = {
  kind: 'leaves-queue',
  about: ({ out: { strategy, symbol, side } }) => ({ strategy, symbol, side }),
  decide({ out, now, candleEnd }, settings) {
    if (candleEnd === null) return out.at <= now - LONGEST_WAIT ? 'too-old' : null
    const isDecided = enabledEntries(settings).some(bound => isDue(bound, out, candleEnd))
    return isDecided ? 'decided' : null
  },
}

export class StopOuts {
  readonly #core: Surroundings
  /** Fills of stops since the last light cycle. */
  #noted: readonly StopOut[] = []
  /** By position key. */
  readonly #queue = new Map<string, StopOut>()

  constructor(core: Surroundings) {
    this.#core = core
  }

  /** A stop at `price` has closed a position, there or, over a gap, beyond it. */
  note(trade: Trade, price: number, at: Timestamp): void {
    if (!this.#core.ruled(COMES_BACK, trade)) return
    const { symbol, side, strategy, notional, leverage, score } = trade
    const out = { symbol, side, strategy, at, stop: price, margin: notional / leverage, score }
    this.#noted = [...this.#noted, out]
    this.#core.touch('light')
  }

  /** Queues what was noted; a later stop of the same side of a symbol takes the place of an earlier one. */
  queue(): void {
    const { now } = this.#core
    for (const [key, out] of this.#queue) {
      if (this.#core.ruled(LEAVES_QUEUE, { out, now, candleEnd: null }) !== null) this.#queue.delete(key)
    }
    for (const out of this.#noted) {
      this.#queue.set(positionKey(out.symbol, out.side), out)
      this.#core.count('queued:reentry')
    }
    this.#noted = []
  }

  /** What waits on one side of a symbol. */
  of(symbol: string, side: Side): StopOut | undefined {
    return this.#queue.size === 0 ? undefined : this.#queue.get(positionKey(symbol, side))
  }

  /** The daily candle that ends at `candleEnd` has been decided on: what had its turn leaves the queue. */
  decided(symbol: string, candleEnd: Timestamp): void {
    if (this.#queue.size === 0) return
    for (const side of ['long', 'short'] as const) {
      const key = positionKey(symbol, side)
      const out = this.#queue.get(key)
      if (out === undefined) continue
      const { now } = this.#core
      if (this.#core.ruled(LEAVES_QUEUE, { out, now, candleEnd }) !== null) this.#queue.delete(key)
    }
  }

  save(): Pick<EngineState, 'stopOuts' | 'stopOutsNoted'> {
    return { stopOuts: [...this.#queue.values()], stopOutsNoted: this.#noted }
  }

  load({ stopOuts, stopOutsNoted }: Pick<EngineState, 'stopOuts' | 'stopOutsNoted'>): void {
    // Nothing waits for a strategy that has been switched off: nobody would ever decide.
    if (!this.#core.entries.some(({ strategy }) => strategy.comesBack !== undefined)) return
    for (const out of stopOuts) this.#queue.set(positionKey(out.symbol, out.side), out)
    this.#noted = stopOutsNoted
  }
}

function isDue({ strategy, params }: BoundEntry, out: StopOut, candleEnd: Timestamp): boolean {
  const wait = strategy.waitsAfterStop?.(params)
  return wait !== undefined && candleEnd >= out.at + wait
}
