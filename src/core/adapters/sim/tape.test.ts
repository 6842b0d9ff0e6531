import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../../base/units.ts'
import { CandleSeries, type Candles } from '../../market/candles.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import { isRecorded, recordedMarkets } from './recorded.fixture.ts'
import { barAt, FundingTape, firstAtOrAfter, markRange, stretches, told } from './tape.ts'

const test = suite('tape')
const SEED = 20260402
console.log(`seed ${SEED}`)

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

test('a hole of days is left out, and the days after it are told', () => {
  const daily = series('1d', 0, 8, [2, 3])
  assert.equal(shape(stretches([daily], 0, 8 * DAY)), ['1d 0-6'])
  const hours = series(
    '1h',
    0,
    96,
    [...Array(48).keys()].map(i => i + 24),
  )
  assert.equal(shape(stretches([hours], 0, 4 * DAY)), ['1h 0-48'])
  assert.equal(shape(stretches([hours, series('1d', 0, 4, [1])], 0, 4 * DAY)), [
    '1h 0-24',
    '1d 1-2',
    '1h 24-48',
  ])
})

test('a range that begins or ends within a day is told by what is whole in it', () => {
  const all = [series('1d', 0, 2), series('1h', 0, 48)]
  assert.equal(shape(stretches(all, 6 * HOUR, DAY + 3 * HOUR)), ['1h 6-27'])
  assert.equal(shape(stretches([series('1d', 0, 2)], 6 * HOUR, 2 * DAY)), ['1d 1-2'])
})

test(`bars are in order, apart, in range, and no day could be covered better or as well by finer ones (seed ${SEED})`, () => {
  const intervals = ['1d', '4h', '1h', '15m'] as const
  const holes = fc.array(fc.nat(400), { maxLength: 12 })
  const kinds = fc.record({ present: fc.boolean(), first: fc.nat(50), holes })
  fc.assert(
    fc.property(
      fc.array(kinds, { minLength: 4, maxLength: 4 }),
      fc.nat(30),
      fc.integer({ min: 1, max: 110 }),
      (plans, fromHour, hours) => {
        const all = plans.flatMap(({ present, first, holes }, k) => {
          const span = INTERVAL_MS[intervals[k]]
          const count = (4 * DAY) / span
          return present ? [series(intervals[k], (first % count) * span, count - (first % count), holes)] : []
        })
        const from = fromHour * HOUR
        const to = from + hours * HOUR
        const parts = stretches(all, from, to)
        let before = from
        const covered = new Map<number, { interval: Interval; share: number }>()
        for (const { candles, from: first, to: end } of parts) {
          const span = INTERVAL_MS[candles.interval]
          assert.ok(first < end)
          for (let row = first; row < end; row++) {
            const start = candles.start[row]
            assert.ok(start >= before && start + span <= to)
            before = start + span
            const day = Math.floor(start / DAY)
            const { interval, share } = covered.get(day) ?? { interval: candles.interval, share: 0 }
            assert.is(interval, candles.interval, 'a day is told by one interval')
            covered.set(day, { interval, share: share + span })
          }
        }
        for (const candles of all) {
          const span = INTERVAL_MS[candles.interval]
          const shares = new Map<number, number>()
          for (let row = 0; row < candles.length; row++) {
            const start = candles.start[row]
            const day = Math.floor(start / DAY)
            if (start >= from && start + span <= to) shares.set(day, (shares.get(day) ?? 0) + span)
          }
          for (const [day, share] of shares) {
            const told = covered.get(day)
            assert.ok(told !== undefined, `day ${day} is told`)
            const isFiner = span < INTERVAL_MS[told.interval]
            assert.ok(isFiner ? share < told.share : share <= told.share, `day ${day} is told best`)
          }
        }
      },
    ),
    { seed: SEED, numRuns: 400 },
  )
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
  assert.equal(barAt(daily, 0, mark), {
    start: 0,
    end: DAY,
    open: 100,
    high: 101,
    low: 99,
    close: 100,
    markOpen: 100,
    markHigh: 124,
    markLow: 76,
    markClose: 100,
  })
  const holed = { ...series('1h', 0, 40, [5]), symbol: 'XUSDT', interval: '1h' as const }
  assert.is(markRange(holed, 0, DAY), null)
  assert.equal(markRange(holed, 6 * HOUR, 8 * HOUR), { open: 100, high: 108, low: 92, close: 100 })
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

test('a history is trusted between settlements of at most 8 h, whatever their spacing, and not beyond its ends', () => {
  const at = (...hours: readonly number[]) => ({
    time: Float64Array.from(hours, hour => hour * HOUR),
    rate: new Float64Array(hours.length).fill(0.001),
  })
  const told = (hours: readonly number[], from: number, to: number): string[] =>
    new FundingTape(at(...hours), 0.0001)
      .within(from * HOUR, to * HOUR)
      .map(({ time, isAssumed }) => `${time / HOUR}${isAssumed ? ' assumed' : ''}`)
  // Every 8 h, then hourly, then every 4 h: as recorded.
  assert.equal(told([0, 8, 16, 17, 18, 19, 23, 27], 0, 24), ['8', '16', '17', '18', '19', '23'])
  // 24:00 lies between 23:00 and 27:00, which settles nothing.
  assert.equal(told([0, 8, 16, 17, 18, 19, 23, 27], 23, 28), ['27'])
  // Two are missing: a hole of 24 h.
  assert.equal(told([0, 8, 32, 40], 0, 40), ['8', '16 assumed', '24 assumed', '32', '40'])
  // Before the first and after the last.
  assert.equal(told([20, 28], 0, 48), [
    '8 assumed',
    '16 assumed',
    '20',
    '28',
    '32 assumed',
    '40 assumed',
    '48 assumed',
  ])
})

test('the last settled rate is given per 8 h, and not at all when it is old', () => {
  const recorded = { time: Float64Array.of(4 * HOUR, 8 * HOUR), rate: Float64Array.of(0.001, 0.002) }
  const tape = new FundingTape(recorded, 0.0001)
  assert.is(tape.settledPer8h(3 * HOUR), null)
  assert.is(tape.settledPer8h(4 * HOUR), 0.001)
  // Settled every 4 h: twice the rate per 8 h.
  assert.is(tape.settledPer8h(8 * HOUR), 0.004)
  assert.is(tape.settledPer8h(16 * HOUR - 1), 0.004)
  assert.is(tape.settledPer8h(16 * HOUR), null)
  assert.is(new FundingTape(null, 0.0001).settledPer8h(0), null)
  // After a hole the spacing says nothing: 8 h are taken.
  const holed = { time: Float64Array.of(0, 30 * HOUR), rate: Float64Array.of(0.001, 0.002) }
  assert.is(new FundingTape(holed, 0.0001).settledPer8h(31 * HOUR), 0.002)
})

test('the next settlement is announced with the interval that ends in it, and nothing of what follows', () => {
  const at = (...hours: readonly number[]) => ({
    time: Float64Array.from(hours, hour => hour * HOUR),
    rate: new Float64Array(hours.length).fill(0.001),
  })
  const told = (hours: readonly number[] | null, hour: number): string => {
    const tape = new FundingTape(hours === null ? null : at(...hours), 0.0001)
    const { next, interval } = tape.announced(hour * HOUR)
    return `${next / HOUR} after ${interval / HOUR}`
  }
  const changing = [0, 8, 16, 20, 21, 22, 26, 34]
  // At the very moment of a settlement the next one is announced.
  assert.is(told(changing, 0), '8 after 8')
  assert.is(told(changing, 7.99), '8 after 8')
  assert.is(told(changing, 16), '20 after 4')
  assert.is(told(changing, 20), '21 after 1')
  assert.is(told(changing, 22), '26 after 4')
  assert.is(told(changing, 26), '34 after 8')
  // Beyond the end, before the beginning, in a hole and without a history: as it is assumed.
  assert.is(told(changing, 34), '40 after 8')
  assert.is(told([20, 28], 3), '8 after 8')
  assert.is(told([20, 28], 17), '20 after 8')
  assert.is(told([0, 8, 32, 40], 9), '16 after 8')
  assert.is(told([0, 8, 32, 40], 24), '32 after 8')
  assert.is(told(null, 8), '16 after 8')
})

test(`what is announced is the next settlement there is, and does not depend on the one after (seed ${SEED})`, () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 20 }),
      fc.nat({ max: 400 }),
      (hours, quarters) => {
        const time = Float64Array.from([...new Set(hours)].sort((a, b) => a - b).map(hour => hour * HOUR))
        const tape = new FundingTape({ time, rate: new Float64Array(time.length) }, 0.0001)
        const now = (quarters * HOUR) / 4
        const { next, interval } = tape.announced(now)
        assert.is(tape.within(now, now + 9 * HOUR)[0].time, next)
        assert.ok(interval >= HOUR && interval <= 8 * HOUR)
        const known = time.filter(one => one <= next)
        const cut = new FundingTape({ time: known, rate: new Float64Array(known.length) }, 0.0001)
        assert.equal(cut.announced(now), { next, interval })
      },
    ),
    { seed: SEED },
  )
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

const recorded = isRecorded ? test : test.skip

recorded(
  'WIF, whose interval changes, is announced and rated as it was settled, without a look ahead',
  async () => {
    const [{ funding }] = await recordedMarkets(['WIFUSDT'], ['1d'], Date.UTC(2025, 0, 1))
    assert.ok(funding !== null)
    const { time, rate } = funding
    const whole = new FundingTape(funding, 0.0001)
    const seen = new Set<number>()
    for (let row = 1; row + 1 < time.length; row++) {
      const now = time[row]
      const { next, interval } = whole.announced(now)
      if (time[row + 1] - now > 8 * HOUR) continue
      assert.equal([next, interval], [time[row + 1], time[row + 1] - now])
      seen.add(interval / HOUR)
      const spacing = Math.min(now - time[row - 1], 8 * HOUR)
      assert.is(whole.settledPer8h(now), (rate[row] * 8 * HOUR) / spacing)
      // Nothing after the announced settlement has a part in it, nor the rate of that one.
      const known = { time: time.slice(0, row + 2), rate: rate.slice(0, row + 2) }
      known.rate[row + 1] = 1
      const cut = new FundingTape(known, 0.0001)
      assert.equal([cut.announced(now), cut.settledPer8h(now)], [{ next, interval }, whole.settledPer8h(now)])
    }
    assert.ok(seen.size >= 2, `intervals of ${[...seen]} h`)
  },
)

test.run()
