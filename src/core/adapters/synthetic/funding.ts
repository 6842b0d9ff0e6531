import type { Random } from '../../base/random.ts'
import { HOUR, type Timestamp } from '../../base/units.ts'
import { BLOCK_HOURS, persistence } from './factor.ts'

/** The settlements of one symbol, oldest first; rates are what longs pay. One that nobody recorded is left out. */
export interface FundingHistory {
  readonly symbol: string
  readonly time: Float64Array
  readonly rate: Float64Array
}

/** Greatest rate of one settlement, either way. */
export const FUNDING_LIMIT = 0.005
const SETTLEMENT_HOURS = 8
const BLOCKS_A_SETTLEMENT = SETTLEMENT_HOURS / BLOCK_HOURS
/** The exchange's formula: premium plus the interest's distance from it, at most 0.05 % either way (Bybit v5). */
const INTEREST = 0.0001
const DAMPER = 0.0005
const PREMIUM = { shock: 0.00034, halfLifeHours: 30 }
/** An outage of the record begins at one settlement in 300 and lasts seven on average. */
const OUTAGE = { begins: 1 / 300, ends: 1 / 7 }

/**
 * Funding every 8 hours from `start` (00:00 UTC) on, without the settlement at `start` itself. The premium reverts
 * to zero, follows the returns behind it and grows with their size; it says nothing about the ones ahead. Rates are
 * whole multiples of 1e-8.
 */
export function fundingHistory(
  symbol: string,
  blockClose: Float64Array,
  dailyVolatility: number,
  start: Timestamp,
  random: Random,
): FundingHistory {
  const ordinary = dailyVolatility / Math.sqrt(24 / SETTLEMENT_HOURS)
  const keep = persistence(PREMIUM.halfLifeHours, SETTLEMENT_HOURS)
  const time: number[] = []
  const rate: number[] = []
  let premium = 0
  let size = 1
  let recorded = true
  for (let block = BLOCKS_A_SETTLEMENT; block < blockClose.length; block += BLOCKS_A_SETTLEMENT) {
    const before = blockClose[Math.max(0, block - 1 - BLOCKS_A_SETTLEMENT)]
    const moved = Math.log(blockClose[block - 1] / before) / ordinary
    size += 0.1 * (Math.min(4, Math.abs(moved)) - size)
    const shock = 0.5 * Math.max(-4, Math.min(4, moved)) + Math.sqrt(size) * random.normal()
    premium = keep * premium + PREMIUM.shock * size * shock
    const damped = premium + Math.max(-DAMPER, Math.min(DAMPER, INTEREST - premium))
    recorded = recorded ? random.next() >= OUTAGE.begins : random.next() < OUTAGE.ends
    if (!recorded) continue
    time.push(start + block * BLOCK_HOURS * HOUR)
    rate.push(Math.round(Math.max(-FUNDING_LIMIT, Math.min(FUNDING_LIMIT, damped)) * 1e8) / 1e8)
  }
  return { symbol, time: Float64Array.from(time), rate: Float64Array.from(rate) }
}
