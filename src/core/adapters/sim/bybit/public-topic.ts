/** What a public topic tells one connection, and what it has told already. */
import { type Milliseconds, SECOND, type Timestamp } from '../../../base/units.ts'
import type { Desk } from './desk.ts'
import type { Tempo } from './pace.ts'
import { bookNumber, bookOf, klineEnd, klineStart, type Level, tickerOf, tradeAt } from './quotes.ts'
import type { Json } from './shapes.ts'
import { priceText, quoteText, roundText, stepsText } from './text.ts'

const TICKER_SPACING: Milliseconds = 100
const KLINE_SPACING: Milliseconds = SECOND
const MOST_TRADES = 1_024
/** Candles that closed while nobody looked are told by so many at once. */
const MOST_CANDLES = 100
const DEPTHS = ['1', '50', '200', '1000']

/** A subscription: what there is to tell since the last call. */
export interface PublicTopic {
  messages(): readonly Json[]
}

/** What a topic is about. */
interface Subject {
  readonly desk: Desk
  readonly topic: string
  readonly symbol: string
  /** Nobody is told more often by the wall's clock. */
  readonly tempo: Tempo
}

const WALL: Tempo = { present: 1 }

/** The topic of a name; `null` where there is none. */
export function publicTopic(desk: Desk, topic: string, tempo: Tempo = WALL): PublicTopic | null {
  const parts = topic.split('.')
  const symbol = parts[parts.length - 1]
  if (!desk.feeds.has(symbol) || !desk.isTrading(symbol)) return null
  const subject = { desk, topic, symbol, tempo }
  if (parts.length === 2 && parts[0] === 'tickers') return new TickerTopic(subject)
  if (parts.length === 2 && parts[0] === 'publicTrade') return new TradeTopic(subject)
  if (parts.length === 3 && parts[0] === 'kline' && klineStart(parts[1], desk.now) !== null)
    return new KlineTopic(subject, parts[1])
  if (parts.length === 3 && parts[0] === 'orderbook' && DEPTHS.includes(parts[1]))
    return new BookTopic(subject, Number(parts[1]))
  return null
}

/** A span of the wall's clock on the exchange's. */
function spacing(span: Milliseconds, { tempo }: Subject): Milliseconds {
  return span * Math.max(1, tempo.present)
}

function timeOf({ desk }: Subject): Timestamp {
  return Math.floor(desk.now)
}

/** Fields of the stream's ticker that the REST one does not have, or the other way round. */
const NOT_STREAMED = [
  'predictedDeliveryPrice',
  'basisRate',
  'basis',
  'basisRateYear',
  'deliveryFeeRate',
  'deliveryTime',
  'preOpenPrice',
  'preQty',
  'curPreListingPhase',
]

/** One snapshot, then what has changed. */
class TickerTopic implements PublicTopic {
  readonly #subject: Subject
  #told: { readonly [name: string]: string } | null = null
  #at: Timestamp = 0

  constructor(subject: Subject) {
    this.#subject = subject
  }

  messages(): readonly Json[] {
    const { desk, topic, symbol } = this.#subject
    const now = timeOf(this.#subject)
    if (this.#told !== null && now - this.#at < spacing(TICKER_SPACING, this.#subject)) return []
    const before = this.#told
    const full = Object.fromEntries(
      Object.entries(tickerOf(desk, symbol)).filter(([name]) => !NOT_STREAMED.includes(name)),
    )
    const [old, last] = [Number(before?.lastPrice ?? full.lastPrice), Number(full.lastPrice)]
    const sameWord = before?.tickDirection?.replace('Zero', '') ?? 'PlusTick'
    full.tickDirection = last > old ? 'PlusTick' : last < old ? 'MinusTick' : `Zero${sameWord}`
    const changed = Object.entries(full).filter(([name, text]) => before?.[name] !== text)
    if (before !== null && changed.length === 0) return []
    this.#told = full
    this.#at = now
    const data = before === null ? full : { symbol, ...Object.fromEntries(changed) }
    return [{ topic, type: before === null ? 'snapshot' : 'delta', data, cs: bookNumber(now), ts: now }]
  }
}

/** The candle that is under way every second, and each once more when it has closed. */
class KlineTopic implements PublicTopic {
  readonly #subject: Subject
  readonly #interval: string
  /** The candle that is under way, as far as has been told. */
  #start: Timestamp
  #at: Timestamp = Number.NEGATIVE_INFINITY

  constructor(subject: Subject, interval: string) {
    this.#subject = subject
    this.#interval = interval
    this.#start = klineStart(interval, timeOf(subject)) ?? timeOf(subject)
  }

  messages(): readonly Json[] {
    const now = timeOf(this.#subject)
    const messages: Json[] = []
    for (
      let end = klineEnd(this.#interval, this.#start);
      end <= now;
      end = klineEnd(this.#interval, this.#start)
    ) {
      if (messages.length < MOST_CANDLES) messages.push(...this.#message(this.#start, end, true))
      this.#start = end
    }
    if (messages.length === 0 && now - this.#at < spacing(KLINE_SPACING, this.#subject)) return []
    this.#at = now
    return [...messages, ...this.#message(this.#start, klineEnd(this.#interval, this.#start), false)]
  }

  #message(start: Timestamp, end: Timestamp, confirm: boolean): readonly Json[] {
    const { desk, topic, symbol } = this.#subject
    const now = timeOf(this.#subject)
    const candle = desk.feed(symbol).candle('last', start, end, now)
    if (candle === null) return []
    const instrument = desk.instrument(symbol)
    const text = (price: number): string => quoteText(instrument, price)
    return [
      {
        topic,
        data: [
          {
            start,
            end: end - 1,
            interval: this.#interval,
            open: text(candle.open),
            close: text(candle.close),
            high: text(candle.high),
            low: text(candle.low),
            volume: roundText(candle.volume, 8),
            turnover: roundText(candle.turnover, 8),
            confirm,
            timestamp: now,
          },
        ],
        ts: now,
        type: 'snapshot',
      },
    ]
  }
}

/** Trades since the last message, oldest first. */
class TradeTopic implements PublicTopic {
  readonly #subject: Subject
  #second: Timestamp

  constructor(subject: Subject) {
    this.#subject = subject
    this.#second = Math.floor(timeOf(subject) / SECOND) * SECOND
  }

  messages(): readonly Json[] {
    const { desk, topic, symbol } = this.#subject
    const now = timeOf(this.#subject)
    const feed = desk.feed(symbol)
    const { instrument } = feed
    const from = Math.max(this.#second + SECOND, (Math.floor(now / SECOND) - MOST_TRADES + 1) * SECOND)
    const data: Json[] = []
    for (let second = from; second <= now; second += SECOND) {
      this.#second = second
      const trade = tradeAt(feed, second)
      if (trade === null) continue
      data.push({
        T: trade.time,
        s: symbol,
        S: trade.side,
        v: stepsText(instrument, trade.steps),
        p: priceText(instrument, trade.price),
        L: trade.direction,
        i: trade.id,
        BT: false,
        RPI: false,
        seq: bookNumber(trade.time),
      })
    }
    return data.length === 0 ? [] : [{ topic, type: 'snapshot', ts: now, data }]
  }
}

/** The best level as snapshots alone; deeper books as a snapshot and what has changed since. */
class BookTopic implements PublicTopic {
  readonly #subject: Subject
  readonly #depth: number
  #bids: ReadonlyMap<string, string> | null = null
  #asks: ReadonlyMap<string, string> = new Map()
  #at: Timestamp = 0

  constructor(subject: Subject, depth: number) {
    this.#subject = subject
    this.#depth = depth
  }

  messages(): readonly Json[] {
    const { desk, topic, symbol } = this.#subject
    const now = timeOf(this.#subject)
    if (this.#bids !== null && now - this.#at < spacing(TICKER_SPACING, this.#subject)) return []
    const { bids, asks } = bookOf(desk.feed(symbol), now, this.#depth)
    const [newBids, newAsks] = [new Map(bids), new Map(asks)]
    const isFirst = this.#bids === null || this.#depth === 1
    const b = isFirst ? bids : changes(this.#bids ?? new Map(), newBids)
    const a = isFirst ? asks : changes(this.#asks, newAsks)
    const isSame =
      this.#bids !== null &&
      changes(this.#bids, newBids).length === 0 &&
      changes(this.#asks, newAsks).length === 0
    if (isSame) return []
    this.#bids = newBids
    this.#asks = newAsks
    this.#at = now
    const data = { s: symbol, b, a, u: bookNumber(now), seq: bookNumber(now) }
    return [{ topic, type: isFirst ? 'snapshot' : 'delta', ts: now, data, cts: now }]
  }
}

/** Levels that are new or others; size 0 takes one away. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly Level[] {
  const gone = [...before.keys()].filter(price => !after.has(price)).map((price): Level => [price, '0'])
  const changed = [...after].filter(([price, size]) => before.get(price) !== size)
  return [...gone, ...changed]
}
