/** The life of a loop in a process of its own: how it ends, however it is ended, and how the next one begins. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Connection } from '../core/adapters/sqlite/connection.ts'
import { readLease } from '../core/adapters/sqlite/lease.ts'
import { SECOND } from '../core/base/units.ts'
import { BUSY, codesSaid, enteredIn, FAST, Loops, OPENED, type Started } from './started.fixture.ts'
import { records } from './world.fixture.ts'

const test = suite('life of a process')
const loops = new Loops()
const { folder, processes, market: MARKET } = loops
const fresh = (): string => loops.fresh()
const run = (data: string, ...words: readonly string[]): Started => loops.run(data, ...words)

test.after(() => loops.end())

test('incident 66: SIGTERM ends a loop within 8 s, with everything saved and the stops at the exchange', async () => {
  const data = fresh()
  const loop = run(data, ...BUSY)
  await loop.says(/"kind":"filled"[\s\S]*"type":"trade"/, 'out')
  const begun = performance.now()
  const { code, out, err } = await loop.stop()
  assert.ok(performance.now() - begun < 8 * SECOND)
  assert.is(code, 0)
  assert.match(
    err,
    /I704 stopped at \S+ \S+ UTC with (?:0 open positions|\d+ open positions, each with its stop)/,
  )
  const told = records(out)
  const trades = told.filter(record => record.type === 'trade').map(record => record.id)
  const connection = new Connection(join(data, 'state.db'), { readOnly: true, random: () => 0 })
  try {
    const kept = connection.all('SELECT record FROM trades ORDER BY rowid')
    assert.is(kept.length, trades.length)
    const events = connection.all("SELECT count(*) AS n FROM events WHERE kind <> 'refused'")
    const heard = told.filter(record => record.type === 'event' && record.kind !== 'refused').length
    assert.is(Number(events[0].n), heard)
    assert.is(readLease(connection)?.holder, null, 'the folder is free')
    const [starts] = connection.all("SELECT value FROM kv WHERE key = 'starts'")
    assert.match(String(starts.value), '"times":[]')
  } finally {
    connection.close()
  }
})

test('G4: Ctrl-C ends a loop with 130 in the middle of everything, and its positions keep their stops', async () => {
  const data = fresh()
  const loop = run(data, ...BUSY)
  await loop.says(/"kind":"filled"/, 'out')
  const { code, err } = await loop.stop('SIGINT')
  assert.is(code, 130)
  assert.ok(err.includes('I704'))
  const connection = new Connection(join(data, 'state.db'), { readOnly: true, random: () => 0 })
  try {
    const bare = connection.all('SELECT key FROM positions WHERE stop IS NULL OR CAST(stop AS REAL) <= 0')
    assert.equal(bare, [])
  } finally {
    connection.close()
  }
})

test('G5: a loop that was killed goes on where it stood', async () => {
  const { code, err } = await run(await loops.killed(), ...FAST, '--until', '2024-09-01').ended
  assert.is(code, 0)
  assert.ok(codesSaid(err).includes('I705'))
  assert.match(err, /I705 \d+ positions and \d+ entries as at the exchange/)
})

test('G6: the fifth start within ten minutes protects and enters nothing', async () => {
  const data = fresh()
  let injected = 0
  for (let nth = 0; nth < 4; nth += 1) {
    const loop = run(data, '--speed', '1')
    await loop.says(OPENED)
    assert.not.match(loop.err, 'C706')
    await loop.kill()
    injected += 1
  }
  const { code, out, err } = await run(data, ...FAST, '--until', '2024-09-01').ended
  assert.is(injected, 4)
  assert.is(code, 0)
  assert.ok(codesSaid(err).includes('C706'))
  assert.match(err, 'C706 five starts within ten minutes without a clean end')
  assert.is(enteredIn(out), 0)
})

test('G8: a rejection that nobody handles ends a loop with 1 and says so, and the next one recovers', async () => {
  const data = fresh()
  const hook = 'process.on("SIGUSR2",()=>{Promise.reject(new Error("injected"))})'
  const loop = processes.start(['run', '--data-dir', data, ...MARKET, ...BUSY, '--ndjson'], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` },
  })
  await loop.says(/"kind":"filled"/, 'out')
  loop.signal('SIGUSR2')
  const { code, err } = await loop.ended
  assert.is(code, 1)
  assert.ok(err.includes('E708'))
  assert.match(err, 'bbw run: E708 unexpected fault: injected')
  const next = await run(data, ...FAST, '--until', '2024-09-01').ended
  assert.is(next.code, 0)
  assert.match(next.err, 'I705')
})

test('G3: a run says the same, to the byte, in every time zone, over a leap day and both changes of the clock', async () => {
  const words = ['run', '--no-state', ...MARKET, ...FAST, '--ndjson', '--timerange', '20240220-20240410']
  const zones = ['UTC', 'America/New_York', 'Europe/Berlin', 'Pacific/Apia', 'Asia/Kathmandu']
  const said = new Map<string, string>()
  for (const zone of zones) {
    const { code, out, err } = await processes.start(words, { env: { TZ: zone } }).ended
    assert.is(code, 0, err)
    said.set(zone, out)
  }
  assert.is(said.size, zones.length)
  const utc = said.get('UTC') ?? ''
  for (const [zone, out] of said) assert.ok(out === utc, zone)
  // A digest five minutes into each day by UTC, the leap day among them: what is counted by day changes there.
  const digests = records(utc).filter(record => record.kind === 'digest')
  const days = digests.map(record => new Date(Number(record.ts)).toISOString().slice(0, 16))
  assert.ok(days.includes('2024-02-29T00:05') && days.includes('2024-03-10T00:05'))
  assert.is(new Set(days).size, digests.length)
  assert.ok(days.every(day => day.endsWith('T00:05')))
  assert.ok(digests.length >= 48, String(digests.length))
})

test('incident 63: a variable that is not set stops a loop before it does anything, and is named', async () => {
  const data = fresh()
  const config = folder.file('unset.yaml', `startingBalance: \${BBW_TEST_NOT_SET}\n`)
  const { code, out, err } = await run(data, '--config', config).ended
  assert.is(code, 4)
  assert.is(out, '')
  assert.match(err, 'BBW_TEST_NOT_SET')
  assert.not(existsSync(join(data, 'state.db')))
})

test.run()
