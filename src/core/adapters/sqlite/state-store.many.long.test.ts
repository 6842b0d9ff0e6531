import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './store.fixture.ts'
import {
  killWhileWriting,
  lookWhileWriting,
  raceForLease,
  tearLogs,
  writeAtOnce,
} from './store-many.fixture.ts'

const test = suite('many processes on one store, for long')
const folder = new StoreFolder()
test.after(() => folder.remove())

test('four processes write 40,000 transactions, and none is lost or refused', () =>
  writeAtOnce(folder, 10_000))

test('of four that start at once one holds the lease, 1,000 times', () => raceForLease(folder, 1_000))

test('what a killed process had confirmed is there, 100 times', () => killWhileWriting(folder, 100, 3))

test('what lies before a tear of the log is there, 1,000 times', () => tearLogs(folder, 1_000, 4))

test('a status answers within 200 ms while another process writes, 500 times', async () => {
  const took = await lookWhileWriting(folder, 500)
  assert.ok(Math.max(...took) < 200, `the slowest took ${Math.max(...took).toFixed(1)} ms`)
})

test.run()
