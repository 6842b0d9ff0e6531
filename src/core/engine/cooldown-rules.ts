/** How long a strategy rests on a symbol, and how many orders it has had accepted there. Pure. */
import { DAY, type Timestamp } from '../base/units.ts'
import type { EntryTerms } from '../decision/strategy.ts'
import type { ExitReason } from '../portfolio/trade.ts'
import { ENTRY_STRATEGIES } from './cycles.ts'
import type { OrderLeg } from './order-id.ts'
import { boundEntry, isEntryOn } from './pipeline.ts'
import type { FillInput } from './protocol.ts'
import type { Rule } from './rule.ts'
import type { Settings } from './settings.ts'

/** What a position that its stop has closed, wherever that was by then, names as a reason. */
const STOPS: readonly ExitReason[] = ['stop', 'breakeven-stop', 'trailing-stop']

/** How a position was closed, by all the parts that it was closed in and by the last of them. */
export interface Closing {
  readonly reasons: readonly ExitReason[]
  readonly cause: FillInput['cause']
  /** Of the order that closed it last; `null`: it was none of bbw's. */
  readonly leg: OrderLeg | null
}

/** Whether a position was closed by its stop: one that left a part, closed at the market after it, has done so too. */
export function isStoppedBy({ reasons }: Pick<Closing, 'reasons'>): boolean {
  return reasons.some(reason => STOPS.includes(reason))
}

/** Something after which a strategy rests on a symbol. */
export interface SeenRest {
  readonly strategy: string
  readonly symbol: string
  /** An order of it was accepted, or a position of it closed. */
  readonly after: 'accepted' | Closing
  readonly from: Timestamp
  /** When the rest ends as it was before. */
  readonly before: Timestamp
}

/** Until when it rests, the longer of two; `null`: no longer than before. */
export const COOLDOWN: Rule<SeenRest, Timestamp | null> = {
  kind: 'cooldown',
  about: ({ strategy, symbol }) => ({ strategy, symbol, side: null }),
  decide({ strategy, after, from, before }, settings) {
    const terms = termsOf(strategy, settings)
    const which = restAfter(after)
    if (terms === undefined || which === null || terms[which] === 0) return null
    const until = from + terms[which]
    return until > before ? until : null
  },
}

function restAfter(
  after: 'accepted' | Closing,
): 'cooldown' | 'cooldownAfterStop' | 'cooldownAfterTarget' | null {
  if (after === 'accepted') return 'cooldown'
  if (isStoppedBy(after) || after.cause === 'liquidation') return 'cooldownAfterStop'
  return after.leg !== null && after.leg !== 'close' ? 'cooldownAfterTarget' : null
}

/** An order that was accepted. */
export interface SeenAccepted {
  readonly strategy: string
  readonly symbol: string
  /** When earlier ones were. */
  readonly times: readonly Timestamp[]
  readonly now: Timestamp
}

/** When orders of it were accepted in the last 24 h; `null`: its strategy may send as many as it likes. */
export const ACCEPTED: Rule<SeenAccepted, readonly Timestamp[] | null> = {
  kind: 'accepted',
  about: ({ strategy, symbol }) => ({ strategy, symbol, side: null }),
  decide({ strategy, times, now }, settings) {
    if (termsOf(strategy, settings)?.mostPerDay === undefined) return null
    return [...times.filter(at => at > now - DAY), now]
  },
}

/** What a strategy asks of its entries; `undefined` when it is not switched on. */
function termsOf(id: string, settings: Settings): EntryTerms | undefined {
  const strategy = ENTRY_STRATEGIES.find(one => one.id === id)
  if (strategy === undefined || !isEntryOn(settings, id)) return undefined
  return boundEntry(strategy, settings).terms
}
