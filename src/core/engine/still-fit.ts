/**
 * Whether an entry that never reached the exchange is still one to send: the price has gone on since it was judged. What
 * was decided is not decided anew, only what can have become dangerous: an old price, a stop that has come near.
 */
import { SECOND, type Timestamp } from '../base/units.ts'
import { distanceToStop, staleData } from '../guards/signal-guards.ts'
import { priceOf } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import type { PendingEntry } from '../portfolio/position.ts'
import type { OrderRequest } from './protocol.ts'
import type { Settings } from './settings.ts'

/** What is seen of the market. */
export interface SeenPrice {
  readonly now: Timestamp
  readonly last: number
  readonly lastAt: Timestamp
}

/** Why an entry is not to be sent again, by the limits of the guards that let it pass; `null`: it is. */
export function unfit(
  { instrument, side, stop }: PendingEntry,
  { type, price }: OrderRequest,
  { now, last, lastAt }: SeenPrice,
  guards: Settings['guards'],
): string | null {
  const stale = { ...staleData.params, ...guards[staleData.id] }
  const age = (now - lastAt) / SECOND
  const limit = type === 'market' ? stale.tickerSecondsMarket : stale.tickerSeconds
  if (!(Math.abs(age) <= limit)) return `the price is ${age.toFixed(0)} s old`
  const { leastPercent } = { ...distanceToStop.params, ...guards[distanceToStop.id] }
  const at = priceOf(instrument, stop)
  const percent = (100 * sign(side) * (last - at)) / last
  if (!(percent >= leastPercent)) return `the stop is ${percent.toFixed(2)} % away`
  const isPast = price !== null && sign(side) * (price - stop) <= 0
  return isPast ? 'its price is past the stop' : null
}
