/**
 * The embedded exchange with its market: candles of every symbol in order of time, matched by `SimExchange`, and what
 * a trader is told of them. It moves from instant to instant; who drives it decides how fast.
 */
import { assert } from '../../base/assert.ts'
import type { Milliseconds, Timestamp, Usdt } from '../../base/units.ts'
import type { Input, OrderRequest } from '../../engine/protocol.ts'
import { aggregate } from '../../market/aggregate.ts'
import { CandleSeries, type Candles } from '../../market/candles.ts'
import type { Instrument } from '../../market/instrument.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import type { MarkCandles } from '../../market/mark.ts'
import { SIDES } from '../../market/side.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'
import type { Act } from './acts.ts'
import { type Bar, type Costs, SimExchange } from './exchange.ts'
import { barAt, FundingTape, markRange, type Stretch, stretches, told } from './tape.ts'

const NEVER = Number.POSITIVE_INFINITY

export interface VenueOptions {
  /** Trading begins and ends; `null`: with the data. Candles before `from` are history. */
  readonly from: Timestamp | null
  readonly to: Timestamp | null
  readonly costs: Costs
  readonly wallet: Usdt
  readonly checkMargin: boolean
  /** Match orders on candles finer than a day where there are some. */
  readonly detail: boolean
  /** Candles that the trader is told of besides those of a day and of 15 minutes; left out: none. */
  readonly tells?: readonly Telling[]
  /** For how many days the exchange knows executions and closed orders. */
  readonly historyDays?: number
}

/** Candles that are told: as recorded, else summed up from finer ones. */
export interface Telling {
  readonly interval: Interval
  /**
   * The trader enters at their closes. They are told only where the bar that would answer an order begins at the close
   * and is as fine; history apart, on which nothing is entered any more. Inside of a longer bar nobody knows where the
   * price is, and an order would be filled at a price from before the decision.
   */
  readonly isDecidedOn: boolean
}

/** What the venue's data did not have and what stood for it. */
export interface Replaced {
  /** Settlements of positions: at the assumed rate, and as recorded. */
  readonly fundingAssumed: number
  readonly fundingRecorded: number
  /** Bars of the days traded, by interval. */
  readonly bars: ReadonlyMap<Interval, number>
  /** Symbols without recorded filters, without 15-minute candles, and without a mark price for at least one bar. */
  readonly inferredFilters: readonly string[]
  readonly withoutMinutes15: readonly string[]
  /** Symbols of which nothing could be told while trading, by the interval that was to be. */
  readonly untold: ReadonlyMap<Interval, readonly string[]>
  readonly withoutMark: readonly string[]
}

/** A series that is told candle by candle as each closes. */
interface Told {
  readonly candles: Candles
  readonly span: number
  /** The trader decides at its closes, and then knows the funding rate as well. */
  readonly isDecidedOn: boolean
  row: number
  /** The first row that is no history. */
  first: number
  /** Close of the next candle to be told. */
  next: Timestamp
}

/** The last settled rate per 8 h, and what is announced of the settlements to come. */
interface Rate {
  readonly per8h: number | null
  readonly interval: Milliseconds
  readonly next: Timestamp
}

interface Track {
  readonly instrument: Instrument
  readonly daily: Told
  /** All that is told, the daily candles last. */
  readonly told: readonly Told[]
  readonly funding: FundingTape
  readonly mark: MarkCandles | null
  readonly parts: readonly Stretch[]
  /** The bar to be matched next. */
  part: number
  row: number
  /** What was told of funding last. */
  rate: Rate
  ended: boolean
  next: Timestamp
}

export class Venue {
  readonly exchange: SimExchange
  /** What it was made of, by symbol. */
  readonly markets: readonly SymbolMarket[]
  readonly options: VenueOptions
  readonly #tracks: readonly Track[]
  readonly #bySymbol = new Map<string, Track>()
  readonly #from: Timestamp
  readonly #to: Timestamp
  #outbox: Input[] = []

  /** @param markets in any order; symbols are served by name */
  constructor(markets: readonly SymbolMarket[], options: VenueOptions) {
    this.exchange = new SimExchange(options)
    const sorted = [...markets].sort((a, b) => (a.instrument.symbol < b.instrument.symbol ? -1 : 1))
    this.markets = sorted
    this.options = options
    const dailies = sorted.map(market => dailyOf(market))
    const firsts = dailies.map(daily => (daily.length > 0 ? daily.start[0] : NEVER))
    this.#from = options.from ?? Math.min(...firsts)
    this.#to = options.to ?? NEVER
    this.#tracks = sorted.map((market, k) => this.#track(market, dailies[k], options))
    for (const track of this.#tracks) this.#bySymbol.set(track.instrument.symbol, track)
    this.exchange.setTime(Math.min(this.#from, Number.MAX_SAFE_INTEGER))
    for (const track of this.#tracks) this.#begin(track)
  }

  #track(market: SymbolMarket, daily: Candles, options: VenueOptions): Track {
    const { instrument } = market
    const series = options.detail ? [...market.candles.values()] : []
    if (!market.candles.has('1d') || !options.detail) series.push(daily)
    const parts = stretches(series, this.#from, this.#to)
    const tells = [{ interval: '15m' as const, isDecidedOn: false }, ...(options.tells ?? [])]
    const shorter = tells
      .sort((a, b) => INTERVAL_MS[a.interval] - INTERVAL_MS[b.interval])
      .flatMap(({ interval, isDecidedOn }) => {
        const candles = seriesOf(market, interval)
        if (candles === null) return []
        return [toldOf(isDecidedOn ? answered(candles, parts, this.#from) : candles, isDecidedOn)]
      })
    const days = toldOf(daily, true)
    const funding = new FundingTape(market.funding, options.costs.assumedFunding)
    // Without a bar to be matched an order would never be answered by the market.
    this.exchange.list(instrument, parts.length > 0)
    return {
      instrument,
      daily: days,
      told: [...shorter, days],
      funding,
      mark: finestMark(market),
      parts,
      part: 0,
      row: parts.length > 0 ? parts[0].from : 0,
      rate: rateAt(funding, this.#from),
      ended: parts.length === 0,
      next: NEVER,
    }
  }

  /** Candles that closed until trading begins are known then. */
  #begin(track: Track): void {
    for (const series of track.told) {
      const { candles, span } = series
      while (series.row < candles.length && candles.start[series.row] + span <= this.#from) series.row++
      series.first = series.row
      series.next = this.#closeOf(series)
    }
    const { candles, row } = track.daily
    if (row > 0) this.exchange.setLast(track.instrument.symbol, candles.close[row - 1])
    this.#schedule(track)
  }

  /**
   * What is known at the present moment: instruments, the candles that have closed and were told, in order of time,
   * funding rates, and the last price where it is newer than the daily close.
   *
   * @param only of this symbol; of all if left out
   */
  history(only?: string): readonly Input[] {
    const at = this.exchange.now
    const inputs: Input[] = []
    for (const track of this.#tracks) {
      const { rate } = track
      const { symbol } = track.instrument
      const instrument = this.exchange.instrument(symbol)
      if (only !== undefined && symbol !== only) continue
      inputs.push({ type: 'instrument', at, instrument })
      for (const series of track.told) {
        for (let row = 0; row < series.row; row++) inputs.push(candleInput(series.candles, row, at))
      }
      if (track.funding.isRecorded) inputs.push({ type: 'funding-rate', at, symbol, ...rate })
      const price = this.#newestPrice(track, at)
      if (price !== null) inputs.push({ type: 'price', at, symbol, ...price })
    }
    return inputs
  }

  /** The close of the newest bar that has ended; `null` where the daily close says as much. */
  #newestPrice(
    { parts, part, row, mark, daily }: Track,
    at: Timestamp,
  ): { readonly time: Timestamp; readonly last: number; readonly mark: number } | null {
    const endOf = ({ candles }: Stretch, row: number): Timestamp =>
      candles.start[row] + INTERVAL_MS[candles.interval]
    let newest = -1
    let told: Candles | null = null
    // A symbol without a stake has not been looked at for a while: its next bar may lie in the past.
    for (let k = Math.max(0, Math.min(part, parts.length) - 1); k < parts.length; k++) {
      const { candles, from, to } = parts[k]
      let next = k < part ? to : k === part ? row : from
      while (next < to && endOf(parts[k], next) <= at) next++
      if (next > from) {
        newest = next - 1
        told = candles
      }
      if (next < to) break
    }
    if (told === null) return null
    const bar = barAt(told, newest, mark)
    const closed = daily.row > 0 ? daily.candles.start[daily.row - 1] + daily.span : 0
    return bar.end > closed ? { time: bar.end, last: bar.close, mark: bar.markClose } : null
  }

  /** When the bars of each symbol end; a symbol without any is left out. */
  ends(): ReadonlyMap<string, Timestamp> {
    const ends = new Map<string, Timestamp>()
    for (const { instrument, parts } of this.#tracks) {
      if (parts.length === 0) continue
      const { candles, to } = parts[parts.length - 1]
      ends.set(instrument.symbol, candles.start[to - 1] + INTERVAL_MS[candles.interval])
    }
    return ends
  }

  /** Start of trading. */
  get from(): Timestamp {
    return this.#from
  }

  /** The next instant at which the market moves; `null` when the data have ended. */
  get nextAt(): Timestamp | null {
    let next = NEVER
    for (const track of this.#tracks) if (track.next < next) next = track.next
    return next === NEVER ? null : next
  }

  /** Takes an order: from now on the bars of its symbol matter. */
  place(order: OrderRequest): void {
    const track = this.#bySymbol.get(order.symbol)
    const idle = track !== undefined && !this.exchange.isActive(order.symbol)
    if (idle) this.#skipTo(track, this.exchange.now)
    this.exchange.place(order)
    if (idle) this.#schedule(track)
  }

  /** What others do to the account (`SimExchange.act`). Returns why it cannot be done, or `null`. */
  act(act: Act): string | null {
    const symbol =
      act.kind === 'rest'
        ? act.order.symbol
        : act.kind === 'deposit' || act.kind === 'restrict'
          ? null
          : act.symbol
    const track = symbol === null ? undefined : this.#bySymbol.get(symbol)
    if (track === undefined) return this.exchange.act(act)
    if (!this.exchange.isActive(track.instrument.symbol)) this.#skipTo(track, this.exchange.now)
    const refusal = this.exchange.act(act)
    if (act.kind === 'settle' && refusal === null) {
      // A symbol that is no longer traded has no further candles.
      track.ended = true
      track.part = track.parts.length
      for (const series of track.told) series.next = NEVER
    }
    this.#schedule(track)
    return refusal
  }

  /** Inputs for the trader since the last call: first what the exchange reports, then what the market tells. */
  take(): readonly Input[] {
    const reports = this.exchange.take()
    if (this.#outbox.length === 0) return reports
    const told = this.#outbox
    this.#outbox = []
    return reports.length === 0 ? told : [...reports, ...told]
  }

  /**
   * Moves the market to its next instant. Yields whenever the trader is to react before it goes on: deliver what
   * `take` gives and hand over the requests that follow.
   */
  *advance(at: Timestamp): Generator<void, void> {
    this.exchange.setTime(at)
    if (this.exchange.hasReports) yield
    for (const track of this.#tracks) {
      if (track.next !== at) continue
      if (this.exchange.isActive(track.instrument.symbol)) yield* this.#match(track, at)
      else this.#skipTo(track, at)
      if (track.part >= track.parts.length && !track.ended) yield* this.#end(track)
    }
    for (const track of this.#tracks) {
      if (track.next !== at) continue
      for (const series of track.told) {
        if (series.next !== at) continue
        this.#outbox.push(candleInput(series.candles, series.row, at))
        series.row++
        series.next = this.#closeOf(series)
        if (series.isDecidedOn) this.#rate(track, at, this.#outbox)
      }
      this.#schedule(track)
    }
    if (this.#outbox.length > 0) yield
  }

  *#match(track: Track, at: Timestamp): Generator<void, void> {
    const { symbol } = track.instrument
    const { candles } = track.parts[track.part]
    if (candles.start[track.row] + INTERVAL_MS[candles.interval] > at) return
    const bar = barAt(candles, track.row, track.mark)
    this.#step(track)
    const held = this.exchange.hasPosition(symbol)
    if (this.exchange.isUntouched(symbol, bar) && !(held && track.funding.settles(bar.start, bar.end))) {
      this.exchange.setLast(symbol, bar.close, bar.markClose, bar.end)
    } else {
      yield* this.exchange.bar(symbol, bar, track.funding.within(bar.start, bar.end))
    }
    if (this.exchange.hasPosition(symbol)) {
      this.#price(symbol, bar, at)
      yield
    }
  }

  /** Tells the close of a bar, with the part of its range that the position has seen: of each where there are two. */
  #price(symbol: string, bar: Bar, at: Timestamp): void {
    const { exchange } = this
    const isBoth = exchange.hasPosition(symbol, 'long') && exchange.hasPosition(symbol, 'short')
    for (const side of SIDES) {
      if (!exchange.hasPosition(symbol, side)) continue
      this.#outbox.push({
        type: 'price',
        at,
        time: at,
        symbol,
        last: bar.close,
        mark: bar.markClose,
        ...exchange.range(symbol, side, bar),
        ...(isBoth ? { side } : {}),
      })
    }
  }

  /** Nobody has anything at stake: bars up to now pass unread but for the last price. */
  #skipTo(track: Track, at: Timestamp): void {
    let close = Number.NaN
    while (track.part < track.parts.length) {
      const { candles } = track.parts[track.part]
      if (candles.start[track.row] + INTERVAL_MS[candles.interval] > at) break
      close = candles.close[track.row]
      this.#step(track)
    }
    if (!Number.isNaN(close)) this.exchange.setLast(track.instrument.symbol, close)
  }

  /** Goes on to the next bar of the symbol. */
  #step(track: Track): void {
    track.row++
    if (track.row < track.parts[track.part].to) return
    track.part++
    if (track.part < track.parts.length) track.row = track.parts[track.part].from
  }

  /** The symbol's candles have ended: what is open is settled, nothing more is traded. */
  *#end(track: Track): Generator<void, void> {
    track.ended = true
    const last = track.parts[track.parts.length - 1]
    const { candles } = last
    const row = last.to - 1
    yield* this.exchange.close(
      track.instrument.symbol,
      candles.close[row],
      candles.high[row] - candles.low[row],
    )
  }

  /** When the symbol is to be looked at next: its data, and with a stake its next bar, without one its last. */
  #schedule(track: Track): void {
    let bar = NEVER
    if (track.part < track.parts.length) {
      const active = this.exchange.isActive(track.instrument.symbol)
      const { candles, to } = active ? track.parts[track.part] : track.parts[track.parts.length - 1]
      bar = candles.start[active ? track.row : to - 1] + INTERVAL_MS[candles.interval]
    }
    for (const series of track.told) if (series.next < bar) bar = series.next
    track.next = bar
  }

  #closeOf({ candles, row, span }: Told): Timestamp {
    if (row >= candles.length) return NEVER
    const close = candles.start[row] + span
    return close <= this.#to ? close : NEVER
  }

  /** Tells a rate that is another one; settlements that come as they were announced need no word. */
  #rate(track: Track, at: Timestamp, inputs: Input[]): void {
    if (!track.funding.isRecorded) return
    const rate = rateAt(track.funding, at)
    const { per8h, interval, next } = track.rate
    const isOnTime = (rate.next - next) % interval === 0
    if (rate.per8h === per8h && rate.interval === interval && isOnTime) return
    track.rate = rate
    inputs.push({ type: 'funding-rate', at, symbol: track.instrument.symbol, ...rate })
  }

  /** What the data did not have, for the report. */
  replaced(): Replaced {
    const bars = new Map<Interval, number>()
    for (const track of this.#tracks) {
      for (const [interval, count] of told(track.parts)) bars.set(interval, (bars.get(interval) ?? 0) + count)
    }
    const { assumed, recorded } = this.exchange.settled
    const names = (without: (track: Track) => boolean): string[] =>
      this.#tracks.filter(without).map(track => track.instrument.symbol)
    return {
      fundingAssumed: assumed,
      fundingRecorded: recorded,
      bars,
      inferredFilters: names(track => track.instrument.source === 'inferred'),
      withoutMinutes15: names(track => find(track, '15m') === undefined),
      untold: new Map(
        (this.options.tells ?? []).map(({ interval }) => [
          interval,
          names(track => (find(track, interval)?.row ?? 0) === (find(track, interval)?.first ?? 0)),
        ]),
      ),
      withoutMark: names(track => !hasMark(track)),
    }
  }
}

function rateAt(funding: FundingTape, at: Timestamp): Rate {
  return { per8h: funding.settledPer8h(at), ...funding.announced(at) }
}

function candleInput(candles: Candles, row: number, at: Timestamp): Input {
  return {
    type: 'candle',
    at,
    symbol: candles.symbol,
    interval: candles.interval,
    start: candles.start[row],
    open: candles.open[row],
    high: candles.high[row],
    low: candles.low[row],
    close: candles.close[row],
    volume: candles.volume[row],
    turnover: candles.turnover[row],
  }
}

/** The daily candles: as recorded, else summed up from the finest there are. */
function dailyOf(market: SymbolMarket): Candles {
  const recorded = market.candles.get('1d')
  if (recorded !== undefined) return recorded
  const finest = finestOf(market.candles)
  assert(finest !== null, `${market.instrument.symbol} has candles`)
  return aggregate(finest, '1d')
}

/** Candles of an interval: as recorded, else summed up from the shorter ones that reach furthest, else none. */
export function seriesOf({ candles }: SymbolMarket, interval: Interval): Candles | null {
  const recorded = candles.get(interval)
  if (recorded !== undefined) return recorded
  const span = INTERVAL_MS[interval]
  const reach = (one: Candles): number => one.length * INTERVAL_MS[one.interval]
  let longest: Candles | null = null
  for (const one of candles.values()) {
    const isPart = INTERVAL_MS[one.interval] < span && span % INTERVAL_MS[one.interval] === 0
    if (isPart && (longest === null || reach(one) > reach(longest))) longest = one
  }
  return longest === null ? null : aggregate(longest, interval)
}

function toldOf(candles: Candles, isDecidedOn: boolean): Told {
  return { candles, span: INTERVAL_MS[candles.interval], isDecidedOn, row: 0, first: 0, next: NEVER }
}

function find({ told }: Track, interval: Interval): Told | undefined {
  return told.find(({ candles }) => candles.interval === interval)
}

/**
 * The candles at whose closes the market goes on with a bar that begins then and is no longer than they are; those that
 * closed until `from` all stay, and so does the very last one.
 */
function answered(candles: Candles, parts: readonly Stretch[], from: Timestamp): Candles {
  const span = INTERVAL_MS[candles.interval]
  const rows: number[] = []
  const last = parts.length > 0 ? parts[parts.length - 1].candles : null
  const endsFine = last === null || INTERVAL_MS[last.interval] <= span
  let part = 0
  let bar = parts.length > 0 ? parts[0].from : 0
  for (let row = 0; row < candles.length; row++) {
    const close = candles.start[row] + span
    while (part < parts.length && parts[part].candles.start[bar] < close) {
      bar++
      if (bar < parts[part].to) continue
      part++
      if (part < parts.length) bar = parts[part].from
    }
    const next = part < parts.length ? parts[part].candles : null
    const isFine = next === null ? endsFine : next.start[bar] === close && INTERVAL_MS[next.interval] <= span
    if (close <= from || isFine) rows.push(row)
  }
  if (rows.length === candles.length) return candles
  const kept = new CandleSeries(candles.symbol, candles.interval, rows.length)
  const { start, open, high, low, close, volume, turnover } = candles
  for (const i of rows) kept.push(start[i], open[i], high[i], low[i], close[i], volume[i], turnover[i])
  return kept
}

function finestOf(candles: SymbolMarket['candles']): Candles | null {
  let finest: Candles | null = null
  for (const one of candles.values()) {
    if (finest === null || INTERVAL_MS[one.interval] < INTERVAL_MS[finest.interval]) finest = one
  }
  return finest
}

/** Whether recorded mark candles cover every bar that the symbol's orders are matched against. */
function hasMark({ mark, parts }: Track): boolean {
  if (mark === null) return false
  return parts.every(({ candles, from, to }) => {
    const span = INTERVAL_MS[candles.interval]
    for (let row = from; row < to; row++) {
      const start = candles.start[row]
      if (markRange(mark, start, start + span) === null) return false
    }
    return true
  })
}

function finestMark(market: SymbolMarket): MarkCandles | null {
  let finest: MarkCandles | null = null
  for (const one of market.mark.values()) {
    if (finest === null || INTERVAL_MS[one.interval] < INTERVAL_MS[finest.interval]) finest = one
  }
  return finest
}
