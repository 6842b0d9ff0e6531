import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../base/units.ts'
import { keepsEntryContract } from '../decision/contract.fixture.ts'
import { below, instrumentOf, type Sketch, ticks, viewOf } from '../decision/view.fixture.ts'
import { bollingerGridShort } from './bollinger-grid-short.ts'

const test = suite('bollinger-grid-short')
const { params } = bollingerGridShort

/** The close of 100 has a daily BB% of 85, the week agrees (BB% 75), the month does not (BB% 25). */
const STRONG: Sketch = {
  lower: 15,
  middle: 65,
  upper: 115,
  price: 100,
  week: [25, 125],
  month: [75, 175],
}

const decide = (sketch: Sketch = {}) => bollingerGridShort.decide(viewOf({ ...STRONG, ...sketch }), params)

test('BB% of exactly 85 with two of three agreeing sells 2 % above the close, the stop 5 % above that', () => {
  // 100 x 1.02 = 102.0, and 102.0 x 1.05 = 107.1.
  assert.equal(decide(), [
    {
      kind: 'enter',
      side: 'short',
      order: { type: 'limit', price: 1020 },
      stop: 1071,
      target: null,
      leverage: 3,
      reason: 'BB% 85.0 >= 85, 2 of 3 agree: limit 2 % above the close',
    },
  ])
})

test('BB% just below 85 sells nothing, above 85 it sells', () => {
  assert.equal(decide({ price: below(100) }), [])
  assert.equal(decide({ price: 99.9 }), [])
  assert.is(decide({ price: 100.1 }).length, 1)
  assert.is(decide({ price: 130 }).length, 1)
})

test('the entry rounds up to the tick and the stop down, both from the unrounded prices', () => {
  // 101.37 x 1.02 = 103.3974, and x 1.05 = 108.56727.
  const [intent] = decide({ price: 101.37 })
  assert.is(intent?.kind, 'enter')
  if (intent?.kind !== 'enter') return
  assert.equal(intent.order, { type: 'limit', price: 1034 })
  assert.is(intent.stop, 1085)
})

test('only tiers A and B are sold', () => {
  for (const [tier, count] of [
    ['S', 0],
    ['A', 1],
    ['B', 1],
    ['C', 0],
    ['D', 0],
    ['E', 0],
  ] as const) {
    assert.is(decide({ tier }).length, count, tier)
  }
})

test('what is never sold short is not', () => {
  assert.equal(decide({ neverShort: true }), [])
})

test('one band of three is too few, and BB% of exactly 50 is no agreement', () => {
  const agrees = [25, 125] as const
  const half = [50, 150] as const
  const not = [75, 175] as const
  for (const [week, month, count] of [
    [agrees, agrees, 1],
    [agrees, not, 1],
    [not, agrees, 1],
    [half, not, 0],
    [half, half, 0],
    [not, not, 0],
  ] as const) {
    assert.is(decide({ week, month }).length, count, `week ${week}, month ${month}`)
  }
})

test('unknown weekly and monthly bands count as no', () => {
  const daily = { lower: 15, middle: 65, upper: 115, price: 100 }
  const of = (sketch: Sketch) => bollingerGridShort.decide(viewOf({ ...daily, ...sketch }), params).length
  assert.is(of({}), 0)
  assert.is(of({ week: [25, 125] }), 1)
  assert.is(of({ month: [25, 125] }), 1)
})

test('ticks too coarse to part the stop from the entry are no entry', () => {
  // In ticks of 10, 102 rises to 11 and 107.1 falls to 10.
  assert.equal(decide({ instrument: instrumentOf({ tick: '10' }) }), [])
  // In ticks of 1 they are 102 and 107.
  assert.is(decide({ instrument: instrumentOf({ tick: '1' }) }).length, 1)
})

test('a price whose stop could not be counted in ticks is no entry', () => {
  // The limit is at 0.99 x 2^52 ticks, the stop 5 % above it.
  const price = (0.99 * 2 ** 52 * 0.1) / 1.02
  assert.equal(
    decide({ lower: 0, middle: price / 2, upper: price, price, week: [0, price], month: [0, price] }),
    [],
  )
  const less = price * 0.96
  assert.is(decide({ lower: 0, middle: less / 2, upper: less, price: less, week: [0, less] }).length, 1)
})

test('its terms are those of the table: 3 positions, 2 h a coin, 72 h at most', () => {
  assert.equal(bollingerGridShort.terms(params), {
    leverage: 3,
    risk: 0.2,
    maxPositions: 3,
    sharedSlots: [{ side: 'short', of: ['bollinger-grid-short', 'junk-short', 'sl-reentry'], most: 3 }],
    cooldown: 2 * HOUR,
    cooldownAfterStop: 0,
    cooldownAfterTarget: 0,
    maxHold: 72 * HOUR,
    partialTargets: true,
  })
})

keepsEntryContract(test, bollingerGridShort)

test('in exchange for another position it takes a short of its coins at the market, with its stop above that', () => {
  const { exchange, params } = bollingerGridShort
  assert.equal(exchange?.('short', viewOf({ price: 100 }), params), { stop: ticks(1_050), target: null })
  assert.is(exchange?.('long', viewOf({ price: 100 }), params), undefined)
  assert.is(exchange?.('short', viewOf({ price: 100, neverShort: true }), params), undefined)
  for (const tier of ['S', 'C'] as const)
    assert.is(exchange?.('short', viewOf({ price: 100, tier }), params), undefined)
})

test.run()
