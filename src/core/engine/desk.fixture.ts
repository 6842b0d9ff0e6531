/** An engine with a hand on every lever, for tests: each call feeds inputs and returns the effects. */
import * as assert from 'uvu/assert'
import { DAY, type Milliseconds, type Price, type Steps, type Timestamp, type Usdt } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import { signalId } from '../decision/signal.ts'
import { instrumentOf, MIDNIGHT, signalOf, ticks } from '../decision/view.fixture.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Side } from '../market/side.ts'
import { type Position, positionKey } from '../portfolio/position.ts'
import type { Books } from './books.ts'
import type { EngineOptions } from './core.ts'
import type { Decision } from './decision-record.ts'
import { Engine } from './engine.ts'
import { type KeptAway, keptAway, undecided } from './kept-away.fixture.ts'
import { scoreSignal } from './pipeline.ts'
import type {
  Account,
  Effect,
  EngineEvent,
  Execution,
  FillInput,
  Input,
  OrderReport,
  OrderRequest,
  RestingReport,
  Scored,
} from './protocol.ts'
import { remade } from './rules.fixture.ts'
import { defaultSettings, type Settings } from './settings.ts'

/** An input without its time. */
type Timeless<T> = T extends Input ? Omit<T, 'at'> : never

/** The instrument of a desk's symbol: tick 0.1, step 0.001. */
export function instrument(symbol: string): Instrument {
  return instrumentOf({ symbol, baseCoin: symbol.replace('USDT', '') })
}

/** A signal of the grid's long side, on the daily candle that closed at midnight, for any symbol. */
export function gridSignal(symbol = 'SOLUSDT', over: Partial<Signal> = {}): Signal {
  const made = signalOf({ symbol, instrument: instrument(symbol), ...over })
  return { ...made, id: signalId(made.strategy, made.symbol, made.side, made.candleStart) }
}

/** A signal of mean reversion at leverage 10: limit 100, stop 95, one target at 110. */
export function reversionSignal(symbol = 'SOLUSDT', over: Partial<Signal> = {}): Signal {
  return gridSignal(symbol, {
    strategy: 'mean-reversion',
    order: { type: 'limit', price: ticks(1_000) },
    stop: ticks(950),
    target: ticks(1_100),
    leverage: 10,
    bbPercent: 3,
    ...over,
  })
}

/** Every decision is taken down, and what rules decided is made again at once. */
const DESK = { wallet: 1_000, lacking: 'skip', decisions: { version: 'test' } } as const

export class Desk {
  /** Where the exchange says that it liquidates what is held; `null`: it does not say. */
  liquidation: Price | null = null
  engine: Engine
  settings: Settings
  now: Timestamp = MIDNIGHT
  /** Whether the exchange sets a leverage as soon as it is asked to. */
  confirmsLeverage = true
  /** Everything that ever came out. */
  readonly effects: Effect[] = []
  /** Everything that was ever decided. */
  readonly decisions: Decision[] = []
  readonly #isWitnessed: boolean
  #known: { readonly engine: Engine; readonly kept: KeptAway } | null = null
  #executions = 0

  constructor(settings: Settings = defaultSettings(), options: Partial<EngineOptions> = {}) {
    this.settings = settings
    const all = { ...DESK, ...options }
    this.#isWitnessed = all.decisions !== undefined
    this.engine = new Engine(settings, all)
  }

  feed(input: Timeless<Input>): readonly Effect[] {
    const timed = { ...input, at: this.now } as Input
    const before = this.#isWitnessed ? this.#keptAway() : null
    const all = this.engine.step(timed)
    if (before !== null) {
      const after = keptAway(this.engine.state())
      this.#known = { engine: this.engine, kept: after }
      assert.equal(undecided(before, after, timed, all), [], 'decided by nobody')
    }
    const effects = this.#isWitnessed ? remade(all, this.settings) : all
    for (const { batch } of only(all, 'decisions')) this.decisions.push(...batch.decisions)
    this.effects.push(...effects)
    return this.confirmsLeverage ? this.#withLeverage(effects) : effects
  }

  /** What keeps entries away, as the last step has left it. */
  #keptAway(): KeptAway {
    return this.#known?.engine === this.engine ? this.#known.kept : keptAway(this.engine.state())
  }

  /** Every leverage that is asked for is in force at once. */
  #withLeverage(effects: readonly Effect[]): readonly Effect[] {
    if (!effects.some(effect => effect.type === 'set-leverage')) return effects
    const seen: Effect[] = []
    for (const effect of effects) {
      if (effect.type !== 'set-leverage') {
        seen.push(effect)
        continue
      }
      const { requestId, leverage } = effect
      seen.push(...this.feed({ type: 'leverage', requestId, leverage, reason: '' }))
    }
    return seen
  }

  /** Introduces a symbol with 30 daily candles: bands about 95, 100 and 105, last price 102. */
  introduce(...symbols: readonly string[]): this {
    for (const symbol of symbols) {
      this.feed({ type: 'instrument', instrument: instrument(symbol) })
      for (let day = 30; day > 0; day--)
        this.day(symbol, MIDNIGHT - day * DAY, day === 1 ? 102 : 97.5 + 5 * (day % 2))
      this.price(symbol, 102)
    }
    return this
  }

  /** A closed daily candle. */
  day(symbol: string, start: Timestamp, close: Price, turnover: Usdt = 50e6): readonly Effect[] {
    const candle = { symbol, interval: '1d', start, open: close, high: close, low: close, close } as const
    return this.feed({ type: 'candle', ...candle, volume: 1, turnover })
  }

  price(symbol: string, last: Price, mark: Price = last): readonly Effect[] {
    return this.feed({ type: 'price', symbol, time: this.now, last, mark })
  }

  /** Moves the clock on by a span and tells the engine. */
  wait(span: Milliseconds): readonly Effect[] {
    this.now += span
    return this.feed({ type: 'time' })
  }

  /** As `wait`, through every alarm on the way, with every question answered from the books. */
  live(span: Milliseconds): readonly Effect[] {
    const until = this.now + span
    const seen: Effect[] = []
    for (;;) {
      const alarm = this.engine.wakeAt
      const at = alarm === null || alarm > until ? until : Math.max(alarm, this.now)
      this.now = at
      seen.push(...this.answer(this.feed({ type: 'time' })))
      if (at === until && (this.engine.wakeAt ?? until + 1) > until) return seen
    }
  }

  /** Answers the questions among effects from the books; cancellations are left alone. */
  answer(effects: readonly Effect[]): readonly Effect[] {
    const seen = [...effects]
    for (const effect of effects) {
      switch (effect.type) {
        case 'query-account':
          seen.push(...this.answer(this.reply(effect.queryId, this.account())))
          break
        case 'query-executions':
          seen.push(...this.answer(this.executions(effect.queryId)))
          break
        case 'query-order':
          seen.push(...this.answer(this.found(effect.queryId, effect.clientOrderId, 'resting')))
          break
        default:
          break
      }
    }
    return seen
  }

  reply(queryId: string, account: Account): readonly Effect[] {
    return this.feed({ type: 'account', queryId, account })
  }

  executions(queryId: string, executions: readonly Execution[] = []): readonly Effect[] {
    return this.feed({ type: 'executions', queryId, executions })
  }

  found(
    queryId: string,
    clientOrderId: string,
    state: OrderReport['state'],
    filled: Steps = 0 as Steps,
  ): readonly Effect[] {
    return this.feed({
      type: 'order-found',
      queryId,
      report: { clientOrderId, state, filled, reason: state },
    })
  }

  /** The orders that the books have, as they would rest at the exchange. */
  resting(): readonly RestingReport[] {
    return this.engine.books().orders.map(booked => {
      if (booked.kind === 'entry') {
        const { clientOrderId, symbol, side, steps } = booked.entry
        return { clientOrderId, symbol, side, purpose: 'entry', price: null, steps }
      }
      const { clientOrderId, symbol, side, price, steps } = booked.order
      return { clientOrderId, symbol, side, purpose: 'exit', price, steps }
    })
  }

  /** The account as the books have it, with all their orders or only those named. */
  account(orders: readonly string[] | null = null): Account {
    const { wallet, positions } = this.engine.portfolio
    const resting = this.resting()
    return {
      wallet,
      positions: [...positions.values()].map(one => ({
        symbol: one.symbol,
        side: one.side,
        steps: one.steps,
        entry: one.entry,
        leverage: one.leverage,
        stop: one.stop,
        ...(this.liquidation === null ? {} : { liquidation: this.liquidation }),
      })),
      orders: orders === null ? resting : resting.filter(one => orders.includes(one.clientOrderId)),
    }
  }

  propose(...signals: readonly Signal[]): readonly Effect[] {
    return this.proposeScored(signals.map(scoreSignal))
  }

  proposeScored(scored: readonly Scored[]): readonly Effect[] {
    return this.feed({ type: 'propose', scored })
  }

  order(
    clientOrderId: string,
    status: Extract<Input, { type: 'order' }>['status'],
    reason = '',
  ): readonly Effect[] {
    return this.feed({ type: 'order', clientOrderId, status, reason })
  }

  /** An entry's whole fill, or that of any other order. */
  fill(of: OrderRequest, over: Partial<FillInput> = {}): readonly Effect[] {
    return this.feed({
      type: 'fill',
      time: this.now,
      execId: `execution-${++this.#executions}`,
      clientOrderId: of.clientOrderId,
      cause: 'order',
      symbol: of.symbol,
      side: of.side,
      price: of.price ?? ticks(1_000),
      steps: of.steps,
      fee: 0.01,
      liquidity: 'maker',
      complete: true,
      ...over,
    })
  }

  /** The stop of a position fills, all of it. */
  stopOut(position: Position, over: Partial<FillInput> = {}): readonly Effect[] {
    return this.feed({
      type: 'fill',
      time: this.now,
      execId: `execution-${++this.#executions}`,
      clientOrderId: null,
      cause: 'stop',
      symbol: position.symbol,
      side: position.side,
      price: position.stop,
      steps: position.steps,
      fee: 0.02,
      liquidity: 'taker',
      complete: true,
      ...over,
    })
  }

  /** Proposes a signal, and has its entry accepted and filled at its price. */
  open(
    signal: Signal,
    over: Partial<FillInput> = {},
  ): { readonly entry: OrderRequest; readonly effects: readonly Effect[] } {
    const entry = placed(this.propose(signal))[0]
    if (entry === undefined) throw new Error(`refused: ${JSON.stringify(this.effects.at(-1))}`)
    this.order(entry.clientOrderId, 'accepted')
    return { entry, effects: this.fill(entry, over) }
  }

  position(symbol = 'SOLUSDT', side: Side = 'long'): Position {
    const position = this.engine.portfolio.positions.get(positionKey(symbol, side))
    if (position === undefined) throw new Error(`${symbol} ${side} is not held`)
    return position
  }

  /** Saves the engine, and goes on with one loaded from it. */
  restart(settings: Settings = defaultSettings()): void {
    this.settings = settings
    this.engine = Engine.load(settings, DESK, JSON.parse(JSON.stringify(this.engine.save())))
  }
}

/** Settings under which an answer may be a day late: for tests in which one stays out. */
export const PATIENT: Settings = {
  ...defaultSettings(),
  recovery: { ...defaultSettings().recovery, answerSeconds: DAY / 1_000 },
}

/** Goes on from what a store would have kept of the books, as after the end of the process; `written`: as another bbw had. */
export function resumed(
  desk: Desk,
  settings: Settings = defaultSettings(),
  options: Partial<EngineOptions> = {},
  written: (books: Books) => Books = books => books,
): Desk {
  const next = new Desk(settings)
  next.now = desk.now
  const books = written(JSON.parse(JSON.stringify(desk.engine.books())))
  next.engine = Engine.resume(settings, { ...DESK, incarnation: 2, ...options }, books)
  return next
}

export function placed(effects: readonly Effect[]): readonly OrderRequest[] {
  return effects.flatMap(effect => (effect.type === 'place' ? [effect.order] : []))
}

export function events(effects: readonly Effect[], kind: EngineEvent['kind']): readonly EngineEvent[] {
  return effects.flatMap(effect =>
    effect.type === 'event' && effect.event.kind === kind ? [effect.event] : [],
  )
}

/** The effects of one type. */
export function only<T extends Effect['type']>(
  effects: readonly Effect[],
  type: T,
): readonly Extract<Effect, { readonly type: T }>[] {
  return effects.filter((effect): effect is Extract<Effect, { readonly type: T }> => effect.type === type)
}

/** The gate that refused each signal, in order. */
export function gates(effects: readonly Effect[]): readonly unknown[] {
  return events(effects, 'refused').map(event => event.figures.gate)
}
