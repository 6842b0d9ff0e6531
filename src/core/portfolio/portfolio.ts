import { assert, broken, unreachable } from '../base/assert.ts'
import {
  DAY,
  type Price,
  type Qty,
  type Steps,
  type Ticks,
  type Timestamp,
  type Usdt,
} from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import { priceOf, qtyOf } from '../market/quantise.ts'
import { opposite, type PositionMode, type Side, sign } from '../market/side.ts'
import { entryOn, positionOn } from './grid-change.ts'
import { withRungFilled } from './ladder.ts'
import {
  type ClosedAhead,
  enteredQty,
  heldQty,
  type PendingEntry,
  type Position,
  positionKey,
  positionMargin,
  type StopKind,
  unrealised,
} from './position.ts'
import type { ExitReason, Trade } from './trade.ts'

/** The books: what is owned, what is on its way, and what the day has earned. A value; `apply` makes the next one. */
export interface Portfolio {
  /** Cash: what was paid in plus everything realised. */
  readonly wallet: Usdt
  readonly positions: ReadonlyMap<string, Position>
  readonly pending: ReadonlyMap<string, PendingEntry>
  /** UTC day (its number since 1970) and what it has realised, fees and funding included. */
  readonly day: number
  readonly dayRealised: Usdt
}

/** What can happen to the books. Prices and quantities are as the exchange reported them. */
export type PortfolioEvent =
  | { readonly type: 'entry-sent'; readonly entry: PendingEntry }
  | { readonly type: 'entry-gone'; readonly clientOrderId: string }
  | {
      readonly type: 'entry-filled'
      readonly clientOrderId: string
      readonly time: Timestamp
      readonly price: Ticks
      readonly steps: Steps
      readonly fee: Usdt
      /** Nothing of the order is left to fill. */
      readonly complete: boolean
    }
  | {
      readonly type: 'exit-filled'
      readonly symbol: string
      readonly side: Side
      readonly time: Timestamp
      readonly price: Ticks
      readonly steps: Steps
      readonly fee: Usdt
      readonly reason: ExitReason
      /** What the order that has filled has left to fill. */
      readonly left: Steps
    }
  | {
      readonly type: 'funding'
      readonly symbol: string
      readonly side: Side
      readonly time: Timestamp
      /** Received; paid when negative. */
      readonly amount: Usdt
    }
  | {
      readonly type: 'stop-moved'
      readonly symbol: string
      readonly side: Side
      readonly stop: Ticks
      readonly kind: StopKind
    }
  /** Somebody else has added to a position of bbw's. */
  | {
      readonly type: 'added-outside'
      readonly symbol: string
      readonly side: Side
      readonly time: Timestamp
      readonly price: Ticks
      readonly steps: Steps
      readonly fee: Usdt
    }
  /** A person hands a position over that is at the exchange already; nothing is paid for it. */
  | { readonly type: 'adopted'; readonly position: Position }
  /** A person takes a position back as it is: no trade of bbw's. */
  | { readonly type: 'released'; readonly symbol: string; readonly side: Side }
  /** The wallet is what the exchange says: something moved it that is no trade of bbw's. */
  | { readonly type: 'wallet-set'; readonly wallet: Usdt }
  /** It was decided on the next add of a ladder, whatever came of it. */
  | {
      readonly type: 'add-decided'
      readonly symbol: string
      readonly side: Side
      readonly candleStart: Timestamp
    }
  /** The position of an add has closed before the add's end is known. */
  | { readonly type: 'add-orphaned'; readonly clientOrderId: string; readonly closedAhead: ClosedAhead }
  /** The exchange counts prices or quantities of a symbol in other units, or takes other orders. */
  | { readonly type: 'filters-changed'; readonly instrument: Instrument }
  | { readonly type: 'halving-sent'; readonly symbol: string; readonly side: Side }
  | { readonly type: 'price-seen'; readonly symbol: string; readonly side: Side; readonly price: Price }

export function emptyPortfolio(wallet: Usdt): Portfolio {
  return { wallet, positions: new Map(), pending: new Map(), day: 0, dayRealised: 0 }
}

/** The next state of the books, and the trade when the event closed a position. */
export interface Applied {
  readonly portfolio: Portfolio
  readonly trade: Trade | null
}

/**
 * Folds one event into the books. Throws when the event contradicts them (a fill of what is not there): the books
 * and the exchange have come apart, and guessing on would hide it.
 *
 * @param mode that of the account: in one-way mode both sides of a symbol contradict each other
 */
export function apply(portfolio: Portfolio, event: PortfolioEvent, mode: PositionMode = 'one-way'): Applied {
  switch (event.type) {
    case 'entry-sent': {
      const { entry } = event
      assert(!portfolio.pending.has(entry.clientOrderId), `entry ${entry.clientOrderId} was sent before`)
      const pending = new Map(portfolio.pending)
      pending.set(entry.clientOrderId, entry)
      return { portfolio: { ...portfolio, pending }, trade: null }
    }
    case 'entry-gone': {
      const pending = new Map(portfolio.pending)
      assert(pending.delete(event.clientOrderId), `entry ${event.clientOrderId} is gone, and was not there`)
      return { portfolio: { ...portfolio, pending }, trade: null }
    }
    case 'entry-filled':
      return { portfolio: entryFilled(portfolio, event, mode), trade: null }
    case 'exit-filled':
      return exitFilled(portfolio, event)
    case 'funding': {
      const position = held(portfolio, event.symbol, event.side)
      const next = { ...position, funding: position.funding + event.amount }
      return { portfolio: realise(withPosition(portfolio, next), event.time, event.amount), trade: null }
    }
    case 'filters-changed': {
      const { instrument } = event
      const positions = new Map(portfolio.positions)
      const pending = new Map(portfolio.pending)
      for (const [key, one] of positions) {
        if (one.symbol === instrument.symbol) positions.set(key, positionOn(one, instrument))
      }
      for (const [id, one] of pending) {
        if (one.symbol === instrument.symbol) pending.set(id, entryOn(one, instrument))
      }
      return { portfolio: { ...portfolio, positions, pending }, trade: null }
    }
    case 'stop-moved': {
      const position = held(portfolio, event.symbol, event.side)
      const tighter = (event.stop - position.stop) * sign(position.side)
      assert(tighter >= 0, `a stop of ${position.symbol} ${position.side} would be loosened`)
      const next = { ...position, stop: event.stop, stopKind: event.kind }
      return { portfolio: withPosition(portfolio, next), trade: null }
    }
    case 'added-outside': {
      const position = held(portfolio, event.symbol, event.side)
      const price = priceOf(position.instrument, event.price)
      const next = {
        ...seen(position, price),
        entry: averaged(position.entry, position.steps, price, event.steps),
        steps: (position.steps + event.steps) as Steps,
        enteredSteps: (position.enteredSteps + event.steps) as Steps,
        fees: position.fees + event.fee,
      }
      return { portfolio: realise(withPosition(portfolio, next), event.time, -event.fee), trade: null }
    }
    case 'adopted': {
      const { position } = event
      const { symbol, side } = position
      const isFree = !portfolio.positions.has(positionKey(symbol, side))
      assert(isFree && !contradicts(portfolio, symbol, side, mode), `${symbol} is free for an adoption`)
      return { portfolio: withPosition(portfolio, position), trade: null }
    }
    case 'released': {
      const { symbol, side } = held(portfolio, event.symbol, event.side)
      const positions = new Map(portfolio.positions)
      positions.delete(positionKey(symbol, side))
      return { portfolio: { ...portfolio, positions }, trade: null }
    }
    case 'wallet-set':
      return { portfolio: { ...portfolio, wallet: event.wallet }, trade: null }
    case 'add-decided': {
      const position = held(portfolio, event.symbol, event.side)
      const { ladder } = position
      assert(ladder !== undefined, `${event.symbol} ${event.side} has a ladder`)
      const next = { ...position, ladder: { ...ladder, decided: event.candleStart } }
      return { portfolio: withPosition(portfolio, next), trade: null }
    }
    case 'add-orphaned': {
      const entry = portfolio.pending.get(event.clientOrderId)
      assert(entry !== undefined, `add ${event.clientOrderId} is pending`)
      const pending = new Map(portfolio.pending)
      pending.set(entry.clientOrderId, { ...entry, closedAhead: event.closedAhead })
      return { portfolio: { ...portfolio, pending }, trade: null }
    }
    case 'halving-sent': {
      const next = { ...held(portfolio, event.symbol, event.side), halved: true }
      return { portfolio: withPosition(portfolio, next), trade: null }
    }
    case 'price-seen': {
      const position = held(portfolio, event.symbol, event.side)
      return { portfolio: withPosition(portfolio, seen(position, event.price)), trade: null }
    }
    default:
      return unreachable(event)
  }
}

function entryFilled(
  portfolio: Portfolio,
  event: Extract<PortfolioEvent, { readonly type: 'entry-filled' }>,
  mode: PositionMode,
): Portfolio {
  const entry = portfolio.pending.get(event.clientOrderId)
  assert(entry !== undefined, `fill of an unknown entry ${event.clientOrderId}`)
  assert(event.steps > 0, `fill of nothing for ${event.clientOrderId}`)
  const left = entry.steps - event.steps
  assert(left >= 0, `fill of more than ${event.clientOrderId} has left`)
  const pending = new Map(portfolio.pending)
  if (event.complete) pending.delete(entry.clientOrderId)
  else {
    const margin = (entry.margin * left) / entry.steps
    pending.set(entry.clientOrderId, { ...entry, steps: left as Steps, margin })
  }
  const price = priceOf(entry.instrument, event.price)
  const before = portfolio.positions.get(positionKey(entry.symbol, entry.side))
  const isOwn =
    entry.rung === undefined
      ? before?.clientOrderId === entry.clientOrderId
      : before?.signalId === entry.signalId
  assert(before === undefined || isOwn, `a second entry on ${entry.symbol} ${entry.side}`)
  assert(
    !contradicts(portfolio, entry.symbol, entry.side, mode),
    `both sides of ${entry.symbol} would be held`,
  )
  const next: Position =
    before === undefined
      ? {
          symbol: entry.symbol,
          side: entry.side,
          instrument: entry.instrument,
          strategy: entry.strategy,
          timeframe: entry.timeframe,
          signalId: entry.signalId,
          clientOrderId: entry.clientOrderId,
          score: entry.score,
          leverage: entry.leverage,
          entry: price,
          steps: event.steps,
          enteredSteps: event.steps,
          openedAt: event.time,
          stop: entry.stop,
          stopKind: 'initial',
          initialStop: entry.stop,
          target: entry.target,
          targetsFilled: 0,
          weekBbAtEntry: entry.weekBb,
          halved: false,
          gross: 0,
          fees: event.fee,
          funding: 0,
          exits: [],
          lowest: price,
          highest: price,
          reason: entry.reason,
          ...(entry.ladder === undefined ? {} : { ladder: entry.ladder }),
        }
      : {
          ...seen(before, price),
          entry: averaged(before.entry, before.steps, price, event.steps),
          steps: (before.steps + event.steps) as Steps,
          enteredSteps: (before.enteredSteps + event.steps) as Steps,
          fees: before.fees + event.fee,
          ...(before.ladder === undefined || entry.rung === undefined
            ? {}
            : { ladder: withRungFilled(before.ladder, entry.rung, event.steps) }),
        }
  return realise(withPosition({ ...portfolio, pending }, next), event.time, -event.fee)
}

/** Whether the other side is held where only one may be. */
function contradicts({ positions }: Portfolio, symbol: string, side: Side, mode: PositionMode): boolean {
  return mode === 'one-way' && positions.has(positionKey(symbol, opposite(side)))
}

/** The price of two quantities together. */
function averaged(one: Price, ofOne: Steps, other: Price, ofOther: Steps): Price {
  // Equal prices stay what they are, to the last bit.
  return one === other ? one : (one * ofOne + other * ofOther) / (ofOne + ofOther)
}

function exitFilled(
  portfolio: Portfolio,
  event: Extract<PortfolioEvent, { readonly type: 'exit-filled' }>,
): Applied {
  const position = held(portfolio, event.symbol, event.side)
  assert(
    event.steps > 0 && event.steps <= position.steps,
    `${event.symbol} would be closed by more than is held`,
  )
  const price = priceOf(position.instrument, event.price)
  const isLast = event.steps === position.steps
  const qty = isLast ? heldQty(position) : qtyOf(position.instrument, event.steps)
  const gross = sign(position.side) * (price - position.entry) * qty
  const filled = event.reason === 'partial-target-1' ? 1 : event.reason === 'partial-target-2' ? 2 : 0
  const { firstTargetLeft: leftBefore, ...before } = position
  const left = filled === 1 ? event.left : leftBefore
  const after = seen(
    {
      ...before,
      ...(left === undefined || left === 0 ? {} : { firstTargetLeft: left }),
      steps: (position.steps - event.steps) as Steps,
      gross: position.gross + gross,
      fees: position.fees + event.fee,
      targetsFilled: Math.max(filled, position.targetsFilled) as 0 | 1 | 2,
      exits: [...position.exits, { time: event.time, price, qty, reason: event.reason }],
    },
    price,
  )
  if (after.steps > 0) {
    return { portfolio: realise(withPosition(portfolio, after), event.time, gross - event.fee), trade: null }
  }
  const positions = new Map(portfolio.positions)
  positions.delete(positionKey(event.symbol, event.side))
  return {
    portfolio: realise({ ...portfolio, positions }, event.time, gross - event.fee),
    trade: closedTrade(after, event.time, event.reason),
  }
}

function closedTrade(position: Position, closedAt: Timestamp, exitReason: ExitReason): Trade {
  const qty = enteredQty(position)
  const net = position.gross - position.fees + position.funding
  let exitValue = 0
  for (const exit of position.exits) exitValue += exit.price * exit.qty
  const entry = averageEntry(position, exitValue, qty)
  const notional = qty * entry
  const down = (100 * (position.lowest - entry)) / entry
  const up = (100 * (position.highest - entry)) / entry
  return {
    id: position.signalId,
    strategy: position.strategy,
    symbol: position.symbol,
    side: position.side,
    openedAt: position.openedAt,
    closedAt,
    entry,
    exit: exitValue / qty,
    qty,
    notional,
    leverage: position.leverage,
    score: position.score,
    gross: position.gross,
    fees: position.fees,
    funding: position.funding,
    net,
    netPercent: (100 * net) / notional,
    mae: position.side === 'long' ? down : -up,
    mfe: position.side === 'long' ? up : -down,
    entryReason: position.reason,
    exitReason,
    exits: position.exits,
  }
}

/**
 * The price that all of a closed position was entered at. Where its entry went on filling after a part had been closed,
 * the position's own price is of the later part only, and the profit booked says what the whole was.
 */
function averageEntry(position: Position, exitValue: Usdt, qty: Qty): Price {
  const whole = (exitValue - sign(position.side) * position.gross) / qty
  return Math.abs(whole - position.entry) <= 1e-9 * position.entry ? position.entry : whole
}

function held(portfolio: Portfolio, symbol: string, side: Side): Position {
  const position = portfolio.positions.get(positionKey(symbol, side))
  if (position === undefined) broken(`no position ${symbol} ${side}`)
  return position
}

function withPosition(portfolio: Portfolio, position: Position): Portfolio {
  const positions = new Map(portfolio.positions)
  positions.set(positionKey(position.symbol, position.side), position)
  return { ...portfolio, positions }
}

function seen(position: Position, price: Price): Position {
  if (price >= position.lowest && price <= position.highest) return position
  return { ...position, lowest: Math.min(position.lowest, price), highest: Math.max(position.highest, price) }
}

/** Money moves the wallet and the day's result; a moment at 00:00 UTC belongs to the day that begins. */
function realise(portfolio: Portfolio, time: Timestamp, amount: Usdt): Portfolio {
  const day = Math.floor(time / DAY)
  // A fill may be stamped earlier than one already booked (a limit filled inside a candle bears the candle's
  // opening): it then counts towards the day that is running, so that no loss slips out of the daily limit.
  const sameDay = day <= portfolio.day
  return {
    ...portfolio,
    wallet: portfolio.wallet + amount,
    day: Math.max(portfolio.day, day),
    dayRealised: sameDay ? portfolio.dayRealised + amount : amount,
  }
}

/** What the day of `now` has realised so far: nothing when the last movement was on an earlier day. */
export function realisedToday(portfolio: Portfolio, now: Timestamp): Usdt {
  return Math.floor(now / DAY) > portfolio.day ? 0 : portfolio.dayRealised
}

/** Wallet plus unrealised profit at the marks that `markOf` gives. */
export function equity(portfolio: Portfolio, markOf: (symbol: string) => Price): Usdt {
  let total = portfolio.wallet
  for (const position of portfolio.positions.values()) total += unrealised(position, markOf(position.symbol))
  return total
}

/** Margin tied up by positions and by what pending entries have left to fill. */
export function usedMargin(portfolio: Portfolio): Usdt {
  let total = 0
  for (const position of portfolio.positions.values()) total += positionMargin(position)
  for (const entry of portfolio.pending.values()) total += entry.margin
  return total
}
