/** How Bybit lists a perpetual, in the engine's words; pure. */
import type { Listing } from '../../engine/protocol.ts'
import type { ListedInstrument } from './mapper-market.ts'

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
