/**
 * Pauses that follow from closed trades that lost: a losing streak pauses all entries, losing trades at high leverage
 * those at high leverage. They are reckoned from the losses alone, so each has an end by itself and none outlives it: a
 * person's resumption neither needs to lift them nor does. A loss that is told late counts from when it was made.
 *
 * A candle longer than the window does not say when within it a trade has closed, so that losses of one candle look like
 * a streak. Where gates that lack their data are skipped they are left out, and what they would have refused is counted;
 * elsewhere they count as if they were dated.
 */
import { HOUR, MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import {
  admit,
  type Guard,
  type GuardParams,
  type House,
  type Loss,
  type Proposal,
  refuse,
  skip,
  type Verdict,
} from './guard.ts'

/** So many losses within so long pause entries for so long, from the last of them on. */
export interface LossRule {
  readonly losses: number
  readonly within: Milliseconds
  readonly pause: Milliseconds
  /** Losses at a lower leverage do not count, and entries at one are not paused. */
  readonly leverageFrom: number
}

export interface LossPause {
  /** The end of the pause, which it no longer refuses; 0 without one. */
  readonly until: Timestamp
  /** Losses within the window that ends at the last loss. */
  readonly losses: number
}

const NO_PAUSE: LossPause = { until: 0, losses: 0 }

/**
 * The last pause that follows from losses. A window is open at its beginning: a loss of exactly `within` ago is not in
 * it.
 *
 * @param losses in order of time
 * @param undated whether losses count whose time is not known well enough
 */
export function lossPause(losses: readonly Loss[], rule: LossRule, undated: boolean): LossPause {
  const counted = losses.filter(
    ({ leverage, spread }) => leverage >= rule.leverageFrom && (undated || spread <= rule.within),
  )
  for (let last = counted.length - 1; last >= rule.losses - 1; last--) {
    const { at } = counted[last]
    if (counted[last - rule.losses + 1].at <= at - rule.within) continue
    const within = counted.filter(loss => loss.at > at - rule.within && loss.at <= at).length
    return { until: at + rule.pause, losses: within }
  }
  return NO_PAUSE
}

const losingStreakParams = { losses: 3, withinHours: 1, pauseMinutes: 30 }

function losingStreakRule(p: typeof losingStreakParams): LossRule {
  return { losses: p.losses, within: p.withinHours * HOUR, pause: p.pauseMinutes * MINUTE, leverageFrom: 0 }
}

/** After several losses within an hour no entries for a while. */
export const losingStreak: Guard<typeof losingStreakParams> = {
  id: 'losing-streak',
  scope: 'portfolio',
  reads: 'market',
  params: losingStreakParams,
  check: (proposal, house, p) => check(losingStreak.id, losingStreakRule(p), proposal, house),
}

const x10LossesParams = { losses: 3, withinHours: 24, pauseHours: 24, highLeverage: 10 }

function x10LossesRule(p: typeof x10LossesParams): LossRule {
  const { losses, withinHours, pauseHours, highLeverage } = p
  return { losses, within: withinHours * HOUR, pause: pauseHours * HOUR, leverageFrom: highLeverage }
}

/** After several losing trades at high leverage within a day no entries at high leverage for a day. */
export const x10Losses: Guard<typeof x10LossesParams> = {
  id: 'x10-losses',
  scope: 'portfolio',
  reads: 'order',
  params: x10LossesParams,
  check: (proposal, house, p) => check(x10Losses.id, x10LossesRule(p), proposal, house),
}

/** The rules of both pauses under the parameters of guards by id, in the order of the guards. */
export function lossRules(guards: {
  readonly [id: string]: GuardParams | undefined
}): readonly (readonly [gate: string, rule: LossRule])[] {
  return [
    [losingStreak.id, losingStreakRule({ ...losingStreak.params, ...guards[losingStreak.id] })],
    [x10Losses.id, x10LossesRule({ ...x10Losses.params, ...guards[x10Losses.id] })],
  ]
}

function check(gate: string, rule: LossRule, proposal: Proposal, house: House): Verdict {
  const { now, losses } = house
  const { until, losses: counted } = lossPause(losses, rule, house.lacking === 'refuse')
  const figures = { losses: counted, most: rule.losses, until, now }
  if (proposal.signal.leverage < rule.leverageFrom) return admit(proposal, figures)
  if (now < until) {
    const minutes = Math.ceil((until - now) / MINUTE)
    return refuse(gate, `${counted} losses within ${rule.within / HOUR} h: another ${minutes} min`, figures)
  }
  if (now >= lossPause(losses, rule, true).until) return admit(proposal, figures)
  return skip(gate, proposal, figures)
}
