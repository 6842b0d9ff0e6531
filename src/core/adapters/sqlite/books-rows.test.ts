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
