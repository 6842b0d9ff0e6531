import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../base/units.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import type { Account, Unread } from './protocol.ts'
import { Reconciler } from './reconciler.ts'

const test = suite('reconciler')
const THERE = {
  symbol: 'SOLUSDT',
  side: 'long',
  steps: HELD.steps,
  entry: 100,
  leverage: 3,
  stop: HELD.stop,
} as const
const ACCOUNT: Account = { wallet: 1_000, positions: [THERE], orders: [] }

/** Asks, and has the questions answered by an account without executions that were missed. */
function look(parts: Parts, account: Account): readonly string[] {
  for (const id of parts.reconciler.verify()) {
    if (id.startsWith('account')) parts.reconciler.takeAccount(id, account)
    else parts.reconciler.takeExecutions(id, [])
  }
  parts.reconciler.reconcile()
  return parts.told()
}

test('where nothing is at stake nothing is asked', () => {
  assert.equal(new Parts().reconciler.verify(), [])
  assert.equal(new Parts().book([HELD]).reconciler.verify(), ['account-0-1'])
})

test('a gap is over once books and account agree', () => {
  const parts = new Parts().book([HELD])
  parts.reconciler.gap('the stream was cut')
  assert.is(parts.core.recovery?.cause, 'gap')
  assert.equal(look(parts, ACCOUNT), ['drift', 'query-executions', 'query-account', 'reconciled'])
  assert.is(parts.core.recovery, null)
})

test('a difference is believed only after executions were asked for, and told once', () => {
  const parts = new Parts().book([HELD])
  const empty = { ...ACCOUNT, positions: [] }
  assert.equal(look(parts, empty), ['query-account'])
  assert.is(parts.core.isDoubted, true)
  assert.is(parts.reconciler.drift, '')
  assert.equal(look(parts, empty), ['query-executions', 'query-account', 'drift W309'])
  assert.is(parts.reconciler.drift, 'SOLUSDT:long is not at the exchange')
  assert.equal(look(parts, empty), ['query-executions', 'query-account'])
  assert.equal(look(parts, ACCOUNT), ['query-executions', 'query-account', 'reconciled'])
  assert.is(parts.reconciler.drift, '')
})

test('answers that are not whole leave everything as it is', () => {
  const parts = new Parts().book([HELD])
  parts.reconciler.verify()
  parts.told()
  parts.reconciler.takeAccount('another question', { ...ACCOUNT, positions: [] })
  parts.reconciler.reconcile()
  assert.equal(parts.told(), ['store W308'])
  assert.is(parts.reconciler.isUnreadable, true)
  look(parts, ACCOUNT)
  assert.is(parts.reconciler.isUnreadable, false)
})

test('an exchange that does not answer for five minutes is told of once, and asked for executions before entries', () => {
  const parts = new Parts().book([HELD])
  const ask = (): readonly string[] => {
    parts.reconciler.verify()
    parts.told()
    parts.reconciler.reconcile()
    return parts.told()
  }
  assert.equal(ask(), ['store W308'])
  parts.core.now += 5 * MINUTE - 1
  assert.equal(ask(), [])
  parts.core.now += 1
  assert.equal(ask(), ['alert C403'])
  parts.core.now += 25 * MINUTE
  assert.equal(ask(), [])
  assert.is(parts.core.recovery?.cause, 'gap')
  assert.equal(look(parts, ACCOUNT), ['query-executions', 'query-account', 'reconciled'])
  assert.is(parts.core.recovery, null)
})

test('while the address is blocked, which is told as that, nobody is told that the exchange is away', () => {
  const parts = new Parts().book([HELD])
  parts.core.obstacles.raise('banned', null, 'blocked', parts.core.now + 10 * MINUTE)
  for (const minutes of [0, 6]) {
    parts.core.now += minutes * MINUTE
    parts.reconciler.verify()
    parts.reconciler.reconcile()
  }
  assert.not.ok(parts.told().includes('alert C403'))
})

test('an account that was read before the books changed is read again', () => {
  const parts = new Parts().book([HELD])
  const [id] = parts.reconciler.verify()
  parts.core.revision++
  parts.reconciler.takeAccount(id, { ...ACCOUNT, positions: [] })
  parts.reconciler.reconcile()
  assert.is(parts.core.isDoubted, false)
  assert.is(parts.core.schedule.dueAt('light'), parts.core.now)
})

test("an order of bbw's own that the books do not have is taken back, once", () => {
  const parts = new Parts().book([HELD])
  const orphan = { ...THERE, clientOrderId: 'bbw-0000-lost', purpose: 'entry', price: null } as const
  assert.equal(look(parts, { ...ACCOUNT, orders: [orphan] }), ['query-account', 'reconciled I211', 'cancel'])
  assert.equal(look(parts, { ...ACCOUNT, orders: [orphan] }), ['query-account'])
})

test('an exit of a position that the books have lost is left to serve it', () => {
  const parts = new Parts().book([HELD])
  const lost = { ...THERE, symbol: 'XRPUSDT' }
  const target = { ...lost, clientOrderId: 'bbw-0000-kept', purpose: 'exit', price: null } as const
  const told = look(parts, { ...ACCOUNT, positions: [THERE, lost], orders: [target] })
  assert.not.ok(told.includes('cancel'), told.join(', '))
  // Without the position nothing needs it.
  assert.ok(look(parts, { ...ACCOUNT, orders: [target] }).includes('cancel'))
})

const UNREAD: Unread = { type: 'unread', what: 'position', symbol: 'SOLUSDT', reason: 'size is "x"' }

test('a position that cannot be read stays as it is known, keeps entries from its symbol, and is told once', () => {
  const parts = new Parts().book([HELD])
  const hidden = { ...ACCOUNT, positions: [], unread: [UNREAD] }
  assert.equal(look(parts, hidden), ['query-account', 'alert W315'])
  assert.is(parts.core.portfolio.positions.size, 1)
  assert.equal([parts.core.obstacles.isOn('SOLUSDT'), parts.core.obstacles.isOn('ADAUSDT')], [true, false])
  assert.equal([parts.reconciler.drift, parts.reconciler.isUnreadable], ['', false])
  // What was executed is asked for meanwhile: nothing else may tell that it is gone.
  assert.equal(look(parts, hidden), ['query-executions', 'query-account'])
  assert.equal(look(parts, ACCOUNT), ['query-executions', 'query-account', 'reconciled'])
  assert.is(parts.core.obstacles.isOn('SOLUSDT'), false)
  assert.equal(look(parts, ACCOUNT), ['query-account'])
})

test('an execution that cannot be read concerns its symbol, and the others are booked', () => {
  const parts = new Parts().book([HELD])
  parts.reconciler.gap('cut')
  parts.told()
  for (const id of parts.reconciler.verify()) {
    if (id.startsWith('account')) parts.reconciler.takeAccount(id, { ...ACCOUNT, positions: [] })
    else parts.reconciler.takeExecutions(id, [{ ...UNREAD, what: 'execution' }])
  }
  parts.reconciler.reconcile()
  assert.ok(parts.told().includes('alert W315'))
  assert.is(parts.reconciler.drift, '', 'its fill may be what cannot be read')
  assert.is(parts.core.recovery, null)
})

test('a look-up without an answer leaves its order in doubt and everything else compared', () => {
  const parts = new Parts().book([HELD], [RESTING])
  parts.orders.doubts.raise(RESTING.clientOrderId, 'no-answer', parts.core.now)
  for (const id of parts.reconciler.verify()) {
    if (id.startsWith('account')) parts.reconciler.takeAccount(id, ACCOUNT)
    else if (id.startsWith('executions')) parts.reconciler.takeExecutions(id, [])
  }
  parts.told()
  parts.reconciler.reconcile()
  assert.is(parts.reconciler.isUnreadable, false)
  assert.is(parts.orders.doubts.isAny, true)
})

test('what was saved is there again, with questions on their way', () => {
  const parts = new Parts().book([HELD], [RESTING])
  parts.reconciler.verify()
  const saved = JSON.parse(JSON.stringify(parts.reconciler.save()))
  const next = new Reconciler(parts)
  next.load(saved)
  assert.equal(next.save(), saved)
})

test.run()
