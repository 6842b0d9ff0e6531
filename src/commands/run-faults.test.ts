/** Whole processes on one folder: two loops, frozen ones, and what they say on standard error. */
import { readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import {
  agedLease,
  BUSY,
  FAST,
  inDatabase,
  Loops,
  OPENED,
  requestsIn,
  type Started,
} from './started.fixture.ts'
import { records } from './world.fixture.ts'

const test = suite('faults of processes')
const loops = new Loops()
const { folder, processes, market: MARKET } = loops
const fresh = (): string => loops.fresh()
const run = (data: string, ...words: readonly string[]): Started => loops.run(data, ...words)

test.after(() => loops.end())

test('H1: a second loop on the folder does not start, and says which process holds it, where and since when', async () => {
  const data = fresh()
  const first = run(data, ...BUSY)
  await first.says(OPENED)
  const { code, out, err } = await run(data, ...BUSY).ended
  assert.is(code, 79)
  assert.is(out, '', 'it has traded nothing')
  assert.ok(err.includes('E801'))
  const said = `process ${first.pid} on ${hostname()} trades on this state \\(seen \\d+ s ago\\)`
  assert.match(err, new RegExp(said))
  assert.match(err, 'stop it first, or choose another --data-dir')
  await first.kill()
})

test('incident 62: a second instance refuses to trade, and the first goes on', async () => {
  const data = fresh()
  const first = run(data, ...BUSY)
  await first.says(OPENED)
  assert.is((await run(data, ...FAST).ended).code, 79)
  const before = first.out.length
  await first.says(/"kind":"digest"/, 'out', before)
  assert.not(first.isOver)
  assert.is((await first.stop()).code, 0)
})

test('H2: a frozen loop whose place was taken sends nothing when it wakes, and ends with 79', async () => {
  const [data, exchange] = [fresh(), fresh()]
  const { server, url, env } = await processes.serve(['--data-dir', exchange, ...MARKET])
  const words = ['run', '--data-dir', data, '--sim-url', url, '--ndjson', ...BUSY]
  const frozen = processes.start(words, { env })
  await frozen.says(/"kind":"filled"/, 'out')
  await agedLease(frozen, join(data, 'state.db'))
  const second = processes.start(words, { env })
  await second.says(/I705/)
  await second.says(/"kind":"(?:entered|filled|exited)"/, 'out')
  second.signal('SIGSTOP')
  server.signal('SIGSTOP')
  const before = requestsIn(exchange, join(folder.path, 'before.db'))
  server.signal('SIGCONT')
  assert.ok(before.length > 0)

  frozen.signal('SIGCONT')
  const { code, err } = await frozen.ended
  assert.is(code, 79)
  assert.ok(err.includes('C802'))
  assert.match(err, new RegExp(`C802 the lease was taken over by process ${second.pid} on ${hostname()}`))
  server.signal('SIGSTOP')
  const after = requestsIn(exchange, join(folder.path, 'after.db'))
  server.signal('SIGCONT')
  // What the second one had sent and the exchange had not yet written when it was looked at is the second one's.
  assert.ok(after.length - before.length <= 1, `${after.length - before.length} requests after the wake`)
  assert.equal(after.slice(0, before.length), before)
  second.signal('SIGCONT')
  assert.is((await second.stop()).code, 0)
  const tokens = inDatabase(join(data, 'state.db'), db =>
    db.prepare("SELECT DISTINCT token FROM intents WHERE kind = 'order' ORDER BY token").all(),
  )
  assert.ok(tokens.length > 0)
})

test('H10: an order of a person beside a loop is queued to it, carried out by it, and its outcome told', async () => {
  const data = fresh()
  const loop = run(data, ...BUSY)
  await loop.says(OPENED)
  let injected = 0
  for (const [name, kind] of [
    ['pause', 'paused'],
    ['resume', 'resumed'],
    ['halt', 'halted'],
  ] as const) {
    const words = ['trade', name, '--data-dir', data, '--reason', `for ${name}`]
    const { code, err, out } = await processes.start(words).ended
    injected += 1
    assert.is(code, 0, err)
    assert.equal(
      records(out).map(event => [event.kind, event.reason]),
      [[kind, `for ${name}`]],
    )
    assert.ok(err.includes('I810'))
    assert.match(err, `I810 queued to the running bbw (process ${loop.pid} on ${hostname()})`)
    await loop.says(new RegExp(`"kind":"${kind}"[^\\n]*"reason":"for ${name}"`), 'out')
  }
  assert.is(injected, 3)
  assert.is((await loop.stop()).code, 0)
})

test('H11: a second scan on the folder waits for the first, and says so', async () => {
  const data = fresh()
  await run(data, ...FAST, '--until', '2024-06-25').ended
  const store = StateStore.open(join(data, 'state.db'), {
    now: Date.now(),
    random: Math.random,
    origin: 'sim',
  })
  try {
    assert.is(store.tryJob('scan', Date.now()), null)
    const second = processes.start(['scan', '--data-dir', data, ...MARKET])
    await second.says(new RegExp(`I811 a scan is at work already \\(process ${process.pid} on .*waiting`))
    assert.ok(second.err.includes('I811') && !second.isOver)
    store.endJob('scan')
    assert.is((await second.ended).code, 0)
  } finally {
    store.close()
  }
})

test('H12: a status beside a loop that writes all the time succeeds, locks nothing and writes nothing', async () => {
  const data = fresh()
  const loop = run(data, ...BUSY)
  await loop.says(/"kind":"filled"/, 'out')
  let looks = 0
  for (let nth = 0; nth < 3; nth += 1) {
    const { code, out, err } = await processes.start(['status', '--data-dir', data, '--json']).ended
    looks += 1
    assert.is(code, 0, err)
    assert.is(records(out).length > 0, true)
  }
  assert.is(looks, 3)
  const { code, err } = await loop.stop()
  assert.is(code, 0)
  assert.not.match(err, /W803|W808/)
  // At rest it leaves the files as they are, to the byte.
  const path = join(data, 'state.db')
  const before = [readFileSync(path), statSync(path).mtimeMs]
  assert.is((await processes.start(['status', '--data-dir', data]).ended).code, 0)
  assert.equal([readFileSync(path), statSync(path).mtimeMs], before)
})

test.run()
