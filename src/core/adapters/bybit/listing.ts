/** How Bybit lists a perpetual, in the engine's words; pure. */
import type { Listing } from '../../engine/protocol.ts'
import type { InstrumentRow } from '../../market/instruments.ts'
import type { ListedInstrument } from './mapper-market.ts'

/** The quote coin of what bbw trades. */
const QUOTE = 'USDT'
/** Phases of a pre-market in which orders are matched as ever. */
const MATCHED_PHASES: readonly (string | null)[] = [null, 'ContinuousTrading', 'Finished']

/** How a perpetual is listed; `undefined`: it is missing in the list of those that are traded. */
export function listingOf(
  symbol: string,
  listed: Pick<ListedInstrument, 'status' | 'auctionPhase' | 'deliveryTime'> | undefined,
): Listing {
  if (listed === undefined) return { symbol, status: 'unlisted', delistsAt: null }
  const { status, auctionPhase, deliveryTime: delistsAt } = listed
  if (!MATCHED_PHASES.includes(auctionPhase)) return { symbol, status: 'auction', delistsAt }
  return { symbol, status: status === 'Trading' ? 'trading' : 'stopped', delistsAt }
}

/** What bbw trades: perpetuals in USDT, past their pre-market. */
export function isTraded(one: ListedInstrument): boolean {
  const { contractType, quoteCoin, settleCoin, status, isPreListing } = one
  return (
    contractType === 'LinearPerpetual' &&
    quoteCoin === QUOTE &&
    settleCoin === QUOTE &&
    status === 'Trading' &&
    !isPreListing
  )
}

/**
 * A listed instrument as a row of a dated set. The greatest quantity is the lesser of those of limit orders and of
 * orders at the market, so that whatever is opened can be closed by one order.
 */
export function instrumentRow(one: ListedInstrument, date: string): InstrumentRow {
  const { maxQty, maxMarketQty } = one
  return {
    symbol: one.symbol,
    baseCoin: one.baseCoin,
    quoteCoin: one.quoteCoin,
    tick: one.tick,
    step: one.step,
    minQty: one.minQty,
    maxQty: maxMarketQty !== null && Number(maxMarketQty) < Number(maxQty) ? maxMarketQty : maxQty,
    minPrice: one.minPrice,
    maxLeverage: one.maxLeverage,
    date,
  }
}
