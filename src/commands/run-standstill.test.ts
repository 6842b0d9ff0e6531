/** A loop that stands still, in a process of its own: ended from beside its event loop, and gone on with. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Connection } from '../core/adapters/sqlite/connection.ts'
import { readLease } from '../core/adapters/sqlite/lease.ts'
import { foundStandstill } from '../core/adapters/system/standstill.ts'
import { BUSY, codesSaid, Loops, type Started } from './started.fixture.ts'
import { records } from './world.fixture.ts'

const test = suite('standstill of a process')
const loops = new Loops()
const { folder, processes, market } = loops
test.after(() => loops.end())

/** SIGUSR2 blocks the event loop for good, as a calculation without an end does. */
const HOOK =
  'import{isMainThread}from"node:worker_threads";if(isMainThread)process.on("SIGUSR2",()=>{Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0)})'
const ENV = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(HOOK)}` }

/** Runs it a second time where the first was killed, as whoever supervises it does; anything else ends with 99. */
const SUPERVISED = '"$0" "$@"; [ $? -eq 137 ] || exit 99'

const UNTIL = ['--until', '2024-09-01']

// Each has to stand for 20 s before it counts as standing still, one with a clock of its own, which may go as slowly as
// the wall's, for a minute: they do it at the same time.
const data = loops.fresh()
const blocked = processes.start(['run', '--data-dir', data, ...market, ...BUSY, ...UNTIL, '--ndjson'], {
  env: ENV,
  shell: SUPERVISED,
})
/** A reader that takes nothing for longer than that, of more than a pipe holds. */
const unread = processes.start(['run', '--no-state', ...market, '--speed', 'max', ...UNTIL, '--ndjson'], {
  shell: '"$0" "$@" | { sleep 30; cat; }; exit',
})

/** A market with a clock of its own: an hour of it in a minute. */
const SPEED = ['--speed', '60']
const paper = loops.fresh()
const onPaper = (async (): Promise<Started> => {
  const { url } = await processes.serve(['--protocol', 'bybit', ...SPEED, '--data-dir', loops.fresh()])
  const words = ['run', '--exchange', 'paper', '--url', url, ...SPEED, '--data-dir', paper, '--ndjson']
  const loop = processes.start(words, { env: ENV })
  await loop.says(/"kind":"recovered"/, 'out')
  block(paper)
  return loop
})()

/** Blocks the loop that holds the state of a folder. */
function block(path: string): void {
  const connection = new Connection(join(path, 'state.db'), { readOnly: true, random: () => 0 })
  try {
    process.kill(readLease(connection)?.holder?.pid ?? 0, 'SIGUSR2')
  } finally {
    connection.close()
  }
}

test('G7: a loop whose event loop is blocked is ended, the next start tells it, and positions keep their stops', async () => {
  await blocked.says(/"kind":"filled"/, 'out')
  block(data)
  await blocked.says(/"code":"C707"/)
  const { code, out, err } = await blocked.ended
  assert.is(code, 0, err)
  const said = codesSaid(err)
  // As it ended, as the next one began, and once that has compared its books with the exchange.
  assert.equal(
    said.filter(one => one === 'C707' || one === 'I705'),
    ['C707', 'C707', 'I705'],
  )
  assert.match(
    err,
    'C707 the loop stood still: no instant of the market has ended for 20 s; this process ends',
  )
  const told = records(out)
  const at = told.findIndex(record => record.code === 'C707')
  assert.is(told[at]?.kind, 'alert')
  assert.match(String(told[at]?.reason), /^the loop stood still: .* its process \d+ was ended at /)
  assert.ok(
    told.slice(at).some(record => record.kind === 'filled'),
    'it trades on',
  )
  // What was held when it ended had its stop at the exchange: none had to be set again, none was found missing.
  assert.not(said.includes('C201'))
  assert.ok(
    told.some(
      record =>
        record.kind === 'recovered' && Number((record.figures as { positions: number }).positions) > 0,
    ),
  )
  const connection = new Connection(join(data, 'state.db'), { readOnly: true, random: () => 0 })
  try {
    assert.equal(
      connection.all('SELECT key FROM positions WHERE stop IS NULL OR CAST(stop AS REAL) <= 0'),
      [],
    )
    const [events] = connection.all("SELECT count(*) AS n FROM events WHERE record LIKE '%C707%'")
    assert.is(events.n, 1, 'it is told once')
  } finally {
    connection.close()
  }
  assert.is(foundStandstill(data), null)
  assert.not(existsSync(join(folder.path, 'core')))
})

test('G7: on a market with a clock of its own it is the cycles that have not ended', async () => {
  const loop = await onPaper
  const { err } = await loop.ended
  assert.is(codesSaid(err).at(-1), 'C707')
  assert.match(err, /the loop stood still: no (?:light|heavy|x10) cycle has ended for 6\d s/)
  assert.is(foundStandstill(paper)?.pid, loop.pid)
  // Whoever looks before the next start sees it, too.
  const status = await processes.start(['status', '--data-dir', paper, '--json']).ended
  const notes = (records(status.out)[0].health as { readonly notes: readonly string[] }).notes
  assert.ok(notes.some(note => note.startsWith('C707 the loop stood still: ')))
  const why = await processes.start(['trade', 'why', 'BTCUSDT', '--data-dir', paper, ...market]).ended
  assert.match(why.err, 'C707 the loop stood still: ')
})

test('a reader that takes nothing for longer than that ends no loop', async () => {
  const { out, err } = await unread.ended
  assert.not.match(err, 'C707')
  assert.ok(out.length > 200_000, 'more than a pipe holds')
  assert.is(records(out).at(-1)?.type, 'summary')
})

test.run()
