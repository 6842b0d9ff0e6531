import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../base/units.ts'
import { PUT_OFF } from './put-off.ts'
import { asking } from './rules.fixture.ts'

const test = suite('put off')
const ask = asking()
const NOW = 10 * DAY + HOUR + 7 * MINUTE

test('what waits is each timeframe with news, by the close of its newest candle', () => {
  assert.equal(ask(PUT_OFF, { causes: [], news: ['1d', '5m'], now: NOW }), [])
  assert.equal(ask(PUT_OFF, { causes: ['differs'], news: [], now: NOW }), [])
  assert.equal(ask(PUT_OFF, { causes: ['comparing', 'asked'], news: ['1d', '5m'], now: NOW }), [
    ['1d', 10 * DAY],
    ['5m', 10 * DAY + HOUR + 5 * MINUTE],
  ])
})

test.run()
