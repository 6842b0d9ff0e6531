import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { numberOrNull } from './json-number.ts'

const test = suite('json-number')

test('a number is itself, and none is null', () => {
  assert.is(numberOrNull(0), 0)
  assert.is(numberOrNull(-1.5), -1.5)
  assert.is(numberOrNull(Number.NaN), null)
})

test.run()
