import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../../../base/units.ts'
import { instrument } from '../exchange.fixture.ts'
import { parseAmount } from './amount.fixture.ts'
import { amountOf, amountText, partOf, shareOf, usdtOf, worthOf } from './amount.ts'

const test = suite('amounts')

test('an amount is the nearest hundred-millionth, and reads back as it was written', () => {
  assert.is(amountOf(1.5), 150_000_000n)
  assert.is(amountOf(-0.000000015), -2n)
  assert.is(amountOf(1e-7), 10n)
  assert.is(amountText(amountOf(-12.3456)), '-12.3456')
  assert.is(amountText(0n), '0')
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), amount => {
      assert.is(parseAmount(amountText(amount)), amount)
    }),
    { seed: 20260401 },
  )
})

test('what steps are worth is exact', () => {
  // 1,234 ticks of 0.1 times 7 steps of 0.001.
  assert.is(amountText(worthOf(instrument, 1_234 as Ticks, 7 as Steps)), '0.8638')
  assert.is(usdtOf(worthOf(instrument, 1_234 as Ticks, 7 as Steps)), 0.8638)
})

test('a share and a part are rounded to the nearest, a half away from zero', () => {
  assert.is(shareOf(amountOf(100), 0.00055), amountOf(0.055))
  assert.is(shareOf(-1n, 0.5), -1n)
  assert.is(partOf(10n, 1, 3), 3n)
  assert.is(partOf(-10n, 1, 4), -3n)
})

test('a number with more decimals than an amount has is refused', () => {
  assert.throws(() => parseAmount('0.123456789'))
  assert.throws(() => parseAmount('1e3'))
})

test.run()
