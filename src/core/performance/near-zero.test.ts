import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nearZeroShare } from './near-zero.ts'
import { tradesWithNet } from './trades.fixture.ts'

const test = suite('near zero')

test('a result of 0.05 % either way is near zero, one beyond is not', () => {
  assert.is(nearZeroShare(tradesWithNet(0.05, -0.05, 0, 0.0501, -0.0501, 3, -3, 0.01)), 0.5)
})

test('without trades there is no share', () => {
  assert.is(nearZeroShare([]), null)
})

test.run()
