/** Made-up states of a loop, for tests and for looking at the views. */
import { HOUR, MINUTE } from '../../core/base/units.ts'
import type { EngineEvent } from '../../core/engine/protocol.ts'
import type {
  CycleSnapshot,
  GateSnapshot,
  PendingSnapshot,
  PositionSnapshot,
  Snapshot,
} from '../../core/engine/snapshot.ts'
import type { StatusParts } from '../status-report.ts'
import { type DashboardFacts, type DashboardModel, dashboardModel, emptyModel } from './model.ts'

export const AT = Date.UTC(2025, 9, 15, 8, 30)

export const FACTS: DashboardFacts = {
  title: 'run',
  exchange: 'sim',
  isDry: false,
  isOwn: true,
  market: 'synthetic market, a day a second',
}

export function position(change: Partial<PositionSnapshot> = {}): PositionSnapshot {
  return {
    symbol: 'BTCUSDT',
    side: 'long',
    strategy: 'mean-reversion',
    qty: '0.016',
    entry: 61_234.5,
    mark: 62_101.2,
    stop: '59010.4',
    stopKind: 'initial',
    isProtected: true,
    targets: [
      { leg: 'tp1', price: '63500.0', qty: '0.008' },
      { leg: 'tp2', price: '65000.0', qty: '0.004' },
    ],
    leverage: 10,
    margin: 97.98,
    notional: 979.75,
    unrealised: 13.87,
    unrealisedPercent: 1.42,
    fees: 0.54,
    funding: -0.12,
    score: 6.5,
    openedAt: AT - 29 * HOUR,
    signalId: 'c0ffee0000000001',
    ...change,
  }
}

export const POSITIONS: readonly PositionSnapshot[] = [
  position(),
  position({
    symbol: 'ADAUSDT',
    side: 'short',
    strategy: 'bollinger-grid-short',
    qty: '1520',
    entry: 0.6514,
    mark: 0.6623,
    stop: '0.6841',
    isProtected: false,
    targets: [{ leg: 'tp', price: '0.6021', qty: '1520' }],
    leverage: 3,
    unrealised: -16.57,
    unrealisedPercent: -1.67,
    signalId: 'c0ffee0000000002',
  }),
  position({
    symbol: '1000000BABYDOGEUSDT',
    qty: '250000',
    entry: 0.0012345,
    mark: null,
    stop: '0.0011900',
    stopKind: 'trailing',
    targets: [],
    unrealised: null,
    unrealisedPercent: null,
    signalId: 'c0ffee0000000003',
  }),
]

export const PENDING: PendingSnapshot = {
  symbol: 'SUIUSDT',
  side: 'long',
  strategy: 'bollinger-grid-long',
  qty: '120.0',
  price: 2.1034,
  stop: '1.9982',
  leverage: 3,
  margin: 84.14,
  sentAt: AT - 3 * MINUTE,
  isUnknown: false,
  clientOrderId: 'bbw-sui-1',
}

export const GATES: readonly GateSnapshot[] = [
  { gate: 'pause', isOpen: true, value: 'not paused', limit: '-', reason: '' },
  { gate: 'daily-loss', isOpen: true, value: '-0.4 %', limit: '-5 %', reason: '' },
  { gate: 'drawdown', isOpen: true, value: '1.2 %', limit: '10 %', reason: '' },
  { gate: 'position-limits', isOpen: true, value: '3 of 10', limit: '10', reason: '' },
  { gate: 'total-margin', isOpen: true, value: '21 %', limit: '60 %', reason: '' },
  {
    gate: 'long-share',
    isOpen: false,
    value: '100 % of 5',
    limit: '80 %',
    reason: 'of 5 positions all are long: at most 80 % may be',
  },
]

export const CYCLES: readonly CycleSnapshot[] = [
  cycle('light', 30_000, 12, 0, null),
  cycle('heavy', 120_000, 1_340, 2, 'step scan: the exchange did not answer within 20 s'),
  cycle('x10', 480_000, 4, 0, null),
  { ...cycle('daily', 24 * HOUR, 3, 0, null), nextAt: null },
]

function cycle(
  id: CycleSnapshot['cycle'],
  every: number,
  tookMs: number,
  errors: number,
  lastError: string | null,
): CycleSnapshot {
  const failed =
    lastError === null
      ? { isFailing: false, lastErrorAt: null }
      : { isFailing: true, lastErrorAt: AT - 20_000 }
  const ran = { lastAt: AT - 20_000, nextAt: AT + every, tookMs, runs: 1_234 }
  return { cycle: id, every, ...ran, errors, lastError, ...failed }
}

export function snapshot(change: Partial<Snapshot> = {}): Snapshot {
  return {
    at: AT,
    wallet: 1_036.82,
    equity: 1_034.12,
    unrealised: -2.7,
    realisedToday: 3.2,
    peak: 1_050,
    usedMargin: 279.32,
    positions: POSITIONS,
    pending: [PENDING],
    gates: GATES,
    cycles: CYCLES,
    drift: '',
    isRecovering: false,
    ...change,
  }
}

export function event(change: Partial<EngineEvent> = {}): EngineEvent {
  return {
    kind: 'entered',
    code: null,
    ts: AT - 10 * MINUTE,
    symbol: 'BTCUSDT',
    side: 'long',
    strategy: 'mean-reversion',
    signalId: 'c0ffee0000000001',
    clientOrderId: 'bbw-btc-1',
    reason: 'closed below the lower band at 2.1 deviations with RSI 27; the week is above its middle',
    figures: { score: 6.5, qty: '0.016', price: '61234.5', stop: '59010.4' },
    ...change,
  }
}

export function refusal(change: Partial<EngineEvent> = {}): EngineEvent {
  return event({
    kind: 'refused',
    symbol: 'ETHUSDT',
    signalId: 'c0ffee0000000009',
    clientOrderId: null,
    reason: 'score-threshold: the score of 4.2 is below 5.5',
    figures: { gate: 'score-threshold', score: 4.2, least: 5.5 },
    ...change,
  })
}

export const EVENTS: readonly EngineEvent[] = [
  event(),
  event({ kind: 'filled', reason: '', figures: { qty: '0.016', price: '61234.5', fee: 0.54 } }),
  event({ kind: 'stop-moved', reason: 'breakeven after TP1', figures: { from: '59010.4', to: '61268.2' } }),
  event({
    kind: 'step-failed',
    symbol: null,
    side: null,
    strategy: null,
    signalId: null,
    reason: 'scan: the exchange did not answer within 20 s',
    figures: {},
  }),
  event({
    kind: 'drift',
    code: 'W309',
    symbol: 'ADAUSDT',
    side: 'short',
    reason: 'the stop at the exchange is 0.6900, the books say 0.6841',
    figures: {},
  }),
]

export const REFUSALS: readonly EngineEvent[] = [
  refusal(),
  refusal({
    symbol: 'SOLUSDT',
    side: 'short',
    reason: 'confluence: only 1 of 3 frames agrees',
    figures: { gate: 'confluence' },
  }),
  refusal({
    symbol: '1000000BABYDOGEUSDT',
    reason: 'total-margin: 63 % of the wallet would be tied up, at most 60 % may be',
    figures: { gate: 'total-margin' },
  }),
]

/** A loop in full swing; `days` points of equity lie behind it. */
export function model(change: Partial<Snapshot> = {}, days = 120): DashboardModel {
  let made = emptyModel(FACTS, { trades: { today: 3.2, total: 36.82, count: 12, wins: 7 } })
  for (let day = days; day > 0; day -= 1) {
    const equity = 1_000 + 30 * Math.sin(day / 9) - day / 4 + 34
    made = dashboardModel(made, { type: 'snapshot', snapshot: snapshot({ at: AT - day * HOUR, equity }) })
  }
  for (const one of [...EVENTS, ...REFUSALS].reverse())
    made = dashboardModel(made, { type: 'event', event: one })
  return dashboardModel(made, { type: 'snapshot', snapshot: snapshot(change) })
}

export function parts(change: Partial<StatusParts> = {}): StatusParts {
  return {
    holder: { pid: 4711, host: 'desk', since: AT - HOUR, renewedAt: AT - 2_000 },
    exchange: 'sim',
    isDry: false,
    snapshot: snapshot(),
    standing: { paused: null, halted: null },
    trades: { today: 3.2, total: 36.82, count: 12, wins: 7 },
    events: EVENTS,
    refusals: REFUSALS,
    schemaVersion: 1,
    databaseBytes: 122_880,
    notes: [],
    ...change,
  }
}
