import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import { contractSeries, indicatorContract, series } from './contract.ts'
import { Rsi, rsi } from './rsi.ts'

const test = suite('rsi')

indicatorContract(test, 'RSI', {
  figures: [{ name: 'rsi', warmUp: 15, scale: 0, shift: 'stays' }],
  reuses: true,
  absentAtGaps: false,
  batch: (candles, out) => [rsi(candles.close, candles.length, out?.[0])],
  stream() {
    const index = new Rsi()
    return (candles, i) => {
      index.push(candles.close[i])
      return [index.value]
    }
  },
})

test('the published StockCharts table (ChartSchool, "Relative Strength Index") is met to its last digit', () => {
  const closes = Float64Array.of(
    ...[44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931],
    ...[46.0328, 45.614, 46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521],
    ...[45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314],
  )
  const published = [
    ...[70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38],
    ...[54.71, 50.42, 39.99, 41.46, 41.87, 45.46, 37.3, 33.08, 37.77],
  ]
  const column = rsi(closes, closes.length)
  published.forEach((value, k) => {
    assert.ok(Math.abs(column[14 + k] - value) < 0.006, `row ${14 + k}: ${column[14 + k]}, not ${value}`)
  })
})

test('worked by hand with period 2: changes +2, -1 give 66.67, then +1 gives 80', () => {
  // Means 1 and 0.5: 100 x 1 / 1.5. Then (1 + 1) / 2 = 1 and (0.5 + 0) / 2 = 0.25: 100 x 1 / 1.25.
  const column = rsi(Float64Array.of(10, 12, 11, 12), 4, undefined, 2)
  assert.ok(Math.abs(column[2] - 200 / 3) < 1e-13)
  assert.ok(Math.abs(column[3] - 80) < 1e-13)
})

test('it is exactly 100 without losses, 0 without gains and 50 without any change', () => {
  const n = 300
  const cases: readonly (readonly [(i: number) => number, number])[] = [
    [i => 0.1 * (i + 1) ** 1.5, 100],
    [i => 1_000 - 0.1 * i ** 1.1, 0],
    [() => 0.1, 50],
  ]
  for (const [closeAt, expected] of cases) {
    const { close } = series(n, closeAt)
    const column = rsi(close, n)
    for (let i = 14; i < n; i++) assert.is(column[i], expected, `row ${i}`)
  }
})

test('it equals the recurrence written as Wilder does, mean = (13 x mean + new) / 14, and stays in 0..100', () => {
  for (const [title, candles] of contractSeries()) {
    const { close, length } = candles
    const column = rsi(close, length)
    let gain = 0
    let loss = 0
    for (let i = 1; i < length; i++) {
      const up = Math.max(close[i] - close[i - 1], 0)
      const down = Math.max(close[i - 1] - close[i], 0)
      gain = i <= 14 ? gain + up / 14 : (13 * gain + up) / 14
      loss = i <= 14 ? loss + down / 14 : (13 * loss + down) / 14
      if (i < 14) continue
      const expected = gain + loss === 0 ? 50 : (100 * gain) / (gain + loss)
      assert.ok(Math.abs(column[i] - expected) < 1e-10, `${title}, row ${i}: ${column[i]}, not ${expected}`)
      assert.ok(column[i] >= 0 && column[i] <= 100, `${title}, row ${i}`)
    }
  }
})

test('with 200 candles before it, where the recurrence starts matters by less than 0.001 points', () => {
  const source = random('rsi start')
  let close = 100
  const { close: closes, length } = series(1_000, () => {
    close *= Math.exp(0.03 * source.normal())
    return close
  })
  const whole = rsi(closes, length)
  for (let from = 100; from < 700; from += 50) {
    const late = rsi(closes.subarray(from), length - from)
    for (let i = from + 200; i < length; i++) assert.ok(Math.abs(whole[i] - late[i - from]) < 0.001)
  }
})

test('a period that is no whole number from 1 on is a broken invariant', () => {
  for (const period of [0, 1.5, Number.NaN]) assert.throws(() => new Rsi(period), /broken invariant/)
})

test('cut after any close, saved and loaded, it goes on to the last bit', () => {
  for (const [title, { close, length }] of contractSeries()) {
    const column = rsi(close, length)
    let one = new Rsi()
    for (let i = 0; i < length; i++) {
      one.push(close[i])
      one = Rsi.load(JSON.parse(JSON.stringify(one.save())))
      if (!Object.is(one.value ?? Number.NaN, column[i]))
        assert.unreachable(`${title}, row ${i}: ${one.value}, not ${column[i]}`)
    }
  }
})

test.run()
