import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../../base/units.ts'
import { heldStore, StoreFolder, T0 } from './store.fixture.ts'

const test = suite('starts')
const folder = new StoreFolder()
test.after(() => folder.remove())

/** Starts at these minutes without an end in between; what each is told. */
function startsAt(...minutes: readonly number[]): readonly boolean[] {
  const path = folder.fresh()
  return minutes.map(minute => {
    const now = T0 + minute * MINUTE
    const store = heldStore(path, { now, isAlive: () => false })
    const { isSafeMode, code } = store.noteStart(now)
    assert.is(code, isSafeMode ? 'C706' : null)
    store.close()
    return isSafeMode
  })
}

test('the fifth start within ten minutes without a clean end is in safe mode', () => {
  assert.equal(startsAt(0, 1, 2, 3, 4, 5), [false, false, false, false, true, true])
  assert.equal(startsAt(0, 2.5, 5, 7.5, 10), [false, false, false, false, true])
})

test('starts further apart are none, and a later quiet time ends safe mode', () => {
  assert.equal(startsAt(0, 3, 6, 9, 12, 15, 18), [false, false, false, false, false, false, false])
  assert.equal(startsAt(0, 1, 2, 3, 4, 20), [false, false, false, false, true, false])
})

test('a clean end forgives the starts before it', () => {
  const store = heldStore(folder.fresh())
  for (let round = 0; round < 3; round += 1) {
    const notes = [1, 2, 3, 4].map(() => store.noteStart(T0))
    assert.equal(
      notes.map(({ unclean }) => unclean),
      [1, 2, 3, 4],
    )
    assert.ok(notes.every(({ isSafeMode }) => !isSafeMode))
    store.noteCleanEnd(T0)
  }
  store.close()
})

test('a start that comes to nothing without a crash does not count, and those before it do', () => {
  const store = heldStore(folder.fresh())
  const crash = (): boolean => store.noteStart(T0).isSafeMode
  const fail = (): boolean => {
    const { isSafeMode } = store.noteStart(T0)
    store.noteFailedStart()
    return isSafeMode
  }
  assert.equal([fail(), fail(), fail(), fail(), fail(), fail()], Array(6).fill(false))
  assert.equal([crash(), crash(), crash(), crash()], Array(4).fill(false))
  assert.equal([fail(), fail(), crash(), fail(), crash()], Array(5).fill(true))
  store.close()
})

test.run()
