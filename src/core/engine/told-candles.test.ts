import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import type { Candle } from '../market/candles.ts'
import { PRINTED, printOf, ToldCandles, withCandle } from './told-candles.ts'

const test = suite('told candles')

const candleOf = (day: number, over: Partial<Candle> = {}): Candle => ({
  start: day * DAY,
  open: 100,
  high: 110.5,
  low: 99.75,
  close: 101.125,
  volume: 12_345.678,
  turnover: Number.NaN,
  ...over,
})

test('the last bit of any field changes its own print and the rolling hash', () => {
  for (const [k, field] of PRINTED.entries()) {
    const before = candleOf(1, { turnover: 5 })
    const after = { ...before, [field]: before[field] * (1 + Number.EPSILON) }
    const changed = PRINTED.filter((_, i) => printOf(before)[i] !== printOf(after)[i])
    assert.equal(changed, [PRINTED[k]])
    assert.not.equal(withCandle(undefined, '1d', before).hash, withCandle(undefined, '1d', after).hash)
  }
  const late = candleOf(2)
  assert.not.equal(
    withCandle(undefined, '1d', candleOf(1)).hash,
    withCandle(undefined, '1d', { ...late, start: 2 * DAY }).hash,
  )
})

test('a blank is one value, and so is zero', () => {
  assert.equal(printOf(candleOf(1)), printOf(candleOf(1, { turnover: Number.NaN })))
  assert.equal(printOf(candleOf(1, { volume: 0 })), printOf(candleOf(1, { volume: -0 })))
  assert.not.equal(printOf(candleOf(1)), printOf(candleOf(1, { turnover: 0 })))
})

test('the rolling hash depends on the order, and a place in a print is never empty', () => {
  const [a, b] = [candleOf(1), candleOf(2, { close: 7 })]
  const one = withCandle(withCandle(undefined, '1d', a), '1d', b)
  const other = withCandle(withCandle(undefined, '1d', b), '1d', a)
  assert.not.equal(one.hash, other.hash)
  assert.equal([one.first, one.newest, one.count], [DAY, 2 * DAY, 2])
  for (let open = 0; open < 200_000; open++) {
    const [first] = printOf(candleOf(1, { open }))
    if (first === 0) assert.unreachable(`the print of ${open} is empty`)
  }
})

test('each series counts for itself, and one that is told again changes nothing', () => {
  const told = new ToldCandles()
  told.take('BTCUSDT', '15m', candleOf(1))
  told.take('BTCUSDT', '1d', candleOf(1))
  told.take('BTCUSDT', '1d', candleOf(2))
  told.take('BTCUSDT', '1d', candleOf(2, { close: 1 }))
  told.take('BTCUSDT', '1d', candleOf(1))
  assert.equal(
    told.of('BTCUSDT').map(({ interval, count }) => [interval, count]),
    [
      ['15m', 1],
      ['1d', 2],
    ],
  )
  assert.equal(told.of('ETHUSDT'), [])
  assert.is(told.takePrints().length, 3)
  assert.is(told.takePrints().length, 0)
})

test('what was saved goes on as if nothing had been', () => {
  const [straight, first, second] = [new ToldCandles(), new ToldCandles(), new ToldCandles()]
  for (let day = 1; day < 20; day++) {
    straight.take('BTCUSDT', '1d', candleOf(day, { close: day }))
    ;(day < 9 ? first : second).take('BTCUSDT', '1d', candleOf(day, { close: day }))
    if (day === 8) second.load(first.save())
  }
  assert.equal(second.of('BTCUSDT'), straight.of('BTCUSDT'))
})

test.run()
