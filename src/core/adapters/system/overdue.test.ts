import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CELL, Overdue, type Sight, sightOf } from './overdue.ts'

const test = suite('overdue')

const WATCHED = [
  { what: 'light cycle', limitMs: 60_000 },
  { what: 'heavy cycle', limitMs: 240_000 },
]
const LATE = 2_000

const sight = (counts: readonly number[], rest: Partial<Sight> = {}): Sight => ({
  counts,
  allowedMs: 0,
  isDebugged: false,
  ...rest,
})

/** Looks every second for so many seconds; what it says first. */
function looks(overdue: Overdue, seconds: number, at: (second: number) => Sight): string | null {
  for (let second = 1; second <= seconds; second += 1) {
    const found = overdue.look(1_000, at(second))
    if (found !== null) return `${found.what} ${found.silentMs / 1_000} at ${second}`
  }
  return null
}

test('a count that changes in time is never overdue, one that stays is at its limit', () => {
  const everyHalfMinute = (second: number): Sight =>
    sight([Math.floor(second / 30), Math.floor(second / 120)])
  assert.is(looks(new Overdue(WATCHED, LATE), 10_000, everyHalfMinute), null)
  const stays = new Overdue(WATCHED, LATE)
  assert.is(
    looks(stays, 10_000, () => sight([0, 0])),
    'light cycle 60 at 60',
  )
})

test('each of the watched has a limit of its own', () => {
  const onlyLight = (second: number): Sight => sight([second, 7])
  // The first look finds another count than none: it is young then.
  assert.is(looks(new Overdue(WATCHED, LATE), 10_000, onlyLight), 'heavy cycle 240 at 241')
})

test('a count that goes back has changed, too: the engine was made anew', () => {
  assert.is(
    looks(new Overdue(WATCHED, LATE), 200, second => sight([second % 2, second])),
    null,
  )
})

test('a look that comes late counts no more than its share: the machine slept', () => {
  const overdue = new Overdue(WATCHED, LATE)
  assert.is(overdue.look(8 * 3_600_000, sight([1, 1])), null)
  assert.is(overdue.look(8 * 3_600_000, sight([1, 1])), null)
  assert.is(overdue.look(-5, sight([1, 1])), null)
  // Two seconds were counted so far.
  assert.is(
    looks(overdue, 100, () => sight([1, 1])),
    'light cycle 60 at 58',
  )
})

test('within what was allowed nothing ages, beyond it that itself is overdue', () => {
  const allowed = sight([0, 0], { allowedMs: 900_000 })
  const overdue = new Overdue(WATCHED, LATE)
  assert.is(
    looks(overdue, 900, () => allowed),
    null,
  )
  assert.is(
    looks(overdue, 59, () => sight([0, 0])),
    null,
  )
  assert.is(
    looks(overdue, 1_000, () => allowed),
    'upkeep 901 at 901',
  )
})

test('while a debugger is open nothing is overdue, and everything is young after it', () => {
  const overdue = new Overdue(WATCHED, LATE)
  assert.is(
    looks(overdue, 59, () => sight([0, 0])),
    null,
  )
  assert.is(
    looks(overdue, 5_000, () => sight([0, 0], { isDebugged: true })),
    null,
  )
  assert.is(
    looks(overdue, 100, () => sight([0, 0])),
    'light cycle 60 at 60',
  )
})

test('the shared counters are read at their places', () => {
  const cells = new Int32Array(new SharedArrayBuffer(4 * (CELL.counts + 2)))
  cells.set([90, 1, 4, -2])
  const { counts, allowedMs, isDebugged } = sightOf(cells)
  assert.equal([[...Array.from(counts)], allowedMs, isDebugged], [[4, -2], 90_000, true])
})

test.run()
