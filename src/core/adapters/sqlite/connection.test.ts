import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codeOf, StoreError } from '../../base/errors.ts'
import { Connection, TRIES } from './connection.ts'
import { numberOf } from './sql.ts'
import { StoreFolder, thrown } from './store.fixture.ts'

const test = suite('connection')
const folder = new StoreFolder()
let files = 0
test.after(() => folder.remove())

function fresh(): string {
  files += 1
  return join(folder.path, `${files}.db`)
}

function open(path: string, busyMs = 1, random = (): number => 0): Connection {
  return new Connection(path, { busyMs, random })
}

/** One that would wait for a minute, and says so after a quarter of a second of one wait. */
function patient(path: string): Connection {
  let draws = 0
  return open(path, 60_000, () => {
    draws += 1
    if (draws > 260 * 2) throw new Error('it has waited for a quarter of a second')
    return 0
  })
}

function table(path: string): Connection {
  const connection = open(path)
  connection.walMode()
  connection.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
  return connection
}

test('work that throws leaves nothing behind, and its own error comes out', () => {
  const connection = table(fresh())
  const error = thrown(() =>
    connection.tx(() => {
      connection.run('INSERT INTO t VALUES (1)')
      throw new Error('mine')
    }),
  )
  assert.instance(error, Error)
  assert.is(numberOf(connection, 'SELECT count(*) FROM t'), 0)
  assert.is(
    connection.tx(() => connection.run('INSERT INTO t VALUES (1)')),
    1,
  )
  connection.close()
})

test('work that waits is refused by the compiler', () => {
  const connection = table(fresh())
  // @ts-expect-error a function that returns a promise
  connection.tx(async () => connection.run('INSERT INTO t VALUES (1)'))
  // @ts-expect-error one that may
  connection.tx((): number | Promise<number> => 1)
  // @ts-expect-error a view, too
  connection.view(async () => 1)
  connection.close()
})

test('a lock that another holds is tried for three times with pauses that chance decides, then it is busy', () => {
  const path = fresh()
  const first = table(path)
  let draws = 0
  const second = open(path, 1, () => {
    draws += 1
    return 0.1
  })
  let injected = 0
  for (let round = 0; round < 5; round += 1) {
    first.tx(() => {
      injected += 1
      const error = thrown(() => second.tx(() => second.run('INSERT INTO t VALUES (9)')))
      assert.instance(error, StoreError)
      if (!(error instanceof StoreError)) return
      assert.is(error.trouble, 'busy')
      assert.ok(error.retryable)
      assert.is(codeOf(error), 'W803')
    })
  }
  // In vain once, it is asked for and not waited for, so that nothing else comes late at every step.
  assert.is(second.busy, TRIES + injected - 1)
  assert.is(draws, TRIES + injected - 1)
  assert.is(
    second.tx(() => second.run('INSERT INTO t VALUES (1)')),
    1,
  )
  // And once it was to be had it is worth waiting for again.
  first.tx(() => void thrown(() => second.tx(() => second.run('INSERT INTO t VALUES (9)'))))
  assert.is(draws, 2 * TRIES + injected - 1)
  first.close()
  second.close()
})

test('one that is to be prompt stands still for a fraction of a second, in all its tries', () => {
  const path = fresh()
  const first = table(path)
  const second = patient(path)
  second.bePrompt(true)
  first.tx(() => {
    const error = thrown(() => second.tx(() => second.run('INSERT INTO t VALUES (9)')))
    assert.ok(error instanceof StoreError && error.trouble === 'busy')
    assert.is(second.busy, TRIES)
    assert.is(numberOf(second, 'PRAGMA busy_timeout'), 80)
  })
  second.tx(() => second.run('INSERT INTO t VALUES (1)'))
  second.bePrompt(false)
  assert.is(numberOf(second, 'PRAGMA busy_timeout'), 60_000)
  first.tx(() => {
    const error = thrown(() => second.tx(() => second.run('INSERT INTO t VALUES (9)')))
    assert.is(error instanceof Error && error.message, 'it has waited for a quarter of a second')
  })
  first.close()
  second.close()
})

test('H4: a transaction that reads before it writes is never refused in the middle', () => {
  const path = fresh()
  const [first, second] = [table(path), open(path)]
  for (let i = 0; i < 50; i += 1) {
    for (const one of [first, second]) {
      one.tx(() => {
        const count = numberOf(one, 'SELECT count(*) FROM t')
        one.run('INSERT INTO t VALUES (?)', count)
      })
    }
  }
  assert.is(numberOf(first, 'SELECT count(*) FROM t'), 100)
  first.close()
  second.close()
})

test('H4: no code of the adapter begins a transaction in another way', () => {
  const files = globSync('*.ts', { cwd: import.meta.dirname }).filter(
    name => !/\.(?:test|fixture)\.ts$/.test(name),
  )
  assert.ok(files.length > 20)
  const begins = files.flatMap(name =>
    readFileSync(join(import.meta.dirname, name), 'utf8')
      .split('\n')
      .filter(line =>
        /\bBEGIN\b(?! IMMEDIATE| anew)|\bSAVEPOINT\b/i.test(line.replace(/^\s*(?:\/\/|\*).*/, '')),
      )
      .filter(line => /['"`]/.test(line))
      .map(line => `${name}: ${line.trim()}`),
  )
  // The one view of a reader, in which nothing can be written.
  assert.equal(begins, [
    "connection.ts: this.#statement('BEGIN').run() // a reader's own: it is rolled back in any case",
  ])
})

test('a view stays what it was while others write', () => {
  const path = fresh()
  const [writer, reader] = [table(path), new Connection(path, { readOnly: true, random: () => 0 })]
  const counts = reader.view(() => {
    const before = numberOf(reader, 'SELECT count(*) FROM t')
    writer.tx(() => writer.run('INSERT INTO t VALUES (1)'))
    return [before, numberOf(reader, 'SELECT count(*) FROM t')]
  })
  assert.equal(counts, [0, 0])
  assert.is(numberOf(reader, 'SELECT count(*) FROM t'), 1)
  assert.instance(
    thrown(() => reader.run('INSERT INTO t VALUES (2)')),
    StoreError,
  )
  writer.close()
  reader.close()
})

test('rows come one after another, and an answer that is left early does no harm to the next', () => {
  const connection = table(fresh())
  for (const a of [1, 2, 3]) connection.run('INSERT INTO t VALUES (?)', a)
  const sql = 'SELECT a FROM t ORDER BY a'
  for (const { a } of connection.iterate(sql)) {
    assert.is(a, 1)
    break
  }
  assert.equal(
    [...connection.iterate(sql)].map(({ a }) => a),
    [1, 2, 3],
  )
  const error = thrown(() => [...connection.iterate('SELECT a FROM nowhere')])
  assert.instance(error, StoreError)
  connection.close()
})

test('a file that may be deleted at any time is never the damage of a state', () => {
  const path = fresh()
  writeFileSync(path, 'this is a text and no database, however long one makes it '.repeat(20))
  for (const [renewal, trouble, remedy] of [
    [undefined, 'damaged', /bbw db restore/],
    ['delete it', 'other', /^delete it$/],
  ] as const) {
    const connection = new Connection(path, { random: () => 0, renewal })
    const error = thrown(() => connection.all('SELECT * FROM sqlite_schema'))
    assert.ok(error instanceof StoreError && error.trouble === trouble)
    assert.match(error.remedy ?? '', remedy)
    connection.close()
  }
})

test('a file that cannot be opened is trouble of the disk', () => {
  const error = thrown(() => open(join(folder.path, 'not', 'there.db')))
  assert.instance(error, StoreError)
  assert.is(error instanceof StoreError && error.trouble, 'io')
})

test.run()
