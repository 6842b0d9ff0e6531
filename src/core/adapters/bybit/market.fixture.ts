/** A small public market that answers as Bybit does, quirks included, over a made-up connection or on loopback. */

import { HOUR, MINUTE } from '../../base/units.ts'
import { BybitClient } from './client.ts'
import type { HttpPort, HttpReply } from './http.ts'
import { HostBudgets } from './limits.ts'
import { ok, reply, serve, TestClock, timeReply } from './loopback.fixture.ts'
import { BybitMarket } from './market.ts'

const DAY = 24 * HOUR
const SPANS: { readonly [name: string]: number } = {
  '1': MINUTE,
  '5': 5 * MINUTE,
  '15': 15 * MINUTE,
  '60': HOUR,
  D: DAY,
}

/** The moment at which the market stands: in the middle of a candle of every interval. */
export const NOW = Date.UTC(2026, 10, 27, 12, 7, 30)

export interface ListedSymbol {
  readonly symbol: string
  readonly launched: number
  readonly fundingHours?: number
  readonly status?: string
  readonly quote?: string
}

export interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  /** Among all, from 1. */
  readonly ordinal: number
}

export class MarketServer {
  now = NOW
  readonly asked: Asked[] = []
  /** Candles that the exchange does not have, by their start. */
  readonly holes = new Set<number>()
  /** Has the first word: what it returns is the answer, an error is thrown. */
  interfere: (asked: Asked) => Partial<HttpReply> | Error | null = () => null
  readonly #symbols: readonly ListedSymbol[]

  constructor(symbols: readonly ListedSymbol[]) {
    this.#symbols = symbols
  }

  /** How often an endpoint was asked. */
  count(path: string): number {
    return this.asked.filter(one => one.path === `/v5/market/${path}`).length
  }

  answer(target: string): HttpReply {
    const url = new URL(target, 'http://127.0.0.1')
    const asked = { path: url.pathname, query: url.searchParams, ordinal: this.asked.length + 1 }
    this.asked.push(asked)
    const other = this.interfere(asked)
    if (other instanceof Error) throw other
    if (other !== null) return { status: 200, headers: {}, body: '', ...other }
    return reply({ ...this.#resultOf(asked), time: this.now })
  }

  #resultOf({ path, query }: Asked): object {
    switch (path) {
      case '/v5/market/time':
        return timeReply(this.now)
      case '/v5/market/instruments-info':
        return this.#instruments(query)
      case '/v5/market/risk-limit':
        return this.#page(query, 1, ({ symbol }) => tier(symbol))
      case '/v5/market/tickers':
        return ok({ category: 'linear', list: this.#symbols.map(one => this.#ticker(one)) })
      case '/v5/market/kline':
        return this.#candles(query, row => row)
      case '/v5/market/mark-price-kline':
        return this.#candles(query, row => row.slice(0, 5))
      case '/v5/market/funding/history':
        return this.#funding(query)
      default:
        return { retCode: 10_001, retMsg: 'unknown', result: {} }
    }
  }

  /** What is not traded is there for those who ask for its status alone. */
  #instruments(query: URLSearchParams): object {
    const [symbol, status] = [query.get('symbol'), query.get('status')]
    if (symbol === null) return this.#page(query, 2, one => instrument(one))
    const found = this.#symbols.filter(one => one.symbol === symbol && (one.status ?? null) === status)
    return ok({ category: 'linear', list: found.map(one => instrument(one)), nextPageCursor: '' })
  }

  #page(query: URLSearchParams, size: number, rowOf: (one: ListedSymbol) => object): object {
    const from = Number(query.get('cursor') ?? 0)
    const list = this.#symbols.slice(from, from + size).map(rowOf)
    const next = from + size < this.#symbols.length ? String(from + size) : ''
    return ok({ category: 'linear', list, nextPageCursor: next })
  }

  #ticker({ symbol, fundingHours = 8 }: ListedSymbol): object {
    const price = priceAt(symbol, this.now)
    return {
      symbol,
      lastPrice: String(price),
      markPrice: String(price),
      indexPrice: String(price),
      prevPrice24h: String(price),
      prevPrice1h: String(price),
      price24hPcnt: '0',
      highPrice24h: String(price + 1),
      lowPrice24h: String(price - 1),
      openInterest: '1',
      openInterestValue: '1',
      turnover24h: '50000000',
      volume24h: '500000',
      fundingRate: '0.0001',
      nextFundingTime: String((Math.floor(this.now / (fundingHours * HOUR)) + 1) * fundingHours * HOUR),
      fundingIntervalHour: String(fundingHours),
      fundingCap: '0.02',
      bid1Price: String(price),
      bid1Size: '1',
      ask1Price: String(price),
      ask1Size: '1',
    }
  }

  /** As the exchange: the start floored, the newest first, the open one with them, the newest kept. */
  #candles(query: URLSearchParams, cut: (row: readonly string[]) => readonly string[]): object {
    const symbol = query.get('symbol') ?? ''
    const span = SPANS[query.get('interval') ?? ''] ?? DAY
    const launched = this.#symbols.find(one => one.symbol === symbol)?.launched ?? Number.POSITIVE_INFINITY
    const end = Math.min(Number(query.get('end')), this.now)
    const first = Math.max(
      Math.floor(Number(query.get('start')) / span) * span,
      Math.ceil(launched / span) * span,
    )
    const rows: (readonly string[])[] = []
    for (let start = Math.floor(end / span) * span; start >= first; start -= span) {
      if (this.holes.has(start)) continue
      const price = priceAt(symbol, start)
      rows.push(cut([start, price, price + 1, price - 1, price, 5, 500].map(String)))
      if (rows.length === Number(query.get('limit') ?? 200)) break
    }
    return ok({ symbol, category: 'linear', list: rows })
  }

  #funding(query: URLSearchParams): object {
    const symbol = query.get('symbol') ?? ''
    const { launched, fundingHours = 8 } = this.#symbols.find(one => one.symbol === symbol) ?? { launched: 0 }
    const span = fundingHours * HOUR
    const end = Math.min(Number(query.get('endTime')), this.now)
    const list: object[] = []
    const first = Math.max(Number(query.get('startTime')), launched)
    for (let time = Math.floor(end / span) * span; time >= first && list.length < 200; time -= span) {
      list.push({ symbol, fundingRate: '0.0001', fundingRateTimestamp: String(time) })
    }
    return ok({ category: 'linear', list })
  }
}

/** A price that depends on the symbol and the time alone. */
export function priceAt(symbol: string, time: number): number {
  return 100 + symbol.length + (Math.floor(time / MINUTE) % 7)
}

function instrument({ symbol, launched, ...rest }: ListedSymbol): object {
  const { fundingHours = 8, status = 'Trading', quote = 'USDT' } = rest
  return {
    symbol,
    contractType: 'LinearPerpetual',
    status,
    baseCoin: symbol.slice(0, -4),
    quoteCoin: quote,
    settleCoin: quote,
    launchTime: String(launched),
    deliveryTime: '0',
    leverageFilter: { minLeverage: '1', maxLeverage: '50.00', leverageStep: '0.01' },
    priceFilter: { minPrice: '0.10', maxPrice: '1999999.80', tickSize: '0.10' },
    lotSizeFilter: {
      maxOrderQty: '1190.000',
      minOrderQty: '0.001',
      qtyStep: '0.001',
      maxMktOrderQty: '500.000',
      minNotionalValue: '5',
    },
    fundingInterval: fundingHours * 60,
    isPreListing: false,
  }
}

function tier(symbol: string): object {
  return {
    id: 1,
    symbol,
    riskLimitValue: '200000',
    maintenanceMargin: '0.013',
    initialMargin: '0.02',
    isLowestRisk: 1,
    maxLeverage: '50.00',
    mmDeduction: '',
  }
}

/** The market of a server over a made-up connection. */
export function marketOver(server: MarketServer): {
  readonly market: BybitMarket
  readonly clock: TestClock
} {
  const clock = new TestClock()
  const http: HttpPort = async ({ url }) => server.answer(url)
  const ports = { http, clock, random: () => 0.5, budgets: new HostBudgets() }
  const client = new BybitClient({ url: 'http://127.0.0.1:1', ports, credentials: null, isDry: true })
  return { market: new BybitMarket(client), clock }
}

/** The server on loopback. Where it throws, the connection breaks. */
export function onLoopback(server: MarketServer): ReturnType<typeof serve> {
  return serve((request, response) => {
    let answer: HttpReply
    try {
      answer = server.answer(request.url ?? '')
    } catch {
      request.socket.destroy()
      return
    }
    response.writeHead(answer.status).end(answer.body)
  })
}
