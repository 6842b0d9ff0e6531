/**
 * The real market with fills of its own: what trades there moves prices here, and the embedded exchange's matching
 * engine answers orders against them. No order leaves the house. Between two prices of a symbol lies a bar of its own,
 * with the range in between; what went by while nobody looked is matched by the exchange's candles of a minute, so that
 * a stop that was reached meanwhile was reached. Everything that changes is kept before it is told.
 */
import { ExchangeError } from '../../base/errors.ts'
import {
  HOUR,
  MINUTE,
  type Milliseconds,
  SECOND,
  type Steps,
  type Ticks,
  type Timestamp,
} from '../../base/units.ts'
import type { PacedExchange } from '../../engine/ports.ts'
import type { Account, Execution, Input, OrderReport, OrderRequest } from '../../engine/protocol.ts'
import type { Instrument } from '../../market/instrument.ts'
import type { PositionMode, Side } from '../../market/side.ts'
import type { Bar, SavedExchange, Settlement, SimExchange } from '../sim/exchange.ts'
import { LOOK, type RunningClock, runByClock } from '../system/running-clock.ts'

/** What the market's feed has to do beside telling. */
export interface PaperFeed {
  /** To be called about once a second. */
  check(): void
  close(): void
}

export interface PaperPorts {
  readonly clock: RunningClock
  readonly exchange: SimExchange
  /** Starts telling what happens on the market. */
  feed(hear: (input: Input) => void): PaperFeed
  /** What an engine has to know of the market to begin. */
  history(): Promise<readonly Input[]>
  /** Closed bars of a minute of a symbol, oldest first, and its settlements; both from `from` on. */
  past(symbol: string, from: Timestamp): Promise<Past>
  /** Keeps the account. */
  keep(saved: SavedExchange): void
}

export interface Past {
  readonly bars: readonly Bar[]
  readonly settlements: readonly Settlement[]
}

/** The price of a symbol that was heard last. */
interface Seen {
  time: Timestamp
  last: number
  mark: number
}

/** What was announced of a symbol's next settlement. */
interface Announced {
  readonly rate: number
  readonly next: Timestamp
}

/** A symbol of which nothing was heard for so long has been away: what went by is asked for. */
const LONGEST_GAP: Milliseconds = 90 * SECOND
const EIGHT_HOURS: Milliseconds = 8 * HOUR
const NONE: readonly Settlement[] = []

type FundingRateInput = Extract<Input, { readonly type: 'funding-rate' }>
type PriceInput = Extract<Input, { readonly type: 'price' }>

export class PaperExchange implements PacedExchange {
  readonly clock: RunningClock
  readonly #ports: PaperPorts
  readonly #exchange: SimExchange
  readonly #seen = new Map<string, Seen>()
  readonly #announced = new Map<string, Announced>()
  /** Settlements whose time has come and which are still to be paid. */
  readonly #waiting = new Map<string, readonly Settlement[]>()
  readonly #recalling = new Set<string>()
  #hear: (input: Input) => void = () => {}

  constructor(ports: PaperPorts) {
    this.#ports = ports
    this.clock = ports.clock
    this.#exchange = ports.exchange
  }

  listen(hear: (input: Input) => void): void {
    this.#hear = hear
  }

  /** Lets pass what has happened since the account was kept, then tells the market as it is. */
  async history(): Promise<readonly Input[]> {
    const inputs = await this.#ports.history()
    for (const input of inputs) {
      if (input.type === 'instrument') this.#list(input.instrument)
      if (input.type === 'funding-rate') this.#announce(input)
    }
    await this.#catchUp()
    for (const input of inputs) {
      if (input.type !== 'price') continue
      this.#seen.set(input.symbol, { time: input.time, last: input.last, mark: input.mark })
      this.#exchange.setLast(input.symbol, input.last, input.mark, input.time)
    }
    return inputs
  }

  // --- requests -----------------------------------------------------------------------------------------------

  place(order: OrderRequest): Promise<void> {
    return this.#do(() => this.#exchange.place(order))
  }

  amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): Promise<void> {
    return this.#do(() => this.#exchange.amend(symbol, clientOrderId, price, steps))
  }

  cancel(symbol: string, clientOrderId: string): Promise<void> {
    return this.#do(() => this.#exchange.cancel(symbol, clientOrderId))
  }

  setStop(requestId: string, symbol: string, side: Side, stop: Ticks): Promise<void> {
    return this.#do(() => this.#exchange.setStop(requestId, symbol, side, stop))
  }

  setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): Promise<void> {
    return this.#do(() => this.#exchange.setLeverage(requestId, symbol, leverage, side))
  }

  async leverage(symbol: string, side?: Side): Promise<number> {
    await Promise.resolve()
    return this.#exchange.leverage(symbol, side)
  }

  async account(): Promise<Account> {
    await Promise.resolve()
    return this.#exchange.account()
  }

  async lookUp(symbol: string, clientOrderId: string): Promise<OrderReport> {
    await Promise.resolve()
    return this.#exchange.lookUp(symbol, clientOrderId)
  }

  async executions(since: Timestamp): Promise<readonly Execution[]> {
    await Promise.resolve()
    return this.#exchange.executions(since)
  }

  async positionMode(): Promise<PositionMode> {
    await Promise.resolve()
    return this.#exchange.positionMode
  }

  async setPositionMode(mode: PositionMode): Promise<string | null> {
    await Promise.resolve()
    return this.#exchange.setPositionMode(mode)
  }

  // --- the market ---------------------------------------------------------------------------------------------

  async run(...words: Parameters<PacedExchange['run']>): ReturnType<PacedExchange['run']> {
    const feed = this.#ports.feed(input => this.#onMarket(input))
    const look = (): void => {
      feed.check()
      this.#matchQuiet()
    }
    return runByClock(this.clock, look, words).finally(() => feed.close())
  }

  #onMarket(input: Input): void {
    if (input.type === 'price') {
      this.#onPrice(input)
      return
    }
    if (input.type === 'funding-rate') this.#announce(input)
    if (input.type === 'instrument') this.#list(input.instrument)
    this.#hear(input)
  }

  /** Filters that change while something is held are those of the account as well: the engine counts anew as they are told. */
  #list(instrument: Instrument): void {
    const { symbol } = instrument
    if (this.#exchange.isActive(symbol)) this.#exchange.refilter(instrument)
    else this.#exchange.list(instrument, true)
  }

  #onPrice(input: PriceInput): void {
    const { symbol, time, last, mark } = input
    const before = this.#seen.get(symbol)
    this.#seen.set(symbol, { time, last, mark })
    if (before !== undefined && this.#exchange.isActive(symbol)) {
      if (time - before.time > LONGEST_GAP) this.#recall(symbol, before.time)
      else if (!this.#recalling.has(symbol)) this.#match(symbol, before, input)
    }
    this.#exchange.setTime(this.#now())
    this.#exchange.setLast(symbol, last, mark, time)
    this.#hear(input)
  }

  /** The bar between two prices. */
  #match(
    symbol: string,
    before: Seen,
    { time, last, mark, low, high }: Omit<PriceInput, 'type' | 'at' | 'symbol'>,
  ): void {
    if (time <= before.time) return
    this.#matchBar(
      symbol,
      {
        start: before.time,
        end: time,
        open: before.last,
        high: Math.max(before.last, last, high ?? last),
        low: Math.min(before.last, last, low ?? last),
        close: last,
        markOpen: before.mark,
        markHigh: Math.max(before.mark, mark),
        markLow: Math.min(before.mark, mark),
        markClose: mark,
      },
      this.#due(symbol, time),
    )
  }

  #matchBar(symbol: string, bar: Bar, settlements: readonly Settlement[]): void {
    this.#exchange.setTime(this.#now())
    if (settlements.length === 0 && this.#exchange.isUntouched(symbol, bar)) return
    for (const _ of this.#exchange.bar(symbol, bar, settlements)) this.#tell()
    this.#tell()
  }

  /** A price that stands still is one too: an order at the market does not wait for it to move. */
  #matchQuiet(): void {
    const now = this.#now()
    for (const [symbol, seen] of this.#seen) {
      const since = now - seen.time
      if (since < LOOK || since > LONGEST_GAP || this.#recalling.has(symbol)) continue
      if (!this.#exchange.isActive(symbol)) continue
      this.#match(symbol, seen, { time: now, last: seen.last, mark: seen.mark })
      seen.time = now
    }
  }

  // --- what went by unseen --------------------------------------------------------------------------------------

  /** Lets what is held and rests meet the market as it went on since the account was kept. */
  async #catchUp(): Promise<void> {
    const { positions, orders } = this.#exchange.account()
    const active = new Set([...positions, ...orders].map(({ symbol }) => symbol))
    const from = Math.floor(this.#exchange.now / MINUTE) * MINUTE
    const found = await Promise.all(
      [...active].map(async symbol => ({ symbol, ...(await this.#ports.past(symbol, from)) })),
    )
    const bars = found.flatMap(({ symbol, bars: own, settlements }) =>
      own.map(bar => ({ symbol, bar, settlements: settlements.filter(({ time }) => isIn(time, bar)) })),
    )
    bars.sort((one, other) => one.bar.end - other.bar.end)
    for (const { symbol, bar, settlements } of bars) {
      this.#exchange.setTime(Math.max(this.#exchange.now, bar.end))
      for (const _ of this.#exchange.bar(symbol, bar, settlements)) this.#exchange.take()
      // The engine asks for what it has missed.
      this.#exchange.take()
    }
    if (bars.length > 0) this.#ports.keep(this.#exchange.save())
  }

  /** The feed was away from a symbol: its bars of a minute stand for the prices that were not heard. */
  #recall(symbol: string, from: Timestamp): void {
    if (this.#recalling.has(symbol)) return
    this.#recalling.add(symbol)
    this.#ports
      .past(symbol, Math.floor(from / MINUTE) * MINUTE)
      .then(
        ({ bars, settlements }) => {
          this.#forgetDue(symbol, bars.at(-1)?.end ?? 0)
          for (const bar of bars) {
            this.#matchBar(
              symbol,
              bar,
              settlements.filter(({ time }) => isIn(time, bar)),
            )
          }
        },
        (error: unknown) => {
          if (!(error instanceof ExchangeError)) throw error
          // What was heard before and since is all there is to go by.
        },
      )
      .finally(() => {
        this.#recalling.delete(symbol)
      })
  }

  // --- funding --------------------------------------------------------------------------------------------------

  #announce({ symbol, per8h, interval, next }: FundingRateInput): void {
    this.#settle(symbol, this.#now())
    if (per8h === null || interval === null || next === null) this.#announced.delete(symbol)
    else this.#announced.set(symbol, { rate: (per8h * interval) / EIGHT_HOURS, next })
  }

  /** A settlement whose time has come waits for the bar that it is paid in. */
  #settle(symbol: string, now: Timestamp): void {
    const announced = this.#announced.get(symbol)
    if (announced === undefined || announced.next > now) return
    this.#announced.delete(symbol)
    if (!this.#exchange.hasPosition(symbol)) return
    const waiting = this.#waiting.get(symbol) ?? []
    this.#waiting.set(symbol, [...waiting, { time: announced.next, rate: announced.rate, isAssumed: false }])
  }

  /** Settlements up to a time are paid by what the exchange has listed, not by what was announced. */
  #forgetDue(symbol: string, until: Timestamp): void {
    const waiting = this.#waiting.get(symbol)?.filter(({ time }) => time > until) ?? NONE
    if (waiting.length > 0) this.#waiting.set(symbol, waiting)
    else this.#waiting.delete(symbol)
    const announced = this.#announced.get(symbol)
    if (announced !== undefined && announced.next <= until) this.#announced.delete(symbol)
  }

  #due(symbol: string, now: Timestamp): readonly Settlement[] {
    this.#settle(symbol, now)
    const due = this.#waiting.get(symbol)
    if (due === undefined) return NONE
    this.#waiting.delete(symbol)
    return due
  }

  // --- telling --------------------------------------------------------------------------------------------------

  async #do(request: () => void): Promise<void> {
    await Promise.resolve()
    this.#exchange.setTime(this.#now())
    request()
    this.#tell()
  }

  /** Keeps the account as it is now, then tells what has come about. */
  #tell(): void {
    const reports = this.#exchange.take()
    if (reports.length === 0) return
    this.#ports.keep(this.#exchange.save())
    for (const report of reports) this.#hear(report)
  }

  #now(): Timestamp {
    return Math.max(this.#exchange.now, this.clock.now())
  }
}

function isIn(time: Timestamp, { start, end }: Bar): boolean {
  return time > start && time <= end
}
