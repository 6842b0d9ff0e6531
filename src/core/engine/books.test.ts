import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isWorthWriting, RowChanges, rowsOf } from './books.ts'
import { Desk, gridSignal, placed } from './desk.fixture.ts'

const test = suite('books')

test('the books are a row for each position, order and cooldown, one for the ledger and one for the counts', () => {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  desk.open(gridSignal())
  const [pending] = placed(desk.propose(gridSignal('ADAUSDT')))
  const rows = rowsOf(desk.engine.books()).map(row => `${row.table}/${row.key}`)
  assert.ok(rows.includes('positions/SOLUSDT:long'))
  assert.ok(rows.includes(`orders/${pending.clientOrderId}`))
  assert.equal(
    rows.filter(row => row.startsWith('kv/')),
    ['kv/books', 'kv/counts'],
  )
})

test('only what has changed is told, until it is kept, and what is gone is told as null', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const changes = new RowChanges()
  assert.ok(changes.of(desk.engine.books()).length > 0)
  assert.ok(changes.of(desk.engine.books()).length > 0, 'not kept: told again')
  changes.keep()
  assert.equal(changes.of(desk.engine.books()), [])
  const [order] = placed(desk.propose(gridSignal()))
  assert.ok(changes.of(desk.engine.books()).some(row => row.key === order.clientOrderId))
  changes.keep()
  desk.order(order.clientOrderId, 'rejected', 'no')
  const gone = changes.of(desk.engine.books()).find(row => row.key === order.clientOrderId)
  assert.equal(gone, { table: 'orders', key: order.clientOrderId, value: null })
})

test('counts alone are no reason to write', () => {
  assert.is(isWorthWriting([{ table: 'kv', key: 'counts', value: {} }]), false)
  assert.is(isWorthWriting([{ table: 'kv', key: 'books', value: {} }]), true)
  assert.is(isWorthWriting([]), false)
})

test.run()
