/**
 * What the rows of the books must look like. Each check says where something is wrong, `null` when nothing is. The
 * shapes follow the types: a field that is added there and not here does not compile.
 */

import type { StopOut } from '../../decision/view.ts'
import type { BookedOrder, BookedPosition, Counts, Ledger, SavedFacts } from '../../engine/books.ts'
import type { Gates } from '../../engine/gates.ts'
import type { AccountTerms, Listing, OrderRequest } from '../../engine/protocol.ts'
import { REFUSALS } from '../../engine/refusal.ts'
import type { SecondLook } from '../../engine/second-look.ts'
import type { Standing } from '../../engine/standing.ts'
import {
  type Doubt,
  FACT_KINDS,
  type Gone,
  type LeftoverState,
  type Maintenance,
  type Obstacle,
  type RefusedLeg,
  type Rotation,
  type RotationLeg,
  type RotationState,
  type StopRequest,
  type StopState,
  type WaitingClosure,
  type WorkingOrder,
} from '../../engine/state.ts'
import type { Loss } from '../../guards/guard.ts'
import type { Instrument } from '../../market/instrument.ts'
import type { Ladder, Rung } from '../../portfolio/ladder.ts'
import type { ClosedAhead, PendingEntry, Position } from '../../portfolio/position.ts'
import type { TradeExit } from '../../portfolio/trade.ts'
import { fieldOf } from './json.ts'

type Check = (value: unknown, at: string) => string | null
type Shape<T> = { readonly [K in keyof T]-?: Check }

const one =
  (isRight: (value: unknown) => boolean): Check =>
  (value, at) =>
    isRight(value) ? null : at

const text = one(value => typeof value === 'string')
const number = one(value => Number.isFinite(value))
const flag = one(value => typeof value === 'boolean')
const among = (...values: readonly unknown[]): Check => one(value => values.includes(value))
const orNull =
  (check: Check): Check =>
  (value, at) =>
    value === null ? null : check(value, at)
/** For a field that an earlier bbw did not write. */
const orAbsent =
  (check: Check): Check =>
  (value, at) =>
    value === undefined ? null : check(value, at)

const side = among('long', 'short')

function list(check: Check): Check {
  return (value, at) => {
    if (!Array.isArray(value)) return at
    for (const [index, entry] of value.entries()) {
      const wrong = check(entry, `${at}[${index}]`)
      if (wrong !== null) return wrong
    }
    return null
  }
}

const entries: Check = list(
  one(value => Array.isArray(value) && typeof value[0] === 'string' && Number.isFinite(value[1])),
)

function object<T>(shape: Shape<T>): Check {
  const checks = Object.entries<Check>(shape)
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return at
    for (const [name, check] of checks) {
      const wrong = check(fieldOf(value, name), at === '' ? name : `${at}.${name}`)
      if (wrong !== null) return wrong
    }
    return null
  }
}

const instrument = object<Instrument>({
  symbol: text,
  baseCoin: text,
  quoteCoin: text,
  tick: text,
  step: text,
  tickSize: number,
  stepSize: number,
  minQty: number,
  maxQty: orNull(number),
  maxMarketQty: orAbsent(number),
  minPrice: number,
  minNotional: number,
  maxLeverage: number,
  maintenanceMarginRate: number,
  source: text,
})

const exit = object<TradeExit>({ time: number, price: number, qty: number, reason: text })

const ladder = orAbsent(
  object<Ladder>({
    firstEntry: number,
    budget: number,
    takerFee: number,
    maxMargin: number,
    rungs: list(
      object<Rung>({ price: number, steps: number, filled: number, margin: number, isDropped: flag }),
    ),
    decided: orNull(number),
  }),
)

const position = object<Position>({
  symbol: text,
  side,
  instrument,
  strategy: text,
  timeframe: text,
  signalId: text,
  clientOrderId: text,
  score: number,
  leverage: number,
  entry: number,
  steps: number,
  enteredSteps: number,
  openedAt: number,
  stop: number,
  stopKind: among('initial', 'breakeven', 'trailing'),
  initialStop: number,
  target: orNull(number),
  targetsFilled: among(0, 1, 2),
  firstTargetLeft: orAbsent(number),
  weekBbAtEntry: orNull(number),
  halved: flag,
  gross: number,
  fees: number,
  funding: number,
  exits: list(exit),
  lowest: number,
  highest: number,
  reason: text,
  ladder,
  beyond: orAbsent(object<NonNullable<Position['beyond']>>({ held: number, entered: number })),
})

const pending = object<PendingEntry>({
  clientOrderId: text,
  signalId: text,
  strategy: text,
  timeframe: text,
  symbol: text,
  side,
  instrument,
  score: number,
  steps: number,
  price: number,
  stop: number,
  target: orNull(number),
  leverage: number,
  margin: number,
  candleStart: number,
  sentAt: number,
  weekBb: orNull(number),
  reason: text,
  ladder,
  rung: orAbsent(number),
  replaces: orAbsent(text),
  closedAhead: orAbsent(
    object<ClosedAhead>({ time: number, price: number, steps: number, fee: number, reason: text }),
  ),
})

const stopRequest = orNull(
  object<StopRequest>({
    requestId: text,
    stop: number,
    why: text,
    reason: text,
    sentAt: number,
    doubt: text,
  }),
)

const working = object<WorkingOrder>({
  clientOrderId: text,
  symbol: text,
  side,
  leg: text,
  why: orAbsent(text),
  price: orNull(number),
  steps: number,
  state: text,
  wanted: orNull(object<NonNullable<WorkingOrder['wanted']>>({ price: number, steps: number })),
})

const gone = object<Gone>({
  at: number,
  entry: orNull(pending),
  order: orNull(working),
  isNew: orAbsent(among(true)),
})

const request = object<OrderRequest>({
  clientOrderId: text,
  symbol: text,
  side,
  purpose: among('entry', 'exit'),
  type: among('limit', 'market'),
  price: orNull(number),
  steps: number,
  stop: orNull(number),
  leverage: number,
  postOnly: flag,
})

const doubt = orNull(
  object<Doubt>({
    sentAt: number,
    resends: number,
    cause: text,
    wasAbsent: flag,
    filledAt: orAbsent(number),
    request: orNull(request),
  }),
)

const entryOrder = object<Extract<BookedOrder, { kind: 'entry' }>>({
  kind: among('entry'),
  entry: pending,
  cancelling: orNull(text),
  doubt,
  isHeld: orAbsent(flag),
})

const exitOrder = object<Extract<BookedOrder, { kind: 'exit' }>>({
  kind: among('exit'),
  order: working,
  doubt,
})

const standing = orNull(object<NonNullable<Standing['paused']>>({ at: number, by: text, reason: text }))

/** Where a record is no position of the books; `null` when it is one. */
export const wrongPosition: Check = object<BookedPosition>({
  position,
  stop: orNull(
    object<StopState>({
      wish: stopRequest,
      inFlight: stopRequest,
      tries: number,
      missingSince: number,
      openedAt: number,
      wasSeen: flag,
      closing: orNull(text),
      closingAs: orAbsent(text),
    }),
  ),
})

/** Where a record is no order of the books; `null` when it is one. */
export const wrongOrder: Check = (value, at) =>
  fieldOf(value, 'kind') === 'exit' ? exitOrder(value, at) : entryOrder(value, at)

const stopOut = object<StopOut>({
  symbol: text,
  side,
  strategy: text,
  at: number,
  stop: number,
  margin: number,
  score: number,
})

const leg = object<RotationLeg>({ symbol: text, side, signalId: text })

const refusedLeg = object<RefusedLeg>({
  tries: number,
  until: number,
  why: among(...REFUSALS, 'unsent', 'other'),
  steps: number,
  signalId: text,
  unsent: orAbsent(
    object<NonNullable<RefusedLeg['unsent']>>({
      clientOrderId: text,
      price: orNull(number),
      steps: number,
      why: orAbsent(text),
    }),
  ),
})

const terms = orNull(
  object<AccountTerms>({
    marginMode: text,
    accountType: text,
    mayOnlyReduce: flag,
    marginUse: orNull(number),
  }),
)

const facts = object<SavedFacts>({
  listings: list(
    object<Listing>({
      symbol: text,
      status: among('trading', 'auction', 'stopped', 'unlisted'),
      delistsAt: orNull(number),
    }),
  ),
  listingsTold: list(text),
  terms,
  termsNow: terms,
  maintenance: orNull(object<Maintenance>({ from: number, until: orNull(number) })),
})

const rotation = object<RotationState>({
  running: orNull(
    object<Rotation>({
      phase: among('opening', 'closing'),
      from: leg,
      to: leg,
      entryId: text,
      steps: number,
      reason: text,
      closes: number,
      closeId: orNull(text),
    }),
  ),
  begun: list(object<RotationState['begun'][number]>({ at: number, from: text, to: text })),
  flagged: list(text),
  refused: list(
    one(value => Array.isArray(value) && value.length === 2 && value.every(part => typeof part === 'string')),
  ),
})

/** Where a record is no ledger; `null` when it is one. */
export const wrongLedger: Check = object<Ledger>({
  version: among(1),
  wallet: number,
  day: number,
  dayRealised: number,
  gates: object<Gates>({
    peak: number,
    high: number,
    pausedUntil: number,
    pauseReason: text,
    pauses: list(number),
    halted: flag,
  }),
  standing: object<Standing>({ paused: standing, halted: standing }),
  warned: orAbsent(list(text)),
  losses: orAbsent(list(object<Loss>({ at: number, spread: number, leverage: number }))),
  lossPauses: orAbsent(entries),
  executedAt: number,
  attempts: entries,
  fills: entries,
  gone: orAbsent(
    list((value, at) =>
      Array.isArray(value) && typeof value[0] === 'string' ? gone(value[1], `${at}[1]`) : at,
    ),
  ),
  obstacles: orAbsent(
    list(
      object<Obstacle>({
        cause: among(...REFUSALS, ...FACT_KINDS, 'other'),
        symbol: orNull(text),
        reason: text,
        since: number,
        until: orNull(number),
      }),
    ),
  ),
  facts: orAbsent(facts),
  toldAt: orAbsent(entries),
  refusedLegs: orAbsent(
    list((value, at) =>
      Array.isArray(value) && typeof value[0] === 'string' ? refusedLeg(value[1], `${at}[1]`) : at,
    ),
  ),
  used: entries,
  secondLooks: orAbsent(
    list(
      object<SecondLook>({
        strategy: text,
        symbol: text,
        timeframe: among('1d', '5m'),
        candleStart: number,
        isMarket: flag,
        cause: among('price', 'gap', 'readiness'),
        missing: number,
      }),
    ),
  ),
  alerted: orAbsent(entries),
  decided: entries,
  decided5: orAbsent(entries),
  foreign: list(text),
  lost: orAbsent(entries),
  risky: orAbsent(list(text)),
  leftovers: orAbsent(object<LeftoverState>({ ended: entries, told: list(text) })),
  closures: orAbsent(
    list(
      object<WaitingClosure>({
        id: text,
        kind: among('close'),
        symbol: orNull(text),
        side: orNull(side),
        isForeignToo: flag,
        halts: flag,
        by: text,
        reason: text,
        since: number,
        askedAt: orNull(number),
        tried: entries,
        isOpen: flag,
        isAccepted: flag,
        isAnswered: flag,
        closed: list(text),
        left: list(text),
        trouble: text,
      }),
    ),
  ),
  rotation: orAbsent(rotation),
  stopOuts: orAbsent(list(stopOut)),
  stopOutsNoted: orAbsent(list(stopOut)),
  accepted: orAbsent(
    list(
      one(
        value =>
          Array.isArray(value) &&
          typeof value[0] === 'string' &&
          Array.isArray(value[1]) &&
          value[1].every(Number.isFinite),
      ),
    ),
  ),
})

/** Whether a record is counts by name. */
export function isCounts(value: unknown): value is Counts {
  return typeof value === 'object' && value !== null && Object.values(value).every(Number.isFinite)
}
