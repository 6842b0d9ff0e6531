import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { steps, ticks } from '../decision/view.fixture.ts'
import { type AbsenceVerdict, absence, Doubts, foundCode } from './doubts.ts'
import type { OrderRequest } from './protocol.ts'
import type { Doubt } from './state.ts'

const test = suite('doubts')

const REQUEST: OrderRequest = {
  clientOrderId: 'a',
  symbol: 'SOLUSDT',
  side: 'long',
  purpose: 'entry',
  type: 'limit',
  price: ticks(100),
  steps: steps(1),
  stop: ticks(90),
  leverage: 3,
  postOnly: false,
}

const LIMITS = { windowMs: 7_000, resends: 2 }
const table = (): Doubts => new Doubts(10_000)

test('an order whose answer is awaited is no doubt until the answer is overdue', () => {
  const doubts = table()
  doubts.sent(REQUEST, 1_000)
  assert.is(doubts.isAny, false)
  assert.is(doubts.answerDue(), 11_000)
  assert.equal(doubts.awaited(), [['a', 1_000]])
  doubts.raise('a', 'no-answer', 11_000)
  assert.is(doubts.isDoubtful('a'), true)
  assert.is(doubts.answerDue(), null)
  assert.equal(doubts.doubtful(), ['a'])
  assert.is(doubts.settle('a')?.cause, 'no-answer')
  assert.is(doubts.isAny, false)
})

/** What is decided about an order that the exchange does not know, and heeded. */
function absent(doubts: Doubts, id: string, now: number, mayResend: boolean): AbsenceVerdict {
  const doubt = doubts.get(id)
  if (doubt === null) throw new Error(`${id} is not doubted`)
  const verdict = absence(doubt, now, mayResend, LIMITS)
  doubts.heed(id, verdict, now)
  return verdict
}

test('absence proves nothing within the window, and then allows two more tries', () => {
  const doubts = table()
  doubts.sent(REQUEST, 0)
  doubts.raise('a', 'lost-reply', 100)
  assert.equal(absent(doubts, 'a', 6_999, true), { kind: 'wait', until: 7_000 })
  assert.equal(absent(doubts, 'a', 7_000, true), { kind: 'resend', request: REQUEST })
  assert.equal(absent(doubts, 'a', 8_000, true), { kind: 'wait', until: 14_000 })
  assert.is(absent(doubts, 'a', 14_000, true).kind, 'resend')
  assert.is(absent(doubts, 'a', 21_000, true).kind, 'gone')
})

test('what is not wanted any more is not sent again, and what had been accepted is gone at once', () => {
  const doubts = table()
  doubts.sent(REQUEST, 0)
  doubts.raise('a', 'lost-reply', 100)
  assert.is(absent(doubts, 'a', 7_000, false).kind, 'gone')
  doubts.raise('b', 'missing', 100)
  assert.is(absent(doubts, 'b', 100, true).kind, 'gone')
})

test('after a restart every order on its way is in doubt, and is loaded as it was', () => {
  const doubts = table()
  doubts.sent(REQUEST, 5)
  const other = table()
  for (const [id, doubt] of doubts.entries()) other.load(id, doubt)
  other.doubtAll()
  assert.is(other.get('a')?.cause, 'restart')
  assert.is(other.get('a')?.sentAt, 5)
})

test('the message says what had made the order doubtful', () => {
  const doubt: Doubt = { sentAt: 0, resends: 0, cause: 'lost-reply', wasAbsent: false, request: null }
  assert.is(foundCode(doubt), 'E101')
  assert.is(foundCode({ ...doubt, wasAbsent: true }), 'W103')
  assert.is(foundCode({ ...doubt, cause: 'duplicate-id' }), 'I104')
  assert.is(foundCode({ ...doubt, cause: 'restart' }), 'I108')
})

test.run()
