import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Desk, gates, gridSignal, only, reversionSignal } from './desk.fixture.ts'
import type { Why } from './why.ts'

const test = suite('why')

test('asking changes nothing, whatever is there', () => {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  desk.open(reversionSignal('ADAUSDT'))
  const before = JSON.stringify(desk.engine.save())
  for (const symbol of ['SOLUSDT', 'ADAUSDT', 'NONEUSDT']) {
    for (const side of [null, 'long', 'short'] as const) desk.engine.why(symbol, side)
  }
  assert.is(JSON.stringify(desk.engine.save()), before)
})

test('an enquiry is answered under its id with what the engine says itself', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const effects = desk.feed({ type: 'enquiry', id: 'why-1', symbol: 'SOLUSDT', side: 'short' })
  const [{ id, ok, reason }] = only(effects, 'answer')
  assert.equal([id, ok], ['why-1', true])
  assert.equal(JSON.parse(reason), JSON.parse(JSON.stringify(desk.engine.why('SOLUSDT', 'short'))))
})

test('a signal that a decision finds is shown with the gate that refuses it', () => {
  // A close of 94 lies below the lower band: two strategies want it, and a pause keeps both out.
  const desk = new Desk().introduce('SOLUSDT')
  desk.now += 24 * 3_600_000
  desk.day('SOLUSDT', desk.now - 24 * 3_600_000, 93)
  desk.price('SOLUSDT', 93)
  desk.feed({ type: 'command', id: '', command: 'pause', by: 'me', reason: 'lunch' })
  const { signals, silent, sides } = desk.engine.why('SOLUSDT', null)
  assert.ok(signals.length > 0)
  assert.equal(sides, [])
  for (const { strategy, gates: all } of signals) {
    assert.not.ok(silent.some(one => one.strategy === strategy))
    const closed = all.filter(({ isOpen }) => isOpen === false)
    assert.ok(closed.some(({ gate, reason }) => gate === 'kill-switch' && reason === 'paused by me: lunch'))
  }
  const other: Why = desk.engine.why('SOLUSDT', 'short')
  assert.equal([other.signals.length, other.sides.map(({ side }) => side)], [0, ['short']])
})

test('a strategy that wants nothing says for each side which condition it misses, its value and its limit', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const { silent, market } = desk.engine.why('SOLUSDT', null)
  const of = (id: string) => silent.find(({ strategy }) => strategy === id)
  const bb = market?.bbPercent ?? Number.NaN
  assert.equal(of('mean-reversion')?.lacks, [
    { side: 'long', condition: 'BB%', value: bb, limit: 'has to be below 5' },
    { side: 'short', condition: 'BB%', value: bb, limit: 'has to be above 95' },
  ])
  const shown = Number(bb.toPrecision(6))
  assert.is(
    of('mean-reversion')?.reason,
    `long: BB% ${shown}, has to be below 5; short: BB% ${shown}, has to be above 95`,
  )
  assert.equal(of('sl-reentry')?.lacks[0].side, null)
  assert.equal(of('bb-scalping')?.lacks, [])
  assert.match(of('bb-scalping')?.reason ?? '', 'candle is missing')
  for (const { strategy, reason } of silent) assert.is.not(reason, '', strategy)
})

test('what is held and what was refused stand together', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.open(gridSignal())
  assert.equal(gates(desk.propose(reversionSignal())), ['one-position'])
  const { held, sides } = desk.engine.why('SOLUSDT', 'long')
  assert.equal(held, [{ side: 'long', strategy: 'bollinger-grid-long' }])
  const one = sides[0].gates.find(({ gate }) => gate === 'one-position')
  assert.match(one?.reason ?? '', 'is held by bollinger-grid-long')
})

test('a symbol that nobody follows has nothing to be said of', () => {
  const { isKnown, market, signals, silent, sides } = new Desk().engine.why('NONEUSDT', null)
  assert.equal([isKnown, market, signals, silent, sides], [false, null, [], [], []])
})

test.run()
