import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR } from '../base/units.ts'
import { MIDNIGHT, positionOf, steps } from '../decision/view.fixture.ts'
import { EXCHANGEABLE, ROTATION, restsAt, type SeenFlagged, type SeenRotation } from './rotation-rules.ts'
import { asking } from './rules.fixture.ts'
import type { Rotation } from './state.ts'

const test = suite('rules of rotation')
const ask = asking()

const FLAGGED: SeenFlagged = {
  position: positionOf(),
  now: MIDNIGHT,
  begun: [],
  isRunning: false,
  isRecovering: false,
  isOpen: true,
  isAtSettlement: false,
  lacking: 'refuse',
  isLeaving: false,
  isClosing: false,
  hasEntry: false,
}

test('a position may be exchanged where nothing stands in the way, and each thing that does is named', () => {
  const mayNot = (over: Partial<SeenFlagged>): string | null => {
    const answer = ask(EXCHANGEABLE, { ...FLAGGED, ...over })
    return answer.may ? null : answer.why
  }
  assert.is(mayNot({}), null)
  const begun = (hours: number, from = 'XUSDT') => ({ at: MIDNIGHT - hours * HOUR, from, to: 'YUSDT' })
  for (const [over, words] of [
    [{ isRunning: true }, 'another'],
    [{ isRecovering: true }, 'compared'],
    [{ isOpen: false }, 'entries are closed'],
    [{ begun: [begun(1), begun(2), begun(3)] }, '3 exchanges'],
    [{ begun: [begun(23, 'SOLUSDT')] }, 'lately'],
    [{ isAtSettlement: true }, 'settled'],
    [{ isLeaving: true }, 'taking it back'],
    [{ isClosing: true }, 'being closed'],
    [{ hasEntry: true }, 'rests'],
    [{ position: positionOf({ timeframe: '5m' }) }, 'minutes'],
    [{ position: positionOf({ strategy: 'funding-momentum' }) }, 'exchanges nothing'],
  ] as const) {
    assert.match(mayNot(over) ?? '', words)
  }
  assert.is(mayNot({ isAtSettlement: true, lacking: 'skip' }), null)
  assert.is(mayNot({ begun: [begun(24, 'SOLUSDT'), begun(24), begun(24)] }), null)
})

test('a coin rests that was left or entered, until it has rested', () => {
  const begun = [{ at: MIDNIGHT, from: 'AUSDT', to: 'BUSDT' }]
  assert.equal(
    ['AUSDT', 'BUSDT', 'CUSDT'].map(symbol => restsAt(begun, symbol, MIDNIGHT - DAY)),
    [true, true, false],
  )
  assert.is(restsAt(begun, 'AUSDT', MIDNIGHT), false)
})

const LEG = { side: 'long', signalId: 'x' } as const
const RUNNING: Rotation = {
  phase: 'opening',
  from: { symbol: 'AUSDT', ...LEG },
  to: { symbol: 'BUSDT', ...LEG },
  entryId: 'e',
  steps: steps(10),
  reason: 'why',
  closes: 0,
  closeId: null,
}
const SEEN: SeenRotation = {
  running: RUNNING,
  isPending: false,
  opened: { enteredSteps: steps(10) },
  isHeld: true,
  closing: null,
  wasSeen: true,
  isOrdered: false,
  isRefused: false,
  quietUntil: null,
}
const step = (over: Partial<SeenRotation>) => ask(ROTATION, { ...SEEN, ...over })
const ended = (over: Partial<SeenRotation>): unknown => {
  const found = step(over)
  return found?.kind === 'end' ? [found.of, found.code, found.undoes !== null] : found
}

test('while it opens it waits for the entry and for its stop, and goes on to the close', () => {
  assert.is(step({ isPending: true }), null)
  assert.is(step({ wasSeen: false }), null)
  assert.equal(step({}), { kind: 'close', quietUntil: null })
  assert.equal(step({ quietUntil: 5 }), { kind: 'close', quietUntil: 5 })
  assert.equal(step({ isOrdered: true }), { kind: 'closing' })
})

test('what comes to nothing while it opens ends it, and what was opened in part is closed again', () => {
  assert.equal(ended({ opened: null }), ['held', 'W213', false])
  assert.equal(ended({ closing: 'the stop cannot be set' }), ['opened', 'W213', false])
  assert.equal(ended({ opened: { enteredSteps: steps(9) } }), ['opened', 'W213', true])
  assert.equal(ended({ isHeld: false }), ['opened', 'I214', false])
})

test('while it closes it is done when the old one is gone, and keeps both where that cannot be', () => {
  const running: Rotation = { ...RUNNING, phase: 'closing', closes: 1, closeId: 'c' }
  assert.equal(ended({ running, isHeld: false }), ['opened', 'I214', false])
  assert.equal(step({ running, isOrdered: true, isRefused: true }), { kind: 'closing' })
  assert.equal(ended({ running, isRefused: true }), ['held', 'W213', false])
  assert.equal(step({ running: { ...running, closes: 2 } }), { kind: 'close', quietUntil: null })
  assert.equal(ended({ running: { ...running, closes: 3 } }), ['held', 'W213', false])
})

test.run()
