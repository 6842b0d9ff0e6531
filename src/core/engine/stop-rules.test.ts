import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { positionOf, ticks } from '../decision/view.fixture.ts'
import { MANUAL } from '../portfolio/position.ts'
import { isSilent } from './rule.ts'
import { asking } from './rules.fixture.ts'
import { defaultSettings } from './settings.ts'
import type { StopRequest, StopState } from './state.ts'
import { CLOSING, EMERGENCY, STOP_ANSWER, STOP_LATE, STOP_SHOWN, STOP_WISH } from './stop-rules.ts'

const test = suite('rules of stops')

const ask = asking()
/** Long, stop at 950. */
const HELD = positionOf()
const STILL: StopState = {
  wish: null,
  inFlight: null,
  tries: 0,
  missingSince: 0,
  openedAt: 1,
  wasSeen: true,
  closing: null,
}
const REQUEST: StopRequest = {
  requestId: 'r',
  stop: ticks(960),
  why: 'trailing',
  reason: 'why',
  sentAt: 1_000,
  doubt: 'none',
}
const MOVING: StopState = { ...STILL, inFlight: REQUEST }

test('what is wanted is decided by the tightest: a wish, what is on its way, what is in force', () => {
  const wish = (state: StopState, stop: number) =>
    ask(STOP_WISH, { position: HELD, state, stop: ticks(stop), why: 'trailing', reason: 'x' })
  assert.is(wish(STILL, 950), null)
  assert.is(wish(STILL, 951)?.wish?.stop, 951)
  assert.is(wish(MOVING, 960), null)
  assert.is(wish(MOVING, 961)?.wish?.stop, 961)
  assert.is(wish({ ...MOVING, wish: { ...REQUEST, stop: ticks(970) } }, 969), null)
})

test('an account that shows the stop as it is wanted decides nothing, once it has been seen', () => {
  const seen = { position: HELD, state: STILL, shown: HELD.stop, now: 5 }
  const same = ask(STOP_SHOWN, seen)
  assert.is(isSilent(STOP_SHOWN, same, seen), true)
  const unseen = { ...seen, state: { ...STILL, wasSeen: false } }
  const first = ask(STOP_SHOWN, unseen)
  assert.equal([first.verdict, first.state.wasSeen], [null, true])
  assert.is(isSilent(STOP_SHOWN, first, unseen), false)
  const missing = ask(STOP_SHOWN, { ...seen, shown: null })
  assert.equal([missing.verdict?.kind, missing.state.wish?.why], ['missing', 'restore'])
})

test('how often a stop is tried to be restored follows from the settings', () => {
  const state = { ...STILL, inFlight: { ...REQUEST, why: 'restore' as const }, missingSince: 1 }
  const answer = { key: 'SOLUSDT:long', state, ok: false, why: null, now: 1 }
  assert.is(ask(STOP_ANSWER, answer)?.verdict?.kind, 'failed')
  const standard = defaultSettings()
  const strict = asking({ ...standard, recovery: { ...standard.recovery, stopTries: 1 } })
  assert.is(strict(STOP_ANSWER, answer)?.verdict?.kind, 'close')
  assert.is(ask(STOP_ANSWER, { ...answer, state: STILL }), null, 'nothing was asked')
})

test('an answer that is awaited is late at its moment, and doubted once', () => {
  const late = (state: StopState, now: number) => ask(STOP_LATE, { key: 'SOLUSDT:long', state, now })
  assert.is(late(MOVING, 10_999), null)
  const doubted = late(MOVING, 11_000)
  assert.is(doubted?.inFlight?.doubt, 'no-answer')
  assert.is(late(doubted ?? STILL, 99_000), null)
  assert.is(late(STILL, 99_000), null)
})

test('what cannot be protected is closed; what a person has opened only past a stop that was in force', () => {
  const emergency = (strategy: string, isCrossed: boolean, over: Partial<StopState> = {}) =>
    ask(EMERGENCY, {
      position: { ...HELD, strategy },
      state: { ...STILL, ...over },
      isCrossed,
      reason: 'no',
    })
  assert.equal(emergency('mean-reversion', false), { kind: 'close', reason: 'the stop cannot be set: no' })
  assert.equal(emergency('mean-reversion', true), { kind: 'close', reason: 'the price is past the stop' })
  assert.is(emergency(MANUAL, true).kind, 'close')
  assert.is(emergency(MANUAL, true, { wasSeen: false }).kind, 'leave')
  const left = (tries: number) => emergency(MANUAL, false, { tries })
  assert.equal(
    [left(3), left(4)].map(one => one.kind === 'leave' && one.isTold),
    [true, false],
  )
})

test('a close is asked for until its order is there', () => {
  const state: StopState = { ...STILL, closing: 'why', closingAs: 'cascade' }
  const closing = (of: StopState, isOrdered: boolean) =>
    ask(CLOSING, { position: HELD, state: of, isOrdered })
  assert.is(closing(STILL, false), null)
  assert.equal(closing(state, false), { as: 'cascade', reason: 'why' })
  assert.is(closing(state, true), null)
  assert.is(closing({ ...STILL, closing: 'why' }, false)?.as, 'emergency')
})

test.run()
