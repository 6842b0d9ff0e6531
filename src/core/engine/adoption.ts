/**
 * A position that a person opened and hands over: whether it can be taken, and what it becomes. Pure. Entry price, size
 * and leverage are those of the exchange. It is a position of the strategy `manual`: its stop and its own target, the
 * trailing stop of its leverage, and every gate that counts positions apply to it; partial targets and the longest hold
 * do not, for nobody asked for them. Its age counts from the moment it is handed over: when it was opened is not known,
 * nor what was paid for that.
 */
import type { Price, Ticks, Timestamp } from '../base/units.ts'
import { sendable, stopTicks, targetTicks } from '../decision/prices.ts'
import type { Instrument } from '../market/instrument.ts'
import { earlierLiquidation, liquidationPrice } from '../market/liquidation.ts'
import { priceOf } from '../market/quantise.ts'
import { opposite, type Side, sign } from '../market/side.ts'
import { MANUAL, type Position, positionKey } from '../portfolio/position.ts'
import type { AccountPosition, Handover, RestingReport } from './protocol.ts'
import type { Rule } from './rule.ts'

/** What a person asks for, beside what is there. Prices; `NaN` for a mark that is not known. */
export interface AdoptionTerms {
  readonly side: Side
  readonly mark: Price
  /** The stop at the exchange. */
  readonly shown: Price | null
  readonly stop: Price | null
  readonly target: Price | null
  /** The mark at which the position is liquidated; `null` where it is not known. */
  readonly liquidation: Price | null
}

/** Why a position cannot be handed over on such terms, in words; `null` when it can. */
export function adoptionProblem({
  side,
  mark,
  shown,
  stop,
  target,
  liquidation,
}: AdoptionTerms): string | null {
  const beyond = (a: Price, b: Price): boolean => (a - b) * sign(side) > 0
  if (stop === null && shown === null) return 'it has no stop at the exchange: say --stop PRICE'
  if (Number.isNaN(mark)) return 'its mark price is not known'
  if (stop !== null && !beyond(mark, stop)) {
    return `the mark price ${mark} is past a stop at ${stop}`
  }
  if (stop !== null && shown !== null && beyond(shown, stop)) {
    return `the stop at the exchange, ${shown}, is tighter than ${stop}: leave --stop out to keep it`
  }
  const kept = stop ?? shown
  if (liquidation !== null && kept !== null && !beyond(kept, liquidation)) {
    return `it is liquidated at ${liquidation.toPrecision(6)}, before a stop at ${kept} is reached: say a nearer --stop`
  }
  if (target !== null && !beyond(target, mark)) {
    return `a target at ${target} is not beyond the mark price ${mark}`
  }
  return null
}

/** What a person asks to be taken over, and what there is. */
export interface SeenAdoption {
  readonly request: Pick<Handover, 'id' | 'symbol' | 'side' | 'stop' | 'target' | 'by'>
  /** Positions at the exchange that bbw did not open and that it can mean; `null`: the account cannot be read. */
  readonly there: readonly AccountPosition[] | null
  /** Sides of the symbol that are positions of bbw already. */
  readonly own: readonly Side[]
  /** `null`: its symbol is not followed. */
  readonly market: { readonly instrument: Instrument; readonly mark: Price } | null
  readonly now: Timestamp
}

export type AdoptionVerdict =
  | { readonly position: Position; readonly there: AccountPosition }
  /** `isMissing`: there is no such position. */
  | { readonly refused: string; readonly isMissing: boolean }

export const ADOPTION: Rule<SeenAdoption, AdoptionVerdict> = {
  kind: 'adoption',
  about: ({ request: { id, symbol, side } }) => ({ strategy: MANUAL, symbol, side, id }),
  decide({ request, there: found, own, market, now }, { positionMode }) {
    const { side } = request
    const refused = (words: string, isMissing = false): AdoptionVerdict => ({ refused: words, isMissing })
    if (found === null) return refused('the account cannot be read at present')
    const [there] = found
    if (there === undefined) {
      const isOwn = side === null ? own.length > 0 : own.includes(side)
      return isOwn
        ? refused('it is a position of bbw already')
        : refused('it is not held at the exchange', true)
    }
    if (found.length > 1) return refused('it is held on both sides: say --side long or --side short')
    if (market === null) {
      return refused('it is not among the symbols that bbw follows: its price is not known')
    }
    const other = opposite(there.side)
    if (positionMode === 'one-way' && own.includes(other)) return refused(`bbw holds the ${other} side of it`)
    const made = adoption(there, market.instrument, market.mark, request, now)
    return 'refused' in made ? refused(made.refused) : { position: made.position, there }
  },
  isSilent: () => false,
}

/** The position that an adoption makes, or why there is none. */
export function adoption(
  there: AccountPosition,
  instrument: Instrument,
  mark: Price,
  { id: request, stop, target, by }: Pick<Handover, 'id' | 'stop' | 'target' | 'by'>,
  now: Timestamp,
): { readonly position: Position } | { readonly refused: string } {
  const { symbol, side } = there
  for (const price of [stop, target]) {
    if (price !== null && !sendable(instrument, price)) {
      return { refused: `${price} is no price of ${symbol}` }
    }
  }
  const shown = there.stop
  const wanted = stop === null ? null : stopTicks(instrument, side, stop)
  const ticks = target === null ? null : targetTicks(instrument, side, target)
  const problem = adoptionProblem({
    side,
    mark,
    shown: shown === null ? null : priceOf(instrument, shown),
    stop: wanted === null ? null : priceOf(instrument, wanted),
    target: ticks === null ? null : priceOf(instrument, ticks),
    liquidation: earlierLiquidation(side, liquidationPrice(instrument, there), there.liquidation),
  })
  const kept = wanted ?? shown
  if (problem !== null || kept === null) return { refused: problem ?? 'it has no stop' }
  const reason = `handed over by ${by}`
  return { position: managed(there, instrument, { request, stop: kept, target: ticks, mark, reason, now }) }
}

/** What becomes of a position that is there: one of the strategy `manual`. */
function managed(
  { symbol, side, steps, entry, leverage }: AccountPosition,
  instrument: Instrument,
  of: {
    readonly request: string
    readonly stop: Ticks
    readonly target: Ticks | null
    readonly mark: Price
    readonly reason: string
    readonly now: Timestamp
  },
): Position {
  const { request, stop, target, mark, reason, now } = of
  // Its orders have ids of their own, however soon after a release it is handed over again.
  const id = `${MANUAL}:${positionKey(symbol, side)}:${request}`
  return {
    symbol,
    side,
    instrument,
    strategy: MANUAL,
    timeframe: '1d',
    signalId: id,
    clientOrderId: id,
    score: 0,
    leverage,
    entry,
    steps,
    enteredSteps: steps,
    openedAt: now,
    stop,
    stopKind: 'initial',
    initialStop: stop,
    target,
    targetsFilled: 0,
    weekBbAtEntry: null,
    halved: false,
    gross: 0,
    fees: 0,
    funding: 0,
    exits: [],
    lowest: Math.min(entry, mark),
    highest: Math.max(entry, mark),
    reason,
  }
}

// --- what the books have lost

/** A position that orders of this very bbw have opened and its books have lost, and what there is. */
export interface SeenReclaim {
  readonly there: AccountPosition
  /** Orders of this bbw that rest there and take from it. */
  readonly exits: readonly RestingReport[]
  /** The other side of the symbol is a position of bbw's. */
  readonly isOpposed: boolean
  /** `null`: its symbol is not followed. */
  readonly market: { readonly instrument: Instrument; readonly mark: Price } | null
  readonly now: Timestamp
}

export interface Reclaimed {
  readonly position: Position
  /** Which of its orders goes on as which of its targets. */
  readonly targets: readonly { readonly id: string; readonly leg: 'target' | 'target-1' | 'target-2' }[]
}

/**
 * Takes back under management what the books have lost; `null`: it cannot be yet. Which strategy has opened it, and by
 * what plan, is lost as well: it goes on as one that was handed over, with the stop that it has and the targets that rest.
 * One without a stop, or with one that its liquidation would come before, gets one half-way from its entry to there, and is
 * closed where that is past already.
 */
export const RECLAIM: Rule<SeenReclaim, Reclaimed | null> = {
  kind: 'reclaim',
  about: ({ there: { symbol, side } }) => ({ strategy: MANUAL, symbol, side }),
  decide({ there, exits, isOpposed, market, now }, { positionMode }) {
    if (market === null || (isOpposed && positionMode === 'one-way')) return null
    const { instrument, mark } = market
    const { side, entry, stop: shown } = there
    const liquidation = earlierLiquidation(side, liquidationPrice(instrument, there), there.liquidation)
    const isSafe = shown !== null && (priceOf(instrument, shown) - liquidation) * sign(side) > 0
    const stop = isSafe ? shown : stopTicks(instrument, side, (entry + Math.max(0, liquidation)) / 2)
    const resting = exits
      .flatMap(({ clientOrderId: id, price }) => (price === null ? [] : [{ id, price }]))
      .sort((one, other) => (one.price - other.price) * sign(side))
    const [first, second] = resting
    const targets: Reclaimed['targets'] =
      second === undefined
        ? resting.map(({ id }) => ({ id, leg: 'target' as const }))
        : [
            { id: first.id, leg: 'target-1' as const },
            { id: second.id, leg: 'target-2' as const },
          ]
    const position = managed(there, instrument, {
      request: `lost-${now}`,
      stop,
      // Several are parts of a plan that is lost: they stay as they are.
      target: second === undefined && first !== undefined ? first.price : null,
      mark: Number.isNaN(mark) ? entry : mark,
      reason: 'the books had lost it: orders of this bbw have opened it',
      now,
    })
    return { position, targets }
  },
}
