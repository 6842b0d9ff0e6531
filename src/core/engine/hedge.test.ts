/** An engine on an account in hedge mode: a long and a short position of one symbol beside each other. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, SECOND, type Steps } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import { ticks } from '../decision/view.fixture.ts'
import { positionMargin } from '../portfolio/position.ts'
import { Desk, events, gates, gridSignal, only, placed, resumed, reversionSignal } from './desk.fixture.ts'
import { HELD, Parts } from './parts.fixture.ts'
import type { AccountPosition, Effect, OrderRequest } from './protocol.ts'
import { RECONCILIATION } from './reconcile.ts'
import { asking } from './rules.fixture.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('hedge mode')

const HEDGE: Settings = { ...defaultSettings(), positionMode: 'hedge' }

/** The grid's short side on the candle of `gridSignal`. */
function shortSignal(over: Partial<Signal> = {}): Signal {
  return gridSignal('SOLUSDT', {
    strategy: 'bollinger-grid-short',
    side: 'short',
    order: { type: 'limit', price: ticks(1_040) },
    stop: ticks(1_092),
    bbPercent: 96,
    weekBb: 60,
    monthBb: 60,
    tier: 'B',
    ...over,
  })
}

function desk(settings: Settings = HEDGE): Desk {
  const made = new Desk(settings).introduce('SOLUSDT')
  made.live(0)
  return made
}

/** Long at 97 and short at 104, both filled and their targets accepted. */
function both(settings: Settings = HEDGE): Desk {
  const made = desk(settings)
  for (const signal of [gridSignal(), shortSignal()]) accepted(made, made.open(signal).effects)
  return made
}

function accepted(of: Desk, effects: readonly Effect[]): void {
  for (const { purpose, clientOrderId } of placed(effects))
    if (purpose === 'exit') of.order(clientOrderId, 'accepted')
}

const held = ({ engine }: Desk): readonly string[] => [...engine.portfolio.positions.keys()].sort()
const exits = (of: Desk): readonly OrderRequest[] =>
  placed(of.effects).filter(order => order.purpose === 'exit')

test('long and short of one symbol are entered beside each other, and in one-way mode the second is refused', () => {
  assert.equal(held(both()), ['SOLUSDT:long', 'SOLUSDT:short'])
  const oneWay = desk(defaultSettings())
  oneWay.open(gridSignal())
  assert.equal(gates(oneWay.propose(shortSignal())), ['one-position'])
})

test('a pending entry keeps another one of its side away, and none of the other', () => {
  const made = desk()
  assert.is(placed(made.propose(gridSignal())).length, 1)
  assert.equal(gates(made.propose(reversionSignal())), ['one-position'])
  assert.is(placed(made.propose(shortSignal())).length, 1)
  const sides = [...made.engine.portfolio.pending.values()].map(one => one.side)
  assert.equal(sides, ['long', 'short'])
})

test('each side has its own stop and targets, and closes for itself', () => {
  const made = both()
  const [long, short] = [made.position(), made.position('SOLUSDT', 'short')]
  assert.equal([long.stop, short.stop], [930, 1_092])
  const targets = exits(made).map(({ side, steps }) => [side, steps < made.position('SOLUSDT', side).steps])
  assert.equal(targets, [
    ['long', true],
    ['long', true],
    ['short', true],
    ['short', true],
  ])
  made.stopOut(long)
  assert.equal(held(made), ['SOLUSDT:short'])
  const resting = made.engine.books().orders.flatMap(one => (one.kind === 'exit' ? [one.order.side] : []))
  assert.ok(resting.length > 0 && resting.every(side => side === 'short'))
  made.stopOut(short)
  assert.equal(held(made), [])
  const trades = only(made.effects, 'trade').map(({ trade }) => `${trade.side} ${trade.exitReason}`)
  assert.equal(trades, ['long stop', 'short stop'])
})

test('a strategy that has entered one side of a coin rests on the other side too', () => {
  const made = desk()
  made.open(reversionSignal())
  const short = reversionSignal('SOLUSDT', {
    side: 'short',
    order: { type: 'limit', price: ticks(1_040) },
    stop: ticks(1_092),
    target: ticks(980),
    bbPercent: 97,
    weekBb: 60,
    monthBb: 60,
  })
  assert.equal(gates(made.propose(short)), ['cooldown'])
})

test('both sides bind margin', () => {
  const made = both()
  const used = [...made.engine.portfolio.positions.values()].reduce(
    (sum, one) => sum + positionMargin(one),
    0,
  )
  const [told] = events(made.propose(reversionSignal('ADAUSDT')), 'refused')
  assert.ok(told !== undefined && used > 0)
  const guards = { ...HEDGE.guards, 'total-margin': { percent: 100, usdt: used + 1 } }
  const narrow = both({ ...HEDGE, guards }).introduce('ADAUSDT')
  assert.equal(gates(narrow.propose(gridSignal('ADAUSDT'))), ['total-margin'])
})

test('the leverage of one side is set, asked after and denied without touching the other one', () => {
  const made = desk()
  made.open(gridSignal())
  made.confirmsLeverage = false
  const sent = made.propose(shortSignal({ strategy: 'mean-reversion', leverage: 10, target: ticks(980) }))
  const [request] = only(sent, 'set-leverage')
  assert.equal([request.symbol, request.side, request.leverage], ['SOLUSDT', 'short', 10])
  const answer = { type: 'leverage', leverage: null, reason: 'lost', why: 'unknown' } as const
  const [lookUp] = only(made.feed({ ...answer, requestId: request.requestId }), 'query-leverage')
  assert.equal([lookUp.symbol, lookUp.side], ['SOLUSDT', 'short'])
  const found = { type: 'leverage', requestId: lookUp.requestId, leverage: 10, reason: '' } as const
  const [order] = placed(made.feed(found))
  assert.equal([order.side, order.leverage], ['short', 10])
  assert.is(made.position().leverage, 3)
})

test('in one-way mode a leverage is that of the symbol, and names no side', () => {
  const made = desk(defaultSettings())
  made.confirmsLeverage = false
  const [request] = only(made.propose(gridSignal()), 'set-leverage')
  assert.equal('side' in request, false)
})

test('requests for both sides wait beside each other, and survive save and load', () => {
  const made = desk()
  made.confirmsLeverage = false
  const long = only(made.propose(gridSignal()), 'set-leverage')[0]
  const short = only(made.propose(shortSignal()), 'set-leverage')[0]
  made.restart(HEDGE)
  const answer = (requestId: string): readonly OrderRequest[] =>
    placed(made.feed({ type: 'leverage', requestId, leverage: 3, reason: '' }))
  assert.equal(
    answer(short.requestId).map(one => one.side),
    ['short'],
  )
  assert.equal(
    answer(long.requestId).map(one => one.side),
    ['long'],
  )
})

test('an entry that comes to life takes back another one of its side, and leaves the other side alone', () => {
  const made = desk()
  const [order] = placed(made.propose(gridSignal()))
  made.order(order.clientOrderId, 'accepted')
  made.order(order.clientOrderId, 'cancelled', 'by hand')
  const [other] = placed(made.propose(reversionSignal()))
  made.propose(shortSignal())
  assert.equal(
    only(made.fill(order), 'cancel').map(one => one.clientOrderId),
    [other.clientOrderId],
  )
})

test('an entry that comes to life beside a position of the other side is a position of its own', () => {
  const made = desk()
  const [order] = placed(made.propose(gridSignal()))
  made.order(order.clientOrderId, 'accepted')
  made.order(order.clientOrderId, 'cancelled', 'by hand')
  made.open(shortSignal())
  made.fill(order)
  assert.equal(held(made), ['SOLUSDT:long', 'SOLUSDT:short'])
  assert.equal(made.engine.snapshot().foreign, [])
})

test('funding, and the range of a price, are those of the side they name', () => {
  const made = both()
  made.wait(HOUR)
  made.feed({ type: 'funding', symbol: 'SOLUSDT', side: 'short', time: made.now, amount: 0.5, rate: 0.001 })
  assert.equal([made.position().funding, made.position('SOLUSDT', 'short').funding], [0, 0.5])
  const price = { type: 'price', symbol: 'SOLUSDT', time: made.now, last: 100, mark: 100 } as const
  made.feed({ ...price, low: 94, high: 107, side: 'long' })
  const [long, short] = [made.position(), made.position('SOLUSDT', 'short')]
  assert.equal([long.lowest, long.highest], [94, 107])
  assert.equal([short.lowest, short.highest], [100, 104])
})

test('both sides, with their orders, survive save and load, and a restart on their books', () => {
  const made = both()
  const before = [made.position(), made.position('SOLUSDT', 'short')]
  made.restart(HEDGE)
  assert.equal([made.position(), made.position('SOLUSDT', 'short')], before)
  const next = resumed(made, HEDGE).introduce('SOLUSDT')
  next.live(10 * SECOND)
  assert.is(next.engine.snapshot().drift, '')
  assert.equal([next.position(), next.position('SOLUSDT', 'short')], before)
  next.stopOut(next.position('SOLUSDT', 'short'), { execId: 'after the restart' })
  assert.equal(held(next), ['SOLUSDT:long'])
})

const THERE: AccountPosition = {
  symbol: 'SOLUSDT',
  side: 'short',
  steps: 500 as Steps,
  entry: 101,
  leverage: 5,
  stop: ticks(1_100),
}

test('a position of a person beside one of bbw can be handed over', () => {
  const adopted = (parts: Parts): readonly string[] => {
    const none = { side: null, stop: null, target: null, isOwn: false, by: 'me' } as const
    parts.handovers.take({ type: 'handover', at: 0, id: 'a', kind: 'adopt', symbol: 'SOLUSDT', ...none })
    const own = {
      symbol: 'SOLUSDT',
      side: 'long',
      steps: HELD.steps,
      entry: 100,
      leverage: 10,
      stop: HELD.stop,
    } as const
    parts.handovers.adopt({ wallet: 1_000, positions: [own, THERE], orders: [] })
    return only(parts.core.takeEffects(), 'answer').map(({ reason }) => reason)
  }
  assert.equal(adopted(new Parts({}, HEDGE).book([HELD])), ['SOLUSDT short is handed over'])
  assert.equal(adopted(new Parts().book([HELD])), ['adopt: bbw holds the long side of it'])
})

test('a position of a person on the one side says nothing of one on the other: it is asked for first', () => {
  const parts = new Parts({}, HEDGE)
  const long = { ...THERE, side: 'long' } as const
  parts.strangers.foreignSeen([long], [])
  const course = asking()(RECONCILIATION, {
    books: parts.core.portfolio,
    account: { wallet: 1_000, positions: [long, THERE], orders: [] },
    booked: [],
    known: [],
    instance: '0a1f',
    isThorough: false,
    foreign: parts.strangers.keys(),
    lost: [],
    asked: [],
    isDoubtful: false,
    drift: '',
    driftSince: null,
    missing: [],
    isRecovering: false,
    isRestart: false,
    now: 0,
  })
  assert.equal([course.come, course.asksAgain], [[THERE], true])
})

test.run()
