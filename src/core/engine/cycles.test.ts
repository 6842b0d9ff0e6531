import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import { MIDNIGHT, ticks } from '../decision/view.fixture.ts'
import { CYCLES, ENTRY_STRATEGIES, STRATEGIES } from './cycles.ts'
import { Desk, events, gridSignal, only, placed, reversionSignal } from './desk.fixture.ts'
import type { Effect } from './protocol.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('cycles')

/** A desk whose cycles have all begun at midnight, with a position at leverage 10. */
function begun(settings: Settings = defaultSettings()): Desk {
  const desk = new Desk(settings).introduce('SOLUSDT', 'ADAUSDT')
  desk.live(0)
  accepted(desk, reversionSignal())
  return desk
}

/** Opens a position, has its targets accepted, and lets the look at its stop pass. */
function accepted(desk: Desk, signal: Signal): void {
  for (const order of placed(desk.open(signal).effects)) desk.order(order.clientOrderId, 'accepted')
  desk.live(2 * SECOND)
}

/** What the cycles of a moment do, in words. */
function done(effects: readonly Effect[]): string[] {
  return effects
    .filter(effect => effect.type !== 'outcome' && effect.type !== 'verdict')
    .map(effect => (effect.type === 'event' ? effect.event.kind : effect.type))
}

test('the periods are 30, 120 and 480 s, and a day from 00:05 UTC', () => {
  assert.equal(
    CYCLES.map(({ id, period, offset }) => [id, period, offset]),
    [
      ['light', 30 * SECOND, 0],
      ['heavy', 120 * SECOND, 0],
      ['x10', 480 * SECOND, 0],
      ['daily', DAY, 5 * MINUTE],
    ],
  )
})

test('no cycle can take longer than its period, and every step has a deadline', () => {
  for (const { id, period, steps } of CYCLES) {
    assert.ok(steps.length > 0)
    assert.ok(
      steps.every(step => step.deadline > 0),
      id,
    )
    assert.ok(steps.reduce((sum, step) => sum + step.deadline, 0) <= period, id)
  }
})

test('strategies stand in one list each, entries by the narrower rule first', () => {
  const all = STRATEGIES.map(one => one.id)
  assert.is(new Set(all).size, all.length)
  const precedence = ENTRY_STRATEGIES.map(one => one.precedence)
  assert.equal(
    precedence,
    [...precedence].sort((a, b) => a - b),
  )
})

test('signals of one moment are served in this order of their rules, score and turnover being equal', () => {
  const order = [
    'mean-reversion',
    'funding-momentum',
    'bb-scalping',
    'sl-reentry',
    'bollinger-grid-long',
    'bollinger-grid-short',
    'junk-short',
  ]
  const ids = ENTRY_STRATEGIES.map(one => one.id)
  assert.equal(
    ids,
    order.filter(id => ids.includes(id)),
  )
})

test('each cycle runs at its own times', () => {
  const desk = new Desk(undefined, { everyCycle: true }).introduce('SOLUSDT')
  desk.wait(0)
  accepted(desk, reversionSignal())
  const asked: number[] = []
  for (let second = 5; second <= 120; second += 5) {
    desk.now = MIDNIGHT + second * SECOND
    if (only(desk.answer(desk.feed({ type: 'time' })), 'query-account').length > 0) asked.push(second)
  }
  assert.equal(asked, [30, 60, 90, 120])
  const daily = new Desk().introduce('SOLUSDT')
  daily.wait(0)
  const digests: number[] = []
  for (let minute = 1; minute <= 2 * 24 * 60; minute++) {
    daily.now = MIDNIGHT + minute * MINUTE
    if (events(daily.feed({ type: 'time' }), 'digest').length > 0) digests.push(minute)
  }
  assert.equal(digests, [5, 24 * 60 + 5])
})

test('a process that was held up makes up for a missed cycle once, not once for each period', () => {
  const desk = new Desk(undefined, { everyCycle: true }).introduce('SOLUSDT')
  desk.wait(0)
  accepted(desk, reversionSignal())
  assert.is(only(desk.answer(desk.wait(3 * HOUR + 8 * SECOND)), 'query-account').length, 1)
  assert.equal(only(desk.answer(desk.wait(5 * SECOND)), 'query-account'), [])
  assert.is(only(desk.answer(desk.wait(15 * SECOND)), 'query-account').length, 1)
})

test('cycles due at one instant run light, heavy, x10, daily', () => {
  const desk = begun()
  const [entry] = placed(desk.propose(gridSignal('ADAUSDT')))
  desk.order(entry.clientOrderId, 'accepted')
  desk.answer(desk.wait(30 * SECOND))
  // Late by a day: the entry has expired, the x10 position has moved, the digest is due.
  desk.now = MIDNIGHT + DAY + 10 * MINUTE
  desk.price('SOLUSDT', 103.5)
  const light = desk.feed({ type: 'time' })
  assert.equal(done(light), ['query-account'])
  const heavy = desk.answer(light).slice(light.length)
  assert.equal(done(heavy), ['cancel'])
  assert.equal(done(desk.order(entry.clientOrderId, 'cancelled')), ['expired', 'set-stop', 'digest'])
})

test('a question that is never answered is recorded at its deadline, and the next steps go on', () => {
  const desk = begun()
  accepted(desk, gridSignal('ADAUSDT'))
  // 30 bars later the time exit is due; the question before it stays without an answer.
  desk.now = MIDNIGHT + 30 * DAY
  const [question] = only(desk.feed({ type: 'time' }), 'query-account')
  assert.is(desk.engine.wakeAt, desk.now + 10 * SECOND)
  assert.equal(desk.wait(10 * SECOND - 1), [])
  const effects = desk.wait(1)
  const [failed] = events(effects, 'step-failed')
  assert.is(failed.reason, 'light cycle, positions: no answer within 10 s')
  assert.equal(failed.figures, { cycle: 'light', step: 'positions' })
  assert.is(events(effects, 'exiting').length, 2)
  // Its reply is of no use any more, and does no harm.
  const before = JSON.stringify(desk.engine.save())
  assert.equal(desk.reply(question.queryId, { wallet: 5, positions: [], orders: [] }), [])
  assert.equal(desk.feed({ type: 'query-failed', queryId: question.queryId, reason: 'late' }), [])
  assert.is(JSON.stringify(desk.engine.save()), before)
  // What failed is tried again at the next turn, though nothing else has happened.
  assert.is(only(desk.wait(20 * SECOND), 'query-account').length, 1)
})

test('a question that fails is recorded with its reason, and the next steps go on at once', () => {
  const desk = begun()
  desk.now = MIDNIGHT + 30 * DAY
  const [{ queryId }] = only(desk.feed({ type: 'time' }), 'query-account')
  const effects = desk.feed({ type: 'query-failed', queryId, reason: 'HTTP 502' })
  assert.is(events(effects, 'step-failed')[0].reason, 'light cycle, positions: HTTP 502')
  assert.is(events(effects, 'exiting').length, 1)
  assert.is(desk.engine.counts['step-failed'], 1)
})

test('incident 47: a step that fails again and again is said at once, and from then on once in five minutes', () => {
  const desk = begun()
  const until = desk.now + 2 * HOUR
  for (let turn = 0; desk.now < until; turn++) {
    desk.now = Math.min(desk.engine.wakeAt ?? until, until)
    desk.price('SOLUSDT', 100 + (turn % 10) / 10)
    for (const { queryId } of only(desk.feed({ type: 'time' }), 'query-account')) {
      desk.feed({ type: 'query-failed', queryId, reason: 'HTTP 502' })
    }
  }
  const failures = desk.engine.counts['step-failed'] ?? 0
  assert.ok(failures > 200, `${failures} failures`)
  const told = events(desk.effects, 'step-failed')
  for (const { code, reason } of told) assert.is(reason.endsWith(', again and again'), code === 'W711')
  for (const step of new Set(told.map(({ figures }) => figures.step))) {
    const [begin, ...often] = told.filter(({ figures }) => figures.step === step)
    assert.is(begin.code, null, 'its beginning')
    assert.ok(often.every(({ code }) => code === 'W711'))
    assert.ok(often[0].ts - begin.ts <= 2 * MINUTE, 'soon')
    assert.ok(often.length >= 20 && often.length <= 24, `${often.length} times in two hours`)
    for (const [k, { ts }] of often.slice(1).entries()) assert.ok(ts - often[k].ts >= 5 * MINUTE)
  }
})

test('that a step has failed again and again is not said once more for a restart of the state', () => {
  const desk = begun()
  const codes: (string | null)[] = []
  for (let turn = 1; turn <= 8; turn++) {
    desk.now += 30 * SECOND
    desk.price('SOLUSDT', 100 + turn / 10)
    for (const { queryId } of only(desk.feed({ type: 'time' }), 'query-account').slice(0, 1)) {
      const effects = desk.feed({ type: 'query-failed', queryId, reason: 'HTTP 502' })
      codes.push(...events(effects, 'step-failed').map(({ code }) => code))
    }
    desk.restart()
  }
  assert.equal(codes, [null, 'W711'])
})

test('a step that fails now and then is not said to fail again and again, over a restart neither', () => {
  const desk = begun()
  let injected = 0
  for (let turn = 1; turn <= 12; turn++) {
    desk.now += 30 * DAY
    desk.price('SOLUSDT', 100 + turn / 10)
    for (const { queryId } of only(desk.feed({ type: 'time' }), 'query-account').slice(0, 1)) {
      const effects = desk.feed({ type: 'query-failed', queryId, reason: 'HTTP 502' })
      injected++
      for (const { code } of events(effects, 'step-failed')) assert.is(code, null)
    }
    desk.answer(desk.feed({ type: 'time' }))
    desk.restart()
  }
  assert.ok(injected > 6)
  assert.ok(events(desk.effects, 'step-failed').length >= injected, 'each of them is told')
})

test('a cancellation that is never answered holds nothing up beyond its deadline, and is asked for again', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  const [entry] = placed(desk.propose(gridSignal()))
  desk.order(entry.clientOrderId, 'accepted')
  assert.is(only(desk.live(DAY), 'cancel').length, 1)
  const effects = desk.live(2 * MINUTE)
  assert.is(events(effects, 'step-failed')[0].reason, 'heavy cycle, expire-entries: no answer within 10 s')
  assert.is(only(effects, 'cancel').length, 1)
  assert.is(desk.engine.portfolio.pending.size, 1)
})

test('a cycle that waits while it is due again does not overlap itself: it begins anew once it has ended', () => {
  const desk = begun()
  desk.now = MIDNIGHT + DAY
  desk.price('SOLUSDT', 100.5)
  const [first] = only(desk.feed({ type: 'time' }), 'query-account')
  // The deadline passes unnoticed (a long pause of the process) until the cycle is due again.
  desk.price('SOLUSDT', 101)
  desk.now += 9 * SECOND
  assert.equal(only(desk.feed({ type: 'time' }), 'query-account'), [])
  desk.now += 21 * SECOND
  const late = desk.feed({ type: 'time' })
  assert.is(events(late, 'step-failed').length, 1)
  const [second] = only([...late, ...desk.wait(0)], 'query-account')
  assert.is.not(second.queryId, first.queryId)
})

test('other cycles wait for the one that runs, and other inputs are taken meanwhile', () => {
  const desk = begun()
  desk.now = MIDNIGHT + DAY
  desk.price('SOLUSDT', 103.5)
  const [question] = only(desk.feed({ type: 'time' }), 'query-account')
  // The x10 cycle is due too, and waits; a fill is booked all the same.
  assert.equal(done(desk.price('SOLUSDT', 103.6)), [])
  desk.open(gridSignal('ADAUSDT', { candleStart: MIDNIGHT, candleEnd: MIDNIGHT + DAY, lastAt: desk.now }))
  assert.is(desk.engine.portfolio.positions.size, 2)
  const effects = desk.reply(question.queryId, desk.account())
  assert.is(only(effects, 'set-stop').length, 1)
})

test('nothing is asked while nothing is held', () => {
  const desk = new Desk(undefined, { everyCycle: true }).introduce('SOLUSDT')
  desk.live(0)
  assert.equal(done(desk.live(10 * MINUTE)), ['digest'])
  assert.is(desk.engine.wakeAt, MIDNIGHT + 10 * MINUTE + 30 * SECOND)
})

test('a drawdown pauses entries for 24 h, tells so, and the peak restarts loudly', () => {
  const desk = begun()
  const { steps } = desk.position()
  // A loss of a bit more than 15 % of a thousand on the open position.
  desk.price('SOLUSDT', 100 - 151_000 / steps)
  const paused = desk.live(30 * SECOND)
  assert.match(
    events(paused, 'paused')[0].reason,
    /^drawdown of 15\.\d\d % from the peak of 100\d\.\d\d USDT: no entries/,
  )
  desk.stopOut(desk.position(), { price: ticks(Math.round(10 * (100 - 151_000 / steps))) })
  const [refused] = events(desk.propose(gridSignal('ADAUSDT', { lastAt: desk.now })), 'refused')
  assert.is(refused.figures.gate, 'daily-loss')
  desk.now = MIDNIGHT + DAY
  desk.price('ADAUSDT', 102)
  const next = { candleStart: MIDNIGHT, candleEnd: MIDNIGHT + DAY, lastAt: desk.now }
  assert.is(events(desk.propose(gridSignal('ADAUSDT', next)), 'refused')[0].figures.gate, 'drawdown')
  desk.restart()
  const [resumed] = events(desk.live(30 * SECOND), 'resumed')
  assert.match(resumed.reason, /the peak restarts at 8\d\d\.\d\d USDT/)
  const later = { ...next, candleStart: MIDNIGHT + 1, lastAt: desk.now }
  assert.is(placed(desk.propose(gridSignal('ADAUSDT', later))).length, 1)
})

test('a halt refuses every entry, through restarts, and is said', () => {
  const { drawdown } = defaultSettings()
  const settings = { ...defaultSettings(), drawdown: { ...drawdown, haltPercent: 15 } }
  const desk = begun(settings)
  desk.price('SOLUSDT', 100 - 151_000 / desk.position().steps)
  assert.is(events(desk.live(30 * SECOND), 'halted').length, 1)
  assert.is(desk.engine.halted, true)
  desk.restart(settings)
  desk.live(60 * DAY)
  assert.is(desk.engine.halted, true)
  desk.price('ADAUSDT', 102)
  const late = { candleStart: desk.now - DAY, candleEnd: desk.now, lastAt: desk.now }
  assert.is(events(desk.propose(gridSignal('ADAUSDT', late)), 'refused')[0].figures.gate, 'drawdown')
})

test.run()
