import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { harmless } from './harmless.ts'

const test = suite('harmless')

test('a terminal is never told what to do', () => {
  assert.is(harmless('BTC\u001b[2J\u0007USDT\r\n'), 'BTC [2J USDT')
  assert.is(harmless('\u009b31mred'), '31mred')
})

test('what turns the direction of writing or cannot be seen is taken out', () => {
  assert.is(harmless('BTC\u202e\u2066321\u2069USDT'), 'BTC 321 USDT')
  assert.is(harmless('one\u2028two\u200bthree\ufeff'), 'one two three')
})

test('letters of every script stay', () => {
  assert.is(harmless('1000PEPEUSDT – Ω 币'), '1000PEPEUSDT – Ω 币')
})

test.run()
