import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import { CandleSeries, type Candles } from '../market/candles.ts'
import { CONTRACT_START, contractSeries, indicatorContract } from './contract.ts'
import { HigherBands, higherBands } from './higher-bands.ts'
import { type Calendar, periodEnd, periodStart } from './resample.ts'

const test = suite('higher-bands')

/** From Wednesday 2021-01-06: the 20th Sunday is 2021-05-23, the 20th end of a month 2022-08-31. */
const WARM_UP: readonly (readonly [Calendar, number])[] = [
  ['week', (Date.UTC(2021, 4, 23) - CONTRACT_START) / DAY + 1],
  ['month', (Date.UTC(2022, 7, 31) - CONTRACT_START) / DAY + 1],
]

for (const [calendar, warmUp] of WARM_UP) {
  indicatorContract(test, `Bands of closed ${calendar}s`, {
    figures: [
      { name: 'lower', warmUp, scale: 1, shift: 'moves' },
      { name: 'upper', warmUp, scale: 1, shift: 'moves' },
    ],
    reuses: true,
    absentAtGaps: true,
    batch(candles, out) {
      const given = out === undefined ? undefined : { lower: out[0], upper: out[1] }
      const { lower, upper } = higherBands(candles, calendar, given)
      return [lower, upper]
    },
    stream() {
      const bands = new HigherBands(calendar)
      return (candles, i) => {
        bands.push(candles.start[i], candles.open[i], candles.high[i], candles.low[i], candles.close[i])
        return [bands.lower, bands.upper]
      }
    },
  })
}

/**
 * The definition, taken literally for one row: the 20 weeks or months before the end of this candle's day, each day
 * of each looked up; only days before the very first candle may lack.
 */
function literal(
  candles: Candles,
  rows: ReadonlyMap<number, number>,
  i: number,
  calendar: Calendar,
): readonly [number, number] {
  const known = candles.start[i] + DAY
  const closes: number[] = []
  let end = periodStart(calendar, known)
  while (closes.length < 20) {
    const start = periodStart(calendar, end - DAY)
    if (end - DAY < candles.start[0]) return [Number.NaN, Number.NaN]
    for (let day = Math.max(start, candles.start[0]); day < end; day += DAY)
      if (!rows.has(day)) return [Number.NaN, Number.NaN]
    closes.push(candles.close[rows.get(end - DAY) ?? -1])
    end = start
  }
  const mean = closes.reduce((sum, close) => sum + close / 20, 0)
  const spread = Math.sqrt(closes.reduce((sum, close) => sum + (close - mean) ** 2 / 20, 0))
  return [mean - 2 * spread, mean + 2 * spread]
}

test('every row equals the definition taken literally, with and without missing days', () => {
  let absentAfter = 0
  for (const [title, candles] of contractSeries()) {
    const rows = new Map<number, number>()
    for (let i = 0; i < candles.length; i++) rows.set(candles.start[i], i)
    for (const [calendar, warmUp] of WARM_UP) {
      const bands = higherBands(candles, calendar)
      for (let i = 0; i < candles.length; i++) {
        const [lower, upper] = literal(candles, rows, i, calendar)
        const place = `${title}, ${calendar}, row ${i}: ${bands.lower[i]}, ${bands.upper[i]}, not ${lower}, ${upper}`
        assert.is(Number.isNaN(bands.lower[i]), Number.isNaN(lower), place)
        if (Number.isNaN(lower)) {
          if (i >= warmUp) absentAfter++
          continue
        }
        const tolerance = 1e-9 * candles.close[i] + 1e-12 * upper
        assert.ok(Math.abs(bands.lower[i] - lower) < tolerance + 1e-6 * Math.abs(upper - lower), place)
        assert.ok(Math.abs(bands.upper[i] - upper) < tolerance + 1e-6 * Math.abs(upper - lower), place)
      }
    }
  }
  assert.ok(absentAfter > 100, 'missing days took away bands that were there')
})

test('a week is known at the close of its Sunday, not before, and holds through the next one', () => {
  const candles = new CandleSeries('X', '1d')
  const monday = Date.UTC(2024, 0, 1)
  for (let i = 0; i < 7 * 22; i++) candles.push(monday + i * DAY, 1, 1, 1, 100 + Math.floor(i / 7), 1, 1)
  const bands = higherBands(candles, 'week')
  for (let i = 0; i < candles.length; i++) {
    const closed = Math.floor((i + 1) / 7)
    // The middle of 20 weekly closes in a row is 9.5 above the first of them.
    const middle = (bands.lower[i] + bands.upper[i]) / 2
    if (closed < 20) assert.ok(Number.isNaN(middle), `row ${i}`)
    else assert.ok(Math.abs(middle - (100 + closed - 20 + 9.5)) < 1e-10, `row ${i}: ${middle}`)
  }
})

test('a day missing in the running week takes the bands away only when that week has closed', () => {
  const monday = Date.UTC(2024, 0, 1)
  const missing = monday + (7 * 25 + 2) * DAY
  const bands = new HigherBands('week')
  for (let day = monday; day < monday + 7 * 60 * DAY; day += DAY) {
    if (day === missing) continue
    bands.push(day, 1, 1, 1, 100 + (day % 11))
    const closed = Math.floor((day + DAY - monday) / DAY / 7)
    const present = (closed >= 20 && closed < 26) || closed >= 46
    assert.is(bands.lower !== undefined, present, `${closed} weeks`)
  }
  assert.is(periodEnd('week', missing), monday + 7 * 26 * DAY)
})

test.run()
