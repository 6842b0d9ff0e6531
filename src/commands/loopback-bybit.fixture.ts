/**
 * The simulated Bybit within a test's own process, for traders in processes of their own: over real sockets, by the
 * wall's clock at a speed, its books at hand. What is to be traded is handed to the traders as signals are.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { BybitBroker } from '../core/adapters/bybit/broker.ts'
import { BybitClient } from '../core/adapters/bybit/client.ts'
import type { HttpPort } from '../core/adapters/bybit/http.ts'
import { HostBudgets } from '../core/adapters/bybit/limits.ts'
import { KEY, PLAIN_COSTS, SECRET, START } from '../core/adapters/sim/bybit/bybit.fixture.ts'
import { SimBybit } from '../core/adapters/sim/bybit/bybit.ts'
import { BybitServer } from '../core/adapters/sim/bybit/server.ts'
import { instrument as PLAIN, ticks } from '../core/adapters/sim/exchange.fixture.ts'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { DAY, MINUTE, type Milliseconds, type Timestamp } from '../core/base/units.ts'
import type { Signal } from '../core/decision/signal.ts'
import { gridSignal } from '../core/engine/desk.fixture.ts'
import { scoreSignal } from '../core/engine/pipeline.ts'
import type { Account, Execution } from '../core/engine/protocol.ts'
import { CandleSeries } from '../core/market/candles.ts'
import type { Instrument } from '../core/market/instrument.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import { STATE_FILE } from './desk.ts'

/** Everything that is handed in is let through, in any number; nothing comes by itself on a price that stands. */
const CONFIG = `startingBalance: 100000
strategies:
  mean-reversion: { live: true, cooldownHours: 0, maxPositions: 50 }
  bollinger-grid-long: { live: true, cooldownAfterStopHours: 0, cooldownAfterTargetHours: 0, maxPositions: 50 }
guards:
  score-threshold: { least: 0 }
  confluence: { least: 0 }
  daily-loss: { percent: 99 }
  long-share: { freePositions: 50, percent: 100 }
  losing-streak: { losses: 1000 }
  x10-losses: { losses: 1000 }
  sizing: { fixedNotional: 500 }
  stale-data: { tickerSeconds: 120, tickerSecondsMarket: 120 }
  total-margin: { percent: 100 }
  correlation: { refuseAbove: 1, halveAbove: 1 }
drawdown: { percent: 99, haltPercent: 99, haltPauses: 100 }
`
export const LOOPBACK_WALLET = 100_000

interface Swing {
  readonly share: number
  readonly minutes: number
}

export interface LoopbackOptions {
  /** Where the configuration of traders is put. */
  readonly folder: string
  /** Seconds of its clock in one of the wall's. */
  readonly speed: number
  readonly symbols: readonly string[]
  /** Each price goes about 100 in waves, so far as a share, and of so many minutes or more. Left out: it stands. */
  readonly swing?: Swing
  /** Its clock goes as the wall's does while a position stands without its stop. */
  readonly slowWhenBare?: boolean
}

const STILL: Swing = { share: 0, minutes: 1 }
/** Minutes of the market before the beginning, and after it. */
const PAST = 26 * 60
const FUTURE = 72 * 60
/** The past has moved a little, so that it can be told which prices move together. */
const PAST_SWING: Swing = { share: 0.005, minutes: 37 }

/** Minutes of a price that goes in waves about 100, each symbol's of another length. */
function waves(instrument: Instrument, k: number, swing: Swing): SymbolMarket {
  const minutes = new CandleSeries(instrument.symbol, '1m', PAST + FUTURE)
  const price = (minute: number): number => {
    const { share, minutes: least } = minute < 0 ? PAST_SWING : swing
    return Math.round(1_000 * (1 + share * Math.sin((2 * Math.PI * minute) / (least * (1 + 0.3 * k))))) / 10
  }
  for (let minute = -PAST; minute < FUTURE; minute++) {
    const [open, close] = [price(minute), price(minute + 1)]
    const [low, high] = open < close ? [open, close] : [close, open]
    minutes.push(START + minute * MINUTE, open, high, low, close, 60, 60 * close)
  }
  return { instrument, candles: new Map([['1m', minutes]]), mark: new Map(), funding: null }
}

export class LoopbackBybit {
  readonly sim: SimBybit
  readonly #options: LoopbackOptions
  readonly #config: string
  readonly #truth: BybitBroker
  #server: BybitServer | null = null
  #port = 0
  /** By how much the exchange was moved on besides, in milliseconds of the wall's clock. */
  #moved: Milliseconds = 0
  #stoppedAt: Milliseconds | null = null
  #proposed = 0

  static async open(options: LoopbackOptions): Promise<LoopbackBybit> {
    const exchange = new LoopbackBybit(options)
    await exchange.start()
    return exchange
  }

  private constructor(options: LoopbackOptions) {
    this.#options = options
    this.#config = join(options.folder, 'loopback.yaml')
    writeFileSync(this.#config, CONFIG, { mode: 0o600 })
    const markets = options.symbols.map((symbol, k) =>
      waves(this.instrument(symbol), k, options.swing ?? STILL),
    )
    this.sim = new SimBybit(markets, {
      costs: PLAIN_COSTS,
      wallet: LOOPBACK_WALLET,
      seed: '1',
      from: START,
      key: KEY,
      secret: SECRET,
      speed: options.speed,
      slowWhenBare: options.slowWhenBare,
    })
    const http: HttpPort = async ({ method, url, headers, body }) => {
      const target = url.slice(new URL(url).origin.length)
      const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
      return this.sim.gate.answer({ method, target, headers: Object.fromEntries(lower), body: body ?? '' })
    }
    const clock = { now: () => this.sim.now, monotonic: () => this.sim.now, sleep: async () => {} }
    const ports = { http, clock, random: () => 0, budgets: new HostBudgets() }
    this.#truth = new BybitBroker({
      client: new BybitClient({
        url: 'http://127.0.0.1:1',
        ports,
        credentials: { key: KEY, secret: SECRET },
        isDry: false,
      }),
      mode: 'one-way',
      began: START,
      instrument: async symbol => this.instrument(symbol),
      named: () => null,
      doubtFilters: () => {},
      sleep: async () => {},
      hear: () => {},
      stream: null,
    })
  }

  instrument(symbol: string): Instrument {
    return { ...PLAIN, symbol, baseCoin: symbol.replace('USDT', '') }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** The words of a `bbw run` on it, and the environment it needs. */
  runWords(data: string): readonly string[] {
    return [
      ...['run', '--exchange', 'demo', '--url', this.url, '--speed', String(this.#options.speed)],
      ...['--symbol', this.#options.symbols.join(), '-c', this.#config, '--data-dir', data],
    ]
  }

  readonly env = { BBW_API_KEY: KEY, BBW_API_SECRET: SECRET }

  /** Listens, the second time at the same port; its market has gone on meanwhile. */
  async start(): Promise<void> {
    if (this.#stoppedAt !== null) this.goOn((this.#wall() - this.#stoppedAt) * this.#options.speed)
    this.#server = await BybitServer.listen(this.sim, {
      port: this.#port,
      wall: () => this.#wall() + this.#moved,
      stamp: () => this.#wall() + this.#moved,
      sleep: (span, signal) => after(span, undefined, { signal }),
    })
    this.#port = this.#server.port
  }

  /** Is gone, with all connections to it; what it knows it knows again. */
  async stop(): Promise<void> {
    this.#stoppedAt = this.#wall()
    await this.#server?.close()
    this.#server = null
  }

  /** Its market goes on by a span at once. */
  goOn(span: Milliseconds): void {
    if (this.#server === null) this.sim.advance(this.sim.now + span)
    else this.#moved += span / this.#options.speed
  }

  #wall(): Milliseconds {
    return performance.now()
  }

  /** Resolves at the moment at which it has taken the next request of a path, before that is answered. */
  taken(path: string): Promise<void> {
    return new Promise(resolve => {
      const request = this.sim.request.bind(this.sim)
      this.sim.request = asked => {
        const outcome = request(asked)
        if (asked.target === path) {
          this.sim.request = request
          resolve()
        }
        return outcome
      }
    })
  }

  // --- what is asked of it, past its sockets ------------------------------------------------------------------

  account(): Promise<Account> {
    return this.#truth.account()
  }

  async executions(): Promise<readonly Execution[]> {
    const rows = await this.#truth.executions(START)
    return rows.filter(row => row.type !== 'unread')
  }

  /** What is held without a stop of its whole size. */
  get bare(): readonly string[] {
    return this.sim.exposure.report(this.sim.now).now
  }

  price(symbol: string): number {
    const { body } = this.sim.gate.answer({
      method: 'GET',
      target: `/v5/market/tickers?category=linear&symbol=${symbol}`,
      headers: {},
      body: '',
    })
    return Number(JSON.parse(body).result.list[0].lastPrice)
  }

  /** A long entry at the market, handed to the trader whose state is in a folder. */
  propose(data: string, symbol: string, over: Partial<Signal> = {}): void {
    const signal = this.signal(symbol, over)
    const now = Date.now()
    const store = StateStore.open(join(data, STATE_FILE), { now, random: Math.random, origin: 'demo' })
    try {
      store.enqueue(
        { id: `proposal ${this.#proposed}`, command: { kind: 'propose', records: [scoreSignal(signal)] } },
        now,
      )
    } finally {
      store.close()
    }
  }

  /** An order that rests at a price. */
  limit(price: number): Signal['order'] {
    return { type: 'limit', price: ticks(price) }
  }

  /** What would have it enter long at the market. */
  signal(symbol: string, over: Partial<Signal> = {}): Signal {
    const today: Timestamp = Math.floor(this.sim.now / DAY) * DAY
    const last = this.price(symbol)
    return gridSignal(symbol, {
      instrument: this.instrument(symbol),
      // Each is another one than the last.
      candleStart: today - DAY - ++this.#proposed,
      candleEnd: today,
      order: { type: 'market' },
      last,
      lastAt: this.sim.now,
      stop: ticks(last * 0.95),
      target: ticks(last * 1.1),
      ...over,
    })
  }
}
