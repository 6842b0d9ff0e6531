import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE, SECOND, type Steps } from '../base/units.ts'
import { instrumentOf, ticks } from '../decision/view.fixture.ts'
import {
  Desk,
  events,
  gridSignal,
  instrument,
  only,
  placed,
  resumed,
  reversionSignal,
} from './desk.fixture.ts'
import { defaultSettings, overlay, type Settings } from './settings.ts'

const test = suite('margin checks')

/** Lets the light cycle look, and stops there: what it sends is not overdue by then. */
function looked(desk: Desk): ReturnType<Desk['live']> {
  for (let second = 0; second < 60; second++) {
    const effects = desk.live(SECOND)
    if (events(effects, 'risk').length + events(effects, 'paused').length > 0) return effects
  }
  return []
}

/** A reversion long of SOL from 100 at leverage 10: taken over at 91 while maintenance is 1 %. */
function held(settings: Settings = defaultSettings()): Desk {
  const desk = new Desk(settings).introduce('SOLUSDT')
  desk.live(0)
  for (const order of placed(desk.open(reversionSignal('SOLUSDT')).effects)) {
    desk.order(order.clientOrderId, 'accepted')
  }
  desk.price('SOLUSDT', 100)
  desk.live(MINUTE)
  return desk
}

/** The exchange raises the maintenance margin of SOL. */
function raise(desk: Desk, maintenanceMarginRate: number): ReturnType<Desk['live']> {
  const raised = instrumentOf({ ...instrument('SOLUSDT'), maintenanceMarginRate })
  desk.feed({ type: 'instrument', instrument: raised })
  desk.price('SOLUSDT', 100)
  return looked(desk)
}

test('a position with room is not told of', () => {
  const desk = held()
  assert.equal(events(desk.effects, 'risk'), [])
  assert.equal(only(desk.effects, 'set-stop'), [])
})

test('a position whose liquidation comes too near to its stop is told of once, and its stop is tightened', () => {
  const desk = held()
  // Taken over at 94: 6 away, and 1.5 x 5 would be needed. The stop goes to 4 from the entry.
  const effects = raise(desk, 0.04)
  const [told, ...more] = events(effects, 'risk')
  assert.is(more.length, 0)
  assert.equal([told.code, told.symbol, told.figures.liquidation], ['W615', 'SOLUSDT', 94])
  const [request] = only(effects, 'set-stop')
  assert.is(request.stop, ticks(960))
  desk.feed({ type: 'stop', requestId: request.requestId, ok: true, reason: '' })
  assert.is(desk.position().stop, ticks(960))
  assert.is(desk.position().stopKind, 'initial', 'an exit there is one at the stop')
  assert.is(placed(effects).length, 0, 'nothing is closed')
  desk.price('SOLUSDT', 99.9)
  assert.equal(events(desk.live(MINUTE), 'risk'), [])
  // Once there was room again it is told again.
  assert.is(events(raise(desk, 0.05), 'risk').length, 1)
})

test('a short is tightened as a long is, mirrored', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  const short = reversionSignal('SOLUSDT', {
    side: 'short',
    stop: ticks(1_050),
    target: ticks(900),
    bbPercent: 97,
    weekBb: 80,
    monthBb: 80,
    funding: 0,
    last: 99,
  })
  desk.open(short)
  desk.price('SOLUSDT', 100)
  desk.live(MINUTE)
  // Taken over at 110 / 1.04, which is 5.77 away: a short's maintenance margin grows as it loses.
  const [request] = only(raise(desk, 0.04), 'set-stop')
  assert.is(request.stop, ticks(1_038))
})

test('seen from a mark that has fallen, the new stop still lies between the liquidation and the mark', () => {
  const desk = held()
  desk.price('SOLUSDT', 96)
  desk.feed({
    type: 'instrument',
    instrument: instrumentOf({ ...instrument('SOLUSDT'), maintenanceMarginRate: 0.047 }),
  })
  desk.price('SOLUSDT', 96)
  const effects = desk.live(MINUTE)
  // Taken over at 94.7: from 96 the stop would be 0.87 away, at 95.2, which is tighter than 95.
  assert.is(only(effects, 'set-stop')[0].stop, ticks(952))
})

test('without room for a tighter stop it is told of, and the stop stays', () => {
  const desk = held()
  desk.price('SOLUSDT', 95.1)
  desk.feed({
    type: 'instrument',
    instrument: instrumentOf({ ...instrument('SOLUSDT'), maintenanceMarginRate: 0.04 }),
  })
  desk.price('SOLUSDT', 95.1)
  const effects = desk.live(MINUTE)
  assert.is(events(effects, 'risk')[0].code, 'W615')
  assert.equal(only(effects, 'set-stop'), [])
})

test('incident 35: only where the configuration says so is it closed, after the word about it', () => {
  const settings = overlay({ ...defaultSettings() }, { risk: { cascadeClose: true } })
  const desk = held(settings)
  const effects = raise(desk, 0.04)
  const kinds = effects.flatMap(effect => (effect.type === 'event' ? [effect.event.kind] : []))
  assert.ok(kinds.indexOf('risk') < kinds.indexOf('exiting'), kinds.join())
  const [close] = placed(effects)
  assert.equal([close.purpose, close.type], ['exit', 'market'])
  desk.order(close.clientOrderId, 'accepted')
  const closed = desk.fill(close, { price: ticks(999), steps: desk.position().steps as Steps, fee: 0.01 })
  assert.is(only(closed, 'trade')[0].trade.exitReason, 'cascade')
  const off = held()
  assert.equal(placed(raise(off, 0.04)), [])
})

test('a mark that has left a fifth of the way to the liquidation is told of once, until it has gone back', () => {
  const desk = held()
  const at = (price: number): readonly (string | null)[] => {
    desk.price('SOLUSDT', price)
    return events(desk.live(MINUTE), 'risk').map(event => event.code)
  }
  assert.equal(at(92.9), [])
  assert.equal(at(92.8), ['C612'])
  assert.equal(at(92), [])
  assert.equal(at(93), [])
  assert.equal(at(92.5), ['C612'])
})

test('what was told is known after a restart', () => {
  const desk = held()
  desk.price('SOLUSDT', 92)
  assert.is(events(desk.live(MINUTE), 'risk').length, 1)
  assert.equal(desk.engine.books().ledger.warned, ['liquidation SOLUSDT:long'])
  const next = resumed(desk).introduce('SOLUSDT')
  next.price('SOLUSDT', 92)
  assert.equal(events(next.live(MINUTE), 'risk'), [])
  desk.restart()
  desk.price('SOLUSDT', 92.1)
  assert.equal(events(desk.live(MINUTE), 'risk'), [])
})

test('a liquidation that the exchange tells counts where it comes earlier than the one that is reckoned', () => {
  const desk = held()
  desk.liquidation = 94
  desk.price('SOLUSDT', 100)
  const effects = looked(desk)
  const [told] = events(effects, 'risk')
  assert.equal([told?.code, told?.figures.liquidation], ['W615', 94])
  // 6 away, and 1.5 x 5 would be needed: the stop goes to 4 from the entry.
  const [request] = only(effects, 'set-stop')
  assert.is(request?.stop, ticks(960))
})

test('one that comes later, or that the mark is beyond, changes nothing', () => {
  for (const liquidation of [88, 101]) {
    const desk = held()
    desk.liquidation = liquidation
    desk.price('SOLUSDT', 100)
    assert.equal(looked(desk), [], `${liquidation}`)
  }
})

test('what is left of the way is counted to the one that comes first', () => {
  const desk = held()
  desk.liquidation = 92
  desk.price('SOLUSDT', 93.5)
  const codes = events(desk.live(MINUTE), 'risk').map(({ code }) => code)
  assert.equal(codes, ['C612'])
})

test('whatever the mark and the maintenance margin, a stop is only tightened, and never past the mark', () => {
  const seed = 20260305
  fc.assert(
    fc.property(
      fc.integer({ min: 9_200, max: 11_000 }),
      fc.integer({ min: 100, max: 990 }),
      (mark, margin) => {
        const desk = held()
        desk.price('SOLUSDT', mark / 100)
        desk.live(MINUTE)
        desk.feed({
          type: 'instrument',
          instrument: instrumentOf({ ...instrument('SOLUSDT'), maintenanceMarginRate: margin / 10_000 }),
        })
        desk.price('SOLUSDT', mark / 100)
        for (const { stop } of only(desk.live(MINUTE), 'set-stop')) {
          assert.ok(stop > 950, `${stop}`)
          assert.ok(stop / 10 < mark / 100, `${stop} at ${mark / 100}`)
        }
      },
    ),
    { seed, numRuns: 60 },
  )
})

// --- what a drawdown does ---------------------------------------------------------------------------------------

/** A position and a resting entry, and equity that falls by a fifth. */
function fallen(closeAll: boolean): { readonly desk: Desk; readonly effects: ReturnType<Desk['live']> } {
  const settings = overlay({ ...defaultSettings() }, { drawdown: { closeAll } })
  const desk = new Desk(settings).introduce('SOLUSDT', 'ADAUSDT')
  desk.live(0)
  desk.open(reversionSignal('SOLUSDT'))
  const [entry] = placed(desk.propose(gridSignal('ADAUSDT')))
  desk.order(entry.clientOrderId, 'accepted')
  desk.live(MINUTE)
  desk.feed({
    type: 'funding',
    symbol: 'SOLUSDT',
    side: 'long',
    time: desk.now,
    amount: -200,
    rate: 0.01,
  })
  return { desk, effects: looked(desk) }
}

test('a drawdown leaves positions and resting entries alone, unless everything is to be closed then', () => {
  const left = fallen(false)
  assert.is(events(left.effects, 'paused')[0].code, 'W133')
  assert.equal([placed(left.effects), only(left.effects, 'cancel')], [[], []])
  const { desk, effects } = fallen(true)
  const [close] = placed(effects)
  assert.equal([close.symbol, close.purpose, close.type], ['SOLUSDT', 'exit', 'market'])
  assert.equal(
    only(effects, 'cancel').map(one => one.symbol),
    ['ADAUSDT'],
  )
  desk.order(close.clientOrderId, 'rejected', 'too many requests')
  const again = placed(desk.live(MINUTE))
  assert.is(again.length, 1, 'it is asked for again until it is closed')
  const closed = desk.fill(again[0], { price: ticks(1_000), steps: desk.position().steps, fee: 0.01 })
  assert.is(only(closed, 'trade')[0].trade.exitReason, 'drawdown')
})

test('what a drawdown is closing is still being closed after a restart', () => {
  const { desk } = fallen(true)
  const next = resumed(desk, overlay({ ...defaultSettings() }, { drawdown: { closeAll: true } }))
  const [booked] = next.engine.books().positions
  assert.equal([booked.stop?.closingAs, booked.stop?.closing === null], ['drawdown', false])
})

test.run()
