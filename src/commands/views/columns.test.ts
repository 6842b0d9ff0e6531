import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Column, table } from './columns.ts'
import { lineWidth, textOf } from './line.ts'

const test = suite('columns')
const COLUMNS: readonly Column[] = [
  { title: 'symbol', least: 4 },
  { title: 'pnl', isFigure: true },
  { title: 'age', isFigure: true, gives: 2 },
  { title: 'reason', least: 6, gives: 1 },
]
const ROWS = [
  [{ text: 'BTCUSDT' }, { text: '+3.20' }, { text: '5 h' }, { text: 'below the lower band' }],
  [{ text: 'ADAUSDT' }, { text: '-12.00' }, { text: '12 h' }, { text: 'short' }],
]

function drawn(width: number): readonly string[] {
  const { head, rows } = table(COLUMNS, ROWS, width, 2, '…')
  return [head, ...rows].map(textOf)
}

test('a table with room is as wide as its texts, figures to the right', () => {
  assert.equal(drawn(80), [
    'symbol      pnl   age  reason',
    'BTCUSDT   +3.20   5 h  below the lower band',
    'ADAUSDT  -12.00  12 h  short',
  ])
})

test('columns that may be cut are cut, then those that may give way do', () => {
  assert.equal(drawn(36), [
    'symbol      pnl   age  reason',
    'BTCUSDT   +3.20   5 h  below the lo…',
    'ADAUSDT  -12.00  12 h  short',
  ])
  assert.equal(drawn(25), ['symbol      pnl  reason', 'BTCUSDT   +3.20  below t…', 'ADAUSDT  -12.00  short'])
  assert.equal(table(COLUMNS, ROWS, 25, 2, '…').left, ['age'])
  assert.equal(drawn(13), ['symb…     pnl', 'BTCU…   +3.20', 'ADAU…  -12.00'])
  assert.equal(table(COLUMNS, ROWS, 13, 2, '…').left, ['age', 'reason'])
})

test('a column can be cut after some have given way and before others do', () => {
  const late = [{ ...COLUMNS[0], cutAt: 2 }, ...COLUMNS.slice(1, 3), { title: 'reason', gives: 3 }]
  const told = (width: number): string => textOf(table(late, ROWS, width, 2, '…').rows[0])
  assert.is(told(45), 'BTCUSDT   +3.20   5 h  below the lower band')
  assert.is(told(20), 'BTCUSDT   +3.20')
  const early = [{ ...COLUMNS[0], cutAt: 3 }, ...late.slice(1)]
  assert.is(textOf(table(early, ROWS, 18, 2, '…').rows[0]), 'BTC…   +3.20   5 h')
})

test('no line is ever wider than its room', () => {
  for (let width = 0; width <= 60; width += 1) {
    const { head, rows } = table(COLUMNS, ROWS, width, 2, '…')
    for (const line of [head, ...rows])
      assert.ok(lineWidth(line) <= Math.max(width, 2), `${width}: ${textOf(line)}`)
  }
})

test.run()
