import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ticks } from '../decision/view.fixture.ts'
import {
  type AfterAnswer,
  ORDER_ANSWER,
  type OrderStatus,
  type SeenAnswer,
  STORE,
  UNANSWERED,
  UNSAVED,
} from './answer-rules.ts'
import { asking } from './rules.fixture.ts'

const test = suite('answer rules')
const ask = asking()

const STATUSES: readonly OrderStatus[] = ['accepted', 'amended', 'rejected', 'cancelled']

const answers = (over: Partial<SeenAnswer>): readonly AfterAnswer[] =>
  STATUSES.map(status =>
    ask(ORDER_ANSWER, {
      id: 'id',
      symbol: 'SOLUSDT',
      side: 'long',
      status,
      isDoubtful: false,
      isCancelling: null,
      exit: null,
      ...over,
    }),
  )

test('an entry that is refused is gone, unless what was refused may be its cancellation', () => {
  assert.equal(answers({ isCancelling: false }), ['accepted', 'amended', 'rejected', 'gone-outside'])
  assert.equal(answers({ isCancelling: true }), ['accepted', 'amended', 'too-late', 'gone'])
})

const exit = { leg: 'target', price: ticks(1_100), state: 'working', isHeld: true } as const

test('a target that is gone behind the back of bbw is looked up, a change that is refused leaves it in doubt', () => {
  assert.equal(answers({ exit }), ['accepted', 'amended', 'in-doubt', 'look-up'])
  for (const state of ['amending', 'cancelling', 'doubted'] as const)
    assert.equal(answers({ exit: { ...exit, state } }), ['accepted', 'amended', 'in-doubt', 'ended'], state)
})

test('one that was just sent is refused or ends, and so does one at the market or of no position', () => {
  assert.equal(answers({ exit: { ...exit, state: 'sent' } })[2], 'refused')
  for (const over of [{ state: 'sent' }, { price: null }, { isHeld: false }] as const)
    assert.is(answers({ exit: { ...exit, ...over } })[3], 'ended', JSON.stringify(over))
})

test('without its row an entry does not leave, and what reduces does', () => {
  const course = (isEntry: boolean): string =>
    ask(UNSAVED, { id: 'id', symbol: 'SOLUSDT', side: 'long', isEntry })
  assert.equal([course(true), course(false)], ['drop', 'send'])
})

test('what was sent without an answer is of unknown fate, and a change of it is left to the account', () => {
  const after = (over: Partial<Parameters<typeof UNANSWERED.decide>[0]>): unknown =>
    Object.values(
      ask(UNANSWERED, { id: 'id', symbol: 'SOLUSDT', why: null, isSent: true, isAsked: false, ...over }),
    )
  assert.equal(after({}), ['lost-reply', 'E105', false])
  assert.equal(after({ why: 'rate' }), ['lost-reply', 'E105', false])
  assert.equal(after({ why: 'unreadable', isAsked: true }), ['unreadable', 'E106', true])
  assert.equal(after({ why: 'duplicate-id' }), ['duplicate-id', 'I104', false])
  assert.equal(after({ isSent: false, isAsked: true }), [null, null, true])
  assert.equal(after({ isSent: false }), [null, null, false])
})

test('a store that fails and one that saves again are told once', () => {
  const change = (ok: boolean, before: string | null) => ask(STORE, { ok, reason: 'full', before })
  assert.equal(
    [change(false, null), change(false, 'full'), change(true, 'full'), change(true, null)],
    ['trouble', null, 'saves', null],
  )
})

test.run()
