/** Hedge mode by configuration: the same in backtest and run, and never against the mode of the account. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HEDGED, opposed } from '../core/adapters/sim/hedge.fixture.ts'
import type { Trade } from '../core/portfolio/trade.ts'
import { Processes } from './started.fixture.ts'
import { bbw, dailyFixtures, exportedTrades, Folder, type Outcome } from './world.fixture.ts'

const test = suite('hedge mode by configuration')
const folder = new Folder()
const processes = new Processes()
const MARKET = ['--market', dailyFixtures(folder)]
const RANGE = ['--timerange', '20240601-20240901']
const HEDGE = folder.file('hedge.yaml', JSON.stringify(HEDGED))
const ONE_WAY = folder.file('one-way.yaml', JSON.stringify({ ...HEDGED, positionMode: 'one-way' }))

test.after(async () => {
  await processes.end()
  folder.remove()
})

const tradesOf = (lines: readonly string[]): readonly Trade[] => lines.map(line => JSON.parse(line) as Trade)

function run(words: readonly string[], config: string): Promise<Outcome> {
  const all = ['run', ...MARKET, ...RANGE, '--speed', 'max', '-c', config, ...words]
  return bbw(all, { cwd: folder.path })
}

const BACKTEST = await exportedTrades(folder, ['backtest', ...MARKET, ...RANGE, '-c', HEDGE])

test('symbols are held on both sides at once in hedge mode, and never in one-way mode', async () => {
  assert.ok(opposed(tradesOf(BACKTEST)).length >= 5, `${opposed(tradesOf(BACKTEST)).length} pairs`)
  const oneWay = await exportedTrades(folder, ['backtest', ...MARKET, ...RANGE, '-c', ONE_WAY])
  assert.equal([oneWay.length > 20, opposed(tradesOf(oneWay)).length], [true, 0])
})

test('backtest and run make the same trades in hedge mode, byte for byte', async () => {
  const words = ['run', '--no-state', '--speed', 'max', ...MARKET, ...RANGE, '-c', HEDGE]
  assert.equal(await exportedTrades(folder, words), BACKTEST)
})

test('a run that is stopped while both sides are held goes on, to the last digit', async () => {
  const state = ['--data-dir', join(folder.path, 'stopped')]
  const [[long, short]] = opposed(tradesOf(BACKTEST))
  const between = new Date(
    (Math.max(long.openedAt, short.openedAt) + Math.min(long.closedAt, short.closedAt)) / 2,
  )
  const stopped = await run([...state, '--until', `${between.toISOString().slice(0, 16)}Z`], HEDGE)
  assert.is(stopped.code, 0, stopped.err)
  const out = await exportedTrades(folder, [
    'run',
    ...state,
    ...MARKET,
    ...RANGE,
    '--speed',
    'max',
    '-c',
    HEDGE,
  ])
  assert.equal(out, BACKTEST)
})

test('a folder of one mode is not run in the other while something is held, in either direction', async () => {
  for (const [name, first, second, there] of [
    ['to-one-way', HEDGE, ONE_WAY, 'hedge'],
    ['to-hedge', ONE_WAY, HEDGE, 'one-way'],
  ] as const) {
    const state = ['--data-dir', join(folder.path, name)]
    const began = await run([...state, '--until', '2024-07-01'], first)
    assert.is(began.code, 0, began.err)
    const { code, out, err } = await run([...state, '--until', '2024-07-02'], second)
    assert.equal([code, out], [4, ''], err)
    assert.match(err, `C606 the account is in ${there} mode`)
    assert.match(err, `set positionMode: ${there}; or, in that mode, close what is held`)
    const again = await run([...state, '--until', '2024-07-02'], first)
    assert.is(again.code, 0, again.err)
  }
})

test('closing asks nothing about the mode: whoever wants to get out can', async () => {
  const state = ['--data-dir', join(folder.path, 'closing')]
  await run([...state, '--until', '2024-07-01'], HEDGE)
  const words = ['trade', 'flatten', '--execute', ...state, ...MARKET, ...RANGE, '-c', ONE_WAY]
  const flat = await bbw(words, { cwd: folder.path, wall: Date.UTC(2026, 0, 1) })
  assert.is(flat.code, 0, flat.err)
  assert.match(flat.out, /exited/)
  const { code } = await run([...state, '--until', '2024-07-03'], HEDGE)
  assert.is(code, 0)
})

test('an account with nothing on it is switched at the start, and that is told', async () => {
  const state = ['--data-dir', join(folder.path, 'empty')]
  // It waits for a coin that nearly doubles in a day.
  const none = ['--until', '2024-06-02', '--strategy', 'junk-short']
  assert.match((await run([...state, ...none], HEDGE)).err, 'was in one-way mode and is in hedge mode now')
  assert.not.match((await run([...state, ...none], HEDGE)).err, 'mode now')
  const back = await run([...state, ...none], ONE_WAY)
  assert.equal([back.code, /was in hedge mode and is in one-way mode now/.test(back.err)], [0, true])
})

test('a server in another mode than its trader is told of, and keeps its mode while something is held', async () => {
  const exchange = ['--data-dir', join(folder.path, 'exchange'), ...MARKET, ...RANGE]
  const first = await processes.serve([...exchange, '-c', HEDGE])
  const trade = (url: string, env: { readonly [name: string]: string }, config: string, until: string) => {
    const state = ['--data-dir', join(folder.path, 'trader'), '--until', until, '--speed', 'max']
    return processes.start(['run', '--sim-url', url, ...state, '-c', config], { env }).ended
  }
  const began = await trade(first.url, first.env, HEDGE, '2024-06-15')
  assert.is(began.code, 0, began.err)
  assert.not.match(began.err, 'mode now', 'a new exchange is in the mode of its configuration')
  const other = await trade(first.url, first.env, ONE_WAY, '2024-06-16')
  assert.is(other.code, 4, other.err)
  assert.match(other.err, 'C606 the account is in hedge mode and positionMode is one-way')
  await first.server.stop()
  const second = await processes.serve([...exchange, '-c', ONE_WAY])
  assert.match(second.server.err, 'the account is in hedge mode, and positionMode is one-way')
  const again = await trade(second.url, second.env, HEDGE, '2024-06-16')
  assert.is(again.code, 0, again.err)
  await second.server.stop()
})

test('another word than one-way or hedge is refused with both', async () => {
  const { code, err } = await run([], folder.file('wrong.yaml', 'positionMode: both'))
  assert.is(code, 4)
  assert.match(err, 'positionMode has to be one of one-way, hedge')
})

test.run()
