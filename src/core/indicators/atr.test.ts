import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Atr, atr } from './atr.ts'
import { contractSeries, indicatorContract } from './contract.ts'

const test = suite('atr')

indicatorContract(test, 'ATR', {
  figures: [{ name: 'atr', warmUp: 15, scale: 1, shift: 'stays' }],
  reuses: true,
  absentAtGaps: false,
  batch: (candles, out) => [atr(candles.high, candles.low, candles.close, candles.length, out?.[0])],
  stream() {
    const range = new Atr()
    return (candles, i) => [range.push(candles.high[i], candles.low[i], candles.close[i])]
  },
})

test('candles of the StockCharts example (ChartSchool, "Average True Range"): true ranges read off, mean by hand', () => {
  const high = Float64Array.of(
    ...[48.7, 48.72, 48.9, 48.87, 48.82, 49.05, 49.2, 49.35, 49.92, 50.19, 50.12, 49.66, 49.88, 50.19, 50.36],
  )
  const low = Float64Array.of(
    ...[47.79, 48.14, 48.39, 48.37, 48.24, 48.64, 48.94, 48.86, 49.5, 49.87, 49.2, 48.9, 49.43, 49.73, 49.26],
  )
  const close = Float64Array.of(
    ...[
      48.16, 48.61, 48.75, 48.63, 48.74, 49.03, 49.07, 49.32, 49.91, 50.13, 49.53, 49.5, 49.75, 50.03, 50.31,
    ],
  )
  // Candle 9 opens above the close before it (49.92 - 49.32), candle 11 falls below it (50.13 - 49.20).
  const sum = 0.58 + 0.51 + 0.5 + 0.58 + 0.41 + 0.26 + 0.49 + 0.6 + 0.32 + 0.93 + 0.76 + 0.45 + 0.46 + 1.1
  const column = atr(high, low, close, 15)
  assert.ok(Math.abs(column[14] - sum / 14) < 1e-12, `${column[14]}, not ${sum / 14}`)
})

test('the range of the first candle is not used: it has no close before it', () => {
  const one = Float64Array.of(10, 11, 12)
  const wide = atr(Float64Array.of(1_000, 12, 13), Float64Array.of(1, 10, 11), one, 3, undefined, 2)
  // True ranges 2 (12 - 10) and 2 (13 - 11).
  assert.is(wide[2], 2)
})

test('it equals the recurrence written as Wilder does over the greatest of the three ranges', () => {
  for (const [title, candles] of contractSeries()) {
    const { high, low, close, length } = candles
    const column = atr(high, low, close, length)
    let mean = 0
    for (let i = 1; i < length; i++) {
      const range = Math.max(
        high[i] - low[i],
        Math.abs(high[i] - close[i - 1]),
        Math.abs(low[i] - close[i - 1]),
      )
      mean = i <= 14 ? mean + range / 14 : (13 * mean + range) / 14
      if (i < 14) continue
      assert.ok(Math.abs(column[i] - mean) <= 1e-12 * mean, `${title}, row ${i}: ${column[i]}, not ${mean}`)
    }
  }
})

test('a period that is no whole number from 1 on is a broken invariant', () => {
  for (const period of [0, 1.5, Number.NaN]) assert.throws(() => new Atr(period), /broken invariant/)
})

test('cut after any candle, saved and loaded, it goes on to the last bit', () => {
  for (const [title, { high, low, close, length }] of contractSeries()) {
    const column = atr(high, low, close, length)
    let one = new Atr()
    for (let i = 0; i < length; i++) {
      one.push(high[i], low[i], close[i])
      one = Atr.load(JSON.parse(JSON.stringify(one.save())))
      if (!Object.is(one.value ?? Number.NaN, column[i]))
        assert.unreachable(`${title}, row ${i}: ${one.value}, not ${column[i]}`)
    }
  }
})

test.run()
