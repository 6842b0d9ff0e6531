/** A simulated Bybit over candles that a test lays out, and a client of it without sockets. */
import type { Usdt } from '../../../base/units.ts'
import { MINUTE, type Timestamp } from '../../../base/units.ts'
import { CandleSeries } from '../../../market/candles.ts'
import type { Instrument } from '../../../market/instrument.ts'
import type { TierRow } from '../../../market/risk-tier.ts'
import type { SymbolMarket } from '../../../market/symbol-market.ts'
import { instrument as XUSDT } from '../exchange.fixture.ts'
import { type Costs, DEFAULT_COSTS } from '../exchange.ts'
import { type BybitOptions, SimBybit } from './bybit.ts'
import type { HttpReply } from './gate.ts'
import { signatureOf } from './signing.ts'

export const KEY = 'test-key'
export const SECRET = 'test-secret'

/** Monday 2025-03-03, half past eight: half an hour after a settlement. */
export const START: Timestamp = Date.UTC(2025, 2, 3, 8, 30)

/** No slippage: fills are where the price is. */
export const PLAIN_COSTS: Costs = { ...DEFAULT_COSTS, slippage: 0, slippageOfRange: 0 }

/** Minutes of a market, the first of them at `START`: `[open, high, low, close]` each. */
export type Minutes = readonly (readonly [number, number, number, number])[]

/** A market of minutes, with a day of a flat price before it, and one after. */
export function marketOf(minutes: Minutes, instrument: Instrument = XUSDT): SymbolMarket {
  const flat = 24 * 60
  const series = new CandleSeries(instrument.symbol, '1m')
  const first = minutes[0]?.[0] ?? 100
  const last = minutes.at(-1)?.[3] ?? 100
  for (let k = -flat; k < minutes.length + flat; k++) {
    const at = k < 0 ? first : last
    const [open, high, low, close] = minutes[k] ?? [at, at, at, at]
    series.push(START + k * MINUTE, open, high, low, close, 60, (60 * (open + close)) / 2)
  }
  return { instrument, candles: new Map([['1m', series]]), mark: new Map(), funding: null }
}

/** Three tiers, of which the exchange states no deduction. */
export const TIERS: readonly TierRow[] = (
  [
    [1, '1000', 0.01, 0.02, '50'],
    [2, '5000', 0.02, 0.04, '25'],
    [3, '20000', 0.05, 0.1, '10'],
  ] as const
).map(([id, limit, maintenanceMargin, initialMargin, maxLeverage]) => ({
  date: '2026-01-01',
  symbol: 'XUSDT',
  id,
  limit,
  maintenanceMargin,
  initialMargin,
  maxLeverage,
  deduction: null,
}))

/** A price that stands still. */
export function still(price: number, minutes = 60): Minutes {
  return Array.from({ length: minutes }, () => [price, price, price, price] as const)
}

export interface Reply<T = Record<string, never>> {
  readonly retCode: number
  readonly retMsg: string
  readonly result: T
  readonly time: number
}

/** Rows of a reply, whatever they are. */
export interface Rows {
  readonly list: readonly { readonly [name: string]: string }[]
  readonly nextPageCursor: string
}

export class TestClient {
  readonly sim: SimBybit
  #frames: { readonly session: number; readonly message: Record<string, unknown> }[] = []

  constructor(markets: readonly SymbolMarket[], options: Partial<BybitOptions> & { wallet?: Usdt } = {}) {
    this.sim = new SimBybit(markets, {
      costs: PLAIN_COSTS,
      wallet: 1_000,
      seed: '1',
      from: START,
      key: KEY,
      secret: SECRET,
      speed: 1,
      ...options,
    })
  }

  /** A signed request as it would be sent. */
  raw(
    method: 'GET' | 'POST',
    path: string,
    params: { readonly [name: string]: unknown } = {},
    change: {
      readonly stamp?: number
      readonly secret?: string
      readonly key?: string
      readonly window?: string
    } = {},
  ): HttpReply {
    const query =
      method === 'GET'
        ? Object.entries(params)
            .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
            .join('&')
        : ''
    const body = method === 'POST' ? JSON.stringify(params) : ''
    const stamp = String(Math.floor(change.stamp ?? this.sim.now))
    const key = change.key ?? KEY
    const window = change.window ?? '5000'
    const signed = `${stamp}${key}${window}${method === 'GET' ? query : body}`
    const outcome = this.sim.request({
      method,
      target: query === '' ? path : `${path}?${query}`,
      body,
      headers: {
        'x-bapi-api-key': key,
        'x-bapi-timestamp': stamp,
        'x-bapi-recv-window': window,
        'x-bapi-sign': signatureOf(change.secret ?? SECRET, signed),
      },
    })
    if (outcome.kind !== 'reply') throw new Error(`the request came to ${outcome.kind}`)
    return outcome.reply
  }

  get<T = Rows>(path: string, params: { readonly [name: string]: unknown } = {}): Reply<T> {
    return JSON.parse(this.raw('GET', path, params).body)
  }

  post<T = { orderId: string; orderLinkId: string }>(
    path: string,
    params: { readonly [name: string]: unknown },
  ): Reply<T> {
    // A second later: what is limited by the second is not what is tested.
    const reply: Reply<T> = JSON.parse(this.raw('POST', path, { category: 'linear', ...params }).body)
    this.collect()
    return reply
  }

  /** An order, at the market where nothing else is said. */
  order(params: { readonly [name: string]: unknown }): Reply<{ orderId: string; orderLinkId: string }> {
    return this.post('/v5/order/create', { symbol: 'XUSDT', orderType: 'Market', qty: '1', ...params })
  }

  position(): { readonly [name: string]: string } {
    return this.get('/v5/position/list', { category: 'linear', symbol: 'XUSDT' }).result.list[0]
  }

  open(): readonly { readonly [name: string]: string }[] {
    return this.get('/v5/order/realtime', { category: 'linear', symbol: 'XUSDT' }).result.list
  }

  /** An order whatever has become of it. */
  found(orderId: string): { readonly [name: string]: string } {
    const { list } = this.get('/v5/order/realtime', { category: 'linear', symbol: 'XUSDT', orderId }).result
    if (list.length === 0) throw new Error(`there is no order ${orderId}`)
    return list[0]
  }

  balance(): string {
    const { list } = this.get<{ list: { totalWalletBalance: string }[] }>('/v5/account/wallet-balance', {
      accountType: 'UNIFIED',
    }).result
    return list[0].totalWalletBalance
  }

  /** Lets so many milliseconds pass, a second at a time. */
  pass(ms: number): void {
    const end = this.sim.now + ms
    while (this.sim.now < end) this.sim.advance(Math.min(end, this.sim.now + 1_000))
    this.collect()
  }

  /** A new connection. */
  opened(channel: 'public' | 'private' | 'trade'): number {
    const id = this.sim.open(channel)
    if (id === null) throw new Error('there are too many connections')
    return id
  }

  /** A socket that is authenticated where it has to be, with topics. */
  socket(channel: 'public' | 'private' | 'trade', topics: readonly string[] = []): number {
    const id = this.opened(channel)
    if (channel !== 'public') this.authenticate(id)
    if (topics.length > 0) this.say(id, { op: 'subscribe', args: topics, req_id: 'sub' })
    return id
  }

  authenticate(id: number, secret: string = SECRET): void {
    const expires = Math.floor(this.sim.now) + 1_000
    this.say(id, { op: 'auth', args: [KEY, expires, signatureOf(secret, `GET/realtime${expires}`)] })
  }

  say(id: number, frame: object): void {
    this.sim.frame(id, JSON.stringify(frame))
    this.collect()
  }

  collect(): void {
    for (const { session, text } of this.sim.take()) this.#frames.push({ session, message: JSON.parse(text) })
  }

  /** What a socket was told since the last call, in order. */
  heard(id: number): readonly Record<string, unknown>[] {
    this.collect()
    const own = this.#frames.filter(({ session }) => session === id).map(({ message }) => message)
    this.#frames = this.#frames.filter(({ session }) => session !== id)
    return own
  }
}
