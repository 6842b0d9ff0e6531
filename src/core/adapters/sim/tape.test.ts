import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../../base/units.ts'
import { CandleSeries, type Candles } from '../../market/candles.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import { barAt, FundingTape, firstAtOrAfter, markRange, stretches, told } from './tape.ts'

const test = suite('tape')
const SEED = 20260402

/** Candles of an interval from `from` on, without those in `holes`. */
function series(interval: Interval, from: number, count: number, holes: readonly number[] = []): Candles {
  const candles = new CandleSeries('XUSDT', interval, count)
  for (let i = 0; i < count; i++) {
    if (!holes.includes(i)) candles.push(from + i * INTERVAL_MS[interval], 100, 101 + i, 99 - i, 100, 1, 100)
  }
  return candles
}

const shape = (parts: ReturnType<typeof stretches>): string[] =>
  parts.map(({ candles, from, to }) => `${candles.interval} ${from}-${to}`)

test('each day is told by the finest candles that cover it whole', () => {
  const daily = series('1d', 0, 4)
  const hours = series('1h', DAY, 24)
  const quarters = series('15m', DAY, 96)
  assert.equal(shape(stretches([daily, hours, quarters], 0, 4 * DAY)), ['1d 0-1', '15m 0-96', '1d 2-4'])
})

test('a day whose finer candles have a hole is told by coarser ones', () => {
  const hours = series('1h', 0, 48, [30])
  assert.equal(shape(stretches([series('1d', 0, 3), hours], 0, 3 * DAY)), ['1h 0-24', '1d 1-3'])
})

test('where nothing covers a day whole, the candles that cover most of it tell it', () => {
  const hours = series('1h', 0, 20)
  const minutes = series('5m', 0, 12)
  assert.equal(shape(stretches([hours, minutes], 0, DAY)), ['1h 0-20'])
})

test('only whole candles of the range are told', () => {
  assert.equal(shape(stretches([series('1d', 0, 5)], DAY, 3 * DAY)), ['1d 1-3'])
  assert.equal(shape(stretches([series('1d', 0, 5)], DAY, 3 * DAY + HOUR)), ['1d 1-3'])
  assert.equal(shape(stretches([], 0, DAY)), [])
  assert.equal([...told(stretches([series('1d', 0, 5)], 0, DAY * 9))], [['1d', 5]])
})

test('the mark price is told where its candles cover the bar whole, else it is the last price', () => {
  const mark = { ...series('1h', 0, 24), symbol: 'XUSDT', interval: '1h' as const, length: 24 }
  const daily = series('1d', 0, 2)
  assert.equal(markRange(mark, 0, DAY), { open: 100, high: 124, low: 76, close: 100 })
  assert.is(markRange(mark, 0, DAY + HOUR), null)
  assert.is(markRange(mark, 0, 30 * MINUTE), null)
  assert.is(barAt(daily, 0, mark).markHigh, 124)
  assert.is(barAt(daily, 1, mark).markHigh, daily.high[1])
})

test('the first row at or after a time is found', () => {
  const column = Float64Array.of(1, 3, 5, 9)
  assert.equal(
    [0, 1, 2, 5, 9, 10].map(time => firstAtOrAfter(column, 3, time)),
    [0, 0, 1, 2, 3, 3],
  )
})

test('settlements are as recorded, and every 8 h at the assumed rate where nothing is', () => {
  const recorded = {
    time: Float64Array.of(8 * HOUR, 12 * HOUR, 16 * HOUR),
    rate: Float64Array.of(0.001, 0.002, -0.003),
  }
  const tape = new FundingTape(recorded, 0.0001)
  assert.equal(tape.within(0, DAY), [
    { time: 8 * HOUR, rate: 0.001, isAssumed: false },
    { time: 12 * HOUR, rate: 0.002, isAssumed: false },
    { time: 16 * HOUR, rate: -0.003, isAssumed: false },
    { time: DAY, rate: 0.0001, isAssumed: true },
  ])
  // Strictly after the first moment, up to and with the last.
  assert.equal(new FundingTape(null, 0.0001).within(8 * HOUR, 16 * HOUR), [
    { time: 16 * HOUR, rate: 0.0001, isAssumed: true },
  ])
})

test('the last settled rate is given per 8 h, and not at all when it is old', () => {
  const recorded = { time: Float64Array.of(4 * HOUR, 8 * HOUR), rate: Float64Array.of(0.001, 0.002) }
  const tape = new FundingTape(recorded, 0.0001)
  assert.is(tape.settledPer8h(3 * HOUR), null)
  assert.is(tape.settledPer8h(4 * HOUR), 0.001)
  // Settled every 4 h: twice the rate per 8 h.
  assert.is(tape.settledPer8h(8 * HOUR), 0.004)
  assert.is(tape.settledPer8h(16 * HOUR), null)
})

test(`asking whether anything settles agrees with what settles (seed ${SEED})`, () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 20 }),
      fc.nat(200),
      fc.nat(30),
      (hours, from, length) => {
        const time = Float64Array.from([...new Set(hours)].sort((a, b) => a - b).map(hour => hour * HOUR))
        const tape = new FundingTape({ time, rate: new Float64Array(time.length) }, 0.0001)
        const found = tape.within(from * HOUR, (from + length) * HOUR)
        if (found.length > 0) assert.ok(tape.settles(from * HOUR, (from + length) * HOUR))
        const times = found.map(one => one.time)
        assert.equal(
          times,
          [...new Set(times)].sort((a, b) => a - b),
        )
      },
    ),
    { seed: SEED, numRuns: 300 },
  )
})

test.run()
