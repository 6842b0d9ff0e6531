import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SECOND } from '../base/units.ts'
import { steps, ticks } from '../decision/view.fixture.ts'
import { positionKey } from '../portfolio/position.ts'
import { Desk, only, reversionSignal } from './desk.fixture.ts'
import { type LooseEnds, looseEnds } from './loose-ends.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import type { Account, OrderRequest } from './protocol.ts'

const test = suite('loose ends')
const KEY = positionKey(HELD.symbol, HELD.side)

function endsOf({ core, orders, protection, reconciler }: Parts): LooseEnds {
  return looseEnds(core, orders, protection.desk, reconciler.compared, reconciler.isUnreadable)
}

const whats = (parts: Parts): readonly string[] => endsOf(parts).left.map(({ what }) => what)

/** The account is asked for, and shows what is given; `null`: it cannot be read. */
function look(parts: Parts, account: Partial<Account> | null): void {
  const { reconciler, core } = parts
  core.takeEffects()
  reconciler.verify()
  const [query] = only(core.takeEffects(), 'query-account')
  if (account !== null) {
    reconciler.takeAccount(query.queryId, { wallet: 1_000, positions: [], orders: [], ...account })
  }
  reconciler.reconcile()
}

const THERE = {
  symbol: HELD.symbol,
  side: HELD.side,
  steps: HELD.steps,
  entry: 100,
  leverage: 10,
  stop: HELD.stop,
}

test('where nothing is held and nothing was sent there is nothing to wait for', () => {
  assert.equal(endsOf(new Parts()), { isSettled: true, left: [] })
})

test('a position is settled once the account has shown its stop since the last thing that was told', () => {
  const parts = new Parts().book([HELD])
  assert.equal(whats(parts), ['has a stop that nobody has seen at the exchange'])
  look(parts, { positions: [THERE] })
  assert.equal(endsOf(parts), { isSettled: true, left: [] })
  parts.core.revision++
  assert.equal(endsOf(parts), { isSettled: false, left: [] })
  parts.reconciler.ending()
  look(parts, { positions: [THERE] })
  assert.is(endsOf(parts).isSettled, true)
})

test('the end begins with a look at the account, and what waits to be entered is refused from then on', () => {
  const parts = new Parts().book([HELD])
  look(parts, { positions: [THERE] })
  parts.reconciler.ending()
  assert.is(endsOf(parts).isSettled, false)
  assert.is(parts.core.schedule.dueAt('light'), parts.core.now)
  assert.is(parts.gatekeeper.isOpenAt(1), false)
  look(parts, { positions: [THERE] })
  parts.reconciler.ending()
  assert.is(endsOf(parts).isSettled, true, 'said again it forgets nothing')
})

test('a stop that is missing is open until the account shows it, and so is one that moves', () => {
  const parts = new Parts().book([HELD])
  look(parts, { positions: [{ ...THERE, stop: null }] })
  assert.equal(whats(parts), ['stands WITHOUT its stop'])
  parts.protection.sendWishes()
  const [{ requestId }] = only(parts.core.takeEffects(), 'set-stop')
  parts.protection.answered({ type: 'stop', at: parts.core.now, requestId, ok: true, reason: '' })
  assert.equal(endsOf(parts), { isSettled: false, left: [] })
  look(parts, { positions: [THERE] })
  assert.is(endsOf(parts).isSettled, true)
  parts.protection.desk.wish(HELD, ticks(980), 'trailing', 'tighter')
  assert.equal(whats(parts), ['has a stop that is being moved'])
})

test('a position that is to be closed is open until it is gone', () => {
  const parts = new Parts().book([HELD])
  look(parts, { positions: [THERE] })
  parts.protection.closeNow(HELD, 'test', 'C201')
  assert.equal(whats(parts), ['is being closed', 'is being closed at the market'])
  parts.protection.desk.drop(KEY)
  parts.core.replace(new Parts().core.portfolio)
  for (const order of [...parts.orders.exits.values()]) parts.orders.drop(order)
  assert.is(endsOf(parts).isSettled, true)
})

test('an entry is open while it waits, is of unknown fate, or was accepted and nobody has seen it since', () => {
  const parts = new Parts().book([], [RESTING])
  const { orders, core } = parts
  const order: OrderRequest = {
    ...{ clientOrderId: RESTING.clientOrderId, symbol: RESTING.symbol, side: RESTING.side },
    purpose: 'entry',
    type: 'limit',
    ...{ price: ticks(1_000), steps: steps(1_000), stop: RESTING.stop, leverage: 10, postOnly: false },
  }
  orders.hold(order)
  assert.equal(
    endsOf(parts).left.map(({ kind, what }) => [kind, what]),
    [['held', 'entry waits for its leverage']],
  )
  orders.unhold(RESTING.clientOrderId)
  orders.doubts.sent(order, core.now)
  assert.equal(whats(parts), ['entry is of unknown fate'])
  orders.doubts.settle(RESTING.clientOrderId)
  assert.equal(whats(parts), ['entry is accepted, and has not been seen to rest or to fill'])
  parts.wait(SECOND)
  look(parts, { orders: [order] })
  assert.equal(endsOf(parts), { isSettled: true, left: [] })
  orders.cancelEntry(RESTING, 'expired')
  assert.equal(whats(parts), ['entry is being taken back'])
})

test('a target is open while it is on its way, and no more once it rests', () => {
  const parts = new Parts().book([HELD])
  look(parts, { positions: [THERE] })
  parts.orders.placeTarget(HELD, 'target', ticks(1_100), steps(1_000))
  assert.equal(whats(parts), ['has a target of unknown fate'])
  const [id] = parts.orders.exits.keys()
  parts.answers.take({ type: 'order', at: parts.core.now, clientOrderId: id, status: 'accepted', reason: '' })
  assert.equal(whats(parts), [])
})

test('an account that cannot be read is waited for only where something is open', () => {
  const parts = new Parts().book([HELD])
  look(parts, { positions: [THERE] })
  parts.reconciler.ending()
  look(parts, null)
  assert.equal(endsOf(parts), { isSettled: true, left: [] })
  const bare = new Parts().book([HELD])
  look(bare, null)
  assert.equal(endsOf(bare).isSettled, false)
})

test('whoever asks is told what is open of the sides that are named, and the account is read as long as there is something', () => {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  const ask = (symbol: string): readonly unknown[] => {
    const [{ id, ok, reason }] = only(
      desk.feed({ type: 'loose-ends', id: 'q', of: [{ symbol, side: 'long' }] }),
      'answer',
    )
    const left = JSON.parse(reason) as LooseEnds['left']
    const effects = desk.feed({ type: 'time' })
    const isRead = only(effects, 'query-account').length > 0
    desk.answer(effects)
    return [id, ok, left.map(({ symbol: of, what }) => `${of} ${what}`), isRead]
  }
  const [{ order }] = only(desk.propose(reversionSignal('SOLUSDT')), 'place')
  assert.equal(ask('ADAUSDT').slice(0, 3), ['q', true, []])
  assert.equal(ask('SOLUSDT'), ['q', true, ['SOLUSDT entry is of unknown fate'], true])
  desk.order(order.clientOrderId, 'accepted')
  const unseen = 'SOLUSDT entry is accepted, and has not been seen to rest or to fill'
  assert.equal(ask('SOLUSDT'), ['q', true, [unseen], true])
  // The account has shown it, at the moment at which it was sent.
  assert.equal(ask('SOLUSDT').slice(0, 3), ['q', true, []])
})

test('that the process ends keeps entries away, and is nothing of what others see of it afterwards', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.feed({ type: 'ending' })
  const [refused] = only(desk.propose(reversionSignal('SOLUSDT')), 'event')
  assert.match(refused.event.reason, 'kill-switch: bbw is ending')
  const gate = desk.engine.snapshot().gates.find(one => one.gate === 'kill-switch')
  assert.equal([gate?.isOpen, gate?.reason], [true, ''])
})

test.run()
