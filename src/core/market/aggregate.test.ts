import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE } from '../base/units.ts'
import { aggregate } from './aggregate.ts'
import { CandleSeries, type Candles } from './candles.ts'
import type { Interval } from './interval.ts'

const test = suite('aggregate')
const SEED = 20_260_109
const MIDNIGHT = 1_767_225_600_000

type Row = readonly [
  start: number,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
  turnover: number,
]

function series(interval: Interval, rows: readonly Row[]): CandleSeries {
  const candles = new CandleSeries('SOLUSDT', interval, rows.length)
  for (const row of rows) candles.push(...row)
  return candles
}

function rowsOf(candles: Candles): readonly Row[] {
  return Array.from({ length: candles.length }, (_, i) => [
    candles.start[i],
    candles.open[i],
    candles.high[i],
    candles.low[i],
    candles.close[i],
    candles.volume[i],
    candles.turnover[i],
  ])
}

/** Quarter hours from midnight, with the numbers of these. */
const quarters = (...numbers: readonly number[]): readonly Row[] =>
  numbers.map(n => [MIDNIGHT + n * 15 * MINUTE, 100 + n, 110 + n, 90 - n, 101 + n, 2, 200 + n])

test('four quarter hours are an hour: first open, highest high, lowest low, last close, sums', () => {
  const hour = aggregate(series('15m', quarters(0, 1, 2, 3)), '1h')
  assert.is(hour.symbol, 'SOLUSDT')
  assert.is(hour.interval, '1h')
  assert.equal(rowsOf(hour), [[MIDNIGHT, 100, 113, 87, 104, 8, 806]])
})

test('the extremes may lie in any part', () => {
  const rows: readonly Row[] = [
    [MIDNIGHT, 10, 12, 9, 11, 1, 10],
    [MIDNIGHT + 15 * MINUTE, 11, 20, 10, 12, 1, 10],
    [MIDNIGHT + 30 * MINUTE, 12, 13, 2, 12, 1, 10],
    [MIDNIGHT + 45 * MINUTE, 12, 14, 11, 13, 1, 10],
  ]
  assert.equal(rowsOf(aggregate(series('15m', rows), '1h')), [[MIDNIGHT, 10, 20, 2, 13, 4, 40]])
})

test('an hour with a part missing is left out, at the beginning, inside and at the end', () => {
  const whole = quarters(1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18)
  assert.equal(
    rowsOf(aggregate(series('15m', whole), '1h')).map(([start]) => (start - MIDNIGHT) / HOUR),
    [1, 3],
  )
})

test('hours begin at the hour, not where the data begins', () => {
  assert.equal(rowsOf(aggregate(series('15m', quarters(2, 3, 4, 5)), '1h')), [])
})

test('a turnover left blank is replaced part by part before it is summed up', () => {
  const rows: readonly Row[] = [
    [MIDNIGHT, 10, 12, 9, 12, 3, Number.NaN],
    [MIDNIGHT + 30 * MINUTE, 12, 13, 10, 11, 5, 60],
  ]
  // 3 x (12 + 9 + 12) / 3 = 33, and 60.
  assert.is(rowsOf(aggregate(series('30m', rows), '1h'))[0]?.[6], 93)
})

test('nothing becomes nothing', () => {
  assert.is(aggregate(series('1m', []), '1d').length, 0)
})

test('a longer interval that is no multiple, or not longer, is a broken invariant', () => {
  for (const [from, to] of [
    ['1h', '1h'],
    ['1h', '15m'],
    ['1d', '12h'],
    ['2h', '3m'],
  ] as const) {
    assert.throws(() => aggregate(series(from, []), to), /broken invariant/)
  }
})

test('the candles given are not changed', () => {
  const given = series('15m', quarters(0, 1, 2, 3))
  const before = rowsOf(given)
  aggregate(given, '1h')
  assert.equal(rowsOf(given), before)
})

test(`summing up at once or by way of an interval between gives the same (seed ${SEED})`, () => {
  const minutes = fc.array(
    fc.record({
      skip: fc.constantFrom(...new Array<number>(150).fill(0), 1, 20),
      open: fc.integer({ min: 50, max: 150 }),
      close: fc.integer({ min: 50, max: 150 }),
      up: fc.integer({ min: 0, max: 20 }),
      down: fc.integer({ min: 0, max: 20 }),
      volume: fc.integer({ min: 0, max: 1000 }),
    }),
    { minLength: 300, maxLength: 500 },
  )
  let hours = 0
  const property = fc.property(minutes, list => {
    let at = MIDNIGHT
    const rows = list.map(({ skip, open, close, up, down, volume }): Row => {
      at += (1 + skip) * MINUTE
      return [at, open, Math.max(open, close) + up, Math.min(open, close) - down, close, volume, 100 * volume]
    })
    const given = series('1m', rows)
    const direct = rowsOf(aggregate(given, '1h'))
    assert.equal(rowsOf(aggregate(aggregate(given, '15m'), '1h')), direct)
    // The same said plainly: every hour of which all 60 minutes are there.
    const expected = [...new Set(rows.map(([start]) => Math.floor(start / HOUR) * HOUR))].flatMap(start => {
      const parts = rows.filter(row => row[0] >= start && row[0] < start + HOUR)
      const sum = (of: 5 | 6): number => parts.reduce((total, row) => total + row[of], 0)
      return parts.length < 60
        ? []
        : [
            [
              start,
              parts[0]?.[1],
              Math.max(...parts.map(row => row[2])),
              Math.min(...parts.map(row => row[3])),
              parts.at(-1)?.[4],
              sum(5),
              sum(6),
            ],
          ]
    })
    assert.equal(direct, expected)
    hours += direct.length
  })
  fc.assert(property, { seed: SEED, numRuns: 100 })
  assert.ok(hours > 100, `only ${hours} hours`)
})

test.run()
