import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { Connection } from './connection.ts'
import { writeKey } from './kv.ts'
import { LEASE_MS } from './lease.ts'
import { StateStore } from './state-store.ts'
import { optionsOf, SELF, StoreFolder, T0, thrown } from './store.fixture.ts'

const test = suite('lease')
const folder = new StoreFolder()
test.after(() => folder.remove())

const OTHER = { pid: 99, host: 'here', processStart: 'later' }

test('one process holds it, and every other one is told which, where and how long ago', () => {
  const path = folder.fresh()
  const first = StateStore.open(path, optionsOf())
  assert.equal(first.acquire(T0), { ok: true, token: 1 })
  let refused = 0
  for (const self of [OTHER, { ...OTHER, pid: 100 }, { ...OTHER, host: 'there' }, SELF]) {
    const other = StateStore.open(path, optionsOf({ self }))
    assert.equal(other.acquire(T0 + 1_500), {
      ok: false,
      code: 'E801',
      holder: { pid: SELF.pid, host: 'here', ageMs: 1_500 },
    })
    assert.is(other.token, null)
    other.close()
    refused += 1
  }
  assert.is(refused, 4)
  first.close()
})

test('it is free after a release, and each holder’s token is greater than all before it', () => {
  const path = folder.fresh()
  const first = StateStore.open(path, optionsOf())
  const second = StateStore.open(path, optionsOf({ self: OTHER }))
  const tokens: unknown[] = []
  for (const store of [first, second, first, second]) {
    tokens.push(store.acquire(T0))
    store.release()
    assert.is(store.holder(T0), null)
    assert.is(store.token, null)
  }
  assert.equal(
    tokens,
    [1, 2, 3, 4].map(token => ({ ok: true, token })),
  )
  first.close()
  second.close()
})

test('a dead process of this machine holds nothing, one of another machine does until its time is over', () => {
  const path = folder.fresh()
  const asked: unknown[] = []
  const isAlive = (pid: number, processStart: string): boolean => {
    asked.push([pid, processStart])
    return false
  }
  StateStore.open(path, optionsOf()).acquire(T0)
  const same = StateStore.open(path, optionsOf({ self: OTHER, isAlive }))
  assert.equal(same.acquire(T0 + 1), { ok: true, token: 2 })
  assert.equal(asked, [[SELF.pid, SELF.processStart]])
  const away = StateStore.open(path, optionsOf({ self: { ...OTHER, host: 'there' }, isAlive }))
  assert.not(away.acquire(T0 + 1 + LEASE_MS).ok)
  assert.is(asked.length, 1)
  assert.equal(away.acquire(T0 + 2 + LEASE_MS), { ok: true, token: 3 })
  same.close()
  away.close()
})

test('renewing keeps it, and a clock that was set back does not make a holder immortal', () => {
  const path = folder.fresh()
  const first = StateStore.open(path, optionsOf())
  const second = StateStore.open(path, optionsOf({ self: OTHER }))
  first.acquire(T0)
  for (let n = 1; n <= 5; n += 1) {
    first.renew(T0 + n * LEASE_MS)
    assert.not(second.acquire(T0 + (n + 1) * LEASE_MS).ok)
  }
  assert.equal(second.acquire(T0 - 24 * LEASE_MS), { ok: true, token: 2 })
  first.close()
  second.close()
})

test('a row that is no lease is damage', () => {
  const path = folder.fresh()
  const store = StateStore.open(path, optionsOf())
  const connection = new Connection(path, { random: () => 0 })
  writeKey(connection, 'lease', { pid: 3 })
  const error = thrown(() => store.acquire(T0))
  assert.ok(error instanceof StoreError && error.trouble === 'damaged')
  connection.close()
  store.close()
})

test.run()
