import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MARKS, marksOf } from './marks.fixture.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { PROFILES, type Profile } from './profiles.fixture.ts'
import { failureLines, Simulation, type SimulationOptions } from './simulation.fixture.ts'

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

/** Of busy runs (`setups.fixture.ts`) so many seeds a profile, in both worlds. */
const BUSY = 3
const FIRST_BUSY = 5_000

/** Runs in which something was found once. */
const FOUND: readonly Pick<SimulationOptions, 'seed' | 'profile'>[] = [
  // A topic that was asked for again stayed dead, and a fill was not heard of while its stop was lost.
  { seed: 0x7d1, profile: 'exchange' },
  // A stop that landed after its process had died.
  { seed: 0xbba, profile: 'meltdown' },
]

/** What has failed of busy runs. */
async function busy(options: Pick<SimulationOptions, 'seed' | 'profile' | 'protocol'>): Promise<string> {
  const all = { ...options, isBusy: true, days: 0.17 }
  const { failure } = await new Simulation({ ...all, folder: folder.fresh() }).run()
  return failure === null ? '' : failureLines(all, failure, 'here')
}

test('where something was found once nothing is found any more', async () => {
  for (const one of FOUND) assert.is(await busy({ ...one, protocol: 'bybit' }), '')
})

for (const protocol of ['sim', 'bybit'] as const) {
  for (const profile of Object.keys(PROFILES) as Profile[]) {
    test(`where positions come and go nothing is broken (${profile}, ${protocol})`, async () => {
      for (let seed = FIRST_BUSY; seed < FIRST_BUSY + BUSY; seed++)
        assert.is(await busy({ seed, profile, protocol }), '')
    })
  }
}

test('everything that these runs are for has come about in one of them', () => {
  assert.ok(MARKS.length >= 60, `${MARKS.length} marks`)
  assert.equal(
    MARKS.filter(mark => !seen.has(mark)),
    [],
  )
})

test.run()
