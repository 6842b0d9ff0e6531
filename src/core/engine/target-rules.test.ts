import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { steps, ticks } from '../decision/view.fixture.ts'
import { asking } from './rules.fixture.ts'
import {
  type SeenTargets,
  TARGETS,
  type TargetLeg,
  type TargetStep,
  type WantedTarget,
} from './target-rules.ts'

const test = suite('target rules')
const SEED = 20261127
const ask = asking()

const POSITION = { symbol: 'SOLUSDT', side: 'long', strategy: 'bb-grid', steps: steps(1_000) } as const

const want = (leg: TargetLeg, price: number, quantity: number): WantedTarget => ({
  leg,
  price: ticks(price),
  steps: steps(quantity),
})

type Resting = SeenTargets['resting'][number]

const rests = (leg: TargetLeg, price: number, quantity: number, over: Partial<Resting> = {}): Resting => ({
  clientOrderId: leg,
  leg,
  price: ticks(price),
  steps: steps(quantity),
  state: 'working',
  ...over,
})

function course(
  wanted: readonly WantedTarget[],
  resting: readonly Resting[],
  over: Partial<SeenTargets> = {},
): readonly TargetStep[] {
  return ask(TARGETS, { position: POSITION, minQty: steps(10), most: null, wanted, resting, ...over })
}

const placed = (target: WantedTarget): TargetStep => ({ kind: 'place', target })

test('what is not there is placed, what is there as it is wanted is left', () => {
  const both = [want('target-1', 1_050, 600), want('target-2', 1_100, 400)]
  assert.equal(course(both, []), both.map(placed))
  assert.equal(course(both, [rests('target-1', 1_050, 600)]), [placed(both[1] ?? both[0])])
  assert.equal(course(both, [rests('target-1', 1_050, 600), rests('target-2', 1_100, 400)]), [])
  const whole = [want('target', 1_100, 1_000)]
  assert.equal(course(whole, []), whole.map(placed))
  assert.equal(course(whole, [rests('target', 1_100, 1_000)]), [])
})

test('what rests otherwise than wanted is amended, one change at a time, to what one order may be of', () => {
  const amended: TargetStep = { kind: 'amend', id: 'target', price: ticks(1_100), steps: steps(1_000) }
  for (const one of [rests('target', 1_090, 1_000), rests('target', 1_100, 900)]) {
    assert.equal(course([want('target', 1_100, 1_000)], [one]), [amended])
    for (const state of ['sent', 'amending', 'cancelling', 'doubted', 'asked'] as const)
      assert.equal(course([want('target', 1_100, 1_000)], [{ ...one, state }]), [], state)
  }
  const capped = { ...amended, steps: steps(800) }
  assert.equal(course([want('target', 1_100, 1_000)], [rests('target', 1_100, 900)], { most: steps(800) }), [
    capped,
  ])
  assert.equal(
    course([want('target', 1_100, 1_000)], [rests('target', 1_100, 800)], { most: steps(800) }),
    [],
  )
  // One at the market is on its way whatever its price.
  assert.equal(course([want('target', 1_100, 1_000)], [rests('target', 0, 1_000, { price: null })]), [])
})

test('parts that are merged leave no moment without a target: the other one goes once one rests', () => {
  const merged = [want('target-1', 1_050, 1_000)]
  const both = [rests('target-1', 1_050, 600), rests('target-2', 1_100, 400)]
  assert.equal(course(merged, both), [
    { kind: 'amend', id: 'target-1', price: ticks(1_050), steps: steps(1_000) },
    // The first is being changed: the second is left until that has been taken.
    { kind: 'look-again' },
  ])
  assert.equal(course(merged, [rests('target-1', 1_050, 1_000), rests('target-2', 1_100, 400)]), [
    { kind: 'cancel', id: 'target-2' },
  ])
  // Beside one that is to go only what is free is placed; where nothing is, it goes first.
  assert.equal(course(merged, [rests('target-2', 1_100, 400)]), [
    placed(want('target-1', 1_050, 600)),
    { kind: 'look-again' },
  ])
  assert.equal(course(merged, [rests('target-2', 1_100, 1_000)]), [{ kind: 'cancel', id: 'target-2' }])
})

test('a part of less than the least order rests on as it is', () => {
  assert.equal(course([want('target-1', 1_050, 9)], [rests('target-1', 1_040, 9)]), [])
  assert.equal(course([want('target-1', 1_050, 9)], []), [])
})

test('a course touches each order once, and asks for no more than is held', () => {
  const leg = fc.constantFrom('target-1' as const, 'target-2' as const)
  const state = fc.constantFrom(
    'sent' as const,
    'working' as const,
    'amending' as const,
    'cancelling' as const,
  )
  const quantity = fc.integer({ min: 1, max: 1_000 })
  const price = fc.integer({ min: 1_001, max: 1_200 })
  const one = fc.record({ leg, price, quantity, state })
  const some = fc.uniqueArray(one, { selector: ({ leg: of }) => of, maxLength: 2 })
  fc.assert(
    fc.property(some, some, (wanted, resting) => {
      const total = wanted.reduce((sum, { quantity: of }) => sum + of, 0)
      fc.pre(total <= 1_000)
      const made = course(
        wanted.map(({ leg: of, price: at, quantity: much }) => want(of, at, much)),
        resting.map(({ leg: of, price: at, quantity: much, state: now }) =>
          rests(of, at, much, { state: now }),
        ),
      )
      const touched = made.flatMap(step => ('id' in step ? [step.id] : []))
      assert.is(new Set(touched).size, touched.length)
      for (const step of made) if (step.kind === 'place') assert.ok(step.target.steps <= 1_000)
      // What rests and nobody has changed or taken back stays: there is never a step through no target at all.
      const isLeft = resting.some(({ leg: of, state: now }) => now === 'working' && !touched.includes(of))
      const isAmended = made.some(({ kind }) => kind === 'amend')
      const isReplaced = made.some(({ kind }) => kind === 'cancel')
      if (isReplaced && wanted.length > 1) assert.ok(isLeft || isAmended || resting.length === 1)
    }),
    { seed: SEED, numRuns: 500 },
  )
})

test.run()
