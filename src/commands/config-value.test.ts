import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { valueFor } from './config-value.ts'

const test = suite('values of variables')

test('a text becomes what the place takes', () => {
  const cases: readonly (readonly [standard: unknown, text: string, value: unknown])[] = [
    [1, '5', 5],
    [1, ' -0.5e-3 ', -0.0005],
    [1, '.5', 0.5],
    [1, '"5"', '5'],
    [1, 'lots', 'lots'],
    [1, '0x10', '0x10'],
    [1, '', ''],
    [1, 'null', null],
    [null, '~', null],
    [null, '20', 20],
    [null, '/var/log/bbw.log', '/var/log/bbw.log'],
    [true, 'false', false],
    [true, 'true', true],
    [true, 'yes', 'yes'],
    ['info', 'warn', 'warn'],
    ['info', "'5'", '5'],
    [['A'], '[BTC, "ETH" , 1INCH]', ['BTC', 'ETH', '1INCH']],
    [['A'], 'BTC,ETH', ['BTC', 'ETH']],
    [['A'], '[]', []],
    [['A'], '[BTC', '[BTC'],
    [undefined, '5', 5],
    [undefined, 'x', 'x'],
  ]
  for (const [standard, text, value] of cases) assert.equal(valueFor(standard, text), value, text)
})

test.run()
