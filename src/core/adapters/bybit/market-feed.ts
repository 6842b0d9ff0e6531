/**
 * What Bybit's public streams tell, as inputs of the engine: prices, funding and closed candles of the symbols that are
 * followed. Of prices the newest counts: however fast they come, one a symbol is told at each look, with the range in
 * between. Candles are told in order and once; what the stream leaves out is asked for, and prices that have not come
 * for a while as well. It keeps no timer: `check` is to be called about once a second.
 */
import type { Code } from '../../base/codes.ts'
import { DataError, ExchangeError } from '../../base/errors.ts'
import { HOUR, MINUTE, type Milliseconds, SECOND, type Timestamp } from '../../base/units.ts'
import type { Input } from '../../engine/protocol.ts'
import type { Candle } from '../../market/candles.ts'
import { INTERVALS, type Interval } from '../../market/interval.ts'
import { CandleKeeper, type Tellable, type Wanted } from './candle-keeper.ts'
import type { Ticker } from './mapper-market.ts'
import { mergedTicker, type RawTicker, streamMessage, type TickerChange, tickerOf } from './mapper-stream.ts'
import { INTERVAL_NAMES } from './market.ts'
import type { StreamConnection, StreamListener } from './stream-connection.ts'
import { shared } from './stream-plan.ts'

/** A ticker that has not changed for so long is asked for again: on a market that is open it does all the time. */
const TICKER_SILENCE: Milliseconds = MINUTE
/** A price that has not come for so long is asked for: the stream is away, or the market is very quiet. */
const PRICE_AGE: Milliseconds = 5 * SECOND
/** They are asked for so often at most. */
const ASK_AGAIN: Milliseconds = 5 * SECOND
/** A last price further from the mark, or a mark further from the index, is a spike, or wrong. A fraction. */
const SPIKE = 0.05
/** A price that nobody has looked at for so long before a newer one took its place was read late. */
const LATE: Milliseconds = 5_000
/** That prices are read late is said once in so long. */
const SAID_EVERY: Milliseconds = 5 * MINUTE
/** Lists of candles that are asked for at once. */
const MOST_ASKED = 8
/** The engine counts funding per 8 h. */
const EIGHT_HOURS: Milliseconds = 8 * HOUR

export type FeedConnection = Pick<
  StreamConnection,
  'subscribe' | 'unsubscribe' | 'renew' | 'check' | 'close' | 'isReady' | 'isSlowed'
>

export interface MarketFeedPorts {
  connect(listener: StreamListener): FeedConnection
  /** Closed candles, ascending. Throws an ExchangeError. */
  candles(wanted: Wanted): Promise<readonly Candle[]>
  /** The present state of all symbols, and of when it is. Throws an ExchangeError. */
  tickers(): Promise<{ readonly items: readonly Ticker[]; readonly at: Timestamp }>
  /** The exchange's time. */
  now(): Timestamp
  hear(input: Input): void
  say(code: Code, words: string): void
}

/** A symbol and how far its candles are known: the beginning of the first that is still to be told. */
export interface Followed {
  readonly symbol: string
  readonly from: ReadonlyMap<Interval, Timestamp>
}

interface Quote {
  raw: RawTicker | null
  /** By the exchange's clock; of the newest message, or of the newest answer. */
  at: Timestamp
  /** When the stream told of it last. */
  streamedAt: Timestamp
  last: number
  mark: number
  low: number
  high: number
  isNew: boolean
  isSpike: boolean
  /** What was told of its funding. */
  funding: string
  readonly connection: number
}

export class MarketFeed {
  readonly #ports: MarketFeedPorts
  readonly #keeper = new CandleKeeper()
  readonly #quotes = new Map<string, Quote>()
  readonly #connections: FeedConnection[] = []
  /** Topics' characters by connection. */
  readonly #used: number[] = []
  readonly #topics = new Map<string, { readonly symbol: string; readonly connection: number }>()
  readonly #asked: Wanted[] = []
  #asking = 0
  #isAskingPrices = false
  #askPricesAt: Timestamp = Number.NEGATIVE_INFINITY
  #isSlow = false
  /** Prices that were read late since it was said, and the age of the oldest of them. */
  #late = { count: 0, age: 0, saidAt: Number.NEGATIVE_INFINITY }

  constructor(ports: MarketFeedPorts) {
    this.#ports = ports
  }

  /** Follows symbols, besides those that are followed already. */
  follow(followed: readonly Followed[]): void {
    const topics: string[] = []
    for (const { symbol, from } of followed) {
      if (this.#quotes.has(symbol)) continue
      topics.push(tickerTopic(symbol))
      for (const [interval, next] of from) {
        this.#keeper.follow(symbol, interval, next)
        topics.push(`kline.${INTERVAL_NAMES[interval]}.${symbol}`)
      }
    }
    const places = shared(topics, this.#used)
    const groups = new Map<number, string[]>()
    for (const [k, topic] of topics.entries()) {
      const connection = places[k]
      const symbol = topic.slice(topic.lastIndexOf('.') + 1)
      this.#topics.set(topic, { symbol, connection })
      if (topic.startsWith('tickers.')) this.#quotes.set(symbol, newQuote(connection, this.#ports.now()))
      const group = groups.get(connection)
      if (group === undefined) groups.set(connection, [topic])
      else group.push(topic)
    }
    for (const [connection, group] of groups) this.#connection(connection).subscribe(group)
  }

  /** Follows a symbol no longer. */
  drop(symbol: string): void {
    this.#keeper.drop(symbol)
    this.#quotes.delete(symbol)
    for (const [topic, of] of this.#topics) {
      if (of.symbol !== symbol) continue
      this.#topics.delete(topic)
      this.#used[of.connection] -= topic.length + 1
      this.#connections[of.connection]?.unsubscribe([topic])
    }
  }

  /** Whether every connection is up, so that prices can be expected. */
  get isReady(): boolean {
    return this.#connections.every(({ isReady }) => isReady)
  }

  /** Tells the newest prices, asks for candles that have not come, and looks after the connections. */
  check(): void {
    const now = this.#ports.now()
    for (const connection of this.#connections) connection.check()
    this.#saySlow()
    this.#sayLate(now)
    for (const [symbol, quote] of this.#quotes) this.#tell(symbol, quote)
    this.#renewSilent(now)
    this.#askPrices(now)
    this.#asked.push(...this.#keeper.due(now))
    this.#askOn()
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  #connection(k: number): FeedConnection {
    const known = this.#connections[k]
    if (known !== undefined) return known
    const made = this.#ports.connect({
      ready: () => {},
      message: message => this.#onMessage(message),
      lost: (reason, isSilent) => this.#onLost(k, reason, isSilent),
      refused: (topic, reason) => {
        this.#ports.say('W504', `${topic}: ${reason}`)
        this.#topics.delete(topic)
      },
      denied: () => {},
    })
    this.#connections[k] = made
    return made
  }

  #onLost(connection: number, reason: string, isSilent: boolean): void {
    if (isSilent) this.#ports.say('W501', `market data: ${reason}`)
    // Deltas may be missing: only a snapshot is trusted again.
    for (const quote of this.#quotes.values()) if (quote.connection === connection) quote.raw = null
  }

  #onMessage(message: unknown): void {
    try {
      const read = streamMessage(message)
      if (read?.kind === 'ticker') this.#onTicker(read.symbol, read.change, read.at)
      else if (read?.kind === 'candles') {
        for (const { interval, candle, isClosed } of read.candles) {
          const own = intervalOf(interval)
          if (isClosed && own !== null) {
            this.#hearAll(read.symbol, own, this.#keeper.confirmed(read.symbol, own, candle))
          }
        }
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      this.#ports.say('E106', `a message of the market stream: ${error.message}`)
    }
  }

  #onTicker(symbol: string, change: TickerChange, at: Timestamp): void {
    const quote = this.#quotes.get(symbol)
    if (quote === undefined || at < quote.at) return
    const raw = mergedTicker(quote.raw, change)
    if (raw === null) return
    const ticker = tickerOf(raw)
    quote.raw = raw
    quote.streamedAt = this.#notAhead(at)
    this.#note(quote, ticker, at)
  }

  #note(quote: Quote, ticker: Ticker, at: Timestamp): void {
    if (quote.isNew) this.#superseded(this.#ports.now() - quote.at)
    quote.at = this.#notAhead(at)
    const spike = spikeIn(ticker)
    if (spike !== null && !quote.isSpike) this.#ports.say('W509', spike)
    quote.isSpike = spike !== null
    this.#tellFunding(ticker, quote)
    if (spike !== null) return
    const { last, mark } = ticker
    quote.low = quote.isNew ? Math.min(quote.low, last) : last
    quote.high = quote.isNew ? Math.max(quote.high, last) : last
    quote.last = last
    quote.mark = mark
    quote.isNew = true
  }

  /** What is dated ahead is of now at the latest: it must not keep what comes after it from being newer. */
  #notAhead(at: Timestamp): Timestamp {
    return Math.min(at, this.#ports.now())
  }

  /** A newer price takes the place of one that was never told. */
  #superseded(age: Milliseconds): void {
    if (age < LATE) return
    this.#late.count++
    this.#late.age = Math.max(this.#late.age, age)
  }

  #sayLate(now: Timestamp): void {
    const { count, age, saidAt } = this.#late
    if (count === 0 || now < saidAt + SAID_EVERY) return
    this.#late = { count: 0, age: 0, saidAt: now }
    const seconds = Math.round(age / 1_000)
    this.#ports.say('W511', `${count} prices, up to ${seconds} s old; the newest of each symbol was kept`)
  }

  #tell(symbol: string, quote: Quote): void {
    if (!quote.isNew) return
    quote.isNew = false
    const { last, mark, low, high, at: time } = quote
    this.#ports.hear({ type: 'price', at: 0, symbol, time, last, mark, low, high })
  }

  #tellFunding({ symbol, fundingRate, fundingInterval, nextFunding }: Ticker, quote: Quote): void {
    const told = `${fundingRate} ${fundingInterval} ${nextFunding}`
    if (told === quote.funding) return
    quote.funding = told
    const per8h =
      fundingRate === null || fundingInterval === null ? null : (fundingRate * EIGHT_HOURS) / fundingInterval
    this.#ports.hear({
      type: 'funding-rate',
      at: 0,
      symbol,
      per8h,
      interval: fundingInterval,
      next: nextFunding,
    })
  }

  #renewSilent(now: Timestamp): void {
    const silent: string[] = []
    for (const [symbol, quote] of this.#quotes) {
      const connection = this.#connections[quote.connection]
      if (now - quote.streamedAt < TICKER_SILENCE || connection?.isReady !== true) continue
      // Not again before it has had its time.
      quote.streamedAt = now
      quote.raw = null
      connection.renew(tickerTopic(symbol))
      silent.push(symbol)
    }
    if (silent.length === 0) return
    const words =
      silent.length > 3 ? `${silent.slice(0, 3).join(', ')} and ${silent.length - 3} more` : silent.join(', ')
    this.#ports.say('W502', `tickers of ${words}`)
  }

  /** What the stream does not tell is asked for, all of it in one question. */
  #askPrices(now: Timestamp): void {
    if (this.#isAskingPrices || now < this.#askPricesAt) return
    if (![...this.#quotes.values()].some(({ at }) => now - at >= PRICE_AGE)) return
    this.#isAskingPrices = true
    this.#ports
      .tickers()
      .then(
        ({ items, at }) => {
          for (const ticker of items) this.#take(ticker, at)
        },
        (error: unknown) => {
          // It is asked for again.
          if (!(error instanceof ExchangeError)) throw error
        },
      )
      .finally(() => {
        this.#isAskingPrices = false
        this.#askPricesAt = this.#ports.now() + ASK_AGAIN
      })
  }

  /** Takes a ticker that was asked for, where the stream has none that is newer. */
  #take(ticker: Ticker, at: Timestamp): void {
    const quote = this.#quotes.get(ticker.symbol)
    if (quote === undefined || at < quote.at) return
    this.#note(quote, ticker, at)
    this.#tell(ticker.symbol, quote)
  }

  #saySlow(): void {
    const isSlow = this.#connections.some(connection => connection.isSlowed)
    if (isSlow && !this.#isSlow) this.#ports.say('W503', 'market data')
    this.#isSlow = isSlow
  }

  /** Asks for candles, a few lists at a time. */
  #askOn(): void {
    while (this.#asking < MOST_ASKED) {
      const wanted = this.#asked.shift()
      if (wanted === undefined) return
      this.#asking++
      this.#ports
        .candles(wanted)
        .then(
          candles => {
            const { symbol, interval } = wanted
            const found = this.#keeper.listed(wanted, candles, this.#ports.now())
            if (found.missing > 0) this.#ports.say('I507', `${symbol} ${interval}: ${found.missing} candles`)
            this.#hearAll(symbol, interval, found)
          },
          (error: unknown) => {
            if (!(error instanceof ExchangeError)) throw error
            this.#keeper.failed(wanted, this.#ports.now())
          },
        )
        .finally(() => {
          this.#asking--
          this.#askOn()
        })
    }
  }

  #hearAll(symbol: string, interval: Interval, { candles }: Tellable): void {
    for (const candle of candles) {
      this.#ports.hear({ type: 'candle', at: 0, symbol, interval, ...candle })
    }
  }
}

/** What makes a price one that nobody should decide by, in words; `null` for a sound one. */
export function spikeIn({ symbol, last, mark, index }: Ticker): string | null {
  const isSpike = Math.abs(last - mark) > SPIKE * mark || Math.abs(mark - index) > SPIKE * index
  return isSpike ? `${symbol}: last ${last}, mark ${mark}, index ${index}` : null
}

function newQuote(connection: number, now: Timestamp): Quote {
  return {
    raw: null,
    at: now,
    streamedAt: now,
    last: Number.NaN,
    mark: Number.NaN,
    low: Number.NaN,
    high: Number.NaN,
    isNew: false,
    isSpike: false,
    funding: '',
    connection,
  }
}

function tickerTopic(symbol: string): string {
  return `tickers.${symbol}`
}

function intervalOf(name: string): Interval | null {
  return INTERVALS.find(interval => INTERVAL_NAMES[interval] === name) ?? null
}
