/** A simulated Bybit on which everything goes wrong now and then, its door for operators, and a trader whose process dies. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as after } from 'node:timers/promises'
import type { FaultRule } from '../core/adapters/sim/bybit/fault-plan.ts'
import { HOUR, MINUTE, type Milliseconds, SECOND } from '../core/base/units.ts'
import type { CycleSnapshot } from '../core/engine/snapshot.ts'
import { EXIT } from './exit-codes.ts'
import { type Sample, sampleOf } from './soak.fixture.ts'
import { codesSaid, type Processes, type Started } from './started.fixture.ts'
import type { StatusReport } from './status-report.ts'
import { records } from './world.fixture.ts'

/** Those with candles of five minutes, and two beside them in which somebody trades in the app. */
export const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'ARBUSDT', 'LINKUSDT', 'AAVEUSDT'] as const
/** Where somebody trades in the app. */
const THEIRS = 'LINKUSDT'
/** Whose filters change, to be so many times as coarse. */
export const REFILTERED = { symbol: 'ETHUSDT', times: 5 } as const
const COARSER = { steps: REFILTERED.times, ticks: REFILTERED.times } as const
/** What is delisted in the end. */
const DELISTED = 'AAVEUSDT'

/**
 * A strategy that enters many times a day on any market: what earns is not asked here. Limits on losses would end the
 * trading of a market without an edge long before the day does.
 */
export const CONFIG = `startingBalance: 10000
strategies:
  bb-scalping:
    live: true
    longBbPercentTo: 20
    shortBbPercentFrom: 80
    longRsiBelow: 47
    shortRsiAbove: 53
    costMultiple: 0.5
    cooldownHours: 0
    maxPositions: 5
guards:
  score-threshold: { least: 0 }
  correlation: { refuseAbove: 1, halveAbove: 1 }
  daily-loss: { percent: 90 }
  losing-streak: { losses: 1000 }
  x10-losses: { losses: 1000 }
drawdown: { percent: 90, haltPercent: 95 }
`

/**
 * Every family of faults at a modest rate. What comes by itself is told by its mean time between two, for 24 hours; in a
 * shorter run it comes more often, as far as there is time to recover in between. A switch of the position mode is left
 * out: it needs an account with nothing in it.
 *
 * @param hours of the exchange's clock
 */
export function plan(hours: number): readonly FaultRule[] {
  const at = (share: number): Milliseconds => Math.round(share * hours * HOUR)
  const every = (h: number): Milliseconds => Math.round(h * HOUR * Math.max(hours / 24, 1 / 6))
  const own = SYMBOLS.filter(symbol => symbol !== THEIRS && symbol !== DELISTED)
  const each = (rule: FaultRule): readonly FaultRule[] => own.map(symbol => ({ ...rule, symbol }))
  const order = '/v5/order/create'
  const stop = '/v5/position/trading-stop'
  return [
    { fault: 'lose-request', only: order, chance: 0.03 },
    { fault: 'zombie', only: order, chance: 0.02 },
    { fault: 'lose-reply', only: order, chance: 0.03 },
    { fault: 'reset-reply', only: order, chance: 0.02 },
    { fault: 'lose-request', only: stop, chance: 0.05 },
    { fault: 'lose-reply', only: stop, chance: 0.05 },
    { fault: 'lose-request', chance: 0.002 },
    { fault: 'refuse', code: 10_016, chance: 0.002 },
    { fault: 'refuse', code: 10_006, chance: 0.001 },
    { fault: 'refuse', code: 10_002, chance: 0.0005 },
    { fault: 'status', code: 502, chance: 0.001 },
    { fault: 'lose-reply', chance: 0.002 },
    { fault: 'reset-reply', chance: 0.002 },
    { fault: 'late-reply', ms: 5 * SECOND, chance: 0.002 },
    { fault: 'status-after', code: 504, chance: 0.001 },
    { fault: 'html', chance: 0.001 },
    { fault: 'truncated', chance: 0.001 },
    { fault: 'empty', chance: 0.001 },
    { fault: 'row-gap', chance: 0.02 },
    { fault: 'row-twice', chance: 0.02 },
    { fault: 'rows-reversed', chance: 0.02 },
    { fault: 'wick', rate: 3, chance: 0.02 },

    { fault: 'lose-push', only: 'order', chance: 0.01 },
    { fault: 'lose-push', only: 'execution', chance: 0.02 },
    { fault: 'late-push', only: 'execution', ms: 3 * SECOND, chance: 0.02 },
    { fault: 'duplicate-push', only: 'execution', chance: 0.02 },
    { fault: 'duplicate-push', only: 'order', chance: 0.02 },
    { fault: 'reorder-push', only: 'order', chance: 0.02 },
    { fault: 'stale-push', chance: 0.0005 },
    { fault: 'wick-push', rate: 3, chance: 0.0001 },

    { fault: 'silence', only: 'execution', ms: 2 * MINUTE, every: every(4) },
    { fault: 'silence', only: 'tickers', ms: MINUTE, every: every(4) },
    { fault: 'drop', every: every(2) },
    { fault: 'half-open', only: 'private', every: every(4) },
    { fault: 'half-open', only: 'public', every: every(4) },
    { fault: 'flap', ms: MINUTE, every: every(6) },
    { fault: 'outage', ms: 45 * SECOND, every: every(6) },
    { fault: 'ban', ms: 10 * MINUTE, from: at(0.62), most: 1 },
    { fault: 'clock-skew', ms: 4 * SECOND, every: every(8) },
    { fault: 'clock-skew', ms: 0, every: every(8) },

    { fault: 'amnesia', every: every(3) },
    { fault: 'delist', symbol: DELISTED, ms: HOUR, from: at(0.7), most: 1 },
    { fault: 'filters', symbol: REFILTERED.symbol, ...COARSER, from: at(0.2), most: 1 },
    { fault: 'funding-interval', symbol: 'SOLUSDT', ms: HOUR, rate: 0.0003, from: at(0.3), most: 1 },
    { fault: 'transfer', usdt: 50, every: every(8) },
    { fault: 'transfer', usdt: -50, every: every(8) },
    ...each({ fault: 'liquidate', every: every(12) }),
    // A multiple of the coarser steps, too.
    ...each({ fault: 'adl', steps: REFILTERED.times, every: every(8) }),
    ...each({ fault: 'thin', steps: REFILTERED.times, every: every(10) }),
    ...each({ fault: 'thin', every: every(5) }),
    ...each({ fault: 'lose-stop', every: every(3) }),
    ...each({ fault: 'reject-later', every: every(6) }),
    ...each({ fault: 'hold-triggers', ms: MINUTE, every: every(6) }),
    ...each({ fault: 'orphan-stop', every: every(8) }),

    { fault: 'margin-mode', from: at(0.5), most: 1 },
    { fault: 'margin-mode', from: at(0.52), most: 1 },

    ...each({ fault: 'human-stop', ticks: 0, every: every(5) }),
    ...each({ fault: 'human-close', every: every(10) }),
    { fault: 'human-open', symbol: 'SOLUSDT', side: 'Buy', steps: 5, every: every(8) },
    { fault: 'human-open', symbol: THEIRS, side: 'Sell', steps: 40, every: every(6) },
    { fault: 'human-close', symbol: THEIRS, every: every(6) },
    { fault: 'human-cancel-all', every: every(8) },
    { fault: 'human-leverage', symbol: 'BTCUSDT', steps: 5, every: every(8) },
  ]
}

export interface Standing {
  readonly now: number
  readonly counts: { readonly [fault: string]: number }
  readonly sessions: number
  readonly opened: number
  readonly requests: { readonly [path: string]: number }
  readonly bare: {
    readonly now: readonly string[]
    readonly answered: BareTimes
    readonly disturbed: BareTimes & { readonly longestAfterMs: number }
  }
}

interface BareTimes {
  readonly count: number
  readonly totalMs: number
  readonly longestMs: number
}

export interface ExchangeBooks {
  readonly positions: readonly {
    readonly symbol: string
    readonly side: 'long' | 'short'
    readonly steps: number
    readonly stop: number | null
  }[]
  readonly links: readonly {
    readonly id: string
    readonly symbol: string
    readonly orders: number
    readonly refused: number
    readonly filled: number
  }[]
}

/** The exchange in a process of its own, and its door for operators. */
export class Exchange {
  readonly server: Started
  readonly url: string
  readonly keys: { readonly BBW_API_KEY: string; readonly BBW_API_SECRET: string }

  private constructor(server: Started, url: string, keys: Exchange['keys']) {
    this.server = server
    this.url = url
    this.keys = keys
  }

  /** @param folder where its rules and its configuration are put */
  static async open(
    processes: Processes,
    folder: string,
    speed: number,
    seed: string,
    rules: readonly FaultRule[],
  ): Promise<Exchange> {
    const [config, faults] = [join(folder, 'bbw.yaml'), join(folder, 'faults.json')]
    writeFileSync(config, CONFIG, { mode: 0o600 })
    writeFileSync(faults, JSON.stringify(rules))
    const { server, url, env } = await processes.serve([
      ...['--protocol', 'bybit', '--speed', String(speed), '--slow-when-bare', '--seed', seed],
      ...['--faults', faults],
      ...['--symbol', SYMBOLS.join(), '--data-dir', join(folder, 'exchange'), '-c', config],
      // Where the fixtures have candles of five minutes.
      ...['--timerange', '20251008-'],
    ])
    return new Exchange(server, url, { BBW_API_KEY: env.BBW_SIM_KEY, BBW_API_SECRET: env.BBW_SIM_SECRET })
  }

  async standing(): Promise<Standing> {
    return (await this.#ask('GET', '')) as Standing
  }

  async books(): Promise<ExchangeBooks> {
    return (await this.#ask('GET', '/books')) as ExchangeBooks
  }

  async setFaults(rules: readonly FaultRule[]): Promise<void> {
    await this.#ask('POST', '/faults', { rules })
  }

  /** Lets something happen; whether it could. */
  async cause(rule: FaultRule): Promise<boolean> {
    return (await this.#ask('POST', '/cause', rule)) !== null
  }

  /** `null`: it could not be done. */
  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.url}/control${path}`, {
      method,
      headers: { authorization: `Bearer ${this.keys.BBW_API_SECRET}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(async (error: unknown) => {
      await Promise.race([this.server.ended, after(LAST_WORDS)])
      throw new Error(`the exchange does not answer: ${this.server.err}`, { cause: error })
    })
    const value: unknown = await response.json()
    if (response.status === 409) return null
    if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(value)}`)
    return value
  }
}

/** A process that fails has so long to say why. */
const LAST_WORDS = 5_000

/** What came of lives of a process: each ends by a kill, and the next one goes on. */
export interface Tally {
  readonly kinds: ReadonlyMap<string, number>
  readonly codes: ReadonlyMap<string, number>
}

/** `bbw run` on a demo account, killed and started again. */
export class Trader {
  readonly data: string
  readonly #processes: Processes
  readonly #exchange: Exchange
  readonly #words: readonly string[]
  readonly #lives: Started[] = []
  /** Ends that nobody has asked for, as they were told. */
  readonly crashes: string[] = []
  /** Of the life that lasts. */
  samples: Sample[] = []
  /** How long light cycles took, in milliseconds of the wall's clock. */
  readonly cycles: number[] = []
  #cycleRuns = -1

  constructor(processes: Processes, exchange: Exchange, folder: string, speed: number) {
    this.data = join(folder, 'trader')
    this.#processes = processes
    this.#exchange = exchange
    this.#words = [
      ...['run', '--exchange', 'demo', '--url', exchange.url, '--speed', String(speed), '--ndjson'],
      ...['-c', join(folder, 'bbw.yaml'), '--data-dir', this.data],
    ]
  }

  get #life(): Started {
    return this.#lives[this.#lives.length - 1]
  }

  get lives(): number {
    return this.#lives.length
  }

  /** Starts it, again and again where the exchange is away just now. */
  async start(): Promise<void> {
    for (;;) {
      const life = this.#processes.start(this.#words, { env: this.#exchange.keys })
      this.#lives.push(life)
      this.samples = []
      this.#cycleRuns = -1
      try {
        await life.says(/demo account at 127\.0\.0\.1/)
        return
      } catch {
        const { code, err } = await life.ended
        // That the exchange cannot be reached is no fault of the process.
        if (code !== EXIT.exchange) this.crashes.push(`start: exit ${code}: ${err.slice(-2_000)}`)
        if (this.crashes.length > 3) throw new Error(this.crashes.join('\n'))
        await after(2_000)
      }
    }
  }

  /** `kill -9`, and another life. */
  async killed(): Promise<void> {
    await this.#life.kill()
    await this.start()
  }

  /** Looks at it. One that has ended without being asked is told of and started again. */
  async look(): Promise<void> {
    const sample = sampleOf(this.#life.pid)
    if (sample === null || this.#life.isOver) {
      const { code, err } = await this.#life.ended
      this.crashes.push(`exit ${code}: ${err.slice(-2_000)}`)
      await this.start()
      return
    }
    this.samples.push(sample)
    const light = this.#snapshot()?.cycles.find(({ cycle }) => cycle === 'light')
    if (light === undefined || light.runs === this.#cycleRuns || light.tookMs === null) return
    this.#cycleRuns = light.runs
    this.cycles.push(light.tookMs)
  }

  async stop(): Promise<number> {
    return (await this.#life.stop('SIGTERM')).code
  }

  async status(): Promise<StatusReport> {
    const { out } = await this.#processes.start(['status', '--json', '--data-dir', this.data]).ended
    return JSON.parse(out) as StatusReport
  }

  /** A halt is for a person to end. */
  async resume(): Promise<void> {
    await this.#processes.start(['trade', 'resume', '--data-dir', this.data]).ended
  }

  /** Records and codes of all lives. */
  get tally(): Tally {
    const kinds = new Map<string, number>()
    const codes = new Map<string, number>()
    const add = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1)
    for (const { out, err } of this.#lives) {
      // The last line of a life that was killed may be half a line.
      for (const record of records(out.slice(0, out.lastIndexOf('\n') + 1))) {
        if (record.type === 'event') add(kinds, String(record.kind))
        if (record.type === 'event' && typeof record.code === 'string') add(codes, record.code)
      }
      for (const code of codesSaid(err)) if (/^[WC][45]0[1-9]$/.test(code)) add(codes, `said ${code}`)
    }
    return { kinds, codes }
  }

  #snapshot(): { readonly cycles: readonly CycleSnapshot[] } | null {
    const value = this.query("SELECT value FROM kv WHERE key = 'snapshot'")[0]?.value
    return value === undefined ? null : JSON.parse(String(value))
  }

  query(sql: string): readonly { readonly [column: string]: unknown }[] {
    const path = join(this.data, 'state.db')
    if (!existsSync(path)) return []
    const db = new DatabaseSync(path, { timeout: 5_000 })
    try {
      return db.prepare(sql).all()
    } finally {
      db.close()
    }
  }
}
