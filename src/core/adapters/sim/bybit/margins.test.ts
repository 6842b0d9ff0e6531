import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE, SECOND } from '../../../base/units.ts'
import { instrument as XUSDT } from '../exchange.fixture.ts'
import { type Minutes, marketOf, PLAIN_COSTS, still, TestClient, TIERS } from './bybit.fixture.ts'

const test = suite('margins')

const TAKER = 0.00055

/** Stands at 100 for a minute, then goes to one price after the other, a minute each. */
function to(...prices: readonly number[]): Minutes {
  const rows: (readonly [number, number, number, number])[] = [[100, 100, 100, 100]]
  let from = 100
  for (const next of prices) {
    rows.push([from, Math.max(from, next), Math.min(from, next), next])
    from = next
  }
  return rows
}

interface Wallet {
  readonly totalEquity: string
  readonly totalMarginBalance: string
  readonly totalInitialMargin: string
  readonly totalMaintenanceMargin: string
  readonly totalAvailableBalance: string
  readonly accountIMRate: string
  readonly accountMMRate: string
  readonly totalPerpUPL: string
  readonly totalWalletBalance: string
  readonly coin: readonly { readonly [name: string]: string }[]
}

function wallet(client: TestClient): Wallet {
  const { list } = client.get<{ list: Wallet[] }>('/v5/account/wallet-balance', {
    accountType: 'UNIFIED',
  }).result
  return list[0]
}

function cross(
  minutes: Minutes,
  options: { readonly wallet?: number; readonly leverage?: string } = {},
): TestClient {
  const client = new TestClient([marketOf(minutes), marketOf(still(100), { ...XUSDT, symbol: 'AUSDT' })], {
    marginMode: 'REGULAR_MARGIN',
    wallet: options.wallet ?? 1_000,
  })
  const leverage = options.leverage ?? '10'
  for (const symbol of ['XUSDT', 'AUSDT'])
    client.post('/v5/position/set-leverage', { symbol, buyLeverage: leverage, sellLeverage: leverage })
  return client
}

/** Opens at the market, in orders of at most 20. */
function open(client: TestClient, side: 'Buy' | 'Sell', qty: number, rest: object = {}): void {
  for (let left = qty; left > 0; left -= 20) {
    const reply = client.order({ side, qty: String(Math.min(20, left)), ...rest })
    assert.is(reply.retCode, 0, reply.retMsg)
    client.sim.advance(client.sim.now + 100)
  }
}

const near = (text: string, wanted: number, by = 1e-6): void =>
  assert.ok(Math.abs(Number(text) - wanted) <= by, `${text}, not ${wanted}`)

function busts(client: TestClient): readonly { readonly [name: string]: string }[] {
  const { list } = client.get('/v5/execution/list', { category: 'linear', execType: 'BustTrade' }).result
  return [...list].reverse()
}

test('isolated: initial margin stays on the entry, maintenance margin and the tier go with the mark', () => {
  const client = new TestClient([{ ...marketOf(to(110)), tiers: TIERS }], { seed: 'told' })
  client.order({ side: 'Buy', qty: '9' })
  const closing = 900 * 0.9 * TAKER
  near(client.position().positionIM, 90 + closing)
  near(client.position().positionMM, 9 + closing)
  assert.equal([client.position().liqPrice, client.position().bustPrice], ['90.9', '90.0'])
  client.pass(2 * MINUTE)
  // 990 USDT are in the first tier still: then 1,100 are not.
  near(client.position().positionIM, 90 + closing)
  near(client.position().positionMM, 9.9 + closing)
  assert.equal([client.position().riskId, client.position().riskLimitValue], [1, '1000'])
  client.order({ side: 'Buy', qty: '1' })
  near(client.position().positionMM, 1_100 * 0.02 - 10 + 1_010 * 0.9 * TAKER)
  assert.equal([client.position().riskId, client.position().riskLimitValue], [2, '5000'])
  const { coin } = wallet(client)
  near(coin[0].totalPositionIM, 101 + 1_010 * 0.9 * TAKER)
  near(coin[0].totalPositionMM, 12 + 1_010 * 0.9 * TAKER)
})

test('in isolated margin the figures of the whole account are told or left empty, as the seed has it', () => {
  const told = new Set<string>()
  for (const seed of ['1', '2', '3', '4', '5', '6', '7', '8']) {
    const client = new TestClient([marketOf(still(100))], { seed })
    client.order({ side: 'Buy', qty: '2' })
    const { accountIMRate, accountMMRate, totalInitialMargin, totalAvailableBalance, coin } = wallet(client)
    const initial = 20 + 180 * TAKER
    near(coin[0].totalPositionIM, initial)
    if (accountIMRate === '') {
      assert.equal([accountMMRate, totalInitialMargin, totalAvailableBalance], ['', '', ''])
    } else {
      near(accountIMRate, initial / (1_000 - 200 * TAKER), 5e-5)
      near(accountMMRate, (2 + 180 * TAKER) / (1_000 - 200 * TAKER), 5e-5)
      near(totalInitialMargin, initial)
      near(totalAvailableBalance, 1_000 - 200 * TAKER - initial)
    }
    told.add(accountIMRate === '' ? 'empty' : 'told')
  }
  assert.is(told.size, 2)
})

test('isolated: a tier that a position grows into refuses its leverage, and lower leverage lets it in', () => {
  const client = new TestClient([{ ...marketOf(still(100)), tiers: TIERS }])
  const set = (leverage: string): number =>
    client.post('/v5/position/set-leverage', {
      symbol: 'XUSDT',
      buyLeverage: leverage,
      sellLeverage: leverage,
    }).retCode
  assert.equal([set('51'), set('50')], [110_013, 0])
  assert.is(client.order({ side: 'Buy', qty: '11' }).retCode, 110_090)
  assert.is(client.order({ side: 'Buy', qty: '10' }).retCode, 0)
  assert.equal([set('25'), client.order({ side: 'Buy', qty: '1' }).retCode], [0, 0])
  assert.equal([set('26'), set('20')], [110_013, 0])
})

test('isolated: a position in a higher tier is taken over nearer, at its very price', () => {
  const client = new TestClient([{ ...marketOf(to(89)), tiers: TIERS }], { wallet: 10_000 })
  client.order({ side: 'Buy', qty: '19' })
  // (1,900 x 0.9 - 10) / (19 x 0.98)
  assert.is(client.position().liqPrice, '91.3')
  client.pass(MINUTE + 50 * SECOND)
  const [bust] = busts(client)
  assert.equal([bust.execPrice, bust.execQty], ['90.0', '19.000'])
  near(bust.markPrice, (1_900 * 0.9 - 10) / (19 * 0.98), 0.2)
  // Margin and both fees are lost, and no more.
  near(client.balance(), 10_000 - 190 - (1_900 + 19 * 90) * TAKER)
})

test('cross: both margins go with the mark, and what is unrealised counts', () => {
  const client = cross(to(110))
  client.order({ side: 'Buy', qty: '10' })
  client.pass(2 * MINUTE)
  const closing = 1_100 * 0.9 * TAKER
  near(client.position().positionIM, 110 + closing)
  near(client.position().positionMM, 11 + closing)
  const found = wallet(client)
  const equity = 1_000 + 100 - 1_000 * TAKER
  near(found.totalEquity, equity)
  near(found.totalMarginBalance, equity)
  near(found.totalPerpUPL, 100)
  near(found.totalInitialMargin, 110 + closing)
  near(found.totalMaintenanceMargin, 11 + closing)
  near(found.totalAvailableBalance, equity - 110 - closing)
  near(found.accountIMRate, (110 + closing) / equity, 5e-5)
  near(found.accountMMRate, (11 + closing) / equity, 5e-5)
  near(found.totalWalletBalance, 1_000 - 1_000 * TAKER)
})

test('cross: an unrealised gain lets an order in that isolated margin refuses, and a loss keeps one out', () => {
  const order = (client: TestClient): number => {
    open(client, 'Buy', 50)
    client.pass(2 * MINUTE)
    return client.order({ symbol: 'AUSDT', side: 'Buy', qty: '60', orderType: 'Limit', price: '100' }).retCode
  }
  assert.equal([order(cross(to(110))), order(cross(to(97)))], [0, 110_007])
  const isolated = cross(to(110))
  isolated.post('/v5/account/set-margin-mode', { setMarginMode: 'ISOLATED_MARGIN' })
  assert.is(order(isolated), 110_007)
})

test('cross: one leverage for both sides, in hedge mode too', () => {
  const client = cross(still(100))
  client.post('/v5/position/switch-mode', { coin: 'USDT', mode: 3 })
  const both = { symbol: 'XUSDT', buyLeverage: '5', sellLeverage: '8' }
  assert.is(client.post('/v5/position/set-leverage', both).retCode, 10_001)
  assert.is(client.post('/v5/position/set-leverage', { ...both, sellLeverage: '5' }).retCode, 0)
})

test('cross: the account is liquidated where its maintenance margin is all its equity, the heaviest position first', () => {
  const client = cross(to(70))
  open(client, 'Buy', 40)
  client.order({ symbol: 'AUSDT', side: 'Buy', qty: '10' })
  const rests = client.order({ side: 'Buy', orderType: 'Limit', price: '50' })
  // The price of such a buy is brought to its limit, which takes: this one rests.
  assert.is(rests.retCode, 0)
  const { orderId } = rests.result
  const { liqPrice } = client.position()
  client.pass(3 * MINUTE)
  const all = busts(client)
  assert.equal(
    all.map(({ symbol, execQty }) => [symbol, execQty]),
    [['XUSDT', '40.000']],
  )
  near(liqPrice, Number(all[0].execPrice), 0.11)
  assert.equal(
    [client.found(orderId).orderStatus, client.found(orderId).cancelType],
    ['Cancelled', 'CancelAllBeforeLiq'],
  )
  assert.is(client.found(all[0].orderId).createType, 'CreateByLiq')
  // At the moment of it: 1,000 less fees of 2.75 and 40 coins' loss are 1 % of both values and the closing fees.
  const price = Number(all[0].execPrice)
  const equity = 1_000 - 5_000 * TAKER - 40 * (100 - price)
  const keep = (40 * price + 1_000) * (0.01 + 0.9 * TAKER)
  assert.ok(Math.abs(equity - keep) < 4, `${equity} is left, ${keep} is to be kept`)
  // The other position stands: the rate is below 100 % without the first.
  const { list } = client.get('/v5/position/list', { category: 'linear', settleCoin: 'USDT' }).result
  assert.equal(
    list.map(({ symbol, size }) => [symbol, size]),
    [['AUSDT', '10.000']],
  )
  assert.ok(Number(wallet(client).accountMMRate) < 1)
})

test('cross: where one position is not enough the next one goes, and nothing is owed in the end', () => {
  const client = new TestClient([marketOf(to(60)), marketOf(to(60), { ...XUSDT, symbol: 'AUSDT' })], {
    marginMode: 'REGULAR_MARGIN',
    costs: { ...PLAIN_COSTS, slippage: 0.02 },
  })
  open(client, 'Buy', 40)
  open(client, 'Buy', 30, { symbol: 'AUSDT' })
  client.pass(3 * MINUTE)
  assert.equal(
    busts(client).map(({ symbol }) => symbol),
    ['XUSDT', 'AUSDT'],
  )
  const left = Number(client.balance())
  assert.ok(left >= -1e-8 && left < 30, `${left} is left`)
  assert.is(wallet(client).totalMaintenanceMargin, '0')
})

test('cross: profit of one position carries the loss of another', () => {
  const client = new TestClient([marketOf(to(75)), marketOf(to(75), { ...XUSDT, symbol: 'AUSDT' })], {
    marginMode: 'REGULAR_MARGIN',
  })
  open(client, 'Buy', 45)
  open(client, 'Sell', 45, { symbol: 'AUSDT' })
  client.pass(3 * MINUTE)
  assert.equal(busts(client), [])
  near(wallet(client).totalEquity, 1_000 - 9_000 * TAKER)
})

test('cross: a position that nothing liquidates has no liquidation price, nor has the lighter side of a hedge', () => {
  const rich = cross(still(100), { wallet: 100_000 })
  rich.order({ side: 'Buy' })
  assert.equal([rich.position().liqPrice, rich.position().bustPrice], ['', ''])
  const client = cross(still(100))
  client.post('/v5/position/switch-mode', { coin: 'USDT', mode: 3 })
  open(client, 'Buy', 40, { positionIdx: 1 })
  client.order({ side: 'Sell', qty: '20', positionIdx: 2 })
  const { list } = client.get('/v5/position/list', { category: 'linear', symbol: 'XUSDT' }).result
  assert.ok(Number(list[0].liqPrice) > 40 && Number(list[0].liqPrice) < 60, list[0].liqPrice)
  assert.is(list[1].liqPrice, '')
})

test('cross: money that is taken out liquidates where too little is left', () => {
  const client = cross(still(100))
  open(client, 'Buy', 40)
  client.sim.desk.transfer(-970)
  client.pass(SECOND)
  assert.equal(
    busts(client).map(({ execPrice }) => execPrice),
    ['100.0'],
  )
})

test('cross: funding is paid out of the account, and can be what liquidates it', () => {
  const client = cross(still(100, 10 * 60), { wallet: 100, leverage: '50' })
  client.sim.desk.funding('XUSDT').order(client.sim.now, 8 * HOUR, 0.025)
  open(client, 'Buy', 30)
  assert.ok(Number(wallet(client).accountMMRate) < 1)
  client.sim.advance(client.sim.now + 8 * HOUR)
  const { list } = client.get('/v5/execution/list', { category: 'linear' }).result
  assert.equal(
    list.map(({ execType }) => execType),
    ['BustTrade', 'Funding', 'Trade', 'Trade'],
  )
})

test('an order that waits binds nothing, and is cancelled when it is set off and there is no margin for it', () => {
  const seen = new Set<string>()
  for (const marginMode of ['ISOLATED_MARGIN', 'REGULAR_MARGIN'] as const) {
    for (const seed of ['1', '2', '3', '4', '5']) {
      const client = new TestClient([marketOf(to(104))], { marginMode, seed, wallet: 100 })
      const trigger = { side: 'Buy', triggerPrice: '103', triggerDirection: 1 }
      const { orderId } = client.order({ ...trigger, qty: '5' }).result
      assert.is(client.order({ side: 'Buy', qty: '9' }).retCode, 0, 'it binds nothing')
      client.pass(2 * MINUTE)
      const { orderStatus, cumExecQty } = client.found(orderId)
      assert.is(cumExecQty, '0.000')
      seen.add(orderStatus)
      assert.is(client.position().size, '9.000')
    }
  }
  assert.equal(seen, new Set(['Cancelled', 'Rejected']))
})

test('what protects a position needs no margin when it is set off', () => {
  for (const marginMode of ['ISOLATED_MARGIN', 'REGULAR_MARGIN'] as const) {
    const client = new TestClient([marketOf(to(96))], { marginMode, wallet: 100 })
    client.order({ side: 'Buy', qty: '9', stopLoss: '97' })
    client.pass(2 * MINUTE)
    assert.is(client.position().size, '0.000')
  }
})

test('an order that takes from the other side binds nothing for what it takes', () => {
  const client = cross(still(100), { wallet: 100 })
  client.order({ side: 'Buy', qty: '9' })
  const sell = { side: 'Sell', orderType: 'Limit', price: '101' }
  assert.is(client.order({ ...sell, qty: '9' }).retCode, 0)
  near(wallet(client).coin[0].totalOrderIM, 0)
  assert.is(client.order({ ...sell, qty: '9' }).retCode, 0, 'each by itself turns nothing')
  near(wallet(client).coin[0].totalOrderIM, 9 * 101 * (0.1 + TAKER * 2.1))
})

test.run()
