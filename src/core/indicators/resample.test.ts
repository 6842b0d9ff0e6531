import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import { CandleSeries } from '../market/candles.ts'
import { contractSeries } from './contract.ts'
import { type Calendar, periodEnd, periodStart, Resampler, resample } from './resample.ts'

const test = suite('resample')

const CALENDARS: readonly Calendar[] = ['week', 'month']

/** Start of the period by the platform's own calendar. */
function startByDate(calendar: Calendar, time: number): number {
  const date = new Date(time)
  const year = date.getUTCFullYear()
  const month = date.getUTCMonth()
  if (calendar === 'month') return Date.UTC(year, month, 1)
  return Date.UTC(year, month, date.getUTCDate() - ((date.getUTCDay() + 6) % 7))
}

/** Candles on the given days (`2024-01-31`), each with a range of its own that says which it is. */
function days(...dates: readonly string[]): CandleSeries {
  const candles = new CandleSeries('X', '1d')
  dates.forEach((date, i) => {
    candles.push(Date.parse(`${date}T00:00Z`), 100 + i, 200 + i, 50 - i, 150 + i, 1, 1)
  })
  return candles
}

/** All days from one to another, both included. */
function range(from: string, to: string): readonly string[] {
  const dates: string[] = []
  for (let time = Date.parse(`${from}T00:00Z`); time <= Date.parse(`${to}T00:00Z`); time += DAY)
    dates.push(new Date(time).toISOString().slice(0, 10))
  return dates
}

test('weeks begin on Monday and months on their first day for every day from 1899 to 2101', () => {
  for (let time = Date.UTC(1899, 0, 1); time < Date.UTC(2101, 0, 1); time += DAY) {
    for (const calendar of CALENDARS) {
      const start = startByDate(calendar, time)
      const end = calendar === 'week' ? start + 7 * DAY : startByDate('month', start + 31 * DAY)
      for (const moment of [time, time + DAY - 1]) {
        if (periodStart(calendar, moment) !== start || periodEnd(calendar, moment) !== end)
          assert.unreachable(`${calendar} of ${new Date(moment).toISOString()}`)
      }
    }
  }
})

test('a week has the open of its Monday, the close of its Sunday and the extremes between', () => {
  const candles = days(...range('2024-01-01', '2024-01-10'))
  const weeks = resample(candles, 'week')
  assert.is(weeks.length, 1)
  assert.equal(
    [weeks.start[0], weeks.open[0], weeks.high[0], weeks.low[0], weeks.close[0], weeks.gap[0]],
    [Date.UTC(2024, 0, 1), 100, 206, 44, 156, 0],
  )
})

test('a first week or month that is partly there counts and bears the start of the whole', () => {
  const candles = days(...range('2024-01-27', '2024-03-01'))
  const weeks = resample(candles, 'week')
  const months = resample(candles, 'month')
  assert.is(weeks.length, 5)
  assert.is(weeks.start[0], Date.UTC(2024, 0, 22))
  assert.is(weeks.open[0], 100)
  assert.is(weeks.close[0], 151)
  assert.equal([...months.start.subarray(0, months.length)], [Date.UTC(2024, 0, 1), Date.UTC(2024, 1, 1)])
  assert.equal([...months.gap.subarray(0, months.length)], [0, 0])
})

test('a day missing inside marks the week, one whose last day is missing has no row and marks the next', () => {
  const without = (...missing: readonly string[]): CandleSeries =>
    days(...range('2024-01-01', '2024-01-28').filter(date => !missing.includes(date)))
  const rows: readonly (readonly [readonly string[], readonly number[], readonly number[]])[] = [
    [[], [1, 8, 15, 22], [0, 0, 0, 0]],
    [['2024-01-10'], [1, 8, 15, 22], [0, 1, 0, 0]],
    [['2024-01-14'], [1, 15, 22], [0, 1, 0]],
    [['2024-01-15'], [1, 8, 15, 22], [0, 0, 1, 0]],
    [
      ['2024-01-14', '2024-01-15'],
      [1, 15, 22],
      [0, 1, 0],
    ],
    [range('2024-01-08', '2024-01-14'), [1, 15, 22], [0, 1, 0]],
    [range('2024-01-03', '2024-01-24'), [22], [1]],
  ]
  for (const [missing, starts, gaps] of rows) {
    const weeks = resample(without(...missing), 'week')
    assert.equal(
      [...weeks.start.subarray(0, weeks.length)],
      starts.map(day => Date.UTC(2024, 0, day)),
      missing.join(' '),
    )
    assert.equal([...weeks.gap.subarray(0, weeks.length)], gaps, missing.join(' '))
  }
})

test('rows made of a prefix are the first rows, and the incremental form closes the same candles', () => {
  for (const [title, candles] of contractSeries()) {
    for (const calendar of CALENDARS) {
      const whole = resample(candles, calendar)
      for (const length of [0, 1, 4, 5, 6, 200, 777]) {
        const part = resample({ ...candles, length }, calendar)
        for (const key of ['start', 'open', 'high', 'low', 'close', 'gap'] as const)
          assert.equal(
            [...part[key].subarray(0, part.length)],
            [...whole[key].subarray(0, part.length)],
            `${title}, ${calendar}, ${length} rows`,
          )
      }
      const resampler = new Resampler(calendar)
      let row = 0
      for (let i = 0; i < candles.length; i++) {
        const { start, open, high, low, close } = candles
        if (!resampler.push(start[i], open[i], high[i], low[i], close[i])) continue
        assert.equal(
          [resampler.start, resampler.open, resampler.high, resampler.low, resampler.close],
          [whole.start[row], whole.open[row], whole.high[row], whole.low[row], whole.close[row]],
          `${title}, ${calendar}, row ${row}`,
        )
        row++
      }
      assert.is(row, whole.length)
    }
  }
})

test('a candle that is not later than the one before it, or not on a day, is a broken invariant', () => {
  for (const starts of [[DAY, DAY], [5 * DAY, 4 * DAY], [DAY, 2 * DAY + 1], [1], [Number.NaN]]) {
    const resampler = new Resampler('week')
    assert.throws(() => {
      for (const start of starts) resampler.push(start, 1, 1, 1, 1)
    }, /broken invariant: a daily candle starts at/)
  }
})

test.run()
