import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MIDNIGHT, steps, ticks } from '../decision/view.fixture.ts'
import { Answers } from './answers.ts'
import { clientOrderId, NO_INSTANCE } from './order-id.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import type { Input } from './protocol.ts'

const test = suite('answers')
const ID = clientOrderId(NO_INSTANCE, HELD.signalId, 'target', 0)

type Status = Extract<Input, { readonly type: 'order' }>['status']

function answer(clientOrderId: string, status: Status): Extract<Input, { readonly type: 'order' }> {
  return { type: 'order', at: MIDNIGHT, clientOrderId, status, reason: 'so it is' }
}

/** Parts with a target on its way to the exchange, nothing told so far. */
function sent(): Parts {
  const parts = new Parts().book([HELD], [RESTING])
  parts.orders.placeTarget(HELD, 'target', ticks(1_100), steps(1_000))
  parts.told()
  return parts
}

test('an order of somebody else is no business of the books', () => {
  const parts = sent()
  new Answers(parts.core, parts.runner, parts.orders, parts.fates, () => {}).take(
    answer('strange', 'cancelled'),
  )
  assert.equal(parts.told(), [])
  assert.is(parts.core.revision, 0)
})

test("a target that is accepted rests, one that is cancelled behind bbw's back is looked up", () => {
  const parts = sent()
  parts.answers.take(answer(ID, 'accepted'))
  assert.equal(parts.told(), ['outcome', 'targets'])
  assert.is(parts.orders.exits.get(ID)?.state, 'working')
  parts.answers.take(answer(ID, 'cancelled'))
  assert.equal(parts.told(), [])
  assert.is(parts.orders.doubts.get(ID)?.cause, 'missing')
})

test('a refused amendment leaves the order in doubt, a refused order is none', () => {
  const amended = sent()
  amended.answers.take(answer(ID, 'accepted'))
  const order = amended.orders.exits.get(ID)
  if (order !== undefined) amended.orders.amend(order, ticks(1_200), steps(1_000))
  amended.answers.take(answer(ID, 'rejected'))
  assert.is(order?.state, 'doubted')
  const refused = sent()
  refused.answers.take(answer(ID, 'rejected'))
  assert.is(refused.orders.exits.has(ID), false)
  assert.equal(refused.told(), ['outcome', 'rejected'])
})

test('a target that the exchange has cut with its position is told as moved once, as bbw has asked for it', () => {
  const parts = sent()
  parts.answers.take(answer(ID, 'accepted'))
  const order = parts.orders.exits.get(ID)
  if (order === undefined) throw new Error('it rests')
  parts.told()
  // Cut by itself: what of it is known is as it was.
  parts.answers.take(answer(ID, 'amended'))
  assert.equal(parts.told(), [])
  parts.orders.amend(order, ticks(1_100), steps(700))
  parts.told()
  parts.answers.take(answer(ID, 'amended'))
  assert.equal(parts.told(), ['targets'])
  assert.equal([order.steps, order.state, order.wanted], [700, 'working', null])
  parts.answers.take(answer(ID, 'amended'))
  assert.equal(parts.told(), [])
})

test('an answer that says nothing makes a doubt, told once', () => {
  const parts = sent()
  parts.answers.take(answer(ID, 'unknown'))
  assert.equal(parts.told(), ['outcome', 'unknown E105'])
  assert.is(parts.orders.doubts.get(ID)?.cause, 'lost-reply')
})

test('an entry that goes gives its place free, by cancellation or for want of a row', () => {
  const cancelled = sent()
  cancelled.orders.cancelEntry(RESTING, 'not-wanted')
  cancelled.told()
  cancelled.answers.take(answer(RESTING.clientOrderId, 'cancelled'))
  assert.equal(cancelled.told(), ['outcome', 'expired'])
  const dropped = sent()
  dropped.answers.persistRefused(RESTING.clientOrderId, 'disk full', 'E109')
  assert.equal(dropped.told(), ['outcome', 'refused E109'])
  for (const { core } of [cancelled, dropped]) assert.is(core.portfolio.pending.size, 0)
})

test('an exit goes out without its row', () => {
  const parts = sent()
  parts.answers.persistRefused(ID, 'disk full', 'E109')
  assert.equal(parts.told(), ['store E109'])
  assert.ok(parts.orders.exits.has(ID))
})

test.run()
