/** Runs on a state: what stops one, and what the next makes of it. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { bbw, dailyFixtures, exportedTrades, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('run again')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder), '--speed', 'max']
const RANGE = ['--timerange', '20240701-20240901']
let states = 0

test.after(() => folder.remove())

/** The words of a run on a state of its own. */
function onState(): readonly string[] {
  states++
  return ['--data-dir', join(folder.path, `state-${states}`)]
}

function run(words: readonly string[], setting: Parameters<typeof bbw>[1] = {}): Promise<Outcome> {
  return bbw(['run', ...MARKET, ...words], { cwd: folder.path, ...setting })
}

const exported = (): readonly string[] =>
  readFileSync(join(folder.path, 'out.ndjson'), 'utf8').trimEnd().split('\n')

const WHOLE = await exportedTrades(folder, ['run', '--no-state', ...MARKET, ...RANGE])
const SUMMARY = readFileSync(join(folder.path, 'run.ndjson'), 'utf8').trimEnd().split('\n').at(-1)

test('a run that is stopped again and again makes the trades of one that never was, to the last digit', async () => {
  assert.ok(WHOLE.length > 50)
  const state = onState()
  for (const until of ['2024-07-05', '2024-07-20T12:00Z', '2024-08-03T00:00:30Z', '2024-08-15', undefined]) {
    const words = until === undefined ? [] : ['--until', until]
    const { code, err } = await run([...state, ...RANGE, ...words, '--export', 'out.ndjson'])
    assert.is(code, 0, err)
    const trades = exported().slice(0, -1)
    assert.equal(trades, WHOLE.slice(0, trades.length), until)
  }
  assert.is(exported().length - 1, WHOLE.length)
  assert.is(exported().at(-1), SUMMARY)
})

test('a run that Ctrl-C ends at any moment goes on the same way', async () => {
  const state = onState()
  for (const most of [7, 40, 80]) {
    const stop = new AbortController()
    let sleeps = 0
    const stopped = await run([...state, ...RANGE, '--speed', '86400'], {
      signal: stop.signal,
      onSleep: () => {
        sleeps++
        if (sleeps === most) stop.abort('SIGINT')
      },
    })
    assert.is(stopped.code, 130, stopped.err)
    assert.match(stopped.err, /stopped at 2024-0[78]-\d\d .* open positions/)
  }
  assert.is((await run([...state, ...RANGE, '--export', 'out.ndjson'])).code, 0)
  assert.equal(exported().slice(0, -1), WHOLE)
})

test('a run that goes on says where it stands, and one whose market has ended says its summary again', async () => {
  const state = onState()
  await run([...state, ...RANGE, '--until', '2024-08-01'])
  const again = await run([...state, ...RANGE])
  assert.match(again.err, 'I705')
  assert.match(again.err, '12 symbols from 2024-08-01 00:00 UTC')
  const ended = await run([...state, ...RANGE, '--export', 'out.ndjson'])
  assert.is(ended.code, 0, ended.err)
  assert.equal(exported().slice(0, -1), WHOLE)
})

test('--new puts the earlier state and its exchange aside and begins anew', async () => {
  const state = onState()
  const words = [...state, ...RANGE, '--until', '2024-07-10']
  const first = await run(words)
  const anew = await run([...words, '--new'])
  assert.is(anew.code, 0, anew.err)
  assert.is(anew.out, first.out)
  const aside = [...anew.err.matchAll(/^put aside: (.*)$/gm)].map(found => found[1])
  assert.equal(
    aside.map(path => path.replace(/.*\/(state|sim)-earlier-\d{8}T\d{6}Z\.db$/, '$1')),
    ['state', 'sim'],
  )
  for (const path of aside) assert.ok(existsSync(path), path)
  const none = await run([...onState(), ...RANGE, '--until', '2024-07-02', '--new'])
  assert.is(none.code, 0, none.err)
  assert.not.match(none.err, 'put aside')
})

test('--new and --no-state exclude one another', async () => {
  const { code, err } = await run(['--new', '--no-state'])
  assert.is(code, 2)
  assert.match(err, '--new and --no-state exclude one another')
})

test('another market, or other settings of the exchange, on the same folder are refused with words', async () => {
  const state = onState()
  const short = ['--until', '2024-07-02']
  await run([...state, ...RANGE, ...short])
  for (const [words, reason] of [
    [['--symbol', 'BTCUSDT', ...RANGE], 'is missing'],
    [['--starting-balance', '500', ...RANGE], 'the starting balance was 1000 and is 500'],
    [['--timerange', '20240702-20240901'], 'the beginning of trading was 2024-07-01T00:00'],
  ] as const) {
    const { code, out, err } = await run([...state, ...words])
    assert.equal([code, out], [1, ''])
    assert.match(err, 'was written on another market')
    assert.match(err, reason)
    assert.match(err, '--data-dir')
  }
  // The books without their exchange: the market is known there, too.
  const { path } = folder
  const [, data] = state
  for (const name of readdirSync(data)) {
    if (name.startsWith('sim')) folder.file(join(data.slice(path.length + 1), name), '')
  }
  const other = await run([...state, '--symbol', 'BTCUSDT', ...RANGE])
  assert.is(other.code, 1)
  assert.match(other.err, 'holds the books of another exchange or market')
  assert.match(other.err, '--new')
  // What was refused has changed nothing.
  assert.is((await run([...onState(), ...RANGE, ...short])).code, 0)
})

test('books whose exchange is lost are not gone on with on a new one', async () => {
  const state = onState()
  await run([...state, ...RANGE, '--until', '2024-07-10'])
  const before = await bbw(['status', ...state, '--json'], { wall: 0 })
  for (const name of readdirSync(state[1])) if (name.startsWith('sim')) rmSync(join(state[1], name))
  const { code, out, err } = await run([...state, ...RANGE])
  assert.equal([code, out], [1, ''])
  assert.match(err, 'holds books up to 2024-07-10T00:00Z, and the exchange stands at 2024-07-01T00:00Z')
  assert.match(err, '--new')
  const positions = ({ out }: Outcome): unknown => records(out)[0].positions
  assert.equal(positions(await bbw(['status', ...state, '--json'], { wall: 0 })), positions(before))
  assert.is((await run([...state, ...RANGE, '--until', '2024-07-03', '--new'])).code, 0)
})

test('an exchange whose books are lost is compared with before anything is entered', async () => {
  /** What is said where these files are gone. */
  const without = async (lost: RegExp): Promise<string> => {
    const state = onState()
    await run([...state, ...RANGE, '--until', '2024-07-15'])
    for (const name of readdirSync(state[1])) if (lost.test(name)) rmSync(join(state[1], name))
    const { code, out, err } = await run([...state, ...RANGE, '--ndjson'])
    assert.is(code, 0, err)
    assert.not(records(out).some(record => record.kind === 'entered'))
    return err
  }
  // By the name that is kept beside the state, its orders are its own.
  const own = await without(/^state\.db/)
  assert.match(own, 'C807 the books are older than the last run')
  assert.not.match(own, 'C305')
  assert.match(await without(/^state\./), 'C305 another bbw has orders on this account')
})

test('a second run on a state that is held ends with 79 and names the first', async () => {
  const state = onState()
  await run([...state, ...RANGE, '--until', '2024-07-02'])
  const now = Date.UTC(2026, 0, 1)
  const holder = StateStore.open(join(state[1], 'state.db'), {
    now,
    random: () => 0,
    origin: 'sim',
    self: { pid: 1, host: 'elsewhere', processStart: 'then' },
  })
  assert.ok(holder.acquire(now).ok)
  for (const words of [[], ['--new']]) {
    const { code, out, err } = await run([...state, ...RANGE, ...words])
    assert.equal([code, out], [79, ''])
    assert.match(err, /E801 process 1 on elsewhere trades on this state/)
  }
  holder.release()
  holder.close()
  assert.is((await run([...state, ...RANGE, '--until', '2024-07-03'])).code, 0)
})

test('without a state nothing is written', async () => {
  const data = join(folder.path, 'nothing')
  const { code } = await run(['--no-state', '--data-dir', data, ...RANGE, '--until', '2024-07-03'])
  assert.is(code, 0)
  assert.not(existsSync(data))
})

test.run()
