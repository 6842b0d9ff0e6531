import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../base/units.ts'
import { positionOf, ticks } from '../decision/view.fixture.ts'
import { priceOf, qtyOf } from '../market/quantise.ts'
import { changedFilters, isOtherGrid, positionOn, regridded, stepsOn, ticksOn } from './grid-change.ts'
import { enteredQty, heldQty } from './position.ts'

const test = suite('grid change')
const SEED = 20261127
console.log(`seed ${SEED}`)

const LONG = positionOf({ target: ticks(1_100) })
const BEFORE = LONG.instrument

const grids = fc.record({
  tick: fc.constantFrom('0.001', '0.01', '0.05', '0.1', '0.3', '0.5', '1', '10'),
  step: fc.constantFrom('0.0001', '0.001', '0.005', '0.01', '0.1', '1'),
  stop: fc.integer({ min: 1, max: 100_000 }),
  steps: fc.integer({ min: 1, max: 1_000_000 }),
  side: fc.constantFrom('long' as const, 'short' as const),
})

test('no rounding adds risk, and none moves by a whole unit, whatever the grids are', () => {
  fc.assert(
    fc.property(grids, ({ tick, step, stop, steps, side }) => {
      const now = regridded(BEFORE, tick, step)
      const held = { ...LONG, side, stop: stop as Ticks, steps: steps as Steps, enteredSteps: steps as Steps }
      const after = positionOn(held, now)
      const [was, is] = [priceOf(BEFORE, held.stop), priceOf(now, after.stop)]
      const tighter = side === 'long' ? is - was : was - is
      const isLeast = after.stop === now.minPrice
      assert.ok(isLeast || (tighter > -1e-9 && tighter < Number(tick) + 1e-9), `${was} became ${is}`)
      const left = qtyOf(BEFORE, held.steps) - qtyOf(now, after.steps)
      assert.ok(after.steps === 1 || (left > -1e-9 && left < Number(step) + 1e-9), `${left} is left out`)
      assert.ok(after.enteredSteps >= after.steps && after.stop >= now.minPrice)
    }),
    { seed: SEED, numRuns: 500 },
  )
})

test('what is held between coarser steps is kept beside them: in coins nothing comes or goes, there and back', () => {
  const coarse = regridded(BEFORE, BEFORE.tick, '0.3')
  const held = { ...LONG, steps: 710 as Steps, enteredSteps: 1_000 as Steps }
  const after = positionOn(held, coarse)
  assert.equal([after.steps, after.enteredSteps], [2, 3])
  assert.ok(Math.abs(heldQty(after) - 0.71) < 1e-12 && Math.abs(enteredQty(after) - 1) < 1e-12)
  assert.equal(positionOn(after, BEFORE), held)
  const least = positionOn({ ...LONG, steps: 100 as Steps, enteredSteps: 100 as Steps }, coarse)
  assert.is(least.steps, 1)
  assert.ok(Math.abs(heldQty(least) - 0.1) < 1e-12, 'less than a step counts as one, and is worth what it is')
})

test('a finer grid and back changes nothing', () => {
  const finer = regridded(BEFORE, '0.001', '0.00001')
  assert.equal(positionOn(positionOn(LONG, finer), BEFORE), LONG)
})

test('what differs is named, and the same filters are no change', () => {
  assert.equal(changedFilters(BEFORE, { ...BEFORE, source: 'another day' }), [])
  assert.equal(changedFilters(BEFORE, { ...BEFORE, minNotional: 20 }), ['minNotional'])
  assert.is(isOtherGrid(BEFORE, { ...BEFORE, minNotional: 20 }), false)
  const other = regridded(BEFORE, '0.5', BEFORE.step)
  assert.ok(changedFilters(BEFORE, other).includes('tick') && isOtherGrid(BEFORE, other))
})

test('a price below the least becomes the least, a quantity below a step none', () => {
  const coarse = regridded(BEFORE, '10', '1')
  assert.is(ticksOn(BEFORE, coarse, ticks(12), 'down'), coarse.minPrice)
  assert.is(stepsOn(BEFORE, coarse, 999 as Steps), 0)
})

test.run()
