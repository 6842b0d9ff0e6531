import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { Desk, events, resumed, reversionSignal } from './desk.fixture.ts'
import { Engine } from './engine.ts'
import { defaultSettings } from './settings.ts'

const test = suite('risk monitor')
const X10 = 8 * MINUTE

/** A reversion long of SOL from 100 under a stop at 95, and 15-minute candles of a range. */
function held(range: number): Desk {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  desk.open(reversionSignal('SOLUSDT'))
  for (let i = 1; i <= 20; i++) {
    desk.feed({
      type: 'candle',
      symbol: 'SOLUSDT',
      interval: '15m',
      start: MIDNIGHT + (i - 21) * 15 * MINUTE,
      open: 100,
      high: 100 + range / 2,
      low: 100 - range / 2,
      close: 100,
      volume: 1,
      turnover: Number.NaN,
    })
  }
  desk.price('SOLUSDT', 100)
  return desk
}

const told = (desk: Desk): number => events(desk.live(X10), 'risk').length

test('a position within its budget is not told of', () => {
  assert.is(told(held(1)), 0)
})

test('one that the sizing would cut now is told of once, with code and figures', () => {
  const desk = held(60)
  const [event, ...more] = events(desk.live(X10), 'risk')
  assert.is(more.length, 0)
  assert.equal([event.code, event.symbol, event.figures.stop], ['W134', 'SOLUSDT', '95.0'])
  assert.match(event.reason, /^atr-risk-sizing: entered now it would be cut to a loss of/)
  desk.price('SOLUSDT', 100.1)
  assert.is(told(desk), 0)
})

test('it is told again when it was within its budget in between, and not because of a restart', () => {
  const desk = held(60)
  assert.is(told(desk), 1)
  const next = resumed(desk).introduce('SOLUSDT')
  assert.equal(next.engine.books().ledger.risky, ['SOLUSDT:long'])
  desk.restart()
  desk.price('SOLUSDT', 100.2)
  assert.is(told(desk), 0)
  // The candles are too old by now: the strategy's own stop is the distance again.
  desk.now += 60 * MINUTE
  desk.price('SOLUSDT', 100.3)
  assert.is(told(desk), 0)
  assert.equal(desk.engine.books().ledger.risky, [])
})

test('positions at leverage 3 are none of its business', () => {
  const desk = held(60)
  const state = desk.engine.save()
  const positions = state.portfolio.positions.map(one => ({ ...one, leverage: 3 }))
  const portfolio = { ...state.portfolio, positions }
  desk.engine = Engine.load(
    defaultSettings(),
    { wallet: 1_000, decisions: { version: 'test' } },
    { ...state, portfolio },
  )
  assert.is(told(desk), 0)
})

test.run()
