/** What `bbw status` reports, made of what a store holds. Pure: reading is somebody else's. */
import { LEASE_MS } from '../core/adapters/sqlite/lease.ts'
import { decimalText } from '../core/base/decimal.ts'
import {
  HOUR,
  MINUTE,
  type Milliseconds,
  type Percent,
  SECOND,
  type Timestamp,
  type Usdt,
} from '../core/base/units.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import type { CycleSnapshot, ForeignSnapshot, PositionSnapshot, Snapshot } from '../core/engine/snapshot.ts'
import type { Standing } from '../core/engine/standing.ts'
import type { Side } from '../core/market/side.ts'
import type { StopKind } from '../core/portfolio/position.ts'
import { WIRE_VERSION } from '../core/wire/encode.ts'

/** The process that holds the lease, by the wall clock of its machine. */
export interface LeaseHolder {
  readonly pid: number
  readonly host: string
  readonly since: Timestamp
  readonly renewedAt: Timestamp
}

/** Net results of the closed trades that the store holds. */
export interface TradeSums {
  /** Closed on the UTC day of the newest state. */
  readonly today: Usdt
  readonly total: Usdt
  readonly count: number
  /** With a net result above 0. */
  readonly wins: number
}

/** What a store says, at one moment. */
export interface StatusParts {
  readonly holder: LeaseHolder | null
  readonly exchange: string
  /** No order leaves the house. */
  readonly isDry: boolean
  /** As the running loop has left it last; `null` before the first. */
  readonly snapshot: Snapshot | null
  readonly standing: Standing
  readonly trades: TradeSums
  /** The newest, newest first, without refusals. */
  readonly events: readonly EngineEvent[]
  /** The newest refusals, newest first. */
  readonly refusals: readonly EngineEvent[]
  readonly schemaVersion: number
  readonly databaseBytes: number
  /** What is wrong with the store itself, in words. */
  readonly notes: readonly string[]
}

/** Where parts are read from. A read sees one moment of the store and blocks nobody. */
export interface StatusSource {
  /** `null`: nothing has been written yet. Throws StoreError. */
  read(): StatusParts | null
  close(): void
}

export interface ReportedPosition {
  readonly symbol: string
  readonly side: Side
  readonly qty: string
  readonly entry: string
  readonly mark: string | null
  readonly stop: string
  readonly stopKind: StopKind
  readonly protected: boolean
  readonly targets: PositionSnapshot['targets']
  readonly unrealised: Usdt | null
  readonly unrealisedPercent: Percent | null
  readonly strategy: string
  readonly leverage: number
  readonly margin: Usdt
  readonly fees: Usdt
  readonly funding: Usdt
  readonly score: number
  readonly signalId: string
  readonly openedAt: Timestamp
  readonly ageHours: number
  /** Of a ladder: adds that were planned, and how many of them have filled. */
  readonly adds?: { readonly planned: number; readonly filled: number }
}

export interface ReportedPending {
  readonly symbol: string
  readonly side: Side
  readonly strategy: string
  readonly qty: string
  readonly price: string
  readonly stop: string
  readonly leverage: number
  readonly sentAt: Timestamp
  /** Nothing says whether it has reached the exchange. */
  readonly unknown: boolean
  readonly clientOrderId: string
  /** Of an add to a position: which one of its ladder, from 1. */
  readonly add?: number
}

/** A position that bbw did not open: it is left alone, and no entry is made on its symbol. */
export interface ReportedForeign {
  readonly symbol: string
  readonly side: Side
  readonly qty: string | null
  readonly entry: string
  readonly mark: string | null
  readonly stop: string | null
  readonly leverage: number
  readonly unrealised: Usdt | null
}

export interface ReportedEvent {
  readonly ts: Timestamp
  readonly kind: string
  readonly code: string | null
  readonly symbol: string | null
  readonly side: Side | null
  readonly strategy: string | null
  readonly reason: string
  readonly figures: EngineEvent['figures']
}

/** One record of `bbw status --json`. Prices and quantities are decimal texts, money is USDT, times are epoch ms. */
export interface StatusReport {
  readonly v: number
  readonly type: 'status'
  readonly id: 'status'
  /** When it was made, by the wall clock. */
  readonly ts: Timestamp
  /** A loop holds the lease and renews it. */
  readonly running: boolean
  readonly pid: number | null
  readonly host: string | null
  readonly since: Timestamp | null
  readonly exchange: string | null
  readonly dry: boolean
  /** The exchange's time of the state; `null`: there is none yet. */
  readonly at: Timestamp | null
  readonly equity: Usdt | null
  readonly wallet: Usdt | null
  readonly pnl: { readonly today: Usdt; readonly total: Usdt; readonly unrealised: Usdt }
  readonly trades: { readonly count: number; readonly wins: number }
  readonly standing: {
    readonly paused: Standing['paused']
    readonly halted: Standing['halted']
  }
  readonly positions: readonly ReportedPosition[]
  readonly pending: readonly ReportedPending[]
  readonly foreign: readonly ReportedForeign[]
  readonly gates: readonly {
    readonly gate: string
    readonly open: boolean
    readonly value: string
    readonly limit: string
    readonly reason: string
  }[]
  readonly cycles: readonly CycleSnapshot[]
  readonly refusals: readonly ReportedEvent[]
  readonly events: readonly ReportedEvent[]
  readonly health: {
    /** Nothing is wrong now. */
    readonly ok: boolean
    /** What is wrong, and then what was a short time ago, in words. */
    readonly notes: readonly string[]
    readonly drift: string
    readonly recovering: boolean
    readonly schemaVersion: number | null
    readonly databaseBytes: number | null
  }
}

const NOTHING = {
  v: WIRE_VERSION,
  type: 'status',
  id: 'status',
  running: false,
  pid: null,
  host: null,
  since: null,
  exchange: null,
  dry: true,
  at: null,
  equity: null,
  wallet: null,
  pnl: { today: 0, total: 0, unrealised: 0 },
  trades: { count: 0, wins: 0 },
  standing: { paused: null, halted: null },
  positions: [],
  pending: [],
  foreign: [],
  gates: [],
  cycles: [],
  refusals: [],
  events: [],
  health: { ok: true, notes: [], drift: '', recovering: false, schemaVersion: null, databaseBytes: null },
} as const

/** The report where no loop has ever run. */
export function noState(now: Timestamp): StatusReport {
  return { ...NOTHING, ts: now }
}

/** True while the holder renews its lease; `now` is the wall clock. A lease from the future counts as renewed. */
export function isRenewed(holder: LeaseHolder | null, now: Timestamp): boolean {
  return holder !== null && now - holder.renewedAt <= LEASE_MS
}

/** The report of what a store says, at `now` of the wall clock. */
export function statusReport(parts: StatusParts, now: Timestamp): StatusReport {
  const { holder, snapshot, standing, trades } = parts
  const running = isRenewed(holder, now)
  const { wrong, past } = healthNotes(snapshot, { holder, now }, parts.notes)
  return {
    v: WIRE_VERSION,
    type: 'status',
    id: 'status',
    ts: now,
    running,
    pid: running ? (holder?.pid ?? null) : null,
    host: running ? (holder?.host ?? null) : null,
    since: running ? (holder?.since ?? null) : null,
    exchange: parts.exchange === '' ? null : parts.exchange,
    dry: parts.isDry,
    at: snapshot?.at ?? null,
    equity: known(snapshot?.equity),
    wallet: known(snapshot?.wallet),
    pnl: {
      today: snapshot?.realisedToday ?? trades.today,
      total: trades.total,
      unrealised: known(snapshot?.unrealised) ?? 0,
    },
    trades: { count: trades.count, wins: trades.wins },
    standing: { paused: standing.paused, halted: standing.halted },
    positions: (snapshot?.positions ?? []).map(one => reportedPosition(one, snapshot?.at ?? one.openedAt)),
    pending: (snapshot?.pending ?? []).map(({ price, isUnknown, margin, ...rest }) => ({
      ...rest,
      price: priceText(price),
      unknown: isUnknown,
    })),
    foreign: (snapshot?.foreign ?? []).map(reportedForeign),
    gates: (snapshot?.gates ?? []).map(({ isOpen, ...rest }) => ({ ...rest, open: isOpen })),
    cycles: snapshot?.cycles ?? [],
    refusals: parts.refusals.map(reportedEvent),
    events: parts.events.map(reportedEvent),
    health: {
      ok: wrong.length === 0,
      notes: [...wrong, ...past],
      drift: snapshot?.drift ?? '',
      recovering: snapshot?.isRecovering ?? false,
      schemaVersion: parts.schemaVersion,
      databaseBytes: parts.databaseBytes,
    },
  }
}

/** Failures of a cycle that has come through since are told for so long. */
const TOLD_FOR: Milliseconds = 10 * MINUTE

/** What fails in a cycle now, or has failed until a short time before `at`, in words; `null`: neither. */
export function cycleFailure(
  { lastError, lastErrorAt = null, isFailing = false }: CycleSnapshot,
  at: Timestamp,
): { readonly isOver: boolean; readonly words: string } | null {
  if (lastError === null) return null
  if (isFailing) return { isOver: false, words: lastError }
  if (lastErrorAt === null || at - lastErrorAt > TOLD_FOR) return null
  const minutes = Math.max(0, Math.floor((at - lastErrorAt) / MINUTE))
  return { isOver: true, words: `none for ${minutes} min; the last: ${lastError}` }
}

/** What is wrong now, and what was a short time ago, in words. */
export interface HealthNotes {
  readonly wrong: readonly string[]
  readonly past: readonly string[]
}

/**
 * What a person should know about the health of the loop and its store; empty when all is well. `lease` is `null` in
 * the loop's own process, `notes` are what the store says of itself.
 */
export function healthNotes(
  snapshot: Snapshot | null,
  lease: { readonly holder: LeaseHolder | null; readonly now: Timestamp } | null,
  notes: readonly string[],
): HealthNotes {
  const found: string[] = []
  const past: string[] = []
  if (lease !== null && lease.holder !== null && !isRenewed(lease.holder, lease.now)) {
    const { pid, host, renewedAt } = lease.holder
    const seconds = Math.round((lease.now - renewedAt) / SECOND)
    found.push(
      `process ${pid} on ${host} has not written for ${seconds} s: it hangs, its disk is full, or it has ended without a word`,
    )
  }
  if (snapshot !== null) {
    const bare = snapshot.positions.filter(one => !one.isProtected)
    for (const { symbol, side } of bare) found.push(`${symbol} ${side} has no confirmed stop`)
    const unknown = snapshot.pending.filter(one => one.isUnknown)
    for (const { symbol } of unknown) found.push(`nothing says whether the entry on ${symbol} has arrived`)
    for (const { gate, isOpen, reason } of snapshot.gates) {
      if (!isOpen && (gate === 'kill-switch' || gate === 'readiness')) found.push(`no entries: ${reason}`)
      if (isOpen && gate === 'readiness' && reason !== '') found.push(`no entries on ${reason}`)
    }
    if (snapshot.drift !== '') found.push(`books and exchange differ: ${snapshot.drift}`)
    if (snapshot.isRecovering) found.push('recovering: no entries until books and exchange agree')
    for (const cycle of snapshot.cycles) {
      const failure = cycleFailure(cycle, snapshot.at)
      if (failure === null) continue
      const { isOver, words } = failure
      const told = isOver ? past : found
      told.push(`${cycle.cycle} cycle: ${cycle.errors} failed, ${isOver ? '' : 'last: '}${words}`)
    }
  }
  return { wrong: [...found, ...notes], past }
}

function reportedPosition(position: PositionSnapshot, at: Timestamp): ReportedPosition {
  const { symbol, side, qty, entry, mark, stop, stopKind, isProtected, targets } = position
  const { unrealised, unrealisedPercent, strategy, leverage, margin, fees, funding } = position
  const { score, signalId, openedAt } = position
  const ageHours = Math.max(0, Math.round((10 * (at - openedAt)) / HOUR) / 10)
  return {
    symbol,
    side,
    qty,
    entry: priceText(entry),
    mark: mark === null ? null : priceText(mark),
    stop,
    stopKind,
    protected: isProtected,
    targets,
    unrealised: known(unrealised),
    unrealisedPercent: known(unrealisedPercent),
    strategy,
    leverage,
    margin,
    fees,
    funding,
    score,
    signalId,
    openedAt,
    ageHours,
    ...(position.adds === undefined ? {} : { adds: position.adds }),
  }
}

function reportedForeign({ entry, mark, unrealised, ...rest }: ForeignSnapshot): ReportedForeign {
  return {
    ...rest,
    entry: priceText(entry),
    mark: mark === null ? null : priceText(mark),
    unrealised: known(unrealised),
  }
}

function reportedEvent(event: EngineEvent): ReportedEvent {
  const { ts, kind, code, symbol, side, strategy, reason, figures } = event
  return { ts, kind, code, symbol, side, strategy, reason, figures }
}

/** More digits than any price has, and fewer than show how a double is rounded. */
const DIGITS = 12

/** An averaged price as a plain decimal text. */
function priceText(price: number): string {
  return decimalText(Number(price.toPrecision(DIGITS)))
}

/** `null` for what cannot be known: a position without a price makes equity `NaN`. */
function known(value: number | null | undefined): number | null {
  return value === undefined || value === null || !Number.isFinite(value) ? null : value
}
