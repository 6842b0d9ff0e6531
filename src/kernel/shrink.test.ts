import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { PlannedFault } from './fault-plan.fixture.ts'
import { shrunk } from './shrink.fixture.ts'

const test = suite('shrink')
const SEED = 20_261_127
console.log(`seed ${SEED}`)

const fault = (occasion: number): PlannedFault => ({ place: 'p', occasion, kind: 'k', size: 0 })

test('of any list the faults that are needed are left, and no others', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 41, max: 60 }),
      async (needed, count) => {
        const all = Array.from({ length: count }, (_, k) => fault(k))
        const least = await shrunk(
          all,
          async some => needed.every(one => some.some(({ occasion }) => occasion === one)),
          1_000,
        )
        assert.equal(
          least.map(({ occasion }) => occasion),
          [...needed].sort((a, b) => a - b),
        )
      },
    ),
    { seed: SEED, numRuns: 50 },
  )
})

test('where nothing is needed nothing is left, and the trials have an end', async () => {
  assert.equal(await shrunk([fault(1), fault(2)], async () => true), [])
  let trials = 0
  const all = Array.from({ length: 64 }, (_, k) => fault(k))
  const least = await shrunk(
    all,
    async some => {
      trials++
      return some.length === 64
    },
    20,
  )
  assert.is(least.length, 64)
  assert.is(trials, 20)
})

test.run()
