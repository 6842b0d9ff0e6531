import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT, steps, ticks } from '../decision/view.fixture.ts'
import { expiryOf, OrderDesk } from './order-desk.ts'
import { clientOrderId, NO_INSTANCE } from './order-id.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import type { WorkingOrder } from './state.ts'

const test = suite('order desk')
const ID = clientOrderId(NO_INSTANCE, HELD.signalId, 'target', 0)

/** Parts with a target at the exchange. */
function withTarget(): { readonly parts: Parts; readonly order: WorkingOrder } {
  const parts = new Parts().book([HELD], [RESTING])
  parts.orders.placeTarget(HELD, 'target', ticks(1_100), steps(1_000))
  const order = parts.orders.find(HELD, 'target')
  if (order === undefined) throw new Error('the target is there')
  return { parts, order }
}

test('an exit is recorded before it is placed, and its answer is awaited', () => {
  const { parts, order } = withTarget()
  assert.equal(parts.told(), ['persist', 'place'])
  assert.is(order.state, 'sent')
  assert.is(parts.orders.doubts.get(order.clientOrderId)?.cause, 'sent')
  assert.is(parts.orders.find(HELD, 'close'), undefined)
})

test('a change of an order is awaited, and says what it will make of it', () => {
  const { parts, order } = withTarget()
  parts.told()
  order.state = 'working'
  parts.orders.amend(order, ticks(1_200), steps(1_000))
  assert.equal(parts.told(), ['amend'])
  assert.is(order.state, 'amending')
  assert.equal(order.wanted, { price: 1_200, steps: 1_000 })
  assert.equal([...parts.orders.asked], [[ID, MIDNIGHT]])
  parts.orders.answered(ID)
  assert.is(parts.orders.asked.size, 0)
})

test('each attempt at a leg has an id of its own, until all of the signal has ended', () => {
  const { orders } = new Parts()
  const first = orders.nextId('signal', 'close')
  assert.is.not(orders.nextId('signal', 'close'), first)
  orders.forgetAttempts('signal')
  assert.is(orders.nextId('signal', 'close'), first)
})

/** Parts whose close of a position has not come to the exchange. */
function unsentClose(): { readonly parts: Parts; readonly id: string } {
  const parts = new Parts().book([HELD])
  parts.orders.close(HELD, 'time-exit', 'test')
  const order = parts.orders.find(HELD, 'close')
  if (order === undefined) throw new Error('the close is there')
  parts.orders.refuse(order, HELD, 'unsent', 'no connection')
  parts.core.takeEffects()
  parts.wait(SECOND)
  return { parts, id: order.clientOrderId }
}

/** What has become of intents, and under which ids orders have left. */
const left = (parts: Parts): readonly string[] =>
  parts.core.takeEffects().flatMap(effect => {
    if (effect.type === 'outcome') return [`${effect.state} ${effect.key}`]
    return effect.type === 'place' ? [`placed ${effect.order.clientOrderId}`] : []
  })

test('an order that never came to the exchange is sent again as what it is, one of another quantity is another', () => {
  const same = unsentClose()
  same.parts.orders.close(HELD, 'time-exit', 'test')
  assert.equal(left(same.parts), [`placed ${same.id}`])
  const other = unsentClose()
  other.parts.orders.close({ ...HELD, steps: steps(900) }, 'time-exit', 'test')
  const [dropped, placed] = left(other.parts)
  assert.is(dropped, `dropped ${other.id}`)
  assert.is(placed, `placed ${clientOrderId(NO_INSTANCE, HELD.signalId, 'close', 1)}`)
})

test('an order that was sent again and is refused then, or in doubt, is followed by another', () => {
  for (const why of ['other', 'nothing'] as const) {
    const { parts, id } = unsentClose()
    parts.orders.close(HELD, 'time-exit', 'test')
    const order = parts.orders.find(HELD, 'close')
    assert.ok(order !== undefined)
    // Of one in doubt the look-up has found nothing once it could no longer land.
    if (why === 'nothing') parts.orders.forget(order)
    else parts.orders.refuse(order, HELD, why, 'no')
    parts.core.takeEffects()
    parts.wait(MINUTE).orders.close(HELD, 'time-exit', 'test')
    assert.is.not(left(parts).at(-1), `placed ${id}`, why)
  }
})

test('an order that never came to the exchange ends with its position', () => {
  const { parts, id } = unsentClose()
  parts.orders.forgetAttempts(HELD.signalId)
  assert.equal(left(parts), [`dropped ${id}`])
})

test('a refused cancellation waits for an account that was asked for after it', () => {
  const { orders } = new Parts().book([], [RESTING])
  const id = RESTING.clientOrderId
  orders.refuseCancel(id)
  assert.is(orders.cancelling.has(id), false, 'nothing was to be cancelled')
  orders.cancelEntry(RESTING, 'not-wanted')
  orders.askAccount()
  assert.is(orders.cancelling.get(id), 'sent')
  orders.refuseCancel(id)
  orders.askAccount()
  assert.is(orders.cancelling.get(id), 'asked')
  orders.keepEntry(id)
  assert.is(orders.cancelling.has(id), false)
})

test('an order that has ended is known for an hour, and longer while something may have been missed', () => {
  const { parts, order } = withTarget()
  const end = (id: string): void => parts.orders.noteGone(id, { at: parts.core.now, entry: null, order })
  end('early')
  parts.wait(HOUR).core.recovery = { cause: 'gap', since: MIDNIGHT, found: 0 }
  end('late')
  assert.is(parts.orders.isKnown('early'), true)
  parts.core.recovery = null
  end('later')
  assert.is(parts.orders.isKnown('early'), false)
  assert.is(parts.orders.takeGone('late')?.order, order)
  assert.is(parts.orders.takeGone('late'), undefined)
})

test('an order that ends with a part unfilled may come back, one that goes with its position may not', () => {
  const { parts, order } = withTarget()
  parts.orders.forget(order)
  const gone = parts.orders.takeGone(order.clientOrderId)?.order
  assert.is(gone?.steps, 1_000)
  if (gone != null) parts.orders.revive(gone)
  assert.is(parts.orders.find(HELD, 'target')?.state, 'working')
  parts.orders.drop(order)
  assert.is(parts.orders.isKnown(order.clientOrderId), false)
  assert.is(parts.orders.doubts.get(order.clientOrderId), null)
})

test('an entry rests for the one bar after the candle decided on', () => {
  assert.is(expiryOf(RESTING), MIDNIGHT + DAY)
})

test('what was saved is there again', () => {
  const { parts, order } = withTarget()
  parts.orders.cancelEntry(RESTING, 'not-wanted')
  parts.orders.noteGone('gone', { at: MIDNIGHT, entry: null, order: { ...order } })
  parts.orders.nextId('signal', 'entry')
  const saved = JSON.parse(JSON.stringify(parts.orders.save()))
  const next = new OrderDesk(parts.core, parts.runner)
  next.load(saved)
  assert.equal(next.save(), saved)
})

test.run()
