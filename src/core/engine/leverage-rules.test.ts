import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, SECOND } from '../base/units.ts'
import { HELD_BACK, LEVERAGE, LEVERAGE_FIRST, type SeenLeverage } from './leverage-rules.ts'
import { RESTING } from './parts.fixture.ts'
import { defaultSettings } from './settings.ts'

const test = suite('leverage rules')

const SEEN: SeenLeverage = {
  symbol: 'ADAUSDT',
  side: null,
  wanted: 10,
  leverage: 10,
  isUnknown: false,
  isLookUp: false,
  tries: 0,
}

test('an entry leaves at the leverage of what is held or was confirmed, and else waits or is denied', () => {
  const { clientOrderId, symbol, side, leverage } = RESTING
  const entry = { clientOrderId, symbol, side, leverage }
  const course = (held: number | null, confirmed: number | null): string =>
    LEVERAGE_FIRST.decide({ entry, held, confirmed }, defaultSettings())
  assert.is(course(leverage, null), 'send')
  assert.is(course(5, leverage), 'deny')
  assert.is(course(null, leverage), 'send')
  assert.is(course(null, 5), 'ask')
  assert.is(course(null, null), 'ask')
})

test('an answer is taken, looked up, asked for again or denied', () => {
  const cases: readonly (readonly [over: Partial<SeenLeverage>, course: string])[] = [
    [{}, 'in-force'],
    [{ isUnknown: true, leverage: null }, 'look-up'],
    [{ isUnknown: true, leverage: null, isLookUp: true }, 'wait'],
    [{ leverage: 5 }, 'deny'],
    [{ leverage: 5, isLookUp: true }, 'ask-again'],
    [{ leverage: 5, isLookUp: true, tries: 2 }, 'deny'],
    [{ leverage: null }, 'deny'],
  ]
  for (const [over, course] of cases) {
    assert.is(LEVERAGE.decide({ ...SEEN, ...over }, defaultSettings()), course, JSON.stringify(over))
  }
})

test('an entry that waits is sent for twice the time of an answer, within its bar, while entries are open', () => {
  const isWanted = (after: number, isOpen = true, sentAt = RESTING.sentAt): boolean => {
    const entry = { ...RESTING, sentAt }
    return HELD_BACK.decide({ entry, now: sentAt + after, isOpen }, defaultSettings())
  }
  assert.ok(isWanted(20 * SECOND - 1))
  assert.not.ok(isWanted(20 * SECOND))
  assert.not.ok(isWanted(0, false))
  assert.not.ok(isWanted(0, true, RESTING.sentAt + DAY))
})

test.run()
