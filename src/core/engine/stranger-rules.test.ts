import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clientOrderId, NO_INSTANCE } from './order-id.ts'
import { asking } from './rules.fixture.ts'
import { LOST_BOOKS, RIVALS } from './stranger-rules.ts'

const test = suite('stranger rules')
const ask = asking()

test('orders of another bbw keep entries away at once, and halt when they are seen again', () => {
  const verdict = (ids: readonly string[], before: number, isHalted = false) =>
    ask(RIVALS, { ids, before, isHalted })
  assert.is(verdict([], 1), null)
  assert.is(verdict(['one'], 0), 'block')
  assert.is(verdict(['one'], 0, true), 'block')
  assert.is(verdict(['one'], 1), 'halt')
  assert.is(verdict(['one'], 7), 'halt')
  assert.is(verdict(['one'], 7, true), 'stays')
})

test('books are lost only where an own order is unknown to them after a restart', () => {
  const own = clientOrderId('1234', 'signal', 'entry', 0)
  const areLost = (
    id: string | null,
    instance = '1234',
    cause: 'restart' | 'gap' | null = 'restart',
  ): boolean => ask(LOST_BOOKS, { id, instance, cause })
  assert.is(areLost(own), true)
  assert.is(areLost(null), false)
  assert.is(areLost(clientOrderId('4321', 'signal', 'entry', 0)), false)
  assert.is(areLost('by hand'), false)
  assert.is(areLost(own, NO_INSTANCE), false)
  assert.is(areLost(own, '1234', 'gap'), false)
  assert.is(areLost(own, '1234', null), false)
})

test.run()
