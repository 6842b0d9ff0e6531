import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { checkState } from './check.ts'
import { ensureFolder } from './files.ts'
import { batchOf, bookRows, eventOf, heldStore, StoreFolder, thrown } from './store.fixture.ts'

const test = suite('check')
const folder = new StoreFolder()
test.after(() => folder.remove())

function booked(): string {
  const path = folder.fresh()
  const store = heldStore(path)
  store.commit(batchOf({ rows: bookRows(), events: [eventOf(), eventOf()] }))
  store.close()
  return path
}

test('a sound state has nothing wrong, in use or not', () => {
  const path = booked()
  const { schema, counts, wrong } = checkState(path)
  assert.equal([schema, counts?.events, counts?.positions, wrong], [1, 2, 1, []])
  const store = heldStore(path, { isAlive: () => false })
  assert.equal(checkState(path).wrong, [])
  store.close()
})

test('everything that is wrong is told at once, in words', () => {
  const path = booked()
  const db = new DatabaseSync(path)
  db.exec(`UPDATE events SET record = replace(record, 'for a test', 'other') WHERE seq = 2;
           UPDATE positions SET record = '{}'`)
  db.close()
  const { wrong } = checkState(path)
  assert.is(wrong.length, 2)
  assert.match(wrong[0], 'events, row 2: it was changed')
  assert.match(wrong[1], 'table positions, row BTCUSDT:long')
})

test('an index that does not fit its table is found', () => {
  const path = booked()
  const db = new DatabaseSync(path, {})
  db.enableDefensive(false)
  db.exec(`PRAGMA writable_schema = 1;
    UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'intents_queue')
    WHERE name = 'events_kind'`)
  db.close()
  assert.ok(checkState(path).wrong.length > 0)
})

test('a file that is no database is a finding, one that is not there or not of bbw is refused', () => {
  const path = folder.fresh()
  ensureFolder(dirname(path))
  assert.match(String(thrown(() => checkState(path))), 'there is no state yet')
  writeFileSync(path, 'x'.repeat(5_000))
  assert.match(checkState(path).wrong[0], 'not a database')
  const foreign = folder.fresh()
  ensureFolder(dirname(foreign))
  const db = new DatabaseSync(foreign)
  db.exec('CREATE TABLE a (b)')
  db.close()
  const error = thrown(() => checkState(foreign))
  assert.instance(error, StoreError)
  assert.match(String(error), 'not a state of bbw')
})

test.run()
