/**
 * The replies and messages of the simulated Bybit beside recorded ones: the same fields, of the same JSON types. What
 * differs stands in `EXCEPTIONS` with its reason.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE } from '../../../base/units.ts'
import { KEY, type Minutes, marketOf, SECRET, START, TestClient } from './bybit.fixture.ts'
import { EXCEPTIONS } from './schema.fixture.ts'
import { signatureOf } from './signing.ts'

const test = suite('schema')

const FOLDER = new URL('../../../../../../shared/data/bybit-recorded/', import.meta.url).pathname
const isRecorded = existsSync(FOLDER)
const titled = (title: string): string =>
  isRecorded ? title : `${title}: skipped, as ../shared/data is not there`

type Shape = ReadonlyMap<string, ReadonlySet<string>>

/** Objects whose keys are data: coins, for example. */
const KEYED = ['cumFeeDetail']

/** The paths of a JSON value, with the JSON types that are found there. */
function shapeOf(values: readonly unknown[]): Shape {
  const shape = new Map<string, Set<string>>()
  const add = (path: string, value: unknown): void => {
    const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
    const types = shape.get(path) ?? new Set()
    shape.set(path, types.add(type))
    if (Array.isArray(value)) for (const item of value) add(`${path}[]`, item)
    else if (typeof value === 'object' && value !== null) {
      const isKeyed = KEYED.some(name => path.endsWith(`.${name}`))
      for (const [name, inner] of Object.entries(value)) add(`${path}.${isKeyed ? '*' : name}`, inner)
    }
  }
  for (const value of values) add('', value)
  return shape
}

interface Recorded {
  readonly message: unknown
  readonly origin: string
}

/** Columns of a line of the index; the origin may be quoted. */
function columnsOf(line: string): readonly string[] {
  return [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map(([, plain, quoted]) => quoted ?? plain)
}

function originOf(file: string): string {
  const line = readFileSync(join(FOLDER, 'index.csv'), 'utf8')
    .split('\n')
    .find(one => one.startsWith(`${file},`))
  return columnsOf(line ?? '')[3] ?? ''
}

/** Recorded messages of a folder, the client's own and those of other kinds of markets left out. */
function recorded(folder: string): readonly Recorded[] {
  return readdirSync(join(FOLDER, folder)).flatMap(name => {
    const file = `${folder}/${name}`
    if (!name.endsWith('.json') || !isLinear(name)) return []
    const value: unknown = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))
    const messages = name.endsWith('.session.json')
      ? (value as { dir: string; msg: unknown }[]).flatMap(({ dir, msg }) => (dir === 'in' ? [msg] : []))
      : [value]
    return messages.filter(isOfLinear).map(message => ({ message, origin: originOf(file) }))
  })
}

function isLinear(name: string): boolean {
  return !/inverse|spot|xstocks|_option/.test(name)
}

/** Neither of the spot market, nor of options, nor of futures with a date. */
function isOfLinear(message: unknown): boolean {
  const { result, topic, data } = message as { result?: { category?: string }; topic?: string; data?: object }
  if (['spot', 'option'].includes(result?.category ?? '')) return false
  if (!String(topic).startsWith('tickers')) return true
  return !/[A-Z]\d\d$/.test(String(topic)) && !('usdIndexPrice' in (data ?? {})) && !('bidIv' in (data ?? {}))
}

/** What differs between a simulated shape and a recorded one, a line each. */
function differences(name: string, simulated: Shape, real: Shape): readonly string[] {
  const found: string[] = []
  for (const [path, types] of real) {
    const own = simulated.get(path)
    if (own === undefined) {
      // A missing branch is told once, at its root.
      const parent = path.replace(/(\.[^.[]+|\[\])$/, '')
      // What a key may not do is an empty list.
      if (parent.includes('.permissions.')) continue
      if (simulated.has(parent) || parent === '') found.push(`${name} ${path} is missing`)
      continue
    }
    for (const type of own)
      if (!types.has(type)) found.push(`${name} ${path} is ${type}, not ${[...types].join(' or ')}`)
  }
  for (const path of simulated.keys()) {
    const parent = path.replace(/(\.[^.[]+|\[\])$/, '')
    if (!real.has(path) && real.has(parent)) found.push(`${name} ${path} is not recorded`)
  }
  return found
}

const MINUTES: Minutes = Array.from(
  { length: 120 },
  (_, k) => [100 + (k % 7), 108, 98, 100 + ((k + 1) % 7)] as const,
)

/** An account with something of everything. */
function lively(): TestClient {
  const client = new TestClient([marketOf(MINUTES)])
  client.order({ side: 'Buy', qty: '2', stopLoss: '90', takeProfit: '120', orderLinkId: 'a' })
  client.order({ side: 'Sell', qty: '1', reduceOnly: true })
  client.order({ side: 'Buy', orderType: 'Limit', price: '99', stopLoss: '90' })
  client.order({ side: 'Buy', triggerPrice: '115', triggerDirection: 1 })
  client.sim.advance(START + 8 * HOUR)
  client.sim.take()
  return client
}

const SYMBOL = { category: 'linear', symbol: 'XUSDT' }
const GETS: { readonly [endpoint: string]: object } = {
  '/v5/market/time': {},
  '/v5/market/kline': { ...SYMBOL, interval: '1' },
  '/v5/market/mark-price-kline': { ...SYMBOL, interval: '1' },
  '/v5/market/instruments-info': SYMBOL,
  '/v5/market/tickers': SYMBOL,
  '/v5/market/funding/history': SYMBOL,
  '/v5/market/open-interest': { ...SYMBOL, intervalTime: '1h' },
  '/v5/market/orderbook': SYMBOL,
  '/v5/market/price-limit': SYMBOL,
  '/v5/market/recent-trade': SYMBOL,
  '/v5/market/risk-limit': SYMBOL,
  '/v5/order/realtime': SYMBOL,
  '/v5/order/history': SYMBOL,
  '/v5/execution/list': SYMBOL,
  '/v5/position/list': SYMBOL,
  '/v5/position/closed-pnl': SYMBOL,
  '/v5/account/wallet-balance': { accountType: 'UNIFIED' },
  '/v5/account/fee-rate': SYMBOL,
  '/v5/account/info': {},
  '/v5/account/transaction-log': {},
  '/v5/user/query-api': {},
}

const POSTS: { readonly [endpoint: string]: object } = {
  '/v5/order/create': {
    symbol: 'XUSDT',
    side: 'Buy',
    orderType: 'Limit',
    price: '99',
    qty: '1',
    orderLinkId: 'z',
  },
  '/v5/order/amend': { symbol: 'XUSDT', orderLinkId: 'z', price: '98' },
  '/v5/order/cancel': { symbol: 'XUSDT', orderLinkId: 'z' },
  '/v5/order/cancel-batch': { request: [{ symbol: 'XUSDT', orderLinkId: 'z' }] },
  '/v5/position/set-leverage': { symbol: 'XUSDT', buyLeverage: '7', sellLeverage: '7' },
  '/v5/position/trading-stop': { symbol: 'XUSDT', stopLoss: '91', positionIdx: 0 },
  '/v5/order/cancel-all': { symbol: 'XUSDT' },
  '/v5/account/set-limit-px-action': { modifyEnable: true },
  '/v5/account/set-margin-mode': { setMarginMode: 'PORTFOLIO_MARGIN' },
}

function folderOf(method: string, endpoint: string): string {
  return `rest/${method}_${endpoint.slice(1).replaceAll('/', '_')}`
}

const told = new Set<string>()

function compare(name: string, simulated: readonly unknown[], real: readonly Recorded[]): readonly string[] {
  assert.ok(simulated.length > 0, `${name} was simulated`)
  assert.ok(real.length > 0, `${name} was recorded`)
  for (const { origin } of real) assert.ok(origin !== '', `the origin of ${name} is known`)
  const shapes = [simulated, real.map(({ message }) => message)].map(shapeOf)
  const origins = [...new Set(real.map(({ origin }) => origin))].join('; ')
  return differences(name, shapes[0], shapes[1]).flatMap(difference => {
    if (EXCEPTIONS[difference] === undefined) return [`${difference} (recorded: ${origins})`]
    told.add(difference)
    return []
  })
}

test(titled('replies have the fields of recorded ones, and of their types'), () => {
  if (!isRecorded) return
  const client = lively()
  const found: string[] = []
  for (const [endpoint, params] of Object.entries(GETS)) {
    const reply = client.get(endpoint, { ...params })
    assert.is(reply.retCode, 0, endpoint)
    found.push(...compare(endpoint, [reply], recorded(folderOf('GET', endpoint))))
  }
  client.order({ side: 'Buy', qty: '1' })
  for (const [endpoint, params] of Object.entries(POSTS)) {
    const reply = client.post(endpoint, { ...params })
    assert.ok(
      endpoint === '/v5/account/set-margin-mode' || reply.retCode === 0,
      `${endpoint} ${reply.retMsg}`,
    )
    found.push(...compare(endpoint, [reply], recorded(folderOf('POST', endpoint))))
    client.sim.advance(client.sim.now + 200)
  }
  client.sim.advance(client.sim.now + MINUTE)
  client.post('/v5/order/cancel-all', { settleCoin: 'USDT' })
  client.order({ side: 'Sell', qty: '0', reduceOnly: true, closeOnTrigger: true })
  const mode = client.post('/v5/position/switch-mode', { coin: 'USDT', mode: 3 })
  assert.is(mode.retCode, 0)
  found.push(
    ...compare('/v5/position/switch-mode', [mode], recorded(folderOf('POST', '/v5/position/switch-mode'))),
  )
  const refused = client.get('/v5/market/kline', { symbol: 'NO', interval: '1' })
  found.push(...compare('error', [refused], recorded('rest/error_replies')))
  assert.equal(found, [])
})

function credentials(client: TestClient): readonly unknown[] {
  const expires = Math.floor(client.sim.now) + 1_000
  return [KEY, expires, signatureOf(SECRET, `GET/realtime${expires}`)]
}

test(titled('messages have the fields of recorded ones, and of their types'), () => {
  if (!isRecorded) return
  const client = lively()
  const open = client.socket('public', [
    'tickers.XUSDT',
    'kline.1.XUSDT',
    'publicTrade.XUSDT',
    'orderbook.50.XUSDT',
  ])
  const own = client.opened('private')
  client.say(own, { req_id: 'a', op: 'auth', args: credentials(client) })
  client.say(own, { req_id: 's', op: 'subscribe', args: ['order', 'execution', 'position', 'wallet'] })
  const trade = client.opened('trade')
  const authenticated = client.heard(own)[0]
  client.order({ side: 'Buy', stopLoss: '90' })
  client.order({ side: 'Sell', reduceOnly: true })
  client.sim.advance(client.sim.now + 2 * MINUTE)
  const frames = [...client.heard(open), ...client.heard(own)]
  const of = (topic: string): readonly unknown[] =>
    frames.filter(frame => String(frame.topic).split('.')[0] === topic)
  const found: string[] = []
  for (const topic of [
    'tickers',
    'kline',
    'publicTrade',
    'orderbook',
    'order',
    'execution',
    'position',
    'wallet',
  ]) {
    const real = recorded(`ws/${topic}`).filter(
      ({ message }) => String((message as { topic?: string }).topic).split('.')[0] === topic,
    )
    found.push(...compare(topic, of(topic), real))
  }
  client.say(trade, { reqId: 'a', op: 'auth', args: credentials(client) })
  const traderAuthenticated = client.heard(trade)
  client.say(trade, { op: 'ping' })
  found.push(...compare('op.pong', client.heard(trade), recorded('ws/op.pong')))
  const header = { 'X-BAPI-TIMESTAMP': String(Math.floor(client.sim.now)) }
  const limit = { ...SYMBOL, side: 'Buy', orderType: 'Limit', price: '99', qty: '1', orderLinkId: 's' }
  const asked = [
    ['order.create', limit],
    ['order.amend', { ...SYMBOL, orderLinkId: 's', price: '98' }],
    ['order.cancel', { ...SYMBOL, orderLinkId: 's' }],
  ] as const
  for (const [op, args] of asked) {
    client.say(trade, { reqId: op, header, op, args: [args] })
    const answers = client.heard(trade)
    const session = recorded(`ws/trade-${op}`)
    const [auth, ...rest] = session
    found.push(...compare(`trade ${op}`, answers, rest))
    found.push(...compare('trade auth', traderAuthenticated, [auth]))
    if (op === 'order.create') found.push(...compare(op, answers, recorded('ws/op.order.create')))
  }
  const twice = { category: 'linear', request: [limit, { ...limit, orderLinkId: 't', positionIdx: 1 }] }
  client.say(trade, { reqId: 'batch', header, op: 'order.create-batch', args: [twice] })
  found.push(...compare('op.create-batch', client.heard(trade), recorded('ws/op.order.create-batch')))
  const answer = frames.find(({ op }) => op === 'subscribe')
  const acknowledged = recorded('ws/op.subscribe').filter(({ message }) => 'success' in (message as object))
  found.push(...compare('op.subscribe', answer === undefined ? [] : [answer], acknowledged))
  const sessions = recorded('ws/order').filter(({ message }) => (message as { op?: string }).op === 'auth')
  found.push(...compare('op.auth', [authenticated], sessions))
  assert.equal(found, [])
})

test(titled('every exception is one'), () => {
  if (!isRecorded) return
  for (const [difference, reason] of Object.entries(EXCEPTIONS)) {
    assert.ok(told.has(difference), `there is no such difference any more: ${difference}`)
    assert.ok(reason.length > 10, difference)
  }
})

test.run()
