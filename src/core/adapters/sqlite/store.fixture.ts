/** Stores, batches and books for tests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '../../base/random.ts'
import type { Steps, Ticks } from '../../base/units.ts'
import { signalOf } from '../../decision/view.fixture.ts'
import {
  type BookedOrder,
  type BookedPosition,
  COUNTS_KEY,
  LEDGER_KEY,
  type Ledger,
  type Row,
} from '../../engine/books.ts'
import { openGates } from '../../engine/gates.ts'
import type { Batch } from '../../engine/ports.ts'
import type { EngineEvent, OrderRequest, Scored } from '../../engine/protocol.ts'
import { pendingOf, scoreOf } from '../../guards/proposal.fixture.ts'
import type { Position } from '../../portfolio/position.ts'
import type { Trade } from '../../portfolio/trade.ts'
import { StateStore, type StoreOptions } from './state-store.ts'

export const T0 = Date.UTC(2024, 6, 26, 12)

/** A temporary folder for the databases of one test file. */
export class StoreFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'bbw-state-'))
  #count = 0

  /** The path of a state in a folder of its own, which is not there yet. */
  fresh(): string {
    this.#count += 1
    return join(this.path, `data-${this.#count}`, 'state.db')
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** A process that is not this one, for leases. */
export const SELF = { pid: 4121, host: 'here', processStart: 'then' }

export function optionsOf(over: Partial<StoreOptions> = {}): StoreOptions {
  const numbers = random('store')
  return {
    now: T0,
    random: () => numbers.next(),
    origin: 'sim',
    self: SELF,
    isAlive: () => true,
    ...over,
  }
}

/** A store that holds its lease. */
export function heldStore(path: string, over: Partial<StoreOptions> = {}): StateStore {
  const store = StateStore.open(path, optionsOf(over))
  if (!store.acquire(over.now ?? T0).ok) throw new Error('the lease is another one’s')
  return store
}

export function batchOf(over: Partial<Batch> = {}): Batch {
  return {
    at: T0,
    intents: [],
    outcomes: [],
    rows: [],
    verdicts: [],
    events: [],
    trades: [],
    answers: [],
    isAhead: false,
    ...over,
  }
}

export function requestOf(over: Partial<OrderRequest> = {}): OrderRequest {
  return {
    clientOrderId: 'bbw-1',
    symbol: 'BTCUSDT',
    side: 'long',
    purpose: 'entry',
    type: 'limit',
    price: 970 as Ticks,
    steps: 3 as Steps,
    stop: 900 as Ticks,
    leverage: 3,
    postOnly: true,
    ...over,
  }
}

export function intentOf(key: string, over: Partial<OrderRequest> = {}): Batch['intents'][number] {
  return { key, order: requestOf({ clientOrderId: key, ...over }), signalId: `signal of ${key}` }
}

export function ledgerOf(over: Partial<Ledger> = {}): Ledger {
  return {
    version: 1,
    wallet: 1_000,
    day: 19_930,
    dayRealised: -1.5,
    gates: openGates(1_000),
    standing: { paused: null, halted: { at: T0, by: 'cli', reason: 'for a test' } },
    executedAt: T0,
    attempts: [['a', 1]],
    fills: [['exec-1', T0]],
    used: [['signal', T0]],
    decided: [['BTCUSDT', T0]],
    foreign: ['ETHUSDT'],
    ...over,
  }
}

export function bookedPosition(over: Partial<Position> = {}): BookedPosition {
  const { instrument } = signalOf()
  const position: Position = {
    symbol: instrument.symbol,
    side: 'long',
    instrument,
    strategy: 'bollinger-grid-long',
    timeframe: '1d',
    signalId: 'signal',
    clientOrderId: 'bbw-1',
    score: 6.5,
    leverage: 3,
    entry: 97.123456789,
    steps: 30 as Steps,
    enteredSteps: 40 as Steps,
    openedAt: T0,
    stop: 9_000 as Ticks,
    stopKind: 'initial',
    initialStop: 9_000 as Ticks,
    target: null,
    targetsFilled: 0,
    weekBbAtEntry: null,
    halved: false,
    gross: 0.1,
    fees: 0.2,
    funding: -0.3,
    exits: [{ time: T0, price: 98, qty: 1, reason: 'partial-target-1' }],
    lowest: 96,
    highest: 99,
    reason: 'for a test; "quoted", ünï',
    ...over,
  }
  const inFlight = {
    requestId: 's-1',
    stop: 9_100 as Ticks,
    why: 'trailing' as const,
    reason: 'up',
    sentAt: T0,
    doubt: 'none' as const,
  }
  const stop = { wish: null, inFlight, tries: 0, missingSince: 0, openedAt: T0, wasSeen: true, closing: null }
  return { position, stop }
}

export function entryOrder(symbol = 'ETHUSDT'): BookedOrder {
  return {
    kind: 'entry',
    entry: pendingOf({ symbol }),
    cancelling: null,
    doubt: { sentAt: T0, resends: 1, cause: 'restart', wasAbsent: false, request: requestOf() },
  }
}

export function exitOrder(): BookedOrder {
  const order = {
    clientOrderId: 'bbw-2',
    symbol: 'BTCUSDT',
    side: 'long' as const,
    leg: 'target-1' as const,
    price: 9_900 as Ticks,
    steps: 10 as Steps,
    state: 'working' as const,
    wanted: { price: 9_950 as Ticks, steps: 10 as Steps },
  }
  return { kind: 'exit', order, doubt: null }
}

/** Rows of books in which everything occurs. */
export function bookRows(): readonly Row[] {
  return [
    { table: 'positions', key: 'BTCUSDT:long', value: bookedPosition() },
    { table: 'orders', key: 'entry-1', value: entryOrder() },
    { table: 'orders', key: 'bbw-2', value: exitOrder() },
    { table: 'cooldowns', key: 'grid:BTCUSDT', value: T0 + 0.5 },
    { table: 'kv', key: LEDGER_KEY, value: ledgerOf() },
    { table: 'kv', key: COUNTS_KEY, value: { errors: 2 } },
  ]
}

export function eventOf(over: Partial<EngineEvent> = {}): EngineEvent {
  return {
    kind: 'entered',
    code: null,
    ts: T0,
    symbol: 'BTCUSDT',
    side: 'long',
    strategy: 'grid',
    signalId: 'signal',
    clientOrderId: 'bbw-1',
    reason: 'for a test',
    figures: { qty: '0.010', margin: 32.5 },
    ...over,
  }
}

export function tradeOf(over: Partial<Trade> = {}): Trade {
  return {
    id: 'signal',
    strategy: 'grid',
    symbol: 'BTCUSDT',
    side: 'long',
    openedAt: T0,
    closedAt: T0,
    entry: 100,
    exit: 101,
    qty: 1,
    notional: 100,
    leverage: 3,
    score: 6,
    gross: 1,
    fees: 0.1,
    funding: -0.05,
    net: 0.85,
    netPercent: 0.85,
    mae: -1,
    mfe: 2,
    entryReason: 'for a test',
    exitReason: 'target',
    exits: [{ time: T0, price: 101, qty: 1, reason: 'target' }],
    ...over,
  }
}

export function scoredOf(): Scored {
  return { signal: signalOf(), score: scoreOf(65) }
}

/** What a piece of work throws. */
export function thrown(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
