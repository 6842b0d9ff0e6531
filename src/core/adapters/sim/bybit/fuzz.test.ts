/** Whatever comes in, an answer goes out: no request and no frame can bring the exchange down. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../../../base/units.ts'
import { READING_ROUTES } from './account-routes.ts'
import { BATCH_ROUTES } from './batch.ts'
import { type Minutes, marketOf, SECRET, START, TestClient } from './bybit.fixture.ts'
import { control } from './control.ts'
import { FAULTS } from './fault-plan.ts'
import { MARKET_ROUTES } from './market-routes.ts'
import { TRADING_ROUTES } from './trade-routes.ts'

const test = suite('fuzz')

const SEED = 20260401

const rows: Minutes = Array.from(
  { length: 60 },
  (_, k) => [100 + (k % 7), 108, 97, 100 + ((k + 1) % 7)] as const,
)

const NAMES = [
  'symbol',
  'category',
  'side',
  'orderType',
  'qty',
  'price',
  'timeInForce',
  'orderLinkId',
  'orderId',
  'positionIdx',
  'reduceOnly',
  'closeOnTrigger',
  'triggerPrice',
  'triggerDirection',
  'triggerBy',
  'takeProfit',
  'stopLoss',
  'tpslMode',
  'tpSize',
  'slSize',
  'trailingStop',
  'activePrice',
  'tpOrderType',
  'tpLimitPrice',
  'limit',
  'cursor',
  'startTime',
  'endTime',
  'start',
  'end',
  'interval',
  'intervalTime',
  'settleCoin',
  'baseCoin',
  'coin',
  'mode',
  'buyLeverage',
  'sellLeverage',
  'openOnly',
  'orderFilter',
  'accountType',
  'setMarginMode',
  'modifyEnable',
  'execType',
  'status',
  'type',
] as const

/** Values that make sense somewhere, and some that make none anywhere. */
const value = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'XUSDT',
      'linear',
      'Buy',
      'Sell',
      'Market',
      'Limit',
      '1',
      '0',
      '2',
      '0.5',
      '99',
      '101',
      '105.5',
      'GTC',
      'IOC',
      'PostOnly',
      'true',
      'false',
      'Full',
      'Partial',
      'MarkPrice',
      'USDT',
      'X',
      '15',
      'D',
      'W',
      'M',
      '1h',
      '3',
      'UNIFIED',
      'Order',
      'StopOrder',
      String(START),
      String(START + MINUTE),
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.constant([1]),
      fc.constant({}),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '-1',
      '1e5',
      '0.00001',
      '99999999999999999999',
      '__proto__',
      'NaN',
      '%',
      'lasttime=x',
      'page_token=&',
      '',
      ' ',
    ),
  },
)

const params = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 14 })
  .map(pairs => Object.fromEntries<unknown>(pairs))

/** Most requests say at least which symbol they are about. */
const likely = params.map(given => ({
  category: 'linear',
  symbol: 'XUSDT',
  side: 'Buy',
  orderType: 'Market',
  qty: '1',
  ...given,
}))

const GETS = [...Object.keys(MARKET_ROUTES), ...Object.keys(READING_ROUTES)]
const POSTS = [...Object.keys(TRADING_ROUTES), ...Object.keys(BATCH_ROUTES)]

const batch = fc.record({ category: fc.constant('linear'), request: fc.array(fc.oneof(likely, value)) })

test('every request is answered with an envelope, and the books add up after it', () => {
  let taken = 0
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.constantFrom(...GETS, ...POSTS, ...POSTS, ...POSTS),
          fc.oneof(params, likely, likely, batch),
        ),
        { minLength: 10, maxLength: 40 },
      ),
      requests => {
        const client = new TestClient([marketOf(rows)])
        for (const [path, asked] of requests) {
          const method = POSTS.includes(path) ? 'POST' : 'GET'
          const { status, body } = client.raw(method, path, asked)
          assert.is(status, 200, path)
          const { retCode, retMsg, result } = JSON.parse(body)
          assert.type(retCode, 'number')
          assert.type(retMsg, 'string')
          assert.type(result, 'object')
          if (retCode === 0 && method === 'POST') taken++
          client.sim.advance(client.sim.now + 7_000)
        }
        const { ledger } = client.sim.desk.account
        assert.is(
          ledger.entries.reduce((sum, { change }) => sum + change, ledger.start),
          ledger.balance,
        )
      },
    ),
    { seed: SEED, numRuns: 150 },
  )
  assert.ok(taken > 200, `${taken} changes were made`)
})

test('every frame is answered or left alone, on each kind of socket', () => {
  const frame = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record({
        op: fc.constantFrom(
          'subscribe',
          'unsubscribe',
          'ping',
          'auth',
          'order.create',
          'order.amend',
          'order.cancel',
          'order.create-batch',
          'order.cancel-batch',
          'x',
        ),
        args: fc.oneof(fc.array(value), fc.array(likely), fc.array(batch, { maxLength: 2 }), fc.constant(7)),
        req_id: value,
        reqId: value,
        header: fc.oneof(fc.constant({ 'X-BAPI-TIMESTAMP': String(START) }), value),
      })
      .map(one => JSON.stringify(one)),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('public', 'private', 'trade'), frame), { maxLength: 30 }),
      frames => {
        const client = new TestClient([marketOf(rows)])
        const ids = {
          public: client.opened('public'),
          private: client.socket('private'),
          trade: client.socket('trade'),
        }
        for (const [channel, text] of frames) {
          client.sim.frame(ids[channel as keyof typeof ids], text)
          for (const { text: told } of client.sim.take()) JSON.parse(told)
        }
        client.sim.advance(START + MINUTE)
      },
    ),
    { seed: SEED, numRuns: 200 },
  )
})

test('the door for operators answers whatever it is told', () => {
  const body = fc.oneof(
    fc.json(),
    fc
      .record(
        {
          fault: fc.constantFrom(...FAULTS),
          symbol: fc.constantFrom('XUSDT', 'NOUSDT'),
          steps: fc.nat(5_000),
          ticks: fc.nat(2_000),
          ms: fc.integer({ min: -1_000, max: 100_000 }),
          usdt: fc.integer({ min: -900, max: 900 }),
        },
        { requiredKeys: ['fault'] },
      )
      .map(one => JSON.stringify(one)),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('/control/cause', '/control/faults', '/control'), body), {
        maxLength: 20,
      }),
      requests => {
        const client = new TestClient([marketOf(rows)])
        const headers = { authorization: `Bearer ${SECRET}` }
        for (const [target, text] of requests) {
          const { status } = control(client.sim, { method: 'POST', target, headers, body: text })
          assert.ok([200, 400, 404, 409].includes(status), String(status))
          client.sim.advance(client.sim.now + 1_000)
          client.sim.request({ method: 'GET', target: '/v5/market/time', headers: {}, body: '' })
        }
      },
    ),
    { seed: SEED, numRuns: 150 },
  )
})

test.run()
