import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { textTable } from './table.ts'

const test = suite('text table')

test('words are aligned to the left and figures to the right', () => {
  const rows = [
    ['BTCUSDT', 'long', '1,234.5', '7 %'],
    ['XRPUSDT', 'short', '-3', '-'],
    ['SOLUSDT', 'long', '', '12 %'],
  ]
  assert.is(
    textTable(['symbol', 'side', 'price', 'share'], rows),
    [
      'symbol   side     price  share',
      'BTCUSDT  long   1,234.5    7 %',
      'XRPUSDT  short       -3      -',
      'SOLUSDT  long             12 %',
      '',
    ].join('\n'),
  )
})

test('one word in a column of figures makes it a column of words', () => {
  assert.is(textTable(['a'], [['1'], ['none'], ['23']]), 'a\n1\nnone\n23\n')
})

test('empty titles give no head', () => {
  assert.is(
    textTable(
      ['', ''],
      [
        ['trades', '12'],
        ['fees', '3.5'],
      ],
    ),
    'trades   12\nfees    3.5\n',
  )
})

test('no rows give the head alone', () => {
  assert.is(textTable(['a', 'b'], []), 'a  b\n')
})

test('a row with a cell missing or too many keeps its line', () => {
  assert.is(textTable(['a', 'b'], [['x'], ['y', 'z', 'lost']]), 'a  b\nx\ny  z\n')
})

test('a cell cannot break out of its line', () => {
  assert.is(textTable(['a', 'b'], [['x\ny', '\u001b[0m']]), 'a    b\nx y  [0m\n')
})

test.run()
