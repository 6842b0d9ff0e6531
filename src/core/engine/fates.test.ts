import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT, steps, ticks } from '../decision/view.fixture.ts'
import { reversionSignal } from './desk.fixture.ts'
import { Fates } from './fates.ts'
import { clientOrderId, NO_INSTANCE } from './order-id.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import { scoreSignal } from './pipeline.ts'

const test = suite('fates')
const ID = clientOrderId(NO_INSTANCE, HELD.signalId, 'target', 0)

/** Parts with a target on its way to the exchange, nothing told so far. */
function sent(): Parts {
  const parts = new Parts().book([HELD], [RESTING])
  parts.orders.placeTarget(HELD, 'target', ticks(1_100), steps(1_000))
  parts.told()
  return parts
}

test('an answer that stays out is a doubt from its time on, not before', () => {
  const parts = sent()
  const { core, gatekeeper, orders, protection, management, strangers } = parts
  const fates = new Fates(core, gatekeeper, orders, protection, management, strangers)
  const wait = parts.core.settings.recovery.answerSeconds * SECOND
  assert.is(fates.answerDue(), MIDNIGHT + wait)
  parts.wait(wait - 1)
  fates.overdue()
  assert.equal(parts.told(), [])
  parts.wait(1)
  fates.overdue()
  assert.equal(parts.told(), ['outcome', 'unknown E105'])
  assert.is(fates.answerDue(), null)
  assert.is(parts.orders.doubts.isDoubtful(ID), true)
})

test('a look-up of an order that is in no doubt says nothing new', () => {
  const parts = sent()
  parts.orders.doubts.settle(ID)
  parts.fates.told({ clientOrderId: ID, state: 'cancelled', filled: steps(0), reason: '' })
  assert.equal(parts.told(), [])
  assert.ok(parts.orders.exits.has(ID))
})

test('an order found at the exchange is taken over, and counts as found while recovering', () => {
  const parts = sent()
  parts.core.recovery = { cause: 'restart', since: 0, found: 0 }
  parts.orders.doubts.raise(ID, 'no-answer', MIDNIGHT)
  parts.fates.told({ clientOrderId: ID, state: 'resting', filled: steps(0), reason: '' })
  assert.equal(parts.told(), ['looked-up E101', 'outcome'])
  assert.is(parts.orders.exits.get(ID)?.state, 'working')
  assert.is(parts.core.recovery?.found, 1)
})

test('an order that has filled in part is at the exchange, and is missed where it does not rest', () => {
  const parts = sent()
  parts.orders.doubts.raise(ID, 'no-answer', MIDNIGHT)
  parts.fills.book(
    parts.fill({ clientOrderId: ID, cause: 'order', steps: steps(400), complete: false }),
    true,
  )
  assert.is(parts.orders.doubts.get(ID), null)
  assert.is(parts.orders.exits.get(ID)?.state, 'working')
})

/** Parts with an entry of unknown fate that can land no more. */
function lostEntry(): Parts {
  const parts = new Parts()
  parts.entries.propose([scoreSignal(reversionSignal())], undefined)
  const [id] = parts.core.portfolio.pending.keys()
  parts.orders.doubts.raise(id, 'no-answer', parts.core.now)
  parts.wait(parts.core.settings.recovery.windowSeconds * SECOND)
  parts.told()
  return parts
}

test('an entry that never arrived is sent again only while entries are admitted', () => {
  const absent = (parts: Parts): readonly string[] => {
    const [clientOrderId] = parts.core.portfolio.pending.keys()
    parts.fates.told({ clientOrderId, state: 'absent', filled: steps(0), reason: '' })
    return parts.told()
  }
  assert.equal(absent(lostEntry()), ['resent E102', 'place'])
  for (const command of ['pause', 'halt'] as const) {
    const parts = lostEntry()
    parts.gatekeeper.command({ type: 'command', at: 0, id: 'c', command, by: 'cli', reason: 'no more' })
    parts.told()
    assert.equal(absent(parts), ['outcome', 'expired E102'], command)
    assert.is(parts.core.portfolio.pending.size, 0)
  }
})

test('an entry whose acceptance was never told counts from the moment that shows it, once', () => {
  const key = 'mean-reversion:SOLUSDT'
  const known = (show: (parts: Parts, id: string) => void): Parts => {
    const parts = new Parts()
    parts.entries.propose([scoreSignal(reversionSignal())], undefined)
    const [id] = parts.core.portfolio.pending.keys()
    parts.wait(MINUTE)
    show(parts, id)
    return parts
  }
  const rest = 2 * HOUR
  const filled = known((parts, id) => {
    const { steps: all, price } = [...parts.core.portfolio.pending.values()][0]
    parts.fills.book(parts.fill({ clientOrderId: id, steps: all, price: ticks(price * 10) }))
  })
  assert.is(filled.core.cooldowns.get(key), MIDNIGHT + MINUTE + rest, 'filled')
  const found = known((parts, clientOrderId) => {
    parts.orders.doubts.raise(clientOrderId, 'no-answer', parts.core.now)
    parts.fates.told({ clientOrderId, state: 'resting', filled: steps(0), reason: '' })
    parts.wait(MINUTE)
    parts.orders.doubts.raise(clientOrderId, 'missing', parts.core.now)
    parts.fates.told({ clientOrderId, state: 'resting', filled: steps(0), reason: '' })
  })
  assert.is(found.core.cooldowns.get(key), MIDNIGHT + MINUTE + rest, 'found resting')
})

test('an entry of unknown fate that is found after a halt is due to be taken back', () => {
  const parts = lostEntry()
  const [clientOrderId] = parts.core.portfolio.pending.keys()
  const { schedule } = parts.core
  const pass = (): void => {
    parts.wait(10 * MINUTE)
    schedule.tick(parts.core.now, null)
  }
  pass()
  parts.gatekeeper.halt('cli', 'no more', 'C132')
  assert.equal(parts.entries.expire(), [], 'it is looked up first')
  for (let k = 0; k < 3; k++) pass()
  assert.is(schedule.dueAt('heavy'), null)
  parts.fates.told({ clientOrderId, state: 'resting', filled: steps(0), reason: '' })
  assert.is.not(schedule.dueAt('heavy'), null)
  assert.equal(parts.entries.expire(), [clientOrderId])
})

test('a target that was cancelled by somebody is set again', () => {
  const parts = sent()
  parts.orders.doubts.raise(ID, 'missing', MIDNIGHT)
  parts.fates.told({ clientOrderId: ID, state: 'cancelled', filled: steps(0), reason: 'by hand' })
  assert.equal(parts.told(), ['outcome', 'looked-up W208', 'persist', 'place'])
  assert.is(parts.orders.exits.has(ID), false)
})

test('an amendment in vain leaves its order in doubt, and a cancellation its entry to the account', () => {
  const parts = sent()
  const order = parts.orders.exits.get(ID)
  if (order !== undefined) order.state = 'working'
  if (order !== undefined) parts.orders.amend(order, ticks(1_200), steps(1_000))
  parts.orders.cancelEntry(RESTING, 'not-wanted')
  parts.fates.askedInVain(ID)
  parts.fates.askedInVain(RESTING.clientOrderId)
  assert.is(order?.state, 'doubted')
  assert.is(order?.wanted, null)
  assert.is(parts.orders.cancelling.get(RESTING.clientOrderId), 'refused')
  assert.is(parts.orders.asked.size, 0)
})

test('what was refused is settled by the account, once that agrees on the position', () => {
  const parts = sent()
  const order = parts.orders.exits.get(ID)
  if (order !== undefined) order.state = 'asked'
  const there = {
    symbol: 'SOLUSDT',
    side: 'long',
    steps: HELD.steps,
    entry: 100,
    leverage: 3,
    stop: HELD.stop,
  } as const
  parts.fates.settle({ wallet: 1_000, positions: [], orders: [] })
  assert.is(order?.state, 'asked')
  const resting = { ...there, clientOrderId: ID, purpose: 'exit', price: ticks(1_200) } as const
  parts.fates.settle({ wallet: 1_000, positions: [there], orders: [resting] })
  assert.is(order?.state, 'working')
  assert.is(order?.price, 1_200)
})

test('an entry whose cancellation has not been answered is gone although somebody else holds the symbol, unless that grew', () => {
  const parts = sent()
  const { clientOrderId: id, symbol, side } = RESTING
  parts.orders.takeBack(RESTING, 'asked-to-close')
  parts.orders.refuseCancel(id)
  parts.orders.askAccount()
  const theirs = { symbol, side, steps: steps(1), entry: 100, leverage: 3, stop: null }
  parts.strangers.foreignSeen([theirs], [])
  const account = { wallet: 1_000, positions: [theirs], orders: [] }
  parts.fates.settle({ ...account, positions: [{ ...theirs, steps: steps(3) }] })
  assert.ok(parts.core.portfolio.pending.has(id), 'it may have filled into it')
  parts.fates.settle(account)
  assert.not(parts.core.portfolio.pending.has(id))
})

test.run()
