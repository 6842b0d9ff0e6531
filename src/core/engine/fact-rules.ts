/**
 * What follows from what the exchange says about itself: filters of a perpetual and how it is listed, maintenance, terms of
 * the account. Pure.
 */
import { DAY, type Fraction, MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import { changedFilters, isOtherGrid } from '../portfolio/grid-change.ts'
import type { Position } from '../portfolio/position.ts'
import type { AccountTerms, Listing } from './protocol.ts'
import { type Rule, THE_HOUSE } from './rule.ts'
import type { Maintenance } from './state.ts'

/** So long before a perpetual is delisted what bbw holds of it is closed. */
export const CLOSED_BEFORE: Milliseconds = DAY
/** So long before maintenance entries end. */
export const PAUSED_BEFORE: Milliseconds = 5 * MINUTE
/** The share of equity that maintenance margin takes: from the first on it is low, below the second it is not any more. */
const MARGIN_LOW: Fraction = 0.5
const MARGIN_ENOUGH: Fraction = 0.4

/** Filters of a perpetual as they were, in the books or as told last, and as they are told now. */
export interface SeenFilters {
  readonly before: Instrument
  readonly now: Instrument
}

export interface FiltersVerdict {
  /** Names of those that have changed. */
  readonly changed: readonly string[]
  /** Prices and quantities are counted in other units: everything is counted anew, entries on their way are taken back. */
  readonly isCounted: boolean
}

export const FILTERS: Rule<SeenFilters, FiltersVerdict> = {
  kind: 'filters',
  about: ({ now: { symbol } }) => ({ strategy: null, symbol, side: null }),
  decide: ({ before, now }) => ({
    changed: changedFilters(before, now),
    isCounted: isOtherGrid(before, now),
  }),
  isSilent: ({ changed }) => changed.length === 0,
}

/** A perpetual, as it is listed now and was before; `null`: as ever. */
export interface SeenListing {
  readonly now: Listing
  readonly before: Listing | null
}

/** `off`: it is not traded as ever; `null`: that is known, or nothing was. */
export const LISTING: Rule<SeenListing, 'off' | 'as-ever' | null> = {
  kind: 'listing',
  about: ({ now: { symbol } }) => ({ strategy: null, symbol, side: null }),
  decide({ now: { status, delistsAt }, before }) {
    if (before?.status === status && before.delistsAt === delistsAt) return null
    if (status !== 'trading' || delistsAt !== null) return 'off'
    return before === null ? null : 'as-ever'
  },
}

/** A position on a perpetual that is not traded as ever. */
export interface SeenOffPosition {
  readonly position: Pick<Position, 'strategy' | 'symbol' | 'side'>
  readonly listing: Listing
  readonly isClosing: boolean
  readonly now: Timestamp
}

/** Whether it is closed now: a day before it is delisted, while it can be. */
export const DELISTING: Rule<SeenOffPosition, boolean> = {
  kind: 'delisting',
  about: ({ position: { strategy, symbol, side } }) => ({ strategy, symbol, side }),
  decide: ({ listing: { delistsAt, status }, isClosing, now }) =>
    delistsAt !== null && now >= delistsAt - CLOSED_BEFORE && status === 'trading' && !isClosing,
  isSilent: closes => !closes,
}

/** Maintenance that is announced; `null`: none is. */
export interface SeenMaintenance {
  readonly maintenance: Maintenance | null
  /** Whether it keeps entries away. */
  readonly isPaused: boolean
  readonly now: Timestamp
}

/**
 * `near`: nothing is entered until it is over; `withdrawn`: it kept entries away, and is not announced any more, or for
 * later; `null`: there is none, or it is far off.
 */
export const MAINTENANCE: Rule<SeenMaintenance, 'near' | 'over' | 'withdrawn' | null> = {
  kind: 'maintenance',
  about: () => THE_HOUSE,
  decide({ maintenance, isPaused, now }) {
    if (maintenance !== null) {
      const { from, until } = maintenance
      if (until !== null && now >= until) return 'over'
      if (now >= from - PAUSED_BEFORE) return 'near'
    }
    return isPaused ? 'withdrawn' : null
  },
  isSilent: (answer, { isPaused }) => answer === null || (answer === 'near' && isPaused),
}

/** What of the terms of the account can keep entries away. */
export const TERMS_CAUSES = ['terms', 'only-reduce', 'margin', 'not-isolated'] as const
export type TermsCause = (typeof TERMS_CAUSES)[number]

/** Whether a position can lose its own margin and no more, as bbw reckons; every exchange calls that so. */
export function isIsolated({ marginMode }: AccountTerms): boolean {
  return /isolated/i.test(marginMode)
}

/** The terms under which the account trades, those of now and those from the first. */
export interface SeenTerms {
  readonly first: AccountTerms
  readonly now: AccountTerms
  /** What of them keeps entries away. */
  readonly standing: readonly TermsCause[]
}

export interface TermsVerdict {
  /** What was changed outside of bbw. */
  readonly changed: readonly ('marginMode' | 'accountType')[]
  /** What keeps entries away from now on, and of that what did not before; and what does not any more. */
  readonly standing: readonly TermsCause[]
  readonly raised: readonly TermsCause[]
  readonly lifted: readonly TermsCause[]
}

export const TERMS: Rule<SeenTerms, TermsVerdict> = {
  kind: 'terms',
  about: () => THE_HOUSE,
  decide({ first, now, standing: before }) {
    // Whatever it was before, isolated margin is what is reckoned with.
    const changed = (['marginMode', 'accountType'] as const).filter(
      name => first[name] !== now[name] && (name !== 'marginMode' || !isIsolated(now)),
    )
    const holds: { readonly [C in TermsCause]: boolean } = {
      terms: changed.length > 0,
      'only-reduce': now.mayOnlyReduce,
      margin: isLow(now.marginUse, before.includes('margin')),
      // One that was changed is told as that.
      'not-isolated': !isIsolated(now) && !changed.includes('marginMode'),
    }
    const standing = TERMS_CAUSES.filter(cause => holds[cause])
    return {
      changed,
      standing,
      raised: standing.filter(cause => !before.includes(cause)),
      lifted: before.filter(cause => !holds[cause]),
    }
  },
  isSilent: ({ raised, lifted }) => raised.length === 0 && lifted.length === 0,
}

/** Whether too much margin is in use; between the limits, and where it is not told, it stays as it was. */
function isLow(marginUse: Fraction | null, before: boolean): boolean {
  if (marginUse === null) return before
  return marginUse >= (before ? MARGIN_ENOUGH : MARGIN_LOW)
}
