/** When entry strategies are asked: once per closed candle of their timeframe, while it is the newest. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE, SECOND, type Timestamp } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { Desk, events, only, placed, resumed } from './desk.fixture.ts'
import type { Effect } from './protocol.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('decision clock')
const BAR = 5 * MINUTE

/** Settings under which what these tests do is admitted: confluence of days alone, no least score, wide prices. */
function settings(over: { readonly scalping?: boolean } = {}): Settings {
  const standard = defaultSettings()
  return {
    ...standard,
    strategies: {
      ...standard.strategies,
      'bb-scalping': { ...standard.strategies['bb-scalping'], enabled: over.scalping ?? true },
    },
    guards: {
      ...standard.guards,
      confluence: { least: 0 },
      'score-threshold': { least: 0 },
    },
  }
}

/** A desk an hour into the day, its cycles begun and quiet, that has seen `count` 5-minute candles up to now. */
function desk(symbols: readonly string[] = ['SOLUSDT'], own: Settings = settings(), count = 25): Desk {
  const made = new Desk(own).introduce(...symbols)
  made.live(0)
  made.live(2 * 60 * MINUTE)
  for (const symbol of symbols) {
    // By turns a little under and over 100: the bands are narrow, and the RSI is about 50.
    for (let i = count; i > 0; i--) bar(made, symbol, made.now - i * BAR, i % 2 === 0 ? 99.9 : 100.1)
  }
  made.live(1)
  made.now += BAR - 1
  return made
}

function bar(on: Desk, symbol: string, start: Timestamp, close: number): readonly Effect[] {
  const prices = { open: close, high: close, low: close, close }
  return on.feed({
    type: 'candle',
    symbol,
    interval: '5m',
    start,
    ...prices,
    volume: 1,
    turnover: Number.NaN,
  })
}

/** The candle that closes now falls out of the bands. */
const fall = (on: Desk, symbol = 'SOLUSDT', close = 96): readonly Effect[] =>
  bar(on, symbol, on.now - BAR, close)

const decided = (effects: readonly Effect[]): readonly string[] =>
  [...events(effects, 'entered'), ...events(effects, 'refused')].map(
    event => `${event.strategy} ${event.symbol}`,
  )

test('a closed 5-minute candle is decided on at once, between the turns of the heavy cycle', () => {
  const one = desk()
  assert.is(one.now % (2 * MINUTE), MINUTE)
  fall(one)
  assert.is(one.engine.wakeAt, one.now)
  const [order] = placed(one.feed({ type: 'time' }))
  assert.equal([order.type, order.side, order.leverage, order.symbol], ['market', 'long', 10, 'SOLUSDT'])
  // 0.97 x 96 = 93.12.
  assert.is(order.stop, 932)
  const [pending] = one.engine.portfolio.pending.values()
  assert.equal([pending.strategy, pending.timeframe, pending.target], ['bb-scalping', '5m', 999])
  assert.is(pending.signalId, `bb-scalping:SOLUSDT:long:${one.now - BAR}`)
})

test('one decision a candle: later cycles only manage, until the next one closes', () => {
  const one = desk()
  fall(one)
  const [order] = placed(one.feed({ type: 'time' }))
  one.order(order.clientOrderId, 'rejected', 'no margin')
  assert.equal(decided(one.live(BAR - 1)), [])
  one.now += 1
  fall(one, 'SOLUSDT', 95)
  assert.equal(decided(one.feed({ type: 'time' })), ['bb-scalping SOLUSDT'])
})

test('a signal that the same gate refuses on each candle is counted each time, and told of once', () => {
  const one = desk()
  one.feed({ type: 'command', id: '', command: 'pause', by: 'me', reason: 'lunch' })
  const told: string[] = []
  const next = (close: number): void => {
    fall(one, 'SOLUSDT', close)
    told.push(...events(one.feed({ type: 'time' }), 'refused').map(({ figures }) => String(figures.gate)))
    one.live(BAR - 1)
    one.now += 1
  }
  for (const close of [96, 95, 94]) next(close)
  assert.equal(told, ['kill-switch'])
  assert.is(one.engine.counts['refused:kill-switch'], 3)
  one.restart(settings())
  next(93)
  assert.equal(told, ['kill-switch'], 'a save keeps what was told')
  // Back at its mean it wants nothing: what refuses it after that is news.
  next(100)
  next(80)
  assert.equal(told, ['kill-switch', 'kill-switch'])
})

test('without a strategy that decides on them 5-minute candles wake nothing', () => {
  const one = desk(['SOLUSDT'], settings({ scalping: false }))
  const before = one.engine.wakeAt
  fall(one)
  assert.is(one.engine.wakeAt, before)
  assert.equal(decided(one.live(BAR)), [])
})

test('a candle that is told late is decided on while it is the newest, and not from the next close on', () => {
  const inTime = desk()
  inTime.now += BAR - 2 * SECOND
  bar(inTime, 'SOLUSDT', inTime.now - 2 * BAR + 2 * SECOND, 96)
  inTime.price('SOLUSDT', 96)
  assert.equal(decided(inTime.live(1.5 * SECOND)), ['bb-scalping SOLUSDT'])
  const late = desk()
  late.now += BAR
  const before = late.engine.wakeAt
  bar(late, 'SOLUSDT', late.now - 2 * BAR, 96)
  assert.is(late.engine.wakeAt, before)
  late.price('SOLUSDT', 96)
  assert.equal(decided(late.live(BAR)), [])
})

test('candles told after their close wait a second for one another and are ranked together', () => {
  const two = desk(['ADAUSDT', 'SOLUSDT'])
  two.now += 200
  bar(two, 'SOLUSDT', two.now - 200 - BAR, 96)
  assert.is(two.engine.wakeAt, two.now + SECOND)
  two.now += 300
  bar(two, 'ADAUSDT', two.now - 500 - BAR, 96)
  // All else being equal the name decides, not who came first.
  assert.equal(decided(two.live(SECOND)), ['bb-scalping ADAUSDT', 'bb-scalping SOLUSDT'])
})

test('what a daily and a 5-minute close of one moment bring is ranked together', () => {
  const own = settings()
  const one = new Desk(own).introduce('SOLUSDT', 'ADAUSDT')
  one.live(0)
  one.now = MIDNIGHT + DAY
  one.live(0)
  for (let i = 25; i > 1; i--) bar(one, 'SOLUSDT', one.now - i * BAR, i % 2 === 0 ? 99.9 : 100.1)
  bar(one, 'SOLUSDT', one.now - BAR, 96)
  one.day('SOLUSDT', MIDNIGHT, 96, 900e6)
  one.day('ADAUSDT', MIDNIGHT, 92)
  const told = decided(one.live(0))
  assert.ok(told.includes('bb-scalping SOLUSDT') && told.includes('mean-reversion ADAUSDT'), told.join())
  const scores = [...one.effects].flatMap(effect =>
    effect.type === 'event' && ['entered', 'refused'].includes(effect.event.kind)
      ? [Number(effect.event.figures.score)]
      : [],
  )
  assert.equal(
    scores,
    [...scores].sort((a, b) => b - a),
  )
})

test('without daily candles up to yesterday nothing is decided on within the day', () => {
  const one = desk()
  one.now = MIDNIGHT + DAY
  for (let i = 25; i > 0; i--)
    bar(one, 'SOLUSDT', one.now - i * BAR, i === 1 ? 96 : i % 2 === 0 ? 99.9 : 100.1)
  assert.equal(decided(one.live(0)), [])
  // The daily candle comes a moment later: the decision is still due.
  one.now += SECOND
  one.day('SOLUSDT', MIDNIGHT, 99)
  one.price('SOLUSDT', 96)
  assert.ok(decided(one.live(2 * MINUTE)).includes('bb-scalping SOLUSDT'))
})

test('a hole in the 5-minute candles keeps entries out until the bands are past it', () => {
  const one = desk(['SOLUSDT'], settings(), 25)
  one.now += 3 * BAR
  fall(one)
  const [refused] = events(one.feed({ type: 'time' }), 'refused')
  assert.equal([refused.figures.gate, refused.figures.missingCandles], ['stale-data', 3])
})

test('a market entry wants a price of the last ten seconds', () => {
  // Told so late, its decision comes a second later.
  for (const [late, kind] of [
    [9 * SECOND, 'entered'],
    [9 * SECOND + 1, 'refused'],
  ] as const) {
    const one = desk()
    one.now += late
    bar(one, 'SOLUSDT', one.now - late - BAR, 96)
    const effects = one.live(SECOND)
    assert.equal(decided(effects), ['bb-scalping SOLUSDT'])
    assert.is(events(effects, kind).length, 1, `${late} ms`)
  }
})

test('an engine saved between candle and decision decides as if nothing had happened', () => {
  const straight = desk()
  const cut = desk()
  for (const one of [straight, cut]) fall(one)
  cut.restart(settings())
  assert.equal(cut.feed({ type: 'time' }), straight.feed({ type: 'time' }))
  assert.is(placed(cut.effects).length, 1)
  assert.equal(cut.engine.save(), straight.engine.save())
})

test('after a restart on its books a candle that was decided on is not decided on again', () => {
  const one = desk()
  fall(one)
  const [order] = placed(one.feed({ type: 'time' }))
  one.order(order.clientOrderId, 'rejected', 'no margin')
  const next = resumed(one, settings())
  next.now += SECOND
  next.introduce('SOLUSDT')
  for (let i = 25; i > 0; i--) {
    bar(next, 'SOLUSDT', one.now - i * BAR, i === 1 ? 96 : i % 2 === 0 ? 99.9 : 100.1)
  }
  next.price('SOLUSDT', 96)
  assert.equal(decided(next.live(BAR - 2 * SECOND)), [])
  assert.is(only(next.effects, 'place').length, 0)
})

test.run()
