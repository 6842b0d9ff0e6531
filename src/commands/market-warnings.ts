import { UNIVERSE, type UniverseParams, unmatchedNames } from '../core/market/tiers.ts'
import type { LoadedMarket } from './market-builder.ts'

/**
 * What is to be said of a market before it is used: what its files gave cause for, and each coin that the user has put
 * on a list of the universe and that is the coin of none of its symbols, so that a rule may not do what it seems to.
 * The lists' defaults are not told: a market of a few symbols lacks most of them.
 */
export function marketWarnings(market: LoadedMarket, universe: UniverseParams): readonly string[] {
  const usual = { ...UNIVERSE.tiers, neverShort: UNIVERSE.neverShort, neverTrade: UNIVERSE.neverTrade }
  const own = unmatchedNames(universe, market.listed).filter(({ list, name }) => !usual[list].includes(name))
  return [
    ...market.warnings,
    ...own.map(({ list, name }) => {
      const place = list === 'neverShort' || list === 'neverTrade' ? list : `tiers.${list}`
      return `universe.${place}: ${name} is the coin of no symbol of ${market.name}`
    }),
  ]
}
