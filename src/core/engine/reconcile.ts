/** The books against what the exchange says is there, and what is to be done about a difference. Pure. */
import { type Milliseconds, SECOND, type Steps, type Timestamp, type Usdt } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import type { Portfolio } from '../portfolio/portfolio.ts'
import { positionKey } from '../portfolio/position.ts'
import { ownerOf } from './order-id.ts'
import type { Account, AccountPosition, RestingReport } from './protocol.ts'
import { isHidden } from './reach-rules.ts'
import { type Rule, THE_HOUSE } from './rule.ts'
import type { Missing } from './state.ts'

/** The books and the exchange may differ by rounding, not by more (USDT). */
const WALLET_TOLERANCE = 0.01

/**
 * A position that the account has not shown for so long, nor anything that was executed has explained, is gone. One look may
 * be stale, and an execution listed late: it has to be missing in more than one, all through that time.
 */
const GONE_AFTER: Milliseconds = 20 * SECOND
const GONE_LOOKS = 3

/** What the books hold. */
export interface Holdings {
  readonly wallet: Usdt
  /** By position key. */
  readonly positions: ReadonlyMap<string, { readonly steps: Steps }>
}

export interface Comparison {
  /** What positions differ in, in words; empty when they agree. */
  readonly differences: readonly string[]
  /** Whether the wallets differ by more than rounding. */
  readonly walletDiffers: boolean
  /** Positions that bbw did not open; not where something cannot be read, for it may have. */
  readonly foreign: readonly AccountPosition[]
  /** Orders of the books that do not rest at the exchange. */
  readonly missing: readonly string[]
  /** Orders of this bbw at the exchange that the books do not have. */
  readonly orphans: readonly RestingReport[]
  /** Ids of the orders of another bbw. */
  readonly rivals: readonly string[]
}

/**
 * Compares books and account. Of a symbol of which something cannot be read nothing is concluded.
 *
 * @param booked ids of the orders that should rest at the exchange
 * @param known ids of all orders in the books, also of those on their way
 */
export function compare(
  portfolio: Holdings,
  account: Account,
  booked: ReadonlySet<string>,
  known: ReadonlySet<string>,
  instance: string,
): Comparison {
  const { wallet, unread } = account
  const differences: string[] = []
  const there = new Map(account.positions.map(one => [positionKey(one.symbol, one.side), one]))
  for (const [key, position] of portfolio.positions) {
    const one = there.get(key)
    there.delete(key)
    if (isHidden(unread, symbolOf(key), 'position')) continue
    if (one === undefined) differences.push(`${key} is not at the exchange`)
    else if (one.steps !== position.steps) {
      differences.push(`${key}: ${one.steps} steps, in the books ${position.steps}`)
    }
  }
  const resting = new Set(account.orders.map(order => order.clientOrderId))
  const strange = account.orders.filter(order => !known.has(order.clientOrderId))
  const conditional = account.conditional ?? []
  const rivals = [...strange.map(order => order.clientOrderId), ...conditional.map(({ id }) => id)]
  return {
    differences,
    walletDiffers: wallet !== null && !(Math.abs(wallet - portfolio.wallet) <= WALLET_TOLERANCE),
    foreign: [...there.values()].filter(({ symbol }) => !isHidden(unread, symbol, 'position')),
    missing: [...booked].filter(id => !resting.has(id)),
    orphans: strange.filter(order => ownerOf(order.clientOrderId, instance) === 'own'),
    rivals: rivals.filter(id => ownerOf(id, instance) === 'rival'),
  }
}

/** The symbol of a position's key. */
function symbolOf(key: string): string {
  return key.slice(0, key.lastIndexOf(':'))
}

/** Books and account side by side, with what is known of both. */
export interface SeenBooks {
  readonly books: Holdings
  readonly account: Account
  /** Ids of the orders that should rest at the exchange, and of all orders in the books. */
  readonly booked: readonly string[]
  readonly known: readonly string[]
  readonly instance: string
  /** Everything that was executed has been asked for, and booked. */
  readonly isThorough: boolean
  /** Positions that are known to be somebody else's, by their keys or, as an earlier bbw has it, their symbols. */
  readonly foreign: readonly string[]
  /** What orders of this bbw have opened and the books have lost, by the executions: position keys. */
  readonly lost: readonly string[]
  /** Positions of the books that the account did not show at the last look, nor executions explain. */
  readonly missing: readonly Missing[]
  /** Orders that were asked to go, or to change, and have not answered. */
  readonly asked: readonly string[]
  /** There is an order of unknown fate. */
  readonly isDoubtful: boolean
  /** What differed at the last look, and since when; empty and `null`: nothing. */
  readonly drift: string
  readonly driftSince: Timestamp | null
  readonly isRecovering: boolean
  /** It is compared because bbw has just started. */
  readonly isRestart: boolean
  readonly now: Timestamp
}

/** What is done about what differs. */
export interface Course {
  readonly found: Comparison
  /** Orders that nothing needs. */
  readonly cancels: readonly RestingReport[]
  /** Positions of somebody else that were not known, and known ones that are gone. */
  readonly come: readonly AccountPosition[]
  readonly gone: readonly string[]
  /** Positions that orders of this bbw have opened and the books have lost, and keys of such that are gone. */
  readonly lost: readonly AccountPosition[]
  readonly lostGone: readonly string[]
  /** Positions of the books that the account does not show, and of them the keys of those that are taken for gone. */
  readonly missing: readonly Missing[]
  readonly ended: readonly string[]
  /** Something may have happened that was never told: it is asked for before anything is concluded. */
  readonly asksAgain: boolean
  /** Money has come or gone by something else than trades: the exchange is right. */
  readonly takesWallet: boolean
  /** What positions differ in; empty: nothing. */
  readonly drift: string
  readonly driftSince: Timestamp | null
  /** How long it may still last before entries are halted, in milliseconds; `null`: nothing differs. */
  readonly patience: number | null
  /** Books and exchange agree after a restart or a gap. */
  readonly isRecovered: boolean
}

export const RECONCILIATION: Rule<SeenBooks, Course> = {
  kind: 'reconciliation',
  about: () => THE_HOUSE,
  decide(seen, { recovery }) {
    const { books, account, instance, isThorough, asked, now, isDoubtful, isRecovering } = seen
    const found = compare(books, account, new Set(seen.booked), new Set(seen.known), instance)
    const { differences, walletDiffers, foreign, missing } = found
    // What takes from a position that the books have lost still serves it.
    const serves = ({ purpose, symbol, side }: RestingReport): boolean =>
      purpose === 'exit' && foreign.some(one => one.symbol === symbol && one.side === side)
    // By executions of its own orders, or, at a start, by one that rests to take from it.
    const isLost = (one: AccountPosition): boolean => {
      const key = positionKey(one.symbol, one.side)
      if (seen.lost.includes(key)) return true
      const isForeign = seen.foreign.includes(key) || seen.foreign.includes(one.symbol)
      return (
        seen.isRestart &&
        !isForeign &&
        found.orphans.some(
          order =>
            order.purpose === 'exit' &&
            order.symbol === one.symbol &&
            order.side === one.side &&
            !asked.includes(order.clientOrderId),
        )
      )
    }
    // What the account has and the books have not may be a fill of bbw's that is still to be told.
    const come = foreign.filter(
      ({ symbol, side }) =>
        !seen.foreign.includes(positionKey(symbol, side)) && !seen.foreign.includes(symbol),
    )
    const { unread = [] } = account
    const gone = seen.foreign.filter(
      key =>
        !foreign.some(({ symbol, side }) => key === positionKey(symbol, side) || key === symbol) &&
        !isHidden(unread, key.includes(':') ? symbolOf(key) : key, 'position'),
    )
    const lostGone = seen.lost.filter(
      key =>
        !foreign.some(({ symbol, side }) => key === positionKey(symbol, side)) &&
        !isHidden(unread, symbolOf(key), 'position'),
    )
    const unseen = isThorough ? unseenOf(seen) : seen.missing
    const patience = Math.min(GONE_AFTER, (recovery.haltSeconds * SECOND) / 2)
    const isClear = missing.length === 0 && !isDoubtful && differences.length === 0
    const drift = differences.join('; ')
    const driftSince = drift === '' ? null : (seen.driftSince ?? now)
    return {
      found,
      cancels: found.orphans.filter(
        one =>
          !asked.includes(one.clientOrderId) && !serves(one) && !isHidden(unread, one.symbol, 'position'),
      ),
      come,
      gone,
      lost: foreign.filter(isLost),
      lostGone,
      missing: unseen,
      ended: unseen
        .filter(({ since, looks }) => isThorough && looks >= GONE_LOOKS && now >= since + patience)
        .map(({ key }) => key),
      asksAgain: (differences.length > 0 || walletDiffers || come.length > 0) && !isThorough,
      // What cannot be read may be what has changed it.
      takesWallet: walletDiffers && isClear && unread.length === 0,
      drift,
      driftSince,
      patience: driftSince === null ? null : driftSince + recovery.haltSeconds * SECOND - now,
      isRecovered: isClear && isRecovering,
    }
  },
  isSilent({ found, cancels, come, gone, lost, lostGone, asksAgain, takesWallet, drift, isRecovered }, seen) {
    const isSame = !asksAgain && !takesWallet && drift === '' && seen.drift === '' && !isRecovered
    return (
      isSame &&
      [cancels, found.missing, found.rivals, come, gone, lost, lostGone].every(({ length }) => length === 0)
    )
  },
}

/** Positions of the books that the account does not show although they could be read, and since when. */
function unseenOf({ books, account, missing, now }: SeenBooks): readonly Missing[] {
  const there = new Set(account.positions.map(one => positionKey(one.symbol, one.side)))
  return [...books.positions.keys()]
    .filter(key => !there.has(key) && !isHidden(account.unread, symbolOf(key), 'position'))
    .map(key => {
      const known = missing.find(one => one.key === key)
      return { key, since: known?.since ?? now, looks: (known?.looks ?? 0) + 1 }
    })
}

/** Whether account and books hold the same quantity of one side of a symbol: then no fill of it is on its way. */
export function agrees(portfolio: Portfolio, account: Account, symbol: string, side: Side): boolean {
  if (isHidden(account.unread, symbol, 'position')) return false
  const there = account.positions.find(one => one.symbol === symbol && one.side === side)
  return there?.steps === portfolio.positions.get(positionKey(symbol, side))?.steps
}
