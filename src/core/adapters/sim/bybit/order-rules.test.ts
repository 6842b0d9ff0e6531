import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../../../base/units.ts'
import { instrument } from '../exchange.fixture.ts'
import { BybitAccount } from './account.ts'
import { Refusal } from './order.ts'
import { checkAttached, type House, leastOf, mostOf, priceWithin, quantityOf } from './order-rules.ts'
import { riskTiers } from './risk.ts'
import { BY_HAND, changed, type OrderWish } from './wishes.ts'

const test = suite('order rules')

const account = new BybitAccount(0n, '1', () => instrument)
const house: House = {
  account,
  refusesPrices: false,
  instrument: () => instrument,
  leverage: () => 10,
  grain: () => ({ ticks: 1, steps: 10 }),
  tiers: () => riskTiers(instrument, []),
}
const point = { time: 0, last: 100, mark: 100 }
const wish: OrderWish = { ...BY_HAND, symbol: 'XUSDT', side: 'Buy', steps: 1_000 as Steps, positionIdx: 0 }

function codeOf(act: () => unknown): number {
  try {
    act()
    return 0
  } catch (error) {
    return error instanceof Refusal ? error.code : -1
  }
}

test('a quantity is on the grid that is in force, neither too small nor too great for market, value and tier', () => {
  const position = account.position('XUSDT', 0, 0)
  const code = (steps: number, type: 'Market' | 'Limit' = 'Limit'): number =>
    codeOf(() =>
      quantityOf(house, { ...wish, type, price: 1_000 as Ticks, steps: steps as Steps }, position, point),
    )
  assert.equal(
    [code(1_000), code(1_005), code(40), code(30_000, 'Market'), code(30_000)],
    [0, 10_001, 110_094, 10_001, 0],
  )
  const tight = { ...house, leverage: () => 51 }
  assert.is(
    codeOf(() => quantityOf(tight, wish, position, point)),
    110_090,
  )
})

test('a quantity that closes is no greater than one that opens may be, and all of a position is that at most', () => {
  const most = mostOf(instrument, 'Market') ?? 0
  const position = { ...account.position('XUSDT', 0, 0), side: 'short' as const, steps: (most + 10) as Steps }
  const closing = { ...wish, reduceOnly: true }
  const code = (steps: number, over: Partial<OrderWish> = {}): number =>
    codeOf(() => quantityOf(house, { ...closing, ...over, steps: steps as Steps }, position, point))
  assert.equal([code(most), code(most + 1)], [0, 10_001])
  assert.is(code(most + 1, { type: 'Limit', price: 1_000 as Ticks }), 0, 'at a price it may be more')
  assert.is(code((mostOf(instrument, 'Limit') ?? 0) + 1, { type: 'Limit', price: 1_000 as Ticks }), 10_001)
  const all = { ...closing, steps: 0 as Steps, closeOnTrigger: true }
  assert.is(quantityOf(house, all, position, point), most)
})

test('the least order has the least value, on the grid that is in force', () => {
  assert.is(leastOf(house, 'XUSDT', point), 50)
  const coarse = { ...house, grain: () => ({ ticks: 1, steps: 40 }) }
  assert.is(leastOf(coarse, 'XUSDT', point), 80)
  assert.is(leastOf(house, 'XUSDT', { ...point, last: 1e9 }), Math.ceil(instrument.minQty / 10) * 10)
})

test('an order that reduces needs a position on the other side, and is cut to it', () => {
  const position = { ...account.position('XUSDT', 0, 0), side: 'short' as const, steps: 300 as Steps }
  const reducing = { ...wish, reduceOnly: true }
  assert.is(quantityOf(house, reducing, position, point), 300)
  assert.is(
    codeOf(() => quantityOf(house, { ...reducing, side: 'Sell' }, position, point)),
    110_017,
  )
  const closing = { ...reducing, closeOnTrigger: true, steps: 0 as Steps }
  assert.is(quantityOf(house, closing, position, point), 300)
  assert.is(
    codeOf(() => quantityOf(house, { ...reducing, steps: 0 as Steps }, position, point)),
    10_001,
  )
})

test('a price is brought to its limit, or refused where the account wants that', () => {
  const limits = { buy: 1_020 as Ticks, sell: 980 as Ticks }
  const at = (side: 'Buy' | 'Sell', price: number) => ({ symbol: 'XUSDT', side, price: price as Ticks })
  assert.equal(
    [priceWithin(house, at('Buy', 2_000), limits), priceWithin(house, at('Sell', 5), limits)],
    [1_020, 980],
  )
  const strict = { ...house, refusesPrices: true }
  assert.is(
    codeOf(() => priceWithin(strict, at('Buy', 2_000), limits)),
    110_003,
  )
})

test('what an order brings along lies on the right side of its price', () => {
  const brought = (stop: number): number =>
    codeOf(() => checkAttached({ side: 'Buy', attached: changed(null, null, stop as Ticks) }, 1_000 as Ticks))
  assert.equal([brought(900), brought(1_000), brought(1_100)], [0, 10_001, 10_001])
})

test('at the market a fifth of the greatest quantity is the most', () => {
  assert.equal([mostOf(instrument, 'Limit'), mostOf(instrument, 'Market')], [100_000, 20_000])
  assert.is(mostOf({ ...instrument, maxQty: null }, 'Market'), null)
})

test.run()
