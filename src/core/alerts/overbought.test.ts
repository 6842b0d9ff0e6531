import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { above } from '../decision/view.fixture.ts'
import { alertViewOf } from './alert-view.fixture.ts'
import { overbought } from './overbought.ts'

const test = suite('overbought')
/** Bands of 100, 150, 200: 175 is BB% 75. */
const look = (price: number, isHeld = false) =>
  overbought.look(alertViewOf({ price, isHeld }), overbought.params)

test('BB% above 75 is overbought, 75 itself is not', () => {
  assert.is(look(175), null)
  assert.ok(look(above(175)))
  assert.equal(look(190), { reason: 'daily BB% 90.0 > 75', figures: { bbPercent: 90 } })
})

test('what is held is not told of, nor what has no bands', () => {
  assert.is(look(190, true), null)
  const blind = alertViewOf({ price: 190, lower: undefined, middle: undefined, upper: undefined })
  assert.is(overbought.look(blind, overbought.params), null)
})

test.run()
