import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../base/units.ts'
import { keepsEntryContract } from '../decision/contract.fixture.ts'
import {
  above,
  below,
  instrumentOf,
  positionOf,
  positionViewOf,
  type Sketch,
  viewOf,
} from '../decision/view.fixture.ts'
import { fundingMomentum } from './funding-momentum.ts'

const test = suite('funding-momentum')
const { params } = fundingMomentum
/** Bands of 100, 150, 200: 114 is BB% 14, 186 is BB% 86. The last closes fall. */
const LONG: Sketch = { price: 114, funding: -0.002 }
const SHORT: Sketch = { price: 186, funding: 0.002, closes: [190, 189, 188, 186] }
const decide = (sketch: Sketch) => fundingMomentum.decide(viewOf(sketch), params)
const count = (sketch: Sketch): number => decide(sketch).length

test('shorts that pay and a price near the lower band buy at the market, stop 4 %, target the middle', () => {
  // 114 x 0.96 = 109.44, tighter is up.
  assert.equal(decide(LONG), [
    {
      kind: 'enter',
      side: 'long',
      order: { type: 'market' },
      stop: 1095,
      target: 1500,
      leverage: 10,
      reason: 'funding -0.200 % per 8 h, BB% 14.0: at the market, target the middle',
    },
  ])
})

test('longs that pay, a price near the upper band and a falling close sell at the market', () => {
  // 186 x 1.04 = 193.44, tighter is down.
  assert.equal(decide(SHORT), [
    {
      kind: 'enter',
      side: 'short',
      order: { type: 'market' },
      stop: 1934,
      target: 1500,
      leverage: 10,
      reason:
        'funding 0.200 % per 8 h, BB% 86.0, below the close 3 days ago: at the market, target the middle',
    },
  ])
})

test('funding of exactly 0.1 % is too little on both sides, and the wrong sign is none', () => {
  assert.is(count({ ...LONG, funding: -0.001 }), 0)
  assert.is(count({ ...LONG, funding: below(-0.001) }), 1)
  assert.is(count({ ...SHORT, funding: 0.001 }), 0)
  assert.is(count({ ...SHORT, funding: 0.00101 }), 1)
  assert.is(count({ ...LONG, funding: 0.002 }), 0)
  assert.is(count({ ...SHORT, funding: -0.002 }), 0)
  for (const sketch of [LONG, SHORT]) assert.is(count({ ...sketch, funding: null }), 0)
})

test('BB% of exactly 15 or 85 is nothing', () => {
  assert.is(count({ ...LONG, price: 115 }), 0)
  assert.is(count({ ...LONG, price: below(115) }), 1)
  assert.is(count({ ...SHORT, price: 185, closes: [190, 1, 1, 185] }), 0)
  assert.is(count({ ...SHORT, price: above(185), closes: [190, 1, 1, above(185)] }), 1)
})

test('a short needs a close below the one of three days ago, a long does not look at it', () => {
  assert.is(count({ ...SHORT, closes: [186, 1, 1, 186] }), 0)
  assert.is(count({ ...SHORT, closes: [185, 200, 200, 186] }), 0)
  assert.is(count({ ...SHORT, closes: [above(186), 1, 1, 186] }), 1)
  assert.is(count({ ...SHORT, closes: [188, 187, 186] }), 0)
  assert.is(count({ ...LONG, closes: [1, 1, 1, 114] }), 1)
})

test('what is never sold short is not, and may be bought', () => {
  assert.is(count({ ...SHORT, neverShort: true }), 0)
  assert.is(count({ ...LONG, neverShort: true }), 1)
})

test('a price that has run through its target or stop meanwhile is no entry', () => {
  for (const last of [150, 160, 109.4]) assert.is(count({ ...LONG, last }), 0, `${last}`)
  for (const last of [150, 140, 193.5]) assert.is(count({ ...SHORT, last }), 0, `${last}`)
  const coarse = instrumentOf({ tick: '100' })
  assert.is(count({ ...LONG, instrument: coarse }), 0)
})

test('it closes what pays, on the day the sign has changed, and at nothing else', () => {
  const ask = (side: 'long' | 'short', funding: number | null, moment: 'funding-sign' | 'trailing') =>
    fundingMomentum.manage?.(moment, positionViewOf(positionOf({ side }), { funding }), params) ?? []
  for (const [side, pays] of [
    ['long', 1],
    ['short', -1],
  ] as const) {
    assert.equal(ask(side, pays * 0.0001, 'funding-sign'), [
      {
        kind: 'exit',
        why: 'funding-sign',
        reason: `funding is ${(pays * 0.01).toFixed(4)} % per 8 h now: the position pays`,
      },
    ])
    assert.is(ask(side, pays * Number.MIN_VALUE, 'funding-sign').length, 1)
    for (const funding of [0, -0, null, pays * -0.0001]) {
      assert.equal(ask(side, funding, 'funding-sign'), [], `${side} ${funding}`)
    }
    assert.equal(ask(side, pays * 0.0001, 'trailing'), [])
  }
})

test('its terms are those of the table: 3 positions, 4 h a coin, 5 % risk at leverage 10', () => {
  assert.equal(fundingMomentum.terms(params), {
    leverage: 10,
    risk: 0.05,
    maxPositions: 3,
    cooldown: 4 * HOUR,
    cooldownAfterStop: 0,
    cooldownAfterTarget: 0,
    maxHold: null,
    partialTargets: false,
  })
})

keepsEntryContract(test, fundingMomentum)

test.run()
