import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeBatch, writeTrade } from './batch.ts'
import { readKey, writeKey } from './kv.ts'
import { TABLES } from './schema.ts'
import { first, numberOf } from './sql.ts'
import { MemoryDatabase } from './sql-js.ts'
import { batchOf, intentOf, tradeOf } from './store.fixture.ts'

const test = suite('batch')

async function tables(): Promise<MemoryDatabase> {
  const database = await MemoryDatabase.empty()
  for (const table of Object.values(TABLES)) database.exec(table)
  return database
}

test('an intent is written with its request, its token and the time of its batch', async () => {
  const database = await tables()
  const intent = intentOf('a')
  assert.equal(writeBatch(database, batchOf({ at: 5.4, intents: [intent] }), 9, 'sim'), [])
  const row = first(database, 'SELECT * FROM intents')
  assert.equal(row, {
    id: 'a',
    kind: 'order',
    state: 'pending',
    symbol: 'BTCUSDT',
    side: 'long',
    purpose: 'entry',
    signal_id: 'signal of a',
    request: JSON.stringify(intent.order),
    reason: '',
    created_at: 5,
    changed_at: 5,
    token: 9,
  })
  database.close()
})

test('a trade that is told again is one, and one with other figures is another', async () => {
  const database = await tables()
  const trade = tradeOf()
  for (const one of [trade, trade, { ...trade, net: 7 }, { ...trade, net: 7 }, { ...trade, net: 8 }, trade]) {
    writeTrade(database, one, 'sim')
  }
  assert.is(numberOf(database, 'SELECT count(*) FROM trades'), 3)
  assert.is(numberOf(database, 'SELECT total(net) FROM trades'), 15.85)
  database.close()
})

test('a key of kv is set, read and removed', async () => {
  const database = await tables()
  writeKey(database, 'a', [1])
  writeKey(database, 'a', [2])
  assert.equal(readKey(database, 'a'), [2])
  writeKey(database, 'a', null)
  assert.is(readKey(database, 'a'), undefined)
  assert.is(first(database, 'SELECT * FROM kv'), undefined)
  assert.is(numberOf(database, 'SELECT key FROM kv'), 0)
  database.close()
})

test.run()
