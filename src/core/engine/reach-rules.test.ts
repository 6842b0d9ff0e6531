import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE } from '../base/units.ts'
import { GAP, QUESTION, READING } from './reach-rules.ts'
import { asking } from './rules.fixture.ts'
import type { Unreadable } from './state.ts'

const test = suite('reach rules')
const ask = asking()
const NOW = 10 * DAY

const reading = (isRead: boolean, before: Unreadable | null, isBanned = false) =>
  ask(READING, { before, isRead, isBanned, now: NOW })

test('an account that cannot be read is told apart from one that could not be for five minutes', () => {
  const since = (ago: number, isTold = false): Unreadable => ({ since: NOW - ago, isTold })
  assert.is(reading(false, null), 'unreadable')
  assert.is(reading(false, since(5 * MINUTE - 1)), null)
  assert.is(reading(false, since(5 * MINUTE)), 'away')
  assert.is(reading(false, since(5 * MINUTE, true)), null)
  assert.is(reading(false, since(5 * MINUTE), true), null)
  assert.is(reading(true, since(DAY, true)), 'read')
  assert.is(reading(true, null), null)
})

test('after a gap everything is compared, unless it is being compared already', () => {
  assert.is(ask(GAP, { reason: 'cut', isComparing: false }), true)
  assert.is(ask(GAP, { reason: 'cut', isComparing: true }), false)
})

test('executions are asked for where anything is in question, and that clears a doubt', () => {
  const none = { isComparing: false, differs: false, isDoubted: false, isDoubtful: false, isUnread: false }
  assert.equal(ask(QUESTION, none), { isThorough: false, clearsDoubt: false })
  for (const name of ['isComparing', 'differs', 'isDoubtful', 'isUnread'] as const)
    assert.equal(ask(QUESTION, { ...none, [name]: true }), { isThorough: true, clearsDoubt: false }, name)
  assert.equal(ask(QUESTION, { ...none, isDoubted: true }), { isThorough: true, clearsDoubt: true })
})

test.run()
