import { chmodSync, cpSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { batchOf, eventOf } from '../core/adapters/sqlite/store.fixture.ts'
import { foundOrder, STANDING_ORDER_FILE } from '../core/adapters/system/standing-order.ts'
import type { Steps } from '../core/base/units.ts'
import { defaultConfig } from './config.ts'
import { loadMarket } from './market.ts'
import { RUN_KEY } from './run-facts.ts'
import { openSimHost, tradingStart } from './sim-host.ts'
import { venueOf } from './simulate.ts'
import { bbw, dailyFixtures, FIXTURES as FIXED, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('bbw trade close and flatten')
const folder = new Folder()
const FIXTURES = dailyFixtures(folder)
const MARKET = ['--market', FIXTURES, '--timerange', '20240701-20240901']
const wall = Date.UTC(2026, 0, 1)
/** On this day the loop holds four positions. */
const HELD = '2024-07-28'
let states = 0
let original: Promise<string> | null = null
test.after(() => folder.remove())

function run(data: string, until: string, ...words: readonly string[]): Promise<Outcome> {
  return bbw(['run', ...MARKET, '--data-dir', data, '--speed', 'max', '--until', until, '--ndjson', ...words])
}

/** A data folder whose loop has ended holding positions. */
async function held(): Promise<string> {
  original ??= (async () => {
    const data = join(folder.path, 'original')
    assert.is((await run(data, HELD)).code, 0)
    return data
  })()
  const data = join(folder.path, `state-${++states}`)
  cpSync(await original, data, { recursive: true })
  return data
}

function trade(data: string, words: readonly string[], setting: object = {}): Promise<Outcome> {
  return bbw(['trade', ...words, ...MARKET, '--data-dir', data], { wall, ...setting })
}

type Row = { readonly [field: string]: unknown }

async function positions(data: string): Promise<readonly string[]> {
  const { out } = await bbw(['status', '--data-dir', data, '--json'], { wall })
  const [{ positions: own, foreign }] = records(out) as readonly Record<string, readonly Row[]>[]
  return [...own, ...foreign].map(({ symbol, side }) => `${symbol} ${side}`)
}

const kinds = ({ out }: Outcome): readonly unknown[] => records(out).map(({ kind }) => kind)

test('it says what would happen, and nothing does', async () => {
  const data = await held()
  const before = await positions(data)
  assert.is(before.length, 4)
  const { code, out, err } = await trade(data, ['flatten'])
  assert.is(code, 0, err)
  assert.equal(
    records(out).map(({ kind, dry, symbol, side }) => [kind, dry, `${symbol} ${side}`]),
    before.map(name => ['exiting', true, name]),
  )
  assert.match(err, 'entries would be halted')
  const one = await trade(data, ['close', 'ETHUSDT'])
  assert.equal([one.code, records(one.out).length], [0, 1])
  assert.is((await trade(data, ['close', 'ETHUSDT', '--side', 'short'])).code, 3)
  assert.is((await trade(data, ['close', 'BTCUSDT'])).code, 3)
  assert.equal(await positions(data), before)
})

test('without a loop one position is closed for good, and the others stay', async () => {
  const data = await held()
  const outcome = await trade(data, ['close', 'ETHUSDT', '--execute', '--reason', 'news'])
  assert.is(outcome.code, 0, outcome.err)
  const [first] = records(outcome.out)
  assert.equal([first.kind, first.code, first.symbol], ['exiting', 'I140', 'ETHUSDT'])
  assert.match(String(first.reason), 'news')
  assert.is(records(outcome.out).at(-1)?.kind, 'flat')
  const left = await positions(data)
  assert.not(left.includes('ETHUSDT long'))
  assert.is((await trade(data, ['close', 'ETHUSDT', '--execute'])).code, 3)
  // Lease and books are given back: the next run goes on, unhalted.
  const next = await run(data, '2024-08-10')
  assert.is(next.code, 0, next.err)
  assert.ok(kinds(next).includes('entered'))
})

test('without a loop everything is flat and halted, over restarts too', async () => {
  const data = await held()
  const outcome = await trade(data, ['flatten', '--execute'])
  assert.is(outcome.code, 0, outcome.err)
  assert.is(kinds(outcome)[0], 'halted')
  assert.is(kinds(outcome).filter(kind => kind === 'exited').length, 4)
  assert.equal(await positions(data), [])
  const next = await run(data, '2024-08-10')
  assert.not(kinds(next).includes('entered'))
  const again = await trade(data, ['flatten', '--no-halt', '--execute'])
  assert.equal([again.code, kinds(again)], [0, ['flat']])
})

test('a loop that runs does it between two instants of its market, and is waited for', async () => {
  const fine = join(folder.path, 'fine')
  for (const part of ['klines/1d', 'klines/15m', 'funding']) {
    cpSync(join(FIXED, part, 'ETHUSDT.csv.gz'), join(fine, part, 'ETHUSDT.csv.gz'))
  }
  cpSync(join(FIXED, 'instruments'), join(fine, 'instruments'), { recursive: true })
  const market = ['--market', fine, '--timerange', '20250901-20250912']
  const data = join(folder.path, `state-${++states}`)
  const words = ['run', ...market, '--data-dir', data, '--ndjson']
  await bbw([...words, '--speed', 'max', '--until', '2025-09-10'])
  assert.equal(await positions(data), ['ETHUSDT long'])
  const asked: Promise<Outcome>[] = []
  const looped = await bbw([...words, '--speed', '86400'], {
    onSleep: () => {
      const flatten = ['trade', 'flatten', '--execute', '--reason', 'a fire', '--data-dir', data]
      if (asked.length === 0) asked.push(bbw(flatten, { wall }))
    },
  })
  assert.is(looped.code, 0, looped.err)
  const outcome = await asked[0]
  assert.is(outcome.code, 0, outcome.err)
  assert.equal(kinds(outcome), ['halted', 'flat'])
  const all = records(looped.out)
  assert.equal(
    all.filter(({ type }) => type === 'trade').map(({ exitReason }) => exitReason),
    ['force-exit'],
  )
  assert.not(all.slice(all.findIndex(({ kind }) => kind === 'flat')).some(({ kind }) => kind === 'entered'))
  assert.equal(await positions(data), [])
})

test('beside a loop that refuses, or holds nothing of it, the outcome is the exit code', async () => {
  for (const [figures, code] of [
    [{ gate: 'close', isMissing: true }, 3],
    [{ gate: 'close', isMissing: false }, 6],
  ] as const) {
    const data = join(folder.path, `state-${++states}`)
    const self = { pid: 4121, host: 'elsewhere', processStart: 'then' }
    const store = StateStore.open(join(data, 'state.db'), { now: wall, random: () => 0, origin: 'sim', self })
    assert.ok(store.acquire(wall).ok)
    store.write(RUN_KEY, { exchange: 'sim', dry: false, market: 'a market' })
    const taken: unknown[] = []
    const outcome = await trade(data, ['close', 'SOLUSDT', '--execute', '--foreign'], {
      onSleep: () => {
        for (const { id, command } of store.takeCommands(wall)) {
          taken.push(command)
          const event = eventOf({
            kind: 'refused',
            reason: 'close: no',
            figures: { ...figures, request: id },
          })
          store.commit(batchOf({ events: [event], answers: [{ id, ok: false, reason: 'no' }] }))
        }
      },
    })
    assert.is(outcome.code, code, outcome.err)
    assert.equal(taken, [
      {
        ...{ kind: 'close', by: 'cli', reason: 'by command', symbol: 'SOLUSDT', side: null },
        ...{ isForeignToo: true, halts: false },
      },
    ])
    store.close()
  }
})

/** A data folder with the state of a loop on an exchange that `run` says it has; nobody answers in it. */
function stateOf(exchange: string): { readonly data: string; readonly store: StateStore } {
  const data = join(folder.path, `state-${++states}`)
  const self = { pid: 4121, host: 'elsewhere', processStart: 'then' }
  const store = StateStore.open(join(data, 'state.db'), { now: wall, random: () => 0, origin: 'sim', self })
  assert.ok(store.acquire(wall).ok)
  store.write('market', `${exchange} https://somewhere 1`)
  store.write(RUN_KEY, { exchange, dry: false, market: 'a market' })
  return { data, store }
}

test('an exchange that is not the state’s is refused, beside a loop and without one, and nothing is asked', async () => {
  const { data, store } = stateOf('sim')
  for (const isHeld of [true, false]) {
    if (!isHeld) store.release()
    for (const words of [
      ['flatten', '--all', '--exchange', 'testnet', '--execute'],
      ['flatten', '--exchange', 'demo'],
      ['close', 'ETHUSDT', '--exchange', 'live', '--execute'],
      ['adopt', 'ETHUSDT', '--exchange', 'testnet', '--execute'],
      ['release', 'ETHUSDT', '--exchange', 'testnet', '--execute'],
    ]) {
      const { code, out, err } = await bbw(['trade', ...words, '--data-dir', data], { wall })
      assert.equal([code, out], [4, ''], `${words.join(' ')}: ${err}`)
      assert.match(err, /--exchange (?:testnet|demo|live) is given, and the state of .* is of sim/)
    }
    if (isHeld) assert.equal(store.takeCommands(wall), [])
  }
  store.close()
  assert.is(foundOrder(data), null)
})

test('where none is named it is the state’s: no embedded exchange says that nothing is held', async () => {
  const { data, store } = stateOf('demo')
  store.release()
  store.close()
  for (const words of [
    ['flatten', '--execute'],
    ['flatten', '--all', '--without-state', '--execute'],
    ['close', 'BTCUSDT', '--execute'],
  ]) {
    const { code, out, err } = await bbw(['trade', ...words, '--data-dir', data], { wall })
    assert.equal([code, out], [4, ''], err)
    assert.match(err, 'there is no API key')
  }
  assert.not(existsSync(join(data, 'sim.db')))
})

test('without a state an exchange is named or nothing is closed', async () => {
  const data = join(folder.path, 'empty')
  for (const words of [
    ['flatten', '--execute'],
    ['close', 'BTCUSDT', '--execute'],
    ['flatten', '--all', '--without-state'],
  ]) {
    const { code, out, err } = await trade(data, words)
    assert.equal([code, out], [2, ''], err)
    assert.match(err, 'name it with --exchange (sim, paper, demo, testnet, live)')
  }
  assert.not(existsSync(data))
})

test('the way out that is named leads to the same exchange, account and folder', async () => {
  const data = join(folder.path, `a folder ${++states}`)
  const store = StateStore.open(folder.file(`a folder ${states}/state.db`, ''), {
    ...{ now: wall, random: () => 0, origin: 'sim' },
  })
  assert.ok(store.acquire(wall).ok)
  store.write('market', 'another market')
  store.write(RUN_KEY, { exchange: 'sim', dry: false, market: 'a market' })
  store.release()
  store.close()
  const { code, err } = await trade(data, ['flatten', '--execute'])
  assert.is(code, 1, err)
  assert.match(
    err,
    `bbw trade flatten --all --without-state --exchange sim --market ${FIXTURES} --data-dir '${data}' --execute`,
  )
})

test('what a person holds is left, closed where that is said, and named in advance', async () => {
  const data = await held()
  const stdin = (async function* () {})()
  const place = { env: {}, cwd: folder.path, stdin, signal: new AbortController().signal }
  const market = await loadMarket(place, { flags: { market: FIXTURES }, args: [] }, 'replay', null)
  const host = await openSimHost(data, began => {
    const from = began ?? tradingStart(market.markets)
    const to = Date.UTC(2024, 8, 1)
    return venueOf(market.markets, defaultConfig(), { from, to }, true, 'all')
  })
  assert.is(host.act({ kind: 'open', symbol: 'LINKUSDT', side: 'long', steps: 50 as Steps }).refusal, null)
  host.close()
  const left = await trade(data, ['flatten', '--execute'])
  assert.is(left.code, 0, left.err)
  assert.match(String(records(left.out).at(-1)?.reason), 'left, not opened by bbw: LINKUSDT long')
  assert.equal(await positions(data), ['LINKUSDT long'])
  assert.match((await trade(data, ['flatten'])).err, 'not opened by bbw, and left: LINKUSDT long')
  assert.is((await trade(data, ['close', 'LINKUSDT'])).code, 6)
  assert.is((await trade(data, ['close', 'LINKUSDT', '--execute'])).code, 6)
  const closed = await trade(data, ['flatten', '--all', '--execute'])
  assert.is(closed.code, 0, closed.err)
  assert.equal(await positions(data), [])
})

test('with a damaged state the way without it is named, closes what is there, and halts the next start', async () => {
  const data = await held()
  const state = join(data, 'state.db')
  const sound = join(folder.path, 'sound.db')
  cpSync(state, sound)
  writeFileSync(state, 'no database at all, but long enough to be looked at as one'.repeat(40))
  const damaged = await trade(data, ['flatten', '--execute'])
  assert.equal([damaged.code, damaged.out], [1, ''])
  assert.match(damaged.err, 'bbw trade flatten --all --without-state --exchange NAME')
  assert.is(
    (await trade(data, ['flatten', '--without-state', '--execute'])).code,
    2,
    'whose they are is not known',
  )
  const nowhere = await trade(data, ['flatten', '--without-state', '--all', '--execute'])
  assert.equal([nowhere.code, nowhere.out], [2, ''])
  assert.match(nowhere.err, 'name it with --exchange')
  const out = ['flatten', '--without-state', '--exchange', 'sim', '--all']
  const dry = await trade(data, out)
  assert.equal([dry.code, records(dry.out).length], [0, 4])
  for (const { figures } of records(dry.out)) {
    const { qty, stop } = figures as { readonly qty: unknown; readonly stop: unknown }
    assert.ok(Number(qty) > 0 && Number(stop) > 0, `in coins, and with the stop that is there: ${dry.out}`)
  }
  const done = await trade(data, [...out, '--execute'])
  assert.is(done.code, 0, done.err)
  assert.not(/W303|C305/.test(done.err), done.err)
  assert.match(done.err, 'W142')
  assert.is(records(done.out).at(-1)?.kind, 'flat')
  assert.is(foundOrder(data)?.command, 'halt')
  // The state as it was before: its books still hold all four, and nobody has told them.
  cpSync(sound, state)
  const next = await run(data, '2024-08-10')
  assert.is(next.code, 0, next.err)
  assert.equal(await positions(data), [], 'compared with the exchange')
  assert.not(kinds(next).includes('entered'), 'halted')
  assert.not(existsSync(join(data, STANDING_ORDER_FILE)), 'the state has it')
  const shown = await bbw(['status', '--data-dir', data, '--json'], { wall })
  assert.ok((records(shown.out)[0].standing as Row).halted !== null)
})

test('where the exchange’s own book is damaged no way without the state is named: it leads to the same file', async () => {
  const data = await held()
  const book = join(data, 'sim.db')
  for (const suffix of ['-wal', '-shm']) rmSync(`${book}${suffix}`, { force: true })
  writeFileSync(book, 'garbage '.repeat(1_000))
  const without = ['flatten', '--without-state', '--all', '--exchange', 'sim', '--execute']
  for (const words of [['flatten', '--execute'], ['close', 'ETHUSDT', '--execute'], without]) {
    const { code, out, err } = await trade(data, words)
    assert.equal([code, out], [1, ''], err)
    assert.match(err, /C807 .*sim\.db/)
    assert.match(err, 'bbw run --new, with the flags of the run before, begins anew')
    assert.not.match(err, 'without the state: bbw')
  }
  const anew = await run(data, '2024-08-10', '--new')
  assert.is(anew.code, 0, anew.err)
  assert.match(anew.err, /put aside: .*sim-earlier/)
})

test('with the exchange away nothing is closed, which is said, and the halt is there for the next start', async () => {
  const data = await held()
  const words = ['trade', 'flatten', '--execute', '--sim-url', 'http://127.0.0.1:1', '--data-dir', data]
  const env = { BBW_SIM_KEY: 'key', BBW_SIM_SECRET: 'secret' }
  const slept: number[] = []
  const away = await bbw(words, { wall, env, onSleep: time => slept.push(time) })
  assert.is(away.code, 6, away.err)
  assert.ok((slept.at(-1) ?? 0) >= 60_000, 'it is asked again for a minute')
  assert.is(away.err.split('C132 halted: the order lies in').length, 2)
  assert.match(away.err, /C221 not flat after 60 s: .*; nothing was sent/)
  assert.is(foundOrder(data)?.command, 'halt')
  const { out } = await bbw(['status', '--data-dir', data, '--json'], { wall })
  assert.match(out, 'a halt lies beside the state')
  const next = await run(data, '2024-08-10')
  assert.not(kinds(next).includes('entered'))
  assert.is(foundOrder(data), null)
  const single = [
    'trade',
    'close',
    'ETHUSDT',
    '--execute',
    '--sim-url',
    'http://127.0.0.1:1',
    '--data-dir',
    data,
  ]
  assert.is((await bbw(single, { wall, env })).code, 6)
  assert.is(foundOrder(data), null, 'no halt was asked for')
})

test('one symbol is closed without the state, and nothing else', async () => {
  const data = await held()
  chmodSync(join(data, 'state.db'), 0o600)
  const shown = async (): Promise<readonly unknown[]> => {
    const { out, err } = await trade(data, ['flatten', '--without-state', '--all'])
    return [...records(out).map(({ symbol }) => symbol), /\d+ orders of bbw/.exec(err)?.[0]]
  }
  assert.equal(await shown(), await shown(), 'to say what would happen sends nothing')
  const outcome = await trade(data, ['close', 'ETHUSDT', '--without-state', '--execute'])
  assert.is(outcome.code, 0, outcome.err)
  assert.is(foundOrder(data), null, 'no halt was asked for')
  await run(data, '2024-07-29')
  const left = await positions(data)
  assert.not(left.includes('ETHUSDT long'))
  assert.ok(left.length > 0)
})

test('what cannot be meant is refused before anything is opened', async () => {
  const data = join(folder.path, 'nothing')
  for (const words of [
    ['close'],
    ['close', 'BTCUSDT,ETHUSDT'],
    ['close', 'BTCUSDT', '--all'],
    ['flatten', 'BTCUSDT'],
    ['flatten', '--side', 'long'],
  ]) {
    assert.is((await trade(data, words)).code, 2, words.join(' '))
  }
  assert.is((await trade(data, ['flatten'])).code, 3)
  assert.not(existsSync(data))
})

test.run()
