/**
 * Whether the account can be read, when everything is compared before anything is added, and what is asked for then. Pure.
 */
import { MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import type { Unread } from './protocol.ts'
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

/** What of an account that was read could not be. */
export interface SeenUnread {
  readonly unread: readonly Unread[]
  /** Symbols from which that kept entries away before; `null`: from all. */
  readonly standing: readonly (string | null)[]
}

export interface UnreadVerdict {
  /** What keeps entries away from now on, and from where. */
  readonly come: readonly (Pick<Unread, 'symbol'> & { readonly words: string })[]
  /** Where everything can be read again. */
  readonly gone: readonly (string | null)[]
}

/**
 * Where nothing is entered, as something there cannot be read. What is known of it stays, and is managed on: nothing is
 * concluded from what is not shown. What does not say where it belongs may be anywhere.
 */
export const UNREAD: Rule<SeenUnread, UnreadVerdict> = {
  kind: 'unread',
  about: () => THE_HOUSE,
  decide({ unread, standing }) {
    const first = new Map<string | null, Unread>()
    for (const one of unread) if (!first.has(one.symbol)) first.set(one.symbol, one)
    return {
      come: [...first.values()]
        .filter(({ symbol }) => !standing.includes(symbol))
        .map(({ symbol, what, reason }) => ({ symbol, words: `${what} unreadable: ${reason}` })),
      gone: standing.filter(symbol => !first.has(symbol)),
    }
  },
  isSilent: ({ come, gone }) => come.length === 0 && gone.length === 0,
}

/** Whether what the account does not show of a symbol may be there all the same. */
export function isHidden(
  unread: readonly Unread[] | undefined,
  symbol: string,
  what: 'position' | 'order',
): boolean {
  return (
    unread?.some(one => {
      if (one.what === 'wallet') return false
      if (one.symbol !== null) return one.symbol === symbol
      // An order is no position, whosever it is.
      return what === 'order' || one.what !== 'order'
    }) === true
  )
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
  /** Something of the account could not be read when it was last asked for. */
  readonly isUnread: boolean
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
  decide: ({ isComparing, differs, isDoubted, isDoubtful, isUnread }) => ({
    isThorough: isComparing || differs || isDoubted || isDoubtful || isUnread,
    clearsDoubt: isDoubted,
  }),
  isSilent: ({ isThorough }) => !isThorough,
  lasts: ({ clearsDoubt }) => !clearsDoubt,
}
