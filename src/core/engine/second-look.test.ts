import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { Desk, events, only, placed, resumed } from './desk.fixture.ts'
import type { Effect } from './protocol.ts'
import { asking } from './rules.fixture.ts'
import { passing, SECOND_LOOK, type SecondLook, type SeenLook } from './second-look.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('second look')
const ask = asking()

const LOOK: SecondLook = {
  strategy: 'mean-reversion',
  symbol: 'SOLUSDT',
  timeframe: '1d',
  candleStart: MIDNIGHT,
  isMarket: true,
  cause: 'price',
  missing: 0,
}
const NOW = MIDNIGHT + DAY + HOUR
const seen = (over: Partial<SeenLook> = {}, look: Partial<SecondLook> = {}): SeenLook => ({
  look: { ...LOOK, ...look },
  newest: MIDNIGHT,
  lastAt: NOW,
  missing: 0,
  isBlocked: false,
  now: NOW,
  ...over,
})

test('a signal is looked at again when what has refused it is over, and not after its time', () => {
  const cases: readonly (readonly [SeenLook, 'again' | 'over' | null])[] = [
    [seen(), 'again'],
    [seen({ lastAt: NOW - 11 * SECOND }), null],
    [seen({ lastAt: NOW - 11 * SECOND }, { isMarket: false }), 'again'],
    [seen({ lastAt: NOW - 61 * SECOND }, { isMarket: false }), null],
    [seen({ isBlocked: true }), null],
    [seen({ missing: 2 }, { cause: 'gap', missing: 2 }), null],
    [seen({ missing: 1 }, { cause: 'gap', missing: 2 }), 'again'],
    [seen({ newest: MIDNIGHT + DAY }), 'over'],
    [seen({ now: MIDNIGHT + 2 * DAY, lastAt: MIDNIGHT + 2 * DAY }), 'over'],
    [seen({}, { timeframe: '5m' }), 'over'],
  ]
  for (const [one, expected] of cases) assert.is(ask(SECOND_LOOK, one), expected, JSON.stringify(one))
})

test('what passes is told from what lasts', () => {
  const of = (gate: string, figures = {}): unknown => passing({ gate, figures, reason: '' })
  assert.is(of('stale-data', { ageSeconds: 20 }), 'price')
  assert.is(of('stale-data', { missingCandles: 2 }), 'gap')
  assert.is(of('readiness'), 'readiness')
  for (const gate of ['kill-switch', 'fresh-signal', 'score-threshold', 'cooldown', 'once'])
    assert.is(of(gate), null, gate)
})

/** Settings under which what these tests do is admitted. */
function settings(): Settings {
  const standard = defaultSettings()
  const guards = { ...standard.guards, confluence: { least: 0 }, 'score-threshold': { least: 0 } }
  const strategies = Object.fromEntries(
    Object.entries(standard.strategies).map(([id, of]) => [id, { ...of, enabled: id === 'mean-reversion' }]),
  ) as Settings['strategies']
  return { ...standard, guards, strategies }
}

/** A day closes below the bands, while the price is as old as said. */
function closed(
  ageMs: number,
  desk = new Desk(settings()).introduce('ADAUSDT'),
): readonly [Desk, readonly Effect[]] {
  desk.live(0)
  // Told so late: its close is the newest price.
  desk.now = MIDNIGHT + DAY + ageMs
  desk.day('ADAUSDT', MIDNIGHT, 92)
  return [desk, desk.live(0)]
}

const gates = (effects: readonly Effect[]): readonly unknown[] =>
  events(effects, 'refused').map(({ figures }) => figures.gate)

test('an entry of the day that an old price has refused comes when the price is fresh again, once', () => {
  const [desk, effects] = closed(2 * MINUTE)
  assert.equal(gates(effects), ['stale-data'])
  const count = desk.engine.counts['signals:mean-reversion']
  assert.equal(
    [placed(desk.live(20 * MINUTE)).length, desk.engine.counts['signals:mean-reversion']],
    [0, count],
  )
  desk.price('ADAUSDT', 92)
  // The next turn of the heavy cycle is up to two minutes away.
  const found: Effect[] = []
  for (let k = 0; k < 25; k++) {
    found.push(...desk.live(5 * SECOND))
    desk.price('ADAUSDT', 92)
  }
  assert.is(placed(found).length, 1)
  desk.order(placed(found)[0].clientOrderId, 'rejected', 'no margin')
  desk.price('ADAUSDT', 92)
  assert.is(only(desk.live(HOUR), 'place').length, 0, 'what the exchange refuses for good is spent')
})

test('what waits survives a save, and another process on the same books', () => {
  const [desk] = closed(2 * MINUTE)
  assert.is(desk.engine.save().secondLooks.length, 1)
  desk.restart(settings())
  assert.is(desk.engine.save().secondLooks.length, 1)
  const next = resumed(desk, settings())
  next.introduce('ADAUSDT')
  next.day('ADAUSDT', MIDNIGHT, 92)
  const found: Effect[] = []
  for (let k = 0; k < 60; k++) {
    next.price('ADAUSDT', 92)
    found.push(...next.live(5 * SECOND))
  }
  assert.is(placed(found).length, 1)
})

test('at the next close nothing waits any more', () => {
  const [desk] = closed(2 * MINUTE)
  desk.now = MIDNIGHT + 2 * DAY
  desk.day('ADAUSDT', MIDNIGHT + DAY, 100)
  desk.live(4 * MINUTE)
  assert.equal(desk.engine.save().secondLooks, [])
})

test('a symbol that was not ready is entered once it is, and a pause by a person spends the signal', () => {
  const desk = new Desk(settings()).introduce('ADAUSDT')
  const listing = { type: 'listing', symbol: 'ADAUSDT', delistsAt: null } as const
  desk.feed({ ...listing, status: 'stopped' })
  const [, effects] = closed(0, desk)
  assert.equal(gates(effects), ['readiness'])
  assert.is(placed(desk.live(30 * MINUTE)).length, 0)
  desk.feed({ ...listing, status: 'trading' })
  desk.price('ADAUSDT', 92)
  assert.is(placed(desk.live(0)).length + placed(desk.live(50 * SECOND)).length, 1)
  const paused = new Desk(settings()).introduce('ADAUSDT')
  paused.feed({ type: 'command', id: 'p', command: 'pause', by: 'me', reason: 'lunch' })
  assert.equal(gates(closed(0, paused)[1]), ['kill-switch'])
  assert.equal(paused.engine.save().secondLooks, [])
})

test('an entry for which the exchange has no room is not spent: it is sent again, as another order, when there is', () => {
  const [desk, effects] = closed(0)
  const [order] = placed(effects)
  desk.feed({
    type: 'order',
    clientOrderId: order.clientOrderId,
    status: 'rejected',
    why: 'rate',
    reason: 'too many visits',
  })
  const found: Effect[] = []
  for (let k = 0; k < 60; k++) {
    desk.price('ADAUSDT', 92)
    found.push(...desk.live(5 * SECOND))
  }
  const again = placed(found)
  assert.is(again.length, 1)
  assert.is.not(again[0].clientOrderId, order.clientOrderId)
})

test.run()
