/** One field of one row of a list is junk: what that means for all the others, and for its own symbol. */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { Account, Execution, Unread } from '../../engine/protocol.ts'
import { isHidden } from '../../engine/reach-rules.ts'
import { instrument as XUSDT } from '../sim/exchange.fixture.ts'
import { BybitBroker } from './broker.ts'
import { ok, WALL, Wire } from './loopback.fixture.ts'
import { MarketServer } from './market.fixture.ts'
import { BybitMarket } from './market.ts'
import { EXECUTION, ORDER, POSITION } from './rows.fixture.ts'

/** What a field of a broken reply can be. */
const JUNK: readonly unknown[] = [
  undefined,
  null,
  '',
  '0',
  '-1',
  '1e400',
  'NaN',
  '9'.repeat(400),
  '9'.repeat(29),
  `0.${'0'.repeat(28)}1`,
  1e308,
  2 ** 53,
  -0,
  true,
  [],
  [[]],
  {},
  'UNKNOWN',
  '\u0000',
  '\u202e',
  'x'.repeat(2_000),
  '1.5',
  'Buy',
  'Sell',
  '9007199254740991',
]

type Row = { readonly [name: string]: unknown }
const SYMBOLS = ['AUSDT', 'BUSDT', 'CUSDT'] as const

const rowsOf = (row: Row, ids: (k: number) => Row): readonly Row[] =>
  SYMBOLS.map((symbol, k) => ({ ...row, symbol, ...ids(k) }))
const LISTS: { readonly [path: string]: readonly Row[] } = {
  '/v5/position/list': rowsOf(POSITION, () => ({})),
  '/v5/order/realtime': rowsOf(ORDER, k => ({ orderLinkId: `bbw-0001-${k}`, orderId: `o${k}` })),
  '/v5/execution/list': rowsOf(EXECUTION, k => ({ execId: `e${k}`, execTime: String(WALL - 1_000) })),
  '/v5/account/wallet-balance': [
    {
      accountType: 'UNIFIED',
      totalEquity: '100',
      coin: [
        { coin: 'BTC', walletBalance: '0.5', equity: '0.5' },
        { coin: 'USDT', walletBalance: '1000.5', equity: '1000.5', usdValue: '1000' },
      ],
    },
  ],
}

export interface Spoilt {
  readonly path: string
  readonly row: number
  readonly field: string
  readonly junk: unknown
}

/** The lists with one field replaced; of a wallet's a field of its first or second coin. */
export function spoilt({ path, row, field, junk }: Spoilt): typeof LISTS {
  const list = LISTS[path].map((one, k) => {
    if (path !== '/v5/account/wallet-balance') return k === row ? { ...one, [field]: junk } : one
    if (Object.hasOwn(one, field)) return { ...one, [field]: junk }
    const coins = one.coin as readonly Row[]
    return { ...one, coin: coins.map((coin, c) => (c === row % 2 ? { ...coin, [field]: junk } : coin)) }
  })
  return { ...LISTS, [path]: list }
}

export function brokerOn(lists: typeof LISTS): BybitBroker {
  const wire = new Wire(({ path }) => ok({ category: 'linear', list: lists[path] ?? [], nextPageCursor: '' }))
  return new BybitBroker({
    client: wire.client(),
    mode: 'one-way',
    began: WALL - 60_000,
    instrument: async symbol => (SYMBOLS.some(one => one === symbol) ? { ...XUSDT, symbol } : null),
    named: () => null,
    doubtFilters: () => {},
    sleep: async () => {},
    hear: () => {},
    stream: null,
  })
}

const SPOILT = fc.constantFrom(...Object.keys(LISTS)).chain(path => {
  const [first] = LISTS[path]
  const coins = (first.coin ?? []) as readonly Row[]
  return fc.record({
    path: fc.constant(path),
    row: fc.nat(2),
    field: fc.constantFrom(...Object.keys(first), ...Object.keys(coins[1] ?? {})),
    junk: fc.constantFrom(...JUNK),
  })
})

const of = <T extends { readonly symbol: string | null }>(rows: readonly T[], symbol: string): readonly T[] =>
  rows.filter(one => one.symbol === symbol)
const isUnread = (one: Execution | Unread): one is Unread => one.type === 'unread'

/** Whatever one field is, the others are read, and its own symbol is never flat without a word. */
export async function hidesNobody(seed: number, numRuns: number): Promise<void> {
  const plain = await brokerOn(LISTS).account()
  const executed = await brokerOn(LISTS).executions(WALL - 60_000)
  assert.equal(
    [plain.positions.length, plain.orders.length, executed.length, plain.wallet],
    [3, 3, 3, 1000.5],
  )
  assert.is(plain.unread, undefined)
  await fc.assert(
    fc.asyncProperty(SPOILT, async one => {
      const broker = brokerOn(spoilt(one))
      const account: Account = await broker.account()
      const found = await broker.executions(WALL - 60_000)
      for (const [k, symbol] of SYMBOLS.entries()) {
        if (k === one.row && one.path !== '/v5/account/wallet-balance') {
          const isHeld = of(account.positions, symbol).length === 1
          assert.ok(isHeld || isHidden(account.unread, symbol, 'position'), 'it reads as flat')
          const unread = found.filter(isUnread)
          assert.ok(
            of(found, symbol).length > 0 || isHidden(unread, symbol, 'position') || one.field === 'execType',
            'an execution is left out',
          )
          continue
        }
        assert.equal(of(account.positions, symbol), of(plain.positions, symbol))
        assert.equal(of(account.orders, symbol), of(plain.orders, symbol))
        assert.equal(of(found, symbol), of(executed, symbol))
      }
      if (account.wallet === null) assert.ok(account.unread?.some(({ what }) => what === 'wallet'))
      else if (one.path !== '/v5/account/wallet-balance') assert.is(account.wallet, 1000.5)
      for (const { reason } of account.unread ?? []) assert.ok(reason.length < 400)
    }),
    { seed, numRuns },
  )
}

const server = new MarketServer(SYMBOLS.map(symbol => ({ symbol, launched: 1 })))
const answered = (target: string): readonly Row[] => JSON.parse(server.answer(target).body).result.list
const MARKET: { readonly [path: string]: readonly Row[] } = {
  '/v5/market/instruments-info': SYMBOLS.flatMap(symbol =>
    answered(`/v5/market/instruments-info?symbol=${symbol}`),
  ),
  '/v5/market/tickers': answered('/v5/market/tickers'),
}

/** Whatever one field of the market is, the others are listed and priced. */
export async function leavesNobodyOut(seed: number, numRuns: number): Promise<void> {
  const read = async (lists: typeof MARKET): Promise<readonly (readonly string[])[]> => {
    const wire = new Wire(({ path }) =>
      ok({ category: 'linear', list: lists[path] ?? [], nextPageCursor: '' }),
    )
    const market = new BybitMarket(wire.client())
    const [instruments, tickers] = [await market.instruments(), await market.tickers()]
    return [instruments, tickers].map(({ items }) => items.map(one => JSON.stringify(one)))
  }
  const plain = await read(MARKET)
  assert.equal(
    plain.map(({ length }) => length),
    [3, 3],
  )
  const fields = (row: Row): readonly (readonly [string, string | null])[] =>
    Object.entries(row).flatMap(([name, value]): (readonly [string, string | null])[] => [
      [name, null],
      ...(typeof value === 'object' && value !== null
        ? Object.keys(value).map(inner => [name, inner] as const)
        : []),
    ])
  const cases = Object.entries(MARKET).flatMap(([path, [first]]) =>
    fields(first).map(field => [path, field] as const),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...cases),
      fc.nat(2),
      fc.constantFrom(...JUNK),
      async ([path, [name, inner]], row, junk) => {
        const list = MARKET[path].map((one, k) => {
          if (k !== row) return one
          return { ...one, [name]: inner === null ? junk : { ...Object(one[name]), [inner]: junk } }
        })
        const found = await read({ ...MARKET, [path]: list })
        for (const [which, rows] of plain.entries()) {
          for (const [k, text] of rows.entries()) {
            if (k !== row) assert.ok(found[which].includes(text), 'another one is left out')
          }
        }
      },
    ),
    { seed, numRuns },
  )
}
