import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { batchOf, eventOf } from '../core/adapters/sqlite/store.fixture.ts'
import type { Why } from '../core/engine/why.ts'
import { GUARDS } from '../core/guards/list.ts'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('bbw trade why')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder)]
const DAY = '2024-07-26'
const NOWHERE = join(folder.path, 'none')
const wall = Date.UTC(2026, 0, 1)
let states = 0
test.after(() => folder.remove())

const ALL = ['strategy', 'instrument', 'once', 'stop-price', ...GUARDS.map(({ id }) => id)]

function why(data: string, words: readonly string[], setting: object = {}): Promise<Outcome> {
  return bbw(['trade', 'why', ...words, '--data-dir', data], { wall, ...setting })
}

const answerOf = ({
  out,
}: Outcome): Why & { readonly refusals: readonly { readonly [k: string]: unknown }[] } =>
  records(out)[0] as never

test('incident 76: for each signal of the moment every gate is listed with what it sees, and its verdict', async () => {
  const scanned = records((await bbw(['scan', ...MARKET, '--at', DAY, '--no-alerts'])).out)
  let signals = 0
  for (const symbol of new Set(scanned.map(record => String(record.symbol)))) {
    const outcome = await why(NOWHERE, [symbol, ...MARKET, '--at', DAY])
    assert.is(outcome.code, 0, outcome.err)
    const answer = answerOf(outcome)
    assert.equal(
      answer.signals.map(one => `${one.strategy} ${one.side}`).sort(),
      scanned
        .filter(record => record.symbol === symbol)
        .map(record => `${record.strategy} ${record.side}`)
        .sort(),
    )
    for (const { gates } of answer.signals) {
      assert.equal(
        gates.map(({ gate }) => gate),
        ALL,
      )
      for (const { gate, isOpen, reason, figures } of gates) {
        assert.is(reason === '', isOpen, gate)
        if (isOpen === true) assert.ok(Object.keys(figures).length > 0, `${gate} says what it saw`)
      }
      signals++
    }
  }
  assert.ok(signals > 5, `${signals} signals`)
})

test('it says of each signal what trading it does', async () => {
  const scored = (
    await bbw(['score'], { stdin: (await bbw(['scan', ...MARKET, '--at', DAY, '--no-alerts'])).out })
  ).out
  const refused = new Map<string, unknown>()
  for (const record of records(scored)) {
    // Alone, as here: what is entered beside it closes no gate.
    const { out } = await bbw(['trade', ...MARKET, '--at', DAY], { stdin: `${JSON.stringify(record)}\n` })
    const [event] = records(out)
    refused.set(
      String(record.id),
      event.kind === 'refused' ? (event.figures as { gate: unknown }).gate : null,
    )
  }
  for (const record of records(scored)) {
    const answer = answerOf(await why(NOWHERE, [String(record.symbol), ...MARKET, '--at', DAY]))
    const one = answer.signals.find(
      ({ strategy, side }) => strategy === record.strategy && side === record.side,
    )
    const closed = one?.gates.find(({ isOpen }) => isOpen === false)?.gate ?? null
    assert.is(closed, refused.get(String(record.id)), String(record.id))
  }
})

test('without a signal it names the strategies that want nothing, and asks the gates that read no order', async () => {
  const scanned = records((await bbw(['scan', ...MARKET, '--at', DAY, '--all', '--no-alerts'])).out)
  const quiet = ['SOLUSDT', 'XRPUSDT', 'OPUSDT', 'DOGEUSDT'].find(
    symbol => !scanned.some(record => record.symbol === symbol),
  )
  assert.ok(quiet !== undefined)
  const answer = answerOf(await why(NOWHERE, [quiet, ...MARKET, '--at', DAY]))
  assert.equal([answer.signals, answer.sides.map(({ side }) => side)], [[], ['long', 'short']])
  assert.ok(answer.silent.length >= 4)
  for (const { gates } of answer.sides) {
    assert.equal(
      gates.map(({ gate, isOpen }) => [gate, isOpen === null]),
      GUARDS.map(({ id, reads }) => [id, reads === 'order']),
    )
  }
  const { out } = await why(NOWHERE, [quiet, ...MARKET, '--at', DAY, '--side', 'short'], {
    terminals: ['stdout'],
  })
  assert.match(out, /^short: no strategy wants it$/m)
  assert.not.match(out, /^long: /m)
  assert.match(out, /^kill-switch +open +blocks 0$/m)
  assert.match(out, /^sizing +- .*depends on the order/m)
  assert.match(out, /^no signal from:\n- [a-z0-9-]+: .*has to be /m)
  for (const { strategy, timeframe, lacks } of answer.silent) {
    assert.ok(timeframe === '5m' || lacks.length > 0, strategy)
    for (const { condition, limit } of lacks) assert.ok(condition !== '' && limit !== '', strategy)
  }
})

test('a symbol that is not followed exits 3, what cannot be meant 2', async () => {
  const { code, out } = await why(NOWHERE, ['NONEUSDT', ...MARKET, '--at', DAY], { terminals: ['stdout'] })
  assert.equal([code, out], [3, 'NONEUSDT is not among the symbols that bbw follows\n'])
  assert.is((await why(NOWHERE, ['A,B', ...MARKET])).code, 2)
  assert.is((await why(NOWHERE, MARKET)).code, 2)
  assert.is((await why(NOWHERE, ['BTCUSDT', '--side', 'up', ...MARKET])).code, 2)
})

/** A data folder whose market stands at the day, paused. */
async function paused(): Promise<string> {
  const data = join(folder.path, `state-${++states}`)
  await bbw(['trade', 'pause', '--data-dir', data, '--reason', 'lunch'], { wall })
  const { code } = await bbw([
    'run',
    ...MARKET,
    '--data-dir',
    data,
    '--speed',
    'max',
    '--until',
    DAY,
    '--ndjson',
  ])
  assert.is(code, 0)
  return data
}

test('a loop that has ended is answered for from its books, at its own moment, with its refusals', async () => {
  const data = await paused()
  const outcome = await why(data, ['BTCUSDT', ...MARKET])
  assert.is(outcome.code, 0, outcome.err)
  assert.match(outcome.err, 'no loop runs')
  const answer = answerOf(outcome)
  assert.is(answer.at, Date.parse(DAY))
  const reasons = answer.signals[0].gates.filter(({ isOpen }) => isOpen === false).map(({ reason }) => reason)
  assert.ok(reasons.includes('paused by cli: lunch'), reasons.join())
  assert.ok(reasons.includes('books and exchange are being compared'))
  assert.ok(answer.refusals.length > 0 && answer.refusals.length <= 10)
  assert.ok(answer.refusals.every(one => one.symbol === 'BTCUSDT' && one.kind === 'refused'))
  const { out } = await why(data, ['BTCUSDT', ...MARKET], { terminals: ['stdout'] })
  assert.match(out, /refused by .*kill-switch/)
  assert.match(out, /^refused lately:\n- \d{4}-/m)
})

test('a running loop is asked itself', async () => {
  const data = await paused()
  const self = { pid: 4121, host: 'elsewhere', processStart: 'then' }
  const store = StateStore.open(join(data, 'state.db'), { now: wall, random: () => 0, origin: 'sim', self })
  assert.ok(store.acquire(wall).ok)
  const taken: unknown[] = []
  const said: Why = {
    symbol: 'SOLUSDT',
    at: wall,
    isKnown: true,
    isWatched: true,
    market: null,
    held: [],
    signals: [],
    silent: [],
    sides: [],
  }
  const events = [
    eventOf({ kind: 'refused', symbol: 'SOLUSDT', side: 'long' }),
    eventOf({ kind: 'refused', symbol: 'XUSDT' }),
  ]
  store.commit(batchOf({ events }))
  const outcome = await why(data, ['solusdt'], {
    onSleep: () => {
      for (const { id, command } of store.takeCommands(wall)) {
        taken.push(command)
        store.commit(batchOf({ answers: [{ id, ok: true, reason: JSON.stringify(said) }] }))
      }
    },
  })
  assert.is(outcome.code, 0, outcome.err)
  assert.equal(taken, [{ kind: 'why', symbol: 'SOLUSDT', side: null }])
  const answer = answerOf(outcome)
  assert.is(answer.at, wall)
  assert.is(answer.refusals.length, 10)
  assert.ok(answer.refusals.every(one => one.symbol === 'SOLUSDT'))
  assert.is((await why(data, ['SOLUSDT', '--at', DAY])).code, 2)
  store.close()
})

test.run()
