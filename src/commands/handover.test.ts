import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { batchOf, eventOf } from '../core/adapters/sqlite/store.fixture.ts'
import type { Steps } from '../core/base/units.ts'
import { defaultConfig } from './config.ts'
import { loadMarket } from './market.ts'
import { openSimHost, tradingStart } from './sim-host.ts'
import { venueOf } from './simulate.ts'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('bbw trade adopt and release')
const folder = new Folder()
const FIXTURES = dailyFixtures(folder)
const MARKET = ['--market', FIXTURES]
const DAY = '2024-07-26'
const SYMBOL = 'LINKUSDT'
const wall = Date.UTC(2026, 0, 1)
let states = 0
test.after(() => folder.remove())

/** A data folder whose market stands at a day; `hand` opens a position there that bbw did not. */
async function standing(hand: boolean): Promise<string> {
  const data = join(folder.path, `state-${++states}`)
  await bbw(['trade', 'pause', '--data-dir', data], { wall })
  assert.is((await run(data)).code, 0)
  if (!hand) return data
  const stdin = (async function* () {})()
  const place = { env: {}, cwd: folder.path, stdin, signal: new AbortController().signal }
  const market = await loadMarket(place, { flags: { market: FIXTURES }, args: [] }, 'replay', null)
  const host = await openSimHost(data, began =>
    venueOf(
      market.markets,
      defaultConfig(),
      { from: began ?? tradingStart(market.markets), to: null },
      true,
      'all',
    ),
  )
  const { refusal } = host.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: 50 as Steps })
  assert.is(refusal, null)
  host.close()
  // A run sees it.
  assert.is((await run(data)).code, 0)
  return data
}

function run(data: string): Promise<Outcome> {
  return bbw(['run', ...MARKET, '--data-dir', data, '--speed', 'max', '--until', DAY, '--ndjson'])
}

function trade(data: string, words: readonly string[], setting: object = {}): Promise<Outcome> {
  const market = words.includes('--execute') ? MARKET : []
  return bbw(['trade', ...words, ...market, '--data-dir', data], { wall, ...setting })
}

async function status(data: string, ...words: readonly string[]): Promise<Outcome> {
  return await bbw(['status', '--data-dir', data, ...words], { wall })
}

const held = async (
  data: string,
  what: 'positions' | 'foreign',
): Promise<readonly { [k: string]: unknown }[]> =>
  records((await status(data, '--json')).out)[0][what] as { [k: string]: unknown }[]

test('a position opened by hand is shown apart, handed over with its stop in force, and taken back', async () => {
  const data = await standing(true)
  const [there] = await held(data, 'foreign')
  assert.equal([there.symbol, there.side, there.stop], [SYMBOL, 'long', null])
  const text = await bbw(['status', '--data-dir', data], { wall, terminals: ['stdout'] })
  assert.match(text.out, /opened by hand .*\nLINKUSDT .* no entry on its symbol/)
  const mark = Number(there.mark)
  const [stop, target] = [(mark * 0.9).toFixed(2), (mark * 1.5).toFixed(2)]
  // Dry first: it says what would happen, and nothing does.
  const dry = await trade(data, ['adopt', SYMBOL, '--stop', stop])
  assert.is(dry.code, 0, dry.err)
  assert.equal(
    records(dry.out).map(one => [one.kind, one.dry, one.side, (one.figures as { stop: unknown }).stop]),
    [['adopted', true, 'long', Number(stop)]],
  )
  assert.equal(await held(data, 'positions'), [])
  const { code, out, err } = await trade(data, [
    'adopt',
    SYMBOL,
    '--stop',
    stop,
    '--target',
    target,
    '--execute',
  ])
  assert.is(code, 0, err)
  assert.equal(
    records(out).map(one => [one.kind, one.dry, one.code]),
    [
      ['adopted', false, 'I311'],
      ['stop-restored', false, 'I311'],
    ],
  )
  const [position] = await held(data, 'positions')
  assert.equal(
    [position.symbol, position.strategy, position.stop, position.protected, position.entry],
    [SYMBOL, 'manual', Number(stop).toFixed(String(position.stop).split('.')[1].length), true, there.entry],
  )
  assert.is((position.targets as unknown[]).length, 1)
  assert.equal(await held(data, 'foreign'), [])
  assert.is((await trade(data, ['adopt', SYMBOL, '--execute'])).code, 6, 'it is already')
  assert.match((await trade(data, ['release', SYMBOL])).out, /would be released, its targets taken back/)
  const released = await trade(data, ['release', SYMBOL, '--execute'])
  assert.equal([released.code, records(released.out).map(one => one.code)], [0, ['I312']])
  const [again] = await held(data, 'foreign')
  assert.equal([again.symbol, again.stop, (await held(data, 'positions')).length], [SYMBOL, position.stop, 0])
})

test('what is not there exits 3, what is refused 6, what cannot be meant 2', async () => {
  const data = await standing(true)
  const fresh = join(folder.path, 'nothing')
  for (const [where, words, code] of [
    [fresh, ['adopt', SYMBOL], 3],
    [data, ['adopt', 'BTCUSDT', '--stop', '1'], 3],
    [data, ['adopt', 'BTCUSDT', '--stop', '1', '--execute'], 3],
    [data, ['release', SYMBOL], 3],
    [data, ['release', SYMBOL, '--execute'], 3],
    [data, ['adopt', SYMBOL], 6],
    [data, ['adopt', SYMBOL, '--execute'], 6],
    [data, ['adopt', SYMBOL, '--stop', '1e6'], 6],
    [data, ['adopt', SYMBOL, '--stop', '0'], 2],
    [data, ['adopt', SYMBOL, '--stop', 'low'], 2],
    [data, ['adopt', `${SYMBOL},BTCUSDT`], 2],
    [data, ['adopt', SYMBOL, '--side', 'up'], 2],
    [data, ['adopt'], 2],
  ] as const) {
    const outcome = await trade(where, words)
    assert.is(outcome.code, code, `${words.join(' ')}: ${outcome.out}${outcome.err}`)
  }
  assert.equal(await held(data, 'positions'), [])
})

test('beside a loop it is queued, and what the loop has made of it is the exit code', async () => {
  for (const [kind, figures, expected] of [
    ['adopted', {}, 0],
    ['refused', { isMissing: false }, 6],
    ['refused', { isMissing: true }, 3],
  ] as const) {
    const data = await standing(false)
    const self = { pid: 4121, host: 'elsewhere', processStart: 'then' }
    const store = StateStore.open(join(data, 'state.db'), { now: wall, random: () => 0, origin: 'sim', self })
    assert.ok(store.acquire(wall).ok)
    const taken: unknown[] = []
    const words = ['adopt', 'solusdt', '--stop', '91.5', '--side', 'long', '--execute']
    const { code, out, err } = await trade(data, words, {
      onSleep: () => {
        for (const { id, command } of store.takeCommands(wall)) {
          taken.push(command)
          const event = eventOf({ kind, symbol: 'SOLUSDT', figures: { ...figures, request: id } })
          const answers = [{ id, ok: kind === 'adopted', reason: 'words' }]
          store.commit(batchOf({ answers, events: [event] }))
        }
      },
    })
    assert.is(code, expected, err)
    assert.equal(
      records(out).map(one => one.kind),
      [kind],
    )
    assert.equal(taken, [
      { kind: 'adopt', symbol: 'SOLUSDT', side: 'long', stop: 91.5, target: null, isOwn: false, by: 'cli' },
    ])
    store.close()
  }
})

test.run()
