import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JOB_MS } from './jobs.ts'
import { StateStore } from './state-store.ts'
import { optionsOf, SELF, StoreFolder, T0 } from './store.fixture.ts'

const test = suite('jobs')
const folder = new StoreFolder()
test.after(() => folder.remove())

test('one job of a name runs at a time, and needs no lease', () => {
  const path = folder.fresh()
  const first = StateStore.open(path, optionsOf())
  const second = StateStore.open(path, optionsOf({ self: { ...SELF, pid: 5 } }))
  assert.is(first.tryJob('scan', T0), null)
  assert.equal(second.tryJob('scan', T0 + 10), { pid: SELF.pid, host: 'here', ageMs: 10 })
  assert.is(second.tryJob('other', T0), null)
  // Only who began it ends it.
  second.endJob('scan')
  assert.is(second.tryJob('scan', T0)?.pid, SELF.pid)
  first.endJob('scan')
  assert.is(second.tryJob('scan', T0), null)
  first.close()
  second.close()
})

test('a job whose process has ended, or that hangs, is over', () => {
  const path = folder.fresh()
  const first = StateStore.open(path, optionsOf())
  const second = StateStore.open(
    path,
    optionsOf({ self: { ...SELF, pid: 5 }, isAlive: pid => pid !== SELF.pid }),
  )
  const away = StateStore.open(path, optionsOf({ self: { ...SELF, host: 'there' }, isAlive: () => false }))
  first.tryJob('scan', T0)
  assert.is(second.tryJob('scan', T0), null)
  assert.is(away.tryJob('scan', T0 + JOB_MS)?.pid, 5)
  assert.is(away.tryJob('scan', T0 + JOB_MS + 1), null)
  for (const store of [first, second, away]) store.close()
})

test.run()
