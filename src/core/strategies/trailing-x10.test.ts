import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../base/units.ts'
import { keepsManagementContract } from '../decision/contract.fixture.ts'
import {
  instrumentOf,
  MIDNIGHT,
  minutes5Of,
  positionOf,
  positionViewOf,
  type Sketch,
  ticks,
} from '../decision/view.fixture.ts'
import type { Position } from '../portfolio/position.ts'
import { trailingX10 } from './trailing-x10.ts'

const test = suite('trailing-x10')
const SEED = 20_260_105

function decide(position: Partial<Position>, sketch: Sketch) {
  const view = positionViewOf(positionOf({ strategy: 'mean-reversion', leverage: 10, ...position }), sketch)
  return trailingX10.decide(view, trailingX10.params)
}

/** The move of the stop in short, or nothing. */
function moved(
  position: Partial<Position>,
  sketch: Sketch,
): readonly [stop: number, why: string] | undefined {
  const [intent] = decide(position, sketch)
  return intent?.kind === 'move-stop' ? [intent.stop, intent.why] : undefined
}

/** Weekly bands in which a price of 100 has this BB%, one point a USDT. */
const weekOf = (bb: number): readonly [number, number] => [100 - bb, 200 - bb]

test('a long locks breakeven above +1.5 %, half of the move from +3 %, three quarters from +6 %', () => {
  for (const [mark, expected] of [
    [99, undefined],
    // ROE of exactly 15 % is not above 15 %.
    [101.5, undefined],
    // 100 x 1.00075 = 100.075 up to the tick.
    [101.6, [1001, 'breakeven']],
    [102.9, [1001, 'breakeven']],
    [103, [1015, 'trailing']],
    // 100 + 5.9 / 2 = 102.95.
    [105.9, [1030, 'trailing']],
    [106, [1045, 'trailing']],
    [110, [1075, 'trailing']],
  ] as const) {
    assert.equal(moved({}, { mark }), expected, `mark ${mark}`)
  }
})

test('a short does the same downwards', () => {
  for (const [mark, expected] of [
    [101, undefined],
    [98.5, undefined],
    // 100 x 0.99925 = 99.925 down to the tick.
    [98.4, [999, 'breakeven']],
    [97.1, [999, 'breakeven']],
    [97, [985, 'trailing']],
    [94.1, [970, 'trailing']],
    [94, [955, 'trailing']],
    [90, [925, 'trailing']],
  ] as const) {
    assert.equal(moved({ side: 'short' }, { mark }), expected, `mark ${mark}`)
  }
})

test('its breakeven includes both fees as they are paid: an entry at the market has paid more than one that rested', () => {
  const sides = [
    ['long', 101.6],
    ['short', 98.4],
  ] as const
  const even = (fees: number, over: Partial<Position> = {}) =>
    sides.map(([side, mark]) => moved({ side, fees, ...over }, { mark })?.[0])
  // 1 coin at 100: 0.02 USDT as maker, 0.055 as taker, which makes 100.11 and 99.89.
  assert.equal(even(0.02), [1001, 999])
  assert.equal(even(0.055), [1002, 998])
  // Less than a maker pays is not counted on, and after an exit the fees are no longer the entry's alone.
  assert.equal(even(0), [1001, 999])
  const exits = [{ time: MIDNIGHT, price: 101, qty: 0.1, reason: 'closed-outside' }] as const
  assert.equal(even(0.02, { exits }), [1002, 998])
})

test('a weekly BB% below 25 acts at +1.5 % itself, where ROE does not', () => {
  assert.equal(moved({}, { mark: 101.5, week: weekOf(20) }), [1001, 'breakeven'])
  assert.equal(moved({ side: 'short' }, { mark: 98.5, week: weekOf(80) }), [999, 'breakeven'])
  // At the mark of 101.5 this week stands at 25 exactly, at 98.5 the other at 75.
  assert.is(moved({}, { mark: 101.5, week: weekOf(23.5) }), undefined)
  assert.is(moved({ side: 'short' }, { mark: 98.5, week: weekOf(76.5) }), undefined)
})

test('ROE is the move times the leverage', () => {
  // 0.61 % x 25 = 15.25 %, but below +1.5 % there is nothing to lock; 1.5 % x 11 = 16.5 %.
  assert.is(moved({ leverage: 25 }, { mark: 100.61 }), undefined)
  assert.equal(moved({ leverage: 11 }, { mark: 101.5 }), [1001, 'breakeven'])
})

test('positions below leverage 10 are not touched', () => {
  for (const leverage of [1, 3, 9]) assert.equal(decide({ leverage }, { mark: 110, week: weekOf(10) }), [])
})

/** A position that entered above the line and whose week has turned: a day has closed at 99, the mark is 99. */
const TURNED: Sketch = { mark: 99, price: 99, week: weekOf(20), candleStart: MIDNIGHT, now: MIDNIGHT + DAY }
const LONG: Partial<Position> = { weekBbAtEntry: 30 }

test('a week that has crossed 25 halves the distance between stop and mark', () => {
  // (95 + 99) / 2 = 97.
  assert.equal(decide(LONG, TURNED), [
    {
      kind: 'move-stop',
      stop: 970,
      why: 'halving',
      reason: 'weekly BB% 19.0 turned against the position: distance to the stop halved',
    },
  ])
  // The mirror: (105 + 101) / 2 = 103.
  const short = { side: 'short', weekBbAtEntry: 70 } as const
  assert.equal(moved(short, { ...TURNED, mark: 101, price: 101, week: weekOf(80) }), [1030, 'halving'])
})

test('it halves once, counted when sent', () => {
  assert.is(moved({ ...LONG, halved: true }, TURNED), undefined)
})

test('it halves only after the week was on the good side at the decision: 25 itself was', () => {
  assert.is(moved({ weekBbAtEntry: 24.9 }, TURNED), undefined)
  assert.equal(moved({ weekBbAtEntry: 25 }, TURNED), [970, 'halving'])
  assert.is(moved({ weekBbAtEntry: null }, TURNED), undefined)
})

test('it halves only after a bar has closed since the entry', () => {
  const filled = MIDNIGHT + 5 * HOUR
  const before = { ...TURNED, candleStart: MIDNIGHT - DAY, now: filled + HOUR }
  assert.is(moved({ ...LONG, openedAt: filled }, before), undefined)
  // A fill stamped at the very moment of the close does not have that close behind it.
  assert.is(moved({ ...LONG, openedAt: MIDNIGHT }, before), undefined)
  assert.equal(moved({ ...LONG, openedAt: filled }, { ...TURNED, now: MIDNIGHT + DAY }), [970, 'halving'])
})

test('it halves only when the bar has closed beyond the line too, not on a dip of the mark alone', () => {
  // At 104 the week stands at 24, at 105 at 25: that close was not below the line.
  assert.is(moved(LONG, { ...TURNED, price: 105 }), undefined)
  assert.equal(moved(LONG, { ...TURNED, price: 104 }), [970, 'halving'])
  assert.is(moved(LONG, { ...TURNED, price: 99, mark: 101.4, week: weekOf(23.6) }), undefined)
})

test('for a position of 5-minute candles the bar is one of those, whatever the daily candle says', () => {
  const position = { ...LONG, timeframe: '5m', openedAt: MIDNIGHT } as const
  // The newest daily candle closed hours before the entry, above the line; the mark has fallen.
  const day = { ...TURNED, price: 105, candleStart: MIDNIGHT - 2 * DAY, now: MIDNIGHT + 5 * MINUTE }
  const after = (candleStart: number, price: number) => minutes5Of({ candleStart, price })
  assert.equal(moved(position, { ...day, minutes5: after(MIDNIGHT, 104) }), [970, 'halving'])
  assert.is(moved(position, { ...day, minutes5: after(MIDNIGHT, 105) }), undefined)
  assert.is(moved(position, { ...day, minutes5: after(MIDNIGHT - 5 * MINUTE, 104) }), undefined)
  assert.is(moved(position, day), undefined)
})

test('above +1.5 % the week locks breakeven instead of halving', () => {
  assert.equal(moved(LONG, { ...TURNED, mark: 101.5 }), [1001, 'breakeven'])
  assert.equal(moved(LONG, { ...TURNED, mark: 101.4 }), [982, 'halving'])
})

test('a stop that moves by less than 0.5 % of the mark is not sent, one that moves by just that is', () => {
  // At a mark of 110 the stop is 107.5, and 0.5 % of the mark is 0.55: 5.5 ticks.
  assert.is(moved({ stop: ticks(1070) }, { mark: 110 }), undefined)
  assert.equal(moved({ stop: ticks(1069) }, { mark: 110 }), [1075, 'trailing'])
  assert.is(moved({ side: 'short', stop: ticks(929) }, { mark: 90 }), undefined)
  assert.equal(moved({ side: 'short', stop: ticks(930) }, { mark: 90 }), [925, 'trailing'])
  // At a mark of 120 it is 0.6 exactly: the stop of 115 from 114.4.
  assert.equal(moved({ stop: ticks(1144) }, { mark: 120 }), [1150, 'trailing'])
  assert.is(moved({ stop: ticks(1145) }, { mark: 120 }), undefined)
})

test('a stop that is tighter already stays', () => {
  assert.is(moved({ stop: ticks(1075) }, { mark: 110 }), undefined)
  assert.is(moved({ stop: ticks(1090) }, { mark: 110 }), undefined)
  assert.is(moved({ side: 'short', stop: ticks(900) }, { mark: 90 }), undefined)
})

test('where a tick is a large part of the price, a stop that would touch the mark is not sent', () => {
  const instrument = instrumentOf({ tick: '1' })
  // Half of the way from 2 to 3 rounds up to 3, which is the mark.
  assert.is(
    moved(
      { ...LONG, instrument, entry: 3, stop: ticks(2) },
      { ...TURNED, mark: 3, price: 3, week: [3, 100] },
    ),
    undefined,
  )
  assert.equal(
    moved(
      { ...LONG, instrument, entry: 5, stop: ticks(2) },
      { ...TURNED, mark: 5, price: 5, week: [5, 100] },
    ),
    [4, 'halving'],
  )
})

test(`a long and the short mirrored at its entry get mirrored stops (seed ${SEED})`, () => {
  const instrument = instrumentOf({ tick: '0.0001' })
  const property = fc.property(
    fc.integer({ min: -900, max: 900 }),
    fc.integer({ min: -500, max: 500 }),
    fc.integer({ min: 0, max: 60 }),
    fc.option(fc.integer({ min: 0, max: 100 })),
    fc.boolean(),
    (move, away, bb, weekBbAtEntry, closed) => {
      const at = { candleStart: closed ? MIDNIGHT : MIDNIGHT - DAY, now: MIDNIGHT + DAY }
      const long = decide(
        { instrument, weekBbAtEntry, stop: ticks(1_000_000 + 100 * away) },
        { ...at, mark: 100 + move / 100, price: 100 + move / 100, week: weekOf(bb) },
      )
      const short = decide(
        {
          instrument,
          side: 'short',
          weekBbAtEntry: weekBbAtEntry === null ? null : 100 - weekBbAtEntry,
          stop: ticks(1_000_000 - 100 * away),
        },
        { ...at, mark: 100 - move / 100, price: 100 - move / 100, week: weekOf(100 - bb) },
      )
      // Near the least move of 0.5 % the two marks, and so the two limits, differ.
      const least = 0.005 * 1_000_000
      const by = (intents: typeof long, stop: number): readonly number[] =>
        intents.map(intent => (intent.kind === 'move-stop' ? Math.abs(intent.stop - stop) : 0))
      const moves = [...by(long, 1_000_000 + 100 * away), ...by(short, 1_000_000 - 100 * away)]
      if (long.length !== short.length) {
        assert.ok(
          moves.every(one => Math.abs(one - least) < 0.1 * least),
          `moves ${moves}`,
        )
        return
      }
      assert.equal(
        short.map(intent => (intent.kind === 'move-stop' ? [2_000_000 - intent.stop, intent.why] : intent)),
        long.map(intent => (intent.kind === 'move-stop' ? [intent.stop, intent.why] : intent)),
      )
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 2_000 })
})

keepsManagementContract(test, trailingX10)

test.run()
