/** A million inputs to every reader, and a million tries to get something out in a dry run. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError, ExchangeError } from '../../base/errors.ts'
import { random } from '../../base/random.ts'
import { Fields } from './fields.ts'
import { CANARY, ok, WALL, Wire } from './loopback.fixture.ts'
import { accountInfo, feeRate, keyInfo, transaction, walletRow } from './mapper-account.ts'
import {
  candleRows,
  listedInstrument,
  markRows,
  openInterest,
  orderBook,
  pageOf,
  publicTrade,
  riskTier,
  serverTime,
  settlement,
  ticker,
} from './mapper-market.ts'
import { closedPnl, executionRow, orderAck, orderRow, positionRow } from './mapper-orders.ts'
import { streamMessage } from './mapper-stream.ts'
import { EXECUTION, ORDER, POSITION } from './rows.fixture.ts'
import { hidesNobody, leavesNobodyOut } from './strange-rows.fixture.ts'
import { Transport } from './transport.ts'
import { priceLimit, tradeAnswer } from './unasked.fixture.ts'

const test = suite('bybit fuzz')
const SEED = 20_261_127
const INPUTS = 1_000_000

const row =
  (read: (fields: Fields) => unknown) =>
  (value: unknown): unknown =>
    read(new Fields(value, 'row'))
const page =
  (read: (fields: Fields) => unknown) =>
  (value: unknown): unknown =>
    pageOf({ category: 'linear', list: [value], nextPageCursor: '' }, read)

const READERS: { readonly [name: string]: (value: unknown) => unknown } = {
  serverTime,
  candleRows,
  markRows,
  priceLimit,
  orderAck,
  accountInfo,
  keyInfo,
  streamMessage,
  tradeAnswer,
  orderBook: row(orderBook),
  instrument: page(listedInstrument),
  ticker: page(ticker),
  settlement: page(settlement),
  riskTier: page(riskTier),
  openInterest: page(openInterest),
  publicTrade: page(publicTrade),
  order: page(orderRow),
  execution: page(executionRow),
  position: page(positionRow),
  closedPnl: page(closedPnl),
  wallet: page(walletRow),
  feeRate: page(feeRate),
  transaction: page(transaction),
}

/** What a field of a hostile or broken reply can be. */
const VALUES: readonly unknown[] = [
  undefined,
  null,
  '',
  '0',
  '-1',
  '1e400',
  'NaN',
  '9'.repeat(400),
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  1e308,
  2 ** 53,
  true,
  [],
  [[]],
  {},
  { __proto__: null },
  'UNKNOWN',
  '\u0000',
  '\u202e',
  'x'.repeat(2_000),
  '1.5',
  '1764201600000',
  'Buy',
]

function readOrRefused(read: (value: unknown) => unknown, value: unknown): void {
  try {
    read(value)
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    assert.ok(error.message.length < 400)
  }
}

test(`a million spoilt rows to every reader: a value or a DataError, and no prototype changes (seed ${SEED})`, () => {
  const before = Object.getOwnPropertyNames(Object.prototype).join()
  const chance = random(String(SEED))
  const samples: readonly { readonly [name: string]: unknown }[] = [ORDER, EXECUTION, POSITION]
  const readers = Object.values(READERS)
  for (let k = 0; k < INPUTS; k++) {
    const sample = samples[k % samples.length]
    const names = Object.keys(sample)
    const spoilt: { [name: string]: unknown } = { ...sample }
    for (let n = chance.int(4); n >= 0; n--)
      spoilt[names[chance.int(names.length)]] = VALUES[chance.int(VALUES.length)]
    if (k % 100 === 0)
      Object.defineProperty(spoilt, '__proto__', { value: { polluted: true }, enumerable: true })
    // Each reader in turn, and those of the rows besides: theirs are the samples.
    readOrRefused(readers[k % readers.length], spoilt)
    readOrRefused(READERS[['order', 'execution', 'position'][k % 3]], spoilt)
  }
  assert.is(Object.getOwnPropertyNames(Object.prototype).join(), before)
  assert.is(({} as { readonly polluted?: boolean }).polluted, undefined)
})

test(`whatever JSON comes is read or refused by every reader (seed ${SEED})`, () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), value => {
      for (const read of Object.values(READERS)) readOrRefused(read, value)
    }),
    { seed: SEED, numRuns: 20_000 },
  )
})

test(`twenty thousand spoilt fields of rows of an account and of the market hide no other symbol (seed ${SEED})`, async () => {
  await hidesNobody(SEED, 10_000)
  await leavesNobodyOut(SEED, 10_000)
})

test(`in a million dry steps no request that changes anything gets out (seed ${SEED})`, async () => {
  const wire = new Wire(() => ok({}))
  const transport = new Transport({ ports: wire.ports, credentials: CANARY, isDry: true })
  const chance = random(String(SEED))
  const methods = ['POST', 'post', 'PUT', 'DELETE', 'PATCH', 'GET', 'get']
  const paths = [
    '/v5/order/create',
    '/v5/order/cancel-all',
    '/v5/position/trading-stop',
    '/v5/market/time',
    '/v5/x?a=b',
  ]
  const stamp = async (): Promise<number> => WALL
  let withheld = 0
  for (let k = 0; k < INPUTS; k++) {
    const method = methods[chance.int(methods.length)]
    const url = `https://api.example.com${paths[chance.int(paths.length)]}`
    const outgoing = { method, url, data: VALUES[chance.int(VALUES.length)] }
    // Reads go out; they are left aside once it is clear that they do.
    if (method.toUpperCase() === 'GET' && k > 1_000) continue
    try {
      await transport.send(outgoing, chance.int(2) === 0 ? 'normal' : 'protective', stamp)
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error
      assert.is(error.why, 'dry-run')
      withheld++
    }
  }
  assert.ok(withheld > 700_000 && wire.sent.length > 0)
  assert.equal(
    wire.sent.filter(({ method }) => method !== 'GET'),
    [],
  )
})

test.run()
