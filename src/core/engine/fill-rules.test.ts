import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { steps } from '../decision/view.fixture.ts'
import {
  COMES_TO_LIFE,
  EARLY,
  FILL,
  type FillOf,
  LEFT,
  ORPHAN,
  type SeenEarly,
  type SeenFill,
} from './fill-rules.ts'
import { asking } from './rules.fixture.ts'

const test = suite('fill rules')
const ask = asking()

const FILLED = {
  execId: 'e',
  clientOrderId: 'id',
  symbol: 'SOLUSDT',
  side: 'long',
  cause: 'order',
  steps: steps(100),
  opens: false,
} as const

test('what closes more than is held while its opening may be on its way is not booked before that', () => {
  const isEarly = (over: Partial<SeenEarly> & { readonly opens?: boolean }): boolean => {
    const { opens = false, ...rest } = over
    const standard = { held: steps(0), isOfEntry: false, isEntryOnItsWay: true }
    return ask(EARLY, { fill: { ...FILLED, opens }, ...standard, ...rest })
  }
  assert.is(isEarly({}), true)
  assert.is(isEarly({ held: steps(99) }), true)
  assert.is(isEarly({ held: steps(100) }), false)
  assert.is(isEarly({ opens: true }), false)
  assert.is(isEarly({ isOfEntry: true }), false)
  assert.is(isEarly({ isEntryOnItsWay: false }), false)
})

test('an entry that fills after its end is one again, unless its place is taken', () => {
  const lives = (isTaken: boolean, isOpposed: boolean): boolean =>
    ask(COMES_TO_LIFE, {
      id: 'id',
      strategy: 'bb-grid',
      symbol: 'SOLUSDT',
      side: 'long',
      isTaken,
      isOpposed,
    })
  assert.equal([lives(false, false), lives(true, false), lives(false, true)], [true, false, false])
})

test('an execution is of what it was sent for, and of somebody else where nothing of bbw takes it', () => {
  const of = (over: Partial<SeenFill>, cause: SeenFill['fill']['cause'] = 'order'): FillOf =>
    ask(FILL, {
      fill: { ...FILLED, cause },
      isOfPending: false,
      isTaken: false,
      isOfGone: false,
      isOfExit: false,
      isBefore: false,
      isHeld: true,
      ...over,
    })
  assert.is(of({ isOfPending: true }), 'entry')
  assert.is(of({ isOfPending: true, isTaken: true }), 'second')
  assert.is(of({ isOfGone: true }), 'late')
  assert.is(of({ isOfExit: true }), 'exit')
  assert.is(of({}), 'outside')
  for (const cause of ['stop', 'liquidation', 'settlement'] as const) {
    assert.is(of({}, cause), 'exit', cause)
    assert.is(of({ isHeld: false }, cause), 'outside', cause)
  }
  assert.is(of({ isOfExit: true, isHeld: false }), 'outside')
  assert.is(of({ isBefore: true }), 'before')
  assert.is(of({ isBefore: true, isOfPending: true }), 'entry')
  assert.is(of({ isBefore: true, isOfExit: true }), 'exit')
})

test('what a stop leaves is closed, anything else is kept', () => {
  const left = (after: 'order' | 'stop' | 'liquidation' | 'settlement') =>
    ask(LEFT, {
      strategy: 'bb-grid',
      symbol: 'SOLUSDT',
      side: 'long',
      execId: 'e',
      left: steps(1),
      after,
    })
  assert.is(left('stop'), 'close')
  for (const after of ['order', 'liquidation', 'settlement'] as const) assert.is(left(after), 'keep', after)
})

test('of an add without its position the part that a close has taken already is closed, and the rest follows', () => {
  const orphan = (ahead: number) =>
    ask(ORPHAN, {
      strategy: 'bollinger-grid-long',
      symbol: 'SOLUSDT',
      side: 'long',
      execId: 'e',
      steps: steps(100),
      ahead: steps(ahead),
    })
  assert.equal(orphan(0), { closed: 0, left: 100 })
  assert.equal(orphan(60), { closed: 60, left: 40 })
  assert.equal(orphan(150), { closed: 100, left: 0 })
})

test.run()
