import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { above, below } from '../decision/view.fixture.ts'
import type { QuarterView } from './alert.ts'
import { alertViewOf } from './alert-view.fixture.ts'
import { squeeze } from './squeeze.ts'

const test = suite('squeeze')
const LIMIT: QuarterView = { change: undefined, change24h: undefined, squeeze: 5, volumeRatio: 5 }
const look = (quarter: QuarterView | undefined) =>
  squeeze.look(alertViewOf(quarter ? { quarter } : {}), squeeze.params)

test('percentile 5 with five times the volume is a squeeze, a little beyond either is none', () => {
  assert.equal(look(LIMIT), {
    reason: '15m squeeze percentile 5.0, volume 5.0 times its mean',
    figures: { squeeze: 5, volumeRatio: 5 },
  })
  assert.is(look({ ...LIMIT, squeeze: above(5) }), null)
  assert.is(look({ ...LIMIT, volumeRatio: below(5) }), null)
})

test('without enough 15-minute candles there is no answer', () => {
  assert.is(look(undefined), null)
  assert.is(look({ ...LIMIT, squeeze: undefined }), null)
  assert.is(look({ ...LIMIT, volumeRatio: undefined }), null)
})

test.run()
