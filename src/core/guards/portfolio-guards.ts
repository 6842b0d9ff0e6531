/** The house rules that look at an entry beside everything else that is held. */
import { DAY } from '../base/units.ts'
import { opposite, type Side } from '../market/side.ts'
import { type Portfolio, usedMargin } from '../portfolio/portfolio.ts'
import { type PendingEntry, type Position, positionKey, positionMargin } from '../portfolio/position.ts'
import { admit, type Guard, refuse } from './guard.ts'

/** What was counted of portfolios, which do not change: hundreds of entries are judged by one of them. */
const EXPOSURES = new WeakMap<Portfolio, readonly (Position | PendingEntry)[]>()

/** Positions and pending entries; an entry that has filled in part is one thing, not two. */
function exposures(portfolio: Portfolio): readonly (Position | PendingEntry)[] {
  let found = EXPOSURES.get(portfolio)
  if (found === undefined) {
    const { positions, pending } = portfolio
    const alone = [...pending.values()].filter(one => !positions.has(positionKey(one.symbol, one.side)))
    found = [...positions.values(), ...alone]
    EXPOSURES.set(portfolio, found)
  }
  return found
}

/**
 * One position or pending entry per symbol and side over all strategies, and in one-way mode none while the other
 * side is held or pending; in hedge mode the other side is no matter. Part of what a position is here, so it holds with and without portfolio gates.
 */
export const onePosition: Guard<Record<string, never>> = {
  id: 'one-position',
  scope: 'signal',
  reads: 'market',
  params: {},
  check(proposal, { portfolio, positionMode }) {
    const { symbol, side } = proposal.signal
    const sides: readonly Side[] = positionMode === 'hedge' ? [side] : [side, opposite(side)]
    for (const taken of sides) {
      const position = portfolio.positions.get(positionKey(symbol, taken))
      if (position !== undefined) {
        return refuse('one-position', `${symbol} ${taken} is held by ${position.strategy}`, { side: taken })
      }
    }
    for (const entry of portfolio.pending.values()) {
      if (entry.symbol !== symbol || !sides.includes(entry.side)) continue
      return refuse('one-position', `an entry ${symbol} ${entry.side} of ${entry.strategy} is pending`, {
        side: entry.side,
      })
    }
    return admit(proposal, { positions: 0, pending: 0 })
  },
}

/**
 * A strategy rests on a symbol after an order, a stop or a target: refused from the start up to, not at, the end; and
 * where it may send only so many orders a symbol within 24 h, after those. It rests on the coin, so in hedge mode on both
 * sides of it.
 */
export const cooldown: Guard<Record<string, never>> = {
  id: 'cooldown',
  scope: 'signal',
  reads: 'order',
  params: {},
  check(proposal, house) {
    const { strategy, symbol } = proposal.signal
    const { mostPerDay } = proposal.terms
    const key = `${strategy}:${symbol}`
    const until = house.cooldowns.get(key)
    if (until !== undefined && house.now < until) {
      const minutes = Math.ceil((until - house.now) / 60_000)
      return refuse('cooldown', `${strategy} rests on ${symbol} for another ${minutes} min`, {
        until,
        now: house.now,
      })
    }
    const sent = (house.accepted.get(key) ?? []).filter(at => at > house.now - DAY).length
    const figures = { sent, most: mostPerDay ?? null, until: until ?? null, now: house.now }
    if (mostPerDay === undefined || sent < mostPerDay) return admit(proposal, figures)
    return refuse(
      'cooldown',
      `${strategy} has sent ${sent} of ${mostPerDay} orders on ${symbol} in 24 h`,
      figures,
    )
  },
}

/** Positions and pending entries of one strategy are limited, and those of several that share slots on one side. */
export const positionLimits: Guard<Record<string, never>> = {
  id: 'position-limits',
  scope: 'portfolio',
  reads: 'order',
  params: {},
  check(proposal, { portfolio }) {
    const { strategy } = proposal.signal
    let taken = 0
    for (const one of exposures(portfolio)) if (one.strategy === strategy) taken++
    const most = proposal.terms.maxPositions
    if (taken >= most) {
      return refuse('position-limits', `${strategy} has ${taken} of ${most} positions`, { taken, most })
    }
    for (const shared of proposal.terms.sharedSlots ?? []) {
      if (shared.side !== proposal.signal.side) continue
      let together = 0
      for (const one of exposures(portfolio)) {
        if (one.side === shared.side && shared.of.includes(one.strategy)) together++
      }
      if (together < shared.most) continue
      const names = shared.of.join(', ')
      return refuse(
        'position-limits',
        `${names} have ${together} of ${shared.most} ${shared.side}s together`,
        {
          taken: together,
          most: shared.most,
        },
      )
    }
    return admit(proposal, { taken, most })
  },
}

const dailyLossParams = { percent: 5, usdt: null as number | null }

/** No entries for the rest of the UTC day once it has realised the greatest loss, fees and funding included. */
export const dailyLoss: Guard<typeof dailyLossParams> = {
  id: 'daily-loss',
  scope: 'portfolio',
  reads: 'market',
  params: dailyLossParams,
  check(proposal, house, p) {
    const loss = -house.realisedToday
    const limit = Math.min((house.equity * p.percent) / 100, p.usdt ?? Number.POSITIVE_INFINITY)
    const figures = { lost: loss, limit, equity: house.equity }
    if (loss < limit) return admit(proposal, figures)
    const words = `today has lost ${loss.toFixed(2)} USDT, the limit is ${limit.toFixed(2)}`
    return refuse('daily-loss', words, figures)
  },
}

/** No entries while a drawdown pauses or halts them. The engine keeps the peak and begins the pause. */
export const drawdown: Guard<Record<string, never>> = {
  id: 'drawdown',
  scope: 'portfolio',
  reads: 'market',
  params: {},
  check(proposal, house) {
    const figures = { halted: house.halted, until: house.pausedUntil, now: house.now }
    if (house.halted)
      return refuse('drawdown', `halted until a person resumes: ${house.pauseReason}`, figures)
    if (house.now >= house.pausedUntil) return admit(proposal, figures)
    return refuse('drawdown', house.pauseReason, figures)
  },
}

const totalMarginParams = { percent: 60, usdt: null as number | null }

/**
 * Margin of all positions and pending entries, this one included, is limited. One that takes the place of another is
 * opened first: until that is closed both bind margin.
 */
export const totalMargin: Guard<typeof totalMarginParams> = {
  id: 'total-margin',
  scope: 'portfolio',
  reads: 'order',
  params: totalMarginParams,
  check(proposal, house, p) {
    const { replaces } = proposal
    const used = usedMargin(house.portfolio) + (replaces === null ? 0 : positionMargin(replaces))
    const limit = Math.min((house.equity * p.percent) / 100, p.usdt ?? Number.POSITIVE_INFINITY)
    const figures = { used, margin: proposal.margin, limit }
    if (used + proposal.margin <= limit) return admit(proposal, figures)
    const after = used + proposal.margin
    return refuse(
      'total-margin',
      `margin would be ${after.toFixed(2)} USDT, the limit is ${limit.toFixed(2)}`,
      figures,
    )
  },
}

const longShareParams = { freePositions: 5, percent: 80 }

/**
 * With more than a handful of positions, counted after the would-be entry, only so many may be long. A position that is
 * added to is counted once.
 */
export const longShare: Guard<typeof longShareParams> = {
  id: 'long-share',
  scope: 'portfolio',
  reads: 'market',
  params: longShareParams,
  check(proposal, { portfolio }, p) {
    let total = proposal.addsTo === null ? 1 : 0
    let longs = proposal.signal.side === 'long' ? total : 0
    for (const one of exposures(portfolio)) {
      total++
      if (one.side === 'long') longs++
    }
    const figures = { longs, total, free: p.freePositions, percent: p.percent }
    const isLong = proposal.signal.side === 'long'
    if (!isLong || total <= p.freePositions || 100 * longs <= p.percent * total)
      return admit(proposal, figures)
    return refuse(
      'long-share',
      `${longs} of ${total} positions would be long, ${p.percent} % are allowed`,
      figures,
    )
  },
}
