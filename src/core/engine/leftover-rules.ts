/**
 * Orders that wait for a price and have nothing left to wait for: what is done about each that the account shows where
 * nothing is held. Pure.
 *
 * Whose it is its id says where it bears one of a client's. One that came with a position bears none: it was of bbw's
 * where bbw's position was the last one there and the order is no younger than its end. Whatever may protect something
 * is left alone, and so is what is anybody else's, of which is told.
 */
import { DAY, type Milliseconds, SECOND, type Timestamp } from '../base/units.ts'
import { positionKey } from '../portfolio/position.ts'
import { ownerOf } from './order-id.ts'
import type { ConditionalReport } from './protocol.ts'
import { type Rule, THE_HOUSE } from './rule.ts'

/**
 * The exchange takes back what has protected a position within moments of its end, and its lists of positions and of
 * orders are not of one moment: nothing is concluded of what is younger.
 */
const SETTLING: Milliseconds = 5 * SECOND
/** That a position was bbw's is known so long after its end, and for as long as something of it is left. */
const ENDED_KEPT: Milliseconds = DAY

export interface SeenLeftovers {
  readonly orders: readonly ConditionalReport[]
  /** Keys of what is held, by the account or by the books. */
  readonly held: readonly string[]
  /** Keys of entries of which nothing says yet whether they have filled. */
  readonly doubtful: readonly string[]
  /** When bbw's last position of a key has ended. */
  readonly ended: readonly (readonly [key: string, at: Timestamp])[]
  /** Those of somebody else that were told of. */
  readonly told: readonly string[]
  /** Those whose cancellation has not been answered. */
  readonly asked: readonly string[]
  readonly instance: string
  readonly now: Timestamp
}

export interface LeftoverCourse {
  readonly cancels: readonly ConditionalReport[]
  /** Those of somebody else that are to be told of. */
  readonly strange: readonly ConditionalReport[]
  /** Those of somebody else that were told of and are still there. */
  readonly told: readonly string[]
  readonly ended: SeenLeftovers['ended']
  /** When it is to be looked again for one that is too young; `null`: there is none. */
  readonly lookAt: Timestamp | null
}

export const LEFTOVERS: Rule<SeenLeftovers, LeftoverCourse> = {
  kind: 'leftovers',
  about: () => THE_HOUSE,
  decide(seen) {
    const { asked, doubtful, held, instance, now } = seen
    const endedAt = new Map(seen.ended)
    const cancels: ConditionalReport[] = []
    const strange: ConditionalReport[] = []
    const told: string[] = []
    const left = new Set<string>()
    let lookAt: Timestamp | null = null
    for (const order of seen.orders) {
      const { id, symbol, side, purpose, isGuard, since } = order
      const key = positionKey(symbol, side)
      const owner = ownerOf(id, instance)
      // Another bbw on the account is another matter.
      if (owner === 'rival') continue
      const isOwnEntry = owner === 'own' && purpose === 'entry'
      if (held.includes(key) && !isOwnEntry) continue
      const end = endedAt.get(key)
      const isOfOwn = isGuard && end !== undefined && since <= end && !seen.told.includes(id)
      if (isOfOwn) left.add(key)
      const settled = Math.max(since, isOfOwn ? end : since) + SETTLING
      if (now < settled) lookAt = Math.min(lookAt ?? settled, settled)
      else if (owner === 'own' || isOfOwn) {
        if (!asked.includes(id) && (isOwnEntry || !doubtful.includes(key))) cancels.push(order)
      } else if (seen.told.includes(id)) told.push(id)
      else strange.push(order)
    }
    const ended = seen.ended.filter(([key, at]) => left.has(key) || now - at <= ENDED_KEPT)
    return { cancels, strange, told, ended, lookAt }
  },
  isSilent: ({ cancels, strange }) => cancels.length === 0 && strange.length === 0,
}
