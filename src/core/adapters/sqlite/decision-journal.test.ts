import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { DAY, MINUTE } from '../../base/units.ts'
import { type Decision, type DecisionBatch, shortHash } from '../../engine/decision-record.ts'
import { DecisionJournal, DecisionReader } from './decision-journal.ts'
import { StoreFolder, T0, thrown } from './store.fixture.ts'

const test = suite('decision journal')
const folder = new StoreFolder()
test.after(() => folder.remove())

/** The path of a journal that is not there yet, in a folder that is. */
function fresh(): string {
  const path = join(dirname(folder.fresh()), 'decisions.db')
  mkdirSync(dirname(path), { recursive: true })
  return path
}

function decisionOf(over: Partial<Decision> = {}): Decision {
  return {
    at: T0,
    cycle: 'heavy',
    step: 'scan',
    kind: 'scan',
    strategy: null,
    symbol: 'BTCUSDT',
    side: null,
    context: 'c',
    inputs: { candles: 'a', parameters: 'b', fees: 'c', instrument: 'd', state: 'e', price: null },
    told: [{ interval: '1d', first: 0, newest: DAY, count: 2, hash: [1, 2] }],
    seen: '{"few":1}',
    answer: '[]',
    ...over,
  }
}

function batchOf(over: Partial<DecisionBatch> = {}): DecisionBatch {
  return { contexts: [], prints: [], decisions: [decisionOf()], ...over }
}

const open = (path: string): DecisionJournal => DecisionJournal.open(path, () => 0)

/** A journal of one decision a day. */
function written(days: number): string {
  const path = fresh()
  const journal = open(path)
  for (let day = 0; day < days; day++) {
    const decision = decisionOf({ at: T0 + day * DAY, answer: `["day ${day}"]` })
    assert.is(journal.keep(batchOf({ decisions: [decision] })), null)
  }
  journal.close()
  return path
}

function read<T>(path: string, work: (reader: DecisionReader) => T): T {
  const reader = DecisionReader.open(path)
  if (reader === null) throw new Error('there is a journal')
  try {
    return work(reader)
  } finally {
    reader.close()
  }
}

const rows = (path: string, from = 0, to = Number.MAX_SAFE_INTEGER) =>
  read(path, reader => [...reader.decisions(from, to)])

function sql(path: string, statements: string): void {
  const db = new DatabaseSync(path)
  db.exec(statements)
  db.close()
}

test('what was written comes back whole, short or long, over restarts', () => {
  const path = fresh()
  const long = JSON.stringify({ house: 'x'.repeat(5_000) })
  const all = [
    decisionOf(),
    decisionOf({ kind: 'guards', seen: long, cycle: null, step: null, told: [] }),
    decisionOf({ strategy: 'partial-tp', side: 'short', kind: 'manage' }),
  ]
  for (const decision of all) {
    const journal = open(path)
    journal.keep(batchOf({ decisions: [decision] }))
    journal.close()
  }
  assert.equal(
    rows(path),
    all.map((decision, k) => ({ ...decision, row: k + 1 })),
  )
})

test('a range includes both its ends, and a journal that is not there is none', () => {
  const path = written(5)
  const days = rows(path, T0 + DAY, T0 + 3 * DAY).map(({ at }) => (at - T0) / DAY)
  assert.equal(days, [1, 2, 3])
  assert.equal(
    read(path, reader => reader.span(T0 + DAY, T0 + 3 * DAY)),
    { first: T0 + DAY, last: T0 + 3 * DAY },
  )
  assert.is(
    read(path, reader => reader.span(T0 + DAY + 1, T0 + 2 * DAY - 1)),
    null,
  )
  assert.is(DecisionReader.open(fresh()), null)
})

test('a row that was changed, taken out, put in or moved is named', () => {
  for (const [statements, words] of [
    [`UPDATE decisions SET answer = '[]' WHERE seq = 5`, 'decisions, row 5: it was changed'],
    [`UPDATE decisions SET seen = '{}' WHERE seq = 5`, 'decisions, row 5: it was changed'],
    [`UPDATE decisions SET seen = x'00' WHERE seq = 5`, 'decisions, row 5: it was changed'],
    ['UPDATE decisions SET ts = ts + 1 WHERE seq = 5', 'decisions, row 5: it was changed'],
    [`UPDATE decisions SET hash = 'x' WHERE seq = 5`, 'decisions, row 5: it was changed'],
    ['DELETE FROM decisions WHERE seq = 5', 'decisions, row 5: it is missing'],
    ['DELETE FROM decisions WHERE seq = 1', 'decisions, row 1: it is missing'],
    ['DELETE FROM decisions WHERE seq = 10', 'decisions, row 10: it is missing'],
    ['DELETE FROM decisions', 'decisions, row 1: it is missing'],
    [
      'UPDATE decisions SET seq = 100 WHERE seq = 5; UPDATE decisions SET seq = 5 WHERE seq = 6; UPDATE decisions SET seq = 6 WHERE seq = 100',
      'decisions, row 5: it was changed',
    ],
    ['UPDATE chain SET seq = 9', 'decisions, row 10: it is missing'],
  ] as const) {
    const path = written(10)
    sql(path, statements)
    const error = thrown(() => rows(path))
    assert.ok(error instanceof StoreError && error.trouble === 'damaged', statements)
    assert.match(String(error), words)
  }
})

test('texts are kept once under their hash, and one that was changed is told', () => {
  const path = fresh()
  const journal = open(path)
  const context = { hash: shortHash('text'), kind: 'settings' as const, text: 'text' }
  journal.keep(batchOf({ contexts: [context] }))
  journal.keep(batchOf({ contexts: [context] }))
  journal.close()
  assert.is(
    read(path, reader => reader.context(context.hash)),
    'text',
  )
  assert.match(String(thrown(() => read(path, reader => reader.context('other')))), 'it is missing')
  sql(path, "UPDATE contexts SET text = 'other'")
  assert.match(String(thrown(() => read(path, reader => reader.context(context.hash)))), 'it was changed')
})

test('prints come back with their candles, over the borders of blocks, and the first of one candle stays', () => {
  const path = fresh()
  const journal = open(path)
  const printOf = (k: number) => ({
    symbol: 'BTCUSDT',
    interval: '5m' as const,
    start: T0 + k * 5 * MINUTE,
    print: [k + 1, 2, 3, 4, 5, 0xffff],
  })
  journal.keep(batchOf({ prints: [0, 1, 2, 70, 200].map(printOf) }))
  journal.keep(batchOf({ prints: [{ ...printOf(1), print: [9, 9, 9, 9, 9, 9] }, printOf(3)] }))
  journal.close()
  const prints = read(path, reader => reader.prints('BTCUSDT', '5m'))
  assert.equal(
    [...prints],
    [0, 1, 2, 3, 70, 200].map(k => [printOf(k).start, printOf(k).print] as const),
  )
  assert.is(
    read(path, reader => reader.prints('BTCUSDT', '1d').size),
    0,
  )
})

test('the series that there are prints of are told, each once', () => {
  const path = fresh()
  const journal = open(path)
  const print = [1, 2, 3, 4, 5, 6]
  journal.keep(
    batchOf({
      prints: [0, 1, 100, 200].map(k => ({
        symbol: 'BTCUSDT',
        interval: '5m',
        start: T0 + k * 5 * MINUTE,
        print,
      })),
    }),
  )
  journal.keep(batchOf({ prints: [{ symbol: 'ETHUSDT', interval: '1d', start: 20_000 * DAY, print }] }))
  journal.close()
  assert.equal(
    read(path, reader => [...reader.series()].sort()),
    [
      ['BTCUSDT', '5m'],
      ['ETHUSDT', '1d'],
    ],
  )
})

test('what is old is removed, and the rest is a whole chain still', () => {
  const path = written(10)
  const journal = open(path)
  journal.trim(T0)
  assert.is(rows(path).length, 10)
  journal.trim(T0 + 4 * DAY)
  assert.equal(
    rows(path).map(({ row }) => row),
    [5, 6, 7, 8, 9, 10],
  )
  journal.keep(batchOf())
  assert.is(rows(path).length, 7)
  journal.trim(T0 + 100 * DAY)
  assert.equal(rows(path), [])
  journal.keep(batchOf())
  assert.equal(
    rows(path).map(({ row }) => row),
    [12],
  )
  journal.close()
  sql(path, 'UPDATE chain SET trimmed = 9')
  assert.match(String(thrown(() => rows(path))), 'row 10: it is missing')
})

test('decisions that cannot be written are lost and counted, what later ones need is not', () => {
  const path = written(1)
  const journal = open(path)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const context = { hash: shortHash('text'), kind: 'settings' as const, text: 'text' }
  const print = { symbol: 'BTCUSDT', interval: '1d' as const, start: 20_000 * DAY, print: [1, 2, 3, 4, 5, 6] }
  const batch = batchOf({ contexts: [context], prints: [print], decisions: [decisionOf(), decisionOf()] })
  assert.match(String(journal.keep(batch)), 'locked')
  assert.match(String(journal.keep(batchOf())), 'locked')
  other.exec('ROLLBACK')
  other.close()
  assert.is(journal.keep(batchOf({ decisions: [decisionOf({ at: T0 + DAY })] })), null)
  assert.is(journal.keep(batchOf()), null)
  journal.close()
  assert.is(rows(path).length, 3)
  const gaps = read(path, reader => reader.gaps(0, Number.MAX_SAFE_INTEGER))
  assert.equal(
    gaps.map(({ after, at, lost }) => [after, at, lost]),
    [[1, T0 + DAY, 3]],
  )
  assert.is(
    read(path, reader => reader.context(context.hash)),
    'text',
  )
  assert.is(
    read(path, reader => reader.prints('BTCUSDT', '1d').size),
    1,
  )
})

test('a file that is no journal, or one of a later bbw, is refused and left alone', () => {
  const foreign = fresh()
  sql(foreign, 'CREATE TABLE mine (a TEXT)')
  for (const attempt of [() => open(foreign), () => DecisionReader.open(foreign)]) {
    assert.match(String(thrown(attempt)), 'no journal of decisions')
  }
  const later = written(1)
  sql(later, 'PRAGMA user_version = 2')
  for (const attempt of [() => open(later), () => DecisionReader.open(later)]) {
    assert.match(String(thrown(attempt)), 'of a later bbw')
  }
})

test('nobody else may read the file', () => {
  const path = written(1)
  assert.is(statSync(path).mode & 0o777, 0o600)
})

test('the prints of a history of any length are kept whole', () => {
  const path = fresh()
  const journal = open(path)
  const count = 210_000
  const prints = Array.from({ length: count }, (_, i) => ({
    symbol: 'BTCUSDT',
    interval: '1m' as const,
    start: T0 + i * MINUTE,
    print: [1, 2, 3, 4, 5, 6],
  }))
  assert.is(journal.keep(batchOf({ prints })), null)
  journal.close()
  const kept = read(path, reader => reader.prints('BTCUSDT', '1m'))
  assert.is(kept.size, count)
  assert.ok(kept.has(T0))
})

test.run()
