import type { Replaced } from '../core/adapters/sim/venue.ts'
import { Venue } from '../core/adapters/sim/venue.ts'
import { assert } from '../core/base/assert.ts'
import { UsageError } from '../core/base/errors.ts'
import { HOUR, type Timestamp, type Usdt } from '../core/base/units.ts'
import { ENTRY_STRATEGIES } from '../core/engine/cycles.ts'
import { runSimulated, type SimulatedMarket } from '../core/engine/drivers/simulated.ts'
import { Engine } from '../core/engine/engine.ts'
import { intradayTimeframes } from '../core/engine/pipeline.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import { nearest } from '../core/engine/settings.ts'
import { INTERVAL_MS } from '../core/market/interval.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import type { EquityPoint } from '../core/performance/equity.ts'
import type { Period } from '../core/performance/exposure.ts'
import type { Trade } from '../core/portfolio/trade.ts'
import type { FlagSpec, ParsedArguments } from './command.ts'
import { type Config, costsOf } from './config.ts'
import { listFlag, numberFlag, type TimeRange } from './flags.ts'
import { firstOpen } from './market-builder.ts'

/** The flags of every command that lets the engine trade on the embedded exchange. */
export const SIMULATION_FLAGS: readonly FlagSpec[] = [
  { flags: '--timerange <from-to>', description: 'days YYYYMMDD-YYYYMMDD, UTC, the second not included' },
  { flags: '--strategy <id>', description: 'only this entry strategy', repeatable: true },
  { flags: '--all', description: 'decide on all symbols, not on those of highest turnover alone' },
  { flags: '--starting-balance <usdt>', description: 'wallet at the start', default: '1000' },
  { flags: '--fixed-notional <usdt>', description: 'value of every position, instead of sizing by equity' },
  { flags: '--no-portfolio-gates', description: 'leave out the limits that look at the whole portfolio' },
  { flags: '--no-detail', description: 'match orders on daily candles even where there are finer ones' },
]

/** Those of them that are the exchange's own; the others are its trader's. */
export const VENUE_FLAGS: readonly FlagSpec[] = SIMULATION_FLAGS.filter(({ flags }) =>
  ['--timerange', '--starting-balance', '--no-portfolio-gates', '--no-detail'].some(name =>
    flags.startsWith(name),
  ),
)

/** The configuration with what the flags say laid over it. */
export function withFlags(config: Config, parsed: ParsedArguments): Config {
  const only = listFlag(parsed, 'strategy')
  for (const id of only) entryId(id)
  const fixed = numberFlag(parsed, 'fixedNotional', '--fixed-notional')
  const strategies = Object.fromEntries(
    Object.entries(config.strategies).map(([id, params]) => {
      const isEntry = ENTRY_STRATEGIES.some(strategy => strategy.id === id)
      const enabled = isEntry && only.length > 0 ? only.includes(id) : params.enabled
      return [id, { ...params, enabled }]
    }),
  )
  return {
    ...config,
    strategies,
    startingBalance: numberFlag(parsed, 'startingBalance', '--starting-balance') ?? config.startingBalance,
    universe: parsed.flags.all === true ? { ...config.universe, top: 0 } : config.universe,
    guards: {
      ...config.guards,
      sizing: { ...config.guards.sizing, fixedNotional: fixed ?? config.guards.sizing.fixedNotional },
    },
    portfolioGates: config.portfolioGates && parsed.flags.portfolioGates !== false,
  }
}

function entryId(id: string): void {
  const ids = ENTRY_STRATEGIES.map(strategy => strategy.id)
  if (ids.includes(id)) return
  const near = nearest(id, ids)
  throw new UsageError(
    `there is no entry strategy ${id}`,
    near === undefined ? `one of ${ids.join(', ')}` : `did you mean ${near}?`,
  )
}

/**
 * The embedded exchange with a market, under a configuration.
 *
 * @param tells candles within the day: those that are decided on under the configuration, or those that may be. An
 *   exchange that lasts tells all of them: its journal has to lead where it led, whatever is switched on meanwhile.
 */
export function venueOf(
  markets: readonly SymbolMarket[],
  config: Config,
  range: TimeRange,
  detail: boolean,
  tells: 'decided' | 'all' = 'decided',
): Venue {
  const options = {
    ...range,
    costs: costsOf(config),
    wallet: config.startingBalance,
    // Where every signal is traded for itself, the wallet is no limit.
    checkMargin: config.portfolioGates,
    detail,
    tells: [
      ...intradayTimeframes(tells === 'all' ? null : config).map(interval => ({
        interval,
        isDecidedOn: true,
      })),
      // For correlation, which looks at the whole portfolio.
      ...(tells === 'all' || config.portfolioGates ? [{ interval: '1h' as const, isDecidedOn: false }] : []),
    ],
  }
  const venue = new Venue(markets, options)
  if (Number.isFinite(venue.from)) return venue
  // Without a whole day of candles nothing says when trading begins.
  const first = firstOpen(markets)
  return new Venue(markets, { ...options, from: Number.isFinite(first) ? first : 0 })
}

/** What a simulation came to. */
export interface Simulation {
  readonly trades: readonly Trade[]
  /** One point a day, the start first. */
  readonly equity: readonly EquityPoint[]
  readonly period: Period
  readonly wallet: Usdt
  readonly counts: { readonly [name: string]: number }
  /** `null`: the exchange's data are its own. */
  readonly replaced: Replaced | null
  readonly halted: boolean
  /** Who has halted it, and why; `null`: nobody has, or its own drawdown. */
  readonly haltedBy: string | null
  /** What is held at the end, valued at the last marks, with what it has earned and cost so far. */
  readonly held: { readonly trades: number; readonly net: Usdt }
}

const NOTHING_EARLIER = { trades: [], events: [] }

/** Gathers what a run says on its way into a `Simulation`. */
export class Recorder {
  readonly trades: Trade[] = []
  readonly #equity: EquityPoint[] = []
  readonly #from: Timestamp
  readonly #start: Usdt

  /** @param earlier what earlier runs on the same books have left */
  constructor(
    from: Timestamp,
    start: Usdt,
    earlier: { readonly trades: readonly Trade[]; readonly events: readonly EngineEvent[] } = NOTHING_EARLIER,
  ) {
    this.#from = from
    this.#start = start
    this.trades.push(...earlier.trades)
    for (const event of earlier.events) this.event(event)
  }

  event(event: EngineEvent): void {
    const { equity } = event.figures
    if (event.kind !== 'digest' || typeof equity !== 'number') return
    // A run that goes on may look at its last day once more.
    while (this.#equity.length > 0 && this.#equity[this.#equity.length - 1].time >= event.ts)
      this.#equity.pop()
    this.#equity.push({ time: event.ts, equity })
  }

  trade(trade: Trade): void {
    this.trades.push(trade)
  }

  finish(engine: Engine, venue: Pick<Venue, 'replaced'> | null, at: Timestamp): Simulation {
    const last = this.#equity[this.#equity.length - 1]
    const close = { time: at, equity: engine.equity() }
    const { halted } = engine.standing
    // The last day ends with the data, minutes or a whole day after its digest.
    const days = last !== undefined && at - last.time < 12 * HOUR ? this.#equity.slice(0, -1) : this.#equity
    return {
      trades: this.trades,
      equity: [{ time: this.#from, equity: this.#start }, ...days, close],
      period: { from: this.#from, to: at },
      wallet: engine.portfolio.wallet,
      counts: engine.counts,
      replaced: venue?.replaced() ?? null,
      halted: engine.halted,
      haltedBy: halted === null ? null : `${halted.by}: ${halted.reason}`,
      held: heldAtEnd(engine),
    }
  }
}

function heldAtEnd(engine: Engine): Simulation['held'] {
  const { positions, wallet } = engine.portfolio
  let net = engine.equity() - wallet
  for (const { gross, fees, funding } of positions.values()) net += gross - fees + funding
  return { trades: positions.size, net }
}

/** Replays a market through the engine under the simulated driver. */
export function simulate(
  markets: readonly SymbolMarket[],
  config: Config,
  range: TimeRange,
  detail: boolean,
): Simulation {
  const end = simulateInParts(markets, config, range, detail, () => false).next()
  assert(end.done === true, 'a simulation that never pauses runs to its end')
  return end.value
}

/**
 * As `simulate`, in parts: the driver never waits, and whoever has to hear the user meanwhile takes a breath between
 * two parts. Where the parts end changes nothing.
 *
 * @param isPause asked at every instant whether a part ends there
 * @returns the moment reached, after each part; at last the simulation
 */
export function* simulateInParts(
  markets: readonly SymbolMarket[],
  config: Config,
  range: TimeRange,
  detail: boolean,
  isPause: (at: Timestamp) => boolean,
): Generator<Timestamp, Simulation> {
  const venue = venueOf(markets, config, range, detail)
  venue.exchange.setPositionMode(config.positionMode)
  const engine = new Engine(config, {
    wallet: config.startingBalance,
    journal: false,
    lacking: 'skip',
  })
  const recorder = new Recorder(venue.from, config.startingBalance)
  let reached = venue.from
  let market: SimulatedMarket = venue
  for (;;) {
    runSimulated(engine, market, recorder, at => {
      reached = at
      return !isPause(at)
    })
    if (venue.nextAt === null) return recorder.finish(engine, venue, reached)
    yield reached
    market = goingOn(venue, reached)
  }
}

/** The market from a moment on; what is known before it has been told. */
function goingOn(venue: Venue, from: Timestamp): SimulatedMarket {
  return {
    from,
    get nextAt() {
      return venue.nextAt
    },
    exchange: venue.exchange,
    place: order => venue.place(order),
    history: () => [],
    take: () => venue.take(),
    advance: at => venue.advance(at),
  }
}

/** Whether positions were managed on candles longer than an hour, for the warning on x10 results. */
export function isCoarse(replaced: Replaced): boolean {
  for (const [interval, bars] of replaced.bars) if (bars > 0 && INTERVAL_MS[interval] > HOUR) return true
  return false
}
