import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import { CandleSeries } from '../market/candles.ts'
import { buyAndHold } from './buy-and-hold.ts'

const test = suite('buy and hold')

/** Daily candles with these opens and closes. */
function candles(...rows: readonly (readonly [open: number, close: number])[]): CandleSeries {
  const series = new CandleSeries('BTCUSDT', '1d')
  rows.forEach(([open, close], i) => {
    series.push(i * DAY, open, Math.max(open, close), Math.min(open, close), close, 1, Number.NaN)
  })
  return series
}

test('it goes from the open of the first candle inside to the close of the last one inside', () => {
  const series = candles([50, 100], [100, 120], [120, 75], [75, 125], [125, 1])
  assert.is(buyAndHold(series, { from: DAY, to: 4 * DAY }), 0.25)
  // A candle that begins before or ends after the period is not inside.
  assert.is(buyAndHold(series, { from: DAY - 1, to: 5 * DAY - 1 }), 0.25)
  assert.is(buyAndHold(series, { from: 1, to: 3 * DAY }), -0.25)
})

test('a candle without an opening price is not bought at', () => {
  assert.is(buyAndHold(candles([0, 10], [10, 15]), { from: 0, to: 2 * DAY }), 0.5)
})

test('without a candle inside there is none', () => {
  assert.is(buyAndHold(candles([1, 2]), { from: DAY, to: 9 * DAY }), null)
  assert.is(buyAndHold(candles([1, 2]), { from: 0, to: DAY - 1 }), null)
  assert.is(buyAndHold(candles([0, 2]), { from: 0, to: DAY }), null)
})

test.run()
