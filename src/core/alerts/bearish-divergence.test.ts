import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { alertViewOf } from './alert-view.fixture.ts'
import { bearishDivergence } from './bearish-divergence.ts'

const test = suite('bearish-divergence')
const { params } = bearishDivergence
const look = (highs: readonly number[], rsis: readonly number[]) =>
  bearishDivergence.look(alertViewOf({ highs, rsis }), params)

/** Peaks of 110 and 112 four bars apart, the second confirmed by the newest bar. */
const HIGHS = [100, 110, 105, 104, 106, 112, 108]
const RSIS = [50, 70, 60, 58, 61, 65, 60]

test('a higher high with a lower RSI is told when the bar after the peak has closed', () => {
  assert.equal(look(HIGHS, RSIS), {
    reason: 'higher high after 4 bars, RSI 70.0 then and 65.0 now',
    figures: { high: 112, rsi: 65, highBefore: 110, rsiBefore: 70, bars: 4 },
  })
  assert.is(look(HIGHS.slice(0, -1), RSIS.slice(0, -1)), null)
  assert.is(look([...HIGHS, 107], [...RSIS, 59]), null)
})

test('an equal or a lower high, and an equal or a higher RSI, are no divergence', () => {
  for (const high of [110, 109]) assert.is(look(HIGHS.with(5, high), RSIS), null)
  for (const rsi of [70, 71]) assert.is(look(HIGHS, RSIS.with(5, rsi)), null)
})

test('peaks three bars apart count, two bars apart do not', () => {
  assert.ok(look([100, 110, 105, 104, 112, 108], [50, 70, 60, 58, 65, 60]))
  assert.is(look([100, 110, 105, 112, 108], [50, 70, 60, 65, 60]), null)
})

test('the highest of the earlier peaks has to be overtopped', () => {
  const highs = [100, 115, 105, 104, 110, 104, 103, 112, 108]
  const rsis = [50, 75, 60, 58, 70, 60, 58, 65, 60]
  assert.is(look(highs, rsis), null)
  assert.ok(look(highs.with(1, 111), rsis))
})

test('an earlier peak 30 bars before counts, one 31 bars before does not', () => {
  const flat = (bars: number) => Array.from({ length: bars }, (_, i) => 100 - i / 100)
  const between = (bars: number): readonly [number[], number[]] => [
    [99, 110, ...flat(bars - 1), 112, 108],
    [50, 70, ...flat(bars - 1).map(() => 55), 65, 60],
  ]
  assert.ok(look(...between(30)))
  assert.is(look(...between(31)), null)
})

test('a plateau is a peak at its first bar, and too little history is no answer', () => {
  assert.ok(look(HIGHS.with(6, 112), RSIS))
  assert.is(look(HIGHS.slice(-2), RSIS.slice(-2)), null)
  assert.is(look(HIGHS, []), null)
  assert.is(look([], []), null)
})

test.run()
