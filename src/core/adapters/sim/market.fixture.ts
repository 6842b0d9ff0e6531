/** Made-up markets and runs over them, for tests: plain, recorded, and in a world that misbehaves. */
import type { Random } from '../../base/random.ts'
import { DAY, SECOND, type Steps, type Ticks, type Timestamp, type Usdt } from '../../base/units.ts'
import type { EngineOptions } from '../../engine/core.ts'
import { LiveDriver } from '../../engine/drivers/live.ts'
import { runSimulated } from '../../engine/drivers/simulated.ts'
import { Engine } from '../../engine/engine.ts'
import { intradayTimeframes, scoreSignal } from '../../engine/pipeline.ts'
import type { PacedExchange } from '../../engine/ports.ts'
import type { Effect, EngineEvent, Input, OrderRequest } from '../../engine/protocol.ts'
import { defaultSettings, type Settings } from '../../engine/settings.ts'
import type { EngineState } from '../../engine/state.ts'
import type { Candles } from '../../market/candles.ts'
import type { Interval } from '../../market/interval.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'
import type { Trade } from '../../portfolio/trade.ts'
import { type SyntheticOptions, syntheticMarket } from '../synthetic/market.ts'
import { EmbeddedExchange } from './embedded.ts'
import { type Costs, DEFAULT_COSTS } from './exchange.ts'
import { Venue } from './venue.ts'

export const WALLET: Usdt = 1_000

/** Candles before trading begins: enough for weekly bands. */
export const HISTORY_DAYS = 145

/** A synthetic market as the venue reads it. The last `days` days are for trading. */
export function marketsOf(
  seed: number,
  days: number,
  options: Omit<SyntheticOptions, 'days'> = {},
): readonly SymbolMarket[] {
  const made = syntheticMarket(seed, { symbols: 3, ...options, days: HISTORY_DAYS + days })
  return made.instruments.map((instrument, k) => {
    const candles = new Map<Interval, Candles>([['1d', made.daily[k]]])
    for (const finer of [made.minutes15[k], made.minutes5[k]]) {
      if (finer !== undefined) candles.set(finer.interval, finer)
    }
    return { instrument, candles, mark: new Map(), funding: made.funding[k] }
  })
}

/** The same candles without the rows that `keep` refuses. */
export function without(
  market: SymbolMarket,
  keep: (start: Timestamp, interval: Interval) => boolean,
): SymbolMarket {
  const candles = new Map<Interval, Candles>()
  for (const [interval, series] of market.candles) {
    const kept = Uint32Array.from({ length: series.length }, (_, i) => i).filter(i =>
      keep(series.start[i], interval),
    )
    const pick = (column: Float64Array): Float64Array => Float64Array.from(kept, i => column[i])
    candles.set(interval, {
      symbol: series.symbol,
      interval,
      length: kept.length,
      start: pick(series.start),
      open: pick(series.open),
      high: pick(series.high),
      low: pick(series.low),
      close: pick(series.close),
      volume: pick(series.volume),
      turnover: pick(series.turnover),
    })
  }
  return { ...market, candles }
}

/** When the trading of `marketsOf` begins. */
export function tradingFrom(markets: readonly SymbolMarket[]): Timestamp {
  const daily = markets[0]?.candles.get('1d')
  if (daily === undefined) throw new Error('a market of the fixture has daily candles')
  return daily.start[0] + HISTORY_DAYS * DAY
}

export interface RunOptions {
  readonly settings?: Settings
  readonly costs?: Partial<Costs>
  readonly from?: Timestamp
  readonly to?: Timestamp | null
  readonly journal?: boolean
  readonly everyCycle?: boolean
}

export function venueOf(markets: readonly SymbolMarket[], options: RunOptions = {}): Venue {
  const venue = new Venue(markets, {
    from: options.from ?? tradingFrom(markets),
    to: options.to ?? null,
    costs: { ...DEFAULT_COSTS, ...options.costs },
    wallet: WALLET,
    checkMargin: true,
    detail: true,
    tells: [
      ...intradayTimeframes(options.settings ?? defaultSettings()).map(interval => ({
        interval,
        isDecidedOn: true,
      })),
      { interval: '1h', isDecidedOn: false },
    ],
  })
  venue.exchange.setPositionMode(options.settings?.positionMode ?? 'one-way')
  return venue
}

export interface Run {
  readonly events: readonly EngineEvent[]
  readonly trades: readonly Trade[]
  readonly engine: Engine
}

/** Everything a run says, trades, events and figures: to be equal to the last bit and in order. */
export function said({ events, trades, engine }: Run): string {
  return JSON.stringify({ trades, events, counts: engine.counts, equity: engine.equity() })
}

/** A run under the simulated driver. */
export function simulate(
  markets: readonly SymbolMarket[],
  options: RunOptions = {},
  engine: Engine = new Engine(options.settings ?? defaultSettings(), engineOptions(options)),
): Run {
  const events: EngineEvent[] = []
  const trades: Trade[] = []
  runSimulated(engine, venueOf(markets, options), {
    event: event => events.push(event),
    trade: trade => trades.push(trade),
  })
  return { events, trades, engine }
}

/** The same run under the live driver, over the ports of the embedded exchange or of another one for the venue. */
export async function runLive(
  markets: readonly SymbolMarket[],
  options: RunOptions = {},
  exchangeOf: (venue: Venue) => Promise<PacedExchange> = async venue => new EmbeddedExchange(venue),
): Promise<Run> {
  const engine = new Engine(options.settings ?? defaultSettings(), engineOptions(options))
  return await drive(engine, await exchangeOf(venueOf(markets, options)))
}

/** An engine under the live driver, to the end of an exchange's market. */
export async function drive<E extends Engine>(
  engine: E,
  exchange: PacedExchange,
): Promise<Run & { readonly engine: E }> {
  const events: EngineEvent[] = []
  const trades: Trade[] = []
  const driver = new LiveDriver(engine, {
    clock: exchange.clock,
    broker: exchange,
    feed: exchange,
    journal: { event: event => events.push(event), trade: trade => trades.push(trade) },
    store: null,
  })
  driver.start(await exchange.history())
  await exchange.run(
    () => driver.idle(),
    () => Promise.resolve(true),
    null,
  )
  return { events, trades, engine }
}

function engineOptions({ journal, everyCycle }: RunOptions): EngineOptions {
  return {
    wallet: WALLET,
    lacking: 'skip',
    ...(journal === undefined ? {} : { journal }),
    ...(everyCycle === undefined ? {} : { everyCycle }),
  }
}

/** An engine that notes what it is given and what it answers. */
export class Recorder extends Engine {
  readonly inputs: Input[] = []
  readonly answers: string[] = []
  readonly effects: Effect[] = []

  override step(input: Input): readonly Effect[] {
    const effects = super.step(input)
    this.inputs.push(input)
    this.answers.push(answerOf(effects, this.wakeAt))
    this.effects.push(...effects)
    return effects
  }
}

/** Effects and the next alarm as one text, to be compared. */
export function answerOf(effects: readonly Effect[], wakeAt: Timestamp | null): string {
  return `${wakeAt} ${JSON.stringify(effects)}`
}

/** The state as it comes back from a file. */
export function throughJson(state: EngineState): EngineState {
  return JSON.parse(JSON.stringify(state)) as EngineState
}

/** How often the world misbehaves: shares of the occasions. */
export interface Mischief {
  readonly refusePersist: number
  readonly rejectOrder: number
  readonly loseCancel: number
  readonly refuseStop: number
  readonly failQuery: number
  readonly loseQuery: number
  readonly delay: number
  readonly propose: number
}

export const CALM: Mischief = {
  refusePersist: 0,
  rejectOrder: 0,
  loseCancel: 0,
  refuseStop: 0,
  failQuery: 0,
  loseQuery: 0,
  delay: 0,
  propose: 0,
}

export const ROUGH: Mischief = {
  refusePersist: 0.1,
  rejectOrder: 0.1,
  loseCancel: 0.2,
  refuseStop: 0.3,
  failQuery: 0.1,
  loseQuery: 0.1,
  delay: 0.3,
  propose: 0.2,
}

/**
 * Runs an engine through a market in which requests are refused, lost and answered late, and people propose things.
 * Fills and funding come at once and in their order, as a stream brings them; everything else may come later.
 */
export function misbehave(
  engine: Engine,
  markets: readonly SymbolMarket[],
  source: Random,
  mischief: Mischief,
  options: RunOptions = {},
): void {
  const venue = venueOf(markets, options)
  const late: { readonly at: Timestamp; readonly input: Input }[] = []
  let now = venue.from
  const happens = (share: number): boolean => source.next() < share
  const answer = (input: Input): void => {
    const delay = happens(mischief.delay) ? source.int(20) * 5 * SECOND : 0
    late.push({ at: now + delay, input })
  }
  const place = (order: OrderRequest): void => {
    if (happens(mischief.rejectOrder)) {
      const { clientOrderId } = order
      answer({ type: 'order', at: now, clientOrderId, status: 'rejected', reason: 'not today' })
    } else {
      venue.place(order)
    }
  }
  const carry = (effects: readonly Effect[]): void => {
    const refused = new Set<string>()
    for (const effect of effects) {
      switch (effect.type) {
        case 'persist':
          if (!happens(mischief.refusePersist)) break
          answer({
            type: 'persist-refused',
            at: now,
            key: effect.key,
            reason: 'the disk is full',
            code: 'C805',
          })
          if (effect.order.purpose === 'entry') refused.add(effect.key)
          break
        case 'place':
          if (!refused.has(effect.order.clientOrderId)) place(effect.order)
          break
        case 'amend':
          venue.exchange.amend(effect.symbol, effect.clientOrderId, effect.price, effect.steps)
          break
        case 'cancel':
          if (!happens(mischief.loseCancel)) venue.exchange.cancel(effect.symbol, effect.clientOrderId)
          break
        case 'set-stop': {
          const { requestId, symbol, side, stop } = effect
          if (happens(mischief.refuseStop)) {
            answer({ type: 'stop', at: now, requestId, ok: false, reason: 'too busy' })
          } else {
            venue.exchange.setStop(requestId, symbol, side, stop)
          }
          break
        }
        case 'set-leverage':
          venue.exchange.setLeverage(effect.requestId, effect.symbol, effect.leverage, effect.side)
          break
        case 'query-leverage': {
          const { requestId, symbol, side } = effect
          const leverage = venue.exchange.leverage(symbol, side)
          answer({ type: 'leverage', at: now, requestId, leverage, reason: '' })
          break
        }
        case 'query-account': {
          const { queryId } = effect
          if (happens(mischief.loseQuery)) break
          if (happens(mischief.failQuery))
            answer({ type: 'query-failed', at: now, queryId, reason: 'no reply' })
          else answer({ type: 'account', at: now, queryId, account: venue.exchange.account() })
          break
        }
        case 'query-order': {
          const { queryId, symbol, clientOrderId } = effect
          if (happens(mischief.loseQuery)) break
          const report = venue.exchange.lookUp(symbol, clientOrderId)
          answer({ type: 'order-found', at: now, queryId, report })
          break
        }
        case 'query-executions': {
          const { queryId, since } = effect
          if (happens(mischief.loseQuery)) break
          const executions = venue.exchange.executions(since)
          answer({ type: 'executions', at: now, queryId, executions })
          break
        }
        case 'outcome':
        case 'verdict':
        case 'answer':
        case 'event':
        case 'trade':
          break
      }
    }
  }
  const feed = (input: Input): void => carry(engine.step({ ...input, at: now }))
  const deliver = (): void => {
    for (;;) {
      for (const input of venue.take()) {
        if (input.type === 'order' || input.type === 'stop') answer(input)
        else feed(input)
      }
      const due = late.findIndex(one => one.at <= now)
      if (due < 0) return
      for (const { input } of late.splice(due, 1)) feed(input)
    }
  }
  for (const input of venue.history()) feed(input)
  feed({ type: 'time', at: now })
  deliver()
  for (;;) {
    const next = venue.nextAt
    if (next === null) return
    const at = Math.max(now, Math.min(next, engine.wakeAt ?? next, ...late.map(one => one.at)))
    now = at
    if (at === next) for (const _ of venue.advance(at)) deliver()
    else venue.exchange.setTime(at)
    deliver()
    if (happens(mischief.propose * 0.2)) {
      feed({ type: 'propose', at, scored: engine.look().map(scoreSignal) })
      deliver()
    }
    if (engine.wakeAt !== null && engine.wakeAt <= at) {
      feed({ type: 'time', at })
      deliver()
    }
  }
}

/** An entry at the market: 10 steps long under a stop that is far away. */
export function entryOf(symbol: string, over: Partial<OrderRequest> = {}): OrderRequest {
  return {
    clientOrderId: 'a',
    symbol,
    side: 'long',
    purpose: 'entry',
    type: 'market',
    price: null,
    steps: 10 as Steps,
    stop: 100 as Ticks,
    leverage: 3,
    postOnly: false,
    ...over,
  }
}
