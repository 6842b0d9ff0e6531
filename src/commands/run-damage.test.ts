/** Whole processes on one folder: those whose state is damaged, and what they say on standard error. */
import { cpSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Connection } from '../core/adapters/sqlite/connection.ts'
import { MIGRATIONS, migrate, schemaVersion } from '../core/adapters/sqlite/migrations.ts'
import type { Writer } from '../core/adapters/sqlite/sql.ts'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { random } from '../core/base/random.ts'
import {
  BUSY,
  codesSaid,
  enteredIn,
  FAST,
  inDatabase,
  Loops,
  rewritten,
  type Started,
} from './started.fixture.ts'

const test = suite('a damaged state')
const loops = new Loops()
const { processes } = loops
const fresh = (): string => loops.fresh()
const run = (data: string, ...words: readonly string[]): Started => loops.run(data, ...words)

test.after(() => loops.end())

test('H7: a state with flipped bytes is put aside, its backup restored, and entries wait for a person', async () => {
  const data = fresh()
  // Not at full speed: a loop makes its backup once it has run for a moment.
  assert.is((await run(data, ...BUSY, '--until', '2024-07-20').ended).code, 0)
  const chance = random(3)
  let injected = 0
  rewritten(join(data, 'state.db'), bytes => {
    // Past the header, so that it is still taken for a database.
    for (; injected < 4_000; injected += 1) {
      bytes[100 + chance.int(bytes.length - 100)] ^= 1 + chance.int(255)
    }
    return bytes
  })
  const again = await run(data, ...FAST, '--until', '2024-08-01').ended
  assert.is(injected, 4_000)
  assert.is(again.code, 0, again.err)
  assert.match(again.err, /C807 the state was damaged; \S+state-\w+\.db was restored/)
  assert.ok(readdirSync(data).some(name => /^state-damaged-\w+\.db$/.test(name)))
  assert.ok(codesSaid(again.err).includes('I705'))
  assert.is(enteredIn(again.out), 0, 'entries are halted')
  const { code } = await processes.start(['trade', 'resume', '--data-dir', data]).ended
  assert.is(code, 0)
  const resumed = await run(data, ...FAST, '--until', '2024-09-01').ended
  assert.is(resumed.code, 0)
  assert.ok(enteredIn(resumed.out) > 0, 'and go on once a person has said so')
})

test('H7: without any backup what bbw has opened is still its own, and a build that keeps its name nowhere is found out', async () => {
  const data = fresh()
  const loop = run(data, ...BUSY)
  await loop.says(/(?:"kind":"filled"[\s\S]*){8}/, 'out')
  await loop.kill()
  const held = inDatabase(join(data, 'state.db'), db => db.prepare('SELECT key FROM positions').all())
  assert.ok(held.length > 0)
  /** What is told of positions that the books have lost. */
  const told = async (folder: string): Promise<readonly string[]> => {
    rewritten(join(folder, 'state.db'), () => Buffer.from('garbage '.repeat(1_000)))
    for (const name of ['state.db-wal', 'state.db-shm', 'backups'])
      rmSync(join(folder, name), { recursive: true, force: true })
    const { code, out, err } = await run(folder, ...FAST, '--until', '2024-09-01').ended
    assert.is(code, 0, err)
    assert.match(err, 'C807 the state was damaged and there was no sound backup')
    assert.is(enteredIn(out), 0, 'entries are halted')
    return [...new Set(codesSaid(err))].filter(one => ['W303', 'W316', 'C305'].includes(one))
  }
  const nameless = fresh()
  cpSync(data, nameless, { recursive: true })
  rmSync(join(nameless, 'state.instance'))
  assert.equal(await told(data), ['W316'])
  assert.ok((await told(nameless)).includes('W303'))
})

test('H7: a state whose log was deleted is compared with the exchange', async () => {
  const data = await loops.killed()
  const injected = statSync(join(data, 'state.db-wal')).size
  for (const suffix of ['-wal', '-shm']) rmSync(join(data, `state.db${suffix}`), { force: true })
  assert.ok(injected > 0)
  const { code, err } = await run(data, ...FAST, '--until', '2024-09-01').ended
  assert.is(code, 0, err)
  assert.match(err, /I705|C807/)
  // What was opened since the last checkpoint is not known any more: then a person has to look.
  if (codesSaid(err).includes('W303')) assert.match(err, 'C807')
})

test('H7: a state that is older than the last run is told from what the exchange knows, and entries wait', async () => {
  const data = fresh()
  assert.is((await run(data, ...FAST, '--until', '2024-06-19T00:10Z').ended).code, 0)
  const path = join(data, 'state.db')
  const old = readFileSync(path)
  const loop = run(data, ...BUSY)
  // What was sent before is known; some of what has filled by then was not.
  await loop.says(/(?:"kind":"filled"[\s\S]*){8}/, 'out')
  await loop.kill()
  // As if its log had never been written back: the file as it was, without what came after.
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  rewritten(path, () => old)
  const { code, out, err } = await run(data, ...FAST, '--until', '2024-09-01').ended
  assert.is(code, 0, err)
  assert.match(err, 'C807 the books are older than the last run')
  assert.ok(codesSaid(err).includes('I705'), 'it was compared all the same')
  assert.is(enteredIn(out), 0)
})

test('H7: a log that is torn at its end loses no more than its end, and the loop recovers', async () => {
  const data = await loops.killed()
  const chance = random(5)
  let injected = 0
  for (let nth = 0; nth < 2; nth += 1) {
    const copy = fresh()
    cpSync(data, copy, { recursive: true })
    rmSync(join(copy, 'state.db-shm'), { force: true })
    rewritten(join(copy, 'state.db-wal'), bytes => {
      injected += 1
      // In the last two commits: a tear through the whole of it is as good as its loss.
      return bytes.subarray(0, bytes.length - 1 - chance.int(8_000))
    })
    const { code, err } = await run(copy, ...FAST, '--until', '2024-09-01').ended
    assert.is(code, 0, err)
    assert.match(err, /I705 \d+ positions and \d+ entries as at the exchange/)
  }
  assert.is(injected, 2)
})

test('H9: an SQLite that can damage logs, and a network file system, are refused in words', async () => {
  const { failureOf } = await import('./failures.ts')
  let injected = 0
  for (const over of [{ sqliteVersion: '3.49.0' }, { fileSystemType: () => 0x6969 }]) {
    const data = fresh()
    try {
      const options = { now: 0, random: () => 0, origin: 'sim', ...over }
      StateStore.open(join(data, 'state.db'), options)
      assert.unreachable()
    } catch (error) {
      const { code, lines } = failureOf(error, false)
      injected += 1
      assert.is(code, 1)
      assert.ok(lines[0].startsWith('C809'))
      assert.match(lines[1], 'use the Node that bbw brings, and a folder on a local disk')
    }
  }
  assert.is(injected, 2)
})

test('G9: a state of an earlier bbw, with open positions, is upgraded beside a backup of it, and says so', async () => {
  const data = await loops.killed()
  const path = join(data, 'state.db')
  const connection = new Connection(path, { random: () => 0 })
  const later = { version: 2, up: (writer: Writer) => void writer.run('CREATE TABLE later (a TEXT) STRICT') }
  try {
    const rows = (): unknown => connection.all('SELECT * FROM positions ORDER BY key')
    const before = rows()
    const upgrade = migrate(connection, {
      now: Date.now(),
      backups: join(data, 'backups'),
      inUse: () => null,
      migrations: [...MIGRATIONS, later],
    })
    assert.is(upgrade?.code, 'I709')
    assert.is(schemaVersion(connection), 2)
    assert.equal(rows(), before)
    const backup = new Connection(upgrade?.backup ?? '', { readOnly: true, random: () => 0 })
    assert.is(schemaVersion(backup), 1)
    assert.equal(backup.all('SELECT * FROM positions ORDER BY key'), before)
    backup.close()
  } finally {
    connection.close()
  }
})

test('G9: a state of a later bbw is refused with what to do, and not touched', async () => {
  const data = fresh()
  assert.is((await run(data, ...FAST, '--until', '2024-06-25').ended).code, 0)
  const path = join(data, 'state.db')
  inDatabase(path, db => db.exec('PRAGMA user_version = 99'))
  const before = readFileSync(path)
  const { code, err } = await run(data, ...FAST).ended
  assert.is(code, 1)
  assert.match(err, 'it is of a later bbw (schema 99')
  assert.match(err, 'update bbw')
  assert.equal(readFileSync(path), before)
})

test.run()
