/**
 * What the cycles of the live loop cost: CPU time of each run over 600 symbols with 20 open positions, in a process of its
 * own (`node bench/cycles.ts run`). The engine is the live one with its journal; its questions are answered at once from
 * its own books, so that nothing but the engine is measured.
 */
import { execFileSync } from 'node:child_process'
import process from 'node:process'
import { defaultConfig } from '../src/commands/config.ts'
import { random } from '../src/core/base/random.ts'
import { DAY, HOUR, SECOND, type Steps, type Ticks, type Timestamp } from '../src/core/base/units.ts'
import { Engine } from '../src/core/engine/engine.ts'
import type { Account, Effect, Input } from '../src/core/engine/protocol.ts'
import type { Instrument } from '../src/core/market/instrument.ts'
import { priceOf } from '../src/core/market/quantise.ts'
import { emptyPortfolio } from '../src/core/portfolio/portfolio.ts'
import { type Position, positionKey } from '../src/core/portfolio/position.ts'
import { benchInstrument } from './instrument.ts'
import { walk } from './walk.ts'

const SYMBOLS = 600
const POSITIONS = 20
const HISTORY_DAYS = 200
/** Days looked at, and of each the first minutes: a daily close, then cycles that manage. */
const DAYS = 120
const MINUTES_A_DAY = 16
const WALLET = 100_000

/** Samples of one kind of cycle, in ms of CPU. */
interface Sampled {
  readonly title: string
  readonly count: number
  readonly median: number
  readonly p99: number
}

interface Measured {
  readonly rows: readonly Sampled[]
  readonly counts: { readonly [name: string]: number }
}

/** The usual rate for most of them; a tenth pays more, another one the other way round: some positions could do better. */
function rateOf(index: number): number {
  return index % 10 === 0 ? 4e-4 : index % 10 === 1 ? -3e-4 : 1e-4
}

/** Half of them long, half at leverage 10, entered where the price is. */
function positionOf(instrument: Instrument, index: number, price: number, now: Timestamp): Position {
  const side = index % 2 === 0 ? 'long' : 'short'
  const isHigh = index % 4 < 2
  const ticks = Math.round(price / instrument.tickSize)
  const stop = Math.round(ticks * (side === 'long' ? 0.5 : 1.5)) as Ticks
  const steps = 1_000 as Steps
  return {
    symbol: instrument.symbol,
    side,
    instrument,
    strategy: isHigh ? 'mean-reversion' : `bollinger-grid-${side}`,
    timeframe: '1d',
    signalId: `bench:${instrument.symbol}:${side}:0`,
    clientOrderId: `entry-${index}`,
    score: 7,
    leverage: isHigh ? 10 : 3,
    entry: price,
    steps,
    enteredSteps: steps,
    openedAt: now - HOUR,
    stop,
    stopKind: 'initial',
    initialStop: stop,
    target: isHigh ? (Math.round(ticks * (side === 'long' ? 1.5 : 0.5)) as Ticks) : null,
    targetsFilled: 0,
    weekBbAtEntry: 50,
    halved: false,
    gross: 0,
    fees: 0,
    funding: 0,
    exits: [],
    lowest: price,
    highest: price,
    reason: 'bench',
  }
}

/** Feeds an input, and answers at once whatever the engine asks of its exchange. */
class Desk {
  readonly engine: Engine

  constructor(engine: Engine) {
    this.engine = engine
  }

  feed(input: Input): void {
    for (const effect of this.engine.step(input)) {
      const answer = this.#answer(effect, input.at)
      if (answer !== null) this.feed(answer)
    }
  }

  #answer(effect: Effect, at: Timestamp): Input | null {
    const order = (clientOrderId: string, status: 'accepted' | 'amended' | 'cancelled'): Input => ({
      type: 'order',
      at,
      clientOrderId,
      status,
      reason: '',
    })
    switch (effect.type) {
      case 'place':
        return order(effect.order.clientOrderId, 'accepted')
      case 'amend':
        return order(effect.clientOrderId, 'amended')
      case 'cancel':
        return order(effect.clientOrderId, 'cancelled')
      case 'set-stop':
        return { type: 'stop', at, requestId: effect.requestId, ok: true, reason: '' }
      case 'query-account':
        return { type: 'account', at, queryId: effect.queryId, account: this.#account() }
      case 'query-executions':
        return { type: 'executions', at, queryId: effect.queryId, executions: [] }
      default:
        return null
    }
  }

  #account(): Account {
    const { ledger, positions, orders } = this.engine.books()
    return {
      wallet: ledger.wallet,
      positions: positions.map(({ position: { symbol, side, steps, entry, leverage, stop } }) => ({
        symbol,
        side,
        steps,
        entry,
        leverage,
        stop,
      })),
      orders: orders.map(one => {
        const { clientOrderId, symbol, side, price, steps } = one.kind === 'entry' ? one.entry : one.order
        const limit =
          price === null ? null : one.kind === 'entry' ? (Math.round(price * 100) as Ticks) : price
        return {
          clientOrderId,
          symbol,
          side,
          purpose: one.kind,
          price: limit as Ticks | null,
          steps,
        }
      }),
    }
  }
}

function measure(): Measured {
  const config = defaultConfig()
  const settings = {
    ...config,
    universe: {
      ...config.universe,
      top: 0,
      // Of a tier that may be entered on both sides at any leverage.
      tiers: { ...config.universe.tiers, A: Array.from({ length: SYMBOLS }, (_, i) => `COIN${i}`) },
    },
    // The twenty are to stay.
    maxBars: 100_000,
    strategies: {
      ...config.strategies,
      'bollinger-grid-short': { ...config.strategies['bollinger-grid-short'], maxHoldHours: 8_760 },
    },
  }
  const series = Array.from({ length: SYMBOLS }, (_, i) =>
    walk(`cycles ${i}`, `COIN${i}USDT`, '1d', HISTORY_DAYS + DAYS, 0.02),
  )
  const instruments = series.map((_, i) => benchInstrument(`COIN${i}USDT`))
  let now = HISTORY_DAYS * DAY
  const held = instruments
    .slice(0, POSITIONS)
    .map((instrument, i) => positionOf(instrument, i, series[i].close[HISTORY_DAYS - 1], now))
  const engine = new Engine(settings, {
    wallet: WALLET,
    portfolio: {
      ...emptyPortfolio(WALLET),
      positions: new Map(held.map(one => [positionKey(one.symbol, one.side), one])),
    },
    stopwatch: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    },
  })
  const desk = new Desk(engine)
  const close = (i: number, row: number): void => {
    const { start, open, high, low, close: last, volume } = series[i]
    desk.feed({
      type: 'candle',
      at: now,
      symbol: instruments[i].symbol,
      interval: '1d',
      start: start[row],
      open: open[row],
      high: high[row],
      low: low[row],
      close: last[row],
      volume: volume[row],
      turnover: 50e6,
    })
  }
  for (let i = 0; i < SYMBOLS; i++) {
    desk.feed({ type: 'instrument', at: now, instrument: instruments[i] })
    for (let row = 0; row < HISTORY_DAYS; row++) close(i, row)
    desk.feed({
      type: 'funding-rate',
      at: now,
      symbol: instruments[i].symbol,
      per8h: rateOf(i),
      interval: 8 * HOUR,
      next: now + 8 * HOUR,
    })
  }
  const source = random('cycles')
  const samples = new Map<string, number[]>()
  const runs = new Map<string, number>()
  let decided = 0
  for (let day = 0; day < DAYS; day++) {
    now = (HISTORY_DAYS + day) * DAY
    if (day > 0) for (let i = 0; i < SYMBOLS; i++) close(i, HISTORY_DAYS + day - 1)
    for (let second = 0; second <= MINUTES_A_DAY * 60; second += 30) {
      now = (HISTORY_DAYS + day) * DAY + second * SECOND
      if (second % 120 === 0) {
        for (let i = 0; i < SYMBOLS; i++) {
          const last = priceOf(
            instruments[i],
            Math.round(series[i].close[HISTORY_DAYS + day - 1] * (100 + 0.1 * source.normal())) as Ticks,
          )
          desk.feed({ type: 'price', at: now, symbol: instruments[i].symbol, time: now, last, mark: last })
        }
      }
      desk.feed({ type: 'time', at: now })
      const decisions = engine.counts.decisions ?? 0
      const isClose = decisions > decided
      decided = decisions
      for (const { cycle, runs: count, tookMs } of engine.snapshot().cycles) {
        if (runs.get(cycle) === count || tookMs === null) continue
        runs.set(cycle, count)
        if (engine.portfolio.positions.size !== POSITIONS) throw new Error('positions have been closed')
        const title = cycle !== 'heavy' ? cycle : isClose ? 'heavy at a daily close' : 'heavy between closes'
        const list = samples.get(title) ?? []
        list.push(tookMs)
        samples.set(title, list)
      }
    }
  }
  const rows = [...samples].map(([title, times]) => {
    const sorted = times.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)]
    return { title, count: sorted.length, median: at(0.5), p99: at(0.99) }
  })
  return { rows: rows.filter(({ title }) => title !== 'daily'), counts: engine.counts }
}

/** Prints a row for each cycle. */
export function benchCycles(print: (line: string) => void): void {
  const text = execFileSync(process.execPath, [import.meta.filename, 'run'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { rows, counts } = JSON.parse(text) as Measured
  const total = (prefix: string): number =>
    Object.entries(counts).reduce((sum, [name, count]) => sum + (name.startsWith(prefix) ? count : 0), 0)
  print(`cycles over ${SYMBOLS} symbols with ${POSITIONS} open positions, CPU time`)
  for (const { title, count, median, p99 } of rows) {
    print(`  ${title}: median ${median.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms (${count} runs)`)
  }
  print(
    `  in all ${total('decisions')} closed candles decided on, ${total('signals:')} signals scored, ${total('refused:')} refused, ${total('entered:')} entered`,
  )
}

if (process.argv[2] === 'run') process.stdout.write(JSON.stringify(measure()))
