/**
 * What could be held in the stead of a position that pays funding. Pure, over plain data: candles are not read again, so
 * that one decision is one record however many symbols there are.
 *
 * | what | taken down |
 * | --- | --- |
 * | which symbols could be held instead | when others are found, with the rate of every symbol that is looked at, and bands, last price and price filters of those that come into question |
 * | stop, target and quantity of the one that is to be entered | each time |
 *
 * Which one is worth it is the strategy's to say, which is shown all of them: taken down each time that it wants one, with
 * the verdict of the gates. What the same gate refuses of the same symbol in one cycle after the other is taken down once.
 */
import { assert } from '../base/assert.ts'
import type { Price, Qty, Steps, Timestamp } from '../base/units.ts'
import type { Exchange, ExchangeView } from '../decision/strategy.ts'
import type { View } from '../decision/view.ts'
import type { House } from '../guards/guard.ts'
import type { Instrument } from '../market/instrument.ts'
import { toSteps } from '../market/quantise.ts'
import { type Side, sign } from '../market/side.ts'
import { isNeverShort, tierOf } from '../market/tiers.ts'
import type { Position } from '../portfolio/position.ts'
import { ENTRY_STRATEGIES } from './cycles.ts'
import { boundEntry } from './pipeline.ts'
import { restsAt, rotationLimits } from './rotation-rules.ts'
import type { Rule } from './rule.ts'
import type { Settings } from './settings.ts'
import type { RotationState } from './state.ts'

/** The position that is to be exchanged. */
export type Exchanged = Pick<Position, 'strategy' | 'symbol' | 'side' | 'signalId'>

/** What is looked at of a symbol that comes into question; figures are of its newest closed daily candle. */
export type SeenMarket = Pick<View, 'lower' | 'middle' | 'upper' | 'width' | 'rsi' | 'turnover' | 'last'> &
  Pick<ExchangeView, 'instrument'>

/** What is known of the symbols before anybody looks at their candles. */
export interface SeenRates {
  readonly position: Exchanged
  readonly now: Timestamp
  /** Exchanges begun lately. */
  readonly begun: RotationState['begun']
  readonly lacking: House['lacking']
  /** Funding per 8 h of every symbol that decisions look at, positive when longs pay; `null`: it is not known. */
  readonly rates: readonly (readonly [symbol: string, per8h: number | null])[]
  /** Those of them that are being settled at this very moment. */
  readonly settling: readonly string[]
  /** Positions and pending entries. */
  readonly held: readonly { readonly symbol: string; readonly side: Side }[]
}

export interface SeenCandidates extends SeenRates {
  /** Of each that comes into question. */
  readonly markets: readonly SeenMarket[]
}

/** The symbols that come into question: they receive, are not held, do not rest, and are not being settled. */
export function inQuestion(seen: SeenRates, settings: Settings): readonly string[] {
  const { position, now, begun, lacking, rates, settling, held } = seen
  const { side } = position
  const taken = new Set(
    held.flatMap(one => (one.side === side || settings.positionMode === 'one-way' ? [one.symbol] : [])),
  )
  const { coinRest } = rotationLimits(settings)
  // Live, nobody knows yet on which side of it an order will be.
  const atSettlement = new Set(lacking === 'refuse' ? settling : [])
  return rates.flatMap(([symbol, per8h]) => {
    const receives = sign(side) * (per8h ?? 0) < 0
    if (!receives || taken.has(symbol) || atSettlement.has(symbol)) return []
    return restsAt(begun, symbol, now - coinRest) ? [] : [symbol]
  })
}

/** Which symbols could be held instead, as far as the market and the position's own strategy say. */
export const CANDIDATES: Rule<SeenCandidates, readonly string[]> = {
  kind: 'candidates',
  lasts: () => true,
  about: ({ position: { strategy, symbol, side, signalId } }) => ({ strategy, symbol, side, id: signalId }),
  decide(seen, settings) {
    const markets = new Map(seen.markets.map(one => [one.instrument.symbol, one]))
    const exchangeIn = exchanger(seen.position, settings)
    return inQuestion(seen, settings).filter(symbol => {
      const market = markets.get(symbol)
      assert(market !== undefined, `${symbol} comes into question, and was looked at`)
      return isKnown(market) && exchangeIn(market) !== null
    })
  },
}

/** Whether there is everything that a signal shows. */
function isKnown({ lower, middle, upper, width, rsi }: SeenMarket): boolean {
  return ![lower, middle, upper, width, rsi].includes(undefined)
}

/**
 * What gives stop and target of a position in the stead of another one on each symbol, as its strategy would have them;
 * `null`: it would not.
 */
export function exchanger(
  { strategy, side }: Pick<Exchanged, 'strategy' | 'side'>,
  settings: Settings,
): (market: SeenMarket) => Exchange | null {
  const own = ENTRY_STRATEGIES.find(({ id }) => id === strategy)
  if (own?.exchange === undefined) return () => null
  const { universe } = settings
  const { params } = boundEntry(own, settings)
  return market => {
    const { symbol } = market.instrument
    const view = { ...market, tier: tierOf(universe, symbol), neverShort: isNeverShort(universe, symbol) }
    return own.exchange?.(side, view, params) ?? null
  }
}

/** The one that is to be entered instead. */
export interface SeenInstead {
  readonly position: Exchanged
  readonly market: SeenMarket
  /** Of the position, in its coin, with its mark price. */
  readonly qty: Qty
  readonly mark: Price
  /** Step of the other symbol. */
  readonly step: Instrument['step']
}

/** Its stop, its target and its quantity, as the order is to bear them: as much as the position is worth, no more. */
export const INSTEAD: Rule<SeenInstead, (Exchange & { readonly steps: Steps }) | null> = {
  kind: 'instead',
  about: ({ position: { strategy, side, signalId }, market }) => ({
    strategy,
    symbol: market.instrument.symbol,
    side,
    id: signalId,
  }),
  decide({ position, market, qty, mark, step }, settings) {
    const exchange = exchanger(position, settings)(market)
    if (exchange === null) return null
    return {
      ...exchange,
      steps: toSteps({ symbol: market.instrument.symbol, step }, (qty * mark) / market.last, 'down'),
    }
  },
}
