/**
 * Looks at how near each open position is to its liquidation. Two things are told of, once until they change:
 *
 * - the liquidation lies nearer to the entry than the multiple of the stop that an entry has to keep. It has come there
 *   because its average has moved, its maintenance margin has been raised, or it was handed over. Its stop is tightened
 *   to where the liquidation is that multiple as far away as the stop, seen from the entry, or from the mark where that is
 *   worse by now: so the new stop always lies between the liquidation and the mark, nearer to the liquidation. It is
 *   closed instead only where the configuration says so.
 * - the mark has come so near to the liquidation that only a fifth of the way from the entry is left: the stop has not
 *   held.
 */
import type { Ticks } from '../base/units.ts'
import { cascade, isLiquidationNear, isMarginUnknown } from '../guards/cascade.ts'
import { liquidationPrice } from '../market/liquidation.ts'
import { formatTicks, priceOf, toTicks } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import type { Position } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import type { Protection } from './protection.ts'
import type { EngineState } from './state.ts'

type Warning = 'cascade' | 'liquidation'

/** How a position stands to its liquidation. Distances are counted from the price against the position. */
interface Room {
  readonly liquidation: number
  readonly mark: number
  readonly fromEntry: number
  readonly fromMark: number
  readonly toStop: number
}

export class MarginChecks {
  readonly #core: EngineCore
  readonly #protection: Protection
  readonly #stopMultiple: number
  /** What was told of, as `cascade SOLUSDT:long`. */
  readonly #warned = new Set<string>()

  constructor(core: EngineCore, protection: Protection) {
    this.#core = core
    this.#protection = protection
    const { stopMultiple } = { ...cascade.params, ...core.settings.guards[cascade.id] }
    this.#stopMultiple = stopMultiple
  }

  /** Looks at every position. What is wished of a stop waits for the others of the cycle. */
  look(): void {
    const { positions } = this.#core.portfolio
    for (const one of this.#warned) {
      if (!positions.has(one.slice(one.indexOf(' ') + 1))) this.#warned.delete(one)
    }
    for (const [key, position] of positions) {
      const room = roomOf(position, this.#core)
      // Without a price nothing has changed.
      if (Number.isNaN(room.mark)) continue
      if (this.#isNew('cascade', key, this.#isNear(position, room))) {
        this.#tellCascade(position, room)
      }
      const left = (100 * room.fromMark) / room.fromEntry
      if (this.#isNew('liquidation', key, left <= this.#core.settings.risk.liquidationAlertPercent)) {
        this.#core.count('warned:liquidation')
        const reason = `${left.toFixed(0)} % of the way from the entry to the liquidation is left`
        this.#core.event('risk', position, reason, figuresOf(position, room), null, 'C612')
      }
    }
  }

  #isNear({ symbol }: Position, { fromEntry, toStop }: Room): boolean {
    const { markets, lacking } = this.#core
    if (!isLiquidationNear(fromEntry, toStop, this.#stopMultiple)) return false
    return !isMarginUnknown(markets.of(symbol).instrument, lacking)
  }

  /** Whether something holds that was not told of before; what does not hold any more may be told of again. */
  #isNew(warning: Warning, key: string, holds: boolean): boolean {
    const name = `${warning} ${key}`
    if (!holds) {
      this.#warned.delete(name)
      return false
    }
    if (this.#warned.has(name)) return false
    this.#warned.add(name)
    return true
  }

  #tellCascade(position: Position, room: Room): void {
    this.#core.count('warned:cascade')
    const reason = `the liquidation is nearer to the entry than ${this.#stopMultiple} x the stop`
    this.#core.event('risk', position, reason, figuresOf(position, room), null, 'W611')
    if (this.#core.settings.risk.cascadeClose) {
      this.#protection.closeNow(position, reason, 'W611', 'cascade')
      return
    }
    const stop = this.#tightened(position, room)
    if (stop !== null) this.#protection.desk.wish(position, stop, 'cascade', reason)
  }

  /** `null`: there is no room for a stop between the liquidation and the mark. */
  #tightened({ side, instrument, entry }: Position, { liquidation, mark }: Room): Ticks | null {
    const from = side === 'long' ? Math.min(entry, mark) : Math.max(entry, mark)
    const distance = sign(side) * (from - liquidation)
    if (!(distance > 0)) return null
    const price = from - (sign(side) * distance) / this.#stopMultiple
    const stop = toTicks(instrument, price, side === 'long' ? 'up' : 'down')
    return sign(side) * (mark - priceOf(instrument, stop)) > 0 ? stop : null
  }

  save(): Pick<EngineState, 'warned'> {
    return { warned: [...this.#warned] }
  }

  load({ warned }: Pick<EngineState, 'warned'>): void {
    for (const one of warned) this.#warned.add(one)
  }
}

function roomOf(position: Position, { markets }: EngineCore): Room {
  const { symbol, side, entry, stop } = position
  const market = markets.of(symbol)
  // The filters of now: a maintenance margin may have been raised since the entry.
  const liquidation = liquidationPrice(market.instrument, position)
  const { mark } = market
  return {
    liquidation,
    mark,
    fromEntry: sign(side) * (entry - liquidation),
    fromMark: sign(side) * (mark - liquidation),
    toStop: sign(side) * (entry - priceOf(position.instrument, stop)),
  }
}

function figuresOf(
  { instrument, entry, stop, leverage }: Position,
  { liquidation, mark }: Room,
): {
  readonly [name: string]: number | string
} {
  return { entry, mark, liquidation, stop: formatTicks(instrument, stop), leverage }
}
