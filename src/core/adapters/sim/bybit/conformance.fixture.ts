/** Two clients that were written by others, behind one interface, for a scenario that both go through. */
import { createHmac } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type DefaultLogger,
  RestClientV5,
  WebsocketClient,
  type WSClientConfigurableOptions,
  type WsKey,
} from 'bybit-api'
import ccxt from 'ccxt'
import { SECOND } from '../../../base/units.ts'
import { KEY, type Minutes, marketOf, PLAIN_COSTS, SECRET, START, still } from './bybit.fixture.ts'
import { SimBybit } from './bybit.ts'
import { shifted } from './feed.ts'
import { BybitServer } from './server.ts'

/** What a client is asked to do; numbers are those that it has read out of the replies. */
export interface Client {
  balance(): Promise<number>
  lastPrice(): Promise<number>
  /** Closes of the last closed minutes, oldest first. */
  closes(count: number): Promise<readonly number[]>
  setLeverage(leverage: number): Promise<void>
  /** From now on a symbol has a position on each side. */
  setHedge(): Promise<void>
  /** In the exchange's word. */
  marginMode(): Promise<string>
  setMarginMode(mode: 'isolated' | 'cross'): Promise<void>
  /** What the whole account has to keep of its equity. */
  maintenanceRate(): Promise<number>
  /** `null` where there is none. */
  liquidationPrice(): Promise<number | null>
  /** Sizes of the positions by their sides. */
  sizes(): Promise<{ readonly [side: string]: number }>
  /** Returns the exchange's id. */
  place(order: Placing): Promise<string>
  amend(id: string, qty: number, price: number): Promise<void>
  /** Returns the code that it was refused with, 0 where it was not. */
  cancel(id: string): Promise<number>
  setStop(stop: number): Promise<void>
  position(): Promise<{
    readonly side: string
    readonly size: number
    readonly entry: number
    readonly stop: number
  }>
  order(id: string): Promise<{ readonly status: string; readonly filled: number }>
  fills(): Promise<readonly Fill[]>
  closedPnl(): Promise<readonly number[]>
  /** Over the order channel of the sockets. */
  placeBySocket(order: Placing): Promise<string>
  /** What the streams have told so far: fills, sizes of the position, statuses of orders, last prices, candles. */
  readonly heard: Heard
  /** The size of the position as the streams have told it. */
  streamedSize(): number
  close(): Promise<void>
}

export interface Placing {
  readonly side: 'buy' | 'sell'
  readonly qty: number
  /** Left out: at the market. */
  readonly price?: number
  readonly stop?: number
  readonly target?: number
  readonly positionIdx?: 1 | 2
  readonly reduceOnly?: boolean
  readonly linkId: string
}

export interface Fill {
  readonly id: string
  readonly side: string
  readonly price: number
  readonly qty: number
  readonly fee: number
  readonly isMaker: boolean
}

export interface Heard {
  readonly fills: string[]
  readonly sizes: number[]
  readonly statuses: string[]
  readonly prices: number[]
  readonly candles: number[]
}

const SYMBOL = 'XUSDT'
/** Requests may be so old: the tests let time pass at once. */
const WINDOW = 30 * SECOND
const TOPICS = ['order', 'execution', 'position', 'wallet']

/**
 * A simulated Bybit that lives in the present, on its sockets.
 *
 * @param minutes of its market, of which the first has begun ten seconds ago
 * @returns `skip` lets so many milliseconds pass at once
 */
export async function present(
  seed: string,
  minutes: Minutes = still(100),
): Promise<{ sim: SimBybit; server: BybitServer; skip: (ms: number) => void }> {
  let skipped = 0
  const from = Date.now() - 10 * SECOND
  const sim = new SimBybit([shifted(marketOf(minutes), from - START)], {
    costs: PLAIN_COSTS,
    wallet: 1_000,
    seed,
    from: Date.now(),
    key: KEY,
    secret: SECRET,
    speed: 1,
  })
  const server = await BybitServer.listen(sim, {
    port: 0,
    wall: () => Date.now() + skipped,
    stamp: () => Date.now(),
    sleep: async (ms, signal) => {
      await wait(ms, undefined, { signal, ref: false }).catch(() => {})
    },
  })
  const skip = (ms: number): void => {
    skipped += ms
  }
  return { sim, server, skip }
}

/** Waits until something is so. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let k = 0; k < 500; k++) {
    if (isSo()) return
    await wait(10)
  }
  throw new Error(`it did not come to be that ${what}`)
}

const PATHS: { readonly [key: string]: string } = {
  v5LinearPublic: '/v5/public/linear',
  v5Private: '/v5/private',
  v5PrivateTrade: '/v5/trade',
}

class LoopbackSocket extends WebsocketClient {
  readonly #base: string

  constructor(base: string, options: WSClientConfigurableOptions, logger: typeof DefaultLogger) {
    super(options, logger)
    this.#base = base
  }

  protected override async getWsUrl(key: WsKey): Promise<string> {
    return `${this.#base.replace('http', 'ws')}${PATHS[key]}`
  }
}

/** The two halves of bybit-api, of which none is connected yet. */
export function bybitApiOf(url: string): { readonly rest: RestClientV5; readonly socket: WebsocketClient } {
  const rest = new RestClientV5(
    {
      baseUrl: url,
      key: KEY,
      secret: SECRET,
      recv_window: WINDOW,
      parseAPIRateLimits: true,
      customSignMessageFn: async (message, secret) =>
        createHmac('sha256', secret).update(message).digest('hex'),
    },
    { timeout: 10_000, proxy: false },
  )
  const silent: typeof DefaultLogger = { trace: () => {}, info: () => {}, error: () => {} }
  const socket = new LoopbackSocket(url, { key: KEY, secret: SECRET, market: 'v5' } as never, silent)
  return { rest, socket }
}

export async function bybitApi(url: string): Promise<Client> {
  const { rest, socket } = bybitApiOf(url)
  const heard: Heard = { fills: [], sizes: [], statuses: [], prices: [], candles: [] }
  let subscribed = 0
  socket.on('response', () => {
    subscribed++
  })
  socket.on('exception', () => {})
  socket.on('update', (message: { topic: string; data: unknown }) => hear(heard, message))
  await socket.subscribeV5(TOPICS, 'linear', true)
  await socket.subscribeV5([`tickers.${SYMBOL}`, `kline.1.${SYMBOL}`], 'linear')
  await until(() => subscribed >= 2, 'bybit-api is subscribed')
  const ok = <T extends { retCode: number; retMsg: string }>(reply: T): T => {
    if (reply.retCode !== 0) throw new Error(`${reply.retCode} ${reply.retMsg}`)
    return reply
  }
  const category = 'linear' as const
  const params = ({ side, qty, price, stop, target, positionIdx, reduceOnly, linkId }: Placing) => ({
    category,
    symbol: SYMBOL,
    side: side === 'buy' ? ('Buy' as const) : ('Sell' as const),
    orderType: price === undefined ? ('Market' as const) : ('Limit' as const),
    qty: String(qty),
    orderLinkId: linkId,
    ...(price === undefined ? {} : { price: String(price) }),
    ...(stop === undefined ? {} : { stopLoss: String(stop), tpslMode: 'Full' as const }),
    ...(target === undefined ? {} : { takeProfit: String(target) }),
    ...(positionIdx === undefined ? {} : { positionIdx }),
    ...(reduceOnly === true ? { reduceOnly } : {}),
  })
  return {
    heard,
    streamedSize: () => heard.sizes.at(-1) ?? Number.NaN,
    balance: async () => {
      const { result } = ok(await rest.getWalletBalance({ accountType: 'UNIFIED' }))
      return Number(result.list[0].coin[0].walletBalance)
    },
    lastPrice: async () => {
      const { result } = ok(await rest.getTickers({ category, symbol: SYMBOL }))
      return Number(result.list[0].lastPrice)
    },
    closes: async count => {
      const { result } = ok(
        await rest.getKline({ category, symbol: SYMBOL, interval: '1', limit: count + 1 }),
      )
      return result.list
        .slice(1)
        .reverse()
        .map(row => Number(row[4]))
    },
    setLeverage: async leverage => {
      const both = { buyLeverage: String(leverage), sellLeverage: String(leverage) }
      ok(await rest.setLeverage({ category, symbol: SYMBOL, ...both }))
    },
    setHedge: async () => {
      ok(await rest.switchPositionMode({ category, coin: 'USDT', mode: 3 }))
    },
    marginMode: async () => ok(await rest.getAccountInfo()).result.marginMode,
    setMarginMode: async mode => {
      ok(await rest.setMarginMode(mode === 'cross' ? 'REGULAR_MARGIN' : 'ISOLATED_MARGIN'))
    },
    maintenanceRate: async () => {
      const { result } = ok(await rest.getWalletBalance({ accountType: 'UNIFIED' }))
      return Number(result.list[0].accountMMRate)
    },
    liquidationPrice: async () => {
      const { result } = ok(await rest.getPositionInfo({ category, symbol: SYMBOL }))
      return result.list[0].liqPrice === '' ? null : Number(result.list[0].liqPrice)
    },
    sizes: async () => {
      const { result } = ok(await rest.getPositionInfo({ category, settleCoin: 'USDT' }))
      return Object.fromEntries(
        result.list.map(({ side, size }) => [side === 'Buy' ? 'long' : 'short', Number(size)]),
      )
    },
    place: async order => ok(await rest.submitOrder(params(order))).result.orderId,
    amend: async (orderId, qty, price) => {
      ok(await rest.amendOrder({ category, symbol: SYMBOL, orderId, qty: String(qty), price: String(price) }))
    },
    cancel: async orderId => (await rest.cancelOrder({ category, symbol: SYMBOL, orderId })).retCode,
    setStop: async stop => {
      const stops = { stopLoss: String(stop), tpslMode: 'Full' as const, positionIdx: 0 as const }
      ok(await rest.setTradingStop({ category, symbol: SYMBOL, ...stops }))
    },
    position: async () => {
      const { result } = ok(await rest.getPositionInfo({ category, symbol: SYMBOL }))
      const [{ side, size, avgPrice, stopLoss }] = result.list
      return {
        side: side === 'Buy' ? 'long' : side === 'Sell' ? 'short' : '',
        size: Number(size),
        entry: Number(avgPrice),
        stop: Number(stopLoss),
      }
    },
    order: async orderId => {
      const { result } = ok(await rest.getActiveOrders({ category, symbol: SYMBOL, orderId }))
      const [{ orderStatus, cumExecQty }] = result.list
      return { status: STATUSES[orderStatus] ?? orderStatus, filled: Number(cumExecQty) }
    },
    fills: async () => {
      const { result } = ok(await rest.getExecutionList({ category, symbol: SYMBOL }))
      return result.list.map(({ execId, side, execPrice, execQty, execFee, isMaker }) => ({
        id: execId,
        side: side === 'Buy' ? 'buy' : 'sell',
        price: Number(execPrice),
        qty: Number(execQty),
        fee: Number(execFee),
        isMaker,
      }))
    },
    closedPnl: async () => {
      const { result } = ok(await rest.getClosedPnL({ category, symbol: SYMBOL }))
      return result.list.map(({ closedPnl }) => Number(closedPnl))
    },
    placeBySocket: async order => {
      const reply = await socket.sendWSAPIRequest('v5PrivateTrade', 'order.create', params(order))
      return ok(reply).data.orderId
    },
    close: async () => {
      socket.closeAll(true)
    },
  }
}

/** ccxt's words for the statuses of orders. */
const STATUSES: { readonly [status: string]: string } = {
  New: 'open',
  PartiallyFilled: 'open',
  Untriggered: 'open',
  Filled: 'closed',
  Cancelled: 'canceled',
  Rejected: 'rejected',
}

function hear(heard: Heard, { topic, data }: { topic: string; data: unknown }): void {
  const rows = (Array.isArray(data) ? data : [data]) as { readonly [name: string]: string }[]
  for (const row of rows) {
    if (topic === 'execution') heard.fills.push(row.execId)
    else if (topic === 'order') heard.statuses.push(STATUSES[row.orderStatus] ?? row.orderStatus)
    else if (topic === 'position') heard.sizes.push(Number(row.size))
    else if (topic.startsWith('tickers') && row.lastPrice !== undefined)
      heard.prices.push(Number(row.lastPrice))
    else if (topic.startsWith('kline')) heard.candles.push(Number(row.close))
  }
}

const UNIFIED = 'X/USDT:USDT'

export async function ccxtClient(url: string): Promise<Client> {
  const ex = new ccxt.pro.bybit({
    apiKey: KEY,
    secret: SECRET,
    enableRateLimit: false,
    options: { defaultType: 'swap', recvWindow: WINDOW, fetchMarkets: { types: ['linear'] } },
  })
  const api = ex.urls.api as { [name: string]: unknown }
  for (const name of Object.keys(api)) if (typeof api[name] === 'string') api[name] = url
  const loopback = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replace(/^wss:\/\/[^/]+/, url.replace('http', 'ws'))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, loopback(inner)]))
  }
  api.ws = loopback(api.ws)
  ex.has.fetchCurrencies = false
  await ex.loadHttpProxyAgent()
  await ex.loadMarkets()
  const heard: Heard = { fills: [], sizes: [], statuses: [], prices: [], candles: [] }
  let isOpen = true
  const follow = (watch: () => Promise<void>): void => {
    void (async () => {
      while (isOpen) await watch()
    })().catch(() => {})
  }
  const seen = { ticker: false, candle: false }
  follow(async () => {
    heard.prices.push((await ex.watchTicker(UNIFIED)).last ?? Number.NaN)
    seen.ticker = true
  })
  follow(async () => {
    heard.candles.push(...(await ex.watchOHLCV(UNIFIED, '1m')).map(row => row[4] ?? Number.NaN))
    seen.candle = true
  })
  follow(async () => {
    for (const { id } of await ex.watchMyTrades(UNIFIED)) if (id !== undefined) heard.fills.push(id)
  })
  follow(async () => {
    for (const { status } of await ex.watchOrders(UNIFIED)) heard.statuses.push(status ?? '')
  })
  follow(async () => {
    for (const { contracts } of await ex.watchPositions([UNIFIED])) heard.sizes.push(contracts ?? Number.NaN)
  })
  await until(() => seen.ticker && seen.candle, 'ccxt is subscribed')
  const params = ({ stop, target, positionIdx, reduceOnly, linkId }: Placing): object => ({
    clientOrderId: linkId,
    ...(stop === undefined ? {} : { stopLoss: { triggerPrice: stop } }),
    ...(target === undefined ? {} : { takeProfit: { triggerPrice: target } }),
    ...(positionIdx === undefined ? {} : { positionIdx }),
    ...(reduceOnly === true ? { reduceOnly } : {}),
  })
  const typeOf = ({ price }: Placing): 'market' | 'limit' => (price === undefined ? 'market' : 'limit')
  return {
    heard,
    // Of two messages in one go ccxt wakes a watcher for the first only; its cache has both.
    streamedSize: () => {
      const own = [...(ex.positions ?? [])].filter(({ symbol }: { symbol: string }) => symbol === UNIFIED)
      return own.length === 0 ? Number.NaN : own.reduce((sum, { contracts }) => sum + contracts, 0)
    },
    balance: async () => Number((await ex.fetchBalance()).USDT.total),
    lastPrice: async () => (await ex.fetchTicker(UNIFIED)).last ?? Number.NaN,
    closes: async count => {
      const rows = await ex.fetchOHLCV(UNIFIED, '1m', undefined, count + 1)
      return rows.slice(0, -1).map(row => row[4] ?? Number.NaN)
    },
    setLeverage: async leverage => {
      await ex.setLeverage(leverage, UNIFIED)
    },
    setHedge: async () => {
      await ex.setPositionMode(true, UNIFIED)
    },
    marginMode: async () => (await ex.privateGetV5AccountInfo()).result.marginMode,
    setMarginMode: async mode => {
      await ex.setMarginMode(mode)
    },
    maintenanceRate: async () => {
      const { info } = await ex.fetchBalance()
      return Number(info.result.list[0].accountMMRate)
    },
    liquidationPrice: async () => (await ex.fetchPosition(UNIFIED)).liquidationPrice ?? null,
    sizes: async () => {
      const held = await ex.fetchPositions([UNIFIED])
      return Object.fromEntries(
        held.flatMap(({ side, contracts }) => (contracts ? [[side ?? '', contracts]] : [])),
      )
    },
    place: async order =>
      idOf(await ex.createOrder(UNIFIED, typeOf(order), order.side, order.qty, order.price, params(order))),
    amend: async (id, qty, price) => {
      await ex.editOrder(id, UNIFIED, 'limit', 'buy', qty, price)
    },
    cancel: async id => {
      try {
        await ex.cancelOrder(id, UNIFIED)
        return 0
      } catch (error) {
        return Number(/"retCode":(\d+)/.exec(String(error))?.[1])
      }
    },
    setStop: async stop => {
      await ex.privatePostV5PositionTradingStop({
        category: 'linear',
        symbol: SYMBOL,
        stopLoss: String(stop),
        tpslMode: 'Full',
        positionIdx: 0,
      })
    },
    position: async () => {
      const { side, contracts, entryPrice, stopLossPrice } = await ex.fetchPosition(UNIFIED)
      const size = contracts ?? 0
      return { side: size === 0 ? '' : (side ?? ''), size, entry: entryPrice ?? 0, stop: stopLossPrice ?? 0 }
    },
    order: async id => {
      const { status, filled } = await ex.fetchOrder(id, UNIFIED, { acknowledged: true })
      return { status: status ?? '', filled: filled ?? Number.NaN }
    },
    fills: async () => {
      const trades = await ex.fetchMyTrades(UNIFIED)
      return [...trades].reverse().map(({ id, side, price, amount, fee, takerOrMaker }) => ({
        id: id ?? '',
        side: side ?? '',
        price: price ?? Number.NaN,
        qty: amount ?? Number.NaN,
        fee: Number(fee?.cost),
        isMaker: takerOrMaker === 'maker',
      }))
    },
    closedPnl: async () => {
      const reply = await ex.privateGetV5PositionClosedPnl({ category: 'linear', symbol: SYMBOL })
      return reply.result.list.map(({ closedPnl }: { closedPnl: string }) => Number(closedPnl))
    },
    placeBySocket: async order =>
      idOf(await ex.createOrderWs(UNIFIED, typeOf(order), order.side, order.qty, order.price, params(order))),
    close: async () => {
      isOpen = false
      await ex.close()
    },
  }
}

function idOf({ id }: { readonly id: string | undefined }): string {
  if (id === undefined) throw new Error('an order without an id')
  return id
}
