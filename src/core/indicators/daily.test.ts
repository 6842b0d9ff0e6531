import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import { CandleSeries } from '../market/candles.ts'
import { CONTRACT_START, indicatorContract, series } from './contract.ts'
import { dailyColumns } from './daily.fixture.ts'
import { type DailyColumns, DailyIndicators } from './daily.ts'

const test = suite('daily')

const COLUMNS = [
  'lower',
  'middle',
  'upper',
  'width',
  'squeeze',
  'rsi',
  'downDays',
  'upDays',
  'weekLower',
  'weekUpper',
  'monthLower',
  'monthUpper',
] as const satisfies readonly (keyof DailyColumns)[]

indicatorContract(test, 'Daily figures', {
  figures: [
    { name: 'lower', warmUp: 20, scale: 1, shift: 'moves' },
    { name: 'middle', warmUp: 20, scale: 1, shift: 'moves' },
    { name: 'upper', warmUp: 20, scale: 1, shift: 'moves' },
    { name: 'width', warmUp: 20, scale: 0, shift: 'depends' },
    { name: 'squeeze', warmUp: 139, scale: 0, shift: 'depends' },
    { name: 'rsi', warmUp: 15, scale: 0, shift: 'stays' },
    { name: 'downDays', warmUp: 2, scale: 0, shift: 'stays' },
    { name: 'upDays', warmUp: 2, scale: 0, shift: 'stays' },
    { name: 'weekLower', warmUp: 138, scale: 1, shift: 'moves' },
    { name: 'weekUpper', warmUp: 138, scale: 1, shift: 'moves' },
    { name: 'monthLower', warmUp: 603, scale: 1, shift: 'moves' },
    { name: 'monthUpper', warmUp: 603, scale: 1, shift: 'moves' },
  ],
  reuses: false,
  absentAtGaps: true,
  batch(candles) {
    const columns = dailyColumns(candles)
    return COLUMNS.map(column => columns[column])
  },
  stream() {
    const indicators = new DailyIndicators(3)
    return (candles, i) => {
      indicators.push(candles.start[i], candles.open[i], candles.high[i], candles.low[i], candles.close[i])
      assert.is(indicators.length, i + 1)
      return COLUMNS.map(column => {
        const value = indicators[column][i]
        return Number.isNaN(value) ? undefined : value
      })
    }
  },
})

test('rows written before the columns grew are still there afterwards, from any capacity on', () => {
  const candles = series(900, i => 100 + ((i * i) % 37))
  const whole = dailyColumns(candles)
  for (const capacity of [0, 1, 256, 899, 2_000]) {
    const indicators = new DailyIndicators(capacity)
    for (let i = 0; i < candles.length; i++) {
      const { start, open, high, low, close } = candles
      indicators.push(start[i], open[i], high[i], low[i], close[i])
    }
    for (const column of COLUMNS)
      assert.equal([...indicators[column].subarray(0, 900)], [...whole[column]], `${column}, ${capacity}`)
  }
})

test('candles of another interval, or out of order, are a broken invariant and leave the columns as they were', () => {
  assert.throws(() => dailyColumns(new CandleSeries('X', '4h')), /broken invariant: daily figures of 4h/)
  const indicators = new DailyIndicators()
  indicators.push(CONTRACT_START, 1, 1, 1, 1)
  assert.throws(() => indicators.push(CONTRACT_START, 1, 1, 1, 2), /broken invariant/)
  indicators.push(CONTRACT_START + DAY, 1, 1, 1, 0.5)
  assert.is(indicators.length, 2)
  assert.is(indicators.downDays[1], 1)
})

/** Recorded daily candles beside the project; absent in a bare checkout. */
const RECORDED = new URL('../../../../shared/data/klines/1d/', import.meta.url)

function recorded(symbol: string): CandleSeries {
  const text = gunzipSync(readFileSync(new URL(`${symbol}.csv.gz`, RECORDED))).toString('utf8')
  const candles = new CandleSeries(symbol, '1d')
  for (const line of text.trim().split('\n').slice(1)) {
    const [start, open, high, low, close, volume] = line.split(',').map(Number)
    candles.push(start, open, high, low, close, volume, Number.NaN)
  }
  return candles
}

const realTest = existsSync(RECORDED) ? test : test.skip
const REAL_TITLE = existsSync(RECORDED)
  ? 'real candles of five coins: both forms are equal to the last bit and meet the definitions computed plainly'
  : 'real candles: skipped, as ../shared/data is not there'

realTest(REAL_TITLE, () => {
  for (const symbol of ['BTCUSDT', 'ETHUSDT', 'DOGEUSDT', 'SHIB1000USDT', 'AVAXUSDT']) {
    const candles = recorded(symbol)
    const { close, length, start, open, high, low } = candles
    const columns = dailyColumns(candles)
    const indicators = new DailyIndicators()
    assert.ok(length > 1_000, `${symbol} has ${length} candles`)
    const widths: number[] = []
    for (let i = 0; i < length; i++) {
      indicators.push(start[i], open[i], high[i], low[i], close[i])
      for (const column of COLUMNS)
        if (!Object.is(indicators[column][i], columns[column][i]))
          assert.unreachable(
            `${symbol}, ${column}, row ${i}: ${indicators[column][i]}, ${columns[column][i]}`,
          )
      if (i < 19) continue
      const window = close.subarray(i - 19, i + 1)
      const mean = window.reduce((sum, price) => sum + price, 0) / 20
      const spread = Math.sqrt(window.reduce((sum, price) => sum + (price - mean) ** 2, 0) / 20)
      const near = (value: number, expected: number): boolean => Math.abs(value - expected) < 1e-11 * mean
      assert.ok(near(columns.lower[i], mean - 2 * spread), `${symbol}, lower, row ${i}`)
      assert.ok(near(columns.middle[i], mean), `${symbol}, middle, row ${i}`)
      assert.ok(near(columns.upper[i], mean + 2 * spread), `${symbol}, upper, row ${i}`)
      assert.ok(Math.abs(columns.width[i] - (400 * spread) / mean) < 1e-9, `${symbol}, width, row ${i}`)
      widths.push(columns.width[i])
      if (i < 138) continue
      const share = widths.slice(-120).filter(width => width <= columns.width[i]).length / 120
      assert.ok(Math.abs(columns.squeeze[i] - 100 * share) < 1e-12, `${symbol}, squeeze, row ${i}`)
    }
  }
})

test.run()
