import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { verify } from './backup.ts'
import { Connection } from './connection.ts'
import { MIGRATIONS, type Migration, migrate, schemaVersion } from './migrations.ts'
import { numberOf } from './sql.ts'
import { StateStore } from './state-store.ts'
import { batchOf, bookRows, heldStore, optionsOf, StoreFolder, T0, thrown } from './store.fixture.ts'

const test = suite('migrations')
const folder = new StoreFolder()
test.after(() => folder.remove())

const SECOND: Migration = {
  version: 2,
  up: writer => {
    writer.exec('ALTER TABLE cooldowns ADD COLUMN why TEXT')
    writer.run("UPDATE cooldowns SET why = 'upgraded'")
  },
}
const THIRD: Migration = { version: 3, up: writer => writer.exec('CREATE TABLE extra (a TEXT) STRICT') }
const FAILING: Migration = {
  version: 3,
  up: writer => {
    writer.exec('DROP TABLE cooldowns')
    writer.exec('CREATE TABLE oops (')
  },
}

/** A state of the first version with books in it. */
function booked(): string {
  const path = folder.fresh()
  const store = heldStore(path)
  store.commit(batchOf({ rows: bookRows() }))
  store.release()
  store.close()
  return path
}

function upgrade(path: string, migrations: readonly Migration[], inUse: string | null = null): unknown {
  const connection = new Connection(path, { random: () => 0 })
  try {
    return migrate(connection, {
      now: T0,
      backups: join(dirname(path), 'backups'),
      inUse: () => inUse,
      migrations,
    })
  } finally {
    connection.close()
  }
}

test('a state of an earlier version is backed up, then upgraded over all steps in between', () => {
  const path = booked()
  const backup = join(dirname(path), 'backups', 'state-v1-20240726T120000Z.db')
  const steps = [...MIGRATIONS, SECOND, THIRD]
  assert.equal(upgrade(path, steps), { code: 'I709', from: 1, to: 3, backup })
  assert.equal(verify(backup).schema, 1)
  assert.is(verify(backup).counts.positions, 1)
  const connection = new Connection(path, { readOnly: true, random: () => 0 })
  assert.is(schemaVersion(connection), 3)
  assert.equal(
    connection.all('SELECT why FROM cooldowns').map(row => row.why),
    ['upgraded'],
  )
  assert.is(numberOf(connection, 'SELECT count(*) FROM extra'), 0)
  connection.close()
  assert.is(upgrade(path, steps), null)
  assert.equal(readdirSync(dirname(backup)), ['state-v1-20240726T120000Z.db'])
})

test('a step that fails leaves the state as it was, with its backup beside it', () => {
  const path = booked()
  let failed = 0
  for (let round = 0; round < 3; round += 1) {
    assert.instance(
      thrown(() => upgrade(path, [...MIGRATIONS, SECOND, FAILING])),
      StoreError,
    )
    failed += 1
    assert.is(verify(path).schema, 1)
    assert.is(verify(path).counts.cooldowns, 1)
  }
  assert.is(failed, 3)
  assert.is(readdirSync(join(dirname(path), 'backups')).length, 3)
  const store = StateStore.open(path, optionsOf())
  assert.is(store.loadBooks()?.positions.length, 1)
  store.close()
})

test('a state of a later bbw is refused with what to do, and not touched', () => {
  const path = booked()
  upgrade(path, [...MIGRATIONS, SECOND])
  const error = thrown(() => StateStore.open(path, optionsOf()))
  assert.instance(error, StoreError)
  assert.match(String(error), 'of a later bbw (schema 2, this bbw knows 1)')
  assert.match(String(error instanceof StoreError && error.remedy), 'update bbw')
  const db = new DatabaseSync(path)
  assert.is(db.prepare('PRAGMA user_version').get()?.user_version, 2)
  db.close()
})

test('a state that another process uses is not upgraded under it', () => {
  const path = booked()
  const error = thrown(() => upgrade(path, [...MIGRATIONS, SECOND], 'process 7 on here'))
  assert.ok(error instanceof StoreError && error.trouble === 'busy')
  assert.match(String(error), 'process 7 on here uses it')
  assert.is(verify(path).schema, 1)
  assert.not(existsSync(join(dirname(path), 'backups')))
})

test('the versions count up from 1 without a gap', () => {
  assert.equal(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, index) => index + 1),
  )
})

test.run()
