import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import { bandwidth, bandwidthColumn } from './bandwidth.ts'
import { Bollinger, bollinger } from './bollinger.ts'
import { indicatorContract } from './contract.ts'
import { Squeeze, squeeze } from './squeeze.ts'

const test = suite('squeeze')

indicatorContract(test, 'Squeeze percentile', {
  figures: [{ name: 'squeeze', warmUp: 139, scale: 0, shift: 'depends' }],
  reuses: true,
  absentAtGaps: false,
  batch(candles, out) {
    const width = bandwidthColumn(bollinger(candles.close, candles.length), candles.length)
    return [squeeze(width, candles.length, out?.[0])]
  },
  stream() {
    const bands = new Bollinger()
    const ranks = new Squeeze()
    return (candles, i) => {
      bands.push(candles.close[i])
      const { lower, middle, upper } = bands
      ranks.push(
        lower === undefined || middle === undefined || upper === undefined
          ? undefined
          : bandwidth(lower, middle, upper),
      )
      return [ranks.value]
    }
  },
})

/** The definition, counted. */
function counted(widths: Float64Array, i: number, window: number): number {
  let atMost = 0
  for (let k = i - window + 1; k <= i; k++) if (widths[k] <= widths[i]) atMost++
  return (100 * atMost) / window
}

test('worked by hand: among 3, 1, 2, 2 the last is at least as wide as three', () => {
  const percentiles = squeeze(Float64Array.of(3, 1, 2, 2, 1, 9), 6, undefined, 4)
  assert.equal([...percentiles], [Number.NaN, Number.NaN, Number.NaN, 75, 50, 100])
})

test('it equals the counted share for widths that wander, jump, tie, fall, rise and repeat, in windows of all sizes', () => {
  const source = random('squeeze')
  const shapes: readonly ((i: number, before: number) => number)[] = [
    (_, before) => Math.max(0, before + source.normal()),
    () => source.next(),
    () => source.int(4),
    i => 5_000 - i,
    i => i,
    () => 0,
    i => (i % 300 < 150 ? 0 : source.next()),
  ]
  for (const [s, shape] of shapes.entries()) {
    const n = 1_500
    const widths = new Float64Array(n)
    for (let i = 0, before = 100; i < n; i++) {
      before = shape(i, before)
      widths[i] = before
    }
    for (const window of [2, 3, 7, 120]) {
      const column = squeeze(widths, n, undefined, window)
      for (let i = 0; i < n; i++) {
        const expected = i < window - 1 ? Number.NaN : counted(widths, i, window)
        if (!Object.is(column[i], expected))
          assert.unreachable(`shape ${s}, window ${window}, row ${i}: ${column[i]}, not ${expected}`)
      }
    }
  }
})

test('an absent width makes it absent until the window is full of known ones again', () => {
  const source = random('absent width')
  const widths = new Float64Array(700)
  for (let i = 0; i < 700; i++) widths[i] = source.int(50)
  widths[300] = Number.NaN
  const column = squeeze(widths, 700)
  for (let i = 0; i < 700; i++) {
    const known = (i >= 119 && i < 300) || i >= 420
    assert.equal(column[i], known ? counted(widths, i, 120) : Number.NaN, `row ${i}`)
  }
})

test('a window below two is a broken invariant', () => {
  for (const window of [0, 1, 1.5, Number.NaN]) assert.throws(() => new Squeeze(window), /broken invariant/)
})

test.run()
