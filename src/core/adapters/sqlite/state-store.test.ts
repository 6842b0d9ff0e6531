import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codeOf, StoreError, type StoreTrouble } from '../../base/errors.ts'
import { LEDGER_KEY, type Row } from '../../engine/books.ts'
import { Connection } from './connection.ts'
import { TABLE_NAMES } from './schema.ts'
import { StateStore } from './state-store.ts'
import {
  batchOf,
  bookedPosition,
  bookRows,
  entryOrder,
  eventOf,
  exitOrder,
  heldStore,
  intentOf,
  ledgerOf,
  optionsOf,
  SELF,
  StoreFolder,
  scoredOf,
  T0,
  thrown,
  tradeOf,
} from './store.fixture.ts'

const test = suite('state store')
const folder = new StoreFolder()
test.after(() => folder.remove())

function troubleOf(work: () => unknown): StoreTrouble {
  const error = thrown(work)
  if (error instanceof StoreError) return error.trouble
  throw error
}

/** Asks the file through a connection of its own. */
function ask(path: string, sql: string): readonly { readonly [column: string]: unknown }[] {
  const db = new DatabaseSync(path)
  const rows = db.prepare(sql).all()
  db.close()
  return rows.map(row => ({ ...row }))
}

function sabotage(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}

test('a new store has eight strict tables, its log and its flushes, and nothing booked', () => {
  const path = folder.fresh()
  const store = StateStore.open(path, optionsOf())
  const tables = ask(
    path,
    "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%'",
  )
  assert.equal(tables.map(({ name }) => String(name)).sort(), [...TABLE_NAMES].sort())
  assert.is(TABLE_NAMES.length, 8)
  assert.ok(tables.every(({ strict }) => strict === 1))
  assert.is(ask(path, 'PRAGMA journal_mode')[0].journal_mode, 'wal')
  assert.is(store.loadBooks(), null)
  assert.is(store.upgrade, null)
  store.close()
})

test('books come back as they were written, over a restart, and rows that are removed are gone', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  store.commit(batchOf({ rows: bookRows() }))
  store.close()
  const again = heldStore(path, { now: T0 + 61_000 })
  const books = again.loadBooks()
  assert.equal(books, {
    ledger: ledgerOf(),
    positions: [bookedPosition()],
    orders: [entryOrder(), exitOrder()],
    cooldowns: [['grid:BTCUSDT', T0 + 0.5]],
    counts: { errors: 2 },
  })
  const { instrument } = bookedPosition().position
  assert.equal([instrument.tick, instrument.step], ['0.1', '0.001'])
  assert.equal(ask(path, 'SELECT symbol, side, qty, stop FROM positions'), [
    { symbol: instrument.symbol, side: 'long', qty: '0.030', stop: '900.0' },
  ])
  assert.equal(ask(path, 'SELECT kind, leg, steps, state FROM orders ORDER BY key'), [
    { kind: 'exit', leg: 'target-1', steps: 10, state: 'working' },
    { kind: 'entry', leg: 'entry', steps: 3_000, state: 'entry' },
  ])
  const gone: readonly Row[] = bookRows()
    .filter(({ table }) => table !== 'kv')
    .map(row => ({ ...row, value: null }))
  again.commit(batchOf({ rows: gone }))
  assert.equal(again.loadBooks(), {
    ledger: ledgerOf(),
    positions: [],
    orders: [],
    cooldowns: [],
    counts: { errors: 2 },
  })
  again.close()
})

test('a batch is written whole or not at all', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  store.commit(batchOf({ rows: bookRows() }))
  const bad = { ...tradeOf({ id: 'bad' }), symbol: null } as unknown as ReturnType<typeof tradeOf>
  const batch = batchOf({
    intents: [intentOf('x')],
    rows: [{ table: 'kv', key: LEDGER_KEY, value: ledgerOf({ wallet: 1 }) }],
    events: [eventOf()],
    trades: [bad],
  })
  assert.instance(
    thrown(() => store.commit(batch)),
    StoreError,
  )
  assert.is(store.loadBooks()?.ledger.wallet, 1_000)
  assert.equal(ask(path, 'SELECT * FROM intents'), [])
  assert.equal(ask(path, 'SELECT * FROM events'), [])
  store.close()
})

test('an intent that is there already is refused by its key, and the rest of the batch is written', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  assert.equal(store.commit(batchOf({ intents: [intentOf('a')], isAhead: true })), [])
  const again = batchOf({
    intents: [intentOf('a'), intentOf('b', { symbol: 'ETHUSDT' })],
    events: [eventOf()],
  })
  assert.equal(store.commit(again), ['a'])
  assert.equal(ask(path, 'SELECT id, state, symbol, token FROM intents ORDER BY id'), [
    { id: 'a', state: 'pending', symbol: 'BTCUSDT', token: 1 },
    { id: 'b', state: 'pending', symbol: 'ETHUSDT', token: 1 },
  ])
  assert.is(ask(path, 'SELECT * FROM events').length, 1)
  store.close()
})

test('a symbol and side has one entry at a time, until its outcome frees the place', () => {
  const store = heldStore(folder.fresh())
  const commit = (key: string, over = {}): readonly string[] =>
    store.commit(batchOf({ intents: [intentOf(key, over)] }))
  const outcome = (key: string, state: 'open' | 'filled' | 'unknown' | 'dropped'): void =>
    void store.commit(batchOf({ outcomes: [{ key, state, reason: '' }] }))
  assert.equal(commit('a'), [])
  for (const state of ['unknown', 'open'] as const) {
    assert.equal(commit('b'), ['b'])
    outcome('a', state)
  }
  assert.equal(commit('b'), ['b'])
  assert.equal(commit('short', { side: 'short' }), [])
  assert.equal(commit('exit', { purpose: 'exit' }), [])
  assert.equal(commit('exit-2', { purpose: 'exit' }), [])
  // What frees the place and what takes it may come in one batch.
  const both = batchOf({ outcomes: [{ key: 'a', state: 'filled', reason: '' }], intents: [intentOf('b')] })
  assert.equal(store.commit(both), [])
  store.close()
})

test('an order that comes back to life while its place is taken is noted and blocks nothing', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  store.commit(batchOf({ intents: [intentOf('a')] }))
  store.commit(
    batchOf({ outcomes: [{ key: 'a', state: 'dropped', reason: 'absent' }], intents: [intentOf('b')] }),
  )
  store.commit(batchOf({ outcomes: [{ key: 'a', state: 'open', reason: 'found' }], events: [eventOf()] }))
  assert.equal(ask(path, "SELECT state, reason FROM intents WHERE id = 'a'"), [
    { state: 'dropped', reason: 'open, its place being taken: found' },
  ])
  assert.is(ask(path, 'SELECT * FROM events').length, 1)
  // An outcome in the batch of its own intent holds; one of an order that is not known is left alone.
  const fresh = batchOf({
    intents: [intentOf('c', { symbol: 'SOLUSDT' })],
    outcomes: [
      { key: 'c', state: 'rejected', reason: 'no' },
      { key: 'none', state: 'filled', reason: '' },
    ],
  })
  assert.equal(store.commit(fresh), [])
  assert.equal(ask(path, "SELECT state FROM intents WHERE id = 'c'"), [{ state: 'rejected' }])
  store.close()
})

test('a signal keeps its entry against later looks, and gets the outcome of its trade', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  const scored = scoredOf()
  const look = (verdict: string): void =>
    void store.commit(batchOf({ verdicts: [{ scored, verdict, reason: verdict }] }))
  for (const verdict of ['cooldown', 'entered', 'one-position']) look(verdict)
  const trade = tradeOf({ id: scored.signal.id })
  store.commit(batchOf({ trades: [trade] }))
  store.commit(batchOf({ trades: [trade] }))
  const [signal] = ask(path, 'SELECT * FROM signals')
  assert.is(signal.verdict, 'entered')
  assert.equal(JSON.parse(String(signal.record)), JSON.parse(JSON.stringify(scored)))
  assert.equal(JSON.parse(String(signal.outcome)), {
    net: 0.85,
    netPercent: 0.85,
    exitReason: 'target',
    closedAt: T0,
  })
  assert.equal(ask(path, 'SELECT id, net, fees, funding, origin FROM trades'), [
    { id: scored.signal.id, net: 0.85, fees: 0.1, funding: -0.05, origin: 'sim' },
  ])
  // Money that is told under one id twice, with other figures, is not lost.
  store.commit(batchOf({ trades: [{ ...trade, net: -2 }] }))
  assert.equal(
    ask(path, 'SELECT id FROM trades ORDER BY id').map(({ id }) => id),
    [scored.signal.id, `${scored.signal.id}#2`],
  )
  store.close()
})

test('a row of the books that is not what it must be is damage, named by table, key and field', () => {
  const cases: readonly (readonly [string, string])[] = [
    ["UPDATE positions SET record = '{}'", 'table positions, row BTCUSDT:long: position'],
    [
      "UPDATE positions SET record = json_set(record, '$.position.exits[0].price', 'x')",
      'position.exits[0].price',
    ],
    [
      "UPDATE positions SET record = json_remove(record, '$.position.instrument.tick')",
      'position.instrument.tick',
    ],
    ["UPDATE positions SET record = json_set(record, '$.position.side', 'up')", 'position.side'],
    ["UPDATE orders SET record = '{' WHERE key = 'bbw-2'", 'table orders, row bbw-2: the record is not JSON'],
    ["UPDATE orders SET record = json_set(record, '$.order.wanted', 1) WHERE key = 'bbw-2'", 'order.wanted'],
    ["UPDATE orders SET record = '7'", 'table orders, row entry-1: the record'],
    [
      "UPDATE kv SET value = json_set(value, '$.wallet', null) WHERE key = 'books'",
      'table kv, row books: wallet',
    ],
    ["UPDATE kv SET value = json_set(value, '$.fills[0][1]', 'x') WHERE key = 'books'", 'fills[0]'],
    [
      "UPDATE kv SET value = json_set(value, '$.gates.pauses[0]', 'x') WHERE key = 'books'",
      'gates.pauses[0]',
    ],
    [
      "UPDATE kv SET value = json_set(value, '$.standing.halted.by', 1) WHERE key = 'books'",
      'standing.halted.by',
    ],
    ["DELETE FROM kv WHERE key = 'books'", 'table kv, row books: it is missing'],
  ]
  for (const [sql, words] of cases) {
    const path = folder.fresh()
    const store = heldStore(path)
    store.commit(batchOf({ rows: bookRows() }))
    sabotage(path, sql)
    const error = thrown(() => store.loadBooks())
    assert.instance(error, StoreError)
    if (!(error instanceof StoreError)) continue
    assert.is(error.trouble, 'damaged')
    assert.is(codeOf(error), 'C807')
    assert.match(error.message, words)
    store.close()
  }
})

test('nothing is written any more once the file was taken away or replaced under its holder', () => {
  for (const takeAway of [
    (path: string): void => {
      for (const end of ['', '-wal', '-shm']) rmSync(path + end)
    },
    (path: string): void => renameSync(path, `${path}.old`),
    (path: string): void => {
      takenAside(path)
      heldStore(path).close()
    },
  ]) {
    const path = folder.fresh()
    const store = heldStore(path)
    store.commit(batchOf({ rows: bookRows() }))
    takeAway(path)
    const error = thrown(() => store.commit(batchOf({ intents: [intentOf('a')], isAhead: true })))
    assert.ok(error instanceof StoreError && error.trouble === 'lease-lost')
    assert.match(String(error), `${path} was taken away, or replaced, while it was in use`)
    store.close()
  }
})

/** Makes room for another file of the same name. */
function takenAside(path: string): void {
  for (const end of ['', '-wal', '-shm']) renameSync(path + end, `${path}.old${end}`)
}

test('nothing is written without the lease, and nothing any more once it is another one’s', () => {
  const path = folder.fresh()
  const first = StateStore.open(path, optionsOf())
  assert.is(
    troubleOf(() => first.commit(batchOf())),
    'lease-lost',
  )
  assert.is(
    troubleOf(() => first.write('a', 1)),
    'lease-lost',
  )
  first.acquire(T0)
  assert.is(first.token, 1)
  // Frozen: it does not renew, and a second one takes over after a minute.
  const other = { ...SELF, pid: 4122 }
  const second = StateStore.open(path, optionsOf({ self: other }))
  assert.equal(second.acquire(T0 + 60_000), {
    ok: false,
    code: 'E801',
    holder: { pid: SELF.pid, host: 'here', ageMs: 60_000 },
  })
  assert.equal(second.acquire(T0 + 60_001), { ok: true, token: 2 })
  let refused = 0
  for (const work of [
    (): unknown => first.commit(batchOf({ intents: [intentOf('a')], isAhead: true })),
    (): unknown => first.renew(T0 + 60_002),
    (): unknown => first.trim(T0),
    (): unknown => first.noteStart(T0),
  ]) {
    const error = thrown(work)
    assert.ok(error instanceof StoreError && codeOf(error) === 'C802')
    assert.match(String(error), 'process 4122 on here')
    refused += 1
  }
  assert.is(refused, 4)
  assert.equal(ask(path, 'SELECT * FROM intents'), [])
  assert.equal(second.commit(batchOf({ intents: [intentOf('a')] })), [])
  // Giving back what is another one's changes nothing.
  first.release()
  assert.is(second.holder(T0 + 60_002)?.pid, 4122)
  first.close()
  second.close()
})

test('a store is refused on an SQLite that damages logs and on a network file system, before anything is made', () => {
  let refused = 0
  for (const version of ['3.49.0', '3.52.0', 'unknown']) {
    const error = thrown(() => StateStore.open(folder.fresh(), optionsOf({ sqliteVersion: version })))
    assert.ok(error instanceof StoreError && error.trouble === 'unsound' && codeOf(error) === 'C809')
    refused += 1
  }
  for (const type of [0x6969, 0x517b, 0xff534d42, 0xfe534d42]) {
    const path = folder.fresh()
    const error = thrown(() => StateStore.open(path, optionsOf({ fileSystemType: () => type })))
    assert.ok(error instanceof StoreError && error.trouble === 'unsound' && codeOf(error) === 'C809')
    assert.not(existsSync(dirname(path)))
    refused += 1
  }
  assert.is(refused, 7)
})

test('files belong to their owner alone, whatever the umask', () => {
  const path = folder.fresh()
  const before = process.umask(0)
  try {
    const store = heldStore(path)
    store.commit(batchOf({ rows: bookRows() }))
    const modes = ['', '-wal', '-shm'].map(suffix => statSync(path + suffix).mode & 0o777)
    assert.equal(modes, [0o600, 0o600, 0o600])
    assert.is(statSync(path.replace('.db', '.ballast')).mode & 0o777, 0o600)
    assert.is(statSync(dirname(path)).mode & 0o777, 0o700)
    store.close()
  } finally {
    process.umask(before)
  }
})

test('a file that is no database, or not of bbw, is refused and left as it is', () => {
  const noise = folder.fresh()
  mkdirSync(dirname(noise))
  writeFileSync(noise, 'x'.repeat(10_000))
  assert.is(
    troubleOf(() => StateStore.open(noise, optionsOf())),
    'damaged',
  )
  const foreign = join(folder.path, 'foreign.db')
  sabotage(foreign, 'CREATE TABLE mine (a)')
  assert.match(String(thrown(() => StateStore.open(foreign, optionsOf()))), 'tables that are not bbw')
  assert.equal(ask(foreign, 'SELECT name FROM sqlite_schema'), [{ name: 'mine' }])
})

test('what something depends on is flushed to the disk, the rest goes with it', () => {
  const path = folder.fresh()
  StateStore.open(path, optionsOf()).close()
  const connection = new Connection(path, { random: () => 0 })
  const store = new StateStore(connection, optionsOf())
  store.acquire(T0)
  const level = (over: Parameters<typeof batchOf>[0]): unknown => {
    store.commit(batchOf(over))
    return connection.get('PRAGMA synchronous')?.synchronous
  }
  const [NORMAL, FULL] = [1, 2]
  assert.is(level({ isAhead: true }), FULL)
  assert.is(level({ events: [eventOf()] }), NORMAL)
  assert.is(level({ answers: [{ id: 'a', ok: true, reason: '' }] }), FULL)
  assert.is(level({ intents: [intentOf('a')], isAhead: true }), FULL)
  store.close()
})

test('the instance has four hexadecimal digits and keeps them', () => {
  const path = folder.fresh()
  const first = StateStore.open(path, optionsOf({ random: () => 0.01 }))
  assert.is(first.instance, '028f')
  const second = StateStore.open(path, optionsOf({ random: () => 0.99 }))
  assert.is(second.instance, '028f')
  first.close()
  second.close()
})

test('a full database gives up its reserve, and says so when that is not enough', () => {
  const path = folder.fresh()
  StateStore.open(path, optionsOf()).close()
  const connection = new Connection(path, { random: () => 0 })
  const store = new StateStore(connection, optionsOf())
  store.acquire(T0)
  store.commit(batchOf({ rows: bookRows() }))
  const ballast = path.replace('.db', '.ballast')
  assert.is(statSync(ballast).size, 8 * 2 ** 20)
  connection.exec(`PRAGMA max_page_count = ${Number(connection.get('PRAGMA page_count')?.page_count)}`)
  let injected = 0
  for (let i = 0; i < 3; i += 1) {
    const row: Row = { table: 'kv', key: `big-${i}`, value: 'x'.repeat(100_000) }
    const error = thrown(() => store.commit(batchOf({ rows: [row], isAhead: true })))
    assert.ok(error instanceof StoreError && error.trouble === 'full' && codeOf(error) === 'C805')
    assert.ok(store.isFull)
    injected += 1
  }
  assert.is(injected, 3)
  assert.not(existsSync(ballast))
  assert.is(store.loadBooks()?.ledger.wallet, 1_000)
  // Room again: the store goes on, and the reserve is made anew.
  connection.exec('PRAGMA max_page_count = 1000000')
  assert.equal(store.commit(batchOf({ rows: [{ table: 'kv', key: 'big', value: 'x'.repeat(100_000) }] })), [])
  store.checkpoint()
  assert.not(store.isFull)
  assert.is(statSync(ballast).size, 8 * 2 ** 20)
  store.close()
})

test('the reserve makes room for what a person asks of the loop', () => {
  const path = folder.fresh()
  StateStore.open(path, optionsOf()).close()
  const connection = new Connection(path, { random: () => 0 })
  const store = new StateStore(connection, optionsOf())
  const ballast = path.replace('.db', '.ballast')
  connection.exec(`PRAGMA max_page_count = ${Number(connection.get('PRAGMA page_count')?.page_count)}`)
  const original = connection.tx.bind(connection)
  connection.tx = work => {
    if (!existsSync(ballast)) connection.exec('PRAGMA max_page_count = 1000000')
    return original(work)
  }
  const reason = 'x'.repeat(100_000)
  assert.is(store.enqueue({ id: 'a', command: { kind: 'halt', by: 'me', reason } }, T0).state, 'queued')
  assert.not(existsSync(ballast))
  store.close()
})

test('the reserve makes room for the last words where it can', () => {
  const path = folder.fresh()
  StateStore.open(path, optionsOf()).close()
  const connection = new Connection(path, { random: () => 0 })
  let room = Number.POSITIVE_INFINITY
  const store = new StateStore(connection, optionsOf({ freeBytes: () => room }))
  store.acquire(T0)
  const pages = Number(connection.get('PRAGMA page_count')?.page_count)
  connection.exec(`PRAGMA max_page_count = ${pages}`)
  // The trouble ends with the release of the reserve, as it does on a full disk.
  const ballast = path.replace('.db', '.ballast')
  const original = connection.tx.bind(connection)
  connection.tx = work => {
    if (!existsSync(ballast)) connection.exec('PRAGMA max_page_count = 1000000')
    return original(work)
  }
  assert.equal(
    store.commit(batchOf({ rows: [{ table: 'kv', key: 'last', value: 'x'.repeat(100_000) }] })),
    [],
  )
  assert.ok(store.isFull)
  room = 0
  store.checkpoint()
  assert.ok(store.isFull)
  store.close()
})

test('a file system that is read-only, or refuses the write, is trouble of the disk and changes nothing', () => {
  const path = folder.fresh()
  const connection = new Connection(path.replace(/data-\d+.state/, 'io'), { random: () => 0 })
  const store = new StateStore(connection, optionsOf())
  store.acquire(T0)
  store.commit(batchOf({ rows: bookRows() }))
  connection.exec('PRAGMA query_only = 1')
  let injected = 0
  for (let i = 0; i < 3; i += 1) {
    const error = thrown(() => store.commit(batchOf({ events: [eventOf()] })))
    assert.ok(error instanceof StoreError && error.trouble === 'io' && codeOf(error) === 'C806')
    injected += 1
  }
  assert.is(injected, 3)
  assert.ok(store.loadBooks() !== null)
  connection.exec('PRAGMA query_only = 0')
  assert.equal(store.commit(batchOf({ events: [eventOf()] })), [])
  store.close()
})

test('the log stays short, and one that a reader holds back is told', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  const grow = (times: number): void => {
    for (let i = 0; i < times; i += 1) {
      store.commit(batchOf({ rows: [{ table: 'kv', key: `k${i % 10}`, value: `${i}`.repeat(20_000) }] }))
    }
  }
  grow(200)
  const free = store.checkpoint()
  assert.is(free.moved, free.pages)
  assert.not(free.isHeldBack)
  const limit = statSync(`${path}-wal`).size
  grow(200)
  assert.ok(statSync(`${path}-wal`).size <= 2 * limit)
  const reader = new DatabaseSync(path, { readOnly: true })
  reader.exec('BEGIN; SELECT count(*) FROM kv')
  let heldBack = 0
  for (let round = 0; round < 3; round += 1) {
    grow(400)
    const held = store.checkpoint()
    assert.ok(held.moved < held.pages)
    assert.is(held.bytes, held.pages * 4_096)
    if (held.isHeldBack) heldBack += 1
    assert.is(held.code, held.isHeldBack ? 'W808' : null)
  }
  assert.ok(heldBack > 0)
  reader.exec('COMMIT')
  reader.close()
  const after = store.checkpoint()
  assert.is(after.moved, after.pages)
  // A log that grew is cut when it is begun anew.
  grow(2)
  assert.ok(statSync(`${path}-wal`).size <= 16 * 2 ** 20)
  store.close()
})

test('whoever holds the lease waits for a lock for a fraction of a second, whoever does not has time', () => {
  const path = folder.fresh()
  let waited = 0
  const store = heldStore(path, {
    random: () => {
      waited += 1
      if (waited > 400) throw new Error('it stands still for long')
      return 0
    },
  })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  waited = 0
  assert.is(
    troubleOf(() => store.commit(batchOf({ isAhead: true }))),
    'busy',
  )
  assert.ok(waited <= 250, `${waited} ms`)
  // What comes next hardly waits at all.
  waited = 0
  for (let step = 0; step < 20; step += 1) thrown(() => store.commit(batchOf({ isAhead: true })))
  assert.ok(waited <= 120, `${waited} ms`)
  other.exec('ROLLBACK')
  store.commit(batchOf({ isAhead: true }))
  store.release()
  other.exec('BEGIN IMMEDIATE')
  const error = thrown(() => store.enqueue({ id: 'a', command: { kind: 'pause', by: 'me', reason: '' } }, T0))
  assert.is(error instanceof Error && error.message, 'it stands still for long')
  other.close()
  store.close()
})

test('values of kv are kept until they are removed', () => {
  const store = heldStore(folder.fresh())
  assert.is(store.read('market'), undefined)
  store.write('market', { hash: 'abc' })
  assert.equal(store.read('market'), { hash: 'abc' })
  store.write('market', null)
  assert.is(store.read('market'), undefined)
  store.close()
})

test.run()
