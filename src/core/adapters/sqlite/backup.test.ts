import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { DAY, HOUR } from '../../base/units.ts'
import { backup, backupFolder, dailyBackup, demandSameRows, newestSound, verify } from './backup.ts'
import { Connection } from './connection.ts'
import { copyInto } from './copy.ts'
import {
  batchOf,
  bookRows,
  eventOf,
  heldStore,
  intentOf,
  StoreFolder,
  T0,
  thrown,
  tradeOf,
} from './store.fixture.ts'

const test = suite('backup')
const folder = new StoreFolder()
test.after(() => folder.remove())

function booked(path: string): ReturnType<typeof heldStore> {
  const store = heldStore(path)
  store.commit(
    batchOf({
      rows: bookRows(),
      events: [eventOf(), eventOf()],
      trades: [tradeOf()],
      intents: [intentOf('a')],
    }),
  )
  return store
}

const COUNTS = { signals: 0, intents: 1, orders: 2, positions: 1, trades: 1, events: 2, cooldowns: 1, kv: 5 }

test('a state in use is copied whole, proved, for its owner alone, and nothing of it is locked', () => {
  const path = folder.fresh()
  const store = booked(path)
  const made = backup(path, { now: T0, folder: backupFolder(path) })
  assert.equal(made, {
    path: join(dirname(path), 'backups', 'state-20240726T120000Z.db'),
    schema: 1,
    counts: COUNTS,
    removed: [],
  })
  assert.equal(readdirSync(dirname(made.path)), [basename(made.path)])
  assert.is(statSync(made.path).mode & 0o777, 0o600)
  assert.equal(store.commit(batchOf({ intents: [intentOf('b', { symbol: 'X' })] })), [])
  assert.is(verify(made.path).counts.intents, 1)
  store.close()
})

test('the newest are kept, and what is not a daily backup is never removed', () => {
  const path = folder.fresh()
  booked(path).close()
  const backups = backupFolder(path)
  const kept = ['state-v1-20200101T000000Z.db', 'mine.db']
  backup(path, { now: T0, folder: backups })
  for (const name of kept) writeFileSync(join(backups, name), 'x')
  const names = [1, 2, 3, 3].map(day =>
    basename(backup(path, { now: T0 + day * DAY, folder: backups, keep: 2 }).path),
  )
  assert.is(names[3], 'state-20240729T120000Z-2.db')
  assert.equal(readdirSync(backups).sort(), [...kept, names[2], names[3]].sort())
  const elsewhere = join(folder.path, 'usb', 'copy.db')
  assert.equal(backup(path, { now: T0 + 9 * DAY, folder: backups, target: elsewhere, keep: 1 }).removed, [])
  assert.ok(existsSync(elsewhere))
})

test('one is made a day', () => {
  const path = folder.fresh()
  booked(path).close()
  const options = { folder: backupFolder(path), keep: 3 }
  const made = [0, HOUR, DAY - HOUR, DAY, DAY + HOUR, 2 * DAY, 2 * DAY - 5 * HOUR].map(
    after => dailyBackup(path, { ...options, now: T0 + after }) !== null,
  )
  // The last is a clock that was set back.
  assert.equal(made, [true, false, false, true, false, true, true])
})

test('a backup that is damaged is refused, and a copy that cannot be proved is not kept', () => {
  const path = folder.fresh()
  const store = booked(path)
  const { path: copy } = backup(path, { now: T0, folder: backupFolder(path) })
  const bytes = readFileSync(copy)
  let refused = 0
  for (const [what, change] of [
    ['cut', bytes.subarray(0, bytes.length - 5_000)],
    ['noise', bytes.map((byte, at) => (at > 8_192 && at < 12_000 ? byte ^ 0x55 : byte))],
    ['empty', new Uint8Array(0)],
    ['text', Buffer.from('no database at all, '.repeat(100))],
  ] as const) {
    const bad = join(folder.path, `${what}.db`)
    writeFileSync(bad, change)
    assert.instance(
      thrown(() => verify(bad)),
      StoreError,
      what,
    )
    refused += 1
  }
  assert.is(refused, 4)
  assert.match(String(thrown(() => verify(join(folder.path, 'none.db')))), 'there is no such file')
  // Books that a start could not read: the source itself is no good, and no copy of it counts as a backup.
  const db = new DatabaseSync(path)
  db.exec("UPDATE positions SET record = '{}'")
  db.close()
  const error = thrown(() => backup(path, { now: T0 + DAY, folder: backupFolder(path) }))
  assert.ok(error instanceof StoreError && error.trouble === 'damaged')
  assert.equal(readdirSync(backupFolder(path)), [basename(copy)])
  store.close()
})

test('of several backups the newest sound one is found, with why the others are not', () => {
  const path = folder.fresh()
  booked(path).close()
  const backups = backupFolder(path)
  assert.equal(newestSound(backups), { path: null, refused: [] })
  const made = [0, 1, 2].map(day => backup(path, { now: T0 + day * DAY, folder: backups }).path)
  writeFileSync(made[2], 'x')
  const found = newestSound(backups)
  assert.is(found.path, made[1])
  assert.equal(
    found.refused.map(one => one.path),
    [made[2]],
  )
})

test('a copy that cannot be finished leaves nothing', () => {
  const path = folder.fresh()
  booked(path).close()
  const connection = new Connection(path, { readOnly: true, random: () => 0 })
  const taken = join(folder.path, 'folder.db')
  copyInto(connection, join(taken, 'inner.db'))
  assert.instance(
    thrown(() => copyInto(connection, taken)),
    StoreError,
  )
  assert.equal(
    readdirSync(folder.path).filter(name => name.includes('part')),
    [],
  )
  connection.close()
})

test('a copy that lacks rows of its source is told, with the table', () => {
  const demand = (copy: Partial<typeof COUNTS>, after: Partial<typeof COUNTS>, isStill: boolean): void =>
    demandSameRows(
      'x.db',
      { before: COUNTS, copy: { ...COUNTS, ...copy }, after: { ...COUNTS, ...after } },
      isStill,
    )
  demand({}, {}, true)
  for (const table of ['positions', 'events', 'kv'] as const) {
    for (const rows of [COUNTS[table] - 1, COUNTS[table] + 1]) {
      const error = thrown(() => demand({ [table]: rows }, {}, true))
      assert.ok(error instanceof StoreError && error.trouble === 'damaged')
      assert.match(
        String(error),
        `the copy of the table ${table} has ${rows} rows instead of ${COUNTS[table]}`,
      )
    }
  }
  // While others write, rows come and go; trades only come.
  demand({ positions: 0, trades: 2 }, { trades: 3 }, false)
  assert.instance(
    thrown(() => demand({ trades: 0 }, {}, false)),
    StoreError,
  )
  assert.instance(
    thrown(() => demand({ trades: 4 }, { trades: 3 }, false)),
    StoreError,
  )
})

test.run()
