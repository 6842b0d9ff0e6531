import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../base/units.ts'
import { keepsManagementContract } from '../decision/contract.fixture.ts'
import {
  instrumentOf,
  MIDNIGHT,
  positionOf,
  positionViewOf,
  type Sketch,
  steps,
  ticks,
} from '../decision/view.fixture.ts'
import type { Position } from '../portfolio/position.ts'
import { partialTp } from './partial-tp.ts'

const test = suite('partial-tp')
const SEED = 20_260_106

/** A long of 1,000 steps from 100 whose way to the middle is 10; BB% of the mark stays below 40 up to 136. */
const RISING: Sketch = { lower: 90, middle: 110, upper: 205, mark: 100 }
/** Its mirror image at 100. */
const FALLING: Sketch = { lower: -5, middle: 90, upper: 110, mark: 100 }

function decide(position: Partial<Position>, sketch: Sketch) {
  return partialTp.decide(positionViewOf(positionOf(position), sketch), partialTp.params)
}

/** The parts as [leg, price in ticks, steps]. */
function partsOf(
  position: Partial<Position>,
  sketch: Sketch,
): readonly (readonly [number, number, number])[] {
  return decide(position, sketch).flatMap(intent =>
    intent.kind === 'reduce' ? [[intent.leg, intent.price, intent.steps] as const] : [],
  )
}

/** Steps of TP1 with this mark and age: 10 to the percent. */
function share(mark: number, hours = 1, side: 'long' | 'short' = 'long'): number | undefined {
  const sketch = side === 'long' ? RISING : FALLING
  const at = side === 'long' ? mark : 200 - mark
  return partsOf({ side }, { ...sketch, mark: at, now: MIDNIGHT + hours * HOUR })[0]?.[2]
}

test('a fresh long sells 20 % at the middle band and 30 % at the upper one', () => {
  assert.equal(decide({}, RISING), [
    { kind: 'reduce', leg: 1, price: 1100, steps: 200, reason: 'TP1 at the middle band' },
    { kind: 'reduce', leg: 2, price: 2050, steps: 300, reason: 'TP2 at the outer band' },
  ])
})

test('a fresh short buys back 20 % at the middle band and 30 % at the lower one', () => {
  assert.equal(partsOf({ side: 'short' }, { ...FALLING, lower: 60 }), [
    [1, 900, 200],
    [2, 600, 300],
  ])
})

test('the first share is 30 % beyond half of the way to the middle, 50 % beyond 80 %, on both sides', () => {
  for (const side of ['long', 'short'] as const) {
    for (const [mark, percent] of [
      [95, 20],
      [105, 20],
      [105.1, 30],
      [108, 30],
      [108.1, 50],
      [112, 50],
    ] as const) {
      assert.is(share(mark, 1, side), 10 * percent, `${side}, mark ${mark}`)
    }
  }
})

test('incident 34: after 48 h the first share is at least 40 %, and not a millisecond before', () => {
  for (const side of ['long', 'short'] as const) {
    assert.is(share(95, 48, side), 400)
    assert.is(share(106, 48, side), 400)
    assert.is(share(109, 48, side), 500)
    assert.is(share(95, 48 - 1 / 3_600_000, side), 200)
  }
})

test('a BB% above 40 takes 10 points off, down to 20, and comes after the age', () => {
  // Bands of 60 to 160: BB% = mark - 60. The way from 100 to the middle of 110: 100 is BB% 40 itself.
  const of = (mark: number, hours: number): number | undefined =>
    partsOf({}, { lower: 60, middle: 110, upper: 160, mark, now: MIDNIGHT + hours * HOUR })[0]?.[2]
  assert.is(of(100, 48), 400)
  assert.is(of(100.1, 48), 300)
  assert.is(of(100.1, 1), 200)
  assert.is(of(106, 1), 200)
  assert.is(of(109, 1), 400)
  // Mirrored, bands of 40 to 140: 100 - BB% = 140 - mark.
  const short = (mark: number, hours: number): number | undefined =>
    partsOf(
      { side: 'short' },
      { lower: 40, middle: 90, upper: 140, mark, now: MIDNIGHT + hours * HOUR },
    )[0]?.[2]
  assert.is(short(100, 48), 400)
  assert.is(short(99.9, 48), 300)
  assert.is(short(91, 1), 400)
})

test('the way is complete when the middle is not beyond the entry: half is sold', () => {
  for (const middle of [100, 95]) {
    assert.is(partsOf({}, { ...RISING, middle, mark: 97 })[0]?.[2], 500)
    assert.is(
      partsOf({ side: 'short' }, { ...FALLING, middle: 200 - middle, mark: 103, lower: 60 })[0]?.[2],
      500,
    )
  }
})

test('TP1 is at least 0.5 % beyond breakeven', () => {
  // 100 x 1.00075 x 1.005 = 100.575375 up to the tick; 100 x 0.99925 x 0.995 = 99.425375 down.
  for (const middle of [95, 100, 100.5]) assert.is(partsOf({}, { ...RISING, middle })[0]?.[1], 1006)
  assert.is(partsOf({}, { ...RISING, middle: 100.61 })[0]?.[1], 1007)
  for (const middle of [105, 100, 99.5]) {
    assert.is(partsOf({ side: 'short' }, { ...FALLING, middle, lower: 60 })[0]?.[1], 994)
  }
  assert.is(partsOf({ side: 'short' }, { ...FALLING, middle: 99.39, lower: 60 })[0]?.[1], 993)
})

test('TP2 is at least a tick beyond TP1', () => {
  assert.equal(
    partsOf({}, { ...RISING, upper: 104 }).map(([, price]) => price),
    [1100, 1101],
  )
  assert.equal(
    partsOf({ side: 'short' }, { ...FALLING, lower: 96 }).map(([, price]) => price),
    [900, 899],
  )
})

test('a short whose lower band is below zero, or below the least price, has no TP2 for the time being', () => {
  assert.equal(partsOf({ side: 'short' }, FALLING), [[1, 900, 200]])
  const instrument = instrumentOf({ minPrice: ticks(700) })
  assert.equal(partsOf({ side: 'short', instrument }, { ...FALLING, lower: 69.9 }), [[1, 900, 200]])
  assert.is(partsOf({ side: 'short', instrument }, { ...FALLING, lower: 70 }).length, 2)
  // Nor has one whose TP1 is at the least price already.
  assert.equal(
    partsOf({ side: 'short', instrument: instrumentOf({ minPrice: ticks(900) }) }, { ...FALLING, lower: 95 }),
    [[1, 900, 200]],
  )
})

test('a short from the least price has no target at all', () => {
  assert.equal(
    decide(
      { side: 'short', entry: 0.1, stop: ticks(2) },
      { lower: 0.05, middle: 0.1, upper: 0.2, mark: 0.1 },
    ),
    [],
  )
})

test('once TP1 has filled the stop goes to breakeven, and TP2 keeps 30 % of the original quantity', () => {
  // Breakeven of a long is 100.075, up to the tick 100.1.
  assert.equal(decide({ targetsFilled: 1, enteredSteps: steps(1000), steps: steps(800) }, RISING), [
    { kind: 'move-stop', stop: 1001, why: 'breakeven', reason: 'TP1 filled: stop to breakeven' },
    { kind: 'reduce', leg: 2, price: 2050, steps: 300, reason: 'TP2 at the outer band' },
  ])
  const [intent] = decide(
    { side: 'short', targetsFilled: 1, enteredSteps: steps(1000), steps: steps(800) },
    FALLING,
  )
  assert.equal(intent, {
    kind: 'move-stop',
    stop: 999,
    why: 'breakeven',
    reason: 'TP1 filled: stop to breakeven',
  })
})

test('the stop goes to breakeven also when the mark has fallen back beyond it, and without bands', () => {
  const sketch = { lower: undefined, middle: undefined, upper: undefined, mark: 99 }
  assert.equal(
    decide({ targetsFilled: 1 }, sketch).map(intent => intent.kind),
    ['move-stop'],
  )
})

test('what TP1 has left after its first fill is still wanted, whatever its size, and no share makes it grow', () => {
  const begun = (left: number, minQty: number, sketch = RISING) =>
    partsOf(
      {
        instrument: instrumentOf({ minQty: steps(minQty) }),
        targetsFilled: 1,
        firstTargetLeft: steps(left),
        enteredSteps: steps(1000),
        steps: steps(800 + left),
        stop: ticks(1001),
      },
      sketch,
    )
  assert.equal(begun(150, 100), [
    [1, 1100, 150],
    [2, 2050, 300],
  ])
  assert.equal(begun(1, 100), [
    [1, 1100, 1],
    [2, 2050, 300],
  ])
  assert.is(begun(150, 100, { ...RISING, mark: 109, now: MIDNIGHT + 72 * HOUR })[0]?.[2], 150)
  // Too little for a TP2: what rides is all the rest.
  assert.equal(begun(150, 301), [[1, 1100, 150]])
})

test('a stop at or beyond breakeven stays', () => {
  for (const stop of [1001, 1050]) {
    assert.equal(partsOf({ targetsFilled: 1, stop: ticks(stop) }, RISING), [[2, 2050, 300]])
    assert.is(decide({ targetsFilled: 1, stop: ticks(stop) }, RISING).length, 1)
  }
  assert.is(
    decide({ side: 'short', targetsFilled: 1, stop: ticks(999) }, { ...FALLING, lower: 60 }).length,
    1,
  )
  assert.is(decide({ targetsFilled: 1, stop: ticks(1000) }, RISING).length, 2)
})

test('after TP2 the rest rides; only its stop is at breakeven at least, though TP1 may never have been', () => {
  assert.equal(decide({ targetsFilled: 2, enteredSteps: steps(1000), steps: steps(500) }, RISING), [
    { kind: 'move-stop', stop: 1001, why: 'breakeven', reason: 'TP2 filled: stop to breakeven' },
  ])
  assert.equal(decide({ targetsFilled: 2, stop: ticks(1001) }, RISING), [])
})

test('a position with its own target is left alone', () => {
  for (const targetsFilled of [0, 1, 2] as const) {
    assert.equal(decide({ target: ticks(1100), targetsFilled }, RISING), [])
  }
})

/** Parts of a position whose least order is `minQty`, as [leg, steps]. */
function sizes(size: number, minQty: number, sketch: Sketch = RISING, position: Partial<Position> = {}) {
  const instrument = instrumentOf({ minQty: steps(minQty) })
  return partsOf({ instrument, steps: steps(size), ...position }, sketch).map(([leg, , part]) => [leg, part])
}

test('incident 77: a part below the least order is merged into the next one, and no position is without a target', () => {
  // 20 of 100 and 30 of 100.
  assert.equal(sizes(100, 20), [
    [1, 20],
    [2, 30],
  ])
  assert.equal(sizes(100, 21), [[2, 50]])
  assert.equal(sizes(100, 50), [[2, 50]])
  // Not even both together: everything is one part.
  assert.equal(sizes(100, 51), [[2, 100]])
  assert.equal(sizes(100, 100), [[2, 100]])
  // What is below the least order itself, by a fill in part, can have none.
  assert.equal(sizes(100, 101), [])
  // 2.8 and 4.2 of 14 are 2 and 4 whole steps.
  assert.equal(sizes(14, 2), [
    [1, 2],
    [2, 4],
  ])
  assert.equal(sizes(14, 3), [[2, 6]])
  // Of one step there is one part.
  assert.equal(sizes(1, 1), [[2, 1]])
  // 0.8 and 1.2 of 4: what rounds to nothing is no part.
  assert.equal(sizes(4, 1), [[2, 1]])
})

test('where there is no outer band to sell at, the inner one takes what was merged', () => {
  const short = (size: number, minQty: number) =>
    sizes(size, minQty, FALLING, { side: 'short' as const, stop: ticks(1050) })
  assert.equal(short(100, 20), [[1, 20]])
  assert.equal(short(100, 21), [[1, 50]])
  assert.equal(short(100, 51), [[1, 100]])
})

test('a second part below the least order stays with the rest', () => {
  // With a mark near the middle the shares are 50 and 30.
  const near = { ...RISING, mark: 109 }
  assert.equal(sizes(100, 20, near), [
    [1, 50],
    [2, 30],
  ])
  assert.equal(sizes(100, 31, near), [[1, 50]])
})

test('a rest below the least order goes with the part before it', () => {
  // 50, 30 and a rest of 20, below 25: 50 and 50.
  assert.equal(sizes(100, 25, { ...RISING, mark: 109 }), [
    [1, 50],
    [2, 50],
  ])
  // TP1 has filled: 300 of 320 left would leave 20.
  assert.equal(sizes(320, 25, RISING, { targetsFilled: 1, enteredSteps: steps(1000), stop: ticks(1001) }), [
    [2, 320],
  ])
})

test("a rest below the least order goes with TP1 where a larger share of one's own leaves no TP2", () => {
  // 90 of 100, then 10 at most and a rest of none: both below 20.
  const position = positionOf({ steps: steps(100), instrument: instrumentOf({ minQty: steps(20) }) })
  const [intent, more] = partialTp.decide(positionViewOf(position, { ...RISING, mark: 109 }), {
    ...partialTp.params,
    nearSharePercent: 90,
    secondSharePercent: 5,
  })
  assert.is(intent?.kind === 'reduce' && intent.steps, 100)
  assert.is(more, undefined)
})

test('what is left bounds the parts when less is open than their shares', () => {
  assert.equal(sizes(100, 1, RISING, { targetsFilled: 1, enteredSteps: steps(1000), stop: ticks(1001) }), [
    [2, 100],
  ])
})

test(`parts and rest add up to the position, mirrored sides get equal parts (seed ${SEED})`, () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 3_000 }),
    fc.integer({ min: 1, max: 60 }),
    fc.integer({ min: -50, max: 200 }),
    fc.integer({ min: 0, max: 60 }),
    (size, minQty, move, hours) => {
      const instrument = instrumentOf({ minQty: steps(minQty) })
      const now = MIDNIGHT + hours * HOUR
      const open = { instrument, steps: steps(size) }
      const long = partsOf(open, { ...RISING, upper: 130, lower: 70, mark: 100 + move / 10, now })
      const short = partsOf(
        { ...open, side: 'short' },
        { lower: 70, middle: 90, upper: 130, mark: 100 - move / 10, now },
      )
      assert.equal(
        short.map(([leg, price, part]) => [leg, 2000 - price, part]),
        long.map(([leg, price, part]) => [leg, price, part]),
      )
      const sold = long.reduce((sum, [, , part]) => sum + part, 0)
      assert.ok(sold <= size)
      assert.ok(sold === size || size - sold >= minQty || sold === 0, `${size - sold} left of ${size}`)
      assert.is(sold > 0, size >= minQty)
      for (const [, , part] of long) assert.ok(Number.isInteger(part) && part >= minQty)
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 2_000 })
})

keepsManagementContract(test, partialTp)

test.run()
