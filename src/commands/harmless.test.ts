import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { harmless } from './harmless.ts'

const test = suite('harmless')

test('a terminal is never told what to do', () => {
  assert.is(harmless('BTC\u001b[2J\u0007USDT\r\n'), 'BTC [2J USDT')
  assert.is(harmless('\u009b31mred'), '31mred')
})

test('letters of every script stay', () => {
  assert.is(harmless('1000PEPEUSDT – Ω 币'), '1000PEPEUSDT – Ω 币')
})

test.run()
