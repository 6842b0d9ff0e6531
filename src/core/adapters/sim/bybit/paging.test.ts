import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../../../base/units.ts'
import { Fields, queryFields } from './fields.ts'
import { Refusal } from './order.ts'
import { page, windowOf } from './paging.ts'

const test = suite('paging')

const rows = Array.from({ length: 7 }, (_, k) => `row ${k}`)
const sizes = { most: 5, standard: 3 }

test('pages follow one another by an opaque cursor until there are no more', () => {
  const seen: string[] = []
  let cursor = ''
  do {
    const found = page(rows, new Fields({ cursor }), sizes, row => row)
    seen.push(...found.rows)
    cursor = found.cursor
    assert.is(encodeURIComponent(decodeURIComponent(cursor)), cursor)
  } while (cursor !== '')
  assert.equal(seen, rows)
})

test('a cursor that a client has encoded once more is read as well', () => {
  const { cursor } = page(rows, new Fields({}), sizes, row => row)
  const query = queryFields(`cursor=${encodeURIComponent(cursor)}&limit=5`)
  assert.equal(page(rows, query, sizes, row => row).rows, rows.slice(3))
})

test('a limit beyond the greatest and a cursor of nothing are refused', () => {
  assert.throws(() => page(rows, new Fields({ limit: 6 }), sizes, row => row), /limit/)
  assert.throws(() => page(rows, new Fields({ cursor: 'x' }), sizes, row => row), /cursor/)
  assert.throws(() => page(rows, new Fields({ cursor: '%' }), sizes, row => row), /cursor/)
})

test('a window is seven days at most, and reaches as far from the end that is given', () => {
  const now = 100 * DAY
  assert.equal(windowOf(new Fields({}), now), { from: 93 * DAY, to: now })
  assert.equal(windowOf(new Fields({ startTime: DAY }), now, DAY), { from: DAY, to: 2 * DAY })
  assert.equal(windowOf(new Fields({ endTime: 9 * DAY }), now), { from: 2 * DAY, to: 9 * DAY })
  const long = new Fields({ startTime: '0', endTime: String(8 * DAY) })
  assert.throws(
    () => windowOf(long, now),
    (error: unknown) => error instanceof Refusal && error.code === 10001,
  )
})

test.run()
