import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../core/base/units.ts'
import {
  dayAndMinute,
  duration,
  moment,
  money,
  priceLike,
  signedMoney,
  signedPercent,
  timeOfDay,
} from './amounts.ts'

const test = suite('amounts')

test('money has cents, groups of thousands and no negative nothing', () => {
  const cases: readonly (readonly [number | null, string])[] = [
    [0, '0.00'],
    [-0.001, '0.00'],
    [-0.005, '-0.01'],
    [999.999, '1,000.00'],
    [-1_234_567.891, '-1,234,567.89'],
    [1e21, '1.00e+21'],
    [Number.NaN, '-'],
    [null, '-'],
  ]
  for (const [value, text] of cases) assert.is(money(value), text)
})

test('a sign stands before what is gained and what is lost', () => {
  assert.equal([3.2, -3.2, 0, 0.001, null].map(signedMoney), ['+3.20', '-3.20', '0.00', '0.00', '-'])
  assert.equal([1.415, -0.5, null].map(signedPercent), ['+1.42 %', '-0.50 %', '-'])
})

test('a length of time is told in its largest two units', () => {
  const cases: readonly (readonly [number | null, string])[] = [
    [-5, '0 ms'],
    [12.4, '12 ms'],
    [1_240, '1.2 s'],
    [12_900, '12 s'],
    [MINUTE, '1 m'],
    [3 * MINUTE + 20_999, '3 m 20 s'],
    [2 * HOUR, '2 h'],
    [5 * DAY + 4 * HOUR + MINUTE, '5 d 4 h'],
    [null, '-'],
  ]
  for (const [ms, text] of cases) assert.is(duration(ms), text)
})

test('moments are UTC, and one that is in no calendar is a dash', () => {
  const time = Date.UTC(2025, 9, 15, 8, 30, 7)
  assert.equal(
    [moment(time), dayAndMinute(time), timeOfDay(time)],
    ['2025-10-15 08:30:07', '10-15 08:30', '08:30:07'],
  )
  assert.equal([moment(null), moment(Number.NaN), moment(1e18)], ['-', '-', '-'])
})

test('a price is written with the decimals of its market', () => {
  assert.equal(
    [
      priceLike(60_123.456, '59000.5'),
      priceLike(0.00001234, '0.00001000'),
      priceLike(5, '4'),
      priceLike(null, '1'),
    ],
    ['60123.5', '0.00001234', '5', '-'],
  )
})

test.run()
