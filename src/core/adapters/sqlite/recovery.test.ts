import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codeOf, HeldError, StoreError } from '../../base/errors.ts'
import { random } from '../../base/random.ts'
import { backup, backupFolder } from './backup.ts'
import type { Claim } from './lease.ts'
import { recoverDamaged, restore } from './recovery.ts'
import { StateStore } from './state-store.ts'
import {
  batchOf,
  bookRows,
  eventOf,
  heldStore,
  optionsOf,
  SELF,
  StoreFolder,
  T0,
  thrown,
} from './store.fixture.ts'

const test = suite('recovery')
const folder = new StoreFolder()
test.after(() => folder.remove())

const CLAIM: Claim = { pid: 77, host: 'here', processStart: 'x', now: T0 + 1, isAlive: () => false }

/** A state with books and many events, closed, and a backup of it from before the last event. */
function booked(): string {
  const path = folder.fresh()
  const store = heldStore(path)
  const events = Array.from({ length: 200 }, () => eventOf())
  store.commit(batchOf({ rows: bookRows(), events }))
  backup(path, { now: T0, folder: backupFolder(path) })
  store.commit(batchOf({ events: [eventOf()] }))
  store.close()
  return path
}

function flip(path: string, seed: number): void {
  const bytes = readFileSync(path)
  const chance = random(seed)
  // Past the header, so that it is still taken for a database.
  for (let i = 0; i < 4_000; i += 1) bytes[100 + chance.int(bytes.length - 100)] ^= 1 + chance.int(255)
  writeFileSync(path, bytes)
}

test('a damaged state is told at its opening, put aside, and the newest sound backup stands in its place', () => {
  let injected = 0
  for (let seed = 0; seed < 10; seed += 1) {
    const path = booked()
    flip(path, seed)
    const error = thrown(() => StateStore.open(path, optionsOf()).close())
    assert.ok(
      error instanceof StoreError && error.trouble === 'damaged' && codeOf(error) === 'C807',
      String(error),
    )
    injected += 1
    const { aside, restored, refused } = recoverDamaged(path, CLAIM)
    assert.ok(aside.some(one => basename(one) === 'state-damaged-20240726T120000Z.db'))
    assert.is(basename(String(restored)), 'state-20240726T120000Z.db')
    assert.equal(refused, [])
    const store = heldStore(path, { isAlive: () => false })
    assert.is(store.loadBooks()?.positions.length, 1)
    store.commit(batchOf({ events: [eventOf()] }))
    store.close()
  }
  assert.is(injected, 10)
})

test('without a sound backup the next start makes an empty state, and nothing is lost from sight', () => {
  const path = booked()
  const [copy] = readdirSync(backupFolder(path))
  for (const one of [path, join(backupFolder(path), copy)]) writeFileSync(one, 'x'.repeat(5_000))
  const { aside, restored, refused } = recoverDamaged(path, CLAIM)
  assert.is(restored, null)
  assert.is(refused.length, 1)
  assert.ok(aside.every(existsSync))
  const store = StateStore.open(path, optionsOf())
  assert.is(store.loadBooks(), null)
  store.close()
})

test('a state whose log was deleted opens as of its last checkpoint', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  store.commit(batchOf({ rows: bookRows() }))
  store.checkpoint()
  store.commit(batchOf({ events: [eventOf()] }))
  // As after a kill: the files as they lie, without the log.
  const copy = folder.fresh()
  StateStore.open(copy, optionsOf()).close()
  writeFileSync(copy, readFileSync(path))
  store.close()
  for (const suffix of ['-wal', '-shm']) rmSync(copy + suffix, { force: true })
  const again = heldStore(copy, { isAlive: () => false })
  assert.is(again.loadBooks()?.positions.length, 1)
  again.commit(batchOf({ events: [eventOf()] }))
  again.close()
})

test('a restore proves the backup, keeps what was there, and proves what stands in the end', () => {
  const path = booked()
  const source = join(backupFolder(path), 'state-20240726T120000Z.db')
  const done = restore(path, source, CLAIM)
  assert.is(done.counts.events, 200)
  assert.equal(
    done.aside.map(one => basename(one)),
    ['state-replaced-20240726T120000Z.db'],
  )
  const kept = StateStore.open(done.aside[0], optionsOf())
  assert.is(kept.loadBooks()?.positions.length, 1)
  kept.close()
  assert.ok(existsSync(source))
  // Into a folder in which there is nothing yet.
  const fresh = folder.fresh()
  StateStore.open(join(dirname(fresh), 'other.db'), optionsOf()).close()
  assert.equal(restore(fresh, source, CLAIM).aside, [])
  const store = StateStore.open(fresh, optionsOf())
  assert.is(store.loadBooks()?.positions.length, 1)
  store.close()
})

test('a backup that is no good, or of something else, changes nothing', () => {
  const path = booked()
  const before = readFileSync(path)
  const noise = join(folder.path, 'noise.db')
  writeFileSync(noise, 'x'.repeat(5_000))
  for (const source of [noise, join(folder.path, 'none.db')]) {
    assert.instance(
      thrown(() => restore(path, source, CLAIM)),
      StoreError,
    )
    assert.equal(readFileSync(path), before)
  }
})

test('nothing is put aside under a process that holds it', () => {
  const path = booked()
  const source = join(backupFolder(path), 'state-20240726T120000Z.db')
  const store = heldStore(path, { isAlive: () => false })
  const claim = { ...CLAIM, isAlive: (): boolean => true }
  let refused = 0
  for (const work of [
    (): unknown => restore(path, source, claim),
    (): unknown => recoverDamaged(path, claim),
  ]) {
    const error = thrown(work)
    assert.ok(error instanceof HeldError)
    if (error instanceof HeldError) assert.equal(error.holder, { pid: SELF.pid, host: 'here', ageMs: 1 })
    refused += 1
  }
  assert.is(refused, 2)
  store.commit(batchOf({ events: [eventOf()] }))
  // The holder itself may put its own state aside when it finds it damaged; it cannot always give it back first.
  store.close()
  assert.is(recoverDamaged(path, { ...SELF, now: T0 + 2, isAlive: () => true }).code, 'C807')
  assert.is(heldStore(path, { isAlive: () => false }).loadBooks()?.positions.length, 1)
})

test.run()
