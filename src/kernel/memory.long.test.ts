/** What a process keeps over time, in the kernel. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE, SECOND } from '../core/base/units.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { Simulation } from './simulation.fixture.ts'
import { keepsEverything, YearOfMemory } from './weeks.fixture.ts'

const test = suite('memory in the kernel')
const folder = new MemoryFolder()
test.after(() => folder.remove())

/**
 * A year would take a day: what grows is measured over days, and counted on to a year. The exchange, which remembers a
 * day, has what it needs after two; over half of the rest nothing is to grow, over the other half a leak is to be told.
 */
const SETTLED = 2 * DAY
const MEASURED = 2 * DAY
const LEAKS_FROM = SETTLED + MEASURED + DAY / 4
const LEAKS_FOR = 1.5 * DAY

test('G10: what a process keeps does not grow within days such that a year of it would be told, and a leak is found out', async () => {
  const kept: unknown[] = []
  const [right, leaking] = [
    new YearOfMemory(SETTLED, MEASURED),
    new YearOfMemory(LEAKS_FROM, LEAKS_FOR - DAY / 2),
  ]
  let isLeaking = false
  let toldBefore: number | null = null
  const outcome = await new Simulation({
    seed: 5,
    profile: 'calm',
    faults: [],
    folder: folder.fresh(),
    days: (LEAKS_FROM + LEAKS_FOR) / DAY,
    historyDays: 1,
    memory: simulation => (isLeaking ? leaking : right).of(simulation),
    mistake: keepsEverything(kept, () => isLeaking),
    script: simulation => {
      simulation.after(MINUTE + 20 * SECOND, () => simulation.propose('SOLUSDT'))
      simulation.after(LEAKS_FROM, () => {
        isLeaking = true
        toldBefore = simulation.codes.get('W710') ?? 0
      })
    },
  }).run()
  assert.is(outcome.failure, null, JSON.stringify(outcome.failure))
  assert.ok(right.most > 0, 'it was measured')
  assert.is(toldBefore, 0, `${right.most / 2 ** 20} MB after a year`)
  assert.ok(kept.length > 1_000, `${kept.length} kept`)
  assert.ok((outcome.codes.get('W710') ?? 0) > 0, `${leaking.most / 2 ** 20} MB after a year of the leak`)
})

test.run()
