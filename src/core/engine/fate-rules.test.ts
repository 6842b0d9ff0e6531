import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { ABSENCE, FATE, type Fate, LATE, REST, type SeenAbsence, type SeenFate, SPENT } from './fate-rules.ts'
import { RESTING } from './parts.fixture.ts'
import type { OrderRequest } from './protocol.ts'
import { defaultSettings } from './settings.ts'

const test = suite('fate rules')

const { clientOrderId, symbol, side, steps, stop, leverage } = RESTING
const request: OrderRequest = {
  clientOrderId,
  symbol,
  side,
  purpose: 'entry',
  type: 'market',
  price: null,
  steps,
  stop,
  leverage,
  postOnly: false,
}
const SEEN: SeenAbsence = {
  id: clientOrderId,
  doubt: { sentAt: MIDNIGHT, resends: 0, cause: 'lost-reply', wasAbsent: false, request },
  entry: RESTING,
  last: 100,
  lastAt: MIDNIGHT + 7 * SECOND,
  now: MIDNIGHT + 7 * SECOND,
  isCancelling: false,
  isOpen: true,
}
const kind = (over: Partial<SeenAbsence> = {}): string =>
  ABSENCE.decide({ ...SEEN, ...over }, defaultSettings()).verdict.kind

test('an answer is overdue when its time has passed, and not a moment before', () => {
  const isLate = (now: number): boolean =>
    LATE.decide({ id: 'a', symbol, what: 'order', sentAt: MIDNIGHT, now }, defaultSettings())
  const due = MIDNIGHT + defaultSettings().recovery.answerSeconds * SECOND
  assert.equal([isLate(due - 1), isLate(due)], [false, true])
})

test('what a look-up has found is taken for what it is, and what went without bbw says so', () => {
  const fate = (state: SeenFate['state'], over: Partial<SeenFate> = {}): Fate =>
    FATE.decide(
      { id: 'a', symbol, doubt: SEEN.doubt, isCancelling: false, isResting: true, state, ...over },
      defaultSettings(),
    )
  assert.equal(
    (['resting', 'filled', 'absent'] as const).map(state => fate(state).kind),
    ['found', 'filled', 'absent'],
  )
  const missing = { doubt: { ...SEEN.doubt, cause: 'missing' } } as const
  const codes = (over: Partial<SeenFate>): unknown[] =>
    (['cancelled', 'rejected'] as const).map(state => {
      const one = fate(state, over)
      return one.kind === 'gone' ? one.code : one.kind
    })
  assert.equal(codes({}), [null, 'W110'])
  assert.equal(codes({ ...missing }), ['W208', 'W208'])
  assert.equal(codes({ ...missing, isCancelling: true }), [null, 'W110'])
  const exit = { isCancelling: null }
  assert.equal(codes({ ...exit }), [null, null])
  assert.equal(codes({ ...exit, ...missing }), ['W208', 'W208'])
  // What the market does not take of an order at the market the exchange cancels itself.
  assert.equal(codes({ ...exit, ...missing, isResting: false }), [null, null])
})

test('an order that is not known is waited for, then sent again, unless something speaks against it', () => {
  assert.is(kind({ now: SEEN.now - 1 }), 'wait')
  assert.is(kind(), 'resend')
  const gone: readonly Partial<SeenAbsence>[] = [
    { doubt: { ...SEEN.doubt, resends: 2 } },
    { doubt: { ...SEEN.doubt, request: null } },
    { entry: null },
    { entry: { ...RESTING, replaces: 'XUSDT:long' } },
    { isCancelling: true },
    { isOpen: false },
    { now: MIDNIGHT + DAY, lastAt: MIDNIGHT + DAY },
    { lastAt: MIDNIGHT - 60 * SECOND },
    { last: 95.5 },
    { last: Number.NaN },
  ]
  for (const over of gone) assert.is(kind(over), 'gone', JSON.stringify(over))
  assert.match(ABSENCE.decide({ ...SEEN, last: 95.5 }, defaultSettings()).why ?? '', 'the stop is')
})

test('what the account shows rests, what it does not is gone, unless its own fate is unknown', () => {
  const rest = (isThere: boolean, isDoubted: boolean): string =>
    REST.decide({ id: 'a', symbol, isThere, isDoubted, isSettled: true }, defaultSettings())
  assert.equal(
    [rest(true, false), rest(true, true), rest(false, false), rest(false, true)],
    ['rests', 'rests', 'gone', 'unknown'],
  )
})

test('what has filled is spent once a minute has shown nothing of it, and never while books and account differ', () => {
  const isSpent = (after: number, isSettled: boolean): boolean =>
    SPENT.decide({ id: 'a', symbol, filledAt: MIDNIGHT, isSettled, now: MIDNIGHT + after }, defaultSettings())
  const moments = [0, MINUTE - 1, MINUTE, DAY]
  assert.equal(
    moments.map(after => isSpent(after, true)),
    [false, false, true, true],
  )
  assert.not(moments.some(after => isSpent(after, false)))
})

test.run()
