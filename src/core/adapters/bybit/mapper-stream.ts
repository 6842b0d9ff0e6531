/** Messages of Bybit v5's streams as typed values; pure. What a row of them means is in the other mappers. */
import { DataError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/units.ts'
import type { Candle } from '../../market/candles.ts'
import { impossibility } from '../../market/possible.ts'
import { type Decimal, Fields } from './fields.ts'
import { type LooseRows, looseRows } from './loose-rows.ts'
import { type WalletRow, walletRow } from './mapper-account.ts'
import { type OrderBook, orderBook, type Ticker, ticker } from './mapper-market.ts'
import {
  type ExecutionRow,
  executionRow,
  ORDER_SIDES,
  type OrderRow,
  type OrderSide,
  orderRow,
  type PositionRow,
  positionRow,
} from './mapper-orders.ts'

/** A candle of the stream. `isClosed`: it will not change any more. */
export interface StreamCandle {
  readonly interval: string
  readonly candle: Candle
  readonly isClosed: boolean
}

export interface StreamTrade {
  readonly id: string
  readonly symbol: string
  /** Of the taker. */
  readonly side: OrderSide
  readonly price: Decimal
  readonly size: Decimal
  readonly time: Timestamp
}

export type StreamMessage =
  | {
      readonly kind: 'ticker'
      readonly at: Timestamp
      readonly symbol: string
      readonly change: TickerChange
    }
  | {
      readonly kind: 'candles'
      readonly at: Timestamp
      readonly symbol: string
      readonly candles: readonly StreamCandle[]
    }
  | { readonly kind: 'trades'; readonly at: Timestamp; readonly trades: readonly StreamTrade[] }
  /** A snapshot replaces what was known, a delta changes it. */
  | {
      readonly kind: 'book'
      readonly at: Timestamp
      readonly depth: string
      readonly isSnapshot: boolean
      readonly book: OrderBook
    }
  | ({ readonly kind: 'orders'; readonly at: Timestamp } & LooseRows<OrderRow>)
  | ({ readonly kind: 'executions'; readonly at: Timestamp } & LooseRows<ExecutionRow>)
  | ({ readonly kind: 'positions'; readonly at: Timestamp } & LooseRows<PositionRow>)
  | { readonly kind: 'wallets'; readonly at: Timestamp; readonly wallets: readonly WalletRow[] }

/**
 * A message with data. `null` for a topic that is not read. Rows of an account that cannot be read are told apart: they
 * hide no others.
 *
 * @throws DataError where it is none, or its data do not fit
 */
export function streamMessage(message: unknown): StreamMessage | null {
  const fields = new Fields(message, '')
  const [name, ...rest] = fields.text('topic').split('.')
  switch (name) {
    case 'tickers':
      return {
        kind: 'ticker',
        at: fields.time('ts'),
        symbol: fields.inner('data').text('symbol'),
        change: { isSnapshot: isSnapshot(fields), data: fields.inner('data') },
      }
    case 'kline':
      return {
        kind: 'candles',
        at: fields.time('ts'),
        symbol: rest.slice(1).join('.'),
        candles: fields.list('data').map(streamCandle),
      }
    case 'publicTrade':
      return { kind: 'trades', at: fields.time('ts'), trades: fields.list('data').map(streamTrade) }
    case 'orderbook':
      return {
        kind: 'book',
        at: fields.time('ts'),
        depth: rest[0] ?? '',
        isSnapshot: isSnapshot(fields),
        book: orderBook(fields.inner('data')),
      }
    case 'order':
      return { kind: 'orders', at: fields.time('creationTime'), ...looseRows(fields, 'data', orderRow) }
    case 'execution':
      // The fast stream, without fees, is another topic.
      if (rest[0] === 'fast') return null
      return {
        kind: 'executions',
        at: fields.time('creationTime'),
        ...looseRows(fields, 'data', executionRow),
      }
    case 'position':
      return {
        kind: 'positions',
        at: fields.time('creationTime'),
        ...looseRows(fields, 'data', positionRow),
      }
    case 'wallet':
      return { kind: 'wallets', at: fields.time('creationTime'), wallets: fields.list('data').map(walletRow) }
    default:
      return null
  }
}

function isSnapshot(fields: Fields): boolean {
  return fields.choice('type', ['snapshot', 'delta']) === 'snapshot'
}

function streamCandle(row: Fields): StreamCandle {
  const candle: Candle = {
    start: row.time('start'),
    open: row.price('open'),
    high: row.price('high'),
    low: row.price('low'),
    close: row.price('close'),
    volume: row.number('volume'),
    turnover: row.number('turnover'),
  }
  const wrong = impossibility(candle)
  if (wrong !== null) {
    const field = row.path(wrong.field)
    throw new DataError(`${field}: ${wrong.reason}`, { file: '', field })
  }
  return { interval: row.text('interval'), candle, isClosed: row.truth('confirm') }
}

function streamTrade(row: Fields): StreamTrade {
  return {
    id: row.text('i'),
    symbol: row.text('s'),
    side: row.choice('S', ORDER_SIDES),
    price: row.positive('p'),
    size: row.positive('v'),
    time: row.time('T'),
  }
}

/** What a message says of a ticker: all of it, or the fields that have changed. */
export interface TickerChange {
  readonly isSnapshot: boolean
  readonly data: Fields
}

/** Fields of a ticker as they came, a later message's over an earlier one's. */
export type RawTicker = ReadonlyMap<string, unknown>

/**
 * A ticker after a message: a snapshot replaces it, a delta lays its fields over it. A delta for which there is no
 * snapshot says nothing (`null`): a field that it does not have would be missing for good.
 */
export function mergedTicker(before: RawTicker | null, { isSnapshot, data }: TickerChange): RawTicker | null {
  if (before === null && !isSnapshot) return null
  const merged = new Map(isSnapshot ? [] : before)
  for (const name of data.names) merged.set(name, data.value(name))
  return merged
}

/** The ticker that merged messages add up to. Throws a DataError where they lack something, as a spot ticker does. */
export function tickerOf(raw: RawTicker): Ticker {
  return ticker(new Fields(Object.fromEntries(raw), 'data'))
}
