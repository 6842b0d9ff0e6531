/**
 * What the market shows of a symbol beside its candles: ticker, order book, trades, open interest. The prices are those
 * of its way; sizes, trades and open interest are made up from the candles' volume, the same at every asking.
 */
import { hashWords } from '../../../base/hash.ts'
import {
  DAY,
  HOUR,
  MINUTE,
  type Milliseconds,
  SECOND,
  type Steps,
  type Ticks,
  type Timestamp,
} from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { toTicks } from '../../../market/quantise.ts'
import type { Desk } from './desk.ts'
import type { SymbolFeed } from './feed.ts'
import type { Json } from './shapes.ts'
import { averageText, priceText, quoteText, roundText, stepsText } from './text.ts'

/** A share in [0, 1) that a text stands for. */
function chance(text: string): number {
  return hashWords(text)[0] / 2 ** 32
}

function lastTicks(instrument: Instrument, price: number): Ticks {
  return toTicks(instrument, Math.max(price, instrument.tickSize), 'nearest')
}

/** The levels of one side of the book, nearest first: the price and what is there. */
function levels(
  feed: SymbolFeed,
  now: Timestamp,
  count: number,
  side: 'bid' | 'ask',
): readonly (readonly [Ticks, Steps])[] {
  const { instrument } = feed
  const last = lastTicks(instrument, feed.at(now).last)
  const usual = Math.max(instrument.minQty, feed.volumeOfMinute(now) / instrument.stepSize / 10)
  const found: (readonly [Ticks, Steps])[] = []
  for (let k = 1; k <= count; k++) {
    const price = side === 'ask' ? last + k : last - k
    if (price < instrument.minPrice) break
    const size = Math.max(
      instrument.minQty,
      Math.round(usual * (0.5 + chance(`${instrument.symbol} ${side} ${price} ${Math.floor(now / SECOND)}`))),
    )
    found.push([price as Ticks, size as Steps])
  }
  return found
}

/** One level of a book as it is written. */
export type Level = readonly [price: string, size: string]

/** The book to a depth. `u` and `seq` grow with time. */
export function bookOf(
  feed: SymbolFeed,
  now: Timestamp,
  depth: number,
): {
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
} {
  const { instrument } = feed
  const text = ([price, size]: readonly [Ticks, Steps]): Level => [
    priceText(instrument, price),
    stepsText(instrument, size),
  ]
  return {
    bids: levels(feed, now, depth, 'bid').map(text),
    asks: levels(feed, now, depth, 'ask').map(text),
  }
}

/** A number that grows with time and never is 1, which means a restart. */
export function bookNumber(now: Timestamp): number {
  return Math.floor(now) + 2
}

/** All that the ticker of a symbol has, by its field names. */
export function tickerOf(desk: Desk, symbol: string): { readonly [name: string]: string } {
  const feed = desk.feed(symbol)
  const instrument = desk.instrument(symbol)
  const { now } = desk
  const { last, mark } = feed.at(now)
  const day = feed.day(now)
  const { rate, next, interval } = desk.funding(symbol).announced(now)
  const [bid] = levels(feed, now, 1, 'bid')
  const [ask] = levels(feed, now, 1, 'ask')
  const interest = openInterest(feed, now)
  const price = (value: number): string => quoteText(instrument, value)
  const size = (level: readonly [Ticks, Steps] | undefined): string =>
    level === undefined ? '0' : stepsText(instrument, level[1])
  return {
    symbol,
    lastPrice: price(last),
    indexPrice: averageText(instrument, mark),
    markPrice: averageText(instrument, mark),
    prevPrice24h: price(day.previous),
    price24hPcnt: roundText(last / day.previous - 1, 6),
    highPrice24h: price(day.high),
    lowPrice24h: price(day.low),
    prevPrice1h: price(feed.hourAgo(now)),
    openInterest: roundText(interest, 4),
    openInterestValue: roundText(interest * mark, 2),
    turnover24h: roundText(day.turnover, 4),
    volume24h: roundText(day.volume, 4),
    fundingRate: roundText(rate, 8),
    nextFundingTime: String(next),
    predictedDeliveryPrice: '',
    basisRate: '',
    basis: '',
    deliveryFeeRate: '',
    deliveryTime: String(desk.deliveryAt(symbol) ?? 0),
    bid1Price: bid === undefined ? '' : priceText(instrument, bid[0]),
    bid1Size: size(bid),
    ask1Price: ask === undefined ? '' : priceText(instrument, ask[0]),
    ask1Size: size(ask),
    preOpenPrice: '',
    preQty: '',
    curPreListingPhase: '',
    fundingIntervalHour: String(interval / HOUR),
    basisRateYear: '',
    fundingCap: FUNDING_CAP,
  }
}

/** The rate that no settlement goes beyond. */
export const FUNDING_CAP = '0.02'

/** What is open at a time: about what is traded in half a day. */
export function openInterest(feed: SymbolFeed, at: Timestamp): number {
  return feed.day(at).volume / 2
}

export interface PublicTrade {
  readonly id: string
  readonly time: Timestamp
  readonly price: Ticks
  readonly steps: Steps
  readonly side: 'Buy' | 'Sell'
  readonly direction: 'PlusTick' | 'ZeroPlusTick' | 'MinusTick' | 'ZeroMinusTick'
}

const TRADE_SPACING: Milliseconds = SECOND

/** The trade of a second, which is at its price; `null` where the market has none. */
export function tradeAt(feed: SymbolFeed, second: Timestamp): PublicTrade | null {
  if (!feed.isPriced(second - TRADE_SPACING) || second >= feed.endAt) return null
  const { instrument } = feed
  const price = lastTicks(instrument, feed.at(second).last)
  const before = lastTicks(instrument, feed.at(second - TRADE_SPACING).last)
  const [a, b, c, d] = hashWords(`${instrument.symbol} trade ${second}`)
  const isUp = price > before || (price === before && a % 2 === 0)
  const usual = (feed.volumeOfMinute(second) * TRADE_SPACING) / MINUTE / instrument.stepSize
  const steps = Math.max(1, Math.round(usual * (0.5 + b / 2 ** 32))) as Steps
  const hex = [a, b, c, d].map(word => word.toString(16).padStart(8, '0')).join('')
  return {
    id: [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-'),
    time: second,
    price,
    steps,
    side: isUp ? 'Buy' : 'Sell',
    direction: `${price === before ? 'Zero' : ''}${isUp ? 'Plus' : 'Minus'}Tick`,
  }
}

/** The last trades, newest first. */
export function recentTrades(feed: SymbolFeed, now: Timestamp, count: number): readonly Json[] {
  const found: Json[] = []
  const { instrument } = feed
  for (
    let second = Math.floor(now / TRADE_SPACING) * TRADE_SPACING;
    found.length < count;
    second -= TRADE_SPACING
  ) {
    const trade = tradeAt(feed, second)
    if (trade === null) break
    found.push({
      execId: trade.id,
      symbol: instrument.symbol,
      price: priceText(instrument, trade.price),
      size: stepsText(instrument, trade.steps),
      side: trade.side,
      time: String(trade.time),
      isBlockTrade: false,
      isRPITrade: false,
      seq: String(bookNumber(trade.time)),
    })
  }
  return found
}

/** Bybit's names of intervals, in milliseconds; a month has none. */
export const KLINE_MS: { readonly [interval: string]: Milliseconds } = {
  1: MINUTE,
  3: 3 * MINUTE,
  5: 5 * MINUTE,
  15: 15 * MINUTE,
  30: 30 * MINUTE,
  60: HOUR,
  120: 2 * HOUR,
  240: 4 * HOUR,
  360: 6 * HOUR,
  720: 12 * HOUR,
  D: DAY,
  W: 7 * DAY,
}

/** The first Monday after 1970-01-01, a Thursday: weeks begin on Mondays. */
const FIRST_MONDAY = 4 * DAY

/** When the candle that a time lies in begins. `null` for an interval that there is not. */
export function klineStart(interval: string, time: Timestamp): Timestamp | null {
  if (interval === 'M') {
    const date = new Date(time)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  }
  const span = Object.hasOwn(KLINE_MS, interval) ? KLINE_MS[interval] : undefined
  if (span === undefined) return null
  const from = interval === 'W' ? FIRST_MONDAY : 0
  return Math.floor((time - from) / span) * span + from
}

/** When the candle that begins at a time ends: the start of the next one. */
export function klineEnd(interval: string, start: Timestamp): Timestamp {
  if (interval !== 'M') return start + KLINE_MS[interval]
  const date = new Date(start)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}
