import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keepsManagementContract } from '../decision/contract.fixture.ts'
import { positionOf, positionViewOf, type Sketch, ticks } from '../decision/view.fixture.ts'
import type { Position } from '../portfolio/position.ts'
import { trailing3x } from './trailing-3x.ts'

const test = suite('trailing-3x')
const SEED = 20_260_104

function decide(position: Partial<Position>, sketch: Sketch) {
  return trailing3x.decide(positionViewOf(positionOf(position), sketch), trailing3x.params)
}

/** The stop in ticks of 0.1 that a position from 100 after TP2 is given, or nothing. */
function stopAt(mark: number, position: Partial<Position> = {}): number | undefined {
  const [intent] = decide({ targetsFilled: 2, ...position }, { mark })
  return intent?.kind === 'move-stop' ? intent.stop : undefined
}

test('a long locks half of the move from +5 % and three quarters from +15 %', () => {
  for (const [mark, stop] of [
    [99, undefined],
    [104.9, undefined],
    // 100 + 5 / 2, + 10 / 2, + 14.9 / 2 = 107.45 up to the tick, + 0.75 x 15 = 111.25, + 0.75 x 20.
    [105, 1025],
    [110, 1050],
    [114.9, 1075],
    [115, 1113],
    [120, 1150],
  ] as const) {
    assert.is(stopAt(mark), stop, `mark ${mark}`)
  }
})

test('a short does the same downwards', () => {
  for (const [mark, stop] of [
    [101, undefined],
    [95.1, undefined],
    [95, 975],
    [90, 950],
    // 100 - 14.9 / 2 = 92.55 down to the tick, 100 - 0.75 x 15 = 88.75.
    [85.1, 925],
    [85, 887],
    [80, 850],
  ] as const) {
    assert.is(stopAt(mark, { side: 'short' }), stop, `mark ${mark}`)
  }
})

test('before TP2 only a weekly BB% above 75 starts it, for a short below 25', () => {
  // The mark of 110 in weekly bands from `low`, 100 wide: BB% = 110 - low.
  const long = (low: number, targetsFilled: 0 | 1) =>
    decide({ targetsFilled }, { mark: 110, week: [low, low + 100] }).length
  const short = (low: number, targetsFilled: 0 | 1) =>
    decide({ side: 'short', targetsFilled }, { mark: 90, week: [low, low + 100] }).length
  for (const filled of [0, 1] as const) {
    assert.is(long(35, filled), 0, 'BB% 75 is not above 75')
    assert.is(long(34.9, filled), 1)
    assert.is(short(65, filled), 0, 'BB% 25 is not below 25')
    assert.is(short(65.1, filled), 1)
    assert.equal(decide({ targetsFilled: filled }, { mark: 110 }), [], 'an absent week is no start')
  }
})

test('a position at leverage 10 or more is left alone', () => {
  assert.is(stopAt(120, { leverage: 9 }), 1150)
  assert.is(stopAt(120, { leverage: 10 }), undefined)
  assert.is(stopAt(120, { leverage: 25 }), undefined)
})

test('the stop only ever gets tighter', () => {
  assert.is(stopAt(110, { stop: ticks(1049) }), 1050)
  assert.is(stopAt(110, { stop: ticks(1050) }), undefined)
  assert.is(stopAt(110, { stop: ticks(1051) }), undefined)
  assert.is(stopAt(90, { side: 'short', stop: ticks(951) }), 950)
  assert.is(stopAt(90, { side: 'short', stop: ticks(950) }), undefined)
  assert.is(stopAt(90, { side: 'short', stop: ticks(949) }), undefined)
})

test('the answer says which rule it is and how much is locked', () => {
  assert.equal(decide({ targetsFilled: 2 }, { mark: 110 }), [
    { kind: 'move-stop', stop: 1050, why: 'trailing', reason: 'move 10.00 %: 50 % of it locked' },
  ])
})

test(`a long and the short mirrored at its entry get mirrored stops (seed ${SEED})`, () => {
  const property = fc.property(
    fc.integer({ min: -400, max: 400 }),
    fc.integer({ min: -300, max: 300 }),
    fc.integer({ min: 0, max: 99 }),
    fc.constantFrom(0 as const, 1 as const, 2 as const),
    (move, away, weekLow, targetsFilled) => {
      const long = decide(
        { targetsFilled, stop: ticks(1000 + away) },
        { mark: 100 + move / 10, week: [weekLow, weekLow + 100] },
      )
      const short = decide(
        { side: 'short', targetsFilled, stop: ticks(1000 - away) },
        { mark: 100 - move / 10, week: [100 - weekLow, 200 - weekLow] },
      )
      const mirrored = short.map(intent =>
        intent.kind === 'move-stop' ? { ...intent, stop: 2000 - intent.stop } : intent,
      )
      assert.equal(mirrored, long)
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 2_000 })
})

keepsManagementContract(test, trailing3x)

test.run()
