import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SUMMARY_KEY } from '../core/adapters/sqlite/portable.ts'
import { MemoryDatabase } from '../core/adapters/sqlite/sql-js.ts'
import { tradeRecord } from '../core/wire/encode.ts'
import { Exports } from './exports.ts'
import { bbw, dailyFixtures, Folder, records } from './world.fixture.ts'

const test = suite('exports')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder), '--timerange', '20240701-20240815']
const COMMANDS = [
  ['backtest', ...MARKET],
  ['run', ...MARKET, '--no-state', '--speed', 'max'],
] as const

test.after(() => folder.remove())

/** The trades and the summary of a database as records, without the fields that only a record has. */
function contentOf(rows: (sql: string) => readonly { readonly [column: string]: unknown }[]): unknown {
  const trades = rows('SELECT record FROM trades ORDER BY rowid').map(row => JSON.parse(String(row.record)))
  const [summary] = rows(`SELECT value FROM kv WHERE key = '${SUMMARY_KEY}'`)
  return { trades: trades.map(tradeRecord), summary: JSON.parse(String(summary.value)) }
}

function nodeContent(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true })
  const content = contentOf(sql => database.prepare(sql).all())
  database.close()
  return content
}

for (const command of COMMANDS) {
  test(`${command[0]} exports to a database what it exports as records, for both engines to read`, async () => {
    const path = join(folder.path, `${command[0]}.db`)
    const lines = join(folder.path, `${command[0]}.ndjson`)
    for (const file of [path, lines]) {
      const { code, err } = await bbw([...command, '--export', file])
      assert.is(code, 0, err)
    }
    const all = records(readFileSync(lines, 'utf8'))
    const expected = { trades: all.slice(0, -1), summary: all.at(-1) }
    assert.ok(expected.trades.length > 5)
    assert.equal(nodeContent(path), expected)
    const memory = await MemoryDatabase.open(readFileSync(path), path)
    assert.not(memory.isWithoutLog)
    assert.equal(
      contentOf(sql => memory.all(sql)),
      expected,
    )
    memory.close()
    const database = new DatabaseSync(path, { readOnly: true })
    assert.equal({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
    database.close()
  })

  test(`${command[0]} --export - writes the database to standard output, and nothing else`, async () => {
    const blocks: Uint8Array[] = []
    const { code, err } = await bbw([...command, '--export', '-'], { onBytes: bytes => blocks.push(bytes) })
    assert.is(code, 0, err)
    const path = folder.file(`${command[0]}-out.db`, Buffer.concat(blocks))
    assert.equal(nodeContent(path), nodeContent(join(folder.path, `${command[0]}.db`)))
  })
}

test('a name that cannot be written is known before the work begins', async () => {
  for (const name of ['', '.', 'none/out.db', 'none/out.ndjson']) {
    const { code, out, err } = await bbw([...COMMANDS[1], '--export', name], { cwd: folder.path })
    assert.equal([code, out], [2, ''], name)
    assert.match(err, 'cannot be written')
  }
})

test('what is not finished is taken away, and what was there stays', () => {
  const place = join(folder.path, 'place')
  mkdirSync(place)
  const stdout = { isTTY: false, columns: 80, write: async () => assert.unreachable() }
  for (const name of ['old.db', 'old.ndjson']) {
    writeFileSync(join(place, name), 'old')
    new Exports({ stdout, cwd: place }, name).drop()
    assert.is(readFileSync(join(place, name), 'utf8'), 'old')
  }
  assert.equal(readdirSync(place).sort(), ['old.db', 'old.ndjson'])
  const none = new Exports({ stdout, cwd: place }, undefined)
  assert.not(none.isOut)
  none.drop()
  assert.ok(new Exports({ stdout, cwd: place }, '-').isOut)
})

test.run()
