import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE } from '../base/units.ts'
import { MIDNIGHT, signalOf } from '../decision/view.fixture.ts'
import { Refusals } from './refusals.ts'

const test = suite('refusals')
const BAR = 5 * MINUTE

const at = (bars: number, over: Partial<ReturnType<typeof signalOf>> = {}) =>
  signalOf({ timeframe: '5m', strategy: 'bb-scalping', candleStart: MIDNIGHT + bars * BAR, ...over })

test('the same gate on one candle after the other is news once', () => {
  const refusals = new Refusals()
  const told = [0, 1, 2, 3].map(bar => refusals.isNews(at(bar), 'one-position'))
  assert.equal(told, [true, false, false, false])
})

test('another gate is news, and so is the first one after it', () => {
  const refusals = new Refusals()
  const told = ['one-position', 'one-position', 'readiness', 'one-position'].map((gate, bar) =>
    refusals.isNews(at(bar), gate),
  )
  assert.equal(told, [true, false, true, true])
})

test('a candle without the signal, an entry and another day make it news again', () => {
  const refusals = new Refusals()
  const told = [0, 1, 3].map(bar => refusals.isNews(at(bar), 'cooldown'))
  assert.equal(told, [true, false, true])
  refusals.entered(at(3))
  assert.is(refusals.isNews(at(4), 'cooldown'), true)
  const last = DAY / BAR - 1
  assert.is(refusals.isNews(at(last), 'cooldown'), true)
  assert.is(refusals.isNews(at(last + 1), 'cooldown'), true)
})

test('every candle of a day is a day of its own', () => {
  const refusals = new Refusals()
  const daily = (day: number) => signalOf({ candleStart: MIDNIGHT + day * DAY })
  assert.equal(
    [0, 1].map(day => refusals.isNews(daily(day), 'confluence')),
    [true, true],
  )
})

test('symbols, sides and strategies have refusals of their own, which a save keeps', () => {
  const refusals = new Refusals()
  for (const over of [{}, { symbol: 'XRPUSDT' }, { side: 'short' }, { strategy: 'other' }] as const) {
    assert.is(refusals.isNews(at(0, over), 'cooldown'), true)
  }
  const next = new Refusals()
  next.load(refusals.save())
  assert.is(next.isNews(at(1, { side: 'short' }), 'cooldown'), false)
})

test.run()
