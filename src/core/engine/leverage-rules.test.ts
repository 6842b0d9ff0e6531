import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, SECOND } from '../base/units.ts'
import { HELD_BACK, LEVERAGE, type SeenLeverage } from './leverage-rules.ts'
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
