import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../../base/units.ts'
import type { EventKind } from '../../engine/protocol.ts'
import { Connection } from './connection.ts'
import { brokenChain } from './events.ts'
import { numberOf } from './sql.ts'
import type { StateStore } from './state-store.ts'
import { batchOf, eventOf, heldStore, StoreFolder, T0 } from './store.fixture.ts'

const test = suite('events')
const folder = new StoreFolder()
test.after(() => folder.remove())

const KINDS: readonly EventKind[] = ['refused', 'entered', 'digest', 'refused', 'exited', 'looked-up']

/** A journal of one event a day. */
function journal(path: string, days: number): StateStore {
  const store = heldStore(path)
  for (let day = 0; day < days; day += 1) {
    const kind = KINDS[day % KINDS.length]
    store.commit(batchOf({ events: [eventOf({ kind, ts: T0 + day * DAY + 0.25, reason: `day ${day}` })] }))
  }
  return store
}

function broken(path: string): readonly string[] {
  const connection = new Connection(path, { readOnly: true, random: () => 0 })
  const found = brokenChain(connection)
  connection.close()
  return found
}

function count(path: string): number {
  const connection = new Connection(path, { readOnly: true, random: () => 0 })
  const rows = numberOf(connection, 'SELECT count(*) FROM events')
  connection.close()
  return rows
}

test('a journal that nobody touched is whole, over restarts', () => {
  const path = folder.fresh()
  journal(path, 10).close()
  const store = heldStore(path, { isAlive: () => false })
  store.commit(batchOf({ events: [eventOf(), eventOf()] }))
  store.close()
  assert.equal(broken(path), [])
  assert.is(count(path), 12)
})

test('a line that was changed, taken out, put in or moved is told', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      "UPDATE events SET record = replace(record, 'day 4', 'day 5') WHERE seq = 5",
      'events, row 5: it was changed',
    ],
    ['UPDATE events SET ts = ts + 1 WHERE seq = 5', 'events, row 5: it was changed'],
    ["UPDATE events SET kind = 'digest' WHERE seq = 5", 'events, row 5: it was changed'],
    ["UPDATE events SET symbol = 'X' WHERE seq = 5", 'events, row 5: it was changed'],
    ["UPDATE events SET hash = 'x' WHERE seq = 5", 'events, row 5: it was changed'],
    ['DELETE FROM events WHERE seq = 5', 'events: 9 rows and 0 trimmed, but 10 were written'],
    ['DELETE FROM events WHERE seq = 10', 'events: 9 rows and 0 trimmed, but 10 were written'],
    ['DELETE FROM events', 'events: 0 rows and 0 trimmed, but 10 were written'],
    [
      'UPDATE events SET seq = 100 WHERE seq = 5; UPDATE events SET seq = 5 WHERE seq = 6; UPDATE events SET seq = 6 WHERE seq = 100',
      'events, row 5: it does not follow the row before it',
    ],
    ['UPDATE events SET seq = 11 WHERE seq = 10', 'events, row 10: it is missing'],
    [
      `DELETE FROM events WHERE seq = 10;
       UPDATE kv SET value = json_set(value, '$.seq', 9) WHERE key = 'events'`,
      'events: the newest rows are missing',
    ],
  ]
  for (const [sql, words] of cases) {
    const path = folder.fresh()
    journal(path, 10).close()
    const db = new DatabaseSync(path)
    db.exec(sql)
    db.close()
    assert.equal(broken(path), [words], sql)
  }
})

test('trimming takes what is old and decides nothing, and the chain stays whole', () => {
  const path = folder.fresh()
  const store = journal(path, 60)
  let removed = 0
  for (let day = 0; day <= 60; day += 7) {
    removed += store.trim(T0 + day * DAY)
    assert.equal(broken(path), [], `day ${day}`)
    store.commit(batchOf({ events: [eventOf({ ts: T0 + 100 * DAY })] }))
  }
  assert.is(store.trim(T0), 0)
  // Four of six kinds are soft; the last days are young yet.
  assert.is(removed, 37)
  assert.is(count(path), 60 + 9 - removed)
  store.close()
  const db = new DatabaseSync(path)
  assert.equal(
    db.prepare("SELECT count(*) AS n FROM events WHERE kind IN ('entered', 'exited')").get()?.n,
    29,
  )
  db.exec("DELETE FROM events WHERE seq = (SELECT min(seq) FROM events WHERE kind = 'entered')")
  db.close()
  assert.match(broken(path)[0], 'trimmed, but 69 were written')
})

test('a year of refusals does not make the file grow for ever', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  const sizes: number[] = []
  for (let week = 0; week < 52; week += 1) {
    const events = Array.from({ length: 200 }, (_, i) =>
      eventOf({ kind: 'refused', ts: T0 + week * 7 * DAY + i }),
    )
    store.commit(batchOf({ events }))
    store.trim(T0 + (week - 4) * 7 * DAY)
    sizes.push(count(path))
  }
  assert.is(Math.max(...sizes), 1_000)
  assert.equal(broken(path), [])
  store.close()
})

test.run()
