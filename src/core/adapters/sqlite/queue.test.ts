import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { Connection } from './connection.ts'
import { commandOutcome, type QueuedCommand, takeQueued } from './queue.ts'
import { StateStore } from './state-store.ts'
import {
  batchOf,
  heldStore,
  intentOf,
  optionsOf,
  SELF,
  StoreFolder,
  scoredOf,
  T0,
  thrown,
} from './store.fixture.ts'

const test = suite('queue')
const folder = new StoreFolder()
test.after(() => folder.remove())

const PAUSE: QueuedCommand = { kind: 'pause', by: 'cli', reason: 'lunch' }
const HALT: QueuedCommand = { kind: 'halt', by: 'cli', reason: 'fire' }

test('a request of another process is taken once, halts first, and its answer is read by its id', () => {
  const path = folder.fresh()
  const holder = heldStore(path)
  const asker = StateStore.open(path, optionsOf({ self: { ...SELF, pid: 7 } }))
  const propose: QueuedCommand = { kind: 'propose', records: [scoredOf()] }
  assert.equal(asker.enqueue({ id: 'a', command: PAUSE }, T0), { state: 'queued', reason: '' })
  asker.enqueue({ id: 'b', command: propose }, T0)
  asker.enqueue({ id: 'c', command: HALT }, T0)
  const taken = holder.takeCommands(T0)
  assert.equal(
    taken.map(({ id }) => id),
    ['c', 'a', 'b'],
  )
  assert.equal(taken[2].command, JSON.parse(JSON.stringify(propose)))
  assert.equal(holder.takeCommands(T0), [])
  assert.equal(asker.outcome('a'), { state: 'taken', reason: '' })
  holder.commit(
    batchOf({
      answers: [
        { id: 'a', ok: true, reason: 'paused' },
        { id: 'b', ok: false, reason: 'stale' },
      ],
    }),
  )
  assert.equal(asker.outcome('a'), { state: 'done', reason: 'paused' })
  assert.equal(asker.outcome('b'), { state: 'refused', reason: 'stale' })
  assert.is(asker.outcome('none'), null)
  holder.close()
  asker.close()
})

test('the same id is the same request: it is told what came of the first and is not carried out again', () => {
  const path = folder.fresh()
  const holder = heldStore(path)
  holder.enqueue({ id: 'a', command: PAUSE }, T0)
  assert.equal(holder.enqueue({ id: 'a', command: HALT }, T0), { state: 'queued', reason: '' })
  assert.equal(holder.takeCommands(T0), [{ id: 'a', command: PAUSE }])
  holder.commit(batchOf({ answers: [{ id: 'a', ok: true, reason: 'paused' }] }))
  assert.equal(holder.enqueue({ id: 'a', command: PAUSE }, T0), { state: 'done', reason: 'paused' })
  assert.equal(holder.takeCommands(T0), [])
  // A second answer, or one to a question of nobody, changes nothing.
  holder.commit(batchOf({ answers: ['a', 'none'].map(id => ({ id, ok: false, reason: 'late' })) }))
  assert.equal(holder.outcome('a'), { state: 'done', reason: 'paused' })
  holder.close()
})

test('what is to be closed comes next to a halt, and what a person holds is closed for no old request', () => {
  const close: Extract<QueuedCommand, { readonly kind: 'close' }> = {
    kind: 'close',
    symbol: null,
    side: null,
    isForeignToo: true,
    halts: true,
    by: 'cli',
    reason: 'fire',
  }
  const path = folder.fresh()
  const first = heldStore(path)
  first.enqueue({ id: 'a', command: PAUSE }, T0)
  first.enqueue({ id: 'b', command: close }, T0)
  first.enqueue({ id: 'c', command: { ...close, symbol: 'BTCUSDT', side: 'long', isForeignToo: false } }, T0)
  first.enqueue({ id: 'd', command: HALT }, T0)
  assert.equal(
    first.takeCommands(T0).map(({ id }) => id),
    ['d', 'b', 'c', 'a'],
  )
  first.close()
  const later = T0 + 10 * 60_000
  const second = heldStore(path, { now: later, isAlive: () => false, self: { ...SELF, pid: 8 } })
  const again = second.takeCommands(later).map(({ id }) => id)
  assert.equal([again.includes('b'), again.includes('c')], [false, true])
  assert.equal(second.outcome('b'), { state: 'refused', reason: 'it was asked for too long ago: ask again' })
  second.close()
})

test('a request can be taken back until it is taken', () => {
  const store = heldStore(folder.fresh())
  store.enqueue({ id: 'a', command: PAUSE }, T0)
  store.enqueue({ id: 'b', command: PAUSE }, T0)
  assert.ok(store.withdraw('a', T0))
  assert.not(store.withdraw('a', T0))
  assert.equal(store.takeCommands(T0), [{ id: 'b', command: PAUSE }])
  assert.not(store.withdraw('b', T0))
  assert.equal(store.outcome('a'), { state: 'withdrawn', reason: '' })
  // Nobody has seen it, so it can be made again.
  assert.equal(store.enqueue({ id: 'a', command: HALT }, T0), { state: 'queued', reason: '' })
  assert.equal(store.takeCommands(T0), [{ id: 'a', command: HALT }])
  store.close()
})

test('what a holder took and never answered is taken by the next one', () => {
  const path = folder.fresh()
  const first = heldStore(path)
  first.enqueue({ id: 'a', command: HALT }, T0)
  first.takeCommands(T0)
  const second = StateStore.open(path, optionsOf({ self: { ...SELF, pid: 8 }, isAlive: () => false }))
  second.acquire(T0 + 1)
  assert.equal(second.takeCommands(T0 + 1), [{ id: 'a', command: HALT }])
  assert.equal(second.takeCommands(T0 + 1), [])
  assert.instance(
    thrown(() => first.takeCommands(T0 + 1)),
    StoreError,
  )
  first.close()
  second.close()
})

test('a position that is to change hands is asked for whole, or not at all', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  const whole = {
    kind: 'adopt',
    symbol: 'SOLUSDT',
    side: null,
    stop: 95,
    target: null,
    isOwn: false,
    by: 'me',
  } as const
  const connection = new Connection(path, { random: () => 0 })
  for (const [k, wrong] of [
    {},
    { symbol: 1 },
    { side: 'up' },
    { stop: '95' },
    { target: undefined },
    { isOwn: null },
    { by: undefined },
  ].entries()) {
    const id = `adopt-${k}`
    store.enqueue({ id, command: whole }, T0)
    connection.run('UPDATE intents SET request = ? WHERE id = ?', JSON.stringify({ ...whole, ...wrong }), id)
    const taken = connection.tx(() => takeQueued(connection, 1, T0))
    assert.equal(taken, k === 0 ? [{ id, command: whole }] : [])
  }
  connection.close()
  store.close()
})

test('a request that cannot be read is answered as refused, and one under an order’s id is not made', () => {
  const path = folder.fresh()
  const store = heldStore(path)
  store.commit(batchOf({ intents: [intentOf('order')] }))
  assert.match(
    String(thrown(() => store.enqueue({ id: 'order', command: PAUSE }, T0))),
    'is that of an order',
  )
  store.enqueue({ id: 'a', command: PAUSE }, T0)
  const connection = new Connection(path, { random: () => 0 })
  connection.run(`UPDATE intents SET request = '{"kind":"pause"}' WHERE id = 'a'`)
  assert.equal(
    connection.tx(() => takeQueued(connection, 1, T0)),
    [],
  )
  assert.equal(commandOutcome(connection, 'a'), { state: 'refused', reason: 'the request cannot be read' })
  connection.run("UPDATE intents SET state = 'odd' WHERE id = 'a'")
  const error = thrown(() => commandOutcome(connection, 'a'))
  assert.ok(error instanceof StoreError && error.trouble === 'damaged')
  connection.close()
  store.close()
})

test('old requests go once they are answered, and not before', () => {
  const store = heldStore(folder.fresh())
  for (const id of ['done', 'waiting', 'withdrawn']) store.enqueue({ id, command: PAUSE }, T0)
  store.withdraw('withdrawn', T0)
  store.commit(batchOf({ answers: [{ id: 'done', ok: true, reason: '' }], intents: [intentOf('order')] }))
  assert.is(store.trim(T0), 0)
  assert.is(store.trim(T0 + 1), 2)
  assert.is(store.outcome('done'), null)
  assert.equal(store.takeCommands(T0), [{ id: 'waiting', command: PAUSE }])
  assert.equal(store.commit(batchOf({ intents: [intentOf('order')] })), ['order'])
  store.close()
})

test.run()
