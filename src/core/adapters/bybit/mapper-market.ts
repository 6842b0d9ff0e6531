/**
 * Bybit v5's public replies (`result` of an envelope) as typed values; pure. Prices and rates that rules calculate with
 * are the doubles nearest to what the exchange wrote, filters stay decimal texts. Whether a reply answers the question
 * that was asked is for the caller to say: each result bears the symbol or category it is of.
 */
import { DataError } from '../../base/errors.ts'
import { HOUR, MINUTE, type Milliseconds, type Timestamp } from '../../base/units.ts'
import type { Candle } from '../../market/candles.ts'
import { impossibility } from '../../market/possible.ts'
import { type Decimal, Fields } from './fields.ts'

/** A page of a list. `next`: the cursor that asks for the one after it, `null` on the last. */
export interface Page<T> {
  readonly category: string | null
  readonly items: readonly T[]
  readonly next: string | null
}

/** A page of objects, each read by `read`. */
export function pageOf<T>(result: unknown, read: (fields: Fields) => T): Page<T> {
  const fields = new Fields(result, 'result')
  return {
    category: fields.textOrNull('category'),
    items: fields.list('list').map(read),
    next: fields.textOrNull('nextPageCursor'),
  }
}

/** The server's clock: GET market/time. */
export function serverTime(result: unknown): Timestamp {
  const nanos = new Fields(result, 'result').text('timeNano')
  if (!/^\d{16,19}$/.test(nanos)) {
    throw new DataError(`result.timeNano is no time in nanoseconds: ${nanos.slice(0, 80)}`, {
      file: '',
      field: 'result.timeNano',
    })
  }
  // To the microsecond, which a double holds.
  return Number(BigInt(nanos) / 1_000n) / 1_000
}

/** One row of GET market/instruments-info of the linear or inverse market. */
export interface ListedInstrument {
  readonly symbol: string
  readonly contractType: string
  /** `Trading` is the one in which everything is allowed. */
  readonly status: string
  readonly baseCoin: string
  readonly quoteCoin: string
  readonly settleCoin: string
  readonly launchTime: Timestamp | null
  /** When it is delisted, or delivered; `null` where nothing is announced. */
  readonly deliveryTime: Timestamp | null
  readonly isPreListing: boolean
  /** Of a pre-market auction, such as CallAuction. */
  readonly auctionPhase: string | null
  readonly tick: Decimal
  readonly minPrice: Decimal
  readonly maxPrice: Decimal
  readonly step: Decimal
  readonly minQty: Decimal
  /** Of a limit order, and of one at the market. */
  readonly maxQty: Decimal
  readonly maxMarketQty: Decimal | null
  readonly minNotional: Decimal | null
  readonly minLeverage: Decimal
  readonly maxLeverage: Decimal
  readonly leverageStep: Decimal
  readonly fundingInterval: Milliseconds
  /** Bounds of the rate of one settlement, as fractions. */
  readonly upperFundingRate: Decimal | null
  readonly lowerFundingRate: Decimal | null
  /** How far from the mark price a limit order may be, as fractions: the rule's X and Y. */
  readonly priceLimitX: Decimal | null
  readonly priceLimitY: Decimal | null
}

export function listedInstrument(row: Fields): ListedInstrument {
  const leverage = row.inner('leverageFilter')
  const price = row.inner('priceFilter')
  const lot = row.inner('lotSizeFilter')
  const risk = row.has('riskParameters') ? row.inner('riskParameters') : null
  const pre = row.has('preListingInfo') ? row.inner('preListingInfo') : null
  return {
    symbol: row.text('symbol'),
    contractType: row.text('contractType'),
    status: row.text('status'),
    baseCoin: row.text('baseCoin'),
    quoteCoin: row.text('quoteCoin'),
    settleCoin: row.text('settleCoin'),
    launchTime: row.timeOrNull('launchTime'),
    deliveryTime: row.timeOrNull('deliveryTime'),
    isPreListing: row.has('isPreListing') && row.truth('isPreListing'),
    auctionPhase: pre?.textOrNull('curAuctionPhase') ?? null,
    tick: price.positive('tickSize'),
    minPrice: price.positive('minPrice'),
    maxPrice: price.positive('maxPrice'),
    step: lot.positive('qtyStep'),
    minQty: lot.positive('minOrderQty'),
    maxQty: lot.positive('maxOrderQty'),
    maxMarketQty: lot.positiveOrNull('maxMktOrderQty'),
    minNotional: lot.positiveOrNull('minNotionalValue'),
    minLeverage: leverage.positive('minLeverage'),
    maxLeverage: leverage.positive('maxLeverage'),
    leverageStep: leverage.positive('leverageStep'),
    fundingInterval: row.count('fundingInterval') * MINUTE,
    upperFundingRate: row.decimalOrNull('upperFundingRate'),
    lowerFundingRate: row.decimalOrNull('lowerFundingRate'),
    priceLimitX: risk?.decimalOrNull('priceLimitRatioX') ?? null,
    priceLimitY: risk?.decimalOrNull('priceLimitRatioY') ?? null,
  }
}

/** A market's present state: one row of GET market/tickers, or what the stream's messages add up to. */
export interface Ticker {
  readonly symbol: string
  readonly last: number
  readonly mark: number
  readonly index: number
  /** `null` where nobody bids, or asks. */
  readonly bid: number | null
  readonly ask: number | null
  readonly bidSize: number | null
  readonly askSize: number | null
  readonly high24h: number
  readonly low24h: number
  /** Price a day ago, and an hour ago; `null` where it was not traded then. */
  readonly before24h: number | null
  readonly before1h: number | null
  /** Change within a day, as a fraction. */
  readonly change24h: number
  readonly volume24h: number
  readonly turnover24h: number
  readonly openInterest: number
  readonly openInterestValue: number
  /** Of the next settlement, per interval, as a fraction, positive when longs pay; `null` for what has no funding. */
  readonly fundingRate: number | null
  readonly nextFunding: Timestamp | null
  readonly fundingInterval: Milliseconds | null
  /** The greatest funding rate, as a fraction. */
  readonly fundingCap: number | null
}

export function ticker(row: Fields): Ticker {
  const hours = row.countOrNull('fundingIntervalHour')
  return {
    symbol: row.text('symbol'),
    last: row.price('lastPrice'),
    mark: row.price('markPrice'),
    index: row.price('indexPrice'),
    bid: row.priceOrNull('bid1Price'),
    ask: row.priceOrNull('ask1Price'),
    bidSize: row.priceOrNull('bid1Size'),
    askSize: row.priceOrNull('ask1Size'),
    high24h: row.price('highPrice24h'),
    low24h: row.price('lowPrice24h'),
    before24h: row.priceOrNull('prevPrice24h'),
    before1h: row.priceOrNull('prevPrice1h'),
    change24h: row.number('price24hPcnt'),
    volume24h: row.number('volume24h'),
    turnover24h: row.number('turnover24h'),
    openInterest: row.number('openInterest'),
    openInterestValue: row.number('openInterestValue'),
    fundingRate: row.numberOrNull('fundingRate'),
    nextFunding: row.timeOrNull('nextFundingTime'),
    fundingInterval: hours === null ? null : hours * HOUR,
    fundingCap: row.numberOrNull('fundingCap'),
  }
}

/** Rows of one symbol's series, as they came: the newest first. */
export interface Series<T> {
  readonly symbol: string
  readonly category: string
  readonly rows: readonly T[]
}

/** GET market/kline. The first row may be a candle that has not closed. */
export function candleRows(result: unknown): Series<Candle> {
  return series(result, 7, row =>
    possible(row, { ...ohlc(row), volume: row.number('5'), turnover: row.number('6') }),
  )
}

/** A candle of the mark price; nothing is traded at it. */
export type MarkCandle = Pick<Candle, 'start' | 'open' | 'high' | 'low' | 'close'>

/** GET market/mark-price-kline, and the other series without volumes. */
export function markRows(result: unknown): Series<MarkCandle> {
  return series(result, 5, row => {
    const candle = ohlc(row)
    possible(row, { ...candle, volume: 0, turnover: 0 })
    return candle
  })
}

function series<T>(result: unknown, width: number, read: (row: Fields) => T): Series<T> {
  const fields = new Fields(result, 'result')
  return {
    symbol: fields.text('symbol'),
    category: fields.text('category'),
    rows: fields.rows('list', width).map(read),
  }
}

function ohlc(row: Fields): MarkCandle {
  return {
    start: row.time('0'),
    open: row.price('1'),
    high: row.price('2'),
    low: row.price('3'),
    close: row.price('4'),
  }
}

function possible(row: Fields, candle: Candle): Candle {
  const wrong = impossibility(candle)
  if (wrong === null) return candle
  const field = row.path(wrong.field)
  throw new DataError(`${field}: ${wrong.reason}`, { file: '', field })
}

/** A settlement: GET market/funding/history. `rate` is positive when longs paid. */
export interface Settlement {
  readonly symbol: string
  readonly time: Timestamp
  readonly rate: number
}

export function settlement(row: Fields): Settlement {
  return {
    symbol: row.text('symbol'),
    time: row.time('fundingRateTimestamp'),
    rate: row.number('fundingRate'),
  }
}

/** A risk tier: what a position of up to `limit` USDT needs. Margins are fractions of its value. */
export interface RiskTier {
  readonly symbol: string
  readonly id: number
  readonly limit: Decimal
  readonly maintenanceMargin: number
  readonly initialMargin: number
  readonly maxLeverage: Decimal
  /** Taken off the maintenance margin, USDT. */
  readonly deduction: Decimal | null
  readonly isLowest: boolean
}

/** How far `initialMargin x maxLeverage` may be from what it stands for: margins have few digits. */
const TIER_TOLERANCE = 0.02

/**
 * GET market/risk-limit. The exchange has written margins as fractions (0.01 at 100x) and as percentages (1 at 100x).
 * The initial margin is the reciprocal of the greatest leverage, which tells which it is; anything else is refused.
 */
export function riskTier(row: Fields): RiskTier {
  const maxLeverage = row.positive('maxLeverage')
  const initial = row.price('initialMargin')
  const maintenance = row.price('maintenanceMargin')
  const product = initial * Number(maxLeverage)
  const isFraction = Math.abs(product - 1) <= TIER_TOLERANCE
  if (!isFraction && Math.abs(product - 100) > 100 * TIER_TOLERANCE) {
    const field = row.path('initialMargin')
    throw new DataError(`${field} is ${initial} at a leverage of ${maxLeverage}`, { file: '', field })
  }
  const unit = isFraction ? 1 : 100
  return {
    symbol: row.text('symbol'),
    id: row.count('id'),
    limit: row.positive('riskLimitValue'),
    maintenanceMargin: maintenance / unit,
    initialMargin: initial / unit,
    maxLeverage,
    deduction: row.decimalOrNull('mmDeduction'),
    isLowest: row.count('isLowestRisk') === 1,
  }
}

/** GET market/open-interest, in the base coin. */
export interface OpenInterest {
  readonly time: Timestamp
  readonly openInterest: Decimal
  /** Counting each contract once. */
  readonly single: Decimal | null
}

export function openInterest(row: Fields): OpenInterest {
  return {
    time: row.time('timestamp'),
    openInterest: row.decimal('openInterest'),
    single: row.decimalOrNull('singleOpenInterest'),
  }
}

export interface BookLevel {
  readonly price: Decimal
  /** 0 in a message of the stream: the level is gone. */
  readonly size: Decimal
}

/** GET market/orderbook, and the data of the stream's messages. */
export interface OrderBook {
  readonly symbol: string
  /** Best first. */
  readonly bids: readonly BookLevel[]
  readonly asks: readonly BookLevel[]
  /** 1 after a restart of the service: what was known before counts no more. */
  readonly update: number
  readonly sequence: number
  /** `null` in a message of the stream, which bears it outside. */
  readonly time: Timestamp | null
}

export function orderBook(fields: Fields): OrderBook {
  const levels = (name: string): readonly BookLevel[] =>
    fields.rows(name, 2).map(row => ({ price: row.positive('0'), size: row.decimal('1') }))
  return {
    symbol: fields.text('s'),
    bids: levels('b'),
    asks: levels('a'),
    update: fields.count('u'),
    sequence: fields.count('seq'),
    time: fields.timeOrNull('ts'),
  }
}

/** GET market/recent-trade. */
export interface PublicTrade {
  readonly id: string
  readonly symbol: string
  /** Of the taker. */
  readonly side: 'Buy' | 'Sell'
  readonly price: Decimal
  readonly size: Decimal
  readonly time: Timestamp
}

export function publicTrade(row: Fields): PublicTrade {
  return {
    id: row.text('execId'),
    symbol: row.text('symbol'),
    side: row.choice('side', ['Buy', 'Sell']),
    price: row.positive('price'),
    size: row.positive('size'),
    time: row.time('time'),
  }
}
