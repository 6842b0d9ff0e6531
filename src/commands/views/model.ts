/** What the dashboard shows, folded from what happens. Plain data; every list is bounded. */
import type { Timestamp, Usdt } from '../../core/base/units.ts'
import { DAY } from '../../core/base/units.ts'
import type { EngineEvent } from '../../core/engine/protocol.ts'
import type { Snapshot } from '../../core/engine/snapshot.ts'
import type { Standing } from '../../core/engine/standing.ts'
import type { Trade } from '../../core/portfolio/trade.ts'
import { healthNotes, isRenewed, type StatusParts, type TradeSums } from '../status-report.ts'
import { type EquityCurve, NO_CURVE, withPoint } from './equity-curve.ts'

/** What does not change while a dashboard is mounted. */
export interface DashboardFacts {
  /** The command that is looked at: `run`, `status`. */
  readonly title: string
  readonly exchange: string
  readonly isDry: boolean
  /** The loop runs in this process: leaving the dashboard stops it. */
  readonly isOwn: boolean
  /** What is traded on and how fast it passes, in words; empty when there is nothing to say. */
  readonly market: string
}

export interface DashboardModel {
  readonly facts: DashboardFacts
  readonly isRunning: boolean
  readonly isStopping: boolean
  readonly snapshot: Snapshot | null
  readonly standing: Standing
  readonly curve: EquityCurve
  readonly trades: TradeSums
  /** UTC day, counted from 1970, that `trades.today` is of. */
  readonly day: number
  /** Newest first, refusals apart. */
  readonly events: readonly EngineEvent[]
  readonly refusals: readonly EngineEvent[]
  /** How many there have been in all. */
  readonly counts: { readonly events: number; readonly refusals: number }
  /** Why each position and entry was taken, by its signal. */
  readonly reasons: { readonly [signalId: string]: string }
  /** What is wrong, in words. */
  readonly notes: readonly string[]
}

export type DashboardInput =
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'event'; readonly event: EngineEvent }
  | { readonly type: 'trade'; readonly trade: Trade }
  | { readonly type: 'standing'; readonly standing: Standing }
  /** The whole state of another process, read from its store at `now` of the wall clock. */
  | { readonly type: 'parts'; readonly parts: StatusParts; readonly now: Timestamp }
  | { readonly type: 'stopping' }

/** More lines than any screen has rows. */
const MOST_EVENTS = 100
/** More positions and entries than the limits allow. */
const MOST_REASONS = 100

const NO_TRADES: TradeSums = { today: 0, total: 0, count: 0, wins: 0 }
const NO_STANDING: Standing = { paused: null, halted: null }

/** The model before anything has been told. `trades` and `standing`: of earlier runs on the same state. */
export function emptyModel(
  facts: DashboardFacts,
  earlier: { readonly trades?: TradeSums; readonly standing?: Standing; readonly day?: number } = {},
): DashboardModel {
  return {
    facts,
    isRunning: true,
    isStopping: false,
    snapshot: null,
    standing: earlier.standing ?? NO_STANDING,
    curve: NO_CURVE,
    trades: earlier.trades ?? NO_TRADES,
    day: earlier.day ?? 0,
    events: [],
    refusals: [],
    counts: { events: 0, refusals: 0 },
    reasons: {},
    notes: [],
  }
}

/** The model after something has happened. */
export function dashboardModel(model: DashboardModel, input: DashboardInput): DashboardModel {
  switch (input.type) {
    case 'snapshot':
      return withSnapshot(model, input.snapshot)
    case 'event':
      return withEvent(model, input.event)
    case 'trade':
      return withTrade(model, input.trade)
    case 'standing':
      return { ...model, standing: input.standing }
    case 'parts':
      return withParts(model, input.parts, input.now)
    case 'stopping':
      return { ...model, isStopping: true }
  }
}

function withSnapshot(model: DashboardModel, snapshot: Snapshot): DashboardModel {
  const curve = withPoint(model.curve, { at: snapshot.at, equity: snapshot.equity })
  return { ...model, snapshot, curve, notes: healthNotes(snapshot, null, []).wrong }
}

function withEvent(model: DashboardModel, event: EngineEvent): DashboardModel {
  const { counts } = model
  if (event.kind === 'refused') {
    const refusals = [event, ...model.refusals].slice(0, MOST_EVENTS)
    return { ...model, refusals, counts: { ...counts, refusals: counts.refusals + 1 } }
  }
  const events = [event, ...model.events].slice(0, MOST_EVENTS)
  return {
    ...model,
    events,
    counts: { ...counts, events: counts.events + 1 },
    standing: standingAfter(model.standing, event),
    reasons: reasonsAfter(model, event),
  }
}

/** What a person has said is told by events too; a pause that a loss began is seen by its gate. */
function standingAfter(standing: Standing, { kind, ts, reason, figures }: EngineEvent): Standing {
  const by = typeof figures.by === 'string' ? figures.by : null
  if (kind === 'resumed') return by === null && standing.halted !== null ? standing : NO_STANDING
  if (by === null) return standing
  if (kind === 'paused') return { ...standing, paused: { at: ts, by, reason } }
  return kind === 'halted' ? { ...standing, halted: { at: ts, by, reason } } : standing
}

function reasonsAfter(
  { reasons }: DashboardModel,
  { kind, signalId, reason }: EngineEvent,
): DashboardModel['reasons'] {
  if (kind !== 'entered' || signalId === null) return reasons
  const entries = Object.entries({ ...reasons, [signalId]: reason })
  return Object.fromEntries(entries.slice(-MOST_REASONS))
}

function withTrade(model: DashboardModel, { net, closedAt }: Trade): DashboardModel {
  const { today, total, count, wins } = model.trades
  const day = Math.floor(closedAt / DAY)
  const before: Usdt = day === model.day ? today : 0
  const trades = { today: before + net, total: total + net, count: count + 1, wins: wins + (net > 0 ? 1 : 0) }
  return { ...model, trades, day }
}

function withParts(model: DashboardModel, parts: StatusParts, now: Timestamp): DashboardModel {
  const { snapshot, standing, trades, events, refusals } = parts
  const { at, equity } = snapshot ?? {}
  return {
    ...model,
    facts: { ...model.facts, exchange: parts.exchange, isDry: parts.isDry },
    isRunning: isRenewed(parts.holder, now),
    snapshot,
    standing,
    trades,
    curve: at === undefined || equity === undefined ? model.curve : withPoint(model.curve, { at, equity }),
    events: events.slice(0, MOST_EVENTS),
    refusals: refusals.slice(0, MOST_EVENTS),
    counts: { events: events.length, refusals: refusals.length },
    reasons: [...events]
      .reverse()
      .reduce((reasons, event) => reasonsAfter({ ...model, reasons }, event), model.reasons),
    notes: healthNotes(snapshot, { holder: parts.holder, now }, parts.notes).wrong,
  }
}
