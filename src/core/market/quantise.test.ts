import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Rounding } from '../base/decimal.ts'
import type { Steps, Ticks } from '../base/units.ts'
import {
  formatSteps,
  formatTicks,
  parseSteps,
  parseTicks,
  priceOf,
  qtyOf,
  toSteps,
  toTicks,
} from './quantise.ts'

const test = suite('quantise')
const BTC = { symbol: 'BTCUSDT', tick: '0.10', step: '0.001' }
const SATS = { symbol: '10000SATSUSDT', tick: '0.0000001', step: '100' }

test('prices become ticks towards the side that is asked for', () => {
  const cases: readonly (readonly [number, Rounding, number])[] = [
    [104_000.14, 'down', 1_040_001],
    [104_000.14, 'up', 1_040_002],
    [104_000.14, 'nearest', 1_040_001],
    [104_000.15, 'nearest', 1_040_002],
    [104_000.1, 'up', 1_040_001],
    [100 * 1.02, 'up', 1_020],
    [1_000 * (1 + 0.0002 + 0.00055), 'up', 10_008],
  ]
  for (const [price, rounding, ticks] of cases) {
    assert.is(toTicks(BTC, price, rounding), ticks, `${price} ${rounding}`)
  }
  assert.is(toTicks(SATS, 3.25e-5, 'down'), 325)
})

test('quantities become whole steps, and less than one step is none', () => {
  assert.is(toSteps(BTC, 0.0019999, 'down'), 1)
  assert.is(toSteps(BTC, 0.3, 'down'), 300)
  assert.is(toSteps(BTC, 0.00099, 'down'), 0)
  assert.is(toSteps(SATS, 1_299, 'down'), 12)
  assert.is(toSteps(SATS, 0, 'down'), 0)
})

test('texts have the decimals of the unit and no exponent', () => {
  assert.is(formatTicks(BTC, 1_040_000 as Ticks), '104000.0')
  assert.is(formatTicks(SATS, 1 as Ticks), '0.0000001')
  assert.is(formatSteps(BTC, 1 as Steps), '0.001')
  assert.is(formatSteps(SATS, 12 as Steps), '1200')
})

test('a price or a quantity is the double nearest to the exact product', () => {
  assert.is(priceOf(BTC, 3 as Ticks), 0.3)
  assert.is(priceOf(SATS, 325 as Ticks), 0.0000325)
  assert.is(qtyOf(BTC, 7 as Steps), 0.007)
  assert.is(qtyOf(SATS, 0 as Steps), 0)
})

test('texts of the exchange are read with or without superfluous zeros', () => {
  assert.is(parseTicks(BTC, '104000.10'), 1_040_001)
  assert.is(parseTicks(BTC, '104000'), 1_040_000)
  assert.is(parseSteps(BTC, '0.0050'), 5)
  assert.is(parseSteps(BTC, '0'), 0)
})

test('a text that is not a multiple is a data error which names symbol, text and unit', () => {
  for (const text of ['104000.15', '-1', '1e5', '', '0', '0.0']) {
    assert.throws(
      () => parseTicks(BTC, text),
      (error: Error) =>
        error.name === 'DataError' && error.message === `BTCUSDT: "${text}" is not a price in ticks of 0.10`,
    )
  }
  assert.throws(
    () => parseSteps(SATS, '150'),
    (error: Error) =>
      error.name === 'DataError' && /"150" is not a quantity in steps of 100/.test(error.message),
  )
})

test('a price that is none, and nothing where something would be sent, are broken invariants', () => {
  for (const price of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => toTicks(BTC, price, 'down'), /broken invariant/)
  }
  assert.throws(() => toTicks(BTC, 0.09, 'down'), /less than one tick of BTCUSDT/)
  assert.is(toTicks(BTC, 0.09, 'up'), 1)
  for (const qty of [-0.001, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => toSteps(BTC, qty, 'down'), /broken invariant/)
  }
  assert.throws(() => formatTicks(BTC, 0 as Ticks), /would be sent as 0 ticks/)
  assert.throws(() => formatSteps(BTC, 0 as Steps), /would be sent as 0 steps/)
})

test.run()
