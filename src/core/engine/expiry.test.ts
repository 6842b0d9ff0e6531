import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXPIRY, type SeenPending } from './expiry.ts'
import { expiryOf } from './order-desk.ts'
import { RESTING } from './parts.fixture.ts'
import { defaultSettings } from './settings.ts'

const test = suite('expiry')

const DUE = expiryOf(RESTING)
const SEEN: SeenPending = { entry: RESTING, now: DUE, isHalted: false, stage: null, isDoubtful: false }
const settings = defaultSettings()

test('an entry lives through one bar of its timeframe, and not a moment longer', () => {
  assert.is(EXPIRY.decide({ ...SEEN, now: DUE - 1 }, settings), null)
  assert.is(EXPIRY.decide(SEEN, settings), 'expired')
  assert.is(EXPIRY.decide({ ...SEEN, stage: 'sent' }, settings), 'expired')
})

test('a halt takes it back at once', () => {
  assert.is(EXPIRY.decide({ ...SEEN, now: DUE - 1, isHalted: true }, settings), 'halted')
})

test('one of unknown fate, or whose cancellation was refused, waits for the account', () => {
  for (const over of [{ isDoubtful: true }, { stage: 'refused' }, { stage: 'asked' }] as const) {
    assert.is(EXPIRY.decide({ ...SEEN, ...over }, settings), null)
    assert.is(EXPIRY.decide({ ...SEEN, ...over, isHalted: true }, settings), null)
  }
})

test.run()
