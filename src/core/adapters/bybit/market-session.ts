/**
 * The real market as an engine follows it: which symbols, with what past, and what happens on them from then on. The
 * past comes into the cache once and from there; symbols are looked over every day, filters every hour. Whatever cannot
 * be had now is asked for again, and nothing that is known is taken away for want of an answer, or for one that cannot be
 * read: then the symbol is left out, and told; one that is followed or held goes on by what was known of it.
 */
import type { Code } from '../../base/codes.ts'
import { ExchangeError, StoreError } from '../../base/errors.ts'
import { DAY, HOUR, MINUTE, type Milliseconds, type Timestamp } from '../../base/units.ts'
import type { Input } from '../../engine/protocol.ts'
import type { Instrument } from '../../market/instrument.ts'
import { instrumentFrom } from '../../market/instruments.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import { lowestMargins } from '../../market/risk-tier.ts'
import type { Bar, Settlement } from '../sim/exchange.ts'
import type { MarketCache } from '../sqlite/market-cache.ts'
import { Download, dayOf, type Hearer } from './download.ts'
import { instrumentRow, isTraded, listingOf } from './listing.ts'
import type { SpoiltRow } from './loose-rows.ts'
import type { ListedInstrument, Ticker } from './mapper-market.ts'
import { type BybitMarket, CANDLES_PER_PAGE, type MarketAnswer } from './market.ts'
import { type FeedConnection, type Followed, MarketFeed, spikeIn } from './market-feed.ts'
import { NamedInstruments } from './named-instruments.ts'
import type { StreamListener } from './stream-connection.ts'
import { windowsOf } from './windows.ts'

/** Of each interval so many closed candles are told at the start, at most as many as one answer has. */
const TOLD: { readonly [interval in Interval]?: number } = { '1d': 1_000, '1h': 100, '15m': 400, '5m': 400 }
/** Symbols are followed beyond those of highest turnover, as those change within a day. */
const SPARE = 2
/** How often filters are looked at. */
const REFRESH: Milliseconds = HOUR
/** How often at most they are looked at because an order has been refused for what it is. */
const RESTED: Milliseconds = MINUTE
/** A new day's first candles are waited for. */
const DAY_DELAY: Milliseconds = MINUTE
/** What failed is tried again after this. */
const RETRY: Milliseconds = MINUTE
const EIGHT_HOURS: Milliseconds = 8 * HOUR

export interface SessionPorts {
  readonly market: BybitMarket
  readonly cache: MarketCache
  /** Names the exchange in the cache. */
  readonly origin: string
  connect(listener: StreamListener): FeedConnection
  /** The exchange's time. */
  now(): Timestamp
  say(code: Code, words: string): void
  readonly hearer: Hearer
  readonly signal: AbortSignal
}

export interface SessionWish {
  /** `null`: those of highest turnover. */
  readonly symbols: readonly string[] | null
  /** How many decisions look at; 0: all. */
  readonly top: number
  /** The candles that an engine wants. */
  readonly intervals: readonly Interval[]
  /**
   * What is held is closed, and nothing else is done: neither a past nor a price is waited for, and where the list of the
   * market cannot be had either, what is held goes on by what was known of it.
   */
  readonly onlyCloses?: boolean
}

/** What went by on a symbol: minutes, oldest first, and settlements. */
export interface Minutes {
  readonly bars: readonly Bar[]
  readonly settlements: readonly Settlement[]
}

export class MarketSession {
  readonly #ports: SessionPorts
  readonly #wish: SessionWish
  readonly #followed = new Map<string, Instrument>()
  readonly #named: NamedInstruments
  #listed: ReadonlyMap<string, ListedInstrument> = new Map()
  /** Filters of what the books hold, for what of the list cannot be read. */
  #booked: ReadonlyMap<string, Instrument> = new Map()
  /** Symbols that the list has and that cannot be read; `null` among them: some that do not even say which. */
  #unread: ReadonlySet<string | null> = new Set()
  /** Rows that cannot be read, as they were told. */
  readonly #spoilt = new Map<string, ReadonlySet<string>>()
  #margins: ReadonlyMap<string, number> = new Map()
  #feed: MarketFeed | null = null
  #hear: (input: Input) => void = () => {}
  #refreshAt: Timestamp = Number.POSITIVE_INFINITY
  #rankAt: Timestamp = Number.POSITIVE_INFINITY
  #refreshedAt: Timestamp = Number.NEGATIVE_INFINITY
  /** The list of the market, which could not be had, is not asked for before. */
  #listAt: Timestamp = Number.NEGATIVE_INFINITY
  #isBusy = false

  constructor(ports: SessionPorts, wish: SessionWish) {
    this.#ports = ports
    this.#wish = wish
    this.#named = new NamedInstruments({
      named: symbol => ports.market.named(symbol),
      now: () => ports.now(),
    })
  }

  /**
   * Chooses the symbols, fetches what is missing of their past, and tells all that an engine has to know to begin.
   *
   * @param held symbols that are followed in any case
   * @param booked filters of what the books hold
   * @throws ExchangeError, DataError for a symbol that is not traded, the reason of the signal
   */
  async open(
    held: readonly string[],
    booked: ReadonlyMap<string, Instrument> = new Map(),
  ): Promise<readonly Input[]> {
    this.#booked = booked
    if (this.#wish.onlyCloses === true) return this.#toClose(held)
    const [listed, tickers] = await Promise.all([this.#ports.market.instruments(), this.#tickers()])
    this.#take(listed)
    const now = this.#ports.now()
    this.#refreshAt = now + REFRESH
    this.#refreshedAt = now
    this.#rankAt = nextDay(now) + DAY_DELAY
    return this.#past(this.#chosen(tickers.items, held))
  }

  /** Starts telling what happens from now on. `check` is to be called about once a second. */
  feed(hear: (input: Input) => void): { check(): void; close(): void } {
    this.#hear = hear
    const feed = new MarketFeed({
      connect: listener => this.#ports.connect(listener),
      candles: ({ symbol, interval, from, to }) => this.#candles(symbol, interval, from, to),
      tickers: () => this.#tickers(),
      now: () => this.#ports.now(),
      hear,
      say: (code, words) => this.#ports.say(code, words),
    })
    this.#feed = feed
    feed.follow([...this.#followed.keys()].map(symbol => this.#upTo(symbol)))
    return {
      check: () => {
        feed.check()
        this.#lookOver()
      },
      close: () => feed.close(),
    }
  }

  /**
   * The filters of any symbol that is followed or listed; `null`: it is neither, or nothing but closing is meant and the list
   * cannot be had.
   *
   * @throws ExchangeError where the list of the market is not there yet and cannot be had
   */
  async instrument(symbol: string): Promise<Instrument | null> {
    const followed = this.#followed.get(symbol)
    if (followed !== undefined) return followed
    if (this.#listed.size === 0) {
      if (this.#wish.onlyCloses === true) await this.#takeIfThere()
      else this.#take(await this.#ports.market.instruments())
    }
    return this.#instrumentOf(symbol) ?? null
  }

  /** The filters of any other symbol, as far as the exchange has said by now: it is asked for by its name. */
  named(symbol: string): Instrument | null {
    const listed = this.#named.find(symbol)
    return listed === null ? null : this.#filters(listed)
  }

  /** The filters of a symbol that is followed. */
  followed(symbol: string): Instrument | undefined {
    return this.#followed.get(symbol)
  }

  /** An order was refused as the filters that are known would have it taken: they are looked at soon. */
  doubtFilters(): void {
    this.#refreshAt = Math.min(this.#refreshAt, Math.max(this.#ports.now(), this.#refreshedAt + RESTED))
  }

  /** The closed minutes of a symbol from a time on, with its mark price, and its settlements since. */
  async minutes(symbol: string, from: Timestamp): Promise<Minutes> {
    const { market } = this.#ports
    const range = { from, to: Math.floor(this.#ports.now()) }
    const bars: Bar[] = []
    for (const window of windowsOf(range, MINUTE * CANDLES_PER_PAGE)) {
      const [candles, marks] = await Promise.all([
        market.candles(symbol, '1m', window),
        market.mark(symbol, '1m', window),
      ])
      const markAt = new Map(marks.map(mark => [mark.start, mark]))
      for (const candle of candles) {
        const { start, open, high, low, close } = candle
        // Where the mark price is not recorded the last price stands for it.
        const mark = markAt.get(start) ?? candle
        bars.push({
          start,
          end: start + MINUTE,
          open,
          high,
          low,
          close,
          markOpen: mark.open,
          markHigh: mark.high,
          markLow: mark.low,
          markClose: mark.close,
        })
      }
    }
    const settlements = (await market.settlements(symbol, range)).map(({ time, rate }) => ({
      time,
      rate,
      isAssumed: false,
    }))
    return { bars, settlements }
  }

  // --- what cannot be read --------------------------------------------------------------------------------------

  /** Takes the list of the market. What of it cannot be read is as it was known. */
  #take({ items, spoilt }: MarketAnswer<ListedInstrument>): void {
    this.#unread = new Set(spoilt.map(({ symbol }) => symbol))
    const listed = new Map(items.map(one => [one.symbol, one]))
    for (const [symbol, known] of this.#listed) {
      if (!listed.has(symbol) && this.#mayBeListed(symbol)) listed.set(symbol, known)
    }
    this.#listed = listed
    this.#tell('filters', spoilt)
  }

  /** As `#take`; a list that cannot be had says nothing of any symbol, and is asked for again later. */
  async #takeIfThere(): Promise<void> {
    const now = this.#ports.now()
    if (now < this.#listAt) return
    try {
      this.#take(await this.#ports.market.instruments())
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error
      this.#listAt = now + RETRY
      this.#unread = new Set([null])
      const words = `the list of the market cannot be had (${error.message})`
      this.#ports.say('W513', `${words}: what is held is closed by what it shows itself`)
    }
  }

  async #tickers(): Promise<MarketAnswer<Ticker>> {
    const answer = await this.#ports.market.tickers()
    this.#tell('price', answer.spoilt)
    return answer
  }

  /** Says what cannot be read, once for as long as it lasts. */
  #tell(what: string, spoilt: readonly SpoiltRow[]): void {
    const before = this.#spoilt.get(what)
    this.#spoilt.set(what, new Set(spoilt.map(({ symbol }) => `${symbol}`)))
    for (const { symbol, reason } of spoilt) {
      if (before?.has(`${symbol}`) !== true)
        this.#ports.say('W513', `${symbol ?? 'a symbol'}, ${what}: ${reason}`)
    }
  }

  /** Whether a symbol that is not read in the list may be in it all the same. */
  #mayBeListed(symbol: string): boolean {
    return this.#unread.has(symbol) || this.#unread.has(null)
  }

  // --- which symbols ------------------------------------------------------------------------------------------

  #chosen(tickers: readonly Ticker[], held: readonly string[]): readonly string[] {
    const { symbols, top } = this.#wish
    if (symbols !== null) return [...new Set([...symbols, ...held.filter(one => this.#isTraded(one))])]
    const ranked = tickers
      .filter(({ symbol }) => this.#isTraded(symbol))
      .sort((one, other) => other.turnover24h - one.turnover24h || (one.symbol < other.symbol ? -1 : 1))
      .map(({ symbol }) => symbol)
    const most = top === 0 ? ranked.length : top * SPARE
    return [...new Set([...ranked.slice(0, most), ...held.filter(one => this.#isTraded(one))])]
  }

  #isTraded(symbol: string): boolean {
    const listed = this.#listed.get(symbol)
    if (listed !== undefined) return isTraded(listed)
    return this.#mayBeListed(symbol) && this.#booked.has(symbol)
  }

  /** How it is listed; nothing where that cannot be read. */
  #listing(symbol: string): readonly Input[] {
    const listed = this.#listed.get(symbol)
    if (listed === undefined && this.#mayBeListed(symbol)) return []
    return [{ type: 'listing', at: 0, ...listingOf(symbol, listed) }]
  }

  /** The list of what is traded does not say how something else is listed: that is asked for by its name. */
  async #listingNow(symbol: string): Promise<readonly Input[]> {
    if (this.#listed.has(symbol) || this.#mayBeListed(symbol)) return this.#listing(symbol)
    try {
      const named = await this.#ports.market.named(symbol)
      return [{ type: 'listing', at: 0, ...listingOf(symbol, named ?? undefined) }]
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error
      return this.#listing(symbol)
    }
  }

  #instrumentOf(symbol: string): Instrument | undefined {
    const listed = this.#listed.get(symbol)
    if (listed !== undefined) return this.#filters(listed)
    return this.#mayBeListed(symbol) ? this.#booked.get(symbol) : undefined
  }

  #filters(listed: ListedInstrument): Instrument {
    const instrument = instrumentFrom(instrumentRow(listed, dayOf(this.#ports.now())))
    const maintenanceMarginRate = this.#margins.get(listed.symbol)
    return maintenanceMarginRate === undefined ? instrument : { ...instrument, maintenanceMarginRate }
  }

  // --- the past -------------------------------------------------------------------------------------------------

  /** Follows what is held without its past; returns what an engine has to know of it. */
  async #toClose(held: readonly string[]): Promise<readonly Input[]> {
    if (this.#listed.size === 0) await this.#takeIfThere()
    this.#refreshAt = this.#ports.now() + (this.#listed.size === 0 ? RETRY : REFRESH)
    const inputs: Input[] = []
    for (const symbol of held.filter(one => this.#isTraded(one))) {
      const instrument = this.#instrumentOf(symbol)
      if (instrument === undefined) continue
      this.#followed.set(symbol, instrument)
      inputs.push({ type: 'instrument', at: 0, instrument }, ...this.#listing(symbol))
    }
    return inputs
  }

  /** Brings the past of symbols into the cache and follows them; returns what an engine has to know of them. */
  async #past(symbols: readonly string[]): Promise<readonly Input[]> {
    const { market, cache, origin, hearer, signal } = this.#ports
    await new Download(market, cache, origin).run(
      {
        kinds: ['candles', 'tiers'],
        symbols,
        timeframes: this.#wish.intervals,
        from: null,
        to: null,
      },
      hearer,
      signal,
    )
    this.#margins = lowestMargins(cache.tiers())
    // The past may have taken a while: prices are those of now.
    const tickers = await this.#tickers()
    const bySymbol = new Map(tickers.items.map(ticker => [ticker.symbol, ticker]))
    const inputs: Input[] = []
    for (const symbol of symbols) {
      const instrument = this.#instrumentOf(symbol)
      if (instrument === undefined) continue
      this.#followed.set(symbol, instrument)
      inputs.push({ type: 'instrument', at: 0, instrument }, ...this.#listing(symbol))
      for (const interval of this.#wish.intervals) inputs.push(...this.#stored(symbol, interval))
      const ticker = bySymbol.get(symbol)
      if (ticker === undefined) continue
      inputs.push(fundingInput(ticker))
      const spike = spikeIn(ticker)
      if (spike === null) inputs.push(priceInput(ticker, tickers.at))
      else this.#ports.say('W509', spike)
    }
    return inputs
  }

  #stored(symbol: string, interval: Interval): readonly Input[] {
    const span = INTERVAL_MS[interval]
    const now = this.#ports.now()
    const from = now - (TOLD[interval] ?? 0) * span
    const candles = this.#ports.cache.candles(symbol, interval, from, now)
    if (candles === null) return []
    return Array.from({ length: candles.length }, (_, row) => ({
      type: 'candle' as const,
      at: 0,
      symbol,
      interval,
      start: candles.start[row],
      open: candles.open[row],
      high: candles.high[row],
      low: candles.low[row],
      close: candles.close[row],
      volume: candles.volume[row],
      turnover: candles.turnover[row],
    }))
  }

  /** How far the candles of a symbol are told: up to the newest in the cache. */
  #upTo(symbol: string): Followed {
    const now = this.#ports.now()
    const next = (interval: Interval): Timestamp => {
      const span = INTERVAL_MS[interval]
      const candles = this.#ports.cache.candles(symbol, interval, now - (TOLD[interval] ?? 0) * span, now)
      if (candles === null || candles.length === 0) return Math.floor(now / span) * span
      return candles.start[candles.length - 1] + span
    }
    return { symbol, from: new Map(this.#wish.intervals.map(interval => [interval, next(interval)])) }
  }

  async #candles(
    symbol: string,
    interval: Interval,
    from: Timestamp,
    to: Timestamp,
  ): ReturnType<BybitMarket['candles']> {
    const pages = windowsOf({ from, to }, INTERVAL_MS[interval] * CANDLES_PER_PAGE)
    const found = await Promise.all(pages.map(page => this.#ports.market.candles(symbol, interval, page)))
    return found.flat()
  }

  // --- what changes ---------------------------------------------------------------------------------------------

  #lookOver(): void {
    const now = this.#ports.now()
    if (this.#isBusy || (now < this.#refreshAt && now < this.#rankAt)) return
    const isNewDay = now >= this.#rankAt
    this.#isBusy = true
    this.#refresh(isNewDay)
      .then(
        () => {
          this.#refreshedAt = this.#ports.now()
          this.#refreshAt = this.#refreshedAt + REFRESH
          if (isNewDay) this.#rankAt = nextDay(this.#ports.now()) + DAY_DELAY
        },
        (error: unknown) => {
          // A cache that somebody else writes to is had later.
          const isBusy = error instanceof StoreError && error.retryable
          if (!(error instanceof ExchangeError) && !isBusy) throw error
          this.#refreshAt = this.#ports.now() + RETRY
          if (isNewDay) this.#rankAt = this.#refreshAt
        },
      )
      .finally(() => {
        this.#isBusy = false
      })
  }

  async #refresh(isNewDay: boolean): Promise<void> {
    const before = this.#listed
    this.#take(await this.#ports.market.instruments())
    for (const [symbol, known] of this.#followed) {
      for (const listing of await this.#listingNow(symbol)) this.#hear(listing)
      const instrument = this.#instrumentOf(symbol)
      // One that is not listed any more is followed for as long as somebody may hold it.
      if (instrument === undefined || isSame(before.get(symbol), this.#listed.get(symbol))) continue
      const fresh = { ...instrument, source: known.source }
      this.#followed.set(symbol, fresh)
      this.#hear({ type: 'instrument', at: 0, instrument: fresh })
    }
    if (!isNewDay || this.#wish.symbols !== null) return
    const tickers = await this.#tickers()
    const fresh = this.#chosen(tickers.items, []).filter(symbol => !this.#followed.has(symbol))
    if (fresh.length === 0) return
    for (const input of await this.#past(fresh)) this.#hear(input)
    this.#feed?.follow(fresh.map(symbol => this.#upTo(symbol)))
  }
}

function isSame(one: ListedInstrument | undefined, other: ListedInstrument | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function nextDay(now: Timestamp): Timestamp {
  return (Math.floor(now / DAY) + 1) * DAY
}

function fundingInput({ symbol, fundingRate, fundingInterval, nextFunding }: Ticker): Input {
  const isKnown = fundingRate !== null && fundingInterval !== null
  const per8h = isKnown ? (fundingRate * EIGHT_HOURS) / fundingInterval : null
  return { type: 'funding-rate', at: 0, symbol, per8h, interval: fundingInterval, next: nextFunding }
}

function priceInput({ symbol, last, mark }: Ticker, time: Timestamp): Input {
  return { type: 'price', at: 0, symbol, time, last, mark }
}
