import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MARKS, marksOf } from './marks.fixture.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { PROFILES, type Profile } from './profiles.fixture.ts'
import { failureLines, Simulation } from './simulation.fixture.ts'

const test = suite('many simulations')
const folder = new MemoryFolder()
test.after(() => folder.remove())

/** Of each profile so many seeds, a quarter of a day each; the one in which everything goes wrong has more. */
const SEEDS = 14
const MELTDOWN = 60
const DAYS = 0.25
const FIRST = 1_000

const seen = new Set<string>()

for (const profile of Object.keys(PROFILES) as Profile[]) {
  const count = profile === 'calm' ? 2 : profile === 'meltdown' ? MELTDOWN : SEEDS
  test(`over ${count} seeds nothing is broken, and everything is right again each time (${profile})`, async () => {
    const failed: string[] = []
    for (let seed = FIRST; seed < FIRST + count; seed++) {
      const outcome = await new Simulation({ seed, profile, days: DAYS, folder: folder.fresh() }).run()
      for (const mark of marksOf(outcome)) seen.add(mark)
      if (outcome.failure !== null)
        failed.push(failureLines({ seed, profile, days: DAYS }, outcome.failure, 'here'))
    }
    assert.is(failed.join('\n'), '')
  })
}

test('everything that these runs are for has come about in one of them', () => {
  assert.ok(MARKS.length >= 60, `${MARKS.length} marks`)
  assert.equal(
    MARKS.filter(mark => !seen.has(mark)),
    [],
  )
})

test.run()
