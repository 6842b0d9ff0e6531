import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../base/units.ts'
import { keepsEntryContract } from '../decision/contract.fixture.ts'
import {
  below,
  instrumentOf,
  MIDNIGHT,
  positionOf,
  positionViewOf,
  type Sketch,
  ticks,
  viewOf,
} from '../decision/view.fixture.ts'
import { junkShort } from './junk-short.ts'

const test = suite('junk-short')
const { params } = junkShort
/** Bands of 100, 150, 200: 170 is BB% 70. */
const JUNK: Sketch = { price: 170, tier: 'E', change: 80, turnover: 1_000_000 }
const decide = (sketch: Sketch) => junkShort.decide(viewOf({ ...JUNK, ...sketch }), params)
const count = (sketch: Sketch): number => decide(sketch).length

test('a junk coin that has risen 80 % is sold 2 % above the close, stop 7 % above that, target the middle', () => {
  // 170 x 1.02 = 173.4; 173.4 x 1.07 = 185.538, tighter is down.
  assert.equal(decide({}), [
    {
      kind: 'enter',
      side: 'short',
      order: { type: 'limit', price: 1734 },
      stop: 1855,
      target: 1500,
      leverage: 3,
      reason: '+80.0 % in a day, BB% 70.0 >= 70: limit 2 % above the close',
    },
  ])
})

test('a little less of any condition is no entry', () => {
  assert.is(count({ change: below(80) }), 0)
  assert.is(count({ change: undefined }), 0)
  assert.is(count({ price: below(170) }), 0)
  assert.is(count({ turnover: 999_999 }), 0)
  assert.is(count({ turnover: Number.NaN }), 0)
  assert.is(count({ neverShort: true }), 0)
  assert.is(count({ change: 400, price: 400 }), 1)
})

test('coins of standing are none of its business', () => {
  for (const [tier, expected] of [
    ['S', 0],
    ['A', 0],
    ['B', 0],
    ['C', 1],
    ['D', 1],
    ['E', 1],
  ] as const) {
    assert.is(count({ tier }), expected, tier)
  }
})

test('incident 36: its target is the middle of the bands of its own symbol, and never beyond the entry', () => {
  const targets = [150, 160].map(middle => {
    const [intent] = decide({ lower: middle - 50, middle, upper: middle + 50, price: middle + 20 })
    return intent?.kind === 'enter' ? intent.target : intent
  })
  assert.equal(targets, [1500, 1600])
  assert.is(
    count({ lower: 165, middle: 168, upper: 171, price: 169.2, instrument: instrumentOf({ tick: '100' }) }),
    0,
  )
})

const held = positionOf({ side: 'short', entry: 100, stop: ticks(1070), strategy: 'junk-short' })
const manage = (moment: 'time-exits' | 'trailing' | 'funding-sign', mark: number, hours: number) =>
  junkShort.manage?.(moment, positionViewOf(held, { mark, now: MIDNIGHT + hours * HOUR }), params) ?? []

test('it is closed when it loses after 48 h, neither before nor in profit', () => {
  assert.equal(manage('time-exits', 100.1, 48), [
    { kind: 'exit', why: 'time-exit', reason: 'losing after 48 h: the mark is 100.1, beyond the entry' },
  ])
  assert.is(manage('time-exits', 100.1, 47.999).length, 0)
  assert.is(manage('time-exits', 100, 48).length, 0)
  assert.is(manage('time-exits', 90, 100).length, 0)
  assert.is(manage('time-exits', 106, 200).length, 1)
  assert.equal(junkShort.ages?.(params), [48 * HOUR])
})

test('70 % of the move are locked from +15 % on, 85 % from +30 % on', () => {
  const stop = (mark: number): unknown => {
    const [intent] = manage('trailing', mark, 1)
    return intent?.kind === 'move-stop' ? [intent.stop, intent.why] : undefined
  }
  assert.is(stop(85.1), undefined)
  // 100 - 0.7 x 15 = 89.5; 100 - 0.7 x 29.9 = 79.07; 100 - 0.85 x 30 = 74.5.
  assert.equal(stop(85), [895, 'trailing'])
  assert.equal(stop(70.1), [790, 'trailing'])
  assert.equal(stop(70), [745, 'trailing'])
  assert.equal(manage('funding-sign', 70, 1), [])
})

test('a stop that is tighter already is left where it is', () => {
  const tight = positionOf({ side: 'short', entry: 100, stop: ticks(890), strategy: 'junk-short' })
  assert.equal(junkShort.manage?.('trailing', positionViewOf(tight, { mark: 85 }), params), [])
})

test('its terms are those of the table: 2 positions inside the 3 shorts, 6 % risk at leverage 3', () => {
  assert.equal(junkShort.terms(params), {
    leverage: 3,
    risk: 0.06,
    maxPositions: 2,
    sharedSlots: [{ side: 'short', of: ['bollinger-grid-short', 'junk-short', 'sl-reentry'], most: 3 }],
    cooldown: 0,
    cooldownAfterStop: 0,
    cooldownAfterTarget: 0,
    maxHold: null,
    partialTargets: false,
  })
  assert.is(junkShort.optIn, true)
})

keepsEntryContract(test, junkShort)

test('in exchange for another position it takes a short of a junk coin at the market, with its stop and its target', () => {
  const { exchange, params } = junkShort
  const junk = { tier: 'E' as const, price: 180, middle: 150, turnover: 1_000_000 }
  assert.equal(exchange?.('short', viewOf(junk), params), { stop: ticks(1_926), target: ticks(1_500) })
  assert.is(exchange?.('long', viewOf(junk), params), undefined)
  assert.is(exchange?.('short', viewOf({ ...junk, tier: 'B' }), params), undefined)
  assert.is(exchange?.('short', viewOf({ ...junk, neverShort: true }), params), undefined)
  assert.is(exchange?.('short', viewOf({ ...junk, turnover: 999_999 }), params), undefined)
  assert.is(exchange?.('short', viewOf({ ...junk, price: 150 }), params), undefined)
})

test.run()
