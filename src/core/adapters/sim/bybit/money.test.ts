import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE, type Steps } from '../../../base/units.ts'
import { DEFAULT_COSTS } from '../exchange.ts'
import { amountOf, amountText, parseAmount, usdtOf } from './amount.ts'
import { marketOf, type Rows, START, TestClient } from './bybit.fixture.ts'
import { closingSide, isTpsl } from './order.ts'

const test = suite('money')

const SEED = 20260401

interface Move {
  readonly kind:
    | 'market'
    | 'limit'
    | 'target'
    | 'pair'
    | 'thin'
    | 'stop'
    | 'cancel-all'
    | 'trading-stop'
    | 'transfer'
    | 'close'
    | 'pass'
  readonly isBuy: boolean
  readonly size: number
  readonly offset: number
}

const moves = fc.array(
  fc.record({
    kind: fc.constantFrom<Move['kind'][]>(
      'market',
      'limit',
      'target',
      'pair',
      'thin',
      'stop',
      'cancel-all',
      'trading-stop',
      'transfer',
      'close',
      'pass',
      'pass',
    ),
    isBuy: fc.boolean(),
    size: fc.integer({ min: 1, max: 9_999 }),
    offset: fc.integer({ min: -30, max: 30 }),
  }),
  { minLength: 30, maxLength: 70 },
)

/** A lively market of two days. */
const walk = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 300, maxLength: 300 }).map(steps => {
  let at = 1_000
  return steps.map((step, k) => {
    const open = at
    at = Math.max(700, Math.min(1_300, at + step))
    const [high, low] = [Math.max(open, at) + (k % 5), Math.min(open, at) - (k % 3)]
    return [open / 10, high / 10, low / 10, at / 10] as const
  })
})

function act(client: TestClient, { kind, isBuy, size, offset }: Move): void {
  const side = isBuy ? 'Buy' : 'Sell'
  const qty = (size / 1_000).toFixed(3)
  const last = client.sim.desk.point('XUSDT').last
  const price = (last * (1 + offset / 1_000)).toFixed(1)
  const positionIdx = client.sim.desk.mode === 'one-way' ? 0 : size % 2 === 0 ? 1 : 2
  switch (kind) {
    case 'market':
      client.order({ positionIdx, side, qty })
      break
    case 'limit':
      client.order({ positionIdx, side, qty, orderType: 'Limit', price })
      break
    case 'target':
      client.order({ positionIdx, side, qty, orderType: 'Limit', price, reduceOnly: true })
      break
    case 'pair':
      client.post('/v5/position/trading-stop', {
        symbol: 'XUSDT',
        positionIdx,
        tpslMode: 'Partial',
        takeProfit: (last * (isBuy ? 1.01 : 0.99)).toFixed(1),
        stopLoss: (last * (isBuy ? 0.99 : 1.01)).toFixed(1),
        tpSize: qty,
        slSize: qty,
      })
      break
    case 'thin':
      client.sim.desk.thin('XUSDT', isBuy ? null : (size as Steps), offset > 0)
      break
    case 'stop':
      client.order({ positionIdx, side, qty, triggerPrice: price, triggerDirection: offset > 0 ? 1 : 2 })
      break
    case 'cancel-all':
      client.post('/v5/order/cancel-all', { symbol: 'XUSDT' })
      break
    case 'trading-stop':
      client.post('/v5/position/trading-stop', {
        symbol: 'XUSDT',
        positionIdx,
        ...(offset > 0 ? { takeProfit: price } : { stopLoss: price }),
      })
      break
    case 'transfer':
      client.sim.desk.transfer(isBuy ? size / 777 : -size / 7_777)
      break
    case 'close':
      client.order({ positionIdx, side, qty: '0', reduceOnly: true, closeOnTrigger: true })
      break
    case 'pass':
      client.sim.advance(client.sim.now + size * 300)
      break
  }
  client.sim.advance(client.sim.now + 1_000)
}

/** All pages of the log, oldest first. */
function logOf(client: TestClient): readonly { readonly [name: string]: string }[] {
  const rows: { readonly [name: string]: string }[] = []
  let cursor = ''
  do {
    const { result } = client.get<Rows>('/v5/account/transaction-log', {
      startTime: START,
      endTime: Math.ceil(client.sim.now),
      limit: 50,
      cursor,
    })
    rows.push(...result.list)
    cursor = result.nextPageCursor
    client.sim.advance(client.sim.now + 50)
  } while (cursor !== '')
  return rows.reverse()
}

test('the wallet is what it began with and the sum of its log, to the last digit', () => {
  let trades = 0
  let funded = 0
  fc.assert(
    fc.property(walk, moves, (minutes, list) => {
      const client = new TestClient([marketOf(minutes)], { costs: DEFAULT_COSTS })
      for (const move of list) act(client, move)
      client.sim.advance(START + 8 * HOUR)
      const log = logOf(client)
      const sum = log.reduce((total, { change }) => total + parseAmount(change), amountOf(1_000))
      assert.is(amountText(sum), client.balance())
      let balance = amountOf(1_000)
      for (const { change, cashBalance, cashFlow, fee, funding } of log) {
        balance += parseAmount(change)
        assert.is(cashBalance, amountText(balance))
        const parts = parseAmount(cashFlow) + parseAmount(funding === '' ? '0' : funding) - parseAmount(fee)
        assert.is(change, amountText(parts))
      }
      trades += log.filter(({ type }) => type === 'TRADE').length
      funded += log.filter(({ type }) => type === 'SETTLEMENT').length
    }),
    { seed: SEED, numRuns: 60 },
  )
  assert.ok(trades > 300 && funded > 5, `${trades} trades, ${funded} settlements`)
})

test('the exact books and the matching engine agree about positions and, but for rounding, about money', () => {
  fc.assert(
    fc.property(walk, moves, (minutes, list) => {
      const client = new TestClient([marketOf(minutes)], { costs: DEFAULT_COSTS })
      // Every other one of them in hedge mode, where an order names its side.
      if (list.length % 2 === 0) client.post('/v5/position/switch-mode', { coin: 'USDT', mode: 3 })
      for (const move of list) {
        act(client, move)
        const { ledger, executions } = client.sim.desk.account
        const difference = Math.abs(client.sim.desk.engineWallet - usdtOf(ledger.balance))
        assert.ok(difference < 1e-8 * (2 * executions.length + 2), `they differ by ${difference}`)
      }
    }),
    { seed: SEED, numRuns: 60 },
  )
})

test('nothing that reduces or protects outlives its position or wants more than there is of it', () => {
  let reducing = 0
  fc.assert(
    fc.property(walk, moves, (minutes, list) => {
      const client = new TestClient([marketOf(minutes)], { costs: DEFAULT_COSTS })
      if (list.length % 2 === 0) client.post('/v5/position/switch-mode', { coin: 'USDT', mode: 3 })
      const { account } = client.sim.desk
      for (const move of list) {
        act(client, move)
        for (const order of account.openOrders) {
          const { side, steps } = account.position('XUSDT', order.positionIdx, 0)
          const rests = order.status !== 'Untriggered'
          if (isTpsl(order) || (order.reduceOnly && rests)) {
            reducing++
            assert.ok(
              side !== null && order.side === closingSide(side),
              `${order.stopOrderType} without a position`,
            )
          }
          if (order.reduceOnly && rests) assert.ok(order.steps - order.filled <= steps, 'it wants too much')
          const isWhole = ['StopLoss', 'TakeProfit'].includes(order.stopOrderType)
          if (isWhole) assert.is(order.steps, steps)
          assert.ok(['New', 'PartiallyFilled', 'Untriggered'].includes(order.status), order.status)
        }
      }
    }),
    { seed: SEED, numRuns: 100 },
  )
  assert.ok(reducing > 500, `${reducing} were looked at`)
})

test('results of closed positions, fees and funding add up to the change of the wallet', () => {
  const rows = Array.from({ length: 60 }, (_, k) => [100 + k, 101 + k, 99 + k, 101 + k] as const)
  const client = new TestClient([marketOf(rows)], { costs: DEFAULT_COSTS })
  client.order({ side: 'Buy', qty: '3', stopLoss: '90' })
  client.sim.advance(START + 10 * MINUTE)
  client.order({ side: 'Sell', qty: '1.234', reduceOnly: true })
  client.sim.advance(START + 20 * MINUTE)
  client.order({ side: 'Sell', qty: '0', reduceOnly: true, closeOnTrigger: true })
  const { list } = client.get('/v5/position/closed-pnl', { category: 'linear' }).result
  const sum = list.reduce((total, { closedPnl }) => total + parseAmount(closedPnl), amountOf(1_000))
  assert.is(amountText(sum), client.balance())
})

test.run()
