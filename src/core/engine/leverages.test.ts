import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SECOND } from '../base/units.ts'
import { Desk, events, gridSignal, only, placed, resumed, reversionSignal } from './desk.fixture.ts'
import type { Effect } from './protocol.ts'
import { defaultSettings } from './settings.ts'

const test = suite('leverages')
const ANSWER = defaultSettings().recovery.answerSeconds * SECOND

/** A desk at an exchange whose leverages a test answers for. */
function desk(...symbols: readonly string[]): Desk {
  const made = new Desk().introduce('SOLUSDT', ...symbols)
  made.live(0)
  made.confirmsLeverage = false
  return made
}

function confirm(of: Desk, effects: readonly Effect[], leverage: number | null): readonly Effect[] {
  const request = [...only(effects, 'set-leverage'), ...only(effects, 'query-leverage')].at(-1)
  if (request === undefined) throw new Error('no leverage was asked for')
  const why = leverage === null ? { why: 'unknown' as const } : {}
  return of.feed({ type: 'leverage', requestId: request.requestId, leverage, reason: 'so it is', ...why })
}

const types = (effects: readonly Effect[]): readonly string[] =>
  effects.map(effect => effect.type).filter(type => type !== 'event' && type !== 'verdict')

test('an entry is written down, leaves once its leverage is confirmed, and takes its slot meanwhile', () => {
  const house = desk()
  const sent = house.propose(gridSignal())
  assert.equal(types(sent), ['persist', 'set-leverage'])
  assert.is(only(sent, 'set-leverage')[0].leverage, 3)
  assert.is(house.engine.portfolio.pending.size, 1)
  assert.equal(
    events(house.propose(reversionSignal()), 'refused').map(one => one.figures.gate),
    ['one-position'],
  )
  const [order] = placed(confirm(house, sent, 3))
  assert.equal([order.purpose, order.leverage], ['entry', 3])
  assert.equal(confirm(house, sent, 3), [], 'an answer that is told twice sends nothing twice')
})

test('a leverage that was confirmed is not asked for again, and another one is', () => {
  const house = desk()
  const [first] = placed(confirm(house, house.propose(gridSignal()), 3))
  house.order(first.clientOrderId, 'cancelled', 'too busy')
  const next = gridSignal('SOLUSDT', { candleStart: gridSignal().candleStart - 1 })
  assert.equal(types(house.propose(next)), ['persist', 'place'])
  house.order(placed(house.effects)[1].clientOrderId, 'cancelled', 'too busy')
  assert.is(only(house.propose(reversionSignal()), 'set-leverage')[0].leverage, 10)
})

test('what was confirmed counts no longer after a gap in what is told, nor after a restart', () => {
  const house = desk()
  const [first] = placed(confirm(house, house.propose(gridSignal()), 3))
  house.order(first.clientOrderId, 'cancelled', 'too busy')
  const kept = resumed(house).introduce('SOLUSDT')
  kept.live(SECOND)
  kept.confirmsLeverage = false
  const next = gridSignal('SOLUSDT', { candleStart: gridSignal().candleStart - 1 })
  assert.is(only(kept.propose(next), 'set-leverage').length, 1)
  house.feed({ type: 'feed-gap', reason: 'lost' })
  house.live(SECOND)
  assert.is(only(house.propose(next), 'set-leverage').length, 1)
})

test('another leverage denies the entry: nothing is sent, and its slot is free', () => {
  const house = desk()
  const effects = confirm(house, house.propose(reversionSignal()), 5)
  assert.equal(placed(effects), [])
  const [refused] = events(effects, 'refused')
  assert.equal([refused.code, refused.reason], ['W608', 'leverage: Leverage 5, plan 10; entry denied'])
  assert.equal(
    only(effects, 'outcome').map(one => one.state),
    ['dropped'],
  )
  assert.is(house.engine.portfolio.pending.size, 0)
  assert.is(house.engine.counts['refused:leverage'], 1)
})

test('a request that is refused outright denies the entry', () => {
  const house = desk()
  const [{ requestId }] = only(house.propose(gridSignal()), 'set-leverage')
  const effects = house.feed({ type: 'leverage', requestId, leverage: null, reason: 'above the tier' })
  assert.is(events(effects, 'refused')[0].reason, 'leverage: above the tier')
  assert.is(house.engine.portfolio.pending.size, 0)
})

test('a lost answer is looked up: in force the entry goes, else it is asked for again, twice at most', () => {
  const there = desk()
  const lookUp = confirm(there, there.propose(gridSignal()), null)
  assert.equal(types(lookUp), ['query-leverage'])
  assert.is(placed(confirm(there, lookUp, 3)).length, 1)
  const lost = desk()
  let effects = confirm(lost, lost.propose(gridSignal()), null)
  for (let again = 0; again < 2; again++) {
    effects = confirm(lost, effects, 10)
    assert.equal(types(effects), ['set-leverage'])
    effects = confirm(lost, effects, null)
    assert.equal(types(effects), ['query-leverage'])
  }
  effects = confirm(lost, effects, 10)
  assert.is(events(effects, 'refused')[0].code, 'W608')
  assert.is(lost.engine.portfolio.pending.size, 0)
})

test('silence is looked up once it is overdue, and denies the entry when it lasts', () => {
  const house = desk()
  house.propose(gridSignal())
  assert.equal(only(house.live(ANSWER - 1), 'query-leverage'), [])
  const looked = house.live(1)
  assert.is(only(looked, 'query-leverage').length, 1)
  assert.is(house.engine.portfolio.pending.size, 1)
  const over = house.live(ANSWER)
  assert.is(events(over, 'refused')[0].code, 'W608')
  assert.is(house.engine.portfolio.pending.size, 0)
  assert.equal(confirm(house, looked, 3), [], 'an answer that comes now sends nothing')
  assert.is(placed(house.effects).length, 0)
})

test('a confirmation that comes when entries are closed sends nothing', () => {
  const house = desk()
  const sent = house.propose(gridSignal())
  house.feed({ type: 'command', id: 'p', command: 'pause', by: 'me', reason: 'lunch' })
  const effects = confirm(house, sent, 3)
  assert.equal(placed(effects), [])
  assert.is(house.engine.portfolio.pending.size, 0)
})

test('that an entry is still sent when its leverage is confirmed is taken down, as that it is not', () => {
  for (const [isPaused, answer] of [
    [false, true],
    [true, false],
  ] as const) {
    const house = desk()
    const sent = house.propose(gridSignal())
    if (isPaused) house.feed({ type: 'command', id: 'p', command: 'pause', by: 'me', reason: 'lunch' })
    assert.is(placed(confirm(house, sent, 3)).length, answer ? 1 : 0)
    const kept = house.decisions.filter(({ kind }) => kind === 'held-back')
    assert.equal(
      kept.map(one => [one.symbol, one.side, one.answer]),
      [['SOLUSDT', 'long', String(answer)]],
    )
  }
})

test('a halt gives an entry up that waits, without cancelling what the exchange never saw', () => {
  const house = desk()
  const sent = house.propose(gridSignal())
  const halted = house.feed({ type: 'command', id: 'h', command: 'halt', by: 'me', reason: 'no' })
  assert.equal(only(halted, 'cancel'), [])
  assert.is(house.engine.portfolio.pending.size, 0)
  assert.equal(confirm(house, sent, 3), [])
})

test('an entry whose row was refused is not sent when its leverage is confirmed', () => {
  const house = desk()
  const sent = house.propose(gridSignal())
  const [{ key }] = only(sent, 'persist')
  house.feed({ type: 'persist-refused', key, reason: 'there already', code: 'I113' })
  assert.equal(placed(confirm(house, sent, 3)), [])
})

test('an entry that waits is not missed at the exchange, and is there after saving and loading', () => {
  const house = desk()
  const sent = house.propose(gridSignal())
  const quiet = house.live(5 * SECOND)
  assert.equal(only(quiet, 'query-order'), [])
  assert.equal(events(quiet, 'unknown'), [])
  house.restart()
  assert.is(placed(confirm(house, sent, 3)).length, 1)
})

test('one that waited when the process ended is given up: the exchange has never seen it', () => {
  const house = desk()
  house.propose(gridSignal())
  const [booked] = house.engine.books().orders
  assert.is(booked.kind === 'entry' && booked.isHeld, true)
  const next = resumed(house).introduce('SOLUSDT')
  next.now += SECOND
  const asked = next.wait(0)
  const [query] = only(asked, 'query-order')
  next.reply(only(asked, 'query-account')[0].queryId, { ...next.account([]), orders: [] })
  next.executions(only(asked, 'query-executions')[0].queryId)
  const effects = next.found(query.queryId, query.clientOrderId, 'absent')
  assert.ok(
    effects.some(effect => effect.type === 'event' && effect.event.code === 'I107'),
    effects.map(effect => (effect.type === 'event' ? effect.event.reason : effect.type)).join(),
  )
  assert.is(next.engine.portfolio.pending.size, 0)
  assert.equal(placed(next.effects), [])
})

test('while a position is held its leverage is not touched: an add goes at what it has', () => {
  const settings = {
    ...defaultSettings(),
    strategies: {
      ...defaultSettings().strategies,
      'dca-ladder': { ...defaultSettings().strategies['dca-ladder'], enabled: true },
    },
    guards: { ...defaultSettings().guards, 'score-threshold': { least: 0 } },
  }
  const house = new Desk(settings).introduce('SOLUSDT')
  house.live(0)
  house.confirmsLeverage = false
  const [entry] = placed(confirm(house, house.propose(gridSignal()), 3))
  house.order(entry.clientOrderId, 'accepted')
  const targets = house.fill(entry)
  for (const order of placed(targets)) house.order(order.clientOrderId, 'accepted')
  house.now += 120 * SECOND
  house.price('SOLUSDT', 96)
  const effects = house.live(0)
  assert.is(placed(effects).filter(order => order.purpose === 'entry').length, 1)
  assert.equal(only(effects, 'set-leverage'), [])
})

test.run()
