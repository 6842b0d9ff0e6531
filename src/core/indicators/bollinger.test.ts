import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import { Bollinger, bandColumns, bollinger, deviation } from './bollinger.ts'
import { contractSeries, indicatorContract, series } from './contract.ts'

const test = suite('bollinger')

indicatorContract(test, 'Bollinger Bands', {
  figures: [
    { name: 'lower', warmUp: 20, scale: 1, shift: 'moves' },
    { name: 'middle', warmUp: 20, scale: 1, shift: 'moves' },
    { name: 'upper', warmUp: 20, scale: 1, shift: 'moves' },
  ],
  reuses: true,
  absentAtGaps: false,
  batch(candles, out) {
    const given = out === undefined ? undefined : { lower: out[0], middle: out[1], upper: out[2] }
    const { lower, middle, upper } = bollinger(candles.close, candles.length, given)
    return [lower, middle, upper]
  },
  stream() {
    const bands = new Bollinger()
    return (candles, i) => {
      bands.push(candles.close[i])
      return [bands.lower, bands.middle, bands.upper]
    }
  },
})

/** Mean and population deviation of the 20 closes up to `i`, in two passes with the residue taken out. */
function exact(closes: Float64Array, i: number): { readonly mean: number; readonly deviation: number } {
  const from = closes[i]
  let sum = 0
  for (let k = i - 19; k <= i; k++) sum += closes[k] - from
  const mean = sum / 20
  let squares = 0
  let rest = 0
  for (let k = i - 19; k <= i; k++) {
    const distance = closes[k] - from - mean
    squares += distance * distance
    rest += distance
  }
  return { mean: from + mean, deviation: Math.sqrt((squares - (rest * rest) / 20) / 20) }
}

test('the bands of the published StockCharts example (ChartSchool, "Bollinger Bands") are met', () => {
  const closes = Float64Array.of(
    ...[86.16, 89.09, 88.78, 90.32, 89.07, 91.15, 89.44, 89.18, 86.93, 87.68, 86.96, 89.43, 89.32, 88.72],
    ...[87.45, 87.26, 89.5, 87.9, 89.13, 90.7, 92.9, 92.98, 91.8, 92.66],
  )
  const bands = bollinger(closes, closes.length)
  const published: readonly (readonly [number, number, number, number, number])[] = [
    [19, 88.71, 1.29, 91.29, 86.12],
    [20, 89.05, 1.45, 91.95, 86.14],
    [21, 89.24, 1.69, 92.61, 85.87],
    [22, 89.39, 1.77, 92.93, 85.85],
    [23, 89.51, 1.9, 93.31, 85.7],
  ]
  for (const [row, middle, spread, upper, lower] of published) {
    // The table was computed from closes with more decimals than it shows.
    const cents = 0.0101
    assert.ok(Math.abs(bands.middle[row] - middle) < cents, `middle ${bands.middle[row]}`)
    assert.ok(Math.abs(bands.upper[row] - upper) < cents, `upper ${bands.upper[row]}`)
    assert.ok(Math.abs(bands.lower[row] - lower) < cents, `lower ${bands.lower[row]}`)
    assert.ok(Math.abs(deviation(bands.lower[row], bands.upper[row]) - spread) < cents, `deviation at ${row}`)
  }
})

test('the population deviation is taken: 1, 3, 5, 7 have mean 4 and variance 5', () => {
  const bands = bollinger(Float64Array.of(1, 3, 5, 7), 4, bandColumns(4), 4, 1)
  assert.is(bands.middle[3], 4)
  assert.ok(Math.abs(bands.upper[3] - 4 - Math.sqrt(5)) < 1e-15)
  assert.ok(Math.abs(4 - Math.sqrt(5) - bands.lower[3]) < 1e-15)
})

test('1,000,000 bars of a random walk stay within 1e-11 of the exact two passes, in bands and in deviation', () => {
  const source = random('bollinger walk')
  const n = 1_000_000
  const closes = new Float64Array(n)
  let close = 30_000
  for (let i = 0; i < n; i++) {
    close *= Math.exp(0.0007 * source.normal())
    closes[i] = close
  }
  const bands = bollinger(closes, n)
  let worst = 0
  let worstDeviation = 0
  for (let i = 19; i < n; i++) {
    const { mean, deviation: spread } = exact(closes, i)
    worst = Math.max(
      worst,
      Math.abs(bands.middle[i] - mean) / mean,
      Math.abs(bands.upper[i] - mean - 2 * spread) / mean,
      Math.abs(bands.lower[i] - mean + 2 * spread) / mean,
    )
    worstDeviation = Math.max(
      worstDeviation,
      Math.abs(deviation(bands.lower[i], bands.upper[i]) - spread) / spread,
    )
  }
  assert.ok(worst <= 1e-11, `bands off by ${worst}`)
  assert.ok(worstDeviation <= 1e-11, `deviation off by ${worstDeviation}`)
})

test('a flat window has no width at all and the close itself as its middle, whatever came before it', () => {
  let flats = 0
  for (const [title, candles] of contractSeries()) {
    const bands = bollinger(candles.close, candles.length)
    let equal = 1
    for (let i = 1; i < candles.length; i++) {
      equal = candles.close[i] === candles.close[i - 1] ? equal + 1 : 1
      if (equal < 20) continue
      flats++
      const close = candles.close[i]
      assert.equal(
        [bands.lower[i], bands.middle[i], bands.upper[i]],
        [close, close, close],
        `${title}, row ${i}`,
      )
    }
  }
  assert.ok(flats > 1_000, `only ${flats} flat windows were looked at`)
})

test('flat windows after volatile bars are exactly flat for every length of the bars before and every small period', () => {
  const source = random('flat after')
  for (let volatile = 1; volatile < 300; volatile += 7) {
    for (const period of [2, 3, 5, 8, 16, 20, 50]) {
      const flat = 30_000 * source.next()
      const candles = series(volatile + period + 3, i =>
        i < volatile ? 30_000 + 900 * source.normal() : flat,
      )
      const bands = bollinger(candles.close, candles.length, undefined, period)
      for (let i = volatile + period - 1; i < candles.length; i++)
        assert.equal([bands.lower[i], bands.upper[i]], [flat, flat], `${volatile} bars, period ${period}`)
    }
  }
})

test('a nearly flat window after a crash keeps its deviation up to the rounding of the bands themselves', () => {
  const source = random('calm after a crash')
  const candles = series(600, i => (i < 300 ? 30_000 * (1 + source.next()) : 100 + 1e-4 * source.next()))
  const bands = bollinger(candles.close, candles.length)
  for (let i = 320; i < candles.length; i++) {
    const spread = exact(candles.close, i).deviation
    assert.ok(Math.abs(deviation(bands.lower[i], bands.upper[i]) - spread) < 2e-14, `row ${i}`)
  }
})

test('both forms agree to the last bit for every period up to 40', () => {
  for (const [title, candles] of contractSeries()) {
    for (let period = 2; period <= 40; period += 3) {
      const bands = bollinger(candles.close, candles.length, undefined, period, 1.5)
      const stream = new Bollinger(period, 1.5)
      for (let i = 0; i < candles.length; i++) {
        stream.push(candles.close[i])
        if (!Object.is(stream.lower ?? Number.NaN, bands.lower[i]))
          assert.unreachable(`${title}, period ${period}, row ${i}: ${stream.lower}, ${bands.lower[i]}`)
      }
    }
  }
})

test('cleared bands are absent at once and begin like new ones', () => {
  const used = new Bollinger()
  for (let i = 0; i < 337; i++) used.push(100 + (i % 13))
  used.clear()
  const fresh = new Bollinger()
  for (let i = 0; i < 600; i++) {
    assert.is(used.lower, fresh.lower)
    assert.is(used.upper, fresh.upper)
    used.push(50 + (i % 17))
    fresh.push(50 + (i % 17))
  }
})

test('a period below two is a broken invariant', () => {
  for (const period of [0, 1, 2.5, Number.NaN]) {
    assert.throws(() => new Bollinger(period), /broken invariant/)
    assert.throws(() => bollinger(new Float64Array(3), 3, undefined, period), /broken invariant/)
  }
})

test('cut after any close, saved and loaded, they go on to the last bit', () => {
  for (const [title, { close, length }] of contractSeries()) {
    const bands = bollinger(close, length)
    let one = new Bollinger()
    for (let i = 0; i < length; i++) {
      one.push(close[i])
      one = Bollinger.load(JSON.parse(JSON.stringify(one.save())))
      for (const band of ['lower', 'middle', 'upper'] as const) {
        if (!Object.is(one[band] ?? Number.NaN, bands[band][i]))
          assert.unreachable(`${title}, ${band}, row ${i}: ${one[band]}, not ${bands[band][i]}`)
      }
    }
  }
})

test.run()
