import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT, steps, ticks } from '../decision/view.fixture.ts'
import { sign } from '../market/side.ts'
import { Desk, events, gridSignal, only, PATIENT, placed, reversionSignal } from './desk.fixture.ts'
import { Engine } from './engine.ts'
import type { Effect, OrderRequest } from './protocol.ts'
import { defaultSettings, overlay } from './settings.ts'

const test = suite('stops and targets')
const SEED = 20_260_304
console.log(`seed ${SEED}`)

const shortReversion = (symbol = 'SOLUSDT') =>
  reversionSignal(symbol, {
    side: 'short',
    order: { type: 'limit', price: ticks(1_050) },
    stop: ticks(1_100),
    target: ticks(900),
    bbPercent: 97,
    weekBb: 60,
    monthBb: 60,
  })

const gridShort = () =>
  gridSignal('SOLUSDT', {
    strategy: 'bollinger-grid-short',
    side: 'short',
    order: { type: 'limit', price: ticks(1_050) },
    stop: ticks(1_103),
    bbPercent: 97,
    weekBb: 60,
    monthBb: 60,
  })

// --- stops ------------------------------------------------------------------------------------------------------

test('whatever prices come and however requests are answered, a stop only tightens and one request is on its way', () => {
  const act = fc.record({
    /** Where the mark goes, in tenths of a percent of the entry. */
    mark: fc.integer({ min: -45, max: 250 }),
    minutes: fc.integer({ min: 1, max: 30 }),
    /** What becomes of the oldest request that waits for an answer. */
    reply: fc.constantFrom('ok', 'ok', 'refused', 'none' as const),
    restart: fc.boolean(),
  })
  let moved = 0
  let merged = 0
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.array(act, { minLength: 5, maxLength: 40 }),
      (isLong, isGrid, acts) => {
        const desk = new Desk(PATIENT).introduce('SOLUSDT')
        desk.live(0)
        const side = isLong || isGrid ? 'long' : 'short'
        desk.open(isGrid ? gridSignal() : isLong ? reversionSignal() : shortReversion())
        const { entry } = desk.position('SOLUSDT', side)
        const waiting: Extract<Effect, { type: 'set-stop' }>[] = []
        const note = (effects: readonly Effect[]): void => {
          for (const request of only(effects, 'set-stop')) {
            // One at a time, and never looser than what is in force.
            assert.is(waiting.length, 0, 'one request is on its way')
            const present = desk.position('SOLUSDT', side).stop
            assert.ok((request.stop - present) * sign(side) > 0, `${request.stop} is tighter than ${present}`)
            waiting.push(request)
          }
        }
        for (const { mark, minutes, reply, restart } of acts) {
          const before = desk.position('SOLUSDT', side).stop
          note(desk.price('SOLUSDT', entry * (1 + (sign(side) * mark) / 1_000)))
          note(desk.live(minutes * MINUTE))
          if (restart) desk.restart(PATIENT)
          if (reply !== 'none') {
            const request = waiting.shift()
            if (request !== undefined) {
              const ok = reply === 'ok'
              const effects = desk.feed({
                type: 'stop',
                requestId: request.requestId,
                ok,
                reason: ok ? '' : 'busy',
              })
              if (ok) {
                moved++
                assert.is(desk.position('SOLUSDT', side).stop, request.stop)
              }
              if (only(effects, 'set-stop').length > 0) merged++
              note(effects)
            }
          }
          assert.ok((desk.position('SOLUSDT', side).stop - before) * sign(side) >= 0, 'never looser')
        }
      },
    ),
    { seed: SEED, numRuns: 120 },
  )
  assert.ok(moved > 30, `${moved} stops moved`)
  assert.ok(merged > 3, `${merged} wishes waited behind a request`)
})

test('what the rules of one cycle wish of a stop leaves as one request, the tightest', () => {
  const desk = new Desk(PATIENT).introduce('SOLUSDT')
  desk.live(0)
  desk.open(gridShort())
  // Of a strategy with a trailing stop of its own, and one that the common rule follows as well.
  const saved = desk.engine.save()
  const own = { strategy: 'junk-short', target: ticks(100), targetsFilled: 2 } as const
  const positions = saved.portfolio.positions.map(one => ({ ...one, ...own }))
  desk.engine = Engine.load(
    PATIENT,
    { wallet: 1_000, decisions: { version: 'test' } },
    { ...saved, portfolio: { ...saved.portfolio, positions } },
  )
  desk.price('SOLUSDT', 105 * 0.7)
  const asked = only(desk.live(2 * MINUTE), 'set-stop')
  // 75 % of the move locked would be 81.375, 85 % of it is 78.225.
  assert.equal(
    asked.map(({ stop }) => stop),
    [782],
  )
  const effects = desk.feed({ type: 'stop', requestId: asked[0].requestId, ok: true, reason: '' })
  assert.equal(only([...effects, ...desk.live(2 * MINUTE)], 'set-stop'), [])
})

test('wishes that come while a request is on its way are merged into the tightest', () => {
  const desk = new Desk(PATIENT).introduce('SOLUSDT')
  desk.live(0)
  desk.open(reversionSignal())
  desk.price('SOLUSDT', 103.5)
  const [first] = only(desk.live(8 * MINUTE), 'set-stop')
  assert.is(first.stop, 1_018, 'half of 3.5 %, rounded to the tighter side')
  desk.price('SOLUSDT', 107)
  assert.equal(only(desk.live(8 * MINUTE), 'set-stop'), [])
  desk.price('SOLUSDT', 106.5)
  assert.equal(only(desk.live(8 * MINUTE), 'set-stop'), [])
  const effects = desk.feed({ type: 'stop', requestId: first.requestId, ok: true, reason: '' })
  assert.equal(
    events(effects, 'stop-moved').map(event => [event.figures.from, event.figures.to, event.figures.why]),
    [['95.0', '101.8', 'trailing']],
  )
  assert.equal(
    only(effects, 'set-stop').map(request => request.stop),
    [1_053],
  )
})

test('a refused stop leaves the old one standing, is told, and is asked for again in the next light cycle', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  desk.open(reversionSignal())
  desk.price('SOLUSDT', 103.5)
  const [first] = only(desk.live(8 * MINUTE), 'set-stop')
  const [failed] = events(
    desk.feed({ type: 'stop', requestId: first.requestId, ok: false, reason: 'too many visits' }),
    'stop-failed',
  )
  assert.is(failed.reason, 'too many visits')
  assert.is(desk.position().stop, 950)
  desk.restart()
  const [again] = only(desk.live(30 * SECOND), 'set-stop')
  assert.is(again.stop, first.stop)
  assert.is.not(again.requestId, first.requestId)
})

test('the reply to a stop of a position that has closed touches neither it nor the next one', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  desk.open(reversionSignal())
  desk.price('SOLUSDT', 103.5)
  const [request] = only(desk.live(8 * MINUTE), 'set-stop')
  desk.stopOut(desk.position())
  desk.open(gridSignal('SOLUSDT', { lastAt: desk.now }))
  desk.feed({ type: 'stop', requestId: request.requestId, ok: true, reason: '' })
  assert.is(desk.position().stop, 930)
  assert.is(desk.position().stopKind, 'initial')
})

test('an exit at the stop is named after the rule that placed it', () => {
  const at = (mark: number, wait: number): string => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    desk.open(reversionSignal())
    desk.price('SOLUSDT', mark)
    for (const request of only(desk.live(wait), 'set-stop')) {
      desk.feed({ type: 'stop', requestId: request.requestId, ok: true, reason: '' })
    }
    const [{ trade }] = only(desk.stopOut(desk.position()), 'trade')
    return trade.exitReason
  }
  assert.is(at(100.1, 8 * MINUTE), 'stop')
  assert.is(at(101.6, 8 * MINUTE), 'breakeven-stop')
  assert.is(at(103.5, 8 * MINUTE), 'trailing-stop')
})

// --- targets ----------------------------------------------------------------------------------------------------

test('targets are placed after the fill and not before, reduce only, and are recorded first', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const before = [...desk.propose(gridSignal())]
  const [entry] = placed(before)
  before.push(...desk.order(entry.clientOrderId, 'accepted'), ...desk.live(2 * MINUTE))
  assert.equal(
    placed(before).map(order => order.purpose),
    ['entry'],
  )
  const effects = desk.fill(entry)
  const orders = placed(effects)
  assert.equal(
    orders.map(({ purpose, type, price }) => [purpose, type, price]),
    [
      ['exit', 'limit', 1_000],
      ['exit', 'limit', 1_050],
    ],
  )
  const types = effects.flatMap(effect => (effect.type === 'event' ? [] : [effect.type]))
  assert.equal(types, ['outcome', 'persist', 'place', 'persist', 'place'])
})

test('a position with one target of its own has that one, for all of it', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const { entry, effects } = desk.open(reversionSignal())
  assert.equal(
    placed(effects).map(({ price, steps: size }) => [price, size]),
    [[1_100, entry.steps]],
  )
})

test('TP1 moves the stop to breakeven at once, and TP2 is told apart from it', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  const [first, second] = placed(desk.open(gridSignal()).effects)
  for (const order of [first, second]) desk.order(order.clientOrderId, 'accepted')
  desk.price('SOLUSDT', 101)
  const effects = desk.fill(first)
  assert.is(events(effects, 'reduced')[0].reason, 'partial-target-1')
  // 97 x (1 + maker and taker fee) = 97.07, on the tick above.
  assert.equal(
    only(effects, 'set-stop').map(request => request.stop),
    [971],
  )
  assert.is(desk.position().targetsFilled, 1)
  const next = desk.fill(second)
  assert.is(events(next, 'reduced')[0].reason, 'partial-target-2')
  assert.is(desk.position().targetsFilled, 2)
})

test('a TP1 that fills in part moves the stop at once, and what is left of it rests on', () => {
  const desk = new Desk(PATIENT).introduce('SOLUSDT')
  desk.live(0)
  const [first, second] = placed(desk.open(gridSignal()).effects)
  for (const order of [first, second]) desk.order(order.clientOrderId, 'accepted')
  desk.price('SOLUSDT', 101)
  const part = Math.floor(first.steps / 3)
  const effects = [...desk.fill(first, { steps: steps(part), complete: false }), ...desk.live(6 * MINUTE)]
  assert.is(only(effects, 'set-stop').length, 1)
  assert.equal(only(effects, 'cancel'), [])
  // It follows the bands like any other target, and its size stays what is left of it.
  desk.now = MIDNIGHT + DAY
  desk.day('SOLUSDT', MIDNIGHT, 108)
  desk.restart(PATIENT)
  const moved = only(desk.live(2 * MINUTE), 'amend').find(one => one.clientOrderId === first.clientOrderId)
  assert.is(moved?.steps, first.steps - part)
  desk.order(first.clientOrderId, 'amended')
  const [reduced] = events(desk.fill(first, { steps: steps(first.steps - part) }), 'reduced')
  assert.is(reduced.reason, 'partial-target-1')
  assert.is(desk.position().firstTargetLeft, undefined)
  assert.equal(placed(desk.live(6 * MINUTE)), [], 'it is not placed again')
})

test('what a TP1 has left is not touched where it is too little for an order of its own', () => {
  const desk = new Desk(PATIENT).introduce('SOLUSDT')
  desk.live(0)
  const signal = gridSignal('SOLUSDT', { instrument: { ...gridSignal().instrument, minQty: steps(100) } })
  const [first, second] = placed(desk.open(signal).effects)
  for (const order of [first, second]) desk.order(order.clientOrderId, 'accepted')
  desk.fill(first, { steps: steps(first.steps - 1), complete: false })
  desk.now = MIDNIGHT + DAY
  desk.day('SOLUSDT', MIDNIGHT, 108)
  const effects = desk.live(2 * MINUTE)
  assert.equal(
    only(effects, 'amend').map(one => one.clientOrderId),
    [second.clientOrderId],
  )
  assert.equal(only(effects, 'cancel'), [])
})

test('targets of a position that are wanted otherwise are replaced, with one of them resting at every moment', () => {
  const desk = new Desk(PATIENT).introduce('SOLUSDT')
  desk.price('SOLUSDT', 104)
  desk.live(0)
  // With the mark beyond the middle TP1 takes 40 %; TP2 of 30 % is below the least quantity and stays with the rest.
  const signal = gridSignal('SOLUSDT', { instrument: { ...gridSignal().instrument, minQty: steps(700) } })
  const [first, ...others] = placed(desk.open(signal).effects)
  assert.equal([first.steps, others.length], [853, 0])
  desk.order(first.clientOrderId, 'accepted')
  // Far from it TP1 of 20 % goes with TP2.
  desk.price('SOLUSDT', 96)
  const effects = desk.live(2 * MINUTE)
  assert.equal(only(effects, 'cancel'), [])
  const [second] = placed(effects)
  assert.is(second.steps, 1_066)
  desk.order(second.clientOrderId, 'accepted')
  assert.equal(
    only(desk.live(2 * MINUTE), 'cancel').map(one => one.clientOrderId),
    [first.clientOrderId],
  )
  desk.order(first.clientOrderId, 'cancelled')
  // And back: the way to the middle is nearly done.
  desk.price('SOLUSDT', 104)
  const back = desk.live(2 * MINUTE)
  assert.equal([placed(back).length, only(back, 'cancel').length], [1, 0])
})

test('targets that have to move are amended in place, never taken away and set anew', () => {
  const desk = new Desk(PATIENT).introduce('SOLUSDT')
  desk.live(0)
  const orders = placed(desk.open(gridSignal()).effects)
  for (const order of orders) desk.order(order.clientOrderId, 'accepted')
  desk.now = MIDNIGHT + DAY
  desk.day('SOLUSDT', MIDNIGHT, 108)
  const effects = desk.live(2 * MINUTE)
  const amended = only(effects, 'amend')
  assert.equal(amended.map(one => one.clientOrderId).sort(), orders.map(one => one.clientOrderId).sort())
  assert.equal(only(effects, 'cancel'), [])
  assert.equal(placed(effects), [])
  // Nothing more is asked for while the answers are out.
  desk.price('SOLUSDT', 104)
  assert.equal(only(desk.live(4 * MINUTE), 'amend'), [])
  for (const one of amended) desk.order(one.clientOrderId, 'amended')
  desk.price('SOLUSDT', 96)
  assert.ok(only(desk.live(2 * MINUTE), 'amend').length > 0)
})

test('after a refused amendment the account tells whether the target still rests', () => {
  const started = (): { readonly desk: Desk; readonly ids: readonly string[] } => {
    const desk = new Desk(PATIENT).introduce('SOLUSDT')
    desk.live(0)
    const orders = placed(desk.open(gridSignal()).effects)
    for (const order of orders) desk.order(order.clientOrderId, 'accepted')
    desk.now = MIDNIGHT + DAY
    desk.day('SOLUSDT', MIDNIGHT, 108)
    const ids = only(desk.live(2 * MINUTE), 'amend').map(one => one.clientOrderId)
    assert.is(ids.length, 2)
    for (const id of ids) desk.order(id, 'rejected', 'no such order')
    return { desk, ids }
  }
  const rests = started()
  const asked = only(rests.desk.wait(30 * SECOND), 'query-account')[0]
  const effects = rests.desk.reply(asked.queryId, rests.desk.account(rests.ids))
  assert.equal(
    only([...effects, ...rests.desk.live(2 * MINUTE)], 'amend').map(one => one.clientOrderId),
    rests.ids,
  )

  const gone = started()
  const other = only(gone.desk.wait(30 * SECOND), 'query-account')[0]
  gone.desk.restart(PATIENT)
  const settled = gone.desk.reply(other.queryId, gone.desk.account([]))
  const anew = placed([...settled, ...gone.desk.live(2 * MINUTE)])
  assert.is(anew.length, 2)
  // A further attempt is a new id: the exchange would refuse the old one.
  assert.ok(anew.every(order => !gone.ids.includes(order.clientOrderId)))
})

test('a fill behind a refused amendment is still the fill of its target', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  const [first] = placed(desk.open(gridSignal()).effects)
  desk.order(first.clientOrderId, 'accepted')
  desk.now = MIDNIGHT + DAY
  desk.day('SOLUSDT', MIDNIGHT, 108)
  desk.live(2 * MINUTE)
  desk.order(first.clientOrderId, 'rejected', 'it has filled')
  assert.is(events(desk.fill(first), 'reduced')[0].reason, 'partial-target-1')
})

test('a fill behind a refused cancellation is still the fill of its target', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  const { instrument } = gridSignal()
  // TP1 of 20 % is below the least quantity and goes with TP2; of 40 % it stands by itself.
  const signal = gridSignal('SOLUSDT', { instrument: { ...instrument, minQty: steps(500) } })
  const orders = placed(desk.open(signal).effects)
  assert.equal(
    orders.map(order => order.steps),
    [853, 640],
  )
  for (const order of orders) desk.order(order.clientOrderId, 'accepted')
  desk.price('SOLUSDT', 96)
  const [cancel] = only(desk.live(2 * MINUTE), 'cancel')
  assert.is(cancel.clientOrderId, orders[0].clientOrderId)
  desk.order(cancel.clientOrderId, 'rejected', 'too late to cancel')
  assert.is(events(desk.fill(orders[0]), 'reduced')[0].reason, 'partial-target-1')
})

/** An exchange that only keeps account of the resting reduce-only orders, for the property below. */
class Resting {
  readonly orders = new Map<string, OrderRequest>()
  least = Number.POSITIVE_INFINITY

  carry(desk: Desk, effects: readonly Effect[], held: () => number): void {
    const later: (() => readonly Effect[])[] = []
    for (const effect of effects) {
      if (effect.type === 'place' && effect.order.purpose === 'exit') {
        const { order } = effect
        this.orders.set(order.clientOrderId, order)
        later.push(() => desk.order(order.clientOrderId, 'accepted'))
      } else if (effect.type === 'amend') {
        const order = this.orders.get(effect.clientOrderId)
        if (order === undefined) throw new Error('amended an order that does not rest')
        this.orders.set(effect.clientOrderId, { ...order, price: effect.price, steps: effect.steps })
        later.push(() => desk.order(effect.clientOrderId, 'amended'))
      } else if (effect.type === 'cancel' && this.orders.delete(effect.clientOrderId)) {
        later.push(() => desk.order(effect.clientOrderId, 'cancelled'))
      }
      let total = 0
      for (const order of this.orders.values()) if (order.price !== null) total += order.steps
      assert.ok(total <= held(), `${total} of ${held()} steps would be sold`)
    }
    for (const reply of later) this.carry(desk, reply(), held)
  }
}

test('over all ways of a price the resting targets never add up to more than the position', () => {
  const act = fc.record({
    close: fc.integer({ min: 96, max: 112 }),
    mark: fc.integer({ min: 940, max: 1_120 }).map(tenths => tenths / 10),
    fills: fc.boolean(),
  })
  let filled = 0
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(act, { minLength: 3, maxLength: 12 }),
      (least, acts) => {
        const desk = new Desk().introduce('SOLUSDT')
        desk.feed({ type: 'price', symbol: 'SOLUSDT', time: desk.now, last: 102, mark: 102 })
        desk.live(0)
        const signal = gridSignal()
        const small = gridSignal('SOLUSDT', {
          instrument: { ...signal.instrument, minQty: steps(least * 20) },
        })
        const resting = new Resting()
        const held = (): number => desk.engine.portfolio.positions.get('SOLUSDT:long')?.steps ?? 0
        const run = (effects: readonly Effect[]): void => resting.carry(desk, effects, held)
        run(desk.open(small).effects)
        let day = MIDNIGHT
        for (const { close, mark, fills } of acts) {
          desk.now = day + DAY
          run(desk.day('SOLUSDT', day, close))
          run(desk.price('SOLUSDT', mark))
          run(desk.live(6 * MINUTE))
          const [order] = [...resting.orders.values()].sort((a, b) => (a.price ?? 0) - (b.price ?? 0))
          if (fills && order !== undefined) {
            filled++
            resting.orders.delete(order.clientOrderId)
            run(desk.fill(order))
            if (held() === 0) return
          }
          day += DAY
        }
      },
    ),
    { seed: SEED, numRuns: 60 },
  )
  assert.ok(filled > 50, `${filled} targets filled`)
})

// --- time exits -------------------------------------------------------------------------------------------------

/** A desk for weeks of half minutes, whose decisions are not taken down. */
const patient = (): Desk => new Desk(defaultSettings(), { decisions: undefined })

test('every position is closed at the market once 30 bars of its timeframe have passed', () => {
  const desk = patient().introduce('SOLUSDT')
  desk.live(0)
  desk.open(reversionSignal())
  desk.live(30 * DAY - SECOND)
  assert.equal(events(desk.effects, 'exiting'), [])
  const effects = desk.live(SECOND)
  const [order] = placed(effects)
  assert.equal([order.purpose, order.type, order.price], ['exit', 'market', null])
  assert.match(events(effects, 'exiting')[0].reason, /held for 720 h/)
  // It is asked for once.
  assert.equal(placed(desk.live(HOUR)), [])
  const [{ trade }] = only(desk.fill(order, { price: ticks(1_001) }), 'trade')
  assert.is(trade.exitReason, 'time-exit')
})

test('a grid short is held for 72 h at most', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  desk.open(gridShort())
  desk.live(72 * HOUR - SECOND)
  assert.equal(events(desk.effects, 'exiting'), [])
  assert.is(events(desk.live(SECOND), 'exiting').length, 1)
})

test('of two positions opened together the second is closed in time though the first has gone', () => {
  const desk = patient().introduce('SOLUSDT', 'ADAUSDT')
  desk.live(0)
  desk.open(reversionSignal('SOLUSDT'))
  desk.open(reversionSignal('ADAUSDT'))
  desk.stopOut(desk.position('SOLUSDT'))
  desk.live(30 * DAY - SECOND)
  assert.equal(
    events(desk.live(SECOND), 'exiting').map(event => event.symbol),
    ['ADAUSDT'],
  )
})

test('a close that was rejected is asked for again, under another id', () => {
  const desk = new Desk(overlay({ ...defaultSettings() }, { maxBars: 1 })).introduce('SOLUSDT')
  desk.live(0)
  desk.open(reversionSignal())
  const [order] = placed(desk.live(DAY))
  desk.order(order.clientOrderId, 'rejected', 'try later')
  const [again] = placed(desk.live(30 * SECOND))
  assert.is(again.steps, order.steps)
  assert.is.not(again.clientOrderId, order.clientOrderId)
})

test('TP1 grows with age alone: after 48 h without any price', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.price('SOLUSDT', 97)
  desk.live(0)
  const orders = placed(desk.open(gridSignal('SOLUSDT', { last: 99 })).effects)
  for (const order of orders) desk.order(order.clientOrderId, 'accepted')
  const before = orders[0].steps
  assert.equal(only(desk.live(48 * HOUR - SECOND), 'amend'), [])
  const [amended] = only(desk.live(SECOND), 'amend')
  assert.is(amended.clientOrderId, orders[0].clientOrderId)
  assert.ok(amended.steps > before, `${amended.steps} of ${before}`)
})

test.run()
