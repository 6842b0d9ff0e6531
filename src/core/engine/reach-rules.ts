/**
 * Whether the account can be read, when everything is compared before anything is added, and what is asked for then. Pure.
 */
import { MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import { type Rule, THE_HOUSE } from './rule.ts'
import type { Unreadable } from './state.ts'

/** An account that could not be read for so long is told of: the exchange is away. */
const UNREACHABLE: Milliseconds = 5 * MINUTE

/** An answer of the account, or its absence. */
export interface SeenReading {
  /** Since when it could not be read before; `null`: it could. */
  readonly before: Unreadable | null
  readonly isRead: boolean
  /** The exchange does not serve this address: that is told as such. */
  readonly isBanned: boolean
  readonly now: Timestamp
}

/**
 * `unreadable`: nothing is entered until it can be read; `away`: it is told, and what happened meanwhile is asked for before
 * anything is added; `read`: it can be read again; `null`: it is as it was.
 */
export const READING: Rule<SeenReading, 'unreadable' | 'away' | 'read' | null> = {
  kind: 'reading',
  about: () => THE_HOUSE,
  decide({ before, isRead, isBanned, now }) {
    if (isRead) return before === null ? null : 'read'
    if (before === null) return 'unreadable'
    return before.isTold || isBanned || now - before.since < UNREACHABLE ? null : 'away'
  },
}

/** Something may have happened that was not told. */
export interface SeenGap {
  readonly reason: string
  /** Everything is being compared already. */
  readonly isComparing: boolean
}

/** Whether everything is to be compared before anything is added. */
export const GAP: Rule<SeenGap, boolean> = {
  kind: 'gap',
  about: () => THE_HOUSE,
  decide: ({ isComparing }) => !isComparing,
  isSilent: compares => !compares,
}

/** Before the exchange is asked what is there. */
export interface SeenQuestion {
  readonly isComparing: boolean
  /** Books and exchange differed when they were compared last. */
  readonly differs: boolean
  /** Executions are to be asked for, which keeps entries away until they are. */
  readonly isDoubted: boolean
  /** There is an order of unknown fate. */
  readonly isDoubtful: boolean
}

/** What is asked for: the account alone, or everything that was executed as well. */
export interface Question {
  readonly isThorough: boolean
  /** What was doubted is asked for with it. */
  readonly clearsDoubt: boolean
}

export const QUESTION: Rule<SeenQuestion, Question> = {
  kind: 'question',
  about: () => THE_HOUSE,
  decide: ({ isComparing, differs, isDoubted, isDoubtful }) => ({
    isThorough: isComparing || differs || isDoubted || isDoubtful,
    clearsDoubt: isDoubted,
  }),
  isSilent: ({ isThorough }) => !isThorough,
  lasts: ({ clearsDoubt }) => !clearsDoubt,
}
