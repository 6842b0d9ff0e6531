import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError, StoreError } from '../../base/errors.ts'
import { DAY } from '../../base/units.ts'
import { backup, backupFolder } from './backup.ts'
import { portableDatabase } from './portable.ts'
import type { StateStore } from './state-store.ts'
import { openCopy, openStatus, type StatusView } from './status-reader.ts'
import {
  batchOf,
  bookedPosition,
  bookRows,
  eventOf,
  heldStore,
  ledgerOf,
  SELF,
  StoreFolder,
  T0,
  thrown,
  tradeOf,
} from './store.fixture.ts'

const test = suite('status reader')
const folder = new StoreFolder()
test.after(() => folder.remove())

const SNAPSHOT = { at: T0, positions: [] }

function booked(path: string): StateStore {
  const store = heldStore(path)
  const trades = [
    tradeOf({ id: 'old', closedAt: T0 - DAY, net: -3, fees: 0.5, funding: 0 }),
    tradeOf({ id: 'a' }),
    tradeOf({ id: 'b', net: -0.25, closedAt: T0 + 1 }),
  ]
  const events = [1, 2, 3].flatMap(n => [
    eventOf({ kind: 'refused', reason: `no ${n}` }),
    eventOf({ reason: `yes ${n}` }),
  ])
  store.commit(batchOf({ rows: bookRows(), trades, events }))
  store.write('snapshot', SNAPSHOT)
  store.enqueue({ id: 'q', command: { kind: 'pause', by: 'x', reason: '' } }, T0)
  return store
}

function look(path: string): StatusView {
  const source = openStatus(path)
  if (source === null) throw new Error('nothing there')
  const view = source.status(T0, 2)
  source.close()
  return view
}

test('everything that a status shows is read in one view', () => {
  const path = folder.fresh()
  const store = booked(path)
  const view = look(path)
  assert.equal(view.ledger, ledgerOf())
  assert.equal(view.positions, [bookedPosition()])
  assert.is(view.orders.length, 2)
  assert.equal(view.cooldowns, [['grid:BTCUSDT', T0 + 0.5]])
  assert.equal(view.snapshot, SNAPSHOT)
  assert.is(view.lease?.holder?.pid, SELF.pid)
  assert.equal(view.today, { count: 2, won: 1, net: 0.6, fees: 0.2, funding: -0.1 })
  assert.equal(view.total, { count: 3, won: 1, net: -2.4, fees: 0.7, funding: -0.1 })
  assert.equal(
    view.events.map(({ reason }) => reason),
    ['yes 3', 'yes 2'],
  )
  assert.equal(
    view.refusals.map(({ reason }) => reason),
    ['no 3', 'no 2'],
  )
  assert.is(view.schema, 1)
  assert.is(view.counts.events, 6)
  assert.is(view.queued, 1)
  store.close()
})

test('it sees every commit as soon as it is made, and stops no writer', () => {
  const path = folder.fresh()
  const store = booked(path)
  const source = openStatus(path)
  let looks = 0
  for (let i = 0; i < 200; i += 1) {
    store.commit(
      batchOf({
        rows: [{ table: 'kv', key: 'books', value: ledgerOf({ executedAt: i }) }],
        events: [eventOf({ kind: 'refused', reason: `at ${i}` })],
        isAhead: i % 10 === 0,
      }),
    )
    const view = source?.status(T0, 1)
    assert.is(view?.ledger?.executedAt, i)
    assert.is(view?.refusals[0].reason, `at ${i}`)
    looks += 1
  }
  assert.is(looks, 200)
  assert.is(store.busy, 0)
  source?.close()
  store.close()
})

test('the bytes of a backup and those of the live file say the same as the file', async () => {
  const path = folder.fresh()
  const store = booked(path)
  const { path: copy } = backup(path, { now: T0, folder: backupFolder(path) })
  const fromBackup = await openCopy(readFileSync(copy), copy)
  assert.not(fromBackup.isWithoutLog)
  assert.equal(fromBackup.status(T0, 2), look(path))
  assert.equal(fromBackup.query('SELECT count(*) AS n FROM trades WHERE net > ?', 0), [{ n: 1 }])
  fromBackup.close()
  store.checkpoint()
  store.close()
  // A live file that was copied as it lies says that its log was not.
  const again = heldStore(path, { isAlive: () => false })
  again.checkpoint()
  const bytes = readFileSync(path)
  assert.is(bytes[18], 2)
  const fromFile = await openCopy(bytes, path)
  assert.ok(fromFile.isWithoutLog)
  assert.equal(fromFile.status(T0, 2), look(path))
  assert.is(bytes[18], 2)
  fromFile.close()
  again.close()
})

test('what is not there is null, and what is not a state is refused by name', async () => {
  assert.is(openStatus(folder.fresh()), null)
  const empty = join(folder.path, 'empty.db')
  writeFileSync(empty, '')
  assert.is(openStatus(empty), null)
  const results = await portableDatabase({ trades: [], events: [], summary: {}, origin: 'x' })
  const refused = await openCopy(results, 'results.db').catch((error: unknown) => error)
  assert.match(String(refused), 'results.db: it is not a state of bbw')
  assert.instance(await openCopy(Buffer.from('x'), 'x').catch((error: unknown) => error), DataError)
  const noise = join(folder.path, 'noise.db')
  writeFileSync(noise, 'x'.repeat(5_000))
  const error = thrown(() => openStatus(noise))
  assert.ok(error instanceof StoreError && error.trouble === 'damaged')
})

test('a snapshot that is none is damage', () => {
  const path = folder.fresh()
  const store = booked(path)
  store.write('snapshot', { at: 'noon' })
  const error = thrown(() => look(path))
  assert.ok(error instanceof StoreError && error.trouble === 'damaged')
  store.close()
})

test.run()
