import { suite } from 'uvu'
import * as check from 'uvu/assert'
import { assert, unreachable } from './assert.ts'

const test = suite('assert')

test('a kept invariant says nothing, a broken one throws', () => {
  assert(true, 'kept')
  check.throws(() => assert(false, 'steps are whole'), 'broken invariant: steps are whole')
})

test('a case that cannot be throws and shows the value', () => {
  const outside: unknown = { kind: 'new' }
  check.throws(() => unreachable(outside as never), 'broken invariant: unexpected {"kind":"new"}')
})

test.run()
