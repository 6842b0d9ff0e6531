import { assert } from '../base/assert.ts'
import { random } from '../base/random.ts'
import { DAY, type Timestamp } from '../base/units.ts'
import { CandleSeries, type Candles } from '../market/candles.ts'

/** Registers one test: a uvu suite is one. */
export type Register = (title: string, run: () => void) => void

/** What is promised of one figure of an indicator. */
export interface Figure {
  readonly name: string
  /** Candles until it is first defined, counted in the series `CONTRACT_START` begins. */
  readonly warmUp: number
  /** Power of a factor on all prices that it is multiplied by: 1 for prices, 0 for shares and counts. */
  readonly scale: 0 | 1
  /** Whether it moves with a sum added to all prices, stays as it is, or depends on the level. */
  readonly shift: 'moves' | 'stays' | 'depends'
}

/** An indicator in both of its forms, all figures in the order of `figures`. */
export interface Specimen {
  readonly figures: readonly Figure[]
  /** The columns of all candles; written to `out` where it is given and `reuses` is true. */
  batch(candles: Candles, out?: readonly Float64Array[]): readonly Float64Array[]
  readonly reuses: boolean
  /** A fresh incremental object: takes row `i` and says what its accessors then say. */
  stream(): (candles: Candles, i: number) => readonly (number | undefined)[]
  /** Also absent after warm-up where daily candles are missing. */
  readonly absentAtGaps: boolean
}

/** Wednesday 2021-01-06. */
export const CONTRACT_START: Timestamp = 18_633 * DAY

/** Rows of every series; above four windows of rolling figures, 100 weeks and 24 months. */
const ROWS = 1_100

/**
 * Registers what every indicator owes: batch and incremental form are equal to the last bit, a prefix of the candles
 * gives the prefix of the columns, the first defined row is the promised one, absence is `NaN` in columns and
 * `undefined` in accessors, reused outputs hold nothing of before, and the laws of scale and shift hold.
 */
export function indicatorContract(test: Register, name: string, specimen: Specimen): void {
  const { figures } = specimen

  test(`${name}: the incremental form equals the batch to the last bit, undefined where the column is NaN`, () => {
    for (const [title, candles] of contractSeries()) {
      const columns = specimen.batch(candles)
      assert(columns.length === figures.length, `${name} has ${columns.length} columns`)
      const push = specimen.stream()
      for (let i = 0; i < candles.length; i++) {
        const values = push(candles, i)
        figures.forEach((figure, f) => {
          const value = values[f]
          const place = `${figure.name}, ${title}, row ${i}: column ${columns[f][i]}, accessor ${value}`
          assert(value === undefined || Number.isFinite(value), `${place}: neither a number nor absent`)
          assert(Object.is(value ?? Number.NaN, columns[f][i]), place)
        })
      }
    }
  })

  test(`${name}: the columns of a prefix are the prefix of the columns`, () => {
    for (const [title, candles] of contractSeries()) {
      const whole = specimen.batch(candles)
      for (const length of PREFIXES) {
        const columns = specimen.batch({ ...candles, length })
        for (let i = 0; i < length; i++) {
          figures.forEach((figure, f) => {
            const place = `${figure.name}, ${title}, ${length} rows, row ${i}`
            assert(Object.is(columns[f][i], whole[f][i]), `${place}: ${columns[f][i]} became ${whole[f][i]}`)
          })
        }
      }
    }
  })

  test(`${name}: it is absent before its first row and defined from there on`, () => {
    for (const [title, candles] of contractSeries()) {
      if (specimen.absentAtGaps && title === WITH_GAPS) continue
      const columns = specimen.batch(candles)
      figures.forEach((figure, f) => {
        for (let i = 0; i < candles.length; i++) {
          const value = columns[f][i]
          const place = `${figure.name}, ${title}, row ${i} is ${value}, warm-up ${figure.warmUp}`
          assert(i < figure.warmUp - 1 ? Number.isNaN(value) : Number.isFinite(value), place)
        }
      })
    }
  })

  test(`${name}: a close that is not a number never shows in an accessor as one`, () => {
    const candles = walk(ROWS, 1)
    candles.close[700] = Number.NaN
    const columns = specimen.batch(candles)
    const push = specimen.stream()
    for (let i = 0; i < candles.length; i++) {
      push(candles, i).forEach((value, f) => {
        const place = `${figures[f].name}, row ${i}`
        assert(value === undefined || Number.isFinite(value), `${place} is ${value}`)
        assert(
          value !== undefined || !Number.isFinite(columns[f][i]),
          `${place} is absent, not in the column`,
        )
      })
    }
  })

  if (specimen.reuses) {
    test(`${name}: outputs that are reused hold nothing of what was in them, and nothing beyond is touched`, () => {
      for (const [title, candles] of contractSeries()) {
        for (const length of [0, 1, 15, 300, ROWS]) {
          const part = { ...candles, length }
          const fresh = specimen.batch(part)
          const used = figures.map(() => new Float64Array(ROWS + 1).fill(7.5))
          const columns = specimen.batch(part, used)
          figures.forEach((figure, f) => {
            assert(columns[f] === used[f], `${figure.name} was not written to the output given`)
            for (let i = 0; i <= ROWS; i++) {
              const expected = i < length ? fresh[f][i] : 7.5
              const place = `${figure.name}, ${title}, ${length} rows, row ${i}`
              assert(Object.is(used[f][i], expected), `${place}: ${used[f][i]}, not ${expected}`)
            }
          })
        }
      }
    })
  }

  test(`${name}: prices times a power of two scale it exactly, times another factor up to rounding`, () => {
    const candles = walk(ROWS, 2)
    const columns = specimen.batch(candles)
    for (const factor of [2 ** -20, 2, 2 ** 30, 1.7, 0.003]) {
      const exact = Math.log2(factor) % 1 === 0
      const scaled = specimen.batch(mapped(candles, price => price * factor))
      figures.forEach((figure, f) => {
        for (let i = 0; i < candles.length; i++) {
          const expected = columns[f][i] * factor ** figure.scale
          const place = `${figure.name} x ${factor}, row ${i}: ${scaled[f][i]}, not ${expected}`
          assert(
            exact ? Object.is(scaled[f][i], expected) : near(scaled[f][i], expected, figure, factor),
            place,
          )
        }
      })
    }
  })

  test(`${name}: a sum added to all prices moves it by as much, or not at all, as it promises`, () => {
    const candles = walk(ROWS, 3)
    const columns = specimen.batch(candles)
    for (const sum of [16, 4_096]) {
      const shifted = specimen.batch(mapped(candles, price => price + sum))
      figures.forEach((figure, f) => {
        if (figure.shift === 'depends') return
        for (let i = 0; i < candles.length; i++) {
          const expected = columns[f][i] + (figure.shift === 'moves' ? sum : 0)
          const place = `${figure.name} + ${sum}, row ${i}: ${shifted[f][i]}, not ${expected}`
          assert(near(shifted[f][i], expected, figure, 1), place)
        }
      })
    }
  })
}

/** Lengths around every warm-up and every renewal of rolling sums. */
const PREFIXES: readonly number[] = [
  0,
  1,
  2,
  14,
  15,
  16,
  19,
  20,
  21,
  137,
  138,
  139,
  255,
  256,
  257,
  511,
  512,
  513,
  603,
  777,
  ROWS - 1,
]

const WITH_GAPS = 'a walk with missing days'

/** Series of daily candles that bring out rounding, ties, flat windows, collapses and gaps; seeded, always the same. */
export function contractSeries(): readonly (readonly [string, Candles])[] {
  return [
    ['a walk near 30000', walk(ROWS, 4)],
    [WITH_GAPS, walk(ROWS, 5, true)],
    ['500 volatile days near 30000, 150 flat ones, volatile again', calmed()],
    ['one price that sums inexactly', series(ROWS, () => 0.1)],
    ['two prices by turns', series(ROWS, i => (i % 2 === 0 ? 0.1 : 0.3))],
    ['steps of twenty equal days', series(ROWS, i => 0.1 + 0.7 * Math.floor(i / 20))],
    ['a rise of 3 % a day and a collapse to where it came from', collapsing()],
  ]
}

/** A random walk on a grid of 1/8, so that a sum can be added without rounding. */
function walk(rows: number, seed: number, gaps = false): CandleSeries {
  const source = random(`indicator contract ${seed}`)
  const candles = new CandleSeries('WALK', '1d', rows)
  let start = CONTRACT_START
  let close = 30_000
  for (let i = 0; i < rows; i++) {
    const open = close
    close = grid(open * Math.exp(0.03 * source.normal() - 0.00045))
    const high = grid(Math.max(open, close) * (1 + 0.02 * source.next()))
    const low = grid(Math.min(open, close) * (1 - 0.02 * source.next()))
    candles.push(start, open, high, low, close, 1_000, Number.NaN)
    start += gaps && source.next() < 0.006 ? DAY * (2 + source.int(40)) : DAY
  }
  return candles
}

function calmed(): CandleSeries {
  const source = random('indicator contract calm')
  let close = 30_000
  return series(ROWS, i => {
    if (i < 500 || i >= 650) close = 30_000 * Math.exp(0.05 * source.normal())
    return close
  })
}

function collapsing(): CandleSeries {
  let close = 1e-5
  return series(ROWS, i => {
    close = i % 400 === 0 ? 1e-5 : close * (i % 7 === 0 ? 0.9 : 1.03)
    return close
  })
}

/** Daily candles with the given closes and no range of their own. */
export function series(rows: number, closeAt: (i: number) => number): CandleSeries {
  const candles = new CandleSeries('SERIES', '1d', rows)
  for (let i = 0; i < rows; i++) {
    const close = closeAt(i)
    candles.push(CONTRACT_START + i * DAY, close, close, close, close, 1_000, Number.NaN)
  }
  return candles
}

function mapped(candles: Candles, change: (price: number) => number): Candles {
  return {
    ...candles,
    open: candles.open.map(change),
    high: candles.high.map(change),
    low: candles.low.map(change),
    close: candles.close.map(change),
  }
}

function grid(price: number): number {
  return Math.round(price * 8) / 8
}

/** Equal up to rounding: relative to the value, and to the level of the prices where it is a price. */
function near(value: number, expected: number, figure: Figure, factor: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(value)
  const level = figure.scale === 1 ? 30_000 * factor : 100
  return Math.abs(value - expected) <= 1e-11 * Math.max(Math.abs(expected), level)
}
