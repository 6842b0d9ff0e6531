import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readBooks, writeRow } from './books-rows.ts'
import { fieldOf, parsedRow } from './json.ts'
import { TABLES } from './schema.ts'
import { wrongLedger, wrongOrder, wrongPosition } from './shapes.ts'
import { MemoryDatabase } from './sql-js.ts'
import { bookedPosition, bookRows, entryOrder, exitOrder, ledgerOf, thrown } from './store.fixture.ts'

const test = suite('books as rows')

/** A deep copy of a record without one of its leaves, or with a wrong one, for each leaf; with the leaf's path. */
function* spoilt(value: unknown, path: readonly string[] = []): Generator<readonly [string, unknown]> {
  if (typeof value !== 'object' || value === null) return
  for (const name of Object.keys(value)) {
    const inner = fieldOf(value, name)
    const put = (field: unknown): unknown =>
      Array.isArray(value)
        ? value.map((old, i) => (String(i) === name ? field : old))
        : { ...value, [name]: field }
    if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0) {
      for (const [at, field] of spoilt(inner, [...path, name])) yield [at, put(field)]
    }
    yield [[...path, name].join('.'), put(undefined)]
    yield [[...path, name].join('.'), put({ odd: 1 })]
  }
}

test('every field of a record is looked at', () => {
  const cases = [
    [wrongPosition, bookedPosition()],
    [wrongOrder, entryOrder()],
    [wrongOrder, exitOrder()],
    [wrongLedger, ledgerOf()],
  ] as const
  for (const [wrong, sound] of cases) {
    assert.is(wrong(sound, ''), null)
    for (const [at, record] of spoilt(sound)) {
      assert.is.not(wrong(record, ''), null, at)
    }
    for (const odd of [null, 7, 'x', [], undefined]) assert.is.not(wrong(odd, ''), null)
  }
})

test('orders that have ended are looked at where there are any, and may be left out', () => {
  const entry = entryOrder()
  const exit = exitOrder()
  if (entry.kind !== 'entry' || exit.kind !== 'exit') throw new Error('the fixture has other kinds')
  const gone = [
    ['a', { at: 1, entry: entry.entry, order: null }],
    ['b', { at: 1, entry: null, order: exit.order }],
  ] as const
  assert.is(wrongLedger(ledgerOf({ gone }), ''), null)
  for (const [at, record] of spoilt(gone, ['gone'])) {
    assert.is.not(wrongLedger({ ...ledgerOf(), gone: record }, ''), null, at)
  }
  assert.is(wrongLedger({ ...ledgerOf(), gone: { odd: 1 } }, ''), 'gone')
})

test('the plan of a ladder is looked at where there is one, in entry, position and add, and may be left out', () => {
  const rung = { price: 950, steps: 300, filled: 0, margin: 9.5, isDropped: false }
  const ladder = {
    firstEntry: 1_000,
    budget: 10,
    takerFee: 0.00055,
    maxMargin: 80,
    rungs: [rung],
    decided: null,
  }
  const closedAhead = { time: 1, price: 850, steps: 10, fee: 0.1, reason: 'stop' }
  const booked = bookedPosition()
  const order = entryOrder()
  if (order.kind !== 'entry') throw new Error('the fixture has another kind')
  const position = { ...booked, position: { ...booked.position, ladder } }
  assert.is(wrongPosition(position, ''), null)
  assert.is(
    wrongPosition({ ...booked, position: { ...booked.position, ladder: { odd: 1 } } }, ''),
    'position.ladder.firstEntry',
  )
  for (const over of [{ ladder }, { rung: 1 }, { rung: 1, closedAhead }]) {
    assert.is(wrongOrder({ ...order, entry: { ...order.entry, ...over } }, ''), null)
  }
  for (const [at, record] of spoilt(ladder)) {
    assert.is.not(wrongOrder({ ...order, entry: { ...order.entry, ladder: record } }, ''), null, at)
  }
  for (const [at, record] of spoilt(closedAhead)) {
    assert.is.not(wrongOrder({ ...order, entry: { ...order.entry, closedAhead: record } }, ''), null, at)
  }
  assert.is.not(wrongOrder({ ...order, entry: { ...order.entry, rung: 'one' } }, ''), null)
})

test('an add is called so in the column that is for people', async () => {
  const order = entryOrder()
  if (order.kind !== 'entry') throw new Error('the fixture has another kind')
  const database = await MemoryDatabase.empty()
  database.exec(TABLES.orders)
  writeRow(database, { table: 'orders', key: 'a', value: order })
  writeRow(database, { table: 'orders', key: 'b', value: { ...order, entry: { ...order.entry, rung: 0 } } })
  assert.equal(database.all('SELECT leg FROM orders ORDER BY key'), [{ leg: 'entry' }, { leg: 'add-1' }])
  database.close()
})

test('5-minute candles that were decided on are looked at where there are any, and may be left out', () => {
  assert.is(wrongLedger(ledgerOf({ decided5: [['BTCUSDT', 1]] }), ''), null)
  for (const odd of [{ odd: 1 }, [['BTCUSDT']], [[1, 'BTCUSDT']], ['BTCUSDT']]) {
    assert.ok(wrongLedger({ ...ledgerOf(), decided5: odd }, '')?.startsWith('decided5'), JSON.stringify(odd))
  }
})

test('books cross from one engine’s rows into the same books', async () => {
  const database = await MemoryDatabase.empty()
  for (const table of Object.values(TABLES)) database.exec(table)
  assert.is(readBooks(database), null)
  for (const row of bookRows()) writeRow(database, row)
  assert.equal(readBooks(database)?.positions, [bookedPosition()])
  assert.equal(readBooks(database)?.counts, { errors: 2 })
  // Counts decide nothing: odd ones are none.
  writeRow(database, { table: 'kv', key: 'counts', value: { errors: 'many' } })
  assert.equal(readBooks(database)?.counts, {})
  // A record in which nothing can be read for the columns is kept whole all the same.
  writeRow(database, {
    table: 'positions',
    key: 'odd',
    value: { position: { instrument: { step: 7 }, steps: -1 } },
  })
  writeRow(database, { table: 'orders', key: 'odd', value: 'odd' })
  assert.equal(database.all("SELECT symbol, qty, stop, entry FROM positions WHERE key = 'odd'"), [
    { symbol: null, qty: null, stop: null, entry: null },
  ])
  assert.match(String(thrown(() => readBooks(database))), 'table positions, row odd')
  database.close()
})

test('a text that is no JSON names its row', () => {
  for (const text of ['{', '', null, 7])
    assert.match(String(thrown(() => parsedRow('kv', 'a', text))), 'table kv, row a')
  assert.is(fieldOf({ a: { b: 1 } }, 'a', 'b'), 1)
  assert.is(fieldOf({ a: 1 }, 'a', 'b'), undefined)
  assert.is(fieldOf({}, 'constructor'), undefined)
})

test.run()
