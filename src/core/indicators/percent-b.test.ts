import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Bollinger, bollinger } from './bollinger.ts'
import { indicatorContract } from './contract.ts'
import { percentB } from './percent-b.ts'

const test = suite('percent-b')

indicatorContract(test, 'BB%', {
  figures: [{ name: 'percentB', warmUp: 20, scale: 0, shift: 'stays' }],
  reuses: true,
  absentAtGaps: false,
  batch(candles, out) {
    const { lower, upper } = bollinger(candles.close, candles.length)
    const column = out?.[0] ?? new Float64Array(candles.length)
    for (let i = 0; i < candles.length; i++) column[i] = percentB(candles.close[i], lower[i], upper[i])
    return [column]
  },
  stream() {
    const bands = new Bollinger()
    return (candles, i) => {
      bands.push(candles.close[i])
      const { lower, upper } = bands
      return [
        lower === undefined || upper === undefined ? undefined : percentB(candles.close[i], lower, upper),
      ]
    }
  },
})

test('0 is the lower band, 100 the upper one, and nothing is clipped', () => {
  const table: readonly (readonly [number, number])[] = [
    [90, 0],
    [100, 50],
    [110, 100],
    [95, 25],
    [80, -50],
    [120, 150],
  ]
  for (const [price, expected] of table) assert.is(percentB(price, 90, 110), expected)
})

test('bands without width give 50 at any price', () => {
  for (const price of [0.05, 0.1, 0.2]) assert.is(percentB(price, 0.1, 0.1), 50)
})

test.run()
