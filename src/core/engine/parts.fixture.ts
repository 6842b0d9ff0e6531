/** The parts of an engine put together as the engine does it, within reach of a test. */
import { DAY, type Milliseconds, type Steps } from '../base/units.ts'
import { MIDNIGHT, positionOf, ticks } from '../decision/view.fixture.ts'
import type { House } from '../guards/guard.ts'
import { emptyPortfolio } from '../portfolio/portfolio.ts'
import { type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import { Answers } from './answers.ts'
import { Closures } from './closures.ts'
import { EngineCore, type EngineOptions } from './core.ts'
import { CycleRunner } from './cycle-runner.ts'
import { instrument } from './desk.fixture.ts'
import { Entries } from './entries.ts'
import { Fates } from './fates.ts'
import { Fills } from './fills.ts'
import { Gatekeeper } from './gatekeeper.ts'
import { Handovers } from './handovers.ts'
import { Leftovers } from './leftovers.ts'
import { Leverages } from './leverages.ts'
import { Management } from './management.ts'
import { MarginChecks } from './margin-checks.ts'
import { OrderDesk } from './order-desk.ts'
import { Protection } from './protection.ts'
import type { Effect, FillInput } from './protocol.ts'
import { Reconciler } from './reconciler.ts'
import { defaultSettings, type Settings } from './settings.ts'
import { Strangers } from './strangers.ts'

/** A reversion long of 1 coin from 100: stop 95, target 110. */
export const HELD: Position = positionOf({
  strategy: 'mean-reversion',
  signalId: 'mean-reversion:SOLUSDT:long:0',
  leverage: 10,
  instrument: instrument('SOLUSDT'),
  target: ticks(1_100),
})

/** An entry of ADA that rests at the exchange. */
export const RESTING: PendingEntry = {
  clientOrderId: 'bbw-0000-entry',
  signalId: 'mean-reversion:ADAUSDT:long:0',
  strategy: 'mean-reversion',
  timeframe: '1d',
  symbol: 'ADAUSDT',
  side: 'long',
  instrument: instrument('ADAUSDT'),
  score: 6,
  steps: 1_000 as Steps,
  price: 100,
  stop: ticks(950),
  target: ticks(1_100),
  leverage: 10,
  margin: 10,
  candleStart: MIDNIGHT - DAY,
  sentAt: MIDNIGHT,
  weekBb: null,
  reason: 'test',
}

export class Parts {
  readonly core: EngineCore
  readonly runner: CycleRunner
  readonly gatekeeper: Gatekeeper
  readonly orders: OrderDesk
  readonly protection: Protection
  readonly management: Management
  readonly fates: Fates
  readonly answers: Answers
  readonly strangers: Strangers
  readonly leftovers: Leftovers
  readonly fills: Fills
  readonly handovers: Handovers
  readonly closures: Closures
  readonly margins: MarginChecks
  readonly reconciler: Reconciler
  readonly leverages: Leverages
  readonly entries: Entries
  #executions = 0

  constructor(options: Partial<EngineOptions> = {}, settings: Settings = defaultSettings()) {
    const core = new EngineCore(settings, { wallet: 1_000, ...options })
    core.now = MIDNIGHT
    this.core = core
    this.runner = new CycleRunner(
      core,
      () => [],
      () => 0,
    )
    this.gatekeeper = new Gatekeeper(core)
    this.orders = new OrderDesk(core, this.runner)
    this.protection = new Protection(core, this.orders)
    this.management = new Management(core, this.orders, this.protection)
    this.strangers = new Strangers(core, this.gatekeeper, this.orders)
    this.fates = new Fates(
      core,
      this.gatekeeper,
      this.orders,
      this.protection,
      this.management,
      this.strangers,
    )
    this.answers = new Answers(core, this.runner, this.orders, this.fates, () => {})
    this.leftovers = new Leftovers(core, this.orders)
    this.fills = new Fills(this)
    this.handovers = new Handovers(this)
    this.closures = new Closures(this)
    this.margins = new MarginChecks(core, this.protection)
    this.reconciler = new Reconciler(this)
    this.leverages = new Leverages(core, this.orders, this.gatekeeper)
    this.leverages.load({
      leverages: [HELD.symbol, RESTING.symbol].map(symbol => [symbol, HELD.leverage]),
      leverageRequests: [],
    })
    this.entries = new Entries(
      core,
      this.orders,
      this.leverages,
      this.gatekeeper,
      () => this.house(),
      () => this.reconciler.unsettled,
    )
    for (const symbol of ['SOLUSDT', 'ADAUSDT']) {
      core.markets.introduce(instrument(symbol))
      core.markets.of(symbol).price(MIDNIGHT, 100, 100)
    }
  }

  /** A house that closes no door. */
  house(): House {
    const { now, portfolio, cooldowns, accepted, settings } = this.core
    return {
      now,
      portfolio,
      equity: this.core.equity(),
      realisedToday: 0,
      pausedUntil: 0,
      pauseReason: '',
      halted: false,
      blocks: [],
      cooldowns,
      accepted,
      losses: [],
      hours: new Map(),
      lacking: 'refuse',
      live: null,
      positionMode: settings.positionMode,
      takerFee: settings.fees.taker,
      sizingLayers: [],
      ladder: null,
    }
  }

  /** Puts positions and pending entries into the books. */
  book(positions: readonly Position[], pending: readonly PendingEntry[] = []): this {
    this.core.replace({
      ...emptyPortfolio(1_000),
      positions: new Map(positions.map(one => [positionKey(one.symbol, one.side), one])),
      pending: new Map(pending.map(one => [one.clientOrderId, one])),
    })
    return this
  }

  wait(span: Milliseconds): this {
    this.core.now += span
    return this
  }

  /** What was told since the last time, in short: the type of an effect, or the kind and the code of an event. */
  told(): readonly string[] {
    return this.core.takeEffects().map(wordOf)
  }

  /** A fill of `HELD`'s symbol by somebody's order, unless it says otherwise. */
  fill(over: Partial<FillInput> = {}): FillInput {
    return {
      type: 'fill',
      at: this.core.now,
      time: this.core.now,
      execId: `execution-${++this.#executions}`,
      clientOrderId: null,
      cause: 'order',
      symbol: 'SOLUSDT',
      side: 'long',
      price: ticks(1_000),
      steps: 1_000 as Steps,
      fee: 0.01,
      liquidity: 'maker',
      complete: true,
      ...over,
    }
  }
}

function wordOf(effect: Effect): string {
  if (effect.type !== 'event') return effect.type
  const { kind, code } = effect.event
  return code === null ? kind : `${kind} ${code}`
}
