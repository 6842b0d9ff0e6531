import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { meanOf, sumOf } from './mean.ts'

const test = suite('mean')

test('mean and sum are of the figure that is asked for', () => {
  const list = [{ a: 1 }, { a: 2 }, { a: 6 }]
  assert.is(
    meanOf(list, item => item.a),
    3,
  )
  assert.is(
    sumOf(list, item => 2 * item.a),
    18,
  )
})

test('an empty list has the sum 0 and no mean', () => {
  assert.is(
    sumOf([], () => 1),
    0,
  )
  assert.is(
    meanOf([], () => 1),
    null,
  )
})

test.run()
