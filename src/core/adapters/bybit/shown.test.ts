import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { instrumentOf } from '../../decision/view.fixture.ts'
import type { Instrument } from '../../market/instrument.ts'
import { presentSteps, shownSteps, shownStop, shownTicks } from './shown.ts'

const test = suite('bybit shown')

const COARSE: Instrument = {
  ...instrumentOf({ symbol: 'ETHUSDT' }),
  tick: '0.05',
  tickSize: 0.05,
  step: '0.05',
  stepSize: 0.05,
}

test('what is on the grid is what it says', () => {
  assert.is(shownTicks(COARSE, '1202.85', 'nearest'), 24_057)
  assert.is(shownSteps(COARSE, '0.15'), 3)
  assert.is(presentSteps(COARSE, '0.00'), 0)
})

test('what was ordered under finer filters is counted as the books count it', () => {
  assert.is(shownStop(COARSE, '1202.81', 'long'), 24_057)
  assert.is(shownStop(COARSE, '1202.81', 'short'), 24_056)
  assert.is(shownTicks(COARSE, '1202.81', 'nearest'), 24_056)
  assert.is(shownTicks(COARSE, '0.01', 'down'), 1)
  assert.is(shownSteps(COARSE, '0.12'), 2)
  assert.equal([shownSteps(COARSE, '0.03'), presentSteps(COARSE, '0.03')], [0, 1])
})

test('what is no number is refused', () => {
  assert.throws(
    () => shownTicks(COARSE, '0', 'up'),
    (error: unknown) => error instanceof DataError,
  )
  for (const text of ['x', '-1', 'Infinity']) {
    assert.throws(
      () => shownSteps(COARSE, text),
      (error: unknown) => error instanceof DataError,
      text,
    )
  }
})

test.run()
