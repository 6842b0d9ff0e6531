import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR } from '../../core/base/units.ts'
import type { Trade } from '../../core/portfolio/trade.ts'
import { AT, event, FACTS, parts, position, refusal, snapshot } from './model.fixture.ts'
import { type DashboardInput, type DashboardModel, dashboardModel, emptyModel } from './model.ts'
import { positionKeys } from './position-keys.ts'

const test = suite('dashboard model')

function folded(...inputs: readonly DashboardInput[]): DashboardModel {
  return inputs.reduce(dashboardModel, emptyModel(FACTS))
}

function trade(net: number, closedAt: number): Trade {
  return {
    id: 'c0ffee',
    strategy: 'mean-reversion',
    symbol: 'BTCUSDT',
    side: 'long',
    openedAt: closedAt - HOUR,
    closedAt,
    entry: 1,
    exit: 1,
    qty: 1,
    notional: 1,
    leverage: 10,
    score: 6,
    gross: net,
    fees: 0,
    funding: 0,
    net,
    netPercent: net,
    mae: 0,
    mfe: 0,
    entryReason: '',
    exitReason: 'target',
    exits: [],
  }
}

test('events and refusals are kept apart, newest first, counted without end and bounded', () => {
  let model = emptyModel(FACTS)
  for (let n = 0; n < 500; n += 1) {
    model = dashboardModel(model, { type: 'event', event: event({ kind: 'filled', ts: n }) })
    model = dashboardModel(model, { type: 'event', event: event({ signalId: `s${n}`, ts: n + 0.5 }) })
    model = dashboardModel(model, { type: 'event', event: refusal({ ts: n }) })
  }
  assert.equal(model.counts, { events: 1_000, refusals: 500 })
  assert.equal(
    [model.events.length, model.refusals.length, Object.keys(model.reasons).length],
    [100, 100, 100],
  )
  assert.equal([model.events[0].ts, model.refusals[0].ts], [499.5, 499])
  assert.ok(Object.hasOwn(model.reasons, 's499'))
})

test('closed trades are summed, today for itself', () => {
  const { trades } = folded(
    { type: 'trade', trade: trade(5, AT - DAY) },
    { type: 'trade', trade: trade(-2, AT) },
    { type: 'trade', trade: trade(3, AT + HOUR) },
  )
  assert.equal(trades, { today: 1, total: 6, count: 3, wins: 2 })
})

test('trades of earlier runs count, and those of today only on the same day', () => {
  const earlier = { trades: { today: 10, total: 40, count: 4, wins: 3 }, day: Math.floor(AT / DAY) }
  const next = (closedAt: number): DashboardModel['trades'] =>
    dashboardModel(emptyModel(FACTS, earlier), { type: 'trade', trade: trade(1, closedAt) }).trades
  assert.equal(next(AT), { today: 11, total: 41, count: 5, wins: 4 })
  assert.equal(next(AT + DAY), { today: 1, total: 41, count: 5, wins: 4 })
})

test('what a person said of pause and halt is kept until it is resumed', () => {
  const said = (kind: 'paused' | 'halted' | 'resumed', by: string | null): DashboardInput => ({
    type: 'event',
    event: event({ kind, reason: 'news', figures: by === null ? {} : { by } }),
  })
  const halted = folded(said('paused', 'me'), said('halted', 'me'))
  assert.equal([halted.standing.paused?.by, halted.standing.halted?.reason], ['me', 'news'])
  assert.equal(dashboardModel(halted, said('resumed', 'me')).standing, { paused: null, halted: null })
  assert.ok(
    dashboardModel(halted, said('resumed', null)).standing.halted !== null,
    'the end of a pause lifts no halt',
  )
  assert.equal(folded(said('paused', null)).standing.paused, null)
})

test('a snapshot brings positions, a point of the curve and what is wrong', () => {
  const bare = snapshot({ positions: [position({ isProtected: false })], cycles: [], drift: 'wallet' })
  const model = folded({ type: 'snapshot', snapshot: bare })
  assert.equal(model.curve.points, [{ at: AT, equity: 1_034.12 }])
  assert.equal(model.notes, ['BTCUSDT long has no confirmed stop', 'books and exchange differ: wallet'])
  assert.equal(positionKeys(model), ['BTCUSDT:long'])
  assert.equal(positionKeys(emptyModel(FACTS)), [])
})

test('the state of another process is taken over whole', () => {
  const seen = folded({ type: 'parts', parts: parts({ notes: ['the log grows'] }), now: AT })
  assert.equal([seen.isRunning, seen.facts.exchange, seen.counts.refusals], [true, 'sim', 3])
  assert.ok(seen.notes.includes('the log grows'))
  assert.match(seen.reasons.c0ffee0000000001, 'closed below the lower band')
  const later = dashboardModel(seen, {
    type: 'parts',
    parts: parts({ holder: null, snapshot: null }),
    now: AT + HOUR,
  })
  assert.equal([later.isRunning, later.snapshot, later.curve.points.length], [false, null, 1])
})

test('the end is told', () => {
  assert.is(folded({ type: 'stopping' }).isStopping, true)
})

test.run()
