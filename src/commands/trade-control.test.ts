import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { batchOf } from '../core/adapters/sqlite/store.fixture.ts'
import { foundOrder, leaveOrder } from '../core/adapters/system/standing-order.ts'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('trade pause, resume and halt')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder), '--timerange', '20240701-20240901']
const wall = Date.UTC(2026, 0, 1)
let states = 0

test.after(() => folder.remove())

function fresh(): string {
  states++
  return join(folder.path, `state-${states}`)
}

function order(words: readonly string[], setting: Parameters<typeof bbw>[1] = {}): Promise<Outcome> {
  return bbw(['trade', ...words], { wall, ...setting })
}

function run(data: string, until: string, ...words: readonly string[]): Promise<Outcome> {
  return bbw(['run', ...MARKET, '--data-dir', data, '--speed', 'max', '--until', until, '--ndjson', ...words])
}

function kinds(out: string): readonly unknown[] {
  return records(out).map(record => record.kind)
}

/** What a person has closed, as the status tells it. */
async function standing(data: string): Promise<{ readonly [what: string]: unknown }> {
  const { out } = await bbw(['status', '--data-dir', data, '--json'], { wall })
  return records(out)[0].standing as { readonly [what: string]: unknown }
}

/** The state of a folder, held by a loop of another machine that answers when it is told to. */
function loop(data: string): StateStore {
  const self = { pid: 4121, host: 'elsewhere', processStart: 'then' }
  const options = { now: wall, random: () => 0, origin: 'sim', self }
  const store = StateStore.open(join(data, 'state.db'), options)
  assert.ok(store.acquire(wall).ok)
  return store
}

test('where no loop runs the order is written into the books, and the next run finds it there', async () => {
  const data = fresh()
  await run(data, '2024-07-10')
  const { code, out, err } = await order(['pause', '--data-dir', data, '--reason', 'maintenance'])
  assert.equal([code, err], [0, ''])
  const [event] = records(out)
  assert.equal([event.kind, event.code, event.reason], ['paused', 'I130', 'maintenance'])
  // By the clock of the exchange, which stands where the run ended.
  assert.is(event.ts, Date.UTC(2024, 6, 10))
  const paused = await run(data, '2024-08-10')
  assert.not(kinds(paused.out).includes('entered'))
  assert.match(paused.out, 'paused by cli: maintenance')
  assert.is((await order(['resume', '--data-dir', data])).code, 0)
  assert.ok(kinds((await run(data, '2024-08-31')).out).includes('entered'))
})

test('an order comes before the first run, too, and leaves the account to it', async () => {
  const data = fresh()
  const { code, out } = await order(['halt', '--data-dir', data], { terminals: ['stdout'] })
  assert.is(code, 0)
  assert.match(out, /HALTED .*by command/)
  assert.ok(existsSync(join(data, 'state.db')))
  const halted = await run(data, '2024-07-10', '--starting-balance', '300')
  assert.not(kinds(halted.out).includes('entered'))
  // The balance that the order had to assume is no loss.
  for (const kind of ['drift', 'paused', 'halted']) assert.not(kinds(halted.out).includes(kind), kind)
  await order(['resume', '--data-dir', data])
  assert.ok(kinds((await run(data, '2024-07-20', '--starting-balance', '300')).out).includes('entered'))
})

test('the folder may stand before or after the name of the order, and a flag of the group alone is refused', async () => {
  const [one, two] = [fresh(), fresh()]
  assert.is((await order(['--data-dir', one, 'halt'])).code, 0)
  assert.is((await order(['halt', '--data-dir', two])).code, 0)
  for (const data of [one, two]) assert.ok((await standing(data)).halted !== null, data)
  for (const words of [
    ['halt', '--execute'],
    ['--execute', 'halt'],
    ['pause', '--at', '2024-07-26'],
    ['pauze'],
    ['halt', 'now'],
  ]) {
    const { code, out } = await order([...words, '--data-dir', one])
    assert.equal([code, out], [2, ''], words.join(' '))
  }
})

test('what is so already is said, and changes nothing', async () => {
  const data = fresh()
  await order(['halt', '--data-dir', data, '--reason', 'first'])
  const before = await standing(data)
  const { code, out, err } = await order(['halt', '--data-dir', data, '--reason', 'second'])
  assert.equal([code, out], [0, ''])
  assert.match(err, 'halt: so it is already')
  assert.equal(await standing(data), before)
})

test('beside a loop the order is queued, and its outcome is the exit code', async () => {
  for (const [ok, expected] of [
    [true, 0],
    [false, 6],
  ] as const) {
    const data = fresh()
    const store = loop(data)
    const taken: unknown[] = []
    const { code, err } = await order(['pause', '--data-dir', data, '--reason', 'lunch'], {
      onSleep: () => {
        for (const { id, command } of store.takeCommands(wall)) {
          taken.push(command)
          store.commit(batchOf({ answers: [{ id, ok, reason: '' }] }))
        }
      },
    })
    assert.is(code, expected, err)
    assert.equal(taken, [{ kind: 'pause', by: 'cli', reason: 'lunch' }])
    assert.match(err, 'I810 queued to the running bbw (process 4121 on elsewhere)')
    store.close()
  }
})

test('a loop that does not answer is given up after ten seconds with 75, and nothing waits for it', async () => {
  const data = fresh()
  const store = loop(data)
  let waited = 0
  const { code, err } = await order(['halt', '--data-dir', data], {
    onSleep: now => {
      waited = now
    },
  })
  assert.equal([code, waited], [75, 10_000])
  assert.match(err, 'the running bbw does not answer')
  assert.is(foundOrder(data)?.command, 'halt', 'but for the halt beside the state')
  assert.equal(store.takeCommands(wall), [])
  store.close()
})

test('a loop that takes the order and dies is given up, too, and the order is left to the next one', async () => {
  const data = fresh()
  const store = loop(data)
  const { code, err } = await order(['halt', '--data-dir', data], {
    onSleep: () => void store.takeCommands(wall),
  })
  assert.is(code, 75)
  assert.match(err, 'it has the request already and may carry it out')
  store.release()
  store.acquire(wall)
  assert.is(store.takeCommands(wall).length, 1)
  store.close()
})

test('a loop that ends before it sees the order leaves it to the asker', async () => {
  const data = fresh()
  const store = loop(data)
  const { code, out } = await order(['halt', '--data-dir', data], { onSleep: () => store.release() })
  assert.is(code, 0)
  assert.equal(kinds(out), ['halted'])
  assert.ok((await standing(data)).halted !== null)
  store.close()
})

test('while another process holds the lock of the state a halt is left beside it, and that is no failure', async () => {
  const data = fresh()
  const store = loop(data)
  const lock = new DatabaseSync(join(data, 'state.db'))
  lock.exec('BEGIN IMMEDIATE')
  const { code, err } = await order(['halt', '--data-dir', data, '--reason', 'a fire'])
  lock.exec('ROLLBACK')
  lock.close()
  assert.is(code, 0, err)
  assert.match(err, /C132 .*standing-order.json: in force once bbw reads it/)
  assert.not.match(err, /try again/)
  assert.equal([foundOrder(data)?.command, foundOrder(data)?.reason], ['halt', 'a fire'])
  store.close()
})

test('where the state is damaged a halt is left beside it, and the next start obeys before it trades', async () => {
  const data = fresh()
  await run(data, '2024-07-10')
  const [state, sound] = [join(data, 'state.db'), join(folder.path, 'sound.db')]
  cpSync(state, sound)
  writeFileSync(state, 'this is no database at all'.repeat(100))
  const paused = await order(['pause', '--data-dir', data])
  assert.equal([paused.code, foundOrder(data)?.command], [0, 'pause'])
  const { code, err } = await order(['halt', '--data-dir', data, '--reason', 'a fire'])
  assert.is(code, 0)
  assert.match(err, /C132 .*standing-order.json: in force once bbw reads it/)
  const less = await order(['pause', '--data-dir', data])
  assert.match(less.err, /C132 .*the halt lies in .*standing-order.json/)
  assert.not(less.err.includes('the pause lies'))
  const resumed = await order(['resume', '--data-dir', data])
  assert.is(resumed.code, 1, 'nothing is lifted blindly')
  assert.match(resumed.err, 'bbw db check')
  assert.equal(foundOrder(data)?.command, 'halt')
  cpSync(sound, state)
  const halted = await run(data, '2024-08-10')
  assert.not(kinds(halted.out).includes('entered'))
  assert.match(halted.out, 'halted by cli: a fire')
  assert.is(foundOrder(data), null, 'the state has it')
  assert.is((await order(['resume', '--data-dir', data])).code, 0)
  assert.ok(kinds((await run(data, '2024-08-31')).out).includes('entered'))
})

test('a resume lifts what was left beside the state, too', async () => {
  const data = fresh()
  await run(data, '2024-07-10')
  leaveOrder(data, { command: 'halt', by: 'cli', reason: 'a fire', at: wall })
  assert.is((await order(['resume', '--data-dir', data])).code, 0)
  assert.is(foundOrder(data), null)
  assert.ok(kinds((await run(data, '2024-07-20')).out).includes('entered'))
})

test('a loop that runs obeys an order that is left beside its state', async () => {
  const data = fresh()
  let isLeft = false
  const words = ['run', ...MARKET, '--data-dir', data, '--speed', '864000', '--ndjson']
  const looped = await bbw(words, {
    onSleep: () => {
      if (!isLeft) leaveOrder(data, { command: 'halt', by: 'cli', reason: 'a fire', at: wall })
      isLeft = true
    },
  })
  assert.is(looped.code, 0, looped.err)
  const all = records(looped.out)
  const at = all.findIndex(record => record.kind === 'halted')
  assert.is(all[at]?.reason, 'a fire')
  assert.not(all.slice(at).some(record => record.kind === 'entered'))
  assert.is(foundOrder(data), null)
})

test('a loop that runs carries it out between two instants of its market', async () => {
  const data = fresh()
  let asked: Promise<Outcome> | null = null
  const words = ['run', ...MARKET, '--data-dir', data, '--speed', '864000', '--ndjson']
  const looped = await bbw(words, {
    onSleep: () => {
      asked ??= order(['halt', '--data-dir', data, '--reason', 'a fire'])
    },
  })
  assert.is(looped.code, 0, looped.err)
  const { code, out, err } = await (asked ?? Promise.reject(new Error('never asked')))
  assert.is(code, 0, err)
  const answer = records(out).map(({ kind, reason }) => [kind, reason])
  assert.equal(answer, [['halted', 'a fire']], 'the same record as without a loop')
  const all = records(looped.out)
  const at = all.findIndex(record => record.kind === 'halted')
  assert.is(all[at]?.reason, 'a fire')
  assert.not(
    all
      .slice(at)
      .map(record => record.kind)
      .includes('entered'),
  )
})

test.run()
