import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { SqliteSimJournal } from './sim-journal.ts'

const test = suite('journal of the exchange')

const folder = mkdtempSync(join(tmpdir(), 'bbw-test-'))
let files = 0
const fresh = (): string => join(folder, `sim-${++files}.db`)
test.after(() => rmSync(folder, { recursive: true }))

function refusal(path: string): StoreError {
  try {
    SqliteSimJournal.open(path).close()
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
  throw new Error(`${path} was opened`)
}

test('rows come back in their order, a rewritten one in its place, the head beside them', () => {
  const path = fresh()
  const journal = SqliteSimJournal.open(path)
  assert.equal([journal.head, journal.last(), [...journal.rows()]], [null, null, []])
  journal.keepHead('one')
  journal.keepHead('head')
  for (const [number, row] of ['a', 'b', 'c'].entries()) journal.write(number + 1, row)
  journal.write(3, 'd')
  journal.close()
  const again = SqliteSimJournal.open(path)
  assert.equal([again.head, again.last(), [...again.rows()]], ['head', 'd', ['a', 'b', 'd']])
  assert.is(again.name, path)
  again.close()
})

test('a second one on the same file is refused while the first is open, and only then', () => {
  const path = fresh()
  SqliteSimJournal.open(path).close()
  const journal = SqliteSimJournal.open(path)
  const { message, trouble, retryable, remedy } = refusal(path)
  assert.match(message, /held by another process/)
  assert.equal([trouble, retryable], ['lease-lost', false])
  assert.match(remedy ?? '', /--data-dir/)
  journal.write(1, 'a')
  journal.close()
  SqliteSimJournal.open(path).close()
})

test('a file that is no journal, no database, or of a later version is refused', () => {
  const foreign = fresh()
  const db = new DatabaseSync(foreign)
  db.exec('CREATE TABLE other (x)')
  db.close()
  assert.match(refusal(foreign).message, /not the journal of an exchange/)
  const later = fresh()
  SqliteSimJournal.open(later).close()
  const newer = new DatabaseSync(later)
  newer.exec('PRAGMA user_version = 9')
  newer.close()
  assert.match(refusal(later).message, /of a later bbw \(schema 9/)
  const text = fresh()
  writeFileSync(text, 'this is no database at all, only some text that is long enough to be looked at')
  assert.is(refusal(text).trouble, 'damaged')
  assert.is(refusal(join(folder, 'nowhere', 'sim.db')).retryable, false)
})

test('what cannot be written is said', () => {
  const journal = SqliteSimJournal.open(fresh())
  journal.close()
  assert.throws(() => journal.write(1, 'a'))
})

test.run()
