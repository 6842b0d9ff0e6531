import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { batchOf } from '../core/adapters/sqlite/store.fixture.ts'
import { RUN_KEY } from './run-facts.ts'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('trade --execute')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder)]
const DAY = '2024-07-26'
const wall = Date.UTC(2026, 0, 1)
let states = 0

test.after(() => folder.remove())

const SCANNED = (await bbw(['scan', ...MARKET, '--at', DAY])).out
const SCORED = (await bbw(['score'], { stdin: SCANNED })).out

function execute(data: string, stdin = SCORED, ...words: readonly string[]): Promise<Outcome> {
  return bbw(['trade', '--execute', ...MARKET, '--data-dir', data, ...words], { wall, stdin })
}

function run(data: string, until: string, ...words: readonly string[]): Promise<Outcome> {
  return bbw(['run', ...MARKET, '--data-dir', data, '--speed', 'max', '--until', until, '--ndjson', ...words])
}

/** A data folder whose market stands at the day of the signals, where nothing was entered. */
async function standing(): Promise<string> {
  states++
  const data = join(folder.path, `state-${states}`)
  await bbw(['trade', 'pause', '--data-dir', data], { wall })
  const { code, err } = await run(data, DAY)
  assert.is(code, 0, err)
  await bbw(['trade', 'resume', '--data-dir', data], { wall })
  return data
}

const entered = (out: string): readonly unknown[] =>
  records(out)
    .filter(record => record.kind === 'entered')
    .map(record => record.signalId)

test('where no loop runs it trades on the exchange of the folder, and the next run manages what it opened', async () => {
  const data = await standing()
  const { code, out, err } = await execute(data)
  assert.is(code, 0, err)
  const events = records(out)
  assert.equal(
    events.map(event => event.signalId).sort(),
    records(SCORED)
      .filter(record => record.type === 'scored')
      .map(record => record.id)
      .sort(),
  )
  assert.ok(events.every(event => event.dry === false))
  const ids = entered(out)
  assert.ok(ids.length > 1)
  const [status] = records((await bbw(['status', '--data-dir', data, '--json'], { wall })).out)
  assert.is((status.pending as unknown[]).length, ids.length)
  // Their entries live for a day or two: each is filled or expires, and whatever is closed is one of them.
  const later = records((await run(data, '2024-09-30')).out)
  const ended = later.filter(record => record.kind === 'filled' || record.kind === 'expired')
  for (const id of ids)
    assert.ok(
      ended.some(record => record.signalId === id),
      String(id),
    )
})

test('the same signals again trade nothing again', async () => {
  const data = await standing()
  const first = entered((await execute(data)).out)
  const again = await execute(data)
  assert.is(again.code, 6)
  assert.equal(entered(again.out), [])
  for (const event of records(again.out)) {
    if (first.includes(event.signalId)) assert.match(String(event.reason), /^(?:once|one-position): /)
  }
  const { out } = await bbw(['status', '--data-dir', data, '--json'], { wall })
  assert.is((records(out)[0].pending as unknown[]).length, first.length)
})

test('a halted state refuses them all with 6, and nothing at all is well', async () => {
  const data = await standing()
  await bbw(['trade', 'halt', '--data-dir', data, '--reason', 'a fire'], { wall })
  const { code, out } = await execute(data)
  assert.is(code, 6)
  for (const event of records(out)) assert.match(String(event.reason), 'kill-switch: halted by cli: a fire')
  const nothing = await execute(data, '')
  assert.equal([nothing.code, nothing.out], [0, ''])
})

test('what is for trying out is refused, and a broken record is named while the others are judged', async () => {
  const data = await standing()
  for (const words of [
    ['--at', DAY],
    ['--portfolio', 'held.json'],
  ]) {
    const { code, out, err } = await execute(data, SCORED, ...words)
    assert.equal([code, out], [2, ''])
    assert.match(err, `${words[0]} is for trying out and does not go with --execute`)
  }
  const broken = await execute(data, `${SCORED}nonsense\n`)
  assert.is(broken.code, 2)
  assert.match(broken.err, `standard input, line ${records(SCORED).length + 1}`)
  assert.ok(entered(broken.out).length > 0)
})

test('another market than that of the folder is refused with words', async () => {
  const data = await standing()
  const { code, out, err } = await execute(data, SCORED, '--symbol', 'BTCUSDT')
  assert.equal([code, out], [1, ''])
  assert.match(err, 'was written on another market')
})

/** Runs a loop on the folder, and once it sleeps hands the signals in, one file after the other. */
async function beside(
  data: string,
  ...files: readonly string[]
): Promise<{ readonly looped: Outcome; readonly asked: readonly Outcome[] }> {
  const asked: Outcome[] = []
  const stop = new AbortController()
  let asking: Promise<void> | null = null
  const ask = async (): Promise<void> => {
    for (const file of files) asked.push(await execute(data, file))
    stop.abort('SIGTERM')
  }
  const words = ['run', ...MARKET, '--data-dir', data, '--speed', '0.001', '--ndjson']
  const looped = await bbw(words, {
    signal: stop.signal,
    onSleep: () => {
      asking ??= ask()
    },
  })
  await asking
  return { looped, asked }
}

test('beside a loop they are queued to it, and handed in twice they are traded once', async () => {
  const data = await standing()
  const { looped, asked } = await beside(data, SCORED, SCORED)
  const [first, second] = asked
  assert.is(first.code, 0, first.err)
  assert.match(first.err, /I810 queued to the running bbw \(process \d+ on /)
  const ids = entered(first.out)
  assert.ok(ids.length > 1)
  assert.equal(entered(looped.out), ids)
  assert.is(second.code, 0)
  assert.match(second.err, 'I113 these signals were handed in before')
  assert.equal(second.out, first.out)
})

test('what the loop did with a signal before is no answer to whoever hands it in now', async () => {
  const data = await standing()
  const some = SCORED.trim().split('\n').slice(1).join('\n')
  const { asked } = await beside(data, SCORED, some)
  const [first, second] = asked
  assert.is(first.code, 0, first.err)
  const again = records(second.out)
  assert.equal([second.code, entered(second.out)], [6, []])
  assert.ok(again.some(event => event.code === 'I113'))
  const ids = again.map(event => event.signalId)
  assert.is(new Set(ids).size, ids.length, 'one answer a signal')
})

test('beside a loop that is halted they are refused with 6', async () => {
  const data = await standing()
  await bbw(['trade', 'halt', '--data-dir', data], { wall })
  const { asked } = await beside(data, SCORED)
  assert.is(asked[0].code, 6)
  assert.match(asked[0].out, 'kill-switch')
})

test('a request that no loop answered can be made again', async () => {
  const data = await standing()
  const self = { pid: 4121, host: 'elsewhere', processStart: 'then' }
  const stuck = StateStore.open(join(data, 'state.db'), { now: wall, random: () => 0, origin: 'sim', self })
  assert.ok(stuck.acquire(wall).ok)
  const { code, err } = await execute(data)
  assert.is(code, 75)
  assert.match(err, 'the running bbw does not answer')
  stuck.release()
  stuck.close()
  const { asked } = await beside(data, SCORED)
  assert.is(asked[0].code, 0, asked[0].err)
  assert.not.match(asked[0].err, 'I113')
  assert.ok(entered(asked[0].out).length > 1)
})

test('signals go to no loop on another exchange, and to one with real money only where that is meant', async () => {
  const data = join(folder.path, `state-${++states}`)
  const self = { pid: 4121, host: 'elsewhere', processStart: 'then' }
  const loop = StateStore.open(join(data, 'state.db'), { now: wall, random: () => 0, origin: 'sim', self })
  assert.ok(loop.acquire(wall).ok)
  const live = folder.file('live.yaml', 'mode: live\naccount: { alias: mine }\n')
  chmodSync(live, 0o600)
  const words = ['trade', '--execute', '--data-dir', data]
  const unknown = await bbw(words, { wall, stdin: SCORED })
  assert.is(unknown.code, 75, 'it does not say yet where it trades')
  loop.write(RUN_KEY, { exchange: 'live', dry: false, market: 'a market' })
  for (const [more, code, says] of [
    [[], 2, /real money is traded with mode: live in the configuration and --live only/],
    [['--exchange', 'sim'], 4, /--exchange sim is given, and the state of .* is of live/],
    [['--exchange', 'live', '-c', live], 2, /--live is not given/],
    [['--live', '-c', live], 2, /no terminal to type the alias/],
    [['--live', '--account', 'other', '-c', live], 2, /not the alias of the account/],
  ] as const) {
    const { code: is, out, err } = await bbw([...words, ...more], { wall, stdin: SCORED })
    assert.equal([is, out], [code, ''], `${more.join(' ')}: ${err}`)
    assert.match(err, says)
    assert.equal(loop.takeCommands(wall), [], more.join(' '))
  }
  const kinds: string[] = []
  const meant = await bbw([...words, '--live', '--account', 'mine', '-c', live], {
    wall,
    stdin: SCORED,
    onSleep: () => {
      for (const { id, command } of loop.takeCommands(wall)) {
        kinds.push(command.kind)
        loop.commit(batchOf({ answers: [{ id, ok: true, reason: '' }] }))
      }
    },
  })
  assert.equal([meant.code, kinds], [0, ['propose']], meant.err)
  loop.close()
})

test.run()
