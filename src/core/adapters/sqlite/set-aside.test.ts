import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HeldError, StoreError } from '../../base/errors.ts'
import { thisProcess } from '../system/processes.ts'
import { setAside } from './set-aside.ts'
import { SqliteSimJournal } from './sim-journal.ts'
import { StateStore } from './state-store.ts'
import { batchOf, heldStore, optionsOf, StoreFolder, T0, thrown, tradeOf } from './store.fixture.ts'

const test = suite('putting a state aside')
const store = new StoreFolder()
test.after(() => store.remove())

/** A data folder with a state that nobody holds and the journal of an exchange; returns the folder. */
function leftBehind(): string {
  const path = store.fresh()
  const state = heldStore(path)
  state.commit(batchOf({ trades: [tradeOf()] }))
  state.release()
  state.close()
  const journal = SqliteSimJournal.open(join(dirname(path), 'sim.db'))
  journal.write(1, '{"a":1}')
  journal.close()
  return dirname(path)
}

test('state and exchange get other names, and what they held is in them', () => {
  const folder = leftBehind()
  const paths = setAside(folder, T0)
  for (const path of paths) assert.ok(existsSync(path), path)
  const databases = paths.filter(path => path.endsWith('.db'))
  assert.equal(databases, [
    join(folder, 'state-earlier-20240726T120000Z.db'),
    join(folder, 'sim-earlier-20240726T120000Z.db'),
  ])
  for (const name of readdirSync(folder)) assert.not.match(name, /^(?:state|sim)\.db/)
  const state = StateStore.open(databases[0], optionsOf())
  assert.equal(state.trades(), [tradeOf()])
  state.close()
  const journal = SqliteSimJournal.open(databases[1])
  assert.is(journal.last(), '{"a":1}')
  journal.close()
})

test('twice within a second keeps both, and an empty folder has nothing to be kept', () => {
  const folder = leftBehind()
  setAside(folder, T0)
  assert.equal(setAside(folder, T0), [])
  StateStore.open(join(folder, 'state.db'), optionsOf()).close()
  const [again] = setAside(folder, T0).filter(path => path.endsWith('.db'))
  assert.is(again, join(folder, 'state-earlier-20240726T120000Z-2.db'))
})

test('while a process holds either, nothing is moved', () => {
  const folder = leftBehind()
  const before = readdirSync(folder).sort()
  const names = (): readonly string[] => readdirSync(folder).filter(name => !/-(?:wal|shm)$/.test(name))
  // A process that runs, and is not this one.
  const state = heldStore(join(folder, 'state.db'), { self: { ...thisProcess(), pid: 1, host: 'elsewhere' } })
  assert.instance(
    thrown(() => setAside(folder, T0)),
    HeldError,
  )
  state.release()
  state.close()
  const journal = SqliteSimJournal.open(join(folder, 'sim.db'))
  const held = thrown(() => setAside(folder, T0))
  assert.ok(held instanceof StoreError && held.trouble === 'lease-lost')
  journal.close()
  assert.equal(
    names(),
    before.filter(name => !/-(?:wal|shm)$/.test(name)),
  )
  assert.is(setAside(folder, T0).filter(path => path.endsWith('.db')).length, 2)
})

test('what is not a database is put aside all the same', () => {
  for (const name of ['state.db', 'sim.db']) {
    const folder = leftBehind()
    writeFileSync(join(folder, name), 'garbage '.repeat(1_000))
    assert.is(setAside(folder, T0).filter(path => path.endsWith('.db')).length, 2)
  }
})

test.run()
