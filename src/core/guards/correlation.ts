/** The house rule against holding the same thing twice under two names. */
import { sampleCorrelation } from 'simple-statistics'
import { HOUR, type Steps, type Timestamp } from '../base/units.ts'
import { qtyOf } from '../market/quantise.ts'
import {
  admit,
  type Figures,
  type Guard,
  type HourlyCloses,
  type House,
  type Proposal,
  refuse,
  skip,
  type Verdict,
} from './guard.ts'

/** Closes of so many hours make one log return less. */
export const CORRELATED_HOURS = 24

const params = { refuseAbove: 0.85, halveAbove: 0.7 }

/**
 * An entry that moves with something held on its side is refused, or halved; pending entries count as held. Moving
 * together is Pearson's correlation of hourly log returns over the same 24 closes, of which the last is of the hour that
 * has ended last, or of the one before while that is still to be told. An add to a position was planned in its size: where another entry would be halved it is refused, as
 * what it left out would be added a day later. So is one that takes the place of another position, whose value it has
 * to have.
 */
export const correlation: Guard<typeof params> = {
  id: 'correlation',
  scope: 'portfolio',
  reads: 'order',
  params,
  check(proposal, house, p) {
    let highest = Number.NEGATIVE_INFINITY
    let nearest: string | null = null
    let unknown: string | null = null
    for (const symbol of heldBeside(proposal, house)) {
      const value = correlationOf(house, proposal.signal.symbol, symbol)
      if (value === undefined) unknown = symbol
      else if (value > highest) [highest, nearest] = [value, symbol]
    }
    const figures = {
      correlation: nearest === null ? null : highest,
      with: nearest,
      unknown,
      refuseAbove: p.refuseAbove,
      halveAbove: p.halveAbove,
    }
    const isPlanned = proposal.addsTo !== null || proposal.replaces !== null
    const limit = isPlanned ? p.halveAbove : p.refuseAbove
    if (highest > limit) {
      // With as many digits as show it above its limit.
      const digits = Number(highest.toFixed(2)) > limit ? 2 : 4
      const words = `moves with ${nearest}, which is held: ${highest.toFixed(digits)}, above ${limit}`
      return refuse('correlation', words, figures)
    }
    if (unknown !== null && house.lacking === 'refuse') {
      return refuse('correlation', `whether it moves with ${unknown}, which is held, is not known`, figures)
    }
    const isAlike = highest > p.halveAbove
    const sized = isAlike ? halved(proposal, figures) : admit(proposal, figures)
    if (unknown === null || 'refused' in sized) return sized
    return skip('correlation', sized.admitted, figures)
  },
}

/** Symbols with a position or an entry on the side of the proposal, its own left out. */
function heldBeside({ signal }: Proposal, { portfolio }: House): ReadonlySet<string> {
  const symbols = new Set<string>()
  for (const { symbol, side } of portfolio.positions.values()) if (side === signal.side) symbols.add(symbol)
  for (const { symbol, side } of portfolio.pending.values()) if (side === signal.side) symbols.add(symbol)
  symbols.delete(signal.symbol)
  return symbols
}

/** `undefined`: an hour is missing, the hours are not the same or not the newest, or a price has not moved at all. */
function correlationOf({ hours, now }: House, one: string, other: string): number | undefined {
  const [a, b] = [hours.get(one), hours.get(other)]
  if (a === undefined || b === undefined || a.end !== b.end || !isNewest(a.end, now)) return undefined
  const [x, y] = [logReturns(a), logReturns(b)]
  if (x === undefined || y === undefined) return undefined
  const value = sampleCorrelation(x, y)
  return Number.isFinite(value) ? value : undefined
}

function isNewest(end: Timestamp, now: Timestamp): boolean {
  return end <= now && now < end + 2 * HOUR
}

function logReturns({ closes }: HourlyCloses): number[] | undefined {
  if (closes.length !== CORRELATED_HOURS || !closes.every(close => close > 0)) return undefined
  return closes.slice(1).map((close, i) => Math.log(close / closes[i]))
}

function halved(proposal: Proposal, figures: Figures): Verdict {
  const { signal, entry, steps, sizing } = proposal
  const { instrument, leverage } = signal
  const half = Math.floor(steps / 2) as Steps
  const notional = qtyOf(instrument, half) * entry
  const why = `it moves with ${figures.with}, which is held`
  if (half < instrument.minQty || notional < instrument.minNotional) {
    return refuse('correlation', `${why}, and half of it is below the least order`, figures)
  }
  const words = `${sizing}, half, as ${why}`
  return admit({ ...proposal, steps: half, margin: notional / leverage, sizing: words }, figures)
}
