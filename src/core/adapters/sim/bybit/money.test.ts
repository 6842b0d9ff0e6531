import process from 'node:process'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE, type Steps } from '../../../base/units.ts'
import { sign } from '../../../market/side.ts'
import { DEFAULT_COSTS } from '../exchange.ts'
import { parseAmount } from './amount.fixture.ts'
import { amountOf, amountText, usdtOf } from './amount.ts'
import { marketOf, type Rows, START, TestClient, TIERS } from './bybit.fixture.ts'
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
    | 'leverage'
    | 'seize'
    | 'adl'
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
      'leverage',
      'seize',
      'adl',
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
    case 'leverage': {
      const leverage = String((size % 50) + 1)
      client.post('/v5/position/set-leverage', {
        symbol: 'XUSDT',
        buyLeverage: leverage,
        sellLeverage: leverage,
      })
      break
    }
    case 'seize':
      if (offset > 20) client.sim.cause({ fault: 'liquidate', symbol: 'XUSDT' })
      break
    case 'adl':
      if (isBuy) client.sim.cause({ fault: 'adl', symbol: 'XUSDT', steps: size })
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

/** Coarse moves at high leverage, so that the market itself takes positions over. */
const violent = fc.array(fc.integer({ min: -90, max: 90 }), { minLength: 480, maxLength: 480 }).map(steps => {
  let at = 1_000
  return steps.map((step, k) => {
    const open = at
    at = Math.max(500, Math.min(1_500, at + step))
    const [high, low] = [Math.max(open, at) + (k % 9), Math.min(open, at) - (k % 7)]
    return [open / 10, high / 10, low / 10, at / 10] as const
  })
})

/** Large orders, beside the other moves. */
const bold = fc
  .array(fc.tuple(moves, fc.boolean(), fc.integer({ min: 1, max: 4 })), { minLength: 4, maxLength: 6 })
  .map(parts =>
    parts.flatMap(([list, isBuy, orders]) => [
      ...Array.from({ length: orders }, () => ({ kind: 'market' as const, isBuy, size: 19_000, offset: 0 })),
      ...list.slice(0, 12),
      { kind: 'pass' as const, isBuy, size: 9_999, offset: 0 },
    ]),
  )

for (const marginMode of ['ISOLATED_MARGIN', 'REGULAR_MARGIN'] as const) {
  const name = marginMode === 'ISOLATED_MARGIN' ? 'isolated' : 'cross'
  test(`wallet, log, results, fees and funding add up to the last digit in ${name} margin, through liquidation and deleveraging`, () => {
    process.stdout.write(`seed ${SEED}\n`)
    const seen: { [type: string]: number } = {}
    fc.assert(
      fc.property(
        violent,
        bold,
        fc.boolean(),
        fc.integer({ min: 1, max: 50 }),
        (minutes, list, isHedge, leverage) => {
          const market = { ...marketOf(minutes), tiers: TIERS }
          const client = new TestClient([market], { costs: DEFAULT_COSTS, marginMode })
          if (isHedge) client.post('/v5/position/switch-mode', { coin: 'USDT', mode: 3 })
          const both = { symbol: 'XUSDT', buyLeverage: String(leverage), sellLeverage: String(leverage) }
          client.post('/v5/position/set-leverage', both)
          const { desk } = client.sim
          const { account } = desk
          for (const move of list) {
            act(client, move)
            const { ledger, positions, closedPnl, executions } = account
            const transfers = ledger.entries
              .filter(({ type }) => type.startsWith('TRANSFER'))
              .reduce((sum, { change }) => sum + change, 0n)
            const results = closedPnl.reduce((sum, { pnl }) => sum + pnl, 0n)
            const funding = executions
              .filter(({ execType }) => execType === 'Funding')
              .reduce((sum, { fee }) => sum + fee, 0n)
            const unpaid = positions.reduce((sum, { openFees }) => sum + openFees, 0n)
            assert.is(ledger.balance, ledger.start + transfers + results - funding - unpaid)
            const realised = positions.reduce((sum, { everRealised }) => sum + everRealised, 0n)
            assert.is(ledger.balance, ledger.start + transfers + realised)
            const fees = executions
              .filter(({ execType }) => execType !== 'Funding')
              .reduce((sum, { fee }) => sum + fee, 0n)
            const gross = executions.reduce((sum, { pnl }) => sum + pnl, 0n)
            assert.is(ledger.balance, ledger.start + transfers + gross - fees - funding)
            const difference = Math.abs(desk.engineWallet - usdtOf(ledger.balance))
            assert.ok(difference < 1e-8 * (2 * executions.length + 2), `they differ by ${difference}`)
            const { mark } = desk.point('XUSDT')
            if (marginMode === 'REGULAR_MARGIN') {
              const left = desk.margins.surplus(() => mark)
              assert.ok(desk.margins.held.length === 0 || left > -1e-6, `${left} is left`)
            } else {
              for (const one of desk.margins.held) {
                const price = desk.margins.liquidation(one)
                if (price !== null)
                  assert.ok((mark - price) * sign(one.side) > -1e-9 * mark, `${mark} is beyond ${price}`)
              }
            }
          }
          const log = logOf(client)
          const sum = log.reduce((total, { change }) => total + parseAmount(change), amountOf(1_000))
          assert.is(amountText(sum), client.balance())
          for (const { type } of log) seen[type] = (seen[type] ?? 0) + 1
        },
      ),
      { seed: SEED, numRuns: 40 },
    )
    for (const [type, least] of Object.entries({ LIQUIDATION: 40, ADL: 20, SETTLEMENT: 5, TRADE: 500 }))
      assert.ok((seen[type] ?? 0) >= least, `${type}: ${JSON.stringify(seen)}`)
  })
}

test('in cross margin the market alone never leaves the account owing more than a taker slips by', () => {
  let ruined = 0
  fc.assert(
    fc.property(violent, fc.boolean(), fc.integer({ min: 2, max: 50 }), (minutes, isBuy, leverage) => {
      const client = new TestClient([marketOf(minutes)], {
        marginMode: 'REGULAR_MARGIN',
        costs: DEFAULT_COSTS,
      })
      const both = { symbol: 'XUSDT', buyLeverage: String(leverage), sellLeverage: String(leverage) }
      client.post('/v5/position/set-leverage', both)
      for (let k = 0; k < 8; k++) {
        client.order({ side: isBuy ? 'Buy' : 'Sell', qty: '20' })
        client.sim.advance(client.sim.now + 200)
      }
      client.sim.advance(START + 8 * HOUR)
      const { account } = client.sim.desk
      const isRuined = account.executions.some(({ execType }) => execType === 'BustTrade')
      if (isRuined) ruined++
      assert.ok(account.ledger.balance >= (isRuined ? -10n : 0n), amountText(account.ledger.balance))
    }),
    { seed: SEED, numRuns: 60 },
  )
  assert.ok(ruined > 20, `${ruined} were liquidated`)
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
