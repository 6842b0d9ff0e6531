import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { below } from '../decision/view.fixture.ts'
import type { QuarterView } from './alert.ts'
import { alertViewOf } from './alert-view.fixture.ts'
import { pump } from './pump.ts'

const test = suite('pump')
const LIMIT: QuarterView = { change: 5, change24h: 80, squeeze: undefined, volumeRatio: undefined }
const look = (quarter: QuarterView | undefined, turnover = 1_000_000) =>
  pump.look(alertViewOf({ turnover, ...(quarter && { quarter }) }), pump.params)

test('+80 % in 24 h, +5 % in 15 min and 1 M turnover are a pump, a little less of any is none', () => {
  assert.equal(look(LIMIT), {
    reason: '+80.0 % in 24 h, +5.0 % in 15 min',
    figures: { change24h: 80, change15m: 5, turnover: 1_000_000 },
  })
  assert.is(look({ ...LIMIT, change24h: below(80) }), null)
  assert.is(look({ ...LIMIT, change: below(5) }), null)
  assert.is(look(LIMIT, 999_999), null)
  assert.is(look(LIMIT, Number.NaN), null)
})

test('without a day of 15-minute candles there is no answer', () => {
  assert.is(look(undefined), null)
  assert.is(look({ ...LIMIT, change24h: undefined }), null)
  assert.is(look({ ...LIMIT, change: undefined }), null)
})

test.run()
