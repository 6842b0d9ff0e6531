/**
 * Looks at how near each open position is to its liquidation: to that which is reckoned or to that which the exchange tells,
 * whichever comes first. Two things are told of, once until they change:
 *
 * - the liquidation lies nearer to the entry than the multiple of the stop that an entry has to keep. It has come there
 *   because its average has moved, its maintenance margin has been raised, or it was handed over. Its stop is tightened
 *   to where the liquidation is that multiple as far away as the stop, seen from the entry, or from the mark where that is
 *   worse by now: so the new stop always lies between the liquidation and the mark, nearer to the liquidation. It is
 *   closed instead only where the configuration says so.
 * - the mark has come so near to the liquidation that only a fifth of the way from the entry is left: the stop has not
 *   held.
 */
import type { Price, Ticks } from '../base/units.ts'
import { cascade, isLiquidationNear, isMarginUnknown } from '../guards/cascade.ts'
import type { House } from '../guards/guard.ts'
import type { Instrument } from '../market/instrument.ts'
import { earlierLiquidation, liquidationPrice } from '../market/liquidation.ts'
import { formatTicks, priceOf, toTicks } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import { type Position, positionKey } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import type { Protection } from './protection.ts'
import type { Account } from './protocol.ts'
import type { Rule } from './rule.ts'
import type { EngineState } from './state.ts'

const WARNINGS = ['cascade', 'liquidation'] as const
type Warning = (typeof WARNINGS)[number]

/** How a position stands to its liquidation. Distances are counted from the price against the position. */
interface Room {
  readonly liquidation: number
  readonly mark: number
  readonly fromEntry: number
  readonly fromMark: number
  readonly toStop: number
}

/** A position with the filters and the mark of now: a maintenance margin may have been raised since the entry. */
export interface SeenMargin {
  readonly position: Position
  readonly instrument: Instrument
  readonly mark: Price
  /** Where the exchange says that it liquidates the position; `null`: it has not said, or nowhere. */
  readonly shown: Price | null
  /** What becomes of a gate that lacks its data. */
  readonly lacking: House['lacking']
  /** What was told of already. */
  readonly told: readonly Warning[]
}

/** What holds of a position at present, and what is done where that is news. */
export interface MarginVerdict {
  readonly holds: readonly Warning[]
  /** What is left of the way from the entry to the liquidation, in percent. */
  readonly leftPercent: number
  readonly stopMultiple: number
  /** It is closed, or its stop moved there: where it has come too near. */
  readonly closes: boolean
  readonly stop: Ticks | null
}

/** How near a position is to its liquidation; `null`: without a price nothing has changed. */
export const MARGIN: Rule<SeenMargin, MarginVerdict | null> = {
  kind: 'margin',
  about: ({ position: { strategy, symbol, side } }) => ({ strategy, symbol, side }),
  decide(seen, { guards, risk }) {
    const room = roomOf(seen)
    if (Number.isNaN(room.mark)) return null
    const { stopMultiple } = { ...cascade.params, ...guards[cascade.id] }
    const isNear =
      isLiquidationNear(room.fromEntry, room.toStop, stopMultiple) &&
      !isMarginUnknown(seen.instrument, seen.lacking)
    const leftPercent = (100 * room.fromMark) / room.fromEntry
    const isLow = leftPercent <= risk.liquidationAlertPercent
    const acts = isNear && !seen.told.includes('cascade')
    return {
      holds: [...(isNear ? (['cascade'] as const) : []), ...(isLow ? (['liquidation'] as const) : [])],
      leftPercent,
      stopMultiple,
      closes: acts && risk.cascadeClose,
      stop: acts && !risk.cascadeClose ? tightened(seen.position, room, stopMultiple) : null,
    }
  },
  isSilent: (verdict, { told }) =>
    verdict === null ||
    (verdict.holds.length === told.length && verdict.holds.every(one => told.includes(one))),
}

export class MarginChecks {
  readonly #core: EngineCore
  readonly #protection: Protection
  /** What was told of, as `cascade SOLUSDT:long`. */
  readonly #warned = new Set<string>()
  /** Where the exchange said last that it liquidates positions, by their keys. */
  #shown = new Map<string, Price>()

  constructor(core: EngineCore, protection: Protection) {
    this.#core = core
    this.#protection = protection
  }

  /** Takes what the exchange tells of its positions. */
  seen({ positions }: Account): void {
    this.#shown = new Map(
      positions.flatMap(({ symbol, side, liquidation }) =>
        liquidation === undefined ? [] : [[positionKey(symbol, side), liquidation] as const],
      ),
    )
  }

  /** Looks at every position. What is wished of a stop waits for the others of the cycle. */
  look(): void {
    const { portfolio, markets, lacking } = this.#core
    const { positions } = portfolio
    for (const one of this.#warned) {
      if (!positions.has(one.slice(one.indexOf(' ') + 1))) this.#warned.delete(one)
    }
    for (const [key, position] of positions) {
      const { instrument, mark } = markets.of(position.symbol)
      const told = WARNINGS.filter(warning => this.#warned.has(`${warning} ${key}`))
      const shown = this.#shown.get(key) ?? null
      const seen = { position, instrument, mark, shown, lacking, told }
      const verdict = this.#core.ruled(MARGIN, seen)
      if (verdict !== null) this.#act(key, seen, verdict)
    }
  }

  /** Something that was told of is not told of again until it has not held. */
  #act(key: string, seen: SeenMargin, verdict: MarginVerdict): void {
    const { holds, leftPercent } = verdict
    for (const warning of WARNINGS) {
      const name = `${warning} ${key}`
      if (holds.includes(warning)) this.#warned.add(name)
      else this.#warned.delete(name)
    }
    const isNew = (warning: Warning): boolean => holds.includes(warning) && !seen.told.includes(warning)
    if (isNew('cascade')) this.#tellCascade(seen, verdict)
    if (!isNew('liquidation')) return
    this.#core.count('warned:liquidation')
    const reason = `${leftPercent.toFixed(0)} % of the way from the entry to the liquidation is left`
    this.#core.event('risk', seen.position, reason, figuresOf(seen), null, 'C612')
  }

  #tellCascade(seen: SeenMargin, { stopMultiple, closes, stop }: MarginVerdict): void {
    const { position } = seen
    this.#core.count('warned:cascade')
    const reason = `the liquidation is nearer to the entry than ${stopMultiple} x the stop`
    this.#core.event('risk', position, reason, figuresOf(seen), null, 'W615')
    if (closes) this.#protection.closeNow(position, reason, 'W615', 'cascade')
    else if (stop !== null) this.#protection.desk.wish(position, stop, 'cascade', reason)
  }

  save(): Pick<EngineState, 'warned' | 'liquidations'> {
    return { warned: [...this.#warned], liquidations: [...this.#shown] }
  }

  load({ warned, liquidations }: Pick<EngineState, 'warned' | 'liquidations'>): void {
    for (const one of warned) this.#warned.add(one)
    this.#shown = new Map(liquidations)
  }
}

function roomOf({ position, instrument, mark, shown }: SeenMargin): Room {
  const { side, entry, stop } = position
  // One that the mark is beyond would have happened: what was told is older than that mark, or no price of it.
  const isPossible = shown !== null && sign(side) * (mark - shown) > 0
  const liquidation = earlierLiquidation(
    side,
    liquidationPrice(instrument, position),
    isPossible ? shown : null,
  )
  return {
    liquidation,
    mark,
    fromEntry: sign(side) * (entry - liquidation),
    fromMark: sign(side) * (mark - liquidation),
    toStop: sign(side) * (entry - priceOf(position.instrument, stop)),
  }
}

/** `null`: there is no room for a stop between the liquidation and the mark. */
function tightened(
  { side, instrument, entry }: Position,
  { liquidation, mark }: Room,
  stopMultiple: number,
): Ticks | null {
  const from = side === 'long' ? Math.min(entry, mark) : Math.max(entry, mark)
  const distance = sign(side) * (from - liquidation)
  if (!(distance > 0)) return null
  const price = from - (sign(side) * distance) / stopMultiple
  const stop = toTicks(instrument, price, side === 'long' ? 'up' : 'down')
  return sign(side) * (mark - priceOf(instrument, stop)) > 0 ? stop : null
}

function figuresOf(seen: SeenMargin): { readonly [name: string]: number | string } {
  const { instrument, entry, stop, leverage } = seen.position
  const { mark, liquidation } = roomOf(seen)
  return { entry, mark, liquidation, stop: formatTicks(instrument, stop), leverage }
}
