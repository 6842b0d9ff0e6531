import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../base/units.ts'
import { keepsEntryContract } from '../decision/contract.fixture.ts'
import { below, instrumentOf, type Sketch, ticks, viewOf } from '../decision/view.fixture.ts'
import { bollingerGridLong } from './bollinger-grid-long.ts'

const test = suite('bollinger-grid-long')
const { params } = bollingerGridLong

const decide = (sketch: Sketch) => bollingerGridLong.decide(viewOf(sketch), params)

/** Bands in which 110 is BB% 25. */
const BANDS = { lower: 100, middle: 120, upper: 140 }

test('BB% just below 25 buys 3 % under the lower band with the stop 7 % under it', () => {
  // 100 x 0.97 = 97.0 and 100 x 0.93 = 93.0, in ticks of 0.1.
  assert.equal(decide({ ...BANDS, price: 109.9 }), [
    {
      kind: 'enter',
      side: 'long',
      order: { type: 'limit', price: 970 },
      stop: 930,
      target: null,
      leverage: 3,
      reason: 'BB% 24.8 < 25: limit 3 % under the lower band',
    },
  ])
})

test('BB% of exactly 25 is not below 25, the next smaller price is', () => {
  assert.equal(decide({ ...BANDS, price: 110 }), [])
  assert.equal(decide({ ...BANDS, price: 110.1 }), [])
  assert.is(decide({ ...BANDS, price: below(110) }).length, 1)
})

test('the entry rounds down to the tick and the stop up, both from the unrounded band', () => {
  // 101.37 x 0.97 = 98.3289 and x 0.93 = 94.2741.
  const [intent] = decide({ lower: 101.37, middle: 120, upper: 140, price: 90 })
  assert.is(intent?.kind, 'enter')
  if (intent?.kind !== 'enter') return
  assert.equal(intent.order, { type: 'limit', price: 983 })
  assert.is(intent.stop, 943)
})

test('the close decides, whatever the last price and the mark do since', () => {
  assert.is(decide({ ...BANDS, price: 105, last: 139, mark: 139 }).length, 1)
  assert.equal(decide({ ...BANDS, price: 139, last: 105, mark: 105 }), [])
})

test('a lower band at or below zero, or one whose stop is below the least price, is no entry', () => {
  for (const lower of [-50, -0.1, 0, 0.1]) {
    assert.equal(decide({ lower, middle: 120, upper: 140 + lower, price: 1 }), [], `lower ${lower}`)
  }
  // With a least price of 5 ticks the stop, 0.93 x lower, has to be at least 0.5.
  const instrument = instrumentOf({ tick: '0.01', minPrice: ticks(50) })
  assert.equal(decide({ instrument, lower: 0.53, middle: 2, upper: 3, price: 0.5 }), [])
  assert.is(decide({ instrument, lower: 0.54, middle: 2, upper: 3, price: 0.5 }).length, 1)
})

test('ticks too coarse to part the stop from the entry are no entry', () => {
  // 0.97 falls to 9 ticks, 0.93 rises to 10: the stop would lie above the entry.
  assert.equal(decide({ lower: 1, middle: 2, upper: 3, price: 0.9 }), [])
  // 9.7 and 9.3 are 97 and 93 ticks.
  assert.is(decide({ lower: 10, middle: 12, upper: 14, price: 9 }).length, 1)
})

test('its terms are those of the table: 12 positions, 4 h after a stop, 1 h after a target, 20 % risk', () => {
  assert.equal(bollingerGridLong.terms(params), {
    leverage: 3,
    risk: 0.2,
    maxPositions: 12,
    sharedSlots: [{ side: 'long', of: ['bollinger-grid-long', 'sl-reentry'], most: 12 }],
    cooldown: 0,
    cooldownAfterStop: 4 * HOUR,
    cooldownAfterTarget: HOUR,
    maxHold: null,
    partialTargets: true,
  })
})

test('every number is a parameter', () => {
  const own = { ...params, leverage: 2, bbPercentBelow: 50, entryBelowPercent: 1, stopBelowPercent: 10 }
  const [intent] = bollingerGridLong.decide(viewOf({ ...BANDS, price: 119 }), own)
  assert.equal(intent, {
    kind: 'enter',
    side: 'long',
    order: { type: 'limit', price: 990 },
    stop: 900,
    target: null,
    leverage: 2,
    reason: 'BB% 47.5 < 50: limit 1 % under the lower band',
  })
})

keepsEntryContract(test, bollingerGridLong)

test('in exchange for another position it takes a long at the market, with the stop under the new lower band', () => {
  const { exchange, params } = bollingerGridLong
  assert.equal(exchange?.('long', viewOf({ price: 110, lower: 100 }), params), {
    stop: ticks(930),
    target: null,
  })
  assert.is(exchange?.('short', viewOf({ price: 110, lower: 100 }), params), undefined)
  assert.is(exchange?.('long', viewOf({ price: 93, lower: 100 }), params), undefined)
  assert.is(exchange?.('long', viewOf({ lower: undefined }), params), undefined)
})

test.run()
