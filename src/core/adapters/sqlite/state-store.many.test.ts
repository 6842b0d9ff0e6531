import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { unsoundness } from './backup.ts'
import { Connection } from './connection.ts'
import { numberOf } from './sql.ts'
import { StoreFolder } from './store.fixture.ts'
import {
  killWhileWriting,
  lookWhileWriting,
  raceForLease,
  tearLogs,
  writeAtOnce,
  writeUnderLimit,
} from './store-many.fixture.ts'

const test = suite('many processes on one store')
const folder = new StoreFolder()
test.after(() => folder.remove())

test('four processes write 500 transactions, and none is lost or refused', () => writeAtOnce(folder, 125))

test('of four that start at once one holds the lease, 20 times', () => raceForLease(folder, 20))

test('what a killed process had confirmed is there, 6 times', () => killWhileWriting(folder, 6, 1))

test('what lies before a tear of the log is there, 50 times', () => tearLogs(folder, 50, 2))

test('a status is of one moment while another process writes, 50 times', async () => {
  assert.is((await lookWhileWriting(folder, 50)).length, 50)
})

test('a disk that refuses to write is told, and what was written before is sound', async () => {
  const path = folder.fresh()
  const lines = await writeUnderLimit(path, 2_000)
  assert.equal(lines.slice(0, 3), ['io', 'io', 'io'])
  const good = Number(/^(\d+) written, readable true$/.exec(lines[3])?.[1])
  assert.ok(good > 3)
  const connection = new Connection(path, { random: () => 0 })
  assert.is(numberOf(connection, "SELECT count(*) FROM kv WHERE key LIKE 'big-%'"), good)
  assert.equal(unsoundness(connection, true), [])
  connection.close()
})

test.run()
