import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { indicatorContract } from './contract.ts'
import { Streak, streaks } from './streak.ts'

const test = suite('streak')

indicatorContract(test, 'Streaks', {
  figures: [
    { name: 'down', warmUp: 2, scale: 0, shift: 'stays' },
    { name: 'up', warmUp: 2, scale: 0, shift: 'stays' },
  ],
  reuses: true,
  absentAtGaps: false,
  batch(candles, out) {
    const given = out === undefined ? undefined : { down: out[0], up: out[1] }
    const { down, up } = streaks(candles.close, candles.length, given)
    return [down, up]
  },
  stream() {
    const streak = new Streak()
    return (candles, i) => {
      streak.push(candles.close[i])
      return [streak.down, streak.up]
    }
  },
})

test('falls and rises are counted back from the newest close, and an equal close ends both', () => {
  const closes = Float64Array.of(5, 4, 3, 3, 2, 6, 7, 7.5, 1)
  const { down, up } = streaks(closes, closes.length)
  assert.equal([...down], [Number.NaN, 1, 2, 0, 1, 0, 0, 0, 1])
  assert.equal([...up], [Number.NaN, 0, 0, 0, 0, 1, 2, 3, 0])
})

test.run()
