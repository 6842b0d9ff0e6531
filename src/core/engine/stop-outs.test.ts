import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR } from '../base/units.ts'
import { MIDNIGHT, steps, ticks } from '../decision/view.fixture.ts'
import { Desk, gates, gridSignal, placed, resumed } from './desk.fixture.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('stop-outs')

/** Every score passes, nothing else stands in the way. */
const OPEN: Settings = (() => {
  const settings = defaultSettings()
  const guards = { ...settings.guards, confluence: { least: 0 }, 'score-threshold': { least: 0 } }
  return { ...settings, guards }
})()

/** The same without the strategy that comes back. */
const OFF: Settings = {
  ...OPEN,
  strategies: { ...OPEN.strategies, 'sl-reentry': { ...OPEN.strategies['sl-reentry'], enabled: false } },
}

/** A grid long of SOL that its stop has closed an hour after midnight. */
function stopped(settings: Settings = OPEN): Desk {
  const desk = new Desk(settings).introduce('SOLUSDT')
  desk.live(0)
  desk.open(gridSignal('SOLUSDT'))
  desk.now = MIDNIGHT + HOUR
  desk.stopOut(desk.position())
  desk.live(60_000)
  return desk
}

const waiting = (desk: Desk): readonly unknown[] =>
  (desk.engine.books().ledger.stopOuts ?? []).map(({ symbol, side, strategy, at, stop }) => [
    symbol,
    side,
    strategy,
    at,
    stop,
  ])

const ONE = ['SOLUSDT', 'long', 'bollinger-grid-long', MIDNIGHT + HOUR, 93]

test('a stop that closes a grid position at a loss is queued by the light cycle, with what it was', () => {
  const desk = stopped()
  assert.equal(waiting(desk), [ONE])
  const [out] = desk.engine.books().ledger.stopOuts ?? []
  assert.ok(out.margin > 5 && out.score >= 6)
  assert.is(desk.engine.counts['queued:reentry'], 1)
})

test('it is spent by the first daily decision at least 4 h after the stop, in which the grid waits', () => {
  const desk = stopped()
  desk.now = MIDNIGHT + DAY
  const close = 95.5
  desk.day('SOLUSDT', MIDNIGHT, close)
  const orders = placed(desk.live(120_000)).filter(({ purpose }) => purpose === 'entry')
  assert.equal(
    orders.map(({ side, type }) => [side, type]),
    [['long', 'limit']],
  )
  const [pending] = desk.engine.portfolio.pending.values()
  assert.is(pending.strategy, 'sl-reentry')
  const before = desk.effects.flatMap(one => (one.type === 'trade' ? [one.trade] : []))[0]
  assert.ok(pending.margin <= before.notional / before.leverage / 2 + 1e-9)
  assert.equal(waiting(desk), [])
})

test('a stop that leaves a part to be closed at the market has stopped the position all the same', () => {
  const desk = new Desk(OPEN).introduce('SOLUSDT')
  desk.live(0)
  desk.open(gridSignal('SOLUSDT'))
  desk.now = MIDNIGHT + HOUR
  const position = desk.position()
  const half = steps(Math.floor(position.steps / 2))
  const close = placed(desk.stopOut(position, { steps: half })).filter(({ type }) => type === 'market')[0]
  desk.order(close.clientOrderId, 'accepted')
  desk.fill(close, { price: ticks(925) })
  desk.live(60_000)
  assert.equal(waiting(desk), [ONE])
  assert.equal(desk.engine.books().cooldowns, [['bollinger-grid-long:SOLUSDT', MIDNIGHT + 5 * HOUR]])
})

test('what a gap takes beyond the stop counts from the stop, not from where it filled', () => {
  const desk = new Desk(OPEN).introduce('SOLUSDT')
  desk.live(0)
  desk.open(gridSignal('SOLUSDT'))
  desk.now = MIDNIGHT + HOUR
  desk.stopOut(desk.position(), { price: ticks(850) })
  desk.live(60_000)
  assert.equal(waiting(desk), [ONE])
})

test('a score of 6 is needed of the position, and a loss', () => {
  const low = new Desk(OPEN).introduce('SOLUSDT')
  low.live(0)
  low.open(gridSignal('SOLUSDT', { rsi: 60, downDays: 0, turnover: 2e6, weekBb: null, monthBb: null }))
  assert.ok(low.position().score < 6, `${low.position().score}`)
  low.stopOut(low.position())
  low.live(60_000)
  assert.equal(waiting(low), [])
  const won = new Desk(OPEN).introduce('SOLUSDT')
  won.live(0)
  won.open(gridSignal('SOLUSDT'))
  won.stopOut(won.position(), { price: ticks(1_200) })
  won.live(60_000)
  assert.equal(waiting(won), [])
})

test('it is kept over save and load and over a restart, noted or queued', () => {
  const noted = new Desk(OPEN).introduce('SOLUSDT')
  noted.live(0)
  noted.open(gridSignal('SOLUSDT'))
  noted.now = MIDNIGHT + HOUR
  noted.stopOut(noted.position())
  assert.equal(waiting(noted), [])
  const next = resumed(noted, OPEN).introduce('SOLUSDT')
  next.live(120_000)
  assert.equal(waiting(next), [ONE])
  const again = resumed(next, OPEN)
  assert.equal(waiting(again), [ONE])
  next.restart(OPEN)
  assert.equal(waiting(next), [ONE])
})

test('what gets no decision for three days is forgotten, and switched off nothing is queued', () => {
  const desk = stopped()
  desk.now = MIDNIGHT + HOUR + 72 * HOUR - 1
  desk.engine.step({ type: 'command', at: desk.now, id: '1', command: 'resume', by: 'test', reason: '' })
  desk.live(30_000)
  assert.equal(waiting(desk), [])
  assert.equal(waiting(stopped(OFF)), [])
})

test('the grid does not wait for a decision that is switched off meanwhile', () => {
  const desk = resumed(stopped(), OFF)
  assert.equal(waiting(desk), [])
  const loaded = stopped()
  loaded.restart(OFF)
  assert.equal(waiting(loaded), [])
})

test('two orders a coin within 24 h are taken, a third is refused, and the count survives', () => {
  const desk = new Desk(OPEN).introduce('SOLUSDT')
  desk.live(0)
  const signal = (hour: number) =>
    gridSignal('SOLUSDT', { strategy: 'sl-reentry', candleStart: MIDNIGHT - DAY + hour, margin: 10 })
  const tried = (hour: number): readonly unknown[] => {
    const effects = desk.propose(signal(hour))
    for (const { clientOrderId } of placed(effects)) {
      desk.order(clientOrderId, 'accepted')
      desk.order(clientOrderId, 'cancelled')
    }
    return gates(effects)
  }
  assert.equal([tried(0), tried(1)], [[], []])
  assert.equal(tried(2), ['cooldown'])
  assert.equal(desk.engine.books().ledger.accepted, [['sl-reentry:SOLUSDT', [MIDNIGHT, MIDNIGHT]]])
})

test.run()
