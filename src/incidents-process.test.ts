import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bbw, dailyFixtures, Folder } from './commands/world.fixture.ts'
import { marketsOf, simulate } from './core/adapters/sim/market.fixture.ts'
import { Connection } from './core/adapters/sqlite/connection.ts'
import { ensureFolder } from './core/adapters/sqlite/files.ts'
import { MIGRATIONS, type Migration, migrate, schemaVersion } from './core/adapters/sqlite/migrations.ts'
import { SqliteSimJournal } from './core/adapters/sqlite/sim-journal.ts'
import { StateStore } from './core/adapters/sqlite/state-store.ts'
import { batchOf, bookRows, heldStore, StoreFolder, T0 } from './core/adapters/sqlite/store.fixture.ts'
import { killWhileWriting, writeAtOnce } from './core/adapters/sqlite/store-many.fixture.ts'
import { Engine } from './core/engine/engine.ts'
import { defaultSettings } from './core/engine/settings.ts'

const test = suite('incidents of processes')
const folder = new Folder()
const stores = new StoreFolder()
const ROOT = join(import.meta.dirname, '..')

test.after(() => {
  folder.remove()
  stores.remove()
})

test('incident 5: every database has its log, its flushes and its limits at each opening', () => {
  const path = stores.fresh()
  for (let opening = 0; opening < 2; opening += 1) {
    ensureFolder(dirname(path))
    const connection = new Connection(path, { random: () => 0 })
    const value = (pragma: string): unknown => Object.values(connection.get(`PRAGMA ${pragma}`) ?? {})[0]
    const store = new StateStore(connection, { now: T0, random: () => 0, origin: 'sim' })
    assert.is(value('busy_timeout'), 1_000)
    assert.ok(store.acquire(T0).ok)
    assert.is(value('journal_mode'), 'wal')
    assert.is(value('busy_timeout'), 80)
    assert.is(value('wal_autocheckpoint'), 1_000)
    assert.is(value('journal_size_limit'), 16 * 2 ** 20)
    store.commit(batchOf({ isAhead: true }))
    assert.is(value('synchronous'), 2)
    store.release()
    store.close()
  }
  const journal = join(dirname(path), 'sim.db')
  SqliteSimJournal.open(journal).close()
  const reader = new Connection(journal, { readOnly: true, random: () => 0 })
  assert.is(reader.get('PRAGMA journal_mode')?.journal_mode, 'wal')
  reader.close()
})

test('incident 5: the project holds no database and no file of secrets', () => {
  const found = globSync('**/{*.db,*.db-*,*.sqlite*,.env*,*.pem,*.key,*credentials*.json}', {
    cwd: ROOT,
    exclude: name => ['node_modules', '.git', '.bench', 'dist', 'coverage'].includes(name),
  })
  assert.equal(found, [])
  const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n')
  for (const pattern of ['*.db', '*.db-wal', '*.db-shm', '.env*']) assert.ok(ignored.includes(pattern))
})

test('incident 46: what has the wrong shape is refused where it comes in, with its place', async () => {
  const market = dailyFixtures(folder)
  let injected = 0
  for (const stdin of [
    '[1,2]\n',
    '{}\n',
    '"text"\n',
    '[]\n',
    '{"v":1,"type":"signal","id":[]}\n',
    'null\n',
  ]) {
    for (const command of ['score', 'trade']) {
      const { code, out, err } = await bbw([command, ...(command === 'trade' ? ['--market', market] : [])], {
        stdin,
      })
      injected += 1
      assert.is(code, 2, `${command} ${stdin}: ${err}`)
      assert.is(out, '')
      assert.match(err, 'line 1')
      assert.not.match(err, 'E708')
    }
  }
  assert.is(injected, 12)
})

test('incident 61: many writers and a kill lose nothing, and the log stays short', async () => {
  await writeAtOnce(stores, 100)
  await killWhileWriting(stores, 2, 6)
  const path = stores.fresh()
  const store = heldStore(path)
  let longest = 0
  for (let n = 0; n < 3_000; n += 1) {
    store.commit(batchOf({ rows: [{ table: 'kv', key: `row-${n % 50}`, value: 'x'.repeat(4_000) }] }))
    longest = Math.max(longest, statSync(`${path}-wal`).size)
  }
  store.close()
  assert.ok(longest < 16 * 2 ** 20, `${longest} bytes`)
})

/** Steps that a later bbw might bring. */
const LATER: readonly Migration[] = [
  { version: 2, up: writer => writer.exec('ALTER TABLE cooldowns ADD COLUMN why TEXT') },
  { version: 3, up: writer => writer.exec('CREATE TABLE later (a TEXT) STRICT') },
]

test('incident 73: a state of every version so far is upgraded, with its books', () => {
  const steps = [...MIGRATIONS, ...LATER]
  let injected = 0
  for (let from = 1; from <= steps.length; from += 1) {
    const path = stores.fresh()
    StateStore.open(path, { now: T0, random: () => 0, origin: 'sim' }).close()
    const connection = new Connection(path, { random: () => 0 })
    const backups = join(dirname(path), 'backups')
    try {
      migrate(connection, { now: T0, backups, inUse: () => null, migrations: steps.slice(0, from) })
      for (const row of bookRows()) {
        if (row.table !== 'kv') continue
        connection.run('INSERT OR REPLACE INTO kv VALUES (?, ?)', row.key, JSON.stringify(row.value))
      }
      const before = connection.all('SELECT * FROM kv ORDER BY key')
      const upgrade = migrate(connection, { now: T0, backups, inUse: () => null, migrations: steps })
      injected += 1
      assert.is(schemaVersion(connection), steps.length)
      assert.equal(connection.all('SELECT * FROM kv ORDER BY key'), before)
      if (from < steps.length) {
        assert.is(upgrade?.code, 'I709')
        assert.ok(existsSync(upgrade?.backup ?? ''))
      } else assert.is(upgrade, null)
    } finally {
      connection.close()
    }
  }
  assert.is(injected, steps.length)
})

test('incident 74: what the engine remembers does not grow with what it has done', () => {
  const settings = { ...defaultSettings(), portfolioGates: false }
  const sizes = [60, 500].map(days => {
    const engine = new Engine(settings, { wallet: 1_000 })
    const { trades } = simulate(marketsOf(3, days, { symbols: 6 }), { settings }, engine)
    // Candles are the market's, not its own; counts have a fixed number of names.
    const { symbols: _, counts: __, ...own } = engine.save()
    return { trades: trades.length, bytes: JSON.stringify(own).length }
  })
  assert.ok(sizes[1].trades > 4 * sizes[0].trades, JSON.stringify(sizes))
  assert.ok(sizes[1].bytes < 1.5 * sizes[0].bytes + 2_000, JSON.stringify(sizes))
})

test.run()
