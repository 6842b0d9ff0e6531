import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { Desk, events, gridSignal, placed } from './desk.fixture.ts'
import type { Input } from './protocol.ts'
import { unusable } from './unusable.ts'

const test = suite('unusable figures')

const PRICE = { type: 'price', at: 0, symbol: 'SOLUSDT', time: MIDNIGHT, last: 100, mark: 100 } as const
const CANDLE = {
  type: 'candle',
  at: 0,
  symbol: 'SOLUSDT',
  interval: '5m',
  start: MIDNIGHT,
  open: 100,
  high: 102,
  low: 99,
  close: 101,
  volume: 1,
  turnover: 100,
} as const
const RATE = { type: 'funding-rate', at: 0, symbol: 'SOLUSDT', per8h: 0.0001, interval: 1, next: 2 } as const

test('prices above nothing, and rates that are numbers or not known, are taken', () => {
  for (const input of [PRICE, { ...PRICE, low: 99, high: 101 }, CANDLE, RATE, { ...RATE, per8h: null }])
    assert.is(unusable(input), null)
  assert.is(unusable({ ...CANDLE, turnover: Number.NaN }), null, 'a turnover may be blank')
})

test('whatever no market shows is named with what it says', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, -1]) {
    assert.is(unusable({ ...PRICE, last: value }), `last ${value}`)
    assert.is(unusable({ ...PRICE, mark: value }), `mark ${value}`)
    assert.is(unusable({ ...PRICE, high: value }), `high ${value}`)
    for (const field of ['open', 'high', 'low', 'close'])
      assert.is(unusable({ ...CANDLE, [field]: value }), `${field} ${value}`)
  }
  assert.is(unusable({ ...RATE, per8h: Number.NaN }), 'rate NaN')
  assert.is(unusable({ ...RATE, next: Number.POSITIVE_INFINITY }), 'next Infinity')
})

test('an engine that is told such a thing says so once, keeps what it knew, and knows no rate any more', () => {
  const desk = new Desk()
  desk.introduce('SOLUSDT')
  desk.price('SOLUSDT', 101)
  desk.feed(RATE)
  const before = desk.engine.save()
  const told = [
    ...desk.feed({ ...PRICE, last: Number.NaN }),
    ...desk.feed({ ...PRICE, mark: Number.POSITIVE_INFINITY }),
    ...desk.feed({ ...CANDLE, close: Number.NaN }),
    ...desk.feed({ ...CANDLE, interval: '1d', open: 0 }),
  ]
  assert.equal(
    events(told, 'alert').map(({ code, symbol, reason }) => [code, symbol, reason]),
    [['E508', 'SOLUSDT', 'price: last NaN']],
  )
  assert.equal(desk.engine.save().symbols, before.symbols)
  desk.feed({ ...RATE, per8h: Number.NaN })
  const [symbol] = desk.engine.save().symbols
  assert.equal([symbol.funding, symbol.fundingInterval, symbol.nextFunding], [null, null, null])
})

/** Daily candles whose closes are such that squares of them are no numbers any more. */
function closes(desk: Desk, price: number): readonly unknown[] {
  const told: unknown[] = []
  for (let day = 30; day > 0; day--) {
    const close = price * (1 + (day % 3) / 100)
    const candle: Omit<Extract<Input, { readonly type: 'candle' }>, 'at'> = {
      type: 'candle',
      symbol: 'SOLUSDT',
      interval: '1d',
      start: MIDNIGHT - day * DAY,
      open: close,
      high: close,
      low: close,
      close,
      volume: 1,
      turnover: 1,
    }
    told.push(...events(desk.feed(candle), 'alert'))
  }
  return told
}

test('where an indicator comes to no number that is said when it is decided on, and nothing is entered', () => {
  for (const [price, isTold] of [
    [100, false],
    [1e300, true],
  ] as const) {
    const desk = new Desk()
    desk.feed({ type: 'instrument', instrument: gridSignal().instrument })
    closes(desk, price)
    const effects = desk.live(10 * 60_000)
    const told = events(effects, 'alert').filter(({ code }) => code === 'E508')
    assert.is(told.length, isTold ? 1 : 0, `at ${price}`)
    if (isTold) assert.match(told[0].reason, /^bands( and RSI)? unavailable; no signal$/)
    if (isTold) assert.equal(placed(effects), [])
  }
})

test.run()
