import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { loosePageOf } from './loose-rows.ts'
import { positionRow } from './mapper-orders.ts'
import { POSITION } from './rows.fixture.ts'

const test = suite('loose rows')

const pageOf = (...list: readonly unknown[]) => loosePageOf({ category: 'linear', list }, positionRow)

test('a row that cannot be read is told by its symbol, field and value, and hides no other', () => {
  const { category, next, items, spoilt } = pageOf(
    { ...POSITION, size: 'x' },
    { ...POSITION, symbol: 'ETHUSDT' },
  )
  assert.equal([category, next, items.map(({ symbol }) => symbol)], ['linear', null, ['ETHUSDT']])
  const reason = 'result.list[0].size has to be a decimal number and is "x"'
  assert.equal(spoilt, [{ symbol: 'BTCUSDT', reason }])
})

test('where the symbol is none either, or the row is none at all, nobody knows whose it is', () => {
  for (const row of [{ ...POSITION, size: 'x', symbol: 'Buy' }, 7, null, [], {}]) {
    assert.equal(
      pageOf(row).spoilt.map(({ symbol }) => symbol),
      [null],
    )
  }
})

test('a page that is none is an error, as before', () => {
  for (const page of [null, {}, { list: {} }])
    assert.throws(
      () => loosePageOf(page, positionRow),
      (error: unknown) => error instanceof DataError,
    )
})

test.run()
