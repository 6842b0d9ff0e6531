import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { opposite, sign } from './side.ts'

const test = suite('side')

test('a rising price is a profit for a long and a loss for a short', () => {
  assert.is(sign('long') * (110 - 100), 10)
  assert.is(sign('short') * (110 - 100), -10)
})

test('the opposite of the opposite is the side itself', () => {
  assert.is(opposite('long'), 'short')
  assert.is(opposite('short'), 'long')
})

test.run()
