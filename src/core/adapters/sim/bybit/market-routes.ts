/** The public endpoints under `/v5/market`. */

import type { Steps, Ticks } from '../../../base/units.ts'
import { HOUR, MINUTE, type Milliseconds, type Timestamp } from '../../../base/units.ts'
import type { Auction, Desk, Maintenance } from './desk.ts'
import type { FeedCandle, PriceKind } from './feed.ts'
import type { Fields } from './fields.ts'
import { limitRatios, priceLimits } from './limits.ts'
import { Refusal } from './order.ts'
import { mostOf } from './order-rules.ts'
import { cursorValue, page } from './paging.ts'
import {
  bookNumber,
  bookOf,
  FUNDING_CAP,
  klineEnd,
  klineStart,
  openInterest,
  recentTrades,
  tickerOf,
} from './quotes.ts'
import type { Json } from './shapes.ts'
import { averageText, priceText, quoteText, roundText, stepsText } from './text.ts'

/** Maintenance as the exchange announces it: of perpetuals and all that serves them. */
function maintenanceShape({ from, until }: Maintenance, now: Timestamp): Json {
  const state = now < from ? 'scheduled' : now < until ? 'ongoing' : 'completed'
  return {
    id: `maintenance-${from}`,
    title: 'Maintenance',
    state,
    begin: String(Math.floor(from)),
    end: String(Math.floor(until)),
    href: '',
    serviceTypes: [1, 2, 3, 4, 5],
    product: [1],
    uidSuffix: [],
    maintainType: 1,
    env: 1,
  }
}

type Handler = (desk: Desk, fields: Fields) => Json

const MOST_ROWS = 1_000

/** USDT perpetuals are the only category that there is here. */
function linear(fields: Fields, standard?: 'linear'): void {
  fields.choice('category', ['linear'], standard)
}

/** The symbols that are listed by now. */
function symbolsOf(desk: Desk, fields: Fields): readonly string[] {
  const symbol = fields.text('symbol')
  if (symbol !== '') return [desk.instrument(symbol).symbol]
  return [...desk.feeds].filter(([, feed]) => feed.isPriced(desk.now)).map(([name]) => name)
}

/**
 * Rows of candles, newest first: of those that begin in `[start, end]` (the start floored to a candle) the newest; with a
 * start alone the first from there on.
 */
function klines(desk: Desk, fields: Fields, kind: PriceKind): readonly FeedCandle[] {
  const { now } = desk
  const feed = desk.feed(fields.needed('symbol'))
  const interval = fields.needed('interval')
  const limit = fields.whole('limit', 1, MOST_ROWS, 200)
  const [start, end] = [fields.time('start'), fields.time('end')]
  if (klineStart(interval, now) === null) throw new Refusal(10001, 'params error: interval invalid')
  const floor = (time: Timestamp): Timestamp => klineStart(interval, time) ?? 0
  const least = Math.max(floor(start ?? 0), floor(feed.firstAt))
  const rows: FeedCandle[] = []
  if (start !== null && end === null) {
    for (let at = least; at <= now && rows.length < limit; at = klineEnd(interval, at)) {
      const candle = feed.candle(kind, at, klineEnd(interval, at), now)
      if (candle !== null) rows.push(candle)
    }
    return rows.reverse()
  }
  const last = Math.min(end ?? now, now, feed.endAt - 1)
  for (let at = floor(last); at >= least && rows.length < limit; at = floor(at - 1)) {
    const candle = feed.candle(kind, at, klineEnd(interval, at), now)
    if (candle !== null) rows.push(candle)
  }
  return rows
}

function klineReply(desk: Desk, fields: Fields, kind: PriceKind): Json {
  linear(fields, 'linear')
  const rows = klines(desk, fields, kind)
  const symbol = fields.text('symbol')
  const instrument = desk.instrument(symbol)
  const text = (value: number): string => {
    if (kind === 'last') return quoteText(instrument, value)
    return kind === 'mark' ? averageText(instrument, value) : roundText(value, 8)
  }
  return {
    symbol,
    category: 'linear',
    list: rows.map(({ start, open, high, low, close, volume, turnover }) => [
      String(start),
      text(open),
      text(high),
      text(low),
      text(close),
      ...(kind === 'last' ? [roundText(volume, 8), roundText(turnover, 8)] : []),
    ]),
  }
}

function statusOf(desk: Desk, symbol: string): 'PreLaunch' | 'Trading' | 'Closed' {
  if (desk.auctionOf(symbol) !== null) return 'PreLaunch'
  return desk.isTrading(symbol) ? 'Trading' : 'Closed'
}

function preListingShape({ from, until }: Auction): Json {
  return {
    curAuctionPhase: 'CallAuction',
    phases: [
      { phase: 'CallAuction', startTime: String(Math.floor(from)), endTime: String(Math.floor(until)) },
      { phase: 'ContinuousTrading', startTime: String(Math.floor(until)), endTime: '' },
    ],
    auctionFeeInfo: { auctionFeeRate: '0', takerFeeRate: '0.001', makerFeeRate: '0.0004' },
  }
}

/** What `instruments-info` says of a symbol. */
export function instrumentShape(desk: Desk, symbol: string): Json {
  const instrument = desk.instrument(symbol)
  const { interval } = desk.funding(symbol).announced(desk.now)
  const { x, y } = limitRatios(instrument)
  const decimals = instrument.tick.includes('.')
    ? instrument.tick.length - instrument.tick.indexOf('.') - 1
    : 0
  const most = (type: 'Market' | 'Limit'): string =>
    stepsText(instrument, mostOf(instrument, type) ?? UNLIMITED)
  const delivery = desk.deliveryAt(symbol)
  const auction = desk.auctionOf(symbol)
  return {
    symbol,
    contractType: 'LinearPerpetual',
    status: statusOf(desk, symbol),
    baseCoin: instrument.baseCoin,
    quoteCoin: instrument.quoteCoin,
    launchTime: String(desk.feed(symbol).firstAt),
    deliveryTime: String(delivery ?? 0),
    deliveryFeeRate: '',
    priceScale: String(decimals),
    leverageFilter: {
      minLeverage: '1',
      maxLeverage: roundText(instrument.maxLeverage, 2),
      leverageStep: '0.01',
    },
    priceFilter: {
      minPrice: priceText(instrument, instrument.minPrice),
      maxPrice: priceText(instrument, GREATEST_TICKS),
      tickSize: priceText(instrument, desk.grain(symbol).ticks as Ticks),
    },
    lotSizeFilter: {
      maxOrderQty: most('Limit'),
      minOrderQty: stepsText(instrument, instrument.minQty),
      qtyStep: stepsText(instrument, desk.grain(symbol).steps as Steps),
      postOnlyMaxOrderQty: most('Limit'),
      maxMktOrderQty: most('Market'),
      minNotionalValue: roundText(instrument.minNotional, 8),
    },
    unifiedMarginTrade: true,
    fundingInterval: interval / MINUTE,
    settleCoin: instrument.quoteCoin,
    copyTrading: 'none',
    upperFundingRate: FUNDING_CAP,
    lowerFundingRate: `-${FUNDING_CAP}`,
    displayName: '',
    isPreListing: auction !== null,
    preListingInfo: auction === null ? null : preListingShape(auction),
    riskParameters: { priceLimitRatioX: roundText(x, 4), priceLimitRatioY: roundText(y, 4) },
    symbolType: '',
    symbolId: [...desk.feeds.keys()].indexOf(symbol) + 1,
  }
}

const UNLIMITED = 1_000_000_000 as Steps
const GREATEST_TICKS = 1_999_999 as Ticks

const OPEN_INTEREST_MS: { readonly [interval: string]: Milliseconds } = {
  '5min': 5 * MINUTE,
  '15min': 15 * MINUTE,
  '30min': 30 * MINUTE,
  '1h': HOUR,
  '4h': 4 * HOUR,
  '1d': 24 * HOUR,
}

export const MARKET_ROUTES: { readonly [path: string]: Handler } = {
  '/v5/system/status': desk => ({ list: desk.maintenance.map(one => maintenanceShape(one, desk.now)) }),
  '/v5/market/time': ({ clock }) => {
    const ms = Math.floor(clock)
    return { timeSecond: String(Math.floor(ms / 1_000)), timeNano: `${ms}000000` }
  },

  '/v5/market/kline': (desk, fields) => klineReply(desk, fields, 'last'),
  '/v5/market/mark-price-kline': (desk, fields) => klineReply(desk, fields, 'mark'),
  '/v5/market/premium-index-price-kline': (desk, fields) => klineReply(desk, fields, 'premium'),

  '/v5/market/instruments-info': (desk, fields) => {
    linear(fields)
    const status = fields.text('status')
    const base = fields.text('baseCoin')
    const isAsked = fields.has('symbol')
    const listed = symbolsOf(desk, fields).filter(symbol => {
      if (base !== '' && desk.instrument(symbol).baseCoin !== base) return false
      return status === ''
        ? isAsked || statusOf(desk, symbol) === 'Trading'
        : status === statusOf(desk, symbol)
    })
    const { rows, cursor } = page(listed, fields, { most: 1_000, standard: 500 }, symbol => symbol)
    return {
      category: 'linear',
      list: rows.map(symbol => instrumentShape(desk, symbol)),
      nextPageCursor: cursor,
    }
  },

  '/v5/market/tickers': (desk, fields) => {
    linear(fields)
    const listed = symbolsOf(desk, fields).filter(symbol => desk.isTrading(symbol))
    return { category: 'linear', list: listed.map(symbol => tickerOf(desk, symbol)) }
  },

  '/v5/market/funding/history': (desk, fields) => {
    linear(fields)
    const symbol = desk.instrument(fields.needed('symbol')).symbol
    const [start, end] = [fields.time('startTime'), fields.time('endTime')]
    if (start !== null && end === null)
      throw new Refusal(10001, 'params error: endTime is required with startTime')
    const limit = fields.whole('limit', 1, 200, 200)
    const to = Math.min(end ?? desk.now, desk.now)
    const from = Math.max(start ?? to - limit * 8 * HOUR, desk.feed(symbol).firstAt)
    const settled = desk.funding(symbol).within(from - 1, to)
    return {
      category: 'linear',
      list: [...settled]
        .reverse()
        .slice(0, limit)
        .map(({ time, rate }) => ({
          symbol,
          fundingRate: roundText(rate, 8),
          fundingRateTimestamp: String(time),
        })),
    }
  },

  '/v5/market/open-interest': (desk, fields) => {
    linear(fields)
    const symbol = fields.needed('symbol')
    const feed = desk.feed(symbol)
    const span = OPEN_INTEREST_MS[fields.choice('intervalTime', ['5min', '15min', '30min', '1h', '4h', '1d'])]
    const limit = fields.whole('limit', 1, 200, 50)
    const to = Math.min(fields.time('endTime') ?? desk.now, desk.now)
    const from = Math.max(fields.time('startTime') ?? 0, feed.firstAt)
    const times: Timestamp[] = []
    const cursor = fields.text('cursor')
    const last = cursor === '' ? null : Number(cursorValue(cursor, 'lasttime'))
    if (last !== null && !Number.isSafeInteger(last)) throw new Refusal(10001, 'params error: cursor invalid')
    let at = last === null ? Math.floor(to / span) * span : Math.min(last, to) - span
    for (; at >= from && times.length < limit; at -= span) times.push(at)
    return {
      symbol,
      category: 'linear',
      list: times.map(timestamp => ({
        openInterest: roundText(openInterest(feed, timestamp), 8),
        singleOpenInterest: roundText(openInterest(feed, timestamp) / 2, 8),
        timestamp: String(timestamp),
      })),
      nextPageCursor:
        at >= from && times.length > 0 ? encodeURIComponent(`lasttime=${times[times.length - 1]}`) : '',
    }
  },

  '/v5/market/orderbook': (desk, fields) => {
    linear(fields)
    const symbol = fields.needed('symbol')
    const { bids, asks } = bookOf(desk.feed(symbol), desk.now, fields.whole('limit', 1, 1_000, 25))
    const at = Math.floor(desk.now)
    return { s: symbol, b: bids, a: asks, ts: at, u: bookNumber(at), seq: bookNumber(at), cts: at }
  },

  '/v5/market/risk-limit': (desk, fields) => {
    linear(fields)
    const { rows, cursor } = page(
      symbolsOf(desk, fields),
      fields,
      { most: 15, standard: 15 },
      symbol => symbol,
    )
    return {
      category: 'linear',
      list: rows.flatMap(symbol =>
        desk.tiers(symbol).map(({ id, limit, maintenance, initial, maxLeverage, deduction }, rank) => ({
          id,
          symbol,
          riskLimitValue: roundText(limit, 8),
          maintenanceMargin: roundText(maintenance, 6),
          initialMargin: roundText(initial, 6),
          isLowestRisk: rank === 0 ? 1 : 0,
          maxLeverage: roundText(maxLeverage, 2),
          mmDeduction: deduction === 0 ? '' : roundText(deduction, 8),
        })),
      ),
      nextPageCursor: cursor,
    }
  },

  '/v5/market/price-limit': (desk, fields) => {
    linear(fields, 'linear')
    const symbol = fields.needed('symbol')
    const instrument = desk.instrument(symbol)
    const { buy, sell } = priceLimits(instrument, desk.point(symbol))
    return {
      symbol,
      buyLmt: priceText(instrument, buy),
      sellLmt: priceText(instrument, sell),
      ts: String(Math.floor(desk.now)),
    }
  },

  '/v5/market/recent-trade': (desk, fields) => {
    linear(fields)
    const feed = desk.feed(fields.needed('symbol'))
    const limit = fields.whole('limit', 1, MOST_ROWS, 500)
    return { category: 'linear', list: recentTrades(feed, desk.now, limit) }
  },
}
