import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../../../base/units.ts'
import { Shape } from '../shape.ts'
import { EVENTS, FAULTS, FaultPlan, isMeant, ruleFrom, rulesFrom } from './fault-plan.ts'

const test = suite('fault plan')

test('the same rules and the same seed strike at the same opportunities', () => {
  fc.assert(
    fc.property(fc.string(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, chance) => {
      const struck = (): readonly boolean[] => {
        const plan = new FaultPlan([{ fault: 'lose-reply', chance }], seed, 0)
        return Array.from(
          { length: 50 },
          (_, k) => plan.strike(['lose-reply'], '/v5/order/create', k) !== null,
        )
      }
      assert.equal(struck(), struck())
    }),
    { seed: 20260401 },
  )
})

test('a rule strikes what it is about, within its time, so many times, and each is counted', () => {
  const plan = new FaultPlan(
    [{ fault: 'refuse', only: '/v5/order', from: 100, to: 200, most: 2, code: 10_006 }],
    '1',
    1_000,
  )
  const at = (now: number, path = '/v5/order/create'): boolean => plan.strike(['refuse'], path, now) !== null
  assert.equal(
    [at(1_050), at(1_100, '/v5/position/list'), at(1_100), at(1_150), at(1_160), at(1_300)],
    [false, false, true, true, false, false],
  )
  assert.equal(plan.counts, { refuse: 2 })
  assert.is(plan.strike(['zombie'], '/v5/order/create', 1_120), null)
})

test('a rule about one path is about no other that begins alike, unless any beginning is asked for', () => {
  for (const [only, name, expected] of [
    ['/v5/order/create', '/v5/order/create', true],
    ['/v5/order/create', '/v5/order/create-batch', false],
    ['/v5/order/create*', '/v5/order/create-batch', true],
    ['/v5/order', '/v5/order/create-batch', true],
    ['/v5/order/', '/v5/order/create', true],
    ['/v5/ord', '/v5/order/create', false],
    ['order', 'order', true],
    ['order', 'orderbook.50.XUSDT', false],
    ['kline.1', 'kline.1.XUSDT', true],
    ['kline.1', 'kline.15.XUSDT', false],
    ['tickers', 'tickers.XUSDT', true],
    ['private', 'private', true],
    ['', 'anything', true],
    ['*', 'anything', true],
  ] as const)
    assert.is(isMeant(only, name), expected, `${only} ${name}`)
})

test('an event comes once at its time, or again and again as often as is said', () => {
  const once = new FaultPlan([{ fault: 'drop', from: 500 }], '1', 0)
  assert.equal([once.due(499).length, once.due(500).length, once.due(10_000).length], [0, 1, 0])
  const often = new FaultPlan([{ fault: 'drop', every: HOUR, to: 1_000 * HOUR }], '1', 0)
  let count = 0
  for (let now = 0; now <= 2_000 * HOUR; now += HOUR / 2) count += often.due(now).length
  assert.ok(count > 850 && count < 1_150, `${count} in a thousand hours`)
})

test('events of several rules come in the order of their times', () => {
  const plan = new FaultPlan(
    [
      { fault: 'flap', from: 300 },
      { fault: 'drop', from: 200 },
    ],
    '1',
    0,
  )
  assert.equal(
    plan.due(1_000).map(({ fault }) => fault),
    ['drop', 'flap'],
  )
})

test('rules about symbols that the market does not have are refused by name', () => {
  const rules = ['XUSDT', 'YUSDT', 'ZUSDT'].map(symbol => ({ fault: 'delist', symbol }))
  assert.throws(
    () => rulesFrom([{ fault: 'drop' }, ...rules], new Set(['XUSDT'])),
    /does not have rules\[2\].symbol YUSDT, rules\[3\].symbol ZUSDT/,
  )
})

test('a rule from outside has known fields of known kinds', () => {
  const rule = { fault: 'adl', symbol: 'XUSDT', steps: 5, every: 60_000, chance: 0.5, ms: 10, side: 'Buy' }
  const symbols = new Set(['XUSDT'])
  assert.equal(rulesFrom([rule], symbols), [rule])
  assert.equal(rulesFrom([{ fault: 'human-open', side: 'short' }], symbols), [
    { fault: 'human-open', side: 'Sell' },
  ])
  for (const [wrong, pattern] of [
    [{ fault: 'explode' }, /one of lose-request/],
    [{ fault: 'drop', chance: 2 }, /chance/],
    [{ fault: 'drop', evry: 5 }, /evry/],
    [{ fault: 'drop', every: 0 }, /every/],
    [7, /not a JSON object/],
  ] as const) {
    assert.throws(() => rulesFrom([wrong], symbols), pattern)
  }
  assert.throws(() => rulesFrom({}, symbols), /a list/)
  for (const fault of FAULTS) assert.is(ruleFrom(new Shape({ fault }, '')).fault, fault)
  assert.ok(EVENTS.length > 20)
})

test.run()
