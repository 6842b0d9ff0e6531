import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError, StoreError } from '../../base/errors.ts'
import { backup, backupFolder } from './backup.ts'
import { brokenChain } from './events.ts'
import { portableDatabase } from './portable.ts'
import { PORTABLE_TABLES, type Table } from './schema.ts'
import type { SqlRow } from './sql.ts'
import { MemoryDatabase } from './sql-js.ts'
import { batchOf, eventOf, heldStore, StoreFolder, scoredOf, T0, thrown, tradeOf } from './store.fixture.ts'

const test = suite('portable databases')
const folder = new StoreFolder()
test.after(() => folder.remove())

const TRADES = [
  tradeOf({ id: 'a', net: 0.1 + 0.2 }),
  tradeOf({ id: 'b', net: -1e-9, closedAt: T0 + 1, symbol: '1000PEPEUSDT' }),
]
const EVENTS = [eventOf(), eventOf({ kind: 'refused', code: 'I112', reason: 'ünï "x"', symbol: null })]
const VERDICTS = [{ scored: scoredOf(), verdict: 'entered', reason: 'why' }]
const RESULTS = {
  trades: TRADES,
  events: EVENTS,
  verdicts: VERDICTS,
  summary: { trades: 2 },
  origin: 'backtest',
}

function nodeRows(path: string, table: Table): readonly SqlRow[] {
  const db = new DatabaseSync(path, { readOnly: true })
  const rows = db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()
  db.close()
  return rows.map(row => ({ ...row }))
}

test('what sql.js writes node:sqlite reads, to the last digit, and it is sound', async () => {
  const path = join(folder.path, 'results.db')
  writeFileSync(path, await portableDatabase(RESULTS))
  const trades = nodeRows(path, 'trades')
  assert.equal(
    trades.map(row => JSON.parse(String(row.record))),
    TRADES,
  )
  assert.equal(
    trades.map(({ net, closed_at, origin }) => [net, closed_at, origin]),
    [
      [0.1 + 0.2, T0, 'backtest'],
      [-1e-9, T0 + 1, 'backtest'],
    ],
  )
  assert.equal(
    nodeRows(path, 'events').map(row => JSON.parse(String(row.record))),
    EVENTS,
  )
  assert.is(nodeRows(path, 'signals')[0].verdict, 'entered')
  assert.equal(JSON.parse(String(nodeRows(path, 'kv').find(({ key }) => key === 'summary')?.value)), {
    trades: 2,
  })
  const db = new DatabaseSync(path)
  assert.equal({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
  db.close()
})

test('what node:sqlite writes sql.js reads, and both engines hold equal rows', async () => {
  const path = folder.fresh()
  const store = heldStore(path)
  store.commit(batchOf({ at: VERDICTS[0].scored.signal.candleEnd, verdicts: VERDICTS }))
  store.commit(batchOf({ trades: TRADES, events: EVENTS }))
  const { path: copy } = backup(path, { now: T0, folder: backupFolder(path) })
  store.close()
  const memory = await MemoryDatabase.open(readFileSync(copy), copy)
  assert.not(memory.isWithoutLog)
  assert.equal(brokenChain(memory), [])
  const written = join(folder.path, 'same.db')
  writeFileSync(written, await portableDatabase({ ...RESULTS, origin: 'sim' }))
  for (const table of PORTABLE_TABLES.filter(name => name !== 'kv')) {
    const rows = memory.all(`SELECT * FROM ${table} ORDER BY 1`)
    assert.ok(rows.length > 0)
    assert.equal(rows, nodeRows(copy, table), table)
    assert.equal(rows, nodeRows(written, table), table)
  }
  memory.close()
})

test('equal results are equal bytes', async () => {
  assert.equal(await portableDatabase(RESULTS), await portableDatabase(RESULTS))
})

test('the engine is found from any folder', () => {
  const module = join(import.meta.dirname, 'portable.ts')
  const script = `
    const { portableDatabase } = await import(${JSON.stringify(module)})
    const bytes = await portableDatabase({ trades: [], events: [], summary: {}, origin: 'x' })
    process.stdout.write(String(bytes.length > 0))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: '/',
    encoding: 'utf8',
  })
  assert.is(stdout, 'true', stderr)
})

test('bytes that are no database are refused by name, and wrong SQL is a StoreError', async () => {
  for (const bytes of [new Uint8Array(0), Buffer.from('x'.repeat(5_000))]) {
    try {
      await MemoryDatabase.open(bytes, 'copy.db')
      assert.unreachable()
    } catch (error) {
      assert.instance(error, DataError)
      assert.is(error instanceof DataError && error.place?.file, 'copy.db')
    }
  }
  const torn = Buffer.concat([
    Buffer.from(await portableDatabase(RESULTS)).subarray(0, 100),
    Buffer.alloc(9_000, 7),
  ])
  const opened = await MemoryDatabase.open(torn, 'torn.db').catch((error: unknown) => error)
  assert.instance(opened, DataError)
  const empty = await MemoryDatabase.empty()
  assert.instance(
    thrown(() => empty.all('SELECT * FROM none')),
    StoreError,
  )
  assert.instance(
    thrown(() => empty.run('INSERT')),
    StoreError,
  )
  empty.close()
})

test.run()
