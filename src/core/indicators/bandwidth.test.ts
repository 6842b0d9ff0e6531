import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bandwidth, bandwidthColumn } from './bandwidth.ts'
import { Bollinger, bollinger } from './bollinger.ts'
import { contractSeries, indicatorContract } from './contract.ts'

const test = suite('bandwidth')

indicatorContract(test, 'Band width', {
  figures: [{ name: 'width', warmUp: 20, scale: 0, shift: 'depends' }],
  reuses: true,
  absentAtGaps: false,
  batch: (candles, out) => [
    bandwidthColumn(bollinger(candles.close, candles.length), candles.length, out?.[0]),
  ],
  stream() {
    const bands = new Bollinger()
    return (candles, i) => {
      bands.push(candles.close[i])
      const { lower, middle, upper } = bands
      if (lower === undefined || middle === undefined || upper === undefined) return [undefined]
      return [bandwidth(lower, middle, upper)]
    }
  },
})

test('bands at 90 and 110 around 100 are 20 % wide', () => {
  assert.is(bandwidth(90, 100, 110), 20)
})

test('the width is exactly 0 on flat windows, also after 500 volatile bars, and nowhere below', () => {
  let flats = 0
  for (const [title, candles] of contractSeries()) {
    const width = bandwidthColumn(bollinger(candles.close, candles.length), candles.length)
    let equal = 1
    for (let i = 1; i < candles.length; i++) {
      equal = candles.close[i] === candles.close[i - 1] ? equal + 1 : 1
      if (i < 19) continue
      const flat = equal >= 20
      if (flat) flats++
      assert.ok(flat ? Object.is(width[i], 0) : width[i] > 0, `${title}, row ${i}: ${width[i]}`)
    }
  }
  assert.ok(flats > 1_000, `only ${flats} flat windows were looked at`)
})

test.run()
