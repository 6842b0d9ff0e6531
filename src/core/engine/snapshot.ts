/**
 * What a person sees of a running engine: plain data for `status`, the dashboard and every other door. Prices and
 * quantities that an exchange has are decimal texts, money is a number of USDT, times are milliseconds.
 */
import {
  HOUR,
  MINUTE,
  type Milliseconds,
  type Percent,
  type Price,
  type Timestamp,
  type Usdt,
} from '../base/units.ts'
import { correlation } from '../guards/correlation.ts'
import type { House } from '../guards/guard.ts'
import { type LossRule, lossPause, lossRules } from '../guards/loss-pauses.ts'
import { longShare } from '../guards/portfolio-guards.ts'
import type { Instrument } from '../market/instrument.ts'
import { earlierLiquidation, liquidationPrice } from '../market/liquidation.ts'
import { formatSteps, formatTicks, qtyOf } from '../market/quantise.ts'
import { type Side, sign } from '../market/side.ts'
import { type Ladder, rungLeft } from '../portfolio/ladder.ts'
import { type Portfolio, usedMargin } from '../portfolio/portfolio.ts'
import { heldQty, positionKey, positionMargin, type StopKind, unrealised } from '../portfolio/position.ts'
import type { CycleId } from './cycles.ts'
import type { Gates } from './gates.ts'
import type { AccountPosition } from './protocol.ts'
import type { Settings } from './settings.ts'
import type { Standing } from './standing.ts'
import type { WorkingOrder } from './state.ts'

export interface Snapshot {
  /** By the exchange's clock. */
  readonly at: Timestamp
  readonly wallet: Usdt
  /** Wallet and unrealised profit. */
  readonly equity: Usdt
  readonly unrealised: Usdt
  /** Realised on this UTC day, fees and funding included. */
  readonly realisedToday: Usdt
  readonly peak: Usdt
  readonly usedMargin: Usdt
  readonly positions: readonly PositionSnapshot[]
  readonly pending: readonly PendingSnapshot[]
  /** Positions that bbw did not open and leaves alone, as the account has shown them last; an earlier bbw told none. */
  readonly foreign?: readonly ForeignSnapshot[]
  readonly gates: readonly GateSnapshot[]
  readonly cycles: readonly CycleSnapshot[]
  /** What books and exchange differ in; empty when they agree. */
  readonly drift: string
  readonly isRecovering: boolean
}

export interface PositionSnapshot {
  readonly symbol: string
  readonly side: Side
  readonly strategy: string
  readonly qty: string
  readonly entry: Price
  /** `null` before the first price. */
  readonly mark: Price | null
  readonly stop: string
  readonly stopKind: StopKind
  /** The exchange has confirmed the stop. */
  readonly isProtected: boolean
  readonly targets: readonly { readonly leg: string; readonly price: string; readonly qty: string }[]
  readonly leverage: number
  readonly margin: Usdt
  readonly notional: Usdt
  readonly unrealised: Usdt | null
  /** Of the entry value. */
  readonly unrealisedPercent: Percent | null
  readonly fees: Usdt
  readonly funding: Usdt
  readonly score: number
  readonly openedAt: Timestamp
  readonly signalId: string
  /** Of a ladder: adds that were planned, and how many of them have filled. */
  readonly adds?: { readonly planned: number; readonly filled: number }
}

/** A position of somebody else. */
export interface ForeignSnapshot {
  readonly symbol: string
  readonly side: Side
  /** `null` where the symbol is not among those that bbw follows: then steps and ticks cannot be read. */
  readonly qty: string | null
  readonly entry: Price
  readonly mark: Price | null
  /** At the exchange; `null`: it has none. */
  readonly stop: string | null
  readonly leverage: number
  /** The mark at which it is liquidated; not there where it cannot be told. */
  readonly liquidation?: Price
  readonly unrealised: Usdt | null
}

export interface PendingSnapshot {
  readonly symbol: string
  readonly side: Side
  readonly strategy: string
  readonly qty: string
  readonly price: Price
  readonly stop: string
  readonly leverage: number
  readonly margin: Usdt
  readonly sentAt: Timestamp
  /** It was sent, and nothing says whether it arrived. */
  readonly isUnknown: boolean
  readonly clientOrderId: string
  /** Of an add to a position: which one of its ladder, from 1. */
  readonly add?: number
}

/** A gate that looks at the whole house, and what it says now. */
export interface GateSnapshot {
  readonly gate: string
  readonly isOpen: boolean
  /** What it sees and its limit, in words. */
  readonly value: string
  readonly limit: string
  /** Why it is closed; while it is open, which symbols alone it is closed to. */
  readonly reason: string
}

export interface CycleSnapshot {
  readonly cycle: CycleId
  readonly every: Milliseconds
  /** When it last began; `null` before the first time. */
  readonly lastAt: Timestamp | null
  /** When it is due next; `null`: nothing has changed that it looks at. */
  readonly nextAt: Timestamp | null
  /** Of the last run, on the machine's own clock. */
  readonly tookMs: Milliseconds | null
  readonly runs: number
  /** Steps that failed so far, and the last failure. */
  readonly errors: number
  readonly lastError: string | null
  /** When that was; an earlier bbw does not tell it. */
  readonly lastErrorAt?: Timestamp | null
  /** A step has failed in the last run, or in the one that is going on; an earlier bbw does not tell it. */
  readonly isFailing?: boolean
}

/** What a snapshot is made of. */
export interface SnapshotParts {
  readonly house: House
  readonly settings: Settings
  readonly gates: Gates
  readonly standing: Standing
  readonly drift: string
  readonly isRecovering: boolean
  markOf(symbol: string): Price
  isProtected(key: string): boolean
  isUnknown(clientOrderId: string): boolean
  readonly orders: Iterable<WorkingOrder>
  readonly foreign: readonly AccountPosition[]
  instrumentOf(symbol: string): Instrument | undefined
  readonly cycles: readonly CycleSnapshot[]
}

export function snapshotOf(parts: SnapshotParts): Snapshot {
  const { house, gates } = parts
  const { portfolio, equity, now } = house
  const orders = [...parts.orders]
  const positions = [...portfolio.positions.values()].map((position): PositionSnapshot => {
    const { symbol, side, instrument, steps, entry } = position
    const mark = parts.markOf(symbol)
    const known = !Number.isNaN(mark)
    const notional = heldQty(position) * entry
    const profit = known ? unrealised(position, mark) : null
    const key = positionKey(symbol, side)
    return {
      symbol,
      side,
      strategy: position.strategy,
      qty: formatSteps(instrument, steps),
      entry,
      mark: known ? mark : null,
      stop: formatTicks(instrument, position.stop),
      stopKind: position.stopKind,
      isProtected: parts.isProtected(key),
      targets: orders
        .filter(order => order.symbol === symbol && order.side === side && order.price !== null)
        .map(({ leg, price, steps: left }) => ({
          leg,
          price: price === null ? '' : formatTicks(instrument, price),
          qty: formatSteps(instrument, left),
        })),
      leverage: position.leverage,
      margin: positionMargin(position),
      notional,
      unrealised: profit,
      unrealisedPercent: profit === null ? null : (100 * profit) / notional,
      fees: position.fees,
      funding: position.funding,
      score: position.score,
      openedAt: position.openedAt,
      signalId: position.signalId,
      ...(position.ladder === undefined ? {} : { adds: addsOf(instrument, position.ladder) }),
    }
  })
  const sum = positions.reduce((total, one) => total + (one.unrealised ?? 0), 0)
  return {
    at: now,
    wallet: portfolio.wallet,
    equity: Number.isNaN(equity) ? portfolio.wallet + sum : equity,
    unrealised: sum,
    realisedToday: house.realisedToday,
    peak: gates.peak,
    usedMargin: usedMargin(portfolio),
    positions,
    pending: [...portfolio.pending.values()].map(entry => ({
      symbol: entry.symbol,
      side: entry.side,
      strategy: entry.strategy,
      qty: formatSteps(entry.instrument, entry.steps),
      price: entry.price,
      stop: formatTicks(entry.instrument, entry.stop),
      leverage: entry.leverage,
      margin: entry.margin,
      sentAt: entry.sentAt,
      isUnknown: parts.isUnknown(entry.clientOrderId),
      clientOrderId: entry.clientOrderId,
      ...(entry.rung === undefined ? {} : { add: entry.rung + 1 }),
    })),
    foreign: parts.foreign.map(one => foreignSnapshot(one, parts)),
    gates: gatesOf(parts),
    cycles: parts.cycles,
    drift: parts.drift,
    isRecovering: parts.isRecovering,
  }
}

function foreignSnapshot(there: AccountPosition, parts: SnapshotParts): ForeignSnapshot {
  const { symbol, side, steps, entry, leverage, stop } = there
  const instrument = parts.instrumentOf(symbol)
  if (instrument === undefined) {
    return { symbol, side, qty: null, entry, mark: null, stop: null, leverage, unrealised: null }
  }
  const mark = parts.markOf(symbol)
  const isKnown = !Number.isNaN(mark)
  return {
    symbol,
    side,
    qty: formatSteps(instrument, steps),
    entry,
    mark: isKnown ? mark : null,
    stop: stop === null ? null : formatTicks(instrument, stop),
    leverage,
    liquidation: earlierLiquidation(side, liquidationPrice(instrument, there), there.liquidation),
    unrealised: isKnown ? sign(side) * (mark - entry) * qtyOf(instrument, steps) : null,
  }
}

function addsOf(instrument: Instrument, { rungs }: Ladder): NonNullable<PositionSnapshot['adds']> {
  const planned = rungs.filter(rung => !rung.isDropped)
  return {
    planned: planned.length,
    filled: planned.filter(rung => rungLeft(instrument, rung) === 0).length,
  }
}

/** The gates that look at the whole house, with what each sees now. */
function gatesOf({ house, settings, gates, standing }: SnapshotParts): GateSnapshot[] {
  const { portfolio, equity, now, realisedToday, blocks } = house
  const why = (gate: 'kill-switch' | 'readiness'): string =>
    blocks
      .filter(block => block.gate === gate)
      .map(block => (block.symbol === null ? block.reason : `${block.symbol}: ${block.reason}`))
      .join('; ')
  // What keeps entries from one symbol leaves the house open to the others.
  const isReady = !blocks.some(({ gate, symbol }) => gate === 'readiness' && symbol === null)
  const rows = [
    shown(
      'kill-switch',
      standing.halted !== null ? 'halted' : standing.paused !== null ? 'paused' : 'open',
      '',
      why('kill-switch'),
    ),
    {
      gate: 'readiness',
      isOpen: isReady,
      value: isReady ? 'ready' : 'not ready',
      limit: '',
      reason: why('readiness'),
    },
    ...(house.live === null ? [] : [liveGate(house.live)]),
  ]
  if (!settings.portfolioGates) return rows
  const money = (amount: Usdt): string => `${amount.toFixed(2)} USDT`
  const limitOf = (percent: number | null, usdt: number | null): Usdt =>
    Math.min(
      percent === null ? Number.POSITIVE_INFINITY : (equity * percent) / 100,
      usdt ?? Number.POSITIVE_INFINITY,
    )
  const daily = settings.guards['daily-loss'] ?? {}
  const lossLimit = limitOf(daily.percent ?? null, daily.usdt ?? null)
  const isLost = -realisedToday >= lossLimit
  const total = settings.guards['total-margin'] ?? {}
  const marginLimit = limitOf(total.percent ?? null, total.usdt ?? null)
  const used = usedMargin(portfolio)
  const drawdown = gates.peak > 0 ? 100 * (1 - equity / gates.peak) : 0
  const isDown = gates.halted || now < gates.pausedUntil
  const { longs, total: together } = sides(portfolio)
  const share = { ...longShare.params, ...settings.guards[longShare.id] }
  const afterLong = 100 * (longs + 1) > share.percent * (together + 1)
  const isFull = together + 1 > share.freePositions && afterLong
  const moves = { ...correlation.params, ...settings.guards[correlation.id] }
  const held = new Set(
    [...portfolio.positions.values(), ...portfolio.pending.values()].map(one => one.symbol),
  )
  const unknown = [...held].filter(symbol => !house.hours.has(symbol))
  const isBlind = unknown.length > 0 && house.lacking === 'refuse'
  return [
    ...rows,
    shown(
      'daily-loss',
      money(realisedToday),
      `-${money(lossLimit)}`,
      isLost ? 'the loss of this day is at its limit' : '',
    ),
    shown(
      'drawdown',
      `${drawdown.toFixed(2)} %`,
      `${settings.drawdown.percent} %`,
      isDown ? gates.pauseReason : '',
    ),
    ...lossRules(settings.guards).map(([gate, rule]) => lossGate(house, gate, rule)),
    shown(
      'long-share',
      `${longs} of ${together} long`,
      `${share.percent} % of more than ${share.freePositions}`,
      isFull ? 'one more long would be too many' : '',
    ),
    shown(
      'correlation',
      `hours known of ${held.size - unknown.length} of ${held.size} held`,
      `half above ${moves.halveAbove}, none above ${moves.refuseAbove}`,
      isBlind ? `hourly closes are missing: ${unknown.join(', ')}` : '',
    ),
    shown('total-margin', money(used), money(marginLimit), used >= marginLimit ? 'no margin is left' : ''),
  ]
}

function shown(gate: string, value: string, limit: string, reason: string): GateSnapshot {
  return { gate, isOpen: reason === '', value, limit, reason }
}

/** Positions and entries that would open one, and how many of them are long. */
function sides({ positions, pending }: Portfolio): { readonly longs: number; readonly total: number } {
  const keys = new Set(positions.keys())
  for (const { symbol, side } of pending.values()) keys.add(positionKey(symbol, side))
  const longs = [...keys].filter(key => key.endsWith(':long')).length
  return { longs, total: keys.size }
}

/** Which strategies may send real orders; closed while none may. */
function liveGate(live: readonly string[]): GateSnapshot {
  const value = live.length === 0 ? 'none' : live.join(', ')
  return shown('live-switch', value, '', live.length === 0 ? 'no strategy may send real orders' : '')
}

function lossGate({ losses, lacking, now }: House, gate: string, rule: LossRule): GateSnapshot {
  const { until } = lossPause(losses, rule, lacking === 'refuse')
  const within = losses.filter(({ at, leverage }) => at > now - rule.within && leverage >= rule.leverageFrom)
  const minutes = Math.ceil((until - now) / MINUTE)
  const whom = rule.leverageFrom > 0 ? ` at leverage ${rule.leverageFrom} and more` : ''
  return shown(
    gate,
    `${within.length} losses`,
    `${rule.losses} within ${rule.within / HOUR} h`,
    now < until ? `no entries${whom} for another ${minutes} min` : '',
  )
}
